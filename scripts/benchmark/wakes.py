"""From a radio that is switched on to the first report of that lock in Home Assistant."""

import asyncio
import gc

from .home import home
from .street import street

GAP = 0.06


async def wakes(version: str, locks: int, asleep: float) -> list[float]:
    """Return the seconds that each wake took, one lock at a time."""
    async with street(locks, version) as all_locks, home(all_locks) as house:
        await house.set_up_locks(range(locks))
        await asyncio.sleep(asleep)
        # A full collection is due after so many set-ups, and stops everything for 250 ms.
        gc.collect()
        return list((await house.wake(range(locks), GAP)).values())
