"""A door with a history: what really happens at it, what a lock tells, and what we then tell."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
import json

from custom_components.tuya_wifi_lock.tuyalock import (
    LATE_AFTER,
    Address,
    Age,
    Record,
    Settings,
    TuyaLock,
    Unlock,
    Watcher,
    aged,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import Report
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Closed, Opened
from tests.tuyalock.toy_clock import START, ToyClock

SAVE_DELAY = 1.0
KEYS = {
    Unlock("fingerprint", 3): (1, 3),
    Unlock("fingerprint", 4): (1, 4),
    Unlock("card", 2): (5, 2),
}
"""A few keys, so that equal unlocks are frequent; the DP id and value of each."""
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
class Kind:
    """What kind of lock this is."""

    timed: bool = False
    """It sends its own times over the LAN."""
    cloud: bool = False
    """A second route tells each unlock with its time."""
    pushes_answers: bool | None = None
    """It answers a query with what changed; and pushes that as well, or not. None: it does not."""


@dataclass
class Slack:
    """What a crash may cost at most: it takes what was in memory only."""

    lost: Counter[Unlock] = field(default_factory=Counter)
    repeated: Counter[Unlock] = field(default_factory=Counter)


class World:
    """One lock, its owner's Home Assistant, and a cloud that tells the same."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.clock = ToyClock()
        self.lock_clock_off = 0.0
        self.kept: list[Truth] = []
        """What the lock has not handed over yet."""
        self.handed: list[Truth] = []
        self.in_cloud: list[Truth] = []
        self.fed: list[Truth] = []
        self.told: list[Record] = []
        self.slack = Slack()
        self.guessed = 0
        """Live by a hint that something else caused; nobody can know better."""
        self.connected = False
        self._known: set[tuple[Unlock, float]] = set()
        self._truths: Counter[Unlock] = Counter()
        self._times: dict[Unlock, list[Truth]] = {unlock: [] for unlock in KEYS}
        self._position = 0
        self._answered: Counter[Unlock] = Counter()
        stored = {"family": "B", "answers_partly": kind.pushes_answers is not None}
        self._stored = json.dumps(stored)
        self._stored_told: Counter[Unlock] = Counter()
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
        self.lock = TuyaLock(ADDRESS, Settings(), self.clock, json.loads(self._stored))
        self.lock.subscribe(Watcher(lambda snapshot: None, self._recorded))
        self.started = False
        if after_crash:
            self.lock.journal.recover()
        self._waiting = self.lock.journal.undelivered()
        self._saving = False

    def finish_start(self) -> None:
        """Home Assistant has started: automations can hear."""
        self.started = True
        now = self.clock.time()
        for record in self._waiting:
            self._deliver(aged(record, now))
        self._waiting.clear()

    def _recorded(self, record: Record) -> None:
        """Tell a record, or wait until somebody can hear it."""
        if self.started:
            self._deliver(record)
        else:
            self._waiting.append(record)
        self._save_soon()

    def _deliver(self, record: Record) -> None:
        """Tell a record."""
        self._check_order(record)
        self._check_age(record)
        self.told.append(record)
        self.lock.journal.mark_delivered(record.id)
        self._save_soon()

    def _save_soon(self) -> None:
        """Write all a second later."""
        if not self._saving:
            self._saving = True
            self.clock.call_later(SAVE_DELAY, self._save)

    def _save(self) -> None:
        """Write what survives."""
        self._saving = False
        self._stored = json.dumps(self.lock.as_dict(), allow_nan=False)
        self._stored_position = self._position
        self._stored_fed = len(self.fed)
        self._stored_told = Counter(record.unlock for record in self.told)

    def crash(self) -> None:
        """Lose what was not written, and start again; the cloud is asked from there once more."""
        self._lock_lets_go()
        self.in_cloud[:0] = self.fed[self._stored_fed :]
        del self.fed[self._stored_fed :]
        told = Counter(record.unlock for record in self.told)
        left = Counter(unlock for unlock, delivered in self._stored_unlocks() if not delivered)
        handed, safe = self._handed_over(), told + left
        missing = (handed - self._handed_before) - (safe - self._safe_before)
        self.slack.lost += missing
        self.slack.repeated += told - self._stored_told
        self._handed_before, self._safe_before = handed, safe
        self._repeatable = len(self.handed)
        self._position = min(self._position, self._stored_position)
        self.clock.forget()
        self._begin(after_crash=True)

    def restart(self) -> None:
        """Restart Home Assistant in good order."""
        self.started = False
        self._lock_lets_go()
        self.lock.on_event(Closed(None))
        self._save()
        self.clock.forget()
        self._begin(after_crash=False)

    def _stored_unlocks(self) -> list[tuple[Unlock, bool]]:
        """Return the unlocks that are stored, and if each was told."""
        records = json.loads(self._stored).get("journal", {}).get("records", ())
        return [(Unlock(one["method"], one["number"]), one["delivered"]) for one in records]

    # The door

    def touch(self, unlock: Unlock) -> None:
        """Somebody unlocks the door."""
        self.clock.advance(1.5)  # No two in one second: the motor has to turn.
        stamp = float(int(self._true_time() + self.lock_clock_off))
        if (unlock, stamp) in self._known:
            return  # Its clock was set back to the very second; nothing could tell these two apart.
        self._known.add((unlock, stamp))
        if self._answered[unlock] and not self.kind.pushes_answers:
            self.clock.advance(5.0)  # Within these, it counts as a push of what was answered.
        truth = Truth(unlock, self.clock.now, stamp)
        self.kept.append(truth)
        if self.kind.cloud:
            self.in_cloud.append(truth)
        self._truths[unlock] += 1
        self._times[unlock].append(truth)

    def _true_time(self) -> float:
        """Return what a clock that is right shows."""
        return START + self.clock.now

    # The LAN

    def connect(self, delay: float, gaps: Iterable[float] = (), *, woken: bool = True) -> None:
        """A hint is heard, after a while there is a connection, and what was saved up comes.

        It comes within seconds; or the connection ends, and the rest comes another time.
        """
        hint_at = self.clock.now
        self.clock.advance(delay)
        self.connected = True
        self._answered.clear()
        self._allow_guess(delay)
        self.lock.on_event(Opened(hint_at, woken))
        if self.kind.pushes_answers is not None and woken and self.kept:
            self._answer()
        for gap in gaps:
            self.push()
            self.clock.advance(gap)
        if self.kept:
            self.disconnect()

    def _allow_guess(self, delay: float) -> None:
        """Without a time, an old unlock that comes alone after a hint looks as if it caused it."""
        if not self.kind.timed or self.clock.wall != START or self.lock_clock_off:
            old = {one.unlock for one in self.kept if self.clock.now - one.at > LATE_AFTER}
            if old and delay < 10.0:
                self.guessed += 1
                self.slack.repeated.update(old if self.kind.cloud else ())

    def _answer(self) -> None:
        """Answer a query with the last unlock of each kind."""
        last = {KEYS[truth.unlock][0]: truth for truth in self.kept}
        dps = {id_: KEYS[truth.unlock][1] for id_, truth in last.items()}
        self._answered.update(truth.unlock for truth in last.values())
        if not self.kind.pushes_answers:
            self.handed.extend(last.values())
            for truth in self.kept:
                if truth not in last.values():
                    self._drop(truth)
            self.kept.clear()
        self.lock.on_event(Report(dps, {}, is_answer=True))

    def _drop(self, truth: Truth) -> None:
        """The lock has forgotten an unlock without telling anybody on the LAN."""
        if not self.kind.cloud:
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
        if self.connected and self.kind.timed and repeatable:
            self._report(repeatable[back % len(repeatable)])

    def _report(self, truth: Truth) -> None:
        """Push one unlock."""
        id_, value = KEYS[truth.unlock]
        times = {id_: truth.stamp} if self.kind.timed else {}
        self.lock.on_event(Report({id_: value}, times, is_answer=False))

    def disconnect(self) -> None:
        """The lock falls asleep, or the network fails."""
        self._lock_lets_go()
        self.lock.on_event(Closed(None))

    def _lock_lets_go(self) -> None:
        """What was answered counts as handed over; anything else is kept for the next time."""
        if self.connected and self.kind.pushes_answers:
            last = {truth.unlock: truth for truth in self.kept}
            for truth in last.values():
                if self._answered[truth.unlock]:
                    self.kept.remove(truth)
                    self.handed.append(truth)
        self.connected = False

    # The other route

    def feed(self, most: int) -> None:
        """The cloud tells the oldest unlocks that it has not told yet."""
        for truth in self.in_cloud[:most]:
            self._allow_both(truth)
            self._feed(truth)
            self.fed.append(truth)
        del self.in_cloud[:most]

    def _allow_both(self, truth: Truth) -> None:
        """Of a wrong clock, the cloud's unlock looks old, and what the lock tells after it new."""
        held = self.lock._arrivals.held
        comes_first = truth in self.kept or (held is not None and held.unlock == truth.unlock)
        if comes_first and self.lock_clock_off and not self.kind.timed:
            self.slack.repeated[truth.unlock] += 1

    def feed_again(self, most: int) -> None:
        """The cloud tells the last unlocks once more."""
        for truth in self.fed[-most:]:
            self._feed(truth)

    def _feed(self, truth: Truth) -> None:
        """Tell one unlock over the other route."""
        self.lock.record(truth.unlock, truth.stamp, "cloud")

    # What must hold

    def _handed_over(self) -> Counter[Unlock]:
        """Return how many unlocks of each kind we were told of, over whatever route."""
        return Counter(truth.unlock for truth in {*self.handed, *self.fed})

    def _check_order(self, record: Record) -> None:
        """What a lock pushed is told in the order in which it was pushed."""
        if record.route != "lan" or self.kind.pushes_answers is not None:
            return
        for position in range(self._position, len(self.handed)):
            if self.handed[position].unlock == record.unlock:
                self._position = position + 1
                return
        raise AssertionError(f"{record} is out of order")

    def _check_age(self, record: Record) -> None:
        """Only what has just happened is told as live."""
        if record.age is not Age.LIVE:
            return
        if record.time is not None:
            assert self.clock.time() - record.time <= LATE_AFTER, record
            return
        truths = self._times[record.unlock]
        if not truths or self.clock.now - truths[-1].at > 2 * LATE_AFTER + SAVE_DELAY:
            self.guessed -= 1
            assert self.guessed >= 0, f"{record} is old"

    def check_told(self) -> None:
        """Nothing is told more often than it happened, but for what a crash has repeated."""
        told = Counter(record.unlock for record in self.told)
        for unlock in KEYS:
            most = self._truths[unlock] + self.slack.repeated[unlock]
            assert told[unlock] <= most, f"{unlock} was told too often"

    def check_all_told(self) -> None:
        """Once all routes have told all, each unlock has been told, and once."""
        told = Counter(record.unlock for record in self.told)
        for unlock in KEYS:
            least = self._truths[unlock] - self.slack.lost[unlock]
            assert told[unlock] >= least, f"{unlock} was lost"
        self.check_told()

    def settle(self) -> None:
        """Let everybody tell everything."""
        if not self.started:
            self.finish_start()
        if self.connected:
            self.disconnect()
        self.connect(20.0, [0.1] * len(self.kept))
        self.clock.advance(10.0)
        if self.connected:
            self.disconnect()
        self.feed(len(self.in_cloud))
        self.check_all_told()
