"""Passwords for guests, and Tuya's cloud, which carries them and can open the door as well."""

from datetime import UTC, datetime, timedelta

from .chapter import Chapter
from .client import Json
from .conditions import expect, never, until, until_told
from .seen import Event
from .stage import Stage

MOMENT = 1.5
"""Seconds in which something that is wrong would have shown itself."""
GUEST = "Anna"
CLEANER = "Cleaner"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WAITS = "Waits for the lock: touch the keypad"
GUESTS = ("Ada", "Ben", "Cem", "Dan", "Eva", "Fay", "Gus", "Ida", "Jan", "Kim", "Leo", "Mia", "Zoe")
DIGITS, DYNAMIC_DIGITS = 7, 8
TEN = 10
SIX_MINUTES = 360.0
TRIAL_EXPIRED = 28841002

chapter = Chapter()


@chapter.step("cloud-project")
async def cloud_project(stage: Stage) -> None:
    """The lock gets a cloud project with Reconfigure; what the LAN has told is not told again."""
    await stage.sleep()
    before, cloud = stage.counts(), stage.cloud
    stage.user("gives the lock the cloud project")
    await stage.home.set_project(
        region="eu", access_id=cloud.access_id, access_secret=cloud.access_secret
    )
    await until(lambda: stage.state("temporary_passwords") == "0", "no temporary passwords")
    asked = "the records in the cloud to be asked for"
    await until(lambda: any(call.path.endswith("/open-logs") for call in cloud.calls), asked)
    await never(MOMENT, lambda: [*map(str, stage.events_since(before))], "told again")


@chapter.step("password-added")
async def password_added(stage: Stage) -> None:
    """A temporary password is made for a sleeping lock: its digits are told once."""
    await stage.sleep()
    code = await _add(stage, GUEST)
    stage.shown(f"the code of {GUEST} is {code}")
    expect(len(code) == DIGITS and code.isdecimal(), f"the code has {len(code)} digits")
    expect(_phases(stage) == {GUEST: "waiting"}, f"shown: {_phases(stage)}")
    statuses = await _statuses(stage)
    expect(statuses == {GUEST: WAITS}, f"told: {statuses}")
    expect(code not in str(stage.home.seen.attributes), "the code is in an attribute")


@chapter.step("password-delivered")
async def password_delivered(stage: Stage) -> None:
    """The lock does not know the code before it wakes, and knows it from then on."""
    await stage.sleep()
    expect(not await stage.type_code(_code(stage)), "the lock knew the code in its sleep")
    await stage.synced()
    statuses = await _statuses(stage)
    stage.shown(f"the password of {GUEST} is {statuses[GUEST]}")
    expect(statuses[GUEST].startswith("Active until "), f"told: {statuses}")
    await until(lambda: _phases(stage) == {GUEST: "active"}, "the password to be active")


@chapter.step("guest-opened")
async def guest_opened(stage: Stage) -> None:
    """The guest opens with the code, and the event has the guest's name."""
    await stage.sleep()
    event = await _opens(stage, _code(stage))
    expect(event.kind == "temporary_password", f"it was shown as {event}")
    expect(event.attributes["password_name"] == GUEST, f"it was {event.attributes}")


@chapter.step("password-deleted")
async def password_deleted(stage: Stage) -> None:
    """A deleted password opens until the lock has woken; then it does not."""
    await stage.sleep()
    answer = await stage.ask("delete_temporary_password", which=GUEST)
    stage.shown(f"the password of {GUEST} is {answer['status']}")
    expect(answer["phase"] == "deleting", f"it is {answer['phase']}")
    event = await _opens(stage, _code(stage))
    expect(event.attributes["password_name"] == GUEST, f"it was {event.attributes}")
    await stage.synced()
    await stage.sleep()
    expect(not await stage.type_code(_code(stage)), "the old code opens")
    expect(await _statuses(stage) == {}, "there are passwords")
    await until(lambda: stage.state("temporary_passwords") == "0", "no temporary passwords")


@chapter.step("guest-code")
async def guest_code(stage: Stage) -> None:
    """A guest code is made, prolonged and deleted on the page of the lock, which says how it is."""
    await stage.sleep()
    home = stage.home
    stage.user(f"adds a guest code for {GUEST} on the page of the lock")
    first: str = (await home.add_guest_code(GUEST))["code"]
    await _page_says(stage, "Waits for the lock")
    await stage.touch()
    await stage.ask("get_temporary_passwords")
    await _page_says(stage, "Active until ")
    await stage.sleep()
    await _opens(stage, first)
    await stage.sleep()
    stage.user(f"lets {GUEST} stay longer")
    until_then = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d} 11:00:00"
    second: str = (await home.prolong(GUEST, until_then))["code"]
    expect(second != first, "the guest has got the same digits")
    await stage.touch()
    await stage.sleep()
    expect(not await stage.type_code(first), "the old digits open")
    await stage.sleep()
    await _opens(stage, second)
    await stage.sleep()
    stage.user("deletes the guest code on the page of the lock")
    await home.delete_guest_codes()
    await _page_says(stage, "Being deleted, may still open")
    await stage.touch()
    await stage.sleep()
    expect(not await stage.type_code(second), "the deleted code opens")
    await stage.ask("get_temporary_passwords")
    expect(await home.guest_codes() == [], "the page shows guest codes")
    await stage.sleep()


async def _page_says(stage: Stage, status: str) -> None:
    """Wait until the page of the lock says how the code of the guest is."""

    async def said() -> str | None:
        return next((title for title in await stage.home.guest_codes() if status in title), None)

    stage.shown(f"the page says {await until_told(said, f'the page to say {status}')}")


@chapter.step("ten-slots")
async def ten_slots(stage: Stage) -> None:
    """Of ten places, those of deleted passwords are free only after the lock has woken."""
    await stage.sleep()
    for guest in GUESTS[:8]:
        await _add(stage, guest)
    await stage.touch()
    await stage.sleep()
    for guest in GUESTS[:2]:
        await stage.ask("delete_temporary_password", which=guest)
    await _two_fit(stage, GUESTS[8:11])
    await stage.touch()
    await _two_fit(stage, GUESTS[10:])
    stage.user("deletes them all")
    for guest in await _statuses(stage):
        await stage.home.ask("delete_temporary_password", which=guest)
    await stage.touch()
    expect(await _statuses(stage) == {}, "there are passwords")


async def _two_fit(stage: Stage, guests: tuple[str, ...]) -> None:
    """Make passwords for three guests, of which the last is one too many."""
    *fit, one_too_many = guests
    for guest in fit:
        await _add(stage, guest)
    refused = await stage.refusal(_add(stage, one_too_many))
    expect(refused.key == "password_book_full", f"the error is {refused.key}")
    count = len(await _statuses(stage))
    stage.shown(f"{count} places are taken")
    expect(count == TEN, f"{count} places are taken")


@chapter.step("guest-weekly")
async def guest_weekly(stage: Stage) -> None:
    """A cleaner's code opens on one day of the week, and not on another."""
    await stage.sleep()
    today = datetime.now(UTC).weekday()
    answer = await stage.ask(
        "add_temporary_password", name=CLEANER, duration={"days": 90}, **_whole(today)
    )
    await stage.touch()
    statuses = await _statuses(stage)
    stage.shown(f"the code of {CLEANER}: {statuses[CLEANER]}")
    expect(DAYS[today].capitalize() in statuses[CLEANER], f"told: {statuses}")
    await stage.sleep()
    event = await _opens(stage, answer["code"])
    expect(event.attributes["password_name"] == CLEANER, f"it was {event.attributes}")
    expect(event.attributes["first_use"] is True, f"it was {event.attributes}")
    await stage.sleep()
    stage.user("moves the cleaner to tomorrow")
    answer = await stage.ask(
        "modify_temporary_password", which=f" {CLEANER.upper()} ", **_whole((today + 1) % 7)
    )
    await stage.touch()
    await stage.sleep()
    expect(not await stage.type_code(answer["code"]), "the code opens today")
    await stage.sleep()
    await stage.ask("delete_temporary_password", which=answer["id"])
    await stage.touch()
    expect(await _statuses(stage) == {}, "there are passwords")


def _whole(day: int) -> Json:
    """Return a schedule of one whole day of the week."""
    return {"weekdays": [DAYS[day]], "from": "00:00", "to": "00:00"}


@chapter.step("dynamic-password")
async def dynamic_password(stage: Stage) -> None:
    """A dynamic password opens now, though the lock has never heard of it, and not later."""
    await stage.sleep()
    answer = await stage.ask("get_dynamic_password")
    code: str = answer["code"]
    stage.shown(f"the dynamic password is {code}, until {answer['valid_until']}")
    expect(len(code) == DYNAMIC_DIGITS, f"it has {len(code)} digits")
    event = await _opens(stage, code)
    expect(event.kind == "dynamic_password", f"it was shown as {event}")
    await stage.sleep()
    stage.tell("six minutes later")
    stage.lock.knobs.clock_offset = SIX_MINUTES
    try:
        expect(not await stage.type_code(code), "it still opens")
        await stage.sleep()
    finally:
        stage.lock.knobs.clock_offset = 0.0


@chapter.step("cloud-unlock")
async def cloud_unlock(stage: Stage) -> None:
    """With unlocking through the cloud, it is the cloud that approves the request at the door."""
    await stage.sleep()
    stage.user("lets the cloud unlock")
    await stage.home.set_options(unlock_with="cloud")
    lock, cloud = stage.lock, stage.cloud
    openings, commands, operated = len(lock.openings), len(lock.commands), len(cloud.operated)
    lock.knobs.door_sensor = True
    try:
        call = await stage.waiting_unlock()
        stage.tell("somebody presses the request key")
        await lock.request(30)
        await call
        await until(lambda: stage.state("door") == "on", "the open door to be shown")
        stage.tell(f"opened: {', '.join(lock.openings[openings:])}; now somebody closes the door")
        await lock.door(open=False)
        await until(lambda: stage.state("door") == "off", "the closed door to be shown")
    finally:
        lock.knobs.door_sensor = False
    expect(lock.openings[openings:] == ["remote"], f"the door: {lock.openings[openings:]}")
    expect(cloud.operated[operated:] == [(lock.device_id, True)], "the cloud has not opened it")
    expect(len(lock.commands) == commands, "something was sent to the lock on the LAN")
    await stage.locked()


@chapter.step("cloud-lies")
async def cloud_lies(stage: Stage) -> None:
    """The cloud says yes and the lock does nothing: that is an error."""
    await stage.connected()
    openings, calls = len(stage.lock.openings), len(stage.cloud.calls)
    refused = await stage.refusal(stage.unlock())
    asked = [call for call in stage.cloud.calls[calls:] if call.path.endswith("/door-operate")]
    expect(len(asked) == 1, f"the cloud was asked {len(asked)} times to open")
    expect(refused.key == "not_confirmed", f"the error is {refused.key}")
    expect(len(stage.lock.openings) == openings, "the door was opened")


@chapter.step("cloud-off")
async def cloud_off(stage: Stage) -> None:
    """The cloud project has expired: one repair says so, and the LAN goes on."""
    home = stage.home
    await stage.connected()
    before = await home.repairs()
    stage.tell_of_tuya("the trial of the cloud project is over")
    stage.cloud.fail(TRIAL_EXPIRED, times=None)
    try:
        refused = await stage.refusal(stage.unlock())
        expect(refused.key == "cloud_trial_expired", f"the error is {refused.key}")
        await stage.sleep()
        since = len(stage.events())
        await stage.finger(3)
        (event,) = await stage.new_events(since, 1)
        expect(str(event) == "fingerprint 3", f"it was shown as {event}")
        repairs = await home.repairs()
        news = [title for id_, title in repairs.items() if id_ not in before]
        stage.shown(f"repairs: {'; '.join(news)}")
        expect(len(news) == 1, f"{len(news)} new repairs: {news}")
    finally:
        stage.cloud.recover()
    stage.tell_of_tuya("the trial was extended")
    await stage.ask("get_temporary_passwords")
    expect(await home.repairs() == before, "the repair is still there")
    await stage.sleep()
    stage.user("lets Home Assistant unlock with a key of its own")
    await home.set_options(unlock_with="own_key")


async def _add(stage: Stage, guest: str) -> str:
    """Make a password that is valid for a day, and return its digits."""
    end = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S}"
    answer = await stage.ask("add_temporary_password", name=guest, end=end)
    expect(answer["status"] == WAITS, f"it is {answer['status']}")
    stage.codes[guest] = answer["code"]
    return stage.codes[guest]


def _code(stage: Stage) -> str:
    """Return the digits that the guest was told."""
    expect(GUEST in stage.codes, f"{GUEST} has no code")
    return stage.codes[GUEST]


async def _opens(stage: Stage, code: str) -> Event:
    """Type digits that open, and return the event."""
    since = len(stage.events())
    expect(await stage.type_code(code), "the code does not open")
    (event,) = await stage.new_events(since, 1)
    return event


async def _statuses(stage: Stage) -> dict[str, str]:
    """Return what an action of ours tells of the passwords, by their names."""
    answer = await stage.home.ask("get_temporary_passwords")
    passwords: list[Json] = answer["passwords"]
    return {password["name"]: password["status"] for password in passwords}


def _phases(stage: Stage) -> dict[str, str]:
    """Return what the sensor shows of the passwords, by their names."""
    passwords: list[Json] = stage.home.seen.attributes["temporary_passwords"]["passwords"]
    return {password["name"]: password["phase"] for password in passwords}
