"""Models that exist, through the account alone: access controls and video locks."""

from collections import Counter
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.tuyalock import Kind
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.common import LOCK, NAME, UNLOCK, pass_time, state
from tests.conftest import setup
from tests.devices import find
from tests.flows import INTEGRATION, Flow, project
from tests.simulator import Knobs, SimulatedLock, access_control
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway
from tests.tuya_login import TuyaLogin, item

KEYS = ["remote_no_pd_setkey", "remote_no_dp_key"]
KEYPADS = ["Secukey Sboard III mini", "Vcontrol4-K", "Lucking HF06"]
VIDEO_LOCKS = ["Videolock-WBRL", "AISUO 3D face lock"]
VIDEO = find("Videolock-WBRL")
PHOTO = find("B509-PH photo lock")


def played(name: str, knobs: Knobs) -> Any:
    """Let the simulator play a model; the network does not reach it."""
    return pytest.param({"model": find(name), "knobs": knobs}, id=name)


keypads = pytest.mark.parametrize(
    "simulated_lock", [played(name, access_control(lan=False)) for name in KEYPADS], indirect=True
)
video_lock = pytest.mark.parametrize(
    "simulated_lock", [played(VIDEO.name, Knobs(lan=False))], indirect=True
)


@pytest.fixture
async def login(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> TuyaLogin:
    """The account, which hears the lock and gives it orders; nothing is known of its address."""
    data = {key: value for key, value in entry.data.items() if key != "host"}
    hass.config_entries.async_update_entry(entry, data={**data, "account": True})
    gateway.join(simulated_lock)
    login = TuyaLogin(hass, gateway)
    assert simulated_lock.model
    login.add_model(
        simulated_lock.model,
        simulated_lock.device_id,
        "Front door",
        local_key=simulated_lock.local_key,
        # As the simulator announces it: a product that is in no catalogue.
        product_id=simulated_lock.product_id,
    )
    await login.set_up()
    with patch(f"{INTEGRATION}.tuyalock.lan.session.MISSED_AFTER", 0.05):
        await setup(hass, entry)
        await pass_time(hass, 0.2)
    return login


async def unlock(hass: HomeAssistant) -> float:
    """Unlock; return how many seconds it took."""
    began = time.monotonic()
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    return time.monotonic() - began


def shown(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the keys of the entities of a lock."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {one.unique_id.removeprefix(f"{entry.unique_id}_") for one in entities}


# Access controls


@keypads
async def test_an_access_control_opens_at_once_and_nobody_has_to_ask(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    assert await unlock(hass) < 3
    assert simulated_lock.openings == ["remote"]
    assert [code for _, code in gateway.orders] == KEYS
    assert simulated_lock.connections == 0
    assert "unlock_requested" not in shown(hass, entry)


@keypads
async def test_an_access_control_that_the_account_hears_is_not_missed_in_the_network(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry
) -> None:
    assert state(hass, LOCK).state != "unavailable"


@pytest.mark.parametrize("simulated_lock", [played(KEYPADS[0], access_control())], indirect=True)
async def test_an_access_control_opens_over_the_network_at_once(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    entry.runtime_data.lock.hint("127.0.0.1")
    assert await unlock(hass) < 3
    assert simulated_lock.openings == ["remote"]


@keypads
async def test_an_access_control_that_the_network_has_lost_opens_through_the_project_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
) -> None:
    hass.config_entries.async_update_entry(entry, options={"unlock_with": "cloud"})
    await setup(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    with patch(f"{INTEGRATION}.tuyalock.access.remote_unlock.LOOK_EVERY", 0.05):
        assert await unlock(hass) < 3
    assert simulated_lock.openings == ["remote"]
    assert simulated_lock.connections == 0


# Photo locks


@pytest.mark.parametrize("simulated_lock", [played(PHOTO.name, Knobs(lan=False))], indirect=True)
async def test_a_photo_lock_is_heard_through_the_account(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    for dp in PHOTO.dps:
        for said in dp.reports:
            if dp.code not in {"unlock_fingerprint", "unlock_request"}:
                assert await login.deliver(simulated_lock.device_id, [item(dp.id, said.value)])
    assert await login.deliver(simulated_lock.device_id, [item(1, 3)])
    await pass_time(hass)
    opening = state(hass, UNLOCK)
    assert (opening.attributes["event_type"], opening.attributes["number"]) == ("fingerprint", 3)
    assert state(hass, f"sensor.{NAME}_battery").state == "85"
    assert state(hass, f"event.{NAME}_doorbell").attributes["event_type"] == "ring"
    kinds = Counter(one.kind for kind in Kind for one in entry.runtime_data.lock.records(kind))
    # Its pictures are nothing that happened at the door.
    assert kinds[Kind.UNLOCK] == 6
    assert kinds[Kind.DURESS] == 1


# Video locks


@pytest.mark.parametrize("name", [*VIDEO_LOCKS, PHOTO.name])
async def test_the_account_offers_a_video_or_photo_lock(
    hass: HomeAssistant, ports: dict[int, int], name: str
) -> None:
    login = TuyaLogin(hass)
    login.add_model(find(name), "bfvideo0lock00000001", "Front door")
    await login.set_up()
    flow = await Flow.begin(hass)
    await flow.choose("account")
    await flow.send({"device_id": "bfvideo0lock00000001"})
    assert flow.result["progress_action"] == "touch"


async def test_the_project_offers_a_video_lock(
    hass: HomeAssistant, ports: dict[int, int], cloud: SimulatedCloud
) -> None:
    cloud.add_model(VIDEO, "bfvideo0lock00000001", "Gate")
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    await flow.send({"project": "another"} if flow.step == "project" else project(cloud))
    if flow.step == "cloud":
        await flow.send(project(cloud))
    assert "bfvideo0lock00000001" in [one["value"] for one in flow.offered]


async def report(login: TuyaLogin, lock: SimulatedLock, code: str, value: Any) -> None:
    """Let the account hear a value of the video lock."""
    assert await login.deliver(lock.device_id, [item(VIDEO.codes[code].id, value)])


@video_lock
async def test_a_video_lock_has_its_battery_and_its_bell(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await report(login, simulated_lock, "battery_percentage", 81)
    await report(login, simulated_lock, "doorbell", True)
    assert state(hass, LOCK.replace("lock.", "sensor.") + "_battery").state == "81"
    bell = state(hass, LOCK.replace("lock.", "event.") + "_doorbell")
    assert bell.attributes["event_type"] == "ring"


@video_lock
async def test_a_key_of_a_video_lock_is_no_opening(
    hass: HomeAssistant, login: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    await report(login, simulated_lock, "remote_no_dp_key", "AAAB4X8=")
    await report(login, simulated_lock, "link_mode", "sleep")
    assert state(hass, LOCK).state == "unknown"


@video_lock
async def test_a_video_lock_opens_by_its_keys_while_its_link_is_kept(
    hass: HomeAssistant, login: TuyaLogin, gateway: Gateway, simulated_lock: SimulatedLock
) -> None:
    await report(login, simulated_lock, "link_mode", "keep")
    await simulated_lock.wake()
    assert await unlock(hass) < 3
    assert [code for _, code in gateway.orders] == KEYS
    assert state(hass, LOCK).state == "unlocked"
