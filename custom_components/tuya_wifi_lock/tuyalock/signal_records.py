"""Keeps each signal of a lock once, whatever the route, and tells it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .arrivals import Arrivals
from .clock import Clock, Timer
from .cloud.responses import CloudSignal
from .memory import Memory
from .profiles import DpType
from .records import (
    ACCOUNT,
    CLOCK_TOLERANCE,
    LAN,
    Age,
    Arrival,
    Journal,
    Record,
    aged,
    judge,
    timed,
)
from .signals import ALARM, JAMS, RING, Kind, Signal, SignalRecord, signals
from .snapshot import Watchers
from .state import Unlock, Value, unlocks

BELONGS_WITHIN = 30.0
"""Seconds after an unlock in which duress can be about it."""
JUST_NOW = 1.0
"""Seconds after an unlock in which duress certainly is about it."""
FOLLOWS_WITHIN = 2.0
"""Seconds in which an unlock comes that a lock tells after its duress, if it was held back too."""


class SignalRecords:
    """The last signals of a lock, kept as unlocks are."""

    def __init__(
        self,
        memory: Memory,
        watchers: Watchers,
        clock: Clock,
        stored: Mapping[str, Any] | None,
    ) -> None:
        """Go on from what `as_dict` returned in an earlier life."""
        self._memory, self._watchers, self._clock = memory, watchers, clock
        self._journal = Journal.from_dict(stored["journal"]) if stored else Journal()
        forced = stored["unlock_records"] if stored else {}
        self._unlock_records: dict[int, int] = {int(id_): forced[id_] for id_ in forced}
        """Which unlock a duress is about, by their ids."""
        self._alarm_bits: bool | None = stored.get("alarm_bits") if stored else None
        """If the lock sends its alarms as bits of a number; None is not known."""
        self._waiting: list[tuple[Arrival, Unlock]] = []
        """Duress about unlocks that are held back."""
        self._alone: dict[Callable[[], None], Timer] = {}
        """What takes duress whose unlock may follow, and when at the latest."""

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage."""
        kept = {record.id for record in self._journal}
        forced = {str(id_): of for id_, of in self._unlock_records.items() if id_ in kept}
        return {
            "journal": self._journal.as_dict(),
            "unlock_records": forced,
            "alarm_bits": self._alarm_bits,
        }

    @property
    def alarm_bits(self) -> bool:
        """Return if alarms are bits, by what the lock has sent, or else by its DP table."""
        if self._alarm_bits is not None:
            return self._alarm_bits
        table = self._memory.table.values()
        return any(dp.code == ALARM and dp.type is DpType.INTEGER for dp in table)

    def undelivered(self) -> list[SignalRecord]:
        """Return what was received and not delivered, and is still worth telling."""
        now = self._clock.time()
        records = [self._read(aged(record, now)) for record in self._journal.undelivered()]
        return [record for record in records if _worth_telling(record)]

    def mark_delivered(self, record_id: int) -> None:
        """Note that a signal has reached its listeners."""
        self._journal.mark_delivered(record_id)

    def recover(self) -> None:
        """Note a crash: what was not marked as delivered may have been, and is no news any more."""
        self._journal.recover()

    # What comes in

    def pushed(
        self, codes: Mapping[str, Value], times: Mapping[str, float], arrivals: Arrivals
    ) -> None:
        """Take the signals that a lock pushed, after the unlocks of the same report.

        A ring may have been saved up. An alarm may be as well, but it must not wait, and several
        belong together, so without a time it is new. Duress waits for the unlock that is held back,
        or for one that may follow.
        """
        now = self._clock.time()
        if ALARM in codes:
            self._alarm_bits = type(codes[ALARM]) is int
        for code, signal in signals(codes):
            time, age = judge(times.get(code), now)
            arrival = Arrival(signal.entry, time, now, age or Age.LIVE, times.get(code))
            if signal.kind is Kind.DOORBELL:
                arrivals.pushed(RING, times.get(code))
            elif signal.kind is Kind.ALARM:
                self.arrived(arrival)
            elif held := arrivals.held:
                self._waiting.append((arrival, held.unlock))
            elif (own := self._own(codes, now)) is not None:
                self._take(arrival, LAN, own)
            else:
                self._hold_back(partial(self._take_alone, arrival))

    def arrived(self, arrival: Arrival) -> None:
        """Take a signal that belongs to no unlock, with the age that it has."""
        self._take(arrival, LAN)

    def unlock_arrived(self, unlock: Unlock) -> None:
        """Tell the duress that waits for an unlock, which is in the journal now."""
        ready = [arrival for arrival, awaited in self._waiting if awaited == unlock]
        self._waiting = [one for one in self._waiting if one[1] != unlock]
        for arrival in ready:
            self._take(arrival, LAN, self._last(unlock))

    def told(self, told: CloudSignal, route: str, *, tell: bool = True) -> None:
        """Take a signal that another route tells; what is not to be told is kept all the same."""
        take = partial(self._take_told, told, route, tell=tell)
        alone = told.signal.kind is Kind.DURESS and route == ACCOUNT
        if alone and self._nearest(told.time, JUST_NOW) is None:
            self._hold_back(take)
        else:
            take()

    def close(self) -> None:
        """Take what waits: nothing follows any more."""
        for take in tuple(self._alone):
            self._let_go(take)

    def _hold_back(self, take: Callable[[], None]) -> None:
        """Take duress once the unlock that it is about can be known."""
        self._alone[take] = self._clock.call_later(FOLLOWS_WITHIN, partial(self._let_go, take))

    def _let_go(self, take: Callable[[], None]) -> None:
        """Take duress that was held back."""
        self._alone.pop(take).cancel()
        take()

    def _take_alone(self, arrival: Arrival) -> None:
        """Take duress that the lock has not told together with an unlock."""
        self._take(arrival, LAN, self._nearest(arrival.received, BELONGS_WITHIN))

    def _take_told(self, told: CloudSignal, route: str, *, tell: bool) -> None:
        """Take a signal that another route has told."""
        arrival = timed(told.signal.entry, told.time, self._clock.time(), route)
        forced = told.signal.kind is Kind.DURESS
        unlock_record = self._unlocked_at(told.unlock, told.time) if forced else None
        # An unlock has been told as forced already if the lock itself said so.
        if unlock_record is None or unlock_record not in self._unlock_records.values():
            self._take(arrival, route, unlock_record, tell=tell)

    def _take(
        self, arrival: Arrival, route: str, unlock_record: int | None = None, *, tell: bool = True
    ) -> None:
        """Keep a signal, and tell it unless it is known already."""
        if (record := self._journal.add(arrival, route)) is None:
            return
        if unlock_record is not None:
            self._unlock_records[record.id] = unlock_record
        told = self._read(record)
        if told.signal.type in JAMS:
            self._memory.jam(told.happened)
            self._watchers.look()
        if tell and _worth_telling(told):
            self._watchers.signal(told)
        else:
            self.mark_delivered(record.id)

    def _read(self, record: Record) -> SignalRecord:
        """Return a signal from its record."""
        return SignalRecord(
            id=record.id,
            signal=Signal(Kind(record.method), record.code_name),
            time=record.time,
            received=record.received,
            late=record.age is not Age.LIVE,
            route=record.route,
            unlock_record=self._unlock_records.get(record.id),
        )

    # Which unlock duress is about

    def _own(self, codes: Mapping[str, Value], now: float) -> int | None:
        """Return the record of the unlock in the same report, or else right before it."""
        for _, unlock in reversed(list(unlocks(codes))):
            return self._last(unlock)
        return self._nearest(now, JUST_NOW)

    def _nearest(self, at: float, within: float) -> int | None:
        """Return the record of the unlock nearest to a Unix time, if it was not long before."""
        found = [
            (abs(since), -record.id)
            for record in self._memory.journal
            if -FOLLOWS_WITHIN
            <= (since := at - (record.received if record.route == LAN else record.happened))
            <= within
        ]
        return -min(found)[1] if found else None

    def _last(self, unlock: Unlock) -> int | None:
        """Return the last record of an unlock."""
        found = [record.id for record in self._memory.journal if record.unlock == unlock]
        return found[-1] if found else None

    def _unlocked_at(self, unlock: Unlock | None, time: float) -> int | None:
        """Return the last record of an unlock, or of any, that happened just before a Unix time."""
        found = [
            (record.happened, record.id)
            for record in self._memory.journal
            if unlock in {None, record.unlock}
            and -CLOCK_TOLERANCE <= time - record.happened <= BELONGS_WITHIN
        ]
        return max(found)[1] if found else None


def _worth_telling(record: SignalRecord) -> bool:
    """Return if anybody wants to hear of a signal: nobody waits at the door after a late ring."""
    return record.signal.kind is not Kind.DOORBELL or not record.late
