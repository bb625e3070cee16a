"""What the owner's Tuya account hears of a lock, fed through the real SDK, beside the LAN."""

from collections.abc import AsyncGenerator
from copy import copy
import logging
from threading import Event
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock import tuya_account
from custom_components.tuya_wifi_lock.const import CONF_LOCAL_KEY, DOMAIN, Trouble
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuya_account import find_device
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
from tests.common import (
    LATE_UNLOCK,
    UNLOCK,
    Automation,
    Told,
    kept,
    pass_time,
    reported,
    restart,
    state,
    until,
    wake,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.tuya_login import RecordingClient, TuyaLogin, item

LOOK = 31
HOUR = 3600


@pytest.fixture
def login(hass: HomeAssistant, simulated_lock: SimulatedLock) -> TuyaLogin:
    """The Tuya integration, not set up yet, whose account has the simulated lock."""
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    return login


@pytest.fixture
async def heard(hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry) -> TuyaLogin:
    """The account, which hears the lock; the lock sleeps."""
    await login.set_up()
    await setup(hass, entry)
    assert await trouble(hass, entry) is None
    return login


async def trouble(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    """Return why nothing is heard of the lock through the account."""
    shown = await async_get_config_entry_diagnostics(hass, entry)
    found: str | None = shown["account"]["trouble"]
    return found


async def sources(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, int]:
    """Return how many unlocks came from each source."""
    return (await kept(hass, entry))["by_route"]


async def finger(login: TuyaLogin, lock: SimulatedLock, number: int = 3, ago: float = 0) -> bool:
    """Let the account hear a finger."""
    return await login.deliver(lock.device_id, [item(1, number, time.time() - ago)])


async def lan_works(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Check that the LAN goes on: the lock wakes and a password is heard."""
    await wake(hass, entry, lock)
    before = (await sources(hass, entry)).get("lan", 0)
    await lock.code(1)
    await reported(hass, lock)
    assert (await sources(hass, entry))["lan"] == before + 1


# Reports


async def test_an_unlock_is_heard_while_the_lock_sleeps_to_the_network(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    assert await finger(heard, simulated_lock)
    await wait_for(hass, lambda: automation.told)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["findings"]["account"] == ["ok", "account"]
    assert told["findings"]["local_key"] == ["unknown", "key_untried"]
    assert state(hass, UNLOCK).attributes["route"] == "account"
    assert simulated_lock.connections == 0


async def test_what_the_account_and_then_the_network_tell_is_one_event(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await finger(heard, simulated_lock)
    await wake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    assert await sources(hass, entry) == {"account": 1}


@pytest.mark.parametrize("times", [False, True], ids=["without times", "with times"])
async def test_what_the_network_and_then_the_account_tell_is_one_event(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
    times: bool,
) -> None:
    simulated_lock.knobs.record_times = times
    await wake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: automation.told)
    at = dt_util.parse_datetime(str(state(hass, UNLOCK).attributes["time"]))
    assert at
    await heard.deliver(simulated_lock.device_id, [item(1, 3, at.timestamp())])
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    assert await sources(hass, entry) == {"lan": 1}


async def test_every_item_of_a_burst_is_kept_with_its_own_time(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    object.__setattr__(entry, "created_at", entry.created_at.replace(year=2020))
    await restart(hass, entry)
    now = time.time()
    burst = [item(1, 3, now - 7200), item(1, 3, now - 3600), item(2, 1, now - 2)]
    await heard.deliver(simulated_lock.device_id, burst)
    await wait_for(hass, lambda: len(automation.told) == 3)
    assert automation.told == [
        Told(LATE_UNLOCK, "fingerprint", 3),
        Told(LATE_UNLOCK, "fingerprint", 3),
        Told(UNLOCK, "password", 1),
    ]
    told = [dt_util.parse_datetime(str(one.attributes["time"])) for one in automation.states]
    times = [at.timestamp() for at in told if at]
    assert times == pytest.approx([now - 7200, now - 3600, now - 2], abs=0.002)


async def test_what_is_older_than_the_entry_is_kept_and_no_news(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await finger(heard, simulated_lock, ago=HOUR)
    assert not automation.told
    assert await sources(hass, entry) == {"account": 1}


async def test_codes_instead_of_ids_are_understood(
    hass: HomeAssistant,
    login: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    login.add_lock(simulated_lock.device_id, support_local=False)
    await login.set_up()
    await setup(hass, entry)
    assert login.topics[-1].endswith("/sta")
    report = [item("unlock_fingerprint", 3), item("residual_electricity", 44)]
    assert await login.deliver(simulated_lock.device_id, report)
    await wait_for(hass, lambda: automation.told)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    assert entry.runtime_data.data.state.battery == 44


async def test_seconds_are_a_time_as_well(
    hass: HomeAssistant,
    heard: TuyaLogin,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    at = int(time.time()) + 1
    await heard.deliver(simulated_lock.device_id, [{"dpId": 1, "value": 3, "t": at}])
    await wait_for(hass, lambda: automation.told)
    assert state(hass, UNLOCK).attributes["time"] == dt_util.utc_from_timestamp(at).isoformat()


@pytest.mark.parametrize("t", [None, 0, -1, True, "now"])
async def test_an_item_without_a_time_is_of_unknown_age(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
    t: Any,
) -> None:
    items = [{"dpId": 1, "value": 3, "t": t}, {"dpId": 12, "value": 50}]
    await heard.deliver(simulated_lock.device_id, items)
    await wait_for(hass, lambda: automation.told)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    assert state(hass, LATE_UNLOCK).attributes["time"] is None
    assert entry.runtime_data.data.state.battery == 50


async def test_what_the_integration_drops_is_kept(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    # Neither the card nor this alarm is in the model of the account.
    await heard.deliver(simulated_lock.device_id, [item(5, 7), item(8, "pry")])
    assert state(hass, UNLOCK).attributes["event_type"] == "card"
    assert state(hass, UNLOCK).attributes["number"] == 7
    alarm_id = UNLOCK.replace("_last_opening", "_alarm")
    await wait_for(hass, lambda: state(hass, alarm_id).state != "unknown")
    alarm = state(hass, alarm_id)
    assert (alarm.attributes["event_type"], alarm.attributes["route"]) == ("pry", "account")


async def test_an_alarm_that_both_tell_is_one_event(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await heard.deliver(simulated_lock.device_id, [item(8, "pry")])
    await wake(hass, entry, simulated_lock)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    alarms = [one.attributes["event_type"] for one in automation.states]
    assert alarms == ["pry"]


async def test_a_request_at_the_door_is_seen_without_the_network(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await heard.deliver(simulated_lock.device_id, [item(9, 60, time.time() - 100)])
    assert not entry.runtime_data.data.requested
    await heard.deliver(simulated_lock.device_id, [item(9, 60)])
    assert entry.runtime_data.data.requested
    await heard.deliver(simulated_lock.device_id, [item(9, 0)])
    assert not entry.runtime_data.data.requested


async def test_messages_of_another_shape_do_no_harm(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    device_id = simulated_lock.device_id
    other = heard.add_lock("other")
    for message in (
        None,
        [],
        {},
        {"protocol": 4},
        {"protocol": 4, "data": []},
        {"protocol": 4, "data": {"devId": device_id}},
        {"protocol": 4, "data": {"devId": device_id, "status": {"1": 3}}},
        {"protocol": 4, "data": {"devId": device_id, "status": [1, None, {}, {"dpId": 1}]}},
        {"protocol": 4, "data": {"devId": device_id, "status": [{"dpId": "1", "value": 3}]}},
        {"protocol": 4, "data": {"devId": device_id, "status": [{"dpId": True, "value": 3}]}},
        {"protocol": 4, "data": {"devId": device_id, "status": [{"code": 1, "value": 3}]}},
        {"protocol": 4, "data": {"devId": other.id, "status": [item(1, 3)]}},
        {"protocol": 4, "data": {"devId": other.id, "cid": device_id, "status": [item(1, 3)]}},
        {"protocol": 4, "data": {"devId": device_id, "cid": "a4c138", "status": [item(1, 3)]}},
        {"protocol": 20, "data": {"bizCode": "offline", "bizData": {"devId": device_id}}},
    ):
        await heard.raw(message)
    assert not await sources(hass, entry)
    assert await finger(heard, simulated_lock)
    assert await sources(hass, entry) == {"account": 1}


async def test_two_locks_share_an_account(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    heard.add_lock("second")
    second = MockConfigEntry(
        domain=DOMAIN, unique_id="second", data={**entry.data, "device_id": "second", "host": None}
    )
    second.add_to_hass(hass)
    await setup(hass, second)
    await finger(heard, simulated_lock)
    await heard.deliver("second", [item(2, 1), item(2, 1, time.time() - 3)])
    assert await sources(hass, entry) == {"account": 1}
    assert await sources(hass, second) == {"account": 2}
    await hass.config_entries.async_unload(second.entry_id)
    await finger(heard, simulated_lock, 4)
    assert await sources(hass, entry) == {"account": 2}


# The session


async def test_the_listener_follows_a_session_that_is_renewed(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    heard.renew()
    assert not await finger(heard, simulated_lock)
    await pass_time(hass, LOOK)
    assert await finger(heard, simulated_lock)
    heard.connect()
    assert await finger(heard, simulated_lock, 4)
    assert await sources(hass, entry) == {"account": 2}
    await pass_time(hass, LOOK)
    assert len(heard.mq.device) == 1
    assert heard.topics.count(heard.topics[-1]) == 1


async def test_a_session_is_subscribed_only_once_it_is_connected(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    login.connects = False
    await login.set_up()
    await setup(hass, entry)
    assert await trouble(hass, entry) == Trouble.CONNECTING
    assert not login.mq.device
    login.connect()
    await pass_time(hass, 4)
    assert await trouble(hass, entry) is None
    assert await finger(login, simulated_lock)


async def test_a_session_that_breaks_off_for_long_is_told(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard.disconnect()
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) == Trouble.CONNECTING
    assert "The Tuya account" not in caplog.text
    monkeypatch.setattr(tuya_account, "OFFLINE_AFTER", 0.0)
    await pass_time(hass, 4)
    assert await trouble(hass, entry) == Trouble.OFFLINE
    await lan_works(hass, entry, simulated_lock)
    heard.connect()
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) is None
    logged = [one for one in caplog.messages if one.startswith("The Tuya account")]
    assert logged == [
        "The Tuya account does not report Wi-Fi lock 0001",
        "The Tuya account reports Wi-Fi lock 0001",
    ]
    assert await finger(heard, simulated_lock)


async def test_while_the_session_is_made_anew_there_is_none(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    assert heard.manager
    heard.manager.mq.stop()
    heard.manager.mq = None
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) == Trouble.CONNECTING
    heard.renew()
    await pass_time(hass, 4)
    assert await finger(heard, simulated_lock)


async def test_an_account_that_is_set_up_after_ours_is_heard(
    hass: HomeAssistant, entry: MockConfigEntry, login: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    assert await trouble(hass, entry) == Trouble.NO_LOGIN
    await lan_works(hass, entry, simulated_lock)
    await login.set_up()
    assert await trouble(hass, entry) is None
    assert await finger(login, simulated_lock)
    await lan_works(hass, entry, simulated_lock)


async def test_an_account_that_is_reloaded_is_heard_again(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await wake(hass, entry, simulated_lock)
    with caplog.at_level(logging.DEBUG):
        await heard.reload()
    assert "Tuya account: connecting" in caplog.text
    assert "Tuya account: signed_out" not in caplog.text
    assert await finger(heard, simulated_lock)
    assert simulated_lock.connections == 1
    await lan_works(hass, entry, simulated_lock)


async def test_an_account_that_is_signed_out_or_gone_leaves_the_network_alone(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await wake(hass, entry, simulated_lock)
    await heard.sign_out()
    assert await trouble(hass, entry) == Trouble.SIGNED_OUT
    await lan_works(hass, entry, simulated_lock)
    await heard.remove()
    assert await trouble(hass, entry) == Trouble.NO_LOGIN
    await lan_works(hass, entry, simulated_lock)
    assert simulated_lock.connections == 1


async def test_an_account_that_is_disabled_or_waits_for_tuya_says_so(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    heard.reachable = False
    await heard.reload()
    assert await trouble(hass, entry) == Trouble.WAITING
    heard.reachable = True
    await heard.reload()
    assert await trouble(hass, entry) is None
    disabled = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(heard.entry.entry_id, disabled)
    await hass.async_block_till_done()
    assert await trouble(hass, entry) == Trouble.DISABLED


async def test_of_two_accounts_the_one_with_a_session_is_used(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    heard.disconnect()
    manager = heard.manager
    assert manager
    second = TuyaLogin(hass)
    second.devices = heard.devices
    second.entry.add_to_hass(hass)
    second_manager = SimpleNamespace(
        device_map=manager.device_map,
        mq=SimpleNamespace(client=SimpleNamespace(is_connected=lambda: True)),
    )
    second.entry.runtime_data = SimpleNamespace(manager=second_manager)
    second.entry.mock_state(hass, ConfigEntryState.LOADED)
    assert find_device(hass, simulated_lock.device_id)[0] is second_manager


async def test_a_lock_that_is_removed_from_the_account_is_heard_no_more(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    message = {"protocol": 20, "data": {"bizCode": "delete", "bizData": {}}}
    message["data"]["bizData"] = {"devId": simulated_lock.device_id}  # type: ignore[index]
    await heard.say(simulated_lock.device_id, message)
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) == Trouble.NO_LOCK


async def test_an_entry_of_ours_that_is_unloaded_leaves_nothing_behind_in_the_session(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    assert heard.manager
    (listener,) = heard.mq.message_listeners - {heard.manager.on_message}
    data = {"devId": simulated_lock.device_id, "status": [item(1, 3)]}
    await hass.config_entries.async_unload(entry.entry_id)
    assert heard.mq.message_listeners == {heard.manager.on_message}
    listener({"protocol": 4, "data": data})
    await hass.async_block_till_done()
    assert not automation.told
    await heard.reload()
    assert heard.mq.message_listeners == {heard.manager.on_message}
    assert not heard.mq.device


@pytest.mark.parametrize(
    "mq", [object(), SimpleNamespace(message_listeners=None), SimpleNamespace(message_listeners=[])]
)
async def test_a_session_of_another_shape_is_left_alone_with_one_line_in_the_log(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
    mq: Any,
) -> None:
    assert heard.manager
    old, heard.manager.mq = heard.manager.mq, mq
    for _ in range(3):
        await pass_time(hass, LOOK)
    assert await trouble(hass, entry) == Trouble.UNEXPECTED
    assert caplog.text.count("The Tuya integration is not as expected") == 1
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert diagnostics["findings"]["account"] == ["attention", "account_unexpected"]
    await lan_works(hass, entry, simulated_lock)
    heard.manager.mq = old
    await pass_time(hass, LOOK)
    assert await finger(heard, simulated_lock)


async def test_run_time_data_of_another_shape_is_told(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry
) -> None:
    right, heard.entry.runtime_data = heard.entry.runtime_data, None
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) == Trouble.UNEXPECTED
    heard.entry.runtime_data = right
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) is None


async def test_a_client_that_goes_away_while_we_subscribe_is_no_harm(
    hass: HomeAssistant,
    login: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(RecordingClient, "subscribe", lambda self, topic: topic.nothing)
        login.connects = False
        await login.set_up()
        login.mq.client, login.mq.mq_config = RecordingClient(), None
        await setup(hass, entry)
    assert await trouble(hass, entry) == Trouble.UNEXPECTED
    # What is in the list of the session is subscribed when it connects.
    login.connect()
    await pass_time(hass, LOOK)
    assert await trouble(hass, entry) is None
    assert await finger(login, simulated_lock)


async def test_a_listener_comes_and_goes_while_the_session_tells_its_listeners(
    hass: HomeAssistant, heard: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    account = entry.runtime_data.account

    def meddle(message: Any) -> None:
        account.async_stop()
        account.async_check()

    heard.mq.add_message_listener(meddle)
    heard.mq._on_message(None, None, SimpleNamespace(payload=b"{}"))
    assert await trouble(hass, entry) is None
    assert [device.id for device in heard.mq.device] == [simulated_lock.device_id]
    heard.mq.remove_message_listener(meddle)
    assert await finger(heard, simulated_lock)
    assert await sources(hass, entry) == {"account": 1}


async def test_diagnostics_and_log_tell_nothing_of_the_account(
    hass: HomeAssistant,
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await finger(heard, simulated_lock)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["account"] == {"wanted": False, "trouble": None}
    assert told["records"]["by_route"] == {"account": 1}
    ours = [record for record in caplog.records if DOMAIN in record.name]
    shown = "".join(record.getMessage() for record in ours if record.levelno > logging.DEBUG)
    for private in (simulated_lock.device_id, simulated_lock.local_key, "Front door"):
        assert private not in json_dumps(told) + shown
    debug = "".join(record.getMessage() for record in ours)
    for private in (simulated_lock.local_key, "owner@example.com"):
        assert private not in debug


# The local key


@pytest.fixture
async def repaired(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> AsyncGenerator[TuyaLogin]:
    """The account, of a lock that was paired again, so that the entry has an old key."""
    old = {**entry.data, CONF_LOCAL_KEY: "f" * 16}
    hass.config_entries.async_update_entry(entry, data=old)
    await login.set_up()
    return login


def reauths(hass: HomeAssistant) -> int:
    """Return how often the owner is asked for the local key."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sum(flow["context"]["source"] == "reauth" for flow in flows)


async def test_a_local_key_that_has_changed_is_taken_from_the_account(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.data[CONF_LOCAL_KEY] == simulated_lock.local_key)
    await lan_works(hass, entry, simulated_lock)
    assert not reauths(hass)


async def test_a_local_key_that_only_tuya_knows_is_fetched(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert repaired.manager
    known = repaired.manager.device_map[simulated_lock.device_id]
    told = copy(known)
    right, known.local_key = known.local_key, "f" * 16
    asked: list[list[str]] = []
    monkeypatch.setattr(
        repaired.manager.device_repository,
        "query_devices_by_ids",
        lambda ids: asked.append(ids) or [told],
    )
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.data[CONF_LOCAL_KEY] == right)
    await lan_works(hass, entry, simulated_lock)
    assert asked == [[simulated_lock.device_id]]
    assert known.local_key == "f" * 16
    assert not reauths(hass)


@pytest.mark.parametrize("key", ["e" * 16, "short", None])
async def test_a_wrong_key_in_the_account_ends_with_a_question_to_the_owner(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    key: str | None,
) -> None:
    assert repaired.manager
    repaired.manager.device_map[simulated_lock.device_id].local_key = key
    await setup(hass, entry)
    await simulated_lock.wake()
    taken = key if key == "e" * 16 else "f" * 16
    await wait_for(hass, lambda: entry.data[CONF_LOCAL_KEY] == taken)
    await simulated_lock.announce()
    await wait_for(hass, lambda: reauths(hass) == 1)
    assert entry.data[CONF_LOCAL_KEY] == taken


async def refused(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let the lock wake and refuse the local key, and wait until that has been dealt with."""
    await lock.announce()
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_the_account_is_asked_for_a_key_once_an_hour(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert repaired.manager
    repaired.manager.device_map[simulated_lock.device_id].local_key = "f" * 16
    asked: list[Any] = []
    repository = repaired.manager.device_repository
    monkeypatch.setattr(repository, "query_devices_by_ids", asked.append)
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: reauths(hass) == 1)
    assert len(asked) == 1
    await restart(hass, entry)
    await refused(hass, entry, simulated_lock)
    assert len(asked) == 1
    monkeypatch.setattr(tuya_account, "QUERY_EVERY", 0.0)
    await restart(hass, entry)
    await refused(hass, entry, simulated_lock)
    assert len(asked) == 2


async def test_a_key_that_is_accepted_while_the_account_is_asked_stays(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert repaired.manager
    known = repaired.manager.device_map[simulated_lock.device_id]
    known.local_key = "f" * 16
    asked, answer = Event(), Event()

    def query(ids: list[str]) -> list[Any]:
        asked.set()
        assert answer.wait(10)
        told = copy(known)
        told.local_key = "e" * 16
        return [told]

    monkeypatch.setattr(repaired.manager.device_repository, "query_devices_by_ids", query)
    await setup(hass, entry)
    await simulated_lock.wake()
    await until(asked.is_set)
    simulated_lock.faults.wrong_local_key = "f" * 16
    await simulated_lock.announce()
    await until(lambda: entry.runtime_data.data.awake)
    answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data[CONF_LOCAL_KEY] == "f" * 16
    assert not reauths(hass)


@pytest.mark.parametrize(
    "repository", [None, SimpleNamespace(query_devices_by_ids=lambda ids: 1 / 0)]
)
async def test_an_account_that_does_not_answer_ends_with_a_question_to_the_owner(
    hass: HomeAssistant,
    repaired: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    repository: Any,
) -> None:
    assert repaired.manager
    repaired.manager.device_map[simulated_lock.device_id].local_key = "f" * 16
    repaired.manager.device_repository = repository
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: reauths(hass) == 1)
