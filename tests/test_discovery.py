"""Announcements: locks that are found, followed and offered."""

import asyncio
from collections.abc import Callable, Generator
from pathlib import Path
import socket
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.discovery import (
    async_find_mac,
    async_get_listener,
)
from custom_components.tuya_wifi_lock.tuyalock import Announcement, Family
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from tests.conftest import DISCOVERY, setup, wait_for
from tests.flows import Flow
from tests.simulator import Knobs, SimulatedLock, bodies, wire
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin

pytestmark = pytest.mark.usefixtures("no_platforms")

OTHER = "bfsimulated0lock0002"
BULB = "bfsimulated0bulb0003"


@pytest.fixture
def no_platforms() -> Generator[None]:
    """Load no entities."""
    with patch("custom_components.tuya_wifi_lock.PLATFORMS", []):
        yield


@pytest.fixture
def announce(ports: dict[int, int]) -> Callable[..., None]:
    """Send the announcement of a device."""

    def send(device_id: str, host: str = "127.0.0.1", product: str = "simulatedproduct") -> None:
        body = bodies.announced(host, device_id, product, "3.4")
        port, datagram = wire.announcement("3.4", body)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(datagram, ("127.0.0.1", ports[port]))

    return send


async def heard(hass: HomeAssistant, device_id: str) -> None:
    """Wait for an announcement."""
    listener = async_get_listener(hass)
    await wait_for(hass, lambda: listener.heard.pop(device_id, None))


def offered(hass: HomeAssistant) -> list[str | None]:
    """The devices that are offered to the owner."""
    flows = hass.config_entries.flow.async_progress()
    return [flow["context"]["unique_id"] for flow in flows]


async def test_another_lock_is_offered_once(
    hass: HomeAssistant, entry: MockConfigEntry, announce: Callable[..., None]
) -> None:
    await setup(hass, entry)
    announce(BULB, product="some_bulb")
    await heard(hass, BULB)
    announce(entry.unique_id)
    await heard(hass, entry.unique_id)
    assert offered(hass) == []
    announce(OTHER)
    await wait_for(hass, lambda: offered(hass) == [OTHER])
    (flow,) = hass.config_entries.flow.async_progress()
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await heard(hass, OTHER)
    announce(OTHER)
    await heard(hass, OTHER)
    assert offered(hass) == []


@pytest.fixture
async def login(hass: HomeAssistant) -> TuyaLogin:
    """An account, signed in, with a lock of a product that nobody knows, and a bulb."""
    login = TuyaLogin(hass)
    login.add_lock(OTHER, category="jtmspro", product_id="unpublished")
    login.add_lock(BULB, category="dj", product_id="some_bulb")
    await login.set_up()
    return login


async def test_a_lock_of_the_account_is_offered_whatever_its_product(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, announce: Callable[..., None]
) -> None:
    await setup(hass, entry)
    announce(BULB, product="some_bulb")
    await heard(hass, BULB)
    announce(OTHER, product="unpublished")
    await wait_for(hass, lambda: offered(hass) == [OTHER])


async def test_a_lock_that_is_found_has_the_name_that_the_account_knows(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, announce: Callable[..., None]
) -> None:
    login.add_lock(OTHER, name="Garden gate", category="jtmspro", product_id="unpublished")
    await login.reload()
    await setup(hass, entry)
    announce(OTHER, product="unpublished")
    await wait_for(hass, lambda: offered(hass) == [OTHER])
    (shown,) = hass.config_entries.flow.async_progress()
    assert shown["context"]["title_placeholders"] == {"name": "Garden gate"}
    flow = await Flow.begin(hass)
    await flow.choose("found")
    assert flow.offered[0] == {
        "value": OTHER,
        "label": "Garden gate, heard just now, 127.0.0.1",
    }


async def test_an_account_that_is_signed_out_makes_nothing_a_lock(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, announce: Callable[..., None]
) -> None:
    await login.unload()
    await setup(hass, entry)
    announce(OTHER, product="unpublished")
    await heard(hass, OTHER)
    assert offered(hass) == []


async def test_a_lock_of_a_project_is_offered_whatever_its_product(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    announce: Callable[..., None],
) -> None:
    cloud.add_device(device_id=OTHER, category="jtmspro", product_id="unpublished")
    cloud.add_device(device_id=BULB, category="dj", product_id="some_bulb")
    await setup(hass, entry)
    announce(BULB, product="some_bulb")
    announce(OTHER, product="unpublished")
    await wait_for(hass, lambda: offered(hass) == [OTHER])


async def test_a_project_is_not_asked_again_and_again_about_a_device(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    announce: Callable[..., None],
) -> None:
    cloud.add_device(device_id=BULB, category="dj", product_id="some_bulb")
    await setup(hass, entry)

    def asked() -> int:
        return sum("associated-users" in call.path for call in cloud.calls)

    announce(BULB, product="some_bulb")
    await wait_for(hass, asked)
    await hass.async_block_till_done(wait_background_tasks=True)
    for device_id in (BULB, OTHER):
        announce(device_id, product="some_bulb")
        await heard(hass, device_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert asked() == 1
    assert offered(hass) == []


async def test_a_project_that_does_not_answer_is_asked_an_hour_later(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    announce: Callable[..., None],
) -> None:
    cloud.add_device(device_id=OTHER, category="ms", product_id="unpublished")
    cloud.fail(1110, ".*associated-users.*")
    await setup(hass, entry)
    with patch(f"{DISCOVERY}.ASK_PROJECTS_EVERY", 0.0):
        announce(OTHER, product="unpublished")
        await heard(hass, OTHER)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert offered(hass) == []
        announce(OTHER, product="unpublished")
        await wait_for(hass, lambda: offered(hass) == [OTHER])


async def test_a_project_whose_calls_are_used_up_is_not_asked(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    announce: Callable[..., None],
) -> None:
    await setup(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    cloud.calls.clear()
    with patch(f"{DISCOVERY.removesuffix('discovery')}tuyalock.cloud.openapi.MAX_CALLS", 0):
        announce(OTHER, product="unpublished")
        await heard(hass, OTHER)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert not cloud.calls


async def test_a_lock_that_was_ignored_is_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry, announce: Callable[..., None]
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id=OTHER, source=SOURCE_IGNORE).add_to_hass(hass)
    await setup(hass, entry)
    announce(OTHER)
    await heard(hass, OTHER)
    assert offered(hass) == []


async def test_nothing_is_offered_before_the_first_lock_is_set_up(
    hass: HomeAssistant, simulated_lock: SimulatedLock, announce: Callable[..., None]
) -> None:
    stop = await async_get_listener(hass).async_subscribe(lambda announcement: None)
    announce(OTHER)
    await heard(hass, OTHER)
    assert offered(hass) == []
    MockConfigEntry(domain=DOMAIN, unique_id=simulated_lock.device_id).add_to_hass(hass)
    announce(OTHER)
    await wait_for(hass, lambda: offered(hass) == [OTHER])
    stop()


async def test_a_lock_is_followed_to_another_address(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    announce: Callable[..., None],
) -> None:
    data = {**entry.data, "host": "127.0.0.7", "announces": False}
    hass.config_entries.async_update_entry(entry, data=data)
    with patch("custom_components.tuya_wifi_lock.tuyalock.lan.session.PROBE_PAUSE", 60):
        await setup(hass, entry)
        coordinator = entry.runtime_data
        # Nothing but an announcement says so: the lock was not talked to.
        announce(entry.unique_id)
        await heard(hass, entry.unique_id)
        assert coordinator.lock.address.host == entry.data["host"] == "127.0.0.7"
        await simulated_lock.wake()
        await wait_for(hass, lambda: coordinator.data.awake)
        assert entry.data["host"] == "127.0.0.1"
        assert entry.data["announces"] is True
        assert entry.runtime_data is coordinator


async def test_an_address_that_nobody_has_proved_is_not_kept(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    announce: Callable[..., None],
) -> None:
    await setup(hass, entry)
    coordinator = entry.runtime_data
    await simulated_lock.wake()
    await wait_for(hass, lambda: coordinator.data.awake)
    announce(entry.unique_id, "127.0.0.9")
    await heard(hass, entry.unique_id)
    await simulated_lock.battery(50)
    await wait_for(hass, lambda: coordinator.data.state.battery == 50)
    assert coordinator.data.awake
    assert entry.data["host"] == "127.0.0.1"
    assert simulated_lock.connections == 1
    assert entry.runtime_data is coordinator


async def test_a_port_that_another_program_keeps(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    ports: dict[int, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another,
    ):
        one.bind(("127.0.0.1", ports[6666]))
        another.bind(("127.0.0.1", ports[7000]))
        await setup(hass, entry)
        warnings = [r for r in caplog.records if "Another program keeps UDP port" in r.message]
        assert len(warnings) == 1
        assert f"{ports[6666]}, {ports[7000]}" in warnings[0].message
        await simulated_lock.wake()
        await wait_for(hass, lambda: entry.runtime_data.data.awake)


def is_taken(port: int) -> bool:
    """Return if somebody listens to a UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.mark.parametrize("turns", range(4))
async def test_who_gives_up_while_the_ports_are_opened_makes_nobody_deaf(
    hass: HomeAssistant, ports: dict[int, int], turns: int
) -> None:
    listener, told = async_get_listener(hass), list[Announcement]()
    first = asyncio.create_task(listener.async_subscribe(lambda announcement: None))
    await asyncio.sleep(0)
    second = asyncio.create_task(listener.async_subscribe(told.append))
    for _ in range(turns):
        await asyncio.sleep(0)
    assert not first.done()
    first.cancel()
    stop = await second
    for version, port in (("3.1", 6666), ("3.4", 6667), ("3.5", 7000)):
        body = bodies.announced("127.0.0.1", OTHER, "simulatedproduct", version)
        _, datagram = wire.announcement(version, body)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(datagram, ("127.0.0.1", ports[port]))
    await wait_for(hass, lambda: len(told) == 3)
    stop()
    await wait_for(hass, lambda: not any(is_taken(port) for port in ports.values()))


async def test_nobody_listens_when_nobody_wants_to_hear(
    hass: HomeAssistant, entry: MockConfigEntry, ports: dict[int, int]
) -> None:
    await setup(hass, entry)
    stop = await async_get_listener(hass).async_subscribe(lambda announcement: None)
    await hass.config_entries.async_unload(entry.entry_id)
    assert is_taken(ports[6667])
    stop()
    await wait_for(hass, lambda: not is_taken(ports[6667]))
    with (
        patch(f"{DISCOVERY}.network.async_get_adapters", side_effect=RuntimeError("no network")),
        pytest.raises(RuntimeError, match="no network"),
    ):
        await async_get_listener(hass).async_subscribe(lambda announcement: None)
    await wait_for(hass, lambda: not is_taken(ports[6667]))


def adapter(address: str, prefix: int, *, enabled: bool = True) -> dict[str, Any]:
    """A network adapter, as Home Assistant tells of it."""
    return {"enabled": enabled, "ipv4": [{"address": address, "network_prefix": prefix}]}


@pytest.mark.parametrize(
    "simulated_lock",
    [{"version": "3.5", "knobs": Knobs(low_power=False, solicited_only=True)}],
    indirect=True,
)
async def test_a_lock_that_announces_itself_only_when_asked(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    told: list[Announcement] = []
    adapters = [adapter("127.0.0.1", 8), adapter("127.0.0.3", 8, enabled=False)]
    with patch(f"{DISCOVERY}.network.async_get_adapters", return_value=adapters):
        stop = await async_get_listener(hass).async_subscribe(told.append)
        await wait_for(hass, lambda: told)
        await async_get_listener(hass).async_ask()
        await wait_for(hass, lambda: len(told) == 2)
    stop()
    assert {one.device_id for one in told} == {simulated_lock.device_id}
    assert simulated_lock.announcer.sent == 2


@pytest.mark.parametrize(
    ("host", "mac"),
    [("192.0.2.7", "d8:1f:12:aa:bb:cc"), ("192.0.2.8", None), ("192.0.2.9", None)],
)
async def test_the_mac_address_of_a_lock(
    hass: HomeAssistant, tmp_path: Path, host: str, mac: str | None
) -> None:
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.0.2.7        0x1         0x2         D8:1F:12:AA:BB:CC     *        eth0\n"
        "192.0.2.8        0x1         0x0         00:00:00:00:00:00     *        eth0\n"
    )
    with patch(f"{DISCOVERY}.ARP_TABLE", table):
        assert await async_find_mac(hass, host) == mac


async def test_a_system_without_an_arp_table(hass: HomeAssistant, tmp_path: Path) -> None:
    with patch(f"{DISCOVERY}.ARP_TABLE", tmp_path / "none"):
        assert await async_find_mac(hass, "192.0.2.7") is None


@pytest.mark.parametrize(
    "simulated_lock",
    [{"version": "3.5", "family": "D", "knobs": Knobs(low_power=False, solicited_only=True)}],
    indirect=True,
)
async def test_a_lock_that_stays_awake_is_asked_for_when_it_is_lost(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "announces": False})
    adapters = [adapter("127.0.0.1", 8)]
    with patch(f"{DISCOVERY}.network.async_get_adapters", return_value=adapters):
        await setup(hass, entry)
        await wait_for(hass, lambda: entry.runtime_data.data.awake)
        entry.runtime_data.lock.learn(PROFILES[Family.D])
        asked = simulated_lock.announcer.sent
        await simulated_lock.reboot()
        await wait_for(hass, lambda: simulated_lock.announcer.sent > asked)
        await wait_for(hass, lambda: entry.runtime_data.data.awake)
