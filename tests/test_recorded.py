"""What the recorder keeps of a state is small, whatever the entity shows."""

import json

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import JSONEncoder
from tests.common import reported, set_up_awake, wait_for
from tests.guests import add
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

MOST_BYTES = 500


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
    for state in hass.states.async_all():
        assert state.state_info
        left_out = {*state.state_info["unrecorded_attributes"], "friendly_name"}
        recorded = {key: one for key, one in state.attributes.items() if key not in left_out}
        assert len(json.dumps(recorded, cls=JSONEncoder)) < MOST_BYTES, state.entity_id
        whole[state.entity_id] = len(json.dumps(dict(state.attributes), cls=JSONEncoder))
    # There was something to leave out.
    assert max(whole.values()) > MOST_BYTES
