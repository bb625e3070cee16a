"""Locks behind a gateway, which are used through Tuya alone."""

from collections.abc import AsyncGenerator
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_dumps
from tests.common import Automation, pass_time, state
from tests.conftest import setup, wait_for
from tests.devices import find, read_diagnostics
from tests.flows import INTEGRATION, Flow, project
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin, item

BLUETOOTH, ZIGBEE = find("Gainsborough Liberty"), find("Häfele TY0A01")
GATE = "bfgateway0lock000001"
MODELS = pytest.mark.parametrize("model", [BLUETOOTH, ZIGBEE], ids=["bluetooth", "zigbee"])
HOW = {"relocks_itself": True}
pytestmark = pytest.mark.usefixtures("ports")

NETWORK_CHECKS = {"hints", "address", "local_key", "protocol_version", "connection"}


@pytest.fixture
def login(hass: HomeAssistant) -> TuyaLogin:
    """An account without devices, not signed in yet."""
    return TuyaLogin(hass)


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SimulatedCloud]:
    """A project with a Bluetooth lock behind a gateway."""
    async with SimulatedCloud() as cloud:
        cloud.add_model(BLUETOOTH, GATE, "Garden gate")
        with (
            patch.dict(REGIONS, {"eu": cloud.url}),
            patch(f"{INTEGRATION}.tuyalock.access.remote_unlock.LOOK_EVERY", 0.05),
        ):
            yield cloud


@pytest.fixture
async def entry(hass: HomeAssistant) -> AsyncGenerator[MockConfigEntry]:
    """The entry of such a lock from the account, not set up yet; unloaded at the end."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Garden gate",
        unique_id=GATE,
        data={"device_id": GATE, "account": True},
        options=HOW,
    )
    entry.add_to_hass(hass)
    yield entry
    await unload(hass)


async def unload(hass: HomeAssistant) -> None:
    """Unload all locks."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def heard(hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry) -> None:
    """Set up a lock that the account hears."""
    login.add_model(BLUETOOTH, GATE, "Garden gate")
    await login.set_up()
    await setup(hass, entry)


async def say(login: TuyaLogin, code: str, value: Any) -> None:
    """Let the Bluetooth lock report a value; some gateways say by which of its devices."""
    status = [item(BLUETOOTH.codes[code].id, value)]
    assert await login.say(GATE, {"protocol": 4, "data": {"cid": "a4c138", "status": status}})


# Set-up


@MODELS
async def test_the_account_sets_it_up_without_key_address_and_touch(
    hass: HomeAssistant, login: TuyaLogin, model: Any
) -> None:
    login.add_model(model, GATE, "Garden gate")
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": GATE})
    assert flow.step == "through_tuya"
    assert flow.result["description_placeholders"] == {"name": "Garden gate"}
    await flow.send({})
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.result["title"] == "Garden gate"
    assert flow.result["data"] == {"device_id": GATE, "account": True}
    await unload(hass)


async def test_the_project_sets_it_up_without_key_address_and_touch(
    hass: HomeAssistant, cloud: SimulatedCloud
) -> None:
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    await flow.send(project(cloud))
    await flow.send({"device_id": GATE})
    assert flow.step == "through_tuya"
    await flow.send({})
    assert flow.result["data"] == {"device_id": GATE, "cloud": project(cloud)}
    await unload(hass)


async def test_a_lock_that_was_set_up_meanwhile_is_not_added_twice(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_model(ZIGBEE, GATE, "Garden gate")
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    MockConfigEntry(domain=DOMAIN, unique_id=GATE).add_to_hass(hass)
    await flow.send({"device_id": GATE})
    assert flow.result["type"] is not FlowResultType.CREATE_ENTRY
    assert flow.result["step_id"] != "through_tuya"


@pytest.mark.parametrize("name", ["Orion DL033HA", "Lucking HF06"])
async def test_a_wifi_lock_with_bluetooth_is_looked_for_in_the_network(
    hass: HomeAssistant, login: TuyaLogin, name: str
) -> None:
    login.add_model(find(name), GATE, "Front door")
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": GATE})
    assert flow.result["progress_action"] == "touch"


@pytest.mark.parametrize("device", [{"sub": False}, {"sub": False, "ip": ""}])
async def test_a_bluetooth_lock_without_a_key_is_never_looked_for_in_the_network(
    hass: HomeAssistant, login: TuyaLogin, device: dict[str, Any]
) -> None:
    ip = device.pop("ip", None)
    lock = login.add_model(BLUETOOTH, GATE, "Garden gate", **device)
    if ip is not None:
        lock.ip, lock.local_key = ip, "0123456789abcdef"
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": GATE})
    assert flow.step == "through_tuya"


async def test_a_product_that_is_known_to_need_a_gateway_is_never_looked_for_in_the_network(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_model(ZIGBEE, GATE, "Garden gate", sub=False, local_key="0123456789abcdef")
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": GATE})
    assert flow.step == "through_tuya"


# What is heard


async def test_an_opening_through_the_account_is_an_event(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    await say(login, "unlock_fingerprint", 3)
    last = state(hass, "event.garden_gate_last_opening")
    assert last.attributes["event_type"] == "fingerprint"
    assert last.attributes["number"] == 3
    assert last.attributes["route"] == "account"
    assert state(hass, "lock.garden_gate").state == "unlocked"


@pytest.mark.usefixtures("all_enabled")
async def test_battery_and_time_come_through_the_account(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    await say(login, "residual_electricity", 81)
    assert state(hass, "sensor.garden_gate_battery").state == "81"
    assert state(hass, "sensor.garden_gate_last_heard").state != "unknown"


async def test_it_is_available_while_tuya_tells_of_it(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    assert state(hass, "lock.garden_gate").state == "unknown"
    await login.sign_out()
    assert state(hass, "lock.garden_gate").state == "unavailable"
    login.signed_in = True
    await login.reload()
    assert state(hass, "lock.garden_gate").state == "unknown"


@pytest.mark.parametrize("simulated_lock", [{"device_id": GATE}], indirect=True)
async def test_nothing_is_looked_for_in_the_network(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await heard(hass, login, entry)
    await simulated_lock.wake()
    await pass_time(hass, 0.5)
    assert simulated_lock.connections == 0
    registry = er.async_get(hass)
    shown = {e.unique_id for e in er.async_entries_for_config_entry(registry, entry.entry_id)}
    assert f"{GATE}_awake" not in shown
    assert f"{GATE}_call_off_unlock" not in shown


# What can be done


async def test_an_unlock_that_nothing_passes_on_says_so_at_once(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    began = time.monotonic()
    with pytest.raises(HomeAssistantError) as refused:
        await unlock(hass)
    assert refused.value.translation_key == "gateway_not_reached"
    assert time.monotonic() - began < 1


async def unlock(hass: HomeAssistant) -> None:
    """Unlock, as somebody does."""
    await hass.services.async_call(
        "lock", "unlock", {"entity_id": "lock.garden_gate"}, blocking=True
    )


@pytest.fixture
async def with_project(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> MockConfigEntry:
    """Set up a lock that has a project alone."""
    data = {"device_id": GATE, "cloud": project(cloud)}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def test_the_project_unlocks_it_without_a_request(
    hass: HomeAssistant, with_project: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await unlock(hass)
    assert cloud.operated == [(GATE, True)]
    assert state(hass, "lock.garden_gate").state == "unlocked"


@pytest.mark.usefixtures("all_enabled")
async def test_the_project_tells_of_an_opening_and_when_it_was(
    hass: HomeAssistant, with_project: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.log(GATE, "unlock_fingerprint", 3, time.time())
    await with_project.runtime_data.cloud.async_check()
    await hass.async_block_till_done()
    assert state(hass, "event.garden_gate_last_opening").attributes["number"] == 3
    assert state(hass, "sensor.garden_gate_last_heard").state != "unknown"


async def test_the_project_gives_it_temporary_passwords(
    hass: HomeAssistant, with_project: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    lock = er.async_get(hass).async_get("lock.garden_gate")
    assert lock
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "add_temporary_password",
        {"entity_id": lock.entity_id, "name": "Plumber", "end": "2099-01-01 12:00"},
        blocking=True,
        return_response=True,
    )
    assert answer
    assert [row.name for row in cloud.rows(GATE)] == ["Plumber"]


async def test_it_is_unavailable_while_neither_project_nor_account_answers(
    hass: HomeAssistant,
    with_project: MockConfigEntry,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    assert state(hass, "lock.garden_gate").state == "unknown"
    cloud.http_status = 502
    cloud.garble(".*", times=None)
    await with_project.runtime_data.cloud.async_check()
    await hass.async_block_till_done()
    assert state(hass, "lock.garden_gate").state == "unavailable"
    assert state(hass, "event.garden_gate_last_opening").state == "unavailable"
    failure = with_project.runtime_data.cloud.last_exception
    assert (failure.translation_domain, failure.translation_key) == (DOMAIN, "cloud_silent")
    cloud.recover()
    cloud.log(GATE, "unlock_fingerprint", 3, time.time())
    await with_project.runtime_data.cloud.async_check()
    await hass.async_block_till_done()
    # The answer that ends it brings an opening, which triggers hear.
    assert [one.number for one in automation.told] == [3]
    assert state(hass, "lock.garden_gate").state != "unavailable"


# What its owner is asked and told


async def test_reconfigure_asks_for_the_project_alone(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await heard(hass, login, entry)
    flows = hass.config_entries.flow
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    flow = Flow(hass, await flows.async_init(DOMAIN, context=context))
    assert flow.step == "cloud"
    await flow.send(project(cloud))
    assert flow.result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"device_id": GATE, "account": True, "cloud": project(cloud)}
    await unlock(hass)


async def test_the_only_thing_that_reaches_it_cannot_be_removed(
    hass: HomeAssistant, login: TuyaLogin, with_project: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    flows = hass.config_entries.flow
    context = {"source": SOURCE_RECONFIGURE, "entry_id": with_project.entry_id}
    flow = Flow(hass, await flows.async_init(DOMAIN, context=context))
    assert flow.step == "cloud"
    flows.async_abort(flow.result["flow_id"])
    login.add_model(BLUETOOTH, GATE, "Garden gate")
    await login.set_up()
    flow = Flow(hass, await flows.async_init(DOMAIN, context=context))
    assert flow.result["menu_options"] == ["cloud", "remove_cloud"]
    await flow.choose("remove_cloud")
    # It has no key of Home Assistant's own that could take the project's place.
    then = flow.result["description_placeholders"]["then"]
    assert then.startswith("Your Tuya account still reports openings")
    await flow.send({})
    assert with_project.data == {"device_id": GATE}
    await hass.async_block_till_done()
    assert state(hass, "lock.garden_gate").state == "unknown"


async def test_the_options_ask_neither_how_it_opens_nor_how_long_to_wait(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    flow = await Flow.options(hass, entry)
    await flow.choose("behaviour")
    fields = {str(key) for key in flow.result["data_schema"].schema}
    assert fields == {"relocks_itself", "relock_delay", "code"}
    await flow.send({"relocks_itself": False, "relock_delay": 7})
    assert entry.options == {"relocks_itself": False, "relock_delay": 7}


async def test_it_is_played_from_the_diagnostics_of_its_owner(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, tmp_path: Path
) -> None:
    await heard(hass, login, entry)
    await say(login, "unlock_fingerprint", 3)
    await say(login, "residual_electricity", 81)
    file = tmp_path / "owner.json"
    data = await async_get_config_entry_diagnostics(hass, entry)
    file.write_text(json_dumps({"data": data}))
    model = read_diagnostics(file)
    assert model.gateway
    assert model.codes["unlock_fingerprint"].id == BLUETOOTH.codes["unlock_fingerprint"].id
    said = model.codes["unlock_fingerprint"].meaning("unlock")
    assert said
    assert said.means[0][1] == "fingerprint"


async def test_nothing_about_the_network_is_checked(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    await heard(hass, login, entry)
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["findings"]["heard"] == ["unknown", "through_tuya_not_yet"]
    assert not shown["findings"].keys() & NETWORK_CHECKS
    assert shown["connection"]["on_network"] is False
    await wait_for(hass, lambda: entry.runtime_data.account_trouble is None)
    await login.sign_out()
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["findings"]["account"] == ["problem", "through_tuya_not_heard"]
