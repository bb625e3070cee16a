"""Stores that are read as far as they can be read."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
import errno
from io import FileIO
import os
from pathlib import Path
import shutil
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import json_loads

from .const import DOMAIN, LOGGER
from .tuyalock import Reader, changes

STORAGE_VERSION = 1
ANY_VERSION = 2**31
LOG = ".changes"
"""The end of the name of a log; Home Assistant leaves `*.log` out of its backups."""
NUMBER = "written"
"""The key of the number of a write."""
LOG_FULL = 2**17
"""Bytes of a log with which the file is written, and the log begins again."""
PAUSE = 0.1
"""Seconds after a write in which what follows waits, to be written together."""
TRY_AGAIN = 60.0
"""Seconds until the next try to write to a disk that is full."""

type Stored = dict[str, Any]

UNWRITTEN: HassKey[dict[str, Stored]] = HassKey(f"{DOMAIN}_unwritten")
"""What no disk took when a lock was unloaded, as it is stored, by the key of its store."""


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


class LockStore(SalvagedStore):
    """What is stored of a lock: a file that is seldom written, and a log of what changed since.

    Both have the number of the last write. A line of the log counts only if it is newer than the
    file, so a crash may come before the log is cut.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        super().__init__(hass, entry_id)
        self._log = Path(f"{self.path}{LOG}")
        self._size = self._most = 0
        """Bytes of the log, and with how many the file is written; after a start it always is."""
        self._number = 0
        self._known: Stored = {}
        """What the file and the log say: after a start in its stored form, then as values."""
        self._writing = asyncio.Lock()
        self._planned: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        """When what is planned may be written, in the loop's time."""
        self._failing = self._closed = False

    @override
    async def async_read(self) -> Any:
        """Return what is stored, with all changes of the log."""
        stored, reader = await super().async_read(), Reader()
        stored = await self.hass.async_add_executor_job(self._with_log, stored, reader)
        if reader.unread:
            await self.async_keep_copy(reader.unread)
        self._known = stored if isinstance(stored, dict) else {}
        if unwritten := self.hass.data.get(UNWRITTEN, {}).get(self.key):
            self._number = unwritten[NUMBER]
            return unwritten
        return stored

    def _with_log(self, stored: Any, reader: Reader) -> Any:
        self._number = _number(stored, Reader())
        try:
            log = self._log.read_bytes()
        except OSError as err:
            reader.lose("log", int(not isinstance(err, FileNotFoundError)))
            return stored
        *lines, cut_off = log.split(b"\n")
        self._size = len(log) - len(cut_off)
        for line in lines:
            try:
                news: Any = json_loads(line)
            except ValueError:
                news = None
            if (number := _number(news, reader)) > self._number:
                stored = reader.changed(stored, news)
                self._number = number
        return stored

    @callback
    def async_plan(self, stored: Callable[[], Stored], delay: float) -> None:
        """Write what has changed in so many seconds, if that is not planned for before."""
        when = max(self.hass.loop.time() + delay, self._next_at)
        if self._closed or (self._planned and self._planned.when() <= when):
            return
        self._unplan()
        self._planned = self.hass.loop.call_at(when, self._async_due, stored)

    @callback
    def _async_due(self, stored: Callable[[], Stored]) -> None:
        write = self._async_write(stored, whole=False, sync=False, last=False)
        self.hass.async_create_task(write, f"write {self.key}")

    def _unplan(self) -> None:
        if self._planned:
            self._planned.cancel()
            self._planned = None

    async def async_write(
        self,
        stored: Callable[[], Stored],
        *,
        whole: bool = False,
        sync: bool = False,
        last: bool = False,
    ) -> None:
        """Write what has changed; `sync`, or a new record: so that no power cut takes it.

        Whoever waits for it may be cancelled: what is under way in a thread is finished.
        """
        write = self._async_write(stored, whole=whole, sync=sync, last=last)
        await asyncio.shield(self.hass.async_create_task(write, f"write {self.key}"))

    async def _async_write(
        self, stored: Callable[[], Stored], *, whole: bool, sync: bool, last: bool
    ) -> None:
        async with self._writing:
            if self._closed:
                return
            self._closed = last
            self._unplan()
            self._next_at = self.hass.loop.time() + PAUSE
            self._number += 1
            document = {**stored(), NUMBER: self._number}
            if whole or self._size >= self._most:
                self._most = self._size + LOG_FULL
                if await self._async_write_whole(document):
                    self._size, self._most, self._known = 0, LOG_FULL, document
                    self._forget_unwritten()
                    await self.hass.async_add_executor_job(self._append, b"", False)
                    return
            news = changes(self._known, document)
            sync = sync or "next_id" in news.get("journal", {})
            line = json_bytes(news) + b"\n"
            if await self.hass.async_add_executor_job(self._append, line, sync):
                self._known = document
                self._forget_unwritten()
            elif last:
                # A full disk must not make a reload forget, nor tell an opening twice.
                self.hass.data.setdefault(UNWRITTEN, {})[self.key] = changes({}, document)
            else:
                self.async_plan(stored, TRY_AGAIN if self._failing else 0.0)

    async def _async_write_whole(self, document: Stored) -> bool:
        """Write the file, and return if that is done; while Home Assistant stops, it does later."""
        await self.async_save(await self.hass.async_add_executor_job(changes, {}, document))
        # An error, of a full disk for example, is logged and not raised.
        if self.hass.is_stopping:
            return False
        try:
            return _number(await super().async_read(), Reader()) == self._number
        except HomeAssistantError:
            return False

    def _append(self, line: bytes, sync: bool) -> bool:
        try:
            self._log.parent.mkdir(exist_ok=True)
            with open(self._log, "r+b", buffering=0, opener=_opened) as file:
                if (size := file.seek(0, os.SEEK_END)) < self._size:
                    # Somebody has removed it, or a part of it: the file has to say it all.
                    self._size, self._most = size, 0
                    return False
                if size > self._size:
                    # A part of a line, from when the disk was full.
                    file.truncate(file.seek(self._size))
                _write_whole(file, line)
                if sync:
                    os.fdatasync(file.fileno())
        except OSError as err:
            if not self._failing:
                LOGGER.error("Unable to write %s: %s", self._log, err.strerror)
            self._failing = True
            return False
        self._failing, self._size = False, self._size + len(line)
        return True

    async def async_close(self, stored: Callable[[], Stored]) -> None:
        """Write the file, and nothing any more."""
        await self.async_write(stored, whole=True, last=True)

    @override
    async def async_remove(self) -> None:
        """Remove what is stored, and what no disk took."""
        self._forget_unwritten()
        await super().async_remove()

    def _forget_unwritten(self) -> None:
        self.hass.data.get(UNWRITTEN, {}).pop(self.key, None)


def _opened(path: str, flags: int) -> int:
    """Open a file that only its owner may read; it is made if it is not there."""
    return os.open(path, flags | os.O_CREAT, 0o600)


def _write_whole(file: FileIO, line: bytes) -> None:
    """Write a line; a disk that gets full takes a part of it, and says nothing."""
    if file.write(line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _number(stored: Any, reader: Reader) -> int:
    number: int = reader.read("log", int, reader.parts("log", stored).get(NUMBER), 0)
    return number
