"""What the DPs of a report mean: values by their codes, and the events among them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Alarm, Family, Source, Unlock, Value
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, Duress, Event, Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import (
    METHODS,
    UNLOCK_METHODS,
    Observation,
    events,
    observe,
)
from tests.tuyalock.house import house

A, B, D = Family.A, Family.B, Family.D


def decode(table: Mapping[int, Dp], dps: Mapping[int | str, Any]) -> dict[str, Value]:
    """Return the values that the lock itself reports, by code."""
    items = [Item(dp, value) for dp, value in dps.items()]
    return {one.code: one.value for one in observe(table, items, Source.LAN)}


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
    assert observe(PROFILES[B], items, Source.LAN) == [
        Observation("unlock_fingerprint", 3, 1_700_000_000.0),
        Observation("unlock_card", 2),
    ]
    assert events(observe(PROFILES[B], items, Source.LAN)) == [
        (Unlock("fingerprint", 3), 1_700_000_000.0),
        (Unlock("card", 2), None),
    ]


@pytest.mark.parametrize("source", [Source.ACCOUNT, Source.CLOUD])
def test_a_code_that_no_product_has_may_be_known_elsewhere(source: Source) -> None:
    items = [Item("unlock_iris", 7), Item("unlock_gait", None), Item("unlock_voice", [1])]
    assert observe(PROFILES[B], items, source) == [Observation("unlock_iris", 7)]


def test_an_account_has_values_of_the_right_type_and_the_cloud_texts() -> None:
    items = [Item("residual_electricity", "80"), Item("unlock_card", 2)]
    card = Observation("unlock_card", 2)
    assert observe(PROFILES[B], items, Source.ACCOUNT) == [card]
    battery = Observation("residual_electricity", "80")
    assert observe(PROFILES[B], items, Source.CLOUD) == [battery, card]


# Unlocks

KIT = b64encode(b"\0\0\0\7\0\0").decode()
NUMBERLESS = {"unlock_offline_pd", "unlock_double_kit", "open_inside"}


@pytest.mark.parametrize(("code", "method"), METHODS.items())
def test_every_code_of_an_unlock_gives_its_method_and_number(code: str, method: str) -> None:
    value = True if code == "open_inside" else KIT if code.endswith(("_kit", "_pd")) else 7
    number = None if code in NUMBERLESS else 7
    assert found({code: value}) == [Unlock(method, number)]


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
    assert found({code: value}) == [Unlock("other", number, code)]


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
    assert found({code: value}) == [unlock]
    assert unlock.by_us is (unlock == Unlock("remote"))


@pytest.mark.parametrize("garbled", ["AAAA", "?", ""])
def test_a_garbled_number_does_not_hide_the_unlock(garbled: str) -> None:
    report = {"unlock_card_kit": garbled}
    assert found(report) == [Unlock("card")]


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
    assert known - METHODS.keys() == {"unlock_request", "unlock_offline_clear"}


def test_the_methods_are_those_that_the_events_promise() -> None:
    promised = (
        "fingerprint password temporary_password dynamic_password offline_password card face palm "
        "finger_vein key app remote bluetooth voice emergency inside combined other"
    )
    assert set(UNLOCK_METHODS) == set(promised.split())
    assert len(UNLOCK_METHODS) == len(set(UNLOCK_METHODS))
