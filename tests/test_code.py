"""The code that Home Assistant asks for before it opens the door."""

import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.common import LOCK, set_up_awake, state
from tests.simulator import Knobs, SimulatedLock

CODE = "86420975"
WRONG = "9753108642"
"""So long that no time has it among its digits."""
BOLTED = {"family": "B", "knobs": Knobs(motor_state=True)}


async def call(hass: HomeAssistant, service: str, **data: str) -> None:
    """Unlock or lock."""
    await hass.services.async_call("lock", service, {"entity_id": LOCK, **data}, blocking=True)


@pytest.mark.parametrize("data", [{}, {"code": ""}, {"code": "86420974"}, {"code": "8642"}])
async def test_a_wrong_code_is_refused_before_anything_is_sent(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, data: dict[str, str]
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code=CODE)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "unlock", **data)
    assert (error.value.translation_domain, error.value.translation_key) == (DOMAIN, "wrong_code")
    assert simulated_lock.commands == []
    assert state(hass, LOCK).state == "unknown"


async def test_home_assistant_itself_refuses_what_is_no_code(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code=CODE)
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, "unlock", code="open")
    assert error.value.translation_key == "add_default_code"
    assert simulated_lock.commands == []


@pytest.mark.parametrize("simulated_lock", [BOLTED], indirect=True)
async def test_the_right_code_opens_and_locking_needs_none(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code=CODE)
    await call(hass, "unlock", code=CODE)
    assert simulated_lock.openings == ["remote"]
    await call(hass, "lock")
    assert state(hass, LOCK).state == "locked"


async def test_without_a_code_none_is_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert "code_format" not in state(hass, LOCK).attributes
    await call(hass, "unlock")
    assert simulated_lock.openings == ["remote"]


async def test_the_default_code_of_the_entity_counts(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock, code=CODE)
    er.async_get(hass).async_update_entity_options(LOCK, "lock", {"default_code": CODE})
    await hass.async_block_till_done()
    await call(hass, "unlock")
    assert simulated_lock.openings == ["remote"]


async def test_a_code_takes_effect_without_losing_the_connection(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    coordinator = entry.runtime_data
    hass.config_entries.async_update_entry(entry, options={"code": CODE})
    await hass.async_block_till_done()
    assert state(hass, LOCK).attributes["code_format"] == "^([0-9]{4,10})?$"
    assert entry.runtime_data is coordinator
    assert coordinator.data.awake


async def test_a_code_is_in_no_state_no_log_no_error_and_no_diagnostics(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    hass_client: ClientSessionGenerator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger=f"custom_components.{DOMAIN}")
    await set_up_awake(hass, entry, simulated_lock, code=CODE)
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "unlock", code=WRONG)
    await call(hass, "unlock", code=CODE)
    assert await async_setup_component(hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("custom_components")]
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}"]
    seen = [str(one) for one in (error.value, told, ours, kept, *hass.states.async_all())]
    assert not [one for one in seen if CODE in one or WRONG in one]
