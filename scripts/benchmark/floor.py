"""The least that receives a push: a bare asyncio socket, and the cipher."""

import asyncio
from collections.abc import Callable
import hmac
import json
import os
import socket
from typing import override

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from tests.simulator import wire
from tests.simulator.wire import Command

from .street import LockAddress


class BareReceiver(asyncio.Protocol):
    """Reads pushes and nothing else. The handshake borrows the simulator's codec."""

    def __init__(self, lock: LockAddress, received: Callable[[int], None]) -> None:
        """Prepare to hear the numbers of unlocks."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._version, self._key = lock.version, lock.local_key.encode()
        self._received = received
        self._nonce = os.urandom(16)
        self._decipher = self._decipher_34 if lock.version == "3.4" else self._decipher_35
        old = lock.version == "3.4"
        self._length, self._around = (slice(12, 16), 16) if old else (slice(14, 18), 22)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport
        self._write(Command.START, 1, self._nonce)

    @override
    def data_received(self, data: bytes) -> None:
        """Take frames; between processes on one machine they come whole."""
        if not self.ready.done():
            self._handshake(data)
            return
        while data:
            end = int.from_bytes(data[self._length]) + self._around
            body = json.loads(self._decipher(data[:end])[15:])
            self._received(body["data"]["dps"]["1"])
            data = data[end:]

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing depends on the end of a bare connection."""

    def stop(self) -> None:
        """Let go of the lock."""
        self._transport.abort()

    def _handshake(self, data: bytes) -> None:
        frame = wire.decode(self._version, self._key, data, retcode=True)
        if frame.command == Command.RESPONSE:
            theirs = frame.body[:16]
            self._write(Command.FINISH, 2, wire.proof(self._key, theirs))
            self._key = wire.session_key(self._version, self._key, self._nonce, theirs)
            self._ecb, self._gcm = Cipher(AES(self._key), ECB()), AESGCM(self._key)
            self._write(Command.QUERY_NEW, 3, b"{}")
        elif frame.command == Command.QUERY_NEW:
            self.ready.set_result(None)

    def _write(self, command: Command, sequence: int, body: bytes) -> None:
        self._transport.write(wire.encode(self._version, self._key, command, sequence, body))

    def _decipher_34(self, frame: bytes) -> bytes:
        if not hmac.compare_digest(hmac.digest(self._key, frame[:-36], "sha256"), frame[-36:-4]):
            raise ValueError("a damaged frame")
        decryptor = self._ecb.decryptor()
        clear = decryptor.update(frame[20:-36]) + decryptor.finalize()
        return clear[: -clear[-1]]

    def _decipher_35(self, frame: bytes) -> bytes:
        return self._gcm.decrypt(frame[18:30], frame[30:-4], frame[4:18])[4:]


async def receive_bare(lock: LockAddress, received: Callable[[int], None]) -> BareReceiver:
    """Connect to an awake lock with the least that it takes."""
    loop = asyncio.get_running_loop()
    _, receiver = await loop.create_connection(
        lambda: BareReceiver(lock, received), "127.0.0.1", lock.port
    )
    await receiver.ready
    return receiver
