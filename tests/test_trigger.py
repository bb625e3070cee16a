"""What makes an automation run, exactly once."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
from tests.automations import Runs, add_member, device_id
from tests.common import LATE_UNLOCK, LOCK, UNLOCK, reported, set_up_awake
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock

HOUR = {"hours": 1}
AT_LOCK = {"entity_id": LOCK}
ALICE = "sensor.alice_last_opening"


@pytest.fixture
def runs(hass: HomeAssistant) -> Runs:
    """The runs of the automations of a test."""
    return Runs(hass)


def put_in_area(hass: HomeAssistant, *device_ids: str) -> str:
    """Put devices into one area; return its id."""
    area = ar.async_get(hass).async_get_or_create("Hall")
    for one in device_ids:
        dr.async_get(hass).async_update_device(one, area_id=area.id)
    return area.id


async def test_by_number_and_by_method(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("unlocked", AT_LOCK, name="any")
    runs.add("unlocked", AT_LOCK, {"numbers": 3}, "three")
    runs.add("unlocked", AT_LOCK, {"methods": "card"}, "card")
    runs.add("unlocked", AT_LOCK, {"methods": ["fingerprint"], "numbers": ["3", "5"]}, "finger")
    runs.add("unlocked", AT_LOCK, {"methods": [], "numbers": []}, "empty")
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["any", "empty", "finger", "three"]
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    assert sorted(runs.names[4:]) == ["any", "empty"]
    await simulated_lock.card(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names[6:]) == ["any", "card", "empty", "three"]
    assert set(runs.entities) == {UNLOCK}
    assert set(runs.descriptions) == {f"state of {UNLOCK}"}


async def test_a_lock_its_device_and_its_event_mean_the_same(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    device = device_id(hass, entry, simulated_lock.device_id)
    area = put_in_area(hass, device)
    runs.add("unlocked", AT_LOCK, name="lock")
    runs.add("unlocked", {"entity_id": UNLOCK}, name="event")
    runs.add("unlocked", {"device_id": device}, name="device")
    runs.add("unlocked", {"area_id": area}, name="area")
    runs.add("unlocked", {"entity_id": [LOCK, UNLOCK], "area_id": area}, name="all")
    runs.add("unlocked", {"entity_id": [LATE_UNLOCK, "light.hall", "event.doorbell"]}, name="no")
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["all", "area", "device", "event", "lock"]


async def test_by_member(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3")
    bob = add_member(hass, entry, "Bob", "password:1")
    simulated_lock.knobs.record_times = True
    await set_up_awake(hass, entry, simulated_lock)
    alice_device, bob_device = (device_id(hass, entry, one) for one in (alice, bob))
    runs.add("unlocked", AT_LOCK, {"members": alice_device}, "alice")
    runs.add("unlocked", AT_LOCK, {"members": [alice_device, bob_device]}, "both")
    runs.add("unlocked", {"device_id": alice_device}, name="target")
    runs.add("unlocked", {"entity_id": ALICE}, {"methods": "fingerprint"}, "event")
    await runs.arm()
    await simulated_lock.burst(("fingerprint", 3), ("password", 1), ("fingerprint", 4))
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["alice", "both", "both", "event", "target"]


async def test_an_area_with_the_lock_and_its_member_is_told_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3", "card:2")
    simulated_lock.knobs.record_times = True
    await set_up_awake(hass, entry, simulated_lock)
    devices = [device_id(hass, entry, one) for one in (simulated_lock.device_id, alice)]
    area = put_in_area(hass, *devices)
    runs.add("unlocked", {"area_id": area}, name="unlocked")
    runs.add("member_came_home", {"area_id": area}, name="home")
    runs.add("unlocked", {"device_id": devices}, {"max_age": HOUR}, "aged")
    await runs.arm()
    await simulated_lock.burst(("fingerprint", 3), ("card", 2))
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["aged", "aged", "home", "home", "unlocked", "unlocked"]


async def test_equal_unlocks_and_a_burst_are_a_run_each(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("unlocked", AT_LOCK)
    await runs.arm()
    for _ in range(2):
        await simulated_lock.finger(3)
        await reported(hass, simulated_lock)
    assert runs.numbers == [3, 3]
    simulated_lock.knobs.record_times = True
    await simulated_lock.burst(("fingerprint", 3), ("password", 1), ("card", 2))
    await reported(hass, simulated_lock)
    assert runs.numbers == [3, 3, 3, 1, 2]


async def test_the_unlock_that_wakes_the_lock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3")
    await setup(hass, entry)
    runs.add("unlocked", AT_LOCK, name="lock")
    runs.add("unlocked", {"entity_id": ALICE}, name="member")
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["lock", "member"]


async def test_an_unlock_while_home_assistant_starts(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3")
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK)
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.names == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert runs.names == ["it"]


async def test_two_locks_in_one_target(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    ports: dict[int, int],
    runs: Runs,
) -> None:
    async with SimulatedLock(device_id="b" * 20, announce_ports=ports) as other:
        data = {**entry.data, "port": other.port, "device_id": other.device_id}
        second = MockConfigEntry(
            domain=DOMAIN, title="Back door", unique_id=other.device_id, data=data
        )
        second.add_to_hass(hass)
        await set_up_awake(hass, entry, simulated_lock)
        await wait_for(hass, lambda: second.state.value == "loaded")
        runs.add("unlocked", {"entity_id": [LOCK, "lock.back_door"]})
        await runs.arm()
        for lock in (simulated_lock, other):
            await lock.finger(3)
            await reported(hass, lock)
        assert runs.entities == [UNLOCK, "event.back_door_last_opening"]
        assert await hass.config_entries.async_unload(second.entry_id)


async def test_a_new_name_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("unlocked", AT_LOCK, {"max_age": HOUR}, "lock")
    runs.add("unlocked", {"device_id": device_id(hass, entry, alice)}, name="member")
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    names = {UNLOCK: "event.one", LATE_UNLOCK: "event.two"}
    for old, new in names.items():
        er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done()
    assert sorted(runs.names) == ["lock", "member"]
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.entities[2:] == ["event.one", "event.one"]


async def test_a_number_of_nobody(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("unknown_number_used", AT_LOCK)
    await runs.arm()
    await simulated_lock.burst(("fingerprint", 3), ("fingerprint", 4), ("card", 3), ("key", 1))
    await simulated_lock.unlock("temporary_password", 901)
    await reported(hass, simulated_lock)
    assert runs.numbers == [4, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["finger"]}, "value must be one of"),
        ({"numbers": ["three"]}, "expected int"),
        ({"numbers": -1}, "value must be at least 0"),
        ({"max_age": "soon"}, "offset soon should be format"),
        ({"person": "person.alice"}, "not a valid option"),
    ],
)
async def test_bad_options_are_named(
    hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any], message: str
) -> None:
    await setup(hass, entry)
    trigger = {"trigger": f"{DOMAIN}.unlocked", "target": AT_LOCK, "options": options}
    config = cv.TRIGGER_SCHEMA(trigger)
    with pytest.raises(vol.Invalid, match=message) as error:
        await async_validate_trigger_config(hass, config)
    assert next(iter(options)) in str(error.value)


async def test_the_editor_offers_our_triggers(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3")
    await setup(hass, entry)
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "trigger_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    offered: dict[str, Any] = {}
    while f"{DOMAIN}.unlocked" not in offered:
        offered |= (await client.receive_json())["event"]
    ours = {key.removeprefix(f"{DOMAIN}."): one for key, one in offered.items() if DOMAIN in key}
    assert {key: set(one["fields"]) for key, one in ours.items()} == {
        "guest_arrived": {"guests", "first_use"},
        "unlocked": {"methods", "numbers", "members", "max_age"},
        "member_came_home": {"members", "persons", "only_if_away"},
        "unknown_number_used": {"max_age"},
        "unlock_requested": set(),
        "alarm_raised": {"types", "max_age"},
        "duress": set(),
    }
    of_locks = {"guest_arrived", "unlock_requested", "alarm_raised", "duress"}
    for identifier, missing in ((entry.unique_id, set()), (alice, of_locks)):
        assert identifier
        target = {"device_id": [device_id(hass, entry, identifier)]}
        await client.send_json_auto_id({"type": "get_triggers_for_target", "target": target})
        result = (await client.receive_json())["result"]
        found = {key.removeprefix(f"{DOMAIN}.") for key in result if DOMAIN in key}
        assert found == set(ours) - missing
