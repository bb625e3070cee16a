"""Temporary passwords by way of the simulated cloud, on real sockets."""

from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
import json
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
import pytest

from custom_components.tuya_wifi_lock.tuyalock import REGIONS, CloudClient, OpenApi, Project
from custom_components.tuya_wifi_lock.tuyalock.access.passwords import TemporaryPasswords
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CloudRefused,
    CloudSilent,
    Mistake,
    PasswordRefused,
)
from custom_components.tuya_wifi_lock.tuyalock.models import PasswordPhase, Weekly
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud

from ..house import MovableClock
from .test_passwords import name_of

pytestmark = pytest.mark.usefixtures("socket_enabled")

HOUR = 3600
CODES = [f"73918{number:02}" for number in range(20)]


@dataclass
class Home:
    """A lock in an account, and its passwords as Home Assistant and the app see them."""

    simulated: SimulatedCloud
    lock: SimulatedLock
    clock: MovableClock
    passwords: TemporaryPasswords
    app: TemporaryPasswords

    async def add(self, name: str, code: str, **changes: Any) -> None:
        now = self.clock.time()
        values: dict[str, Any] = {"start": now - HOUR, "end": now + HOUR, "once": False}
        await self.passwords.add(name, code=code, **values | changes)

    def move_to(self, moment: str, zone: str) -> float:
        """It is some local time; return it in Unix seconds."""
        at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp()
        self.clock.move(at - self.clock.time())
        return at

    async def wake(self) -> None:
        """The lock wakes, fetches its passwords, and falls asleep."""
        await self.lock.wake()
        await self.lock.sync()
        await self.lock.sleep()
        await self.passwords.refresh()

    @property
    def phases(self) -> dict[str, PasswordPhase]:
        return {one.name: one.phase for one in self.passwords.valid(self.clock.time())}

    def posts(self) -> int:
        """How often the cloud was asked to add a password."""
        return sum(call.path.endswith("/temp-password") for call in self.simulated.calls)


@pytest.fixture(name="home")
async def home_fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Home]:
    """Open a home whose lock sleeps."""
    clock = MovableClock()
    lock = SimulatedLock(knobs=Knobs(announce=False), now=clock.time)
    async with SimulatedCloud(now=clock.time) as simulated, lock, ClientSession() as session:
        simulated.join(lock)
        monkeypatch.setitem(REGIONS, "eu", simulated.url)
        project = Project("eu", simulated.access_id, simulated.access_secret)
        ours, app = (
            TemporaryPasswords(CloudClient(OpenApi(session, project, clock), lock.device_id), clock)
            for _ in range(2)
        )
        yield Home(simulated, lock, clock, ours, app)


async def test_a_password_that_cannot_be_read_any_more_is_still_there(home: Home) -> None:
    await home.add("Anna", CODES[0])
    (row,) = home.simulated.rows(home.lock.device_id)
    for broken in ({"phase": None}, {"schedule_list": [{"working_day": 2}]}, {"name": 5}):
        answer = {"success": True, "t": 0, "result": [row.answer() | broken]}
        home.simulated.garble("/temp-passwords$", text=json.dumps(answer))
        await home.passwords.refresh()
        assert home.phases == {"Anna": PasswordPhase.WAITING}
    home.simulated.garble("/temp-passwords$", text='{"success": true, "t": 0, "result": []}')
    await home.passwords.refresh()
    assert home.phases == {}


async def test_eight_less_two_and_five_as_the_vendor_tells_it(home: Home) -> None:
    for number in range(8):
        await home.add(f"P{number}", CODES[number])
    await home.wake()
    for number in range(2):
        await home.passwords.delete(f"P{number}")
    refused = []
    for number in range(8, 13):
        try:
            await home.add(f"P{number}", CODES[number])
        except PasswordRefused as error:
            refused.append((number, error.mistake))
            break
    assert refused == [(10, Mistake.BOOK_FULL)]
    await home.wake()
    for number in range(10, 13):
        try:
            await home.add(f"P{number}", CODES[number])
        except PasswordRefused as error:
            refused.append((number, error.mistake))
    assert refused == [(10, Mistake.BOOK_FULL), (12, Mistake.BOOK_FULL)]
    assert home.posts() == 12
    assert home.phases == {
        **{f"P{number}": PasswordPhase.ACTIVE for number in range(2, 10)},
        "P10": PasswordPhase.WAITING,
        "P11": PasswordPhase.WAITING,
    }


async def test_a_guest_opens_under_his_name_and_not_before_the_lock_has_the_password(
    home: Home,
) -> None:
    await home.add("Guest", CODES[0])
    home.lock.knobs.sync_after = HOUR
    assert not await home.lock.type_code(CODES[0])
    await home.wake()
    assert home.phases == {"Guest": PasswordPhase.ACTIVE}
    assert await home.lock.type_code(CODES[0])
    number = home.lock.dps["3"]
    assert number == 901
    for told in (number, number - 900):
        assert name_of(home.passwords, told, home.clock.time()) == "Guest"


async def test_a_deleted_password_opens_until_the_lock_has_woken(home: Home) -> None:
    await home.add("Guest", CODES[0])
    await home.wake()
    await home.passwords.delete("Guest")
    home.lock.knobs.sync_after = HOUR
    assert await home.lock.type_code(CODES[0])
    await home.lock.sleep()
    assert home.phases == {"Guest": PasswordPhase.DELETING}
    await home.wake()
    assert home.phases == {}
    assert not home.passwords.unsettled
    assert not await home.lock.type_code(CODES[0])


async def test_a_changed_password_keeps_its_number_and_counts_its_edits(home: Home) -> None:
    await home.add("Guest", CODES[0])
    await home.wake()
    await home.passwords.modify(901, name="Aunt", code=CODES[1])
    assert home.phases == {"Aunt": PasswordPhase.WAITING}
    await home.wake()
    found = home.passwords.find("Aunt")
    assert (found.phase, found.number, found.edit) == (PasswordPhase.ACTIVE, 901, 2)
    assert not await home.lock.type_code(CODES[0])
    assert await home.lock.type_code(CODES[1])


async def test_who_had_a_slot_is_known_after_another_got_it(home: Home) -> None:
    await home.add("Guest", CODES[0])
    await home.wake()
    guest_at = home.clock.time()
    home.clock.move(60)
    await home.passwords.delete("Guest")
    await home.wake()
    await home.add("Cleaner", CODES[1])
    home.clock.move(60)
    await home.wake()
    assert home.passwords.find("Cleaner").number == 901
    assert name_of(home.passwords, 901, guest_at) == "Guest"
    assert name_of(home.passwords, 901, home.clock.time()) == "Cleaner"


async def test_what_the_app_does_is_seen(home: Home) -> None:
    now = home.clock.time()
    for number in range(10):
        await home.app.add(f"P{number}", now, now + HOUR, once=False, code=CODES[number])
    with pytest.raises(PasswordRefused) as refused:
        await home.add("Guest", CODES[10])
    assert refused.value.mistake is Mistake.BOOK_FULL
    assert home.posts() == 10
    await home.wake()
    await home.passwords.delete("P3")
    await home.app.delete(905)
    await home.wake()
    await home.add("Guest", CODES[10])
    assert sorted(home.phases) == sorted(
        ["Guest", *(f"P{number}" for number in range(10) if number not in {3, 4})]
    )


async def test_the_same_digits_twice_are_the_cloud_s_to_refuse(home: Home) -> None:
    await home.add("Guest", CODES[0])
    with pytest.raises(CloudRefused):
        await home.add("Aunt", CODES[0])
    assert home.phases == {"Guest": PasswordPhase.WAITING}


@pytest.mark.parametrize("done", [True, False])
async def test_a_lost_answer_leaves_no_doubt_if_the_list_has_none(home: Home, done: bool) -> None:
    await home.add("Guest", CODES[0])
    home.simulated.drop("/temp-password$", done=done)
    with pytest.raises(CloudSilent) if not done else nullcontext():
        await home.add("Aunt", CODES[1])
    assert ("Aunt" in home.phases) is done
    assert home.posts() == 2
    await home.wake()
    assert await home.lock.type_code(CODES[1]) is done


async def test_passwords_end_by_themselves(home: Home) -> None:
    await home.add("Guest", CODES[0])
    await home.wake()
    home.clock.move(2 * HOUR)
    assert home.phases == {}
    await home.passwords.refresh()
    assert not home.passwords.unsettled
    await home.add("Guest", CODES[0])
    assert home.phases == {"Guest": PasswordPhase.WAITING}


# Weekly codes

TUESDAYS = Weekly(days=frozenset({1}), start=9 * 60, end=12 * 60)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
async def test_a_weekly_code_opens_in_its_hours_in_winter_and_in_summer(
    home: Home, zone: str
) -> None:
    # Clocks change on 14 March in New York and on 28 March in Berlin.
    start = home.move_to("2027-03-01 00:00", zone)
    weekly = replace(TUESDAYS, time_zone=zone)
    await home.add("Cleaner", CODES[0], start=start, end=start + 60 * 86400, weekly=weekly)
    await home.wake()
    for moment, opens in {
        "2027-03-02 08:59": False,
        "2027-03-02 09:00": True,
        "2027-03-02 11:59": True,
        "2027-03-02 12:00": False,
        "2027-03-03 10:00": False,
        "2027-03-30 08:59": False,
        "2027-03-30 09:00": True,
        "2027-03-30 12:00": False,
    }.items():
        home.move_to(moment, zone)
        assert await home.lock.type_code(CODES[0]) is opens, moment
    assert home.passwords.find("Cleaner").weekly == weekly


async def test_a_schedule_stays_is_changed_and_ends(home: Home) -> None:
    zone = "Europe/Berlin"
    start = home.move_to("2027-03-01 00:00", zone)
    weekly = replace(TUESDAYS, time_zone=zone)
    await home.add("Cleaner", CODES[0], start=start, end=start + 60 * 86400, weekly=weekly)
    changed, code = await home.passwords.modify("Cleaner", end=start + 50 * 86400)
    assert (changed.weekly, len(code)) == (weekly, 7)
    fridays = replace(weekly, days=frozenset({4}))
    await home.passwords.modify("Cleaner", weekly=fridays, code=CODES[0])
    await home.wake()
    home.move_to("2027-03-02 10:00", zone)
    assert not await home.lock.type_code(CODES[0])
    home.move_to("2027-03-05 10:00", zone)
    assert await home.lock.type_code(CODES[0])
    changed, _ = await home.passwords.modify("Cleaner", weekly=False, code=CODES[0])
    assert changed.weekly is None
    await home.wake()
    assert home.passwords.find("Cleaner").weekly is None
    home.move_to("2027-03-06 10:00", zone)
    assert await home.lock.type_code(CODES[0])


@pytest.mark.parametrize(
    "weekly",
    [
        replace(TUESDAYS, days=frozenset()),
        replace(TUESDAYS, end=TUESDAYS.start),
        replace(TUESDAYS, start=22 * 60),
    ],
)
async def test_a_schedule_needs_days_and_an_end_on_the_same_day(home: Home, weekly: Weekly) -> None:
    with pytest.raises(PasswordRefused) as refused:
        await home.add("Cleaner", CODES[0], weekly=weekly)
    assert refused.value.mistake is Mistake.BAD_WEEKLY
    assert home.posts() == 0


# Answers that are lost


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("changes", [{"end": 7200.0}, {}])
async def test_a_change_is_found_though_its_answer_was_lost(
    home: Home, changes: dict[str, float], done: bool
) -> None:
    await home.add("Guest", CODES[0])
    await home.wake()
    now = int(home.clock.time())
    home.simulated.drop("/modify-password$", done=done)
    with pytest.raises(CloudSilent) if not done else nullcontext():
        await home.passwords.modify(
            "Guest", code=CODES[1], **{key: now + value for key, value in changes.items()}
        )
    await home.wake()
    assert await home.lock.type_code(CODES[1]) is done
    assert len(home.phases) == 1


async def test_a_code_that_failed_is_there_again_though_the_answer_to_its_change_was_lost(
    home: Home,
) -> None:
    await home.add("Guest", CODES[0])
    (row,) = home.simulated.rows(home.lock.device_id)
    row.phase = 7
    await home.passwords.refresh()
    assert home.phases == {}
    home.simulated.drop("/modify-password$", done=True)
    await home.passwords.modify("Guest", code=CODES[1])
    assert home.phases == {"Guest": PasswordPhase.WAITING}


async def test_a_silence_about_new_digits_of_a_code_that_waits_stays_a_silence(home: Home) -> None:
    await home.add("Guest", CODES[0])
    home.simulated.drop("/modify-password$", done=True)
    # The list shows no digits.
    with pytest.raises(CloudSilent):
        await home.passwords.modify("Guest", code=CODES[1])
    await home.passwords.modify("Guest", code=CODES[1])
    await home.wake()
    assert await home.lock.type_code(CODES[1])
    assert len(home.phases) == 1


async def test_a_guest_is_named_though_the_clock_of_the_lock_is_an_hour_behind(home: Home) -> None:
    await home.add("Guest", CODES[0], start=home.clock.time())
    await home.wake()
    assert name_of(home.passwords, 901, home.clock.time() - HOUR) == "Guest"
    assert name_of(home.passwords, 901, home.clock.time() - 2 * HOUR) is None
