"""What the recorder keeps of a state is small, whatever the entity shows."""

import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.json import JSONEncoder
from tests.automations import add_member
from tests.common import UNLOCK, reported, set_up_awake, state, wait_for
from tests.guests import add
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

MOST_BYTES = 500


def recorded(shown: State) -> dict[str, Any]:
    """Return the attributes of a state that the recorder keeps."""
    assert shown.state_info
    left_out = shown.state_info["unrecorded_attributes"]
    return {key: one for key, one in shown.attributes.items() if key not in left_out}


@pytest.mark.parametrize("entity", [UNLOCK, "event.alice_opening"])
async def test_openings_with_one_finger_have_their_attributes_in_one_row(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    all_enabled: None,
    entity: str,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    add_member(hass, entry, "Alice", "fingerprint:3")
    await hass.async_block_till_done()
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    first = state(hass, entity)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    second = state(hass, entity)
    for name in ("record", "time"):
        assert first.attributes[name] != second.attributes[name]
    assert recorded(first) == recorded(second)
    assert recorded(first)["number"] == 3


async def test_no_long_attribute_is_recorded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    all_enabled: None,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await simulated_lock.battery(5)
    await reported(hass, simulated_lock)
    for number in range(3):
        await add(hass, f"Guest {number}")
    await wait_for(hass, lambda: "passwords" in str(hass.states.async_all()))
    whole = {}
    for one in hass.states.async_all():
        kept = recorded(one) | {"friendly_name": ""}
        assert len(json.dumps(kept, cls=JSONEncoder)) < MOST_BYTES, one.entity_id
        whole[one.entity_id] = len(json.dumps(dict(one.attributes), cls=JSONEncoder))
    # There was something to leave out.
    assert max(whole.values()) > MOST_BYTES
