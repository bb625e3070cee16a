"""What was heard of a lock, as its description has it: bounded, stored, and without secrets."""

import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Address,
    Dp,
    Report,
    Settings,
    Source,
    TuyaLock,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import DpType
from custom_components.tuya_wifi_lock.tuyalock.products.heard import MAX_DPS, MAX_VALUES
from tests.tuyalock.toy_clock import START, ToyClock


class Home:
    """A lock of which nothing is known yet, without any network."""

    def __init__(self, stored: Any = None) -> None:
        address = Address(
            host="192.0.2.1",
            port=6668,
            device_id="bf0123456789abcdefgh",
            local_key=b"0123456789abcdef",
            version="3.4",
        )
        self.lock = TuyaLock(address, Settings(), ToyClock(), stored)

    def report(self, source: Source, *items: Item) -> None:
        """Let a source report."""
        self.lock.receive(Report(source=source, received=START, items=items))


@pytest.fixture
def home() -> Home:
    """A lock."""
    return Home()


def rows(home: Home) -> dict[int | str, dict[str, Any]]:
    """Return what is known of each DP."""
    return {row["dp"]: row for row in home.lock.describe()["heard"]}


def shown(home: Home, dp: int | str) -> list[Any]:
    """Return the values of a DP that are shown."""
    return [one["value"] for one in rows(home)[dp]["values"]]


@pytest.mark.parametrize(
    ("value", "type_", "size", "values"),
    [
        (True, "boolean", None, [True]),
        (999, "integer", None, [999]),
        (1000, "integer", None, []),
        ("normal", "string", 6, ["normal"]),
        ("Alice", "string", 5, []),
        ("1234", "raw", 4, []),
        ("AAAB", "raw", 4, []),
        ("", "string", 0, []),
        (1.5, "number", None, []),
        (None, "other", None, []),
        ({"a": 1}, "other", None, []),
    ],
)
def test_a_value_that_nobody_knows_is_shown_by_its_form(
    home: Home, value: Any, type_: str, size: int | None, values: list[Any]
) -> None:
    home.report(Source.LAN, Item(77, value))
    row = rows(home)[77]
    assert (row["type"], row["size"], row["understood"], row["unread"]) == (type_, size, False, 1)
    assert shown(home, 77) == values


def test_a_value_is_shown_by_its_code(home: Home) -> None:
    home.lock.learn(
        {
            25: Dp("update_all_finger", DpType.RAW),
            49: Dp("remote_no_pd_setkey", DpType.RAW),
            57: Dp("temporary_password_creat", DpType.RAW),
            70: Dp("beep_volume", DpType.STRING, options=("Level1", "Level2")),
            71: Dp("anything", DpType.INTEGER),
        }
    )
    items = {25: "AQI=", 49: "AAAB", 57: "AAAB", 70: "Level1", 71: 4096}
    home.report(Source.LAN, *(Item(dp, value) for dp, value in items.items()))
    assert {dp: shown(home, dp) for dp in items} == {
        25: ["AQI="],
        49: [None],
        57: [None],
        70: ["Level1"],
        71: [4096],
    }
    assert rows(home)[25]["values"] == [{"value": "AQI=", "means": ["numbers fingerprint"]}]


def test_a_value_is_hidden_once_its_code_shows_that_it_may_be_secret(home: Home) -> None:
    home.lock.learn({25: Dp("update_all_finger", DpType.RAW)})
    home.report(Source.LAN, Item(25, "AQI="))
    home.lock.learn({25: Dp("temporary_password_creat", DpType.RAW)})
    assert shown(home, 25) == [None]


def test_the_last_values_are_kept_once_each(home: Home) -> None:
    for number in [*range(MAX_VALUES + 2), 4, 4]:
        home.report(Source.LAN, Item(1, number))
    row = rows(home)[1]
    assert shown(home, 1) == [2, 3, 5, 6, 7, 8, 9, 4]
    assert row["count"] == MAX_VALUES + 4
    assert row["values"][-1]["means"] == ["unlock fingerprint 4"]


def test_yes_is_another_value_than_one(home: Home) -> None:
    for value in (1, True, 0, False, 1):
        home.report(Source.LAN, Item(77, value))
    assert [repr(one) for one in shown(home, 77)] == ["True", "0", "False", "1"]


def test_a_stranger_cannot_fill_the_memory(home: Home) -> None:
    for dp in range(1000, 1000 + 2 * MAX_DPS):
        home.report(Source.LAN, Item(dp, "x" * 5000))
    home.report(Source.CLOUD, Item("no code!", 1), Item("x" * 1000, 1))
    assert len(rows(home)) == MAX_DPS
    assert not {dp for dp in rows(home) if isinstance(dp, str)}


def test_what_only_a_code_names_is_kept_by_its_code(home: Home) -> None:
    home.report(Source.CLOUD, Item("unlock_fingerprint", 3, START))
    assert rows(home)["unlock_fingerprint"]["values"] == [
        {"value": 3, "means": ["unlock fingerprint 3"]}
    ]


def test_what_was_heard_is_stored(home: Home) -> None:
    home.report(Source.LAN, Item(1, 3), Item(8, "pry"), Item(19, True), Item(16, True))
    home.report(Source.LAN, Item(12, 85), Item(9, 60), Item(18, "open"))
    before = home.lock.describe()
    means = [one["means"] for row in before["heard"] for one in row["values"]]
    assert means == [
        ["unlock fingerprint 3"],
        ["alarm pry"],
        ["doorbell"],
        ["duress"],
        ["battery 85"],
        ["request true"],
        ["door_open true"],
    ]
    stored = json.loads(json.dumps(home.lock.as_dict()))
    assert Home(stored).lock.describe() == before


def test_it_is_said_where_the_table_is_from(home: Home) -> None:
    def source() -> Any:
        return home.lock.describe()["table_source"]

    assert source() is None
    home.report(Source.LAN, Item(49, "AAAB"))
    assert source() == "evidence"
    home.lock.learn_from_account("umca8uiv2203ua3k", {}, None)
    assert source() == "catalogue"
    home.lock.learn_from_account("", {1: Dp("unlock_fingerprint", DpType.INTEGER)}, None)
    assert source() == "account"
    home.lock.learn({1: Dp("unlock_card", DpType.INTEGER)})
    assert source() == "project"
    assert home.lock.describe()["table"][0]["code"] == "unlock_card"
