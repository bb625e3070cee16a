"""Stores that are read as far as they can be read."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
import shutil
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER

STORAGE_VERSION = 1
ANY_VERSION = 2**31
MOST_RECENT = 20
"""Records that are written with each opening; those before are in a file of their own."""


class SalvagedStore(Store[dict[str, Any]]):
    """A store of a form that may be damaged, or of a newer version.

    Its file is kept beside it before anything in it that cannot be read is written over.
    """

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        super().__init__(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{name}",
            private=True,
            atomic_writes=True,
            max_readable_version=ANY_VERSION,
        )
        self.copy: str | None = None
        """Where the file was kept that could not be read as a whole."""

    async def async_read(self) -> Any:
        """Return what is stored, in whatever shape; None if that is nothing."""
        try:
            return await self.async_load()
        except KeyError, TypeError, UnsupportedStorageVersionError:
            # Not even the frame that Home Assistant puts around it is there.
            await self.async_keep_copy({"file": 1})
            return None

    async def async_keep_copy(self, unread: Mapping[str, int]) -> None:
        """Keep the file beside it, as not all in it could be read."""
        if self.copy:
            return
        self.copy = f"{self.path}.corrupt.{dt_util.utcnow().isoformat()}"
        LOGGER.error(
            "The file %s is damaged, or of a newer version: these parts could not be read whole "
            "and start again: %s. It is kept as %s",
            self.path,
            ", ".join(sorted(unread)),
            self.copy,
        )
        try:
            await self.hass.async_add_executor_job(shutil.copy2, self.path, self.copy)
        except OSError as err:
            LOGGER.error("Unable to write the copy: %s", err.strerror)

    def pop_copy(self) -> str | None:
        """Return where the file was kept, once."""
        copy, self.copy = self.copy, None
        return copy

    @override
    async def async_remove(self) -> None:
        """Remove the file and all that were kept."""
        await super().async_remove()
        await self.hass.async_add_executor_job(self._remove_copies)

    def _remove_copies(self) -> None:
        path = Path(self.path)
        for copy in path.parent.glob(f"{path.name}.corrupt.*"):
            with suppress(OSError):
                copy.unlink()

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> Any:
        """Take what another version has stored; only a newer one has stored anything yet."""
        if old_major_version != STORAGE_VERSION:
            await self.async_keep_copy({"version": 1})
        return old_data


class LockStore(SalvagedStore):
    """What is stored of a lock. What is written with each opening is kept small.

    Records that have been delivered hardly change any more. They are moved to a second file, which
    is written once in a while; where both have a record, the first file is right.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        super().__init__(hass, entry_id)
        self._older = SalvagedStore(hass, f"{entry_id}.records")
        self._rows: dict[Any, Any] = {}
        """The records of the second file, by their ids."""
        self._moving: asyncio.Task[None] | None = None

    @override
    async def async_read(self) -> Any:
        """Return what is stored, with the records of both files."""
        stored, older = await super().async_read(), await self._older.async_read()
        if older is None:
            return stored
        try:
            rows = {row["id"]: row for row in older["records"]}
            first = stored or {}
            journal = first.get("journal", {})
            recent = {row["id"]: row for row in journal.get("records", [])}
            records = [row for _, row in sorted({**rows, **recent}.items())]
        except AttributeError, KeyError, TypeError:
            await self._older.async_keep_copy({"records": 1})
            return stored
        self._rows = rows
        return {**first, "journal": {**journal, "records": records}}

    @callback
    def async_without_older(self, rows: list[Any]) -> list[Any]:
        """Return the records that are not in the second file as they are; it takes them in turn."""
        recent = []
        for row in rows:
            known = self._rows.get(row["id"])
            if known is row:
                continue
            if known == row:
                self._rows[row["id"]] = row
            else:
                recent.append(row)
        idle = self._moving is None or self._moving.done()
        if len(recent) > MOST_RECENT and idle and not self.hass.is_stopping:
            self._moving = self.hass.async_create_task(self._async_move(rows))
        return recent

    async def _async_move(self, rows: list[Any]) -> None:
        """Write the second file; only then do its records leave the first one."""
        settled = [row for row in rows if row["delivered"] and row["age"] is not None]
        await self._older.async_save({"records": settled})
        # An error, of a full disk for example, is logged and not raised.
        if await self._older.async_read() == {"records": settled}:
            self._rows = {row["id"]: row for row in settled}

    async def async_settle(self) -> None:
        """Wait until the second file is written, if it is about to be."""
        if self._moving:
            await self._moving

    @override
    def pop_copy(self) -> str | None:
        """Return where a file was kept, once."""
        return super().pop_copy() or self._older.pop_copy()

    @override
    async def async_remove(self) -> None:
        """Remove both files and all that were kept."""
        await super().async_remove()
        await self._older.async_remove()
