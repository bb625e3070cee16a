"""What a wake takes: from a radio that is switched on to the first report of that lock, and CPU."""

import asyncio
import gc
from time import process_time
from typing import Any

from .home import home
from .street import street

GAP = 0.06
TEN, APART = 10, 0.3
"""Locks whose doors are opened, one after the other."""
AWAKE = 5.0
"""Seconds that a lock is awake after an opening has woken it."""


async def wakes(version: str, locks: int, asleep: float, rest: float) -> dict[str, Any]:
    """Return the seconds that each wake took, and the CPU of ten in which the door is opened.

    Each of those has `rest` seconds of sleep after it, in which the lock is looked for.
    """
    async with street(locks, version) as all_locks, home(all_locks) as house:
        await house.set_up_locks(range(locks))
        await asyncio.sleep(asleep)
        # A full collection is due after so many set-ups, and stops everything for 250 ms.
        gc.collect()
        took = list((await house.wake(range(locks), GAP)).values())
    async with street(TEN, version) as all_locks, home(all_locks) as house:
        await house.set_up_locks(range(TEN))
        await asyncio.sleep(rest)
        gc.collect()
        began = process_time()
        for index in range(TEN):
            await all_locks.open([index])
            await asyncio.sleep(APART)
        await asyncio.sleep(AWAKE - APART)
        for index in range(TEN):
            await house.sleep([index])
            await asyncio.sleep(APART)
        await asyncio.sleep(rest - APART)
        return {"took": took, "cpu": process_time() - began}
