"""Members that the app knows are offered with their numbers."""

from collections.abc import AsyncGenerator
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import CONF_DURESS, CONF_NUMBERS, CONF_PERSON, DOMAIN
from custom_components.tuya_wifi_lock.flows.member import CONF_MEMBER
from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from tests.flows import project
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_members import add, answer, begin, offered, stored, suggested, values

USERS = r"/v1\.0/smart-lock/devices/[^/]+/users"


@pytest.fixture
async def account(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> AsyncGenerator[SimulatedCloud]:
    """The account of a lock, with two people."""
    async with SimulatedCloud() as cloud:
        cloud.join(simulated_lock)
        cloud.add_user(
            simulated_lock.device_id,
            "Alice",
            keys={"unlock_fingerprint": [3, 12], "unlock_card": [2]},
            duress={"unlock_fingerprint": [4]},
        )
        cloud.add_user(simulated_lock.device_id, "Bob")
        data = {**entry.data, "cloud": project(cloud)}
        hass.config_entries.async_update_entry(entry, data=data)
        with patch.dict(REGIONS, {"eu": cloud.url}):
            yield cloud


async def test_a_member_of_the_app_brings_their_numbers_along(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    form = await begin(hass, entry)
    assert form["step_id"] == "found"
    alice, bob = offered(form, CONF_MEMBER)
    numbers = ["card:2", "fingerprint:3", "fingerprint:4", "fingerprint:12"]
    assert alice["label"] == "Alice (Card 2, Fingerprint 3, Fingerprint 4, Fingerprint 12)"
    assert bob["label"] == "Bob"
    form = await answer(hass, form, {CONF_MEMBER: alice["value"]})
    filled_in = {CONF_NAME: "Alice", CONF_NUMBERS: numbers, CONF_DURESS: ["fingerprint:4"]}
    assert suggested(form) == filled_in
    assert values(offered(form)) == numbers
    await answer(hass, form, filled_in)
    assert set(stored(entry)["Alice"][CONF_NUMBERS]) == set(numbers)
    assert stored(entry)["Alice"][CONF_DURESS] == ["fingerprint:4"]


async def test_who_is_a_member_already_is_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    add(hass, entry, "Mum", "fingerprint:12")
    add(hass, entry, "bob")
    assert (await begin(hass, entry))["step_id"] == "user"


async def test_somebody_of_the_app_and_of_another_lock_is_offered_once(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    back_door = MockConfigEntry(domain=DOMAIN, title="Back door")
    back_door.add_to_hass(hass)
    add(hass, back_door, "alice", "fingerprint:7", person="person.alice")
    form = await begin(hass, entry)
    alice, bob = offered(form, CONF_MEMBER)
    assert bob["label"] == "Bob"
    form = await answer(hass, form, {CONF_MEMBER: alice["value"]})
    assert suggested(form)[CONF_PERSON] == "person.alice"
    assert "fingerprint:3" in suggested(form)[CONF_NUMBERS]
    assert "fingerprint:7" not in suggested(form)[CONF_NUMBERS]


async def test_somebody_else_can_be_added(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    form = await answer(hass, await begin(hass, entry), {})
    assert (form["step_id"], suggested(form)) == ("user", {})


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "garbles"])
async def test_a_cloud_that_fails_is_not_mentioned(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud, trouble: str
) -> None:
    if trouble == "refuses":
        account.fail(28841004, times=None)
    elif trouble == "hangs":
        account.hang(USERS, times=None)
    else:
        account.garble(USERS, times=None)
    with patch("custom_components.tuya_wifi_lock.flows.member.CLOUD_TIMEOUT", 0.2):
        form = await begin(hass, entry)
    assert (form["step_id"], form["errors"]) == ("user", None)
