"""Damaged announcements for what listens to them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
import json
from random import Random
from typing import Any, override
from unittest.mock import patch

from custom_components.tuya_wifi_lock.tuyalock import PORTS, VERSIONS, AnnouncementListener
from tests.simulator import bodies, wire

from .failures import Failures
from .mutations import damaged, strange_body

SENDER = ("192.0.2.7", 40000)
BREATH = 1000


class Deaf(asyncio.DatagramTransport):
    """A transport of datagrams that leads nowhere."""

    @override
    def abort(self) -> None:
        """Nothing is open."""

    @override
    def sendto(self, data: Any, addr: Any = None) -> None:
        """Nobody is there."""


@contextmanager
def without_sockets() -> Generator[list[asyncio.DatagramProtocol]]:
    """Let listening take no port; give what would receive the datagrams."""
    receivers: list[asyncio.DatagramProtocol] = []

    async def create(
        factory: Callable[[], asyncio.DatagramProtocol], *args: object, **options: object
    ) -> tuple[Deaf, asyncio.DatagramProtocol]:
        receivers.append(factory())
        receivers[-1].connection_made(Deaf())
        return Deaf(), receivers[-1]

    with patch.object(asyncio.get_running_loop(), "create_datagram_endpoint", create):
        yield receivers


async def fuzz_datagrams(rng: Random, count: int, failures: Failures) -> Counter[str]:
    """Send datagrams to every port that is listened to; return how often what happened."""
    seen: Counter[str] = Counter()
    texts = [
        bodies.announced("192.0.2.8", "bfsimulated0lock0001", "simulatedproduct", version)
        for version in VERSIONS
    ]
    values = [json.loads(text) for text in texts]
    right = [wire.announcement(version, text)[1] for version in VERSIONS for text in texts] + [
        wire.ask(b'{"from":"app","ip":"192.0.2.9"}'),
        *texts,
    ]
    with without_sockets() as receivers:
        listener = AnnouncementListener()
        listener.subscribe(lambda heard: seen.update(["taken as an announcement"]))
        await listener.open(PORTS)
        for number in range(count):
            if rng.random() < 0.6:
                data = damaged(rng, rng.choice(right), right)
            else:
                body = strange_body(rng, values)
                data = wire.announcement(rng.choice(VERSIONS), body)[1]
            try:
                rng.choice(receivers).datagram_received(data, SENDER)
            except Exception as error:  # noqa: BLE001
                failures.add(error, data)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        listener.close()
    return seen + Counter(datagrams=count)
