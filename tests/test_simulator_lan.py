"""The simulated lock on the wire: slots, sessions, numbers, answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator import Knobs, SimulatedLock, tuya_open, wire
from tests.simulator.peer import Peer
from tests.simulator.wire import Command

VERSIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")
pytestmark = pytest.mark.usefixtures("socket_enabled")


def awake(**changes: Any) -> Knobs:
    """A lock that is always on and tells all it knows."""
    return Knobs(**{"low_power": False, "query_answer": "all"} | changes)


@pytest.fixture(params=VERSIONS)
async def lock(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(version=request.param, knobs=awake()) as lock:
        yield lock


@pytest.fixture(params=("3.3", "3.4", "3.5"))
async def newer(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(version=request.param, knobs=awake()) as lock:
        yield lock


@pytest.fixture
async def lock34() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(version="3.4", knobs=awake()) as lock:
        yield lock


# Connections


async def test_there_is_one_slot(lock: SimulatedLock) -> None:
    first = await Peer.asking(lock)
    second = Peer(lock)
    await second.dial()
    assert await second.ended() == "closed"
    assert (lock.clients, lock.connections) == (1, 2)
    await lock.finger(3)
    assert await first.dps(1) == [{"1": 3}]
    first.close()
    await lock.wait_for(lambda: lock.clients == 0)
    (await Peer.asking(lock)).close()
    second.close()


async def test_a_new_client_may_take_the_slot(lock34: SimulatedLock) -> None:
    lock34.knobs.slot_policy = "kick_oldest"
    first = await Peer.asking(lock34)
    second = await Peer.asking(lock34)
    assert await first.ended() == "closed"
    assert lock34.clients == 1
    first.close()
    second.close()


async def test_a_client_without_slot_may_be_ignored(lock34: SimulatedLock) -> None:
    lock34.knobs.slot_policy = "mute"
    first = await Peer.asking(lock34)
    second = Peer(lock34)
    await second.dial()
    await second.send(Command.START, bytes(16))
    assert await second.silent()
    assert lock34.clients == 1
    first.close()
    second.close()


async def test_an_idle_client_is_dropped(lock34: SimulatedLock) -> None:
    lock34.knobs.idle_timeout = 0.3
    peer = await Peer.asking(lock34)
    for _ in range(5):
        assert await peer.silent(0.1)
        await peer.send(Command.HEARTBEAT)
        assert (await peer.frame()).command == Command.HEARTBEAT
    assert await peer.ended() == "closed"
    peer.close()


async def test_a_lock_may_insist_on_rising_numbers(lock34: SimulatedLock) -> None:
    lock34.knobs.strict_seq = True
    peer = await Peer.asking(lock34)
    peer.sequence -= 1
    await peer.send(Command.HEARTBEAT)
    assert await peer.ended() == "closed"
    peer.close()


@pytest.mark.parametrize("version", ["3.4", "3.5"])
async def test_a_session_key_that_starts_with_zero(version: str) -> None:
    async with SimulatedLock(version=version, knobs=awake()) as lock:
        lock.faults.zero_session_key = 2
        healthy = await Peer.asking(lock)
        assert healthy.key[0] == 0
        healthy.close()
        await lock.wait_for(lambda: lock.clients == 0)
        lock.knobs.zero_key_bug = True
        dead = await Peer.to(lock)
        assert dead.key[0] == 0
        await dead.send(Command.QUERY_NEW, b"{}")
        assert await dead.ended() == "closed"
        dead.close()


async def test_a_frame_in_two_segments_may_be_lost(newer: SimulatedLock) -> None:
    peer = await Peer.asking(newer)
    frame = wire.encode(peer.version, peer.key, Command.HEARTBEAT, 9, b"{}")
    for part in (frame[:20], frame[20:]):
        await peer.raw(part)
        await asyncio.sleep(0)
    assert (await peer.frame()).command == Command.HEARTBEAT
    newer.knobs.split_frame_loss = True
    await peer.raw(frame[:20])
    assert await peer.ended() == "closed"
    peer.close()


async def test_requests_before_the_handshake_end_it(lock34: SimulatedLock) -> None:
    peer = Peer(lock34)
    await peer.dial()
    await peer.send(Command.QUERY_NEW, b"{}")
    assert await peer.ended() == "closed"
    peer.close()


@pytest.mark.parametrize(("policy", "expected"), [("echo", 2), ("zero", 0)])
async def test_numbers_of_answers(policy: Any, expected: int) -> None:
    async with SimulatedLock(version="3.3", knobs=awake(seq_policy=policy)) as lock:
        peer = await Peer.asking(lock)
        await peer.send(Command.HEARTBEAT)
        assert (await peer.frame()).sequence == expected
        peer.close()


@pytest.mark.parametrize("version", ["3.3", "3.4"])
async def test_numbers_as_captured(version: str) -> None:
    async with SimulatedLock(version=version, knobs=awake()) as lock:
        peer = await Peer.asking(lock)
        numbers = []
        for _ in range(2):
            await peer.send(Command.HEARTBEAT)
            numbers.append((await peer.frame()).sequence)
            await lock.finger(1)
            numbers.append((await peer.frame()).sequence)
        first = numbers[0]
        counted = [first, first + 1, first + 2, first + 3]
        assert numbers == ([0, 0, 0, 0] if version == "3.3" else counted)
        await peer.send(Command.QUERY, b"{}")
        assert (await peer.frame()).sequence == peer.sequence
        peer.close()


async def test_pushes_do_not_wait_for_acknowledgements(lock34: SimulatedLock) -> None:
    peer = await Peer.asking(lock34)
    began = asyncio.get_running_loop().time()
    for _ in range(25):
        await peer.control({"58": True})
        await peer.dps(1)
    # Between an acknowledgement and its push Nagle's algorithm would put forty milliseconds.
    assert asyncio.get_running_loop().time() - began < 0.8
    peer.close()


async def test_a_35_lock_counts_its_own_frames() -> None:
    async with SimulatedLock(version="3.5", knobs=awake()) as lock:
        peer = await Peer.asking(lock)
        numbers = []
        for _ in range(3):
            await peer.send(Command.HEARTBEAT)
            numbers.append((await peer.frame()).sequence)
        assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
        peer.close()


# Answers


async def test_three_ways_to_answer_a_query(lock: SimulatedLock) -> None:
    lock.knobs.query_answer = "changed"
    peer = await Peer.to(lock)
    assert await peer.query() == {}
    await lock.battery(12)
    await peer.dps(1)
    assert await peer.query() == {"12": 12}
    lock.knobs.query_answer = "all"
    assert await peer.query() == lock.dps
    lock.knobs.query_answer = "unvalid"
    await peer.send(Command.QUERY if lock.version < "3.4" else Command.QUERY_NEW, b"{}")
    frame = await peer.frame()
    assert (frame.retcode, frame.body) == (1, b"json obj data unvalid")
    peer.close()


async def test_a_query_answered_by_a_push_says_so(lock: SimulatedLock) -> None:
    lock.knobs.query_as_status = True
    peer = await Peer.to(lock)
    await peer.send(Command.QUERY if lock.version < "3.4" else Command.QUERY_NEW, b"{}")
    push = await peer.push()
    assert (push["type"], push["dps"]) == ("query", lock.dps)
    await lock.finger(3)
    assert "type" not in await peer.push()
    peer.close()


async def test_a_command_without_values_asks(lock: SimulatedLock) -> None:
    peer = await Peer.to(lock)
    await peer.control({"1": None})
    push = await peer.push()
    assert (push["type"], push["dps"]) == ("query", lock.dps)
    assert lock.commands == []
    peer.close()


@pytest.mark.parametrize(
    ("kind", "time"),
    [
        ("epoch", 1_700_000_000),
        ("milliseconds", 1_700_000_000_000),
        ("text", "1700000000"),
        (946_684_800, 946_684_800),
        ("missing", None),
    ],
)
async def test_times_of_pushes(kind: Any, time: object) -> None:
    knobs = awake(push_t=kind)
    async with SimulatedLock(version="3.3", knobs=knobs, now=lambda: 1_700_000_000) as lock:
        peer = await Peer.asking(lock)
        await lock.finger(3)
        push = await peer.push()
        assert push.get("t") == time
        assert ("t" in push) is (time is not None)
        peer.close()


async def test_some_locks_send_the_time_since_they_started() -> None:
    async with SimulatedLock(version="3.3", knobs=awake(push_t="uptime")) as lock:
        peer = await Peer.asking(lock)
        await lock.finger(3)
        assert (await peer.push())["t"] < 60
        peer.close()


@pytest.mark.parametrize("version", ["3.2", "3.3"])
async def test_a_question_of_another_version_is_complained_about_in_clear_text(
    version: str,
) -> None:
    knobs = awake(wrong_key="complain")
    async with SimulatedLock(version=version, knobs=knobs) as lock:
        peer = await Peer.to(lock)
        peer.version = "3.1"
        await peer.send(Command.QUERY, b'{"gwId":"bfsimulated0lock0001"}')
        complaint = await peer.frame()
        assert (complaint.command, complaint.retcode) == (Command.QUERY, 1)
        assert complaint.body == b"data format error"
        peer.version = version
        assert await peer.query() == lock.dps
        peer.close()


async def test_what_is_damaged_is_not_complained_about() -> None:
    async with SimulatedLock(version="3.3", knobs=awake(wrong_key="complain")) as lock:
        peer = await Peer.to(lock)
        await peer.raw(wire.spoil(wire.encode("3.1", b"", Command.QUERY, 1, b"{}")))
        assert await peer.silent()
        peer.close()


async def test_vendor_code_acknowledges_before_it_acts() -> None:
    async with SimulatedLock(version="3.5", knobs=tuya_open(apply_delay=0.6)) as lock:
        peer = await Peer.asking(lock)
        await peer.control({"58": True})
        ack = await peer.frame()
        assert (ack.command, ack.retcode, ack.body) == (Command.CONTROL_NEW, 0x01000000, b"")
        assert "58" not in await peer.query()
        assert await peer.dps(1) == [{"58": True}]
        await peer.send(Command.UPDATE, b'{"dpId":[1]}')
        assert await peer.silent()
        others = [await Peer.asking(lock) for _ in range(2)]
        assert lock.clients == 3
        for one in (peer, *others):
            one.close()


async def test_acknowledgements_can_be_lost_late_or_wordy(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    lock.knobs.ack_lost = True
    await peer.control({"58": True})
    assert (await peer.frame()).command == Command.STATUS
    lock.knobs.ack_lost = False
    lock.knobs.ack_delay = 0.05
    lock.knobs.ack_text = "parse data error"
    lock.knobs.ack_retcode = 1
    await peer.control({"58": False})
    ack = await peer.frame()
    assert (ack.retcode, ack.body) == (1, b"parse data error")
    assert lock.dps["58"] is True
    peer.close()


async def test_a_refresh_is_answered_only_on_request(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    await peer.send(Command.UPDATE, b'{"dpId":[1]}')
    assert await peer.silent(0.05)
    lock.knobs.update_dps = True
    await peer.send(Command.UPDATE, b'{"dpId":[1]}')
    assert (await peer.push())["dps"] == lock.dps
    peer.close()
