"""What the DPs of a report mean: values by their codes, and the events among them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Alarm, Family, Unlock, Value
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, Duress, Event, Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import (
    METHODS,
    UNLOCK_METHODS,
    Observation,
    events,
)
from tests.tuyalock.house import house
from tests.tuyalock.reading import observe

A, B, D = Family.A, Family.B, Family.D


def decode(table: Mapping[int, Dp], dps: Mapping[int | str, Any]) -> dict[str, Value]:
    """Return the values that the lock itself reports, by code."""
    items = [Item(dp, value) for dp, value in dps.items()]
    return {one.code: one.value for one in observe(table, items)}


def found(codes: Mapping[str, Value]) -> list[Event]:
    """Return the events in a report."""
    return [event for event, _ in events(Observation(code, value) for code, value in codes.items())]


# DP -> code


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
    assert decode(PROFILES[family], dps) == {}


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


async def test_a_model_with_a_type_of_its_own_hides_nothing_else(socket_enabled: None) -> None:
    table = PROFILES[B] | {
        9: Dp("unlock_request", DpType.RAW),
        12: Dp("residual_electricity", DpType.STRING),
    }
    async with house() as home:
        home.lock.learn(table)
        await home.awake()
        await home.simulated.push({"9": "AAAA", "12": "80", "1": 3})
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        assert not {"unlock_request", "residual_electricity"} & home.lock.snapshot.state.seen
        assert home.simulated.connections == 1


def test_values_have_their_own_times() -> None:
    items = [Item(1, 3, 1_700_000_000.0), Item(5, 2), Item(77, 1, 1_700_000_000.0)]
    assert observe(PROFILES[B], items) == [
        Observation("unlock_fingerprint", 3, 1_700_000_000.0),
        Observation("unlock_card", 2),
    ]
    assert events(observe(PROFILES[B], items)) == [
        (Unlock("fingerprint", 3), 1_700_000_000.0),
        (Unlock("card", 2), None),
    ]


def test_a_code_is_read_by_its_name_where_no_table_has_it() -> None:
    items = [Item("unlock_ble", 7), Item("unlock_gait", 7), Item("unlock_voice", [1])]
    assert observe({}, items) == [Observation("unlock_ble", 7)]


@pytest.mark.parametrize(
    ("code", "value", "says"),
    [
        ("battery_percentage", 85, {"residual_electricity": 85}),
        ("Battery", 85, {"residual_electricity": 85}),
        ("battery_percentage", -1, {}),
        ("battery_state", "middle", {"battery_state": "medium"}),
        ("battery_state", "80", {}),
        ("openclose_door", True, {"lock_motor_state": True}),
        ("open_closedoor", False, {"lock_motor_state": False}),
        ("Locked", True, {"lock_motor_state": False}),
        ("open_close", True, {"closed_opened": "open"}),
        ("door_opened", False, {"closed_opened": "closed"}),
        ("closed_opened_kit", "AQAB", {"closed_opened": "open"}),
        ("closed_opened_kit", "AQI=", {"closed_opened": "closed"}),
        ("closed_opened_kit", "AQAD", {}),
        ("closed_opened_kit", "AQ==", {}),
        ("closed_opened", "ajar", {}),
        ("Alarm", "pry", {"alarm_lock": "pry"}),
        ("alarm_lock", "AAAB", {}),
        ("alarm_lock", "99999999999", {}),
        ("alarm_lock", "9999999999", {}),
        ("error_alarm", True, {"alarm_lock": "wrong_unlock"}),
        ("error_alarm", 1, {}),
        ("anti_alarm", False, {"anti_alarm": False}),
        ("lock_alarm_kit", "AQAA", {"alarm_lock": "wrong_password"}),
        ("lock_alarm_kit", "pry", {}),
        ("door_bell", True, {"doorbell": True}),
        ("doorbell_song_kit", "AQ==", {"doorbell": True}),
        ("doorbell_song_kit", "AA==", {"doorbell": False}),
        ("doorbell_song_kit", "", {}),
        ("hijack", "unlock_fingerprint-02", {"hijack": "unlock_fingerprint-02"}),
        ("hijack", "false", {}),
        ("link_mode", "keep", {"link_mode": "keep"}),
        ("link_mode", "held", {}),
        ("unlock_card_kit", "AAAAAwAA", {"unlock_card_kit": 3}),
        ("unlock_card_kit", 3, {}),
        ("unlock_card_kit", "AAEAAAAA", {}),
        ("unlock_double", "AQECAQ==", {"unlock_double": "AQECAQ=="}),
        ("unlock_double", "yes", {}),
        ("unlock_request", 1000, {}),
        ("language", "english", {"language": "english"}),
        ("volume", 3, {"volume": 3}),
        ("mood", 3, {}),
    ],
)
def test_codes_that_say_the_same_come_as_one(
    code: str, value: object, says: dict[str, object]
) -> None:
    found = {one.code: one.value for one in observe({}, [Item(code, value)])}
    assert found == says


# Unlocks

KIT = b64encode(b"\0\0\0\7\0\0").decode()
NUMBERLESS = {"unlock_offline_pd", "unlock_double", "unlock_double_kit", "open_inside"}
KITS = {code for code in METHODS if code.endswith("_kit")} | NUMBERLESS


def heard(codes: Mapping[int | str, Any]) -> list[Event]:
    """Return the events in a report by code."""
    items = [Item(code, value) for code, value in codes.items()]
    return [event for event, _ in events(observe({}, items))]


@pytest.mark.parametrize(("code", "method"), METHODS.items())
def test_every_code_of_an_unlock_gives_its_method_and_number(code: str, method: str) -> None:
    value = True if code == "open_inside" else KIT if code in KITS else 7
    number = None if code in NUMBERLESS else 7
    assert heard({code: value}) == [Unlock(method, number, code if method == "other" else None)]


NO_UNLOCKS = (
    "unlock_method_create",
    "unlock_method_delete",
    "unlock_method_modify",
    "unlock_switch",
    "unlock_request",
    "unlock_record_check",
    "unlock_history",
    "unlock_offline_clear",
    "unlock_offline_clear_single",
    "unlock_admin_kit",
    "unlock_key_warn",
    "unlock_user_freeze",
    "unlock_iris",
)


@pytest.mark.parametrize("code", NO_UNLOCKS)
@pytest.mark.parametrize("value", [7, True, KIT, "Af8BAAEAZAAAAAE=", "single_unlock"])
def test_a_code_that_is_not_known_as_an_unlock_is_none(code: str, value: object) -> None:
    assert heard({code: value}) == []


@pytest.mark.parametrize("code", METHODS)
@pytest.mark.parametrize("value", ["three", "", "?", "AA", None, [3], 3.0, -1, 65536])
def test_what_does_not_decode_is_no_unlock(code: str, value: object) -> None:
    assert heard({code: value}) == []


@pytest.mark.parametrize(
    ("code", "value", "unlock"),
    [
        ("unlock_app", 200, Unlock("remote")),
        ("unlock_app", 2, Unlock("app", 2)),
        ("unlock_phone_remote_kit", "AAAAyAAA", Unlock("remote")),
        ("unlock_phone_remote_kit", "AAAAAgAA", Unlock("remote", 2)),
        ("unlock_card", 200, Unlock("card", 200)),
        ("unlock_password", 200, Unlock("password", 200)),
        ("unlock_eye", 200, Unlock("other", 200, "unlock_eye")),
    ],
)
def test_what_we_opened_ourselves_is_a_remote_unlock_without_a_number(
    code: str, value: int | str, unlock: Unlock
) -> None:
    assert heard({code: value}) == [unlock]
    assert unlock.by_us is (unlock == Unlock("remote"))


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
        {"bluetooth_unlock": "AQE="},
        {"reply_unlock_request": True},
        {},
    ],
)
def test_what_is_no_unlock_gives_none(report: dict[str, bool | int | str]) -> None:
    assert not any(isinstance(event, Unlock) for event in found(report))


def test_several_unlocks_of_a_report_come_in_its_order() -> None:
    report = {"unlock_card": 2, "residual_electricity": 90, "unlock_fingerprint": 3}
    assert found(report) == [Unlock("card", 2), Unlock("fingerprint", 3)]
    reverse = dict(reversed(report.items()))
    assert found(reverse) == [Unlock("fingerprint", 3), Unlock("card", 2)]


def test_unlocks_come_first_for_duress_may_be_about_one_behind_it() -> None:
    report = {"hijack": True, "doorbell": True, "unlock_card": 2, "alarm_lock": "pry"}
    assert found(report) == [Unlock("card", 2), Duress(), Doorbell(), Alarm("pry")]


def test_every_unlock_of_the_tables_has_a_method() -> None:
    codes = {dp.code for table in PROFILES.values() for dp in table.values()}
    known = {code for code in codes if code.startswith("unlock_")}
    assert known - METHODS.keys() == set(NO_UNLOCKS) & known


def test_the_methods_are_those_that_the_events_promise() -> None:
    promised = (
        "fingerprint password temporary_password dynamic_password offline_password card face palm "
        "finger_vein key app remote bluetooth voice emergency inside combined other"
    )
    assert set(UNLOCK_METHODS) == set(promised.split())
    assert len(UNLOCK_METHODS) == len(set(UNLOCK_METHODS))
