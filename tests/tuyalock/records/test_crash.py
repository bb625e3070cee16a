"""A record that was received is stored at once, and a crash at any moment loses none."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Age, Alarm, Kind, Record, Unlock
from custom_components.tuya_wifi_lock.tuyalock.models import Event
from tests.tuyalock.toy_lock import CARD, DPS, FINGER, ToyLock

KEY = Unlock("key", 7)
"""Only the cloud reports it."""


def event_of(row: dict[str, Any]) -> Event | None:
    """Return the unlock or the alarm of a stored record."""
    match row["event"]:
        case {"kind": "unlock", "method": method, "number": number}:
            return Unlock(method, number)
        case {"kind": "alarm", "type": type_}:
            return Alarm(type_)
    return None


class Life:
    """A lock whose records are delivered as soon as they are published."""

    def __init__(self) -> None:
        self.lock = ToyLock()
        self.lock.open()
        self.reported: Counter[Event] = Counter()
        """How often each event really was."""
        self._steps = 0

    def step(self, what: str, value: Any) -> None:
        """Let something happen, and deliver what comes of it."""
        self._steps += 1
        getattr(self, f"do_{what}")(value)
        for record in self.lock.records:
            self.lock.lock.delivered(record.id)

    def do_wait(self, seconds: float) -> None:
        """Let time pass."""
        self.lock.wait(seconds)

    def do_push(self, unlock: Unlock) -> None:
        """Somebody unlocks; the lock says so without a time."""
        self.reported[unlock] += 1
        self.lock.push({DPS[unlock.method]: unlock.number})

    def do_push_old(self, unlock: Unlock) -> None:
        """The lock hands over an old unlock, with its time."""
        self.reported[unlock] += 1
        ago = 90_000.0 - 2 * self._steps
        self.lock.push({DPS[unlock.method]: unlock.number}, ago)

    def do_alarm(self, _: None) -> None:
        """The lock raises an alarm."""
        self.reported[Alarm("pry")] += 1
        self.lock.push({8: "pry"})

    def do_ring(self, _: None) -> None:
        """Somebody rings."""
        self.lock.push({19: True})

    def do_duress(self, unlock: Unlock) -> None:
        """Somebody unlocks under duress."""
        self.reported[unlock] += 1
        self.lock.push({DPS[unlock.method]: unlock.number, 16: True})

    def do_answer(self, _: None) -> None:
        """Somebody unlocks by face; the lock says so only when it is asked."""
        face = Unlock("face", self._steps)
        self.reported[face] += 1
        self.lock.open()
        self.lock.answer({DPS["face"]: face.number})

    def do_cloud(self, _: None) -> None:
        """The cloud reports an unlock that the lock never does."""
        self.reported[KEY] += 1
        self.lock.cloud({"unlock_key": KEY.number}, 90_000.0 - 2 * self._steps)

    def do_reconnect(self, woken: bool) -> None:
        """The connection ends, and another one begins."""
        self.lock.close()
        self.lock.open(woken=woken)


steps = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.3, 0.9, 1.2, 2.5, 6.0, 100.0])),
    st.tuples(st.sampled_from(["push", "push_old", "duress"]), st.sampled_from([FINGER, CARD])),
    st.tuples(st.sampled_from(["alarm", "ring", "answer", "cloud"]), st.none()),
    st.tuples(st.just("reconnect"), st.booleans()),
)


def lives(course: list[tuple[str, Any]]) -> Iterator[Life]:
    """Live through a course, and stop after each step."""
    life = Life()
    for what, value in course:
        life.step(what, value)
        yield life


@given(st.lists(steps, max_size=15))
@settings(deadline=None, max_examples=150)
def test_what_was_received_is_stored_at_once(course: list[tuple[str, Any]]) -> None:
    for life in lives(course):
        rows = life.lock.stored["journal"]["records"].values()
        stored = Counter(event for row in rows if (event := event_of(row)))
        assert stored == life.reported


@given(st.lists(steps, max_size=15))
@settings(deadline=None, max_examples=150)
def test_after_a_crash_each_record_is_delivered_once_and_none_that_was_pending_is_live(
    course: list[tuple[str, Any]],
) -> None:
    for life in lives(course):
        stored = life.lock.stored
        rows = stored["journal"]["records"].values()
        pending = {row["id"] for row in rows if row["age"] is None}
        again = ToyLock(stored, clock=life.lock.clock)
        again.lock.journal.recover()
        left = again.lock.journal.undelivered()
        assert {record.id for record in left} == pending
        assert not any(record.age is Age.LIVE for record in left)
        delivered = [*life.lock.records, *left]
        events = Counter(one.event for one in delivered if one.kind in {Kind.UNLOCK, Kind.ALARM})
        assert events == life.reported


def crashed(lock: ToyLock) -> tuple[ToyLock, list[Record]]:
    """Return a lock after a crash, and what has to be delivered."""
    again = ToyLock(lock.stored, clock=lock.clock)
    again.lock.journal.recover()
    return again, again.lock.journal.undelivered()


def test_a_record_that_was_published_and_not_marked_is_delivered_again_as_late() -> None:
    lock = ToyLock()
    lock.open()
    lock.wait(4)
    lock.push({1: 3})
    assert lock.ages == ["live fingerprint"]
    _, left = crashed(lock)
    assert [(one.event, one.age) for one in left] == [(FINGER, Age.LATE)]


@pytest.mark.parametrize("source", ["cloud", "account"])
def test_a_copy_of_a_pending_record_makes_no_second_one_before_or_after_a_crash(
    source: str,
) -> None:
    code = {"unlock_fingerprint": 3}
    lock = ToyLock()
    lock.open()
    lock.push({1: 3})
    again, left = crashed(lock)
    getattr(again, source)(code, 0.0)
    assert ([one.event for one in left], again.records) == ([FINGER], [])
    getattr(lock, source)(code, 0.0)
    _, left = crashed(lock)
    assert [one.event for one in left] == [FINGER]
    lock.wait(2)
    assert len(lock.records) == 1


def test_an_answer_that_shows_nothing_new_is_saved_nevertheless() -> None:
    lock = ToyLock()
    lock.open()
    lock.push({1: 3, 12: 80})
    lock.wait(30)
    lock.close()
    lock.open()
    lock.answer({12: 80})
    updates = len(lock.updates)
    lock.answer({1: 3})
    assert len(lock.updates) == updates + 1, "whoever stores the records has to hear of it"


def test_what_a_crash_leaves_is_delivered_in_the_order_in_which_it_was_received() -> None:
    lock = ToyLock()
    lock.open()
    lock.answer({6: 1})
    lock.push({5: 2})
    lock.push({8: "pry"})
    lock.push({19: True})
    _, left = crashed(lock)
    assert [one.kind for one in left] == [Kind.UNLOCK, Kind.UNLOCK, Kind.ALARM, Kind.DOORBELL]
    assert [one.age for one in left] == [Age.UNKNOWN, Age.UNKNOWN, Age.LATE, Age.UNKNOWN]
