"""UDP: tells the network that the lock is awake."""

import asyncio
from collections.abc import Callable, Mapping
import json
import socket
from typing import override

from . import wire
from .knobs import Knobs

REAL_PORTS = {6666: 6666, 6667: 6667, 7000: 7000}


class Announcer(asyncio.DatagramProtocol):
    """Announces while it runs; or only answers those who ask."""

    def __init__(
        self,
        *,
        host: str,
        target: str,
        ports: Mapping[int, int] | None,
        version: str,
        body: bytes,
        knobs: Callable[[], Knobs],
    ) -> None:
        """Keep what is needed to announce."""
        self.ports = REAL_PORTS | dict(ports or {})
        self.sent = 0
        self._knobs = knobs
        self._host, self._target = host, target
        self._logical_port, self._datagram = wire.announcement(version, body)
        self._sender: asyncio.DatagramTransport | None = None
        self._ear: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin; the first announcement leaves at once."""
        self.stop()
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((self._host, 0))
        self._sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=sock)
        if self._knobs().solicited_only:
            where = (self._knobs().solicit_host, self.ports[7000])
            # Bound to the broadcast address: beside a client on the same port, nothing is stolen.
            self._ear, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=where, reuse_port=True, allow_broadcast=True
            )
        else:
            self._tick()

    def stop(self) -> None:
        """Fall silent."""
        if self._timer:
            self._timer.cancel()
        for transport in (self._sender, self._ear):
            if transport:
                transport.close()
        self._timer = self._sender = self._ear = None

    def announce(self) -> None:
        """Send one announcement."""
        self._send(self._target, self.ports[self._logical_port])

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request to the address that it names."""
        asked = wire.asked(data)
        if asked is None:
            return
        try:
            request = json.loads(asked)
        except ValueError:
            return
        if isinstance(request, dict) and isinstance(request.get("ip"), str):
            self._send(request["ip"], self.ports[7000])

    def _send(self, host: str, port: int) -> None:
        if self._sender:
            self._sender.sendto(self._datagram, (host, port))
            self.sent += 1

    def _tick(self) -> None:
        if self._knobs().announce:
            self.announce()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._knobs().announce_interval, self._tick)
