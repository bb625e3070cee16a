"""Setting up a lock with what Home Assistant's own Tuya integration knows of it."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.discovery import async_get_listener
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.conftest import wait_for
from tests.flows import BEHAVIOUR, INTEGRATION, Flow, quick, short_touch, typed  # noqa: F401
from tests.simulator import Knobs, SimulatedLock
from tests.tuya_login import MODEL, TuyaLogin, item

pytestmark = pytest.mark.usefixtures("quick")

TEXTS = Path("custom_components/tuya_wifi_lock/translations/en.json")
BULB = {1: ("switch_led", "Boolean", {})}
OTHER_ID = "bfsimulated0lock0002"


@pytest.fixture
def login(hass: HomeAssistant) -> TuyaLogin:
    """An account without devices, not signed in yet."""
    return TuyaLogin(hass)


@pytest.fixture
async def account(login: TuyaLogin, simulated_lock: SimulatedLock) -> AsyncGenerator[TuyaLogin]:
    """An account with the simulated lock, whose port is taken for the usual one."""
    login.add_lock(simulated_lock.device_id, local_key=simulated_lock.local_key)
    await login.set_up()
    with patch(f"{INTEGRATION}.config_flow.DEFAULT_PORT", simulated_lock.port):
        yield login


async def asked(hass: HomeAssistant) -> Flow:
    """A flow that shows the locks of the account."""
    flow = await Flow.begin(hass)
    await flow.choose("account")
    assert flow.step == "account"
    return flow


def offered(flow: Flow) -> list[str]:
    """The device ids that can be chosen."""
    return [one["value"] for one in flow.offered]


# All that it takes is a choice and a touch


async def test_a_lock_of_the_account_is_added_by_a_touch_alone(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    flow = await Flow.begin(hass)
    assert flow.result["menu_options"] == ["account", "cloud", "manual", "user"]
    await flow.choose("account")
    device_id = simulated_lock.device_id
    assert flow.offered == [{"value": device_id, "label": f"Front door ({device_id})"}]
    await flow.send({"device_id": device_id})
    await simulated_lock.wake()
    await flow.touched()
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.result["title"] == "Front door"
    entry = flow.result["result"]
    assert entry.unique_id == device_id
    assert entry.options == {}
    assert entry.data == typed(simulated_lock, announces=True, account=True)

    # It has a name, so who may open the door is asked next.
    (members,) = hass.config_entries.subentries.async_progress()
    assert flow.result["next_flow"] == ("config_subentries_flow", members["flow_id"])
    assert members["handler"] == (entry.entry_id, "member")


async def test_a_lock_without_known_product_is_added_by_its_model(
    hass: HomeAssistant, login: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    login.add_lock("bfvideo0lock00000001", category="jtmsbh", product_id="any", model=MODEL)
    await login.set_up()
    flow = await asked(hass)
    assert offered(flow) == ["bfvideo0lock00000001"]


async def test_locks_that_are_set_up_and_other_devices_are_not_offered(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    account.add_lock("bfbulb00000000000001", category="dj", product_id="bulb", model=BULB)
    account.add_lock(OTHER_ID, "Back door")
    MockConfigEntry(domain=DOMAIN, unique_id=OTHER_ID).add_to_hass(hass)
    assert offered(await asked(hass)) == [simulated_lock.device_id]


async def test_two_locks_of_one_account_are_chosen_by_their_names(
    hass: HomeAssistant, account: TuyaLogin
) -> None:
    account.add_lock(OTHER_ID, "Back door")
    labels = [one["label"].partition(" (")[0] for one in (await asked(hass)).offered]
    assert labels == ["Front door", "Back door"]


def why(flow: Flow) -> str:
    """What the flow says of an account without a lock to set up."""
    assert flow.step == "no_account_lock"
    return flow.result["description_placeholders"]["why"]


async def test_without_an_account_the_flow_says_how_to_get_one(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    flow = await Flow.begin(hass)
    await flow.choose("account")
    assert "add the Tuya integration" in why(flow)
    await login.set_up()
    await flow.choose("account")
    assert "no door lock" in why(flow)
    await flow.choose("user")
    assert flow.step == "user"


async def test_the_account_says_when_all_its_locks_are_set_up(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id=simulated_lock.device_id).add_to_hass(hass)
    flow = await Flow.begin(hass)
    await flow.choose("account")
    assert "already set up" in why(flow)


async def test_an_account_that_is_signed_out_while_the_list_is_shown_says_so(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    flow = await asked(hass)
    await account.sign_out()
    await flow.send({"device_id": simulated_lock.device_id})
    assert "sign in again" in why(flow)


async def test_an_account_that_is_disabled_or_waits_for_tuya_says_so(
    hass: HomeAssistant, account: TuyaLogin
) -> None:
    flow = await Flow.begin(hass)
    account.reachable = False
    await account.reload()
    await flow.choose("account")
    assert "tries again by itself" in why(flow)
    disabled = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(account.entry.entry_id, disabled)
    await flow.choose("account")
    assert "Enable it" in why(flow)


async def test_an_account_of_another_shape_says_so(hass: HomeAssistant, account: TuyaLogin) -> None:
    account.entry.runtime_data = None
    flow = await Flow.begin(hass)
    await flow.choose("account")
    assert "does not know" in why(flow)


async def test_a_lock_that_has_left_the_account_meanwhile_is_told(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    account.add_lock(OTHER_ID, "Back door")
    flow = await asked(hass)
    MockConfigEntry(domain=DOMAIN, unique_id=OTHER_ID).add_to_hass(hass)
    await flow.send({"device_id": OTHER_ID})
    assert (flow.step, flow.errors) == ("account", {"base": "account_gone"})


# Locks that cannot be set up


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ({"model": BULB}, "account_no_lock_dps"),
        ({"model": BULB, "sub": True}, "account_no_lock_dps"),
    ],
)
async def test_a_lock_that_cannot_be_set_up_is_refused_by_its_name(
    hass: HomeAssistant, account: TuyaLogin, device: dict[str, Any], error: str
) -> None:
    account.add_lock(OTHER_ID, "Garden gate", product_id="any", **device)
    flow = await asked(hass)
    await flow.send({"device_id": OTHER_ID})
    assert flow.step == "account"
    assert flow.errors == {"base": error}
    assert flow.result["description_placeholders"] == {"name": "Garden gate"}
    assert flow.suggested == {"device_id": OTHER_ID}


def texts() -> dict[str, Any]:
    """What the flows say."""
    return json.loads(TEXTS.read_text(encoding="utf-8"))["config"]


def test_every_refusal_has_words_with_the_name_of_the_lock() -> None:
    assert "{name}" in texts()["error"]["account_no_lock_dps"]


# A lock that is heard


@pytest.fixture
async def heard(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> SimulatedLock:
    """The simulated lock of the account, once it has announced itself to a flow."""
    await Flow.begin(hass)
    await simulated_lock.wake()
    listener = async_get_listener(hass)
    await wait_for(hass, lambda: simulated_lock.device_id in listener.heard)
    return simulated_lock


async def test_a_lock_of_the_account_that_is_found_needs_no_key(
    hass: HomeAssistant, heard: SimulatedLock
) -> None:
    flow = await Flow.begin(hass)
    assert flow.result["menu_options"] == ["account", "found", "cloud", "manual", "user"]
    await flow.choose("found")
    await flow.send({"device_id": heard.device_id})
    await flow.touched()
    assert flow.result["data"] == typed(heard, announces=True, account=True)


async def test_a_found_lock_that_the_account_cannot_set_up_is_typed(
    hass: HomeAssistant, account: TuyaLogin, heard: SimulatedLock
) -> None:
    account.add_lock(heard.device_id, sub=True)
    flow = await Flow.begin(hass)
    await flow.choose("found")
    await flow.send({"device_id": heard.device_id})
    assert flow.step == "discovered"
    await flow.choose("manual")
    assert flow.suggested == {"host": "127.0.0.1", "device_id": heard.device_id}


async def test_a_lock_that_announces_itself_is_offered_with_the_account(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    account.add_lock(OTHER_ID, "Back door")
    data = {"device_id": simulated_lock.device_id, "host": "127.0.0.1"}
    flow = await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, data)
    assert flow.step == "discovered"
    assert flow.result["menu_options"] == ["account", "cloud", "manual"]
    await flow.choose("account")
    await simulated_lock.wake()
    await flow.touched()
    assert flow.result["data"]["account"] is True


async def test_a_lock_that_announces_itself_and_is_in_no_account_has_other_ways(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    data = {"device_id": OTHER_ID, "host": "127.0.0.1"}
    flow = await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, data)
    await flow.choose("account")
    assert "add the Tuya integration" in why(flow)
    await flow.choose("discovered")
    await flow.choose("manual")
    assert flow.suggested == data


# A lock that is not reached, or not as the account says


@pytest.mark.usefixtures("short_touch")
async def test_a_lock_that_is_never_heard_is_used_through_the_account_alone(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    flow = await asked(hass)
    await flow.send({"device_id": simulated_lock.device_id})
    await flow.touched()
    assert flow.step == "not_heard"
    assert flow.result["menu_options"] == ["touch", "account_only", "manual"]
    assert "address" not in json.dumps(texts()["step"]["not_heard"])
    await flow.choose("account_only")
    assert flow.step == "account_only"
    await flow.send({})
    entry = flow.result["result"]
    assert flow.result["title"] == "Front door"
    assert "host" not in entry.data
    assert entry.data["account"] is True
    await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)
    assert await account.deliver(simulated_lock.device_id, [item(1, 3)])
    about = await async_get_config_entry_diagnostics(hass, entry)
    assert about["records"]["by_route"] == {"account": 1}
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.data.get("host") == "127.0.0.1")


@pytest.mark.usefixtures("short_touch")
async def test_another_lock_that_is_typed_instead_is_not_of_the_account(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    flow = await asked(hass)
    await flow.send({"device_id": simulated_lock.device_id})
    await flow.touched()
    await flow.choose("manual")
    await flow.send(typed(simulated_lock, device_id=OTHER_ID))
    await flow.touched()
    assert flow.result["menu_options"] == ["touch", "manual", "untested"]
    await flow.choose("untested")
    assert flow.result["title"] == "Wi-Fi lock 0002"
    assert "account" not in flow.result["data"]


@pytest.mark.parametrize("simulated_lock", [{"knobs": Knobs(low_power=False)}], indirect=True)
async def test_an_old_key_in_the_account_is_told_beside_the_address_that_was_heard(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    account.add_lock(simulated_lock.device_id, local_key="fedcba9876543210")
    flow = await asked(hass)
    await simulated_lock.announce()
    await flow.send({"device_id": simulated_lock.device_id})
    await flow.touched()
    assert flow.step == "manual"
    assert flow.errors == {"base": "key_or_version"}
    assert flow.suggested["host"] == "127.0.0.1"


async def test_a_key_that_is_no_key_is_told(
    hass: HomeAssistant, account: TuyaLogin, simulated_lock: SimulatedLock
) -> None:
    account.add_lock(simulated_lock.device_id, local_key="short")
    flow = await asked(hass)
    await flow.send({"device_id": simulated_lock.device_id})
    assert flow.step == "manual"
    assert flow.errors == {"local_key": "invalid_local_key"}


async def reauth(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """A flow that asks for the local key, which the lock refuses."""
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    return Flow(hass, result)


async def test_another_key_that_the_account_has_is_filled_in_where_one_is_asked_for(
    hass: HomeAssistant, account: TuyaLogin, entry: MockConfigEntry
) -> None:
    account.add_lock(entry.unique_id, local_key="fedcba9876543210")
    assert (await reauth(hass, entry)).suggested == {"local_key": "fedcba9876543210"}


async def test_the_key_that_was_refused_is_not_filled_in(
    hass: HomeAssistant, account: TuyaLogin, entry: MockConfigEntry
) -> None:
    assert (await reauth(hass, entry)).suggested == {}
