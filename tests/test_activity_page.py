"""What the Activity page shows of an opening, at once and from the database.

An unlock under duress looks there as any other.
"""

from datetime import datetime
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockUser,
    mock_integration,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import (
    MockHAClientWebSocket,
    RecorderInstanceContextManager,
    WebSocketGenerator,
)

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.automations import Runs, add_member
from tests.common import LOCK, UNLOCK, reported, restart, set_up_awake, state, wake
from tests.conftest import wait_for
from tests.simulator import SimulatedLock

FORCED = {"1": 4, "16": True}
SHOWN = {UNLOCK, LOCK}
"""What the Activity page shows of an unlock by Alice, with or without duress."""


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: RecorderInstanceContextManager) -> None:
    """A database has to be there before Home Assistant."""


@pytest.fixture
async def began(recorder_mock: None, hass: HomeAssistant) -> datetime:
    """The Activity page, and since when it is there."""
    mock_integration(hass, MockModule("frontend"))
    assert await async_setup_component(hass, "logbook", {})
    return dt_util.utcnow()


class Page:
    """What the Activity page shows while it is open."""

    def __init__(self, client: MockHAClientWebSocket) -> None:
        """Take the connection of a browser."""
        self._client = client

    async def open(self, since: datetime, *entity_ids: str) -> None:
        """Open the page, of everything or of some entities."""
        chosen = {"entity_ids": list(entity_ids)} if entity_ids else {}
        await self._client.send_json_auto_id(
            {"type": "logbook/event_stream", "start_time": since.isoformat(), **chosen}
        )
        assert (await self._client.receive_json())["success"]

    async def read_until(self, last: str) -> list[dict[str, Any]]:
        """Return what is shown, up to a change of an entity that comes last."""
        entries: list[dict[str, Any]] = []
        while not any(one.get("entity_id") == last for one in entries):
            entries += (await self._client.receive_json())["event"]["events"]
        return entries


async def entries_since(
    hass: HomeAssistant, client: MockHAClientWebSocket, since: datetime, *entity_ids: str
) -> list[dict[str, Any]]:
    """Return what the database has for the Activity page."""
    await async_wait_recording_done(hass)
    chosen = {"entity_ids": list(entity_ids)} if entity_ids else {}
    await client.send_json_auto_id(
        {"type": "logbook/get_events", "start_time": since.isoformat(), **chosen}
    )
    entries: list[dict[str, Any]] = (await client.receive_json())["result"]
    return entries


def about(entries: list[dict[str, Any]], *entity_ids: str) -> list[dict[str, Any]]:
    """Return the entries about some entities, without what differs in every entry."""
    changing = {"when", "state", "context_id", "context_state"}
    return [
        {key: value for key, value in one.items() if key not in changing}
        for one in entries
        if one.get("entity_id") in entity_ids
    ]


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Return if entries differ only in the number that was used."""
    texts = [
        json.dumps(entries).replace("fingerprint 4", "fingerprint 3") for entries in (one, other)
    ]
    return texts[0] == texts[1]


@pytest.fixture
async def home(
    began: datetime, hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> Runs:
    """A lock that has told duress once, and an automation for it."""
    add_member(hass, entry, "Alice", "fingerprint:3", "fingerprint:4", duress=["fingerprint:4"])
    await set_up_awake(hass, entry, simulated_lock)
    runs = Runs(hass)
    runs.add("duress", {"entity_id": LOCK}, name="it")
    await runs.arm()
    await simulated_lock.push(FORCED)
    await reported(hass, simulated_lock)
    assert runs.names == ["it"]
    return runs


async def open_door(hass: HomeAssistant, lock: SimulatedLock, number: int, *, marker: str) -> None:
    """Let somebody open, and change something else after that."""
    if number == 4:
        await lock.push(FORCED)
    else:
        await lock.finger(number)
    await reported(hass, lock)
    hass.states.async_set(marker, "on")
    await hass.async_block_till_done()


@pytest.mark.parametrize("chosen", [(), (UNLOCK, LOCK, "light.a", "light.b")])
async def test_the_open_page_shows_a_forced_unlock_as_any_other(
    hass: HomeAssistant,
    home: Runs,
    simulated_lock: SimulatedLock,
    hass_ws_client: WebSocketGenerator,
    chosen: tuple[str, ...],
) -> None:
    hass.states.async_set("light.a", "off")
    hass.states.async_set("light.b", "off")
    page = Page(await hass_ws_client())
    await async_wait_recording_done(hass)
    await page.open(dt_util.utcnow(), *chosen)
    await open_door(hass, simulated_lock, 3, marker="light.a")
    free = await page.read_until("light.a")
    await open_door(hass, simulated_lock, 4, marker="light.b")
    forced = await page.read_until("light.b")
    assert home.names == ["it", "it"]
    assert {one["entity_id"] for one in about(free, *SHOWN)} == SHOWN
    assert same(about(free, *SHOWN), about(forced, *SHOWN))
    assert "duress" not in json.dumps([free, forced])
    others = {one["entity_id"] for one in forced} - SHOWN - {"light.b", "automation.it"}
    assert not {one for one in others if not one.startswith("sensor.")}


@pytest.mark.parametrize("chosen", [(), (UNLOCK, LOCK)])
async def test_the_database_shows_nothing_of_duress_also_after_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    home: Runs,
    began: datetime,
    simulated_lock: SimulatedLock,
    hass_ws_client: WebSocketGenerator,
    chosen: tuple[str, ...],
) -> None:
    await open_door(hass, simulated_lock, 4, marker="light.a")
    since = dt_util.utcnow()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    client = await hass_ws_client()
    entries = await entries_since(hass, client, began, *chosen)
    assert "duress" not in json.dumps(entries)
    if UNLOCK in chosen:
        unlocks = [one for one in entries if one["entity_id"] == UNLOCK]
        assert len([one for one in unlocks if one["when"] < since.timestamp()]) == 2


# How many rows an opening makes


@pytest.mark.parametrize("chosen", [False, True])
async def test_an_opening_makes_no_rows_but_what_home_assistant_insists_on(
    began: datetime,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    chosen: bool,
) -> None:
    """Each state of a lock and of an event entity has a row that no integration can leave out."""
    simulated_lock.knobs.motor_state = True
    simulated_lock.knobs.relock_seconds = 0.2
    add_member(hass, entry, "Alice", "fingerprint:3")
    await set_up_awake(hass, entry, simulated_lock)
    hass.states.async_set("light.a", "off")
    await opened(hass, simulated_lock)
    await async_wait_recording_done(hass)
    enabled = [one for one in er.async_get(hass).entities.values() if not one.disabled_by]
    entities = ["light.a", *(one.entity_id for one in enabled)] if chosen else []
    page, since = Page(await hass_ws_client()), dt_util.utcnow()
    await page.open(since, *entities)
    await opened(hass, simulated_lock)
    hass.states.async_set("light.a", "on")
    live = await page.read_until("light.a")
    stored = await entries_since(hass, await hass_ws_client(), since, *entities)
    for rows in (live, stored):
        assert not [one for one in rows if "context_entity_id" in one], "nothing else is the cause"
        assert sorted(
            (one["entity_id"], one.get("message") or one["state"])
            for one in rows
            if one["entity_id"] not in {UNLOCK, "light.a"}
        ) == [
            (LOCK, "locked"),
            (LOCK, "unlocked"),
            (LOCK, "was unlocked by Alice with fingerprint 3"),
        ]
        assert [one["entity_id"] for one in rows].count(UNLOCK) == 1


async def test_who_unlocks_in_home_assistant_is_named_beside_the_states_of_the_lock(
    began: datetime,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    simulated_lock.knobs.motor_state = True
    simulated_lock.knobs.relock_seconds = 0.2
    anna = MockUser(name="Anna", is_owner=True).add_to_hass(hass)
    await set_up_awake(hass, entry, simulated_lock)
    await opened(hass, simulated_lock)
    await async_wait_recording_done(hass)
    since = dt_util.utcnow()
    call = {"entity_id": LOCK}
    context = Context(user_id=anna.id)
    await hass.services.async_call("lock", "unlock", call, blocking=True, context=context)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
    rows = await entries_since(hass, await hass_ws_client(), since)
    assert [
        (one["state"], one.get("context_user_id")) for one in rows if one["entity_id"] == LOCK
    ] == [("unlocking", anna.id), ("unlocked", anna.id), ("locked", None)]
    assert [one["entity_id"] for one in rows].count(UNLOCK) == 1


async def opened(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Let Alice open, and wait until the door is locked again."""
    await lock.finger(3)
    await reported(hass, lock)
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
