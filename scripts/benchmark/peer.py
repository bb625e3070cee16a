"""Another integration in the place of ours: its folder is copied into a throw-away Home Assistant.

The file beside it says how an entry of it looks: {"data": ..., "options": ..., "version": 1}, with
$host, $port, $device_id, $local_key and $version for those of the simulated lock. It has to show
DP 1, the number of the fingerprint, as the state of an entity.
"""

import asyncio
import json
from pathlib import Path
import shutil
from string import Template
from time import perf_counter_ns, process_time
from typing import Any

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockConfigEntry,
)

import custom_components
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.loader import DATA_CUSTOM_COMPONENTS

from .home import home
from .push import BLOCK, FIRST_SECONDS, GAP, SETTLED
from .street import LockAddress, street

BLOCKS = 6
PORT = 6668
"""That of all such devices: integrations seldom let one choose it."""


async def peer(version: str, folder: str, entry: str) -> dict[str, Any]:
    """Return the seconds that each push took, and the CPU per push; a push may be missed."""
    async with street(1, version, PORT) as locks, home(locks, records=True) as house:
        hass, source = house.hass, Path(folder)
        domain = json.loads(await asyncio.to_thread((source / "manifest.json").read_text))["domain"]
        to = hass.config.path("custom_components", domain)
        await asyncio.to_thread(shutil.copytree, source, to)
        # Home Assistant has looked already which there are.
        hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
        custom_components.__path__.append(hass.config.path("custom_components"))
        written: dict[str, int] = {}

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            if state := event.data["new_state"]:
                written.setdefault(state.state, perf_counter_ns())

        hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        await locks.wake([0])
        made = MockConfigEntry(domain=domain, **await _entry(Path(entry), locks.address(0)))
        made.add_to_hass(hass)
        if not await hass.config_entries.async_setup(made.entry_id):
            raise SystemExit(f"{domain}: {made.state}, {made.reason}")
        await asyncio.sleep(FIRST_SECONDS)
        took, pushes, began = [], 0, process_time()
        for _ in range(BLOCKS):
            stamps = await locks.push([0], BLOCK, GAP)
            await asyncio.sleep(SETTLED)
            pushes += len(stamps)
            seen = [(str(number), left) for _, number, left in stamps if str(number) in written]
            took += [(written[number] - left) / 1e9 for number, left in seen]
        cpu = (process_time() - began) / pushes
        await hass.config_entries.async_unload(made.entry_id)
        return {"took": took, "cpu": cpu, "pushes": pushes, "missed": pushes - len(took)}


async def _entry(path: Path, lock: LockAddress) -> dict[str, Any]:
    """Return the entry of a file, for a lock."""
    template = Template(await asyncio.to_thread(path.read_text))
    found: dict[str, Any] = json.loads(
        template.substitute(
            host="127.0.0.1",
            port=lock.port,
            device_id=lock.device_id,
            local_key=lock.local_key,
            version=lock.version,
        )
    )
    return found
