"""What an automation may ask of a lock."""

import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, config_validation as cv
from homeassistant.setup import async_setup_component
from tests.automations import add_member, device_id
from tests.common import LOCK, UNLOCK, known, reported, set_up_awake
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock

AT_LOCK = {"entity_id": LOCK}
FIVE = {"within": {"minutes": 5}}


async def check(
    hass: HomeAssistant,
    key: str,
    options: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
) -> bool | None:
    """Return what one of our conditions says."""
    config = cv.CONDITION_SCHEMA(
        {
            "condition": f"{DOMAIN}.{key}",
            "target": target or AT_LOCK,
            **({} if options is None else {"options": options}),
        }
    )
    config = await condition.async_validate_condition_config(hass, config)
    checker = await condition.async_from_config(hass, config)
    try:
        return checker.async_check()
    finally:
        checker.async_unload()


async def test_an_unlock_is_requested_while_the_countdown_runs(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    device = {"device_id": device_id(hass, entry, simulated_lock.device_id)}
    assert await check(hass, "is_unlock_requested") is False
    await simulated_lock.request(60)
    await wait_for(hass, lambda: known(entry).requested)
    assert await check(hass, "is_unlock_requested") is True
    assert await check(hass, "is_unlock_requested", target=device) is True
    assert await check(hass, "is_unlock_requested", target={"entity_id": "lock.other"}) is False
    await simulated_lock.end_request()
    await wait_for(hass, lambda: not known(entry).requested)
    assert await check(hass, "is_unlock_requested") is False
    await hass.config_entries.async_unload(entry.entry_id)
    assert await check(hass, "is_unlock_requested") is False


async def test_who_unlocked_and_how(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    alice = add_member(hass, entry, "Alice", "fingerprint:3")
    bob = add_member(hass, entry, "Bob", "card:2")
    await set_up_awake(hass, entry, simulated_lock)
    alice, bob = (device_id(hass, entry, one) for one in (alice, bob))
    assert await check(hass, "was_unlocked_by", FIVE) is False
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    for options, target, expected in (
        ({}, AT_LOCK, True),
        ({}, {"entity_id": UNLOCK}, True),
        ({}, {"device_id": alice}, True),
        ({}, {"device_id": bob}, False),
        ({}, {"device_id": [alice, bob]}, True),
        ({"members": [alice, bob]}, AT_LOCK, True),
        ({"members": bob}, AT_LOCK, False),
        ({"numbers": 3}, AT_LOCK, True),
        ({"numbers": ["3"], "methods": ["card"]}, AT_LOCK, False),
        ({"numbers": 3, "methods": "fingerprint", "members": alice}, AT_LOCK, True),
        ({"within": {"seconds": 0}}, AT_LOCK, False),
    ):
        found = await check(hass, "was_unlocked_by", {**FIVE, **options}, target)
        assert found is expected, (options, target)


async def test_when_it_was_unlocked(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.record_times = True
    await setup(hass, entry)
    await simulated_lock.store("card", 2, at=int(time.time()) - 1800)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    assert await check(hass, "was_unlocked_by", FIVE) is False
    assert await check(hass, "was_unlocked_by", {"within": {"hours": 1}}) is True


async def test_an_unlock_of_unknown_age_does_not_count(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    await simulated_lock.store("card", 2)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert await check(hass, "was_unlocked_by", {**FIVE, "numbers": 3}) is True
    assert await check(hass, "was_unlocked_by", {"within": {"days": 9}, "numbers": 2}) is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "within"),
        ({**FIVE, "methods": ["finger"]}, "value must be one of"),
        ({**FIVE, "numbers": ["three"]}, "expected int"),
        ({"within": "lately"}, "should be format"),
    ],
)
async def test_bad_options_are_named(
    hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any], message: str
) -> None:
    await setup(hass, entry)
    with pytest.raises(vol.Invalid, match=message):
        await check(hass, "was_unlocked_by", options)


async def test_the_editor_offers_our_conditions(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await setup(hass, entry)
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "condition_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    offered: dict[str, Any] = {}
    while f"{DOMAIN}.was_unlocked_by" not in offered:
        offered |= (await client.receive_json())["event"]
    fields = set(offered[f"{DOMAIN}.was_unlocked_by"]["fields"])
    assert fields == {"within", "members", "methods", "numbers"}
    target = {"device_id": [device_id(hass, entry, entry.unique_id or "")]}
    await client.send_json_auto_id({"type": "get_conditions_for_target", "target": target})
    result = (await client.receive_json())["result"]
    assert {f"{DOMAIN}.was_unlocked_by", f"{DOMAIN}.is_unlock_requested"} <= set(result)
