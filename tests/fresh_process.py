"""What a lock imports, and when; `test_imports` runs each where nothing was imported before."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
import sys
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.projects import project_data
from custom_components.tuya_wifi_lock.tuyalock import REGIONS, Project
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from tests.common import set_up_awake
from tests.conftest import OURS, setup, wait_for
from tests.portal import Portal
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_imports import ACCOUNT, BOOKINGS, PROJECT
from tests.tuya_login import TuyaLogin


class Watch:
    """Notes the modules of ours that hold up the event loop while they are imported."""

    def __init__(self) -> None:
        self.blocking: list[str] = []

    def find_spec(self, name: str, *others: object) -> None:
        """Leave each module to the finders of Python."""
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            if name.startswith(OURS):
                self.blocking.append(name)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """A look at all imports."""
    watch = Watch()
    sys.meta_path.insert(0, watch)
    yield watch
    sys.meta_path.remove(watch)


def imported() -> set[str]:
    """Return what has been imported of that which an owner may never use."""
    return {one for one in ACCOUNT | PROJECT | BOOKINGS if f"{OURS}.{one}" in sys.modules}


async def test_each_part_is_imported_when_it_is_used_and_blocks_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, watch: Watch
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    hass.config_entries.flow.async_abort(flow["flow_id"])
    assert imported() == set()

    # The account is signed in while the lock is in use.
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    assert entry.runtime_data.account_trouble is None
    assert imported() == ACCOUNT

    async with SimulatedCloud() as cloud:
        cloud.join(simulated_lock)
        project = project_data(Project("eu", cloud.access_id, cloud.access_secret))
        with patch.dict(REGIONS, {"eu": cloud.url}):
            hass.config_entries.async_update_entry(entry, data={**entry.data, **project})
            await wait_for(hass, lambda: imported() >= ACCOUNT | PROJECT)
            # The project's model of the product says what can be set.
            assert imported() == ACCOUNT | PROJECT

            await Portal(hass, "bookings").sync()
            assert imported() == ACCOUNT | PROJECT | BOOKINGS
            await hass.config_entries.async_unload(entry.entry_id)
    assert watch.blocking == []


async def test_bookings_that_were_stored_are_read_and_nothing_is_blocked(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, watch: Watch
) -> None:
    ends = int(time.time()) + 3600
    booking = {"calendar": "bookings", "key": "1", "guest": "Anna", "start": 0, "end": ends}
    key = f"{DOMAIN}.{entry.entry_id}"
    hass_storage[key] = {"version": 1, "key": key, "data": {"bookings": [booking]}}
    await setup(hass, entry)
    assert imported() == BOOKINGS
    await hass.config_entries.async_unload(entry.entry_id)
    (kept,) = hass_storage[key]["data"]["bookings"]
    assert kept.items() >= booking.items()
    assert watch.blocking == []
