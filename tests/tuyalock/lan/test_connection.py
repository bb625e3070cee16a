"""One connection: what is not seen from the outside of a lock."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    ConnectionLost,
    LockError,
    MalformedFrame,
    NoHandshake,
    SlotTaken,
    Unreachable,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.connection import (
    MEMORY,
    Connection,
    Peer,
    Received,
    dial,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import Report
from tests.simulator import Knobs, SimulatedLock, tuya_open
from tests.simulator.wire import Command
from tests.tuyalock.house import LOCAL_KEY, VERSIONS, MovableClock

pytestmark = pytest.mark.usefixtures("socket_enabled")


@dataclass
class Wire:
    """A connection, and what came over it."""

    simulated: SimulatedLock
    clock: MovableClock = field(default_factory=MovableClock)
    received: list[Received] = field(default_factory=list)

    @property
    def reports(self) -> list[Report]:
        """What was reported."""
        return [one for one in self.received if isinstance(one, Report)]

    async def dial(self, *, careful: bool = False, version: str | None = None) -> Connection:
        peer = Peer(
            "127.0.0.1",
            self.simulated.port,
            self.simulated.device_id,
            LOCAL_KEY.encode(),
            version or self.simulated.version,
        )
        return await dial(peer, self.clock, self.received.append, careful=careful)


@asynccontextmanager
async def line(version: str = "3.4", knobs: Knobs | None = None) -> AsyncGenerator[Wire]:
    """Open a line to a lock that is awake."""
    knobs = knobs or Knobs(low_power=False, announce=False)
    async with SimulatedLock(version=version, knobs=knobs) as simulated:
        yield Wire(simulated)


@pytest.mark.parametrize("version", VERSIONS)
async def test_reports_before_our_query_are_heard_first(version: str) -> None:
    async with line(version) as one:
        connection = await one.dial()
        await one.simulated.wait_for(lambda: one.simulated.clients == 1)
        await one.simulated.finger(3)
        await asyncio.sleep(0.02)
        assert one.reports == []
        await connection.query()
        await one.simulated.wait_for(lambda: len(one.reports) == 1 + (version != "3.1"))
        pushed, *answered = one.reports
        assert [(one.dp, one.value) for one in pushed.items] == [(1, 3)]
        assert not pushed.is_answer
        # With 3.1 an answer is not signed.
        assert [one.is_answer for one in answered] == [True] * (version != "3.1")
        connection.close()


async def test_reports_without_end_are_heard_over_one_connection() -> None:
    """It remembers what has come, and no more than some of it."""
    async with line() as one:
        connection = await one.dial()
        await connection.query()
        before = len(one.reports)
        for number in range(2 * MEMORY):
            await one.simulated.push({"201": number})
        await one.simulated.wait_for(lambda: len(one.reports) == before + 2 * MEMORY)
        connection.close()


async def test_a_connection_that_is_closed_waits_for_no_heartbeat() -> None:
    """An announcement can come between its end and the moment at which that is noticed."""
    async with line() as one:
        connection = await one.dial()
        connection.close()
        connection.doubt()
        assert one.clock.waiting == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_heartbeats_keep_a_connection_and_their_absence_ends_it(version: str) -> None:
    async with line(version) as one:
        connection = await one.dial()
        await connection.query()
        for _ in range(5):
            one.clock.move(9)
            await asyncio.sleep(0.02)
        ended = asyncio.create_task(connection.closed())
        assert not ended.done()
        one.simulated.knobs.heartbeat_mute = True
        for _ in range(3):
            one.clock.move(9)
            await asyncio.sleep(0.02)
        assert isinstance(await ended, ConnectionLost)
        assert one.clock.waiting == 0


async def test_half_a_frame_is_not_waited_for_long() -> None:
    async with line() as one:
        connection = await one.dial()
        await connection.query()
        one.simulated.faults.half_frame_then_silence = 1
        await one.simulated.finger(3)
        await asyncio.sleep(0.02)
        one.clock.move(3)
        assert isinstance(await connection.closed(), MalformedFrame)


async def test_status_that_is_no_report_is_left_out() -> None:
    async with line() as one:
        connection = await one.dial()
        await connection.query()
        (channel,) = (client.channel for client in one.simulated._server.established)
        for body in (b"[]", b"hello", b'{"data":1}', b'{"protocol":4,"data":{"dps":[1]}}'):
            channel.emit(Command.STATUS, 9, body)
        await one.simulated.finger(3)
        await one.simulated.wait_for(lambda: len(one.reports) == 2)
        connection.close()


async def test_answer_in_the_form_of_a_report_is_an_answer() -> None:
    knobs = Knobs(low_power=False, announce=False, query_as_status=True, query_answer="all")
    async with line("3.3", knobs) as one:
        connection = await one.dial()
        await connection.query()
        await one.simulated.wait_for(lambda: len(one.reports) > 0)
        (report,) = one.reports
        assert report.is_answer
        connection.close()


async def test_answer_in_the_form_of_a_report_may_have_no_time() -> None:
    knobs = Knobs(
        low_power=False, announce=False, query_as_status=True, query_answer="all", push_t="missing"
    )
    async with line("3.3", knobs) as one:
        connection = await one.dial()
        await connection.query()
        await one.simulated.wait_for(lambda: len(one.reports) > 0)
        assert [report.is_answer for report in one.reports] == [True]
        connection.close()


async def test_nothing_is_heard_after_the_end() -> None:
    async with line() as one:
        connection = await one.dial()
        await connection.query()
        connection.close()
        connection.close(MalformedFrame("too late"))
        connection.data_received(b"junk")
        assert await connection.closed() is None
        with pytest.raises(ConnectionLost):
            connection.control({1: True})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(a, b) for a in ("3.4", "3.5") for b in VERSIONS if a != b],
)
async def test_other_version_is_no_handshake(ours: str, theirs: str) -> None:
    async with line(theirs) as one:
        with pytest.raises((NoHandshake, MalformedFrame)):
            await _reach(one, ours)


@pytest.mark.parametrize("theirs", ["3.1", "3.4", "3.5"])
async def test_other_version_proves_nothing_to_33(theirs: str) -> None:
    async with line(theirs) as one:
        connection = await one.dial(version="3.3")
        await connection.query()
        await asyncio.sleep(0.02)
        assert (connection.proven, one.received) == (False, [])
        connection.close()


async def _reach(one: Wire, version: str) -> None:
    """Dial and query in a hurry."""

    async def hurry() -> None:
        while True:
            await asyncio.sleep(0.01)
            one.clock.move(0.2)

    hurrying = asyncio.create_task(hurry())
    connection = None
    try:
        connection = await one.dial(version=version)
        await connection.query()
    finally:
        hurrying.cancel()
        if connection:
            connection.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_place_that_is_taken_is_told_apart_by_a_careful_dial(version: str) -> None:
    async with line(version) as one:
        one.simulated.faults.slot_taken = True
        with pytest.raises(SlotTaken):
            await one.dial(careful=True)
        one.simulated.faults.slot_taken = False
        connection = await one.dial(careful=True)
        await connection.query()
        connection.close()


async def test_place_that_is_taken_before_anything_is_said() -> None:
    async with line("3.3") as one:
        peer = Peer("127.0.0.1", one.simulated.port, "x", LOCAL_KEY.encode(), "3.3")
        connection = Connection(peer, one.clock, one.received.append)
        connection.connection_lost(None)
        with pytest.raises(NoHandshake):
            await connection.establish(careful=False)
        assert one.clock.waiting == 0


async def test_junk_instead_of_a_handshake() -> None:
    async def junk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is another kind of server\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(junk, "127.0.0.1", 0)
    async with server, line() as one:
        port = server.sockets[0].getsockname()[1]
        peer = Peer("127.0.0.1", port, "x", LOCAL_KEY.encode(), "3.4")
        with pytest.raises(NoHandshake):
            await dial(peer, one.clock, one.received.append)


async def test_nobody_there_is_unreachable() -> None:
    async with line() as one:
        await one.simulated.sleep()
        with pytest.raises(Unreachable):
            await one.dial()


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize(
    "knobs",
    [tuya_open(announce=False), Knobs(low_power=False, announce=False)],
    ids=["many places", "one place"],
)
async def test_session_key_with_a_zero_is_not_used(version: str, knobs: Knobs) -> None:
    async with line(version, knobs) as one:
        one.simulated.faults.zero_session_key = 2
        connection = await one.dial()
        await connection.query()
        assert one.simulated.connections == 3
        connection.close()


@pytest.mark.parametrize("version", ["3.4", "3.5"])
async def test_a_lock_that_resets_the_connection_with_such_a_key_is_dialled_again(
    version: str,
) -> None:
    async with line(version) as one:
        one.simulated.faults.zero_session_key = 1
        one.simulated.faults.reset_at = "resp"
        connection = await one.dial()
        await connection.query()
        assert one.simulated.connections == 2
        connection.close()


async def test_tuyas_own_device_code_is_understood() -> None:
    async with line("3.5", tuya_open(announce=False)) as one:
        connection = await one.dial()
        await connection.query()
        await one.simulated.finger(3)
        await one.simulated.wait_for(lambda: len(one.reports) == 2)
        connection.control({58: True})
        await one.simulated.wait_for(lambda: one.simulated.dps.get("58") is True)
        assert len(one.received) == len(one.reports)
        connection.close()


async def test_cancelled_dial_leaves_nothing() -> None:
    async with line(knobs=Knobs(low_power=False, announce=False)) as one:
        one.simulated.faults.mute = True
        dialling = asyncio.create_task(one.dial())
        await one.simulated.wait_for(lambda: one.simulated.connections == 1)
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        assert one.clock.waiting == 0


def test_errors_are_of_one_family() -> None:
    assert issubclass(ConnectionLost, LockError)
