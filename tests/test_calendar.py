"""The calendar of a lock: its guest codes as events, and what people do with them there."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.tuya_wifi_lock.const import (
    CONF_GUEST_MANAGERS,
    DOMAIN,
)
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
from tests.common import CALENDAR, LOCK, pass_time, state, until
from tests.guests import CODE, act, add, fetch, hours
from tests.phones import Phone
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

type Json = dict[str, Any]


class Browser:
    """The calendar as the frontend uses it, for one user."""

    def __init__(self, client: Any, user: MockUser) -> None:
        """Take what is signed in."""
        self._client, self.user = client, user

    async def _do(self, what: str, **fields: Any) -> str:
        """Send a command, and return the error that is shown, if there is one."""
        command = {"type": f"calendar/event/{what}", "entity_id": CALENDAR, **fields}
        await self._client.send_json_auto_id(command)
        answer = await self._client.receive_json()
        return "" if answer["success"] else str(answer["error"]["message"])

    async def create(self, name: str, start: str, end: str, **more: Any) -> str:
        """Fill in the form of a new event."""
        return await self._do("create", event=event(name, start, end, **more))

    async def update(self, old: Json, **fields: Any) -> str:
        """Change an event."""
        ids = {key: fields.pop(key) for key in ("recurrence_range",) if key in fields}
        if old.get("recurrence_id"):
            ids["recurrence_id"] = old["recurrence_id"]
        kept = {
            "summary": old["summary"],
            "dtstart": old["start"]["dateTime"][:19],
            "dtend": old["end"]["dateTime"][:19],
        } | ({"rrule": old["rrule"]} if old["rrule"] else {})
        return await self._do("update", uid=old["uid"], event=kept | fields, **ids)

    async def delete(self, old: Json, **fields: Any) -> str:
        """Delete an event."""
        return await self._do("delete", uid=old["uid"], **fields)


def event(name: str, start: str, end: str, **more: Any) -> Json:
    """Return an event as the frontend sends it."""
    return {"summary": name, "dtstart": start, "dtend": end, **more}


@pytest.fixture
async def admin(
    hass: HomeAssistant,
    lock: SimulatedLock,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> Browser:
    """An administrator."""
    return Browser(await hass_ws_client(), hass_admin_user)


@pytest.fixture
async def guest_manager(
    hass: HomeAssistant, lock: SimulatedLock, hass_ws_client: WebSocketGenerator
) -> Browser:
    """A user without administrator rights."""
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    assert group
    user = MockUser(groups=[group], name="Manager").add_to_hass(hass)
    token = await hass.auth.async_create_refresh_token(user, "https://example.com/")
    access = hass.auth.async_create_access_token(token)
    return Browser(await hass_ws_client(access_token=access), user)


@pytest.fixture
async def http(hass: HomeAssistant, hass_client: Any) -> Any:
    """Read the calendar as the frontend does."""
    client = await hass_client()

    async def events(start: str = "2020-01-01T00:00:00Z", end: str = "2040-01-01T00:00:00Z") -> Any:
        answer = await client.get(f"/api/calendars/{CALENDAR}", params={"start": start, "end": end})
        assert answer.status == 200
        return await answer.json()

    return events


def at(days: float, hour: int = 12) -> str:
    """Return a local time in some days, as the frontend sends it."""
    moment = dt_util.now() + timedelta(days=days)
    return moment.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None).isoformat()


def digits(phone: Phone) -> str:
    """Return the digits of the last message."""
    return phone.messages[-1].partition(" is ")[2].partition(",")[0]


async def test_an_event_is_a_code_and_its_digits_are_on_the_phone_alone(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    phone: Phone,
    admin: Browser,
    http: Any,
) -> None:
    assert state(hass, CALENDAR).state == "off"
    start, end = at(-1), at(2, 11)
    assert await admin.create("Anna", start, end) == ""
    (row,) = cloud.rows(lock.device_id)
    zone = dt_util.get_default_time_zone()
    times = (row.effective_time, row.invalid_time)
    assert times == tuple(
        datetime.fromisoformat(one).replace(tzinfo=zone).timestamp() for one in (start, end)
    )
    (message,) = phone.messages
    assert message.startswith(f"Wi-Fi lock 0001: The code for Anna is {row.digits}, from ")
    (shown,) = await http()
    assert shown["summary"] == "Anna"
    assert shown["uid"] == str(row.id)
    assert shown["description"] == "Waits for the lock: touch the keypad"
    assert state(hass, CALENDAR).state == "on"
    assert state(hass, CALENDAR).attributes["message"] == "Anna"
    assert row.digits not in str(shown) + str(state(hass, CALENDAR).attributes)
    await fetch(cloud, lock)
    await act(hass, "get_temporary_passwords")
    (shown,) = await http()
    assert shown["description"].startswith("Active until ")


async def test_a_moved_event_is_the_same_code_with_new_digits(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    phone: Phone,
    admin: Browser,
    http: Any,
) -> None:
    await add(hass, "Anna", code=CODE, end=hours(50))
    await fetch(cloud, lock)
    (shown,) = await http()
    assert await admin.update(shown, dtend=at(4)) == ""
    (row,) = cloud.rows(lock.device_id)
    assert str(row.id) == shown["uid"]
    assert digits(phone) == row.digits != CODE
    # What nobody has changed is no reason for new digits.
    (shown,) = await http()
    assert await admin.update(shown) == ""
    assert len(phone.messages) == 1
    assert await admin.update(shown, summary="Anna and Ben") == ""
    assert [one.name for one in cloud.rows(lock.device_id)] == ["Anna and Ben"]


async def test_a_change_soon_after_the_code_was_made_keeps_its_digits(
    cloud: SimulatedCloud, lock: SimulatedLock, phone: Phone, admin: Browser, http: Any
) -> None:
    await admin.create("Anna", at(1), at(2))
    first = digits(phone)
    (shown,) = await http()
    assert await admin.update(shown, dtend=at(3)) == ""
    assert digits(phone) == first == cloud.rows(lock.device_id)[0].digits


async def test_a_deleted_event_is_a_deleted_code(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    phone: Phone,
    admin: Browser,
    http: Any,
) -> None:
    await admin.create("Anna", at(1), at(2))
    await fetch(cloud, lock)
    (shown,) = await http()
    assert await admin.delete(shown) == ""
    (shown,) = await http()
    assert shown["description"].startswith("Being deleted")
    await lock.sleep()
    await lock.wake()
    await until(lambda: not cloud.rows(lock.device_id))
    await act(hass, "get_temporary_passwords")
    assert await http() == []
    assert "Reload the calendar" in await admin.update(shown, dtend=at(3))


NIGHTS = (
    ("Europe/Berlin", "2030-03-30T22:00:00", "2030-03-31T10:00:00", 11),
    ("Europe/Berlin", "2030-10-26T22:00:00", "2030-10-27T10:00:00", 13),
    ("America/New_York", "2030-03-09T22:00:00", "2030-03-10T10:00:00", 11),
    ("America/New_York", "2030-11-02T22:00:00", "2030-11-03T10:00:00", 13),
    ("Europe/Berlin", "2030-03-31", "2030-04-01", 23),
    ("America/New_York", "2030-11-03", "2030-11-04", 25),
    # Somebody in Berlin whose Home Assistant is in UTC: the browser enters 22:00 as 21:00.
    ("UTC", "2030-03-30T21:00:00", "2030-03-31T08:00:00", 11),
)


async def test_the_nights_on_which_clocks_change(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, admin: Browser, http: Any
) -> None:
    for number, (zone, start, end, length) in enumerate(NIGHTS):
        await hass.config.async_set_time_zone(zone)
        assert await admin.create(f"Guest {number}", start, end) == ""
        row = cloud.rows(lock.device_id)[number]
        begins = datetime.fromisoformat(start).replace(tzinfo=dt_util.get_default_time_zone())
        assert row.effective_time == begins.timestamp()
        assert row.invalid_time - row.effective_time == length * 3600
        (shown,) = [one for one in await http() if one["uid"] == str(row.id)]
        assert dt_util.parse_datetime(shown["start"]["dateTime"]) == begins


async def test_a_weekly_code_repeats(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    phone: Phone,
    admin: Browser,
    http: Any,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    # The clocks change on Sunday, 31 March 2030.
    rule = "FREQ=WEEKLY;BYDAY=TU,SU;COUNT=4"
    times = ("2030-03-26T09:00:00", "2030-03-26T12:00:00")
    assert await admin.create("Cleaner", *times, rrule=rule) == ""
    visits = await http()
    assert [one["start"]["dateTime"] for one in visits] == [
        "2030-03-26T09:00:00+01:00",
        "2030-03-31T09:00:00+02:00",
        "2030-04-02T09:00:00+02:00",
        "2030-04-07T09:00:00+02:00",
    ]
    assert {one["uid"] for one in visits} == {str(cloud.rows(lock.device_id)[0].id)}
    assert "Tuesday, Sunday 09:00 to 12:00" in phone.messages[0].replace(
        "9:00 AM", "09:00"
    ).replace("12:00 PM", "12:00")
    refused = await admin.update(visits[0], dtend="2030-03-26T13:00:00")
    assert "All visits of a weekly guest code" in refused
    future = {"recurrence_range": "THISANDFUTURE"}
    refused = await admin.delete(visits[1], recurrence_id=visits[1]["recurrence_id"], **future)
    assert "cannot be split" in refused
    assert await admin.update(visits[0], dtend="2030-03-26T13:00:00", **future) == ""
    visits = await http()
    assert visits[3]["end"]["dateTime"] == "2030-04-07T13:00:00+02:00"
    first = visits[0]
    assert await admin.update(first, **future) == ""
    assert len(phone.messages) == 2
    assert await admin.delete(first, recurrence_id=first["recurrence_id"], **future) == ""
    assert {one["description"][:13] for one in await http()} == {"Being deleted"}


async def test_how_a_code_can_repeat(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, admin: Browser, http: Any
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    start, noon = "2030-03-26T09:00:00", "2030-03-26T12:00:00"
    for rule, end, visits in (
        ("FREQ=DAILY;UNTIL=20300328", noon, 3),
        ("FREQ=WEEKLY;UNTIL=20300409T065959Z", noon, 3),
        ("FREQ=WEEKLY", noon, 53),
        ("FREQ=DAILY;COUNT=2", "2030-03-27T00:00:00", 2),
        ("FREQ=WEEKLY;COUNT=4;BYDAY=MO,TU,FR", noon, 4),
    ):
        assert await admin.create(rule[:20], start, end, rrule=rule) == ""
        assert len([one for one in await http() if one["summary"] == rule[:20]]) == visits
    for rule, end, words in (
        ("FREQ=MONTHLY", noon, "every day or every week"),
        ("FREQ=WEEKLY;INTERVAL=2", noon, "every day or every week"),
        ("FREQ=WEEKLY;BYDAY=1TU", noon, "every day or every week"),
        ("FREQ=WEEKLY", "2030-03-27T12:00:00", "later on the same day"),
        ("FREQ=WEEKLY;COUNT=9999999999", noon, "from 1970 to 2105"),
        ("FREQ=WEEKLY;BYDAY=TH;UNTIL=00010101", noon, "from 1970 to 2105"),
        ("FREQ=WEEKLY;UNTIL=2031-01-01", noon, "from 1970 to 2105"),
    ):
        assert words in await admin.create("Cleaner", start, end, rrule=rule)
    assert len(cloud.rows(lock.device_id)) == 5


# Who may


async def test_only_those_whom_the_owner_names_change_the_calendar(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    guest_manager: Browser,
    http: Any,
) -> None:
    await add(hass, "Anna")
    (shown,) = await http()
    refusals = [
        await guest_manager.create("Ben", at(1), at(2)),
        await guest_manager.update(shown, dtend=at(3)),
        await guest_manager.delete(shown),
    ]
    assert {one[:27] for one in refusals} == {"You are not allowed to mana"}
    context = Context(user_id=guest_manager.user.id)
    with pytest.raises(ServiceValidationError) as refused:
        await create_by_action(hass, context)
    assert refused.value.translation_key == "no_guest_manager"
    assert [(row.name, row.edit) for row in cloud.rows(lock.device_id)] == [("Anna", 1)]
    options = {CONF_GUEST_MANAGERS: [guest_manager.user.id]}
    hass.config_entries.async_update_entry(entry, options=options)
    assert await guest_manager.create("Ben", at(1), at(2)) == ""
    await create_by_action(hass, context)
    # An administrator's call that ran a moment ago lends nothing to anybody.
    hass.config_entries.async_update_entry(entry, options={})
    assert "not allowed" in await guest_manager.create("Carl", at(1), at(2))


async def create_by_action(
    hass: HomeAssistant, context: Context | None = None, name: str = "Dora"
) -> None:
    """Make an event with the action of the calendar."""
    fields = {"summary": name, "start_date_time": at(3), "end_date_time": at(4)}
    await hass.services.async_call(
        "calendar",
        "create_event",
        {"entity_id": CALENDAR, **fields},
        blocking=True,
        context=context,
    )


async def test_whoever_comes_another_way_is_refused(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock
) -> None:
    entity: Any = hass.data["calendar"].get_entity(CALENDAR)
    moment = dt_util.now()
    with pytest.raises(ServiceValidationError) as refused:
        await entity.async_create_event(
            summary="Eve", dtstart=moment, dtend=moment + timedelta(hours=1)
        )
    assert refused.value.translation_key == "no_guest_manager"
    assert cloud.rows(lock.device_id) == []


# The digits


async def test_the_maker_gets_the_digits_once(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    admin: Browser,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    hass_read_only_user.mock_policy({"entities": True})
    other = MockUser(is_owner=True).add_to_hass(hass)
    assert await admin.create("Anna", at(1), at(2)) == ""

    async def get(user: MockUser | None, which: str = "anna") -> str:
        answer: Any = await hass.services.async_call(
            DOMAIN,
            "get_new_code",
            {"entity_id": LOCK, "which": which},
            blocking=True,
            return_response=True,
            context=Context(user_id=user.id if user else None),
        )
        return str(answer[LOCK]["code"])

    for stranger in (other, None):
        with pytest.raises(ServiceValidationError, match="There are no new digits"):
            await get(stranger)
    with pytest.raises(Unauthorized):
        await get(hass_read_only_user)
    # Whoever controls the lock and manages no codes is not even told the names of guests.
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    assert group
    with pytest.raises(Unauthorized):
        await get(MockUser(groups=[group]).add_to_hass(hass), "nobody")
    assert await get(hass_admin_user) == cloud.rows(lock.device_id)[0].digits
    with pytest.raises(ServiceValidationError, match="There are no new digits"):
        await get(hass_admin_user)
    assert await admin.create("Anna 2", at(1), at(2)) == ""
    await pass_time(hass, 601)
    with pytest.raises(ServiceValidationError, match="There are no new digits"):
        await get(hass_admin_user)


async def test_no_code_is_made_whose_digits_nobody_gets(
    hass: HomeAssistant, cloud: SimulatedCloud, lock: SimulatedLock, phone: Phone
) -> None:
    await create_by_action(hass)
    assert digits(phone) == cloud.rows(lock.device_id)[0].digits
    phone.reachable = False
    with pytest.raises(HomeAssistantError) as refused:
        await create_by_action(hass, name="Emil")
    assert refused.value.translation_key == "guest_code_not_sent"
    await hass.config_entries.async_remove(
        hass.config_entries.async_entries("mobile_app")[0].entry_id
    )
    with pytest.raises(ServiceValidationError) as refused:
        await create_by_action(hass, name="Fritz")
    assert refused.value.translation_key == "guest_code_no_phone"
    assert len(cloud.rows(lock.device_id)) == 2


async def test_errors_are_sentences(hass: HomeAssistant, admin: Browser) -> None:
    await add(hass, "Anna")
    for name, start, words in (
        ("Anna", 1, "There already is a guest code"),
        ("Ben", -3, "is in the past"),
        ("A name that is much too long", 1, "1 to 20 characters"),
    ):
        assert words in await admin.create(name, at(start), at(start + 1))


async def test_a_lost_answer_of_the_cloud_makes_nothing_twice(
    hass: HomeAssistant,
    cloud: SimulatedCloud,
    lock: SimulatedLock,
    phone: Phone,
    admin: Browser,
    http: Any,
) -> None:
    cloud.drop("/temp-password$", done=True)
    assert await admin.create("Anna", at(1), at(2)) == ""
    assert digits(phone) == cloud.rows(lock.device_id)[0].digits
    cloud.drop("/modify-password$", done=True)
    (shown,) = await http()
    assert await admin.update(shown, dtend=at(3)) == ""
    (row,) = cloud.rows(lock.device_id)
    assert digits(phone) == row.digits
