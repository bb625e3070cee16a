"""Changes of a lock's own settings: done when the lock says so."""

import asyncio
from collections.abc import Mapping

from .clock import Clock
from .door import Door
from .exceptions import NotSupported, SettingAsleep, SettingNotConfirmed
from .models import Value
from .products.product import Product

CHANGED_WITHIN = 10.0
"""Seconds in which a lock says that it has changed a setting."""


class Changes:
    """Changes settings, where the product's own model says that it can be done."""

    def __init__(self, door: Door, memory: Product, clock: Clock) -> None:
        """Begin with nothing to change."""
        self._door, self._memory, self._clock = door, memory, clock
        self._waiting: list[tuple[str, Value, asyncio.Future[None]]] = []

    async def change(self, code: str, value: Value) -> None:
        """Change a setting; returns when the lock reports the value, else raises LockError."""
        if code not in self._memory.changeable:
            raise NotSupported(f"this product does not let {code} be changed")
        if not self._door.connected:
            raise SettingAsleep("the lock is asleep")
        with self._door.link.kept_open():
            await self._change(code, value)

    async def _change(self, code: str, value: Value) -> None:
        """Send the value, and wait until the lock reports it."""
        reported = asyncio.get_running_loop().create_future()
        change = code, value, reported
        self._waiting.append(change)
        try:
            self._door.send(code, value)
            async with self._clock.timeout(CHANGED_WITHIN):
                await reported
        except TimeoutError as err:
            raise SettingNotConfirmed("the lock did not say that it changed the setting") from err
        finally:
            self._waiting.remove(change)

    def take(self, codes: Mapping[str, Value]) -> None:
        """Take what the lock reports."""
        for code, value, reported in self._waiting:
            if code in codes and codes[code] == value and not reported.done():
                reported.set_result(None)

    def end(self) -> None:
        """Give up what waits for an answer: the connection has ended."""
        for _, _, reported in self._waiting:
            if not reported.done():
                lost = SettingNotConfirmed("the connection ended before the lock answered")
                reported.set_exception(lost)
