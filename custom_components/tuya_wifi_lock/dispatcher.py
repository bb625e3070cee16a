"""Delivers the records of a lock to all who listen: each once, in order, with the known names."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .members import Member, is_duress, owner
from .tuyalock import (
    Age,
    Alarm,
    CloudError,
    Doorbell,
    Duress,
    Kind,
    Record,
    TuyaLock,
    Unlock,
    aged,
)

NAME_WITHIN = 3.0
"""Seconds that an unlock waits for the name of its temporary password."""
MOST_WAITING = 20
"""Alarms or rings that wait for their entity; one that is disabled never asks for them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record, and all that is known of it beside."""

    record: Record
    member: Member | None = None
    password_name: str | None = None
    duress: bool = False
    """An unlock that the lock reported to be under duress."""
    unlock: Record | None = None
    """The unlock that duress is about, or the record itself."""
    context: Context | None = None
    """What is caused by one unlock shares one context."""


type Listener = Callable[[Delivery], None]


SIGNAL_DURESS: SignalType[str, Delivery] = SignalType(f"{DOMAIN}_duress")
"""Sent within Home Assistant for duress at any lock, with the id of its entry."""


class RecordDispatcher:
    """Delivers records, once Home Assistant has started and there is somebody to hear them."""

    def __init__(
        self,
        entry: ConfigEntry,
        lock: TuyaLock,
        members: Callable[[], dict[str, Member]],
        save: CALLBACK_TYPE,
    ) -> None:
        """Begin with what was received and not delivered in an earlier life."""
        self._entry, self._lock, self._members, self._save = entry, lock, members, save
        self._waiting = lock.journal.undelivered()
        self._listeners: dict[Kind, list[Listener]] = {kind: [] for kind in Kind}
        self._hass: HomeAssistant | None = None
        self._naming = False
        self._named = 0
        """The id of the last record that waited when names were looked up."""
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Return if something was received and not delivered."""
        return bool(self._waiting)

    @callback
    def async_subscribe(self, kind: Kind, listener: Listener) -> CALLBACK_TYPE:
        """Call back with every record of a kind, exactly once; return the unsubscribe."""
        self._listeners[kind].append(listener)
        if self._hass and self._waiting:
            # An entity has to show once that nothing has happened before triggers hear it.
            self._hass.loop.call_soon(self._async_deliver)
        return lambda: self._listeners[kind].remove(listener)

    @callback
    def async_begin(self, hass: HomeAssistant) -> None:
        """Deliver what came while Home Assistant was starting, and what a crash left over."""
        self._hass = hass
        self._async_deliver()

    @callback
    def async_take(self, records: tuple[Record, ...]) -> None:
        """Deliver records, once all before them are."""
        if not self._closed:
            self._waiting += records
            if self._waiting:
                self._async_deliver()

    @callback
    def close(self) -> None:
        """Deliver nothing any more; what comes waits for the next life."""
        self._closed = True

    @callback
    def _async_deliver(self) -> None:
        """Deliver what waits and can be heard, in order."""
        for record in tuple(self._waiting):
            if self._hass and not self._closed and not self._must_wait(self._hass, record):
                self._waiting.remove(record)
                self._async_deliver_one(self._hass, aged(record, time.time()))
        for kind in (Kind.ALARM, Kind.DOORBELL):
            for record in [one for one in self._waiting if one.kind is kind][:-MOST_WAITING]:
                self._waiting.remove(record)
        self._save()

    def _must_wait(self, hass: HomeAssistant, record: Record) -> bool:
        """Return if a record waits for an entity, or for the name of a temporary password."""
        if record.kind in {Kind.ALARM, Kind.DOORBELL}:
            return not self._listeners[record.kind]
        if record.kind is Kind.UNLOCK and not self._naming and self._lacks_name(record):
            self._naming = True
            self._named = self._waiting[-1].id
            self._entry.async_create_background_task(
                hass, self._async_look_up_name(), "look up a temporary password"
            )
        return record.kind is Kind.UNLOCK and self._naming

    def _async_deliver_one(self, hass: HomeAssistant, record: Record) -> None:
        """Deliver a record to those who listen to its kind."""
        delivery = self.describe(record)
        match record.event:
            case Unlock() as unlock:
                self._call(delivery)
                if delivery.member and is_duress(delivery.member, unlock):
                    async_dispatcher_send(hass, SIGNAL_DURESS, self._entry.entry_id, delivery)
            case Duress():
                if not self._is_marked(delivery):
                    async_dispatcher_send(hass, SIGNAL_DURESS, self._entry.entry_id, delivery)
            case Alarm():
                self._call(delivery)
            case Doorbell() if record.age is Age.LIVE:
                self._call(delivery)
        self._lock.delivered(record.id)

    def _call(self, delivery: Delivery) -> None:
        """Call the listeners of a record's kind."""
        for listener in tuple(self._listeners[delivery.record.kind]):
            listener(delivery)

    def _is_marked(self, delivery: Delivery) -> bool:
        """Return if duress is delivered with its unlock: a member's number says so already."""
        unlock, member = delivery.unlock, delivery.member
        return bool(
            member
            and unlock
            and isinstance(unlock.event, Unlock)
            and is_duress(member, unlock.event)
        )

    def describe(self, record: Record) -> Delivery:
        """Return a record with all that is known of who it was."""
        journal = self._lock.journal
        unlock = journal.find(record.unlock_id) if record.kind is Kind.DURESS else record
        if unlock is None or not isinstance(unlock.event, Unlock):
            return Delivery(record)
        return Delivery(
            record,
            unlock=unlock,
            member=owner(self._members().values(), unlock.event),
            password_name=self._lock.password_name(unlock.event, unlock.happened),
            duress=any(one.unlock_id == unlock.id for one in journal.of(Kind.DURESS)),
            context=Context() if record.kind is Kind.UNLOCK else None,
        )

    def _lacks_name(self, record: Record) -> bool:
        """Return if a temporary password has opened whose name may be in the cloud."""
        unlock = record.event
        return (
            isinstance(unlock, Unlock)
            and unlock.method == "temporary_password"
            and unlock.number is not None
            and record.id > self._named
            and self._lock.cloud is not None
            and self._lock.password_name(unlock, record.happened) is None
        )

    async def _async_look_up_name(self) -> None:
        """Ask the cloud for names; what it does not say soon stays without one."""
        with suppress(CloudError, TimeoutError):
            async with asyncio.timeout(NAME_WITHIN):
                await self._lock.passwords.refresh()
        self._naming = False
        self._async_deliver()
