"""From a push on the wire to the state in Home Assistant: ours and the floor, turn by turn."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import gc
from itertools import chain, cycle, islice, permutations
from time import perf_counter_ns, process_time
from typing import Any

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event

from .floor import receive_bare
from .home import Home, home
from .locks import FINGERS
from .street import Street, street
from .writes import SUFFIX, Writes

OURS, FLOOR, NONE = range(3)
"""Our lock, the floor whose states entities have, and the one whose states no entity has."""
FIRST_SECONDS = 4.0
"""Seconds after which a lock has handed over what it had saved up."""
BLOCK, GAP = FINGERS, 0.02
"""Pushes that follow each other, each of another finger, and the seconds between two of them."""
SETTLED = 0.1
"""Seconds after which what the last push has caused is done."""


class Beside:
    """A lock of ours beside the floors, all awake and connected."""

    def __init__(self, house: Home, locks: Street, writes: Writes) -> None:
        """Measure nothing yet."""
        self.house, self.locks, self.writes = house, locks, writes

    async def compare(self, blocks: int) -> tuple[list[list[float]], list[list[float]]]:
        """Return the seconds that each push took, and the CPU per push of each block.

        Ours comes first, then the floors. They take turns, so that what disturbs one disturbs the
        other; not push by push, so that what one does afterwards does not disturb the other.
        """
        entity, written = self.house.entity(OURS), dict[tuple[str, int], int]()
        entities = [entity, self.writes.event, entity + SUFFIX]
        took: list[list[float]] = [[] for _ in entities]
        cpu: list[list[float]] = [[] for _ in entities]

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            if state := event.data["new_state"]:
                at = (state.entity_id, state.attributes.get("number", 0))
                written.setdefault(at, perf_counter_ns())

        # A full collection of all that is there would stop either of them for 300 ms.
        gc.collect()
        gc.freeze()
        unsubscribe = async_track_state_change_event(self.house.hass, entities, note)
        # In another order each time, so that what comes every few seconds does not meet one alone.
        orders = cycle(permutations((OURS, FLOOR, NONE)))
        for index in chain.from_iterable(islice(orders, blocks)):
            began = process_time()
            stamps = await self.locks.push([index], BLOCK, GAP)
            await asyncio.sleep(SETTLED)
            cpu[index].append((process_time() - began) / BLOCK)
            took[index] += [
                (written[entities[index], number] - left) / 1e9 for _, number, left in stamps
            ]
            written.clear()
        unsubscribe()
        return took, cpu


@asynccontextmanager
async def beside(
    version: str, *, more: int = 0, members: int = 2, records: bool = True
) -> AsyncGenerator[Beside]:
    """Connect ours and the floors, each to a lock of its own; `more` locks may follow them."""
    async with street(3 + more, version) as locks, home(locks, records=records) as house:
        await house.set_up_locks([OURS], members)
        await house.set_up_bare([0])
        await locks.wake([FLOOR, NONE])
        writes = Writes(house.hass)
        floors = [
            await receive_bare(locks.address(index), write)
            for index, write in ((FLOOR, writes.by_entities), (NONE, writes.by_none))
        ]
        await house.wake([OURS])
        await house.hass.async_block_till_done()
        await asyncio.sleep(FIRST_SECONDS)
        await locks.push([OURS], 2, 0.1)
        await house.hass.async_block_till_done()
        with writes.learning():
            await locks.push([OURS], 1, GAP)
            await house.hass.async_block_till_done()
        await locks.push([FLOOR, NONE], 1, GAP)
        yield Beside(house, locks, writes)
        for floor in floors:
            floor.stop()


async def push(version: str, blocks: int) -> dict[str, Any]:
    """Return the seconds that each push took and its CPU, for ours and the floors in turn."""
    async with beside(version) as both:
        await both.compare(1)
        took, cpu = await both.compare(blocks)
        return {"took": took, "cpu": cpu, "writes": str(both.writes)}
