"""Opening through the owner's Tuya account, with the real SDK and a gateway on a real socket."""

import asyncio
import json
import logging
from pathlib import Path
import time
from types import SimpleNamespace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock import tuya_account
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuya_account import TuyaAccount
from custom_components.tuya_wifi_lock.tuyalock import Value
from custom_components.tuya_wifi_lock.tuyalock.access import remote_unlock
from custom_components.tuya_wifi_lock.tuyalock.exceptions import CloudUnreachable
from homeassistant.components.button import SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_LOCK, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.common import LOCK, UNLOCK, state, until, wake
from tests.conftest import setup
from tests.simulator import Knobs, SimulatedLock, access_control
from tests.simulator.gateway import Gateway
from tests.tuya_login import TuyaLogin, whole_model

TEXTS = Path(__file__).parent.parent / "custom_components/tuya_wifi_lock/translations/en.json"
REPLY, SET_KEY, USE_KEY = "reply_unlock_request", "remote_no_pd_setkey", "remote_no_dp_key"
CODES = {"A": [REPLY], "B": [SET_KEY, USE_KEY], "D": [SET_KEY, USE_KEY]}
REFUSE = LOCK.replace("lock.", "button.") + "_refuse_request"


async def trouble(hass: HomeAssistant, entry: MockConfigEntry) -> object:
    """Return why nothing is heard of the lock through the account."""
    return (await async_get_config_entry_diagnostics(hass, entry))["account"]["trouble"]


OLDER = pytest.param({"family": "A", "knobs": Knobs(lan=False)}, id="A")
NEWER = pytest.param({"family": "B", "knobs": Knobs(lan=False)}, id="B")
ACCESS_CONTROL = pytest.param({"family": "D", "knobs": access_control(lan=False)}, id="D")

older = pytest.mark.parametrize("simulated_lock", [OLDER], indirect=True)
newer = pytest.mark.parametrize("simulated_lock", [NEWER], indirect=True)


@pytest.fixture
async def login(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> TuyaLogin:
    """The account, which hears the lock and gives it orders; the network does not reach it."""
    family = simulated_lock.family
    gateway.join(simulated_lock)
    login = TuyaLogin(hass, gateway)
    login.add_lock(
        simulated_lock.device_id,
        local_key=simulated_lock.local_key,
        model=whole_model(family),
        writable=CODES[family],
    )
    await login.set_up()
    await setup(hass, entry)
    return login


async def unlock(hass: HomeAssistant) -> None:
    """Unlock; returns when the lock is open."""
    await hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)


async def refusal(hass: HomeAssistant) -> str | None:
    """Unlock in vain; return which words are shown."""
    with pytest.raises(HomeAssistantError) as refused:
        await unlock(hass)
    return refused.value.translation_key


async def waiting(hass: HomeAssistant) -> asyncio.Task[None]:
    """Begin an unlock that waits."""
    unlocking = asyncio.create_task(unlock(hass))
    await until(lambda: state(hass, LOCK).state == "unlocking")
    return unlocking


async def request(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Somebody asks at the door, and the account hears it."""
    await lock.request()
    await until(lambda: entry.runtime_data.data.requested)


async def opens(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return if a check says that the account opens the door."""
    told = await async_get_config_entry_diagnostics(hass, entry)
    return told["findings"].get("account") == ["ok", "account_opens"]


@pytest.mark.parametrize("simulated_lock", [OLDER, NEWER, ACCESS_CONTROL], indirect=True)
async def test_the_door_opens_and_the_lock_says_so(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    if simulated_lock.family != "D":
        await request(hass, entry, simulated_lock)
    await unlock(hass)
    assert simulated_lock.openings == ["remote"]
    assert state(hass, LOCK).state == "unlocked"
    assert [code for _, code in gateway.orders] == CODES[simulated_lock.family]
    assert simulated_lock.connections == 0
    assert await opens(hass, entry)


@pytest.mark.parametrize("simulated_lock", [OLDER, NEWER], indirect=True)
async def test_a_waiting_unlock_is_released_by_a_request_at_the_door(
    hass: HomeAssistant, login: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    unlocking = await waiting(hass)
    await simulated_lock.finger(3)
    await until(lambda: state(hass, UNLOCK).state != "unknown")
    assert not unlocking.done()
    await simulated_lock.request()
    await unlocking
    assert simulated_lock.openings == ["fingerprint 3", "remote"]


@older
async def test_it_opens_again_at_once(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await request(hass, entry, simulated_lock)
    await unlock(hass)
    next_second = int(time.time()) + 1
    await until(lambda: not entry.runtime_data.data.requested)
    # The same unlock of the same second is the same record.
    await until(lambda: time.time() > next_second)
    await request(hass, entry, simulated_lock)
    await unlock(hass)
    assert simulated_lock.openings == ["remote", "remote"]


@older
async def test_a_request_is_refused(
    hass: HomeAssistant, login: TuyaLogin, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await request(hass, entry, simulated_lock)
    await hass.services.async_call("button", SERVICE_PRESS, {ATTR_ENTITY_ID: REFUSE}, blocking=True)
    assert not simulated_lock.requested
    assert not simulated_lock.openings


@newer
@pytest.mark.parametrize("why", ["code", "session", "account"])
async def test_without_the_account_an_unlock_waits_for_the_network(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    why: str,
) -> None:
    await request(hass, entry, simulated_lock)
    assert login.manager
    if why == "code":
        del login.manager.device_map[simulated_lock.device_id].function[USE_KEY]
    elif why == "session":
        login.manager.customer_api = SimpleNamespace()
    else:
        await login.sign_out()
    assert not await opens(hass, entry)
    unlocking = await waiting(hass)
    await hass.services.async_call("lock", SERVICE_LOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    with pytest.raises(HomeAssistantError):
        await unlocking
    assert not gateway.orders


@older
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2008, "cloud_unsupported"),
        ("-9999999", "account_signed_out"),
        (1004, "account_signed_out"),
        (1010, "account_signed_out"),
        (1106, "account_refused"),
        (1114, "account_refused"),
        (28841002, "account_refused"),
        (2406, "account_refused"),
    ],
)
async def test_what_the_account_refuses_is_told(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    code: int | str,
    words: str,
) -> None:
    await request(hass, entry, simulated_lock)
    gateway.fail(code)
    assert await refusal(hass) == words
    text = json.loads(TEXTS.read_text())["exceptions"][words]["message"].casefold()
    assert not [word for word in ("project", "secret", "trial", "wake") if word in text]


@older
async def test_a_sign_in_that_has_ended_is_a_finding_until_something_is_accepted_again(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await request(hass, entry, simulated_lock)
    gateway.fail("-9999999")
    assert await refusal(hass) == "account_signed_out"
    assert await trouble(hass, entry) == "signed_out"
    assert not await opens(hass, entry)
    await login.reload()
    assert await trouble(hass, entry) is None


@older
@pytest.mark.parametrize(("fault", "words"), [("lose", "no_answer"), ("broken", "account_silent")])
async def test_silence_is_no_success(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    words: str,
) -> None:
    monkeypatch.setattr(remote_unlock, "OPEN_WITHIN", 0.1)
    await request(hass, entry, simulated_lock)
    setattr(gateway, fault, True)
    assert await refusal(hass) == words
    assert state(hass, LOCK).state != "unlocked"


@older
async def test_an_order_that_is_never_answered_is_given_once_and_the_lock_decides(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tuya_account, "ANSWER_TIME", 0.2)
    await request(hass, entry, simulated_lock)
    gateway.hang = True
    await unlock(hass)
    assert gateway.orders == [(simulated_lock.device_id, REPLY)]


async def test_the_network_comes_first(
    hass: HomeAssistant,
    login: TuyaLogin,
    gateway: Gateway,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await wake(hass, entry, simulated_lock)
    await request(hass, entry, simulated_lock)
    await unlock(hass)
    assert simulated_lock.openings == ["remote"]
    assert not gateway.orders


@newer
async def test_a_remote_key_is_in_no_log(
    hass: HomeAssistant,
    login: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account: TuyaAccount = entry.runtime_data.account
    sent: list[str] = []

    async def send(code: str, value: Value) -> None:
        sent.append(str(value))
        await TuyaAccount.send(account, code, value)

    monkeypatch.setattr(account, "send", send)
    caplog.set_level(logging.DEBUG)
    await request(hass, entry, simulated_lock)
    await unlock(hass)
    assert len(sent) == 2
    assert not [value for value in sent if value in caplog.text]


@newer
async def test_an_account_that_leaves_is_told_nothing(
    hass: HomeAssistant,
    login: TuyaLogin,
    entry: MockConfigEntry,
) -> None:
    await login.unload()
    with pytest.raises(CloudUnreachable):
        await entry.runtime_data.account.send(REPLY, True)
