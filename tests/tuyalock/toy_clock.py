"""A clock without real time, so that years pass in seconds and nothing depends on the machine."""

from collections.abc import Callable
from dataclasses import dataclass
import heapq
from itertools import count
from typing import override

from custom_components.tuya_wifi_lock.tuyalock import Clock
from custom_components.tuya_wifi_lock.tuyalock.clock import Timer

START = 1_790_000_000.0


class ToyClock(Clock):
    """Stands still until it is moved, and does what is due at its time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wall = START
        """What the wall clock shows at 0; it can be set."""
        self._numbers = count()
        self._timers: list[tuple[float, int, ToyTimer]] = []

    @override
    def time(self) -> float:
        return self.wall + self.now

    @override
    def monotonic(self) -> float:
        return self.now

    @override
    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        timer = ToyTimer(callback)
        heapq.heappush(self._timers, (self.now + delay, next(self._numbers), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            if not timer.cancelled:
                timer.callback()
        self.now = end

    def forget(self) -> None:
        """Lose all timers, as a process that dies."""
        self._timers.clear()


@dataclass
class ToyTimer:
    """A timer of such a clock."""

    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Call it off."""
        self.cancelled = True
