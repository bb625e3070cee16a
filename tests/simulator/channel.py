"""The way out of a connection: numbers, damage, segments."""

import asyncio
from collections import deque
from collections.abc import Callable
import os
from typing import Protocol

from . import wire
from .bodies import Dps
from .knobs import Faults, Knobs, SequencePolicy

JUNK = b"\x13\x37not a frame\xff\xfe\x00"
SEGMENT_PAUSE = 0.002


class Timer(Protocol):
    """Something that happens later."""

    def cancel(self) -> None:
        """Call it off."""


def call_later(delay: float, action: Callable[[], None]) -> Timer:
    """Do something later, by the clock of the event loop."""
    return asyncio.get_running_loop().call_later(delay, action)


class Device(Protocol):
    """What a connection needs of the lock."""

    version: str
    device_id: str
    knobs: Knobs
    faults: Faults
    call_later: Callable[[float, Callable[[], None]], Timer]

    @property
    def key(self) -> bytes:
        """The local key in use."""

    def query(self) -> Dps:
        """Return the values that a query is answered with."""

    def received(self, dps: Dps) -> None:
        """Note a command."""

    def apply(self, dps: Dps) -> None:
        """Carry out a command."""

    def apply_later(self, delay: float, dps: Dps) -> None:
        """Carry out a command after a while."""

    def client_ready(self) -> None:
        """Deliver what waits for a client."""

    def stamp(self) -> int | str | None:
        """Return the send time of a push."""


class Channel:
    """Sends frames to one client."""

    def __init__(self, device: Device) -> None:
        """Start with the local key; a handshake changes it."""
        self.key = device.key
        self.muted = False
        self.transport: asyncio.Transport | None = None
        self._device = device
        self._counter = int.from_bytes(os.urandom(2))
        self._serial = int.from_bytes(os.urandom(2))
        self._held = b""
        self._segments: deque[bytes] = deque()
        self._later: set[Timer] = set()

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the connection is still there."""

        def act() -> None:
            self._later.discard(timer)
            action()

        timer = self._device.call_later(delay, act)
        self._later.add(timer)

    def lost(self) -> None:
        """The connection is over."""
        self.transport = None
        for one in self._later:
            one.cancel()

    @property
    def alive(self) -> bool:
        """Whether the connection is there, and neither side has ended it."""
        return self.transport is not None and not self.transport.is_closing()

    def sequence(self, kind: str, asked: int) -> int:
        """Return the number of the next frame, by the lock's policy."""
        policy = self._device.knobs.seq_policy
        if policy is None:
            policy = self._usual_policy(kind)
        elif policy == "echo" and kind == "push":
            policy = "zero" if self._device.version in wire.OLD_VERSIONS else "counter"
        if policy == "counter":
            self._counter = (self._counter + 1) & 0xFFFFFFFF
            return self._counter
        return asked if policy == "echo" else 0

    def emit(self, command: int, sequence: int, body: bytes = b"", retcode: int = 0) -> None:
        """Send a frame of an open session, with what is to go wrong with it."""
        faults = self._device.faults
        if self.muted or faults.mute:
            return
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        data = wire.encode(
            self._device.version,
            self.key,
            command,
            sequence,
            body,
            retcode=retcode,
            serial=self._serial,
        )
        if faults.take("bad_mac"):
            data = wire.spoil(data)
        if faults.take("garbage"):
            data = JUNK + data
        if faults.take("half_frame_then_silence"):
            data = data[: len(data) // 2]
            self.muted = True
        if faults.take("merge_frames"):
            self._held += data
            return
        data, self._held = self._held + data, b""
        self.write(data)

    def write(self, data: bytes) -> None:
        """Send bytes, in small segments if that is wanted."""
        size = self._device.faults.fragment
        if not size and not self._segments:
            if self.transport:
                self.transport.write(data)
            return
        size = size or len(data)
        idle = not self._segments
        self._segments.extend(data[at : at + size] for at in range(0, len(data), size))
        if idle:
            self._pump()

    def _usual_policy(self, kind: str) -> SequencePolicy:
        if self._device.version in wire.OLD_VERSIONS:
            return "zero" if kind in ("push", "heartbeat") else "echo"
        if self._device.version == "3.4" and kind in ("query", "control"):
            return "echo"
        return "counter"

    def _pump(self) -> None:
        if not self.transport:
            self._segments.clear()
        elif self._segments:
            self.transport.write(self._segments[0])
            self.later(SEGMENT_PAUSE, self._pumped)

    def _pumped(self) -> None:
        if self._segments:
            self._segments.popleft()
        self._pump()
