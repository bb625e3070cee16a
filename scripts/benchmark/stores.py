"""What an opening costs the disk: the lock's store, and what the recorder keeps of it."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
import json
import os
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

import atomicwrites  # type: ignore[import-untyped]

from custom_components.tuya_wifi_lock import coordinator
from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.store import LOG
from homeassistant.components.recorder import get_instance
from homeassistant.helpers import storage

from .home import Home, home, until
from .street import street

KEPT = 200
"""Records of a full journal."""
SOON = LATER = 0.4
"""Seconds for which changes that are no record wait here: openings are hours apart, not seconds."""
AWAKE, ASLEEP = 1.5, 0.8
"""Seconds of each wake, and after it."""

type Results = dict[str, Any]


class Disk:
    """Counts what is written to the store of a lock, and to the log beside it."""

    def __init__(self, file: Path) -> None:
        """Count from here."""
        self._log = Path(f"{file}{LOG}")
        self.lines = self.fsyncs = self.bytes = 0

    @contextmanager
    def watched(self) -> Generator[None]:
        """Count meanwhile."""
        write, ours = storage.write_utf8_file_atomic, False

        def writing(path: str, data: bytes | str, *more: Any, **options: Any) -> None:
            nonlocal ours
            ours = f"{DOMAIN}." in path
            if ours:
                self.bytes += len(data)
            write(path, data, *more, **options)
            ours = False

        def syncing(sync: Callable[[int], None], file: int) -> None:
            self.fsyncs += ours or f"{DOMAIN}." in str(Path(f"/proc/self/fd/{file}").readlink())
            sync(file)

        before = self._log.read_bytes()
        with ExitStack() as stack:
            stack.enter_context(patch.object(storage, "write_utf8_file_atomic", writing))
            for module, name in ((os, "fsync"), (os, "fdatasync"), (atomicwrites, "_proper_fsync")):
                counting = partial(syncing, getattr(module, name))
                stack.enter_context(patch.object(module, name, counting))
            yield
        appended = self._log.read_bytes().removeprefix(before)
        self.lines += appended.count(b"\n")
        self.bytes += len(appended)


async def stores(version: str, openings: int) -> Results:
    """Count per opening, each with a wake of its own: first with an empty journal."""
    results: Results = {}
    with patch.object(coordinator, "SOON", SOON), patch.object(coordinator, "LATER", LATER):
        async with street(1, version) as locks, home(locks, records=True) as house:
            await house.set_up_locks([0], members=2)
            await _open(house, 1)
            for journal in ("empty", "full"):
                if journal == "full":
                    await _fill(house)
                    await _open(house, 1)
                disk, before = Disk(_file(house)), await _rows(house)
                with disk.watched():
                    await _open(house, openings)
                after = await _rows(house)
                results[journal] = {
                    "lines": disk.lines / openings,
                    "fsyncs": disk.fsyncs / openings,
                    "bytes": disk.bytes / openings,
                    "whole": _file(house).stat().st_size,
                    **{name: (after[name] - before[name]) / openings for name in after},
                }
    return results


async def _open(house: Home, times: int) -> None:
    """Let a sleeping lock be opened, so that it wakes; each opening is some time after the last."""
    for _ in range(times):
        await house.wake([0])
        await house.push([0])
        await asyncio.sleep(AWAKE)
        await house.sleep([0])
        await asyncio.sleep(ASLEEP)


def _file(house: Home) -> Path:
    """Return the store of the lock."""
    entry_id = house.coordinators[0].config_entry.entry_id
    return Path(house.hass.config.path(".storage", f"{DOMAIN}.{entry_id}"))


async def _fill(house: Home) -> None:
    """Let the journal be full at the next start."""
    entry = house.coordinators[0].config_entry
    await house.hass.config_entries.async_unload(entry.entry_id)
    path = _file(house)
    stored = json.loads(path.read_bytes())
    journal = stored["data"]["journal"]
    row = journal["records"]["1"]
    first = row["when"]["received"] - KEPT * 3600
    journal["records"] = {str(id_): _older(row, id_, first) for id_ in range(1, KEPT + 1)}
    journal["next_id"] = KEPT + 1
    path.write_text(json.dumps(stored, indent=2))
    await house.hass.config_entries.async_setup(entry.entry_id)
    house.coordinators[0] = entry.runtime_data
    await until(lambda: len(house.coordinators[0].lock.journal) == KEPT)


def _older(row: dict[str, Any], id_: int, first: float) -> dict[str, Any]:
    """Return another record, an hour after the one before."""
    when = {**row["when"], "received": first + id_ * 3600}
    return {**row, "id": id_, "when": when}


async def _rows(house: Home) -> dict[str, int]:
    """Return how many rows of a kind the recorder has, and the bytes of attributes and events."""
    await get_instance(house.hass).async_block_till_done()
    path = house.hass.config.path("home-assistant_v2.db")
    queries = {
        "states": "SELECT count(*) FROM states",
        "attributes": "SELECT count(*) FROM state_attributes",
        "events": "SELECT count(*) FROM events",
        "data": "SELECT (SELECT coalesce(sum(length(shared_attrs)), 0) FROM state_attributes)"
        " + (SELECT coalesce(sum(length(shared_data)), 0) FROM event_data)",
    }
    with closing(sqlite3.connect(path)) as database:
        return {name: database.execute(query).fetchone()[0] for name, query in queries.items()}
