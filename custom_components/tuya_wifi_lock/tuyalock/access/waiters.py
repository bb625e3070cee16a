"""Waits for what a lock reports: everything that is received passes through here."""

import asyncio
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..clock import Clock
from ..exceptions import ConnectionLost, LockError, UnlockRefused
from ..models import Item, Source, Unlock, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a source has just reported of a lock."""

    source: Source
    codes: Mapping[str, Value]
    """Values by DP code."""
    unlocks: Collection[Unlock] = ()
    """Those that are new."""
    items: tuple[Item, ...] = ()
    """The report itself, as the source gave it."""
    at: float | None = None
    """When it was, Unix seconds, if another source than the lock itself reports it."""
    is_answer: bool = False
    """It answers a query, so it may say nothing new."""


type Wanted[T] = Callable[[Reported], T | None]
"""Returns what is waited for if a report has it."""


class Waiter[T]:
    """Waits for a report."""

    def __init__(self, wanted: Wanted[T], source: Source | None, clock: Clock) -> None:
        """Wait for what is wanted, or until something is wrong with a source."""
        self._wanted, self._source, self._clock = wanted, source, clock
        self._found = asyncio.get_running_loop().create_future()

    def take(self, reported: Reported) -> None:
        """Take a report."""
        if not self._found.done() and (found := self._wanted(reported)) is not None:
            self._found.set_result(found)

    def fail(self, source: Source, error: LockError) -> None:
        """Take the reason why a source reports no more, or does not do what it was asked."""
        if not self._found.done() and source is self._source:
            self._found.set_result(error)

    async def result(self, seconds: float) -> T:
        """Return what is wanted; raise TimeoutError, ConnectionLost or UnlockRefused."""
        async with self._clock.timeout(seconds):
            found: T | LockError = await self._found
        if isinstance(found, UnlockRefused):
            raise found
        if isinstance(found, LockError):
            raise ConnectionLost("the connection ended") from found
        return found


class Waiters:
    """All that waits for something that a lock reports."""

    def __init__(self, clock: Clock) -> None:
        """Start with no waiter."""
        self._clock = clock
        self._waiters: list[Waiter[object]] = []

    @contextmanager
    def wait_for[T](self, wanted: Wanted[T], source: Source | None = None) -> Generator[Waiter[T]]:
        """Wait from now on, so that nothing is missed that follows a command sent in this block."""
        waiter = Waiter(wanted, source, self._clock)
        self._waiters.append(waiter)
        try:
            yield waiter
        finally:
            self._waiters.remove(waiter)

    def take(self, reported: Reported) -> None:
        """Take a report."""
        for waiter in self._waiters:
            waiter.take(reported)

    def fail(self, source: Source, error: LockError) -> None:
        """Take the end of a connection, or a refusal."""
        for waiter in self._waiters:
            waiter.fail(source, error)
