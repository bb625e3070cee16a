"""Diagnostics tell what helps, and nobody's secrets."""

import base64
import logging
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock.exceptions import SlotTaken
from homeassistant.const import ATTR_ENTITY_ID, CONF_MAC, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_dumps
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util
from tests.common import LOCK, known, pass_time, polled, reported, set_up_awake
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

MAC = "10:5a:17:00:00:01"


async def use(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Open the door in two ways."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_MAC: MAC})
    await set_up_awake(hass, entry, lock, relock_delay=7, somebody="Alice")
    await lock.finger(3)
    await reported(hass, lock)
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    await reported(hass, lock)


async def test_diagnostics(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await use(hass, entry, simulated_lock)
    told = await async_get_config_entry_diagnostics(hass, entry)
    connection, state = told["connection"], told["state"]
    for moment in (*connection.pop("wakes"), state.pop("last_heard"), state.pop("opened_at")):
        assert dt_util.parse_datetime(moment)
    assert connection == {
        "announces": True,
        "awake": True,
        "errors": [],
        "family": "B",
        "keep_alive": False,
        "key_refused": False,
        "on_network": True,
        "problem": None,
        "protocol_configured": "auto",
        "protocol_found": "3.4",
    }
    assert state == {
        "battery": None,
        "battery_level": None,
        "door_open": None,
        "double_locked": None,
        "motor_at": None,
        "motor_unlocked": None,
        "passage_mode": None,
        "request_until": None,
    }
    assert told["options"] == {"relock_delay": 7}
    assert told["bolt"] == {"assumed": False, "locked": False}
    assert told["records"].pop("by_method")["fingerprint"] == 1
    assert told["records"] == {
        "by_age": {"live": 2},
        "by_delivery": {"delivered": 2},
        "by_route": {"lan": 2},
    }
    assert told["passwords"] == {"by_phase": {}, "code_length": None}
    assert told["cloud"] is None
    assert told["account"] == {"wanted": False, "trouble": "no_login"}
    assert told["codes_seen"] == [
        "remote_no_dp_key",
        "remote_no_pd_setkey",
        "unlock_app",
        "unlock_fingerprint",
    ]


async def test_diagnostics_of_a_lock_in_the_cloud(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    cloud.fail(1106, path="open-logs")
    hass.config_entries.async_update_entry(entry, options={"unlock_wait": 20})
    await setup(hass, entry)
    passwords = entry.runtime_data.lock.passwords
    await polled(hass)
    now = time.time()
    await passwords.add("Guest", now, now + 3600, once=False)
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", "3", now - 60, "Alice", "Thumb")
    await pass_time(hass, 601)
    await polled(hass)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["options"] == {"unlock_wait": 20}
    assert told["passwords"] == {"by_phase": {"waiting": 1}, "code_length": 7}
    about = told["cloud"]
    times = [about.pop("last_success"), about["last_failure"].pop(0), about.pop("watermark")]
    assert all(dt_util.parse_datetime(moment) for moment in times)
    assert about.pop("calls_this_month") == len(cloud.calls)
    assert about.pop("endpoints")
    assert about == {"region": "eu", "last_failure": ["no_permission"]}
    secrets = (cloud.access_id, cloud.access_secret, simulated_lock.device_id, "Guest", "Alice")
    for private in (*secrets, "Thumb", str(cloud.rows(simulated_lock.device_id)[0].id)):
        assert private not in json_dumps(told)


async def test_diagnostics_of_a_lock_in_trouble(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.faults.slot_taken = True
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: isinstance(known(entry).problem, SlotTaken))
    told = (await async_get_config_entry_diagnostics(hass, entry))["connection"]
    moment, name = told["errors"][-1]
    assert name == told["problem"] == "SlotTaken"
    assert dt_util.parse_datetime(moment)


@pytest.mark.parametrize(
    "simulated_lock", [{"version": "3.3"}, {"version": "3.4"}, {"version": "3.5"}], indirect=True
)
async def test_no_secret_gets_out(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    integration = await async_get_integration(hass, DOMAIN)
    # What the button "Enable debug logging" of Home Assistant raises.
    for logger in (integration.pkg_path, *(integration.loggers or ())):
        caplog.set_level(logging.DEBUG, logger)
    await use(hass, entry, simulated_lock)
    out = {
        "diagnostics": json_dumps(await async_get_config_entry_diagnostics(hass, entry)),
        "states": json_dumps([one.as_dict() for one in hass.states.async_all()]),
        "log": caplog.text,
    }
    for where, text in out.items():
        for secret in _secrets(simulated_lock):
            assert secret not in text, f"{secret} in {where}"
    for private in (simulated_lock.device_id, "127.0.0.1", MAC, "Alice", entry.title):
        assert private not in out["diagnostics"]


def _secrets(lock: SimulatedLock) -> list[str]:
    """Return every secret, and the forms in which it could be written."""
    assert lock.stored_key
    commands = [value for dps in lock.commands for value in dps.values()]
    plain = [lock.local_key.encode(), lock.stored_key.key, *map(base64.b64decode, commands)]
    return [
        *commands,
        *(form for secret in plain for form in (secret.hex(), repr(secret)[2:-1])),
    ]
