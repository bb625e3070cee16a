"""A bare client for the simulator's own tests: it sees every frame, and every end."""

import asyncio
from collections.abc import Mapping
import json
import os
from typing import Any, Self

from . import wire
from .lock import SimulatedLock
from .wire import Command, Frame


class Peer:
    """One TCP connection to a lock."""

    def __init__(self, lock: SimulatedLock) -> None:
        """Use the address, version and key of this lock."""
        self.host, self.port, self.version = "127.0.0.1", lock.port, lock.version
        self.local_key = self.key = lock.local_key.encode()
        self.sequence = 0
        self.device_nonce = b""
        self.buffer = b""
        self.chunks: list[bytes] = []
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def to(cls, lock: SimulatedLock) -> Self:
        """Connect, shake hands, and send nothing else."""
        peer = cls(lock)
        await peer.dial()
        await peer.shake_hands()
        return peer

    @classmethod
    async def asking(cls, lock: SimulatedLock) -> Self:
        """Connect, and take the answer to one query."""
        peer = await cls.to(lock)
        await peer.query()
        return peer

    async def dial(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port)

    async def shake_hands(self) -> None:
        """Agree on a session key, where the version has one."""
        if self.version in wire.OLD_VERSIONS:
            return
        nonce = os.urandom(16)
        await self.send(Command.START, nonce)
        body = (await self.frame()).body
        if body[16:] != wire.proof(self.local_key, nonce):
            raise AssertionError("the lock has another key")
        self.device_nonce = body[:16]
        await self.send(Command.FINISH, wire.proof(self.local_key, self.device_nonce))
        self.key = wire.session_key(self.version, self.local_key, nonce, self.device_nonce)

    async def send(self, command: int, body: bytes = b"") -> None:
        """Send one frame."""
        self.sequence += 1
        await self.raw(wire.encode(self.version, self.key, command, self.sequence, body))

    async def raw(self, data: bytes) -> None:
        """Send bytes."""
        assert self._writer
        self._writer.write(data)
        await self._writer.drain()

    async def control(self, dps: Mapping[str, Any]) -> None:
        """Send a command; do not wait for anything."""
        if self.version in wire.OLD_VERSIONS:
            await self.send(Command.CONTROL, json.dumps({"dps": dict(dps)}).encode())
        else:
            body = {"protocol": 5, "t": 1, "data": {"dps": dict(dps)}}
            await self.send(Command.CONTROL_NEW, json.dumps(body).encode())

    async def query(self) -> dict[str, Any]:
        """Return the dps of an answer to a query."""
        await self.send(Command.QUERY if self.version < "3.4" else Command.QUERY_NEW, b"{}")
        frame = await self.frame()
        assert frame.command in (Command.QUERY, Command.QUERY_NEW)
        dps: dict[str, Any] = json.loads(frame.body)["dps"]
        return dps

    async def frame(self, seconds: float = 2) -> Frame:
        """Return the next frame."""
        async with asyncio.timeout(seconds):
            while True:
                raw, self.buffer = wire.split(self.buffer)
                if raw:
                    return wire.decode(self.version, self.key, raw, retcode=True)
                self.buffer += await self._chunk()

    async def push(self) -> dict[str, Any]:
        """Return what the next push says: dps, and what stands beside them."""
        while (frame := await self.frame()).command != Command.STATUS:
            pass
        value: dict[str, Any] = json.loads(frame.body)
        inner: dict[str, Any] = value.get("data", value)
        return inner

    async def dps(self, count: int) -> list[dict[str, Any]]:
        """Return the dps of the next pushes."""
        return [(await self.push())["dps"] for _ in range(count)]

    async def silent(self, seconds: float = 0.1) -> bool:
        """Tell whether nothing comes, not even an end."""
        try:
            await self.frame(seconds)
        except TimeoutError:
            return True
        return False

    async def ended(self) -> str:
        """Wait for the end of the connection, and tell how it came."""
        async with asyncio.timeout(2):
            try:
                while True:
                    await self._chunk()
            except ConnectionResetError:
                return "reset"
            except EOFError:
                return "closed"

    def close(self) -> None:
        """Hang up."""
        if self._writer:
            self._writer.close()

    async def _chunk(self) -> bytes:
        assert self._reader
        data = await self._reader.read(65536)
        if not data:
            raise EOFError
        self.chunks.append(data)
        return data
