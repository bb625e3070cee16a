"""UDP announcements: which lock is awake, at which address, with which protocol version."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
import logging
import socket
from typing import Any, override

from . import protocol

PORTS = (6666, 6667, 7000)
ASK_PORT = 7000

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a device says of itself."""

    device_id: str
    host: str
    version: str
    product_id: str | None = None
    asked: bool = False
    """It only answered our question; it may never announce itself."""


class AnnouncementListener:
    """Listens on the UDP ports and calls back with every announcement."""

    def __init__(self) -> None:
        """Start with no port open."""
        self._listeners: list[Callable[[Announcement], None]] = []
        self._transports: list[asyncio.DatagramTransport] = []
        self._reported_busy: set[int] = set()
        self._opening = asyncio.Lock()
        self._is_open = False

    async def open(self, ports: Sequence[int] = PORTS) -> None:
        """Listen on the UDP ports, unless that is done already, beside others who do."""
        async with self._opening:
            if not self._is_open:
                # Whoever began with it may have been cancelled halfway.
                self.close()
                await self._open(ports)
                self._is_open = True

    async def _open(self, ports: Sequence[int]) -> None:
        """Open the ports, and warn once about those that we cannot have.

        On the third port, devices answer when they are asked.
        """
        busy = []
        for port, asked in zip(ports, (False, False, True), strict=False):
            receiver = partial(_Receiver, self._heard, asked=asked)
            try:
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    receiver, ("0.0.0.0", port), reuse_port=True, allow_broadcast=True
                )
            except OSError:
                busy.append(port)
            else:
                self._transports.append(transport)
        if new := [str(port) for port in busy if port not in self._reported_busy]:
            self._reported_busy.update(busy)
            _LOGGER.warning(
                "Another program keeps UDP port %s for itself; "
                "locks that announce themselves there are not heard",
                ", ".join(new),
            )

    def close(self) -> None:
        """Stop listening."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()
        self._is_open = False

    def subscribe(self, listener: Callable[[Announcement], None]) -> Callable[[], None]:
        """Call back with every announcement; return the unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ask(self, addresses: Iterable[tuple[str, int]], own_address: str = "") -> None:
        """Ask devices of version 3.5, which answer instead of announcing by themselves."""
        if self._transports:
            for address in addresses:
                self._transports[-1].sendto(protocol.ask(own_address), address)

    def _heard(self, announcement: Announcement) -> None:
        """Call back whoever subscribed."""
        for listener in tuple(self._listeners):
            listener(announcement)


class _Receiver(asyncio.DatagramProtocol):
    """Receives what comes to one port."""

    def __init__(self, heard: Callable[[Announcement], None], *, asked: bool) -> None:
        """Call back with each announcement."""
        self._heard = heard
        self._asked = asked

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Take a datagram, if it is an announcement and not a question like ours."""
        body = protocol.announcement(data)
        if body is None or body.get("from") == "app":
            return
        device_id, host, version = body.get("gwId"), body.get("ip"), body.get("version")
        if not isinstance(device_id, str) or not isinstance(version, str):
            return
        product_id = body.get("productKey")
        self._heard(
            Announcement(
                device_id,
                host if isinstance(host, str) and _is_ipv4(host) else addr[0],
                version,
                product_id if isinstance(product_id, str) else None,
                self._asked,
            )
        )

    @override
    def error_received(self, exc: Exception) -> None:
        """Ignore what the network says about our questions."""


def _is_ipv4(text: str) -> bool:
    """Return if a text is an IPv4 address."""
    try:
        socket.inet_pton(socket.AF_INET, text)
    except OSError, ValueError:
        return False
    return True
