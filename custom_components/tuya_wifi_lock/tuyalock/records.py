"""Unlock records and the journal that keeps each of them once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from .state import Unlock
from .stored import known_fields

LAN = "lan"
"""The route of what a lock tells us itself."""
CLOUD = "cloud"
"""The route of what the records in Tuya's cloud tell."""
ACCOUNT = "account"
"""The route of what a lock tells the owner's Tuya account."""
KEPT = 200
LATE_AFTER = 60.0
"""Seconds after which a record is no news."""
CLOCK_TOLERANCE = 10.0
"""Seconds that a lock's clock may be ahead of ours and its times still be believed."""
CLOCK_AHEAD = 300.0
"""Seconds that it may be ahead and its records still be known for what it told without a time."""
CLOCK_BEHIND = 600.0
"""Seconds that a lock's clock may be behind ours."""
SAVED_UP = 30 * 86400.0
"""Seconds for which a lock may have kept an unlock that it hands over without its time."""


class Age(StrEnum):
    """How old a record was when it arrived."""

    LIVE = "live"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An unlock that a lock has reported. Times are Unix seconds."""

    unlock: Unlock
    time: float | None
    """The lock's own time, where it gave a believable one."""
    received: float
    age: Age
    claimed: float | None = None
    """The lock's own time as it is, believable or not: it tells one record from another."""

    @property
    def stamp(self) -> float | None:
        """Return the time by which all routes know this unlock, if it came with one."""
        return self.time if self.claimed is None else self.claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One unlock in the journal. Times are Unix seconds."""

    id: int
    method: str
    number: int | None
    code_name: str | None
    time: float | None
    received: float
    age: Age
    route: str
    delivered: bool = False
    claimed: float | None = None
    confirmed: bool = False
    """Another route has told it as well, one of the two without a time."""

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def unlock(self) -> Unlock:
        """Return how it was opened, and by which number."""
        return Unlock(self.method, self.number, self.code_name)

    @property
    def known_time(self) -> float | None:
        """When it happened, or None if the lock had saved it up without its time."""
        return None if self.time is None and self.age is Age.UNKNOWN else self.happened

    @property
    def happened(self) -> float:
        """When it happened, as far as known."""
        return self.received if self.time is None else self.time

    @property
    def from_the_future(self) -> bool:
        """Return if the lock's clock is wrong, so that its time was not believed."""
        return self.time is None and self.claimed is not None

    @property
    def stamp(self) -> float | None:
        """Return the time by which all routes know this unlock, if one came with it."""
        return self.time if self.claimed is None else self.claimed


class Journal:
    """The last records in the order of their arrival, each received or delivered."""

    def __init__(self) -> None:
        """Start empty."""
        self._records: list[Record] = []
        self._next_id = 1
        self._watermark = float("-inf")

    def __len__(self) -> int:
        """Return how many records are kept."""
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        """Return the records, oldest arrival first."""
        return iter(self._records)

    def add(self, arrival: Arrival, route: str) -> Record | None:
        """Keep an unlock, or return None if this very record is known already."""
        if self._has(arrival, route):
            return None
        if (known := self._other_half(arrival, route)) is not None:
            self._confirm(known, arrival)
            return None
        unlock = arrival.unlock
        record = Record(
            id=self._next_id,
            method=unlock.method,
            number=unlock.number,
            code_name=unlock.code_name,
            time=arrival.time,
            received=arrival.received,
            age=arrival.age,
            route=route,
            claimed=arrival.claimed,
        )
        self._next_id += 1
        self._records.append(record)
        while len(self._records) > KEPT:
            gone = self._records.pop(0)
            if gone.time is not None:
                self._watermark = max(self._watermark, gone.time)
        return record

    def knows(self, arrival: Arrival, route: str) -> bool:
        """Return if this very unlock is known already."""
        return self._has(arrival, route) or self._other_half(arrival, route) is not None

    def _has(self, arrival: Arrival, route: str) -> bool:
        """Return if a record with the lock's own time is here, or older than what is kept.

        Only the history of an account goes back that far; a lock that hands over such a time itself
        has a clock that was set back.
        """
        if arrival.stamp is None:
            return False
        if route != LAN and arrival.time is not None and arrival.time <= self._watermark:
            return True
        # The lock counts whole seconds, the cloud milliseconds.
        return any(
            record.unlock == arrival.unlock
            and record.stamp is not None
            and int(record.stamp) == int(arrival.stamp)
            for record in self._records
        )

    def _other_half(self, arrival: Arrival, route: str) -> int | None:
        """Return where the same unlock of another route is, one of the two without its time."""
        # An account hears at once: what is new there is not what the lock told us long before.
        at_once = route == ACCOUNT and arrival.age is Age.LIVE
        since = arrival.received - LATE_AFTER - CLOCK_TOLERANCE if at_once else float("-inf")
        for index, record in enumerate(self._records):
            if record.route == route or record.confirmed or record.received < since:
                continue
            if _are_one(record, arrival):
                return index
        return None

    def _confirm(self, index: int, arrival: Arrival) -> None:
        """Note that another route has told a record as well, with its time if it had none."""
        record = self._records[index]
        if record.stamp is None:
            # Of a lock whose clock is ahead, we know better when it was.
            time, _ = judge(arrival.stamp, record.received)
            record = replace(record, time=time, claimed=arrival.stamp)
        self._records[index] = replace(record, confirmed=True)

    def mark_delivered(self, record_id: int) -> None:
        """Note that a record has reached its listeners."""
        for index in range(len(self._records) - 1, -1, -1):
            if self._records[index].id == record_id:
                self._records[index] = replace(self._records[index], delivered=True)
                return

    def recover(self) -> None:
        """Note a crash: what was not marked as delivered may have been, and is no news any more."""
        self._records = [
            replace(record, age=Age.LATE)
            if record.age is Age.LIVE and not record.delivered
            else record
            for record in self._records
        ]

    def undelivered(self) -> list[Record]:
        """Return what was received and not delivered."""
        return [record for record in self._records if not record.delivered]

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage; from_dict reads it."""
        watermark = None if self._watermark == float("-inf") else self._watermark
        return {
            "next_id": self._next_id,
            "watermark": watermark,
            "records": [record.as_dict() for record in self._records],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the journal of a stored form."""
        journal = cls()
        journal._next_id = data["next_id"]
        if data["watermark"] is not None:
            journal._watermark = data["watermark"]
        journal._records.extend(
            Record(**known_fields(Record, row) | {"age": Age(row["age"])})
            for row in data["records"]
        )
        return journal


def timed(unlock: Unlock, time: float | None, now: float, route: str) -> Arrival:
    """Return what another route than the LAN tells at Unix time `now`.

    An account hears each unlock at once; what it tells of a lock whose clock is a little ahead is
    new. What is found in the cloud may be as old as that clock is ahead, which nobody knows.
    """
    believed, age = judge(time, now)
    if time is not None and age is None and route == ACCOUNT and time <= now + CLOCK_AHEAD:
        age = Age.LIVE
    return Arrival(unlock, believed, now, age or Age.UNKNOWN, time)


def _are_one(record: Record, arrival: Arrival) -> bool:
    """Return if a record and an arrival can be one unlock, of which only one knows the time."""
    with_time, without = (record, arrival) if arrival.stamp is None else (arrival, record)
    if record.unlock != arrival.unlock or with_time.stamp is None or without.stamp is not None:
        return False
    if without is arrival and arrival.age is Age.LIVE:
        # Rather than swallow an unlock that is new, an old one is told again.
        known = record.known_time
        return known is not None and -CLOCK_TOLERANCE <= arrival.received - known <= LATE_AFTER
    reach = CLOCK_BEHIND if without.age is Age.LIVE else SAVED_UP
    return -CLOCK_AHEAD <= without.received - with_time.stamp <= reach


def aged(record: Record, now: float) -> Record:
    """Return a record that had to wait until Unix time `now`; it may be late by then."""
    fresh = -CLOCK_TOLERANCE <= now - record.happened <= LATE_AFTER
    return record if fresh or record.age is not Age.LIVE else replace(record, age=Age.LATE)


def judge(time: float | None, now: float) -> tuple[float | None, Age | None]:
    """Return a record's own time and its age at receive time `now`, as far as the time tells.

    A time ahead of our clock is illegal: it counts as no time.
    """
    if time is None or time > now + CLOCK_TOLERANCE:
        return None, None
    return time, Age.LATE if now - time > LATE_AFTER else Age.LIVE
