"""Announcements: locks that are found, followed and offered."""

from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock


@pytest.fixture(autouse=True)
def no_platforms():
    with patch("custom_components.tuya_wifi_lock.PLATFORMS", []):
        yield


async def test_a_wake_is_heard(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.awake)
