"""Alarms, rings and duress of the simulated lock: each is published once, with what it is about."""

from base64 import b64encode
import json
import time
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    ALARMS,
    Age,
    Alarm,
    Record,
    Source,
    Unlock,
    Value,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Doorbell, Duress, Item
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import events
from tests.simulator.families import ALARMS as ON_THE_WIRE

from .house import VERSIONS, House, house
from .reading import observe

pytestmark = pytest.mark.usefixtures("socket_enabled")

HOUR = 3600.0
RING, DURESS = Doorbell(), Duress()

type Signal = Alarm | Doorbell | Duress


def named(name: str) -> Signal:
    """Return what an alarm stands for."""
    return RING if name == "doorbell" else Alarm(name)


def found(codes: dict[str, Value]) -> list[Any]:
    """Return the signals in a report."""
    observations = observe({}, [Item(code, value) for code, value in codes.items()])
    return [event for event, _ in events(observations) if not isinstance(event, Unlock)]


def kit(*data: int) -> str:
    """Return a raw value."""
    return b64encode(bytes(data)).decode()


async def published(home: House, *expected: Signal, late: bool = False) -> None:
    """Wait until these were published, and nothing else."""
    await home.until(lambda: len(home.signals) >= len(expected))
    await home.settle()
    assert [record.event for record in home.signals] == list(expected)
    assert [is_late(record) for record in home.signals] == [late] * len(expected)


def is_late(record: Record) -> bool:
    """Return if a record is no news."""
    return record.age is not Age.LIVE


async def finger_is_published(home: House, count: int = 1) -> None:
    """Wait until so many unlocks were published."""
    await home.until(lambda: len(home.records) == count)


async def no_unlock_follows(home: House) -> None:
    """Hear of duress, and let the time pass in which its own unlock can follow."""
    await home.until(lambda: "hijack" in home.lock.snapshot.state.seen)
    await home.settle()
    home.clock.move(2.1)


def from_cloud(home: House, signal: Signal, ago: float, forced: str | None = None) -> None:
    """Let the cloud report a signal; a record of duress may say what was opened."""
    match signal:
        case Alarm():
            home.from_cloud("alarm_lock", signal.type, ago)
        case Doorbell():
            home.from_cloud("doorbell", True, ago)
        case Duress():
            home.from_cloud("hijack", forced or True, ago)


# What a report says


@pytest.mark.parametrize(("index", "name"), enumerate(ON_THE_WIRE))
def test_an_alarm_is_a_name_an_index_or_a_bit(index: int, name: str) -> None:
    for value in (name, f"{index:02d}", 1 << index, str((1 << index) + (1 << 20))):
        assert found({"alarm_lock": value})[0] == named(name), value


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("singing", ["other"]),
        ("", []),
        ("17", ["other"]),
        ("unidentified", ["unidentified"]),
        (1 << 17, ["other"]),
        (3 << 17, ["other"]),
        (0b1_0000_0011, ["wrong_finger", "wrong_password", "pry"]),
        (1 << 15 | 1, ["wrong_finger", "doorbell"]),
        (0, []),
    ],
)
def test_unknown_alarms_are_others_and_bits_may_be_several(value: Value, names: list[str]) -> None:
    assert found({"alarm_lock": value}) == [named(name) for name in names]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (kit(0), "wrong_finger"),
        (kit(1), "wrong_password"),
        (kit(2, 9), "wrong_card"),
        (kit(3), "wrong_face"),
        (kit(4), "pry"),
        (kit(5), "unidentified"),
        (kit(6), "doorbell"),
        (kit(7), "other"),
    ],
)
def test_an_access_control_has_an_order_of_its_own(value: str, name: str) -> None:
    assert found({"lock_alarm_kit": value}) == [named(name)]


@pytest.mark.parametrize("garbled", ["", "?", "AAA", "shock"])
def test_bytes_that_do_not_decode_are_no_alarm(garbled: str) -> None:
    assert found({"lock_alarm_kit": garbled}) == []


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"doorbell": True}, [RING]),
        ({"doorbell": False}, []),
        ({"hijack": True}, [DURESS]),
        ({"hijack": False}, []),
        ({"doorbell": True, "alarm_lock": "doorbell"}, [RING]),
        ({"hijack": True, "alarm_lock": "pry", "unlock_card": 2}, [DURESS, Alarm("pry")]),
        ({"unlock_fingerprint": 3, "battery_state": "low"}, []),
    ],
)
def test_a_report_says_each_signal_once(codes: dict[str, Value], expected: list[Signal]) -> None:
    assert found(codes) == expected


def test_the_types_of_alarms_are_all_that_can_come() -> None:
    names = [name for name in ON_THE_WIRE if name != "doorbell"]
    assert [*ALARMS] == [*names, "unidentified", "other"]


# From the lock


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", ["A", "B", "D"])
async def test_each_report_is_a_signal_even_if_it_equals_the_last(
    version: str, family: str
) -> None:
    # With 3.1 nothing but what it reports shows the family.
    stored = {"product": {"chosen": [family]}} if version == "3.1" else None
    async with house(version, family, stored=stored) as home:
        await home.awake()
        for _ in range(2):
            await home.simulated.alarm("pry")
            await home.simulated.doorbell()
        await published(home, *[Alarm("pry"), RING] * 2)
        assert [record.id for record in home.signals] == [1, 2, 3, 4]
        assert {record.source for record in home.signals} == {Source.LAN}
        assert {record.unlock_id for record in home.signals} == {None}
        assert home.unlocks == []


@pytest.mark.parametrize("form", ["name", "index", "bits"])
async def test_products_write_alarms_in_different_ways(form: str) -> None:
    # Four bits can be the charge of a battery, in another family.
    async with house(alarm_form=form, stored={"product": {"chosen": ["B"]}}) as home:
        await home.awake()
        await home.simulated.alarm("shock")
        await published(home, Alarm("shock"))


async def test_an_alarm_that_wakes_the_lock_is_published_at_once() -> None:
    async with house() as home:
        await home.simulated.alarm("pry")
        home.hint()
        await published(home, Alarm("pry"))
        assert home.signals[0].when.time is None
        assert home.signals[0].happened == home.signals[0].when.received
        assert home.signals[0].when.received == pytest.approx(home.clock.time(), abs=5)


async def test_a_ring_that_wakes_the_lock_is_published_after_a_quiet_second() -> None:
    async with house() as home:
        await home.simulated.doorbell()
        home.hint()
        await home.until(lambda: "doorbell" in home.lock.snapshot.state.seen)
        await published(home)
        home.clock.move(1.1)
        await published(home, RING)


async def test_a_ring_that_was_saved_up_is_not_published_and_an_alarm_is() -> None:
    async with house() as home:
        await home.simulated.push({"8": "pry"})
        await home.simulated.doorbell()
        await home.simulated.finger(3)
        await home.wake()
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        home.clock.move(1.1)
        await home.until(lambda: bool(home.records))
        await published(home, Alarm("pry"))
        assert home.unlocks == ["live fingerprint 3"]


async def test_who_opened_before_somebody_rang_has_not_come_just_now() -> None:
    async with house() as home:
        await home.simulated.finger(3)
        await home.simulated.doorbell()
        await home.wake()
        await home.until(lambda: bool(home.records))
        home.clock.move(1.1)
        await published(home, RING)
        assert home.unlocks == ["unknown fingerprint 3"]


@pytest.mark.parametrize("partly", [True, False])
async def test_the_answer_to_a_query_holds_no_signal(partly: bool) -> None:
    stored = {"product": {"reported": ["residual_electricity"]}}
    async with house(stored=stored, query_answer="changed" if partly else "all") as home:
        home.simulated.dps |= {"8": "tongue_bad", "16": True, "19": True}
        await home.simulated.wake()
        home.simulated._changed |= {"8", "16", "19"}
        home.hint()
        await home.until(lambda: "hijack" in home.lock.snapshot.state.seen)
        await home.settle()
        home.clock.move(6)
        await published(home)
        assert not home.lock.snapshot.state.jammed


async def test_old_alarms_are_late_and_an_old_ring_is_not_published() -> None:
    async with house() as home:
        at = int(home.clock.time() - HOUR)
        for dps in ({"8": "pry"}, {"19": True}, {"16": True}):
            await home.simulated.push(dps, dict.fromkeys(dps, at))
        await home.wake()
        await no_unlock_follows(home)
        await published(home, Alarm("pry"), DURESS, late=True)
        assert [record.when.time for record in home.signals] == [at, at]
        await home.simulated.push({"19": True}, {"19": int(home.clock.time() - 5)})
        await home.until(lambda: len(home.signals) == 3)
        assert (home.signals[2].event, is_late(home.signals[2])) == (RING, False)


async def test_a_signal_from_the_future_counts_from_now() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"19": True}, {"19": int(home.clock.time() + HOUR)})
        await published(home, RING)
        assert home.signals[0].when.time is None


# Duress, and what it is about


async def test_duress_knows_the_unlock_of_its_report() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.forced("fingerprint", 3)
        await home.simulated.forced("fingerprint", 4)
        await published(home, DURESS, DURESS)
        assert [record.unlock_id for record in home.signals] == [one.id for one in home.records]
        assert home.unlocks == ["live fingerprint 3", "live fingerprint 4"]


async def test_duress_waits_for_an_unlock_that_is_held_back() -> None:
    async with house() as home:
        await home.simulated.forced("fingerprint", 4)
        home.hint()
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        await home.settle()
        assert (home.unlocks, home.signals) == ([], [])
        home.clock.move(1.1)
        await published(home, DURESS)
        (record,) = home.records
        assert home.signals[0].unlock_id == record.id
        assert home.signals[0].when.received <= home.clock.time() - 1


async def test_duress_waits_for_its_own_unlock_alone() -> None:
    async with house() as home:
        await home.simulated.forced("fingerprint", 4)
        home.hint()
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        await home.settle()
        home.from_cloud("unlock_card", 2)
        assert (len(home.records), home.signals) == (1, [])
        await home.simulated.sleep()
        await published(home, DURESS)
        assert [record.unlock.method for record in home.records] == ["card", "fingerprint"]
        assert home.signals[0].unlock_id == home.records[1].id


async def test_duress_in_a_report_of_its_own_waits_for_the_unlock_before_it() -> None:
    async with house() as home:
        await home.simulated.finger(4)
        await home.simulated.push({"16": True})
        home.hint()
        await home.until(lambda: "hijack" in home.lock.snapshot.state.seen)
        await home.settle()
        assert home.signals == []
        home.clock.move(1.1)
        await published(home, DURESS)
        assert home.signals[0].unlock_id == home.records[0].id


@pytest.mark.parametrize(("after", "belongs"), [(0, True), (29, True), (31, False)])
async def test_duress_belongs_to_the_last_unlock_of_half_a_minute(
    after: float, belongs: bool
) -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.simulated.finger(4)
        await finger_is_published(home, 2)
        home.clock.move(after)
        await home.simulated.push({"16": True})
        if after:
            await no_unlock_follows(home)
        await published(home, DURESS)
        assert home.signals[0].unlock_id == (home.records[1].id if belongs else None)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("before", [True, False])
async def test_duress_that_is_published_before_its_unlock_is_not_put_on_the_one_before(
    held: bool, before: bool
) -> None:
    async with house() as home:
        await home.awake()
        if before:
            await home.simulated.finger(3)
            await finger_is_published(home)
        if held:
            await home.simulated.sleep()
            await home.until(lambda: not home.lock.snapshot.awake)
        home.clock.move(20)
        await home.simulated.push({"16": True})
        await home.simulated.finger(9)
        home.hint()
        await home.until(lambda: home.last_unlock == Unlock("fingerprint", 9))
        await home.settle()
        assert home.signals == []
        home.clock.move(1.1)
        home.clock.move(1.0)
        await published(home, DURESS)
        assert home.records[-1].unlock.number == 9
        assert home.signals[0].unlock_id == home.records[-1].id


async def test_duress_that_follows_its_unlock_at_once_is_published_at_once() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.finger(3)
        await home.simulated.push({"16": True})
        await published(home, DURESS)
        assert home.signals[0].unlock_id == home.records[0].id
        await home.simulated.finger(4)
        await finger_is_published(home, 2)
        await published(home, DURESS)


async def test_duress_that_waits_for_its_unlock_is_not_lost_when_all_ends() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"16": True})
        await home.until(lambda: "hijack" in home.lock.snapshot.state.seen)
        await home.settle()
        assert home.signals == []
        await home.lock.stop()
        assert [record.event for record in home.signals] == [DURESS]
        assert home.clock.waiting == 0


async def test_duress_does_not_belong_to_what_the_cloud_reports_of_long_ago() -> None:
    async with house() as home:
        await home.awake()
        home.from_cloud("unlock_card", 2, HOUR)
        await home.simulated.push({"16": True})
        await no_unlock_follows(home)
        await published(home, DURESS)
        assert home.signals[0].unlock_id is None


async def test_duress_knows_an_unlock_of_which_only_the_unlock_has_a_time() -> None:
    async with house() as home:
        at = int(home.clock.time() - HOUR)
        home.from_cloud("unlock_card", 2, 5)
        for _ in range(2):
            await home.simulated.push({"1": 4, "16": True}, {"1": at})
        await home.wake()
        await home.until(lambda: bool(home.signals) and not home.simulated.waiting)
        await home.settle()
        (forced,) = [record for record in home.records if record.unlock.method == "fingerprint"]
        assert [record.unlock_id for record in home.signals] == [forced.id], "once for an unlock"


async def test_duress_knows_an_unlock_that_the_cloud_reported_before() -> None:
    async with house() as home:
        await home.simulated.forced("fingerprint", 4)
        home.hint()
        await home.until(lambda: home.lock.snapshot.last_unlock is not None)
        await home.settle()
        home.from_cloud("unlock_fingerprint", 4, 2)
        await published(home, DURESS)
        assert home.signals[0].unlock_id == home.records[0].id
        home.clock.move(1.1)
        await home.settle()
        assert (len(home.records), len(home.signals)) == (1, 1)


# From another source


@pytest.mark.parametrize("signal", [Alarm("pry"), RING, DURESS])
async def test_what_the_lock_and_the_cloud_report_is_one_signal(signal: Signal) -> None:
    dps = {Alarm: {"8": "pry"}, Doorbell: {"19": True}, Duress: {"16": True}}
    async with house() as home:
        await home.awake()
        await home.simulated.push(dps[type(signal)])
        if signal == DURESS:
            await no_unlock_follows(home)
        await published(home, signal)
        from_cloud(home, signal, ago=5)
        from_cloud(home, signal, ago=5)
        await published(home, signal)


async def test_what_the_cloud_reported_before_is_not_published_again() -> None:
    async with house() as home:
        await home.awake()
        at = int(home.clock.time()) - 5
        home.report(Source.CLOUD, Item("alarm_lock", "pry", at + 0.5))
        await home.simulated.push({"8": "pry"}, {"8": at})
        await home.simulated.push({"8": "shock"})
        await published(home, Alarm("pry"), Alarm("shock"))


@pytest.mark.parametrize(
    ("signal", "ago", "late"),
    [
        (Alarm("pry"), 5, (False,)),
        (Alarm("pry"), HOUR, (True,)),
        (RING, 5, (False,)),
        (RING, HOUR, ()),
        (RING, -200, ()),
        (DURESS, HOUR, (True,)),
        (DURESS, -200, (True,)),
    ],
)
async def test_what_only_the_cloud_knows_is_published_unless_it_is_an_old_ring(
    signal: Signal, ago: float, late: tuple[bool, ...]
) -> None:
    async with house() as home:
        for _ in range(2):
            from_cloud(home, signal, ago)
        assert [is_late(record) for record in home.signals] == list(late)
        assert all(record.source is Source.CLOUD for record in home.signals)


async def test_what_was_before_the_entry_is_known_and_not_published() -> None:
    async with house(since=time.time()) as home:
        for _ in range(2):
            from_cloud(home, Alarm("tongue_bad"), HOUR)
            assert home.signals == []
            assert home.lock.journal.undelivered() == []
            assert home.lock.snapshot.state.jammed
        assert len(home.lock.journal) == 1


@pytest.mark.parametrize("forced", [None, "unlock_fingerprint-04"])
async def test_duress_in_the_cloud_refers_to_an_unlock_that_is_written(forced: str | None) -> None:
    async with house() as home:
        for number, ago in ((4, HOUR + 5), (4, HOUR), (4, 60), (9, HOUR - 100)):
            home.from_cloud("unlock_fingerprint", number, ago)
        from_cloud(home, DURESS, HOUR - 1, forced)
        assert home.signals[0].unlock_id == home.records[1].id
        from_cloud(home, DURESS, HOUR, forced)
        assert len(home.signals) == 1, "once for an unlock"
        from_cloud(home, DURESS, 5 * HOUR, forced)
        assert home.signals[1].unlock_id is None
        from_cloud(home, DURESS, HOUR - 99, "unlock_card-04")
        assert home.signals[2].unlock_id is None


async def test_duress_that_the_lock_reported_with_its_unlock_is_not_published_by_the_cloud() -> (
    None
):
    async with house(record_times=True) as home:
        await home.awake()
        await home.simulated.forced("fingerprint", 4)
        await published(home, DURESS)
        from_cloud(home, DURESS, -3, "unlock_fingerprint-04")
        await published(home, DURESS)


# The bolt


@pytest.mark.parametrize("name", ["tongue_bad", "tongue_not_out"])
async def test_a_stuck_bolt_is_jammed_until_somebody_unlocks(name: str) -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.alarm("pry")
        await home.until(lambda: len(home.signals) == 1)
        assert not home.lock.snapshot.state.jammed
        await home.simulated.alarm(name)
        await home.until(lambda: home.lock.snapshot.state.jammed)
        await home.simulated.battery(50)
        await home.until(lambda: home.lock.snapshot.state.battery == 50)
        assert home.lock.snapshot.state.jammed
        await home.simulated.finger(3)
        await home.until(lambda: not home.lock.snapshot.state.jammed)


async def test_a_stuck_bolt_is_jammed_until_the_motor_has_moved_it() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"55": False})
        await home.simulated.alarm("tongue_not_out")
        await home.until(lambda: home.lock.snapshot.state.jammed)
        at = int(home.clock.time()) - 1
        await home.simulated.push({"55": False})
        await home.until(lambda: not home.lock.snapshot.state.jammed)
        await home.simulated.push({"8": "tongue_bad"}, {"8": at - 5})
        await home.until(lambda: len(home.signals) == 2)
        assert not home.lock.snapshot.state.jammed, "it was before"


async def test_an_unlock_whose_bolt_sticks_leaves_the_lock_jammed() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"1": 3, "55": True, "8": "tongue_bad"})
        await finger_is_published(home)
        await home.until(lambda: home.lock.snapshot.state.jammed)
        await home.settle()
        assert home.lock.snapshot.state.jammed


# Restarts


def stored_form(home: House) -> dict[str, Any]:
    """Return what is stored, as it is read again."""
    stored: dict[str, Any] = json.loads(json.dumps(home.lock.as_dict(), allow_nan=False))
    return stored


async def test_signals_survive_a_restart_until_they_are_delivered() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.forced("fingerprint", 4)
        await home.simulated.alarm("tongue_bad")
        await home.simulated.doorbell()
        await published(home, DURESS, Alarm("tongue_bad"), RING)
        home.lock.delivered(home.signals[1].id)
        stored, before = stored_form(home), home.signals
        unlock = home.records[0]
    async with house(stored=stored) as home:
        left = home.lock.journal.undelivered()
        assert left == [unlock, before[0], before[2]]
        assert left[1].unlock_id == unlock.id
        home.clock.move(100)
        assert all(is_late(home.lock.as_known(one)) for one in left)
        assert home.lock.snapshot.state.jammed
        assert home.lock.as_dict()["journal"] == stored["journal"]
        forced_at = before[0].when.received + 1
        home.report(Source.CLOUD, Item("hijack", "unlock_fingerprint-04", forced_at))
        assert home.signals == []


async def test_after_a_crash_what_may_have_been_published_is_no_news() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.alarm("pry")
        await home.simulated.doorbell()
        await published(home, Alarm("pry"), RING)
        stored = stored_form(home)
    async with house(stored=stored) as home:
        home.lock.journal.recover()
        left = home.lock.journal.undelivered()
        assert [(one.event, one.age) for one in left] == [
            (Alarm("pry"), Age.LATE),
            (RING, Age.LATE),
        ]


async def test_a_lock_stored_by_an_older_version_is_read() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.finger(3)
        await finger_is_published(home)
        stored = stored_form(home)
    del stored["state"]["jammed_at"], stored["state"]["settings"]
    async with house(stored=stored) as home:
        assert len(home.lock.journal) == 1
        assert home.lock.snapshot.state.settings == {}
        await home.awake()
        await home.simulated.alarm("pry")
        await published(home, Alarm("pry"))
