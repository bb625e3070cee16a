"""The picture of a door, as a card gets it."""

import asyncio
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.automations import add_member
from tests.common import LOCK, fall_asleep, known, reported, set_up_awake, wake
from tests.conftest import setup, wait_for
from tests.guests import CODE, add
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

WITHIN = 5.0


class Viewer:
    """A card that is open in a browser."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.number = 0
        self.pictures: list[dict[str, Any]] = []

    async def subscribe(self, entity_id: str = LOCK) -> dict[str, Any]:
        """Subscribe, and return the answer."""
        await self._client.send_json_auto_id(
            {"type": f"{DOMAIN}/subscribe", "entity_id": entity_id}
        )
        answer: dict[str, Any] = await self._client.receive_json()
        self.number = answer["id"]
        return answer

    async def sees(self, **wanted: Any) -> dict[str, Any]:
        """Return the first picture from now on in which something is as wanted."""
        async with asyncio.timeout(WITHIN):
            while True:
                message = await self._client.receive_json()
                assert message["type"] == "event", message
                picture: dict[str, Any] = message["event"]
                self.pictures.append(picture)
                if all(
                    want(picture.get(key)) if callable(want) else picture.get(key) == want
                    for key, want in wanted.items()
                ):
                    return picture

    async def unsubscribe(self) -> None:
        """Close the card."""
        await self._client.send_json_auto_id(
            {"type": "unsubscribe_events", "subscription": self.number}
        )
        while (await self._client.receive_json())["type"] != "result":
            pass

    async def silent(self) -> bool:
        """Return if nothing more has come: the answer to a ping is next."""
        await self._client.send_json_auto_id({"type": "ping"})
        return bool((await self._client.receive_json())["type"] == "pong")


@pytest.fixture
async def viewer(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Viewer:
    return Viewer(await hass_ws_client(hass))


async def test_a_door_is_shown_and_each_change_is_pushed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    assert (await viewer.subscribe())["success"]
    first = await viewer.sees()
    assert (first["openings"], first["request"], first["waiting"]) == ([], None, None)
    assert not first["asleep"]
    assert first["now"] == pytest.approx(time.time(), abs=5)

    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    opened = (await viewer.sees(openings=lambda shown: shown and shown[0]["late"] is False))[
        "openings"
    ][0]
    assert (opened["member"], opened["method"], opened["number"]) == ("Alice", "fingerprint", 3)
    assert opened["time"] == pytest.approx(time.time(), abs=5)

    await simulated_lock.battery(42)
    await viewer.sees(battery=42)
    await simulated_lock.alarm("pry")
    alarm = (await viewer.sees(alarms=bool))["alarms"][0]
    assert alarm["type"] == "pry"
    await simulated_lock.request(60)
    request = (await viewer.sees(request=bool))["request"]
    assert request["until"] == pytest.approx(time.time() + 60, abs=5)
    await simulated_lock.end_request()
    await viewer.sees(request=None)
    await fall_asleep(hass, entry, simulated_lock)
    assert (await viewer.sees(asleep=True))["last_heard"] == pytest.approx(time.time(), abs=5)


async def test_an_unlock_that_waits_has_an_end_and_can_be_called_off(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    await viewer.subscribe()
    call = hass.async_create_task(
        hass.services.async_call("lock", SERVICE_UNLOCK, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    )
    picture = await viewer.sees(waiting=bool)
    assert picture["state"] == "unlocking"
    assert picture["waiting"]["for"] == "request"
    assert picture["waiting"]["until"] == pytest.approx(time.time() + 30, abs=5)
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: picture["waiting"]["call_off"]}, blocking=True
    )
    await viewer.sees(waiting=None)
    await asyncio.wait([call])
    assert call.exception()


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_a_request_names_what_refuses_it_unless_that_is_disabled(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"10": False})
    await simulated_lock.request(60)
    await wait_for(hass, lambda: known(entry).requested)
    await viewer.subscribe()
    refuse = (await viewer.sees(request=bool))["request"]["refuse"]
    assert refuse.endswith("_refuse_request")
    er.async_get(hass).async_update_entity(refuse, disabled_by=er.RegistryEntryDisabler.USER)
    await simulated_lock.battery(15)
    assert (await viewer.sees(battery=15))["request"]["refuse"] is None


async def test_nothing_is_sent_that_changes_nothing_and_nothing_after_the_card_is_closed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await viewer.subscribe()
    await viewer.sees()
    entry.runtime_data.async_update_listeners()
    await hass.async_block_till_done()
    assert await viewer.silent()
    await viewer.unsubscribe()
    await simulated_lock.battery(15)
    await wait_for(hass, lambda: known(entry).state.battery == 15)
    assert await viewer.silent()


async def test_it_outlives_a_reload_and_says_that_the_lock_was_removed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await viewer.subscribe()
    await hass.config_entries.async_reload(entry.entry_id)
    await wake(hass, entry, simulated_lock)
    await simulated_lock.battery(15)
    await viewer.sees(battery=15)
    await hass.config_entries.async_remove(entry.entry_id)
    assert "openings" not in await viewer.sees(state=None)


async def test_findings_that_need_the_owner_are_shown_and_follow_the_checks(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, viewer: Viewer
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await viewer.subscribe()
    assert not [one for one in (await viewer.sees())["findings"] if "battery" in one["text"]]
    await simulated_lock.battery(4)
    worst = (await viewer.sees(findings=bool))["findings"][0]
    assert (worst["state"], worst["text"]) == ("problem", "battery_failing")


async def test_names_of_guests_are_for_administrators_and_digits_for_nobody(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    viewer: Viewer,
) -> None:
    await setup(hass, entry)
    await add(hass, "Cleaner", code=CODE)
    await viewer.subscribe()
    guests = (await viewer.sees(guests=bool))["guests"]
    assert [one["name"] for one in guests["codes"]] == ["Cleaner"]
    assert guests["room"] == 9
    assert CODE not in str(viewer.pictures)

    other = Viewer(await hass_ws_client(hass, hass_read_only_access_token))
    await other.subscribe()
    shown = await other.sees()
    assert shown["guests"] is None
    assert shown["findings"] == []
    assert not shown["may_control"]
    assert "Cleaner" not in str(shown)


@pytest.mark.parametrize("entity_id", ["lock.another", "button.wi_fi_lock_0001_call_off_unlock"])
async def test_what_is_no_lock_of_ours_is_an_error(
    hass: HomeAssistant, entry: MockConfigEntry, viewer: Viewer, entity_id: str
) -> None:
    await setup(hass, entry)
    error = (await viewer.subscribe(entity_id))["error"]
    assert (error["code"], error["translation_key"]) == ("not_found", "no_lock_of_ours")


async def test_who_may_not_see_the_lock_sees_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    await setup(hass, entry)
    hass_read_only_user.mock_policy({})
    viewer = Viewer(await hass_ws_client(hass, hass_read_only_access_token))
    assert (await viewer.subscribe())["error"]["code"] == "unauthorized"
