"""What a report changes in what is known of a lock."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    UNLOCK_METHODS,
    Age,
    Alarm,
    Family,
    LockState,
    Reader,
    Record,
    Source,
    Unlock,
    Value,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, Event, Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import (
    NUMBERS,
    SETTINGS,
    Observation,
)
from custom_components.tuya_wifi_lock.tuyalock.products.product import STATE_CODES
from custom_components.tuya_wifi_lock.tuyalock.records.ageing import when
from custom_components.tuya_wifi_lock.tuyalock.records.state import (
    STALE_AFTER,
    Bolt,
    bolt,
    current,
    forget_ahead,
    heard,
    opened,
    reduce,
    reduce_record,
    state_at,
)
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

from ..reading import observe

NOW = 1_700_000_000.0
FINGER = Unlock("fingerprint", 3)
A, B, D = Family.A, Family.B, Family.D
EVERYTHING = LockState(
    motor_unlocked=True,
    motor_at=NOW - 60,
    door_open=True,
    double_locked=True,
    passage_mode=True,
    battery=55,
    battery_level="low",
    request_until=NOW + 60,
    opened_at=NOW - 100,
    last_heard=NOW - 50,
    seen=frozenset({"unlock_card"}),
    numbers=frozenset({"card:14", "fingerprint:3"}),
    jammed_at=NOW - 30,
    settings={"normal_open_switch": False},
)


def apply(
    state: LockState, codes: Mapping[str, Value], now: float = NOW, *, is_answer: bool = False
) -> LockState:
    """Return the state after a report of the lock itself."""
    dated = [(Observation(code, value), now) for code, value in codes.items()]
    return reduce(heard(state, now), dated, is_answer=is_answer)


def report(state: LockState, family: Family, dps: dict[int, Any]) -> LockState:
    """Return the state after a report of DPs."""
    items = [Item(id_, value) for id_, value in dps.items()]
    observed = observe(PROFILES[family], items)
    return apply(state, {one.code: one.value for one in observed})


# DP -> field


@pytest.mark.parametrize(
    ("family", "dp", "value", "field", "expected"),
    [
        (B, 55, True, "motor_unlocked", True),
        (B, 55, False, "motor_unlocked", False),
        (B, 13, True, "double_locked", True),
        (A, 13, False, "double_locked", False),
        (B, 58, True, "passage_mode", True),
        (B, 12, 90, "battery", 90),
        (A, 12, 0, "battery", 0),
        (A, 12, 100, "battery", 100),
        (A, 11, "high", "battery_level", "high"),
        (B, 11, "medium", "battery_level", "medium"),
        (B, 11, "low", "battery_level", "low"),
        (B, 11, "poweroff", "battery_level", "poweroff"),
        (B, 18, "open", "door_open", True),
        (B, 18, "closed", "door_open", False),
        (B, 9, 26, "request_until", NOW + 26),
        (A, 9, 1, "request_until", NOW + 1),
        (D, 35, "AQAB", "door_open", True),
        (D, 35, "AQAC", "door_open", False),
    ],
)
def test_a_dp_changes_its_field_alone(
    family: Family, dp: int, value: object, field: str, expected: object
) -> None:
    code = {35: "closed_opened"}.get(dp, PROFILES[family][dp].code)
    heard: dict[str, object] = {"last_heard": NOW, "seen": frozenset({code})}
    if field == "motor_unlocked":
        # It moves, so it is stuck no more.
        heard |= {"motor_at": NOW, "jammed_at": None}
    if code in SETTINGS:
        heard["settings"] = {code: value}
    assert report(LockState(), family, {dp: value}) == LockState(**{field: expected} | heard)
    changed = replace(EVERYTHING, **{field: expected} | heard | {"seen": EVERYTHING.seen | {code}})
    assert report(EVERYTHING, family, {dp: value}) == changed


@pytest.mark.parametrize(
    ("family", "dp", "value", "field"),
    [
        (B, 18, "unknown", "door_open"),
        (B, 9, 0, "request_until"),
        (B, 9, -1, "request_until"),
    ],
)
def test_a_dp_can_say_that_nothing_is_known(
    family: Family, dp: int, value: object, field: str
) -> None:
    assert getattr(report(EVERYTHING, family, {dp: value}), field) is None


@pytest.mark.parametrize("value", [101, -1, 10**6, 10**30, 5.5, "50"])
def test_a_charge_that_no_battery_has_is_not_even_seen(value: object) -> None:
    assert report(EVERYTHING, B, {12: value}) == replace(EVERYTHING, last_heard=NOW)


@pytest.mark.parametrize(
    ("family", "dp", "value"),
    [
        (B, 11, "full"),
        (B, 11, ""),
        (B, 18, "ajar"),
        (D, 35, "AQAD"),
        (D, 35, "AQ=="),
        (D, 35, "?"),
    ],
)
def test_a_value_that_cannot_be_changes_nothing(family: Family, dp: int, value: object) -> None:
    assert report(EVERYTHING, family, {dp: value}) == replace(EVERYTHING, last_heard=NOW)
    assert report(LockState(), family, {dp: value}) == LockState(last_heard=NOW)


def test_settings_are_as_they_were_reported_last() -> None:
    state = apply(LockState(), {"automatic_lock": True, "beep_volume": "low"}, NOW)
    state = apply(state, {"beep_volume": "mute", "lock_motor_direction": "left"}, NOW)
    assert state.settings == {"automatic_lock": True, "beep_volume": "mute"}


@pytest.mark.parametrize(
    ("jammed_at", "opened_at", "jammed"),
    [
        (None, None, False),
        (NOW, None, True),
        (NOW, NOW - 1, True),
        # One report may say that somebody unlocked, and that the bolt stuck.
        (NOW, NOW, True),
        (NOW, NOW + 1, False),
    ],
)
def test_a_bolt_is_stuck_until_somebody_unlocks(
    jammed_at: float | None, opened_at: float | None, jammed: bool
) -> None:
    assert LockState(jammed_at=jammed_at, opened_at=opened_at).jammed is jammed


@pytest.mark.parametrize(("at", "jammed"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_an_opening_after_the_bolt_was_stuck_frees_it_even_in_the_same_second(
    at: float, jammed: bool
) -> None:
    assert opened(LockState(jammed_at=NOW), at, NOW + 1).jammed is jammed


def test_an_equal_report_again_prolongs_what_it_says() -> None:
    codes = {"unlock_request": 30, "residual_electricity": 90}
    first = apply(LockState(), codes, NOW)
    again = apply(first, codes, NOW + 5)
    assert again == replace(first, request_until=NOW + 35, last_heard=NOW)


@pytest.mark.parametrize(
    ("known", "now", "noted"),
    [
        (None, NOW, NOW),
        (NOW, NOW, NOW),
        (NOW, NOW + 9.9, NOW),
        (NOW, NOW + 10, NOW + 10),
        (NOW, NOW + 500, NOW + 500),
        # Our clock was set back
        (NOW, NOW - 1, NOW - 1),
    ],
)
def test_a_sign_of_life_is_not_noted_again_within_seconds(
    known: float | None, now: float, noted: float
) -> None:
    state = LockState(last_heard=known)
    assert heard(state, now).last_heard == noted
    assert apply(state, {}, now).last_heard == noted


@pytest.mark.parametrize(
    ("seconds", "after", "end"),
    [
        # The countdown goes on, a little early or late
        (25, 5.0, NOW + 30),
        (25, 3.1, NOW + 30),
        (25, 6.9, NOW + 30),
        # It was started anew, or was never ours
        (25, 7.0, NOW + 32),
        (25, 3.0, NOW + 28),
        (90, 5.0, NOW + 95),
        (1, 29.0, NOW + 30),
        (0, 5.0, None),
    ],
)
def test_the_jitter_of_a_countdown_moves_no_end(
    seconds: int, after: float, end: float | None
) -> None:
    first = apply(LockState(), {"unlock_request": 30}, NOW)
    again = apply(first, {"unlock_request": seconds}, NOW + after)
    assert again.request_until == end


def test_reports_add_up() -> None:
    state = LockState()
    for dps in ({12: 90, 13: False}, {55: True}, {12: 80, 1: 3}, {}):
        state = report(state, B, dps)
    assert state == LockState(
        battery=80,
        double_locked=False,
        motor_unlocked=True,
        motor_at=NOW,
        last_heard=NOW,
        seen=frozenset(
            {"residual_electricity", "reverse_lock", "lock_motor_state", "unlock_fingerprint"}
        ),
    )


def test_state_codes_are_those_that_leave_a_lasting_trace() -> None:
    samples: dict[DpType, Value] = {
        DpType.BOOLEAN: True,
        DpType.INTEGER: 50,
        DpType.STRING: "open",
        DpType.RAW: "AQAB",
    }
    lasting = set()
    settings = {id_: Dp(code, DpType.STRING) for id_, code in enumerate(SETTINGS)}
    for table in (*PROFILES.values(), settings):
        for dp in table.values():
            value = "low" if dp.code == "battery_state" else samples[dp.type]
            for one in observe({1: dp}, [Item(1, value)]):
                state = apply(LockState(), {one.code: one.value}, NOW)
                if replace(state, last_heard=None, seen=frozenset()) != LockState():
                    lasting.add(one.code)
    assert lasting - {"unlock_request"} == STATE_CODES


# The numbers that exist


def test_a_bitmap_names_the_numbers_that_exist() -> None:
    # Captured: this lock's card 14 was used, too.
    assert report(LockState(), B, {27: "AkA="}).numbers == {"card:14"}


def test_a_bitmap_replaces_the_numbers_of_its_method_alone() -> None:
    two_fingers = b64encode(b"\1\2\2\1").decode()
    known = report(EVERYTHING, A, {25: two_fingers})
    assert known.numbers == {"fingerprint:1", "fingerprint:8", "card:14"}
    assert report(known, A, {25: "", 27: "?"}).numbers == {"card:14"}
    assert report(known, A, {12: 90}).numbers == known.numbers


def test_every_bitmap_of_the_tables_has_a_method() -> None:
    codes = {dp.code for table in PROFILES.values() for dp in table.values()}
    assert {code for code in codes if code.startswith("update_all_")} == NUMBERS.keys()
    assert set(NUMBERS.values()) <= set(UNLOCK_METHODS)
    bitmaps = dict.fromkeys(NUMBERS, "AQI=")
    assert apply(LockState(), bitmaps, NOW).numbers == {f"{one}:1" for one in NUMBERS.values()}


# Storage


@pytest.mark.parametrize("state", [LockState(), EVERYTHING])
def test_a_state_survives_its_storage(state: LockState) -> None:
    assert LockState.from_dict(json.loads(json.dumps(dump(state)))) == state


def test_fields_of_other_versions_are_ignored() -> None:
    stored = dump(EVERYTHING) | {"colour": "red"}
    del stored["battery"], stored["seen"], stored["numbers"]
    del stored["jammed_at"], stored["settings"]
    without = replace(
        EVERYTHING,
        battery=None,
        seen=frozenset(),
        numbers=frozenset(),
        jammed_at=None,
        settings={},
    )
    assert LockState.from_dict(stored) == without


def test_every_field_is_stored() -> None:
    names = {field.name for field in fields(LockState)}
    assert set(dump(EVERYTHING)) == names - {"reported_at"}
    assert all(value is not None for value in dump(EVERYTHING).values())


# Where the bolt is

UNKNOWN, OPEN, LOCKED = Bolt(None), Bolt(False), Bolt(True)
ASSUMED = Bolt(True, assumed=True)
JUST, LONG_AGO = NOW - 4.9, NOW - 5.1


@pytest.mark.parametrize(
    ("passage", "motor", "opened", "relocks", "door", "expected"),
    [
        # Nothing is known
        (None, None, None, False, None, UNKNOWN),
        (None, None, None, True, None, UNKNOWN),
        (False, None, None, True, False, UNKNOWN),
        # The motor says so, but for an opening after it did
        (None, True, None, True, False, OPEN),
        (None, False, None, False, None, LOCKED),
        (False, True, LONG_AGO, True, False, OPEN),
        (False, False, JUST, False, True, OPEN),
        (False, False, LONG_AGO, False, True, LOCKED),
        # Passage mode outdoes everything
        (True, None, None, True, False, OPEN),
        (True, False, LONG_AGO, True, False, OPEN),
        (True, True, None, False, None, OPEN),
        # Only the opening was seen
        (None, None, JUST, False, None, OPEN),
        (None, None, JUST, True, False, OPEN),
        (False, None, JUST, True, None, OPEN),
        (None, None, LONG_AGO, False, None, UNKNOWN),
        (None, None, LONG_AGO, False, False, UNKNOWN),
        (None, None, LONG_AGO, True, None, ASSUMED),
        (False, None, LONG_AGO, True, False, ASSUMED),
        (None, None, LONG_AGO, True, True, UNKNOWN),
        (None, None, LONG_AGO, False, True, UNKNOWN),
        (None, None, NOW - 5.0, True, None, ASSUMED),
        (None, False, NOW - 5.0, True, None, LOCKED),
    ],
)
def test_the_bolt_is_where_the_evidence_says(
    passage: bool | None,
    motor: bool | None,
    opened: float | None,
    relocks: bool,
    door: bool | None,
    expected: Bolt,
) -> None:
    state = LockState(passage_mode=passage, motor_unlocked=motor, opened_at=opened, door_open=door)
    assert bolt(state, NOW, 5.0, relocks) == expected


def test_the_motor_counts_as_soon_as_it_reports_after_an_opening() -> None:
    opened = LockState(motor_unlocked=False, motor_at=NOW - 2, opened_at=NOW - 1)
    assert bolt(opened, NOW, 5.0, relocks_itself=False) == OPEN
    for motor_at in (NOW - 1, NOW):
        moved = replace(opened, motor_at=motor_at)
        assert bolt(moved, NOW, 5.0, relocks_itself=False) == LOCKED


# Records


def record(event: Event, age: Age = Age.LIVE, time: float | None = None) -> Record:
    """Return a record that is received now."""
    return Record(id=1, event=event, when=when(time, NOW), source=Source.LAN, age=age)


@pytest.mark.parametrize(
    ("time", "age", "opened_at"),
    [
        (None, Age.LIVE, NOW),
        (NOW - 5, Age.LIVE, NOW - 5),
        (NOW - 900, Age.LATE, NOW - 900),
        (None, Age.UNKNOWN, None),
    ],
)
def test_an_unlock_whose_time_is_known_has_opened_the_lock(
    time: float | None, age: Age, opened_at: float | None
) -> None:
    state = reduce_record(LockState(), record(Unlock("card", 2), age, time))
    assert state == LockState(opened_at=opened_at)


def test_the_last_opening_counts() -> None:
    state = LockState()
    for ago in (10, 900, 0, 3):
        state = opened(state, NOW - ago, NOW)
    assert state.opened_at == NOW


@pytest.mark.parametrize("name", ["tongue_bad", "tongue_not_out"])
def test_an_alarm_of_the_bolt_says_that_it_is_stuck(name: str) -> None:
    state = reduce_record(LockState(), record(Alarm(name), Age.LATE, NOW - 300))
    assert state == LockState(jammed_at=NOW - 300)
    assert state.jammed
    moved = LockState(motor_unlocked=False, motor_at=NOW - 200)
    assert reduce_record(moved, record(Alarm(name), Age.LATE, NOW - 300)) == moved


@pytest.mark.parametrize("event", [Alarm("pry"), Doorbell()])
def test_other_records_change_nothing(event: Event) -> None:
    assert reduce_record(EVERYTHING, record(event)) == EVERYTHING


@pytest.mark.parametrize(("at", "jammed"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_an_unlock_ends_the_jam_before_it(at: float, jammed: bool) -> None:
    state = reduce_record(LockState(jammed_at=NOW), record(FINGER, Age.LATE, at))
    assert state.jammed is jammed


def test_a_bolt_that_sticks_in_the_report_of_its_own_move_is_stuck() -> None:
    state = apply(LockState(), {"lock_motor_state": True})
    state = reduce_record(state, record(FINGER))
    assert reduce_record(state, record(Alarm("tongue_bad"))).jammed


def test_a_bolt_that_has_moved_is_stuck_no_more_but_an_answer_does_not_say_so() -> None:
    jammed = LockState(jammed_at=NOW)
    assert apply(jammed, {"lock_motor_state": False}, NOW + 5, is_answer=True).jammed
    assert not apply(jammed, {"lock_motor_state": False}, NOW + 5).jammed
    assert apply(jammed, {"lock_motor_state": False}, NOW - 5).jammed
    assert apply(jammed, {"residual_electricity": 5}, NOW + 5).jammed


# What an account reports


def dated(*observations: Observation, state: LockState | None = None) -> list[tuple[str, float]]:
    """Return the codes that count, with their times."""
    return [(one.code, at) for one, at in current(state or LockState(), observations, NOW)]


def test_what_an_account_reports_has_its_time_but_none_that_lies_ahead() -> None:
    assert dated(
        Observation("battery_state", "low"),
        Observation("reverse_lock", value=True, time=NOW - 500),
        Observation("lock_motor_state", value=True, time=NOW + 500),
    ) == [("battery_state", NOW), ("reverse_lock", NOW - 500), ("lock_motor_state", NOW)]


def test_what_is_older_than_what_is_known_does_not_count() -> None:
    state = reduce(LockState(), [(Observation("battery_state", "low"), NOW - 50)])
    older = Observation("battery_state", "high", NOW - 51)
    equal = Observation("battery_state", "high", NOW - 50)
    assert dated(older, state=state) == []
    assert dated(equal, state=state) == [("battery_state", NOW - 50)]


def test_a_request_that_is_over_does_not_count() -> None:
    assert dated(Observation("unlock_request", 30, NOW - STALE_AFTER - 1)) == []
    assert dated(Observation("unlock_request", 30, NOW - STALE_AFTER))


def test_a_request_lasts_until_its_end() -> None:
    state = apply(LockState(), {"unlock_request": 30})
    assert state_at(state, NOW + 29.9).request_until == NOW + 30
    assert state_at(state, NOW + 30).request_until is None
    assert state_at(LockState(), NOW).request_until is None


# A clock that was ahead


def test_what_was_noted_while_our_own_clock_was_ahead_counts_no_more() -> None:
    ahead = NOW + 3600
    state = apply(LockState(), {"lock_motor_state": True, "residual_electricity": 80}, ahead + 1)
    state = replace(opened(state, ahead, ahead), jammed_at=ahead + 2)
    assert state_at(state, ahead).opened_at == ahead
    requested = LockState(request_until=NOW + 3600)
    assert state_at(requested, NOW).request_until is None
    assert state_at(requested, NOW + 3540).request_until == NOW + 3600
    assert state_at(state, NOW).opened_at is None
    state = opened(state, NOW + 1, NOW + 1)
    assert (state.opened_at, state.motor_at, state.jammed) == (NOW + 1, None, False)
    later = [Observation("residual_electricity", 70, NOW + 2)]
    assert reduce(state, current(state, later, NOW + 2)).battery == 70


def test_only_what_lies_ahead_is_forgotten() -> None:
    state = replace(EVERYTHING, jammed_at=NOW + 10, motor_at=NOW + 11)
    assert forget_ahead(state, NOW) == replace(state, motor_at=None)


def test_a_clock_that_is_behind_after_a_start_takes_nothing_from_what_is_known() -> None:
    state = LockState(opened_at=NOW)
    assert state_at(state, NOW - 9).opened_at == NOW
    assert state_at(state, NOW - 3600).opened_at is None
    assert state_at(state, NOW).opened_at == NOW


@pytest.mark.parametrize(
    "changes",
    [
        {"battery": "full"},
        {"battery": True},
        {"battery": 101},
        {"battery_level": "empty"},
        {"last_heard": 1e300},
        {"seen": "all"},
        {"numbers": 7},
        {"settings": 7},
    ],
)
def test_of_a_stored_state_the_fields_that_can_be_read_are_read(changes: dict[str, Any]) -> None:
    reader = Reader()
    (name,) = changes
    default = next(one for one in fields(LockState) if one.name == name)
    empty = default.default if default.default is not MISSING else default.default_factory()  # type: ignore[misc]
    state = LockState.from_dict(dump(EVERYTHING) | changes, reader)
    assert state == replace(EVERYTHING, **{name: empty})
    assert reader.unread == {"state": 1}


def test_of_a_stored_collection_the_items_that_can_be_read_are_read() -> None:
    reader = Reader()
    stored = {"numbers": ["card:7", "card", 3, "card:70000x"], "settings": {"volume": [], "x": 1}}
    state = LockState.from_dict(stored, reader)
    assert state == LockState(numbers=frozenset({"card:7"}), settings={"x": 1})
    assert reader.unread == {"state": 4}


@pytest.mark.parametrize("stored", [None, [], 7, "state"])
def test_a_stored_state_that_is_none_begins_again(stored: Any) -> None:
    reader = Reader()
    assert LockState.from_dict(stored, reader) == LockState()
    assert reader.unread == {"state": 1}
