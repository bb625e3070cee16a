"""AnnouncementListener through real UDP sockets."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
import json
import logging
import socket
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.lan import protocol
from custom_components.tuya_wifi_lock.tuyalock.lan.discovery import (
    PORTS,
    Announcement,
    AnnouncementListener,
)
from tests.simulator import Knobs, wire
from tests.simulator.announcer import Announcer
from tests.simulator.bodies import announced

pytestmark = pytest.mark.usefixtures("socket_enabled")

LOCK = {"ip": "192.0.2.7", "gwId": "bf0001", "version": "3.3", "productKey": "umca8uiv2203ua3k"}
HEARD = Announcement("bf0001", "192.0.2.7", "3.3", "umca8uiv2203ua3k")
ASKED = replace(HEARD, asked=True)


@pytest.fixture
def ports() -> Generator[tuple[int, int, int]]:
    """UDP ports that stay ours, for 6666, 6667 and 7000."""
    with ExitStack() as stack:
        free = []
        for _ in range(3):
            guard = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            # Datagrams for 127.0.0.1 do not come here.
            guard.bind(("127.0.0.2", 0))
            # Not before: a guard that shared its port could get that of another test.
            guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            free.append(guard.getsockname()[1])
        yield free[0], free[1], free[2]


class Ears:
    """Somebody who listens, and what was heard."""

    def __init__(self, announcements: AnnouncementListener) -> None:
        self.announcements = announcements
        self.heard: list[Announcement] = []
        announcements.subscribe(self.heard.append)

    async def hear(self, number: int) -> list[Announcement]:
        """Wait until so many announcements were heard."""
        async with asyncio.timeout(5):
            while len(self.heard) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return self.heard


@pytest.fixture
async def ears(ports: tuple[int, int, int]) -> AsyncGenerator[Ears]:
    announcements = AnnouncementListener()
    await announcements.open(ports)
    yield Ears(announcements)
    announcements.close()
    await asyncio.sleep(0)


@pytest.fixture
def say(ports: tuple[int, int, int]) -> Generator[Callable[[bytes, int], None]]:
    """Sends a datagram to one of the ports."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        yield lambda datagram, index: mouth.sendto(datagram, ("127.0.0.1", ports[index]))


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def clear(**changes: Any) -> bytes:
    """Return an announcement of version 3.1."""
    body = {key: value for key, value in (LOCK | changes).items() if value is not None}
    return wire.announcement("3.1", json.dumps(body).encode())[1]


def test_the_ports_are_those_of_the_vendor() -> None:
    assert list(PORTS) == [6666, 6667, 7000]


@pytest.mark.parametrize("version", ["3.1", "3.3", "3.4", "3.5"])
async def test_a_lock_of_every_version_is_heard(
    version: str, ears: Ears, ports: tuple[int, int, int]
) -> None:
    lock = Announcer(
        host="127.0.0.1",
        target="127.0.0.1",
        ports=dict(zip(PORTS, ports, strict=True)),
        version=version,
        body=announced("127.0.0.1", "bf0001", "product", version),
        knobs=Knobs,
    )
    await lock.start()
    try:
        assert await ears.hear(1) == [Announcement("bf0001", "127.0.0.1", version, "product")]
    finally:
        lock.stop()


async def test_every_port_is_heard_and_every_announcement_told(
    ears: Ears, say: Callable[[bytes, int], None]
) -> None:
    for number, index in enumerate((0, 1, 2, 2), start=1):
        say(clear(), index)
        await ears.hear(number)
    assert ears.heard == [HEARD, HEARD, ASKED, ASKED]


async def test_only_those_who_listen_are_told(
    ears: Ears, say: Callable[[bytes, int], None]
) -> None:
    other = Ears(ears.announcements)
    say(clear(), 0)
    await ears.hear(1)
    assert other.heard == [HEARD]
    ears.announcements.unsubscribe(other.heard.append)
    say(clear(), 0)
    await ears.hear(2)
    assert other.heard == [HEARD]


async def test_who_stops_listening_while_being_told_disturbs_nobody(
    ears: Ears, say: Callable[[bytes, int], None]
) -> None:
    heard = []

    def once(announcement: Announcement) -> None:
        heard.append(announcement)
        ears.announcements.unsubscribe(once)

    ears.announcements.subscribe(once)
    last = Ears(ears.announcements)
    for _ in range(2):
        say(clear(), 0)
    await last.hear(2)
    assert heard == [HEARD]


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\0" * 16,
        b"hello",
        clear()[:-1],
        wire.spoil(wire.announcement("3.5", json.dumps(LOCK).encode())[1]),
        wire.announcement("3.3", b"[]")[1],
        clear(gwId=None),
        clear(gwId=7),
        clear(version=None),
        clear(version=3.3),
        protocol.ask("192.0.2.1"),
        bytes(60_000),
    ],
    ids=lambda junk: f"{len(junk)} bytes",
)
async def test_junk_is_ignored(
    junk: bytes,
    ears: Ears,
    say: Callable[[bytes, int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    say(junk, 0)
    say(clear(gwId="bf0002"), 0)
    assert [one.device_id for one in await ears.hear(1)] == ["bf0002"]
    assert complaints(caplog) == []


@pytest.mark.parametrize(
    "address", [None, 7, "", "lock.local", "999.1.1.1", "fe80::1", "1\0", "\ud800", "8.8.8.8"]
)
async def test_an_announcement_without_a_good_address_comes_from_its_sender(
    address: object, ears: Ears, say: Callable[[bytes, int], None]
) -> None:
    say(clear(ip=address), 0)
    (heard,) = await ears.hear(1)
    assert heard.host == "127.0.0.1"


@pytest.mark.parametrize("product", [None, 7])
async def test_an_announcement_may_lack_its_product(
    product: object, ears: Ears, say: Callable[[bytes, int], None]
) -> None:
    say(clear(productKey=product), 0)
    (heard,) = await ears.hear(1)
    assert heard == Announcement("bf0001", "192.0.2.7", "3.3", None)


async def test_a_lock_that_only_answers_is_asked(ears: Ears, ports: tuple[int, int, int]) -> None:
    lock = Announcer(
        host="127.0.0.1",
        target="127.0.0.1",
        ports=dict(zip(PORTS, ports, strict=True)),
        version="3.5",
        body=announced("127.0.0.1", "bf0001", "product", "3.5"),
        knobs=lambda: Knobs(solicited_only=True),
    )
    await lock.start()
    try:
        await asyncio.sleep(0.02)
        assert lock.sent == 0
        # The broadcast reaches ourselves as well, and we do not take it for a lock.
        ears.announcements.ask([("127.255.255.255", ports[2])], "127.0.0.1")
        assert await ears.hear(1) == [
            Announcement("bf0001", "127.0.0.1", "3.5", "product", asked=True)
        ]
        assert lock.sent == 1
    finally:
        lock.stop()


async def test_every_address_is_asked(ears: Ears) -> None:
    with ExitStack() as stack:
        asked = []
        for host in ("127.0.0.3", "127.0.0.4"):
            lock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            lock.settimeout(2)
            lock.bind((host, 0))
            asked.append(lock)
        ears.announcements.ask([lock.getsockname() for lock in asked], "192.0.2.1")
        for lock in asked:
            question = wire.asked(lock.recv(1000))
            assert question
            assert json.loads(question) == {"from": "app", "ip": "192.0.2.1"}


async def test_a_question_that_nobody_takes_does_no_harm(
    ears: Ears, say: Callable[[bytes, int], None], caplog: pytest.LogCaptureFixture
) -> None:
    # Port 9 of an address without listeners: the network says so, and we go on.
    ears.announcements.ask([("127.0.0.1", 9), ("0.0.0.0", 0)], "192.0.2.1")
    await asyncio.sleep(0.01)
    say(clear(), 2)
    assert await ears.hear(1) == [ASKED]
    assert complaints(caplog) == []


async def test_who_is_deaf_asks_nobody() -> None:
    AnnouncementListener().ask([("127.255.255.255", 9)], "127.0.0.1")


async def test_we_listen_beside_others_who_do(
    ears: Ears, ports: tuple[int, int, int], caplog: pytest.LogCaptureFixture
) -> None:
    second = AnnouncementListener()
    await second.open(ports)
    others = Ears(second)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lock:
        lock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        lock.sendto(clear(), ("127.255.255.255", ports[0]))
        await ears.hear(1)
        await others.hear(1)
    second.close()
    assert complaints(caplog) == []


async def test_ports_that_another_program_keeps_are_told_once(
    ports: tuple[int, int, int],
    say: Callable[[bytes, int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    announcements = AnnouncementListener()
    with ExitStack() as stack:
        for port in ports[:2]:
            # Without SO_REUSEPORT nobody else gets the port, as long as it is bound everywhere.
            other = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            other.bind(("127.0.0.1", port))
        await announcements.open(ports)
        ears = Ears(announcements)
        say(clear(), 2)
        assert await ears.hear(1) == [ASKED]
        announcements.close()
        await announcements.open(ports)
    announcements.close()
    (complaint,) = complaints(caplog)
    assert f"UDP port {ports[0]}, {ports[1]} for itself" in complaint


async def test_nothing_is_heard_after_the_end(
    ears: Ears, say: Callable[[bytes, int], None], ports: tuple[int, int, int]
) -> None:
    ears.announcements.close()
    ears.announcements.close()
    await asyncio.sleep(0)
    say(clear(), 0)
    await asyncio.sleep(0.02)
    assert ears.heard == []
    await ears.announcements.open(ports[:1])
    say(clear(), 0)
    assert await ears.hear(1) == [HEARD]
