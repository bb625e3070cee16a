"""Hands out the unlocks of a lock: each once, in order, and with the names that are known."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback

from .members import Member
from .tuyalock import Record, TuyaLock, aged
from .tuyalock.exceptions import CloudError

NAME_WITHIN = 3.0
"""Seconds that an unlock waits for the name of its temporary password."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """An unlock, and whose it was."""

    record: Record
    member: Member | None
    password_name: str | None
    context: Context
    """What is caused by one unlock shares one context."""
    forced: bool = False
    """The lock has told duress together with it."""


type UnlockListener = Callable[[Unlocked], None]


class Delivery:
    """Hands out unlocks to all who listen."""

    def __init__(
        self,
        entry: ConfigEntry,
        lock: TuyaLock,
        describe: Callable[[Record], Unlocked],
        told: UnlockListener,
        save: CALLBACK_TYPE,
    ) -> None:
        """Begin with what was not handed out in an earlier life; `told` hears each unlock last."""
        self.waiting = lock.journal.undelivered()
        self._entry, self._lock = entry, lock
        self._describe, self._told, self._save = describe, told, save
        self._listeners: list[UnlockListener] = []
        self._hass: HomeAssistant | None = None
        self._looking_up = False
        self._looked_up = 0
        self._closed = False

    @callback
    def async_subscribe(self, listener: UnlockListener) -> CALLBACK_TYPE:
        """Call back with every unlock, exactly once; return the unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_begin(self, hass: HomeAssistant) -> None:
        """Hand out what came while Home Assistant was starting, and what a crash left over."""
        self._hass = hass
        self._async_hand_out()
        self._save()

    @callback
    def async_take(self, record: Record) -> None:
        """Hand out an unlock, once all before it are and its whole report is known."""
        if not self._closed:
            self.waiting.append(record)
            if self._hass:
                self._hass.loop.call_soon(self._async_hand_out)
            self._save()

    def close(self) -> None:
        """Hand out nothing any more; what comes waits for the next life."""
        self._closed = True

    @callback
    def _async_hand_out(self) -> None:
        """Hand out what waits, unless automations cannot hear it yet, or a name is looked up."""
        while self._hass and self.waiting and not self._looking_up and not self._closed:
            unlocked = self._describe(aged(self.waiting[0], time.time()))
            if self._lacks_name(unlocked):
                self._looking_up = True
                self._entry.async_create_background_task(
                    self._hass, self._async_look_up(), "look up a temporary password"
                )
                return
            self.waiting.pop(0)
            for listener in (*self._listeners, self._told):
                listener(unlocked)
            self._lock.journal.mark_delivered(unlocked.record.id)

    def _lacks_name(self, unlocked: Unlocked) -> bool:
        """Return if a temporary password has opened whose name may be in the cloud."""
        record = unlocked.record
        asked = record.id <= self._looked_up or self._lock.cloud is None
        named = unlocked.password_name or record.number is None
        return record.method == "temporary_password" and not asked and not named

    async def _async_look_up(self) -> None:
        """Ask the cloud for names; what it does not say soon stays without one."""
        self._looked_up = self.waiting[-1].id
        with suppress(CloudError, TimeoutError):
            async with asyncio.timeout(NAME_WITHIN):
                await self._lock.passwords.refresh()
        self._looking_up = False
        if not self._closed:
            self._async_hand_out()
            self._save()
