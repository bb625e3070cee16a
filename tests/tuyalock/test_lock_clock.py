"""What an account hears of a lock whose clock is wrong."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Alarm, Source
from custom_components.tuya_wifi_lock.tuyalock.models import Item

from .house import House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

IN_2000 = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
IN_2020 = datetime(2020, 1, 1, 0, 5, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0


def hear(home: House, dp: int, value: bool | int | str, *, behind: float, ago: float = 0) -> None:
    """Let the account hear what happened so long ago, of a lock whose clock is behind."""
    home.report(Source.ACCOUNT, Item(dp, value, home.clock.time() - behind - ago))


@pytest.mark.parametrize("began", [IN_2000, IN_2020], ids=["2000", "2020"])
async def test_a_clock_that_began_anew_is_no_delay(began: float) -> None:
    async with house(since=time.time() - DAY) as home:
        behind = home.clock.time() - began
        hear(home, 1, 3, behind=behind)
        assert home.unlocks == ["live fingerprint 3"]
        assert home.records[0].happened == pytest.approx(home.clock.time(), abs=1)

        home.clock.move(HOUR)
        hear(home, 1, 4, behind=behind, ago=1800)
        hear(home, 1, 3, behind=behind)
        assert home.unlocks[1:] == ["late fingerprint 4", "live fingerprint 3"]


async def test_such_a_clock_can_begin_anew_more_than_once() -> None:
    async with house(since=time.time() - DAY) as home:
        for week, ago in enumerate((0, 0, 0)):
            hear(home, 1, week, behind=home.clock.time() - IN_2000 - 60 * week, ago=ago)
            home.clock.move(3 * HOUR)
            hear(home, 2, week, behind=home.clock.time() - IN_2000 - 3 * HOUR - 60 * week)
            home.clock.move(7 * DAY)
        assert len(home.unlocks) == 6
        assert {one.split()[0] for one in home.unlocks} == {"live"}


async def test_duress_of_such_a_lock_is_heard() -> None:
    async with house(since=time.time() - DAY) as home:
        behind = home.clock.time() - IN_2000
        hear(home, 1, 3, behind=behind)
        hear(home, 16, True, behind=behind)
        hear(home, 8, "pry", behind=behind)
        assert [(one.age, one.unlock_id) for one in home.signals] == [
            ("live", home.records[0].id),
            ("live", None),
        ]
        assert home.signals[1].event == Alarm("pry")


async def test_states_of_such_a_lock_are_newer_than_what_the_lock_said_before() -> None:
    async with house(since=time.time() - DAY) as home:
        await home.awake()
        await home.simulated.push({"55": False})
        await home.until(lambda: home.lock.snapshot.state.motor_unlocked is False)
        hear(home, 55, True, behind=home.clock.time() - IN_2000)
        assert home.lock.snapshot.state.motor_unlocked is True


@pytest.mark.parametrize("behind", [HOUR, 90.0, -HOUR], ids=["hour", "a-little", "ahead"])
async def test_the_same_delay_three_times_is_a_wrong_clock(behind: float) -> None:
    async with house(since=time.time() - DAY) as home:
        for number in (1, 2, 3, 4):
            hear(home, 1, number, behind=behind)
            home.clock.move(120)
        assert home.unlocks[2:] == ["live fingerprint 3", "live fingerprint 4"]
        assert "live" not in home.unlocks[0] + home.unlocks[1]
        assert home.lock.health.clock_behind == pytest.approx(behind, abs=1)

        hear(home, 1, 5, behind=behind, ago=300)
        hear(home, 1, 6, behind=0)
        hear(home, 1, 7, behind=0)
        assert home.unlocks[4] == "late fingerprint 5"
        if behind > 0:
            # It has been set: nothing arrives before it happens.
            assert home.unlocks[5:] == ["live fingerprint 6", "live fingerprint 7"]
            assert home.lock.health.clock_behind is None


async def test_what_is_known_of_the_clock_is_for_other_sources_as_well() -> None:
    async with house(since=time.time() - DAY) as home:
        for number in (1, 2, 3):
            hear(home, 1, number, behind=HOUR)
            home.clock.move(120)
        home.from_cloud("unlock_fingerprint", 3, ago=HOUR + 120)
        home.from_cloud("unlock_card", 2, ago=HOUR)
        assert home.unlocks[3:] == ["live card 2"]


async def test_a_backlog_is_no_wrong_clock() -> None:
    async with house(since=time.time() - DAY) as home:
        for _ in range(5):
            for number, ago in ((1, 900), (2, 896), (3, 891), (4, 600)):
                hear(home, 1, number, behind=0, ago=ago)
            home.clock.move(HOUR)
        assert {one.split()[0] for one in home.unlocks} == {"late"}
        assert home.lock.health.clock_behind is None


async def test_what_is_from_before_the_lock_was_set_up_is_no_news() -> None:
    async with house(since=time.time() - 60) as home:
        hear(home, 1, 3, behind=0, ago=DAY)
        assert home.unlocks == []
        assert [record.delivered for record in home.lock.journal] == [True]


# A wake: how long after the last one, and when before it something happened that was saved up.
wakes = st.lists(
    st.tuples(
        st.floats(120, 6 * HOUR),
        st.lists(st.floats(75, 110 * 60), max_size=4).map(lambda ages: sorted(ages, reverse=True)),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(wakes=wakes)
def test_no_saved_up_opening_is_ever_live(
    wakes: list[tuple[float, list[float], bool]],
) -> None:
    async def play() -> None:
        async with house(since=time.time() - DAY) as home:
            number = 0
            delays: list[float] = []
            for pause, ages, opened in wakes:
                home.clock.move(pause)
                for ago in ages:
                    number += 1
                    delays.append(ago)
                    hear(home, 1, number, behind=0, ago=ago)
                if opened:
                    hear(home, 2, 1, behind=0)
            if not _alike_three_times(delays):
                live = [one for one in home.unlocks if one.startswith("live fingerprint")]
                assert live == []

    asyncio.run(play())


def _alike_three_times(delays: list[float]) -> bool:
    """Return if three delays in a row are alike by chance, which nothing can tell from a clock."""
    runs = zip(delays, delays[1:], delays[2:], strict=False)
    return any(max(run) - min(run) <= 20 for run in runs)


async def test_nothing_is_learned_while_our_own_clock_is_not_set() -> None:
    async with house() as home:
        home.clock.move(1000 - home.clock.time())
        hear(home, 1, 3, behind=0)
        assert home.lock.health.clock_behind is None


# What the lock itself shows, where nobody can play it back


@pytest.mark.parametrize(("version", "age"), [("3.3", "late"), ("3.4", "live"), ("3.5", "live")])
async def test_a_clock_that_is_behind_shows_in_each_push(version: str, age: str) -> None:
    async with house(version, clock_offset=-2 * HOUR, record_times=True) as home:
        await home.awake()
        await home.simulated.push({"16": False})
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == [f"{age} fingerprint 3"])
        behind = home.lock.clock_behind
        assert behind == (None if age == "late" else pytest.approx(2 * HOUR, abs=2))
        await home.simulated.sleep()
        await home.simulated.finger(4)
        await home.simulated.sleep()
        await home.pass_time(HOUR / 2, 60)
        await home.wake()
        await home.hurry_until(lambda: len(home.records) == 2)
        assert home.unlocks[1] == "late fingerprint 4"


@asynccontextmanager
async def closed_door(behind: float) -> AsyncGenerator[House]:
    """Open a house whose door is known to be closed, by a lock whose clock is behind."""
    async with house(
        "3.3", clock_offset=-behind, door_sensor=True, query_answer="all", keep_alive=True
    ) as home:
        await home.simulated.door(open=False)
        await home.wake()
        await home.hurry_until(lambda: home.lock.snapshot.state.door_open is False)
        yield home


@pytest.mark.parametrize("behind", [40, 100, 500])
async def test_a_door_that_opens_is_open_however_wrong_the_clock_is(behind: float) -> None:
    async with closed_door(behind) as home:
        for is_open in (True, False, True):
            await home.simulated.door(open=is_open)
            await home.pass_time(2)
            assert home.lock.snapshot.state.door_open is is_open


@pytest.mark.parametrize("version", ["3.1", "3.3"])
@pytest.mark.parametrize("ahead", [5, 40, HOUR])
async def test_a_clock_that_is_put_right_costs_no_opening(version: str, ahead: float) -> None:
    async with house(version, clock_offset=ahead, unlock_in="push") as home:
        await home.wake()
        await home.hurry_until(lambda: home.simulated.clients > 0)
        await home.simulated.battery(50)
        await home.hurry_until(lambda: home.lock.snapshot.state.battery == 50)
        home.simulated.knobs.clock_offset = 0.0
        await home.simulated.finger(3)
        await home.pass_time(5)
        assert home.unlocks == ["live fingerprint 3"]


@pytest.mark.parametrize("behind", [100, 500])
async def test_what_was_known_before_a_push_is_older_than_it_however_wrong_the_clock_is(
    behind: float,
) -> None:
    async with closed_door(behind) as home:
        await home.pass_time(5)
        await home.simulated.door(open=True)
        await home.pass_time(2)
        assert home.lock.snapshot.state.door_open
        # Late, an account says what was before.
        home.report(Source.ACCOUNT, Item(18, "closed", home.clock.time() - 20))
        assert home.lock.snapshot.state.door_open
