"""The sensors."""

from datetime import timedelta
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.tuya_wifi_lock.const import CONF_CLOUD
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import (
    CALENDAR,
    FAMILIES,
    LOCK,
    NAME,
    check_snapshot,
    fall_asleep,
    is_awake,
    known,
    pass_time,
    reported,
    restart,
    set_up_awake,
    state,
)
from tests.conftest import setup, wait_for
from tests.guests import CODE, act, add, fetch, listed
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

BATTERY = f"sensor.{NAME}_battery"
BATTERY_LEVEL = f"sensor.{NAME}_battery_level"
LAST_UNLOCKED_BY = f"sensor.{NAME}_last_unlocked_by"
LAST_HEARD = f"sensor.{NAME}_last_heard"
TEMPORARY_PASSWORDS = f"sensor.{NAME}_guest_codes"


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("simulated_lock", FAMILIES, indirect=True)
async def test_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await check_snapshot(hass, hass_storage, snapshot, entry, simulated_lock, Platform.SENSOR)


async def test_battery_is_what_the_lock_measures(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(47)
    await wait_for(hass, lambda: hass.states.get(BATTERY))
    assert state(hass, BATTERY).state == "47"
    assert hass.states.get(BATTERY_LEVEL) is None


async def test_battery_level_is_no_percentage(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.battery_dp = 11
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(47)
    await wait_for(hass, lambda: hass.states.get(BATTERY_LEVEL))
    assert state(hass, BATTERY_LEVEL).state == "medium"
    assert hass.states.get(BATTERY) is None


async def test_last_unlocked_by_is_the_last_to_have_unlocked_and_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.record_times = True
    await set_up_awake(hass, entry, simulated_lock)
    assert state(hass, LAST_UNLOCKED_BY).state == "unknown"
    await simulated_lock.unlock("temporary_password", 901)
    await reported(hass, simulated_lock)
    assert state(hass, LAST_UNLOCKED_BY).state == "Guest code 901"
    hour_ago = int(time.time()) - 3600
    await simulated_lock.push({"5": 2}, times={"5": hour_ago})
    await reported(hass, simulated_lock)
    assert len((await act(hass, "get_records"))["records"]) == 2
    assert state(hass, LAST_UNLOCKED_BY).state == "Guest code 901"
    await simulated_lock.unlock("inside", 1)
    await reported(hass, simulated_lock)
    assert state(hass, LAST_UNLOCKED_BY).state == "From inside"
    await restart(hass, entry)
    assert state(hass, LAST_UNLOCKED_BY).state == "From inside"


async def test_last_unlocked_by_shows_an_unlock_of_unknown_age(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.burst(("card", 2), ("password", 1))
    await reported(hass, simulated_lock)
    assert state(hass, LAST_UNLOCKED_BY).state == "Password 1"


@pytest.mark.usefixtures("all_enabled")
async def test_last_heard(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.tuya_wifi_lock.tuyalock.records.state.HEARD_AGAIN", 0)
    await setup(hass, entry)
    assert state(hass, LAST_HEARD).state == "unknown"
    before = int(time.time())
    await simulated_lock.wake()
    await wait_for(hass, lambda: state(hass, LAST_HEARD).state != "unknown")
    heard = dt_util.parse_datetime(state(hass, LAST_HEARD).state)
    assert heard
    assert before <= heard.timestamp() <= time.time()
    for percent in (50, 51):
        await simulated_lock.battery(percent)
        await reported(hass, simulated_lock)
        assert dt_util.parse_datetime(state(hass, LAST_HEARD).state) == heard, "once for a wake"
    monkeypatch.setattr("custom_components.tuya_wifi_lock.sensor.STILL_AWAKE", timedelta(0))
    await wait_for(hass, lambda: time.time() > heard.timestamp() + 1)
    await simulated_lock.battery(52)
    await reported(hass, simulated_lock)
    again = dt_util.parse_datetime(state(hass, LAST_HEARD).state)
    assert again
    assert again > heard, "a lock that stays awake is heard"
    await simulated_lock.sleep()
    await wait_for(hass, lambda: not is_awake(entry))
    assert state(hass, LAST_HEARD).state != "unavailable"


@pytest.mark.usefixtures("all_enabled")
async def test_last_heard_is_not_shown_again_when_the_lock_falls_asleep(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    heard, known_at, real = state(hass, LAST_HEARD).state, known(entry).state.last_heard, time.time
    with patch("time.time", lambda: real() + 60):
        await fall_asleep(hass, entry, simulated_lock)
    assert known(entry).state.last_heard != known_at
    assert state(hass, LAST_HEARD).state == heard


async def test_last_unlocked_by_names_the_guest(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await add(hass, "Cleaner", code=CODE)
    await fetch(cloud, simulated_lock)
    assert await simulated_lock.type_code(CODE)
    await reported(hass, simulated_lock)
    assert state(hass, LAST_UNLOCKED_BY).state == "Cleaner"
    assert state(hass, LOCK).attributes["changed_by"] == "Cleaner"
    await act(hass, "delete_temporary_password", which="Cleaner")
    await fetch(cloud, simulated_lock)
    assert await listed(hass) == {}
    await restart(hass, entry)
    assert state(hass, LAST_UNLOCKED_BY).state == "Cleaner"


def shown(hass: HomeAssistant) -> tuple[str, list[dict[str, str]]]:
    """Return what the sensor of temporary passwords shows."""
    sensor = state(hass, TEMPORARY_PASSWORDS)
    codes = sensor.attributes["passwords"]
    return sensor.state, [{key: one[key] for key in ("name", "phase")} for one in codes]


async def test_temporary_passwords_are_counted_and_named(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await setup(hass, entry)
    assert shown(hass) == ("0", [])
    await add(hass, "Cleaner")
    assert shown(hass) == ("1", [{"name": "Cleaner", "phase": "waiting"}])
    await fetch(cloud, simulated_lock)
    await act(hass, "get_temporary_passwords")
    assert shown(hass) == ("1", [{"name": "Cleaner", "phase": "active"}])
    await add(hass, "Plumber")
    await act(hass, "delete_temporary_password", which="Cleaner")
    both = [{"name": "Cleaner", "phase": "deleting"}, {"name": "Plumber", "phase": "waiting"}]
    assert shown(hass) == ("2", both)
    await restart(hass, entry)
    assert shown(hass) == ("2", both)


async def test_a_temporary_password_that_has_ended_counts_no_more(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    freezer: FrozenDateTimeFactory,
) -> None:
    await setup(hass, entry)
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to("2027-11-26T11:00:00Z")
    await add(hass, "Cleaner", start="2027-11-26 13:00", end="2027-11-26 15:30")
    await add(hass, "Plumber", end="2027-12-24 16:00")
    (row, _) = cloud.rows(entry.data["device_id"])
    row.phase = 2
    await act(hass, "get_temporary_passwords")
    assert state(hass, TEMPORARY_PASSWORDS).attributes["passwords"] == [
        {
            "name": "Cleaner",
            "start": "2027-11-26T13:00:00+01:00",
            "end": "2027-11-26T15:30:00+01:00",
            "phase": "early",
            "status": "From Friday 1:00 PM to Friday 3:30 PM",
        },
        {
            "name": "Plumber",
            "start": "2027-11-26T12:00:00+01:00",
            "end": "2027-12-24T16:00:00+01:00",
            "phase": "waiting",
            "status": "Waits for the lock: touch the keypad",
        },
    ]
    freezer.move_to("2027-11-26T12:00:00Z")
    await pass_time(hass, 0)
    assert shown(hass)[1][0] == {"name": "Cleaner", "phase": "active"}
    freezer.move_to("2027-11-26T14:30:00Z")
    await pass_time(hass, 0)
    assert shown(hass) == ("1", [{"name": "Plumber", "phase": "waiting"}])
    # The calendar still shows it, before the cloud is asked and after.
    day = {"start_date_time": "2027-11-26 12:00:00", "duration": {"hours": 12}}
    for _ in range(2):
        answer: Any = await hass.services.async_call(
            "calendar",
            "get_events",
            {"entity_id": CALENDAR, **day},
            blocking=True,
            return_response=True,
        )
        assert answer[CALENDAR]["events"][0]["description"] == "Ended"
        await act(hass, "get_temporary_passwords")


async def test_there_is_no_count_without_a_road_for_temporary_passwords(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
) -> None:
    await setup(hass, entry)
    assert hass.states.get(TEMPORARY_PASSWORDS)
    data = {key: value for key, value in entry.data.items() if key != CONF_CLOUD}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.async_block_till_done()
    await wait_for(hass, lambda: hass.states.get(TEMPORARY_PASSWORDS) is None)
    assert er.async_get(hass).async_get(TEMPORARY_PASSWORDS) is None
