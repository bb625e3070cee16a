"""Keeps what a lock and other sources report: decides its age, and journals it once."""

from dataclasses import dataclass, replace
import logging

from ..clock import Clock
from ..models import Age, Alarm, Doorbell, Duress, Event, Kind, Record, Source, Unlock, When
from .ageing import (
    CLOCK_TOLERANCE,
    Ageing,
    Pace,
    Verdict,
    Waiting,
    age_by_time,
    age_elsewhere,
    when,
)
from .journal import Journal

_LOGGER = logging.getLogger(__name__)

BELONGS_WITHIN = 30.0
"""Seconds after an unlock in which duress can be about it."""
JUST_NOW = 1.0
"""Seconds after an unlock in which duress certainly is about it."""
FOLLOWS_WITHIN = 2.0
"""Seconds in which an unlock comes that a lock reports after its duress."""

type Claims = list[tuple[Event, float | None]]
"""Events of one report, each with the lock's own time of it, Unix seconds."""


class RecordKeeper:
    """Makes records of events. Each method returns the records that are new and decided."""

    __slots__ = ("_ageing", "_device_id", "_duress", "_since", "_waiting", "journal")

    def __init__(
        self, device_id: str, journal: Journal, clock: Clock, since: float, pace: Pace
    ) -> None:
        """Keep a lock's records in a journal; what is older than a Unix time is no news."""
        self.journal = journal
        self._device_id = device_id
        self._since = since
        self._ageing = Ageing(clock, pace)
        self._waiting = Waiting(clock, journal.undelivered())
        self._duress = PendingDuress(clock, journal)

    @property
    def due(self) -> float:
        """Return the monotonic time at which something is decided if nothing comes."""
        return min(self._ageing.due, self._duress.due)

    @property
    def pace(self) -> Pace:
        """Return how the lock hands over what it has saved up, as far as it has shown."""
        return self._ageing.pace

    @property
    def last_unlock(self) -> Record | None:
        """Return the last unlock; a pending one counts if it is not known already."""
        held = self._ageing.held
        if held and isinstance(held.event, Unlock) and self.journal.is_news(held.id, held.age):
            return self.journal.find(held.id)
        return self.journal.last_unlock

    def opened(self, hint_at: float | None, *, woken: bool) -> None:
        """Begin a connection, after a hint at a monotonic time; `woken`: it was asleep before."""
        self._ageing.opened(hint_at, woken=woken)

    def speaks_now(self) -> None:
        """Note that what comes over this connection was not recorded."""
        self._ageing.speaks_now = True

    def pushed(self, claims: Claims, received: float, behind: float | None = None) -> list[Record]:
        """Keep what the lock pushed: news, even if it equals the last. Its clock may be behind."""
        unlocks = [event for event, _ in claims if isinstance(event, Unlock)]
        new: list[Record] = []
        for event, claimed in claims:
            at = when(claimed, received, behind)
            match event:
                case Duress():
                    new += self._keep_duress(event, at, unlocks[-1] if unlocks else None)
                case Alarm():
                    # It may have been saved up, but must not wait, and several belong together.
                    new += self._add(event, at, Source.LAN, age_by_time(at) or Age.LIVE)
                case _:
                    new += self._keep_pushed(event, at)
        return new

    def answered(self, claims: Claims, received: float) -> None:
        """Keep the unlocks in an answer that has only what changed since the lock woke."""
        for event, _ in claims:
            if isinstance(event, Unlock) and self._ageing.counts(event):
                record = self._enter(event, When(received), Source.LAN, None)
                if record:
                    self._ageing.hold_answer(record)

    def reported(
        self, claims: Claims, received: float, source: Source, behind: float | None = None
    ) -> list[Record]:
        """Keep what the cloud or an account reports of a lock whose clock may be behind ours."""
        new: list[Record] = []
        for event, claimed in claims:
            at = when(claimed, received, behind)
            age = age_elsewhere(at, source)
            if not isinstance(event, Duress):
                new += self._add(event, at, source, age)
            elif source is Source.ACCOUNT and not self._unlock_just_before(at.happened):
                self._hold_duress(event, at, source, age)
            else:
                unlock_id = unlock_before(self.journal, event, at.happened)
                new += self._add(event, at, source, age, unlock_id=unlock_id)
        return new

    def as_known(self, record: Record) -> Record:
        """Return a record as it is known now: it may have been dated, or be late by now."""
        return self._waiting.aged(self.journal.find(record.id) or record)

    def delivered(self, record_id: int) -> None:
        """Note that a record has reached all who listen."""
        self.journal.mark_delivered(record_id)
        self._waiting.remove(record_id)

    def decide(self, now: float) -> list[Record]:
        """Decide what no longer needs to wait at a monotonic time."""
        new = self._settle(self._ageing.decide(now))
        return new + self._duress.decide(now)

    def closed(self) -> list[Record]:
        """Decide what was held back for what might follow: the connection has ended."""
        return self._settle(self._ageing.closed())

    def _keep_pushed(self, event: Event, at: When) -> list[Record]:
        """Keep an unlock or a ring, whose age may depend on what follows."""
        age, verdicts = self._ageing.pushed(event, at)
        new = self._settle(verdicts) if verdicts else []
        if age:
            return new + self._add(event, at, Source.LAN, age)
        if record := self._enter(event, at, Source.LAN, None):
            self._ageing.hold(record)
        return new

    def _keep_duress(self, event: Duress, at: When, own: Unlock | None) -> list[Record]:
        """Keep duress that the lock pushed, with the unlock of the same report or right before."""
        age = age_by_time(at) or Age.LIVE
        held = self._ageing.held
        if held and isinstance(held.event, Unlock):
            return self._hold_duress(event, at, Source.LAN, age, held.id)
        unlock_id = last_unlock(self.journal, own) if own else self._unlock_just_before(at.received)
        if unlock_id is None:
            return self._hold_duress(event, at, Source.LAN, age)
        return self._add(event, at, Source.LAN, age, unlock_id=unlock_id)

    def _unlock_just_before(self, at: float) -> int | None:
        """Return the unlock that duress at a Unix time certainly is about."""
        return nearest_unlock(self.journal, at, JUST_NOW)

    def _hold_duress(
        self, event: Duress, at: When, source: Source, age: Age, unlock_id: int | None = None
    ) -> list[Record]:
        """Keep duress until the unlock that it is about is known."""
        if record := self._enter(event, at, source, None):
            self._duress.hold(record, age, unlock_id)
        return []

    def _add(
        self, event: Event, at: When, source: Source, age: Age, *, unlock_id: int | None = None
    ) -> list[Record]:
        return self._new(self._enter(event, at, source, age, unlock_id=unlock_id))

    def _enter(
        self,
        event: Event,
        at: When,
        source: Source,
        age: Age | None,
        *,
        unlock_id: int | None = None,
    ) -> Record | None:
        """Enter an event in the journal; return None if it is known already."""
        delivered = source is not Source.LAN and self._is_old(at)
        record = self.journal.add(event, at, source, age, delivered=delivered, unlock_id=unlock_id)
        if record is None:
            _LOGGER.debug("%s: known: %s from %s", self._device_id, event, source)
            return None
        if not delivered:
            self._waiting.add(record.id)
        if age is None:
            _LOGGER.debug("%s: held back: %s", self._device_id, record)
        return record

    def _settle(self, verdicts: list[Verdict]) -> list[Record]:
        """Give pending records their age; return those that are new, each before its duress."""
        new: list[Record] = []
        for record_id, age in verdicts:
            pending = self.journal.find(record_id)
            record = self.journal.settle(record_id, age)
            if record is None:
                self._waiting.remove(record_id)
                _LOGGER.debug("%s: known: %s", self._device_id, pending)
            new += self._new(record)
            if pending:
                new += self._duress.unlock_settled(record_id, pending)
        return new

    def _new(self, record: Record | None) -> list[Record]:
        """Return a record if it is new; after a late ring nobody waits at the door."""
        if record and isinstance(record.event, Doorbell) and record.age is not Age.LIVE:
            self.delivered(record.id)
            record = replace(record, delivered=True)
        return [record] if record else []

    def _is_old(self, at: When) -> bool:
        """Return if something is from before the lock was set up."""
        time = at.claimed if at.time is None else at.time
        return time is not None and time < self._since


# Which unlock a report of duress is about


def nearest_unlock(journal: Journal, at: float, within: float) -> int | None:
    """Return the unlock nearest to a Unix time, if it was not long before."""
    found = [
        (abs(since), -record.id)
        for record in journal.of(Kind.UNLOCK)
        if -FOLLOWS_WITHIN <= (since := at - _noticed(record)) <= within
    ]
    return -min(found)[1] if found else None


def last_unlock(journal: Journal, unlock: Unlock) -> int | None:
    """Return the last record of an unlock."""
    return max((one.id for one in journal.of(Kind.UNLOCK) if one.event == unlock), default=None)


def unlock_before(journal: Journal, event: Duress, at: float) -> int | None:
    """Return the last record of the unlock that is named, or of any, just before a Unix time."""
    found = [
        (record.happened, record.id)
        for record in journal.of(Kind.UNLOCK)
        if event.unlock in {None, record.event}
        and -CLOCK_TOLERANCE <= at - record.happened <= BELONGS_WITHIN
    ]
    return max(found)[1] if found else None


def _noticed(record: Record) -> float:
    """Return when an unlock was noticed, to compare it with a duress."""
    return record.when.received if record.source is Source.LAN else record.happened


@dataclass(frozen=True, slots=True)
class _Pending:
    """Duress whose unlock is not known yet."""

    record: Record
    age: Age
    unlock_id: int | None
    """The pending unlock that it is about; None if one may follow."""
    due: float


class PendingDuress:
    """Duress that waits for the unlock that it is about."""

    __slots__ = ("_clock", "_journal", "_pending")

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock, self._journal = clock, journal
        self._pending: list[_Pending] = []

    @property
    def due(self) -> float:
        """Return the monotonic time at which something is decided if nothing comes."""
        return min([one.due for one in self._pending], default=float("inf"))

    def hold(self, record: Record, age: Age, unlock_id: int | None = None) -> None:
        """Hold back a record until the unlock with an id is decided, or until one has followed."""
        wait = float("inf") if unlock_id else FOLLOWS_WITHIN
        due = self._clock.monotonic() + wait
        self._pending.append(_Pending(record, age, unlock_id, due))

    def unlock_settled(self, pending_id: int, unlock: Record) -> list[Record]:
        """Return the records about an unlock that was pending, and is now in the journal."""
        ready = [one for one in self._pending if one.unlock_id == pending_id]
        self._pending = [one for one in self._pending if one not in ready]
        return self._settle([(one, last_unlock(self._journal, unlock.unlock)) for one in ready])

    def decide(self, now: float) -> list[Record]:
        """Return the records that no longer wait at a monotonic time, with the unlocks they fit."""
        ready = [one for one in self._pending if one.due <= now]
        self._pending = [one for one in self._pending if one not in ready]
        return self._settle([(one, self._around(one.record)) for one in ready])

    def _around(self, record: Record) -> int | None:
        """Return the unlock that fits a record of duress by their times."""
        record = self._journal.find(record.id) or record
        if record.source is Source.LAN:
            return nearest_unlock(self._journal, record.when.received, BELONGS_WITHIN)
        assert isinstance(record.event, Duress)
        return unlock_before(self._journal, record.event, record.happened)

    def _settle(self, found: list[tuple[_Pending, int | None]]) -> list[Record]:
        settled = (self._journal.settle(one.record.id, one.age, id_) for one, id_ in found)
        return [record for record in settled if record]
