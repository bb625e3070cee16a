"""What an account hears of a lock, taken into what is known of it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import Report
from custom_components.tuya_wifi_lock.tuyalock.memory import Memory
from custom_components.tuya_wifi_lock.tuyalock.profiles import PROFILES, Dp, DpType, Family
from custom_components.tuya_wifi_lock.tuyalock.state import Unlock

from .house import House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_790_000_000.0
CARD, PASSWORD = Dp("unlock_card", DpType.INTEGER), Dp("unlock_password", DpType.INTEGER)


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    """A house whose lock sleeps."""
    async with house() as home:
        yield home


def take(home: House, *items: dict[str, Any], since: float = 0) -> None:
    """Let the account hear items, each now if it has no `ago`."""
    now = home.clock.time()
    home.lock.account.take(
        [{"t": int((now - item.pop("ago", 0)) * 1000), **item} for item in items], since
    )


# Reports


async def test_each_item_is_a_record_with_its_own_time(home: House) -> None:
    take(
        home,
        {"dpId": 1, "value": 3, "ago": 7200},
        {"dpId": 1, "value": 3, "ago": 3600},
        {"code": "unlock_password", "value": 1},
    )
    assert home.told == ["late fingerprint 3", "late fingerprint 3", "live password 1"]
    assert {record.route for record in home.records} == {"account"}


async def test_what_was_before_is_kept_and_not_told(home: House) -> None:
    now = home.clock.time()
    take(
        home, {"dpId": 1, "value": 3, "ago": 60}, {"dpId": 8, "value": "pry", "ago": 60}, since=now
    )
    assert not home.records
    assert not home.signals
    assert len(list(home.lock.journal)) == 1


async def test_seconds_are_a_time_as_well(home: House) -> None:
    now = int(home.clock.time())
    home.lock.account.take([{"dpId": 1, "value": 3, "t": now - 5}], 0)
    assert home.records[0].time == now - 5


@pytest.mark.parametrize("t", [None, 0, -1, True, "now"])
async def test_an_item_without_a_time_is_of_unknown_age(home: House, t: Any) -> None:
    home.lock.account.take([{"dpId": 1, "value": 3, "t": t}, {"dpId": 12, "value": 50}], 0)
    home.lock.account.take([{"dpId": 16, "value": True}], 0)
    assert home.told == ["unknown fingerprint 3"]
    assert home.lock.snapshot.state.battery == 50
    assert len(home.signals) == 1


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"dpId": "1", "value": 3},
        {"dpId": True, "value": 3},
        {"dpId": 1},
        {"dpId": 1, "value": "3"},
        {"dpId": 177, "value": 3},
        {"code": "residual_electricity", "value": "50"},
        {"code": "unlock_unheard_of", "value": {"number": 3}},
        {"code": 1, "value": 3},
    ],
)
async def test_what_is_no_value_is_left_out(home: House, item: dict[str, Any]) -> None:
    take(home, item)
    assert not home.records
    assert not home.lock.snapshot.state.seen


async def test_a_code_that_nobody_knows_is_noted(home: House) -> None:
    take(home, {"code": "unlock_iris", "value": 3}, {"code": "mood", "value": "good"})
    assert home.told == ["live other 3"]
    assert home.records[0].code_name == "unlock_iris"
    assert home.lock.snapshot.state.seen == {"unlock_iris", "mood"}


async def test_an_alarm_that_no_model_lists_is_told(home: House) -> None:
    take(home, {"code": "alarm_lock", "value": "earthquake"})
    assert [(one.signal.type, one.route) for one in home.signals] == [("other", "account")]


async def test_duress_belongs_to_the_unlock_behind_it(home: House) -> None:
    take(home, {"dpId": 16, "value": True}, {"dpId": 1, "value": 4})
    assert [one.unlock_record for one in home.signals] == [home.records[0].id]


async def test_duress_belongs_to_an_unlock_that_is_told_after_it(home: House) -> None:
    take(home, {"dpId": 1, "value": 3, "ago": 20})
    take(home, {"dpId": 16, "value": True})
    assert home.signals == []
    take(home, {"dpId": 1, "value": 9})
    home.clock.move(2.1)
    await home.until(lambda: bool(home.signals))
    assert [one.unlock_record for one in home.signals] == [home.records[1].id]
    assert home.records[1].number == 9


async def test_a_request_counts_from_its_own_time_and_not_when_it_is_old(home: House) -> None:
    take(home, {"dpId": 9, "value": 90, "ago": 61})
    assert not home.lock.snapshot.requested
    take(home, {"dpId": 9, "value": 30, "ago": 20})
    until = home.lock.snapshot.state.request_until
    assert until == pytest.approx(home.clock.time() + 10, abs=1)
    assert home.lock.snapshot.requested
    home.clock.move(11)
    await home.until(lambda: not home.lock.snapshot.requested)


async def test_a_time_ahead_of_ours_is_now(home: House) -> None:
    take(home, {"dpId": 9, "value": 30, "ago": -3600})
    until = home.lock.snapshot.state.request_until
    assert until == pytest.approx(home.clock.time() + 30, abs=1)


async def test_the_states_of_a_lock_that_sleeps_are_seen(home: House) -> None:
    take(
        home,
        {"dpId": 55, "value": True},
        {"dpId": 12, "value": 80},
        {"dpId": 13, "value": True},
    )
    state = home.lock.snapshot.state
    assert (state.motor_unlocked, state.battery, state.double_locked) == (True, 80, True)
    assert home.lock.snapshot.bolt.locked is False
    assert home.simulated.connections == 0


# One unlock on several routes


async def test_lock_account_and_cloud_tell_of_one_unlock(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.until(lambda: len(home.records) == 1)
    at = home.records[0].received - 0.5
    home.lock.account.take([{"dpId": 1, "value": 3, "t": int(at * 1000)}], 0)
    home.lock.record(Unlock("fingerprint", 3), int(at * 1000) / 1000, "cloud")
    assert [record.route for record in home.lock.journal] == ["lan"]
    assert home.told == ["live fingerprint 3"]


async def test_the_account_is_first_while_the_lock_is_still_heard_out(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.until(lambda: home.lock.snapshot.last_unlock is not None)
    take(home, {"dpId": 1, "value": 3})
    assert home.told == ["live fingerprint 3"]
    home.clock.move(10)
    await asyncio.sleep(0.05)
    assert home.told == ["live fingerprint 3"]
    assert len(list(home.lock.journal)) == 1


@pytest.mark.parametrize("first", ["lan", "account"])
async def test_a_clock_that_is_two_minutes_ahead_makes_no_second_unlock(
    home: House, first: str
) -> None:
    await home.awake()
    for told in (1, 2):
        if first == "account":
            take(home, {"dpId": 1, "value": 3, "ago": -120})
        await home.simulated.finger(3)
        await home.until(lambda told=told: len(home.records) == told)
        await home.settle()
        if first == "lan":
            take(home, {"dpId": 1, "value": 3, "ago": -120})
        home.clock.move(30)
    for _ in range(2):
        home.clock.move(120)
        for record in home.lock.journal:
            assert record.claimed is not None
            home.lock.record(Unlock("fingerprint", 3), int(record.claimed), "cloud")
    assert home.told == ["live fingerprint 3"] * 2
    assert [record.from_the_future for record in home.lock.journal] == [True, True]


async def test_a_copy_of_an_older_unlock_does_not_show_as_the_last_one(home: House) -> None:
    await home.simulated.store("fingerprint", 3)
    take(home, {"dpId": 1, "value": 3, "ago": 1}, {"dpId": 2, "value": 1})
    home.snapshots.clear()
    await home.wake()
    await home.until(lambda: home.lock.snapshot.awake and not home.simulated.waiting)
    await home.settle()
    home.clock.move(5)
    assert {snapshot.last_unlock for snapshot in home.snapshots} == {Unlock("password", 1)}
    assert len(home.records) == 2


async def test_two_unlocks_by_one_finger_stay_two(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.simulated.finger(3)
    await home.until(lambda: len(home.records) == 2)
    take(home, {"dpId": 1, "value": 3, "ago": 3}, {"dpId": 1, "value": 3})
    assert len(list(home.lock.journal)) == 2
    take(home, {"dpId": 1, "value": 3, "ago": -2})
    assert len(list(home.lock.journal)) == 3


# What is newer


def heard(memory: Memory, dps: dict[int, Any], at: float) -> None:
    """Let a lock report over the LAN."""
    memory.take(Report(dps, {}, is_answer=False), at)


def test_an_older_value_changes_nothing() -> None:
    memory = Memory(None)
    heard(memory, {12: 80}, NOW)
    memory.told("residual_electricity", 90, NOW - 10)
    assert memory.state.battery == 80
    memory.told("residual_electricity", 70, NOW + 10)
    assert memory.state.battery == 70
    heard(memory, {12: 60}, NOW + 20)
    assert memory.state.battery == 60
    assert memory.state.last_heard == NOW + 20


def test_an_older_value_of_something_else_does_not_set_back_when_the_lock_was_heard() -> None:
    memory = Memory(None)
    heard(memory, {12: 80}, NOW)
    memory.told("reverse_lock", True, NOW - 100)
    assert memory.state.double_locked
    assert memory.state.last_heard == NOW


def test_a_bolt_that_has_moved_is_not_stuck_any_more() -> None:
    memory = Memory(None)
    memory.jam(NOW)
    memory.told("lock_motor_state", False, NOW - 5)
    assert memory.state.jammed
    memory.told("lock_motor_state", False, NOW + 5)
    assert not memory.state.jammed


def test_what_the_account_tells_says_nothing_of_how_a_lock_answers() -> None:
    memory = Memory(None)
    memory.told("residual_electricity", 80, NOW)
    assert not memory.reported
    answer = Report({1: 3, 13: True}, {}, is_answer=True)
    memory.take(Report({13: False}, {}, is_answer=False), NOW)
    memory.take(answer, NOW)
    assert memory.answers_partly is False
    memory = Memory(memory.as_dict())
    assert memory.reported
    memory.told("beep_volume", "high", NOW)
    memory.take(answer, NOW)
    assert memory.answers_partly is False


# What the account knows of the product


def test_a_table_of_an_account_takes_nothing_from_a_family() -> None:
    memory = Memory(None)
    memory.know("product", {2: PASSWORD, 70: Dp("beep_volume", DpType.STRING)}, None)
    assert memory.product_id == "product"
    assert memory.table.keys() == PROFILES[Family.B].keys() | {70}
    assert memory.opens_remotely is None
    heard(memory, {50: "AAAA"}, NOW)
    assert memory.family is Family.B
    assert Memory(memory.as_dict()).table == memory.table


def test_a_product_of_no_known_family_is_read_by_the_table_of_the_account() -> None:
    memory = Memory(None)
    memory.know("product", {1: CARD, 2: PASSWORD}, None)
    assert memory.table == {1: CARD, 2: PASSWORD}
    assert memory.decode({1: 5}) == {"unlock_card": 5}
    memory.know("other", {}, None)
    assert memory.table == {1: CARD, 2: PASSWORD}
    assert memory.product_id == "product"


def test_an_account_gives_a_family_away_that_the_lock_has_not_shown() -> None:
    memory = Memory(None)
    memory.know("product", {}, Family.A)
    assert memory.family is Family.A
    memory.know("product", {}, Family.B)
    assert memory.family is Family.A


def test_what_a_cloud_project_knows_counts_more() -> None:
    memory = Memory(None)
    memory.learn({1: PASSWORD})
    memory.know("product", {1: CARD}, None)
    assert memory.table == {1: PASSWORD}


async def test_a_lock_learns_from_an_account(home: House) -> None:
    home.lock.account.know("product", {}, Family.A)
    assert home.lock.snapshot.family is Family.A
