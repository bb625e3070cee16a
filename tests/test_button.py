"""The buttons."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import ATTR_ENTITY_ID, SERVICE_UNLOCK, Platform
from homeassistant.core import HomeAssistant
from tests.common import FAMILIES, LOCK, NAME, check_snapshot, known, set_up_awake, state
from tests.conftest import wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

REFUSE = f"button.{NAME}_refuse_request"
REQUESTED = f"binary_sensor.{NAME}_unlock_requested"


@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await check_snapshot(hass, hass_storage, snapshot, entry, simulated_lock, Platform.BUTTON)
    assert (hass.states.get(REFUSE) is not None) is (simulated_lock.family == "A")


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_refuse_ends_the_request_and_opens_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"10": False})
    await simulated_lock.request(60)
    await wait_for(hass, lambda: hass.states.get(REFUSE) and known(entry).requested)
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: REFUSE}, blocking=True)
    assert simulated_lock.commands == [{"10": False}]
    assert state(hass, REQUESTED).state == "off"
    assert simulated_lock.openings == []


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_the_opposite_is_to_unlock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"10": False})
    await simulated_lock.request(60)
    await wait_for(hass, lambda: hass.states.get(REFUSE) and known(entry).requested)
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    assert simulated_lock.commands == [{"10": True}]
    assert simulated_lock.openings == ["remote"]


async def test_the_cloud_refuses_for_a_newer_lock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.request(60)
    await wait_for(hass, lambda: hass.states.get(REFUSE) and known(entry).requested)
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: REFUSE}, blocking=True)
    assert not simulated_lock.requested
    assert state(hass, REQUESTED).state == "off"
    assert simulated_lock.openings == []
