"""What is told of openings: those that wake the lock, equal ones, and many in one piece."""

import asyncio
from time import perf_counter_ns
from typing import Any

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event

from .home import home
from .push import FIRST_SECONDS, SETTLED
from .street import street

LOCKS = 10
LEARNED = 3
"""Wakes after which it is known that a lock saves nothing up."""
AWAKE, APART = 1.5, 0.1
"""Seconds that the locks are awake after openings have woken them, one after the other."""
EQUAL, GAP = 200, 0.01
BURST = 20


async def openings(version: str, asleep: float) -> dict[str, Any]:
    """Return the seconds until openings that wake a lock were told, and how often others were.

    The locks are asleep for so many seconds before each wake.
    """
    async with street(LOCKS, version) as locks, home(locks) as house:
        await house.set_up_locks(range(LOCKS), members=2)
        entities = [house.entity(index) for index in range(LOCKS)]
        told: list[tuple[str, int, int]] = []

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            state = event.data["new_state"]
            if state and (number := state.attributes.get("number")):
                told.append((state.entity_id, number, perf_counter_ns()))

        async_track_state_change_event(house.hass, entities, note)
        wakes: list[list[float | None]] = []
        for _ in range(LEARNED + 1):
            await asyncio.sleep(asleep)
            stamps = []
            for index in range(LOCKS):
                stamps += await locks.open([index])
                await asyncio.sleep(APART)
            await asyncio.sleep(AWAKE)
            await house.sleep(range(LOCKS))
            shown = {(entity, number): at for entity, number, at in told}
            wakes.append(
                [
                    (at - opened) / 1e9 if (at := shown.get((entities[index], number))) else None
                    for index, number, opened in stamps
                ]
            )
        await house.wake([0])
        await asyncio.sleep(FIRST_SECONDS)
        told.clear()
        await locks.push([0], EQUAL, GAP, same=True)
        await asyncio.sleep(SETTLED)
        equal = len(told)
        told.clear()
        ((_, first, left),) = await locks.burst(0, BURST)
        await asyncio.sleep(SETTLED)
        return {
            "first": [one for wake in wakes[:LEARNED] for one in wake],
            "woke": wakes[LEARNED],
            "equal": equal,
            "in_order": [number for _, number, _ in told] == [*range(first, first + BURST)],
            "burst": (told[-1][2] - left) / 1e9,
        }
