"""Locks that stay on the network and are missed: what their owner sees."""

from collections.abc import Generator
import time
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.tuyalock.exceptions import LockMissing
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_UNLOCK, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from tests.common import (
    LOCK,
    UNLOCK,
    Automation,
    fall_asleep,
    is_awake,
    reported,
    set_up_awake,
    state,
)
from tests.conftest import TUYALOCK, wait_for
from tests.simulator import SimulatedLock

STAYS = pytest.mark.parametrize(
    "simulated_lock", [{"family": "D", "version": "3.3"}], indirect=True
)


@pytest.fixture(autouse=True)
def impatience() -> Generator[None]:
    """Miss a lock soon."""
    with patch(f"{TUYALOCK}.lan.session.MISSED_AFTER", 0.1):
        yield


def shown(hass: HomeAssistant) -> str:
    """The state of the lock."""
    return state(hass, LOCK).state


async def unlock(hass: HomeAssistant) -> None:
    """Press Unlock."""
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)


@STAYS
async def test_an_access_control_without_power_is_unavailable_and_logged_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await simulated_lock.pull_battery()
    await wait_for(hass, lambda: shown(hass) == STATE_UNAVAILABLE)
    assert state(hass, UNLOCK).state == STATE_UNAVAILABLE
    assert caplog.text.count("is missing") == 1
    began = time.monotonic()
    with pytest.raises(LockMissing):
        await entry.runtime_data.lock.unlock()
    assert time.monotonic() - began < 1
    await simulated_lock.put_battery()
    await simulated_lock.wake()
    await wait_for(hass, lambda: shown(hass) != STATE_UNAVAILABLE, 10)
    assert caplog.text.count("is missing") == caplog.text.count("is back") == 1
    await unlock(hass)
    assert simulated_lock.openings == ["fingerprint 3", "remote"]
    await reported(hass, simulated_lock)
    # That it is back is no opening, and the next one is.
    assert [one.type for one in automation.told] == ["fingerprint", "remote"]


async def test_a_battery_lock_that_sleeps_is_available(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    await wait_for(hass, lambda: not is_awake(entry))
    assert shown(hass) != STATE_UNAVAILABLE
    assert "is missing" not in caplog.text
