"""The simulated lock at the door: keys, requests, records, power, and its command line."""

import asyncio
import base64
from collections.abc import AsyncIterator
import sys
from typing import Any

import pytest

from tests.simulator import (
    Knobs,
    RemoteKey,
    SimulatedLock,
    Status,
    access_control,
    run_command,
)
from tests.simulator.peer import Peer

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_800_000_000
SET_KEY = "AQABZVPxAHc1lAAAADEyMzQ1Njc4"
UNLOCK = "AQABMTIzNDU2NzgAAQ=="
LOCK = "AAABMTIzNDU2NzgAAQ=="
REPLIES = ("AAAB", "AQAB", "AgAB", "AwAB", "BAAB", "BQAB", "BgAB")


def set_key(**fields: Any) -> str:
    """A set-key command, valid unless said otherwise."""
    values = {"valid": 1, "member": 1, "start": 0, "end": 0x7FFFFFFF, "uses": 1} | fields
    raw = values["valid"].to_bytes(1) + values["member"].to_bytes(2)
    raw += values["start"].to_bytes(4) + values["end"].to_bytes(4) + values["uses"].to_bytes(2)
    return base64.b64encode(raw + values.get("key", b"12345678")).decode()


@pytest.fixture
async def lock() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(now=lambda: NOW) as lock:
        yield lock


async def awake(lock: SimulatedLock) -> Peer:
    await lock.wake()
    return await Peer.asking(lock)


async def told(peer: Peer, **commands: str) -> list[dict[str, Any]]:
    """What the lock reports, up to and with its reply, for every command in order."""
    reports = []
    for name, value in commands.items():
        dp = name.removeprefix("dp")
        await peer.control({dp: value})
        while True:
            reports += await peer.dps(1)
            if dp in reports[-1]:
                break
    return reports


# Keys


async def test_the_published_commands(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    assert await told(peer, dp49=SET_KEY, dp50=UNLOCK) == [{"49": REPLIES[0]}, {"50": REPLIES[0]}]
    assert lock.stored_key == RemoteKey(1, 1_700_000_000, 2_000_000_000, None, b"12345678")
    assert await peer.dps(1) == [{"15": 1}]
    assert lock.openings == ["remote"]
    assert lock.commands == [{"49": SET_KEY}, {"50": UNLOCK}]
    assert await told(peer, dp50=LOCK) == [{"50": REPLIES[0]}]
    assert (lock.openings, lock.lockings) == (["remote"], ["remote 1"])
    peer.close()


@pytest.mark.parametrize("status", Status)
async def test_every_reply_has_its_cause(lock: SimulatedLock, status: Status) -> None:
    peer = await awake(lock)
    changed: dict[str, Any] = {}
    if status is Status.OUTSIDE_TIME:
        changed["end"] = NOW - 1
    if status is Status.WRONG_KEY:
        changed["key"] = b"87654321"
    await told(peer, dp49=set_key(**changed))
    lock.knobs.fail_unlock = status is Status.FAILED
    if status is Status.INVALID:
        await told(peer, dp49=set_key(valid=0))
    if status is Status.EXHAUSTED:
        assert await told(peer, dp50=UNLOCK) == [{"50": REPLIES[0]}]
        await peer.dps(1)
    if status is Status.DOUBLE_LOCKED:
        await lock.double_lock(True)
        assert await peer.dps(1) == [{"13": True}]
        assert await told(peer, dp50=LOCK, dp49=set_key()) == [{"50": "AAAB"}, {"49": "AAAB"}]
    opened = len(lock.openings)
    assert await told(peer, dp50=UNLOCK) == [{"50": REPLIES[status]}]
    assert len(lock.openings) - opened == (status is Status.OK)
    peer.close()


async def test_what_is_checked_first(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await lock.double_lock(True)
    lock.stored_key = None
    lock.knobs.fail_unlock = True
    wrong = RemoteKey(1, 0, NOW - 1, 0, b"87654321")
    order = []

    async def step() -> None:
        reports = await told(peer, dp50=UNLOCK)
        order.append(Status(base64.b64decode(reports[-1]["50"])[0]))

    await step()
    await lock.double_lock(False)
    await step()
    lock.stored_key = wrong
    await step()
    wrong.end = NOW + 1
    await step()
    wrong.uses_left = 1
    await step()
    wrong.key = b"12345678"
    await step()
    lock.knobs.fail_unlock = False
    await step()
    assert order == [6, 2, 4, 3, 5, 1, 0]
    assert wrong.uses_left == 0
    assert lock.openings == ["remote"]
    peer.close()


async def test_the_clock_that_counts_is_the_locks(lock: SimulatedLock) -> None:
    lock.knobs.clock_offset = -400
    peer = await awake(lock)
    key = set_key(start=NOW - 300, end=NOW + 300)
    assert (await told(peer, dp49=key, dp50=UNLOCK))[-1] == {"50": REPLIES[Status.OUTSIDE_TIME]}
    lock.knobs.clock_offset = 200
    assert (await told(peer, dp50=UNLOCK))[-1] == {"50": REPLIES[Status.OK]}
    peer.close()


async def test_the_cloud_takes_our_key_away(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await told(peer, dp49=set_key(member=7))
    lock.cloud_gives_key()
    assert (await told(peer, dp50=UNLOCK))[-1] == {"50": REPLIES[Status.WRONG_KEY]}
    assert lock.stored_key
    assert lock.stored_key.member == 1
    peer.close()


async def test_keys_have_no_string_form(lock: SimulatedLock) -> None:
    peer = await awake(lock)
    await told(peer, dp49=SET_KEY)
    assert "12345678" not in repr(lock.stored_key)
    assert "12345678" not in str(lock)
    assert lock.local_key not in str(lock)
    peer.close()


@pytest.mark.parametrize(
    ("command", "reply"), [("AQAB", "AQAB"), ("", "AQAB"), ("!", "AQAB"), ("AQAH", "AQAH")]
)
async def test_a_command_of_wrong_length_stores_nothing(
    lock: SimulatedLock, command: str, reply: str
) -> None:
    peer = await awake(lock)
    before = lock.stored_key
    assert await told(peer, dp49=command) == [{"49": reply}]
    assert await told(peer, dp50=command) == [{"50": reply}]
    assert lock.stored_key is before
    peer.close()


@pytest.mark.parametrize(
    ("form", "expected"), [("3", "AAAB"), ("5", "AAABLWU="), ("echo", SET_KEY)]
)
async def test_forms_of_replies(lock: SimulatedLock, form: Any, expected: str) -> None:
    lock.knobs.reply = form
    peer = await awake(lock)
    assert await told(peer, dp49=SET_KEY) == [{"49": expected}]
    peer.close()


async def test_a_new_lock_says_that_it_has_no_key() -> None:
    async with SimulatedLock(knobs=Knobs(cloud=False)) as lock:
        for _ in range(2):
            peer = await awake(lock)
            assert await peer.dps(1) == [{"49": "AQAB"}]
            await lock.sleep()
            peer.close()
        await lock.wake()
        peer = await Peer.to(lock)
        assert (await peer.query(), await peer.dps(1)) == ({}, [{"49": "AQAB"}])
        await told(peer, dp49=SET_KEY)
        await lock.sleep()
        peer.close()
        peer = await awake(lock)
        assert await peer.silent()
        peer.close()


async def test_an_opening_tells_all_that_the_lock_can_tell() -> None:
    knobs = Knobs(motor_state=True, door_sensor=True, relock_seconds=0.03)
    async with SimulatedLock(knobs=knobs) as lock:
        peer = await awake(lock)
        await lock.request(40)
        assert await peer.dps(1) == [{"9": 40}]
        await told(peer, dp49=set_key(member=7), dp50=UNLOCK)
        expected = [{"55": True}, {"18": "open"}, {"15": 1}, {"9": 0}, {"55": False}]
        assert await peer.dps(5) == expected
        await lock.door(False)
        assert await peer.dps(1) == [{"18": "closed"}]
        peer.close()


async def test_a_lock_may_want_a_request_or_refuse_to_lock(lock: SimulatedLock) -> None:
    lock.knobs.requires_request = True
    lock.knobs.supports_lock = False
    lock.knobs.app_record = False
    peer = await awake(lock)
    await told(peer, dp49=SET_KEY)
    assert await told(peer, dp50=UNLOCK) == [{"50": REPLIES[Status.FAILED]}]
    assert await told(peer, dp50=LOCK) == [{"50": REPLIES[Status.FAILED]}]
    await lock.request(9)
    assert await told(peer, dp50=UNLOCK) == [{"9": 9}, {"50": REPLIES[Status.OK]}]
    assert await peer.dps(1) == [{"9": 0}]
    peer.close()


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


# By hand


async def test_what_can_be_typed(lock: SimulatedLock) -> None:
    said = [
        await run_command(lock, line)
        for line in (
            "finger 3",
            "code 2",
            "card 5",
            "unlock face 6",
            "burst card 1 fingerprint 2",
            "request 20",
            "end",
            "double-lock on",
            "battery 12",
            "alarm pry",
            "doorbell",
            "door open",
            "wrong key",
            "announce",
            "new key",
        )
    ]
    assert all(said)
    expected = ["fingerprint 3", "password 2", "card 5", "face 6", "card 1", "fingerprint 2"]
    assert lock.openings == expected
    assert (lock.double_locked, lock.dps["12"], lock.dps["8"]) == (True, 12, "pry")
    assert lock.key != lock.local_key.encode()
    await run_command(lock, "right key")
    assert lock.key == lock.local_key.encode()
    await run_command(lock, "sleep")
    await run_command(lock, "store card 8")
    assert not lock.awake
    assert "6 waiting" not in await run_command(lock, "status")
    await run_command(lock, "pull")
    assert "without power" in await run_command(lock, "status")
    for line in ("put", "wake 5", "reboot", "help", "alarm"):
        assert await run_command(lock, line)


@pytest.mark.parametrize(
    "line", ["nonsense", "finger", "finger x", "burst", "double-lock perhaps", "alarm none"]
)
async def test_bad_input_is_answered(lock: SimulatedLock, line: str) -> None:
    said = await run_command(lock, line)
    assert said.startswith(("unknown", "cannot"))
    assert lock.openings == []
    assert await run_command(lock, "") == ""


async def run_module(*options: str, typed: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulator",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate(typed.encode())
    assert process.returncode == 0
    return output.decode()


async def test_the_module_runs_by_hand() -> None:
    assert "--udp-ports" in await run_module("--help")
    ports = ("--port", "0", "--udp-ports", "26666", "26667", "27000")
    output = await run_module(*ports, typed="finger 3\nbattery 12\nstatus\nquit\nfinger 4\n")
    assert "asleep" in output.splitlines()[0]
    assert "openings ['fingerprint 3']" in output
    assert "'12': 12" in output
    assert "fingerprint 4" not in output
