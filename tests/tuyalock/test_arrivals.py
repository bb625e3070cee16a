"""Which unlock woke the lock, and which it had saved up."""

import asyncio
from collections import Counter

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock.arrivals import Arrivals
from custom_components.tuya_wifi_lock.tuyalock.records import Age, Arrival
from custom_components.tuya_wifi_lock.tuyalock.signals import RING
from custom_components.tuya_wifi_lock.tuyalock.state import Unlock

from .house import MovableClock

FINGER, CARD, FACE = Unlock("fingerprint", 3), Unlock("card", 2), Unlock("face", 1)


class Connection:
    """A connection that has just begun, some time after a hint, and what it handed on."""

    def __init__(self, hint_age: float | None = 0.5) -> None:
        self.clock = MovableClock()
        self.heard: list[Arrival] = []
        hint_at = None if hint_age is None else self.clock.monotonic() - hint_age
        self.arrivals = Arrivals(self.clock, self.heard.append)
        self.arrivals.open(hint_at, woken=True)

    def push(self, *unlocks: Unlock, ago: float | None = None) -> None:
        for unlock in unlocks:
            self.arrivals.pushed(unlock, None if ago is None else self.clock.time() - ago)

    def answer(self, *unlocks: Unlock) -> None:
        for unlock in unlocks:
            self.arrivals.answered(unlock)

    async def wait(self, seconds: float) -> None:
        self.clock.move(seconds)
        for _ in range(3):
            await asyncio.sleep(0)

    @property
    def told(self) -> list[str]:
        return [f"{arrival.age} {arrival.unlock.method}" for arrival in self.heard]


# Pushed, without a time


async def test_a_ring_counts_as_an_unlock_does_and_is_handed_on_by_itself() -> None:
    lock, rings = Connection(), list[str]()
    lock.arrivals.deliver_ring = lambda arrival: rings.append(f"{arrival.age}")
    lock.push(FINGER, RING)
    assert (lock.told, lock.arrivals.held) == (["unknown fingerprint"], None)
    await lock.wait(1.1)
    assert rings == ["live"]
    lock.push(RING, FINGER)
    assert rings == ["live", "unknown"]
    assert lock.arrivals.held
    assert lock.arrivals.held.unlock == FINGER
    await lock.wait(1.1)
    assert lock.told == ["unknown fingerprint", "live fingerprint"]


async def test_the_unlock_that_woke_the_lock_is_live_after_a_quiet_second() -> None:
    lock = Connection()
    lock.push(FINGER)
    await lock.wait(0.9)
    assert lock.told == []
    await lock.wait(0.2)
    assert lock.told == ["live fingerprint"]
    assert lock.clock.waiting == 0


async def test_of_a_burst_only_the_last_can_have_woken_the_lock() -> None:
    lock = Connection()
    lock.push(FINGER, CARD)
    await lock.wait(0.9)
    assert lock.told == ["unknown fingerprint"]
    lock.push(FACE)
    await lock.wait(0.9)
    assert lock.told == ["unknown fingerprint", "unknown card"]
    await lock.wait(0.2)
    assert lock.told == ["unknown fingerprint", "unknown card", "live face"]


async def test_the_same_unlock_twice_is_two() -> None:
    lock = Connection()
    lock.push(FINGER, FINGER)
    await lock.wait(1.1)
    assert lock.told == ["unknown fingerprint", "live fingerprint"]


@pytest.mark.parametrize(
    ("hint_age", "age"), [(9.9, "live"), (10.1, "unknown"), (500, "unknown"), (None, "unknown")]
)
async def test_only_a_fresh_hint_can_be_due_to_the_unlock(hint_age: float | None, age: str) -> None:
    lock = Connection(hint_age)
    lock.push(FINGER)
    await lock.wait(1.1)
    assert lock.told == [f"{age} fingerprint"]


async def test_a_hint_grows_old_while_the_lock_talks() -> None:
    lock = Connection(hint_age=8)
    await lock.wait(2.5)
    lock.push(FINGER)
    await lock.wait(1.1)
    assert lock.told == ["unknown fingerprint"]


async def test_a_quiet_second_ends_the_burst_and_the_next_one_is_live_too() -> None:
    lock = Connection()
    lock.push(FINGER)
    await lock.wait(1.1)
    lock.push(CARD)
    await lock.wait(1.1)
    assert lock.told == ["live fingerprint", "live card"]


@pytest.mark.parametrize("hint_age", [0.5, 500, None])
async def test_after_the_first_seconds_an_unlock_is_live_at_once(hint_age: float | None) -> None:
    lock = Connection(hint_age)
    await lock.wait(2.9)
    lock.push(FINGER)
    assert lock.told == []
    await lock.wait(0.2)
    lock.push(CARD)
    assert lock.told == ["unknown fingerprint", "live card"]
    lock.push(CARD)
    assert lock.told == ["unknown fingerprint", "live card", "live card"]


async def test_an_unlock_is_received_when_it_is_heard_not_when_it_is_told() -> None:
    lock = Connection()
    lock.push(FINGER)
    received = lock.clock.time()
    await lock.wait(1.1)
    assert lock.heard[0].received == pytest.approx(received, abs=0.2)
    assert lock.heard[0].time is None


# Pushed with a time


@pytest.mark.parametrize(
    ("ago", "age"), [(0, "live"), (-9, "live"), (59, "live"), (61, "late"), (40_000, "late")]
)
async def test_an_unlock_with_a_time_is_told_at_once(ago: float, age: str) -> None:
    lock = Connection(hint_age=None)
    lock.push(FINGER, ago=ago)
    assert lock.told == [f"{age} fingerprint"]
    (arrival,) = lock.heard
    assert arrival.time == pytest.approx(lock.clock.time() - ago, abs=0.2)
    assert arrival.received == pytest.approx(lock.clock.time(), abs=0.2)


async def test_a_time_in_the_future_is_none() -> None:
    lock = Connection()
    lock.push(FINGER, ago=-11)
    assert lock.told == []
    await lock.wait(1.1)
    assert lock.told == ["live fingerprint"]
    assert lock.heard[0].time is None
    await lock.wait(3)
    lock.push(CARD, ago=-11)
    assert lock.told == ["live fingerprint", "live card"]
    assert lock.heard[1].time is None


async def test_an_unlock_with_a_time_does_not_overtake_the_one_before_it() -> None:
    lock = Connection()
    lock.push(FINGER)
    lock.push(CARD, ago=3600)
    assert lock.told == ["unknown fingerprint", "late card"]
    await lock.wait(1.1)
    assert len(lock.told) == 2


# Answered


async def test_an_answered_unlock_counts_if_no_push_follows() -> None:
    lock = Connection()
    lock.answer(FINGER)
    await lock.wait(4.9)
    assert lock.told == []
    await lock.wait(0.2)
    assert lock.told == ["live fingerprint"]
    await lock.wait(60)
    lock.arrivals.close()
    assert lock.told == ["live fingerprint"]


@pytest.mark.parametrize("pause", [0, 2, 4.9])
async def test_an_unlock_that_is_answered_and_pushed_counts_once(pause: float) -> None:
    lock = Connection()
    lock.answer(FINGER)
    await lock.wait(pause)
    lock.push(FINGER)
    await lock.wait(6)
    lock.arrivals.close()
    assert lock.told == ["live fingerprint"]


async def test_an_unlock_that_is_pushed_before_the_answer_counts_once() -> None:
    lock = Connection()
    lock.push(FINGER)
    lock.answer(FINGER)
    await lock.wait(6)
    assert lock.told == ["live fingerprint"]


async def test_one_push_takes_one_answer() -> None:
    lock = Connection()
    lock.answer(FINGER, CARD)
    lock.push(FINGER)
    await lock.wait(6)
    assert Counter(lock.told) == Counter(["live fingerprint", "unknown card"])


async def test_of_several_answers_only_the_last_can_have_woken_the_lock() -> None:
    lock = Connection()
    lock.answer(FINGER, CARD)
    await lock.wait(1)
    lock.answer(FACE)
    await lock.wait(6)
    assert lock.told == ["unknown fingerprint", "unknown card", "live face"]


async def test_answers_that_say_the_same_are_one() -> None:
    lock = Connection()
    lock.answer(FINGER)
    lock.answer(FINGER)
    await lock.wait(6)
    assert lock.told == ["live fingerprint"]


@pytest.mark.parametrize("hint_age", [11, None])
async def test_an_answer_long_after_the_hint_is_of_unknown_age(hint_age: float | None) -> None:
    lock = Connection(hint_age)
    lock.answer(FINGER)
    await lock.wait(6)
    assert lock.told == ["unknown fingerprint"]


async def test_an_answer_after_the_first_ones_were_told_counts_as_well() -> None:
    lock = Connection()
    lock.answer(FINGER)
    await lock.wait(6)
    lock.answer(CARD)
    await lock.wait(6)
    assert lock.told == ["live fingerprint", "live card"]


async def test_a_burst_and_an_answer_make_one_live_unlock() -> None:
    lock = Connection()
    lock.push(FINGER)
    lock.answer(CARD)
    await lock.wait(6)
    assert Counter(lock.told) == Counter(["live fingerprint", "unknown card"])


# The end


async def test_the_end_of_the_connection_hands_on_what_is_held() -> None:
    lock = Connection()
    lock.answer(FACE)
    lock.push(FINGER, CARD)
    lock.arrivals.close()
    assert Counter(lock.told) == Counter(["unknown face", "unknown fingerprint", "live card"])
    assert lock.clock.waiting == 0
    lock.arrivals.close()
    await lock.wait(10)
    assert len(lock.told) == 3


async def test_the_end_of_a_silent_connection_hands_on_nothing() -> None:
    lock = Connection()
    lock.arrivals.close()
    assert lock.told == []


# Whatever comes

pushes = st.tuples(
    st.just("push"),
    st.integers(0, 3).map(lambda number: Unlock("fingerprint", number)),
    st.sampled_from([None, None, 3600.0, 1.0, -100.0]),
)
answers = st.tuples(
    st.just("answer"),
    st.integers(0, 3).map(lambda number: Unlock("card", number)),
    st.none(),
)
pauses = st.tuples(st.just("wait"), st.none(), st.sampled_from([0.3, 0.9, 1.2, 2.5, 6.0]))


@given(st.lists(pushes | answers | pauses, max_size=12), st.sampled_from([None, 0.5, 20.0]))
@settings(deadline=None, max_examples=80)
async def test_nothing_is_lost_or_told_twice(
    course: list[tuple[str, Unlock | None, float | None]], hint_age: float | None
) -> None:
    lock = Connection(hint_age)
    pushed, answered = [], []
    for what, unlock, number in course:
        if what == "push" and unlock:
            lock.push(unlock, ago=number)
            pushed.append(unlock)
        elif what == "answer" and unlock:
            lock.answer(unlock)
            if unlock not in answered:
                answered.append(unlock)
        elif number is not None:
            await lock.wait(number)
    lock.arrivals.close()
    heard = [one.unlock for one in lock.heard]
    assert [unlock for unlock in heard if unlock.method == "fingerprint"] == pushed
    assert [unlock for unlock in heard if unlock.method == "card"] == answered
    if hint_age != 0.5:
        untimed_answers = [one for one in lock.heard if one.unlock.method == "card"]
        assert all(one.age is Age.UNKNOWN for one in untimed_answers)
    assert lock.clock.waiting == 0


async def test_an_answer_is_no_news_of_a_lock_that_was_awake_when_we_came() -> None:
    lock = Connection()
    lock.arrivals = Arrivals(lock.clock, lock.heard.append)
    lock.arrivals.open(lock.clock.monotonic(), woken=False)
    lock.answer(Unlock("card", 1))
    lock.arrivals.close()
    assert lock.heard == []


async def test_an_unlock_that_was_told_in_this_wake_is_no_news_in_an_answer() -> None:
    lock = Connection()
    lock.push(FINGER)
    await lock.wait(1.1)
    lock.arrivals.close()
    lock.arrivals.open(lock.clock.monotonic(), woken=False)
    lock.answer(FINGER, CARD)
    await lock.wait(6)
    assert lock.told == ["live fingerprint", "live card"]
    lock.arrivals.close()
    lock.arrivals.open(lock.clock.monotonic(), woken=True)
    lock.answer(FINGER)
    await lock.wait(6)
    assert lock.told == ["live fingerprint", "live card", "live fingerprint"]


async def test_a_push_is_news_even_if_it_was_told_in_this_wake() -> None:
    lock = Connection()
    for _ in range(2):
        lock.push(FINGER)
        await lock.wait(1.1)
    lock.arrivals.close()
    lock.arrivals.open(lock.clock.monotonic(), woken=False)
    lock.push(FINGER)
    await lock.wait(1.1)
    assert lock.told == ["live fingerprint"] * 3


async def test_every_connection_begins_with_a_burst() -> None:
    lock = Connection()
    await lock.wait(20)
    lock.arrivals.close()
    lock.arrivals.open(lock.clock.monotonic(), woken=True)
    lock.push(FINGER, CARD)
    await lock.wait(1.1)
    assert lock.told == ["unknown fingerprint", "live card"]


async def test_what_is_held_can_be_seen() -> None:
    lock = Connection()
    assert lock.arrivals.held is None
    lock.push(FINGER)
    assert lock.arrivals.held
    assert lock.arrivals.held.unlock == FINGER
    await lock.wait(1.1)
    assert lock.arrivals.held is None
