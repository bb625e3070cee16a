"""One TCP connection to a lock, from the dial to the close.

The connection never re-sends a frame, never matches answers by sequence number, and passes every
report on, even one that equals the last.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
import logging
import os
from typing import Any, override

from ..clock import Clock, Timer
from ..exceptions import (
    ConnectionLost,
    LockError,
    MalformedFrame,
    NoHandshake,
    OtherDevice,
    SlotTaken,
    Unreachable,
)
from ..models import LATE_AFTER, Report
from . import protocol
from .freshness import Freshness, LockClock
from .protocol import (
    Codec,
    Command,
    Frame,
    codec_of,
    encode_json,
    is_text,
    lock_time,
    names_another,
    parse_body,
    report_in,
)

_LOGGER = logging.getLogger(__name__)

CONNECT_TIMEOUT = 2.0
HANDSHAKE_TIMEOUT = 3.0
QUERY_TIMEOUT = 3.0
HEARTBEAT_INTERVAL = 9.0
HEARTBEAT_MISSES = 2
DOUBT_EVERY = 5.0
"""Seconds between two checks if a connection is still alive."""
DOUBTED = 1.0
"""Seconds in which a lock answers a heartbeat that is to show if it is still there."""
STALL = 3.0
"""Seconds that a frame may take to arrive once it has begun."""
SLOT_WAIT = 0.2
"""Seconds in which a lock whose place is taken closes a new connection, and one that we end."""

MEMORY = 256
"""Frames of one connection that are remembered."""

_ANSWERS = {Command.QUERY, Command.QUERY_NEW}
_ACKS = {Command.CONTROL, Command.CONTROL_NEW}

_UNKNOWN_QUERY = b"obj data unvalid"
"""In what a lock says that understands our frame, and does not know the query in it."""
_NOT_FOUND = b"devid not found"
"""In what a gateway says that has no such device behind it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a lock is, and what it takes to talk to it."""

    host: str
    port: int
    device_id: str
    local_key: bytes = field(repr=False)
    version: str


@dataclass(frozen=True, slots=True)
class QueryNotUnderstood:
    """The lock answered that it does not understand our query."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The lock rejected a command with a text."""

    text: str


type Received = Report | QueryNotUnderstood | Rejected
"""What a lock sends."""


async def dial(
    peer: Peer,
    clock: Clock,
    on_received: Callable[[Received], None],
    *,
    lock_clock: LockClock | None = None,
    at_home: bool = False,
    careful: bool = False,
    connecting: Callable[[asyncio.Timeout | None], None] = lambda scope: None,
) -> Connection:
    """Connect to a lock and agree on a key.

    `connecting` gets the scope of the TCP connect while it lasts, so that it can be cut short.
    Raises Unreachable, SlotTaken, NoHandshake, WrongKey, MalformedFrame.
    """
    while True:
        connection = Connection(peer, clock, on_received, lock_clock, at_home=at_home)
        await _connect(connection, connecting)
        usable = False
        try:
            usable = await connection.establish(careful=careful)
        finally:
            if not usable:
                connection.close()
        if usable:
            return connection


async def _connect(
    connection: Connection, connecting: Callable[[asyncio.Timeout | None], None]
) -> None:
    peer = connection.peer
    try:
        async with connection.clock.timeout(CONNECT_TIMEOUT) as scope:
            connecting(scope)
            await asyncio.get_running_loop().create_connection(
                lambda: connection, peer.host, peer.port
            )
    except (OSError, TimeoutError) as err:
        raise Unreachable(f"nothing answers at {peer.host}") from err
    finally:
        connecting(None)


class Connection(asyncio.Protocol):
    """A connection that is open; made by `dial`."""

    def __init__(
        self,
        peer: Peer,
        clock: Clock,
        on_received: Callable[[Received], None],
        lock_clock: LockClock | None = None,
        *,
        at_home: bool = False,
    ) -> None:
        self.peer = peer
        self.clock = clock
        self.version = peer.version
        """The version in the headers of what we send: the lock's own, once it has reported."""
        self.proven = False
        """The other end has shown that it holds the local key."""
        self.fresh = False
        """It has also shown that it does so now: what it sent cannot have been recorded."""
        self.answered_clear = False
        """It has answered as a lock of version 3.1 does, which anybody can."""
        self._lock_clock = lock_clock or LockClock(clock)
        self._at_home = at_home
        self._has_session_key = peer.version in {"3.4", "3.5"}
        self._sent: deque[bytes] = deque(maxlen=MEMORY)
        """What we have sent, so that it is known when it comes back."""
        self._pushes: dict[bytes, None] = {}
        """The frames of pushes, the oldest first, so that none is taken twice."""
        self._on_received = on_received
        self._transport: asyncio.Transport | None = None
        self._codec: Codec
        self._seqno = 0
        self._buffer = bytearray()
        self._response: asyncio.Future[bytes] | None = None
        self._answer: asyncio.Future[None] | None = None
        self._established = False
        self._early: list[Report] | None = []
        """What the lock pushed before we asked: nobody may be ready to hear it yet."""
        self._closed: asyncio.Future[LockError | None] = asyncio.get_running_loop().create_future()
        self._heartbeat: Timer | None = None
        self._stall: Timer | None = None
        self._leaving: Timer | None = None
        """Runs while the lock gets the time to end the connection itself."""
        self._misses = 0
        self._doubted_at = float("-inf")

    # What asyncio calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._codec = codec_of(self.peer.version, self.peer.local_key)

    @override
    def data_received(self, data: bytes) -> None:
        """Take bytes off the wire."""
        if self._closed.done():
            return
        self._buffer += data
        try:
            for raw in protocol.split(self._buffer):
                self._handle(self._codec.decode(raw), raw)
        except LockError as err:
            self.close(err)
            return
        if self._stall or self._buffer:
            self._watch_stall()

    def _watch_stall(self) -> None:
        """Give up on a lock that stops in the middle of a frame."""
        if self._stall:
            self._stall.cancel()
            self._stall = None
        if self._buffer and not self._closed.done():
            stalled = MalformedFrame("half a frame, then silence")
            self._stall = self.clock.call_later(STALL, lambda: self.close(stalled))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the other end is gone."""
        self.close(None if self._leaving else ConnectionLost("the lock closed the connection"))

    # What the lock object calls

    async def query(self) -> None:
        """Ask for the DP values; they arrive in their place among the reports.

        A lock that has agreed on a key gets some time to answer. Any other has not shown anything
        yet when this returns: what proves it is its answer or a report, whenever that comes.
        """
        early, self._early = self._early or [], None
        for report in early:
            self._on_received(report)
        if not self._has_session_key:
            self._send(Command.QUERY, self._ids())
            return
        # Only what was sent has an answer to wait for: a connection that ends would leave it alone.
        self._send(Command.QUERY_NEW, b"{}")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            with suppress(TimeoutError):
                async with self.clock.timeout(QUERY_TIMEOUT):
                    await self._answer
        finally:
            self._answer = None

    def control(self, dps: Mapping[int, Any]) -> None:
        """Send DP values, once; raise ConnectionLost if there is nobody to send them to."""
        values = {str(dp_id): value for dp_id, value in dps.items()}
        _LOGGER.debug("%s: command for DP %s", self.peer.device_id, ", ".join(values))
        now = int(self.clock.time())
        if self._has_session_key:
            body: dict[str, Any] = {"protocol": 5, "t": now, "data": {"dps": values}}
            self._send(Command.CONTROL_NEW, encode_json(body))
        else:
            device_id = self.peer.device_id
            body = {"devId": device_id, "uid": device_id, "t": str(now), "dps": values}
            self._send(Command.CONTROL, encode_json(body))

    async def closed(self) -> LockError | None:
        """Wait for the end of the connection; return why, or None if we closed it."""
        return await asyncio.shield(self._closed)

    def leave(self) -> None:
        """Let the lock end the connection, so that what it is just reporting still arrives."""
        if self._transport and not self._leaving:
            self._leaving = self.clock.call_later(SLOT_WAIT, self.close)
            if self._heartbeat:
                self._heartbeat.cancel()
                self._heartbeat = None
            self._end_writing(self._transport)

    def _end_writing(self, transport: asyncio.Transport) -> None:
        """Say that nothing more is coming, if there is still somebody to say it to."""
        with suppress(OSError):
            transport.write_eof()

    def close(self, error: LockError | None = None) -> None:
        """End the connection."""
        if self._closed.done():
            return
        self._closed.set_result(error)
        _LOGGER.debug(
            "%s at %s: connection closed: %s",
            self.peer.device_id,
            self.peer.host,
            error or "by Home Assistant",
        )
        for timer in (self._heartbeat, self._stall, self._leaving):
            if timer:
                timer.cancel()
        if self._transport:
            self._transport.abort() if error else self._transport.close()
        for waiting in (self._response, self._answer):
            if waiting and not waiting.done():
                waiting.set_exception(error or ConnectionLost("the connection was closed"))

    # The dial

    async def establish(self, *, careful: bool) -> bool:
        """Agree on a session key; return if it can be used.

        `careful` waits first, which distinguishes a taken place from a wrong key.
        """
        if careful and await self._ends_soon():
            if (error := self._closed.result()) and not isinstance(error, ConnectionLost):
                raise error
            raise SlotTaken("the lock closed the connection at once")
        if self._has_session_key and not await self._shake_hands():
            return False
        if self._closed.done():
            raise NoHandshake("the lock closed the connection at once")
        self._established = True
        self._heartbeat = self.clock.call_later(HEARTBEAT_INTERVAL, self._beat)
        return True

    async def _ends_soon(self) -> bool:
        """Return if the lock ends the connection before it says anything more."""
        with suppress(TimeoutError):
            async with self.clock.timeout(SLOT_WAIT):
                await asyncio.shield(self._closed)
        return self._closed.done()

    async def _shake_hands(self) -> bool:
        """Exchange nonces and proofs, three frames; return if the session key can be used."""
        nonce = os.urandom(16)
        try:
            self._send(Command.HANDSHAKE_START, nonce)
            self._response = asyncio.get_running_loop().create_future()
            async with self.clock.timeout(HANDSHAKE_TIMEOUT):
                response = await self._response
        except (TimeoutError, ConnectionLost, MalformedFrame) as err:
            raise NoHandshake("the lock did not answer the handshake with its key") from err
        finish, session_key = protocol.handshake(
            self.peer.version, self.peer.local_key, nonce, response
        )
        if session_key[0] == 0:
            # Tuya's device code takes such a key for none and ignores all that follows. A lock with
            # one place takes the next connection only once it has let go of this one.
            assert self._transport is not None
            self._end_writing(self._transport)
            await self._ends_soon()
            return False
        self._send(Command.HANDSHAKE_FINISH, finish)
        self._codec = codec_of(self.peer.version, session_key)
        self.proven = self.fresh = True
        _LOGGER.debug("%s at %s: handshake done", self.peer.device_id, self.peer.host)
        return True

    # Frames

    def _send(self, command: Command, payload: bytes) -> None:
        """Send one frame, if there is somebody to send it to."""
        ends = self._closed.done() or self._leaving is not None
        if ends or self._transport is None or self._transport.is_closing():
            raise ConnectionLost("the connection is closed")
        self._seqno += 1
        self._sent.append(payload)
        self._transport.write(self._codec.encode(self._seqno, command, payload))

    def _ids(self) -> bytes:
        """Return the body of a query or a heartbeat."""
        device_id = self.peer.device_id
        now = str(int(self.clock.time()))
        return encode_json({"gwId": device_id, "devId": device_id, "uid": device_id, "t": now})

    def _handle(self, frame: Frame, raw: bytes) -> None:
        """Sort a frame by its command."""
        self._misses = 0
        if frame.command == Command.HANDSHAKE_RESPONSE:
            if self._response and not self._response.done():
                self._response.set_result(frame.payload)
        elif not (self.proven if self._has_session_key else self._is_believed(frame)):
            return
        elif frame.command == Command.STATUS:
            self._handle_status(frame, raw)
        elif frame.command in _ANSWERS:
            self._handle_answer(frame.payload)
        elif frame.command in _ACKS:
            self._handle_ack(frame.payload)

    def _is_believed(self, frame: Frame) -> bool:
        """Return if a frame was made by somebody with the key, and not by ourselves."""
        if frame.payload in self._sent:
            self._refuse("what we have sent ourselves")
            return False
        if not frame.ciphered and not self.proven:
            self._handle_clear(frame)
        return frame.ciphered

    def _handle_clear(self, frame: Frame) -> None:
        """Take what anybody can say: it proves nothing, but a complaint shows that we go wrong."""
        understood = parse_body(frame.payload) is not None or _UNKNOWN_QUERY in frame.payload
        if self.peer.version == "3.1" and understood:
            self.answered_clear = self.answered_clear or frame.command in _ANSWERS
        elif not understood and is_text(frame.payload):
            self.close(NoHandshake("the lock does not understand us"))

    def _refuse(self, what: str) -> None:
        """Note a frame that is not believed."""
        _LOGGER.debug("%s at %s: refused %s", self.peer.device_id, self.peer.host, what)

    def _handle_status(self, frame: Frame, raw: bytes) -> None:
        """Pass a report on; an access control answers a query with one, too."""
        if (body := parse_body(frame.payload)) is None or not (
            report := report_in(body, self.clock.time())
        ):
            return
        if names_another(body, self.peer.device_id):
            self._refuse("a report of another device")
            return
        if not self._is_unseen(raw) or not (dated := self._dated(body, report)):
            return
        report = dated
        self.proven = True
        if frame.version and frame.version != self.version:
            self.version = frame.version
            self._codec = codec_of(self.version, self.peer.local_key)
        if self._early is not None:
            self._early.append(report)
            return
        self._on_received(report)
        if report.is_answer:
            self._settle_answer()

    def _is_unseen(self, raw: bytes) -> bool:
        """Return if a frame of a report has not come before in this connection.

        It has a number, a nonce or a serial number of its own, but for 3.1.
        """
        if self.peer.version == "3.1":
            return True
        if raw in self._pushes:
            self._refuse("a frame that came before")
            return False
        self._pushes[raw] = None
        if len(self._pushes) > MEMORY:
            del self._pushes[next(iter(self._pushes))]
        return True

    def _dated(self, body: Mapping[str, Any], report: Report) -> Report | None:
        """Return a report with all that is known of its time; None if it may have been recorded.

        An answer need not say when it was made; one that does is current.
        """
        sent = lock_time(body.get("t"))
        if self._has_session_key:
            if sent is not None or not report.is_answer:
                self._lock_clock.learn(sent, report.received)
            return report
        if not self._is_the_locks(body):
            return None
        if sent is not None or not report.is_answer:
            clock, now, at_home = self._lock_clock, report.received, self._at_home
            values = report.items
            if is_record := sent is None and report.time > 0:
                sent = report.time
                freshness = clock.judge_record(sent, now, values, may_be_reset=at_home)
            else:
                freshness = clock.judge(sent, now, values, may_be_reset=at_home)
            if freshness is Freshness.STALE:
                self._refuse(f"a report of {sent or 'an unknown time'}, which is not current")
                return None
            self.fresh = self.fresh or freshness is Freshness.NEW
            # What was sent long ago is old; what was sent just now can have happened long before.
            is_doubtful = freshness is Freshness.DOUBTFUL
            if sent is not None and is_doubtful and (is_record or now - sent > LATE_AFTER):
                report = replace(_as_of(report, sent), is_doubtful=not is_record)
        return report if self.fresh else replace(report, is_fresh=False)

    def _is_the_locks(self, body: Mapping[str, Any]) -> bool:
        """Return if a body is one that a lock makes: ours names its user."""
        if ours := not self._has_session_key and "uid" in body:
            self._refuse("a command of ours")
        return not ours

    def _handle_answer(self, payload: bytes) -> None:
        body = parse_body(payload)
        report = report_in(body, self.clock.time(), is_answer=True) if body is not None else None
        if not self._has_session_key and report is None:
            if body is not None or not is_text(payload):
                return
        elif body is not None and report and not (report := self._dated(body, report)):
            return
        if _NOT_FOUND in payload or names_another(body or {}, self.peer.device_id):
            self.close(OtherDevice("another device answered"))
            return
        self.proven = True
        self._on_received(report or QueryNotUnderstood())
        self._settle_answer()

    def _settle_answer(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(None)

    def _handle_ack(self, payload: bytes) -> None:
        """Pass on a text, which means rejection. An empty acknowledgement says nothing."""
        text = payload.partition(b"\0")[0]
        if text and not text.lstrip().startswith(b"{"):
            self._on_received(Rejected(text.decode(errors="replace")))

    # Heartbeat

    def doubt(self) -> None:
        """End the connection unless the lock answers a heartbeat now."""
        now, is_open = self.clock.monotonic(), not self._closed.done()
        if is_open and self._heartbeat and now - self._doubted_at >= DOUBT_EVERY:
            self._doubted_at = now
            self._heartbeat.cancel()
            self._misses = HEARTBEAT_MISSES - 1
            self._beat(DOUBTED)

    def _beat(self, patience: float = HEARTBEAT_INTERVAL) -> None:
        """Send a heartbeat, or give up on a lock that stopped answering them."""
        if self._misses >= HEARTBEAT_MISSES:
            self.close(ConnectionLost("the lock stopped answering"))
            return
        self._misses += 1
        with suppress(ConnectionLost):
            self._send(Command.HEARTBEAT, self._ids())
        self._heartbeat = self.clock.call_later(patience, self._beat)


def _as_of(report: Report, sent: float) -> Report:
    """Return a report whose values are of the time at which it was sent, or of their own."""
    items = (one if one.time is not None else replace(one, time=sent) for one in report.items)
    return replace(report, items=tuple(items))
