"""Set-up, unloading and removal of a lock."""

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import CONF_CLOUD, DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_MAC, EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.translation import async_get_translations
from tests.common import (
    LOCK,
    UNLOCK,
    pass_time,
    polled,
    reported,
    restart,
    set_up_awake,
    state,
    wake,
)
from tests.conftest import setup, wait_for
from tests.guests import add
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud


async def test_a_lock_that_was_never_awake_is_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert simulated_lock.connections == 0
    assert {one.state for one in hass.states.async_all()} == {"unknown"}


@pytest.mark.no_fail_on_log_exception
async def test_what_fails_in_one_that_listens_hinders_nobody_else(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    def failing() -> None:
        raise RuntimeError("this one fails")

    await setup(hass, entry)
    entry.runtime_data.async_add_listener(failing)
    await wake(hass, entry, simulated_lock)
    await simulated_lock.push({"1": 3})
    await reported(hass, simulated_lock)
    assert state(hass, UNLOCK).attributes["number"] == 3
    assert "this one fails" in caplog.text


async def test_the_device_has_the_mac_of_the_lock(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, entry: MockConfigEntry
) -> None:
    data = {**entry.data, CONF_MAC: "10:5A:17:00:00:01"}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, "10:5a:17:00:00:01")}
    assert device.identifiers == {(DOMAIN, entry.unique_id)}
    assert device.serial_number is None


async def test_the_mac_is_learned_when_the_lock_is_first_reached(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    tmp_path: Path,
) -> None:
    table = tmp_path / "arp"
    table.write_text(
        "IP address HW type Flags HW address Mask Device\n"
        "127.0.0.1 0x1 0x2 10:5a:17:00:00:02 * eth0\n"
    )
    await setup(hass, entry)
    with patch("custom_components.tuya_wifi_lock.discovery.ARP_TABLE", table):
        await wake(hass, entry, simulated_lock)
        await wait_for(hass, lambda: CONF_MAC in entry.data)
    assert entry.data[CONF_MAC] == "10:5a:17:00:00:02"
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, "10:5a:17:00:00:02")}
    assert entry.state is ConfigEntryState.LOADED
    assert simulated_lock.connections == 1


async def test_unloading_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    before = asyncio.all_tasks()
    await set_up_awake(hass, entry, simulated_lock)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert state(hass, LOCK).state == "unavailable"
    await simulated_lock.wait_for(lambda: simulated_lock.clients == 0)
    ours = [task for task in asyncio.all_tasks() - before if "tuyalock" in str(task)]
    assert ours == []


async def test_a_stop_of_home_assistant_keeps_what_is_known(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await simulated_lock.wait_for(lambda: simulated_lock.clients == 0)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    (record,) = stored["journal"]["records"].values()
    assert (record["event"]["method"], record["delivered"]) == ("fingerprint", True)


async def test_removal_forgets_what_was_stored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await restart(hass, entry)
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_other_options_are_used_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    first = entry.runtime_data
    hass.config_entries.async_update_entry(entry, options={"relocks_itself": True})
    await hass.async_block_till_done()
    assert entry.runtime_data is not first
    hass.config_entries.async_update_entry(entry, title="Front door")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_a_refused_key_asks_for_another_and_a_right_one_heals(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    right = simulated_lock.local_key
    simulated_lock.faults.wrong_local_key = "another key 1234"
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused)
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["handler"], flow["context"]["source"]) == (DOMAIN, SOURCE_REAUTH)
    assert any("reauth" in issue_id for _, issue_id in ir.async_get(hass).issues)
    assert state(hass, LOCK).state == "unavailable"
    assert state(hass, UNLOCK).state == "unavailable"
    simulated_lock.faults.wrong_local_key = None
    assert simulated_lock.local_key == right
    await wake(hass, entry, simulated_lock)
    assert state(hass, LOCK).state == "unknown"
    assert state(hass, UNLOCK).state == "unknown"
    assert not hass.config_entries.flow.async_progress()
    assert not ir.async_get(hass).issues


async def test_where_nobody_is_asked_for_the_key_its_repair_says_where_to_enter_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    # Home Assistant does not ask while a dialog is open, and one that was left open stays so.
    left = await entry.start_reconfigure_flow(hass)
    assert "connection" in left["menu_options"]
    simulated_lock.faults.wrong_local_key = "another key 1234"
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused)
    assert [one["flow_id"] for one in hass.config_entries.flow.async_progress()] == [
        left["flow_id"]
    ]
    issue_id = (DOMAIN, f"key_refused_{entry.entry_id}")
    await wait_for(hass, lambda: issue_id in ir.async_get(hass).issues)
    texts = await async_get_translations(hass, "en", "issues", [DOMAIN])
    said = texts[f"component.{DOMAIN}.issues.key_refused.description"]
    assert "Reconfigure" in said


@pytest.mark.parametrize(
    ("simulated_lock", "stays"),
    [({}, set()), ({"family": "A"}, {"refuse_request"})],
    indirect=["simulated_lock"],
)
async def test_a_project_that_is_removed_takes_along_what_nothing_else_feeds(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    stays: set[str],
) -> None:
    fed = {"temporary_passwords", "guests", "firmware", "refuse_request"}

    def shown() -> set[str]:
        keys = {one.unique_id.partition("_")[2] for one in entity_registry.entities.values()}
        return keys & fed

    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.request(60)
    if stays:
        await simulated_lock.push({"10": False, "16": True})
        await wait_for(hass, lambda: "hijack" in entry.runtime_data.data.state.seen)
    await wait_for(hass, lambda: shown() == fed)
    every = set(entity_registry.entities)
    data = {key: value for key, value in entry.data.items() if key != CONF_CLOUD}
    with_project = dict(entry.data)
    hass.config_entries.async_update_entry(entry, data=data)
    await wait_for(hass, lambda: shown() == stays)
    assert len(every - set(entity_registry.entities)) == len(fed - stays)
    hass.config_entries.async_update_entry(entry, data=with_project)
    await wait_for(hass, lambda: shown() == fed)
    assert set(entity_registry.entities) == every


def newer(stored: Any) -> Any:
    """Return a stored form as a newer version may write it: with more of everything."""
    if isinstance(stored, list):
        return [newer(one) for one in stored]
    if not isinstance(stored, dict):
        return stored
    if all(key.isdecimal() for key in stored):
        # By number, as the rows of a table.
        return {id_: [*row, 1] if isinstance(row, list) else row for id_, row in stored.items()}
    return {key: newer(value) for key, value in stored.items()} | {"of_a_newer_version": 1}


async def test_a_lock_that_a_newer_version_has_stored_is_set_up_with_all_that_is_known(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await add(hass, "Cleaner")
    await simulated_lock.forced("fingerprint", 3)
    await reported(hass, simulated_lock)
    await pass_time(hass, 2.1)
    await polled(hass)
    await simulated_lock.sleep()
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]
    assert stored["data"]["product"]["table"]
    before, stored["data"] = stored["data"], newer(stored["data"])
    data = {**entry.data, CONF_CLOUD: newer(entry.data[CONF_CLOUD])}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    after = json.loads(json.dumps(entry.runtime_data.lock.as_dict()))
    for part in ("journal", "passwords", "product"):
        assert after[part] == before[part], part


async def test_what_only_a_project_feeds_goes_with_it(
    hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock
) -> None:
    def of_project() -> set[str]:
        found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        return {one.domain for one in found} & {"calendar", "update"}

    await wait_for(hass, lambda: of_project() == {"calendar", "update"})
    data = {key: value for key, value in entry.data.items() if key != CONF_CLOUD}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert of_project() == set()
