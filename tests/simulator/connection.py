"""One TCP connection: frames, handshake, answers, and what can go wrong with them."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
import hmac
import socket
import struct
from typing import cast, override

from . import bodies, wire
from .bodies import Dps
from .channel import Channel, Device
from .knobs import AnswerKind
from .wire import Command

ANSWERS_IN_WORDS = {"unvalid": b"json obj data unvalid", "not_found": b"devid not found"}
"""What those say that do not know our query, and gateways that do not have our device."""


class Step(Enum):
    """How far a connection is."""

    NEW = auto()
    ANSWERED = auto()
    OPEN = auto()


class Connection(asyncio.Protocol):
    """One client of the lock."""

    def __init__(
        self,
        device: Device,
        arrived: Callable[[Connection], None],
        left: Callable[[Connection], None],
    ) -> None:
        """Wait for the connection to be made."""
        self.device = device
        self.queried = False
        self.step = Step.OPEN if device.version in wire.OLD_VERSIONS else Step.NEW
        self._arrived, self._left = arrived, left
        self.channel = Channel(device)
        self._dead_key = False
        self._client_nonce = self._device_nonce = b""
        self._buffer = self._raw = b""
        self._last_sequence = 0
        self._idle: asyncio.TimerHandle | None = None

    # asyncio calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a slot."""
        self.channel.transport = cast(asyncio.Transport, transport)
        self._touch()
        self._arrived(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Free the slot."""
        self.channel.lost()
        if self._idle:
            self._idle.cancel()
        self._left(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Take frames out of the stream."""
        if self.channel.muted or self.device.faults.mute:
            return
        self._buffer += data
        lossy = self.device.knobs.split_frame_loss and len(self._buffer) < 50
        if lossy and wire.split(self._buffer)[0] is None:
            self.close()
            return
        while self.channel.alive:
            raw, self._buffer = wire.split(self._buffer)
            if raw is None:
                return
            self._take(raw)

    # What the lock does with a connection

    @property
    def established(self) -> bool:
        """Whether frames can be exchanged."""
        alive = self.channel.alive
        return alive and self.step is Step.OPEN and not self.channel.muted and not self._dead_key

    def close(self) -> None:
        """End in good order (FIN)."""
        if self.channel.transport:
            self.channel.transport.close()

    def reset(self) -> None:
        """End without warning (RST)."""
        if self.channel.transport:
            sock: socket.socket = self.channel.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.channel.transport.abort()

    def push(self, dps: Dps, times: dict[str, int] | None = None, *, query: bool = False) -> None:
        """Send a report."""
        faults = self.device.faults
        if "report" in faults.lose_answers:
            return
        if faults.resets("push"):
            self.reset()
            return
        device = self.device
        body = bodies.report(
            device.version, device.device_id, dps, sent=device.stamp(), times=times, query=query
        )
        self.channel.emit(Command.STATUS, self.channel.sequence("push", 0), body)

    # Frames in

    def _take(self, raw: bytes) -> None:
        self._touch()
        self._raw = raw
        knobs = self.device.knobs
        try:
            frame = wire.decode(self.device.version, self.channel.key, raw)
        except wire.WireError:
            self._reject()
            return
        if knobs.strict_seq and frame.sequence <= self._last_sequence:
            self.close()
            return
        self._last_sequence = frame.sequence
        if self.step is Step.OPEN and frame.command not in wire.HANDSHAKE:
            self._serve(frame)
        elif self.step is Step.NEW and frame.command == Command.START:
            self._start(frame)
        elif self.step is Step.ANSWERED and frame.command == Command.FINISH:
            self._finish(frame)
        elif self.device.version in wire.OLD_VERSIONS:
            self._unknown(frame)
        else:
            self.close()

    def _reject(self) -> None:
        answer = self.device.knobs.wrong_key
        if answer == "close":
            self.close()
        elif answer == "complain" and wire.is_intact(self._raw):
            self.channel.write(wire.complaint(self._raw, b"data format error"))

    def _start(self, frame: wire.Frame) -> None:
        faults, version = self.device.faults, self.device.version
        if faults.resets("start"):
            self.reset()
            return
        if len(frame.body) != 16:
            self._reject()
            return
        self._client_nonce = frame.body
        unlucky = faults.take("zero_session_key")
        self._device_nonce = wire.device_nonce(
            version, self.channel.key, frame.body, unlucky=unlucky
        )
        self.step = Step.ANSWERED
        body = self._device_nonce + wire.proof(self.channel.key, self._client_nonce)
        sequence = self.channel.sequence("handshake", frame.sequence)
        self.channel.write(
            wire.encode(version, self.channel.key, Command.RESPONSE, sequence, body, retcode=0)
        )
        if faults.resets("resp"):
            self.reset()

    def _finish(self, frame: wire.Frame) -> None:
        if self.device.faults.resets("finish"):
            self.reset()
            return
        if not hmac.compare_digest(frame.body, wire.proof(self.channel.key, self._device_nonce)):
            self._reject()
            return
        self.channel.key = wire.session_key(
            self.device.version, self.channel.key, self._client_nonce, self._device_nonce
        )
        # The vendor's code takes a session key that starts with a zero byte for none at all.
        self._dead_key = self.channel.key[0] == 0 and self.device.knobs.zero_key_bug
        self.step = Step.OPEN
        if not self._dead_key:
            self.device.client_ready()

    def _serve(self, frame: wire.Frame) -> None:
        if self._dead_key:
            self.close()
            return
        match frame.command:
            case Command.HEARTBEAT:
                if not self.device.knobs.heartbeat_mute:
                    self._answer(frame, "heartbeat")
            case Command.QUERY | Command.QUERY_NEW:
                self._query(frame)
            case Command.CONTROL | Command.CONTROL_NEW:
                self._control(frame)
            case Command.UPDATE:
                if self.device.knobs.update_dps:
                    self._answer(frame, "query")
                    self.push(self.device.query())
            case _:
                self._unknown(frame)

    def _unknown(self, frame: wire.Frame) -> None:
        # Locks with 3.3 answer what they do not know; newer ones say nothing.
        if self.device.version in wire.OLD_VERSIONS:
            self._answer(frame, "query", b"parse data error", retcode=1)

    def _query(self, frame: wire.Frame) -> None:
        if self.device.faults.resets("query"):
            self.reset()
            return
        if bodies.parse(frame.body) is None:
            self._reject()
            return
        knobs = self.device.knobs
        if knobs.query_as_status:
            if "query" not in self.device.faults.lose_answers:
                self.push(self.device.query(), query=True)
        elif text := ANSWERS_IN_WORDS.get(knobs.query_answer):
            self._answer(frame, "query", text, retcode=1)
        else:
            body = bodies.answer(self.device.version, self.device.device_id, self.device.query())
            self._answer(frame, "query", body)
        self._queried()

    def _queried(self) -> None:
        self.queried = True
        self.device.client_ready()

    def _control(self, frame: wire.Frame) -> None:
        device = self.device
        request = bodies.parse(frame.body)
        if request is None:
            self._reject()
            return
        dps = bodies.commanded(request)
        if dps is None:
            self._answer(frame, "control", b"data format error", retcode=1)
        elif all(value is None for value in dps.values()):
            # A command without values is the other way to ask for the state.
            self._answer(frame, "query")
            self.push(device.query(), query=True)
            self._queried()
        else:
            self._command(frame, dps)

    def _command(self, frame: wire.Frame, dps: Dps) -> None:
        device = self.device
        device.received(dps)
        if device.faults.resets("control"):
            self.reset()
            return
        if device.faults.resets("ack"):
            self.reset()
            device.apply(dps)
            return
        knobs = device.knobs
        if not knobs.ack_lost:
            self._answer(
                frame,
                "control",
                knobs.ack_text.encode(),
                retcode=knobs.ack_retcode,
                delay=knobs.ack_delay,
            )
        if knobs.ack_text:
            return  # what is rejected in words is not carried out
        if knobs.apply_delay:
            device.apply_later(knobs.apply_delay, dps)
        else:
            device.apply(dps)

    # Frames out

    def _answer(
        self,
        frame: wire.Frame,
        kind: AnswerKind,
        body: bytes = b"",
        *,
        retcode: int = 0,
        delay: float = 0.0,
    ) -> None:
        faults = self.device.faults
        if kind in faults.lose_answers:
            return

        def send() -> None:
            sequence = self.channel.sequence(kind, frame.sequence)
            self.channel.emit(frame.command, sequence, body, retcode)

        delay += faults.delay_answers
        if delay:
            self.channel.later(delay, send)
        else:
            send()

    def _touch(self) -> None:
        if self._idle:
            self._idle.cancel()
        timeout = self.device.knobs.idle_timeout
        self._idle = None
        if timeout is not None:
            self._idle = asyncio.get_running_loop().call_later(timeout, self.close)
