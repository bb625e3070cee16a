"""Which unlock woke the lock, and which it had saved up."""

from collections import Counter
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Age, Kind, Source, Unlock
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, When
from custom_components.tuya_wifi_lock.tuyalock.records.ageing import (
    age_by_time,
    age_elsewhere,
    when,
)
from tests.tuyalock.toy_lock import CARD, DPS, FACE, FINGER, ToyLock

NOW = 1_700_000_000.0
BELL = {19: True}


class Connection(ToyLock):
    """A connection that has just begun, some time after a hint."""

    def __init__(self, hint_age: float | None = 0.5, *, woken: bool = True) -> None:
        super().__init__()
        self.open(hint_age, woken=woken)

    def unlock(self, *unlocks: Unlock, ago: float | None = None) -> None:
        """Push unlocks, one after another."""
        for unlock in unlocks:
            self.push(dps(unlock), ago)

    def answer_unlocks(self, *unlocks: Unlock) -> None:
        """Answer a query with unlocks."""
        self.answer({id_: value for unlock in unlocks for id_, value in dps(unlock).items()})


def dps(unlock: Unlock) -> dict[int, Any]:
    """Return the DP that reports an unlock."""
    return {DPS[unlock.method]: unlock.number}


# Pushed, without a time


def test_a_ring_counts_as_an_unlock_does() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.push(BELL)
    assert (lock.ages, lock.pending) == (["unknown fingerprint"], None)
    lock.wait(1.1)
    assert [(one.event, one.age) for one in lock.records[1:]] == [(Doorbell(), Age.LIVE)]
    lock.push(BELL)
    lock.unlock(FINGER)
    assert lock.pending
    assert lock.pending.unlock == FINGER
    lock.wait(1.1)
    assert lock.ages == ["unknown fingerprint", "live fingerprint"]
    assert [one.age for one in lock.lock.journal.of(Kind.DOORBELL)] == [Age.LIVE, Age.UNKNOWN]


def test_a_ring_that_may_be_old_is_published_to_nobody() -> None:
    lock = Connection()
    lock.push(BELL)
    lock.unlock(FINGER)
    lock.wait(1.1)
    assert [one.kind for one in lock.records] == [Kind.UNLOCK]
    assert lock.lock.journal.undelivered() == lock.records


def test_the_unlock_that_woke_the_lock_is_live_after_a_quiet_second() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.wait(0.9)
    assert lock.ages == []
    lock.wait(0.2)
    assert lock.ages == ["live fingerprint"]


def test_of_a_burst_only_the_last_can_have_woken_the_lock() -> None:
    lock = Connection()
    lock.unlock(FINGER, CARD)
    lock.wait(0.9)
    assert lock.ages == ["unknown fingerprint"]
    lock.unlock(FACE)
    lock.wait(0.9)
    assert lock.ages == ["unknown fingerprint", "unknown card"]
    lock.wait(0.2)
    assert lock.ages == ["unknown fingerprint", "unknown card", "live face"]


def test_the_same_unlock_twice_is_two() -> None:
    lock = Connection()
    lock.unlock(FINGER, FINGER)
    lock.wait(1.1)
    assert lock.ages == ["unknown fingerprint", "live fingerprint"]


@pytest.mark.parametrize(
    ("hint_age", "age"), [(9.9, "live"), (10.1, "unknown"), (500, "unknown"), (None, "unknown")]
)
def test_only_a_fresh_hint_can_be_due_to_the_unlock(hint_age: float | None, age: str) -> None:
    lock = Connection(hint_age)
    lock.unlock(FINGER)
    lock.wait(1.1)
    assert lock.ages == [f"{age} fingerprint"]


def test_a_hint_grows_old_while_the_lock_talks() -> None:
    lock = Connection(hint_age=8)
    lock.wait(2.5)
    lock.unlock(FINGER)
    lock.wait(1.1)
    assert lock.ages == ["unknown fingerprint"]


def test_a_quiet_second_ends_the_burst_and_the_next_one_is_live_too() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.wait(1.1)
    lock.unlock(CARD)
    lock.wait(1.1)
    assert lock.ages == ["live fingerprint", "live card"]


@pytest.mark.parametrize("hint_age", [0.5, 500, None])
def test_after_the_first_seconds_an_unlock_is_live_at_once(hint_age: float | None) -> None:
    lock = Connection(hint_age)
    lock.wait(3.1)
    lock.unlock(FINGER)
    assert lock.ages == ["live fingerprint"]
    lock.unlock(CARD)
    lock.unlock(CARD)
    assert lock.ages == ["live fingerprint", "live card", "live card"]


@pytest.mark.parametrize(("hint_age", "age"), [(0.5, "live"), (500, "unknown"), (None, "unknown")])
def test_a_burst_is_over_only_after_a_quiet_second(hint_age: float | None, age: str) -> None:
    lock = Connection(hint_age)
    lock.wait(2.9)
    lock.unlock(FINGER)
    assert lock.ages == []
    lock.wait(0.2)
    lock.unlock(CARD)
    assert lock.ages == ["unknown fingerprint"]
    lock.wait(1.1)
    lock.unlock(CARD)
    assert lock.ages == ["unknown fingerprint", f"{age} card", "live card"]


def test_an_unlock_is_received_when_it_is_reported_not_when_it_is_published() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    received = lock.clock.time()
    lock.wait(1.1)
    assert lock.unlocks[0].when.received == received
    assert lock.unlocks[0].when.time is None


# Pushed with a time


@pytest.mark.parametrize(
    ("ago", "age"), [(0, "live"), (-9, "live"), (59, "live"), (61, "late"), (40_000, "late")]
)
def test_an_unlock_with_a_time_is_published_at_once(ago: float, age: str) -> None:
    lock = Connection(hint_age=None)
    lock.unlock(FINGER, ago=ago)
    assert lock.ages == [f"{age} fingerprint"]
    (record,) = lock.unlocks
    assert record.when.time == lock.clock.time() - ago
    assert record.when.received == lock.clock.time()


def test_a_time_in_the_future_is_none() -> None:
    lock = Connection()
    lock.unlock(FINGER, ago=-11)
    assert lock.ages == []
    lock.wait(1.1)
    assert lock.ages == ["live fingerprint"]
    assert lock.unlocks[0].when.time is None
    lock.wait(3)
    lock.unlock(CARD, ago=-11)
    assert lock.ages == ["live fingerprint", "live card"]
    assert lock.unlocks[1].when.time is None


def test_an_unlock_with_a_time_does_not_overtake_the_one_before_it() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.unlock(CARD, ago=3600)
    assert lock.ages == ["unknown fingerprint", "late card"]
    lock.wait(1.1)
    assert len(lock.ages) == 2


# Answered


def test_an_answered_unlock_counts_if_no_push_follows() -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER)
    lock.wait(4.9)
    assert lock.ages == []
    lock.wait(0.2)
    assert lock.ages == ["live fingerprint"]
    lock.wait(60)
    lock.close()
    assert lock.ages == ["live fingerprint"]


@pytest.mark.parametrize("pause", [0, 2, 4.9])
def test_an_unlock_that_is_answered_and_pushed_counts_once(pause: float) -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER)
    lock.wait(pause)
    lock.unlock(FINGER)
    lock.wait(6)
    lock.close()
    assert lock.ages == ["live fingerprint"]


@pytest.mark.parametrize(("pace", "age"), [(0.3, "live"), (0.9, "unknown")])
def test_an_unlock_that_is_answered_and_pushed_at_the_end_of_a_long_burst_counts_once(
    pace: float, age: str
) -> None:
    """Ten seconds after the hint, nobody knows any more if it was what woke the lock."""
    lock = Connection()
    lock.answer_unlocks(FINGER, CARD)
    for _ in range(20):
        lock.unlock(CARD)
        lock.wait(pace)
    lock.unlock(FINGER)
    lock.wait(30)
    assert [one for one in lock.ages if "fingerprint" in one] == [f"{age} fingerprint"]
    assert len(lock.ages) == 21


def test_an_unlock_that_is_pushed_before_the_answer_counts_once() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.answer_unlocks(FINGER)
    lock.wait(6)
    assert lock.ages == ["live fingerprint"]


def test_one_push_takes_one_answer() -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER, CARD)
    lock.unlock(FINGER)
    lock.wait(6)
    assert Counter(lock.ages) == Counter(["live fingerprint", "unknown card"])


def test_of_several_answers_only_the_last_can_have_woken_the_lock() -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER, CARD)
    lock.wait(1)
    lock.answer_unlocks(FACE)
    lock.wait(6)
    assert lock.ages == ["unknown fingerprint", "unknown card", "live face"]


def test_answers_that_say_the_same_are_one() -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER)
    lock.answer_unlocks(FINGER)
    lock.wait(6)
    assert lock.ages == ["live fingerprint"]


@pytest.mark.parametrize("hint_age", [11, None])
def test_an_answer_long_after_the_hint_is_of_unknown_age(hint_age: float | None) -> None:
    lock = Connection(hint_age)
    lock.answer_unlocks(FINGER)
    lock.wait(6)
    assert lock.ages == ["unknown fingerprint"]


def test_an_answer_after_the_first_ones_were_published_counts_as_well() -> None:
    lock = Connection()
    lock.answer_unlocks(FINGER)
    lock.wait(6)
    lock.answer_unlocks(CARD)
    lock.wait(6)
    assert lock.ages == ["live fingerprint", "live card"]


def test_a_burst_and_an_answer_make_one_live_unlock() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.answer_unlocks(CARD)
    lock.wait(6)
    assert Counter(lock.ages) == Counter(["live fingerprint", "unknown card"])


# The end


def test_the_end_of_the_connection_hands_on_what_is_held() -> None:
    lock = Connection()
    lock.answer_unlocks(FACE)
    lock.unlock(FINGER, CARD)
    lock.close()
    assert Counter(lock.ages) == Counter(["unknown face", "unknown fingerprint", "live card"])
    lock.close()
    lock.wait(10)
    assert len(lock.ages) == 3


def test_the_end_of_a_silent_connection_hands_on_nothing() -> None:
    lock = Connection()
    lock.close()
    assert lock.ages == []


# Whatever comes

pushes = st.tuples(
    st.just("push"),
    st.integers(0, 3).map(lambda number: Unlock("fingerprint", number)),
    st.sampled_from([None, None, 3600.0, 25.0, -100.0]),
)
answers = st.tuples(
    st.just("answer"),
    st.integers(0, 3).map(lambda number: Unlock("card", number)),
    st.none(),
)
pauses = st.tuples(st.just("wait"), st.none(), st.sampled_from([0.3, 0.9, 1.2, 2.5, 6.0]))


@given(st.lists(pushes | answers | pauses, max_size=12), st.sampled_from([None, 0.5, 20.0]))
@settings(deadline=None, max_examples=80)
def test_nothing_is_lost_or_published_twice(
    course: list[tuple[str, Unlock | None, float | None]], hint_age: float | None
) -> None:
    lock = Connection(hint_age)
    pushed, answered = [], []
    for index, (what, unlock, number) in enumerate(course):
        if what == "push" and unlock:
            # Each has a time of its own, or it would be known already.
            lock.unlock(unlock, ago=None if number is None else number - 2 * index)
            pushed.append(unlock)
        elif what == "answer" and unlock:
            lock.answer_unlocks(unlock)
            if unlock not in answered:
                answered.append(unlock)
        elif number is not None:
            lock.wait(number)
    lock.close()
    published = [one.unlock for one in lock.unlocks]
    assert [unlock for unlock in published if unlock.method == "fingerprint"] == pushed
    assert [unlock for unlock in published if unlock.method == "card"] == answered
    if hint_age != 0.5:
        untimed_answers = [one for one in lock.unlocks if one.unlock.method == "card"]
        assert all(one.age is Age.UNKNOWN for one in untimed_answers)


def test_an_answer_is_no_news_of_a_lock_that_was_awake_when_we_came() -> None:
    lock = Connection(0, woken=False)
    lock.answer_unlocks(Unlock("card", 1))
    lock.close()
    assert lock.unlocks == []


def test_an_unlock_that_was_published_in_this_wake_is_no_news_in_an_answer() -> None:
    lock = Connection()
    lock.unlock(FINGER)
    lock.wait(1.1)
    lock.close()
    lock.open(0, woken=False)
    lock.answer_unlocks(FINGER, CARD)
    lock.wait(6)
    assert lock.ages == ["live fingerprint", "live card"]
    lock.close()
    lock.open(0, woken=True)
    lock.answer_unlocks(FINGER)
    lock.wait(6)
    assert lock.ages == ["live fingerprint", "live card", "live fingerprint"]


def test_a_push_is_news_even_if_it_was_published_in_this_wake() -> None:
    lock = Connection()
    for _ in range(2):
        lock.unlock(FINGER)
        lock.wait(1.1)
    lock.close()
    lock.open(0, woken=False)
    lock.unlock(FINGER)
    lock.wait(1.1)
    assert lock.ages == ["live fingerprint"] * 3


def test_every_connection_begins_with_a_burst() -> None:
    lock = Connection()
    lock.wait(20)
    lock.close()
    lock.open(0, woken=True)
    lock.unlock(FINGER, CARD)
    lock.wait(1.1)
    assert lock.ages == ["unknown fingerprint", "live card"]


def test_what_is_pending_can_be_seen() -> None:
    lock = Connection()
    assert lock.pending is None
    lock.unlock(FINGER)
    assert lock.pending
    assert lock.pending.unlock == FINGER
    lock.wait(1.1)
    assert lock.pending is None


# A long backlog


def test_a_burst_that_takes_longer_than_usual_has_no_live_unlock_but_the_last() -> None:
    toy = ToyLock()
    toy.open()
    for _ in range(40):
        toy.push({5: 2})
        toy.wait(0.1)
    assert set(toy.ages) == {"unknown card"}
    toy.wait(1.1)
    assert toy.ages[-1] == "live card"
    assert toy.ages.count("live card") == 1


# By time


@pytest.mark.parametrize(
    ("ahead", "believed", "age"),
    [
        (10.1, False, None),
        (10.0, True, Age.LIVE),
        (0.0, True, Age.LIVE),
        (-60.0, True, Age.LIVE),
        (-60.1, True, Age.LATE),
        (-1e6, True, Age.LATE),
    ],
)
def test_a_time_shows_the_age(ahead: float, believed: bool, age: Age | None) -> None:
    at = when(NOW + ahead, NOW)
    assert at == When(NOW, NOW + ahead, NOW + ahead if believed else None)
    assert age_by_time(at) == age


def test_no_time_shows_nothing() -> None:
    at = when(None, NOW)
    assert (at.time, at.happened, age_by_time(at)) == (None, NOW, None)


@pytest.mark.parametrize(
    ("time", "believed", "by_account", "by_cloud"),
    [
        (NOW - 5, NOW - 5, Age.LIVE, Age.LIVE),
        (NOW - 61, NOW - 61, Age.LATE, Age.LATE),
        (NOW + 11, None, Age.LIVE, Age.UNKNOWN),
        (NOW + 300, None, Age.LIVE, Age.UNKNOWN),
        (NOW + 301, None, Age.UNKNOWN, Age.UNKNOWN),
        (None, None, Age.UNKNOWN, Age.UNKNOWN),
    ],
)
def test_what_another_source_reports(
    time: float | None, believed: float | None, by_account: Age, by_cloud: Age
) -> None:
    at = when(time, NOW)
    assert (at.time, at.claimed) == (believed, time)
    assert age_elsewhere(at, Source.ACCOUNT) is by_account
    assert age_elsewhere(at, Source.CLOUD) is by_cloud


@pytest.mark.parametrize("pace", [0.3, 0.9])
def test_a_long_burst_of_dated_unlocks_ends_with_no_old_one_as_live(pace: float) -> None:
    """The time of the last one is ahead of ours, so it is not believed."""
    lock = Connection()
    for _ in range(12):
        lock.unlock(CARD, ago=3600)
        lock.wait(pace)
    lock.unlock(FINGER, ago=-3600)
    lock.wait(pace)
    lock.unlock(CARD, ago=3600)
    lock.wait(2)
    assert set(lock.ages) == {"late card", "unknown fingerprint"}


# How long a lock is waited for


def wakes(lock: ToyLock, times: int) -> None:
    """Let a finger wake a lock, and nothing else come."""
    for _ in range(times):
        lock.open(0.1, woken=True)
        lock.push(dps(FINGER))
        lock.wait(10)
        lock.close()


def seconds_until_decided(lock: ToyLock) -> float:
    """Return how long an unlock that woke a lock is held back."""
    count = len(lock.unlocks)
    lock.open(0.1, woken=True)
    lock.push(dps(FINGER))
    waited = 0.0
    while len(lock.unlocks) == count:
        lock.wait(0.05)
        waited += 0.05
    assert lock.ages[-1] == "live fingerprint"
    lock.wait(10)
    lock.close()
    return waited


def test_a_lock_that_saves_nothing_up_is_hardly_waited_for() -> None:
    lock = ToyLock()
    assert seconds_until_decided(lock) == pytest.approx(1.0, abs=0.1)
    wakes(lock, 2)
    assert seconds_until_decided(lock) == pytest.approx(0.3, abs=0.06)


def test_after_a_start_anything_may_have_been_saved_up() -> None:
    lock = ToyLock()
    wakes(lock, 5)
    again = ToyLock(stored=lock.lock.as_dict())
    assert seconds_until_decided(again) == pytest.approx(1.0, abs=0.1)
    assert seconds_until_decided(again) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize(("pace", "wait"), [(0.02, 0.3), (0.2, 0.6), (0.9, 1.0)])
def test_a_lock_is_waited_for_by_the_pace_that_it_has_shown(pace: float, wait: float) -> None:
    lock = ToyLock()
    wakes(lock, 3)
    for _ in range(2):
        lock.open(0.1, woken=True)
        for unlock in (CARD, FACE, FINGER):
            lock.push(dps(unlock))
            lock.wait(pace)
        lock.wait(10)
        lock.close()
    assert lock.ages[-3:] == ["unknown card", "unknown face", "live fingerprint"]
    assert seconds_until_decided(lock) == pytest.approx(wait, abs=0.06)
    stored = ToyLock(stored=lock.lock.as_dict())
    wakes(stored, 1)
    assert seconds_until_decided(stored) == pytest.approx(wait, abs=0.06)


def test_a_second_opening_is_no_sign_of_a_slow_lock() -> None:
    lock = ToyLock()
    wakes(lock, 3)
    lock.open(0.1, woken=True)
    lock.push(dps(CARD))
    lock.wait(2)
    lock.push(dps(FINGER))
    lock.wait(10)
    lock.close()
    assert lock.ages[-2:] == ["live card", "live fingerprint"]
    assert seconds_until_decided(lock) == pytest.approx(0.3, abs=0.06)
