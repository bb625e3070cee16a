"""The binary sensors."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from tests.common import FAMILIES, NAME, check_snapshot, pass_time, restart, set_up_awake, state
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock

REQUESTED = f"binary_sensor.{NAME}_unlock_requested"
DOOR = f"binary_sensor.{NAME}_door"
BATTERY_LOW = f"binary_sensor.{NAME}_battery_low"
AWAKE = f"binary_sensor.{NAME}_awake"


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    platform = Platform.BINARY_SENSOR
    await check_snapshot(hass, hass_storage, snapshot, entry, simulated_lock, platform)


async def test_an_entity_is_there_from_the_first_report_on_and_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert hass.states.get(DOOR) is None
    await simulated_lock.door(open=True)
    await wait_for(hass, lambda: hass.states.get(DOOR))
    assert state(hass, DOOR).state == "on"
    await simulated_lock.door(open=False)
    await wait_for(hass, lambda: state(hass, DOOR).state == "off")
    await simulated_lock.sleep()
    await restart(hass, entry)
    assert state(hass, DOOR).state == "off"


async def test_a_request_is_on_until_it_is_over(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    assert hass.states.get(REQUESTED) is None
    await simulated_lock.request(60)
    await wait_for(hass, lambda: hass.states.get(REQUESTED))
    assert state(hass, REQUESTED).state == "on"
    await simulated_lock.end_request()
    await wait_for(hass, lambda: state(hass, REQUESTED).state == "off")


async def test_a_request_ends_by_itself_when_the_lock_falls_asleep(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.request(1)
    await wait_for(hass, lambda: hass.states.get(REQUESTED))
    await simulated_lock.sleep()
    await wait_for(hass, lambda: state(hass, REQUESTED).state == "off")


@pytest.mark.parametrize(
    ("report", "low"),
    [
        ({"11": "high"}, "off"),
        ({"11": "medium"}, "off"),
        ({"11": "low"}, "on"),
        ({"11": "poweroff"}, "on"),
    ],
)
async def test_battery_low(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    report: dict[str, Any],
    low: str,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert hass.states.get(BATTERY_LOW) is None
    await simulated_lock.push(report)
    await wait_for(hass, lambda: hass.states.get(BATTERY_LOW))
    assert state(hass, BATTERY_LOW).state == low


async def test_a_level_that_no_lock_has_says_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"11": "purple"})
    await simulated_lock.double_lock(on=True)
    await wait_for(hass, lambda: hass.states.get(f"binary_sensor.{NAME}_double_locked"))
    assert hass.states.get(BATTERY_LOW) is None


async def test_one_battery_is_one_battery(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"11": "low"})
    await wait_for(hass, lambda: hass.states.get(BATTERY_LOW))
    await simulated_lock.push({"12": 20})
    await wait_for(hass, lambda: hass.states.get(BATTERY_LOW) is None)
    await restart(hass, entry)
    batteries = [one for one in hass.states.async_all() if is_battery(one)]
    assert [one.entity_id for one in batteries] == [f"sensor.{NAME}_battery"]


def is_battery(state: State) -> bool:
    """Return if an entity counts as a battery of its own."""
    return state.attributes.get("device_class") == "battery"


async def test_a_charge_that_no_lock_has_says_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"12": 101})
    await simulated_lock.push({"11": "low"})
    await wait_for(hass, lambda: hass.states.get(BATTERY_LOW))
    assert state(hass, BATTERY_LOW).state == "on"
    assert hass.states.get(f"sensor.{NAME}_battery") is None


@pytest.mark.usefixtures("all_enabled")
async def test_awake(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    assert state(hass, AWAKE).state == "off"
    await simulated_lock.wake()
    await wait_for(hass, lambda: state(hass, AWAKE).state == "on")
    await simulated_lock.sleep()
    await wait_for(hass, lambda: state(hass, AWAKE).state == "off")
    await pass_time(hass)
    assert state(hass, AWAKE).state == "off"
