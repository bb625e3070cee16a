"""Home Assistant starts in 1970, as a Raspberry Pi does before the internet tells it the time."""

from base64 import b64encode
from collections.abc import Callable, Generator
from contextlib import contextmanager
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import Age, CallCounter, Kind, Settings, TuyaLock
from custom_components.tuya_wifi_lock.tuyalock.access.health import Health
from custom_components.tuya_wifi_lock.tuyalock.exceptions import LockError
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from tests.common import (
    LOCK,
    UNLOCK,
    Automation,
    Told,
    polled,
    reported,
    set_up_awake,
    state,
    until,
)
from tests.conftest import setup
from tests.guests import act
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_condition import FIVE, check
from tests.test_members import add, begin, offered
from tests.tuyalock.house import MovableClock, house
from tests.tuyalock.toy_clock import START, ToyClock
from tests.tuyalock.toy_lock import FINGER, PARTLY, ToyLock

BOOTED = 30.0
"""What a computer without a clock shows half a minute after its start."""


class LateClock(ToyClock):
    """Begins in 1970, and is set later."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = BOOTED

    def set(self) -> None:
        """Show the right time from now on: it was 2026 all the time."""
        self.wall = START


def at_1970(stored: dict[str, Any] | None = None) -> ToyLock:
    """Return a lock whose Home Assistant began in 1970."""
    return ToyLock(stored, clock=LateClock())


def set_clock(toy: ToyLock) -> None:
    """Let the clock be set; that is noticed within seconds."""
    assert isinstance(toy.clock, LateClock)
    toy.clock.set()
    toy.wait(10)


@pytest.mark.parametrize("ago", [None, BOOTED - START])
def test_an_unlock_is_live_and_has_no_time(ago: float | None) -> None:
    toy = at_1970()
    toy.open()
    toy.push({1: 3}, ago=ago)
    toy.wait(2)
    (record,) = toy.unlocks
    assert (record.age, record.known_time) == (Age.LIVE, None)
    assert not record.clock_wrong
    assert toy.state.last_heard is None
    health = toy.lock.health
    assert (health.clock_ahead, health.clock_right, health.wakes) == (None, None, [])


@pytest.mark.parametrize("ago", [None, BOOTED - START])
def test_it_is_dated_when_the_clock_is_set(ago: float | None) -> None:
    toy = at_1970()
    toy.wait(20)
    toy.open()
    toy.push({1: 3, 55: True, 9: 60}, ago=ago)
    toy.wait(5)
    set_clock(toy)
    (record,) = toy.lock.records(Kind.UNLOCK)
    assert record.when.received == record.known_time == START + 20
    assert toy.lock.snapshot.last_unlock == record
    assert toy.updates[-1].state.last_unlock == record
    assert toy.state.opened_at == toy.state.motor_at == toy.state.last_heard == START + 20
    assert toy.state.request_until == START + 80
    assert len(toy.unlocks) == 1


def test_a_key_outside_its_time_does_not_blame_the_lock() -> None:
    toy = at_1970()
    toy.open()
    toy.push({50: b64encode(bytes([4, 0, 200])).decode()})
    assert toy.lock.health.clock_right is None
    set_clock(toy)
    toy.push({50: b64encode(bytes([4, 0, 200])).decode()})
    assert toy.lock.health.clock_right is False


def test_what_was_known_before_stays() -> None:
    first = ToyLock()
    first.open()
    first.push({1: 3, 12: 77}, ago=1)
    first.close()
    toy = at_1970(first.stored)
    toy.wait(5)
    assert toy.state.battery == 77
    assert [record.known_time for record in toy.lock.records(Kind.UNLOCK)] == [START - 1]
    set_clock(toy)
    assert [record.known_time for record in toy.lock.records(Kind.UNLOCK)] == [START - 1]
    assert toy.state.last_heard == START


def test_what_was_not_dated_before_the_next_start_never_is() -> None:
    first = at_1970()
    first.open()
    first.push({1: 3})
    first.wait(5)
    toy = at_1970(first.stored)
    toy.wait(5)
    set_clock(toy)
    (record,) = toy.lock.records(Kind.UNLOCK)
    assert record.known_time is None
    assert toy.state.opened_at is None
    toy.open()
    toy.push({5: 2})
    toy.wait(2)
    last = toy.lock.snapshot.last_unlock
    assert last
    assert last.unlock.method == "card"


def test_two_sources_report_one_unlock_before_and_after() -> None:
    toy = at_1970()
    toy.open()
    toy.push({1: 3})
    toy.wait(2)
    toy.account({"unlock_fingerprint": 3}, ago=BOOTED - START)
    toy.wait(5)
    assert toy.ages == ["live fingerprint"]
    set_clock(toy)
    toy.cloud({"unlock_fingerprint": 3}, ago=toy.clock.now - 2)
    assert len(toy.unlocks) == 1
    # What an account reports is of any age, as nothing says how old it is.
    other = at_1970()
    other.account({"unlock_fingerprint": 3}, ago=BOOTED - START)
    assert other.ages == ["unknown fingerprint"]


def test_the_same_finger_of_an_earlier_start_is_another_unlock() -> None:
    first = at_1970()
    first.open()
    first.push({1: 3})
    first.wait(5)
    toy = at_1970(first.stored)
    toy.account({"unlock_fingerprint": 3}, ago=BOOTED - START)
    assert len(toy.unlocks) == 1


def test_duress_finds_its_unlock_after_the_clock_was_set() -> None:
    toy = at_1970(PARTLY)
    toy.open()
    toy.wait(5)
    toy.push({16: True})
    toy.wait(0.1)
    toy.push({1: 3})
    assert isinstance(toy.clock, LateClock)
    toy.clock.set()
    toy.wait(5)
    (unlock,) = toy.lock.records(Kind.UNLOCK)
    (duress,) = toy.lock.records(Kind.DURESS)
    assert duress.unlock_id == unlock.id
    assert unlock.unlock == FINGER


def test_a_clock_of_a_lock_that_is_not_set_is_no_time() -> None:
    toy = ToyLock()
    toy.account({"unlock_fingerprint": 3}, ago=START - 60)
    (record,) = toy.unlocks
    assert (record.age, record.known_time, record.clock_wrong) == (Age.LIVE, START, True)
    # By what the account has shown of its clock, the cloud's copy of another is dated as well.
    toy.cloud({"unlock_card": 3}, ago=START - 60)
    assert toy.ages[1:] == ["live card"]
    unheard = ToyLock()
    unheard.cloud({"unlock_card": 3}, ago=START - 60)
    assert unheard.ages == ["unknown card"]


def test_calls_are_counted_on() -> None:
    counter = CallCounter()
    counter.count(START)
    counter.count(BOOTED)
    assert counter.used(BOOTED) == counter.used(START) == 2
    counter.count(START)
    assert counter.used(START) == 3


def test_a_lock_can_be_made_with_what_is_stored() -> None:
    lock = TuyaLock(at_1970().lock.address, Settings(), LateClock(), at_1970().stored)
    assert lock.snapshot.state.last_heard is None
    assert Health().wakes == []


@pytest.mark.usefixtures("socket_enabled")
async def test_no_key_is_sent_that_the_lock_would_refuse() -> None:
    async with house("3.4", "B") as home:
        await home.simulated.request(60)
        home.hint()
        await home.until(lambda: home.lock.snapshot.requested)
        real = MovableClock.time
        with (
            patch.object(MovableClock, "time", lambda clock: real(clock) - START),
            pytest.raises(LockError) as caught,
        ):
            await home.lock.unlock()
        assert caught.value.text
        assert caught.value.text.translation_key == "clock_not_set"
        assert home.lock.health.clock_right is not False
        await home.lock.unlock()


# In Home Assistant


@contextmanager
def in_1970() -> Generator[None]:
    """Let the time be shown as it is half a minute after the start of such a computer."""
    real, begun = time.time, time.time()
    with patch("time.time", lambda: real() - begun + BOOTED):
        yield


def repairs(hass: HomeAssistant) -> list[str | None]:
    """Return which repairs there are."""
    issues = ir.async_get(hass).issues.values()
    return [issue.translation_key for issue in issues if issue.domain == DOMAIN]


async def diagnosed(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the checks find."""
    response: Any = await hass.services.async_call(
        DOMAIN, "diagnose", {"entity_id": LOCK}, blocking=True, return_response=True
    )
    return {finding["check"]: finding for finding in response[LOCK]["findings"]}


async def settle(hass: HomeAssistant, until_: Callable[[], object]) -> None:
    """Wait for something."""
    await until(until_)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("all_enabled")
async def test_a_home_that_starts_in_1970(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    with in_1970():
        await set_up_awake(hass, entry, simulated_lock)
        await polled(hass)
        await simulated_lock.finger(3)
        await reported(hass, simulated_lock)
        assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
        shown = state(hass, UNLOCK).attributes
        assert shown["time"] is None
        assert "clock_wrong" not in shown
        assert entry.runtime_data.data.state.last_heard is None
        assert not cloud.calls
        assert repairs(hass) == []
        found = await diagnosed(hass)
        assert found["clock"]["state"] == "problem"
        assert "Home Assistant" in found["clock"]["seen"]
    await simulated_lock.battery(50)
    coordinator = entry.runtime_data
    await settle(hass, lambda: coordinator.data.state.battery == 50)
    (record,) = coordinator.lock.records(Kind.UNLOCK)
    assert record.known_time == pytest.approx(time.time(), abs=30)
    assert coordinator.data.state.last_heard == pytest.approx(time.time(), abs=30)
    await coordinator.cloud.async_refresh()
    await polled(hass)
    assert len(coordinator.lock.records(Kind.UNLOCK)) == 1
    assert len(automation.told) == 1
    found = await diagnosed(hass)
    assert found["clock"]["state"] != "problem"
    assert repairs(hass) == []


async def test_nothing_shows_1970(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    add(hass, entry, "Alice", "fingerprint:3")
    with in_1970():
        await set_up_awake(hass, entry, simulated_lock)
        await simulated_lock.finger(3)
        await simulated_lock.finger(4)
        await reported(hass, simulated_lock)
        records = (await act(hass, "get_records"))["records"]
        assert [(one["time"], one["received"]) for one in records] == [(None, None)] * 2
        form = await begin(hass, entry)
        (option,) = offered(form)
        assert option["label"] == "Fingerprint 4"
        await simulated_lock.request(30)
        await reported(hass, simulated_lock)
        with pytest.raises(HomeAssistantError):
            await hass.services.async_call("lock", "unlock", {"entity_id": LOCK}, blocking=True)
        shown = [one.as_dict_json.decode() for one in hass.states.async_all()]
        assert not any("1970" in one for one in shown), shown
    await simulated_lock.battery(50)
    await settle(hass, lambda: entry.runtime_data.data.state.battery == 50)
    records = (await act(hass, "get_records"))["records"]
    assert all(one["received"] for one in records)
    assert [bool(one["time"]) for one in records] == [True, False]  # The first came in a burst.


async def test_a_lock_that_sleeps_is_not_missed_when_the_clock_is_set(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    with in_1970():
        await setup(hass, entry)
        assert repairs(hass) == []
    for _ in range(2):
        found = await diagnosed(hass)
        assert found["heard"]["state"] == "unknown"
        assert repairs(hass) == []
    await hass.config_entries.async_reload(entry.entry_id)
    await diagnosed(hass)
    assert repairs(hass) == []


async def test_nobody_was_there_lately_by_a_clock_that_is_not_set(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert await check(hass, "was_unlocked_by", FIVE)
    with in_1970():
        assert not await check(hass, "was_unlocked_by", FIVE)
