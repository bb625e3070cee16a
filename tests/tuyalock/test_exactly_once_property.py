"""Each unlock is delivered once, in order, and no old one as new, whatever happens in between."""

from random import Random
from typing import override

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Age, Unlock
from tests.tuyalock.house import house
from tests.tuyalock.toy_clock import START
from tests.tuyalock.world import KEYS, LockType, World

UNLOCKS = st.sampled_from(sorted(KEYS, key=repr))
PAUSES = st.sampled_from([0.1, 0.6, 1.1, 2.0, 4.0, 7.0, 20.0, 70.0, 600.0, 30_000.0])
DELAYS = st.sampled_from([0.1, 0.5, 3.0, 8.0, 9.9, 15.0, 90.0])
PACES = st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.9])
JUMPS = st.sampled_from([-90_000.0, -3_600.0, -45.0, -3.0, 0.5, 5.0, 3_600.0, 90_000.0])
SMALL_JUMPS = st.sampled_from([-2.0, -0.5, 0.5, 2.0])
STEPS = 50
MEAN_STEPS = 40
"""Hypothesis ends some lives early."""


class Schedule(RuleBasedStateMachine):
    """A random life of a lock."""

    world: World

    @initialize(
        timed=st.booleans(),
        cloud=st.booleans(),
        answers=st.sampled_from([None, False, True]),
        ahead=st.sampled_from([0.0, 0.0, -300.0, 15.0, 120.0, 280.0]),
        pace=PACES,
        started=st.booleans(),
    )
    def begin(
        self,
        timed: bool,
        cloud: bool,
        answers: bool | None,
        ahead: float,
        pace: float,
        started: bool,
    ) -> None:
        self.world = World(LockType(timed, cloud, None if timed or cloud else answers, pace))
        self.world.lock_clock_off = ahead
        if started:
            self.world.finish_start()

    @rule(unlock=UNLOCKS, delay=DELAYS)
    def touch(self, unlock: Unlock, delay: float) -> None:
        self.world.touch(unlock)
        if self.world.connected:
            self.world.push()
        else:
            self.world.connect(delay, 3)

    @precondition(lambda self: not self.world.connected)
    @rule(unlock=UNLOCKS)
    def touch_that_nobody_hears(self, unlock: Unlock) -> None:
        self.world.touch(unlock)

    @precondition(lambda self: not self.world.connected)
    @rule(delay=DELAYS, woken=st.booleans())
    def wake_without_an_unlock(self, delay: float, woken: bool) -> None:
        self.world.connect(delay, 3, woken=woken)

    @precondition(lambda self: self.world.connected)
    @rule()
    def sleep(self) -> None:
        self.world.disconnect()

    @precondition(lambda self: self.world.connected and self.world.type.timed)
    @rule(back=st.integers(0, 4))
    def repeat(self, back: int) -> None:
        self.world.push_again(back)

    @precondition(lambda self: self.world.in_cloud)
    @rule(most=st.integers(1, 4))
    def cloud(self, most: int) -> None:
        self.world.feed(most)

    @precondition(lambda self: self.world.fed)
    @rule(most=st.integers(1, 4))
    def cloud_again(self, most: int) -> None:
        self.world.feed_again(most)

    @rule(seconds=PAUSES)
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @precondition(lambda self: self.world.type.timed)
    @rule(seconds=JUMPS)
    def our_clock_jumps(self, seconds: float) -> None:
        self.world.clock.wall += seconds

    @precondition(lambda self: not self.world.type.timed)
    @rule(seconds=SMALL_JUMPS)
    def our_clock_is_adjusted(self, seconds: float) -> None:
        self.world.clock.wall = START + seconds

    @precondition(lambda self: self.world.type.timed)
    @rule(seconds=JUMPS)
    def the_clock_of_the_lock_jumps(self, seconds: float) -> None:
        self.world.lock_clock_off += seconds

    @precondition(lambda self: not self.world.started)
    @rule()
    def home_assistant_has_started(self) -> None:
        self.world.finish_start()

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule()
    def crash(self) -> None:
        self.world.crash()

    @invariant()
    def nothing_is_delivered_twice(self) -> None:
        self.world.check_none_twice()

    @override
    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.settle()


def live(lives: int) -> None:
    """Run many random lives."""
    run_state_machine_as_test(
        Schedule,
        settings=settings(
            max_examples=lives,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_500_steps() -> None:
    live(500 // MEAN_STEPS + 1)


@pytest.mark.parametrize("ahead", [0.0, 120.0])
@pytest.mark.parametrize(("wait", "age"), [(112.0, Age.LATE), (50.0, Age.LIVE)])
@pytest.mark.parametrize("forward", [13 * 90_000.0, 13 * 90_000.0 - 100.0, 0.0, 14 * 90_000.0])
def test_our_clock_is_set_while_home_assistant_starts(
    ahead: float, wait: float, age: Age, forward: float
) -> None:
    world = World(LockType(timed=True))
    world.lock_clock_off = ahead
    world.touch(Unlock("fingerprint", 3))
    world.connect(0.5, 1)
    for _ in range(13):
        world.clock.wall -= 90_000.0
        world.clock.advance(wait / 13)
    world.clock.wall += forward
    world.finish_start()
    assert [record.age for record in world.delivered] == [age]


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("seed", range(3))
async def test_some_steps_at_a_real_door(seed: int) -> None:
    chance = Random(seed)
    touched: list[int] = []
    async with house("3.4", "B") as home:
        for _ in range(6):
            for _ in range(chance.randrange(1, 4)):
                touched.append(chance.choice([3, 3, 4]))
                await home.simulated.finger(touched[-1])
            home.hint()
            await home.until(lambda: home.lock.snapshot.awake and not home.simulated.waiting)
            await home.settle()
            home.clock.move(chance.choice([1.1, 4.0]))
            if chance.random() < 0.5:
                await home.simulated.sleep()
                await home.until(lambda: not home.lock.snapshot.awake)
                home.clock.move(chance.choice([40.0, 900.0]))
        await home.until(lambda: len(home.records) >= len(touched))
        await home.settle()
        assert [record.unlock.number for record in home.records] == touched


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_million_steps() -> None:
    live(1_000_000 // MEAN_STEPS)
