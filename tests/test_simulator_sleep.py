"""The simulated lock's radio: announcements, sleep, an open or closed port."""

import asyncio
import json
import socket
from typing import Any

import pytest
import tinytuya

from tests.simulator import Knobs, SimulatedLock, tuya_open, wire
from tests.simulator.peer import Peer

VERSIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")
pytestmark = pytest.mark.usefixtures("socket_enabled")


# Announcements


class Ear:
    """A UDP socket that keeps what it hears."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]

    async def hear(self, seconds: float = 2) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 4096)
        value: dict[str, Any] = json.loads(tinytuya.decrypt_udp(data))
        return value


@pytest.fixture
def ear() -> Any:
    ear = Ear()
    yield ear
    ear.socket.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_tinytuya_reads_the_announcement(version: str, ear: Ear) -> None:
    ports = {6666 if version == "3.1" else 6667: ear.port}
    async with SimulatedLock(version=version, announce_ports=ports) as lock:
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)
        await lock.wake()
        heard = await ear.hear()
    assert heard["gwId"] == lock.device_id
    assert heard["ip"] == "127.0.0.1"
    assert heard["version"] == version
    assert heard["productKey"] == "simulatedproduct"


async def test_announcements_repeat_until_the_lock_sleeps(ear: Ear) -> None:
    knobs = Knobs(announce_interval=0.01)
    async with SimulatedLock(knobs=knobs, announce_ports={6667: ear.port}) as lock:
        await lock.wake()
        for _ in range(3):
            await ear.hear()
        knobs.announce = False
        await lock.sleep()
        sent = lock.announcer.sent
        await lock.wake()
        assert lock.announcer.sent == sent
        await lock.announce()
        assert lock.announcer.sent == sent + 1


async def test_a_vendor_lock_announces_only_to_those_who_ask(ear: Ear) -> None:
    ports = {6667: ear.port, 7000: ear.port}
    knobs = tuya_open()
    async with SimulatedLock(version="3.5", knobs=knobs, announce_ports=ports):
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for body in (b"no json", b'{"from":"app","ip":"127.0.0.1"}'):
            asking.sendto(wire.ask(body), ("127.255.255.255", ear.port))
        asking.sendto(b"junk", ("127.255.255.255", ear.port))
        asking.close()
        assert (await ear.hear())["version"] == "3.5"
        with pytest.raises(TimeoutError):
            await ear.hear(0.05)


async def test_the_port_may_open_after_the_announcement(ear: Ear) -> None:
    knobs = Knobs(announce_before_listen_seconds=0.3)
    async with SimulatedLock(knobs=knobs, announce_ports={6667: ear.port}) as lock:
        await lock.wake()
        await ear.hear()
        with pytest.raises(ConnectionRefusedError):
            await Peer.to(lock)
        await lock.wait_for(lambda: lock.listening)
        (await Peer.asking(lock)).close()


# Sleep


async def test_a_sleeping_lock_refuses_and_keeps_its_port() -> None:
    async with SimulatedLock() as lock:
        port = lock.port
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await Peer.to(lock)
            await lock.wake()
            peer = await Peer.asking(lock)
            assert (lock.clients, lock.port) == (1, port)
            await lock.sleep()
            assert await peer.ended() == "closed"
            assert lock.clients == 0
            peer.close()
        assert lock.connections == 3


async def test_a_lock_with_its_radio_off_may_be_silent() -> None:
    async with SimulatedLock(knobs=Knobs(asleep_dials="silent")) as lock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await Peer.to(lock)
        await lock.wake()
        (await Peer.asking(lock)).close()


async def test_a_lock_falls_asleep_by_itself() -> None:
    async with SimulatedLock(knobs=Knobs(awake_seconds=0.1)) as lock:
        await lock.finger(1)
        assert lock.awake
        await lock.wait_for(lambda: not lock.awake)
        await lock.wake(0.05)
        await lock.wait_for(lambda: not lock.awake)


async def test_a_pulled_battery_is_felt() -> None:
    async with SimulatedLock() as lock:
        await lock.wake()
        peer = await Peer.asking(lock)
        await lock.pull_battery()
        assert await peer.ended() == "reset"
        peer.close()
        await lock.finger(1)
        assert lock.openings == []
        with pytest.raises(ConnectionRefusedError):
            await Peer.to(lock)
        await lock.put_battery()
        await lock.wake()
        (await Peer.asking(lock)).close()
