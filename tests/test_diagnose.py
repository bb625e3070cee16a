"""What a lock is diagnosed with, on real sockets; and the repairs that come and go with it."""

from collections.abc import Callable
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock import cloud as cloud_coordinator
from custom_components.tuya_wifi_lock.const import CONF_PROTOCOL_VERSION, DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.repairs import ISSUES
from custom_components.tuya_wifi_lock.tuyalock.exceptions import SlotTaken, WrongVersion
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from tests.common import (
    LOCK,
    NAME,
    is_awake,
    known,
    learn,
    listened_for,
    pass_time,
    polled,
    reported,
    restart,
    set_health,
    set_up_awake,
    state,
    until,
    wake,
)
from tests.conftest import setup, wait_for
from tests.guests import act, add
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

BUTTON = f"button.{NAME}_check_the_lock"
FIRMWARE = f"update.{NAME}_firmware"
HOUR, DAY = 3600, 86400


async def diagnose(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Return the findings of the action, by check."""
    answer = await act(hass, "diagnose")
    findings = {one["check"]: one for one in answer["findings"]}
    assert len(findings) == len(answer["findings"])
    for one in findings.values():
        assert one["seen"]
        assert "{" not in one["seen"] + (one["todo"] or "")
        assert one["todo"] or one["state"] in {"ok", "unknown"}
    return findings


def faults(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the checks that did not go well."""
    return {
        check: one["state"]
        for check, one in findings.items()
        if one["state"] in {"attention", "problem"}
    }


def repairs(hass: HomeAssistant) -> set[str | None]:
    """Return what the owner is told to repair."""
    found = ir.async_get(hass).issues.values()
    return {issue.translation_key for issue in found if issue.domain == DOMAIN and issue.active}


async def press(hass: HomeAssistant) -> None:
    """Press the button."""
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: BUTTON}, blocking=True)


async def silenced(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, seconds: float
) -> dict[str, Any]:
    """Unload a lock, and return what is stored of it as if it had woken every hour until then."""
    await hass.config_entries.async_unload(entry.entry_id)
    stored: dict[str, Any] = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    heard = time.time() - seconds
    stored["state"]["last_heard"] = heard
    stored["health"]["wakes"] = [heard - HOUR * ago for ago in range(6, -1, -1)]
    return stored


async def have_been_silent(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, seconds: float
) -> None:
    """Let a lock that wakes every hour have been silent."""
    await silenced(hass, hass_storage, entry, seconds)
    await setup(hass, entry)


# Scenes


async def test_a_lock_that_is_well(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(80)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    findings = await diagnose(hass)
    assert {one["state"] for one in findings.values()} == {"ok"}
    assert findings["heard"]["seen"] == "The lock is connected to Home Assistant now."
    assert findings["remote_key"]["seen"].startswith("The last remote key in the lock is from")
    assert findings["firmware"]["seen"].startswith("Firmware 1.0.3 ")
    assert not repairs(hass)
    answer = await act(hass, "diagnose")
    assert answer["summary"] == "Everything is fine."


async def test_a_lock_that_sleeps_and_was_never_heard_has_no_faults(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    assert not faults(await diagnose(hass))
    assert simulated_lock.connections == 0


async def test_a_wrong_clock_and_old_batteries_are_exactly_what_is_found(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.record_times = True
    simulated_lock.knobs.clock_offset = 8 * HOUR
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(12)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    findings = await diagnose(hass)
    assert faults(findings) == {"battery": "problem", "clock": "problem"}
    assert findings["battery"]["seen"].startswith("The batteries are at 12 %.")
    assert findings["clock"]["seen"] == "The lock's clock is 8 h ahead."
    assert repairs(hass) == {"battery_replace", "clock_wrong"}
    answer = await act(hass, "diagnose")
    assert answer["summary"] == "Problems: 2. Needs attention: 0."


async def test_a_clock_that_is_behind_is_found_by_a_remote_unlock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.clock_offset = -8 * HOUR
    await set_up_awake(hass, entry, simulated_lock)
    assert (await diagnose(hass))["clock"]["state"] == "unknown"
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True
        )
    await wait_for(hass, lambda: repairs(hass) == {"clock_wrong"})
    assert faults(await diagnose(hass)) == {"clock": "problem"}
    simulated_lock.knobs.clock_offset = 0
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    await wait_for(hass, lambda: not repairs(hass))


async def test_a_key_that_is_refused_is_told_though_the_lock_is_not_available(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    right = simulated_lock.local_key
    simulated_lock.faults.wrong_local_key = "f" * 16
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: known(entry).key_refused)
    assert state(hass, LOCK).state == "unavailable"
    findings = await diagnose(hass)
    assert findings["local_key"]["state"] == "problem"
    assert "key_refused" in repairs(hass)
    await press(hass)
    assert simulated_lock.local_key == right
    simulated_lock.faults.clear()
    await simulated_lock.sleep()
    await wake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: not repairs(hass))
    assert (await diagnose(hass))["local_key"]["state"] == "ok"


async def test_another_protocol_version_than_the_one_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_PROTOCOL_VERSION: "3.3"})
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: isinstance(known(entry).problem, WrongVersion))
    assert faults(await diagnose(hass)) == {"protocol_version": "problem"}


@pytest.mark.parametrize(
    ("domain", "data", "repair", "named"),
    [
        (None, dict, "slot_taken", None),
        ("localtuya", lambda id_: {"devices": {id_: {}}}, "slot_taken_by", "LocalTuya"),
        ("tuya_local", lambda id_: {"device_id": id_}, "slot_taken_by", "Tuya Local"),
        ("tuya_local", lambda id_: {"device_id": "another"}, "slot_taken", None),
    ],
)
async def test_another_client_has_the_only_connection(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    domain: str | None,
    data: Callable[[str], dict[str, Any]],
    repair: str,
    named: str | None,
) -> None:
    if domain:
        other = MockConfigEntry(domain=domain, data=data(simulated_lock.device_id))
        other.add_to_hass(hass)
        other.mock_state(hass, ConfigEntryState.LOADED)
    simulated_lock.faults.slot_taken = True
    await setup(hass, entry)
    assert not repairs(hass)
    await simulated_lock.wake()
    await wait_for(hass, lambda: isinstance(known(entry).problem, SlotTaken))
    await wait_for(hass, lambda: repairs(hass) == {repair})
    findings = await diagnose(hass)
    assert faults(findings) == {"connection": "problem"}
    assert named is None or named in findings["connection"]["todo"]
    simulated_lock.faults.clear()
    await simulated_lock.sleep()
    await wake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: not repairs(hass))
    assert faults(await diagnose(hass)) == ({"connection": "attention"} if named else {})


async def test_remote_unlocking_that_is_switched_off_in_the_app(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    device = cloud.devices[simulated_lock.device_id]
    device.remote_unlock = False
    await setup(hass, entry)
    await wait_for(hass, lambda: repairs(hass) == {"remote_unlock_not_allowed"})
    assert faults(await diagnose(hass)) == {"remote_unlock_allowed": "problem"}
    device.remote_unlock = True
    await press(hass)
    await wait_for(hass, lambda: not repairs(hass))
    assert (await diagnose(hass))["remote_unlock_allowed"]["state"] == "ok"


async def test_a_repair_that_the_owner_ignores_stays_so_until_the_lock_is_removed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    cloud.devices[simulated_lock.device_id].remote_unlock = False
    await setup(hass, entry)
    await wait_for(hass, lambda: repairs(hass))
    key = (DOMAIN, f"remote_unlock_not_allowed_{entry.entry_id}")
    registry = ir.async_get(hass)
    registry.async_ignore(*key, ignore=True)
    # A start of Home Assistant knows the same as a reload, and it takes time to ask the cloud.
    cloud.hang(".*", times=None)
    await restart(hass, entry)
    assert registry.issues[key].dismissed_version
    assert registry.issues[key].active
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert key not in registry.issues


@pytest.mark.parametrize("variant", ["list", "object", "empty", "absent"])
async def test_what_the_cloud_may_say_of_remote_unlocking(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    variant: str,
) -> None:
    if variant == "absent":
        cloud.absent = {".*/remote-unlocks", ".*/firmware"}
    else:
        cloud.remote_unlocks = variant  # type: ignore[assignment]
    await setup(hass, entry)
    expected = "ok" if variant in {"list", "object"} else "unknown"
    findings = await diagnose(hass)
    assert findings["remote_unlock_allowed"]["state"] == expected
    assert ("firmware" in findings) is (variant != "absent")
    assert not faults(findings)


async def test_a_key_that_the_lock_does_not_store(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    set_health(entry, takes_keys=False)
    await press(hass)
    await wait_for(hass, lambda: repairs(hass) == {"remote_unlock_not_allowed"})
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    await wait_for(hass, lambda: not repairs(hass))


@pytest.mark.parametrize(
    ("code", "checks", "repair"),
    [
        (1004, {"cloud": "problem"}, "cloud_wrong_secret"),
        (1106, {"cloud": "problem"}, "cloud_no_permission"),
        (28841106, {"cloud_service": "problem"}, "cloud_no_lock_service"),
        (28841002, {"cloud_service": "problem"}, "cloud_trial_expired"),
        (28841004, {"cloud_quota": "problem"}, "cloud_quota"),
        (1110, {"cloud": "attention"}, None),
    ],
)
async def test_a_cloud_that_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    code: int,
    checks: dict[str, str],
    repair: str | None,
) -> None:
    cloud.fail(code, path=".*open-logs", times=None)
    await setup(hass, entry)
    assert faults(await diagnose(hass)) == checks
    assert repairs(hass) == ({repair} if repair else set())
    cloud.recover()
    await press(hass)
    assert not repairs(hass)
    assert not faults(await diagnose(hass))


async def test_a_temporary_password_that_waits(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await setup(hass, entry)
    await add(hass, "Cleaner")
    assert faults(await diagnose(hass)) == {"passwords": "attention"}
    await simulated_lock.wake()
    await wait_for(hass, lambda: cloud.rows(simulated_lock.device_id)[0].phase == 2)
    assert not faults(await diagnose(hass))


@pytest.mark.parametrize("simulated_lock", [{"family": "D"}], indirect=True)
async def test_a_lock_on_mains_power_is_not_asked_for_batteries(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    findings = await diagnose(hass)
    assert not faults(findings)
    assert "battery" not in findings
    assert "unlock_request" not in findings


async def test_checking_leaves_a_lock_alone_and_asks_others_for_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.sleep()
    await wait_for(hass, lambda: not is_awake(entry))
    connections = simulated_lock.connections
    for _ in range(3):
        await diagnose(hass)
        await press(hass)
    assert simulated_lock.connections == connections
    assert simulated_lock.commands == []


async def test_diagnostics_have_the_findings_without_names(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(12)
    await wait_for(hass, lambda: known(entry).state.battery == 12)
    found = (await async_get_config_entry_diagnostics(hass, entry))["findings"]
    assert found["battery"] == ["problem", "battery_unreliable"]
    assert found["heard"] == ["ok", "connected"]


# Repairs


async def test_a_repair_about_batteries_changes_and_goes_with_them(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for percent, repair in ((15, None), (14, "battery_replace"), (5, "battery_failing")):
        await simulated_lock.battery(percent)
        wanted = {repair} if repair else set()
        await wait_for(hass, lambda left=percent: known(entry).state.battery == left)
        assert repairs(hass) == wanted
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"battery_failing_{entry.entry_id}")
    assert issue
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.translation_placeholders
    assert issue.translation_placeholders["lock"] == entry.title
    await simulated_lock.battery(100)
    await wait_for(hass, lambda: not repairs(hass))


async def test_a_lock_that_has_not_been_heard_for_long_is_told_within_the_hour(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.sleep()
    await have_been_silent(hass, hass_storage, entry, 3 * DAY)
    listened_for(entry, 10 * DAY)
    assert not repairs(hass)
    await pass_time(hass, HOUR + 1)
    assert repairs(hass) == {"silent"}
    findings = faults(await diagnose(hass))
    assert findings == {"heard": "attention", "records": "attention"}
    await wake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: not repairs(hass))


async def test_a_lock_is_not_silent_while_home_assistant_was_off(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.sleep()
    await have_been_silent(hass, hass_storage, entry, 30 * DAY)
    await pass_time(hass, HOUR + 1)
    assert not repairs(hass)
    heard = (await diagnose(hass))["heard"]
    assert heard["state"] == "unknown"
    assert heard["seen"].startswith("The lock was heard 30 d ago. That is longer than usual")


@pytest.mark.parametrize(("stopped_for", "told"), [(HOUR / 2, {"silent"}), (2 * HOUR, set())])
async def test_short_stops_do_not_hide_that_a_lock_is_silent(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    stopped_for: float,
    told: set[str],
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.sleep()
    listened_for(entry, 10 * DAY)
    stored = await silenced(hass, hass_storage, entry, 3 * DAY)
    stored["listened"]["until"] -= stopped_for
    await setup(hass, entry)
    assert repairs(hass) == told


@pytest.mark.parametrize("simulated_lock", [{"family": "D"}], indirect=True)
async def test_a_lock_on_mains_power_that_is_gone_has_a_repair_of_its_own(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.pull_battery()
    listened_for(entry, DAY)
    await have_been_silent(hass, hass_storage, entry, 2 * HOUR)
    assert repairs(hass) == {"gone"}


async def test_a_lock_that_was_never_heard_has_a_repair_of_its_own(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    listened_for(entry, 3 * DAY)
    await press(hass)
    await wait_for(hass, lambda: repairs(hass) == {"never_heard"})
    await wake(hass, entry, simulated_lock)
    await wait_for(hass, lambda: not repairs(hass))


async def test_repairs_come_again_after_a_restart_and_go_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(12)
    set_health(entry, clock_ahead=300.0)
    await wait_for(hass, lambda: known(entry).state.battery == 12)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not repairs(hass)
    await simulated_lock.pull_battery()
    await setup(hass, entry)
    assert repairs(hass) == {"battery_replace", "clock_wrong"}
    await restart(hass, entry)
    assert repairs(hass) == {"battery_replace", "clock_wrong"}
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert not repairs(hass)


async def test_a_lock_that_is_removed_while_it_is_checked_leaves_no_repairs(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(12)
    await wait_for(hass, lambda: repairs(hass) == {"battery_replace"})
    await polled(hass)
    cloud.fail(1106, times=None)
    cloud.latency = 0.5
    calls = len(cloud.calls)
    checking = hass.async_create_task(diagnose(hass))
    await until(lambda: len(cloud.calls) > calls)
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert not checking.done()
    assert faults(await checking) == {"battery": "problem", "cloud": "problem"}
    await pass_time(hass)
    assert not repairs(hass)


async def test_two_locks_have_repairs_of_their_own(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(12)
    await wait_for(hass, lambda: repairs(hass))
    ids = [id_ for domain, id_ in ir.async_get(hass).issues if domain == DOMAIN]
    assert ids == [f"battery_replace_{entry.entry_id}"]
    assert all(issue in set(ISSUES.values()) for issue in repairs(hass))


# Firmware


async def test_newer_firmware_is_shown_and_not_installed_from_here(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    device = cloud.devices[simulated_lock.device_id]
    cloud.firmware = "object"
    await setup(hass, entry)
    await wait_for(hass, lambda: hass.states.get(FIRMWARE))
    shown = state(hass, FIRMWARE)
    assert shown.state == "off"
    assert shown.attributes["supported_features"] == 0
    device.firmware = ("1.0.3", "1.1.0")
    await press(hass)
    shown = state(hass, FIRMWARE)
    assert shown.state == "on"
    assert shown.attributes["installed_version"] == "1.0.3"
    assert shown.attributes["latest_version"] == "1.1.0"
    assert faults(await diagnose(hass)) == {"firmware": "attention"}
    (known,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert known.sw_version == "1.0.3"
    device.firmware = ("1.1.0", "1.1.0")
    await press(hass)
    assert state(hass, FIRMWARE).state == "off"
    known = dr.async_get(hass).async_get(known.id) or known
    assert known.sw_version == "1.1.0"


async def test_firmware_is_asked_for_once_a_day(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked() -> int:
        return sum(call.path.endswith("firmware") for call in cloud.calls)

    await setup(hass, entry)
    await wait_for(hass, lambda: hass.states.get(FIRMWARE))
    for _ in range(3):
        await pass_time(hass, 601)
        await polled(hass)
    assert asked() == 1
    monkeypatch.setattr(cloud_coordinator, "CHECK_EVERY", 0.0)
    await restart(hass, entry)
    await polled(hass)
    await pass_time(hass, 601)
    await polled(hass)
    assert asked() == 3


async def test_firmware_that_the_cloud_does_not_tell_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.absent = {".*/firmware"}
    await setup(hass, entry)
    await diagnose(hass)
    assert hass.states.get(FIRMWARE) is None


# Where it answers


def notifications(hass: HomeAssistant) -> dict[str, str]:
    """Return the notifications of ours, by their titles."""
    shown = persistent_notification._async_get_or_create_notifications(hass)
    return {str(one["title"]): one["message"] for one in shown.values()}


async def test_the_button_answers_where_it_was_pressed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await press(hass)
    first = notifications(hass)[entry.title]
    await simulated_lock.battery(4)
    await reported(hass, simulated_lock)
    set_health(entry, takes_keys=False)
    await press(hass)
    lines = notifications(hass)[entry.title].splitlines()
    assert len(notifications(hass)) == 1
    assert lines[0].startswith("Problems: ")
    assert any(line.startswith("- **The batteries are at 4 %.") for line in lines)
    assert "Replace all batteries now" in "\n".join(lines)
    assert first != "\n".join(lines)


async def test_what_a_check_finds_stands_under_configure(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.battery(18)
    await reported(hass, simulated_lock)
    flows = hass.config_entries.options
    menu = await flows.async_init(entry.entry_id)
    page = await flows.async_configure(menu["flow_id"], {"next_step_id": "check"})
    shown = page["description_placeholders"]["findings"]
    assert shown.splitlines()[2].startswith(
        "- **The batteries are at 18 %.** Replace all batteries"
    )
    assert "- The lock accepts the local key." in shown.splitlines()
    done = await flows.async_configure(page["flow_id"], {})
    assert done["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert is_awake(entry)


async def test_the_condition_of_a_lock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await setup(hass, entry)
    condition = f"sensor.{NAME}_condition"
    assert state(hass, condition).state == "unknown"
    await wake(hass, entry, simulated_lock)
    await simulated_lock.battery(80)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: state(hass, condition).state == "ok")
    await simulated_lock.battery(18)
    await wait_for(hass, lambda: state(hass, condition).state == "attention")
    assert state(hass, condition).attributes["findings"] == ["The batteries are at 18 %."]
    await simulated_lock.battery(5)
    await wait_for(hass, lambda: state(hass, condition).state == "problem")


async def test_what_cannot_be_checked_is_an_error(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)

    async def refused(target: dict[str, Any]) -> str:
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(
                DOMAIN, "diagnose", target, blocking=True, return_response=True
            )
        return str(error.value.translation_key)

    assert await refused({ATTR_ENTITY_ID: "light.kitchen"}) == "no_lock_of_ours"
    assert await refused({ATTR_ENTITY_ID: [LOCK, BUTTON]}) == "no_lock_of_ours"
    assert await refused({"area_id": "nowhere"}) == "no_lock_in_target"
    await hass.config_entries.async_unload(entry.entry_id)
    assert await refused({ATTR_ENTITY_ID: LOCK}) == "lock_not_loaded"


@pytest.mark.parametrize("has_requests", [True, False])
async def test_a_request_is_checked_only_where_somebody_can_ask(
    hass: HomeAssistant, entry: MockConfigEntry, has_requests: bool
) -> None:
    await setup(hass, entry)
    table = {49: Dp("remote_no_pd_setkey", DpType.RAW), 50: Dp("remote_no_dp_key", DpType.RAW)}
    request = {9: Dp("unlock_request", DpType.INTEGER)} if has_requests else {}
    await learn(hass, entry, table | request)
    findings = (await async_get_config_entry_diagnostics(hass, entry))["findings"]
    assert ("unlock_request" in findings) is has_requests
    assert "remote_key" in findings
