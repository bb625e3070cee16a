"""If a push costs more in a house with more of everything: CPU beside the floor of the same run."""

import asyncio

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.const import CONF_TARGET, CONF_TRIGGER
from homeassistant.setup import async_setup_component

from .crowd import STORED
from .push import OURS, Beside, beside

BLOCKS = 4
MEMBERS = 50
TRIGGERS = 20
JOURNAL = 200

type Cost = tuple[float, float]
"""Seconds of CPU per push: ours and the floor."""


async def growth(version: str, sizes: list[int]) -> dict[str, Cost]:
    """Return what a push costs in each house; the last ones have all that came before."""
    costs: dict[str, Cost] = {}
    async with beside(version, more=sizes[-1]) as both:
        house = both.house
        costs["1 lock, journal empty"] = await _cost(both, 1)
        await _fill(both)
        costs["1 lock, journal full"] = await _cost(both, BLOCKS)
        set_up = 1
        for size in sizes[1:]:
            await house.set_up_locks(range(2 + set_up, 2 + size))
            set_up = size
            await asyncio.sleep(STORED)
            costs[f"{size} locks"] = await _cost(both, BLOCKS)
        await _add_triggers(both)
        costs[f"and {TRIGGERS} triggers on it"] = await _cost(both, BLOCKS)
        house.add_members(house.coordinators[OURS].config_entry, MEMBERS - 2)
        await house.hass.async_block_till_done()
        costs[f"and {MEMBERS} members"] = await _cost(both, BLOCKS)
    return costs


async def _cost(both: Beside, blocks: int) -> Cost:
    """Return the least of some blocks: what disturbs one can only make it dearer."""
    _, (ours, floor, _) = await both.compare(blocks)
    return min(ours), min(floor)


async def _fill(both: Beside) -> None:
    await both.locks.push([OURS], JOURNAL, 0.005)
    await asyncio.sleep(STORED)


async def _add_triggers(both: Beside) -> None:
    """Let automations wait for a number that is nobody's, and look at each opening."""
    target = {"entity_id": both.house.entity(OURS)}
    trigger = {CONF_TRIGGER: f"{DOMAIN}.unknown_number_used", CONF_TARGET: target}
    automations = [
        {"alias": f"Trigger {one}", "triggers": [trigger], "actions": []} for one in range(TRIGGERS)
    ]
    assert await async_setup_component(both.house.hass, AUTOMATION, {AUTOMATION: automations})
    await both.house.hass.async_block_till_done()
