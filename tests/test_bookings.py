"""Guest codes for the bookings of a calendar, which is Home Assistant's own local one."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import count, pairwise
from time import monotonic
from typing import Any

from aiohttp import web
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.tuya_wifi_lock.const import (
    CONF_GUEST_MANAGERS,
    DOMAIN,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.common import CALENDAR, LOCK, pass_time, restart, state
from tests.conftest import setup, wait_for
from tests.guests import act, fetch, listed
from tests.phones import Phone
from tests.portal import BOOKINGS, Portal, Stay, sync
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.cloud.passwords import PasswordRow

type Use = Callable[..., Awaitable[None]]

NOTHING: dict[str, list[Any]] = {"made": [], "changed": [], "deleted": [], "failed": []}


@pytest.fixture
def portal(hass: HomeAssistant, phone: Phone) -> Portal:
    """The calendar of a booking portal, and a phone that hears of its guests."""
    return Portal(hass, "bookings")


def codes(cloud: SimulatedCloud, lock: SimulatedLock) -> dict[str, PasswordRow]:
    """Return the codes that nobody has deleted, by the names of the guests."""
    return {row.name: row for row in cloud.rows(lock.device_id) if row.phase != 3}


async def test_a_booking_is_made_moved_and_cancelled(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    portal: Portal,
    phone: Phone,
) -> None:
    stay = portal.book("Anna")
    assert await portal.sync() == NOTHING | {"made": ["Anna"]}
    row = codes(cloud, lock)["Anna"]
    assert (row.effective_time, row.invalid_time) == (stay.start.timestamp(), stay.end.timestamp())
    assert f"The code for Anna is {row.digits}, from " in phone.messages[-1]
    # Nothing is made twice, nor is the cloud asked: not now, and not after a restart.
    calls = len(cloud.calls)
    assert await sync(hass) == NOTHING
    assert len(cloud.calls) == calls
    await restart(hass, entry)
    assert await sync(hass) == NOTHING
    stay.end += timedelta(days=1)
    assert await portal.sync() == NOTHING | {"changed": ["Anna"]}
    moved = codes(cloud, lock)["Anna"]
    assert (moved.id, moved.invalid_time) == (row.id, stay.end.timestamp())
    assert f"The code for Anna is {moved.digits}, from " in phone.messages[-1]
    portal.stays.clear()
    assert await portal.sync() == NOTHING | {"deleted": ["Anna"]}
    assert await listed(hass) == {"Anna": "deleting"}
    assert "The booking of Anna is canceled" in phone.messages[-1]
    assert await sync(hass) == NOTHING
    assert len(phone.messages) == 3


@pytest.fixture
async def automation(hass: HomeAssistant, lock: SimulatedLock) -> AsyncGenerator[Use]:
    """Make an automation from the blueprint, which ends with the test."""

    async def use(**inputs: Any) -> None:
        blueprint = {"path": f"{DOMAIN}/booking.yaml", "input": {"lock": LOCK, **inputs}}
        config = {"id": "bookings", "alias": "Bookings", "use_blueprint": blueprint}
        assert await async_setup_component(hass, "homeassistant", {})
        assert await async_setup_component(hass, "automation", {"automation": [config]})
        await hass.async_block_till_done()

    yield use
    off = {"entity_id": "automation.bookings"}
    await hass.services.async_call("automation", "turn_off", off, blocking=True)


async def test_the_blueprint_follows_the_calendar(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    portal: Portal,
    phone: Phone,
    automation: Use,
) -> None:
    await portal.publish()
    await automation(calendar=BOOKINGS, phones=[phone.device])
    stay = portal.book("Anna")
    await portal.publish()
    await wait_for(hass, lambda: phone.messages)
    stay.end += timedelta(days=1)
    await portal.publish()
    await wait_for(hass, lambda: len(phone.messages) == 2)
    (row,) = cloud.rows(lock.device_id)
    assert (row.name, row.invalid_time) == ("Anna", stay.end.timestamp())
    assert row.digits in phone.messages[1]


async def test_the_blueprint_reads_the_calendar_of_a_portal_each_hour(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    portal: Portal,
    phone: Phone,
    automation: Use,
    aiohttp_server: Any,
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=portal.file(), status=200 if portal.is_open else 503)

    app = web.Application()
    app.router.add_get("/calendar.ics", answer)
    server = await aiohttp_server(app)
    data = {"calendar_name": "Remote", "url": str(server.make_url("/calendar.ics"))}
    entry = MockConfigEntry(domain="remote_calendar", data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await automation(calendar="calendar.remote")
    portal.book("Anna")
    await pass_time(hass, 3600)
    await wait_for(hass, lambda: phone.messages)
    assert codes(cloud, lock).keys() == {"Anna"}
    # A portal that does not answer has canceled nothing.
    portal.is_open = False
    await pass_time(hass, 2 * 3600)
    assert state(hass, "calendar.remote").state == "unavailable"
    assert codes(cloud, lock).keys() == {"Anna"}
    portal.is_open = True
    portal.stays.clear()
    await pass_time(hass, 3 * 3600)
    await wait_for(hass, lambda: len(phone.messages) == 2)
    assert codes(cloud, lock) == {}


async def test_a_code_is_made_when_the_guest_comes_soon(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    portal.book("Late", 100, 200)
    portal.book("Over", -50, -1)
    portal.book("Not available")
    portal.book("Here", -5, 40)
    # Whose identifier is not its own.
    portal.book("Far", 300, 400, uid=portal.stays[0].uid)
    wanted = {"lead_time": {"days": 4}, "only": "^(?!Not)"}
    assert await portal.sync(**wanted) == NOTHING | {"made": ["Here"]}
    assert await sync(hass, **wanted | {"lead_time": {"days": 5}}) == NOTHING | {"made": ["Late"]}
    # Portals take stays away that have begun, and stays that are far away are still followed.
    portal.stays = portal.stays[:1]
    portal.stays[0].end += timedelta(days=1)
    assert await portal.sync(**wanted) == NOTHING | {"changed": ["Late"]}
    assert codes(cloud, lock).keys() == {"Here", "Late"}


async def test_the_digits_are_those_of_the_booking(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    stay = portal.book("Anna", text="Phone: +49 151 2305-6719")
    portal.book("Ben", text="Phone: 1234")
    wanted = {"digits": r"Phone: ([\d +-]+)"}
    cloud.code_length = 6
    assert await portal.sync(**wanted) == NOTHING | {"made": ["Anna", "Ben"]}
    made = codes(cloud, lock)
    assert made["Anna"].digits == "056719"
    assert made["Ben"].digits in phone.messages[1]
    # A guest with such a code keeps it, and needs no message.
    stay.end += timedelta(days=1)
    assert await portal.sync(**wanted, phones=[]) == NOTHING | {"changed": ["Anna"]}
    assert codes(cloud, lock)["Anna"].digits == "056719"


async def test_what_a_guest_writes_into_a_booking_does_no_harm(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    portal.book("Arabic", text="Phone: 0151 \u0662\u0663\u0660\u0665\u0666\u0667\u0661\u0669")
    portal.book("Trivial", text="Phone: 0151 0000000")
    # Some expressions take the square of the time for a text; this one took 40 s.
    portal.book("Long", text="a" * 100_000)
    began = monotonic()
    made = (await portal.sync(digits=r"(?:.*)Phone: ([\d ]+)"))["made"]
    assert monotonic() - began < 5
    assert made == ["Arabic", "Trivial", "Long"]
    assert codes(cloud, lock)["Arabic"].digits == "3056719"
    assert codes(cloud, lock)["Trivial"].digits != "0000000"


async def test_guests_of_one_name_and_one_stay_in_two_calendars(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    other = Portal(hass, "others")
    first = portal.book("Reserved for somebody", 24, 48)
    portal.book("Reserved for somebody", 48, 72)
    assert (await portal.sync())["made"] == ["Reserved for somebod", "Reserved for someb 2"]
    other.stays = [Stay(first.guest, first.start, first.end, "another")]
    assert await other.sync() == NOTHING
    first.start += timedelta(hours=1)
    assert (await portal.sync())["changed"] == ["Reserved for somebod"]
    other.stays[0].start = first.start
    assert await other.sync() == NOTHING
    # Some portals call an event something else each time.
    first.uid = "something-else"
    assert await portal.sync() == NOTHING
    assert len(codes(cloud, lock)) == 2
    # The stay is still in the other calendar.
    portal.stays.remove(first)
    assert await portal.sync() == NOTHING
    other.stays.clear()
    assert await other.sync() == NOTHING | {"deleted": ["Reserved for somebod"]}


async def test_events_of_one_id_are_told_apart(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    portal.book("Anna", 24, 48, uid="same")
    ben = portal.book("Ben", 72, 96, uid="same")
    assert (await portal.sync())["made"] == ["Anna", "Ben"]
    for _ in range(2):
        assert await sync(hass) == NOTHING
    ben.end += timedelta(days=1)
    assert await portal.sync() == NOTHING | {"changed": ["Ben"]}
    del portal.stays[0]
    assert await portal.sync() == NOTHING | {"deleted": ["Anna"]}


async def test_a_calendar_that_was_removed_and_added_again_has_its_bookings(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    portal.book("Anna")
    portal.book("Ben")
    await portal.sync()
    await portal.remove()
    again = Portal(hass, "bookings")
    again.stays = portal.stays
    assert await again.sync() == NOTHING
    again.stays.pop()
    assert await again.sync() == NOTHING | {"deleted": ["Ben"]}


async def test_a_guest_who_has_left_early_has_no_code(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    stay = portal.book("Anna", -5, 40)
    await portal.sync()
    stay.end = dt_util.utcnow() - timedelta(hours=1)
    assert await portal.sync() == NOTHING | {"deleted": ["Anna"]}
    assert await sync(hass) == NOTHING


async def test_a_code_that_has_another_id_is_still_that_of_its_booking(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    portal.book("Anna")
    await portal.sync()
    cloud.rows(lock.device_id)[0].id += 1_000_000
    portal.stays.clear()
    assert await portal.sync() == NOTHING | {"deleted": ["Anna"]}


def next_change(zone: tzinfo, hours: int) -> date:
    """Return the next day that is longer by some hours, as clocks change."""
    days = (dt_util.utcnow().date() + timedelta(days=number) for number in count(1))
    midnights = (datetime.combine(day, time(), zone) for day in days)
    return next(
        before.date()
        for before, after in pairwise(midnights)
        if after.timestamp() - before.timestamp() == (24 + hours) * 3600
    )


async def test_whole_days_begin_at_check_in_and_end_at_check_out(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    for name, hours in (
        ("Europe/Berlin", -1),
        ("Europe/Berlin", 1),
        ("America/New_York", -1),
        ("America/New_York", 1),
        ("UTC", 0),
    ):
        await hass.config.async_set_time_zone(name)
        zone = dt_util.get_default_time_zone()
        day = next_change(zone, hours)
        guest = f"{name[:15]} {hours}"
        portal.stays = [Stay(guest, day - timedelta(days=1), day, uid=guest)]
        assert (await portal.sync(lead_time={"days": 400}))["made"] == [guest]
        row = codes(cloud, lock)[guest]
        begins = datetime.combine(day - timedelta(days=1), time(15), zone)
        assert row.effective_time == begins.timestamp()
        assert row.invalid_time - row.effective_time == (20 + hours) * 3600


# What goes wrong


async def test_why_it_fails_is_said_in_the_language_of_the_house(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    await hass.config.async_update(language="de")
    await hass.async_block_till_done()
    portal.book("Anna", 24)
    cloud.fail(28841004, times=None)
    (failed,) = (await portal.sync())["failed"]
    assert failed["error"].startswith("Dein Cloud-Projekt hat alle Aufrufe")
    (message,) = phone.messages
    assert message.endswith(
        f": Der Gastcode von Anna entspricht nicht dem Kalender. {failed['error']}"
    )


async def test_what_fails_is_reported_once_and_made_once(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    portal.book("Anna", 24)
    portal.book("Ben", 25)
    cloud.fail(28841004, times=None)
    for _ in range(2):
        (failed,) = (await portal.sync())["failed"]
        assert failed["name"] == "Anna"
        assert failed["error"] in phone.messages[0]
    assert len(phone.messages) == 1
    cloud.recover()
    cloud.drop("/temp-password$", done=True)
    assert (await sync(hass))["made"] == ["Anna", "Ben"]
    assert len(cloud.rows(lock.device_id)) == 2
    cloud.fail(28841004, times=None)
    portal.stays.pop(0)
    assert [one["name"] for one in (await portal.sync())["failed"]] == ["Anna"]
    cloud.recover()
    assert await sync(hass) == NOTHING | {"deleted": ["Anna"]}


async def test_a_booking_that_the_cloud_refuses_does_not_hold_up_the_next_one(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    portal.book("Anna", 24)
    portal.book("Ben", 25)
    cloud.fail(7777, "/temp-password$")
    assert (await portal.sync())["made"] == ["Ben"]
    assert await sync(hass) == NOTHING | {"made": ["Anna"]}
    for number in range(20):
        portal.book(f"Guest {number}", 26)
    cloud.fail(7777, "/temp-password$", times=None)
    # One for each place, and one more.
    assert len((await portal.sync())["failed"]) == 9


async def test_a_calendar_that_is_empty_all_of_a_sudden_is_not_believed(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    stays = [portal.book(guest) for guest in ("Anna", "Ben")]
    await portal.sync()
    portal.stays = []
    for _ in range(2):
        assert [one["name"] for one in (await portal.sync())["failed"]] == ["Anna", "Ben"]
    assert codes(cloud, lock).keys() == {"Anna", "Ben"}
    assert ["mistake" in message for message in phone.messages] == [False, False, True, True]
    portal.stays = stays[1:]
    assert await portal.sync() == NOTHING | {"deleted": ["Anna"]}


async def test_a_list_in_which_a_code_is_missing_makes_no_second_one(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    stay = portal.book("Anna")
    await portal.sync()
    stay.end += timedelta(days=1)
    cloud.garble("/temp-passwords$", text='{"success": true, "t": 0, "result": []}')
    assert "already is a guest code" in (await portal.sync())["failed"][0]["error"]
    assert await sync(hass) == NOTHING | {"changed": ["Anna"]}
    (row,) = cloud.rows(lock.device_id)
    assert row.invalid_time == stay.end.timestamp()
    # Nor is a code kept whose booking is canceled then.
    portal.stays.clear()
    cloud.garble("/temp-passwords$", text='{"success": true, "t": 0, "result": []}')
    assert await portal.sync() == NOTHING
    assert await sync(hass) == NOTHING | {"deleted": ["Anna"]}


async def test_a_crash_while_a_code_is_made_makes_no_second_one(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    portal: Portal,
    phone: Phone,
    hass_storage: dict[str, Any],
) -> None:
    portal.book("Anna")
    await portal.sync()
    assert await hass.config_entries.async_unload(entry.entry_id)
    # What is written before the cloud is asked.
    (stored,) = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["bookings"]
    stored |= {"code": None, "sent": False}
    await setup(hass, entry)
    assert await sync(hass) == NOTHING | {"changed": ["Anna"]}
    (row,) = cloud.rows(lock.device_id)
    assert row.digits in phone.messages[-1]
    # Nor does a store that is lost.
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["bookings"] = []
    await setup(hass, entry)
    assert await sync(hass) == NOTHING
    assert len(cloud.rows(lock.device_id)) == 1


async def test_the_owner_s_hand_is_respected(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal
) -> None:
    stay = portal.book("Anna")
    await portal.sync()
    await act(hass, "delete_temporary_password", which="Anna")
    assert await sync(hass) == NOTHING
    assert codes(cloud, lock) == {}
    stay.end += timedelta(days=1)
    assert await portal.sync() == NOTHING | {"made": ["Anna"]}
    await act(hass, "delete_temporary_password", which="Anna")
    stay.start += timedelta(days=100)
    stay.end += timedelta(days=100)
    assert await portal.sync() == NOTHING
    portal.stays.clear()
    assert await portal.sync() == NOTHING


async def test_the_eleventh_booking_waits_for_a_place(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    for number in range(14):
        portal.book(f"Guest {number}", 24 + number)
    synced = await portal.sync()
    assert len(synced["made"]) == 10
    assert [one["name"] for one in synced["failed"]] == ["Guest 10"]
    assert "room for ten" in phone.messages[-1]
    with pytest.raises(HomeAssistantError, match="Guest 10"):
        await hass.services.async_call(
            DOMAIN,
            "sync_guest_codes",
            {"entity_id": LOCK, "calendar": BOOKINGS},
            blocking=True,
        )
    assert len(phone.messages) == 11
    # However many wait, the cloud is asked once whether there is a place.
    calls = len(cloud.calls)
    await sync(hass)
    assert len(cloud.calls) == calls + 2
    del portal.stays[11:], portal.stays[0]
    assert (await portal.sync())["deleted"] == ["Guest 0"]
    await fetch(cloud, lock)
    assert await sync(hass) == NOTHING | {"made": ["Guest 10"]}


async def test_a_message_that_was_not_sent_is_sent_with_new_digits(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, portal: Portal, phone: Phone
) -> None:
    portal.book("Anna")
    phone.reachable = False
    assert [one["name"] for one in (await portal.sync())["failed"]] == ["Anna"]
    phone.reachable = True
    assert await sync(hass) == NOTHING | {"changed": ["Anna"]}
    (row,) = cloud.rows(lock.device_id)
    assert row.digits in phone.messages[-1]


async def test_nothing_is_done_without_a_calendar_a_phone_or_permission(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    portal: Portal,
    hass_read_only_user: MockUser,
) -> None:
    portal.book("Anna")
    await portal.sync()
    assert await hass.config_entries.async_unload(portal.entry.entry_id)
    for calendar, key in (
        (BOOKINGS, "calendar_not_available"),
        (CALENDAR, "calendar_of_guests"),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await sync(hass, calendar=calendar)
        assert refused.value.translation_key == key
    assert codes(cloud, lock).keys() == {"Anna"}
    managers = {**entry.options, CONF_GUEST_MANAGERS: [hass_read_only_user.id]}
    for options, policy in (
        (entry.options, {"entities": True}),
        (managers, {"entities": {"entity_ids": {LOCK: True}}}),
    ):
        hass.config_entries.async_update_entry(entry, options=options)
        hass_read_only_user.mock_policy(policy)
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN,
                "sync_guest_codes",
                {"entity_id": LOCK, "calendar": BOOKINGS},
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
            )
    hass.config_entries.async_update_entry(entry, options={})
    portal.book("Ben", text="Phone 01304267")
    (failed,) = (await portal.sync())["failed"]
    assert "Select phones" in failed["error"]
    assert await sync(hass, digits=r"\d+") == NOTHING | {"made": ["Ben"]}
