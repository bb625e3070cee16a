"""What can be made to go wrong between a simulated lock and its client."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator import Knobs, SimulatedLock, wire
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


async def test_half_a_frame_and_then_silence(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    lock.faults.half_frame_then_silence = True
    await lock.finger(3)
    await lock.finger(4)
    await peer.send(Command.HEARTBEAT)
    assert await peer.silent()
    assert 0 < len(peer.buffer) < 100
    assert lock.clients == 0
    peer.close()


async def test_garbage_comes_before_a_frame(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    lock.faults.garbage = 1
    await lock.finger(3)
    assert await peer.dps(1) == [{"1": 3}]
    assert not peer.chunks[-1].startswith(b"\x00\x00")
    peer.close()


async def test_a_wrong_checksum_comes_as_often_as_asked(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    lock.faults.bad_mac = 2
    for _ in range(2):
        await lock.finger(3)
        with pytest.raises(wire.WireError):
            await peer.frame()
    await lock.finger(4)
    assert await peer.dps(1) == [{"1": 4}]
    peer.close()


async def test_two_frames_come_in_one_segment(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    lock.faults.merge_frames = 1
    before = len(peer.chunks)
    await lock.finger(3)
    assert await peer.silent(0.05)
    await lock.finger(4)
    assert await peer.dps(2) == [{"1": 3}, {"1": 4}]
    assert len(peer.chunks) == before + 1
    peer.close()


async def test_frames_come_in_small_segments(lock: SimulatedLock) -> None:
    lock.faults.fragment = 16
    peer = await Peer.asking(lock)
    await lock.finger(3)
    await lock.finger(4)
    assert await peer.dps(2) == [{"1": 3}, {"1": 4}]
    assert len(peer.chunks) > 10
    lock.faults.clear()
    before = len(peer.chunks)
    await lock.finger(5)
    assert await peer.dps(1) == [{"1": 5}]
    assert len(peer.chunks) == before + 1
    peer.close()


async def test_answers_can_be_late(lock34: SimulatedLock) -> None:
    peer = await Peer.asking(lock34)
    lock34.faults.delay_answers = 0.08
    await peer.send(Command.HEARTBEAT)
    await lock34.finger(3)
    assert (await peer.frame()).command == Command.STATUS
    assert (await peer.frame()).command == Command.HEARTBEAT
    peer.close()


async def test_answers_can_be_lost(lock34: SimulatedLock) -> None:
    peer = await Peer.asking(lock34)
    lock34.faults.lose_answers = {"query", "heartbeat", "control", "report"}
    await peer.send(Command.QUERY_NEW, b"{}")
    await peer.send(Command.HEARTBEAT)
    await peer.control({"58": True})
    assert await peer.silent()
    assert lock34.dps["58"] is True
    lock34.faults.clear()
    assert (await peer.query())["58"] is True
    lock34.knobs.heartbeat_mute = True
    await peer.send(Command.HEARTBEAT)
    assert await peer.silent(0.05)
    peer.close()


@pytest.mark.parametrize(
    "stage", ["accept", "start", "resp", "finish", "query", "control", "ack", "push"]
)
async def test_a_reset_at_every_stage(lock34: SimulatedLock, stage: Any) -> None:
    peer = Peer(lock34)
    if stage not in ("accept", "start", "resp", "finish"):
        peer = await Peer.asking(lock34)
    lock34.faults.reset_at = stage

    async def all_stages() -> None:
        if stage in ("accept", "start", "resp", "finish"):
            await peer.dial()
            await peer.shake_hands()
        await peer.query()
        await peer.control({"58": True})
        await peer.dps(1)

    with pytest.raises(ConnectionResetError):
        await all_stages()
    assert lock34.faults.reset_at is None
    assert ("58" in lock34.dps) is (stage in ("ack", "push"))
    peer.close()
    await lock34.wait_for(lambda: lock34.clients == 0)
    (await Peer.asking(lock34)).close()


@pytest.mark.parametrize(("reaction", "silent"), [("close", False), ("silent", True)])
async def test_a_wrong_local_key(newer: SimulatedLock, reaction: Any, silent: bool) -> None:
    newer.knobs.wrong_key = reaction
    newer.faults.wrong_local_key = "another key 0000"
    peer = Peer(newer)
    await peer.dial()
    if newer.version == "3.3":
        await peer.control({"58": True})
    else:
        await peer.send(Command.START, bytes(16))
    if silent:
        assert await peer.silent()
    else:
        assert await peer.ended() == "closed"
    assert newer.commands == []
    peer.close()


async def test_a_slot_that_somebody_else_has(lock: SimulatedLock) -> None:
    lock.faults.slot_taken = True
    peer = Peer(lock)
    await peer.dial()
    assert await peer.ended() == "closed"
    peer.close()
    lock.faults.clear()
    (await Peer.asking(lock)).close()


async def test_a_mute_lock(lock34: SimulatedLock) -> None:
    lock34.faults.mute = True
    peer = Peer(lock34)
    await peer.dial()
    await peer.send(Command.START, bytes(16))
    assert await peer.silent()
    assert (lock34.clients, lock34.connections) == (0, 1)
    peer.close()
