"""Many locks in one Home Assistant: memory, start-up, what runs while they sleep, CPU."""

import asyncio
from asyncio.events import Handle
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
import gc
from pathlib import Path
import resource
from time import process_time
import tracemalloc
from typing import Any
from unittest.mock import patch

from .floor import receive_bare, write_state
from .home import Home, home
from .peer import receive_threaded
from .street import LockAddress, Receiver, Street, street

STORED = 2.0
"""Seconds after which every store of ours is written."""
PAUSE = 1.2
"""Seconds between two unlocks of one lock: each of them is written to its store."""
OWN_CODE = "*/tuya_wifi_lock/*"

type Receive = Callable[[LockAddress, Callable[[int], None]], Awaitable[Receiver]]
type Results = dict[str, Any]


async def grow(version: str, sizes: list[int]) -> Results:
    """Measure the memory of entries in bytes, as one house grows to these sizes."""
    tracemalloc.start()
    results: Results = {"empty": {}, "bare": {}, "asleep": {}}
    async with street(sizes[-1] + 1, version) as locks, home(locks) as house:
        await house.set_up_locks([0])
        await house.set_up_empty(1)
        await house.set_up_bare([0])
        await asyncio.sleep(STORED)
        kinds: Mapping[str, Callable[[range], Any]] = {
            "empty": _empty(house),
            "bare": house.set_up_bare,
            "asleep": house.set_up_locks,
        }
        for kind, set_up in kinds.items():
            base = memory()
            own_base = own_memory()
            for before, size in zip([0, *sizes], sizes, strict=False):
                await set_up(range(before + 1, size + 1))
                await asyncio.sleep(0 if kind == "empty" else STORED)
                results[kind][size] = (memory() - base) / size
        results["own"] = (own_memory() - own_base) / sizes[-1]
        await house.wake(range(1, sizes[-1] + 1), 0.003)
        await asyncio.sleep(STORED)
        results["connected"] = (memory() - base) / sizes[-1]
        await locks.sleep(range(1, sizes[-1] + 1))
        await asyncio.sleep(STORED)
        results["asleep_again"] = (memory() - base) / sizes[-1]
    return results


async def live(
    version: str, size: int, rounds: int, *, settle: float, watched: float = 0.0, peer: bool = False
) -> Results:
    """Measure the CPU of reports, start-up, and what runs while all locks sleep.

    `settle` is how long Home Assistant needs to write its registries, which is not our work.
    """
    results: Results = {}
    some = range(1, size + 1)
    async with street(size + 1, version) as locks, home(locks) as house:
        await locks.wake(some)
        receivers: dict[str, Receive] = {"cpu_floor": receive_bare}
        if peer:
            receivers["cpu_peer"] = receive_threaded
        for kind, receive in receivers.items():
            with ExitStack() as stack:
                await _connect(stack, house, locks, some, receive)
                results[kind] = await _cpu_per_report(locks, some, rounds)
        await locks.sleep(some)
        await house.set_up_locks([0])
        await house.set_up_empty(1)
        await asyncio.sleep(STORED)
        resident = resident_memory()
        results["start_empty"] = await house.set_up_empty(size)
        results["start"] = await house.set_up_locks(some)
        if watched:
            await asyncio.sleep(settle)
            results["resident"] = (resident_memory() - resident) / size
            results["callbacks"] = await _watch_sleep(watched)
        results["connect"] = max((await house.wake(some, 0.001)).values())
        await asyncio.sleep(settle / 2)
        await locks.push(some, 1, PAUSE / size)
        await asyncio.sleep(settle / 2)
        results["cpu"] = await _cpu_per_report(locks, some, rounds)
    return results


def memory() -> int:
    """Return the bytes that Python has allocated."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def own_memory() -> int:
    """Return the bytes that lines of the integration itself have allocated."""
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, OWN_CODE)])
    return sum(trace.size for trace in snapshot.statistics("filename"))


def resident_memory() -> int:
    """Return the bytes that the process occupies."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _empty(house: Home) -> Callable[[range], Any]:
    """Return what sets up empty entries."""
    return lambda entries: house.set_up_empty(len(entries))


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


async def _cpu_per_report(locks: Street, which: range, rounds: int) -> float:
    """Return the seconds of CPU that a report costs beyond what runs anyway."""
    gap = PAUSE / len(which)
    await locks.push(which, 1, gap)
    await asyncio.sleep(PAUSE)
    idle = process_time()
    await asyncio.sleep(PAUSE)
    began = process_time()
    idle = began - idle
    await locks.push(which, rounds, gap)
    await asyncio.sleep(PAUSE)
    return (process_time() - began - idle * (rounds + 1)) / (rounds * len(which))


async def _connect(
    stack: ExitStack, house: Home, locks: Street, which: range, receive: Receive
) -> None:
    """Connect another receiver to awake locks, until the stack is closed."""
    for index in which:
        write = partial(write_state, house.hass, f"event.other_{index}")
        stack.callback((await receive(locks.address(index), write)).stop)
    await asyncio.sleep(1.0)
