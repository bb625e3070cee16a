"""How old an unlock may be that makes an automation run."""

import time

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import (
    entity_registry as er,
)
from homeassistant.util import dt as dt_util
from tests.automations import Runs, add_member, device_id
from tests.common import LATE_UNLOCK, LOCK, UNLOCK, reported, restart, set_up_awake, state, wake
from tests.conftest import setup
from tests.simulator import SimulatedLock

HOUR = {"hours": 1}
AT_LOCK = {"entity_id": LOCK}
ALICE = "event.alice_opening"


@pytest.fixture
def runs(hass: HomeAssistant) -> Runs:
    """The runs of the automations of a test."""
    return Runs(hass)


async def test_late_unlocks_only_where_they_are_wanted(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    alice = add_member(hass, entry, "Alice", "card:2")
    await setup(hass, entry)
    device = device_id(hass, entry, alice)
    runs.add("unlocked", AT_LOCK, name="now")
    runs.add("unlocked", {"entity_id": LATE_UNLOCK}, name="now_too")
    runs.add("member_came_home", AT_LOCK, name="home")
    runs.add("unlocked", AT_LOCK, {"max_age": HOUR}, "hour")
    runs.add("unlocked", AT_LOCK, {"max_age": "00:10:00"}, "ten_minutes")
    runs.add("unlocked", {"device_id": device}, {"max_age": HOUR}, "alice")
    runs.add("unlocked", {"device_id": device, **AT_LOCK}, {"max_age": HOUR}, "both")
    runs.add("unknown_number_used", AT_LOCK, {"max_age": HOUR}, "unknown")
    await runs.arm()
    await simulated_lock.store("card", 2, at=int(time.time()) - 1800)
    await simulated_lock.store("card", 5, at=int(time.time()) - 900)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["alice", "both", "both", "hour", "hour", "unknown"]


async def test_an_unknown_age_is_too_old(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await setup(hass, entry)
    runs.add("unlocked", AT_LOCK, {"max_age": {"days": 30}})
    await runs.arm()
    await simulated_lock.store("card", 2)
    await simulated_lock.store("password", 1)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert runs.numbers == [3]


async def test_what_a_crash_left_over_is_late_however_young(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await setup(hass, entry)
    runs.add("unlocked", {"entity_id": [LOCK, LATE_UNLOCK]}, name="now")
    runs.add("unlocked", AT_LOCK, {"max_age": HOUR}, "hour")
    await runs.arm()
    now = dt_util.utcnow().isoformat()
    told = {"event_type": "fingerprint", "number": 3, "time": now, "record": 1}
    hass.states.async_set(LATE_UNLOCK, now, told)
    await hass.async_block_till_done()
    assert runs.names == ["hour"]


async def test_a_maximum_age_below_a_minute(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    simulated_lock.knobs.record_times = True
    await setup(hass, entry)
    runs.add("unlocked", AT_LOCK, {"max_age": 10}, "ten")
    runs.add("unlocked", AT_LOCK, name="minute")
    await runs.arm()
    await simulated_lock.store("card", 2, at=int(time.time()) - 30)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    assert runs.names == ["minute"]


async def test_what_is_restored_runs_nothing_and_what_follows_does(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    """The old event is younger than a minute, so that only its being old can stop it."""
    now = dt_util.utcnow()
    last = {"number": 3, "member": None, "record": 7, "time": now.isoformat()}
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(UNLOCK, now.isoformat(timespec="milliseconds")),
                {"last_event_type": "fingerprint", "last_event_attributes": last},
            )
        ],
    )
    # The automation waits for its lock already when that comes.
    er.async_get(hass).async_get_or_create(
        "event",
        DOMAIN,
        f"{simulated_lock.device_id}_last_opening",
        config_entry=entry,
        suggested_object_id="wi_fi_lock_0001_last_opening",
        translation_key="last_opening",
    )
    runs.add("unlocked", {"entity_id": UNLOCK}, name="unlocked")
    runs.add("unknown_number_used", {"entity_id": UNLOCK}, name="unknown")
    await runs.arm()
    await set_up_awake(hass, entry, simulated_lock)
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    assert runs.names == []
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert sorted(runs.names) == ["unknown", "unlocked"]
    await restart(hass, entry)
    assert len(runs.names) == 2


async def test_another_label_is_no_unlock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, runs: Runs
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    runs.add("unlocked", AT_LOCK)
    await runs.arm()
    er.async_get(hass).async_update_entity(UNLOCK, name="Opened")
    await hass.async_block_till_done()
    assert state(hass, UNLOCK).name.endswith("Opened")
    assert runs.names == []
