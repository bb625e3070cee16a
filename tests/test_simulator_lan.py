"""The simulated lock on the wire: independent clients, faults, sleep, announcements."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
import json
import socket
import sys
from typing import Any

from hypothesis import example, given, strategies as st
import pytest
import tinytuya

from tests.simulator import Knobs, SimulatedLock, tuya_open, wire
from tests.simulator.peer import Peer
from tests.simulator.wire import Command

VERSIONS = ("3.1", "3.3", "3.4", "3.5")
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


class InThread:
    """Runs a blocking client in a thread that is gone afterwards."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool

    async def __call__[T](self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, call, *arguments)


@pytest.fixture
def in_thread() -> Any:
    with ThreadPoolExecutor(1) as pool:
        yield InThread(pool)


# Clients that are not ours


def tiny(
    lock: SimulatedLock, key: str | None = None, version: str | None = None
) -> tinytuya.Device:
    device = tinytuya.Device(
        lock.device_id,
        "127.0.0.1",
        key or lock.local_key,
        version=float(version or lock.version),
        port=lock.port,
        persist=True,
        connection_timeout=2,
        connection_retry_limit=1,
        connection_retry_delay=0,
    )
    device.set_sendWait(None)
    return device


async def test_tinytuya_talks_to_the_lock(lock: SimulatedLock, in_thread: InThread) -> None:
    device = tiny(lock)
    assert (await in_thread(device.status))["dps"] == lock.dps
    await in_thread(device.set_value, 58, True)
    assert lock.commands == [{"58": True}]
    assert lock.dps["58"] is True
    await in_thread(device.heartbeat)
    await lock.finger(3)
    for _ in range(4):
        received = await in_thread(device.receive)
        if received and received["dps"] == {"1": 3}:
            break
    else:
        pytest.fail("no push")
    assert lock.connections == 1
    device.close()


RUSTUYA = """
import json, sys, rustuya
identity, key, version, port = sys.argv[1:]
device = rustuya.Device(identity, key, "127.0.0.1", version, port=int(port), timeout=3.0)
events = device.listener()
print(json.dumps(device.status()["dps"]), flush=True)
device.set_value(58, True)
while event := events.recv(3000):
    payload = event["payload"]
    print(json.dumps(payload.get("data", payload).get("dps", {})), flush=True)
device.stop()
"""


async def test_rustuya_talks_to_the_lock(lock: SimulatedLock) -> None:
    # In a process of its own: the second device that a process makes waits up to five seconds.
    options = (lock.device_id, lock.local_key, lock.version, str(lock.port))
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUSTUYA, *options, stdout=asyncio.subprocess.PIPE
    )
    assert client.stdout
    resting = dict(lock.dps)
    try:
        async with asyncio.timeout(10):
            assert json.loads(await client.stdout.readline()) == resting
            await lock.wait_for(lambda: lock.commands == [{"58": True}])
            await lock.card(7)
            seen: list[dict[str, Any]] = []
            while {"5": 7} not in seen:
                seen.append(json.loads(await client.stdout.readline()))
        assert {"58": True} in seen
    finally:
        client.kill()
        await client.wait()


async def test_a_client_with_another_version_or_key_gets_nothing(
    lock34: SimulatedLock, in_thread: InThread
) -> None:
    wrong_version = tiny(lock34, version="3.3")
    assert "Error" in await in_thread(wrong_version.status)
    wrong_version.close()
    wrong_key = tiny(lock34, key="x" * 16)
    assert (await in_thread(wrong_key.status))["Err"] == "914"
    wrong_key.close()
    assert lock34.commands == []


async def test_data_unvalid_is_what_tinytuya_takes_for_it(in_thread: InThread) -> None:
    async with SimulatedLock(version="3.3", family="D") as lock:
        device = tiny(lock)
        await in_thread(device.status)
        assert device.dev_type == "device22"
        device.close()


# Frames

bodies = st.binary(max_size=200)
keys = st.binary(min_size=16, max_size=16)
commands = st.sampled_from([int(one) for one in Command])
numbers = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize("version", VERSIONS)
@given(key=keys, command=commands, sequence=numbers, body=bodies, code=st.none() | numbers)
@example(key=b"k" * 16, command=8, sequence=1, body=b"3.43.53.33.1" + bytes(40), code=0)
def test_a_frame_survives_any_split(
    version: str, key: bytes, command: int, sequence: int, body: bytes, code: int | None
) -> None:
    raw = wire.encode(version, key, command, sequence, body, retcode=code)
    for at in range(len(raw)):
        first, rest = wire.split(raw[:at])
        assert first is None
        whole, left = wire.split(rest + raw[at:])
        assert (whole, left) == (raw, b"")
    frame = wire.decode(version, key, raw, retcode=code is not None)
    assert frame == wire.Frame(command, sequence, body, code)


@pytest.mark.parametrize("version", VERSIONS)
@given(noise=st.binary(max_size=40), bodies=st.lists(bodies, min_size=1, max_size=3))
def test_frames_are_found_behind_noise(version: str, noise: bytes, bodies: list[bytes]) -> None:
    if wire.OLD_PREFIX in noise or wire.NEW_PREFIX in noise:
        return
    frames = [wire.encode(version, b"k" * 16, 9, 1, body) for body in bodies]
    rest = noise + b"".join(frames)
    for frame in frames:
        found, rest = wire.split(rest)
        assert found == frame
    assert rest == b""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_frame_is_no_frame(version: str) -> None:
    raw = wire.encode(version, b"k" * 16, Command.CONTROL, 1, b"{}")
    with pytest.raises(wire.WireError):
        wire.decode(version, b"k" * 16, wire.spoil(raw))
    with pytest.raises(wire.WireError):
        wire.decode(version, b"x" * 16, raw)


@pytest.mark.parametrize(
    ("version", "size"), [("3.1", 12), ("3.3", 12), ("3.4", 0x28), ("3.5", 32)]
)
@pytest.mark.parametrize("command", [Command.HEARTBEAT, Command.CONTROL_NEW])
def test_an_empty_answer_is_truly_empty(version: str, size: int, command: Command) -> None:
    raw = wire.encode(version, b"k" * 16, command, 1, retcode=0)
    assert len(raw) == (18 + size + 4 if version == "3.5" else 16 + size)
    assert size.to_bytes(4) in raw[:18]


# Announcements


class Ear:
    """A UDP socket that keeps what it hears."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]

    async def hear(self, seconds: float = 2) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 4096)
        value: dict[str, Any] = json.loads(tinytuya.decrypt_udp(data))
        return value


@pytest.fixture
def ear() -> Any:
    ear = Ear()
    yield ear
    ear.socket.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_tinytuya_reads_the_announcement(version: str, ear: Ear) -> None:
    ports = {6666 if version == "3.1" else 6667: ear.port}
    async with SimulatedLock(version=version, announce_ports=ports) as lock:
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)
        await lock.wake()
        heard = await ear.hear()
    assert heard["gwId"] == lock.device_id
    assert heard["ip"] == "127.0.0.1"
    assert heard["version"] == version
    assert heard["productKey"] == "simulatedproduct"


async def test_announcements_repeat_until_the_lock_sleeps(ear: Ear) -> None:
    knobs = Knobs(announce_interval=0.01)
    async with SimulatedLock(knobs=knobs, announce_ports={6667: ear.port}) as lock:
        await lock.wake()
        for _ in range(3):
            await ear.hear()
        knobs.announce = False
        await lock.sleep()
        sent = lock.announcer.sent
        await lock.wake()
        assert lock.announcer.sent == sent
        await lock.announce()
        assert lock.announcer.sent == sent + 1


async def test_a_vendor_lock_announces_only_to_those_who_ask(ear: Ear) -> None:
    ports = {6667: ear.port, 7000: ear.port}
    knobs = tuya_open()
    async with SimulatedLock(version="3.5", knobs=knobs, announce_ports=ports):
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for body in (b"no json", b'{"from":"app","ip":"127.0.0.1"}'):
            asking.sendto(wire.ask(body), ("127.255.255.255", ear.port))
        asking.sendto(b"junk", ("127.255.255.255", ear.port))
        asking.close()
        assert (await ear.hear())["version"] == "3.5"
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)


async def test_the_port_may_open_after_the_announcement(ear: Ear) -> None:
    knobs = Knobs(announce_before_listen_seconds=0.3)
    async with SimulatedLock(knobs=knobs, announce_ports={6667: ear.port}) as lock:
        await lock.wake()
        await ear.hear()
        with pytest.raises(ConnectionRefusedError):
            await Peer.to(lock)
        await lock.wait_for(lambda: lock.listening)
        (await Peer.asking(lock)).close()


# Sleep


async def test_a_sleeping_lock_refuses_and_keeps_its_port() -> None:
    async with SimulatedLock() as lock:
        port = lock.port
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await Peer.to(lock)
            await lock.wake()
            peer = await Peer.asking(lock)
            assert (lock.clients, lock.port) == (1, port)
            await lock.sleep()
            assert await peer.ended() == "closed"
            assert lock.clients == 0
            peer.close()
        assert lock.connections == 3


async def test_a_lock_with_its_radio_off_may_be_silent() -> None:
    async with SimulatedLock(knobs=Knobs(asleep_dials="silent")) as lock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await Peer.to(lock)
        await lock.wake()
        (await Peer.asking(lock)).close()


async def test_a_lock_falls_asleep_by_itself() -> None:
    async with SimulatedLock(knobs=Knobs(awake_seconds=0.1)) as lock:
        await lock.finger(1)
        assert lock.awake
        await lock.wait_for(lambda: not lock.awake)
        await lock.wake(0.05)
        await lock.wait_for(lambda: not lock.awake)


async def test_a_pulled_battery_is_felt() -> None:
    async with SimulatedLock() as lock:
        await lock.wake()
        peer = await Peer.asking(lock)
        await lock.pull_battery()
        assert await peer.ended() == "reset"
        peer.close()
        await lock.finger(1)
        assert lock.openings == []
        with pytest.raises(ConnectionRefusedError):
            await Peer.to(lock)
        await lock.put_battery()
        await lock.wake()
        (await Peer.asking(lock)).close()


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
    ("kind", "has_time"), [("epoch", True), ("uptime", True), ("missing", False)]
)
async def test_times_of_pushes(kind: Any, has_time: bool) -> None:
    knobs = awake(push_t=kind)
    async with SimulatedLock(version="3.3", knobs=knobs, now=lambda: 1_700_000_000) as lock:
        peer = await Peer.asking(lock)
        await lock.finger(3)
        push = await peer.push()
        assert ("t" in push) is has_time
        if kind == "epoch":
            assert push["t"] == 1_700_000_000
        elif has_time:
            assert push["t"] < 60
        peer.close()


async def test_vendor_code_acknowledges_before_it_acts() -> None:
    async with SimulatedLock(version="3.5", knobs=tuya_open(apply_delay=0.15)) as lock:
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
    assert (await peer.frame()).command == Command.STATUS
    ack = await peer.frame()
    assert (ack.retcode, ack.body) == (1, b"parse data error")
    peer.close()


async def test_a_refresh_is_answered_only_on_request(lock: SimulatedLock) -> None:
    peer = await Peer.asking(lock)
    await peer.send(Command.UPDATE, b'{"dpId":[1]}')
    assert await peer.silent(0.05)
    lock.knobs.update_dps = True
    await peer.send(Command.UPDATE, b'{"dpId":[1]}')
    assert (await peer.push())["dps"] == lock.dps
    peer.close()


# Faults


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
