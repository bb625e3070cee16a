"""A stranger in the same network: he has an address of his own, and no key."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
import struct
from typing import Any
import zlib

from tests.simulator import SimulatedLock, wire
from tests.simulator.peer import Peer
from tests.simulator.wire import Command

ADDRESS = "127.0.0.2"
"""His own; the lock's is 127.0.0.1."""
DEVICE_ID = "bfsimulated0lock0001"

type Serve = Callable[[Visit], Awaitable[None]]


@dataclass
class Visit:
    """One connection that Home Assistant has made to him."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stranger: Stranger

    async def frames(self) -> AsyncGenerator[bytes]:
        """Yield what Home Assistant sends, until it goes."""
        buffer = b""
        while chunk := await self.reader.read(65536):
            buffer += chunk
            while True:
                raw, buffer = wire.split(buffer)
                if raw is None:
                    break
                self.stranger.received.append(raw)
                yield raw

    def send(self, data: bytes) -> None:
        """Send bytes."""
        if not self.writer.is_closing():
            self.writer.write(data)


@dataclass
class Stranger:
    """What he has seen."""

    connections: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def commands(self) -> list[int]:
        """The commands of the frames that he got."""
        return [
            int.from_bytes(raw[10:14] if raw[:4] == wire.NEW_PREFIX else raw[8:12])
            for raw in self.received
        ]

    @property
    def controls(self) -> int:
        """How many commands to the lock he got: what opens a door, if he passes it on."""
        return sum(one in (Command.CONTROL, Command.CONTROL_NEW) for one in self.commands)


@asynccontextmanager
async def stranger(port: int, serve: Serve, host: str = ADDRESS) -> AsyncGenerator[Stranger]:
    """Listen at an address until the end of a test."""
    seen = Stranger()
    visits: set[asyncio.Task[None]] = set()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        task = asyncio.current_task()
        assert task
        visits.add(task)
        try:
            await serve(Visit(reader, writer, seen))
        except ConnectionError, wire.WireError:
            pass
        finally:
            writer.close()
            visits.discard(task)

    server = await asyncio.start_server(visited, host, port, reuse_address=True)
    try:
        yield seen
    finally:
        server.close()
        for visit in tuple(visits):
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


def is_new(raw: bytes) -> bool:
    """Return if a frame is one of version 3.5."""
    return raw[:4] == wire.NEW_PREFIX


def reframed(raw: bytes, command: int) -> bytes:
    """Return a frame of 3.3 as another command: nothing but a check sum protects its head."""
    sequence, _, length = struct.unpack(">III", raw[4:16])
    head = wire.OLD_PREFIX + struct.pack(">III", sequence, command, length)
    body = head + raw[16:-8]
    return body + zlib.crc32(body).to_bytes(4) + wire.OLD_SUFFIX


def clear(command: int, body: dict[str, Any]) -> bytes:
    """Return a frame of version 3.1 that nobody has signed."""
    payload = bytes(4) + json.dumps(body, separators=(",", ":")).encode()
    head = wire.OLD_PREFIX + struct.pack(">III", 0, command, len(payload) + 8)
    data = head + payload
    return data + zlib.crc32(data).to_bytes(4) + wire.OLD_SUFFIX


# What he does


async def mute(visit: Visit) -> None:
    """Take the connection and say nothing."""
    async for _ in visit.frames():
        pass


async def in_the_clear(visit: Visit) -> None:
    """Answer and report as a lock of version 3.1 would, but unsigned."""
    visit.send(clear(Command.STATUS, {"devId": DEVICE_ID, "dps": {"1": 7}}))
    async for _ in visit.frames():
        visit.send(clear(Command.QUERY, {"devId": DEVICE_ID, "dps": {"1": 7, "12": 1, "9": 30}}))
        visit.send(clear(Command.STATUS, {"devId": DEVICE_ID, "dps": {"1": 7, "9": 30}}))


async def junk(visit: Visit) -> None:
    """Send what no key deciphers, in whatever version he is asked."""
    async for raw in visit.frames():
        key = b"another 0 key 00"
        version = "3.5" if is_new(raw) else "3.3"
        visit.send(wire.encode(version, key, Command.QUERY, 1, b'{"dps":{"1":7}}', retcode=0))


async def echo(visit: Visit) -> None:
    """Send back what he gets: as it is, and as an answer and a report."""
    async for raw in visit.frames():
        visit.send(raw)
        if not is_new(raw):
            visit.send(reframed(raw, Command.QUERY))
            visit.send(reframed(raw, Command.STATUS))


def playing_back(*frames: bytes) -> Serve:
    """Answer each frame with all that was recorded."""

    async def serve(visit: Visit) -> None:
        async for _ in visit.frames():
            for frame in frames:
                visit.send(frame)

    return serve


def passing_on(port: int, *, change: Callable[[bytes], bytes | None], times: int = 1) -> Serve:
    """Pass everything on to the real lock and back: a man in the middle.

    `change` sees what Home Assistant sends, and returns what he answers himself instead. What the
    lock sends is passed on so many times.
    """

    async def serve(visit: Visit) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def back() -> None:
            while chunk := await reader.read(65536):
                visit.send(chunk * times)

        returning = asyncio.create_task(back())
        try:
            async for raw in visit.frames():
                if (answer := change(raw)) is not None:
                    visit.send(answer)
                else:
                    writer.write(raw)
        finally:
            returning.cancel()
            writer.close()

    return serve


# What he has listened to


@dataclass
class Recorder:
    """Reads along on the air, as anybody in the same Wi-Fi can."""

    peer: Peer

    @property
    def frames(self) -> list[bytes]:
        """All frames that the lock has sent."""
        found: list[bytes] = []
        rest = b"".join(self.peer.chunks)
        while True:
            raw, rest = wire.split(rest)
            if raw is None:
                return found
            found.append(raw)

    def of(self, command: int) -> list[bytes]:
        """The frames with a command."""
        return [raw for raw in self.frames if int.from_bytes(raw[8:12]) == command]


@asynccontextmanager
async def recording(simulated: SimulatedLock) -> AsyncGenerator[Recorder]:
    """Record what a lock of 3.1 or 3.3 says to somebody; it has to have a place for him."""
    peer = await Peer.asking(simulated)
    listening = asyncio.create_task(_listen(peer))
    try:
        yield Recorder(peer)
    finally:
        listening.cancel()
        peer.close()


async def _listen(peer: Peer) -> None:
    """Take all that comes."""
    while True:
        await peer.frame(3600)
