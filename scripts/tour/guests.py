"""Guests in calendars: events that are codes, and bookings that get one."""

from datetime import UTC, datetime, timedelta

from tests.simulator.cloud.passwords import PasswordRow

from .calendars import Calendar
from .chapter import Chapter
from .client import Refused
from .conditions import expect, until
from .stage import Stage

CLEANER, GUEST, OTHER = "Cleaner", "Max", "Pia"
PHONE, CODE = "Phone: 0151 4082695", "4082695"
BLUEPRINT = "tuya_wifi_lock/booking.yaml"

chapter = Chapter()


@chapter.step("guest-calendar")
async def guest_calendar(stage: Stage) -> None:
    """Events of the calendar are codes: made, moved, repeated and deleted."""
    home, calendar = stage.home, _guests(stage)
    await stage.sleep()
    await home.phone.sign_in()
    await home.choose_guest_phone()
    stage.user("adds a guest to the calendar")
    await calendar.add(GUEST, _in(-1), _in(24))
    told = await _told(stage)
    answer = await stage.ask("get_new_code", which=GUEST)
    code = stage.codes[GUEST] = str(answer["code"])
    expect(f" is {code}, " in told, f"the phone was told {told}")
    await stage.touch()
    await until(lambda: stage.state("guests") == "on", "the guest in the calendar")
    (event,) = await calendar.events()
    stage.shown(f"{event['summary']}: {event['description']}")
    expect(code not in str(event), "the digits are in the calendar")
    await stage.sleep()
    expect(await stage.type_code(code), "the code does not open")
    stage.user("moves the end of the event, and deletes it")
    await calendar.move(event, _in(48))
    expect(code not in await _told(stage), "the guest has no new digits")
    (moved,) = await calendar.events()
    expect(moved["uid"] == event["uid"] and moved["end"] != event["end"], f"it is {moved}")
    await calendar.delete(event)
    stage.user("adds the cleaner, each week")
    await calendar.add(CLEANER, _in(1), _in(2), rrule="FREQ=WEEKLY;COUNT=3")
    await _told(stage)
    visits = [one for one in await calendar.events() if one["summary"] == CLEANER]
    expect(len(visits) == 3, f"seen: {visits}")
    which = {"recurrence_id": visits[0]["recurrence_id"]}
    try:
        await calendar.delete(visits[0], **which)
    except Refused as refused:
        stage.user(f"is told: {refused.words}")
        expect("same code" in refused.words, "the error is another one")
    else:
        expect(False, "one visit of many was deleted")
    await calendar.delete(visits[0], **which, recurrence_range="THISANDFUTURE")
    await stage.touch()
    await home.ask("get_temporary_passwords")
    expect(await calendar.events() == [], "something is left in the calendar")


@chapter.step("booking")
async def booking(stage: Stage) -> None:
    """A booking has one code, also after a restart; it follows until the booking is canceled."""
    home = stage.home

    def rows() -> list[PasswordRow]:
        return stage.cloud.rows(stage.lock.device_id)

    await stage.sleep()
    bookings = await home.add_calendar("Bookings")
    stage.user("makes an automation: a code for each booking")
    wanted = {"calendar": bookings.entity_id, "digits": r"Phone: ([\d ]+)"}
    inputs = {"lock": home.seen.entity_id("lock"), **wanted}
    await home.automations.make("bookings", use_blueprint={"path": BLUEPRINT, "input": inputs})
    stage.tell_of_tuya(f"somebody books: {PHONE}")
    await bookings.add(GUEST, _in(-1), _in(40), description=PHONE)
    expect(CODE in await _told(stage), "the phone was told something else")
    expect([row.name for row in rows()] == [GUEST], f"the cloud has {rows()}")
    await stage.touch()
    await stage.sleep()
    expect(await stage.type_code(CODE), "the end of the phone number does not open")
    await stage.sleep()
    stage.user("restarts Home Assistant")
    await home.stop()
    found = {guest: home.process.files_with(code) for guest, code in stage.codes.items()}
    expect(not any(found.values()), f"there are digits in {found}")
    # They are part of the booking, which shows that the search can find something.
    expect(home.process.files_with(CODE), "the search has not found the phone number")
    await home.start_again()
    await until(home.seen.available, "entities that are available", 30)
    (event,) = await bookings.events()
    (before,) = rows()
    stage.tell_of_tuya("the booking is moved")
    await bookings.move(event, _in(60))
    expect(CODE in await _told(stage), "the phone was told something else")
    expect(rows()[0].invalid_time > before.invalid_time, "the code was not moved")
    stage.tell_of_tuya("somebody else books, and cancels")
    await bookings.add(OTHER, _in(20), _in(40), description="Phone: 0151 6207394")
    answer = await stage.ask("sync_guest_codes", **wanted)
    expect(answer["made"] == [OTHER], f"it was {answer}")
    await _told(stage)
    (other,) = [one for one in await bookings.events() if one["summary"] == OTHER]
    await bookings.delete(other)
    answer = await stage.ask("sync_guest_codes", **wanted)
    expect(answer["deleted"] == [OTHER], f"it was {answer}")
    expect("canceled" in await _told(stage), "the phone was told something else")
    await stage.touch()
    await stage.sleep()
    expect([row.name for row in rows()] == [GUEST], f"the cloud has {rows()}")
    await home.automations.switch_off("bookings")
    await stage.ask("delete_temporary_password", which=GUEST)
    await stage.touch()


async def _told(stage: Stage) -> str:
    """Return what the phone of the house is told."""
    message = await stage.home.phone.message()
    stage.shown(f"on the phone: {message}")
    return message


def _guests(stage: Stage) -> Calendar:
    return Calendar(stage.home.client, stage.home.seen.entity_id("guests"))


def _in(hours: float) -> str:
    """Return the time in some hours as the browser enters it; the home is in UTC."""
    moment = datetime.now(UTC) + timedelta(hours=hours)
    return f"{moment:%Y-%m-%dT%H:%M:00}"
