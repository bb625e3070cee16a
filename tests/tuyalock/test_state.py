"""What a report changes in what is known of a lock."""

from base64 import b64encode
from dataclasses import fields, replace
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.profiles import (
    PROFILES,
    Dp,
    DpType,
    Family,
)
from custom_components.tuya_wifi_lock.tuyalock.state import (
    METHODS,
    NUMBERS,
    SETTINGS,
    STATE_CODES,
    UNLOCK_METHODS,
    Bolt,
    LockState,
    Unlock,
    apply,
    bolt,
    decode,
    heard,
    unlocks,
)

from .house import house

NOW = 1_700_000_000.0
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


def report(state: LockState, family: Family, dps: dict[int, Any]) -> LockState:
    return apply(state, decode(PROFILES[family or Family.B], dps), NOW)


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
    code = PROFILES[family or Family.B][dp].code
    heard: dict[str, object] = {"last_heard": NOW, "seen": frozenset({code})}
    if field == "motor_unlocked":
        heard["motor_at"] = NOW
    if code in SETTINGS:
        heard["settings"] = {code: value}
    assert report(LockState(), family, {dp: value}) == LockState(**{field: expected} | heard)
    changed = replace(EVERYTHING, **{field: expected} | heard | {"seen": EVERYTHING.seen | {code}})
    assert report(EVERYTHING, family, {dp: value}) == changed


@pytest.mark.parametrize(
    ("family", "dp", "value", "field"),
    [
        (B, 18, "unknown", "door_open"),
        (B, 18, "ajar", "door_open"),
        (D, 35, "AQAD", "door_open"),
        (B, 9, 0, "request_until"),
        (B, 9, -1, "request_until"),
    ],
)
def test_a_dp_can_say_that_nothing_is_known(
    family: Family, dp: int, value: object, field: str
) -> None:
    assert getattr(report(EVERYTHING, family, {dp: value}), field) is None


@pytest.mark.parametrize(
    ("family", "dp", "value"),
    [
        (B, 12, 101),
        (B, 12, -1),
        (B, 12, 10**6),
        (B, 11, "full"),
        (B, 11, ""),
        (D, 35, "AQ=="),
        (D, 35, "?"),
    ],
)
def test_a_value_that_cannot_be_changes_nothing(family: Family, dp: int, value: object) -> None:
    seen = EVERYTHING.seen | {PROFILES[family or Family.B][dp].code}
    heard = replace(EVERYTHING, last_heard=NOW, seen=seen)
    assert report(EVERYTHING, family, {dp: value}) == heard
    code = PROFILES[family or Family.B][dp].code
    fresh = LockState(last_heard=NOW, seen=frozenset({code}))
    assert report(LockState(), family, {dp: value}) == fresh


@pytest.mark.parametrize(
    ("family", "dps"),
    [
        (B, {12: "90"}),
        (B, {12: True}),
        (B, {12: 90.0}),
        (B, {12: None}),
        (B, {55: 1}),
        (B, {55: "true"}),
        (B, {13: 0}),
        (B, {18: True}),
        (B, {11: 1}),
        (B, {9: "26"}),
        (B, {9: True}),
        (B, {1: True}),
        (B, {49: 1}),
        (B, {49: None}),
        (B, {8: True}),
        (B, {8: ["pry"]}),
        (D, {35: 1}),
        (D, {35: [1]}),
        (B, {999: 1}),
        (D, {12: 90}),
    ],
)
def test_values_of_a_wrong_type_and_unknown_dps_are_left_out(
    family: Family, dps: dict[int, Any]
) -> None:
    assert decode(PROFILES[family or Family.B], dps) == {}
    assert report(EVERYTHING, family, dps) == replace(EVERYTHING, last_heard=NOW)


@pytest.mark.parametrize("value", ["pry", "08", 256])
@pytest.mark.parametrize("type_", [DpType.STRING, DpType.INTEGER])
def test_an_alarm_may_be_text_or_a_number_whatever_the_model_says(
    type_: DpType, value: str | int
) -> None:
    assert decode({8: Dp("alarm_lock", type_)}, {8: value}) == {"alarm_lock": value}


@pytest.mark.parametrize("type_", DpType)
@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("lock_motor_state", bool),
        ("reverse_lock", bool),
        ("normal_open_switch", bool),
        ("residual_electricity", int),
        ("unlock_request", int),
        ("battery_state", str),
    ],
)
def test_what_we_reckon_with_has_the_type_that_we_know_whatever_the_model_says(
    code: str, known: type, type_: DpType
) -> None:
    table = {77: Dp(code, type_), 1: PROFILES[B][1]}
    for value in ("80", "AAAA", 80, True):
        codes = decode(table, {77: value, 1: 3})
        fits = {code: value} if type(value) is known else {}
        assert codes == {"unlock_fingerprint": 3} | fits
        assert apply(LockState(), codes, NOW).seen == codes.keys()


async def test_a_model_with_a_type_of_its_own_hides_nothing_else(socket_enabled: None) -> None:
    table = PROFILES[B] | {
        9: Dp("unlock_request", DpType.RAW),
        12: Dp("residual_electricity", DpType.STRING),
    }
    async with house() as home:
        home.lock.learn(table)
        await home.awake()
        await home.simulated.push({"9": "AAAA", "12": "80", "1": 3})
        await home.until(lambda: home.told == ["live fingerprint 3"])
        assert not {"unlock_request", "residual_electricity"} & home.lock.snapshot.state.seen
        assert home.simulated.connections == 1


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
        (NOW, NOW, False),
        (NOW, NOW + 1, False),
    ],
)
def test_a_bolt_is_stuck_until_somebody_unlocks(
    jammed_at: float | None, opened_at: float | None, jammed: bool
) -> None:
    assert LockState(jammed_at=jammed_at, opened_at=opened_at).jammed is jammed


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
    samples = {bool: True, int: 50, str: "open", bytes: "AQAB"}
    lasting = set()
    settings = {id_: Dp(code, DpType.STRING) for id_, code in enumerate(SETTINGS)}
    for table in (*PROFILES.values(), settings):
        for dp in table.values():
            value = "low" if dp.code == "battery_state" else samples[dp.type.value]
            state = apply(LockState(), {dp.code: value}, NOW)
            if replace(state, last_heard=None, seen=frozenset()) != LockState():
                lasting.add(dp.code)
    assert lasting - {"unlock_request"} == STATE_CODES


# The numbers that exist


def test_a_bitmap_tells_the_numbers_that_exist() -> None:
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
    assert LockState.from_dict(json.loads(json.dumps(state.as_dict()))) == state


def test_fields_of_other_versions_are_ignored() -> None:
    stored = EVERYTHING.as_dict() | {"colour": "red"}
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
    assert set(EVERYTHING.as_dict()) == {field.name for field in fields(LockState)}
    assert all(value is not None for value in EVERYTHING.as_dict().values())


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
        # The motor tells, but for an opening after it did
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


def test_the_motor_tells_as_soon_as_it_reports_after_an_opening() -> None:
    opened = LockState(motor_unlocked=False, motor_at=NOW - 2, opened_at=NOW - 1)
    assert bolt(opened, NOW, 5.0, relocks_itself=False) == OPEN
    for motor_at in (NOW - 1, NOW):
        moved = replace(opened, motor_at=motor_at)
        assert bolt(moved, NOW, 5.0, relocks_itself=False) == LOCKED


# Unlocks

KIT = b64encode(b"\0\0\0\7\0\0").decode()
NUMBERLESS = {"unlock_offline_pd", "unlock_double_kit", "open_inside"}


@pytest.mark.parametrize(("code", "method"), METHODS.items())
def test_every_code_of_an_unlock_gives_its_method_and_number(code: str, method: str) -> None:
    value = True if code == "open_inside" else KIT if code.endswith(("_kit", "_pd")) else 7
    number = None if code in NUMBERLESS else 7
    assert list(unlocks({code: value})) == [(code, Unlock(method, number))]


@pytest.mark.parametrize(
    ("code", "value", "number"),
    [
        ("unlock_identity_card", 7, 7),
        ("unlock_iris", 0, 0),
        ("unlock_iris_kit", KIT, 7),
        ("unlock_iris", "AAAAAAAA", None),
        ("unlock_iris", True, None),
    ],
)
def test_an_unlock_that_nobody_knows_keeps_its_name(
    code: str, value: bool | int | str, number: int | None
) -> None:
    assert list(unlocks({code: value})) == [(code, Unlock("other", number, code))]


@pytest.mark.parametrize(
    ("code", "value", "unlock"),
    [
        ("unlock_app", 200, Unlock("remote")),
        ("unlock_app", 2, Unlock("app", 2)),
        ("unlock_phone_remote_kit", "AAAAyAAA", Unlock("remote")),
        ("unlock_phone_remote_kit", "AAAAAgAA", Unlock("remote", 2)),
        ("unlock_card", 200, Unlock("card", 200)),
        ("unlock_password", 200, Unlock("password", 200)),
        ("unlock_iris", 200, Unlock("other", 200, "unlock_iris")),
    ],
)
def test_what_we_opened_ourselves_is_a_remote_unlock_without_a_number(
    code: str, value: int | str, unlock: Unlock
) -> None:
    assert list(unlocks({code: value})) == [(code, unlock)]
    assert unlock.by_us is (unlock == Unlock("remote"))


@pytest.mark.parametrize("garbled", ["AAAA", "?", ""])
def test_a_garbled_number_does_not_hide_the_unlock(garbled: str) -> None:
    report = {"unlock_card_kit": garbled}
    assert list(unlocks(report)) == [("unlock_card_kit", Unlock("card"))]


@pytest.mark.parametrize(
    "report",
    [
        {"open_inside": False},
        {"unlock_request": 30},
        {"unlock_offline_clear": "AA=="},
        {"alarm_lock": "pry"},
        {"remote_no_dp_key": "AAAB"},
        {"lock_motor_state": True},
        {"closed_opened": "open"},
        {"reply_unlock_request": True},
        {},
    ],
)
def test_what_is_no_unlock_gives_none(report: dict[str, bool | int | str]) -> None:
    assert list(unlocks(report)) == []


def test_several_unlocks_of_a_report_come_in_its_order() -> None:
    report = {"unlock_card": 2, "residual_electricity": 90, "unlock_fingerprint": 3}
    assert [code for code, _ in unlocks(report)] == ["unlock_card", "unlock_fingerprint"]
    assert [code for code, _ in unlocks(dict(reversed(report.items())))] == [
        "unlock_fingerprint",
        "unlock_card",
    ]


def test_every_unlock_of_the_tables_has_a_method() -> None:
    codes = {dp.code for table in PROFILES.values() for dp in table.values()}
    known = {code for code in codes if code.startswith("unlock_")}
    assert known - METHODS.keys() == {"unlock_request", "unlock_offline_clear"}


def test_the_methods_are_those_that_the_events_promise() -> None:
    promised = (
        "fingerprint password temporary_password dynamic_password offline_password card face palm "
        "finger_vein key app remote bluetooth voice emergency inside combined other"
    )
    assert set(UNLOCK_METHODS) == set(promised.split())
    assert len(UNLOCK_METHODS) == len(set(UNLOCK_METHODS))
