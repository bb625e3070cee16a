"""Locks as networks have them: mute, complaining, behind a gateway, of 3.2, on mains power."""

import asyncio
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Family, Kind, Settings
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    LockAsleep,
    LockError,
    LockMissing,
    NoHandshake,
    NotProven,
    OtherDevice,
    WrongVersion,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from tests.simulator import wire
from tests.simulator.wire import Command
from tests.tuyalock.house import House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

UNKNOWN = {"version": None, "announces": False}
"""How a lock is reached of which nothing but its address is typed."""
OTHER_KEY = b"another 0 key 00"


async def reached(home: House, within: float = 60) -> LockError | None:
    """Return why the lock was not reached, if it was not."""
    try:
        await home.hurry(home.lock.reach(within))
    except LockError as err:
        return err
    return None


def emit(home: House, body: dict[str, Any], command: int = Command.STATUS) -> None:
    """Let whoever is connected say something."""
    for client in home.simulated._server.established:
        client.channel.emit(command, 0, json.dumps(body).encode())


# A wrong key, a mute lock, a complaint (issue 13, points 9 and 10)


@pytest.mark.parametrize("version", ["3.1", "3.2", "3.3"])
@pytest.mark.parametrize("chosen", [None, "3.1", "3.3"])
async def test_a_complaint_in_clear_text_is_no_success(version: str, chosen: str | None) -> None:
    wrong = {**UNKNOWN, "version": chosen, "local_key": OTHER_KEY}
    async with house(version, address=wrong, low_power=False, wrong_key="complain") as home:
        error = await reached(home)
        # With 3.1 the key does not show in a question, so that only a report would.
        signed_only = version == "3.1" and chosen != "3.3"
        assert isinstance(error, NotProven if signed_only else NoHandshake)
        assert not any(one.awake for one in home.snapshots)
        assert home.lock.address.found_version is None
        assert home.lock.snapshot.key_refused is not signed_only


@pytest.mark.parametrize("version", ["3.2", "3.3"])
async def test_a_right_key_is_not_stuck_in_31_after_a_silent_attempt(version: str) -> None:
    async with house(version, address=UNKNOWN, low_power=False, wrong_key="complain") as home:
        home.simulated.faults.lose_answers = {"query"}
        await home.hurry_until(lambda: home.simulated.connections >= 4)
        home.simulated.faults.clear()
        assert await reached(home) is None
        assert home.lock.address.found_version == "3.3"


async def test_a_lock_of_31_is_waited_for_in_its_own_version() -> None:
    async with house("3.1", address=UNKNOWN, low_power=False, wrong_key="complain") as home:
        assert isinstance(await reached(home), NotProven)
        await home.simulated.finger(3)
        await home.until(lambda: home.lock.snapshot.awake)
        assert home.lock.address.found_version == "3.1"


async def mute_wake(home: House) -> None:
    """Let the lock wake, answer nothing, and sleep."""
    home.clock.move(30)
    await home.wake()
    await home.pass_time(25)
    await home.simulated.sleep()
    await home.pass_time(20, 1)


@pytest.mark.parametrize("known", [{}, {"version": None}], ids=["version known", "not known"])
@pytest.mark.parametrize("version", ["3.1", "3.2", "3.3"])
async def test_a_lock_with_nothing_to_say_has_not_refused_the_key(
    version: str, known: dict[str, Any]
) -> None:
    async with house(version, address=known, wrong_key="silent") as home:
        home.simulated.faults.lose_answers = {"query"}
        for _ in range(3):
            await mute_wake(home)
            assert home.lock.snapshot.available
        assert isinstance(home.lock.snapshot.problem, NotProven)
        home.simulated.faults.clear()
        home.clock.move(30)
        await home.simulated.finger(3)
        home.hint()
        await home.hurry_until(lambda: len(home.records) == 1)
        assert home.lock.snapshot.problem is None


async def test_a_report_after_a_silent_answer_is_heard_in_the_same_wake() -> None:
    async with house("3.3") as home:
        home.simulated.faults.lose_answers = {"query"}
        await home.wake()
        await home.pass_time(5)
        connections = home.simulated.connections
        await home.simulated.finger(3)
        await home.pass_time(2)
        assert home.unlocks == ["live fingerprint 3"]
        assert home.simulated.connections == connections


@pytest.mark.parametrize("answer", ["close", "complain"])
async def test_a_lock_that_refuses_in_each_wake_has_another_key(answer: str) -> None:
    async with house("3.3", address={"local_key": OTHER_KEY}, wrong_key=answer) as home:
        await home.wake()
        await home.hurry_until(lambda: home.lock.snapshot.key_refused)
        assert isinstance(home.lock.snapshot.problem, NoHandshake)


async def test_a_newer_version_that_is_only_tried_says_nothing_of_the_key() -> None:
    before = {"address": {"found_version": "3.3"}}
    async with house("3.3", stored=before, address={"version": None}, wrong_key="close") as home:
        home.simulated.faults.lose_answers = {"query"}
        for _ in range(6):
            await mute_wake(home)
        assert not home.lock.snapshot.key_refused


async def test_a_connection_without_proof_that_is_dead_does_not_hide_the_next_wake() -> None:
    async with house("3.3") as home:
        home.simulated.faults.lose_answers = {"query"}
        await home.wake()
        await home.until(lambda: home.simulated.clients == 1)
        home.simulated.faults.cut_off = True
        await home.simulated.sleep()
        home.simulated.faults.clear()
        home.clock.move(8)
        await home.simulated.finger(3)
        home.hint()
        await home.pass_time(3)
        assert home.unlocks == ["live fingerprint 3"]


# A wake that nobody announces (point 11)


@pytest.mark.parametrize("dials", ["refuse", "silent"])
async def test_a_wake_without_an_announcement_is_heard_though_others_were_announced(
    dials: str,
) -> None:
    async with house(asleep_dials=dials) as home:
        await home.awake()
        assert home.lock.address.announces
        await home.simulated.sleep()
        await home.pass_time(3600, 20)
        await home.simulated.finger(3)
        await home.pass_time(12)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])


async def test_it_is_dialled_rarely_and_let_go_again() -> None:
    async with house(low_power=True) as home:
        await home.awake()
        await home.pass_time(8)
        assert home.simulated.clients == 0
        connections = home.simulated.connections
        await home.pass_time(5)
        assert home.simulated.connections == connections


# A gateway (point 12)


@pytest.mark.parametrize("version", ["3.1", "3.3", "3.4", "3.5"])
async def test_a_gateway_that_does_not_have_our_lock_is_not_taken_for_it(version: str) -> None:
    knobs = {"low_power": False, "query_answer": "not_found"}
    async with house(version, address={"announces": False}, **knobs) as home:
        error = await reached(home)
        # What anybody could have said names no other device.
        assert isinstance(error, NoHandshake if version == "3.1" else OtherDevice)
        assert not any(one.awake for one in home.snapshots)
        assert home.lock.snapshot.key_refused is (version == "3.1")


@pytest.mark.parametrize(
    "foreign",
    [
        {"cid": "a4c138f2b1d0"},
        {"devId": "bfanother00lock0009"},
        {"data": {"cid": "a4c138f2b1d0"}},
        {"data": {"devId": "bfanother00lock0009"}},
    ],
    ids=["cid", "devId", "cid inside", "devId inside"],
)
@pytest.mark.parametrize("version", ["3.3", "3.4"])
async def test_a_report_of_another_device_is_no_unlock(
    version: str, foreign: dict[str, Any]
) -> None:
    async with house(version) as home:
        await home.awake()
        dps = {"dps": {"1": 7, "8": "pry", "16": True}}
        body = {**dps, **foreign} if version == "3.3" else {"data": dict(dps), **foreign}
        if "data" in foreign:
            body = {"data": {**dps, **foreign["data"]}}
        emit(home, {"t": int(home.clock.time()), **body})
        await home.settle()
        home.clock.move(5)
        await home.settle()
        assert (home.records, home.signals) == ([], [])
        assert home.lock.snapshot.awake
        for own in ({"devId": home.simulated.device_id}, {"cid": home.simulated.device_id}, {}):
            emit(home, {"t": int(home.clock.time()) + 1, "data": {**dps, **own}, **own})
        await home.until(lambda: len(home.records) == 3)


@pytest.mark.parametrize("version", ["3.3", "3.4"])
async def test_a_report_of_another_device_proves_nothing(version: str) -> None:
    """A hub with the same key reports for what is behind it, and answers for itself."""
    async with house(version, low_power=False, address={"announces": False}) as home:
        home.simulated.faults.lose_answers = {"query"}
        await home.hurry_until(lambda: home.simulated.clients == 1)
        emit(home, {"dps": {"1": 7}, "devId": "bfanother00hub00009"}, Command.QUERY)
        emit(home, {"dps": {"1": 7}, "devId": "bfanother00hub00009"}, Command.QUERY_NEW)
        await home.until(lambda: isinstance(home.lock.snapshot.problem, OtherDevice))
        assert home.records == []


# Version 3.2 (point 13)


@pytest.mark.parametrize("chosen", [None, "3.2", "3.3"])
async def test_a_lock_of_32_is_heard_and_opened(chosen: str | None) -> None:
    async with house("3.2", address={**UNKNOWN, "version": chosen}) as home:
        await home.simulated.finger(3)
        await home.hurry_until(lambda: home.unlocks == ["live fingerprint 3"])
        assert home.lock.address.found_version == "3.2"
        await home.lock.unlock()
        assert home.simulated.openings == ["fingerprint 3", "remote"]
        stored = json.loads(json.dumps(home.lock.as_dict()))
    async with house("3.2", address={**UNKNOWN, "version": chosen}, stored=stored) as again:
        again.clock.move(3600)
        await again.simulated.wake()
        await again.hurry_until(lambda: again.lock.snapshot.awake)
        await again.lock.unlock()
        assert again.simulated.openings == ["remote"]


async def test_a_lock_of_32_that_announces_itself_is_opened_before_it_reports() -> None:
    async with house("3.2", address={"version": None}) as home:
        await home.wake()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]


async def test_a_lock_of_33_is_chosen_as_32_and_nothing_is_wrong() -> None:
    async with house("3.3", address={"version": "3.2"}) as home:
        await home.simulated.finger(3)
        home.hint()
        await home.hurry_until(lambda: home.unlocks == ["live fingerprint 3"])
        assert not isinstance(home.lock.snapshot.problem, WrongVersion)
        await home.lock.unlock()
        assert home.simulated.openings == ["fingerprint 3", "remote"]


async def test_the_header_of_a_frame_that_is_not_believed_changes_nothing() -> None:
    async with house("3.3", address={"version": None}) as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.until(lambda: len(home.records) == 1)
        (client,) = home.simulated._server.established
        key = home.simulated.local_key.encode()
        ours = {"devId": home.simulated.device_id, "uid": "u", "dps": {"1": 7}}
        for body in (ours, {"dps": {"1": 7}, "cid": "a4c138f2b1d0"}):
            text = json.dumps(body).encode()
            client.channel.write(wire.encode("3.2", key, Command.STATUS, 0, text, retcode=0))
        await home.settle()
        assert home.lock.address.found_version == "3.3"


# What does not know a query (point 5)


async def test_a_battery_lock_that_knows_no_query_is_a_battery_lock() -> None:
    async with house("3.3", stored={}, query_answer="unvalid", low_power=True) as home:
        for dps in ({"16": True}, {"19": True}, {"8": "pry"}, {"18": "open"}, {"11": "low"}):
            await home.simulated.push(dps)
        await home.wake()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.pass_time(6)
        assert {one.kind for one in home.signals} == {Kind.ALARM, Kind.DOORBELL, Kind.DURESS}
        assert home.lock.snapshot.state.door_open is True
        assert home.unlocks == []
        assert home.lock.snapshot.family is None
        assert not home.lock.snapshot.stays
        await home.pass_time(12)
        assert home.simulated.clients == 0


# Locks that stay on the network (point 18)


@pytest.mark.parametrize("how", ["power", "cut off", "goes"])
@pytest.mark.parametrize("version", ["3.3", "3.4"])
async def test_an_access_control_is_missed_within_a_minute(version: str, how: str) -> None:
    async with house(version, "D") as home:
        await home.awake()
        await home.pass_time(30)
        assert home.lock.snapshot.available
        home.simulated.faults.cut_off = how == "cut off"
        await (home.simulated.pull_battery() if how == "power" else home.simulated.sleep())
        await home.pass_time(60)
        assert home.lock.snapshot.missing
        assert not home.lock.snapshot.available
        began = home.clock.monotonic()
        with pytest.raises(LockMissing):
            await home.lock.unlock()
        assert home.clock.monotonic() - began < 1
        await home.simulated.put_battery()
        await home.simulated.wake()
        await home.pass_time(40)
        await home.until(lambda: home.lock.snapshot.available)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert [one.missing for one in home.snapshots].count(True) >= 1


async def test_it_stays_missed_however_long_it_is_away() -> None:
    async with house("3.3", "D") as home:
        await home.awake()
        await home.simulated.pull_battery()
        await home.pass_time(3600, 20)
        assert home.lock.snapshot.missing


async def test_after_a_restart_it_is_missed_as_well() -> None:
    async with house("3.3", "D", low_power=True) as home:
        await home.pass_time(5)
        assert home.lock.snapshot.stays
        assert home.lock.snapshot.available
        await home.pass_time(30)
        assert home.lock.snapshot.missing


async def test_a_lock_that_only_reconnects_is_waited_for_without_a_request() -> None:
    async with house("3.4", "D") as home:
        await home.awake()
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.pass_time(10)
        assert not unlocking.done()
        await home.simulated.wake()
        await home.hurry_until(unlocking.done)
        await unlocking
        assert home.simulated.openings == ["remote"]


async def test_neither_locking_nor_a_setting_blames_the_sleep_of_a_lock_that_never_sleeps() -> None:
    setting = {30: Dp("automatic_lock", DpType.BOOLEAN, writable=True)}
    async with house("3.4", "D", motor_state=True) as home:
        home.lock.learn(PROFILES[Family.D] | setting | {55: Dp("lock_motor_state", DpType.BOOLEAN)})
        await home.awake()
        await home.simulated.push({"55": False})
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        for operation in (home.lock.change_setting("automatic_lock", True), home.lock.lock()):
            with pytest.raises(LockMissing):
                await operation


async def test_a_waiting_unlock_ends_when_the_lock_is_missed() -> None:
    async with house("3.4", "D", settings=Settings(unlock_wait=60)) as home:
        await home.awake()
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.pass_time(34)
        with pytest.raises(LockMissing):
            await unlocking


async def test_a_battery_lock_that_sleeps_is_not_missed() -> None:
    async with house("3.4", settings=Settings(unlock_wait=5)) as home:
        await home.awake()
        await home.simulated.sleep()
        await home.pass_time(600, 5)
        assert home.lock.snapshot.available
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.pass_time(6)
        with pytest.raises(LockAsleep):
            await unlocking


async def test_a_lock_that_is_kept_awake_for_minutes_is_not_taken_for_one_that_stays() -> None:
    async with house("3.4") as home:
        await home.wake()
        for number in range(60):
            await home.simulated.push({"1": number})
            await home.pass_time(5, 1)
            home.hint()
        assert not home.lock.snapshot.stays
        await home.simulated.sleep()
        await home.pass_time(120, 1)
        assert home.lock.snapshot.available


async def test_a_lock_that_turns_out_to_be_another_kind_may_sleep() -> None:
    async with house("3.4", stored={"product": {"shown": {"8": ["D"]}}}) as home:
        await home.wake()
        await home.hurry_until(lambda: home.lock.snapshot.stays)
        for dps in ({"49": "AAAB"}, {"50": "AAAB4X8="}, {"1": 3}):
            await home.simulated.push(dps)
        await home.until(lambda: home.lock.snapshot.family is Family.B)
        assert not home.lock.snapshot.stays
        await home.pass_time(15)
        assert home.simulated.clients == 0
        await home.simulated.sleep()
        await home.pass_time(60, 1)
        assert home.lock.snapshot.available
