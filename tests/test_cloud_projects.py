"""Tuya's cloud projects: one client each, calls that are counted for good, names for people."""

import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.tuya_wifi_lock.cloud import _DATA
from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.projects import (
    async_get_api,
    known_projects,
    project_data,
    project_of,
)
from custom_components.tuya_wifi_lock.tuyalock import Project
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import EVENT_HOMEASSISTANT_FINAL_WRITE, HomeAssistant

STORED = f"{DOMAIN}.projects"
SECRET = "0123456789abcdef0123456789abcdef"
MINE = Project("eu", "aaaaaaaaaaaaaaaa0001", SECRET)
YOURS = Project("us", "bbbbbbbbbbbbbbbb0002", SECRET)


def add(hass: HomeAssistant, title: str, project: Project | None, **more: Any) -> None:
    """Add a lock, with or without a project."""
    data = project_data(project) if project else {}
    MockConfigEntry(domain=DOMAIN, title=title, data=data, **more).add_to_hass(hass)


def test_a_project_comes_back_from_the_data_of_an_entry() -> None:
    assert project_of({"host": "127.0.0.1", **project_data(MINE)}) == MINE
    assert project_of({"host": "127.0.0.1"}) is None
    assert SECRET not in repr(MINE)


async def test_all_locks_of_a_project_share_one_client(hass: HomeAssistant) -> None:
    api = await async_get_api(hass, MINE)
    assert await async_get_api(hass, Project("eu", MINE.access_id, SECRET)) is api
    assert await async_get_api(hass, YOURS) is not api


async def test_a_new_secret_goes_on_with_the_calls_of_its_project(hass: HomeAssistant) -> None:
    api = await async_get_api(hass, MINE)
    other = await async_get_api(hass, Project("eu", MINE.access_id, "f" * 32))
    assert other is not api
    assert other.calls is api.calls


@pytest.mark.freeze_time("2026-11-20 12:00:00+00:00")
async def test_calls_are_counted_across_restarts(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    now = freezer().timestamp()
    hass_storage[STORED] = {
        "version": 1,
        "key": STORED,
        "data": {MINE.access_id: {"month": "2026-11", "count": 41}},
    }
    api = await async_get_api(hass, MINE)
    assert api.calls.used(now) == 41
    api.calls.count(now)
    freezer.tick(61)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert hass_storage[STORED]["data"] == {MINE.access_id: {"month": "2026-11", "count": 42}}
    assert SECRET not in str(hass_storage)
    del hass.data[_DATA]
    assert (await async_get_api(hass, MINE)).calls.used(now) == 42


async def test_a_count_is_written_when_home_assistant_stops(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    (await async_get_api(hass, MINE)).calls.count(time.time())
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert hass_storage[STORED]["data"][MINE.access_id]["count"] == 1


async def test_projects_are_known_by_their_locks(hass: HomeAssistant) -> None:
    add(hass, "Front door", MINE)
    add(hass, "Shed", None)
    add(hass, "Back door", MINE)
    add(hass, "Office", YOURS)
    add(hass, "Neighbour", Project("cn", "cccccccccccccccc0003", SECRET), source=SOURCE_IGNORE)
    assert known_projects(hass) == {
        "Front door, Back door (…0001)": MINE,
        "Office (…0002)": YOURS,
    }
