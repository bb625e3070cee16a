"""The question "Fingerprint 3: who is it?": when it is asked, and how it is answered.

What is to be repaired about Tuya's cloud is in test_cloud_coordinator.py; here are its words.
"""

from datetime import timedelta
import json
from pathlib import Path
import re
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import (
    CONF_DURESS,
    CONF_NUMBERS,
    CONF_PERSON,
    DOMAIN,
)
from custom_components.tuya_wifi_lock.flows.member import CONF_MEMBER
from custom_components.tuya_wifi_lock.repairs import ISSUES
from custom_components.tuya_wifi_lock.tuyalock.records.journal import KEPT
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.common import LATE_UNLOCK, NAME, UNLOCK, reported, restart, set_up_awake, state, wake
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_cloud_coordinator import LASTING
from tests.test_members import add, begin, stored

LAST_UNLOCKED_BY = f"sensor.{NAME}_last_unlocked_by"


@pytest.fixture
async def alice(hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock) -> str:
    """A member of the simulated lock, which is set up and awake; the repairs are set up, too."""
    assert await async_setup_component(hass, "repairs", {})
    id_ = add(hass, entry, "Alice", "fingerprint:1", person="person.alice")
    await set_up_awake(hass, entry, simulated_lock)
    return id_


def asked(hass: HomeAssistant) -> list[str]:
    """Return what is asked for."""
    issues = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    return [str((issue.translation_placeholders or {}).get("number")) for issue in issues]


async def unlock(hass: HomeAssistant, lock: SimulatedLock, method: str, number: int) -> None:
    """Open the door and wait until that is known."""
    await lock.unlock(method, number)
    await reported(hass, lock)


async def fix(hass: HomeAssistant) -> dict[str, Any]:
    """Open the fix flow of the only question."""
    ((_, issue_id),) = (key for key in ir.async_get(hass).issues if key[0] == DOMAIN)
    manager = repairs_flow_manager(hass)
    assert manager
    return await manager.async_init(DOMAIN, context={"issue_id": issue_id})


async def answer(hass: HomeAssistant, step: dict[str, Any], typed: dict[str, Any]) -> Any:
    """Answer a step of the fix flow."""
    manager = repairs_flow_manager(hass)
    assert manager
    result = await manager.async_configure(step["flow_id"], typed)
    await hass.async_block_till_done()
    return result


async def choose(hass: HomeAssistant, option: str) -> Any:
    """Open the fix flow and choose from its menu."""
    return await answer(hass, await fix(hass), {"next_step_id": option})


# When it is asked


@pytest.mark.parametrize(
    ("method", "number", "name"),
    [
        ("fingerprint", 3, "Fingerprint 3"),
        ("password", 2, "Password 2"),
        ("card", 14, "Card 14"),
        ("face", 0, "Face 0"),
        ("palm", 1, "Palm 1"),
        ("finger_vein", 5, "Finger vein 5"),
    ],
)
async def test_an_unknown_number_is_asked_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    alice: str,
    method: str,
    number: int,
    name: str,
) -> None:
    await unlock(hass, simulated_lock, method, number)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"unknown_number_{entry.entry_id}")
    assert issue
    assert (issue.is_fixable, issue.is_persistent) == (True, False)
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_key == "unknown_number"
    assert issue.translation_placeholders == {"number": name, "lock": entry.title}


@pytest.mark.parametrize(
    ("method", "number"),
    [
        ("fingerprint", 1),
        ("temporary_password", 901),
        ("dynamic_password", 1),
        ("app", 1),
        ("app", 200),
        ("key", 1),
        ("inside", 1),
    ],
)
async def test_what_has_a_member_or_can_have_none_is_not_asked_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    alice: str,
    method: str,
    number: int,
) -> None:
    await unlock(hass, simulated_lock, method, number)
    assert state(hass, UNLOCK).state != "unknown"
    assert asked(hass) == []


async def test_without_members_nothing_is_asked(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert asked(hass) == []
    id_ = add(hass, entry, "Alice", "fingerprint:1")
    await hass.async_block_till_done()
    assert asked(hass) == ["Fingerprint 3"]
    hass.config_entries.async_remove_subentry(entry, id_)
    await hass.async_block_till_done()
    assert asked(hass) == []


async def test_late_unlocks_are_asked_for_and_the_newest_number_wins(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    object.__setattr__(entry, "created_at", dt_util.utcnow() - timedelta(hours=1))
    now = int(simulated_lock.clock())
    await simulated_lock.push({"1": 4}, {"1": now - 600})
    await reported(hass, simulated_lock)
    assert state(hass, LATE_UNLOCK).attributes["number"] == 4
    assert asked(hass) == ["Fingerprint 4"]
    await unlock(hass, simulated_lock, "card", 2)
    assert asked(hass) == ["Card 2"]
    await simulated_lock.push({"1": 5}, {"1": now - 300})
    await reported(hass, simulated_lock)
    assert state(hass, LATE_UNLOCK).attributes["number"] == 5
    assert asked(hass) == ["Card 2"]
    await unlock(hass, simulated_lock, "fingerprint", 1)
    assert asked(hass) == ["Card 2"]


async def test_a_question_that_the_owner_has_put_aside_stays_aside(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    issue_id = f"unknown_number_{entry.entry_id}"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, True)
    await unlock(hass, simulated_lock, "fingerprint", 4)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


async def test_a_question_ends_with_the_last_record_of_its_number(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert asked(hass) == ["Fingerprint 3"]
    for _ in range(KEPT):
        await simulated_lock.unlock("fingerprint", 1)
    await reported(hass, simulated_lock)
    assert asked(hass) == []


async def test_a_reload_keeps_the_question_and_a_removal_ends_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    await restart(hass, entry)
    assert asked(hass) == ["Fingerprint 3"]
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert asked(hass) == []


async def test_a_number_that_finds_its_member_while_the_lock_is_unloaded_is_asked_for_no_more(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    add(hass, entry, "Bob", "fingerprint:3")
    assert asked(hass) == ["Fingerprint 3"]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert asked(hass) == []


# How it is answered


async def test_the_number_is_given_to_a_member(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    add(hass, entry, "Bob", "card:2")
    await unlock(hass, simulated_lock, "fingerprint", 3)
    menu = await fix(hass)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["member", "new_member", "ignore"]
    used = menu["description_placeholders"].pop("used")
    assert re.fullmatch(r"(today|yesterday) at \d{1,2}:\d\d [AP]M", used)
    assert menu["description_placeholders"] == {"number": "Fingerprint 3", "lock": entry.title}
    form = await answer(hass, menu, {"next_step_id": "member"})
    assert form["type"] is FlowResultType.FORM
    options = form["data_schema"].schema[CONF_MEMBER].config["options"]
    assert [option["label"] for option in options] == ["Alice", "Bob"]
    result = await answer(hass, form, {CONF_MEMBER: alice})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert stored(entry)["Alice"] == {
        CONF_NUMBERS: ["fingerprint:1", "fingerprint:3"],
        CONF_DURESS: [],
        CONF_PERSON: "person.alice",
    }
    assert asked(hass) == []
    assert state(hass, LAST_UNLOCKED_BY).state == "Fingerprint 3", "nobody has opened now"
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert state(hass, UNLOCK).attributes["member"] == "Alice"
    assert state(hass, LAST_UNLOCKED_BY).state == "Alice"
    assert asked(hass) == []
    assert simulated_lock.connections == 1


async def test_the_number_is_given_to_a_new_member(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    form = await choose(hass, "new_member")
    form = await answer(hass, form, {CONF_NAME: "alice "})
    assert form["errors"] == {CONF_NAME: "name_taken"}
    form = await answer(hass, form, {CONF_NAME: " "})
    assert form["errors"] == {CONF_NAME: "empty_name"}
    result = await answer(hass, form, {CONF_NAME: "Bob ", CONF_PERSON: "person.bob"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert stored(entry)["Bob"] == {
        CONF_PERSON: "person.bob",
        CONF_NUMBERS: ["fingerprint:3"],
        CONF_DURESS: [],
    }
    assert asked(hass) == []
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert state(hass, UNLOCK).attributes["person"] == "person.bob"
    assert simulated_lock.connections == 1


async def test_a_number_is_ignored_for_good(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    result = await choose(hass, "ignore")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert asked(hass) == []
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert asked(hass) == []
    assert simulated_lock.connections == 1
    await restart(hass, entry)
    await simulated_lock.announce()
    await unlock(hass, simulated_lock, "fingerprint", 3)
    assert asked(hass) == []
    await unlock(hass, simulated_lock, "fingerprint", 4)
    assert asked(hass) == ["Fingerprint 4"]


@pytest.mark.parametrize("option", ["member", "new_member", "ignore"])
async def test_an_answer_leaves_the_newer_question_and_brings_the_one_before(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    alice: str,
    option: str,
) -> None:
    typed = {"member": {CONF_MEMBER: alice}, "new_member": {CONF_NAME: "Bob"}}
    for number in (2, 3):
        await unlock(hass, simulated_lock, "fingerprint", number)
    step = await fix(hass)
    await unlock(hass, simulated_lock, "fingerprint", 4)
    assert asked(hass) == ["Fingerprint 4"]
    step = await answer(hass, step, {"next_step_id": option})
    if option in typed:
        step = await answer(hass, step, typed[option])
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert asked(hass) == ["Fingerprint 4"]
    await choose(hass, "ignore")
    assert asked(hass) == ["Fingerprint 2"]
    await choose(hass, "ignore")
    assert asked(hass) == []


async def test_what_the_cloud_tells_of_the_time_before_the_set_up_is_not_asked_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    add(hass, entry, "Alice", "fingerprint:1")
    cloud.log(simulated_lock.device_id, "unlock_fingerprint", 3, time.time() - 300)
    await setup(hass, entry)
    await wait_for(hass, lambda: state(hass, LAST_UNLOCKED_BY).state == "Fingerprint 3")
    await wake(hass, entry, simulated_lock)
    await unlock(hass, simulated_lock, "fingerprint", 4)
    assert asked(hass) == ["Fingerprint 4"]
    await choose(hass, "ignore")
    assert asked(hass) == []


async def test_the_form_of_a_member_answers_the_question_too(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    open_flow = await choose(hass, "new_member")
    form = await begin(hass, entry, alice)
    typed = {CONF_NAME: "Alice", CONF_NUMBERS: ["fingerprint:1", "fingerprint:3"]}
    await hass.config_entries.subentries.async_configure(form["flow_id"], typed)
    await hass.async_block_till_done()
    assert asked(hass) == []
    result = await answer(hass, open_flow, {CONF_NAME: "Bob"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "known")
    assert result["description_placeholders"] == {"member": "Alice"}
    assert "Bob" not in stored(entry)


@pytest.mark.parametrize("option", ["member", "ignore"])
async def test_a_lock_that_is_not_loaded_hears_no_answer(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    alice: str,
    option: str,
) -> None:
    await unlock(hass, simulated_lock, "fingerprint", 3)
    menu = await fix(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    result = await answer(hass, menu, {"next_step_id": option})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    result = await fix(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert asked(hass) == ["Fingerprint 3"]


async def test_a_member_that_is_removed_meanwhile_is_asked_for_again(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, alice: str
) -> None:
    bob = add(hass, entry, "Bob")
    await unlock(hass, simulated_lock, "fingerprint", 3)
    form = await choose(hass, "member")
    hass.config_entries.async_remove_subentry(entry, bob)
    form = await answer(hass, form, {CONF_MEMBER: bob})
    options = form["data_schema"].schema[CONF_MEMBER].config["options"]
    assert [option["label"] for option in options] == ["Alice"]


# Its words, and those about Tuya's cloud


def test_every_repair_has_its_words() -> None:
    folder = Path(__file__).parent.parent / "custom_components" / DOMAIN
    texts = json.loads((folder / "translations" / "en.json").read_text())["issues"]
    cloud_issues = {"cloud_calls_used_up", *LASTING.values()}
    others = {"unknown_number", "kind_unclear", "store_damaged", "calls_damaged"}
    assert texts.keys() == {*cloud_issues, *ISSUES.values(), *others}
    for issue in cloud_issues:
        assert texts[issue].keys() == {"title", "description"}
        told = texts[issue]["title"] + texts[issue]["description"]
        assert "{lock}" in told
        assert "{" not in told.format(lock="Front door")
