"""What Tuya's cloud tells of a lock, how seldom it is asked, and what its owner hears of it."""

from collections.abc import Generator
from datetime import timedelta
import logging
import socket
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock import cloud as cloud_coordinator
from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import MAX_CALLS, Clock
from custom_components.tuya_wifi_lock.tuyalock.exceptions import CloudRefused
from homeassistant.const import ATTR_ENTITY_ID, EVENT_HOMEASSISTANT_STARTED, SERVICE_UNLOCK
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.automations import Runs
from tests.common import (
    LATE_UNLOCK,
    LOCK,
    NAME,
    UNLOCK,
    Automation,
    Told,
    kept,
    pass_time,
    polled,
    reported,
    restart,
    set_up_awake,
    state,
    wake,
)
from tests.conftest import setup, wait_for
from tests.guests import act, add
from tests.simulator import SimulatedLock, access_control
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin, item

HOUR, DAY = 3600, 86400
TEN_MINUTES = 601
ALARM = f"event.{NAME}_alarm"
STAYS = pytest.param({"family": "D", "knobs": access_control()}, id="D")
LASTING = {
    1004: "cloud_wrong_secret",
    2406: "cloud_wrong_region",
    1106: "cloud_no_permission",
    28841106: "cloud_no_lock_service",
    1114: "cloud_ip_denied",
    28841002: "cloud_trial_expired",
    28841004: "cloud_quota",
    1013: "cloud_clock",
}
"""What does not pass by itself."""


@pytest.fixture(autouse=True)
def older(entry: MockConfigEntry) -> None:
    """Let the entry be two hours old."""
    object.__setattr__(entry, "created_at", dt_util.utcnow() - timedelta(hours=2))


@pytest.fixture
def closed_port(socket_enabled: None) -> Generator[int]:
    """A port at which nobody answers."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def asked(cloud: SimulatedCloud, ending: str = "open-logs") -> list[Any]:
    """Return what the cloud was asked."""
    return [call for call in cloud.calls if call.path.endswith(ending)]


def issues(hass: HomeAssistant) -> list[str | None]:
    """Return what the owner is told to repair."""
    found = ir.async_get(hass).issues.values()
    return [issue.translation_key for issue in found if issue.domain == DOMAIN and issue.active]


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a lock that sleeps, and wait for the first poll."""
    await setup(hass, entry)
    await polled(hass)


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an entry afresh from what it has stored, and wait for the first poll."""
    await restart(hass, entry)
    await polled(hass)


async def poll(hass: HomeAssistant, cloud: SimulatedCloud, after: float = TEN_MINUTES) -> None:
    """Let time pass until the cloud is polled."""
    before = len(cloud.calls)
    await pass_time(hass, after)
    await polled(hass)
    assert len(cloud.calls) > before


async def no_poll(hass: HomeAssistant, cloud: SimulatedCloud, after: float) -> None:
    """Let time pass in which the cloud is not polled."""
    before = len(cloud.calls)
    await pass_time(hass, after)
    await polled(hass)
    assert len(cloud.calls) == before


async def polled_every(hass: HomeAssistant, cloud: SimulatedCloud, seconds: float) -> None:
    """Check when the cloud is polled next."""
    await no_poll(hass, cloud, seconds - 10)
    await poll(hass, cloud, seconds + 1)


async def shown(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what diagnostics show of the cloud."""
    found: dict[str, Any] = (await async_get_config_entry_diagnostics(hass, entry))["cloud"]
    return found


async def failure(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    """Return why the cloud failed last."""
    last = (await shown(hass, entry))["last_failure"]
    return last and last[1]


async def fall_asleep(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let the lock sleep, and wait until Home Assistant knows."""
    await lock.sleep()
    await wait_for(hass, lambda: not entry.runtime_data.data.awake)


async def restart_heard_at(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, at: float
) -> None:
    """Load an entry afresh whose lock was heard last at a Unix time."""
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["state"]["last_heard"] = at
    await start(hass, entry)


# Records


async def test_an_unlock_that_lock_and_cloud_tell_is_one_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await polled(hass)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await poll(hass, cloud)
    assert asked(cloud)
    await poll(hass, cloud, HOUR + 1)
    assert (await kept(hass, entry))["by_route"] == {"lan": 1}
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


async def test_an_unlock_that_only_the_cloud_knows_is_a_late_event_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    at = time.time() - HOUR
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", at)
    await start(hass, entry)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    told = state(hass, LATE_UNLOCK).attributes
    assert told["route"] == "cloud"
    assert dt_util.parse_datetime(str(told["time"])).timestamp() == pytest.approx(at, abs=0.01)
    for _ in range(2):
        await reload(hass, entry)
        await poll(hass, cloud)
    assert len(automation.told) == 1


async def test_an_unlock_just_now_that_only_the_cloud_knows_is_a_live_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    cloud.log(simulated_lock.device_id, "unlock_card", "2", time.time() - 20)
    await start(hass, entry)
    assert automation.told == [Told(UNLOCK, "card", 2)]


async def test_what_is_older_than_the_entry_is_kept_and_not_told(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    now, device_id = time.time(), simulated_lock.device_id
    cloud.log(device_id, "unlock_fingerprint", "1", now - 3 * HOUR)
    cloud.log(device_id, "unlock_fingerprint", "2", now - HOUR)
    cloud.log(device_id, "unlock_fingerprint", "9", now - 2 * DAY)
    await start(hass, entry)
    assert (await kept(hass, entry))["by_route"] == {"cloud": 2}
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 2)]
    await reload(hass, entry)
    assert len(automation.told) == 1
    assert (await kept(hass, entry))["by_delivery"] == {"delivered": 2}


async def test_each_look_begins_a_little_before_the_newest_record_that_is_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    began = time.time()
    await start(hass, entry)
    (first,) = asked(cloud)
    assert int(first.query["start_time"]) / 1000 == pytest.approx(began - DAY - 600, abs=5)
    assert int(first.query["end_time"]) / 1000 == pytest.approx(began + 300, abs=5)
    at = time.time() - HOUR
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", at)
    await poll(hass, cloud)
    await reload(hass, entry)
    assert int(asked(cloud)[-1].query["start_time"]) / 1000 == pytest.approx(at - 600, abs=1)


async def test_a_lock_whose_clock_is_ahead_does_not_hide_what_comes_after(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", time.time() + 200)
    await start(hass, entry)
    assert (await kept(hass, entry))["by_route"] == {"cloud": 1}
    watermark = dt_util.parse_datetime((await shown(hass, entry))["watermark"])
    assert watermark <= dt_util.utcnow()


# Alarms, rings and duress


def alarms(automation: Automation) -> list[tuple[str, bool, str]]:
    """Return the alarms that were reported: type, whether it is late, and the source."""
    told = [one.attributes for one in automation.states if one.entity_id == ALARM]
    return [(one["event_type"], one["late"], one["route"]) for one in told]


async def test_an_alarm_that_lock_and_cloud_tell_is_one_signal(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    await poll(hass, cloud)
    await poll(hass, cloud, HOUR + 1)
    assert asked(cloud, "alarm-logs")
    assert alarms(automation) == [("pry", False, "lan")]


async def test_what_only_the_cloud_knows_is_told_once_and_duress_with_its_unlock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    runs = Runs(hass)
    runs.add("duress", {ATTR_ENTITY_ID: LOCK})
    await start(hass, entry)
    await runs.arm()
    now, device_id = time.time(), simulated_lock.device_id
    cloud.log(device_id, "unlock_fingerprint", "4", now - 20)
    cloud.log(device_id, "hijack", "unlock_fingerprint-04", now - 20)
    cloud.log(device_id, "alarm_lock", "shock", now - HOUR)
    for _ in range(2):
        await poll(hass, cloud)
    assert alarms(automation) == [("shock", True, "cloud")]
    unlocks = [one.attributes["number"] for one in automation.states if one.entity_id == UNLOCK]
    assert unlocks == [4]
    assert runs.numbers == [4]


async def test_an_alarm_older_than_the_entry_is_no_news(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    await start(hass, entry)
    cloud.log(simulated_lock.device_id, "alarm_lock", "pry", time.time() - 3 * HOUR)
    cloud.log(simulated_lock.device_id, "alarm_lock", "shock", time.time() - HOUR)
    await poll(hass, cloud)
    assert alarms(automation) == [("shock", True, "cloud")]


async def test_alarms_are_read_from_a_little_before_the_newest_that_is_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    now, device_id = time.time(), simulated_lock.device_id
    cloud.log(device_id, "alarm_lock", "pry", now - HOUR)
    await start(hass, entry)
    await reload(hass, entry)
    cloud.log(device_id, "alarm_lock", "key_in", now - HOUR - 650)
    cloud.log(device_id, "alarm_lock", "too_hot", now - HOUR - 550)
    await poll(hass, cloud)
    assert [type_ for type_, _, _ in alarms(automation)] == ["pry", "too_hot"]


async def test_an_alarm_of_a_clock_that_is_ahead_does_not_hide_what_comes_after(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    now, device_id = time.time(), simulated_lock.device_id
    cloud.log(device_id, "alarm_lock", "shock", now + 200)
    await start(hass, entry)
    cloud.log(device_id, "alarm_lock", "pry", now - 500)
    await poll(hass, cloud)
    assert [type_ for type_, _, _ in alarms(automation)] == ["shock", "pry"]


async def test_a_project_without_records_of_alarms_is_not_asked_for_them_again(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.absent.add("alarm-logs")
    await start(hass, entry)
    assert len(asked(cloud, "alarm-logs")) == 2, "one for each variant"
    await poll(hass, cloud)
    assert len(asked(cloud, "alarm-logs")) == 2
    assert len(asked(cloud)) == 2
    assert issues(hass) == []
    assert await failure(hass, entry) is None


# When


async def test_it_polls_every_ten_minutes(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await start(hass, entry)
    await no_poll(hass, cloud, 590)
    await poll(hass, cloud, 601)
    assert len(asked(cloud)) == 2


async def test_a_poll_that_failed_is_repeated_at_the_usual_pace(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    cloud.fail(1000, times=None)
    await poll(hass, cloud, 11)
    assert await failure(hass, entry) == "busy"
    cloud.recover()
    await polled_every(hass, cloud, 600)
    await polled_every(hass, cloud, HOUR)


async def test_it_does_not_poll_while_home_assistant_starts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    hass.set_state(CoreState.starting)
    await set_up_awake(hass, entry, simulated_lock)
    await no_poll(hass, cloud, TEN_MINUTES)
    assert cloud.calls == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await polled(hass)
    assert len(asked(cloud)) == 1


async def test_it_looks_shortly_after_a_wake_and_then_at_its_pace_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 10.1)
    assert len(asked(cloud)) == 2
    await no_poll(hass, cloud, HOUR - 10)
    await poll(hass, cloud, HOUR + 1)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(asked(cloud)) == 3


async def test_a_lock_that_is_heard_is_polled_once_an_hour_until_the_cloud_knows_more(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 11)
    await fall_asleep(hass, entry, simulated_lock)
    last_heard = entry.runtime_data.data.state.last_heard
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", last_heard - DAY / 2)
    await polled_every(hass, cloud, HOUR)
    await reload(hass, entry)
    await polled_every(hass, cloud, HOUR)
    # Somebody was at the door, and nothing was heard on the local network.
    await restart_heard_at(hass, hass_storage, entry, last_heard - HOUR)
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", last_heard - HOUR / 2)
    await polled_every(hass, cloud, HOUR)
    await polled_every(hass, cloud, 600)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 11)
    await polled_every(hass, cloud, HOUR)


async def test_a_lock_that_is_there_and_does_not_talk_to_us_is_polled_at_the_usual_pace(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    data = {**entry.data, "local_key": "another-key-0001"}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused)
    await polled(hass)
    await poll(hass, cloud, HOUR + 1)
    assert entry.runtime_data.data.state.last_heard
    await polled_every(hass, cloud, 600)


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_lock_that_only_announces_itself_is_polled_every_ten_minutes(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
    closed_port: int,
    restarted: bool,
) -> None:
    data = {**entry.data, "port": closed_port}
    hass.config_entries.async_update_entry(entry, data=data)
    await start(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.runtime_data.data.state.last_heard)
    if restarted:
        await reload(hass, entry)
    await polled_every(hass, cloud, TEN_MINUTES)
    await simulated_lock.sleep()
    await simulated_lock.finger(3)
    await polled_every(hass, cloud, TEN_MINUTES)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    assert simulated_lock.connections == 0


async def test_a_lock_that_has_talked_to_us_once_and_then_only_announces_itself_is_not_heard(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 11)
    await fall_asleep(hass, entry, simulated_lock)
    await polled_every(hass, cloud, HOUR)
    await restart_heard_at(hass, hass_storage, entry, time.time() + HOUR)
    await polled_every(hass, cloud, 600)


async def test_a_lock_that_the_account_hears_is_polled_after_its_wakes_and_once_an_hour(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    await start(hass, entry)
    await polled_every(hass, cloud, 600)
    now = time.time()
    await login.deliver(simulated_lock.device_id, [item(1, 3, now)])
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", now)
    await wait_for(hass, lambda: state(hass, UNLOCK).state != "unknown")
    await poll(hass, cloud, 10.1)
    await polled_every(hass, cloud, HOUR)
    assert simulated_lock.connections == 0


async def test_the_account_wakes_the_cloud_only_for_a_lock_that_is_not_connected(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 10.1)
    await login.deliver(simulated_lock.device_id, [item(1, 3)])
    await wait_for(hass, lambda: state(hass, UNLOCK).state != "unknown")
    before = entry.runtime_data.data.state.last_heard
    monkeypatch.setattr(Clock, "time", lambda self: time.time() + HOUR)
    await fall_asleep(hass, entry, simulated_lock)
    assert entry.runtime_data.data.state.last_heard > before
    await polled_every(hass, cloud, HOUR)


async def test_an_announcement_alone_is_no_wake(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    closed_port: int,
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "port": closed_port})
    await start(hass, entry)
    await announced(hass, entry, simulated_lock)
    await no_poll(hass, cloud, 12)


@pytest.mark.parametrize("simulated_lock", [STAYS], indirect=True)
async def test_an_announcement_of_a_lock_that_stays_on_the_network_is_no_wake_to_the_account(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    closed_port: int,
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    await set_up_awake(hass, entry, simulated_lock)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "port": closed_port})
    await hass.async_block_till_done(wait_background_tasks=True)
    await restart_heard_at(hass, hass_storage, entry, time.time() - HOUR)
    await announced(hass, entry, simulated_lock)
    await no_poll(hass, cloud, 12)


async def announced(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let a lock announce itself, and wait until that is heard; nobody can connect to it."""
    before = entry.runtime_data.data.state.last_heard or 0
    if lock.awake:
        await lock.announce()
    else:
        await lock.wake()
    await wait_for(hass, lambda: (entry.runtime_data.data.state.last_heard or 0) > before)
    assert not entry.runtime_data.data.awake


async def test_a_lock_that_wakes_all_the_time_is_not_polled_all_the_time(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    for _ in range(2):
        await wake(hass, entry, simulated_lock)
        await fall_asleep(hass, entry, simulated_lock)
    await poll(hass, cloud, 11)
    await wake(hass, entry, simulated_lock)
    await no_poll(hass, cloud, 50)
    await poll(hass, cloud, 61)
    assert len(asked(cloud)) == 3


async def test_an_unloaded_lock_is_not_polled(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await start(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    await no_poll(hass, cloud, DAY)


async def test_a_poll_that_is_under_way_ends_with_the_lock(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.hang("open-logs")
    await setup(hass, entry)
    await wait_for(hass, lambda: asked(cloud))
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    calls = len(cloud.calls)
    await pass_time(hass, DAY)
    assert len(cloud.calls) == calls


async def test_the_model_is_asked_for_once(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await start(hass, entry)
    await poll(hass, cloud)
    assert len(asked(cloud, "/model")) == 1


async def test_a_product_without_records_in_the_cloud_is_not_asked_for_them_again(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.absent.add("open-logs")
    await start(hass, entry)
    assert len(asked(cloud)) == 2, "one for each variant"
    assert len(asked(cloud, "temp-passwords")) == 1
    await poll(hass, cloud)
    assert len(asked(cloud)) == 2
    assert issues(hass) == []
    assert await failure(hass, entry) is None


# Passwords


async def test_passwords_are_listed_at_the_start_and_again_when_they_are_due(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await start(hass, entry)
    assert len(asked(cloud, "temp-passwords")) == 1
    await poll(hass, cloud)
    assert len(asked(cloud, "temp-passwords")) == 1
    monkeypatch.setattr(cloud_coordinator, "PASSWORDS_EVERY", 0.0)
    await reload(hass, entry)
    await poll(hass, cloud)
    assert len(asked(cloud, "temp-passwords")) == 3, "somebody may have made one in the app"


async def test_a_wake_does_not_put_off_the_list_of_passwords(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cloud_coordinator, "PASSWORDS_EVERY", 900.0)
    await start(hass, entry)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 11)
    assert len(asked(cloud, "temp-passwords")) == 1
    await polled_every(hass, cloud, 900)


async def test_an_awake_lock_is_asked_for_until_it_has_fetched_what_waits(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await polled(hass)
    await poll(hass, cloud, 11)
    await add(hass)
    await poll(hass, cloud, 61)
    await fall_asleep(hass, entry, simulated_lock)
    await polled_every(hass, cloud, 600)
    await polled_every(hass, cloud, HOUR)
    assert entry.runtime_data.lock.passwords.unsettled


async def test_a_password_that_waits_for_the_lock_is_looked_up_after_its_wake(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await start(hass, entry)
    await add(hass)
    listed = len(asked(cloud, "temp-passwords"))
    await wake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: cloud.rows(simulated_lock.device_id)[0].phase == 2)
    (password,) = entry.runtime_data.lock.passwords
    assert (password.phase, password.number) == ("waiting", None)
    await poll(hass, cloud, 10.1)
    (password,) = entry.runtime_data.lock.passwords
    assert (password.phase, password.number) == ("active", 901)
    await fall_asleep(hass, entry, simulated_lock)
    await wake(hass, entry, simulated_lock)
    await poll(hass, cloud, 61)
    assert len(asked(cloud, "temp-passwords")) == listed + 1, "nothing waits for the lock any more"
    await polled_every(hass, cloud, HOUR)
    assert len(asked(cloud, "temp-passwords")) == listed + 1


# What fails


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("alarm-logs$", 1109),
        ("alarm-logs$", 28841106),
        ("model$", 1109),
        ("model$", 500),
        ("temp-passwords$", 500),
    ],
)
async def test_one_question_that_the_cloud_refuses_silences_no_other(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
    path: str,
    code: int,
) -> None:
    cloud.fail(code, path, times=None)
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", 3, time.time() - HOUR)
    await start(hass, entry)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    assert await failure(hass, entry) == CloudRefused(code).cause
    assert issues(hass) == ["cloud_no_lock_service"] * (code == 28841106)


async def test_a_question_without_an_answer_silences_no_other(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    cloud.garble("alarm-logs$")
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", 3, time.time() - HOUR)
    await start(hass, entry)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    assert await failure(hass, entry) == "CloudSilent"


async def test_alarms_are_told_though_the_records_of_unlocks_are_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    cloud.fail(1109, "open-logs$", times=None)
    await start(hass, entry)
    cloud.log(simulated_lock.device_id, "alarm_lock", "shock", time.time() - HOUR)
    await poll(hass, cloud)
    assert alarms(automation) == [("shock", True, "cloud")]


async def test_the_refusal_that_the_owner_can_end_is_the_one_that_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.fail(1109, "model$", times=None)
    cloud.fail(28841106, "open-logs$", times=None)
    await start(hass, entry)
    assert issues(hass) == ["cloud_no_lock_service"]


@pytest.mark.parametrize("code", [1106, 1114, 28841002, 28841004])
async def test_what_has_nothing_to_do_with_the_question_ends_the_poll(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, code: int
) -> None:
    cloud.fail(code, "model$", times=None)
    await start(hass, entry)
    assert asked(cloud) == asked(cloud, "alarm-logs") == []
    assert await failure(hass, entry) == CloudRefused(code).cause


# What the owner hears


@pytest.mark.parametrize(("code", "issue"), LASTING.items())
async def test_what_does_not_pass_is_one_repair_until_it_works(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, code: int, issue: str
) -> None:
    cloud.fail(code, times=None)
    await start(hass, entry)
    assert issues(hass) == [issue]
    shown = ir.async_get(hass).async_get_issue(DOMAIN, f"{issue}_{entry.entry_id}")
    assert shown
    assert (shown.is_fixable, shown.is_persistent) == (False, False)
    assert shown.translation_placeholders == {"lock": entry.title}
    cloud.recover()
    await poll(hass, cloud, DAY + 1)
    assert issues(hass) == []


async def test_another_cause_is_another_repair_in_place_of_the_first(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.fail(1106, times=None)
    await start(hass, entry)
    cloud.recover()
    cloud.fail(1114, times=None)
    await poll(hass, cloud)
    assert issues(hass) == ["cloud_ip_denied"]


async def test_a_repair_that_the_owner_has_put_aside_stays_aside(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.fail(1106, times=None)
    await start(hass, entry)
    issue_id = f"cloud_no_permission_{entry.entry_id}"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, True)
    await poll(hass, cloud)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


@pytest.mark.parametrize("code", [1110, 500, 1010, 4242])
async def test_what_passes_or_is_unknown_is_no_repair(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, code: int
) -> None:
    cloud.fail(code, times=None)
    await start(hass, entry)
    assert issues(hass) == []
    cloud.recover()
    await poll(hass, cloud)
    assert (await shown(hass, entry))["last_success"]


async def test_a_cloud_out_of_reach_is_no_repair_and_takes_none_back(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.fail(1106, times=None)
    await start(hass, entry)
    cloud.recover()
    cloud.drop(".*", times=1)
    await poll(hass, cloud)
    assert await failure(hass, entry) in {"CloudUnreachable", "CloudSilent"}
    assert issues(hass) == ["cloud_no_permission"]
    await poll(hass, cloud)
    assert issues(hass) == []


@pytest.mark.parametrize("code", [28841002, 28841004])
async def test_a_project_that_has_ended_is_asked_once_a_day(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    code: int,
) -> None:
    await start(hass, entry)
    cloud.fail(code, times=None)
    await poll(hass, cloud)
    for _ in range(2):
        await wake(hass, entry, simulated_lock)
        await no_poll(hass, cloud, DAY - 60)
        await fall_asleep(hass, entry, simulated_lock)
        calls = len(cloud.calls)
        await poll(hass, cloud, DAY + 1)
        assert 1 <= len(cloud.calls) - calls <= 2, "one call, and a token for it"
    cloud.recover()
    await poll(hass, cloud, DAY + 1)
    await poll(hass, cloud, HOUR + 1)


def use_up(hass_storage: dict[str, Any], cloud: SimulatedCloud) -> None:
    """Let all calls of this month be used up."""
    counted = {"month": f"{dt_util.utcnow():%Y-%m}", "count": MAX_CALLS}
    key = f"{DOMAIN}.projects"
    hass_storage[key] = {"version": 1, "key": key, "data": {cloud.access_id: counted}}


async def test_home_assistant_stops_by_itself_before_the_calls_are_used_up(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    use_up(hass_storage, cloud)
    await start(hass, entry)
    assert issues(hass) == ["cloud_calls_used_up"]
    await wake(hass, entry, simulated_lock)
    await no_poll(hass, cloud, DAY - 60)
    await no_poll(hass, cloud, DAY + 1)
    assert cloud.calls == []
    await act(hass, "get_dynamic_password")
    assert cloud.calls
    assert issues(hass) == ["cloud_calls_used_up"], "what the owner does is not limited"


async def test_no_call_is_left_for_passwords_either(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
) -> None:
    use_up(hass_storage, cloud)
    cloud.absent.add("open-logs")
    await start(hass, entry)
    await add(hass)
    await no_poll(hass, cloud, DAY + 1)


async def test_what_the_owner_does_tells_how_it_goes(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await start(hass, entry)
    cloud.fail(28841004, times=2)
    with pytest.raises(HomeAssistantError):
        await act(hass, "get_dynamic_password")
    assert issues(hass) == ["cloud_quota"]
    await poll(hass, cloud)
    await act(hass, "get_dynamic_password")
    assert issues(hass) == []
    await poll(hass, cloud)
    for code in (2009, 1109):
        cloud.fail(code, times=1)
        with pytest.raises(HomeAssistantError):
            await act(hass, "get_dynamic_password")
    assert issues(hass) == []
    assert await failure(hass, entry) == "quota"


async def test_what_the_owner_does_puts_off_no_poll(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await start(hass, entry)
    await act(hass, "get_dynamic_password")
    await poll(hass, cloud, 600.6)


async def test_the_repair_goes_with_the_lock(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.fail(1106, times=None)
    await start(hass, entry)
    assert issues(hass) == ["cloud_no_permission"]
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == []


async def test_the_lock_opens_in_the_home_network_while_the_cloud_is_off(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    cloud.fail(28841002, times=None)
    await set_up_awake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: issues(hass))
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    await reported(hass, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert simulated_lock.openings
    assert automation.told == [
        Told(UNLOCK, "remote", None),
        Told(UNLOCK, "fingerprint", 3),
    ]
    assert issues(hass) == ["cloud_trial_expired"]


async def test_the_log_has_one_line_when_the_cloud_fails_and_one_when_it_is_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.tuya_wifi_lock")
    cloud.fail(1106, times=None)
    await start(hass, entry)
    await poll(hass, cloud)
    cloud.recover()
    await poll(hass, cloud)
    await poll(hass, cloud)
    lines = [record.message for record in caplog.records if "Tuya cloud of" in record.message]
    assert lines == [
        f"Error fetching Tuya cloud of {entry.title} data: no_permission",
        f"Fetching Tuya cloud of {entry.title} data recovered",
    ]


@pytest.mark.parametrize("code", LASTING)
async def test_no_secret_is_in_a_repair_or_in_the_log(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud.fail(code, times=None)
    await start(hass, entry)
    (issue,) = [one for one in ir.async_get(hass).issues.values() if one.domain == DOMAIN]
    told = repr(issue) + "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("custom_components.tuya_wifi_lock", "aiohttp"))
    )
    for secret in (cloud.access_secret, cloud.access_id, simulated_lock.local_key):
        assert secret not in told
    assert simulated_lock.device_id not in repr(issue)
