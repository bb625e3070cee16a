"""Damaged stores: a lock begins again with what can be read, and its owner is told."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import (
    CallCounter,
    Reader,
    Settings,
    TuyaLock,
)
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.common import polled, reported, set_up_awake
from tests.conftest import setup
from tests.guests import add
from tests.hostile.damage import WAYS, damaged, places
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.tuyalock.toy_clock import START, ToyClock
from tests.tuyalock.toy_lock import ToyLock
from tests.tuyalock.world import ADDRESS

SEED = 20261129
ROUNDS = 25
LONG_ROUNDS = 400
"""Damaged files with which Home Assistant sets up a lock."""


def a_day() -> dict[str, Any]:
    """Return what a lock has stored after a day."""
    toy = ToyLock()
    toy.open()
    toy.push({1: 3, 8: "pry", 12: 77, 55: True, 58: False, 69: 20, 25: "AQ4="})
    toy.push({5: 2, 16: True}, ago=1)
    toy.push({9: 60, 18: "open", 11: "medium"})
    toy.push({19: True})
    toy.wait(3)
    toy.cloud({"unlock_face": 1, "alarm_lock": "too_hot"}, ago=4000)
    toy.account({"unlock_card": 4}, ago=2)
    toy.close()
    toy.wait(5)
    password = {
        "id": "4711",
        "edit": 2,
        "number": 901,
        "name": "Cleaner",
        "start": int(START),
        "end": int(START) + 86400,
        "once": False,
        "weekly": {"days": [1], "start": 540, "end": 720, "time_zone": "Europe/Berlin"},
        "phase": "active",
        "gone": None,
        "first_use": 3,
    }
    return {
        **toy.stored,
        "passwords": {"passwords": [password, {**password, "id": "4712", "number": None}]},
        "cloud": {"answered": ["/v1.0/devices/{id}/door-lock/open-logs"]},
    }


DAY = a_day()
PLACES = list(places(DAY))


def restarted(stored: Any) -> tuple[TuyaLock, Reader]:
    """Return a lock that goes on from what is stored, and what could not be read."""
    reader = Reader()
    return TuyaLock(ADDRESS, Settings(), ToyClock(), stored, reader=reader), reader


def test_an_undamaged_store_is_read_as_a_whole() -> None:
    lock, reader = restarted(DAY)
    assert not reader.unread
    assert len(lock.journal) == 8
    assert json.loads(json.dumps(lock.as_dict())) == {**DAY, "cloud": None}


@settings(max_examples=400)
@given(place=st.sampled_from(PLACES), way=st.integers(0, WAYS - 1))
def test_a_damaged_store_is_read_as_far_as_it_can_be(place: tuple[Any, ...], way: int) -> None:
    lock, _ = restarted(damaged(DAY, place, way))
    again = json.loads(json.dumps(lock.as_dict(), allow_nan=False))
    # What goes on from it is a store like any other.
    after, reader = restarted(again)
    assert not reader.unread
    assert json.loads(json.dumps(after.as_dict())) == again
    before = [record["id"] for record in DAY["journal"]["records"].values()]
    kept = [record.id for record in lock.journal]
    if place[:1] != ("journal",) and place:
        assert kept == before
    elif len(place) > 2:
        assert len(set(before) - set(kept)) <= 1


@settings(max_examples=100)
@given(place=st.sampled_from(list(places(CallCounter().as_dict()))), way=st.integers(0, WAYS - 1))
def test_a_damaged_counter_counts(place: tuple[Any, ...], way: int) -> None:
    counter = CallCounter(damaged(CallCounter().as_dict(), place, way))
    counter.count(START)
    assert counter.used(START) >= 1


# The same in Home Assistant, with real files


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Let Home Assistant have files of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let its stores be files."""
    return {}


class Files:
    """The stores of a lock and of all projects, as files."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self._hass = hass
        self.lock = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))
        self.projects = Path(hass.config.path(".storage", f"{DOMAIN}.projects"))

    async def write(self, path: Path, document: Any) -> None:
        """Write a file that is read at the next start."""
        await self._hass.async_add_executor_job(path.write_text, json.dumps(document))

    async def read(self, path: Path) -> Any:
        """Return what is in a file."""
        return json.loads(await self._hass.async_add_executor_job(path.read_text))

    async def copies(self, path: Path) -> list[Path]:
        """Return the files that were kept."""
        found = path.parent.glob(f"{path.name}.corrupt.*")
        return await self._hass.async_add_executor_job(list, found)


@pytest.fixture
async def files(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> AsyncGenerator[Files]:
    """What a lock with a cloud project has stored after a day; the lock sleeps."""
    assert await async_setup_component(hass, "repairs", {})
    await set_up_awake(hass, entry, simulated_lock)
    await polled(hass)
    await add(hass, "Cleaner")
    await simulated_lock.finger(3)
    await simulated_lock.alarm("pry")
    await reported(hass, simulated_lock)
    await simulated_lock.sleep()
    await unload(hass, entry)
    files = Files(hass, entry)
    projects = {"version": 1, "key": f"{DOMAIN}.projects", "data": {"x": CallCounter().as_dict()}}
    await files.write(files.projects, projects)
    return files


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload a lock, which stores what it knows."""
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


def told(hass: HomeAssistant) -> list[str]:
    """Return which damage the owner is told of."""
    issues = ir.async_get(hass).issues.values()
    keys = [issue.translation_key or "" for issue in issues if issue.domain == DOMAIN]
    return sorted(key for key in keys if key.endswith("_damaged"))


def forget(hass: HomeAssistant) -> None:
    """Let the projects be loaded from their file again, and forget the repairs."""
    hass.data.pop(f"{DOMAIN}_projects", None)
    for domain, issue_id in list(ir.async_get(hass).issues):
        ir.async_delete_issue(hass, domain, issue_id)


async def check_starts(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files, path: Path, document: Any
) -> None:
    """Set up the lock with a damaged file, and let it store a sound one."""
    forget(hass)
    await files.write(path, document)
    await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    await async_get_config_entry_diagnostics(hass, entry)
    copies = await files.copies(path)
    assert bool(copies) is bool(told(hass))
    for copy in copies:
        assert await files.read(copy) == json.loads(json.dumps(document))
        await hass.async_add_executor_job(copy.unlink)
    await unload(hass, entry)
    reader = Reader()
    stored = (await files.read(files.lock))["data"]
    TuyaLock(ADDRESS, Settings(), ToyClock(), stored, reader=reader)
    assert not reader.unread


async def check_rounds(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files, rounds: int
) -> None:
    """Damage the files at random places, again and again."""
    rng = Random(SEED)
    sound = {path: await files.read(path) for path in (files.lock, files.projects)}
    for _ in range(rounds):
        path = files.lock if rng.random() < 0.8 else files.projects
        place = rng.choice(list(places(sound[path])))
        await check_starts(
            hass, entry, files, path, damaged(sound[path], place, rng.randrange(WAYS))
        )
        await files.write(files.lock, sound[files.lock])
        await files.write(files.projects, sound[files.projects])


async def test_a_lock_is_set_up_whatever_has_happened_to_its_files(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    await check_rounds(hass, entry, files, ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_lock_is_set_up_whatever_has_happened_to_its_files_often(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    await check_rounds(hass, entry, files, LONG_ROUNDS)


@pytest.mark.parametrize(
    "document",
    [
        [],
        7,
        "text",
        {"a": 1},
        {"version": "1", "data": {}},
        {"version": 1},
        {"version": 1, "data": []},
        {"version": 1, "data": "text"},
        {"version": 99, "data": []},
    ],
    ids=str,
)
@pytest.mark.parametrize("which", ["lock", "projects"])
async def test_a_file_of_another_shape_is_kept_and_told_of(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files, document: Any, which: str
) -> None:
    path = getattr(files, which)
    await files.write(path, document)
    forget(hass)
    await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass) == ["store_damaged" if which == "lock" else "calls_damaged"]
    (copy,) = await files.copies(path)
    assert await files.read(copy) == document


async def test_from_a_newer_version_all_is_kept_that_can_be_read(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    document = await files.read(files.lock)
    records = document["data"]["journal"]["records"]
    known = [record["id"] for record in records.values()]
    records["77"] = {**records["1"], "id": 77, "event": {"kind": "tamper", "by": "magnet"}}
    document["data"]["health"]["key_owner"] = "neighbour"
    document["version"] = 2
    forget(hass)
    await files.write(files.lock, document)
    await setup(hass, entry)
    lock = entry.runtime_data.lock
    assert [record.id for record in lock.journal] == known
    assert [password.name for password in lock.passwords] == ["Cleaner"]
    assert lock.health.key_owner is None
    (copy,) = await files.copies(files.lock)
    assert await files.read(copy) == document


async def test_records_in_a_list_are_not_read_and_kept_beside(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    document = await files.read(files.lock)
    journal = document["data"]["journal"]
    journal["records"] = list(journal["records"].values())
    forget(hass)
    await files.write(files.lock, document)
    await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass) == ["store_damaged"]
    (copy,) = await files.copies(files.lock)
    assert await files.read(copy) == document


def shown_placeholders(hass: HomeAssistant, issue_id: str) -> dict[str, str] | None:
    """Return what a repair says of its lock."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return issue and issue.translation_placeholders


async def test_the_owner_takes_note_of_the_damage_once(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    document = await files.read(files.lock)
    document["data"]["state"]["battery"] = "full"
    forget(hass)
    await files.write(files.lock, document)
    await setup(hass, entry)
    issue_id = f"store_damaged_{entry.entry_id}"
    (copy,) = await files.copies(files.lock)
    assert shown_placeholders(hass, issue_id) == {"lock": entry.title, "file": str(copy)}
    assert (await hass.async_add_executor_job(copy.stat)).st_mode & 0o077 == 0
    hass.config_entries.async_update_entry(entry, title="Front door")
    await hass.async_block_till_done()
    assert shown_placeholders(hass, issue_id) == {"lock": "Front door", "file": str(copy)}
    await unload(hass, entry)
    hass.config_entries.async_update_entry(entry, title="Back door")
    await setup(hass, entry)
    assert told(hass) == ["store_damaged"]
    assert shown_placeholders(hass, issue_id) == {"lock": "Back door", "file": str(copy)}
    flows = repairs_flow_manager(hass)
    assert flows
    flow = await flows.async_init(DOMAIN, data={"issue_id": issue_id})
    assert flow["step_id"] == "confirm"
    result = await flows.async_configure(flow["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert told(hass) == []
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert await files.copies(files.lock) == []


async def test_a_copy_that_cannot_be_written_stops_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files
) -> None:
    await files.write(files.lock, [])
    forget(hass)
    with patch("shutil.copy2", side_effect=OSError(28, "No space left on device")):
        await setup(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass) == ["store_damaged"]


@pytest.mark.parametrize("version", ["9.9", "", "3.40"])
def test_a_version_that_nobody_speaks_is_not_taken_over(version: str) -> None:
    reader = Reader()
    toy = ToyLock({"address": {"found_version": version}}, reader=reader)
    assert toy.lock.address.found_version is None
    assert reader.unread
    assert ToyLock({"address": {"found_version": "3.4"}}).lock.address.found_version == "3.4"
