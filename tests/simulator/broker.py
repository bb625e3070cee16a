"""A broker for MQTT 3.1.1 on 127.0.0.1, as far as the app accounts use it: quality 0, no wills."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
import struct
from typing import override

from .service import Service

CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PING, DISCONNECT = 1, 3, 8, 10, 12, 14
NOT_AUTHORISED = 5


class Broker(Service):
    """Passes on what is published to those who have subscribed."""

    def __init__(self) -> None:
        """Build it; entering the context takes a port."""
        self.refuses = False
        """Takes no login."""
        self.topics: dict[asyncio.StreamWriter, set[str]] = {}
        """What each client that is connected has subscribed."""

    @override
    async def start(self) -> None:
        """Start."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @override
    async def stop(self) -> None:
        """Stop, and end all connections."""
        self._server.close()
        self.drop()
        await self._server.wait_closed()

    def is_subscribed(self, topic: str) -> bool:
        """Return if anybody hears a topic."""
        return any(topic in topics for topics in self.topics.values())

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message to those who have subscribed its topic."""
        for writer, topics in self.topics.items():
            if topic in topics:
                writer.write(_packet(PUBLISH << 4, _text(topic) + payload))

    def drop(self) -> None:
        """End all connections without a word."""
        for writer in self.topics:
            writer.transport.abort()
        self.topics.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._take(reader, writer):
                pass
        self.topics.pop(writer, None)
        writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one packet; return if the connection goes on."""
        kind, body = await _read(reader)
        match kind:
            case _ if kind == CONNECT:
                writer.write(_packet(0x20, bytes([0, NOT_AUTHORISED if self.refuses else 0])))
                if not self.refuses:
                    self.topics[writer] = set()
                return not self.refuses
            case _ if kind == SUBSCRIBE:
                found = list(_topics(body[2:], 1))
                self.topics.get(writer, set()).update(found)
                writer.write(_packet(0x90, body[:2] + bytes(len(found))))
            case _ if kind == UNSUBSCRIBE:
                self.topics.get(writer, set()).difference_update(_topics(body[2:], 0))
                writer.write(_packet(0xB0, body[:2]))
            case _ if kind == PING:
                writer.write(_packet(0xD0, b""))
        return kind != DISCONNECT


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the kind and the body of a packet; its length has seven bits in each byte."""
    (first,) = await reader.readexactly(1)
    length = shift = 0
    more = True
    while more:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 127) << shift
        shift, more = shift + 7, byte > 127
    return first >> 4, await reader.readexactly(length)


def _packet(first: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes([first]) + bytes(length) + body


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _topics(body: bytes, after: int) -> Iterator[str]:
    """Return the topics of a list, of which each is followed by so many bytes."""
    while body:
        end = 2 + struct.unpack_from(">H", body)[0]
        yield body[2:end].decode()
        body = body[end + after :]
