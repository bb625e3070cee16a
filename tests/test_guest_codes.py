"""Guest codes on the page of a lock: made, changed and deleted by their flow, and by others."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
import json
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.util import dt as dt_util
from tests.common import known, pass_time, polled, restart, until, wake
from tests.conftest import setup, wait_for
from tests.flows import INTEGRATION
from tests.guest_page import NO_DAYS, begin, delete, filled, make, page, send, subentry_of
from tests.guests import CODE, OTHER_CODE, fetch
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

WAITS = "Waits for the lock: touch the keypad"
DELETING = "Being deleted, may still open until you touch the keypad"
UNDELETED = "Failed: not deleted yet, may still open. Home Assistant keeps trying"
ADDED, CHANGED = r"/temp-password$", "/modify-password$"
NOW = "2027-03-03 08:30:00+00:00"
"""A Wednesday."""
EXCEPTIONS = json.loads(Path(INTEGRATION.replace(".", "/"), "translations/en.json").read_text())[
    "exceptions"
]


@pytest.fixture
async def lock(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> AsyncGenerator[SimulatedLock]:
    """A lock that sleeps, whose entry is set up with a project and shows nothing but its codes."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    with patch(f"{INTEGRATION}.PLATFORMS", []):
        await setup(hass, entry)
        await polled(hass)
        yield simulated_lock
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def clock(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> AsyncGenerator[FrozenDateTimeFactory]:
    """A clock that stands still, once the lock is set up; that of the cloud is about right.

    The event loop goes on, and moves with the clock.
    """
    now = dt_util.parse_datetime(NOW, raise_on_error=True)
    cloud.skew = now.timestamp() - time.time()
    goes_on = time.monotonic
    with freeze_time(now) as clock:
        moved = lambda: goes_on() + time.time() - now.timestamp()  # noqa: E731
        with patch.object(hass.loop, "time", moved):
            yield clock


async def refreshed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Ask the cloud for the codes, as it is done each hour."""
    await entry.runtime_data.guests.async_refresh()
    await hass.async_block_till_done()


async def delivered(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    """Let the lock fetch its codes, and Home Assistant hear of that."""
    await fetch(cloud, lock)
    await refreshed(hass, entry)


def made(cloud: SimulatedCloud) -> int:
    """Return how many codes the cloud was asked to make."""
    return len([call for call in cloud.calls if call.path.endswith("/temp-password")])


# Made, changed and deleted by hand


async def test_a_code_is_made_in_one_form_and_shown_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    clock: FrozenDateTimeFactory,
) -> None:
    form = await begin(hass, entry)
    assert (form["step_id"], form["description_placeholders"]["lock"]) == ("user", entry.title)
    suggested = filled(form)
    assert suggested["start"] == "2027-03-03 09:30:00"
    assert suggested["end"] == "2027-03-04 11:00:00"
    result = await send(hass, form, name="Anna", end="2027-03-07 11:00:00")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "made")
    said = dict(result["description_placeholders"])
    (row,) = cloud.rows(lock.device_id)
    assert said.pop("code") == row.digits
    assert said.pop("delivery").startswith("It works when the lock has been touched once")
    assert said == {
        "lock": entry.title,
        "name": "Anna",
        "times": "from Wednesday 9:30 AM until Sunday 11:00 AM",
    }
    assert datetime.fromtimestamp(row.invalid_time, dt_util.UTC).isoformat() == (
        "2027-03-07T10:00:00+00:00"
    )
    assert page(entry) == {"Anna": WAITS}
    (subentry,) = entry.subentries.values()
    assert subentry.unique_id == str(row.id)
    assert dict(subentry.data) == {
        "name": "Anna",
        "start": "2027-03-03T09:30:00+01:00",
        "end": "2027-03-07T11:00:00+01:00",
    }
    await delivered(hass, entry, cloud, lock)
    assert page(entry) == {"Anna": "Active until Sunday 11:00 AM"}


@pytest.mark.parametrize(
    ("now", "usual", "start", "end", "collapsed"),
    [
        ("2027-03-03 09:30", "night", "2027-03-03 09:30:00", "2027-03-04 11:00:00", True),
        ("2027-03-03 09:30", "weekend", "2027-03-05 16:00:00", "2027-03-07 11:00:00", True),
        ("2027-03-05 15:59", "weekend", "2027-03-05 16:00:00", "2027-03-07 11:00:00", True),
        ("2027-03-05 16:01", "weekend", "2027-03-12 16:00:00", "2027-03-14 11:00:00", True),
        ("2027-03-06 09:30", "weekend", "2027-03-12 16:00:00", "2027-03-14 11:00:00", True),
        # Summer time begins in the night to Sunday.
        ("2027-03-26 09:30", "weekend", "2027-03-26 16:00:00", "2027-03-28 11:00:00", True),
        ("2027-03-03 09:30", "weekly", "2027-03-03 09:30:00", "2028-03-02 09:30:00", False),
    ],
)
async def test_the_form_begins_with_usual_times(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    now: str,
    usual: str,
    start: str,
    end: str,
    collapsed: bool,
) -> None:
    clock.move_to(dt_util.parse_datetime(f"{now}:00+01:00", raise_on_error=True))
    form = await begin(hass, entry, usual=usual)
    suggested = filled(form)
    assert (suggested["start"], suggested["end"]) == (start, end)
    assert form["data_schema"].schema["weekly"].options["collapsed"] is collapsed


async def test_own_digits_once_and_a_weekly_schedule(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    weekly = {"days": ["tuesday", "friday"], "start": "09:00:00", "end": "12:30:00"}
    form = await begin(hass, entry)
    result = await send(hass, form, name="Cleaner", code=CODE, once=True, weekly=weekly)
    said = result["description_placeholders"]
    assert said["code"] == CODE
    assert said["times"].startswith("Tuesday, Friday 9:00 AM to 12:30 PM, from ")
    (row,) = cloud.rows(lock.device_id)
    assert (row.digits, row.once) == (CODE, True)
    await delivered(hass, entry, cloud, lock)
    assert page(entry)["Cleaner"].startswith("Active Tuesday, Friday 9:00 AM to 12:30 PM, until ")
    form = await begin(hass, entry, "Cleaner")
    assert filled(form)["weekly"] == weekly
    changed = await send(hass, form, weekly=NO_DAYS)
    assert changed["description_placeholders"]["times"].startswith("from ")


async def test_a_weekly_code_without_days_does_not_open_all_year(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    form = await send(hass, await begin(hass, entry, usual="weekly"), name="Cleaner")
    assert form["errors"] == {"base": "refused"}
    said = EXCEPTIONS["password_bad_weekly"]["message"]
    assert form["description_placeholders"]["reason"] == said
    assert form["data_schema"].schema["weekly"].options["collapsed"] is False
    assert made(cloud) == 0
    weekly = NO_DAYS | {"days": ["tuesday"]}
    said = (await send(hass, form, weekly=weekly))["description_placeholders"]["times"]
    assert said.startswith("Tuesday 9:00 AM to 12:00 PM, from ")


@pytest.mark.parametrize("simulated_lock", [{"family": "D"}], indirect=True)
async def test_a_lock_that_stays_on_the_network_fetches_a_code_by_itself(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await wake(hass, entry, lock)
    await lock.door(open=False)
    await wait_for(hass, lambda: known(entry).stays)
    result = await send(hass, await begin(hass, entry), name="Anna")
    assert result["description_placeholders"]["delivery"].startswith("It works in a moment")


async def test_a_code_is_shown_as_time_passes_and_goes_when_it_ends(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    clock: FrozenDateTimeFactory,
) -> None:
    await make(hass, entry, "Anna", start="2027-03-10 16:00:00", end="2027-03-12 11:00:00")
    await delivered(hass, entry, cloud, lock)
    shown = []
    # Midnight changes how days are called; the codes are not requested again.
    for moment in ("2027-03-04T00:00", "2027-03-06T00:00", "2027-03-10T16:00", "2027-03-12T11:00"):
        shown.append(page(entry))
        clock.move_to(dt_util.parse_datetime(f"{moment}:00+01:00", raise_on_error=True))
        await pass_time(hass, 0.5)
    assert shown == [
        {"Anna": "From Wednesday 2027-03-10 4:00 PM to Friday 2027-03-12 11:00 AM"},
        {"Anna": "From Wednesday 4:00 PM to Friday 2027-03-12 11:00 AM"},
        {"Anna": "From Wednesday 4:00 PM to Friday 11:00 AM"},
        {"Anna": "Active until Friday 11:00 AM"},
    ]
    assert page(entry) == {}


async def test_prolonging_a_stay_gives_the_same_guest_new_digits(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    old = await make(hass, entry, "Anna", code=CODE)
    await delivered(hass, entry, cloud, lock)
    subentry_id = subentry_of(entry, "Anna")
    form = await begin(hass, entry, "Anna")
    assert form["description_placeholders"]["status"] == page(entry)["Anna"]
    before = filled(form)
    assert before["name"] == "Anna"
    later = f"{dt_util.now() + timedelta(days=3):%F} 11:00:00"
    result = await send(hass, form, end=later)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "changed")
    new = result["description_placeholders"]["code"]
    (row,) = cloud.rows(lock.device_id)
    assert (row.digits, len(new)) == (new, 7)
    assert page(entry) == {"Anna": WAITS}
    assert subentry_of(entry, "Anna") == subentry_id
    assert await lock.type_code(old)
    await delivered(hass, entry, cloud, lock)
    assert await lock.type_code(new)
    assert not await lock.type_code(old)
    after = filled(await begin(hass, entry, "Anna"))
    assert after == before | {"end": later}


async def test_whoever_knows_the_digits_keeps_them(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna", code=CODE)
    result = await send(hass, await begin(hass, entry, "Anna"), name="Anna B.", code=CODE)
    assert result["description_placeholders"]["code"] == CODE
    assert [(row.name, row.digits) for row in cloud.rows(lock.device_id)] == [("Anna B.", CODE)]
    assert page(entry) == {"Anna B.": WAITS}


async def test_a_deleted_code_is_shown_until_it_opens_no_more(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    digits = await make(hass, entry, "Anna")
    await delivered(hass, entry, cloud, lock)
    await delete(hass, entry, "Anna")
    assert page(entry) == {"Anna": DELETING}
    assert await lock.type_code(digits)
    gear = await begin(hass, entry, "Anna")
    assert (gear["type"], gear["reason"]) == (FlowResultType.ABORT, "deleting")
    # Whoever deletes it once more sees the same.
    calls = len(cloud.calls)
    await delete(hass, entry, "Anna")
    assert (page(entry), len(cloud.calls)) == ({"Anna": DELETING}, calls)
    await delivered(hass, entry, cloud, lock)
    assert page(entry) == {}
    assert not await lock.type_code(digits)


async def test_a_row_that_is_renamed_says_again_where_the_code_stands(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    subentry = entry.subentries[subentry_of(entry, "Anna")]
    hass.config_entries.async_update_subentry(entry, subentry, title="Somebody")
    await hass.async_block_till_done()
    assert page(entry) == {"Anna": WAITS}


async def test_a_code_that_has_ended_goes_though_nothing_is_stored_of_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    hass_storage: dict[str, Any],
    clock: FrozenDateTimeFactory,
) -> None:
    await make(hass, entry, "Anna")
    await make(hass, entry, "Ben", end="2027-03-08 11:00:00")
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    del hass_storage[f"{DOMAIN}.{entry.entry_id}"]
    cloud.drop(r".*", times=None)
    clock.tick(timedelta(days=2))
    await setup(hass, entry)
    assert page(entry) == {"Ben": WAITS}


# By others


async def test_codes_of_the_app_come_change_and_go_by_themselves(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    now = int(dt_util.utcnow().timestamp())
    codes = cloud.devices[lock.device_id].passwords
    times = {"effective_time": now, "invalid_time": now + 3600}
    row = codes.add(now, name="Plumber", digits=OTHER_CODE, once=False, **times)
    await refreshed(hass, entry)
    assert page(entry) == {"Plumber": WAITS}
    assert entry.subentries[subentry_of(entry, "Plumber")].unique_id == str(row.id)
    codes.change(row.id, now, name="Painter")
    await refreshed(hass, entry)
    assert page(entry) == {"Painter": WAITS}
    codes.delete(row.id, now)
    await refreshed(hass, entry)
    assert page(entry) == {"Painter": DELETING}
    await delivered(hass, entry, cloud, lock)
    assert page(entry) == {}


async def test_the_page_is_the_same_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    before = dict(entry.subentries)
    await restart(hass, entry)
    assert dict(entry.subentries) == before


@pytest.mark.parametrize("sent_again", [False, True])
async def test_a_code_that_the_lock_does_not_take_has_failed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    sent_again: bool,
) -> None:
    await make(hass, entry, "Anna")
    cloud.rows(lock.device_id)[0].phase = 7
    await refreshed(hass, entry)
    assert page(entry) == {"Anna": "Failed: the lock has not taken it"}
    if sent_again:
        assert (await send(hass, await begin(hass, entry, "Anna")))["reason"] == "changed"
        assert page(entry) == {"Anna": WAITS}
        return
    await delete(hass, entry, "Anna")
    assert page(entry) == {"Anna": DELETING}
    await delivered(hass, entry, cloud, lock)
    assert page(entry) == {}


# What cannot be


async def test_the_eleventh_code_hears_which_ones_take_the_places(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    names = [f"Guest {number}" for number in range(10)]
    for name in names[:9]:
        await make(hass, entry, name)
    form = await begin(hass, entry)
    await make(hass, entry, names[9])
    late = await send(hass, form, name="One too many")
    early = await begin(hass, entry)
    for result in (late, early):
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "full")
        listed = result["description_placeholders"]["codes"].splitlines()
        assert listed == [f"* {name}: {WAITS}" for name in names]
    assert made(cloud) == 10
    # One that was deleted in the app meanwhile has made room, even if nobody can say so.
    cloud.devices[lock.device_id].passwords.purge(cloud.rows(lock.device_id)[0].id)
    cloud.fail(1106, path="/temp-passwords$")
    assert (await begin(hass, entry))["reason"] == "full"
    assert (await begin(hass, entry))["type"] is FlowResultType.FORM


async def test_a_lock_without_a_project_or_not_loaded_takes_no_codes(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert (await begin(hass, entry))["reason"] == "not_loaded"
    with patch(f"{INTEGRATION}.PLATFORMS", []):
        await setup(hass, entry)
    assert (await begin(hass, entry))["reason"] == "no_cloud"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": "anna"}, "name", "password_name_taken"),
        ({"name": "A" * 21}, "name", "password_bad_name"),
        ({"code": "12"}, "code", "password_bad_code"),
        ({"start": "2099-01-01 00:00:00"}, "end", "password_end_before_start"),
        (
            {"start": "2020-01-01 00:00:00", "end": "2020-01-02 00:00:00"},
            "end",
            "password_end_in_past",
        ),
        ({"end": "2110-01-01 00:00:00"}, "end", "password_beyond_clock"),
        ({"start": "0001-01-01 00:00:00"}, "end", "password_beyond_clock"),
        (
            {"weekly": {"days": ["monday"], "start": "12:00:00", "end": "09:00:00"}},
            "base",
            "password_bad_weekly",
        ),
    ],
)
async def test_a_mistake_is_named_where_it_is(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    typed: dict[str, Any],
    field: str,
    said: str,
) -> None:
    await make(hass, entry, "Anna")
    form = await send(hass, await begin(hass, entry), **{"name": "Ben", **typed})
    assert (form["step_id"], form["errors"]) == ("user", {field: "refused"})
    assert form["description_placeholders"]["reason"] == EXCEPTIONS[said]["message"]
    assert made(cloud) == 1
    good = filled(await begin(hass, entry)) | {"name": "Ben", "weekly": NO_DAYS}
    result = await send(hass, form, **good)
    assert result["reason"] == "made"


async def test_a_form_that_is_open_while_its_code_is_deleted_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    form = await begin(hass, entry, "Anna")
    await delete(hass, entry, "Anna")
    assert (await send(hass, form))["reason"] == "ended"
    assert page(entry) == {"Anna": DELETING}


async def test_a_code_that_has_ended_cannot_be_changed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    clock: FrozenDateTimeFactory,
) -> None:
    await make(hass, entry, "Anna")
    form = await begin(hass, entry, "Anna")
    typed = filled(form)
    clock.tick(timedelta(days=3))
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], typed)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "ended")


# When the cloud does not work


@pytest.mark.parametrize("path", ["/temp-passwords$", "/password-ticket$", ADDED])
async def test_a_cloud_that_is_gone_makes_nothing_twice(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    path: str,
) -> None:
    form = await begin(hass, entry)
    cloud.fail(28841004, path=path, times=None)
    refused = await send(hass, form, name="Anna", code=CODE)
    assert refused["errors"] == {"base": "refused", "code": "enter_again"}
    assert refused["description_placeholders"]["reason"] == EXCEPTIONS["cloud_quota"]["message"]
    assert page(entry) == {}
    assert "code" not in filled(refused)
    cloud.recover()
    result = await send(hass, refused)
    assert result["reason"] == "made"
    assert len(cloud.rows(lock.device_id)) == 1
    assert list(page(entry)) == ["Anna"]


async def test_a_code_whose_answer_was_lost_is_found(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    cloud.drop(ADDED, done=True)
    digits = await make(hass, entry, "Anna")
    assert [row.digits for row in cloud.rows(lock.device_id)] == [digits]
    assert page(entry) == {"Anna": WAITS}


async def test_a_code_of_which_nothing_is_heard_is_not_made_twice(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    form = await begin(hass, entry)
    cloud.hang(ADDED)
    with patch(f"{INTEGRATION}.tuyalock.cloud.openapi.ANSWER_TIME", 0.3):
        sending = hass.async_create_task(send(hass, form, name="Anna"))
        await until(lambda: made(cloud))
        cloud.fail(1106, path="/temp-passwords$")
        silent = await sending
    assert silent["errors"] == {"base": "refused"}
    assert silent["description_placeholders"]["reason"] == EXCEPTIONS["cloud_silent"]["message"]
    again = await send(hass, silent)
    assert again["errors"] == {"name": "refused"}
    assert len(cloud.rows(lock.device_id)) == 1
    # It is on the page, where it can get digits that somebody knows.
    assert page(entry) == {"Anna": WAITS}
    assert (await send(hass, await begin(hass, entry, "Anna")))["reason"] == "changed"


async def test_a_form_that_is_sent_twice_makes_one_code(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    form = await begin(hass, entry)
    typed = filled(form, name="Anna")
    flows = hass.config_entries.subentries
    first, second = (
        hass.async_create_task(flows.async_configure(form["flow_id"], typed)) for _ in range(2)
    )
    assert (await first)["reason"] == "made"
    with pytest.raises(UnknownFlow):
        await second
    with pytest.raises(UnknownFlow):
        await flows.async_configure(form["flow_id"], typed)
    assert made(cloud) == 1
    assert list(page(entry)) == ["Anna"]


async def test_a_change_that_fails_leaves_the_code_as_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna", code=CODE)
    await delivered(hass, entry, cloud, lock)
    before = page(entry)
    cloud.fail(28841004, path=CHANGED)
    refused = await send(hass, await begin(hass, entry, "Anna"), name="Bea")
    assert (refused["step_id"], refused["errors"]) == ("reconfigure", {"base": "refused"})
    assert page(entry) == before
    assert await lock.type_code(CODE)
    assert (await send(hass, refused))["reason"] == "changed"
    assert page(entry) == {"Bea": WAITS}


@pytest.mark.parametrize("meanwhile", ["nothing", "restart", "lost store"])
async def test_a_deletion_is_made_up_for_when_the_cloud_works_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    hass_storage: dict[str, Any],
    meanwhile: str,
) -> None:
    await make(hass, entry, "Anna")
    await delivered(hass, entry, cloud, lock)
    cloud.drop(r".*", times=None)
    await delete(hass, entry, "Anna")
    assert page(entry) == {"Anna": UNDELETED}
    assert (await begin(hass, entry, "Anna"))["reason"] == "deleting"
    calls = len(cloud.calls)
    entry.runtime_data.async_update_listeners()
    await polled(hass)
    assert len(cloud.calls) == calls
    await delete(hass, entry, "Anna")
    assert len(cloud.calls) > calls
    assert page(entry) == {"Anna": UNDELETED}
    if meanwhile != "nothing":
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        if meanwhile == "lost store":
            del hass_storage[f"{DOMAIN}.{entry.entry_id}"]
        await setup(hass, entry)
        await polled(hass)
        assert page(entry) == {"Anna": UNDELETED}
    cloud.recover()
    await entry.runtime_data.cloud.async_check()
    await polled(hass)
    assert page(entry) == {"Anna": DELETING}
    await delivered(hass, entry, cloud, lock)
    assert page(entry) == {}


async def test_a_deletion_outlasts_a_list_without_its_code(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    cloud.drop(r".*", times=None)
    await delete(hass, entry, "Anna")
    cloud.recover()
    cloud.garble("/temp-passwords$", text='{"success": true, "t": 0, "result": []}')
    await refreshed(hass, entry)
    assert page(entry) == {}
    await refreshed(hass, entry)
    await polled(hass)
    assert page(entry) == {"Anna": DELETING}


async def test_a_code_that_the_cloud_does_not_delete_holds_up_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    await make(hass, entry, "Ben")
    anna, _ = cloud.rows(lock.device_id)
    cloud.fail(7777, f"/temp-passwords/{anna.id}$", "DELETE", None)
    await delete(hass, entry, "Anna")
    await delete(hass, entry, "Ben")
    assert page(entry) == {"Anna": UNDELETED, "Ben": DELETING}


async def test_deletions_without_effect_are_not_repeated_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    await make(hass, entry, "Ben")
    done = '{"success": true, "t": 0, "result": true}'
    cloud.garble(r"/temp-passwords/\d+$", times=None, done=False, text=done)
    cloud.calls.clear()
    await delete(hass, entry, "Anna")
    await delete(hass, entry, "Ben")
    assert page(entry) == {"Anna": UNDELETED, "Ben": DELETING}
    assert len([call for call in cloud.calls if call.method == "DELETE"]) == 2


async def test_a_deletion_waits_where_the_project_was_taken_away(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await make(hass, entry, "Anna")
    data = {key: value for key, value in entry.data.items() if key != "cloud"}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.async_block_till_done()
    assert page(entry) == {"Anna": WAITS}
    await delete(hass, entry, "Anna")
    assert page(entry) == {"Anna": UNDELETED}


async def test_what_is_kept_of_a_code_are_no_digits(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    hass_storage: dict[str, Any],
) -> None:
    await make(hass, entry, "Anna", code=CODE)
    await hass.config_entries.async_unload(entry.entry_id)
    assert CODE not in json.dumps(dict(hass_storage), default=str)
    assert CODE not in str([one.as_dict() for one in entry.subentries.values()])
