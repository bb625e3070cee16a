"""A member comes home, and somebody asks to be let in."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock import trigger
from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.automations import Runs, add_member, device_id
from tests.common import LOCK, NAME, known, reported, restart, set_up_awake, state, wake
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock

ALICE = "person.alice"
AT_LOCK = {"entity_id": LOCK}
REQUESTED = f"binary_sensor.{NAME}_unlock_requested"


@pytest.fixture
def runs(hass: HomeAssistant) -> Runs:
    """The runs of the automations of a test."""
    return Runs(hass)


async def test_a_member_by_device_by_person_or_anyone(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    alice = add_member(hass, entry, "Alice", "fingerprint:3", person=ALICE)
    add_member(hass, entry, "Bob", "password:1", person="person.bob")
    await set_up_awake(hass, entry, simulated_lock)
    device = device_id(hass, entry, alice)
    runs.add("member_came_home", AT_LOCK, name="anyone")
    runs.add("member_came_home", AT_LOCK, {"members": [device]}, "alice")
    runs.add("member_came_home", {"device_id": device}, name="target")
    runs.add("member_came_home", AT_LOCK, {"persons": "person.bob"}, "bob")
    runs.add("member_came_home", AT_LOCK, {"persons": ["person.bob"], "members": device}, "either")
    runs.add("member_came_home", AT_LOCK, {"persons": [], "members": []}, "empty")
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["alice", "anyone", "either", "empty", "target"]
    await simulated_lock.code(1)
    await reported(hass, simulated_lock)
    assert sorted(runs.names[5:]) == ["anyone", "bob", "either", "empty"]


async def test_who_is_no_member_or_comes_from_inside_does_not_come_home(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    add_member(hass, entry, "Alice", "fingerprint:3", person=ALICE)
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, name="home")
    runs.add("unlocked", AT_LOCK, {"methods": "inside"}, "inside")
    runs.add("unlocked", AT_LOCK, name="any")
    await runs.arm()
    await simulated_lock.burst(("fingerprint", 4), ("card", 3), ("inside", 3), ("key", 3))
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["any", "any", "any", "any", "inside"]


@pytest.mark.parametrize(
    ("moves", "away"),
    [
        (["home"], False),
        (["home", "home"], False),
        (["not_home"], True),
        (["Work"], True),
        (["not_home", "home"], True),
        (["Work", "home"], True),
        (["home", "not_home"], True),
        (["unknown", "home"], False),
        (["not_home", "unavailable", "home"], False),
        (["unknown"], True),
        (["unavailable"], True),
        ([], True),
    ],
)
async def test_only_if_away(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    runs: Runs,
    moves: list[str],
    away: bool,
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3", person=ALICE)
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, {"only_if_away": True}, "away")
    runs.add("member_came_home", AT_LOCK, {"only_if_away": False}, "always")
    await runs.arm()
    for move in moves:
        hass.states.async_set(ALICE, move)
        await hass.async_block_till_done()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == (["always", "away"] if away else ["always"])


async def test_who_came_home_long_ago_is_not_away(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trigger, "JUST_ARRIVED", timedelta(0))
    add_member(hass, entry, "Alice", "fingerprint:3", person=ALICE)
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, {"only_if_away": True})
    await runs.arm()
    for move in ("not_home", "home"):
        hass.states.async_set(ALICE, move)
        await hass.async_block_till_done()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.names == []


async def test_a_member_without_a_person_counts_as_away(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, {"only_if_away": True})
    await runs.arm()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.names == ["it"]


async def test_an_automation_that_is_switched_off_watches_nobody(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3", person=ALICE)
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, {"only_if_away": True})
    await runs.arm()
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.it"}, blocking=True
    )
    hass.states.async_set(ALICE, "not_home")
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.names == []


async def ask(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Ask at the door to be let in, until that is over."""
    await lock.request(60)
    await wait_for(hass, lambda: known(entry).requested)
    await lock.end_request()
    await wait_for(hass, lambda: not known(entry).requested)


async def test_each_request_counts_the_first_that_a_lock_ever_has_too(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert hass.states.get(REQUESTED) is None
    device = device_id(hass, entry, simulated_lock.device_id)
    runs.add("unlock_requested", AT_LOCK, name="lock")
    runs.add("unlock_requested", {"device_id": device}, name="device")
    runs.add("unlock_requested", {"entity_id": REQUESTED}, name="sensor")
    runs.add("unlock_requested", {"entity_id": "event.doorbell"}, name="no")
    await runs.arm()
    await ask(hass, entry, simulated_lock)
    assert sorted(runs.names) == ["device", "lock", "sensor"]
    await ask(hass, entry, simulated_lock)
    assert sorted(runs.names[3:]) == ["device", "lock", "sensor"]
    assert set(runs.entities) == {REQUESTED}


async def test_a_request_that_is_restored_or_renamed_is_no_new_one(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await ask(hass, entry, simulated_lock)
    runs.add("unlock_requested", AT_LOCK)
    await runs.arm()
    await simulated_lock.request(60)
    await wait_for(hass, lambda: known(entry).requested)
    assert runs.names == ["it"]
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    assert state(hass, REQUESTED).state == "on"
    monkeypatch.setattr(f"custom_components.{DOMAIN}.trigger.JUST_CREATED", timedelta(0))
    er.async_get(hass).async_update_entity(REQUESTED, new_entity_id="binary_sensor.asked")
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.asked").state == "on"
    assert runs.names == ["it"]
    await simulated_lock.end_request()
    await wait_for(hass, lambda: not known(entry).requested)
    await ask(hass, entry, simulated_lock)
    assert runs.entities == [REQUESTED, "binary_sensor.asked"]


async def test_a_request_from_the_unknown_counts(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await ask(hass, entry, simulated_lock)
    runs.add("unlock_requested", AT_LOCK)
    await runs.arm()
    for one in ("unknown", "on", "unavailable", "on", "off", "on"):
        hass.states.async_set(REQUESTED, one)
        await hass.async_block_till_done()
    assert len(runs.names) == 2


async def test_a_removed_lock_runs_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await setup(hass, entry)
    runs.add("unlock_requested", AT_LOCK, name="requested")
    runs.add("unlocked", AT_LOCK, name="unlocked")
    await runs.arm()
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert runs.names == []
