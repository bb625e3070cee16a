"""Hands out the alarms, rings and duress of a lock, each once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import time
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .delivery import Unlocked
from .members import Member, is_duress
from .tuyalock import (
    LATE_AFTER,
    Age,
    Kind,
    Record,
    Signal,
    SignalRecord,
    TuyaLock,
    Unlock,
)
from .tuyalock.records import KEPT

MOST_WAITING = 20
"""Signals that wait for an entity; one that is disabled never asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A signal, and what is known of who caused it."""

    id: int | None = None
    """The lock's id of the signal; None if a member's number says it."""
    signal: Signal
    time: float | None
    """When it happened, Unix seconds; None if the lock had saved it up without its time."""
    late: bool
    route: str
    unlock: Record | None = None
    member: Member | None = None


type SignalListener = Callable[[Signalled], None]


class SignalDelivery:
    """Hands out signals to those who listen; until somebody does, they wait."""

    def __init__(
        self,
        lock: TuyaLock,
        owner: Callable[[Unlock], Member | None],
        changed: CALLBACK_TYPE,
        stored: Mapping[str, Any] | None,
    ) -> None:
        """Go on from what `as_dict` returned in an earlier life."""
        stored = stored or {}
        self._lock, self._owner, self._changed = lock, owner, changed
        self._shown = {Kind(kind) for kind in stored.get("shown", ())}
        self._duress: list[int] = list(stored.get("duress", ()))
        """Ids of the unlock records whose duress was told."""
        self._forced: set[int] = set()
        """Ids of the unlock records about which the lock or its cloud has told duress."""
        self._waiting: dict[Kind, list[Signalled]] = {kind: [] for kind in Kind}
        for record in lock.signals.undelivered():
            self._wait(self._describe(record))
        self._listeners: dict[Kind, list[SignalListener]] = {kind: [] for kind in Kind}
        self._hass: HomeAssistant | None = None
        self._closed = False

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {"shown": sorted(self._shown), "duress": self._duress}

    def shows(self, kind: Kind) -> bool:
        """Return if the lock has had a signal of a kind."""
        return kind in self._shown

    @callback
    def async_begin(self, hass: HomeAssistant) -> None:
        """Hand out what came while Home Assistant was starting."""
        self._hass = hass
        for kind in Kind:
            self._async_hand_out(kind)

    @callback
    def async_subscribe(self, kind: Kind, listener: SignalListener) -> CALLBACK_TYPE:
        """Call back with every signal of a kind, exactly once; return the unsubscribe."""
        self._listeners[kind].append(listener)
        if self._hass:
            # An entity has to show once that nothing has happened before triggers hear it.
            self._hass.loop.call_soon(self._async_hand_out, kind)
        return lambda: self._listeners[kind].remove(listener)

    @callback
    def async_take(self, record: SignalRecord) -> None:
        """Take what the lock or its cloud tells."""
        if record.unlock_record is not None:
            self._forced.add(record.unlock_record)
        self._async_keep(self._describe(record))
        if self._hass:
            # Not at once: an unlock of the same report is told first.
            self._hass.loop.call_soon(self._async_hand_out, record.signal.kind)

    def is_forced(self, record: Record) -> bool:
        """Return if the lock has told duress together with an unlock."""
        return record.id in self._forced

    @callback
    def async_unlocked(self, unlocked: Unlocked) -> None:
        """Tell duress if a member uses a number that is marked so."""
        record, member = unlocked.record, unlocked.member
        if member and is_duress(member, record.unlock):
            self._async_keep(
                Signalled(
                    signal=Signal(Kind.DURESS),
                    time=record.known_time,
                    late=record.age is not Age.LIVE,
                    route=record.route,
                    unlock=record,
                    member=member,
                )
            )
            self._async_hand_out(Kind.DURESS)

    def _describe(self, record: SignalRecord) -> Signalled:
        """Return a signal with the unlock that it is about, and whose that was."""
        unlock = next((one for one in self._lock.journal if one.id == record.unlock_record), None)
        return Signalled(
            id=record.id,
            signal=record.signal,
            time=record.time if record.late else record.happened,
            late=record.late,
            route=record.route,
            unlock=unlock,
            member=self._owner(unlock.unlock) if unlock else None,
        )

    def close(self) -> None:
        """Hand out nothing any more."""
        self._closed = True

    @callback
    def _async_keep(self, signalled: Signalled) -> None:
        """Keep a signal until there is somebody to hear it."""
        self._wait(signalled)
        self._shown.add(signalled.signal.kind)
        self._changed()

    def _wait(self, signalled: Signalled) -> None:
        """Put a signal behind those that wait; the oldest gives way if there are too many."""
        waiting = self._waiting[signalled.signal.kind]
        waiting.append(signalled)
        del waiting[:-MOST_WAITING]

    @callback
    def _async_hand_out(self, kind: Kind) -> None:
        """Hand out what waits, unless nobody can hear it yet."""
        waiting = self._waiting[kind]
        while self._hass and self._listeners[kind] and waiting and not self._closed:
            signalled = _aged(waiting.pop(0), time.time())
            if self._is_news(signalled):
                for listener in tuple(self._listeners[kind]):
                    listener(signalled)
            if signalled.id is not None:
                self._lock.signals.mark_delivered(signalled.id)

    def _is_news(self, signalled: Signalled) -> bool:
        """Return if a signal is to be told: duress once for each unlock, a ring only at once."""
        if signalled.signal.kind is Kind.DOORBELL:
            return not signalled.late
        if signalled.signal.kind is Kind.DURESS and signalled.unlock:
            if signalled.unlock.id in self._duress:
                return False
            self._duress = [*self._duress[1 - KEPT :], signalled.unlock.id]
        return True


def _aged(signalled: Signalled, now: float) -> Signalled:
    """Return a signal that had to wait until Unix time `now`; it may be late by then."""
    waited = signalled.time is not None and now - signalled.time > LATE_AFTER
    return replace(signalled, late=signalled.late or waited)
