"""The simulated lock at the door: requests, families, reports, records, power."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator import (
    Knobs,
    SimulatedLock,
    access_control,
)
from tests.simulator.peer import Peer

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_800_000_000
SET_KEY = "AQABZVPxAHc1lAAAADEyMzQ1Njc4"
UNLOCK = "AQABMTIzNDU2NzgAAQ=="


@pytest.fixture
async def lock() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(now=lambda: NOW) as lock:
        yield lock


async def awake(lock: SimulatedLock) -> Peer:
    await lock.wake()
    return await Peer.asking(lock)


# Requests


async def test_a_request_counts_down(lock: SimulatedLock) -> None:
    lock.knobs.countdown_step = 0.05
    peer = await awake(lock)
    await lock.request(1.2)
    values = [one["9"] for one in await peer.dps(1)]
    while values[-1]:
        values += [one["9"] for one in await peer.dps(1)]
    assert values == sorted(values, reverse=True)
    assert (values[0], set(values)) == (2, {2, 1, 0})
    assert len(values) > 5
    assert not lock.requested
    lock.knobs.countdown_step = 60
    await lock.request(60)
    assert await peer.dps(1) == [{"9": 60}]
    assert (await peer.query())["9"] == 60
    await lock.end_request()
    assert await peer.dps(1) == [{"9": 0}]
    assert (await peer.query())["9"] == 0
    peer.close()


async def test_only_the_last_countdown_waits_for_a_client(lock: SimulatedLock) -> None:
    await lock.request(30)
    await lock.request(20)
    assert lock.waiting == [{"9": 20}]
    await lock.sleep()
    assert lock.waiting == []
    assert not lock.requested


async def test_family_a_opens_only_when_somebody_asks() -> None:
    async with SimulatedLock(family="A") as lock:
        peer = await awake(lock)
        await peer.control({"10": True})
        assert (await peer.frame()).body == b""
        assert await peer.silent()
        assert lock.openings == []
        await lock.request(30)
        await peer.control({"10": True})
        assert await peer.dps(4) == [{"9": 30}, {"10": True}, {"15": 1}, {"9": 0}]
        assert lock.openings == ["remote"]
        await lock.request(30)
        await peer.control({"10": False})
        assert await peer.dps(3) == [{"9": 30}, {"10": False}, {"9": 0}]
        assert lock.openings == ["remote"]
        await peer.control({"49": SET_KEY, "50": UNLOCK})
        await peer.frame()
        assert await peer.silent(0.05)
        assert lock.stored_key is None
        peer.close()


async def test_family_d_opens_as_captured() -> None:
    knobs = access_control(relock_seconds=0.02)
    async with SimulatedLock(family="D", version="3.3", knobs=knobs) as lock:
        assert lock.awake
        peer = await Peer.to(lock)
        both = {"8": "AQACAAAAAH///////1Rlc3RLZXkx", "9": "AQACVGVzdEtleTEAAQ=="}
        await peer.control(both)
        assert await peer.dps(5) == [
            {"8": "AAACLWU="},
            {"9": "AAACLWU="},
            {"35": "AQAB"},
            {"22": "AAAAAgAA"},
            {"35": "AQAC"},
        ]
        await lock.finger(3)
        assert await peer.dps(2) == [{"10": "AAAAAwAA"}, {"35": "AQAB"}]
        peer.close()


# Reports


async def test_each_method_has_its_data_point(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await lock.finger(1)
    await lock.code(2)
    await lock.card(5)
    others = ["temporary_password", "dynamic_password", "face", "key", "app", "palm", "finger_vein"]
    for method in others:
        await lock.unlock(method, 904)
    await lock.unlock("inside", 1)
    dps = ["3", "4", "6", "7", "15", "23", "24"]
    expected = [{"1": 1}, {"2": 2}, {"5": 5}, *({dp: 904} for dp in dps), {"17": True}]
    assert await peer.dps(11) == expected
    assert lock.openings[:3] == ["fingerprint 1", "password 2", "card 5"]
    with pytest.raises(ValueError, match="family B has no nose"):
        await lock.unlock("nose", 1)
    peer.close()


async def test_states_and_alarms(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await lock.alarm("pry")
    await lock.doorbell()
    await lock.doorbell()
    await lock.battery(12)
    lock.knobs.battery_dp = 11
    await lock.battery(12)
    await lock.push({"33": "AQ=="}, {"33": 7})
    assert await peer.dps(5) == [
        {"8": "pry"},
        {"19": True},
        {"19": True},
        {"12": 12},
        {"11": "low"},
    ]
    assert await peer.push() == {"dps": {"33": "AQ=="}, "t": {"33": 7}}
    peer.close()


async def test_an_alarm_has_the_form_of_its_product(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await lock.alarm("tongue_bad")
    lock.knobs.alarm_form = "index"
    await lock.alarm("tongue_bad")
    lock.knobs.alarm_form = "bits"
    await lock.alarm("tongue_bad")
    assert await peer.dps(3) == [{"8": "tongue_bad"}, {"8": "04"}, {"8": 16}]
    peer.close()


async def test_duress_is_in_the_report_of_its_unlock(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await lock.forced("fingerprint", 4)
    assert await peer.dps(1) == [{"1": 4, "16": True}]
    assert lock.openings == ["fingerprint 4"]
    peer.close()


async def test_a_touch_wakes_the_lock_and_waits_for_a_query(lock: SimulatedLock) -> None:
    await lock.finger(3)
    await lock.finger(3)
    assert lock.awake
    peer = await Peer.to(lock)
    assert await peer.silent()
    assert await peer.query() == {"1": 3}
    assert await peer.dps(2) == [{"1": 3}, {"1": 3}]
    peer.close()


@pytest.mark.parametrize(
    ("where", "answer", "pushes"), [("push", {}, [{"1": 3}]), ("query", {"1": 3}, [])]
)
async def test_where_an_unlock_is_seen(
    lock: SimulatedLock, where: Any, answer: dict[str, int], pushes: list[dict[str, int]]
) -> None:
    lock.knobs.unlock_in = where
    await lock.finger(3)
    peer = await Peer.to(lock)
    assert await peer.query() == answer
    assert await peer.dps(len(pushes)) == pushes
    assert await peer.silent(0.05)
    peer.close()


async def test_a_burst_travels_together_where_it_can(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    people = (("fingerprint", 1), ("card", 2), ("fingerprint", 3))
    await lock.burst(*people)
    assert await peer.dps(2) == [{"1": 1, "5": 2}, {"1": 3}]
    lock.knobs.burst_frames = "separate"
    await lock.burst(*people)
    assert await peer.dps(3) == [{"1": 1}, {"5": 2}, {"1": 3}]
    assert len(lock.openings) == 6
    peer.close()


async def test_the_backlog_keeps_twenty(lock: SimulatedLock) -> None:
    lock.knobs.record_times = True
    lock.knobs.clock_offset = 5
    for number in range(25):
        await lock.store("fingerprint", number, at=NOW - 3600 + number)
    assert not lock.awake
    await lock.card(9)
    peer = await Peer.to(lock)
    assert await peer.query() == {"5": 9}
    pushes = [await peer.push() for _ in range(21)]
    assert [one["dps"] for one in pushes] == [*({"1": n} for n in range(5, 25)), {"5": 9}]
    assert pushes[0]["t"] == {"1": NOW - 3600 + 5 + 5}
    assert pushes[-1]["t"] == {"5": NOW + 5}
    await lock.sleep()
    peer.close()
    peer = await awake(lock)
    assert await peer.silent(0.05)
    peer.close()


async def test_what_nobody_took_is_kept_over_sleep_and_reboot(lock: SimulatedLock) -> None:
    await lock.finger(3)
    await lock.sleep()
    await lock.wake()
    await lock.card(4)
    key = lock.stored_key
    await lock.reboot()
    assert lock.awake
    assert lock.stored_key is key
    peer = await Peer.to(lock)
    assert await peer.query() == {}
    assert await peer.dps(2) == [{"1": 3}, {"5": 4}]
    await lock.reboot()
    assert await peer.ended() == "closed"
    assert lock.awake
    peer.close()


async def test_a_lock_that_is_always_on_keeps_nothing_for_the_lan() -> None:
    async with SimulatedLock(knobs=Knobs(keep_alive=True)) as lock:
        assert lock.awake
        await lock.finger(3)
        peer = await Peer.to(lock)
        await lock.wait_for(lambda: lock.clients == 1)
        await lock.finger(4)
        assert await peer.dps(1) == [{"1": 4}]
        peer.close()


async def test_waiting_in_vain_says_for_what(lock: SimulatedLock) -> None:
    with pytest.raises(TimeoutError, match=r"lock\.clients == 5.*asleep"):
        await lock.wait_for(lambda: lock.clients == 5, timeout=0.02)
