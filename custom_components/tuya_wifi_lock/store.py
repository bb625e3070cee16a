"""Stores that are read as far as they can be read."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads

from .const import DOMAIN, LOGGER
from .tuyalock import Reader, dump

STORAGE_VERSION = 1
ANY_VERSION = 2**31
LOG = ".log"
LOG_FULL = 2**17
"""Bytes of a log with which its store is written whole, and it begins again."""
TRY_AGAIN = 60.0
"""Seconds until the next try to write to a disk that is full."""

type Stored = dict[str, Any]


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
        kept = f".corrupt.{dt_util.utcnow().isoformat()}"
        self.copy = f"{self.path}{kept}"
        LOGGER.error(
            "The file %s is damaged, or of a newer version: these parts could not be read whole "
            "and start again: %s. It is kept as %s",
            self.path,
            ", ".join(sorted(unread)),
            self.copy,
        )
        try:
            await self.hass.async_add_executor_job(self._copy, kept)
        except OSError as err:
            LOGGER.error("Unable to write the copy: %s", err.strerror)

    def _copy(self, kept: str) -> None:
        for path in (self.path, f"{self.path}{LOG}"):
            with suppress(FileNotFoundError):
                shutil.copy2(path, f"{path}{kept}")

    def pop_copy(self) -> str | None:
        """Return where the file was kept, once."""
        copy, self.copy = self.copy, None
        return copy

    @override
    async def async_remove(self) -> None:
        """Remove the file, its log, and all that were kept."""
        await super().async_remove()
        await self.hass.async_add_executor_job(self._remove_others)

    def _remove_others(self) -> None:
        path = Path(self.path)
        for other in path.parent.glob(f"{path.name}.*"):
            with suppress(OSError):
                other.unlink()

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> Any:
        """Take what another version has stored; only a newer one has stored anything yet."""
        if old_major_version != STORAGE_VERSION:
            await self.async_keep_copy({"version": 1})
        return old_data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a log: what has changed since the line before."""

    number: int
    parts: Mapping[str, Any]
    """Parts of the store that have changed; of a mapping, its fields that have."""
    gone: tuple[str, ...] = ()
    """Ids of records that are no longer kept."""


class LockStore(SalvagedStore):
    """What is stored of a lock: a file that is seldom written, and a log of what changed since.

    The file has the number of the last line that is in it. So nothing is lost or comes twice if it
    is written and the log is not yet cut.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        super().__init__(hass, entry_id)
        self._log = Path(f"{self.path}{LOG}")
        self._size = 0
        """Bytes of the log; what follows is cut off with the next line."""
        self._most = 0
        """Bytes of the log with which the file is written; after the start it always is."""
        self._number = 0
        """The number of the last line."""
        self._known: Stored = {}
        """What was written since the start, with its records by their ids."""
        self._writing = asyncio.Lock()
        self._planned: asyncio.TimerHandle | None = None
        self._failing = self._closed = False

    @override
    async def async_read(self) -> Any:
        """Return what is stored, with what has changed by the log."""
        stored, reader = await super().async_read(), Reader()
        stored = await self.hass.async_add_executor_job(self._with_log, stored, reader)
        if reader.unread:
            await self.async_keep_copy(reader.unread)
        return stored

    def _with_log(self, stored: Any, reader: Reader) -> Any:
        try:
            *texts, cut_off = (data := self._log.read_bytes()).split(b"\n")
        except FileNotFoundError:
            return stored
        self._size = len(data) - len(cut_off)
        lines = [line for text in texts if (line := _line(text, reader))]
        file = stored if isinstance(stored, dict) else {}
        last: int = reader.read("log", int, file.get("log", 0), 0)
        self._number = max([last, *(line.number for line in lines)])
        lines = [line for line in lines if line.number > last]
        if not lines:
            return stored
        document = _by_id(reader.parts("file", stored), reader)
        for line in lines:
            for part, value in line.parts.items():
                if isinstance(value, dict):
                    document[part] = {**reader.parts(part, document.get(part)), **value}
                else:
                    document[part] = value
            for id_ in line.gone:
                document["records"].pop(id_, None)
        rows = list(document.pop("records").values())
        return {**document, "journal": {**document["journal"], "records": rows}}

    @callback
    def async_plan(self, stored: Callable[[], Stored], delay: float) -> None:
        """Write what has changed in so many seconds, if that is not planned for before."""
        when = self.hass.loop.time() + delay
        if self._closed or (self._planned and self._planned.when() <= when):
            return
        self._unplan()
        self._planned = self.hass.loop.call_at(when, self._async_due, stored)

    @callback
    def _async_due(self, stored: Callable[[], Stored]) -> None:
        self.hass.async_create_task(self.async_write(stored), f"write {self.key}")

    def _unplan(self) -> None:
        if self._planned:
            self._planned.cancel()
            self._planned = None

    async def async_write(
        self, stored: Callable[[], Stored], *, whole: bool = False, sync: bool = False
    ) -> None:
        """Write what has changed; with `sync`, or a record that is new, even for a power cut."""
        async with self._writing:
            if self._closed:
                return
            self._unplan()
            document, known = stored(), self._known
            news = _by_id(document, Reader())
            records = news["records"].keys() - known.get("records", {}).keys()
            gone = known.get("records", {}).keys() - news["records"].keys()
            self._number += 1
            if whole or self._size >= self._most:
                self._most = self._size + LOG_FULL
                if await self._async_write_whole(document):
                    self._size, self._most, self._known = 0, LOG_FULL, news
                    return
            parts = {
                part: _news(known[part], value) if isinstance(known.get(part), dict) else value
                for part, value in _news(known, news).items()
            }
            line = _Line(number=self._number, parts=parts, gone=tuple(gone))
            text = json_bytes(dump(line)) + b"\n"
            if await self.hass.async_add_executor_job(self._append, text, bool(sync or records)):
                self._known = news
            else:
                self.async_plan(stored, TRY_AGAIN)

    async def _async_write_whole(self, document: Stored) -> bool:
        """Write the file, and return if that is done: a stop of Home Assistant does it later."""
        await self.async_save({**document, "log": self._number})
        if self.hass.is_stopping:
            return False
        # An error, of a full disk for example, is logged and not raised.
        again = await super().async_read()
        return isinstance(again, dict) and again.get("log") == self._number

    def _append(self, text: bytes, sync: bool) -> bool:
        try:
            self._log.parent.mkdir(exist_ok=True)
            self._log.touch(0o600)
            with self._log.open("r+b") as file:
                file.truncate(self._size)
                file.seek(self._size)
                file.write(text)
                if sync:
                    file.flush()
                    os.fdatasync(file.fileno())
        except OSError as err:
            if not self._failing:
                LOGGER.error("Unable to write %s: %s", self._log, err.strerror)
            self._failing = True
            return False
        self._failing = False
        self._size += len(text)
        return True

    async def async_close(self, stored: Callable[[], Stored]) -> None:
        """Write the file, and nothing any more."""
        await self.async_write(stored, whole=True)
        self._closed = True
        self._unplan()


def _line(text: bytes, reader: Reader) -> _Line | None:
    """Return a line of a log, if it can be read."""
    try:
        data = json_loads(text)
    except ValueError:
        data = None
    line: _Line | None = reader.read("log", _Line, data)
    return line


def _by_id(stored: Stored, reader: Reader) -> Stored:
    """Return a stored form with its records by their ids."""
    journal = {**reader.parts("journal", stored.get("journal"))}
    rows = journal.pop("records", [])
    rows = {_id(row): row for row in (rows if isinstance(rows, list) else [rows])}
    return {**stored, "journal": journal, "records": rows}


def _id(row: Any) -> str:
    return str(row["id"] if isinstance(row, dict) and "id" in row else row)


def _news(known: Stored, stored: Stored) -> Stored:
    """Return what is new in a mapping, or differs."""
    return {
        name: value for name, value in stored.items() if name not in known or known[name] != value
    }
