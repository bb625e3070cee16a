"""The journal: every unlock once, in its order, and told as new only while it is."""

from dataclasses import replace
from itertools import product
import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import records
from custom_components.tuya_wifi_lock.tuyalock.records import (
    Age,
    Arrival,
    Journal,
    Record,
    judge,
    timed,
)
from custom_components.tuya_wifi_lock.tuyalock.state import Unlock

NOW = 1_700_000_000.0
FINGER = Unlock("fingerprint", 3)


def arrival(
    unlock: Unlock = FINGER,
    time: float | None = None,
    age: Age = Age.LIVE,
    received: float = NOW,
) -> Arrival:
    return Arrival(unlock, time, received, age)


def stored(journal: Journal) -> Journal:
    """Return the journal after a restart."""
    return Journal.from_dict(json.loads(json.dumps(journal.as_dict(), allow_nan=False)))


def ids(journal: Journal) -> list[int]:
    return [record.id for record in journal]


def test_a_record_keeps_what_arrived() -> None:
    journal = Journal()
    unlock = Unlock("other", 7, "unlock_iris")
    record = journal.add(Arrival(unlock, NOW - 5, NOW, Age.LIVE), "lan")
    assert record == Record(
        id=1,
        method="other",
        number=7,
        code_name="unlock_iris",
        time=NOW - 5,
        received=NOW,
        age=Age.LIVE,
        route="lan",
        delivered=False,
    )
    assert list(journal) == [record]


def test_a_record_happened_at_its_own_time_if_it_has_one() -> None:
    journal = Journal()
    untimed, timed = (journal.add(arrival(time=time), "lan") for time in (None, NOW - 500))
    assert untimed
    assert timed
    assert (untimed.happened, timed.happened) == (NOW, NOW - 500)


def test_when_it_happened_is_known_unless_the_lock_had_saved_it_up() -> None:
    journal = Journal()
    times = [
        record.known_time
        for time, age in ((NOW - 500, Age.LATE), (None, Age.LIVE), (None, Age.UNKNOWN))
        if (record := journal.add(arrival(time=time, age=age), "lan"))
    ]
    assert times == [NOW - 500, NOW, None]


@pytest.mark.parametrize(
    ("time", "claimed", "wrong"),
    [(None, NOW + 900, True), (None, None, False), (NOW, NOW, False)],
)
def test_a_time_that_was_not_believed_tells_of_a_wrong_clock(
    time: float | None, claimed: float | None, wrong: bool
) -> None:
    told = Arrival(FINGER, time, NOW, Age.LIVE, claimed)
    record = Journal().add(told, "lan")
    assert record
    assert record.from_the_future is wrong


def test_records_are_in_the_order_of_their_arrival() -> None:
    journal = Journal()
    for time in (NOW - 10, NOW - 500, None, NOW - 1):
        journal.add(arrival(time=time), "lan")
    assert ids(journal) == [1, 2, 3, 4]
    assert [record.time for record in journal] == [NOW - 10, NOW - 500, None, NOW - 1]


def test_one_record_by_two_routes_is_one() -> None:
    journal = Journal()
    assert journal.add(arrival(time=NOW), "lan")
    assert journal.add(arrival(time=NOW), "cloud") is None
    assert [record.route for record in journal] == ["lan"]


@pytest.mark.parametrize("first", ["lan", "cloud"])
def test_one_record_is_one_though_a_route_has_only_whole_seconds(first: str) -> None:
    journal = Journal()
    told = {"lan": arrival(time=NOW), "cloud": arrival(time=NOW + 0.789)}
    second = "cloud" if first == "lan" else "lan"
    assert journal.add(told[first], first)
    assert journal.add(told[second], second) is None


@pytest.mark.parametrize(
    ("unlock", "time"),
    [
        (FINGER, NOW + 1),
        (FINGER, None),
        (Unlock("fingerprint", 4), NOW),
        (Unlock("card", 3), NOW),
        (Unlock("fingerprint"), NOW),
    ],
)
def test_what_differs_is_another_record(unlock: Unlock, time: float | None) -> None:
    journal = Journal()
    journal.add(arrival(time=NOW), "lan")
    assert journal.add(arrival(unlock, time), "lan")


def test_unknown_methods_at_the_same_time_are_told_apart_by_their_names() -> None:
    journal = Journal()
    assert journal.add(arrival(Unlock("other", 1, "unlock_iris"), NOW), "lan")
    assert journal.add(arrival(Unlock("other", 1, "unlock_gait"), NOW), "lan")


def test_without_a_time_the_same_unlock_again_is_another_record() -> None:
    journal = Journal()
    for _ in range(3):
        assert journal.add(arrival(), "lan")
    assert ids(journal) == [1, 2, 3]


def test_the_last_two_hundred_are_kept() -> None:
    journal = Journal()
    for number in range(records.KEPT + 50):
        journal.add(arrival(Unlock("card", number)), "lan")
    assert ids(journal) == list(range(51, 251))
    assert records.KEPT == 200


def test_what_was_forgotten_is_still_known_to_who_tells_old_histories() -> None:
    journal = Journal()
    times = [NOW + second for second in (0, 7, 3)]
    for time in times:
        assert journal.add(arrival(time=time), "lan")
    for _ in range(records.KEPT - 2):
        journal.add(arrival(Unlock("card", 1)), "lan")
    # The first has gone, the others are kept.
    assert journal.add(arrival(time=NOW), "cloud") is None
    assert journal.add(arrival(time=NOW - 1), "cloud") is None
    assert journal.add(arrival(Unlock("card", 9), NOW + 1), "cloud")
    for _ in range(records.KEPT):
        journal.add(arrival(Unlock("card", 1)), "lan")
    for same in (stored(journal), journal):
        for time in times:
            assert same.add(arrival(time=time), "cloud") is None
        assert same.add(arrival(Unlock("card", 9), NOW + 7), "cloud") is None
        assert same.add(arrival(time=NOW + 8), "cloud")


def test_a_lock_whose_clock_was_set_back_is_heard() -> None:
    journal = Journal()
    for second in range(records.KEPT + 5):
        journal.add(arrival(time=NOW + second), "lan")
    assert journal.add(arrival(time=NOW - 90_000, age=Age.LATE), "lan")
    assert journal.add(arrival(time=NOW - 90_000, age=Age.LATE), "lan") is None


def test_an_unbelievable_time_still_tells_a_repetition() -> None:
    journal = Journal()
    ahead = replace(arrival(), claimed=NOW + 9_000)
    assert journal.add(ahead, "lan")
    for route in ("lan", "cloud"):
        assert journal.add(ahead, route) is None
    assert stored(journal).add(ahead, "lan") is None
    (record,) = journal
    assert record.time is None
    assert record.happened == NOW
    assert journal.add(replace(ahead, claimed=NOW + 9_001), "lan")


@pytest.mark.parametrize("first", ["lan", "cloud"])
@pytest.mark.parametrize(
    ("age", "time", "one"),
    [
        (Age.LIVE, NOW - 5, True),
        (Age.LIVE, NOW - 59, True),
        (Age.LIVE, NOW + 9, True),
        (Age.LIVE, NOW + 301, False),
        (Age.UNKNOWN, NOW - 90_000, True),
        (Age.UNKNOWN, NOW - 31 * 86_400, False),
        (Age.UNKNOWN, NOW + 9, True),
        (Age.UNKNOWN, NOW + 301, False),
    ],
)
def test_an_unlock_without_a_time_is_the_one_that_another_route_tells_with_it(
    first: str, age: Age, time: float, one: bool
) -> None:
    journal = Journal()
    told = {"lan": arrival(age=age), "cloud": arrival(time=time)}
    second = "cloud" if first == "lan" else "lan"
    assert journal.add(told[first], first)
    assert journal.add(replace(told[second], unlock=Unlock("card", 3)), second)
    assert (journal.add(told[second], second) is None) is one
    if one:
        assert next(iter(journal)).time == time
        assert journal.add(told["cloud"], "account") is None
        assert stored(journal).add(told["lan"], "lan"), "the next one is another"


FAST = (0, 9, 11, 20, 60, 110, 120, 130, 180, 185, 250, 299)
"""Seconds by which the clock of a lock may be ahead."""


@pytest.mark.parametrize(
    ("route", "after"),
    [*product(["account"], [1, 12, 40]), *product(["cloud"], [1, 12, 40, 290, 3600])],
)
def test_an_unlock_told_live_is_one_with_its_record_of_a_clock_that_is_ahead(
    route: str, after: int
) -> None:
    for fast in FAST:
        journal = Journal()
        assert journal.add(arrival(), "lan")
        same = stored(journal)
        assert same.add(timed(FINGER, NOW + fast, NOW + after, route), route) is None
        (record,) = same
        assert (record.happened == NOW) is (fast > 10 or not fast)
        assert record.from_the_future is (fast > 10)
        for again in ("account", "cloud"):
            assert same.add(timed(FINGER, NOW + fast, NOW + after + 1, again), again) is None


@pytest.mark.parametrize(
    "order",
    # The lock tells live what has just happened, so nothing of the next unlock comes before it.
    ["lLcC", "lLCc", "lcLC", "lcCL", "lCLc", "lCcL", "clLC", "clCL"],
)
@pytest.mark.parametrize(
    ("route", "gap"),
    # An account hears within seconds, the cloud is asked now and then.
    [*product(["account"], [2, 20, 50]), *product(["cloud"], [2, 20, 120, 290, 500])],
)
def test_two_unlocks_by_one_finger_stay_two_though_the_clock_is_ahead(
    route: str, gap: int, order: str
) -> None:
    """The lock tells two unlocks, l and L, and another route tells both as well, c and C."""
    for fast in FAST:
        ages = told_in_order(order, route, gap, fast)
        assert ages.count(Age.LIVE) == 2, fast
        # What the cloud tells before the lock, of an age that nobody knows, swallows nothing new.
        early = order.index("c") < order.index("l") or order.index("C") < order.index("L")
        assert len(ages) == 2 or (early and route == "cloud"), fast


def told_in_order(order: str, route: str, gap: int, fast: int) -> list[Age]:
    """Return the ages of what is told if two unlocks by one finger arrive in some order."""
    journal, now, told = Journal(), NOW, []
    for letter in order:
        happened = NOW + gap * letter.isupper()
        now = max(now, happened) + 0.5
        if letter in "lL":
            record = journal.add(arrival(received=now), "lan")
        else:
            record = journal.add(timed(FINGER, happened + fast, now, route), route)
        if record:
            told.append(record.age)
    for happened in (NOW, NOW + gap):
        assert journal.add(timed(FINGER, happened + fast, now, "cloud"), "cloud") is None
    return told


def test_an_unlock_that_only_the_account_hears_is_not_taken_for_an_earlier_one() -> None:
    journal = Journal()
    assert journal.add(arrival(), "lan")
    record = journal.add(timed(FINGER, NOW + 120, NOW + 120.5, "account"), "account")
    assert record
    assert record.age is Age.LIVE


def test_a_new_unlock_is_not_taken_for_an_old_one_of_a_clock_that_is_far_ahead() -> None:
    journal = Journal()
    an_hour_ahead = timed(FINGER, NOW + 100, NOW, "cloud")
    assert journal.add(an_hour_ahead, "cloud")
    record = journal.add(arrival(received=NOW + 5), "lan")
    assert record
    assert record.age is Age.LIVE


def test_a_new_unlock_is_not_taken_for_an_old_one_that_only_another_route_has_told() -> None:
    journal = Journal()
    assert journal.add(arrival(time=NOW - 61, age=Age.LATE), "cloud")
    assert journal.add(arrival(), "lan")
    journal = Journal()
    assert journal.add(arrival(), "lan")
    assert journal.add(arrival(time=NOW - 61, age=Age.LATE), "cloud") is None


def test_an_old_unlock_that_only_the_cloud_has_told_is_not_taken_for_the_live_one() -> None:
    journal = Journal()
    assert journal.add(arrival(), "lan")
    morning = journal.add(arrival(time=NOW - 36_000, age=Age.LATE), "cloud")
    assert morning
    assert journal.add(arrival(time=NOW - 2), "cloud") is None
    assert [record.time for record in journal] == [NOW - 2, NOW - 36_000]


def test_each_copy_confirms_one_unlock() -> None:
    journal = Journal()
    for second in (0, 20, 40):
        assert journal.add(arrival(received=NOW + second), "lan")
    copies = [arrival(time=NOW + second) for second in (0, 20, 40)]
    for copy in (*copies, *copies):
        assert journal.add(copy, "cloud") is None
    assert [record.time for record in journal] == [NOW, NOW + 20, NOW + 40]
    assert journal.add(arrival(time=NOW + 41), "cloud")


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
def test_what_another_route_tells(
    time: float | None, believed: float | None, by_account: Age, by_cloud: Age
) -> None:
    for route, age in (("account", by_account), ("cloud", by_cloud)):
        assert timed(FINGER, time, NOW, route) == Arrival(FINGER, believed, NOW, age, time)


def test_ids_go_on_after_a_restart_even_if_nothing_is_left() -> None:
    journal = Journal()
    journal.add(arrival(), "lan")
    emptied = Journal.from_dict(journal.as_dict() | {"records": []})
    record = emptied.add(arrival(), "lan")
    assert record
    assert record.id == 2


def test_what_was_delivered_is_not_delivered_again() -> None:
    journal = Journal()
    for number in range(3):
        journal.add(arrival(Unlock("card", number)), "lan")
    journal.mark_delivered(2)
    assert [record.id for record in journal.undelivered()] == [1, 3]
    assert [record.delivered for record in journal] == [False, True, False]
    journal.mark_delivered(99)
    journal.mark_delivered(1)
    assert [record.id for record in stored(journal).undelivered()] == [3]


def test_what_was_not_delivered_before_a_crash_is_no_news() -> None:
    journal = Journal()
    for age in Age:
        journal.add(arrival(age=age), "lan")
    journal.add(arrival(Unlock("key", 9)), "lan")
    journal.mark_delivered(4)
    assert [record.age for record in journal.undelivered()] == list(Age)
    journal.recover()
    ages = [Age.LATE, Age.LATE, Age.UNKNOWN]
    assert [record.age for record in journal.undelivered()] == ages
    assert [record.age for record in stored(journal)] == [*ages, Age.LIVE]


def test_a_journal_survives_its_storage() -> None:
    journal = Journal()
    for age, time in ((Age.LIVE, NOW), (Age.UNKNOWN, None), (Age.LATE, NOW - 900.5)):
        journal.add(arrival(Unlock("other", None, "unlock_iris"), time, age), "lan")
    journal.mark_delivered(1)
    again = stored(journal)
    assert list(again) == list(journal)
    assert all(isinstance(record.age, Age) for record in again)
    assert again.as_dict() == journal.as_dict()
    assert stored(Journal()).as_dict() == Journal().as_dict()


events = st.one_of(
    st.tuples(
        st.just("add"),
        st.builds(
            arrival,
            st.builds(Unlock, st.sampled_from(["card", "key"]), st.integers(1, 2)),
            st.none() | st.integers(0, 12).map(lambda second: NOW + second),
            st.sampled_from(Age),
        ),
    ),
    st.tuples(st.just("deliver"), st.integers(1, 30)),
    st.tuples(st.just("restart"), st.none()),
)


@given(st.lists(events, max_size=40))
@settings(deadline=None, max_examples=120)
def test_whatever_arrives_is_kept_once_and_in_order(course: list[tuple[str, Any]]) -> None:
    journal, taken, delivered = Journal(), [], set()
    with patch.object(records, "KEPT", 5):
        for what, value in course:
            if what == "restart":
                journal = stored(journal)
            elif what == "deliver":
                delivered |= {value} & {record.id for record in journal}
                journal.mark_delivered(value)
            elif record := journal.add(value, "lan"):
                taken.append(record)
                assert record == list(journal)[-1]
            else:
                assert value.time is not None
            assert [record.id for record in taken] == list(range(1, len(taken) + 1))
            kept = [replace(record, delivered=record.id in delivered) for record in taken[-5:]]
            assert list(journal) == kept
            undelivered = [record.id for record in journal.undelivered()]
            assert undelivered == [record.id for record in kept if not record.delivered]
            timed = [(one.method, one.number, one.time) for one in journal if one.time is not None]
            assert len(timed) == len(set(timed))


@pytest.mark.parametrize(
    ("ahead", "age"),
    [
        (10.1, None),
        (10.0, Age.LIVE),
        (0.0, Age.LIVE),
        (-60.0, Age.LIVE),
        (-60.1, Age.LATE),
        (-1e6, Age.LATE),
    ],
)
def test_a_time_tells_the_age(ahead: float, age: Age | None) -> None:
    time = NOW + ahead
    assert judge(time, NOW) == (None if age is None else time, age)


def test_no_time_tells_nothing() -> None:
    assert judge(None, NOW) == (None, None)
