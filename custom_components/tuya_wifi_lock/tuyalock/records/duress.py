"""Which unlock a report of duress is about."""

from dataclasses import dataclass

from ..clock import Clock
from ..models import Age, Duress, Kind, Record, Source, Unlock
from .ageing import CLOCK_TOLERANCE
from .journal import Journal

BELONGS_WITHIN = 30.0
"""Seconds after an unlock in which duress can be about it."""
JUST_NOW = 1.0
"""Seconds after an unlock in which duress certainly is about it."""
FOLLOWS_WITHIN = 2.0
"""Seconds in which an unlock comes that a lock reports after its duress."""


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

    def __init__(self, clock: Clock, journal: Journal) -> None:
        """Begin with none."""
        self._clock, self._journal = clock, journal
        self._pending: list[_Pending] = []

    @property
    def due(self) -> float:
        """Return the monotonic time at which something is decided if nothing comes."""
        return min((one.due for one in self._pending), default=float("inf"))

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
        """Return the records that wait no more at a monotonic time, with the unlocks they fit."""
        ready = [one for one in self._pending if one.due <= now]
        self._pending = [one for one in self._pending if one not in ready]
        return self._settle([(one, self._around(one.record)) for one in ready])

    def _around(self, record: Record) -> int | None:
        """Return the unlock that fits a record of duress by their times."""
        if record.source is Source.LAN:
            return nearest_unlock(self._journal, record.when.received, BELONGS_WITHIN)
        assert isinstance(record.event, Duress)
        return unlock_before(self._journal, record.event, record.happened)

    def _settle(self, found: list[tuple[_Pending, int | None]]) -> list[Record]:
        """Return those records that are new."""
        settled = (self._journal.settle(one.record.id, one.age, id_) for one, id_ in found)
        return [record for record in settled if record]
