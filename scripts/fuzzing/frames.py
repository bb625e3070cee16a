"""Damaged frames for a connection: from outside, and ciphered with the right key."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
import json
from random import Random
from typing import Any, override
from unittest.mock import patch

from custom_components.tuya_wifi_lock.tuyalock import VERSIONS, Clock
from custom_components.tuya_wifi_lock.tuyalock.lan.connection import Peer, dial
from tests.simulator import bodies, wire
from tests.simulator.wire import Command

from .failures import Failures
from .mutations import damaged, strange_body

DEVICE_ID = "bfsimulated0lock0001"
KEY = b"0123456789abcdef"
DPS: tuple[dict[str, Any], ...] = (
    {"1": 3},
    {"1": 3, "2": 4, "12": 55},
    {"9": 60},
    {"49": "AAAB", "50": "AAAB"},
    {"10": "AAAAAwAA", "35": "AQAB"},
    {"8": "pry"},
    {"16": True},
    {},
)
SENT_TIMES = (None, 1_790_000_000, 12)
COMMANDS = (*Command, 0x40)
TEXTS = (b"json obj data unvalid", b"data format error", b"parse data error", b"", b"{}", b"\0")
BREATH = 200
"""Frames of a connection after which the event loop runs, and the next one is made."""
BODIES = {
    version: [bodies.report(version, DEVICE_ID, dps, sent=at) for dps in DPS for at in SENT_TIMES]
    for version in VERSIONS
}
VALUES: dict[str, list[dict[str, Any]]] = {
    version: [json.loads(body) for body in some] for version, some in BODIES.items()
}


class Device:
    """The other end of a connection, without a socket: it shakes hands and answers queries."""

    def __init__(self, version: str, rng: Random) -> None:
        """Start with the local key."""
        self.version, self.key, self._rng = version, KEY, rng
        self.client: asyncio.Protocol | None = None
        self.is_over = False
        self._nonces = (b"", b"")

    def take(self, raw: bytes) -> None:
        """Answer a frame of the client."""
        frame = wire.decode(self.version, self.key, raw)
        if frame.command == Command.START:
            nonce = wire.device_nonce(self.version, KEY, frame.body, unlucky=False)
            self._nonces = (frame.body, nonce)
            self._send(Command.RESPONSE, nonce + wire.proof(KEY, frame.body))
        elif frame.command == Command.FINISH:
            self.key = wire.session_key(self.version, KEY, *self._nonces)
        elif frame.command in (Command.QUERY, Command.QUERY_NEW):
            self._send(frame.command, bodies.answer(self.version, DEVICE_ID, {"12": 55}))

    def encode(self, command: int, body: bytes) -> bytes:
        """Return a right frame."""
        return wire.encode(
            self.version, self.key, command, self._rng.randrange(2**32), body, retcode=0, serial=1
        )

    def _send(self, command: int, body: bytes) -> None:
        assert self.client
        asyncio.get_running_loop().call_soon(self.client.data_received, self.encode(command, body))


class Wire(asyncio.Transport):
    """The client's transport, which leads to the device."""

    def __init__(self, device: Device) -> None:
        """Lead to a device."""
        super().__init__()
        self._device = device

    @override
    def write(self, data: Any) -> None:
        """Hand a frame on; the client writes each in one piece."""
        self._device.take(bytes(data))

    @override
    def write_eof(self) -> None:
        """End the client's half."""
        self.abort()

    @override
    def is_closing(self) -> bool:
        """Return if the connection is over."""
        return self._device.is_over

    @override
    def close(self) -> None:
        """End the connection."""
        self.abort()

    @override
    def abort(self) -> None:
        """End the connection."""
        if not self._device.is_over:
            self._device.is_over = True
            assert self._device.client
            asyncio.get_running_loop().call_soon(self._device.client.connection_lost, None)


@contextmanager
def connected_to(make: Callable[[], Device], devices: list[Device]) -> Generator[None]:
    """Let every TCP connection of this event loop lead to a device of its own."""

    async def connect(
        factory: Callable[[], asyncio.Protocol], *args: object, **options: object
    ) -> tuple[Wire, asyncio.Protocol]:
        device = make()
        devices.append(device)
        transport = Wire(device)
        device.client = factory()
        device.client.connection_made(transport)
        return transport, device.client

    with patch.object(asyncio.get_running_loop(), "create_connection", connect):
        yield


async def fuzz_frames(rng: Random, count: int, failures: Failures) -> Counter[str]:
    """Send frames of each version to connections; return how often what happened."""
    seen: Counter[str] = Counter()
    for version in VERSIONS:
        devices: list[Device] = []
        left = count // len(VERSIONS)
        peer = Peer("127.0.0.1", 6668, DEVICE_ID, KEY, version)
        with connected_to(partial(Device, version, rng), devices):
            while left:
                connection = await dial(
                    peer, Clock(), lambda received: seen.update(["taken as a report"])
                )
                await connection.query()
                sent = _send(rng, devices.pop(), min(left, BREATH), failures)
                left -= sent
                seen.update(connections=1, frames=sent)
                connection.close()
                await asyncio.sleep(0)
    return seen


def _send(rng: Random, device: Device, most: int, failures: Failures) -> int:
    """Send frames until the client has enough; return how many."""
    assert device.client
    right = [device.encode(command, rng.choice(BODIES[device.version])) for command in COMMANDS]
    for number in range(most):
        data = _next(rng, device, right)
        try:
            device.client.data_received(data)
        except Exception as error:  # noqa: BLE001
            failures.add(error, (device.version, data))
        if device.is_over:
            return number + 1
    return most


def _next(rng: Random, device: Device, right: Sequence[bytes]) -> bytes:
    """Return the bytes that come next."""
    kind = rng.random()
    if kind < 0.4:
        return damaged(rng, rng.choice(right), right)
    command = rng.choice(COMMANDS)
    if kind < 0.85:
        body = strange_body(rng, VALUES[device.version])
    elif kind < 0.95:
        body = damaged(rng, rng.choice(BODIES[device.version]), BODIES[device.version])
    else:
        body = rng.choice(TEXTS)
    return device.encode(command, body)
