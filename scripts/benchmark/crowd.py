"""Many locks in one Home Assistant: memory, start-up, and what runs while they sleep."""

import asyncio
from asyncio.events import Handle
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
import gc
from itertools import pairwise
from time import process_time
import tracemalloc
from typing import Any
from unittest.mock import patch

from .home import home
from .street import street

STORED = 2.0
"""Seconds after which every store of ours is written."""
PARTS = 10
"""Into how many parts a crowd is divided that is set up in turn with entities that do nothing."""
OWN_CODE = "*/tuya_wifi_lock/*"

type Results = dict[str, Any]


async def grow(version: str, kind: str, sizes: list[int], settle: float) -> Results:
    """Measure the memory of a kind of entries in bytes, as a house grows to these sizes.

    Each kind has a process of its own: what grows by leaps, such as Home Assistant's caches of
    entity ids, then leaps for either at the same size. `settle` is how long Home Assistant needs to
    write its registries, of which it keeps what it has written.
    """
    tracemalloc.start()
    results: Results = {}
    last = sizes[-1]
    async with street(last + 1, version) as locks, home(locks) as house:
        await house.set_up_locks([0])
        await house.set_up_bare([0])
        await asyncio.sleep(STORED)
        base, own_base = memory(), own_memory()
        set_up = house.set_up_bare if kind == "bare" else house.set_up_locks
        for before, size in pairwise([0, *sizes]):
            await set_up(range(before + 1, size + 1))
            await asyncio.sleep(STORED)
            results[str(size)] = (memory() - base) / size
        results["own"] = (own_memory() - own_base) / last
        await asyncio.sleep(settle)
        results["later"] = (memory() - base) / last
        if kind == "bare":
            return results
        await house.wake(range(1, last + 1), 0.003)
        await asyncio.sleep(STORED)
        results["connected"] = (memory() - base) / last
        await locks.sleep(range(1, last + 1))
        await asyncio.sleep(STORED)
        results["again"] = (memory() - base) / last
    return results


async def crowd(version: str, size: int, *, settle: float, watched: float) -> Results:
    """Measure start-up, and what runs while all locks sleep, and the time to connect to all.

    `settle` is how long Home Assistant needs to write its registries, which is not our work.
    """
    results: Results = {"start": [], "start_bare": []}
    async with street(size + 1, version) as locks, home(locks) as house:
        await house.set_up_locks([0])
        await house.set_up_bare([0])
        await asyncio.sleep(STORED)
        third = range(1, size + 1, max(size // PARTS, 1))
        for first, after in pairwise([*third[:PARTS], size + 1]):
            # In turn, so that what disturbs one disturbs the other.
            part = range(first, after)
            results["start_bare"].append(await house.set_up_bare(part) / len(part))
            results["start"].append(await house.set_up_locks(part) / len(part))
        await asyncio.sleep(settle)
        began = process_time()
        await asyncio.sleep(watched)
        results["cpu"] = (process_time() - began) / watched
        results["callbacks"] = await _watch_sleep(watched)
        results["connect"] = max((await house.wake(range(1, size + 1), 0.001)).values())
    return results


def memory() -> int:
    """Return the bytes that Python has allocated."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def own_memory() -> int:
    """Return the bytes that lines of the integration itself have allocated."""
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, OWN_CODE)])
    return sum(trace.size for trace in snapshot.statistics("filename"))


async def _watch_sleep(seconds: float) -> list[str]:
    """Return everything that the event loop runs while all locks sleep."""
    with counted() as seen:
        await asyncio.sleep(seconds)
    return [name for name, count in seen.items() for _ in range(count)]


@contextmanager
def counted() -> Generator[Counter[str]]:
    """Count what the event loop runs: callbacks, timers, steps of tasks; but not our sleep."""
    seen: Counter[str] = Counter()
    run = Handle._run  # noqa: SLF001
    us = asyncio.current_task()

    def counting(handle: Any) -> None:
        callback = handle._callback  # noqa: SLF001
        name = getattr(callback, "__qualname__", repr(callback))
        if name != "_set_result_unless_cancelled" and getattr(callback, "__self__", None) is not us:
            seen[name] += 1
        run(handle)

    with patch.object(Handle, "_run", counting):
        yield seen
