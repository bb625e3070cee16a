"""What "Enable debug logging" gives an owner to send: every step, one kind of line for each."""

import asyncio
from datetime import timedelta
import logging
import re
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import CONF_LOCAL_KEY, DOMAIN
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from tests.common import LOCK, fall_asleep, known, pass_time, polled, reported, until, wake
from tests.conftest import setup, wait_for
from tests.flows import Flow, typed
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud

INTEGRATION = f"custom_components.{DOMAIN}"
DURATIONS = re.compile(r"\b\d+(\.\d+)? s\b")


class DebugLog:
    """The lines of the integration, without what is different each time."""

    def __init__(self, caplog: pytest.LogCaptureFixture, lock: SimulatedLock) -> None:
        self._caplog, self._lock = caplog, lock

    def take(self) -> list[str]:
        """Return the lines since this was last asked."""
        lines = [
            DURATIONS.sub("N s", one.getMessage()).replace(self._lock.device_id, "LOCK")
            for one in self._caplog.records
            if one.name.startswith(INTEGRATION)
        ]
        self._caplog.clear()
        return lines

    def shows(self, *expected: str) -> None:
        """See that lines that begin so are there, in this order; others may be between them."""
        lines = self.take()
        rest = iter(lines)
        for beginning in expected:
            found = any(line.startswith(beginning) for line in rest)
            assert found, f"no {beginning!r} in its place among\n" + "\n".join(lines)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, simulated_lock: SimulatedLock) -> DebugLog:
    """The debug log as Home Assistant enables it for an integration."""
    caplog.set_level(logging.DEBUG, INTEGRATION)
    return DebugLog(caplog, simulated_lock)


async def unlock(hass: HomeAssistant) -> None:
    """Call the action."""
    await hass.services.async_call("lock", "unlock", {ATTR_ENTITY_ID: LOCK}, blocking=True)


async def test_a_set_up_is_shown_from_the_announcement_to_the_connection(
    hass: HomeAssistant, simulated_lock: SimulatedLock, log: DebugLog
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock))
    await simulated_lock.wake()
    await flow.touched()
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    log.shows(
        "LOCK: looked for at 127.0.0.1, version not known, family not known",
        "LOCK: announced at 127.0.0.1, version 3.4",
        "LOCK: dialling 127.0.0.1, version 3.4",
        "LOCK at 127.0.0.1: handshake done",
        "LOCK sent an answer: nothing",
        "LOCK is connected",
        "LOCK at 127.0.0.1: connection closed: by Home Assistant",
        "LOCK: looked for at 127.0.0.1, version 3.4",
    )


async def test_a_day_is_shown_step_by_step(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    log: DebugLog,
) -> None:
    await setup(hass, entry)
    await polled(hass)
    log.shows(
        "LOCK: looked for at 127.0.0.1",
        "GET /v1.0/token: success",
        "GET /v1.1/devices/{id}/door-lock/open-logs: success",
        "Tuya cloud of Wi-Fi lock 0001: next poll in N s (the wakes of the lock are not heard)",
    )

    await wake(hass, entry, simulated_lock)
    await reported(hass, simulated_lock)
    log.shows(
        "LOCK: announced at 127.0.0.1, version 3.4",
        "LOCK: dialling 127.0.0.1, version 3.4",
        "LOCK at 127.0.0.1: handshake done",
        "LOCK sent an answer: nothing",
        "LOCK is connected",
        "Tuya cloud of Wi-Fi lock 0001: next poll in N s (the lock is awake)",
    )

    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    log.shows(
        "LOCK sent a report: 1=3",
        "LOCK: held back: 1 fingerprint 3 from lan",
        "LOCK: new: 1 fingerprint 3 from lan, live",
    )

    await fall_asleep(hass, entry, simulated_lock)
    for number in (4, 5):
        await simulated_lock.store("fingerprint", number)
    await wake(hass, entry, simulated_lock)
    await reported(hass, simulated_lock)
    log.shows(
        "LOCK at 127.0.0.1: connection closed: the lock closed the connection",
        "LOCK sent a report: 1=4",
        "LOCK: held back: 2 fingerprint 4 from lan",
        "LOCK sent a report: 1=5",
        "LOCK: held back: 3 fingerprint 5 from lan",
        "LOCK: new: 2 fingerprint 4 from lan, unknown age",
        "LOCK: new: 3 fingerprint 5 from lan, live",
    )


async def test_a_late_record_and_one_that_is_known_are_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    log: DebugLog,
) -> None:
    object.__setattr__(entry, "created_at", dt_util.utcnow() - timedelta(hours=2))
    cloud.log(simulated_lock.device_id, "unlock_card", "2", time.time() - 3600)
    await setup(hass, entry)
    await polled(hass)
    log.shows(
        "GET /v1.1/devices/{id}/door-lock/open-logs: success",
        "LOCK: new: 1 card 2 from cloud, late",
    )

    await pass_time(hass, 601)
    await polled(hass)
    log.shows(
        "GET /v1.1/devices/{id}/door-lock/open-logs: success", "LOCK: known: card 2 from cloud"
    )

    cloud.fail(1106)
    await pass_time(hass, 601)
    await polled(hass)
    log.shows(
        "GET /v1.1/devices/{id}/door-lock/alarm-logs: Tuya's cloud refused with code 1106",
        "Tuya cloud of Wi-Fi lock 0001: next poll in N s (the last poll failed)",
    )


async def test_an_unlock_is_shown_step_by_step(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, log: DebugLog
) -> None:
    hass.config_entries.async_update_entry(entry, options={"unlock_wait": 10})
    await setup(hass, entry)
    unlocking = asyncio.create_task(unlock(hass))
    await until(lambda: known(entry).unlocking)
    await simulated_lock.double_lock(on=True)
    await simulated_lock.request(60)
    with pytest.raises(HomeAssistantError):
        await unlocking
    log.shows(
        "LOCK: waiting N s for a request at the door",
        "LOCK: announced at 127.0.0.1",
        "LOCK is connected",
        "LOCK sent a report: 9=60",
        "LOCK: unlocking by OwnKey: the owner chose own_key",
        "LOCK: sending remote_no_pd_setkey over lan",
        "LOCK: command for DP 49",
        "LOCK sent a report: 49=str(4)",
        "LOCK: sending remote_no_dp_key over lan",
        "LOCK: command for DP 50",
        "LOCK sent a report: 50=str(4)",
        "LOCK: the lock says DOUBLE_LOCKED",
        "LOCK: not unlocked: UnlockRefused",
    )

    await simulated_lock.double_lock(on=False)
    await unlock(hass)
    log.shows(
        "LOCK: unlocking by OwnKey",
        "LOCK: the lock says DONE",
        "LOCK: the door is open",
    )


@pytest.mark.parametrize("simulated_lock", [{"knobs": Knobs(low_power=False)}], indirect=True)
async def test_a_refused_key_is_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    log: DebugLog,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {**entry.data, CONF_LOCAL_KEY: "n0t?the#right~K7"}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    await simulated_lock.announce()
    await wait_for(hass, lambda: "no connection" in caplog.text)
    log.shows("LOCK: dialling 127.0.0.1", "LOCK at 127.0.0.1: no connection: NoHandshake")
