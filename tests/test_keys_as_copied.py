"""A local key as it comes out of a web page, wherever one is entered or received."""

from html import escape
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import REGIONS, clean_secret
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.common import set_up_awake
from tests.conftest import setup, wait_for
from tests.flows import INTEGRATION, Flow, project, quick, typed  # noqa: F401
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin

pytestmark = pytest.mark.usefixtures("quick")

KEY = "<'ab&\"cd>efghij1"
COPIED = [
    escape(KEY),
    escape(escape(KEY)),
    KEY.replace("<", "&#60;").replace('&"', '&#x26;"'),
    f"  {escape(KEY)}\u00a0\n",
    f'"{KEY}"',
    f"\u201c{escape(KEY)}\u201d",
    f"\u200b{KEY[:5]}\u200b{KEY[5:]}\ufeff",
    f"' {escape(KEY)} '",
]
AWAKE = Knobs(low_power=False, announce_interval=0.05)
special = pytest.mark.parametrize(
    "simulated_lock", [{"local_key": KEY, "knobs": AWAKE}], indirect=True
)
copied = pytest.mark.parametrize("text", COPIED)


def added(hass: HomeAssistant) -> ConfigEntry:
    """Return the entry that a flow has added."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


@special
@copied
async def test_a_key_is_taken_when_a_lock_is_added(
    hass: HomeAssistant, simulated_lock: SimulatedLock, text: str
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock, local_key=text))
    await flow.touched()
    assert added(hass).data["local_key"] == KEY


@special
@pytest.mark.parametrize("text", COPIED[:2])
async def test_a_key_is_taken_when_it_is_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, text: str
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "local_key": "f" * 16})
    await setup(hass, entry)
    flow = Flow(hass, await entry.start_reauth_flow(hass))
    await flow.send({"local_key": text})
    await flow.touched()
    await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.data["local_key"] == KEY


@special
async def test_a_key_is_taken_when_the_connection_is_changed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    await flow.choose("connection")
    values = {"host": " 127.0.0.1\u200b", "port": simulated_lock.port, "local_key": escape(KEY)}
    await flow.send({**values, "protocol_version": "auto"})
    await flow.touched()
    await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)
    assert (entry.data["local_key"], entry.data["host"]) == (KEY, "127.0.0.1")


@special
async def test_a_key_is_taken_from_the_account(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key=escape(KEY))
    await login.set_up()
    with patch(f"{INTEGRATION}.config_flow.DEFAULT_PORT", simulated_lock.port):
        flow = await Flow.begin(hass)
        await flow.choose("account")
        await flow.send({"device_id": simulated_lock.device_id})
        await flow.touched()
    assert added(hass).data["local_key"] == KEY


@special
async def test_a_key_is_taken_from_a_project_whose_secret_was_copied_too(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    async with SimulatedCloud() as cloud:
        cloud.join(simulated_lock, name="Front door")
        cloud.devices[simulated_lock.device_id].local_key = escape(KEY)
        with (
            patch.dict(REGIONS, {"eu": cloud.url}),
            patch(f"{INTEGRATION}.config_flow.DEFAULT_PORT", simulated_lock.port),
        ):
            flow = await Flow.begin(hass)
            await flow.choose("cloud")
            secret = f'"\u200b{cloud.access_secret}"'
            await flow.send(project(cloud, access_secret=secret))
            await flow.send({"device_id": simulated_lock.device_id})
            await flow.touched()
            await flow.send({"unlock_with": "own_key"})
            entry = added(hass)
            assert entry.data["local_key"] == KEY
            assert entry.data["cloud"]["access_secret"] == cloud.access_secret
            await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0123456789abcdef", "0123456789abcdef"),
        ("'0123456789abcd'", "'0123456789abcd'"),
        ("&lt;0123456789ab", "&lt;0123456789ab"),
        ('""0123456789abcd""', '"0123456789abcd"'),
        ('"0123456789abcde"', '"0123456789abcde"'),
        ("&amp;0123", "&amp;0123"),
        ("0123456789abcdefg", "0123456789abcdefg"),
        (" \u200b ", ""),
        ("", ""),
    ],
)
def test_nothing_is_guessed(text: str, key: str) -> None:
    assert clean_secret(text) == key
