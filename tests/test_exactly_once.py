"""Each unlock is told once, whatever starts or stops in between."""

import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant, State
from tests.common import (
    LATE_UNLOCK,
    UNLOCK,
    Automation,
    Told,
    polled,
    reported,
    restart,
    set_up_awake,
    state,
    until,
    wake,
)
from tests.conftest import setup
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud


async def test_a_restart_tells_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    before = state(hass, UNLOCK)
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    assert state(hass, UNLOCK).state == before.state


async def test_a_restored_event_tells_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, automation: Automation
) -> None:
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(UNLOCK, "2026-11-21T08:00:00.000+00:00"),
                {"last_event_type": "fingerprint", "last_event_attributes": {"number": 3}},
            )
        ],
    )
    await setup(hass, entry)
    assert state(hass, UNLOCK).attributes["number"] == 3
    assert automation.told == []


async def test_an_unlock_while_home_assistant_starts_is_told_when_it_has_started(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert len(list(entry.runtime_data.lock.journal)) == 1
    assert automation.told == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


@pytest.mark.parametrize("set_by", [100, -3600])
async def test_our_clock_is_set_while_home_assistant_starts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
    set_by: int,
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    real = time.time
    with patch("time.time", lambda: real() + set_by):
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done()
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


@pytest.mark.parametrize("age", ["live", "late", "unknown"])
async def test_what_a_crash_left_over_is_told_late(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
    age: str,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await simulated_lock.sleep()
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    (record,) = stored["journal"]["records"].values()
    assert record["delivered"]
    record.update(delivered=False, age=age)
    stored["clean"] = False
    await setup(hass, entry)
    assert automation.told == [
        Told(UNLOCK, "fingerprint", 3),
        Told(LATE_UNLOCK, "fingerprint", 3),
    ]
    assert (state(hass, LATE_UNLOCK).attributes["time"] is None) is (age == "unknown")
    await restart(hass, entry)
    assert len(automation.told) == 2


@pytest.mark.parametrize(
    "simulated_lock", [{"knobs": Knobs(clock_offset=20, push_t="missing")}], indirect=True
)
@pytest.mark.parametrize("after", [0, 12, 40])
async def test_a_clock_that_is_ahead_makes_no_second_unlock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
    after: float,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await polled(hass)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    real = time.time
    with patch("time.time", lambda: real() + after):
        await entry.runtime_data.cloud.async_refresh()
        await hass.async_block_till_done()
    assert any(call.path.endswith("open-logs") for call in cloud.calls)
    (record,) = entry.runtime_data.lock.journal
    assert record.when.claimed == pytest.approx(record.when.received + 20, abs=2)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


async def test_an_unlock_that_is_held_back_when_the_entry_is_unloaded_comes_after_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    lock = entry.runtime_data.lock
    await until(lambda: "unlock_fingerprint" in lock.snapshot.state.seen)
    assert list(lock.journal) == []
    await restart(hass, entry)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
