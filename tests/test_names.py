"""The name that an owner gives a lock is its name everywhere."""

import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.automations import add_member, device_id
from tests.common import LOCK, fall_asleep, reported, restart, set_up_awake, state
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock

FRONT_DOOR = "Front door"


def rename(hass: HomeAssistant, entry: MockConfigEntry, name: str | None) -> None:
    """Rename the device of a lock, as the last dialog of the set-up and the device page do it."""
    lock = device_id(hass, entry, entry.data["device_id"])
    dr.async_get(hass).async_update_device(lock, name_by_user=name)


async def form_of_member(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return the form in which a member is added."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "member"), context={"source": "user"}
    )


def said(hass: HomeAssistant) -> list[str]:
    """Return which locks the repairs are about."""
    issues = [one for one in ir.async_get(hass).issues.values() if one.domain == DOMAIN]
    return [(one.translation_placeholders or {})["lock"] for one in issues]


async def test_the_name_of_the_device_is_the_name_of_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    assert entry.title == FRONT_DOOR
    assert state(hass, LOCK).name == FRONT_DOOR
    rename(hass, entry, "Back door")
    await hass.async_block_till_done()
    assert entry.title == "Back door"
    await restart(hass, entry)
    assert entry.title == state(hass, LOCK).name == "Back door"


async def test_a_name_that_was_given_while_the_lock_was_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    rename(hass, entry, FRONT_DOOR)
    await setup(hass, entry)
    assert entry.title == FRONT_DOOR


async def test_the_name_of_the_entry_is_the_name_of_the_device(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    hass.config_entries.async_update_entry(entry, title="Garden gate")
    await hass.async_block_till_done()
    assert entry.title == state(hass, LOCK).name == "Garden gate"
    await restart(hass, entry)
    assert entry.title == state(hass, LOCK).name == "Garden gate"


async def test_a_member_is_added_to_a_lock_with_its_name(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3")
    await setup(hass, entry)
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    form = await form_of_member(hass, entry)
    assert form["description_placeholders"] == {"lock": FRONT_DOOR}
    device = dr.async_get(hass).async_get(device_id(hass, entry, alice))
    assert device
    assert (device.model, device.manufacturer) == (f"Member at {FRONT_DOOR}", "Tuya Wi-Fi Lock")
    await restart(hass, entry)
    device = dr.async_get(hass).async_get(device_id(hass, entry, alice))
    assert device
    assert device.model == f"Member at {FRONT_DOOR}"


async def test_repairs_that_are_shown_take_over_a_new_name(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(4)
    await simulated_lock.finger(9)
    await reported(hass, simulated_lock)
    assert len(said(hass)) > 1
    assert set(said(hass)) == {"Wi-Fi lock 0001"}
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    assert len(said(hass)) > 1
    assert set(said(hass)) == {FRONT_DOOR}


async def test_a_key_is_asked_for_by_the_name_of_the_lock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (asked,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert asked["context"]["title_placeholders"] == {"name": FRONT_DOOR}
    form: ConfigFlowResult = await hass.config_entries.flow.async_configure(asked["flow_id"])
    assert form["description_placeholders"] == {"name": FRONT_DOOR}


async def test_the_log_has_the_name(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    rename(hass, entry, FRONT_DOOR)
    await hass.async_block_till_done()
    caplog.clear()
    caplog.set_level(logging.INFO)
    await fall_asleep(hass, entry, simulated_lock)
    simulated_lock.faults.wrong_local_key = "fedcba9876543210"
    await simulated_lock.wake()
    await wait_for(hass, lambda: state(hass, LOCK).state == "unavailable")
    assert f"{FRONT_DOOR} refuses the local key" in caplog.text
