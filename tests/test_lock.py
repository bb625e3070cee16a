"""The lock entity."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import ATTR_ENTITY_ID, SERVICE_LOCK, SERVICE_UNLOCK, Platform
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from tests.common import (
    FAMILIES,
    LOCK,
    check_snapshot,
    is_awake,
    known,
    pass_time,
    reported,
    restart,
    set_up_awake,
    state,
    until,
    wake,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock


async def call(hass: HomeAssistant, service: str) -> None:
    await hass.services.async_call("lock", service, {ATTR_ENTITY_ID: LOCK}, blocking=True)


@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await check_snapshot(hass, hass_storage, snapshot, entry, simulated_lock, Platform.LOCK)


@pytest.mark.parametrize(
    ("simulated_lock", "model"),
    [
        ({"family": "A"}, "Wi-Fi lock"),
        ({"family": "B"}, "Wi-Fi lock Pro"),
        ({"family": "D"}, "Wi-Fi access control"),
    ],
    indirect=["simulated_lock"],
)
async def test_device_gets_its_model_when_the_family_shows(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    model: str,
) -> None:
    await setup(hass, entry)
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (device.manufacturer, device.name, device.model) == ("Tuya", entry.title, None)
    await wake(hass, entry, simulated_lock)
    if simulated_lock.family == "A":
        await simulated_lock.push({"10": False})
    elif simulated_lock.family == "B":
        await call(hass, SERVICE_UNLOCK)
    else:
        await simulated_lock.door(False)
    await wait_for(hass, lambda: known(entry).family)
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.model == model


async def test_unlock_opens_and_is_shown_until_the_lock_has_relocked(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, relock_delay=0.2)
    assert state(hass, LOCK).state == "unknown"
    await call(hass, SERVICE_UNLOCK)
    assert simulated_lock.openings == ["remote"]
    assert state(hass, LOCK).state == "unlocked"
    await wait_for(hass, lambda: state(hass, LOCK).state == "unknown")
    assert "assumed" not in state(hass, LOCK).attributes


async def test_locked_is_assumed_only_if_the_owner_said_so_and_the_door_is_not_open(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, relock_delay=0.2, relocks_itself=True)
    assert state(hass, LOCK).state == "unknown"
    await simulated_lock.door(open=True)
    await call(hass, SERVICE_UNLOCK)
    assert state(hass, LOCK).state == "unlocked"
    await wait_for(hass, lambda: state(hass, LOCK).state == "unknown")
    await simulated_lock.door(open=False)
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
    attributes = state(hass, LOCK).attributes
    assert attributes["assumed"] is True
    # Else dashboards would offer to lock a door that cannot be locked from here.
    assert "assumed_state" not in attributes


async def test_end_of_an_opening_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, relock_delay=1)
    await call(hass, SERVICE_UNLOCK)
    await simulated_lock.sleep()
    await restart(hass, entry)
    assert state(hass, LOCK).state == "unlocked"
    await wait_for(hass, lambda: state(hass, LOCK).state == "unknown", timeout=2)


async def test_motor_state_is_believed_and_locks(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.motor_state = True
    await set_up_awake(hass, entry, simulated_lock)
    await call(hass, SERVICE_UNLOCK)
    await wait_for(hass, lambda: state(hass, LOCK).state == "unlocked")
    assert known(entry).state.motor_unlocked is True
    await call(hass, SERVICE_LOCK)
    assert simulated_lock.lockings == ["remote 200"]
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
    assert "assumed" not in state(hass, LOCK).attributes


async def test_unlock_waits_for_a_request_at_the_door(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    unlocking = hass.async_create_task(call(hass, SERVICE_UNLOCK))
    await until(lambda: state(hass, LOCK).state == "unlocking")
    await simulated_lock.finger(3)
    await until(lambda: is_awake(entry) and not simulated_lock.waiting)
    assert simulated_lock.openings == ["fingerprint 3"]
    await simulated_lock.request(60)
    await unlocking
    assert simulated_lock.openings == ["fingerprint 3", "remote"]
    assert state(hass, LOCK).state == "unlocked"


async def test_two_unlocks_open_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await asyncio.gather(call(hass, SERVICE_UNLOCK), call(hass, SERVICE_UNLOCK))
    assert simulated_lock.openings == ["remote"]


@pytest.mark.parametrize("end", ["lock", "unload"])
async def test_a_waiting_unlock_can_be_called_off(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, end: str
) -> None:
    await setup(hass, entry)
    unlocking = hass.async_create_task(call(hass, SERVICE_UNLOCK))
    await until(lambda: state(hass, LOCK).state == "unlocking")
    if end == "lock":
        await call(hass, SERVICE_LOCK)
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as err:
        await unlocking
    assert err.value.translation_key == "unlock_cancelled"
    await simulated_lock.request(60)
    assert simulated_lock.commands == []
    assert simulated_lock.openings == []


async def test_a_lock_that_is_to_be_updated_is_left_alone(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    await setup(hass, entry)
    targets = hass.states.async_entity_ids()
    assert LOCK in targets
    await hass.services.async_call(
        HOMEASSISTANT_DOMAIN, "update_entity", {ATTR_ENTITY_ID: targets}, blocking=True
    )
    await pass_time(hass, 11)
    assert "ERROR" not in {one.levelname for one in caplog.records}
    assert simulated_lock.connections == 0


async def test_changed_by_says_who_and_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert "changed_by" not in state(hass, LOCK).attributes
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "Fingerprint 3"
    assert state(hass, LOCK).state == "unlocked"
    await restart(hass, entry)
    assert state(hass, LOCK).attributes["changed_by"] == "Fingerprint 3"
