"""A Home Assistant in this process, with entries of the integration set up for real."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
import logging
import tempfile
from time import perf_counter
from types import MappingProxyType
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockConfigEntry,
    async_test_home_assistant,
    mock_config_flow,
)

from custom_components.tuya_wifi_lock.const import CONF_NUMBERS, DOMAIN, SUBENTRY_MEMBER
from custom_components.tuya_wifi_lock.coordinator import LockCoordinator
from custom_components.tuya_wifi_lock.tuyalock.lan import discovery
from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from tests.entry import lock_entry

from .bare import BARE, mock_bare
from .street import Street

NUMBERS = 10_000
"""Unlock numbers that belong to the members."""


class Home:
    """A Home Assistant, and the locks of a street in it."""

    def __init__(self, hass: HomeAssistant, street: Street) -> None:
        """Move in."""
        self.hass = hass
        self.coordinators: dict[int, LockCoordinator] = {}
        """Of the locks that are set up, by their index."""
        self._street = street

    async def set_up_locks(self, locks: Iterable[int], members: int = 0) -> float:
        """Set up the entries of locks at once, as at a start; return the seconds that it took."""
        entries = {index: self._entry(index) for index in locks}
        seconds = await self._set_up(entries.values(), members)
        for index, entry in entries.items():
            self.coordinators[index] = entry.runtime_data
        return seconds

    async def set_up_bare(self, numbers: Iterable[int]) -> float:
        """Set up entries with the entities of a lock, which do nothing."""
        return await self._set_up(
            [MockConfigEntry(domain=BARE, title=f"Bare {n}", unique_id=f"b{n}") for n in numbers]
        )

    async def wake(self, locks: Iterable[int], gap: float = 0.0) -> dict[int, float]:
        """Wake locks and return the seconds until the first report of each was published."""
        heard: dict[int, float] = {}
        sleeping = list(locks)
        unsubscribe = [self._note(index, heard) for index in sleeping]
        stamps = await self._street.wake(sleeping, gap)
        await until(lambda: len(heard) == len(sleeping))
        for stop in unsubscribe:
            stop()
        return {index: heard[index] - switched_on / 1e9 for index, _, switched_on in stamps}

    async def push(self, locks: Iterable[int]) -> None:
        """Push an unlock from each of these locks."""
        await self._street.push(locks, 1, 0.0)

    async def sleep(self, locks: Iterable[int]) -> None:
        """Put locks to sleep."""
        await self._street.sleep(locks)

    def entity(self, index: int) -> str:
        """Return the entity id of a lock's unlock event."""
        unique_id = f"{self._street.address(index).device_id}_last_opening"
        found = er.async_get(self.hass).async_get_entity_id("event", DOMAIN, unique_id)
        assert found
        return found

    def _entry(self, index: int) -> MockConfigEntry:
        lock = self._street.address(index)
        title = f"Wi-Fi lock {index:04}"
        return lock_entry(title, lock.device_id, lock.port, lock.local_key, lock.version)

    def add_members(self, entry: ConfigEntry, count: int) -> None:
        """Add members who take turns: whatever names one changes with each push."""
        for member in range(count):
            numbers = [f"fingerprint:{number}" for number in range(member, NUMBERS, count)]
            subentry = ConfigSubentry(
                data=MappingProxyType({CONF_NUMBERS: numbers}),
                subentry_type=SUBENTRY_MEMBER,
                title=f"Member {member}",
                unique_id=None,
            )
            self.hass.config_entries.async_add_subentry(entry, subentry)

    async def _set_up(self, entries: Iterable[MockConfigEntry], members: int = 0) -> float:
        start = perf_counter()
        for entry in entries:
            entry.add_to_hass(self.hass)
            self.add_members(entry, members)
        setup = self.hass.config_entries.async_setup
        await asyncio.gather(*(setup(entry.entry_id) for entry in entries))
        await self.hass.async_block_till_done()
        seconds = perf_counter() - start
        assert all(entry.state is ConfigEntryState.LOADED for entry in entries)
        return seconds

    def _note(self, index: int, heard: dict[int, float]) -> Callable[[], None]:
        """Note when the first report of a lock is published; return the unsubscribe."""
        coordinator = self.coordinators[index]

        def changed() -> None:
            if coordinator.data.awake:
                heard.setdefault(index, perf_counter())

        coordinator.async_add_listener(changed)
        return partial(coordinator.async_remove_listener, changed)


@asynccontextmanager
async def home_assistant() -> AsyncGenerator[HomeAssistant]:
    """Start a Home Assistant in a throw-away folder; unload our entries at the end."""
    logging.getLogger().setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            try:
                yield hass
            finally:
                for entry in hass.config_entries.async_loaded_entries(DOMAIN):
                    await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_stop(force=True)


@asynccontextmanager
async def home(street: Street, *, records: bool = False) -> AsyncGenerator[Home]:
    """Start a Home Assistant that knows entries which do nothing, too, and perhaps its recorder."""
    # All locks of the street announce themselves from one address, which no sender may do so often.
    one_sender = patch.object(discovery, "PER_SECOND", 10_000)
    with one_sender, mock_config_flow(BARE, ConfigFlow):
        async with home_assistant() as hass:
            mock_bare(hass)
            if records:
                await start_recorder(hass)
            yield Home(hass, street)


async def start_recorder(hass: HomeAssistant) -> None:
    """Record as Home Assistant does by default, into a database of its own."""
    async_initialize_recorder(hass)
    url = f"sqlite:///{hass.config.path('home-assistant_v2.db')}"
    assert await async_setup_component(hass, RECORDER, {RECORDER: {"db_url": url}})
    await hass.async_block_till_done()


async def until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
