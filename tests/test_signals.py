"""Alarms, rings and duress: each is an event, and duress shows nowhere else."""

import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import ALARMS
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_STATE_CHANGED
from homeassistant.core import CoreState, Event, HomeAssistant, State, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.automations import RUN, Runs, add_member, device_id
from tests.common import (
    LATE_UNLOCK,
    LOCK,
    NAME,
    UNLOCK,
    pass_time,
    reported,
    restart,
    set_up_awake,
    state,
    wake,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

ALARM = f"event.{NAME}_alarm"
DOORBELL = f"event.{NAME}_doorbell"
pytestmark = pytest.mark.usefixtures("all_enabled")

ALICE = "event.alice_opening"
AT_LOCK = {"entity_id": LOCK}
FORCED = {"1": 4, "16": True}
"""Fingerprint 4, and that it was used under duress."""


@pytest.fixture
def runs(hass: HomeAssistant) -> Runs:
    """The runs of the automations of a test."""
    return Runs(hass)


class Events:
    """Hears all that events tell, and which automations run."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin to listen."""
        self._changes = async_capture_events(hass, EVENT_STATE_CHANGED)
        self._order: list[str] = []
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)
        hass.bus.async_listen(RUN, self._ran)

    @callback
    def _changed(self, change: Event[Any]) -> None:
        new = change.data["new_state"]
        if new and new.domain == "event" and dt_util.parse_datetime(new.state):
            self._order.append(new.entity_id)

    @callback
    def _ran(self, run: Event[Any]) -> None:
        self._order.append(run.data["name"])

    def of(self, entity_id: str) -> list[State]:
        """Return what an event has told."""
        told: dict[str, State] = {}
        for change in self._changes:
            new = change.data["new_state"]
            if new and new.entity_id == entity_id and dt_util.parse_datetime(new.state):
                told.setdefault(new.state, new)
        return list(told.values())

    @property
    def order(self) -> list[str]:
        """Return which events have told something, and which automations have run, in order."""
        return self._order

    def types(self, entity_id: str) -> list[str]:
        """Return the types of what an event has told."""
        return [one.attributes["event_type"] for one in self.of(entity_id)]


@pytest.fixture
def events(hass: HomeAssistant) -> Events:
    """Somebody who hears the events."""
    return Events(hass)


# Alarms


async def test_there_is_no_event_before_the_lock_has_shown_that_it_can_signal(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    registry = er.async_get(hass)
    for entity_id in (ALARM, DOORBELL):
        assert hass.states.get(entity_id) is None
        assert registry.async_get(entity_id) is None


@pytest.mark.parametrize(
    "simulated_lock", [pytest.param({"family": name}, id=name) for name in "ABD"], indirect=True
)
async def test_two_equal_alarms_are_two_events_also_the_first_ever(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for _ in range(2):
        await simulated_lock.alarm("wrong_finger")
        await reported(hass, simulated_lock)
    assert events.types(ALARM) == ["wrong_finger"] * 2
    shown = dict(state(hass, ALARM).attributes)
    happened = dt_util.parse_datetime(shown.pop("time"))
    assert happened
    assert abs(happened.timestamp() - time.time()) < 5
    assert shown == {
        "event_type": "wrong_finger",
        "event_types": list(ALARMS),
        "friendly_name": "Wi-Fi lock 0001 Alarm",
        "late": False,
        "route": "lan",
    }


async def test_an_alarm_while_home_assistant_starts_is_told_when_it_has_started(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, events: Events
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    assert state(hass, ALARM).state == "unknown"
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert events.types(ALARM) == ["pry"]


async def test_an_alarm_that_was_not_told_before_the_end_is_told_after_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, events: Events
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.set_state(CoreState.running)
    await setup(hass, entry)
    assert events.types(ALARM) == ["pry"]
    await restart(hass, entry)
    assert events.types(ALARM) == ["pry"]


async def test_an_alarm_whose_event_is_disabled_waits_until_its_owner_enables_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, events: Events
) -> None:
    registry = er.async_get(hass)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    registry.async_update_entity(ALARM, disabled_by=er.RegistryEntryDisabler.USER)
    await restart(hass, entry)
    assert hass.states.get(ALARM) is None
    await wake(hass, entry, simulated_lock)
    for number in range(25):
        await simulated_lock.alarm("wrong_finger" if number < 5 else "low_battery")
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert len(events.of(UNLOCK)) == 1, "an unlock does not wait for an alarm"
    await restart(hass, entry)
    registry.async_update_entity(ALARM, disabled_by=None)
    await restart(hass, entry)
    await wait_for(hass, lambda: len(events.types(ALARM)) > 20)
    assert events.types(ALARM) == ["pry", *["low_battery"] * 20], "the last of those that waited"
    await restart(hass, entry)
    await hass.async_block_till_done()
    assert len(events.types(ALARM)) == 21


async def test_an_alarm_that_only_the_cloud_knows_is_late_and_keeps_its_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    events: Events,
    runs: Runs,
) -> None:
    runs.add("alarm_raised", AT_LOCK, name="now")
    runs.add("alarm_raised", AT_LOCK, {"max_age": {"hours": 1}}, "hour")
    runs.add("alarm_raised", AT_LOCK, {"max_age": {"minutes": 5}}, "five_minutes")
    created_before(entry)
    at = time.time() - 600
    await runs.arm()
    cloud.log(simulated_lock.device_id, "alarm_lock", "shock", at)
    await setup(hass, entry)
    await wait_for(hass, lambda: events.of(ALARM))
    shown = state(hass, ALARM).attributes
    assert (shown["event_type"], shown["late"], shown["route"]) == ("shock", True, "cloud")
    assert dt_util.parse_datetime(shown["time"]) == dt_util.utc_from_timestamp(
        int(at * 1000) / 1000
    )
    await wait_for(hass, lambda: runs.names)
    assert runs.names == ["hour"]
    await restart(hass, entry)
    assert state(hass, ALARM).attributes["event_type"] == "shock"
    assert events.types(ALARM) == ["shock"]


def created_before(entry: MockConfigEntry) -> None:
    """Let an entry be a day old: what happened before it is no news."""
    object.__setattr__(entry, "created_at", dt_util.utc_from_timestamp(time.time() - 86400))


async def test_alarms_by_type(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    device = device_id(hass, entry, simulated_lock.device_id)
    runs.add("alarm_raised", AT_LOCK, name="any")
    runs.add("alarm_raised", {"device_id": device}, {"types": []}, "empty")
    runs.add("alarm_raised", AT_LOCK, {"types": "pry"}, "pry")
    runs.add("alarm_raised", {"entity_id": [LOCK, ALARM]}, {"types": ["pry", "shock"]}, "both")
    runs.add("alarm_raised", {"entity_id": UNLOCK}, name="never")
    await runs.arm()
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["any", "both", "empty", "pry"], "the first alarm ever"
    await simulated_lock.alarm("wrong_card")
    await reported(hass, simulated_lock)
    assert sorted(runs.names[4:]) == ["any", "empty"]
    await restart(hass, entry)
    assert len(runs.names) == 6


@pytest.mark.parametrize("alarm", ["tongue_bad", "tongue_not_out"])
async def test_a_jam_shows_until_the_next_unlock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alarm: str
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await simulated_lock.alarm(alarm)
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).state == "jammed"
    await simulated_lock.alarm("wrong_finger")
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).state == "jammed"
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).state != "jammed"


# Rings


@pytest.mark.parametrize("simulated_lock", [{"family": "B"}, {"family": "D"}], indirect=True)
async def test_each_ring_runs_home_assistants_own_trigger(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    ran = async_capture_events(hass, RUN)
    device = device_id(hass, entry, simulated_lock.device_id)
    one = {
        "alias": "rang",
        "triggers": [{"trigger": "doorbell.rang", "target": {"device_id": device}}],
        "actions": [{"event": RUN, "event_data": {"entity": "{{ trigger.entity_id }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [one]})
    await hass.async_block_till_done()
    assert state(hass, "automation.rang").state == "on"
    for _ in range(2):
        await simulated_lock.doorbell()
        await reported(hass, simulated_lock)
    assert [event.data["entity"] for event in ran] == [DOORBELL] * 2
    shown = state(hass, DOORBELL).attributes
    assert shown["device_class"] == "doorbell"
    assert shown["event_type"] == "ring"
    assert shown["event_types"] == ["ring"]


@pytest.mark.parametrize("simulated_lock", [{"family": "B"}], indirect=True)
async def test_home_assistants_own_trigger_for_rings_is_offered(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.doorbell()
    await reported(hass, simulated_lock)
    client = await hass_ws_client(hass)
    target = {"device_id": [device_id(hass, entry, simulated_lock.device_id)]}
    await client.send_json_auto_id({"type": "get_triggers_for_target", "target": target})
    assert "doorbell.rang" in (await client.receive_json())["result"]


async def test_a_ring_that_waited_too_long_is_not_told(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, events: Events
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"19": True}, {"19": int(time.time()) - 300})
    await simulated_lock.push({"8": "pry"}, {"8": int(time.time()) - 300})
    await reported(hass, simulated_lock)
    assert events.of(DOORBELL) == []
    assert [one.attributes["late"] for one in events.of(ALARM)] == [True]


@pytest.mark.parametrize("crashed", [False, True])
async def test_a_ring_that_was_not_told_before_the_end_is_not_told_too_late(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
    crashed: bool,
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.doorbell()
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    assert await hass.config_entries.async_unload(entry.entry_id)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    if crashed:
        stored["clean"] = False
    else:
        for record in stored["journal"]["records"].values():
            record["when"]["received"] -= 100
    hass.set_state(CoreState.running)
    await setup(hass, entry)
    assert [one.attributes["late"] for one in events.of(ALARM)] == [True]
    assert events.of(DOORBELL) == []
    await restart(hass, entry)
    assert (len(events.of(ALARM)), len(events.of(DOORBELL))) == (1, 0)


# Duress


@pytest.fixture
async def help_(runs: Runs) -> Runs:
    """The runs of an automation that calls for help."""
    runs.add("duress", AT_LOCK, name="help")
    await runs.arm()
    return runs


async def test_duress_with_its_unlock_tells_who_and_how(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
    help_: Runs,
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3", "fingerprint:4", person="person.alice")
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert "duress" not in state(hass, UNLOCK).attributes
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    unlock = state(hass, UNLOCK)
    assert unlock.attributes["duress"] is True
    assert unlock.attributes["number"] == 4
    (duress,) = help_.duress
    assert dt_util.parse_datetime(duress.pop("time"))
    assert duress == {
        "late": False,
        "member": "Alice",
        "method": "fingerprint",
        "number": 4,
        "person": "person.alice",
        "record": unlock.attributes["record"],
        "route": "lan",
    }
    assert help_.entities == [LOCK]
    assert events.order[-3:] == [UNLOCK, ALICE, "help"], "the unlock first"
    assert state(hass, LOCK).state != "jammed"
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert [one["method"] for one in help_.duress] == ["fingerprint"] * 2
    assert [one.attributes.get("duress") for one in events.of(UNLOCK)] == [None, True, True]


async def test_duress_has_no_entity(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, help_: Runs
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:4", duress=["fingerprint:4"])
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert help_.names == ["help"]
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not [one for one in entities if "duress" in f"{one.entity_id} {one.unique_id}"]
    assert not [one for one in hass.states.async_entity_ids() if "duress" in one]


async def test_duress_after_its_unlock_refers_to_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
    help_: Runs,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.card(2)
    await reported(hass, simulated_lock)
    await simulated_lock.push({"16": True})
    await reported(hass, simulated_lock)
    (duress,), (unlock,) = help_.duress, events.of(UNLOCK)
    assert duress["record"] == unlock.attributes["record"]
    assert duress["method"] == "card"
    assert duress["member"] is None
    assert "duress" not in unlock.attributes


async def test_duress_without_an_unlock_is_told_as_well(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, help_: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"16": True})
    await reported(hass, simulated_lock)
    await pass_time(hass, 2.1)
    (duress,) = help_.duress
    assert duress["method"] is duress["record"] is duress["number"] is None
    await simulated_lock.push({"16": False})
    await reported(hass, simulated_lock)
    assert help_.names == ["help"]


async def test_a_number_that_is_marked_is_duress_and_an_ordinary_unlock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
    runs: Runs,
) -> None:
    numbers = ("fingerprint:3", "fingerprint:4")
    add_member(hass, entry, "Alice", *numbers, duress=["fingerprint:4"])
    await set_up_awake(hass, entry, simulated_lock)
    runs.add("member_came_home", AT_LOCK, name="home")
    runs.add("unlocked", AT_LOCK, name="unlocked")
    runs.add("duress", {"entity_id": [LOCK, UNLOCK]}, name="duress")
    await runs.arm()
    logged = async_capture_events(hass, "logbook_entry")
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["home", "unlocked"]
    normal = dict(state(hass, LOCK).attributes), state(hass, LOCK).state
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    assert sorted(runs.names[2:]) == ["duress", "home", "unlocked"]
    assert (dict(state(hass, LOCK).attributes), state(hass, LOCK).state) == normal
    first, second = events.of(UNLOCK)
    assert first.attributes.keys() == second.attributes.keys()
    assert second.attributes["member"] == "Alice"
    assert [event.data["message"] for event in logged] == [
        "was unlocked by Alice with fingerprint 3",
        "was unlocked by Alice with fingerprint 4",
    ]
    (duress,) = runs.duress
    assert duress["record"] == second.attributes["record"]
    order = [one for one in events.order if one not in {"home", "unlocked"}]
    assert order == [UNLOCK, ALICE, UNLOCK, ALICE, "duress"]


async def test_duress_of_a_device_is_heard_though_its_lock_is_hidden(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:4", duress=["fingerprint:4"])
    await set_up_awake(hass, entry, simulated_lock)
    hidden = er.RegistryEntryHider.USER
    er.async_get(hass).async_update_entity(LOCK, hidden_by=hidden)
    at_lock = {"device_id": device_id(hass, entry, simulated_lock.device_id)}
    runs.add("duress", at_lock, name="lock")
    runs.add("duress", {"device_id": device_id(hass, entry, alice)}, name="member")
    runs.add("duress", {"entity_id": "lock.another"}, name="another")
    await runs.arm()
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    assert runs.names == ["lock"]


async def test_duress_of_an_area_follows_the_lock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    area = ar.async_get(hass).async_create("Hall")
    runs.add("duress", {"area_id": area.id})
    await runs.arm()
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert runs.names == []
    lock = device_id(hass, entry, simulated_lock.device_id)
    dr.async_get(hass).async_update_device(lock, area_id=area.id)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert runs.names == ["it"]


async def test_duress_comes_after_the_unlock_of_a_member_who_was_added_later(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    events: Events,
    help_: Runs,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    add_member(hass, entry, "Alice", "fingerprint:4", duress=["fingerprint:4"])
    await hass.async_block_till_done()
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    assert events.order == [UNLOCK, ALICE, "help"]


async def test_duress_that_member_lock_and_cloud_tell_fires_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    events: Events,
    help_: Runs,
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:4", duress=["fingerprint:4"])
    cloud.add_user(simulated_lock.device_id, "Alice", duress={"unlock_fingerprint": [4]})
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert len(events.of(UNLOCK)) == 1
    await entry.runtime_data.cloud.async_refresh()
    await restart(hass, entry)
    await entry.runtime_data.cloud.async_refresh()
    await hass.async_block_till_done()
    assert any(call.path.endswith("alarm-logs") for call in cloud.calls)
    assert [one["method"] for one in help_.duress] == ["fingerprint"]


async def test_duress_that_only_the_cloud_knows_fires_late(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    help_: Runs,
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:4")
    created_before(entry)
    at = time.time() - 900
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "4", at)
    cloud.log(simulated_lock.device_id, "hijack", "unlock_fingerprint-04", at)
    await setup(hass, entry)
    await wait_for(hass, lambda: help_.names)
    (duress,) = help_.duress
    assert duress["late"] is True
    assert duress["member"] == "Alice"
    assert duress["record"] == state(hass, LATE_UNLOCK).attributes["record"]


async def test_an_old_unlock_with_a_marked_number_is_late_duress(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, help_: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    add_member(hass, entry, "Alice", "card:2", duress=["card:2"])
    await setup(hass, entry)
    await simulated_lock.store("card", 2, at=int(time.time()) - 1800)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    assert [one["late"] for one in help_.duress] == [True]


async def test_duress_while_home_assistant_starts_fires_when_it_has_started(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, help_: Runs
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert help_.names == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert help_.names == ["help"]
    await restart(hass, entry)
    assert help_.names == ["help"]


async def test_duress_before_an_automation_and_a_reload_runs_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    runs.add("duress", AT_LOCK)
    await runs.arm()
    await restart(hass, entry)
    assert runs.names == []
    await wake(hass, entry, simulated_lock)
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert runs.names == ["it"]


async def test_a_run_that_duress_has_caused_does_not_name_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, help_: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    started = async_capture_events(hass, "automation_triggered")
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    (run,) = started
    assert run.data["source"] == "an unlock"
    assert run.context.parent_id is None
