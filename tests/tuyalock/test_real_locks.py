"""Locks that exist, and what went wrong with them: what each report means, and what it does not."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Kind, Unlock
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Opened
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType, family_of
from tests.devices import find
from tests.tuyalock.house import house
from tests.tuyalock.toy_lock import ToyLock

ENROLLED = "Af8BAAEAZAAAAAE="
"""A finger that was enrolled, not one that opened."""
KIT = "AAAAAwAA"
USED = "AAAB4X8="
"""What a video lock says of a remote key that was used."""
TYPES = {"enum": DpType.STRING}


def new(product_id: str | None = None, stored: dict[str, Any] | None = None) -> ToyLock:
    """Return a lock that was never heard, with a product id if it announces one."""
    toy = ToyLock({"product": stored or {}})
    toy.lock.on_event(Opened(None, woken=False, product_id=product_id))
    toy.wait(20)
    return toy


def of_account(name: str) -> ToyLock:
    """Return a lock of this model, known to an account."""
    model, toy = find(name), ToyLock({})
    table = {dp.id: Dp(dp.code, TYPES.get(dp.type) or DpType(dp.type)) for dp in model.dps}
    toy.lock.learn_from_account(model.product_id or "", table, family_of(model.codes))
    return toy


def happened(toy: ToyLock) -> list[str]:
    """Return what happened at the door, in order."""
    toy.wait(30)
    records = sorted(
        (record for kind in Kind for record in toy.lock.records(kind)), key=lambda one: one.id
    )
    return [
        f"{one.event}" if isinstance(one.event, Unlock) or one.kind is Kind.ALARM else one.kind
        for one in records
    ]


def each(toy: ToyLock, *reports: Mapping[int, Any]) -> list[str]:
    """Return what happened after these reports of the lock itself."""
    for report in reports:
        toy.push(dict(report))
        toy.wait(5)
    return happened(toy)


# Codes that begin as those of unlocks


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("unlock_method_create", ENROLLED),
        ("unlock_method_delete", "AQABAAEAZAH/"),
        ("unlock_switch", "single_unlock"),
        ("unlock_record_check", "AAEB"),
        ("unlock_offline_clear_single", "MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("unlock_history", "finger 3"),
        ("unlock_admin_kit", KIT),
    ],
)
@pytest.mark.parametrize("source", ["account", "cloud"])
def test_enrolling_a_finger_opens_no_door(source: str, code: str, value: str) -> None:
    toy = of_account("Secukey") if source == "account" else ToyLock({})
    (toy.account if source == "account" else toy.cloud)({code: value})
    assert happened(toy) == []
    assert toy.lock.snapshot.bolt.locked is None


@pytest.mark.parametrize(
    ("code", "value", "unlock"),
    [
        ("unlock_double", "AQECAQ==", "combined"),
        ("unlock_face_kit", KIT, "face 3"),
        ("unlock_ble_ibeacon", 1, "bluetooth 1"),
    ],
)
def test_ways_to_unlock_have_their_names(code: str, value: Any, unlock: str) -> None:
    toy = ToyLock({})
    toy.account({code: value})
    assert happened(toy) == [unlock]


def test_a_text_that_does_not_decode_opens_nothing() -> None:
    toy = of_account("Secukey")
    toy.account({"unlock_card_kit": "three", "unlock_password_kit": "", "lock_alarm_kit": "pry"})
    toy.cloud({"unlock_fingerprint": "none", "unlock_offline_pd": "-"})
    assert happened(toy) == []


# Texts at the ids of an access control


def test_a_video_lock_stays_what_its_account_says() -> None:
    toy = of_account("Videolock-WBRL")
    assert each(toy, {9: "AAAB"}, {10: USED}, {11: "sleep"}, {22: KIT}, {35: "AQAB"}) == []
    toy.account({"link_mode": "inactive", "remote_no_dp_key": USED})
    assert happened(toy) == []
    assert toy.state.door_open is None


@pytest.mark.parametrize("report", [{10: USED}, {11: "sleep"}, {11: "inactive"}, {9: "AAAB"}])
def test_a_video_lock_that_nobody_knows_opens_nothing(report: dict[int, Any]) -> None:
    assert each(new(), report, {45: 85}) == []


def test_one_text_makes_no_battery_lock_an_access_control() -> None:
    toy = new()
    reports = ({1: 3}, {16: True}, {35: "card"}, {22: KIT}, {12: KIT}, {11: "low"}, {8: "pry"})
    assert each(toy, *reports) == ["fingerprint 3", "duress", "alarm pry"]
    assert toy.state.battery_level == "low"
    assert not toy.lock.snapshot.stays


# Numbered as Bluetooth locks are


def test_the_third_kind_is_not_read_as_an_older_wifi_lock() -> None:
    toy = new()
    assert each(toy, {8: 100}, {12: 3}, {15: 2}) == []
    assert (toy.state.battery, toy.lock.snapshot.kind_unclear) == (None, True)
    # The password says which kind it is.
    assert each(toy, {13: 4}, {12: 3}, {15: 2}, {8: 100}) == [
        "password 4",
        "fingerprint 3",
        "card 2",
    ]
    assert (toy.state.battery, toy.lock.snapshot.kind_unclear) == (100, False)


def test_an_older_lock_is_not_read_as_the_third_kind() -> None:
    toy = new()
    assert each(toy, {12: 85}, {15: 1}, {8: 2}) == []
    assert each(toy, {2: 4}, {12: 85}, {15: 1}, {8: 2}) == [
        "password 4",
        "app 1",
        "alarm wrong_password",
    ]
    assert toy.state.battery == 85


def test_a_bolt_that_may_be_a_picture_says_nothing() -> None:
    toy = new()
    each(toy, {47: True})
    assert toy.state.motor_unlocked is None
    each(toy, {19: 3}, {47: True})
    assert toy.state.motor_unlocked is True


def test_what_was_proven_counts_after_a_restart() -> None:
    toy = new()
    each(toy, {13: 4})
    assert each(new(stored=toy.stored["product"]), {12: 3}, {8: 85}) == ["fingerprint 3"]


# Which command opens


@pytest.mark.usefixtures("socket_enabled")
async def test_a_lock_pro_that_reports_its_arming_first_opens_with_a_key() -> None:
    async with house(stored={}) as home:
        await home.awake()
        await home.simulated.push({"10": False})
        await home.simulated.push({"9": 60})
        await home.until(lambda: home.lock.snapshot.requested)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert [list(one) for one in home.simulated.commands] == [["49"], ["50"]]


@pytest.mark.usefixtures("socket_enabled")
async def test_a_lock_that_knows_no_keys_is_answered_and_remembered() -> None:
    async with house(family="A", stored={}) as home:
        await home.awake()
        for opening, command in ((1, {"49", "10"}), (2, {"10"})):
            home.simulated.commands.clear()
            await home.simulated.request(60)
            await home.until(lambda: home.lock.snapshot.requested)
            unlocking = asyncio.create_task(home.lock.unlock())
            await home.until(lambda: bool(home.simulated.commands))
            home.clock.move(5.1)
            await unlocking
            assert len(home.simulated.openings) == opening
            assert {id_ for one in home.simulated.commands for id_ in one} == command
            await home.until(lambda: not home.lock.snapshot.requested)


# Access controls


@pytest.mark.parametrize("silent", [{}, {30: True, 31: 5}, {26: "low"}, {25: "single_unlock"}])
def test_an_access_control_is_known_by_what_it_reports(silent: dict[int, Any]) -> None:
    toy = new()
    toy.answer(silent)
    assert each(toy, {8: "AAAB"}, {11: KIT}, {35: "AQAB"}, {101: True}) == [
        "password 3",
        "doorbell",
    ]
    assert toy.state.door_open is True
    assert toy.lock.snapshot.stays


def test_settings_and_an_answer_without_values_have_no_false_meaning() -> None:
    toy = new()
    toy.answer({})
    assert each(toy, {30: True}, {31: 5}, {34: 60}, {9: "AAAB"}) == []


@pytest.mark.usefixtures("socket_enabled")
async def test_a_battery_lock_that_does_not_know_the_query_stays_one() -> None:
    async with house(query_answer="unvalid", stored={}) as home:
        await home.awake()
        await home.simulated.push({"11": "low"})
        await home.simulated.push({"16": True})
        await home.simulated.doorbell()
        await home.simulated.alarm("pry")
        await home.until(lambda: home.lock.snapshot.state.battery_level == "low")
        home.clock.move(3)
        await home.until(lambda: len(home.signals) == 3)
        assert {one.kind for one in home.signals} == {Kind.DURESS, Kind.DOORBELL, Kind.ALARM}
        assert home.unlocks == []
        assert not home.lock.snapshot.stays


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({17: "MDEyMzQ1Njc4OWFiY2RlZg=="}, ["offline_password"]),
        ({24: "AQ=="}, ["doorbell"]),
        ({101: True}, ["doorbell"]),
        ({101: False}, []),
        ({102: True}, ["alarm wrong_unlock"]),
        ({103: True}, ["alarm pry"]),
        ({103: False}, []),
        ({105: True}, ["alarm unclosed_time"]),
        ({105: 4}, ["bluetooth 4"]),
        ({13: KIT}, ["face 3"]),
        ({14: "AQECAQ=="}, ["combined"]),
        ({61: 4}, ["bluetooth 4"]),
        ({23: "BgAA"}, ["doorbell"]),
        ({1: ENROLLED}, []),
        ({102: "ding_1"}, []),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_what_an_access_control_reports(
    known: bool, report: dict[int, Any], expected: list[str]
) -> None:
    toy = new("5k8h97qska6pf5cm" if known else None)
    if not known:
        each(toy, {8: "AAAB"}, {26: "low"})
    assert each(toy, report) == expected


def test_what_an_access_control_reports_of_its_state() -> None:
    toy = new("90byla8jussebm5k")
    each(toy, {28: True}, {104: True}, {35: "AQAC"})
    assert (toy.state.passage_mode, toy.state.motor_unlocked) == (True, True)
    assert toy.state.door_open is False
    each(toy, {40: False})
    assert toy.state.motor_unlocked is False


def test_a_keypad_has_no_fingerprint_reader_and_is_an_access_control() -> None:
    toy = of_account("Vcontrol4-K")
    toy.account({"unlock_password_kit": KIT})
    assert happened(toy) == ["password 3"]
    assert toy.lock.snapshot.family == "D"


# Video locks


def test_a_video_lock_has_a_battery_a_bell_and_a_mode() -> None:
    toy = of_account("AISUO")
    toy.account({"battery_percentage": -1})
    assert toy.state.battery is None
    toy.account({"battery_percentage": 85, "doorbell": True})
    assert (happened(toy), toy.state.battery) == (["doorbell"], 85)
    toy.push({11: "keep"})
    assert toy.lock.snapshot.stays
    toy.account({"link_mode": "sleep"})
    assert not toy.lock.snapshot.stays
    toy.account({"link_mode": "lock_keep"})
    toy.cloud({"link_mode": "sleep"})
    assert toy.lock.snapshot.stays


def test_its_own_numbers_are_no_unlocks_of_another_kind() -> None:
    toy = new()
    assert each(toy, {63: 3}, {61: 3}, {53: True}, {64: 3}, {69: 1}, {72: 1}) == ["doorbell"]


# Products like no other


def test_a_dongle_that_says_locked_and_an_id_of_its_own() -> None:
    toy = new("DZSslz0mNTW0jgF4")
    assert each(toy, {101: True}, {15: 1}) == ["app 1"]
    assert toy.state.motor_unlocked is False
    assert toy.lock.opens_remotely is False
    toy = new()
    assert each(toy, {101: True}, {15: 1}) == []
    assert toy.state.motor_unlocked is None


def test_a_lock_behind_a_gateway_is_read_by_its_own_table() -> None:
    toy = of_account("Zigbee lock 212kebqd")
    toy.account({"Alarm": "wrong_finger", "open_close": True, "unlock_remote": 1})
    assert happened(toy) == ["remote 1", "alarm wrong_finger"]
    assert toy.state.door_open is True
