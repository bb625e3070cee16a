"""From *Add integration* to a lock that works: how many clicks it takes, and what is shown then."""

from collections.abc import AsyncGenerator
from unittest.mock import patch

import pytest

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.common import LOCK, UNLOCK, state
from tests.flows import INTEGRATION, Flow, project, typed
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin

ADD = 2
"""*Add integration*, and the integration in the list."""
CARD = 1
"""*Add* on the card of a lock that was discovered."""
FINISH = 1
"""The last dialog, with the name and the area of the lock."""


@pytest.fixture(autouse=True)
async def ends(
    hass: HomeAssistant, ports: dict[int, int], simulated_lock: SimulatedLock
) -> AsyncGenerator[None]:
    """Find the lock at its port; unload it at the end."""
    with patch(f"{INTEGRATION}.config_flow.DEFAULT_PORT", simulated_lock.port):
        yield
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def login(hass: HomeAssistant, simulated_lock: SimulatedLock) -> TuyaLogin:
    """An account with the lock."""
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    return login


@pytest.fixture
async def cloud(simulated_lock: SimulatedLock) -> AsyncGenerator[SimulatedCloud]:
    """A project with the lock."""
    async with SimulatedCloud() as cloud:
        cloud.join(simulated_lock, name="Front door")
        with patch.dict(REGIONS, {"eu": cloud.url}):
            yield cloud


async def touched(flow: Flow, lock: SimulatedLock) -> None:
    """Touch the lock."""
    await lock.wake()
    await flow.touched()


def added(flow: Flow) -> int:
    """Return how many menus and forms it took to add the lock."""
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    return flow.clicks


async def discovered(hass: HomeAssistant, lock: SimulatedLock) -> Flow:
    """The flow of a lock that announced itself."""
    data = {"device_id": lock.device_id, "host": "127.0.0.1"}
    return await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, data)


async def test_typing_everything_takes_5_clicks(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock))
    await touched(flow, simulated_lock)
    assert ADD + added(flow) + FINISH == 5


async def test_a_project_takes_7_clicks(
    hass: HomeAssistant, simulated_lock: SimulatedLock, cloud: SimulatedCloud
) -> None:
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    await flow.send(project(cloud))
    await flow.send({"device_id": simulated_lock.device_id})
    await touched(flow, simulated_lock)
    await flow.send({})
    assert ADD + added(flow) + FINISH == 7


async def test_the_account_takes_5_clicks(
    hass: HomeAssistant, simulated_lock: SimulatedLock, login: TuyaLogin
) -> None:
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": simulated_lock.device_id})
    await touched(flow, simulated_lock)
    assert ADD + added(flow) + FINISH == 5


async def test_a_discovered_lock_takes_3_clicks_with_the_account(
    hass: HomeAssistant, simulated_lock: SimulatedLock, login: TuyaLogin
) -> None:
    flow = await discovered(hass, simulated_lock)
    await flow.choose("account")
    await touched(flow, simulated_lock)
    assert CARD + added(flow) + FINISH == 3


async def test_a_discovered_lock_takes_4_clicks_if_its_key_is_typed(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    flow = await discovered(hass, simulated_lock)
    await flow.choose("manual")
    await flow.send(typed(simulated_lock))
    await touched(flow, simulated_lock)
    assert CARD + added(flow) + FINISH == 4


async def test_what_the_test_has_heard_is_shown_at_once(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    flow = await Flow.manual(hass)
    await simulated_lock.push({"1": 3, "55": False})
    with patch(f"{INTEGRATION}.flows.connection.HEAR_TIME", 5.0):
        await flow.send(typed(simulated_lock))
        await simulated_lock.wake()
        await flow.touched()
    await simulated_lock.sleep()
    tested = simulated_lock.connections
    assert added(flow) == 2
    await hass.async_block_till_done()
    assert simulated_lock.connections == tested
    assert state(hass, LOCK).state == "locked"
    about = await async_get_config_entry_diagnostics(hass, flow.result["result"])
    assert about["state"]["last_heard"]
    opening = state(hass, UNLOCK).attributes
    assert (opening["event_type"], opening["number"]) == ("fingerprint", 3)
