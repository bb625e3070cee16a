"""The journal: every record once, in its order, and live only while it is."""

from dataclasses import replace
from itertools import product
import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Age,
    Alarm,
    Kind,
    Reader,
    Record,
    Source,
    Unlock,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, Duress, Event, When
from custom_components.tuya_wifi_lock.tuyalock.records import journal as module
from custom_components.tuya_wifi_lock.tuyalock.records.ageing import age_elsewhere, when
from custom_components.tuya_wifi_lock.tuyalock.records.journal import KEPT, Journal
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

NOW = 1_700_000_000.0
FINGER, CARD = Unlock("fingerprint", 3), Unlock("card", 2)
LAN, CLOUD, ACCOUNT = Source.LAN, Source.CLOUD, Source.ACCOUNT


def add(
    journal: Journal,
    event: Event = FINGER,
    time: float | None = None,
    age: Age | None = Age.LIVE,
    received: float = NOW,
    source: Source = LAN,
) -> Record | None:
    """Keep an event; a time that the lock gave is believed."""
    return journal.add(event, When(received, time, time), source, age)


def add_from(
    journal: Journal, source: Source, time: float | None, received: float, event: Event = FINGER
) -> Record | None:
    """Keep what another source than the LAN reports."""
    at = when(time, received)
    return journal.add(event, at, source, age_elsewhere(at, source))


def stored(journal: Journal) -> Journal:
    """Return the journal after a restart."""
    return Journal.from_dict(json.loads(json.dumps(dump(journal.stored), allow_nan=False)))


def ids(journal: Journal) -> list[int]:
    return [record.id for record in journal]


def test_a_record_keeps_what_was_reported() -> None:
    journal = Journal()
    unlock = Unlock("other", 7, "unlock_iris")
    record = add(journal, unlock, NOW - 5)
    at = When(NOW, NOW - 5, NOW - 5)
    assert record == Record(id=1, event=unlock, when=at, source=LAN, age=Age.LIVE)
    assert (record.kind, record.unlock, record.delivered) == (Kind.UNLOCK, unlock, False)
    assert list(journal) == [record]
    assert len(journal) == 1
    assert journal.find(1) == record
    assert journal.find(2) is journal.find(None) is None


def test_a_record_happened_at_its_own_time_if_it_has_one() -> None:
    journal = Journal()
    untimed, timed = (add(journal, time=time) for time in (None, NOW - 500))
    assert untimed
    assert timed
    assert (untimed.happened, timed.happened) == (NOW, NOW - 500)


def test_when_it_happened_is_known_unless_the_lock_had_saved_it_up() -> None:
    journal = Journal()
    times = [
        record.known_time
        for time, age in ((NOW - 500, Age.LATE), (None, Age.LIVE), (None, Age.UNKNOWN))
        if (record := add(journal, time=time, age=age))
    ]
    assert times == [NOW - 500, NOW, None]


@pytest.mark.parametrize(("claimed", "wrong"), [(NOW + 900, True), (None, False), (NOW, False)])
def test_a_time_that_was_not_believed_shows_a_wrong_clock(
    claimed: float | None, wrong: bool
) -> None:
    record = Journal().add(FINGER, when(claimed, NOW), LAN, Age.LIVE)
    assert record
    assert record.clock_wrong is wrong


def test_records_are_in_the_order_in_which_they_were_received() -> None:
    journal = Journal()
    for time in (NOW - 10, NOW - 500, None, NOW - 1):
        add(journal, time=time)
    assert ids(journal) == [1, 2, 3, 4]
    assert [record.when.time for record in journal] == [NOW - 10, NOW - 500, None, NOW - 1]


def test_one_record_of_two_sources_is_one() -> None:
    journal = Journal()
    assert add(journal, time=NOW)
    assert add(journal, time=NOW, source=CLOUD) is None
    assert [record.source for record in journal] == [LAN]


@pytest.mark.parametrize("sources", [(LAN, CLOUD), (CLOUD, LAN)])
def test_one_record_is_one_though_a_source_has_only_whole_seconds(
    sources: tuple[Source, Source],
) -> None:
    journal = Journal()
    times = {LAN: NOW, CLOUD: NOW + 0.789}
    first, second = sources
    assert add(journal, time=times[first], source=first)
    assert add(journal, time=times[second], source=second) is None


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
    add(journal, time=NOW)
    assert add(journal, unlock, time)


def test_unknown_methods_at_the_same_time_differ_by_their_names() -> None:
    journal = Journal()
    assert add(journal, Unlock("other", 1, "unlock_iris"), NOW)
    assert add(journal, Unlock("other", 1, "unlock_gait"), NOW)


def test_without_a_time_the_same_unlock_again_is_another_record() -> None:
    journal = Journal()
    for _ in range(3):
        assert add(journal)
    assert ids(journal) == [1, 2, 3]


def test_the_last_two_hundred_are_kept() -> None:
    journal = Journal()
    for number in range(KEPT + 50):
        add(journal, Unlock("card", number))
    assert ids(journal) == list(range(51, 251))
    assert KEPT == 200


def test_alarms_displace_no_unlocks() -> None:
    journal = Journal()
    assert add(journal, time=NOW)
    for number in range(KEPT + 50):
        add(journal, Alarm("pry"), NOW + number)
    assert [record.kind for record in journal].count(Kind.ALARM) == KEPT
    assert ids(journal)[:2] == [1, 52]
    for same in (journal, stored(journal)):
        # An alarm of that time was forgotten; an unlock would be here.
        assert add(same, Alarm("shock"), NOW + 3, source=CLOUD) is None
        assert add(same, Unlock("card", 9), NOW - 3, source=CLOUD)


def test_what_was_forgotten_is_still_known_when_an_old_history_is_reported() -> None:
    journal = Journal()
    times = [NOW + second for second in (0, 7, 3)]
    for time in times:
        assert add(journal, time=time)
    for _ in range(KEPT - 2):
        add(journal, Unlock("card", 1))
    # The first has gone, the others are kept.
    assert add(journal, time=NOW, source=CLOUD) is None
    assert add(journal, time=NOW - 1, source=CLOUD) is None
    assert add(journal, Unlock("card", 9), NOW + 1, source=CLOUD)
    for _ in range(KEPT):
        add(journal, Unlock("card", 1))
    for same in (stored(journal), journal):
        for time in times:
            assert add(same, time=time, source=CLOUD) is None
        assert add(same, Unlock("card", 9), NOW + 7, source=CLOUD) is None
        assert add(same, time=NOW + 8, source=CLOUD)


def test_a_lock_whose_clock_was_set_back_is_heard() -> None:
    journal = Journal()
    for second in range(KEPT + 5):
        add(journal, time=NOW + second)
    assert add(journal, time=NOW - 90_000, age=Age.LATE)
    assert add(journal, time=NOW - 90_000, age=Age.LATE) is None


def test_an_unbelievable_time_still_shows_a_repetition() -> None:
    journal = Journal()
    ahead = when(NOW + 9_000, NOW)
    assert journal.add(FINGER, ahead, LAN, Age.LIVE)
    for source in (LAN, CLOUD):
        assert journal.add(FINGER, ahead, source, Age.LIVE) is None
    assert stored(journal).add(FINGER, ahead, LAN, Age.LIVE) is None
    (record,) = journal
    assert record.when.time is None
    assert record.happened == NOW
    assert journal.add(FINGER, when(NOW + 9_001, NOW), LAN, Age.LIVE)


@pytest.mark.parametrize("first", [LAN, CLOUD])
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
def test_an_unlock_without_a_time_is_the_one_that_another_source_reports_with_it(
    first: Source, age: Age, time: float, one: bool
) -> None:
    journal = Journal()

    def take(journal: Journal, source: Source, event: Event = FINGER) -> Record | None:
        """Keep what a source reports of the unlock: the lock without, the cloud with a time."""
        if source is LAN:
            return add(journal, event, age=age)
        return add(journal, event, time, source=source)

    second = CLOUD if first is LAN else LAN
    assert take(journal, first)
    assert take(journal, second, Unlock("card", 3))
    assert (take(journal, second) is None) is one
    if one:
        assert next(iter(journal)).when.time == time
        assert take(journal, ACCOUNT) is None
        assert take(stored(journal), LAN), "the next one is another"


FAST = (0, 9, 11, 20, 60, 110, 120, 130, 180, 185, 250, 299)
"""Seconds by which the clock of a lock may be ahead."""


@pytest.mark.parametrize(
    ("source", "after"),
    [*product([ACCOUNT], [1, 12, 40]), *product([CLOUD], [1, 12, 40, 290, 3600])],
)
def test_a_live_unlock_is_one_with_its_record_of_a_clock_that_is_ahead(
    source: Source, after: int
) -> None:
    for fast in FAST:
        journal = Journal()
        assert add(journal)
        same = stored(journal)
        assert add_from(same, source, NOW + fast, NOW + after) is None
        (record,) = same
        assert (record.happened == NOW) is (fast > 10 or not fast)
        assert record.clock_wrong is (fast > 10)
        for again in (ACCOUNT, CLOUD):
            assert add_from(same, again, NOW + fast, NOW + after + 1) is None


@pytest.mark.parametrize(
    "order",
    # The lock reports at once what has just happened: nothing of the next unlock comes before.
    ["lLcC", "lLCc", "lcLC", "lcCL", "lCLc", "lCcL", "clLC", "clCL"],
)
@pytest.mark.parametrize(
    ("source", "gap"),
    # An account hears within seconds, the cloud is asked now and then.
    [*product([ACCOUNT], [2, 20, 50]), *product([CLOUD], [2, 20, 120, 290, 500])],
)
def test_two_unlocks_by_one_finger_stay_two_though_the_clock_is_ahead(
    source: Source, gap: int, order: str
) -> None:
    """The lock reports two unlocks, l and L, and another source reports both as well, c and C."""
    for fast in FAST:
        ages = new_in_order(order, source, gap, fast)
        assert ages.count(Age.LIVE) == 2, fast
        # What the cloud reports before the lock, of an age that nobody knows, swallows nothing new.
        early = order.index("c") < order.index("l") or order.index("C") < order.index("L")
        assert len(ages) == 2 or (early and source is CLOUD), fast


def new_in_order(order: str, source: Source, gap: int, fast: int) -> list[Age | None]:
    """Return the ages of what is new if two unlocks by one finger are reported in some order."""
    journal, now, new = Journal(), NOW, []
    for letter in order:
        happened = NOW + gap * letter.isupper()
        now = max(now, happened) + 0.5
        if letter in "lL":
            record = add(journal, received=now)
        else:
            record = add_from(journal, source, happened + fast, now)
        if record:
            new.append(record.age)
    for happened in (NOW, NOW + gap):
        assert add_from(journal, CLOUD, happened + fast, now) is None
    return new


def test_an_unlock_that_only_the_account_hears_is_not_taken_for_an_earlier_one() -> None:
    journal = Journal()
    assert add(journal)
    record = add_from(journal, ACCOUNT, NOW + 120, NOW + 120.5)
    assert record
    assert record.age is Age.LIVE


def test_a_new_unlock_is_not_taken_for_an_old_one_of_a_clock_that_is_far_ahead() -> None:
    journal = Journal()
    assert add_from(journal, CLOUD, NOW + 100, NOW)
    record = add(journal, received=NOW + 5)
    assert record
    assert record.age is Age.LIVE


def test_a_new_unlock_is_not_taken_for_an_old_one_that_only_another_source_reports() -> None:
    journal = Journal()
    assert add(journal, time=NOW - 61, age=Age.LATE, source=CLOUD)
    assert add(journal)
    journal = Journal()
    assert add(journal)
    assert add(journal, time=NOW - 61, age=Age.LATE, source=CLOUD) is None


def test_an_old_unlock_that_only_the_cloud_reports_is_not_taken_for_the_live_one() -> None:
    journal = Journal()
    assert add(journal)
    morning = add(journal, time=NOW - 36_000, age=Age.LATE, source=CLOUD)
    assert morning
    assert add(journal, time=NOW - 2, source=CLOUD) is None
    assert [record.when.time for record in journal] == [NOW - 2, NOW - 36_000]


def test_each_copy_confirms_one_unlock() -> None:
    journal = Journal()
    for second in (0, 20, 40):
        assert add(journal, received=NOW + second)
    for second in (0, 20, 40, 0, 20, 40):
        assert add(journal, time=NOW + second, source=CLOUD) is None
    assert [record.when.time for record in journal] == [NOW, NOW + 20, NOW + 40]
    assert add(journal, time=NOW + 41, source=CLOUD)


def test_ids_go_on_after_a_restart_even_if_nothing_is_left() -> None:
    journal = Journal()
    add(journal)
    emptied = Journal.from_dict(dump(journal.stored) | {"records": []})
    record = add(emptied)
    assert record
    assert record.id == 2


def test_what_was_delivered_is_not_delivered_again() -> None:
    journal = Journal()
    for number in range(3):
        add(journal, Unlock("card", number))
    journal.mark_delivered(2)
    assert [record.id for record in journal.undelivered()] == [1, 3]
    assert [record.delivered for record in journal] == [False, True, False]
    journal.mark_delivered(99)
    journal.mark_delivered(1)
    assert [record.id for record in stored(journal).undelivered()] == [3]


def test_what_was_not_delivered_before_a_crash_is_no_news() -> None:
    journal = Journal()
    for age in Age:
        add(journal, age=age)
    add(journal, Unlock("key", 9))
    journal.mark_delivered(4)
    assert [record.age for record in journal.undelivered()] == list(Age)
    journal.recover()
    ages = [Age.LATE, Age.LATE, Age.UNKNOWN]
    assert [record.age for record in journal.undelivered()] == ages
    assert [record.age for record in stored(journal)] == [*ages, Age.LIVE]


def test_a_journal_survives_its_storage() -> None:
    journal = Journal()
    for age, time in ((Age.LIVE, NOW), (Age.UNKNOWN, None), (Age.LATE, NOW - 900.5)):
        add(journal, Unlock("other", None, "unlock_iris"), time, age)
    journal.mark_delivered(1)
    again = stored(journal)
    assert list(again) == list(journal)
    assert all(isinstance(record.age, Age) for record in again)
    assert dump(again.stored) == dump(journal.stored)
    assert dump(stored(Journal()).stored) == dump(Journal().stored)


events = st.one_of(
    st.tuples(
        st.just("add"),
        st.builds(
            lambda *of: of,
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
def test_whatever_is_reported_is_kept_once_and_in_order(course: list[tuple[str, Any]]) -> None:
    journal, taken, delivered = Journal(), [], set()
    with patch.object(module, "KEPT", 5):
        for what, value in course:
            if what == "restart":
                journal = stored(journal)
            elif what == "deliver":
                delivered |= {value} & {record.id for record in journal}
                journal.mark_delivered(value)
            elif record := add(journal, *value):
                taken.append(record)
                assert record == list(journal)[-1]
            else:
                assert value[1] is not None
            assert [record.id for record in taken] == list(range(1, len(taken) + 1))
            kept = [replace(record, delivered=record.id in delivered) for record in taken[-5:]]
            assert list(journal) == kept
            undelivered = [record.id for record in journal.undelivered()]
            assert undelivered == [record.id for record in kept if not record.delivered]
            timed = [(one.event, one.when.time) for one in journal if one.when.time]
            assert len(timed) == len(set(timed))


# Pending records


def test_a_pending_record_is_kept_and_seen_by_nobody() -> None:
    journal = Journal()
    pending = add(journal, age=None)
    assert pending
    assert pending.id == dump(journal.stored)["next_id"] - 1 == 1
    assert (list(journal), len(journal), journal.undelivered()) == ([], 0, [])
    assert (journal.last_unlock, journal.kinds) == (None, set())
    assert journal.find(1) == pending
    assert list(dump(journal.stored)["records"]) == ["1"]


def test_a_pending_record_is_settled_once_its_age_is_known() -> None:
    journal = Journal()
    add(journal, age=None)
    add(journal, Alarm("pry"))
    record = journal.settle(1, Age.UNKNOWN)
    assert record
    assert record.age is Age.UNKNOWN
    assert next(iter(journal)) == journal.last_unlock == record
    assert ids(journal) == [1, 2]


def test_a_pending_record_that_was_received_again_later_is_dropped() -> None:
    journal = Journal()
    add(journal, age=None)
    assert journal.settle(1, None) is None
    assert journal.find(1) is None
    assert journal.settle(1, Age.LIVE) is None
    assert list(journal) == []


def test_a_pending_record_is_one_with_what_another_source_reported_meanwhile() -> None:
    journal = Journal()
    pending = add(journal, age=None)
    assert pending
    assert journal.is_news(pending.id, Age.LIVE)
    assert add(journal, time=NOW - 2, source=ACCOUNT, received=NOW + 0.5)
    assert not journal.is_news(pending.id, Age.LIVE)
    assert journal.settle(pending.id, Age.LIVE) is None
    assert [record.source for record in journal] == [ACCOUNT]
    assert not journal.is_news(pending.id, Age.LIVE)


def test_a_pending_record_is_of_unknown_age_after_a_crash() -> None:
    journal = Journal()
    add(journal, age=None)
    add(journal, Doorbell(), age=None)
    add(journal, Unlock("key", 7))
    again = stored(journal)
    assert [record.age for record in again] == [Age.UNKNOWN, Age.UNKNOWN, Age.LIVE]
    assert [record.id for record in again.undelivered()] == [1, 2, 3]
    assert dump(again.stored)["next_id"] == 4


def test_a_crash_makes_no_second_record_of_one_that_was_pending() -> None:
    journal = Journal()
    add(journal, age=None)
    assert add(journal, time=NOW - 2, source=ACCOUNT, received=NOW + 0.5)
    again = stored(journal)
    assert [record.source for record in again] == [ACCOUNT]
    assert again.last_unlock
    assert (again.last_unlock.id, again.last_unlock.age) == (2, Age.LIVE)
    assert add(again, time=NOW - 2, source=CLOUD) is None


# Duress


def test_duress_about_one_unlock_is_one() -> None:
    journal = Journal()
    add(journal)

    def duress(source: Source, unlock_id: int | None) -> Record | None:
        """Keep duress that a source reports."""
        at = when(None if source is LAN else NOW + 0.5, NOW + 1)
        return journal.add(Duress(), at, source, Age.LIVE, unlock_id=unlock_id)

    assert duress(LAN, 1)
    assert duress(ACCOUNT, 1) is None
    add(journal, CARD)
    assert duress(LAN, 3)
    assert [record.unlock_id for record in stored(journal).of(Kind.DURESS)] == [1, 3]


def test_pending_duress_gets_its_unlock_when_that_is_known() -> None:
    journal = Journal()
    journal.add(Duress(), When(NOW), LAN, None)
    add(journal)
    record = journal.settle(1, Age.LIVE, 2)
    assert record
    assert (record.kind, record.unlock_id) == (Kind.DURESS, 2)


# The last unlock


def test_the_last_unlock_is_the_one_that_happened_last() -> None:
    journal = Journal()
    assert journal.last_unlock is None
    add(journal, CARD, NOW - 5)
    iris = add(journal, Unlock("other", None, "unlock_iris"))
    add(journal, Unlock("face", 1), NOW - 900)
    add(journal, Alarm("pry"), received=NOW + 5)
    assert journal.last_unlock == iris
    key = add(journal, Unlock("key", 7), NOW)
    assert journal.last_unlock == key == stored(journal).last_unlock


def test_an_unlock_that_was_received_while_our_clock_was_ahead_is_the_last_no_more() -> None:
    journal = Journal()
    add(journal, CARD, received=NOW + 3600)
    key = add(journal, Unlock("key", 7), received=NOW)
    assert journal.last_unlock == key == stored(journal).last_unlock


# The stored form


@pytest.mark.parametrize(
    "changes",
    [
        {"next_id": "2"},
        {"next_id": -7},
        {"next_id": 10**30},
        {"watermarks": []},
        {"watermarks": {"unlock": "soon"}},
        {"watermarks": {"flood": NOW}},
        {"watermarks": {"unlock": float("nan")}},
    ],
)
def test_records_are_read_from_a_stored_form_whose_rest_is_damaged(changes: dict[str, Any]) -> None:
    journal, reader = Journal(), Reader()
    record = add(journal)
    again = Journal.from_dict(dump(journal.stored) | changes, reader)
    assert list(again) == [record]
    assert reader.unread == {"journal": 1}
    new = add(again, Unlock("card", 1))
    assert new
    assert new.id == 2


@pytest.mark.parametrize("records", [None, 7, [], "x"])
def test_a_journal_whose_records_are_no_mapping_begins_again(records: Any) -> None:
    journal, reader = Journal(), Reader()
    add(journal)
    again = Journal.from_dict(dump(journal.stored) | {"records": records}, reader)
    assert list(again) == []
    assert reader.unread == {"journal": 1}
    assert dump(again.stored)["next_id"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"age": "young"},
        {"age": ["live"]},
        {"event": {"kind": "unlock"}},
        {"event": {"kind": "unlock", "method": "telepathy"}},
        {"event": {"kind": "unlock", "method": "fingerprint", "number": 65536}},
        {"event": {"kind": "unlock", "method": "fingerprint", "number": -1}},
        {"event": {"kind": "alarm", "type": "flood"}},
        {"event": {"kind": "knock"}},
        {"source": 7},
        {"source": "pigeon"},
        {"when": None},
        {"when": {"received": 1e300}},
        {"when": {"received": NOW, "claimed": -1e300}},
        {"id": 1},
        {"id": 10**30},
        {"id": True},
    ],
)
def test_a_stored_record_that_cannot_be_read_is_left_out_alone(changes: dict[str, Any]) -> None:
    journal, reader = Journal(), Reader()
    first = add(journal)
    add(journal, Unlock("card", 1))
    last = add(journal, Unlock("card", 2))
    data = dump(journal.stored)
    data["records"]["2"] |= changes
    again = Journal.from_dict(data, reader)
    assert reader.unread == {"journal": 1}
    assert [one.event for one in again][-1:] == [last and last.event]
    assert len(again) == 2
    if "id" not in changes:
        assert next(iter(again)) == first


def test_a_watermark_swallows_nothing_that_is_newer_than_what_is_kept() -> None:
    journal = Journal()
    add(journal, time=NOW)
    again = Journal.from_dict(dump(journal.stored) | {"watermarks": {"unlock": NOW + 1e6}})
    assert add(again, Unlock("card", 1), time=NOW + 60, received=NOW + 60, source=CLOUD)


def test_of_too_many_stored_records_the_newest_are_kept() -> None:
    journal = Journal()
    add(journal)
    data = dump(journal.stored)
    (row,) = data["records"].values()
    data["records"] = {str(id_): {**row, "id": id_} for id_ in range(1, 500)}
    assert len(Journal.from_dict(data)) == KEPT


def test_every_kind_of_record_survives_its_storage() -> None:
    journal = Journal()
    for event in (FINGER, Alarm("pry"), Doorbell(), Duress(FINGER), Duress()):
        add(journal, event)
    again = stored(journal)
    assert list(again) == list(journal)
    assert again.kinds == journal.kinds == set(Kind)
    assert [record.event for record in again][3].unlock == FINGER  # type: ignore[union-attr]
