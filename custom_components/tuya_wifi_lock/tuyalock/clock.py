"""The clock that everything in this package waits on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
import time
from typing import Protocol


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel it."""


class Clock:
    """Wall time, elapsed time and timers. Tests inject one that they can move."""

    __slots__ = ()

    def time(self) -> float:
        """Return the wall time in Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back after a delay in seconds."""
        return asyncio.get_running_loop().call_later(delay, callback)

    async def sleep(self, delay: float) -> None:
        """Wait for a delay in seconds."""
        with suppress(TimeoutError):
            async with self.timeout(delay):
                await asyncio.Event().wait()

    @asynccontextmanager
    async def timeout(self, delay: float) -> AsyncGenerator[asyncio.Timeout]:
        """Raise TimeoutError in the block after a delay in seconds, or when it is expired."""
        async with asyncio.timeout(None) as scope:
            timer = self.call_later(delay, lambda: expire(scope))
            try:
                yield scope
            finally:
                timer.cancel()


def expire(scope: asyncio.Timeout) -> None:
    """End a timeout scope now."""
    if not scope.expired():
        scope.reschedule(0)
