"""What a step expects, and how long it waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
import time

PAUSE = 0.02


class Unmet(Exception):
    """Something that was expected is not so; the text says what."""


def expect(fact: object, why: str) -> None:
    """Raise if a fact does not hold."""
    if not fact:
        raise Unmet(why)


async def until[T](condition: Callable[[], T | None], what: str, within: float = 10) -> T:
    """Return the first true value of a condition; raise if it takes too long."""
    end = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > end:
            raise Unmet(f"waited {within:g} s for {what}")
        await asyncio.sleep(PAUSE)
    return value


async def until_told[T](ask: Callable[[], Awaitable[T | None]], what: str, within: float = 10) -> T:
    """Return the first true answer to a question; raise if it takes too long."""
    end = time.monotonic() + within
    while not (value := await ask()):
        if time.monotonic() > end:
            raise Unmet(f"waited {within:g} s for {what}")
        await asyncio.sleep(PAUSE * 5)
    return value


async def never(seconds: float, wrong: Callable[[], object], what: str) -> None:
    """Watch for a while; raise as soon as there is something wrong."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(not (found := wrong()), f"{what}: {found}")
        await asyncio.sleep(PAUSE)
