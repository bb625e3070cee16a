"""Delivers the records of a lock to all who listen: each once, in order, with the known names."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .members import Member, is_duress
from .opener import Opener
from .tuyalock import Age, CloudError, Kind, Record, TuyaLock, Unlock

NAME_WITHIN = 3.0
"""Seconds that an unlock waits for the name of its temporary password."""
MOST_WAITING = 20
"""Alarms or rings that wait for their entity; older ones are given up, as it may be disabled."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record, with all that is known of it."""

    record: Record
    member: Member | None = None
    password_name: str | None = None
    first_use: bool = False
    """It is the first unlock with a temporary password."""
    opener: str | None = None
    """Who has opened the door with Home Assistant."""
    duress: bool = False
    """An unlock that the lock reported to be under duress."""
    unlock: Record | None = None
    """The unlock that duress is about, or the record itself."""
    context: Context | None = None
    """Of the call that was the cause of an unlock, or a new one: all that it causes shares it."""


type Listener = Callable[[Delivery], None]


SIGNAL_DURESS: SignalType[str, Delivery] = SignalType(f"{DOMAIN}_duress")
"""Sent within Home Assistant for duress at any lock, with the id of its entry."""


class RecordDispatcher:
    """Delivers records, once Home Assistant has started and there is somebody to hear them."""

    def __init__(
        self,
        entry: ConfigEntry,
        lock: TuyaLock,
        owner: Callable[[Unlock], Member | None],
        opener: Opener,
        save: CALLBACK_TYPE,
    ) -> None:
        """Begin with what was received and not delivered before the restart."""
        self._entry, self._lock, self._owner, self._save = entry, lock, owner, save
        self._opener = opener
        self._waiting = lock.undelivered()
        self._listeners: defaultdict[Kind, list[Listener]] = defaultdict(list)
        self._hass: HomeAssistant | None = None
        self._naming = False
        self._named = 0
        """The id of the last record that waited when names were looked up."""
        self._delivering = False
        """What a listener causes waits until all have heard the record before."""
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Return if something was received and not delivered."""
        return bool(self._waiting)

    @callback
    def async_subscribe(self, kind: Kind, listener: Listener, *, first: bool = False) -> None:
        """Call back with every record of a kind, exactly once.

        `first`: before those who have subscribed already.
        """
        listeners = self._listeners[kind]
        listeners.insert(0 if first else len(listeners), listener)
        if self._hass and self._waiting:
            # An entity has to show once that nothing has happened before triggers hear it.
            self._hass.loop.call_soon(self._async_deliver)

    @callback
    def async_unsubscribe(self, kind: Kind, listener: Listener) -> None:
        """Stop calling back."""
        self._listeners[kind].remove(listener)

    @callback
    def async_begin(self, hass: HomeAssistant) -> None:
        """Deliver what came while Home Assistant was starting, and what a crash left over."""
        self._hass = hass
        if self._waiting:
            self._async_deliver()

    @callback
    def async_take(self, records: tuple[Record, ...]) -> None:
        """Deliver records, once all before them are."""
        if not self._closed:
            self._async_deliver(records)

    @callback
    def close(self) -> None:
        """Stop delivering; what comes waits for the next start."""
        self._closed = True

    @callback
    def _async_deliver(self, new: tuple[Record, ...] = ()) -> None:
        """Deliver what waits and can be heard, in order, as it is known now."""
        self._waiting = [*map(self._lock.as_known, self._waiting), *new]
        if self._hass is None or self._delivering:
            return
        self._delivering = True
        try:
            while (record := self._next(self._hass)) and not self._closed:
                self._waiting.remove(record)
                self._async_deliver_one(self._hass, record)
        finally:
            self._delivering = False
        for kind in (Kind.ALARM, Kind.DOORBELL):
            for record in [one for one in self._waiting if one.event.kind is kind][:-MOST_WAITING]:
                self._waiting.remove(record)
                self._lock.delivered(record.id)
        self._save()

    def _next(self, hass: HomeAssistant) -> Record | None:
        """Return the first record that can be delivered now."""
        for record in self._waiting:
            if not self._must_wait(hass, record):
                return record
        return None

    def _must_wait(self, hass: HomeAssistant, record: Record) -> bool:
        """Return if a record waits for an entity, or for the name of a temporary password."""
        kind = record.event.kind
        if kind in {Kind.ALARM, Kind.DOORBELL}:
            return not self._listeners[kind]
        if kind is not Kind.UNLOCK:
            return False
        if not self._naming and record.id > self._named and self._lock.lacks_name(record):
            self._naming = True
            self._named = self._waiting[-1].id
            self._entry.async_create_background_task(
                hass, self._async_look_up_name(), "look up a temporary password"
            )
        return self._naming

    def _async_deliver_one(self, hass: HomeAssistant, record: Record) -> None:
        delivery, kind = self._describe(record), record.event.kind
        if kind is not Kind.DOORBELL or record.age is Age.LIVE:
            for listener in tuple(self._listeners[kind]):
                listener(delivery)
        if kind is Kind.UNLOCK and delivery.first_use:
            self._lock.note_use(record)
        marked = kind is Kind.UNLOCK and not delivery.duress and _is_marked(delivery)
        if marked:
            self._lock.note_duress(record)
        if marked or kind is Kind.DURESS:
            async_dispatcher_send(hass, SIGNAL_DURESS, self._entry.entry_id, delivery)
        self._lock.delivered(record.id)

    def _describe(self, record: Record) -> Delivery:
        """Return a record with all that is known of who it was."""
        lock, is_unlock = self._lock, record.event.kind is Kind.UNLOCK
        unlock = record if is_unlock else lock.unlock_of(record)
        if unlock is None or not isinstance(unlock.event, Unlock):
            return Delivery(record)
        password = lock.password_of(unlock)
        return Delivery(
            record,
            unlock=unlock,
            member=self._owner(unlock.event),
            password_name=password.name if password else None,
            first_use=password is not None and password.first_use in {None, unlock.id},
            opener=self._opener.name_of(unlock),
            duress=unlock.id in [one.unlock_id for one in lock.records(Kind.DURESS)],
            context=(self._opener.context_of(unlock) or Context()) if is_unlock else None,
        )

    async def _async_look_up_name(self) -> None:
        """Ask the cloud for names; without an answer in time there is none."""
        with suppress(CloudError, TimeoutError):
            async with asyncio.timeout(NAME_WITHIN):
                await self._lock.passwords.refresh()
        self._naming = False
        self._async_deliver()


def _is_marked(delivery: Delivery) -> bool:
    """Return if a member opened with a number that is used under duress."""
    unlock, member = delivery.unlock, delivery.member
    return member is not None and unlock is not None and is_duress(member, unlock.unlock)
