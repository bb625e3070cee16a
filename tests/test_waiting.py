"""An unlock that waits for somebody at the door, a request at the door, and who opened it."""

import asyncio
from datetime import datetime
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, EVENT_HOMEASSISTANT_STOP, EVENT_STATE_CHANGED
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from tests.common import (
    LOCK,
    NAME,
    UNLOCK,
    fall_asleep,
    known,
    reported,
    restart,
    set_up_awake,
    state,
    until,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

CALL_OFF = f"button.{NAME}_call_off_unlock"
REQUESTED = f"binary_sensor.{NAME}_unlock_requested"
LAST_UNLOCKED_BY = f"sensor.{NAME}_last_unlocked_by"


@pytest.fixture
def anna(hass: HomeAssistant) -> Context:
    """The context of what Anna does, who has a person."""
    user = MockUser(name="anna1", is_owner=True).add_to_hass(hass)
    hass.states.async_set("person.anna", "home", {"user_id": user.id, "friendly_name": "Anna"})
    return Context(user_id=user.id)


def unlock(hass: HomeAssistant, context: Context | None = None, **data: Any) -> asyncio.Task[Any]:
    """Begin to unlock."""
    call = hass.services.async_call(
        "lock", "unlock", {ATTR_ENTITY_ID: LOCK, **data}, blocking=True, context=context
    )
    return hass.async_create_task(call)


async def waiting(
    hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock, context: Context | None = None
) -> asyncio.Task[Any]:
    """Return an unlock that waits for the lock, which sleeps."""
    await set_up_awake(hass, entry, lock)
    await fall_asleep(hass, entry, lock)
    call = unlock(hass, context)
    await until(lambda: state(hass, LOCK).attributes.get("waits_until"))
    return call


def moment(shown: State, attribute: str) -> datetime:
    """Return the time that an attribute has."""
    found = dt_util.parse_datetime(shown.attributes[attribute])
    assert found
    return found


# Waiting


async def test_a_waiting_unlock_says_what_it_waits_for_and_until_when(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    before = dt_util.utcnow()
    call = await waiting(hass, entry, simulated_lock)
    shown = state(hass, LOCK)
    assert (shown.state, shown.attributes["waits_for"]) == ("unlocking", "request")
    left = moment(shown, "waits_until") - before
    assert 29 < left.total_seconds() < 60
    await simulated_lock.request(30)
    await call
    assert simulated_lock.openings == ["remote"]
    shown = state(hass, LOCK)
    assert not {"waits_for", "waits_until"} & shown.attributes.keys()


async def test_an_unlock_that_is_under_way_waits_for_the_answer_of_the_lock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    shown = async_capture_events(hass, EVENT_STATE_CHANGED)
    await unlock(hass)
    attributes = [
        one.data["new_state"].attributes
        for one in shown
        if one.data["entity_id"] == LOCK and one.data["new_state"].state == "unlocking"
    ]
    assert attributes
    assert {one["waits_for"] for one in attributes} == {"answer"}
    assert {one["waits_until"] for one in attributes} == {None}


async def test_a_waiting_unlock_is_called_off_by_the_button(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, anna: Context
) -> None:
    call = await waiting(hass, entry, simulated_lock, anna)
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: CALL_OFF}, blocking=True)
    with pytest.raises(HomeAssistantError) as error:
        await call
    assert error.value.translation_key == "unlock_cancelled"
    await hass.async_block_till_done()
    assert state(hass, CALL_OFF).state not in {"unknown", "unavailable"}, "it was pressed"
    assert state(hass, LOCK).state != "unlocking"
    await simulated_lock.request(30)
    await reported(hass, simulated_lock)
    assert simulated_lock.openings == []


async def test_calling_off_by_lock_is_no_error_though_the_lock_sleeps(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.motor_state = True
    call = await waiting(hass, entry, simulated_lock)
    await hass.services.async_call("lock", "lock", {ATTR_ENTITY_ID: LOCK}, blocking=True)
    with pytest.raises(HomeAssistantError) as error:
        await call
    assert error.value.translation_key == "unlock_cancelled"


async def test_while_home_assistant_stops_nothing_waits(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    call = await waiting(hass, entry, simulated_lock)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    async with asyncio.timeout(5):
        for one in (call, unlock(hass)):
            with pytest.raises(HomeAssistantError) as error:
                await one
            assert error.value.translation_key == "unlock_cancelled"
    assert state(hass, LOCK).state != "unlocking"


async def test_nothing_is_left_to_call_off(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    call = await waiting(hass, entry, simulated_lock)
    press = {ATTR_ENTITY_ID: CALL_OFF}
    results = await asyncio.gather(
        *(hass.services.async_call("button", "press", press, blocking=True) for _ in range(2)),
        call,
        return_exceptions=True,
    )
    assert results[0] is None
    assert isinstance(results[1], ServiceValidationError)
    assert results[1].translation_key == "no_unlock_waits"


async def test_a_request_has_an_end(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    before = dt_util.utcnow()
    await simulated_lock.request(45)
    await wait_for(hass, lambda: hass.states.get(REQUESTED))
    left = moment(state(hass, REQUESTED), "until") - before
    assert 43 < left.total_seconds() < 47
    await simulated_lock.end_request()
    await wait_for(hass, lambda: state(hass, REQUESTED).state == "off")
    assert state(hass, REQUESTED).attributes["until"] is None


# A try that is refused


async def test_each_refused_code_writes_a_state_for_the_slider_on_the_dashboard(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code="86420975")
    before = state(hass, LOCK)
    for _ in range(2):
        changed = async_capture_events(hass, EVENT_STATE_CHANGED)
        with pytest.raises(ServiceValidationError):
            await unlock(hass, code="1111")
        (one,) = [one for one in changed if one.data["entity_id"] == LOCK]
        new = one.data["new_state"]
        assert (new.state, new.last_changed) == (before.state, before.last_changed)
        assert moment(new, "refused_at") <= dt_util.utcnow()


async def test_why_it_was_refused_is_said_in_the_language_of_the_house(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code="86420975")
    await hass.config.async_update(language="de")
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError):
        await unlock(hass, code="1111")
    assert state(hass, LOCK).attributes["refusal"].startswith("Das ist nicht der Code, mit dem")


async def test_a_lock_that_cannot_lock_writes_a_state_too(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    changed = async_capture_events(hass, EVENT_STATE_CHANGED)
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call("lock", "lock", {ATTR_ENTITY_ID: LOCK}, blocking=True)
    assert [one for one in changed if one.data["entity_id"] == LOCK]


async def test_a_failed_unlock_ends_with_a_state(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.double_lock(True)
    changed = async_capture_events(hass, EVENT_STATE_CHANGED)
    with pytest.raises(HomeAssistantError):
        await unlock(hass)
    shown = [one.data["new_state"].state for one in changed if one.data["entity_id"] == LOCK]
    assert shown[0] == "unlocking"
    assert shown[-1] != "unlocking"


# Who pressed Unlock


async def test_who_pressed_unlock_is_said_everywhere(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, anna: Context
) -> None:
    simulated_lock.knobs.motor_state = True
    simulated_lock.knobs.relock_seconds = 0.2
    await set_up_awake(hass, entry, simulated_lock)
    changed = async_capture_events(hass, EVENT_STATE_CHANGED)
    await unlock(hass, anna)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
    assert state(hass, UNLOCK).context.user_id == anna.user_id
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"
    assert state(hass, LAST_UNLOCKED_BY).state == "Anna"
    users = {
        one.data["new_state"].state: one.context.user_id
        for one in changed
        if one.data["entity_id"] == LOCK
    }
    assert users == {"unlocking": anna.user_id, "unlocked": anna.user_id, "locked": None}
    await restart(hass, entry)
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"


async def test_who_pressed_unlock_is_said_still_when_somebody_else_has_tried_since(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, anna: Context
) -> None:
    bob = Context(user_id=MockUser(name="Bob", is_owner=True).add_to_hass(hass).id)
    await set_up_awake(hass, entry, simulated_lock)
    await unlock(hass, anna)
    await reported(hass, simulated_lock)
    await simulated_lock.double_lock(True)
    with pytest.raises(HomeAssistantError):
        await unlock(hass, bob)
    await restart(hass, entry)
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"


async def test_who_pressed_unlock_is_said_where_tuya_opens_as_the_app_does(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    anna: Context,
) -> None:
    await set_up_awake(hass, entry, simulated_lock, unlock_with="cloud")
    await simulated_lock.push({"15": 1})
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "App 1"
    await simulated_lock.request(30)
    await until(lambda: known(entry).requested)
    await unlock(hass, anna)
    await reported(hass, simulated_lock)
    assert state(hass, UNLOCK).attributes["event_type"] == "app"
    assert state(hass, UNLOCK).context.user_id == anna.user_id
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"
    await restart(hass, entry)
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"


async def test_whoever_waits_has_not_opened_with_the_app(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    anna: Context,
) -> None:
    await set_up_awake(hass, entry, simulated_lock, unlock_with="cloud")
    await fall_asleep(hass, entry, simulated_lock)
    call = unlock(hass, anna)
    await until(lambda: state(hass, LOCK).attributes.get("waits_until"))
    await simulated_lock.wake()
    await simulated_lock.push({"15": 1})
    await until(lambda: state(hass, LOCK).attributes.get("changed_by") == "App 1")
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: CALL_OFF}, blocking=True)
    with pytest.raises(HomeAssistantError):
        await call


async def test_who_has_just_asked_something_has_not_opened_the_door(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, anna: Context
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await hass.services.async_call(
        DOMAIN,
        "get_records",
        {ATTR_ENTITY_ID: LOCK},
        blocking=True,
        return_response=True,
        context=anna,
    )
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert (state(hass, LOCK).state, state(hass, LOCK).context.user_id) == ("unlocked", None)


async def test_who_pressed_unlock_is_known_after_a_long_wait(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    anna: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("homeassistant.helpers.entity.CONTEXT_RECENT_TIME_SECONDS", 0.2)
    call = await waiting(hass, entry, simulated_lock, anna)
    called = time.monotonic()
    await until(lambda: time.monotonic() > called + 0.2)
    await simulated_lock.request(30)
    await call
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "Anna"
    assert state(hass, LOCK).state == "unlocked"
    assert state(hass, LOCK).context.user_id == anna.user_id
    assert state(hass, UNLOCK).context.user_id == anna.user_id


async def test_a_user_without_a_person_has_a_name(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    user = MockUser(name="Bob", is_owner=True).add_to_hass(hass)
    await set_up_awake(hass, entry, simulated_lock)
    await unlock(hass, Context(user_id=user.id))
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "Bob"


@pytest.mark.parametrize("generated", [False, True])
async def test_where_nobody_pressed_it_was_home_assistant(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, generated: bool
) -> None:
    user = MockUser(name="Supervisor", is_owner=True, system_generated=True).add_to_hass(hass)
    await set_up_awake(hass, entry, simulated_lock)
    await unlock(hass, Context(user_id=user.id if generated else None))
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "Home Assistant"


async def test_who_is_at_the_door_is_not_who_pressed_unlock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, anna: Context
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await unlock(hass, anna)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert state(hass, LOCK).attributes["changed_by"] == "Fingerprint 3"
    assert state(hass, UNLOCK).context.user_id is None


@pytest.mark.parametrize(("later", "name"), [(1, "Anna"), (60, "Home Assistant")])
async def test_a_call_that_a_crash_has_cut_off_opens_nothing_later(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    later: int,
    name: str,
) -> None:
    await setup(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    stored, began = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"], time.time() - 3600
    stored["calls"] = [{"began": began, "ended": None, "name": "Anna"}]
    stored["journal"]["records"]["1"] = {
        "id": 1,
        "event": {"kind": "unlock", "method": "remote"},
        "when": {"received": began + later},
        "source": "lan",
        "age": "live",
        "delivered": True,
    }
    await setup(hass, entry)
    assert state(hass, LOCK).attributes["changed_by"] == name
