"""The journal: the last records of a lock, each once, whichever sources report it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..models import (
    LATE_AFTER,
    Age,
    Alarm,
    Event,
    Kind,
    Record,
    RecordId,
    Source,
    Unlock,
    When,
    is_set,
)
from ..products.decoder import ALARMS, UNLOCK_METHODS
from ..storage import Reader
from .ageing import CLOCK_AHEAD, CLOCK_TOLERANCE, when

KEPT = 200
"""Records of each kind."""
CLOCK_BEHIND = 600.0
"""Seconds that a lock's clock may be behind ours."""
SAVED_UP = 30 * 86400.0
"""Seconds for which a lock may have kept a record that it hands over without its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The stored form of a journal."""

    next_id: RecordId = 1
    watermarks: Mapping[Kind, float] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)


class Journal:
    """The last records in the order in which they were received.

    A record is kept as soon as it is received, even if its age can be decided only later; until
    then it is pending, and nobody sees it.
    """

    kinds: frozenset[Kind] = frozenset()
    """The kinds of records there are, but for pending ones."""
    _sources: frozenset[Source] = frozenset()
    """The sources of records; only different ones report the same."""

    def __init__(self) -> None:
        self._records: dict[RecordId, Record] = {}
        self._counts: Counter[Kind] = Counter()
        self._next_id = 1
        self._watermarks: dict[Kind, float] = {}
        """The newest time of a record of each kind that is no longer kept."""
        self._loaded_id = 0
        """The id of the last record of an earlier start."""
        self.changes = 0
        """How often something in it has changed."""
        self.last_unlock: Record | None = None
        """The unlock that happened last, by all that the records say."""

    def __len__(self) -> int:
        """Return how many records are kept, but for pending ones."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Record]:
        """Return the records, the oldest first, but for pending ones."""
        return iter([one for one in self._records.values() if one.age is not None])

    def of(self, kind: Kind) -> list[Record]:
        """Return the records of a kind, the oldest first, but for pending ones."""
        if kind not in self.kinds:
            return []
        return [one for one in self if one.event.kind is kind]

    def find(self, record_id: RecordId | None) -> Record | None:
        """Return a record by its id, pending or not."""
        return None if record_id is None else self._records.get(record_id)

    def add(
        self,
        event: Event,
        at: When,
        source: Source,
        age: Age | None,
        *,
        delivered: bool = False,
        unlock_id: int | None = None,
    ) -> Record | None:
        """Keep a record, or return None if it is known already; the age None makes it pending."""
        record = Record(
            id=self._next_id,
            event=event,
            when=at,
            source=source,
            age=age,
            delivered=delivered,
            unlock_id=unlock_id,
        )
        if at.claimed is not None and self._has(record, at.claimed):
            return None
        if age is not None and self._merge(record):
            return None
        self._next_id += 1
        self.changes += 1
        self._keep(record)
        if self._counts[event.kind] > KEPT:
            self._forget(event.kind)
        return self._note(record)

    def settle(
        self, record_id: int, age: Age | None, unlock_id: int | None = None
    ) -> Record | None:
        """Give a pending record its age; return it, or None if it turns out to be known already.

        The age None says that it is the same as one that was received later.
        """
        if (pending := self._records.get(record_id)) is None:
            return None
        self.changes += 1
        record = replace(pending, age=age)
        if unlock_id is not None:
            record = replace(record, unlock_id=unlock_id)
        if age is None or self._merge(record):
            self._drop(record)
            return None
        self._records[record_id] = record
        return self._note(record)

    def is_news(self, record_id: int, age: Age) -> bool:
        """Return if a pending record would be news with this age."""
        record = self.find(record_id)
        return record is not None and self._other_half(replace(record, age=age)) is None

    def mark_delivered(self, record_id: int) -> None:
        """Note that a record has reached its listeners."""
        if record := self._records.get(record_id):
            self.changes += 1
            self._records[record_id] = replace(record, delivered=True)

    def undelivered(self) -> list[Record]:
        """Return what was received and not delivered."""
        return [record for record in self if not record.delivered]

    def date_again(self, ahead: float) -> None:
        """Date what came since the start while our clock was not set: it was behind by so much."""
        self.changes += 1
        self.last_unlock = None
        for id_, one in self._records.items():
            if id_ > self._loaded_id and not is_set(one.when.received):
                at = when(one.when.claimed, one.when.received + ahead)
                self._records[id_] = replace(one, when=at)
            self._note(self._records[id_])

    def recover(self) -> None:
        """Note a crash: what was not marked as delivered may have been, so it is no news."""
        for id_, one in self._records.items():
            if one.age is Age.LIVE and not one.delivered:
                self._records[id_] = replace(one, age=Age.LATE)

    # The same record from another source

    def _has(self, record: Record, claimed: float) -> bool:
        """Return if a record with the lock's own time is here, or older than what is kept.

        Only what an account or the cloud reports goes back that far; a lock that hands over such a
        time itself has a clock that was set back.
        """
        time = record.when.time
        watermark = self._watermarks.get(record.kind, float("-inf"))
        if record.source is not Source.LAN and time is not None and time <= watermark:
            return True
        # The lock counts whole seconds, the cloud milliseconds.
        return any(
            one.when.claimed is not None
            and int(one.when.claimed) == int(claimed)
            and one.event == record.event
            for one in self._records.values()
        )

    def _merge(self, record: Record) -> bool:
        """Take a record as the other half of one that is known; return if it is."""
        if record.unlock_id is not None and self._same_duress(record):
            return True
        if (known := self._other_half(record)) is None:
            return False
        if known.when.claimed is None:
            # Of a lock whose clock is ahead, we know better when it was.
            at = record.when
            behind = at.time - at.claimed if at.time and at.claimed else None
            known = replace(known, when=when(at.claimed, known.when.received, behind))
        self.changes += 1
        self._records[known.id] = replace(known, confirmed=True)
        return True

    def _other_half(self, record: Record) -> Record | None:
        """Return the same record of another source, one of the two without its time."""
        if self._sources <= {record.source}:
            return None
        # An account hears at once: what is new there is not what the lock reported long before.
        at_once = record.source is Source.ACCOUNT and record.age is Age.LIVE
        reach = LATE_AFTER + CLOCK_TOLERANCE if at_once else float("inf")
        for one in self._records.values():
            if one.source is record.source or one.confirmed or one.age is None:
                continue
            if record.when.received - one.when.received <= reach and _are_one(one, record):
                return one
        return None

    def _same_duress(self, record: Record) -> bool:
        """Return if it is duress about an unlock that is known to have been under duress."""
        return any(one.unlock_id == record.unlock_id and one.id != record.id for one in self)

    # What is kept

    def _note(self, record: Record) -> Record:
        """Keep in mind which kinds there are, and which unlock happened last."""
        if record.age is not None:
            if record.event.kind not in self.kinds:
                self.kinds |= {record.event.kind}
            if isinstance(record.event, Unlock):
                self.last_unlock = _later(self.last_unlock, record)
        return record

    def _forget(self, kind: Kind) -> None:
        """Drop the oldest records of a kind if there are too many."""
        while self._counts[kind] > KEPT:
            oldest = next(one for one in self._records.values() if one.event.kind is kind)
            self._drop(oldest)
            if (time := oldest.when.time) is not None:
                self._watermarks[kind] = max(self._watermarks.get(kind, time), time)

    def _keep(self, record: Record) -> None:
        self._records[record.id] = record
        self._counts[record.event.kind] += 1
        if record.source not in self._sources:
            self._sources |= {record.source}

    def _drop(self, record: Record) -> None:
        del self._records[record.id]
        self._counts[record.event.kind] -= 1

    @property
    def stored(self) -> dict[str, Any]:
        """Return what is stored of it; from_dict reads that."""
        return {
            "next_id": self._next_id,
            "watermarks": dict(self._watermarks),
            "records": dict(self._records),
        }

    @classmethod
    def from_dict(cls, data: Any, reader: Reader | None = None) -> Self:
        """Return the journal of a stored form, without the records that cannot be read.

        Nobody can decide any more how old pending ones are.
        """
        reader = reader or Reader()
        stored: _Stored = reader.read("journal", _Stored, data, _Stored())
        journal = cls()
        records = {one.id: one for one in stored.records.values() if _is_known(one.event)}
        reader.lose("journal", len(stored.records) - len(records))
        first = {one.kind: one.when.received for one in reversed(records.values())}
        journal._next_id = max(1, stored.next_id, *(id_ + 1 for id_ in records))
        journal._loaded_id = journal._next_id - 1
        # Nobody knows any longer when it was that our clock was not set.
        for one in records.values():
            journal._keep(one if is_set(one.when.received) else replace(one, confirmed=True))
        # What is no longer kept was received before what is.
        journal._watermarks = {
            kind: min(time, first[kind] + CLOCK_TOLERANCE)
            for kind, time in stored.watermarks.items()
            if kind in first
        }
        for one in tuple(journal._records.values()):
            if one.age is None:
                journal.settle(one.id, Age.UNKNOWN)
            else:
                journal._note(one)
        for kind in Kind:
            journal._forget(kind)
        return journal


def _is_known(event: Event) -> bool:
    """Return if an event is of a type that is known; a newer version may have others."""
    match event:
        case Unlock():
            return event.method in UNLOCK_METHODS
        case Alarm():
            return event.type in ALARMS
    return True


def _are_one(known: Record, record: Record) -> bool:
    """Return if two records can be one, of which only one knows the time."""
    with_time, without = (known, record) if record.when.claimed is None else (record, known)
    apart = abs(record.when.received - known.when.received)
    claimed = with_time.when.time or with_time.when.claimed
    if known.event != record.event or claimed is None or without.when.claimed is not None:
        return False
    if not is_set(without.when.received):
        return apart <= LATE_AFTER
    if without is record and record.age is Age.LIVE:
        # Rather than swallow a record that is new, an old one is delivered again.
        time = known.known_time
        return time is not None and -CLOCK_TOLERANCE <= record.when.received - time <= LATE_AFTER
    reach = CLOCK_BEHIND if without.age is Age.LIVE else SAVED_UP
    return -CLOCK_AHEAD <= without.when.received - claimed <= reach


def _later(last: Record | None, record: Record) -> Record:
    """Return what happened later, if our own clock was not ahead when it received the last one."""
    if last is None or (before := last.happened) > record.when.received + CLOCK_TOLERANCE:
        return record
    return last if (before, last.id) > (record.happened, record.id) else record
