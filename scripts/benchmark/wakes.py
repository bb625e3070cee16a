"""What a wake takes: from a radio that is switched on to the first report of that lock, and CPU."""

import asyncio
import gc
from time import process_time
from typing import Any

from .home import home
from .street import street

GAP = 0.06
CYCLES = 10
AWAKE, ASLEEP = 1.5, 1.0
"""Seconds that the lock is awake after an opening has woken it, and asleep after that."""


async def wakes(version: str, locks: int, asleep: float) -> dict[str, Any]:
    """Return the seconds that each wake took, and the CPU of ten in which the door is opened."""
    async with street(locks, version) as all_locks, home(all_locks) as house:
        await house.set_up_locks(range(locks))
        await asyncio.sleep(asleep)
        # A full collection is due after so many set-ups, and stops everything for 250 ms.
        gc.collect()
        took = list((await house.wake(range(locks), GAP)).values())
        await house.sleep(range(locks))
        await asyncio.sleep(asleep)
        idle = process_time()
        await asyncio.sleep(ASLEEP)
        idle = (process_time() - idle) / ASLEEP
        began = process_time()
        for _ in range(CYCLES):
            await house.wake([0])
            await house.push([0])
            await asyncio.sleep(AWAKE)
            await house.sleep([0])
            await asyncio.sleep(ASLEEP)
        return {"took": took, "cpu": process_time() - began, "idle": idle}
