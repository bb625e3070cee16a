"""UDP announcements: which lock is awake, at which address, with which protocol version.

Anybody can send them. So they are limited, and only what is well formed is passed on.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
import logging
from typing import Any, TypeIs, override

from ..models import is_device_id, is_product_id
from . import protocol

PORTS = (6666, 6667, 7000)
"""The last one is where devices are asked."""
ONLY_ASKED = (False, False, True)
"""Whether devices only answer on each of the ports."""
PER_SECOND = 100
"""Announcements that one sender may send: a device sends one every five seconds, and a relay
between networks sends those of a whole house."""
MOST_SENDERS = 512
"""Senders that are listened to in one second."""
MAX_DATAGRAM = 2048
RETRY = 60.0
"""Seconds after which a port that another program kept is tried again."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a device says of itself."""

    device_id: str
    host: str
    version: str | None
    product_id: str | None = None
    asked: bool = False
    """It only answered our question; it may never announce itself."""
    sender: str = field(default="", compare=False)

    @property
    def is_direct(self) -> bool:
        """Return if it came from the very address that it names."""
        return self.sender == self.host


class AnnouncementListener:
    """Listens on the UDP ports and calls back with every announcement."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Announcement], None]] = []
        self._transports: list[asyncio.DatagramTransport] = []
        self._reported_busy: set[int] = set()
        self._opening = asyncio.Lock()
        self._is_open = False
        self._retrying: asyncio.Task[None] | None = None
        self._counts: Counter[str] = Counter()
        self._counted_since = float("-inf")

    async def open(self, ports: Sequence[int] = PORTS) -> None:
        """Listen on the UDP ports, unless that is done already, beside others who do."""
        async with self._opening:
            if not self._is_open:
                # Whoever began with it may have been cancelled halfway.
                self.close()
                if busy := await self._open(dict(zip(ports, ONLY_ASKED, strict=False))):
                    self._retrying = asyncio.create_task(self._open_later(busy))
                self._is_open = True

    async def _open_later(self, busy: Mapping[int, bool]) -> None:
        """Try ports again that another program kept."""
        while busy:
            await asyncio.sleep(RETRY)
            busy = await self._open(busy)

    async def _open(self, ports: Mapping[int, bool]) -> Mapping[int, bool]:
        """Open ports, each with whether devices only answer there; return those that are busy."""
        busy = {}
        for port, asked in ports.items():
            receiver = partial(_Receiver, self._heard, self._is_too_much, asked=asked)
            try:
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    receiver, ("0.0.0.0", port), reuse_port=True, allow_broadcast=True
                )
            except OSError:
                busy[port] = asked
            else:
                self._transports.append(transport)
        if new := [str(port) for port in busy if port not in self._reported_busy]:
            self._reported_busy.update(busy)
            _LOGGER.warning(
                "Another program keeps UDP port %s for itself; "
                "locks that announce themselves there cannot be found",
                ", ".join(new),
            )
        return busy

    def close(self) -> None:
        """Stop listening."""
        if self._retrying:
            self._retrying.cancel()
        for transport in self._transports:
            transport.abort()
        self._transports.clear()
        self._is_open = False

    def subscribe(self, listener: Callable[[Announcement], None]) -> None:
        """Call back with every announcement."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[Announcement], None]) -> None:
        """Stop calling back."""
        self._listeners.remove(listener)

    def ask(self, addresses: Iterable[tuple[str, int]], own_address: str = "") -> None:
        """Ask devices of version 3.5, which answer instead of announcing by themselves."""
        if self._transports:
            for address in addresses:
                self._transports[-1].sendto(protocol.ask(own_address), address)

    def _is_too_much(self, sender: str) -> bool:
        """Return if a sender has sent enough for this second."""
        now = asyncio.get_running_loop().time()
        if now - self._counted_since >= 1.0:
            self._counts.clear()
            self._counted_since = now
        if sender not in self._counts and len(self._counts) >= MOST_SENDERS:
            return True
        self._counts[sender] += 1
        return self._counts[sender] > PER_SECOND

    def _heard(self, announcement: Announcement) -> None:
        for listener in tuple(self._listeners):
            listener(announcement)


class _Receiver(asyncio.DatagramProtocol):
    """Receives what comes to one port."""

    def __init__(
        self,
        heard: Callable[[Announcement], None],
        is_too_much: Callable[[str], bool],
        *,
        asked: bool,
    ) -> None:
        """Call back with each announcement of a sender who has not sent too much."""
        self._heard = heard
        self._is_too_much = is_too_much
        self._asked = asked

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Take a datagram, if it is an announcement and not a question like ours."""
        sender = str(addr[0])
        if len(data) > MAX_DATAGRAM or self._is_too_much(sender):
            return
        body = protocol.announcement(data)
        if body is None or body.get("from") == "app":
            return
        device_id, host, version = body.get("gwId"), body.get("ip"), body.get("version")
        if not isinstance(version, str) or not is_device_id(device_id):
            return
        product_id = body.get("productKey")
        self._heard(
            Announcement(
                device_id,
                host if _is_near(host) else sender,
                version if version in protocol.VERSIONS else None,
                product_id if is_product_id(product_id) else None,
                self._asked,
                sender,
            )
        )

    @override
    def error_received(self, exc: Exception) -> None:
        """Ignore what the network says about our questions."""


def _is_near(host: Any) -> TypeIs[str]:
    """Return if a value is an IPv4 address that is not on the internet."""
    try:
        return isinstance(host, str) and not IPv4Address(host).is_global
    except ValueError:
        return False
