"""The settings of a lock: shown as reported, and changed only where its model says so."""

import asyncio
from collections.abc import Generator
from typing import Any
from unittest.mock import PropertyMock, patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.entity import LockSetting
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from homeassistant.const import ATTR_ENTITY_ID, EntityCategory, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from tests.common import (
    LOCK,
    NAME,
    fall_asleep,
    learn,
    pass_time,
    reported,
    restart,
    set_up_awake,
    state,
    until,
    wake,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

PASSAGE_MODE = f"switch.{NAME}_passage_mode"
AUTOMATIC_LOCK = f"switch.{NAME}_automatic_lock"
DELAY = f"number.{NAME}_automatic_lock_delay"
BEEP_VOLUME = f"select.{NAME}_beep_volume"
VOLUME = f"select.{NAME}_volume"
LANGUAGE = f"select.{NAME}_language"
ALL = {PASSAGE_MODE, AUTOMATIC_LOCK, DELAY, BEEP_VOLUME, LANGUAGE}

PLATFORMS = {Platform.SWITCH, Platform.NUMBER, Platform.SELECT}

type Change = tuple[str, str, dict[str, Any]]

CHANGES: dict[str, tuple[str, Change, dict[str, Any], str]] = {
    "passage mode on": (PASSAGE_MODE, ("switch", "turn_on", {}), {"58": True}, "on"),
    "passage mode off": (PASSAGE_MODE, ("switch", "turn_off", {}), {"58": False}, "off"),
    "automatic lock on": (AUTOMATIC_LOCK, ("switch", "turn_on", {}), {"68": True}, "on"),
    "automatic lock off": (AUTOMATIC_LOCK, ("switch", "turn_off", {}), {"68": False}, "off"),
    "delay": (DELAY, ("number", "set_value", {"value": 30}), {"69": 30}, "30"),
    "volume": (BEEP_VOLUME, ("select", "select_option", {"option": "low"}), {"111": "low"}, "low"),
    "language": (
        LANGUAGE,
        ("select", "select_option", {"option": "german"}),
        {"112": "german"},
        "german",
    ),
}

enabled = pytest.mark.usefixtures("all_enabled")


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable what an owner has to enable."""
    enabled = PropertyMock(return_value=True)
    with patch.object(LockSetting, "entity_registry_enabled_default", enabled):
        yield


def settings(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the entities of a lock's settings, enabled or not."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {one.entity_id for one in found if one.domain in PLATFORMS}


async def set_up(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Set up an entry, and wake its lock when its model has been learnt."""
    await setup(hass, entry)
    await wait_for(hass, lambda: settings(hass, entry))
    await wake(hass, entry, lock)


async def change(hass: HomeAssistant, entity_id: str, change: Change) -> None:
    """Change a setting as its owner does."""
    domain, action, data = change
    await hass.services.async_call(
        domain, action, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True
    )


async def test_settings_are_configuration_that_the_owner_has_to_enable(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    await setup(hass, entry)
    await wait_for(hass, lambda: settings(hass, entry))
    assert settings(hass, entry) == ALL
    registry = er.async_get(hass)
    for entity_id in ALL:
        found = registry.async_get(entity_id)
        assert found
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert found.entity_category is EntityCategory.CONFIG


@enabled
async def test_without_a_model_there_are_no_settings_whatever_the_lock_reports(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.push({"58": True, "68": True, "69": 10})
    await reported(hass, simulated_lock)
    assert settings(hass, entry) == set()


@enabled
async def test_settings_appear_when_the_model_is_learnt_and_stay_without_the_cloud(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    # The family is known already, so that nothing changes but what can be set.
    await simulated_lock.push({"49": "AAEBAQ==", "68": True})
    await reported(hass, simulated_lock)
    table = {
        49: Dp("remote_no_pd_setkey", DpType.RAW, writable=True),
        68: Dp("automatic_lock", DpType.BOOLEAN, writable=True),
    }
    await learn(hass, entry, table)
    assert settings(hass, entry) == {AUTOMATIC_LOCK}
    assert state(hass, AUTOMATIC_LOCK).state == "on"
    await simulated_lock.sleep()
    await restart(hass, entry)
    assert settings(hass, entry) == {AUTOMATIC_LOCK}
    assert state(hass, AUTOMATIC_LOCK).state == "on"


@enabled
async def test_a_model_that_is_learnt_while_the_lock_is_unloaded_delays_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    lock = entry.runtime_data.lock
    table = {68: Dp("automatic_lock", DpType.BOOLEAN, writable=True)}

    @callback
    def async_learn(event: Event[EventStateChangedData]) -> None:
        if not lock.snapshot.changeable:
            lock.learn(table)

    async_track_state_change_event(hass, LOCK, async_learn)
    # Home Assistant gives the tasks of an entry ten seconds.
    async with asyncio.timeout(5):
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert lock.snapshot.changeable
        await setup(hass, entry)
    assert settings(hass, entry) == {AUTOMATIC_LOCK}


@pytest.mark.parametrize(
    ("dp", "there"),
    [
        (Dp("volume", DpType.STRING, writable=True, options=("low", "high")), {VOLUME}),
        (Dp("volume", DpType.STRING, options=("low", "high")), set()),
        (Dp("volume", DpType.STRING, writable=True), set()),
        (Dp("volume", DpType.INTEGER, writable=True, range=(0, 100)), set()),
        (Dp("auto_lock_time", DpType.INTEGER, writable=True, range=(5, 60)), {DELAY}),
        (Dp("auto_lock_time", DpType.INTEGER, writable=True), set()),
        (Dp("auto_lock_time", DpType.INTEGER, range=(5, 60)), set()),
        (Dp("automatic_lock", DpType.BOOLEAN, writable=True), {AUTOMATIC_LOCK}),
        (Dp("automatic_lock", DpType.BOOLEAN), set()),
        (Dp("automatic_lock", DpType.STRING, writable=True, options=("a", "b")), set()),
        (Dp("lock_motor_direction", DpType.STRING, writable=True, options=("a", "b")), set()),
        (Dp("child_lock", DpType.BOOLEAN, writable=True), set()),
    ],
)
async def test_a_setting_is_there_if_its_model_lets_it_be_changed_in_a_known_way(
    hass: HomeAssistant, entry: MockConfigEntry, dp: Dp, there: set[str]
) -> None:
    await setup(hass, entry)
    await learn(hass, entry, {100: dp})
    assert settings(hass, entry) == there


@enabled
async def test_settings_are_shown_as_reported(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up(hass, entry, simulated_lock)
    assert {state(hass, one).state for one in ALL} == {"unknown"}
    await simulated_lock.push(
        {"58": False, "68": True, "69": 25, "111": "normal", "112": "klingon"}
    )
    await wait_for(hass, lambda: state(hass, AUTOMATIC_LOCK).state == "on")
    await fall_asleep(hass, entry, simulated_lock)
    shown = {one: state(hass, one).state for one in ALL}
    assert shown == {
        PASSAGE_MODE: "off",
        AUTOMATIC_LOCK: "on",
        DELAY: "25",
        BEEP_VOLUME: "normal",
        LANGUAGE: "unknown",
    }
    assert simulated_lock.commands == []


@enabled
async def test_the_model_says_what_can_be_chosen(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up(hass, entry, simulated_lock)
    delay = state(hass, DELAY).attributes
    assert [delay[key] for key in ("min", "max", "step")] == [5, 60, 5]
    assert delay["unit_of_measurement"] == "s"
    assert state(hass, BEEP_VOLUME).attributes["options"] == ["mute", "low", "normal", "high"]
    with pytest.raises(ServiceValidationError):
        await change(hass, DELAY, ("number", "set_value", {"value": 65}))
    with pytest.raises(ServiceValidationError):
        await change(hass, LANGUAGE, ("select", "select_option", {"option": "klingon"}))
    assert simulated_lock.commands == []


@enabled
@pytest.mark.parametrize(("entity_id", "wish", "sent", "shown"), CHANGES.values(), ids=CHANGES)
async def test_a_setting_is_changed_when_the_lock_has_reported_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    entity_id: str,
    wish: Change,
    sent: dict[str, Any],
    shown: str,
) -> None:
    await set_up(hass, entry, simulated_lock)
    await change(hass, entity_id, wish)
    assert simulated_lock.commands == [sent]
    assert state(hass, entity_id).state == shown


@enabled
async def test_a_setting_is_not_shown_before_the_lock_has_reported_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    simulated_lock.knobs.apply_delay = 3600
    await set_up(hass, entry, simulated_lock)
    changing = asyncio.create_task(change(hass, AUTOMATIC_LOCK, ("switch", "turn_on", {})))
    await until(lambda: simulated_lock.commands)
    await simulated_lock.push({"69": 15})
    await until(lambda: state(hass, DELAY).state == "15")
    assert not changing.done()
    assert state(hass, AUTOMATIC_LOCK).state == "unknown"
    await simulated_lock.push({"68": True})
    await changing
    assert state(hass, AUTOMATIC_LOCK).state == "on"


@enabled
async def test_passage_mode_leaves_the_door_unlocked_until_it_is_off(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    simulated_lock.knobs.motor_state = True
    await set_up(hass, entry, simulated_lock)
    await simulated_lock.push({"55": False})
    await wait_for(hass, lambda: state(hass, LOCK).state == "locked")
    await change(hass, PASSAGE_MODE, ("switch", "turn_on", {}))
    assert state(hass, LOCK).state == "unlocked"
    await change(hass, PASSAGE_MODE, ("switch", "turn_off", {}))
    assert state(hass, LOCK).state == "locked"
    assert simulated_lock.openings == []


@enabled
async def test_a_sleeping_lock_is_not_changed_and_says_what_to_do(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up(hass, entry, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    with pytest.raises(HomeAssistantError, match="setting was not changed") as err:
        await change(hass, PASSAGE_MODE, ("switch", "turn_on", {}))
    assert err.value.translation_key == "setting_asleep"
    assert state(hass, PASSAGE_MODE).state == "unknown"
    assert simulated_lock.commands == []


@enabled
async def test_a_lock_that_does_not_report_the_change_has_not_answered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    simulated_lock.knobs.apply_delay = 3600
    await set_up(hass, entry, simulated_lock)
    await simulated_lock.push({"111": "high"})
    await wait_for(hass, lambda: state(hass, BEEP_VOLUME).state == "high")
    wish = ("select", "select_option", {"option": "mute"})
    changing = asyncio.create_task(change(hass, BEEP_VOLUME, wish))
    await until(lambda: simulated_lock.commands)
    await pass_time(hass, 10.1)
    with pytest.raises(HomeAssistantError, match="did not confirm the new setting") as err:
        await changing
    assert err.value.translation_key == "setting_no_answer"
    assert state(hass, BEEP_VOLUME).state == "high"


async def test_diagnostics_tell_the_settings_and_which_can_be_changed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up(hass, entry, simulated_lock)
    await simulated_lock.push({"68": True, "69": 25})
    await reported(hass, simulated_lock)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["settings"] == {"automatic_lock": True, "auto_lock_time": 25}
    assert told["changeable"] == [
        "auto_lock_time",
        "automatic_lock",
        "beep_volume",
        "language",
        "normal_open_switch",
    ]
