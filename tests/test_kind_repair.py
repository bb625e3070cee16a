"""Once a lock has reported what nobody can read, its owner is asked which kind it is."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import Kind
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.common import known, learn, pass_time, reported, restart, set_up_awake, state, wake
from tests.flows import Flow
from tests.simulator import SimulatedLock

pytestmark = pytest.mark.parametrize(
    "simulated_lock", [{"product_id": "simulatedproduct"}], indirect=True
)

UNLOCK = "event.wi_fi_lock_0001_last_opening"


@pytest.fixture(autouse=True)
async def repairs(hass: HomeAssistant) -> None:
    """Home Assistant's own repairs."""
    assert await async_setup_component(hass, "repairs", {})


def is_asked(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return if the owner is asked."""
    id_ = f"kind_unclear_{entry.entry_id}"
    return ir.async_get(hass).async_get_issue(DOMAIN, id_) is not None


async def report(hass: HomeAssistant, lock: SimulatedLock, *reports: dict[str, Any]) -> None:
    """Let the lock report."""
    for dps in reports:
        await lock.push(dps)
    await reported(hass, lock)


async def report_riddles(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Let the lock report what no kind of lock has."""
    await report(hass, lock, *({"150": number} for number in range(3)))


async def open_fix(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the question."""
    manager = repairs_flow_manager(hass)
    assert manager
    return await manager.async_init(DOMAIN, context={"issue_id": f"kind_unclear_{entry.entry_id}"})


async def answer(hass: HomeAssistant, form: Any, kind: str) -> Any:
    """Answer the question."""
    manager = repairs_flow_manager(hass)
    assert manager
    result = await manager.async_configure(form["flow_id"], {"kind": kind})
    await hass.async_block_till_done()
    return result


async def test_nobody_is_asked_of_a_lock_that_is_understood(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await simulated_lock.battery(80)
    await report(hass, simulated_lock, {"150": 1}, {"49": "AAAB"}, {"150": 2}, {"150": 3})
    assert not is_asked(hass, entry)


async def test_the_owner_is_asked_once_and_the_answer_is_used_and_stored(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report(hass, simulated_lock, {"150": 1}, {"150": 2})
    assert not is_asked(hass, entry)
    await report(hass, simulated_lock, {"150": 3})
    assert is_asked(hass, entry)
    form = await open_fix(hass, entry)
    assert form["type"] is FlowResultType.FORM
    assert form["description_placeholders"] == {"lock": "Wi-Fi lock 0001"}
    result = await answer(hass, form, "access_control")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not is_asked(hass, entry)
    await report(hass, simulated_lock, {"10": "AAAABAAA"})
    assert state(hass, UNLOCK).attributes["number"] == 4
    await simulated_lock.sleep()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    assert entry.runtime_data.data.family == "D"


async def test_an_owner_who_does_not_know_is_left_in_peace(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    result = await answer(hass, await open_fix(hass, entry), "unknown")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    await simulated_lock.sleep()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert not is_asked(hass, entry)
    assert entry.runtime_data.data.family is None


async def test_the_question_goes_by_itself_once_the_kind_is_proven(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    assert is_asked(hass, entry)
    await report(hass, simulated_lock, {"49": "AAAB"})
    assert not is_asked(hass, entry)


async def test_a_restart_keeps_the_question_and_a_removal_ends_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    await simulated_lock.sleep()
    await restart(hass, entry)
    await pass_time(hass)
    assert is_asked(hass, entry)
    form = await open_fix(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    result = await answer(hass, form, "battery")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not is_asked(hass, entry)


# Under Configure


def choices(flow: Flow) -> list[str]:
    """Return what a menu offers."""
    offered: list[str] = flow.result["menu_options"]
    return offered


async def test_a_wrong_answer_can_be_changed_under_configure(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    await answer(hass, await open_fix(hass, entry), "access_control")
    # A battery of 66 % in most battery locks; nothing in an access control.
    await report(hass, simulated_lock, {"12": 66}, {"10": "AAAABAAA"})
    assert known(entry).state.battery is None
    assert known(entry).last_unlock is not None
    flow = await Flow.options(hass, entry)
    assert "kind" in choices(flow)
    await flow.choose("kind")
    (field,) = flow.result["data_schema"].schema
    assert field.default() == "access_control"
    await flow.send({"kind": "battery"})
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert known(entry).state.battery == 66
    unlocks = entry.runtime_data.lock.records(Kind.UNLOCK)
    await report(hass, simulated_lock, {"2": 5})
    assert len(entry.runtime_data.lock.records(Kind.UNLOCK)) == len(unlocks) + 1
    await simulated_lock.sleep()
    await restart(hass, entry)
    again = await Flow.options(hass, entry)
    await again.choose("kind")
    (field,) = again.result["data_schema"].schema
    assert field.default() == "battery"


async def test_who_does_not_know_any_more_takes_the_answer_back(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report_riddles(hass, simulated_lock)
    await answer(hass, await open_fix(hass, entry), "access_control")
    assert known(entry).family == "D"
    flow = await Flow.options(hass, entry)
    await flow.choose("kind")
    await flow.send({"kind": "unknown"})
    assert known(entry).family is None


async def test_a_kind_that_is_known_is_no_choice(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert "kind" in choices(await Flow.options(hass, entry))
    await learn(hass, entry, {1: Dp("unlock_fingerprint", DpType.INTEGER)})
    assert "kind" not in choices(await Flow.options(hass, entry))


# What was heard before


async def test_how_the_lock_is_was_heard_before_its_kind_was_known(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await report(hass, simulated_lock, {"145": 44}, {"145": 77}, {"146": "open"}, {"147": 3})
    await report(hass, simulated_lock, {"148": True}, {"149": "wrong_finger"})
    assert known(entry).state.battery is None
    await simulated_lock.sleep()
    await restart(hass, entry)
    table = {
        145: Dp("residual_electricity", DpType.INTEGER),
        146: Dp("closed_opened", DpType.STRING),
        147: Dp("unlock_fingerprint", DpType.INTEGER),
        148: Dp("lock_motor_state", DpType.BOOLEAN),
        149: Dp("alarm_lock", DpType.STRING),
    }
    await learn(hass, entry, table)
    shown = known(entry).state
    assert (shown.battery, shown.door_open, shown.motor_unlocked) == (77, True, True)
    assert state(hass, "lock.wi_fi_lock_0001").state == "unlocked"
    assert state(hass, UNLOCK).state == "unknown"
    assert known(entry).last_unlock is None
    # Learning it once more changes nothing that was reported since.
    await wake(hass, entry, simulated_lock)
    await report(hass, simulated_lock, {"148": False})
    await learn(hass, entry, table)
    assert state(hass, "lock.wi_fi_lock_0001").state == "locked"
