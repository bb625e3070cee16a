"""The lock object against the simulated lock: unlock events in, sleep, restarts."""

import asyncio
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Family,
    Report,
    Settings,
    Source,
    Unlock,
    UnlockWith,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import WrongVersion
from custom_components.tuya_wifi_lock.tuyalock.models import Item

from .house import VERSIONS, House, address_of, house
from .toy_clock import ToyClock
from .toy_lock import ToyLock

pytestmark = pytest.mark.usefixtures("socket_enabled")

PARTLY = {"product": {"reported": ["residual_electricity"]}}
"""Stored by a lock whose battery is known, so that an answer without it is a partial one."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", ["A", "B"])
async def test_unlock_that_woke_the_lock_is_live(version: str, family: str) -> None:
    async with house(version, family) as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.state.seen >= {"unlock_fingerprint"})
        assert home.unlocks == []
        home.clock.move(1)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        assert home.records[0].source is Source.LAN
        assert home.lock.snapshot.state.opened_at == pytest.approx(home.clock.time(), abs=5)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", ["A", "B", "D"])
async def test_each_report_is_news_even_if_it_equals_the_last(version: str, family: str) -> None:
    async with house(version, family) as home:
        await home.awake()
        for _ in range(3):
            await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"] * 3)
        assert [record.id for record in home.records] == [1, 2, 3]


async def test_burst_of_an_awake_lock_is_published_in_order() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.burst(("fingerprint", 1), ("card", 2), ("password", 5))
        await home.until(
            lambda: home.unlocks == ["live fingerprint 1", "live card 2", "live password 5"]
        )


async def test_backlog_is_of_unknown_age_but_for_the_last() -> None:
    async with house() as home:
        for number in range(4):
            await home.simulated.store("fingerprint", number)
        await home.simulated.finger(9)
        home.hint()
        await home.until(lambda: len(home.unlocks) == 4)
        home.clock.move(1)
        await home.until(
            lambda: (
                home.unlocks
                == [f"unknown fingerprint {number}" for number in range(4)] + ["live fingerprint 9"]
            )
        )


async def test_backlog_with_times_is_late_and_published_once() -> None:
    async with house(record_times=True) as home:
        hour_ago = home.clock.time() - 3600
        await home.simulated.store("card", 2, at=hour_ago)
        await home.simulated.store("card", 2, at=hour_ago)
        await home.simulated.store("card", 2, at=hour_ago + 5)
        await home.wake()
        await home.until(lambda: home.unlocks == ["late card 2"] * 2)
        assert [record.when.time for record in home.records] == [int(hour_ago), int(hour_ago) + 5]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_lock_may_date_its_records_alone(version: str) -> None:
    """What it reports beside them has the time of sending."""
    async with house(version, record_times=True) as home:
        await home.awake()
        await home.simulated.battery(80)
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        home.clock.move(3600)
        for number in (4, 5):
            at = home.clock.time() - 1000 + number
            await home.simulated.store("fingerprint", number, at=at)
        await home.simulated.finger(6)
        home.hint()
        new = ["late fingerprint 4", "late fingerprint 5", "live fingerprint 6"]
        await home.until(lambda: home.unlocks[1:] == new)


async def test_record_from_the_future_counts_from_now_and_convicts_the_clock() -> None:
    async with house(record_times=True, clock_offset=7200) as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        assert home.records[0].when.time is None
        assert home.lock.health.clock_ahead == pytest.approx(7200, abs=5)
        home.simulated.knobs.clock_offset = 0
        await home.simulated.finger(3)
        await home.until(lambda: len(home.unlocks) == 2)
        assert home.lock.health.clock_ahead is None


@pytest.mark.parametrize("where", ["both", "push", "query"])
async def test_unlock_is_published_once_wherever_it_is_seen(where: str) -> None:
    async with house(stored=PARTLY, unlock_in=where) as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        home.clock.move(6)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        await home.settle()
        assert home.unlocks == ["live fingerprint 3"]


async def test_another_source_reports_the_same_unlock_and_more() -> None:
    async with house() as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        home.clock.move(1.1)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        for ago in (2, 2, 7_200):
            home.from_cloud("unlock_fingerprint", 3, ago)
        assert home.unlocks == ["live fingerprint 3", "late fingerprint 3"]
        assert [record.source for record in home.records] == [Source.LAN, Source.CLOUD]


async def test_answer_is_no_news_beside_a_lock_that_was_awake() -> None:
    async with house(stored=PARTLY, heard_before=False) as home:
        await home.simulated.wake()
        await home.simulated.push({"1": 3})
        home.simulated.knobs.unlock_in = "query"
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        home.clock.move(8)
        await home.settle()
        assert home.unlocks in ([], ["live fingerprint 3"])


async def test_answer_with_everything_is_never_an_unlock() -> None:
    async with house(stored=PARTLY, query_answer="all", unlock_in="query") as home:
        home.simulated.dps["1"] = 3
        await home.wake()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        home.clock.move(8)
        await home.settle()
        assert home.unlocks == []
        assert home.lock.snapshot.state.battery == 90


async def test_restart_repeats_nothing() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.simulated.battery(40)
        await home.until(lambda: home.lock.snapshot.state.battery == 40)
        stored: dict[str, Any] = json.loads(json.dumps(home.lock.as_dict()))
    async with house(stored=stored, heard_before=False) as again:
        assert again.lock.snapshot.state.battery == 40
        assert [record.unlock.number for record in again.lock.journal] == [3]
        await again.wake()
        await again.until(lambda: again.lock.snapshot.awake)
        again.clock.move(8)
        await again.settle()
        assert again.unlocks == []


async def test_sleeping_lock_is_let_alone() -> None:
    async with house() as home:
        await home.awake()
        home.clock.move(10)
        await home.until(lambda: home.simulated.clients == 0)
        connections = home.simulated.connections
        home.clock.move(5)
        home.hint()
        await home.settle()
        assert home.simulated.connections == connections
        await home.simulated.sleep()
        await home.settle()
        home.clock.move(20)
        await home.settle()
        assert home.simulated.connections == connections
        await home.wake()
        await home.until(lambda: home.lock.snapshot.awake)


async def test_unlock_after_a_lost_connection_is_fresh() -> None:
    async with house() as home:
        await home.awake()
        home.clock.move(3)
        await home.simulated.reboot()
        await home.until(lambda: not home.lock.snapshot.awake)
        await home.until(lambda: home.lock.snapshot.awake)
        await home.simulated.finger(3)
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        home.clock.move(1)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])


async def test_lock_that_stays_awake_is_kept_connected() -> None:
    async with house(low_power=False, idle_timeout=None) as home:
        home.hint()
        for _ in range(125):
            home.clock.move(5)
            home.hint()
            await home.settle()
        await home.until(lambda: home.lock.snapshot.awake)
        assert home.lock.address.keep_alive
        connections = home.simulated.connections
        for _ in range(20):
            home.clock.move(9)
            await home.settle()
        assert home.simulated.connections == connections
        await home.simulated.reboot()
        await home.until(lambda: not home.lock.snapshot.awake)
        await home.until(lambda: home.lock.snapshot.awake)


async def test_lock_that_never_announces_is_probed_and_its_unlock_published() -> None:
    async with house(address={"announces": False}) as home:
        home.clock.move(20)
        await home.settle()
        await home.simulated.finger(3)
        for _ in range(20):
            home.clock.move(0.3)
            await home.settle()
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])


async def test_port_that_opens_after_the_announcement_is_found() -> None:
    async with house(announce_before_listen_seconds=0.2) as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)


async def test_state_is_shown_as_reported() -> None:
    stored = {"product": {"chosen": ["B"]}}
    async with house(motor_state=True, door_sensor=True, stored=stored) as home:
        await home.awake()
        assert home.lock.snapshot.bolt.locked is None
        await home.simulated.battery(15)
        await home.simulated.double_lock(True)
        await home.simulated.door(True)
        await home.until(lambda: home.lock.snapshot.state.door_open is True)
        state = home.lock.snapshot.state
        assert (state.battery, state.double_locked) == (15, True)
        await home.simulated.push({"55": False})
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)
        await home.simulated.push({"55": True})
        await home.until(lambda: home.lock.snapshot.bolt.locked is False)


def test_a_lock_that_was_opened_while_our_clock_was_ahead_is_not_open_for_all_that_time() -> None:
    clock = ToyClock()
    clock.wall += 3600
    lock = ToyLock(clock=clock)
    lock.open(0)
    lock.push({1: 3})
    lock.wait(2)
    assert lock.lock.snapshot.bolt.locked is False
    clock.wall -= 3600
    lock.wait(10)
    assert lock.lock.snapshot.bolt.locked is None
    lock.push({1: 4})
    assert lock.lock.snapshot.bolt.locked is False
    assert lock.lock.snapshot.last_unlock
    assert lock.lock.snapshot.last_unlock.unlock == Unlock("fingerprint", 4)
    lock.wait(10)
    assert lock.lock.snapshot.bolt.locked is None


async def test_opening_without_a_motor_state_passes() -> None:
    settings = Settings(relocks_itself=True, relock_delay=5)
    async with house(settings=settings) as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.until(lambda: home.lock.snapshot.bolt.locked is False)
        home.clock.move(5.1)
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)
        assert home.lock.snapshot.bolt.assumed


async def test_request_runs_out_by_itself() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.request(30)
        await home.until(lambda: home.lock.snapshot.requested)
        home.simulated.countdown.forget()
        home.clock.move(31)
        await home.until(lambda: not home.lock.snapshot.requested)


def test_each_of_several_ends_comes_by_time() -> None:
    lock = ToyLock()
    lock.account({"unlock_request": 60})
    lock.wait(5)
    lock.account({"unlock_fingerprint": 3})
    lock.wait(1)
    lock.account({"lock_motor_state": True})
    lock.wait(3)
    lock.account({"lock_motor_state": False})
    lock.wait(50)
    assert lock.lock.snapshot.requested
    lock.wait(2)
    assert not lock.lock.snapshot.requested
    assert not lock.updates[-1].state.requested


def test_an_end_comes_though_our_clock_is_set_back() -> None:
    lock = ToyLock(settings=Settings(relock_delay=5))
    lock.account({"unlock_fingerprint": 3})
    assert lock.lock.snapshot.bolt.locked is False
    lock.clock.wall -= 2
    lock.wait(6)
    assert lock.lock.snapshot.bolt.locked is False
    lock.wait(2)
    assert lock.lock.snapshot.bolt.locked is None


async def test_family_shows_itself_and_is_remembered() -> None:
    async with house(family="D", stored={}) as home:
        await home.awake()
        # That it does not understand our query says nothing of what it is.
        assert home.lock.snapshot.family is None
        await home.simulated.finger(3)
        await home.until(lambda: home.lock.snapshot.family is Family.D)
        await home.simulated.door(True)
        await home.until(lambda: home.lock.snapshot.state.door_open is True)
        assert home.lock.snapshot.family is Family.D
        stored = json.loads(json.dumps(home.lock.as_dict()))
    async with house(family="D", stored=stored, heard_before=False) as again:
        assert again.lock.snapshot.family is Family.D


async def test_version_is_found_out() -> None:
    for version in VERSIONS:
        async with house(version, address={"version": None, "announces": False}) as home:
            await home.simulated.wake()
            for _ in range(200):
                home.clock.move(0.2)
                await home.settle()
                if version == "3.1" and home.simulated.clients:
                    await home.simulated.battery(50)
                if home.lock.snapshot.awake:
                    break
            assert home.lock.snapshot.awake, version
            assert home.lock.address.found_version == version


async def test_a_version_that_worked_once_is_not_tried_for_ever() -> None:
    any_version = {"version": None, "announces": False}
    before = {"address": {"found_version": "3.3"}}
    async with house("3.5", address=any_version, stored=before) as home:
        await home.simulated.wake()
        for _ in range(200):
            home.clock.move(0.2)
            await home.settle()
            if home.lock.snapshot.awake:
                break
        assert home.lock.address.found_version == "3.5"


async def _stuck(home: House) -> None:
    """Let the lock sleep with something on its way."""
    await home.simulated.sleep()
    await home.until(lambda: not home.lock.snapshot.awake)


async def test_unlock_held_at_the_end_of_a_wake_is_not_lost() -> None:
    async with house() as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: "unlock_fingerprint" in home.lock.snapshot.state.seen)
        await _stuck(home)
        assert home.unlocks == ["live fingerprint 3"]


async def test_where_the_lock_is_connected_can_be_seen_while_it_is() -> None:
    async with house() as home:
        assert (home.lock.host, home.lock.reported) == (None, False)
        await home.awake()
        assert home.lock.host == "127.0.0.1"
        await home.simulated.battery(40)
        await home.until(lambda: home.lock.reported)


async def test_stop_cancels_everything() -> None:
    async with house() as home:
        await home.awake()
        await home.lock.stop()
        assert home.clock.waiting == 0
        await home.until(lambda: home.simulated.clients == 0)


def test_request_only_is_a_setting() -> None:
    assert Settings(unlock_with=UnlockWith("request_only")).unlock_wait == 30


async def test_lock_without_an_address_waits_for_a_hint() -> None:
    async with house(address={"host": None, "announces": False}) as home:
        await home.simulated.wake()
        home.clock.move(30)
        await home.settle()
        assert home.simulated.connections == 0
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        assert home.lock.address.host == "127.0.0.1"


async def test_moved_lock_is_reached_in_the_other_way() -> None:
    async with house(address={"local_key": b"another 0 key 00"}) as home:
        await home.wake()
        await home.until(lambda: home.lock.snapshot.problem is not None)
        home.clock.move(10)
        home.lock.move(address_of(home.simulated))
        assert home.lock.snapshot.problem is None
        await home.until(lambda: home.lock.snapshot.awake)
        home.lock.move(address_of(home.simulated, host=None))
        await home.until(lambda: home.simulated.clients == 0)
        assert not home.lock.snapshot.awake
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)


async def test_lock_that_was_let_go_of_stays_so_when_it_is_moved() -> None:
    async with house() as home:
        await home.awake()
        stopping = asyncio.create_task(home.lock.stop())
        await asyncio.sleep(0)
        home.lock.move(home.lock.address)
        await stopping
        home.lock.move(home.lock.address)
        await home.until(lambda: home.simulated.clients == 0)
        home.hint()
        await home.settle()
        assert home.simulated.connections == 1


async def test_dial_without_an_answer_is_begun_anew_when_the_lock_wakes() -> None:
    async with house(asleep_dials="silent") as home:
        home.hint()
        await home.settle()
        assert home.simulated.connections == 0
        await home.wake()
        # A SYN that went unanswered would be repeated only after a second.
        await home.until(lambda: home.lock.snapshot.awake, timeout=0.7)


async def test_other_version_than_the_lock_announces_is_a_problem() -> None:
    async with house("3.4", address={"version": "3.3"}) as home:
        await home.wake()
        await home.until(lambda: home.lock.snapshot.problem is not None)
        problem = home.lock.snapshot.problem
        assert isinstance(problem, WrongVersion)
        assert problem.translation_placeholders == {"announced": "3.4"}


async def test_a_lock_that_only_seemed_to_stay_sleeps_after_a_long_absence() -> None:
    async with house(address={"keep_alive": True}, low_power=False) as home:
        await home.until(lambda: home.lock.snapshot.awake)
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        for _ in range(60):
            home.clock.move(20)
            await home.settle()
        assert not home.lock.address.keep_alive
        assert home.lock.snapshot.available


async def test_touch_soon_after_the_lock_was_let_go_is_heard() -> None:
    async with house() as home:
        await home.awake()
        home.clock.move(10)
        await home.until(lambda: not home.lock.snapshot.awake)
        await home.simulated.sleep()
        home.clock.move(9)
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        home.clock.move(1)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_touch_while_the_lock_is_let_go_is_heard(version: str) -> None:
    async with house(version) as home:
        await home.awake()
        home.clock.move(11)
        await home.simulated.wait_for(lambda: not home.lock.session.connected)
        home.hint()
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        await home.until(lambda: not home.lock.snapshot.awake)
        assert home.lock.snapshot.problem is None


async def test_a_wake_is_heard_though_the_connection_of_the_last_one_seems_alive() -> None:
    async with house() as home:
        await home.awake()
        home.simulated.faults.cut_off = True
        await home.simulated.sleep()
        home.clock.move(4)
        await home.simulated.finger(4)
        home.hint()
        await home.settle()
        home.clock.move(1)
        await home.until(lambda: home.simulated.connections == 2)
        await home.until(lambda: home.lock.snapshot.awake)
        home.clock.move(1)
        await home.until(lambda: home.unlocks == ["live fingerprint 4"])


async def test_a_doubt_does_not_end_a_connection_that_is_alive() -> None:
    async with house() as home:
        await home.awake()
        home.hint("127.0.0.9")
        await home.settle()
        for _ in range(3):
            home.clock.move(1)
            await home.settle()
        assert home.lock.snapshot.awake
        assert home.simulated.connections == 1


async def test_held_unlock_names_who_is_at_the_door_at_once() -> None:
    async with house() as home:
        await home.simulated.finger(3)
        home.hint()
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        assert home.unlocks == []
        assert home.last_unlock == Unlock("fingerprint", 3)
        assert home.lock.snapshot.last_unlock.age is None


async def test_opening_shows_before_the_motor_reports_it() -> None:
    async with house(motor_state=True) as home:
        await home.awake()
        await home.simulated.push({"55": False})
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)
        home.simulated.knobs.motor_state = False
        await home.lock.unlock()
        assert home.lock.snapshot.bolt.locked is False
        home.clock.move(6)
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)


async def test_what_comes_when_a_test_of_the_connection_is_called_off_does_no_harm() -> None:
    async with house() as home:
        reaching = asyncio.create_task(home.lock.reach(60))
        await home.settle()
        reaching.cancel()
        now = home.clock.time()
        home.lock.on_event(Report(source=Source.LAN, received=now, items=(Item(12, 80),)))
        with pytest.raises(asyncio.CancelledError):
            await reaching
        assert home.lock.snapshot.state.battery == 80
