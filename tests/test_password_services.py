"""The actions for passwords: what they make, what they refuse, and that nobody keeps the digits."""

from collections.abc import Callable
from datetime import UTC, datetime
import json
from pathlib import Path
import re
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_mock_service,
)
import voluptuous as vol

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.texts import async_texts
from custom_components.tuya_wifi_lock.tuyalock.models import PasswordPhase
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
from tests.common import LOCK, UNLOCK, reported, set_up_awake, state
from tests.conftest import setup, wait_for
from tests.guests import CODE, OTHER_CODE, act, add, fetch, hours, listed
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

TEMPORARY = {
    "add_temporary_password": {"name": "Cleaner", "end": "2030-01-01 12:00:00"},
    "modify_temporary_password": {"which": "Cleaner", "code": CODE},
    "delete_temporary_password": {"which": "Cleaner"},
    "get_temporary_passwords": {},
}
ACTIONS = TEMPORARY | {"get_dynamic_password": {}, "add_offline_password": {"kind": "once"}}
WAITING = "Waits for the lock: touch the keypad"
WEEKLY = {"weekdays": ["tuesday", "friday"], "from": "09:00", "to": "12:00"}


def changes(cloud: SimulatedCloud) -> list[str]:
    """Return the calls that change something."""
    return [call.path for call in cloud.calls if call.method != "GET"]


def seconds(moment: str) -> int:
    """Return a time of an answer as whole Unix seconds."""
    parsed = datetime.fromisoformat(moment)
    assert parsed.utcoffset() == parsed.astimezone(dt_util.get_default_time_zone()).utcoffset()
    return int(parsed.timestamp())


# Temporary passwords


async def test_a_code_is_made_and_opens_once_the_lock_has_woken(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    before = int(time.time())
    end = hours(2)
    made = await add(hass, end=end)
    assert made.pop("id") == str(cloud.rows(lock.device_id)[0].id)
    code, start = made.pop("code"), made.pop("start")
    assert before <= seconds(start) <= time.time()
    assert seconds(made.pop("end")) == int(datetime.fromisoformat(end).timestamp())
    assert made == {
        "name": "Cleaner",
        "number": None,
        "once": False,
        "weekly": None,
        "phase": "waiting",
        "status": WAITING,
    }
    assert [row.digits for row in cloud.rows(lock.device_id)] == [code]
    assert len(code) == 7
    assert not await lock.type_code(code)
    await fetch(cloud, lock)
    assert await lock.type_code(code)
    assert await lock.type_code(code)
    (now,) = (await act(hass, "get_temporary_passwords"))["passwords"]
    assert (now["number"], now["phase"]) == (901, "active")
    assert now["status"].startswith("Active until ")


async def test_the_owner_may_choose_the_code_and_let_it_open_once(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    made = await add(hass, code=int(CODE), once=True)
    assert (made["code"], made["once"]) == (CODE, True)
    await fetch(cloud, lock)
    assert await lock.type_code(CODE)
    assert not await lock.type_code(CODE)


async def test_times_without_a_zone_are_those_of_the_home(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")
    made = await add(hass, start="2030-01-01 08:00:00", end="2030-07-01 08:00:00")
    (row,) = cloud.rows(lock.device_id)
    assert row.effective_time == datetime(2030, 1, 1, 16, tzinfo=UTC).timestamp()
    assert row.invalid_time == datetime(2030, 7, 1, 15, tzinfo=UTC).timestamp()
    assert made["start"] == "2030-01-01T08:00:00-08:00"
    assert made["end"] == "2030-07-01T08:00:00-07:00"
    await fetch(cloud, lock)
    (now,) = (await act(hass, "get_temporary_passwords"))["passwords"]
    assert now["phase"] == "early"
    assert now["status"] == "From Tuesday 2030-01-01 8:00 AM to Monday 2030-07-01 8:00 AM"


@pytest.mark.parametrize("which", ["Cleaner", "cleaner", 901, "901", 1])
async def test_a_code_is_changed_by_name_or_number(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, which: str | int
) -> None:
    await add(hass, code=CODE)
    await fetch(cloud, lock)
    changed = await act(
        hass, "modify_temporary_password", which=which, code=OTHER_CODE, name="Plumber"
    )
    assert "code" not in changed
    assert (changed["name"], changed["number"], changed["phase"]) == ("Plumber", 901, "waiting")
    assert changed["status"] == WAITING
    assert await lock.type_code(CODE)
    await fetch(cloud, lock)
    assert not await lock.type_code(CODE)
    assert await lock.type_code(OTHER_CODE)


async def test_a_change_keeps_what_is_not_named(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    made = await add(hass, once=True)
    later = hours(5)
    changed = await act(hass, "modify_temporary_password", which="Cleaner", code=CODE, end=later)
    assert seconds(changed["end"]) == int(datetime.fromisoformat(later).timestamp())
    for name in ("id", "name", "start", "once"):
        assert changed[name] == made[name]
    started = await act(
        hass, "modify_temporary_password", which="Cleaner", code=CODE, start=hours(1)
    )
    assert started["end"] == changed["end"]
    assert started["start"] > changed["start"]


async def test_a_deleted_code_opens_until_the_lock_has_woken(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await add(hass, code=CODE)
    await fetch(cloud, lock)
    gone = await act(hass, "delete_temporary_password", which="Cleaner")
    assert gone["phase"] == "deleting"
    assert gone["status"] == "Being deleted, may still open until you touch the keypad"
    assert await lock.type_code(CODE)
    assert await listed(hass) == {"Cleaner": "deleting"}
    await fetch(cloud, lock)
    assert not await lock.type_code(CODE)
    assert await listed(hass) == {}


async def test_a_code_that_the_cloud_no_longer_knows_counts_as_deleted(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await add(hass)
    cloud.fail(2302, method="DELETE")
    gone = await act(hass, "delete_temporary_password", which="Cleaner")
    assert (gone["phase"], gone["status"]) == ("deleted", "Deleted")


async def test_a_phase_that_nobody_has_seen_before_is_not_known(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await add(hass)
    cloud.rows(lock.device_id)[0].phase = 17
    (known,) = (await act(hass, "get_temporary_passwords"))["passwords"]
    assert (known["phase"], known["status"]) == ("unknown", "Unknown")


async def test_every_phase_has_words(hass: HomeAssistant) -> None:
    assert set(await async_texts(hass, "password_status")) == {
        *PasswordPhase,
        "early",
        "active_weekly",
        "early_weekly",
        "ended",
    }


async def test_changing_and_deleting_need_no_answer(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await add(hass)
    for action in ("modify_temporary_password", "delete_temporary_password"):
        data = {"entity_id": LOCK, **ACTIONS[action]}
        await hass.services.async_call(DOMAIN, action, data, blocking=True)
    assert await listed(hass) == {"Cleaner": "deleting"}


async def test_the_lock_has_room_for_ten(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    for number in range(8):
        await add(hass, f"Guest {number}")
    for number in range(2):
        await act(hass, "delete_temporary_password", which=f"Guest {number}")
    assert (await act(hass, "get_temporary_passwords"))["room"] == 2
    await add(hass, "Guest 8")
    await add(hass, "Guest 9")
    with pytest.raises(ServiceValidationError) as refused:
        await add(hass, "Guest 10")
    assert refused.value.translation_key == "password_book_full"
    await fetch(cloud, lock)
    assert (await act(hass, "get_temporary_passwords"))["room"] == 2
    assert "Guest 10" not in await listed(hass)
    await add(hass, "Guest 10")


@pytest.mark.parametrize("length", [4, 6, 8, 10])
async def test_a_lock_has_codes_of_its_own_length(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, length: int
) -> None:
    cloud.code_length = length
    if length != 6:
        with pytest.raises(ServiceValidationError) as refused:
            await add(hass, "Cleaner", code="4827163")
        assert refused.value.translation_key == "cloud_bad_value"
    else:
        # What most locks want that do not want seven is found out.
        assert len((await add(hass, "Cleaner"))["code"]) == length
    own = "4827163905"[:length]
    await add(hass, "Plumber", code=own)
    # From now on it is known.
    assert len((await add(hass, "Gardener"))["code"]) == length
    with pytest.raises(ServiceValidationError) as refused:
        await add(hass, "Neighbor", code="4827163")
    assert refused.value.translation_key == "password_bad_code"
    await act(hass, "modify_temporary_password", which="Plumber", code=own[::-1])
    assert await room(hass) == 10 - len(await listed(hass))


async def test_what_is_refused_for_another_reason_is_not_tried_with_other_digits(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    cloud.fail(2328, method="POST", path=".*/temp-password$")
    with pytest.raises(HomeAssistantError) as refused:
        await add(hass, "Cleaner")
    assert refused.value.translation_key == "cloud_enrolling"
    assert len([path for path in changes(cloud) if path.endswith("/temp-password")]) == 1


async def room(hass: HomeAssistant) -> int:
    """Return how many more passwords there is room for."""
    return int((await act(hass, "get_temporary_passwords"))["room"])


@pytest.mark.parametrize("phase", [12, 17, 19])
async def test_phases_that_nobody_has_explained_do_not_fill_the_lock(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, phase: int
) -> None:
    for number in range(10):
        await add(hass, f"Guest {number}")
    for row in cloud.rows(lock.device_id)[:3]:
        row.phase = phase
    assert await room(hass) == 3
    await act(hass, "delete_temporary_password", which="Guest 0")
    assert (await listed(hass))["Guest 0"] == "deleting"


@pytest.mark.parametrize("name", ["Cleaner ", " Anna  B ", "Zoë & Søn", "名前 "])
async def test_a_name_is_found_as_it_was_typed(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, name: str
) -> None:
    await add(hass, name)
    await act(hass, "modify_temporary_password", which=name, code=OTHER_CODE)
    await act(hass, "delete_temporary_password", which=name)
    assert set((await listed(hass)).values()) == {"deleting"}


@pytest.mark.parametrize(
    ("action", "data", "key"),
    [
        ("add", {"start": lambda: hours(2)}, "password_end_before_start"),
        ("add", {"start": lambda: hours(-2), "end": lambda: hours(-1)}, "password_end_in_past"),
        ("add", {"end": "2200-01-01 12:00:00"}, "password_beyond_clock"),
        ("add", {"code": "123"}, "password_bad_code"),
        ("add", {"code": "12345678901"}, "password_bad_code"),
        ("add", {"code": "12345a7"}, "password_bad_code"),
        ("add", {"code": ""}, "password_bad_code"),
        ("add", {"name": ""}, "password_bad_name"),
        ("add", {"name": "x" * 21}, "password_bad_name"),
        ("add", {"name": "PLUMBER"}, "password_name_taken"),
        ("add", {"duration": "04:00:00"}, "end_or_duration"),
        ("add", {"weekdays": ["tuesday"]}, "weekly_incomplete"),
        ("add", WEEKLY | {"to": "09:00"}, "password_bad_weekly"),
        ("modify", {"from": "09:00"}, "weekly_incomplete"),
        ("modify", {"which": "Cleaner"}, "password_no_such_password"),
        ("modify", {"which": "902"}, "password_no_such_password"),
        ("modify", {"which": "Plumber", "code": "123"}, "password_bad_code"),
        ("modify", {"which": "Plumber", "name": "Baker"}, "password_name_taken"),
        ("modify", {"end": lambda: hours(-3)}, "password_end_before_start"),
        ("modify", {"start": lambda: hours(-4), "end": lambda: hours(-3)}, "password_end_in_past"),
        ("delete", {"which": "Cleaner"}, "password_no_such_password"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_asked_for(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    action: str,
    data: dict[str, str | Callable[[], str]],
    key: str,
) -> None:
    for name in ("Plumber", "Baker"):
        await add(hass, name)
    usual = {
        "add": {"name": "Cleaner", "end": hours(1)},
        "modify": {"which": "Plumber", "code": CODE},
        "delete": {},
    }[action]
    wanted = {name: one() if callable(one) else one for name, one in data.items()}
    cloud.calls.clear()
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, f"{action}_temporary_password", **{**usual, **wanted})
    assert (refused.value.translation_domain, refused.value.translation_key) == (DOMAIN, key)
    assert changes(cloud) == []


@pytest.mark.parametrize("action", list(ACTIONS))
async def test_without_a_project_it_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    await setup(hass, entry)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, action, **ACTIONS[action])
    assert (refused.value.translation_domain, refused.value.translation_key) == (DOMAIN, "no_cloud")


async def test_a_lock_that_is_unavailable_is_not_skipped_and_one_that_is_not_loaded_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    lock.faults.wrong_local_key = "another key 1234"
    await lock.wake()
    await wait_for(hass, lambda: state(hass, LOCK).state == "unavailable")
    await add(hass)
    (row,) = cloud.rows(lock.device_id)
    data = {"entity_id": "all", "which": "Cleaner"}
    await hass.services.async_call(DOMAIN, "delete_temporary_password", data, blocking=True)
    assert changes(cloud)[-1].endswith(f"/{row.id}")
    assert await act(hass, "get_records") == {"records": []}
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "delete_temporary_password", data, blocking=True)
    assert refused.value.translation_key == "lock_not_loaded"


@pytest.mark.parametrize("action", list(ACTIONS))
async def test_only_administrators_make_keys_to_the_door(
    hass: HomeAssistant,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    action: str,
) -> None:
    await add(hass)
    data = {"entity_id": LOCK, **ACTIONS[action]}
    if action == "add_temporary_password":
        data["name"] = "Plumber"
    calls = len(cloud.calls)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert len(cloud.calls) == calls
    assert await hass.services.async_call(
        DOMAIN,
        action,
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=hass_admin_user.id),
    )


@pytest.mark.parametrize("action", list(ACTIONS))
async def test_what_the_cloud_refuses_is_told_in_words(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, action: str
) -> None:
    cloud.fail(28841106, path=".*/door-lock/.*", times=None)
    cloud.fail(28841106, path=".*/smart-lock/.*", times=None)
    with pytest.raises(HomeAssistantError) as refused:
        await act(hass, action, **ACTIONS[action])
    assert refused.value.translation_key == "cloud_no_lock_service"


@pytest.mark.parametrize(
    "data",
    [
        {"end": "2030-01-01 12:00:00"},
        {"name": "Cleaner", "end": "soon"},
        {"name": "Cleaner", "end": "2030-01-01 12:00:00", "once": "perhaps"},
        {"name": "Cleaner", "end": "2030-01-01 12:00:00", "digits": CODE},
    ],
)
@pytest.mark.usefixtures("lock")
async def test_a_wrong_field_is_refused(hass: HomeAssistant, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "add_temporary_password", **data)


# Codes that the lock checks by itself


async def test_a_dynamic_password_opens_for_five_minutes(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    before = int(time.time())
    made = await act(hass, "get_dynamic_password")
    assert before + 300 <= seconds(made.pop("valid_until")) <= time.time() + 300
    assert await lock.type_code(made["code"])
    assert list(made) == ["code"]
    lock.knobs.clock_offset = 360
    assert not await lock.type_code(made["code"])


async def test_an_offline_password_opens_a_lock_that_no_network_reaches(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    lock.knobs.cloud = False
    made = await act(hass, "add_offline_password", kind="once", name="Cleaner")
    assert made["name"] == "Cleaner"
    assert seconds(made["end"]) - seconds(made["start"]) == 6 * 3600
    assert await lock.type_code(made["code"])
    assert not await lock.type_code(made["code"])


async def test_an_offline_password_has_full_hours(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    now = int(time.time())
    made = await act(hass, "add_offline_password", kind="multiple", end=hours(3))
    assert seconds(made["start"]) == now // 3600 * 3600
    assert seconds(made["end"]) == (now + 3 * 3600) // 3600 * 3600
    for _ in range(2):
        assert await lock.type_code(made["code"])
    chosen = await act(hass, "add_offline_password", kind="multiple", start=hours(2), end=hours(4))
    assert seconds(chosen["start"]) == (now + 2 * 3600) // 3600 * 3600
    assert not await lock.type_code(chosen["code"])


async def test_one_offline_password_ends_all_others(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    guest = await act(hass, "add_offline_password", kind="multiple", end=hours(3))
    ends = await act(hass, "add_offline_password", kind="clear_all")
    await lock.type_code(ends["code"])
    assert not await lock.type_code(guest["code"])


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"kind": "once", "end": lambda: hours(2)}, "offline_times_fixed"),
        ({"kind": "clear_all", "start": lambda: hours(1)}, "offline_times_fixed"),
        ({"kind": "multiple"}, "offline_end_missing"),
        ({"kind": "multiple", "end": lambda: hours(-1)}, "password_end_before_start"),
        (
            {"kind": "multiple", "start": lambda: hours(-3), "end": lambda: hours(-1)},
            "password_end_in_past",
        ),
        (
            {"kind": "multiple", "start": "2030-01-01 12:01:00", "end": "2030-01-01 12:59:00"},
            "offline_too_short",
        ),
        (
            {"kind": "multiple", "start": "1960-01-01", "end": lambda: hours(2)},
            "password_beyond_clock",
        ),
    ],
)
@pytest.mark.usefixtures("lock")
async def test_an_offline_password_that_cannot_be_is_refused(
    hass: HomeAssistant, cloud: SimulatedCloud, data: dict[str, str | Callable[[], str]], key: str
) -> None:
    wanted = {name: one() if callable(one) else one for name, one in data.items()}
    cloud.calls.clear()
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "add_offline_password", **wanted)
    assert refused.value.translation_key == key
    assert changes(cloud) == []


@pytest.mark.parametrize("action", ["get_dynamic_password", "add_offline_password"])
@pytest.mark.usefixtures("lock")
async def test_what_the_lock_cannot_do_is_told_in_words(
    hass: HomeAssistant, cloud: SimulatedCloud, action: str
) -> None:
    cloud.dynamic_supported = cloud.offline_supported = False
    with pytest.raises(HomeAssistantError) as refused:
        await act(hass, action, **ACTIONS[action])
    assert refused.value.translation_key == "cloud_unsupported"


# Who keeps the digits


async def test_home_assistant_keeps_no_digits(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    codes = [(await add(hass))["code"]]
    await act(hass, "modify_temporary_password", which="Cleaner", code=OTHER_CODE)
    codes.append((await act(hass, "get_dynamic_password"))["code"])
    codes.append((await act(hass, "add_offline_password", kind="once"))["code"])
    await fetch(cloud, simulated_lock)
    assert await simulated_lock.type_code(OTHER_CODE)
    await reported(hass, simulated_lock)
    assert state(hass, UNLOCK).attributes["event_type"] == "temporary_password"
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    states = [one.as_dict() for one in hass.states.async_all()]
    for code in (*codes, OTHER_CODE):
        assert code not in str(states)
        assert code not in json.dumps(hass_storage, default=str)
        ours = [one for one in caplog.records if one.name.startswith(("custom_components", "tiny"))]
        assert not [one for one in ours if code in one.getMessage()]


def in_docs() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the script and the automation of the page on guest codes."""
    page = (Path(__file__).parent.parent / "docs" / "guest-codes.md").read_text()
    chapter = page.split("\n## Examples\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```yaml\n(.*?)^```", chapter, re.DOTALL | re.MULTILINE)
    script, automation = (
        yaml_util.parse_yaml(block.replace("lock.front_door", LOCK)) for block in blocks
    )
    assert isinstance(script, dict)
    assert isinstance(automation, dict)
    return script, automation


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.usefixtures("lock")
async def test_traces_keep_no_code_if_none_are_stored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    kept: bool,
) -> None:
    script, _ = in_docs()
    if kept:
        del script["trace"]
    assert await async_setup_component(hass, "script", {"script": {"a_code": script}})
    told = async_mock_service(hass, "notify", "mobile_app_my_phone")
    await hass.services.async_call("script", "a_code", {"guest": "Alice"}, blocking=True)
    (row,) = cloud.rows(simulated_lock.device_id)
    end = dt_util.utcnow().timestamp() + 4 * 3600
    assert end - 60 < row.invalid_time <= end
    assert row.name == "Guest Alice"
    assert [one.data for one in told] == [{"message": f"The code of Alice is {row.digits}."}]
    hass.bus.async_fire("homeassistant_stop")
    await hass.async_block_till_done()
    assert (row.digits in json.dumps(hass_storage["trace.saved_traces"], default=str)) is kept


async def test_the_codes_of_all_guests_are_cleaned_up(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    _, automation = in_docs()
    automation["id"] = "guests"
    hass.states.async_set("input_boolean.guests", "on")
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    for name in ("Guest Alice", "Cleaner", "Guest Bob"):
        await add(hass, name)
    await act(hass, "delete_temporary_password", which="Guest Bob")
    hass.states.async_set("input_boolean.guests", "off")
    await hass.async_block_till_done()
    assert await listed(hass) == {
        "Guest Alice": "deleting",
        "Cleaner": "waiting",
        "Guest Bob": "deleting",
    }
