"""What the tests of the Home Assistant side share: a simulated lock, its entry, and patience."""

import asyncio
import asyncio.constants
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import (
    CONF_ACCESS_ID,
    CONF_ACCESS_SECRET,
    CONF_CLOUD,
    CONF_GUEST_PHONES,
    CONF_REGION,
)
from custom_components.tuya_wifi_lock.tuyalock import PRODUCTS, REGIONS
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import ProductFacts
from homeassistant import runner
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import executor
from tests.entry import lock_entry
from tests.phones import Phone, add_phone
from tests.ports import free_ports
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway

OURS = "custom_components.tuya_wifi_lock"
DISCOVERY = f"{OURS}.discovery"
TUYALOCK = f"{OURS}.tuyalock"

# How long an example takes depends on what else the machine does.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

# The event loop checks itself in tests; to remember where each handle was made costs a fifth.
asyncio.constants.DEBUG_STACK_DEPTH = 1

# A thread that is interrupted while it ends may never end: on a busy machine, each gets its time.
executor.EXECUTOR_SHUTDOWN_TIMEOUT = 500


PRODUCT_IDS = {"A": "bxq2o60gxhh2ben6", "B": "umca8uiv2203ua3k", "D": "5k8h97qska6pf5cm"}
"""A product of each family that exists."""


async def setup(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up an entry; its lock may sleep."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def until(condition: Callable[[], object], timeout: float = 5) -> None:
    """Wait until a condition holds, while an action may be under way."""
    async with asyncio.timeout(timeout):
        # Most of what is waited for takes the loop a few rounds, and no time.
        rounds = 0
        while not condition():
            await asyncio.sleep(0 if rounds < 50 else 0.005)
            rounds += 1


async def wait_for(
    hass: HomeAssistant, condition: Callable[[], object], timeout: float = 5
) -> None:
    """Wait until a condition holds, and Home Assistant has settled."""
    await until(condition, timeout)
    await hass.async_block_till_done()


@pytest.fixture(autouse=True)
def auto_enable(request: pytest.FixtureRequest) -> Generator[None]:
    """Where a test has a Home Assistant, let it load our integration, and wait for no lock long.

    It knows the product of the simulated lock, as it knows real ones. However slow the machine is,
    the first seconds after a wake last as long as the test.
    """
    if "hass" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("enable_custom_integrations")
    with (
        patch.dict(PRODUCTS, {"simulatedproduct": ProductFacts("")}),
        patch(f"{OURS}.config_flow.LISTEN_TIME", 0.01),
        patch(f"{OURS}.flows.connection.HEAR_TIME", 0.01),
        patch(f"{TUYALOCK}.lan.address.REDIAL", 0.01),
        patch(f"{TUYALOCK}.lan.session.PROBE_PAUSE", 0.1),
        patch(f"{TUYALOCK}.lan.connection.SLOT_WAIT", 0.05),
        patch(f"{TUYALOCK}.records.ageing.BURST", 600.0),
        patch(f"{TUYALOCK}.records.ageing.FRESH", 600.0),
    ):
        yield


@pytest.fixture(autouse=True)
async def configure_event_loop(request: pytest.FixtureRequest) -> None:
    """Have the event loop as Home Assistant has it, and let it check itself where that finds most.

    That is where threads and transports meet it. In tests of the core that would take half of the
    time, and with Home Assistant a third; its pool of threads costs two threads for each test.
    """
    loop, path = asyncio.get_running_loop(), request.path
    if "hass" in request.fixturenames:
        runner.configure_event_loop(loop)
    loop.set_debug(path.parent.name == "lan")
    if "account" in path.name:
        call_soon = loop.call_soon

        def checked(*args: Any, **kwargs: Any) -> asyncio.Handle:
            loop._check_thread()
            return call_soon(*args, **kwargs)

        loop.call_soon = checked


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave that to `configure_event_loop`."""


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """A folder of configuration for each test: the blueprints are copied to it."""
    return str(tmp_path)


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Entities that are disabled at first are enabled."""
    enabled = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(enabled, PropertyMock(return_value=True)):
        yield


@pytest.fixture
def ports(socket_enabled: None) -> Generator[dict[int, int]]:
    """Announcements on UDP ports that nobody else uses, by the port that they stand for."""
    with free_ports() as ports:
        yield ports


@pytest.fixture
async def simulated_lock(
    request: pytest.FixtureRequest, ports: dict[int, int]
) -> AsyncGenerator[SimulatedLock]:
    """A low-power lock of family B that sleeps, and announces itself when it wakes.

    A test that wants another one says so with indirect parameters.
    """
    chosen = getattr(request, "param", {})
    usual = {"version": "3.4", "announce_ports": ports}
    if "model" not in chosen:
        usual["product_id"] = PRODUCT_IDS[chosen.get("family", "B")]
    async with SimulatedLock(**usual | chosen) as lock:
        yield lock


@pytest.fixture
async def entry(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> AsyncGenerator[MockConfigEntry]:
    """The entry of the simulated lock, not set up yet; unloaded at the end."""
    lock = simulated_lock
    entry = lock_entry("Wi-Fi lock 0001", lock.device_id, lock.port, lock.local_key)
    entry.add_to_hass(hass)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
def automation(hass: HomeAssistant) -> Any:
    """Somebody who hears the events."""
    from tests.common import Automation

    return Automation(hass)


@pytest.fixture
async def cloud(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> AsyncGenerator[SimulatedCloud]:
    """Tuya's cloud, which has the simulated lock; its entry knows the project."""
    async with SimulatedCloud() as cloud:
        cloud.join(simulated_lock)
        project = {
            CONF_REGION: "eu",
            CONF_ACCESS_ID: cloud.access_id,
            CONF_ACCESS_SECRET: cloud.access_secret,
        }
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_CLOUD: project})
        with patch.dict(REGIONS, {"eu": cloud.url}):
            yield cloud


@pytest.fixture
async def gateway(socket_enabled: None) -> AsyncGenerator[Gateway]:
    """The gateway of the account."""
    async with Gateway() as gateway:
        yield gateway


@pytest.fixture
async def lock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> SimulatedLock:
    """A lock that sleeps, whose entry is set up with a project."""
    await setup(hass, entry)
    return simulated_lock


@pytest.fixture
async def phone(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> Phone:
    """The phone that gets the digits."""
    phone = await add_phone(hass)
    hass.config_entries.async_update_entry(entry, options={CONF_GUEST_PHONES: [phone.device]})
    await hass.async_block_till_done()
    return phone
