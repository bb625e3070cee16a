"""The blueprints are put where their owner looks for them; what is the owner's is left alone."""

from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from tests.conftest import setup
from tests.test_blueprints import BLUEPRINTS, FILES

SOURCE = f"custom_components.{DOMAIN}.blueprints.SOURCE"
STORE = f"{DOMAIN}.blueprints"
WELCOME = "welcome_home.yaml"


@pytest.fixture
def shipped(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The blueprints that come with the integration, in a copy that can change."""
    source = tmp_path_factory.mktemp("shipped")
    shutil.copytree(BLUEPRINTS, source, dirs_exist_ok=True)
    monkeypatch.setattr(SOURCE, source)
    return source / "automation" / DOMAIN


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    """Where Home Assistant looks for our blueprints."""
    return Path(hass.config.path("blueprints", "automation", DOMAIN))


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in the files of a folder, by their names."""
    return {file.name: file.read_bytes() for file in folder.glob("*.yaml")}


def put(folder: Path, name: str, content: str) -> None:
    """Put a file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Start Home Assistant with the integration, at first or once more."""
    if DOMAIN in hass.config.components:
        assert await hass.config_entries.async_unload(entry.entry_id)
        hass.config.components.remove(DOMAIN)
    await setup(hass, entry)


def update(shipped: Path) -> bytes:
    """Let an update of the integration bring another version of a blueprint."""
    file = shipped / WELCOME
    file.write_bytes(file.read_bytes() + b"# Better.\n")
    return file.read_bytes()


async def test_they_are_there_after_the_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path, hass_storage: dict[str, Any]
) -> None:
    await start(hass, entry)
    assert contents(folder) == contents(FILES[0].parent)
    assert len(hass_storage[STORE]["data"]) == len(FILES)


async def test_home_assistant_puts_its_own_there_first(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path
) -> None:
    hass.set_state(CoreState.starting)
    await setup(hass, entry)
    assert contents(folder) == {}
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert len(contents(folder)) == len(FILES)


async def test_an_update_renews_them_and_loads_the_automations_again(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path, shipped: Path
) -> None:
    reloads = async_mock_service(hass, "automation", "reload")
    await start(hass, entry)
    assert reloads == [], "no automation has used them"
    await start(hass, entry)
    assert reloads == []
    new = update(shipped)
    await start(hass, entry)
    assert (folder / WELCOME).read_bytes() == new
    assert len(reloads) == 1


async def test_what_the_owner_has_changed_stays(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path, shipped: Path
) -> None:
    await start(hass, entry)
    (folder / WELCOME).write_text("mine")
    update(shipped)
    await start(hass, entry)
    assert (folder / WELCOME).read_text() == "mine"


async def test_what_the_owner_has_removed_stays_away(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path, shipped: Path
) -> None:
    await start(hass, entry)
    (folder / WELCOME).unlink()
    update(shipped)
    await start(hass, entry)
    assert WELCOME not in contents(folder)
    assert len(contents(folder)) == len(FILES) - 1


async def test_what_the_owner_has_put_there_stays(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path, shipped: Path
) -> None:
    put(folder, WELCOME, "mine")
    await start(hass, entry)
    assert contents(folder)[WELCOME] == b"mine"
    assert len(contents(folder)) == len(FILES)


async def test_a_folder_that_cannot_be_written_keeps_no_lock_from_working(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder.parent.parent.write_text("a file is in the way")
    await start(hass, entry)
    assert "Unable to copy the blueprints" in caplog.text
