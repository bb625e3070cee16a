"""What a stranger gets with datagrams: by point 7 of issue 12."""

import asyncio
from collections.abc import AsyncGenerator
import json
import socket
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.discovery import (
    MOST_DEVICES_OF_SENDER,
    MOST_OFFERS_OF_SENDER,
    async_get_listener,
)
from custom_components.tuya_wifi_lock.tuyalock import Announcement, AnnouncementListener
from custom_components.tuya_wifi_lock.tuyalock.lan import discovery
from homeassistant.core import HomeAssistant
from tests.conftest import setup, wait_for
from tests.simulator import wire

from .stranger import ADDRESS

LOCK = {"ip": "127.0.0.1", "gwId": "bf00000001", "version": "3.3", "productKey": "simulatedproduct"}


def datagram(**changes: Any) -> bytes:
    """Return an announcement."""
    return wire.announcement("3.1", json.dumps(LOCK | changes).encode())[1]


class Heard:
    """A listener, and what it has heard."""

    def __init__(self, listener: AnnouncementListener, port: int) -> None:
        self.listener = listener
        self.port = port
        self.announcements: list[Announcement] = []
        listener.subscribe(self.announcements.append)

    async def send(self, *datagrams: bytes, host: str = ADDRESS) -> None:
        """Send datagrams from an address, and let them arrive."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            mouth.bind((host, 0))
            for number, one in enumerate(datagrams):
                mouth.sendto(one, ("127.0.0.1", self.port))
                if number % 20 == 0:
                    await asyncio.sleep(0)
        await asyncio.sleep(0.05)


@pytest.fixture
async def heard(ports: dict[int, int]) -> AsyncGenerator[Heard]:
    listener = AnnouncementListener()
    await listener.open(tuple(ports.values()))
    yield Heard(listener, ports[6666])
    listener.close()
    await asyncio.sleep(0)


async def test_7_a_flood_of_one_sender_is_limited_and_hides_nobody(heard: Heard) -> None:
    flood = [datagram(gwId=f"bf{number:08}") for number in range(1000)]
    await heard.send(*flood)
    assert len(heard.announcements) <= 3 * discovery.PER_SECOND
    await heard.send(datagram(), host="127.0.0.1")
    assert heard.announcements[-1] == Announcement(
        "bf00000001", "127.0.0.1", "3.3", "simulatedproduct"
    )
    assert heard.announcements[-1].is_direct


async def test_7_no_more_senders_are_counted_than_there_is_room_for(heard: Heard) -> None:
    with patch.object(discovery, "MOST_SENDERS", 2):
        for number in (2, 3, 4, 5):
            await heard.send(datagram(gwId=f"bf0000000{number}"), host=f"127.0.0.{number}")
    assert len(heard.announcements) < 4


@pytest.mark.parametrize(
    "changes",
    [
        {"gwId": "b" * 60_000},
        {"gwId": "b" * 33},
        {"gwId": "bf01"},
        {"gwId": "![](http://x)"},
        {"gwId": "bf0000\n0001"},
        {"gwId": ""},
        {"padding": "x" * 3000},
    ],
)
async def test_7_an_id_that_no_device_has_is_not_passed_on(
    heard: Heard, changes: dict[str, Any]
) -> None:
    await heard.send(datagram(**changes))
    assert heard.announcements == []


async def test_7_only_versions_that_exist_and_product_ids_as_they_look_are_passed_on(
    heard: Heard,
) -> None:
    await heard.send(datagram(version="[3.4](http://x)", productKey="![](http://x)"))
    (one,) = heard.announcements
    assert one.version is None
    assert one.product_id is None
    assert not one.is_direct


async def test_7_a_port_that_was_taken_is_tried_again(ports: dict[int, int]) -> None:
    listener = AnnouncementListener()
    with patch.object(discovery, "RETRY", 0.02):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", ports[6666]))
            await listener.open(tuple(ports.values()))
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
    heard = Heard(listener, ports[6666])
    await heard.send(datagram())
    assert len(heard.announcements) == 1
    listener.close()
    await asyncio.sleep(0)


async def test_7_few_devices_of_one_sender_are_remembered_and_offered(
    hass: HomeAssistant, entry: MockConfigEntry, ports: dict[int, int]
) -> None:
    await setup(hass, entry)
    with (
        patch.object(discovery, "PER_SECOND", 1000),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        mouth.bind((ADDRESS, 0))
        for number in range(100):
            mouth.sendto(datagram(gwId=f"bf{number:08}"), ("127.0.0.1", ports[6666]))
            await asyncio.sleep(0.001)
        listener = async_get_listener(hass)
        await wait_for(hass, lambda: len(listener.heard) >= MOST_DEVICES_OF_SENDER)
    assert len(listener.heard) == MOST_DEVICES_OF_SENDER
    assert len(hass.config_entries.flow.async_progress()) == MOST_OFFERS_OF_SENDER
    with patch("custom_components.tuya_wifi_lock.discovery.MOST_DEVICES", MOST_DEVICES_OF_SENDER):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(datagram(gwId="bf00000999"), ("127.0.0.1", ports[6666]))
        await wait_for(hass, lambda: "bf00000999" in listener.heard)
        assert len(listener.heard) == MOST_DEVICES_OF_SENDER
