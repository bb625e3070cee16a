"""From a push on the wire to the state in Home Assistant: ours, the floor, and the peer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter_ns

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event

from .floor import receive_bare, write_state
from .home import Home, home
from .peer import receive_threaded
from .street import Street, street

OURS, FLOOR, PEER = range(3)
FIRST_SECONDS = 4.0
"""Seconds after which a lock has handed over what it had saved up."""
GAP = 0.006

type Written = dict[tuple[str, int], int]
"""When a state was written, by entity id and unlock number."""


async def latency(version: str, rounds: int) -> list[list[float]]:
    """Return the seconds that each push took, for ours, the floor and the peer in turn.

    The three take turns push by push, so that what disturbs one disturbs all.
    """
    written: Written = {}
    async with receivers(version) as (entities, house, locks):
        unsubscribe = async_track_state_change_event(house.hass, entities, partial(_note, written))
        await asyncio.sleep(FIRST_SECONDS)
        await locks.push((OURS, FLOOR, PEER), 20, GAP)
        stamps = await locks.push((OURS, FLOOR, PEER), rounds, GAP)
        await asyncio.sleep(0.2)
        unsubscribe()
    took: list[list[float]] = [[], [], []]
    for index, number, left in stamps:
        took[index].append((written[entities[index], number] - left) / 1e9)
    return took


@asynccontextmanager
async def receivers(version: str) -> AsyncGenerator[tuple[list[str], Home, Street]]:
    """Connect all three, each to a lock of its own; give the entities that they write."""
    floor, peer = "event.floor", "event.peer"
    async with street(3, version) as locks, home(locks) as house:
        await house.set_up_locks([OURS])
        await locks.wake([FLOOR, PEER])
        bare = await receive_bare(locks.address(FLOOR), partial(write_state, house.hass, floor))
        threaded = await receive_threaded(
            locks.address(PEER), partial(write_state, house.hass, peer)
        )
        await house.wake([OURS])
        await house.hass.async_block_till_done()
        yield [house.entity(OURS), floor, peer], house, locks
        bare.stop()
        threaded.stop()


@callback
def _note(written: Written, event: Event[EventStateChangedData]) -> None:
    """Note when a state was written."""
    if state := event.data["new_state"]:
        written.setdefault((state.entity_id, state.attributes.get("number", 0)), perf_counter_ns())
