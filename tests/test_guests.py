"""Guest codes: who may manage them, their times and words, and what happens if something fails."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.util import dt as dt_util
from tests.automations import Runs
from tests.common import LOCK, UNLOCK, reported, restart, set_up_awake, state, until, wake
from tests.conftest import setup, wait_for
from tests.guests import CODE, OTHER_CODE, act, add, fetch, hours, listed
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

CLEANER = {"weekdays": ["tuesday", "friday"], "from": "09:00", "to": "12:00"}


@pytest.fixture
def runs(hass: HomeAssistant) -> Runs:
    """The runs of the automations of a test."""
    return Runs(hass)


# Who may


async def configure(hass: HomeAssistant, entry: MockConfigEntry, step: str, **typed: Any) -> None:
    """Go through one page of *Configure*."""
    options = hass.config_entries.options
    flow = await options.async_init(entry.entry_id)
    flow = await options.async_configure(flow["flow_id"], {"next_step_id": step})
    assert (flow["step_id"], flow["errors"]) == (step, {} if step == "behaviour" else None)
    done = await options.async_configure(flow["flow_id"], typed)
    assert done["type"] == "create_entry"
    await hass.async_block_till_done()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.usefixtures("lock")
async def test_the_owner_names_who_may_manage_guest_codes(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud, named: bool
) -> None:
    manager, other = (MockUser(name=name).add_to_hass(hass) for name in ("Manager", "Other"))
    for user in (manager, other):
        user.mock_policy({"entities": True})
    chosen = [manager.id] if named else []
    await configure(hass, entry, "guests", guest_managers=chosen, guest_phones=[])
    await configure(
        hass,
        entry,
        "behaviour",
        unlock_with="own_key",
        unlock_wait=30,
        relocks_itself=False,
        relock_delay=5,
    )
    for user, may in ((manager, named), (other, False)):
        cloud.calls.clear()
        call = hass.services.async_call(
            DOMAIN,
            "add_temporary_password",
            {"entity_id": LOCK, "name": user.name, "duration": "04:00:00"},
            blocking=True,
            return_response=True,
            context=Context(user_id=user.id),
        )
        if may:
            assert await call
        else:
            with pytest.raises(Unauthorized):
                await call
            assert "POST" not in {one.method for one in cloud.calls}
    assert set(await listed(hass)) == ({"Manager"} if named else set())


@pytest.mark.usefixtures("lock")
async def test_who_is_no_user_any_more_may_nothing(hass: HomeAssistant) -> None:
    with pytest.raises(UnknownUser):
        await hass.services.async_call(
            DOMAIN,
            "get_temporary_passwords",
            {"entity_id": LOCK},
            blocking=True,
            return_response=True,
            context=Context(user_id="nobody"),
        )


@pytest.mark.usefixtures("lock")
async def test_administrators_and_those_who_have_left_are_no_choice(
    hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    left = "a user who has left"
    hass.config_entries.async_update_entry(entry, options={"guest_managers": [left]})
    for chosen in ([left], [hass_admin_user.id]):
        with pytest.raises(InvalidData):
            await configure(hass, entry, "guests", guest_managers=chosen)
    await configure(hass, entry, "guests")
    assert entry.options["guest_managers"] == []


async def test_without_a_project_there_is_nothing_to_configure(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["behaviour", "kind", "check"]


# Which one


@pytest.mark.parametrize("which", ["cleaner  ann", " CLEANER ANN ", " 901 ", "{id}"])
async def test_a_code_is_picked_by_name_number_or_id(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, which: str
) -> None:
    made = await add(hass, "Cleaner Ann")
    await add(hass, "Plumber")
    await fetch(cloud, lock)
    changed = await act(
        hass, "modify_temporary_password", which=which.format(id=made["id"]), end=hours(9)
    )
    assert (changed["name"], changed["number"]) == ("Cleaner Ann", 901)
    # Nobody knows the digits, so there are new ones.
    await fetch(cloud, lock)
    assert not await lock.type_code(made["code"])
    assert await lock.type_code(changed["code"])


@pytest.mark.usefixtures("lock")
async def test_an_error_lists_the_names_there_are(hass: HomeAssistant) -> None:
    for name in ("Ann", "Bob", "Cem"):
        await add(hass, name)
    await act(hass, "delete_temporary_password", which="Cem")
    with pytest.raises(ServiceValidationError, match="Choose one of these: Ann, Bob"):
        await act(hass, "modify_temporary_password", which="Dan")
    for number in range(7):
        await add(hass, f"Guest {number}")
    with pytest.raises(ServiceValidationError, match="Ann, Bob, Cem, Guest 0"):
        await add(hass, "One too many")


@pytest.mark.usefixtures("lock")
async def test_new_digits_are_not_lost(hass: HomeAssistant) -> None:
    await add(hass, "Ann")
    data = {"entity_id": LOCK, "which": "Ann", "end": hours(9)}
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "modify_temporary_password", data, blocking=True)
    assert refused.value.translation_key == "new_digits_lost"


# Times


@pytest.mark.parametrize(
    ("zone", "start", "end", "seconds"),
    [
        # The nights in which the clocks change: an hour is missing, or comes twice.
        ("Europe/Berlin", "2027-03-27 22:00", "2027-03-28 10:00", 11 * 3600),
        ("Europe/Berlin", "2027-10-30 22:00", "2027-10-31 10:00", 13 * 3600),
        ("America/New_York", "2027-03-13 22:00", "2027-03-14 10:00", 11 * 3600),
        ("America/New_York", "2027-11-06 22:00", "2027-11-07 10:00", 13 * 3600),
    ],
)
async def test_a_code_has_the_local_times_that_were_entered(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    zone: str,
    start: str,
    end: str,
    seconds: int,
) -> None:
    await hass.config.async_set_time_zone(zone)
    made = await add(hass, start=start, end=end)
    (row,) = cloud.rows(lock.device_id)
    assert row.invalid_time - row.effective_time == seconds
    for told, meant in ((made["start"], start), (made["end"], end)):
        at = dt_util.parse_datetime(told, raise_on_error=True)
        assert f"{at:%Y-%m-%d %H:%M}" == meant
        assert at.utcoffset() == at.astimezone(dt_util.get_default_time_zone()).utcoffset()


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        # It does not exist in that night, and comes twice in the other one.
        ("2027-03-28 02:30", "2027-03-28T03:30:00+02:00"),
        ("2027-10-31 02:30", "2027-10-31T02:30:00+02:00"),
    ],
)
@pytest.mark.usefixtures("lock")
async def test_a_time_in_the_night_in_which_the_clocks_change(
    hass: HomeAssistant, entered: str, told: str
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    made = await add(hass, end=entered)
    assert made["end"] == told


async def test_an_owner_in_berlin_may_say_so_to_a_home_assistant_in_utc(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await hass.config.async_set_time_zone("UTC")
    made = await act(
        hass,
        "add_temporary_password",
        name="Ann",
        start="2027-07-01T16:00+02:00",
        duration={"days": 1, "hours": 2},
    )
    assert made["start"] == "2027-07-01T14:00:00+00:00"
    assert made["end"] == "2027-07-02T16:00:00+00:00"
    (row,) = cloud.rows(lock.device_id)
    assert row.invalid_time - row.effective_time == 26 * 3600


@pytest.mark.parametrize("off", [3600, -3600])
async def test_a_lock_with_a_wrong_clock_gets_the_times_that_were_meant(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    off: float,
) -> None:
    simulated_lock.knobs.record_times = True
    await set_up_awake(hass, entry, simulated_lock)
    made = await add(hass, "Ann", start=hours(-1.5), end=hours(1.5))
    simulated_lock.knobs.clock_offset = off
    await fetch(cloud, simulated_lock)
    (row,) = cloud.rows(simulated_lock.device_id)
    for told, sent in ((made["start"], row.effective_time), (made["end"], row.invalid_time)):
        assert dt_util.parse_datetime(told, raise_on_error=True).timestamp() == sent
    assert await simulated_lock.type_code(made["code"])
    await reported(hass, simulated_lock)
    assert state(hass, UNLOCK).attributes["password_name"] == "Ann"


@pytest.mark.parametrize(
    ("now", "phase", "status"),
    [
        (
            "2027-03-01T08:00Z",
            "early",
            "From Friday 9:00 AM to Sunday 2027-08-01 12:00 PM, {weekly}",
        ),
        ("2027-03-05T08:00Z", "active", "Active {weekly}, until Sunday 2027-08-01 12:00 PM"),
    ],
)
async def test_a_weekly_code_in_words(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    freezer: FrozenDateTimeFactory,
    now: str,
    phase: str,
    status: str,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to("2027-03-01T08:00Z")
    made = await add(hass, "Cleaner", start="2027-03-05 09:00", end="2027-08-01 12:00", **CLEANER)
    assert made["weekly"] == CLEANER
    assert made["status"] == "Waits for the lock: touch the keypad"
    cloud.rows(lock.device_id)[0].phase = 2
    freezer.move_to(now)
    (known,) = (await act(hass, "get_temporary_passwords"))["passwords"]
    assert known["phase"] == phase
    assert known["status"] == status.format(weekly="Tuesday, Friday 9:00 AM to 12:00 PM")
    assert known["weekly"] == CLEANER
    changed = await act(hass, "modify_temporary_password", which="Cleaner", weekdays=[])
    assert changed["weekly"] is None


async def test_an_evening_may_end_at_midnight(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    await add(hass, **CLEANER | {"from": "18:30", "to": "00:00"})
    (row,) = cloud.rows(lock.device_id)
    assert row.schedule
    # Tuesday and Friday, as Tuya counts the bits of a week that begins on Sunday.
    assert (row.schedule.days, row.schedule.start, row.schedule.end) == (36, 1110, 1439)
    assert row.schedule.zone == hass.config.time_zone


# What fails


@pytest.mark.parametrize("kind", ["gone", "quota"])
@pytest.mark.parametrize("step", ["/temp-passwords$", "/password-ticket$", "/temp-password$"])
async def test_a_cloud_that_fails_at_any_step_loses_nothing_and_makes_nothing_twice(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, step: str, kind: str
) -> None:
    await add(hass, "Ann")
    if kind == "gone":
        cloud.drop(step, done=False, times=None)
    else:
        cloud.fail(28841004, path=step, times=None)
    with pytest.raises(HomeAssistantError) as failed:
        await add(hass, "Bob")
    assert failed.value.translation_domain == DOMAIN
    assert [row.name for row in cloud.rows(lock.device_id)] == ["Ann"]
    cloud.recover()
    made = await add(hass, "Bob")
    await fetch(cloud, lock)
    assert await lock.type_code(made["code"])
    assert set(await listed(hass)) == {"Ann", "Bob"}


async def test_a_code_whose_answer_and_list_were_lost_gets_new_digits(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    cloud.drop("/temp-password$", done=True)
    cloud.latency = 0.05
    adding = asyncio.create_task(add(hass, "Ann"))
    await until(lambda: any(call.path.endswith("/temp-password") for call in cloud.calls))
    cloud.fail(500, path="/temp-passwords$", times=None)
    with pytest.raises(HomeAssistantError) as silent:
        await adding
    assert silent.value.translation_key == "cloud_silent"
    cloud.recover()
    cloud.latency = 0.0
    assert len(cloud.rows(lock.device_id)) == 1
    with pytest.raises(ServiceValidationError) as taken:
        await add(hass, "Ann")
    assert taken.value.translation_key == "password_name_taken"
    made = await act(hass, "modify_temporary_password", which="Ann")
    await fetch(cloud, lock)
    assert await lock.type_code(made["code"])
    assert len(cloud.rows(lock.device_id)) == 1


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("action", ["modify", "delete"])
async def test_a_lost_answer_to_a_change_is_repeated_without_harm(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, action: str, done: bool
) -> None:
    await add(hass, "Ann", code=CODE)
    await fetch(cloud, lock)
    data = {"which": "Ann"} | ({"code": OTHER_CODE, "end": hours(9)} if action == "modify" else {})
    cloud.drop("/temp-passwords/", done=done)
    try:
        await act(hass, f"{action}_temporary_password", **data)
    except HomeAssistantError:
        # As the error says, it may have been done or not.
        await act(hass, f"{action}_temporary_password", **data)
    await fetch(cloud, lock)
    assert not await lock.type_code(CODE)
    assert await lock.type_code(OTHER_CODE) is (action == "modify")
    assert len(cloud.rows(lock.device_id)) == (action == "modify")


@pytest.mark.usefixtures("lock")
async def test_a_code_that_the_lock_never_fetches_waits_until_it_ends_by_itself(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await add(hass, "Ann", end=hours(2))
    freezer.tick(3600)
    answer = await act(hass, "get_temporary_passwords")
    assert [one["status"] for one in answer["passwords"]] == [
        "Waits for the lock: touch the keypad"
    ]
    freezer.tick(3600)
    answer = await act(hass, "get_temporary_passwords")
    assert (answer["passwords"], answer["room"]) == ([], 10)
    await add(hass, "Ann")


# A guest arrives


async def test_a_guest_arrives(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    simulated_lock: SimulatedLock,
    runs: Runs,
) -> None:
    simulated_lock.knobs.record_times, simulated_lock.knobs.clock_offset = True, -10
    await set_up_awake(hass, entry, simulated_lock)
    at_lock = {"entity_id": LOCK}
    runs.add("guest_arrived", at_lock, name="anyone")
    runs.add("guest_arrived", at_lock, {"guests": [" ANN "]}, "ann")
    runs.add("guest_arrived", at_lock, {"guests": ["Bob", "Cem"]}, "bob")
    runs.add("guest_arrived", at_lock, {"first_use": True}, "first")
    await runs.arm()
    codes = [(await add(hass, name, start=hours(-1)))["code"] for name in ("Ann", "Bob")]
    await fetch(cloud, simulated_lock)
    arrived = []

    async def opens(code: str) -> None:
        before = len(runs.names)
        # Two unlocks in one second would be one record.
        simulated_lock.knobs.clock_offset += 2
        assert await simulated_lock.type_code(code)
        await reported(hass, simulated_lock)
        # It may wait until the cloud has said whose code it was.
        await wait_for(hass, lambda: "anyone" in runs.names[before:])
        arrived.append(sorted(runs.names[before:]))

    await opens(codes[0])
    await opens(codes[0])
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await opens(codes[0])
    await opens(codes[1])
    assert arrived == [
        ["ann", "anyone", "first"],
        ["ann", "anyone"],
        ["ann", "anyone"],
        ["anyone", "bob", "first"],
    ]
