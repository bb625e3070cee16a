"""The unlock events: each unlock in its place, in order, and live ones apart from the others."""

import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from syrupy.assertion import SnapshotAssertion

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import UNLOCK_METHODS
from homeassistant.const import EVENT_LOGBOOK_ENTRY, Platform
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.automations import add_member
from tests.common import (
    FAMILIES,
    LATE_UNLOCK,
    LOCK,
    NAME,
    UNLOCK,
    Automation,
    Told,
    check_snapshot,
    polled,
    reported,
    set_up_awake,
    state,
)
from tests.conftest import setup, wait_for
from tests.guests import CODE, OTHER_CODE, act, add, fetch, listed
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud


@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await check_snapshot(hass, hass_storage, snapshot, entry, simulated_lock, Platform.EVENT)


@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_an_unlock_is_told_live(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    before = time.time()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    attributes = dict(state(hass, UNLOCK).attributes)
    happened = dt_util.parse_datetime(attributes.pop("time"))
    assert happened
    assert happened.tzinfo is dt_util.UTC
    assert before <= happened.timestamp() <= time.time()
    assert attributes == {
        "event_type": "fingerprint",
        "event_types": list(UNLOCK_METHODS),
        "friendly_name": "Wi-Fi lock 0001 Last opening",
        "member": None,
        "number": 3,
        "person": None,
        "record": 1,
        "route": "lan",
    }
    assert state(hass, LATE_UNLOCK).state == "unknown"


async def test_the_unlock_that_wakes_the_lock_is_told_live(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await setup(hass, entry)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


async def test_the_same_finger_twice_is_two_events(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for _ in range(2):
        await simulated_lock.finger(3)
        await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)] * 2
    first, second = automation.states
    assert first.state < second.state
    assert first.attributes["record"] < second.attributes["record"]
    assert first.context.id != second.context.id


async def test_a_burst_is_one_state_each_in_order(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    simulated_lock.knobs.record_times = True
    await setup(hass, entry)
    await simulated_lock.burst(("fingerprint", 3), ("password", 1), ("card", 2))
    await reported(hass, simulated_lock)
    assert automation.told == [
        Told(UNLOCK, "fingerprint", 3),
        Told(UNLOCK, "password", 1),
        Told(UNLOCK, "card", 2),
    ]
    states = [new.state for new in automation.states]
    assert states == sorted(set(states))


async def test_unlocks_of_unknown_age_are_told_apart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await setup(hass, entry)
    await simulated_lock.store("card", 2)
    await simulated_lock.store("password", 1)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert automation.told == [
        Told(LATE_UNLOCK, "card", 2),
        Told(LATE_UNLOCK, "password", 1),
        Told(UNLOCK, "fingerprint", 3),
    ]
    assert state(hass, LATE_UNLOCK).attributes["time"] is None


async def test_a_late_unlock_has_the_time_at_which_it_happened(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    simulated_lock.knobs.record_times = True
    await setup(hass, entry)
    hour_ago = int(time.time()) - 3600
    await simulated_lock.store("card", 2, at=hour_ago)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    assert automation.told == [Told(LATE_UNLOCK, "card", 2)]
    attributes = state(hass, LATE_UNLOCK).attributes
    assert attributes["time"] == dt_util.utc_from_timestamp(hour_ago).isoformat()
    assert state(hass, UNLOCK).state == "unknown"
    assert state(hass, LOCK).state == "unknown"


async def test_an_unlock_that_we_do_not_know_is_other_and_says_its_code(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["journal"]["records"]["1"] = {
        "id": 1,
        "event": {"kind": "unlock", "method": "other", "code_name": "unlock_eye"},
        "when": {"received": 1_790_000_000.0},
        "source": "lan",
        "age": "late",
    }
    await setup(hass, entry)
    attributes = state(hass, LATE_UNLOCK).attributes
    assert (attributes["event_type"], attributes["code_name"]) == ("other", "unlock_eye")
    assert state(hass, LOCK).attributes["changed_by"] == "Other"


@pytest.mark.usefixtures("all_enabled")
async def test_one_context_for_all_that_an_unlock_causes(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    logged = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert [one.entity_id for one in automation.states] == [UNLOCK, "event.alice_opening"]
    contexts = [one.context for one in (*automation.states, *logged)]
    assert len(contexts) == 3
    assert contexts == contexts[:1] * 3


async def test_all_is_available_while_the_lock_sleeps_and_nothing_while_it_refuses_the_key(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.sleep()
    await wait_for(hass, lambda: not entry.runtime_data.data.awake)
    assert not [one for one in hass.states.async_all() if one.state == "unavailable"]
    simulated_lock.faults.wrong_local_key = "another key 1234"
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused)
    available = [one.entity_id for one in hass.states.async_all() if one.state != "unavailable"]
    assert available == [f"button.{NAME}_check_the_lock"]


async def test_a_time_from_the_future_is_not_believed_and_the_event_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.record_times = True
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert "clock_wrong" not in state(hass, UNLOCK).attributes
    simulated_lock.knobs.clock_offset = 7200
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    attributes = state(hass, UNLOCK).attributes
    assert (attributes["number"], attributes["clock_wrong"]) == (4, True)
    told = dt_util.parse_datetime(attributes["time"])
    assert told is not None
    assert abs((told - dt_util.utcnow()).total_seconds()) < 10


async def test_a_guest_is_named_by_the_temporary_password(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await polled(hass)
    # An awake lock may take the first code, and tell its number, before the second is made.
    await simulated_lock.sleep()
    await add(hass, "Cleaner", code=CODE)
    await add(hass, "Plumber", code=OTHER_CODE)
    await fetch(cloud, simulated_lock)
    assert {one.number for one in entry.runtime_data.lock.passwords} == {None}
    for digits in (OTHER_CODE, CODE):
        assert await simulated_lock.type_code(digits)
        await reported(hass, simulated_lock)
    await simulated_lock.unlock("temporary_password", 909)
    await reported(hass, simulated_lock)
    await simulated_lock.finger(2)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: len(automation.states) == 4)
    told = [(one.attributes["number"], one.attributes["event_type"]) for one in automation.states]
    method = "temporary_password"
    assert told == [(902, method), (901, method), (909, method), (2, "fingerprint")]
    *guests, finger = [one.attributes for one in automation.states]
    assert [one["password_name"] for one in guests] == ["Plumber", "Cleaner", None]
    assert {one["member"] for one in guests} == {None}
    assert "password_name" not in finger


async def test_the_only_new_temporary_password_is_named_before_its_number_is_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await add(hass, "Cleaner", code=CODE)
    await fetch(cloud, simulated_lock)
    assert await simulated_lock.type_code(CODE)
    await reported(hass, simulated_lock)
    (told,) = automation.states
    assert told.attributes["password_name"] == "Cleaner"


async def test_a_place_in_the_lock_that_is_used_again_has_another_name(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for name, digits in (("Cleaner", CODE), ("Plumber", OTHER_CODE)):
        await add(hass, name, code=digits)
        await fetch(cloud, simulated_lock)
        assert await listed(hass) == {name: "active"}
        assert await simulated_lock.type_code(digits)
        await reported(hass, simulated_lock)
        await act(hass, "delete_temporary_password", which=name)
        await fetch(cloud, simulated_lock)
        assert await listed(hass) == {}
    told = [
        (one.attributes["number"], one.attributes["password_name"]) for one in automation.states
    ]
    assert told == [(901, "Cleaner"), (901, "Plumber")]
    records = (await act(hass, "get_records"))["records"]
    assert [one["password_name"] for one in records] == ["Plumber", "Cleaner"]
