"""What is watched in the process of Home Assistant: memory, what the loop holds, and the log."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from functools import partial
import gc
import logging
import os
from pathlib import Path
import re
from time import monotonic
from typing import Any, override

PAGE = os.sysconf("SC_PAGE_SIZE")
LOOKS, BETWEEN = 5, 0.5
"""How often, and after how many seconds, it is counted what the loop and the process hold."""
EXPECTED = (
    # Home Assistant says so once of every custom integration, and this of an environment for tests.
    "homeassistant.loader: We found a custom integration tuya_wifi_lock which has not been tested",
    "aiohttp_fast_zlib: zlib_ng and isal are not available",
)
"""Beginnings of lines that are not caused by what happens here."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at one moment."""

    at: float
    resident: float
    """In bytes, of the whole process."""
    objects: float
    """That the garbage collector tracks."""


def sample() -> Sample:
    """Measure memory, without what is only waiting to be collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Sample(monotonic(), pages * PAGE, len(gc.get_objects()))


def slope(points: list[tuple[float, float]]) -> float:
    """Return how much y grows with x, by least squares."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


@dataclass(frozen=True, slots=True)
class Census:
    """What the event loop and the process hold, by their names."""

    tasks: Counter[str]
    timers: Counter[str]
    files: Counter[str]
    objects: Counter[str]


def census() -> Census:
    """Count it."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]  # noqa: SLF001
    return Census(
        Counter(_name(task.get_coro()) for task in asyncio.all_tasks()),
        Counter(_name(one._callback) for one in scheduled if not one.cancelled()),  # type: ignore[attr-defined]  # noqa: SLF001
        Counter(_kind_of_file(fd) for fd in Path("/proc/self/fd").iterdir()),
        Counter(type(one).__qualname__ for one in gc.get_objects()),
    )


async def lasting_census() -> Census:
    """Count what is there at each of several looks: no dial that is just under way."""
    found = census()
    for _ in range(LOOKS - 1):
        await asyncio.sleep(BETWEEN)
        now = census()
        found = Census(
            found.tasks & now.tasks,
            found.timers & now.timers,
            found.files & now.files,
            found.objects & now.objects,
        )
    return found


def _name(callable_: Any) -> str:
    while isinstance(callable_, partial):
        callable_ = callable_.func
    return str(getattr(callable_, "__qualname__", type(callable_).__qualname__))


def _kind_of_file(path: Path) -> str:
    try:
        return str(path.readlink()).partition(":")[0]
    except OSError:
        return "closed"


class Log(logging.Handler):
    """Keeps every line from a warning on, each kind once, and how often it came."""

    def __init__(self) -> None:
        """Keep lines from here."""
        super().__init__(logging.WARNING)
        self.lines: Counter[str] = Counter()
        self.details: dict[str, str] = {}

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        text = re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", record.getMessage().partition("\n")[0])[:200]
        line = f"{record.name}: {text}"
        self.lines[line] += 1
        if line not in self.details:
            self.details[line] = logging.Formatter("%(asctime)s %(message)s").format(record)

    @property
    def unexpected(self) -> list[str]:
        """Return the lines that nobody has explained."""
        return [line for line in self.lines if not line.startswith(EXPECTED)]
