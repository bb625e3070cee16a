"""The clock that everything waits on."""

import asyncio
from collections.abc import Callable
import time

import pytest

from custom_components.tuya_wifi_lock.tuyalock.clock import Clock, expire

from .house import MovableClock


def test_it_tells_the_time() -> None:
    clock = Clock()
    assert clock.time() == pytest.approx(time.time(), abs=1)
    assert clock.monotonic() == pytest.approx(time.monotonic(), abs=1)


async def test_it_calls_back_after_the_delay_unless_it_was_called_off() -> None:
    called, over = [], asyncio.Event()
    clock = Clock()
    begun = clock.monotonic()
    clock.call_later(0.02, over.set)
    clock.call_later(0.01, lambda: called.append("late"))
    clock.call_later(0.01, lambda: called.append("never")).cancel()
    clock.call_later(0, lambda: called.append("soon"))
    assert called == []
    await over.wait()
    assert called == ["soon", "late"]
    assert clock.monotonic() - begun > 0.015


async def endless(clock: Clock, meanwhile: Callable[[asyncio.Timeout], None]) -> None:
    """Wait an hour, and do something first."""
    async with clock.timeout(3600) as scope:
        meanwhile(scope)
        await asyncio.sleep(7200)


async def test_a_timeout_ends_what_takes_too_long() -> None:
    clock = Clock()
    started = clock.monotonic()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.02):
            await asyncio.sleep(5)
    assert 0.015 < clock.monotonic() - started < 2


async def test_a_timeout_leaves_alone_what_is_in_time() -> None:
    clock = MovableClock()
    async with clock.timeout(5):
        assert clock.waiting == 1
        clock.move(4)
        await asyncio.sleep(0.001)
    assert clock.waiting == 0
    clock.move(10)
    await asyncio.sleep(0.001)


async def test_a_timeout_hears_the_injected_clock() -> None:
    clock = MovableClock()
    with pytest.raises(TimeoutError):
        await endless(clock, lambda scope: clock.move(3601))
    assert clock.waiting == 0


async def test_a_timeout_can_be_expired_early_and_twice() -> None:
    clock = MovableClock()
    scopes = []

    def meanwhile(scope: asyncio.Timeout) -> None:
        expire(scope)
        expire(scope)
        scopes.append(scope)

    with pytest.raises(TimeoutError):
        await endless(clock, meanwhile)
    expire(scopes[0])
    assert clock.waiting == 0


async def test_an_error_in_the_block_is_not_a_timeout() -> None:
    clock = MovableClock()

    def meanwhile(scope: asyncio.Timeout) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await endless(clock, meanwhile)
    assert clock.waiting == 0
