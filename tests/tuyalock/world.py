"""A door with a history: what really happens at it, what is reported, and what we then deliver."""

from collections import Counter
from dataclasses import dataclass, field
import json
from typing import Any

from custom_components.tuya_wifi_lock.tuyalock import (
    LATE_AFTER,
    Address,
    Age,
    Record,
    Report,
    Settings,
    Source,
    TuyaLock,
    Unlock,
    Update,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Closed, Opened
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.records.ageing import QUIET_AT_LEAST
from tests.tuyalock.toy_clock import START, ToyClock

SAVE_DELAY = 0.1
"""Seconds in which a record is written that was received or delivered."""
KEYS = {
    Unlock("fingerprint", 3): (1, 3),
    Unlock("fingerprint", 4): (1, 4),
    Unlock("card", 2): (5, 2),
}
"""A few keys, so that equal unlocks are frequent; the DP id and value of each."""
CODES = {1: "unlock_fingerprint", 5: "unlock_card"}
ADDRESS = Address(
    host="127.0.0.1",
    port=6668,
    device_id="d",
    local_key=b"0123456789abcdef",
    version=None,
    announces=True,
)


@dataclass(frozen=True)
class Truth:
    """An unlock as it really happened."""

    unlock: Unlock
    at: float
    """Seconds since the beginning."""
    stamp: float
    """The time that it has in the lock's records."""


@dataclass
class LockType:
    """How a lock reports."""

    timed: bool = False
    """It sends its own times over the LAN."""
    cloud: bool = False
    """The cloud reports each unlock as well, with its time."""
    pushes_answers: bool | None = None
    """It answers a query with what changed; and pushes that as well, or not. None: it does not."""
    pace: float = 0.1
    """Seconds between two unlocks that it hands over."""


def _unlock_of(row: dict[str, Any]) -> Unlock:
    """Return the unlock of a stored record."""
    event = row["event"]
    return Unlock(event["method"], event["number"])


@dataclass
class Slack:
    """What a crash may cost at most: it takes what was in memory only."""

    lost: Counter[Unlock] = field(default_factory=Counter)
    repeated: Counter[Unlock] = field(default_factory=Counter)


class World:
    """One lock, its owner's Home Assistant, and a cloud that reports the same."""

    def __init__(self, type_: LockType) -> None:
        self.type = type_
        self.clock = ToyClock()
        self.lock_clock_off = 0.0
        self.kept: list[Truth] = []
        """What the lock has not handed over yet."""
        self.handed: list[Truth] = []
        self.in_cloud: list[Truth] = []
        self.fed: list[Truth] = []
        self.delivered: list[Record] = []
        self.slack = Slack()
        self.guessed = 0
        """Live by a hint that something else caused; nobody can know better."""
        self.connected = False
        self._known: set[tuple[Unlock, float]] = set()
        self._truths: Counter[Unlock] = Counter()
        self._times: dict[Unlock, list[Truth]] = {unlock: [] for unlock in KEYS}
        self._position = 0
        self._answered: Counter[Unlock] = Counter()
        product = {"chosen": ["B"], "answers_partly": type_.pushes_answers is not None}
        self._stored = json.dumps({"product": product})
        self._stored_delivered: Counter[Unlock] = Counter()
        self._unsaved: dict[Truth, float] = {}
        """What was reported since the last save, and when."""
        self._pending_before: set[int] = set()
        """Records that were pending when it crashed."""
        self._safe_before: Counter[Unlock] = Counter()
        self._handed_before: Counter[Unlock] = Counter()
        self._repeatable = 0
        self._stored_position = 0
        self._stored_fed = 0
        self._saving = False
        self._begin(after_crash=False)

    # Home Assistant

    def _begin(self, *, after_crash: bool) -> None:
        """Start Home Assistant from what is stored."""
        stored = json.loads(self._stored)
        self.lock = TuyaLock(ADDRESS, Settings(), self.clock, stored, on_update=self._updated)
        self.started = False
        if after_crash:
            self.lock.journal.recover()
        self._waiting = self.lock.journal.undelivered()
        # How long it was before that, only a clock on the wall can tell.
        now = self.clock.time()
        self._since = {r.id: self.clock.now - (now - r.when.received) for r in self._waiting}
        self._left = set(self._since)
        self._saving = False

    def finish_start(self) -> None:
        """Home Assistant has started: automations can hear."""
        self.started = True
        for record in self._waiting:
            self._deliver(self.lock.as_known(record))
        self._waiting.clear()

    def _updated(self, update: Update) -> None:
        """Deliver what is new, or wait until somebody can hear it."""
        for record in update.records:
            self._since[record.id] = self.clock.now
            if self.started:
                self._deliver(record)
            else:
                self._waiting.append(record)
        self._save_soon()

    def _deliver(self, record: Record) -> None:
        """Deliver a record."""
        self._check_order(record)
        self._check_age(record)
        self.delivered.append(record)
        self.lock.delivered(record.id)
        self._save_soon()

    def _save_soon(self) -> None:
        """Write all at once."""
        if not self._saving:
            self._saving = True
            self.clock.call_later(SAVE_DELAY, self._save)

    def _save(self) -> None:
        """Write what survives."""
        self._saving = False
        self._stored = json.dumps(self.lock.as_dict(), allow_nan=False)
        self._stored_position = self._position
        self._stored_fed = len(self.fed)
        self._stored_delivered = Counter(record.unlock for record in self.delivered)
        self._unsaved.clear()

    def crash(self) -> None:
        """Lose what was not written, and start again; the cloud is asked from there once more."""
        self._lock_lets_go()
        self.in_cloud[:0] = self.fed[self._stored_fed :]
        del self.fed[self._stored_fed :]
        delivered = Counter(record.unlock for record in self.delivered)
        rows = self._stored_rows()
        left = Counter(_unlock_of(row) for row in rows if not row["delivered"])
        handed, safe = self._handed_over(), delivered + left
        missing = (handed - self._handed_before) - (safe - self._safe_before)
        self._check_missing(missing)
        self.slack.lost += missing
        self.slack.repeated += delivered - self._stored_delivered
        self._handed_before, self._safe_before = handed, safe
        self._repeatable = len(self.handed)
        self._position = min(self._position, self._stored_position)
        self._pending_before = {row["id"] for row in rows if row["age"] is None}
        self._unsaved.clear()
        self.clock.forget()
        self._begin(after_crash=True)

    def _check_missing(self, missing: Counter[Unlock]) -> None:
        """Nothing waits in memory only: a crash takes what has not had the time to be written.

        What the cloud has reported is not missing: it may have been taken for another one so far.
        """
        now = self.clock.now
        fresh = Counter(one.unlock for one, at in self._unsaved.items() if now - at <= SAVE_DELAY)
        assert self.type.cloud or missing <= fresh, f"{missing - fresh} waited in memory"

    def restart(self) -> None:
        """Restart Home Assistant in good order."""
        self.started = False
        self._lock_lets_go()
        self.lock.on_event(Closed(None))
        self._save()
        self.clock.forget()
        self._begin(after_crash=False)

    def _stored_rows(self) -> list[dict[str, Any]]:
        """Return the stored records."""
        journal: dict[str, Any] = json.loads(self._stored).get("journal", {})
        return list(journal.get("records", {}).values())

    # The door

    def touch(self, unlock: Unlock) -> None:
        """Somebody unlocks the door."""
        self.clock.advance(1.5)  # No two in one second: the motor has to turn.
        stamp = float(int(self._true_time() + self.lock_clock_off))
        if (unlock, stamp) in self._known:
            return  # Its clock was set back to the very second; nothing could tell these two apart.
        self._known.add((unlock, stamp))
        if self._answered[unlock] and not self.type.pushes_answers:
            self.clock.advance(5.0)  # Within these, it counts as a push of what was answered.
        truth = Truth(unlock, self.clock.now, stamp)
        self.kept.append(truth)
        if self.type.cloud:
            self.in_cloud.append(truth)
        self._truths[unlock] += 1
        self._times[unlock].append(truth)

    def _true_time(self) -> float:
        """Return what a clock that is right shows."""
        return START + self.clock.now

    # The LAN

    def connect(self, delay: float, most: int, *, woken: bool = True) -> None:
        """A hint is heard, after a while there is a connection, and what was saved up comes.

        So many come, at the lock's pace; or the connection ends, and the rest comes another time.
        """
        hint_at = self.clock.now
        self.clock.advance(delay)
        self.connected = True
        self._answered.clear()
        self._allow_guess(delay)
        self.lock.on_event(Opened(hint_at, woken))
        if self.type.pushes_answers is not None and woken and self.kept:
            self._answer()
        self._allow_first_backlog()
        for _ in range(most):
            self.push()
            self.clock.advance(self.type.pace)
        if self.kept:
            self.disconnect()

    def _allow_guess(self, delay: float) -> None:
        """Without a time, an old unlock that comes alone after a hint looks as if it caused it."""
        if not self.type.timed or self.clock.wall != START or self.lock_clock_off:
            old = {one.unlock for one in self.kept if self.clock.now - one.at > LATE_AFTER}
            if old and delay < 10.0:
                self.guessed += 1
                self.slack.repeated.update(old if self.type.cloud else ())

    def _allow_first_backlog(self) -> None:
        """Nobody knows how slow a lock is before it has handed over several at a wake."""
        unknown = self.lock.as_dict()["pace"]["slowest"] is None
        if unknown and self.type.pace > QUIET_AT_LEAST and len(self.kept) > 1:
            self.guessed += 1

    def _answer(self) -> None:
        """Answer a query with the last unlock of each kind."""
        last = {KEYS[truth.unlock][0]: truth for truth in self.kept}
        dps = {id_: KEYS[truth.unlock][1] for id_, truth in last.items()}
        self._answered.update(truth.unlock for truth in last.values())
        if not self.type.pushes_answers:
            self.handed.extend(last.values())
            for truth in self.kept:
                if truth not in last.values():
                    self._drop(truth)
            self.kept.clear()
        self._unsaved.update(dict.fromkeys(last.values(), self.clock.now))
        items = tuple(Item(id_, value) for id_, value in dps.items())
        self.lock.on_event(self._lan_report(*items, is_answer=True))
        for id_ in dps:
            self._check_stored(last[id_])

    def _drop(self, truth: Truth) -> None:
        """The lock has forgotten an unlock without a report over the LAN."""
        if not self.type.cloud:
            self._truths[truth.unlock] -= 1

    def push(self) -> None:
        """The lock hands over the oldest unlock that it has."""
        if self.connected and self.kept:
            truth = self.kept.pop(0)
            self.handed.append(truth)
            self._answered[truth.unlock] = 0  # From here on it is not known if it was answered.
            self._report(truth)

    def push_again(self, back: int) -> None:
        """The lock repeats a record that it has handed over; it is known by its time."""
        repeatable = self.handed[self._repeatable :][-5:]
        if self.connected and self.type.timed and repeatable:
            self._report(repeatable[back % len(repeatable)])

    def _report(self, truth: Truth) -> None:
        """Push one unlock."""
        id_, value = KEYS[truth.unlock]
        self._unsaved[truth] = self.clock.now
        time = truth.stamp if self.type.timed else None
        self.lock.on_event(self._lan_report(Item(id_, value, time)))
        self._check_stored(truth)

    def _lan_report(self, *items: Item, is_answer: bool = False) -> Report:
        """Return what the lock reports now."""
        now = self.clock.time()
        return Report(source=Source.LAN, received=now, items=items, is_answer=is_answer)

    def _check_stored(self, truth: Truth) -> None:
        """What was received is in the stored form at once, if it is not known already."""
        if not self.type.timed and not self.type.cloud:
            rows = self.lock.as_dict()["journal"]["records"].values()
            last = next(row for row in reversed(rows) if _unlock_of(row) == truth.unlock)
            assert last["when"]["received"] == self.clock.time(), f"{truth} is not kept"

    def disconnect(self) -> None:
        """The lock falls asleep, or the network fails."""
        self._lock_lets_go()
        self.lock.on_event(Closed(None))

    def _lock_lets_go(self) -> None:
        """What was answered counts as handed over; anything else is kept for the next time."""
        if self.connected and self.type.pushes_answers:
            last = {truth.unlock: truth for truth in self.kept}
            for truth in last.values():
                if self._answered[truth.unlock]:
                    self.kept.remove(truth)
                    self.handed.append(truth)
        self.connected = False

    # The cloud

    def feed(self, most: int) -> None:
        """The cloud reports the oldest unlocks that it has not reported yet."""
        for truth in self.in_cloud[:most]:
            self._allow_both(truth)
            self._feed(truth)
            self.fed.append(truth)
        del self.in_cloud[:most]

    def _allow_both(self, truth: Truth) -> None:
        """By a wrong clock, the cloud's unlock looks old, and what is reported after it new."""
        last = self.lock.snapshot.last_unlock
        pending = last is not None and last.age is None and last.unlock == truth.unlock
        comes_first = truth in self.kept or pending
        if comes_first and self.lock_clock_off and not self.type.timed:
            self.slack.repeated[truth.unlock] += 1

    def feed_again(self, most: int) -> None:
        """The cloud reports the last unlocks once more."""
        for truth in self.fed[-most:]:
            self._feed(truth)

    def _feed(self, truth: Truth) -> None:
        """Let the cloud report one unlock."""
        id_, value = KEYS[truth.unlock]
        items = (Item(CODES[id_], value, truth.stamp),)
        report = Report(source=Source.CLOUD, received=self.clock.time(), items=items)
        self.lock.receive(report)
        self._unsaved[truth] = self.clock.now

    # What must hold

    def _handed_over(self) -> Counter[Unlock]:
        """Return how many of each unlock were reported to us, by whatever source."""
        return Counter(truth.unlock for truth in {*self.handed, *self.fed})

    def _check_order(self, record: Record) -> None:
        """What a lock pushed is delivered in the order in which it was pushed."""
        if record.source is not Source.LAN or self.type.pushes_answers is not None:
            return
        for position in range(self._position, len(self.handed)):
            if self.handed[position].unlock == record.unlock:
                self._position = position + 1
                return
        raise AssertionError(f"{record} is out of order")

    def _check_age(self, record: Record) -> None:
        """Only what has just happened is live."""
        if record.age is not Age.LIVE:
            return
        assert record.id not in self._pending_before, f"{record} was pending"
        waited = self.clock.now - self._since[record.id]
        assert record.when.received - record.happened + waited <= LATE_AFTER, record
        if record.when.time is not None or record.id in self._left:
            return
        truths = self._times[record.unlock]
        if not truths or self.clock.now - truths[-1].at > 2 * LATE_AFTER + SAVE_DELAY:
            self.guessed -= 1
            assert self.guessed >= 0, f"{record} is old"

    def check_none_twice(self) -> None:
        """Nothing is delivered more often than it happened, but for what a crash has repeated."""
        delivered = Counter(record.unlock for record in self.delivered)
        for unlock in KEYS:
            most = self._truths[unlock] + self.slack.repeated[unlock]
            assert delivered[unlock] <= most, f"{unlock} was delivered too often"

    def check_each_once(self) -> None:
        """Once all sources have reported all, each unlock has been delivered, and once."""
        delivered = Counter(record.unlock for record in self.delivered)
        for unlock in KEYS:
            least = self._truths[unlock] - self.slack.lost[unlock]
            assert delivered[unlock] >= least, f"{unlock} was lost"
        self.check_none_twice()

    def settle(self) -> None:
        """Let everybody report everything."""
        if not self.started:
            self.finish_start()
        if self.connected:
            self.disconnect()
        self.connect(20.0, len(self.kept))
        self.clock.advance(10.0)
        if self.connected:
            self.disconnect()
        self.feed(len(self.in_cloud))
        self.check_each_once()
