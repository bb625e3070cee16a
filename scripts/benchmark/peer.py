"""Another integration beside ours, each in a throw-away Home Assistant, with the same pushes.

Its folder is copied there. The file beside it says how an entry of it looks: {"data": ...,
"options": ..., "version": 1}, with $host, $device_id, $local_key and $version for those of the
simulated lock, which is on the port that all such integrations dial. It has to show DP 1, the
number of the fingerprint, as the state of an entity.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import gc
import json
from pathlib import Path
import shutil
from string import Template
from time import perf_counter, perf_counter_ns, process_time
from typing import Any

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockConfigEntry,
)

import custom_components
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.loader import DATA_CUSTOM_COMPONENTS

from .floor import receive_bare
from .home import Home, home
from .locks import Stamp
from .push import BLOCK, FLOOR, GAP, OURS, SETTLED
from .street import LockAddress, Street, street
from .written import SUFFIX, Written

PORT = 6668
FIRST, FIRST_SECONDS = 9, 4.0
"""Openings, and the seconds between them, with which each of them has found and asked its lock.

A lock that sleeps reports to who has asked on this connection; some do that after half a minute,
and others let a lock sleep that has nothing to say.
"""
BLOCKS = 6
SLOW_GAP, SLOW = 0.25, 40
"""Seconds between two pushes that are far apart, and how many there are."""
PATIENCE = 15.0
"""Seconds after which a number that is not shown yet never will be."""
EQUAL, BURST = 50, 20
BURST_SECONDS = 5.0
CYCLES, AWAKE, ASLEEP = 10, 5.0, 20.0


class Shown:
    """When which number was shown, by an entity of the integration or of the floor."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Note all that is shown from now on."""
        self.changes: list[tuple[str, str, int]] = []
        """Entity, number, and when in nanoseconds."""
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        now = perf_counter_ns()
        if state := event.data["new_state"]:
            number = str(state.attributes.get("number", state.state))
            self.changes.append((state.entity_id, number, now))

    def numbers(self, entity: str) -> list[str]:
        """Return the numbers that an entity has shown, in their order."""
        return [number for one, number, _ in self.changes if one == entity]

    def first(self, entity: str) -> dict[str, int]:
        """Return when an entity showed each number first."""
        return {number: at for one, number, at in reversed(self.changes) if one == entity}


@dataclass
class Contestant:
    """An integration that is set up, and its lock."""

    house: Home
    locks: Street
    shown: Shown
    written: Written
    entity: str
    """What shows the number."""

    async def push(self, index: int, count: int, gap: float) -> tuple[list[float], float]:
        """Push, and return the seconds that each took, and the CPU per push; some may be missed."""
        entity = self.entity + (SUFFIX if index == FLOOR else "")
        self.shown.changes.clear()
        began = process_time()
        stamps = await self.locks.push([index], count, gap)
        await asyncio.sleep(SETTLED)
        first = await self._wait(entity, stamps)
        cpu = (process_time() - began) / count
        took = [(first[str(one)] - left) / 1e9 for _, one, left in stamps if str(one) in first]
        return took, cpu

    async def _wait(self, entity: str, stamps: Sequence[Stamp]) -> dict[str, int]:
        """Wait until all is shown, or never will be; return when each was."""
        end = perf_counter() + PATIENCE
        while True:
            first = self.shown.first(entity)
            if all(str(one) in first for _, one, _ in stamps) or perf_counter() > end:
                return first
            await asyncio.sleep(SETTLED)

    async def equal(self) -> int:
        """Push one number again and again; return how often that showed."""
        self.shown.changes.clear()
        await self.locks.push([OURS], EQUAL, SLOW_GAP, same=True)
        await asyncio.sleep(BURST_SECONDS)
        return len(self.shown.numbers(self.entity))

    async def burst(self) -> tuple[list[str], float]:
        """Push many at once; return the numbers shown, and the seconds until the last of them."""
        self.shown.changes.clear()
        ((_, _, left),) = await self.locks.burst(OURS, BURST)
        await asyncio.sleep(BURST_SECONDS)
        seen = self.shown.first(self.entity).values()
        return self.shown.numbers(self.entity), (max(seen, default=left) - left) / 1e9

    async def wakes(self) -> tuple[int, float]:
        """Wake the lock by openings; return how many of ten were seen, and the CPU of all that."""
        seen, began = 0, process_time()
        for cycle in range(CYCLES):
            await self.locks.sleep([OURS])
            # Not in step with who dials every five seconds.
            await asyncio.sleep(ASLEEP + cycle * AWAKE / CYCLES)
            self.shown.changes.clear()
            ((_, number, _),) = await self.locks.open([OURS])
            await asyncio.sleep(AWAKE)
            seen += str(number) in self.shown.numbers(self.entity)
        return seen, process_time() - began


async def peer(version: str, folder: str = "", entry: str = "") -> dict[str, Any]:
    """Return what pushes take with an integration, ours if none is named, and with its floor."""
    async with street(2, version, PORT) as locks, home(locks, records=True) as house:
        async with _contestant(house, locks, folder, entry) as one:
            slow = await one.push(OURS, SLOW, SLOW_GAP)
            equal, burst = await one.equal(), await one.burst()
            await one.push(OURS, BLOCK, GAP)
            fast = [await one.push(OURS, BLOCK, GAP) for _ in range(BLOCKS)]
        await locks.wake([FLOOR])
        bare = await receive_bare(locks.address(FLOOR), one.written.again)
        await one.push(FLOOR, BLOCK, GAP)
        floor = [await one.push(FLOOR, BLOCK, GAP) for _ in range(BLOCKS)]
        bare.stop()
    return {
        "fast": fast,
        "slow": slow,
        "floor": floor,
        "writes": str(one.written),
        "equal": (equal, EQUAL),
        "burst": burst,
    }


async def peer_wakes(version: str, folder: str = "", entry: str = "") -> tuple[int, float]:
    """Return how many of ten openings that wake the lock are seen, and the CPU of that."""
    async with (
        street(1, version, PORT) as locks,
        home(locks, records=True) as house,
        _contestant(house, locks, folder, entry) as one,
    ):
        return await one.wakes()


@asynccontextmanager
async def _contestant(
    house: Home, locks: Street, folder: str, entry: str
) -> AsyncGenerator[Contestant]:
    """Set an integration up, and learn what it does for a push."""
    hass = house.hass
    if folder:
        entry_id = await _set_up(hass, Path(folder), Path(entry), locks.address(OURS))
    else:
        await house.set_up_locks([OURS], 2)
        entry_id = house.coordinators[OURS].config_entry.entry_id
    shown, written = Shown(hass), Written(hass)
    for _ in range(FIRST):
        await locks.open([OURS])
        await asyncio.sleep(FIRST_SECONDS)
    # What a lock has saved up is shown one by one, and perhaps slowly.
    await locks.push([OURS], 1, FIRST_SECONDS)
    await asyncio.sleep(FIRST_SECONDS)
    with written.learning():
        ((_, number, _),) = await locks.push([OURS], 1, SLOW_GAP)
        await asyncio.sleep(1)
    written.number = number
    showing = [one for one, value, _ in shown.changes if value == str(number)]
    if not showing:
        raise SystemExit(f"{folder or 'ours'}: nothing shows DP 1")
    # A full collection of all that is there would stop it for 300 ms.
    gc.collect()
    gc.freeze()
    yield Contestant(house, locks, shown, written, showing[0])
    await hass.config_entries.async_unload(entry_id)


async def _set_up(hass: HomeAssistant, source: Path, entry: Path, lock: LockAddress) -> str:
    """Bring an integration in and set up an entry of it; return its id."""
    domain = json.loads(await asyncio.to_thread((source / "manifest.json").read_text))["domain"]
    to = hass.config.path("custom_components", domain)
    await asyncio.to_thread(shutil.copytree, source, to)
    # Home Assistant has looked already which there are.
    hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
    custom_components.__path__.append(hass.config.path("custom_components"))
    made = MockConfigEntry(domain=domain, **await _entry(entry, lock))
    made.add_to_hass(hass)
    if not await hass.config_entries.async_setup(made.entry_id):
        raise SystemExit(f"{domain}: {made.state}, {made.reason}")
    entry_id: str = made.entry_id
    return entry_id


async def _entry(path: Path, lock: LockAddress) -> dict[str, Any]:
    """Return the entry of a file, for a lock."""
    template = Template(await asyncio.to_thread(path.read_text))
    found: dict[str, Any] = json.loads(
        template.substitute(
            host="127.0.0.1",
            device_id=lock.device_id,
            local_key=lock.local_key,
            version=lock.version,
        )
    )
    return found
