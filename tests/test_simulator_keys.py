"""The simulated lock and the key that opens it from afar."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator import (
    Knobs,
    RemoteKey,
    SimulatedLock,
    Status,
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
