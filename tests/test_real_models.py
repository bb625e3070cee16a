"""What the owner of a lock that exists gets to see, once it has reported all that it can."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from tests.common import LOCK, fall_asleep, reported, set_up_awake
from tests.devices import find
from tests.simulator import SimulatedLock

ALWAYS = {
    "",
    "call_off_unlock",
    "condition",
    "diagnose",
    "last_opening",
    "last_unlocked_by",
    "late_opening",
}
"""What every lock has; the first is the lock itself."""
HIDDEN = {"awake", "last_heard"}
AT_THE_DOOR = {"alarm", "doorbell", "unlock_requested"}


def played(name: str, *more: str) -> object:
    """Return a model as a parameter, with the entities that it has beside those of every lock."""
    model = find(name)
    chosen = {"model": model, "product_id": model.product_id or ""}
    return pytest.param(chosen, set(more), id=name)


@pytest.mark.parametrize(
    ("simulated_lock", "more"),
    [
        played("YRHAND H4", *AT_THE_DOOR, "refuse_request", "battery_level", "battery_low"),
        played("PINEWORLD", *AT_THE_DOOR, "refuse_request", "battery"),
        played("SmarDeer", *AT_THE_DOOR, "battery"),
        played("WAFU invisible"),
    ],
    indirect=["simulated_lock"],
)
async def test_a_lock_has_what_its_reports_can_feed_and_nothing_else(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, more: set[str]
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for _ in range(2):
        await simulated_lock.report_again()
        await reported(hass, simulated_lock)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    keys = {one.unique_id.removeprefix(simulated_lock.device_id).strip("_") for one in entities}
    assert keys - HIDDEN == ALWAYS | more


@pytest.mark.parametrize(
    "simulated_lock",
    [
        {"model": find(name), "product_id": find(name).product_id or ""}
        for name in ("Orion DL033HA",)
    ],
    indirect=True,
)
async def test_an_unlock_does_not_wait_for_a_request_that_cannot_come(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for _ in range(2):
        await simulated_lock.report_again()
        await reported(hass, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call("lock", "unlock", {ATTR_ENTITY_ID: LOCK}, blocking=True)
    assert caught.value.translation_key == "asleep_and_alone"
