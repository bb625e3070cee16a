"""Our own clock is set while something lasts: it ends as it would have ended."""

import asyncio
import time
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.tuyalock import Source
from custom_components.tuya_wifi_lock.tuyalock.exceptions import LockError, RequestOver
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from homeassistant.core import HomeAssistant
from tests.common import polled
from tests.conftest import setup
from tests.simulator.cloud import SimulatedCloud
from tests.tuyalock.house import house
from tests.tuyalock.toy_clock import START
from tests.tuyalock.toy_lock import ToyLock

HOUR, DAY = 3600.0, 86400.0
STEPS = [-DAY, -HOUR, -20.0, 20.0, HOUR, DAY]


@pytest.mark.parametrize("step", STEPS)
def test_a_request_at_the_door_ends_when_it_would_have(step: float) -> None:
    toy = ToyLock()
    toy.open()
    toy.push({9: 60})
    toy.clock.wall += step
    toy.wait(1)
    toy.push({12: 50})
    assert toy.state.request_until == START + 60 + step
    toy.wait(58)
    assert toy.lock.snapshot.requested
    toy.wait(2)
    assert not toy.lock.snapshot.requested


def test_a_request_that_was_stored_with_a_clock_that_was_ahead_is_over() -> None:
    first = ToyLock()
    first.clock.wall += DAY
    first.open()
    first.push({9: 60})
    toy = ToyLock(first.stored)
    assert not toy.lock.snapshot.requested
    with pytest.raises(RequestOver):
        asyncio.run(toy.lock.refuse())


@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_a_connection_is_kept_for_a_request_as_long_as_it_lasts(step: float) -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"9": 60})
        await home.until(lambda: home.lock.snapshot.requested)
        home.simulated.dps["9"] = 0
        home.clock.set_by = step
        await home.pass_time(40, 1)
        assert home.lock.snapshot.awake
        await home.hurry_until(lambda: not home.lock.snapshot.awake, within=35)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_a_waiting_unlock_shows_when_it_ends(step: float) -> None:
    async with house() as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlock_waits_until is not None)
        home.clock.set_by = step
        home.clock.move(10)
        home.report(Source.ACCOUNT, Item(12, 50, home.clock.time()))
        until = home.lock.snapshot.unlock_waits_until
        assert until
        assert until - home.clock.time() == pytest.approx(20, abs=2)
        home.clock.move(21)
        with pytest.raises(LockError):
            await unlocking


async def test_what_is_asked_once_a_day_is_not_asked_because_our_clock_was_set(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await setup(hass, entry)
    await polled(hass)

    def asked() -> int:
        return sum("remote-unlocks" in call.path for call in cloud.calls)

    assert asked() == 1
    calls, real = len(cloud.calls), time.time
    cloud.skew = 2 * DAY
    with patch("time.time", lambda: real() + 2 * DAY):
        await entry.runtime_data.cloud.async_refresh()
        await polled(hass)
    assert len(cloud.calls) > calls
    assert asked() == 1
