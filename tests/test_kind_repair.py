"""Once a lock has reported what nobody can read, its owner is asked which kind it is."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.common import pass_time, reported, restart, set_up_awake, state, wake
from tests.simulator import SimulatedLock

pytestmark = pytest.mark.parametrize(
    "simulated_lock", [{"product_id": "simulatedproduct"}], indirect=True
)

UNLOCK = "event.wi_fi_lock_0001_last_opening"


@pytest.fixture(autouse=True)
async def repairs(hass: HomeAssistant) -> None:
    """Home Assistant's own repairs."""
    assert await async_setup_component(hass, "repairs", {})


def is_asked(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return if the owner is asked."""
    id_ = f"kind_unclear_{entry.entry_id}"
    return ir.async_get(hass).async_get_issue(DOMAIN, id_) is not None


async def report(hass: HomeAssistant, lock: SimulatedLock, *reports: dict[str, Any]) -> None:
    """Let the lock report."""
    for dps in reports:
        await lock.push(dps)
    await reported(hass, lock)


async def report_riddles(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Let the lock report what no kind of lock has."""
    await report(hass, lock, *({"150": number} for number in range(3)))


async def open_fix(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the question."""
    manager = repairs_flow_manager(hass)
    assert manager
    return await manager.async_init(DOMAIN, context={"issue_id": f"kind_unclear_{entry.entry_id}"})


async def answer(hass: HomeAssistant, form: Any, kind: str) -> Any:
    """Answer the question."""
    manager = repairs_flow_manager(hass)
    assert manager
    result = await manager.async_configure(form["flow_id"], {"kind": kind})
    await hass.async_block_till_done()
    return result


async def test_nobody_is_asked_of_a_lock_that_is_understood(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await simulated_lock.battery(80)
    await report(hass, simulated_lock, {"150": 1}, {"49": "AAAB"}, {"150": 2}, {"150": 3})
    assert not is_asked(hass, entry)


async def test_the_owner_is_asked_once_and_the_answer_is_used_and_stored(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report(hass, simulated_lock, {"150": 1}, {"150": 2})
    assert not is_asked(hass, entry)
    await report(hass, simulated_lock, {"150": 3})
    assert is_asked(hass, entry)
    form = await open_fix(hass, entry)
    assert form["type"] is FlowResultType.FORM
    assert form["description_placeholders"] == {"lock": "Wi-Fi lock 0001"}
    result = await answer(hass, form, "access_control")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not is_asked(hass, entry)
    await report(hass, simulated_lock, {"10": "AAAABAAA"})
    assert state(hass, UNLOCK).attributes["number"] == 4
    await simulated_lock.sleep()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    assert entry.runtime_data.data.family == "D"


async def test_an_owner_who_does_not_know_is_left_in_peace(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    result = await answer(hass, await open_fix(hass, entry), "unknown")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    await simulated_lock.sleep()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    assert entry.runtime_data.data.family is None


async def test_the_question_goes_by_itself_once_the_kind_is_proven(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert is_asked(hass, entry)
    await report(hass, simulated_lock, {"49": "AAAB"})
    assert not is_asked(hass, entry)


async def test_a_restart_keeps_the_question_and_a_removal_ends_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    await simulated_lock.sleep()
    await restart(hass, entry)
    await pass_time(hass)
    assert is_asked(hass, entry)
    form = await open_fix(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    result = await answer(hass, form, "battery")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not is_asked(hass, entry)
