"""What a lock has told, before and after a restart."""

import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import Report
from custom_components.tuya_wifi_lock.tuyalock.memory import Memory
from custom_components.tuya_wifi_lock.tuyalock.profiles import PROFILES, Dp, DpType, Family
from custom_components.tuya_wifi_lock.tuyalock.records import Age, Arrival
from custom_components.tuya_wifi_lock.tuyalock.state import LockState, Unlock

NOW = 1_700_000_000.0


def push(dps: dict[int, Any], times: dict[int, float] | None = None) -> Report:
    return Report(dps, times or {}, is_answer=False)


def answer(dps: dict[int, Any]) -> Report:
    return Report(dps, {}, is_answer=True)


def arrival(time: float | None, age: Age) -> Arrival:
    return Arrival(Unlock("card", 2), time, NOW, age)


@pytest.mark.parametrize("stored", [None, {}, {"family": None}, {"something": "else"}])
def test_at_first_nothing_is_known(stored: dict[str, Any] | None) -> None:
    memory = Memory(stored)
    assert memory.state == LockState()
    assert list(memory.journal) == []
    assert (memory.family, memory.answers_partly) == (None, None)


def test_everything_survives_a_restart() -> None:
    memory = Memory(None)
    memory.take(push({49: "AAAB", 12: 90, 55: False}), NOW)
    memory.take(answer({12: 90}), NOW)
    memory.keep(arrival(NOW, Age.LIVE), "lan")
    again = Memory(json.loads(json.dumps(memory.as_dict())))
    assert again.as_dict() == memory.as_dict()
    assert again.state == memory.state
    assert list(again.journal) == list(memory.journal)
    assert again.family is Family.B
    assert again.answers_partly is True


def test_a_report_gives_its_values_by_code_and_teaches_the_family() -> None:
    memory = Memory(None)
    assert memory.take(push({9: 30, 12: 80, 77: 1}), NOW) == {
        "unlock_request": 30,
        "residual_electricity": 80,
    }
    assert memory.family is None
    assert memory.take(push({35: "AQAB", 10: "AAAAAwAA"}), NOW + 1) == {
        "closed_opened_kit": "AQAB",
        "unlock_fingerprint_kit": "AAAAAwAA",
    }
    assert memory.family is Family.D
    assert memory.state.door_open is True
    assert memory.state.last_heard == NOW


def test_who_does_not_understand_a_query_is_an_access_control_unless_known_better() -> None:
    memory = Memory(None)
    assert memory.take(None, NOW) == {}
    assert memory.family is Family.D
    memory = Memory({"family": "B"})
    assert memory.take(None, NOW) == {}
    assert memory.family is Family.B
    assert memory.state == LockState()


@pytest.mark.parametrize(
    ("reports", "partly"),
    [
        ([], None),
        ([push({12: 90, 13: True})], None),
        ([answer({12: 90})], None),
        ([push({12: 90, 13: True}), answer({})], None),
        ([push({12: 90, 13: True}), answer({12: 90})], True),
        ([push({12: 90, 13: True}), answer({1: 3})], True),
        ([push({12: 90, 13: True}), answer({12: 90, 13: True, 1: 3})], False),
        ([push({12: 90, 13: True}), push({12: 80})], None),
        ([push({1: 3}), answer({12: 90})], None),
        ([push({12: 90}), answer({13: True}), answer({12: 9, 13: True})], False),
        ([push({12: 90}), answer({12: 9}), answer({1: 3})], True),
    ],
)
def test_answers_show_if_they_are_all_or_what_has_changed(
    reports: list[Report], partly: bool | None
) -> None:
    memory = Memory(None)
    for report in reports:
        memory.take(report, NOW)
    assert memory.answers_partly is partly


def test_times_go_by_code() -> None:
    memory = Memory({"family": "B"})
    report = push({1: 3}, {1: NOW - 5, 5: NOW - 7, 77: NOW})
    assert memory.times(report) == {"unlock_fingerprint": NOW - 5, "unlock_card": NOW - 7}
    memory = Memory({"family": "D"})
    assert memory.times(push({}, {10: NOW})) == {"unlock_fingerprint_kit": NOW}


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
    memory = Memory(None)
    record = memory.keep(arrival(time, age), "lan")
    assert record
    assert record.route == "lan"
    assert list(memory.journal) == [record]
    assert memory.state.opened_at == opened_at


def test_an_unlock_that_is_known_already_changes_nothing() -> None:
    memory = Memory(None)
    assert memory.keep(arrival(NOW - 5, Age.LIVE), "lan")
    before = memory.as_dict()
    assert memory.keep(arrival(NOW - 5, Age.LIVE), "cloud") is None
    assert memory.as_dict() == before


def test_the_last_opening_counts() -> None:
    memory = Memory(None)
    for ago in (10, 900, 0, 3):
        memory.opened(NOW, ago)
    assert memory.state.opened_at == NOW


def test_a_sign_of_life_is_remembered() -> None:
    memory = Memory(None)
    memory.heard(NOW)
    assert memory.state == LockState(last_heard=NOW)


def test_the_last_unlock_is_the_one_that_happened_last() -> None:
    memory = Memory(None)
    assert memory.last is None
    for unlock, time in (
        (Unlock("card", 2), NOW - 5),
        (Unlock("other", None, "unlock_iris"), None),
        (Unlock("face", 1), NOW - 900),
    ):
        memory.keep(Arrival(unlock, time, NOW, Age.LIVE), "lan")
    assert memory.last is not None
    assert memory.last.unlock == Unlock("other", None, "unlock_iris")
    memory.keep(Arrival(Unlock("key", 7), NOW, NOW, Age.LIVE), "lan")
    assert memory.last.unlock == Unlock("key", 7)
    assert Memory(json.loads(json.dumps(memory.as_dict()))).last == memory.last


def test_what_our_own_clock_told_while_it_was_ahead_counts_no_more() -> None:
    memory = Memory(None)
    ahead = NOW + 3600
    memory.keep(Arrival(Unlock("card", 2), None, ahead, Age.LIVE), "lan")
    assert memory.state_at(ahead).opened_at == ahead
    memory.jam(NOW)
    assert memory.state_at(NOW).opened_at is None
    assert memory.state_at(NOW).jammed
    memory.take(push({55: True, 12: 80}), ahead + 1)
    memory.jam(ahead + 2)
    memory.keep(Arrival(Unlock("key", 7), None, NOW + 1, Age.LIVE), "lan")
    memory.told("residual_electricity", 70, NOW + 2)
    for one in (memory, Memory(json.loads(json.dumps(memory.as_dict())))):
        assert one.last is not None
        assert one.last.unlock == Unlock("key", 7)
        state = one.state_at(NOW + 2)
        assert (state.opened_at, state.motor_at, state.jammed) == (NOW + 1, None, False)
        assert state.battery == 70


def test_a_clock_that_is_behind_after_a_start_takes_nothing_from_what_is_known() -> None:
    memory = Memory(None)
    memory.opened(NOW)
    assert memory.state_at(NOW - 9).opened_at == NOW
    assert memory.state_at(NOW - 3600).opened_at is None
    assert memory.state_at(NOW).opened_at == NOW


@pytest.mark.parametrize(
    ("family", "table", "opens"),
    [
        (None, {}, None),
        (Family.A, {}, True),
        (Family.D, {}, True),
        (Family.B, {1: Dp("unlock_fingerprint", DpType.INTEGER)}, False),
        (None, {50: Dp("remote_no_pd_setkey", DpType.RAW)}, True),
    ],
)
def test_the_table_or_the_family_shows_if_it_opens_remotely(
    family: Family | None, table: dict[int, Dp], opens: bool | None
) -> None:
    memory = Memory({"family": family})
    if table:
        memory.learn(table)
    assert memory.opens_remotely is opens
    assert Memory(memory.as_dict()).opens_remotely is opens


def test_a_product_is_known_to_open_remotely_by_its_table_or_its_family() -> None:
    memory = Memory(None)
    assert memory.opens_remotely is None
    memory.take(push({49: "AAAB"}), 0)
    assert memory.opens_remotely is True
    memory.learn({1: Dp("unlock_fingerprint", DpType.INTEGER)})
    assert memory.opens_remotely is False
    memory.learn(PROFILES[Family.A])
    assert memory.opens_remotely is True
