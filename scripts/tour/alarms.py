"""Alarms, the bell, duress, and what Home Assistant finds out about a lock in trouble."""

from datetime import UTC, datetime
from itertools import groupby
import json

from .automations import notify
from .chapter import Chapter
from .client import Json
from .conditions import expect, never, until, until_told
from .stage import Stage

MOMENT = 1.5
"""Seconds in which something that is wrong would have shown itself."""
WRITTEN_WITHIN = 20.0
"""Seconds in which Home Assistant has written into its database what has happened."""
EIGHT_HOURS = 8 * 3600.0
HELP = "evening"
"""Of the automation that calls for help; the Activity page shows its name."""
NEEDED = "Help is needed by {{ trigger.member }}, {{ trigger.method }} {{ trigger.number }}"
FREE, MARKED = 6, 7
"""Bob's fingers; the second one is for use under duress."""
REPAIRS = ("battery_replace", "clock_wrong")

chapter = Chapter()


@chapter.step("alarm-twice")
async def alarm_twice(stage: Stage) -> None:
    """Two equal alarms are two events."""
    await stage.connected()
    since = len(stage.events("alarm"))
    stage.tell("a strange finger is refused, twice")
    for _ in range(2):
        await stage.lock.alarm("wrong_finger")
    await until(lambda: len(stage.events("alarm")) >= since + 2, "two alarms")
    await never(MOMENT, lambda: stage.events("alarm")[since + 2 :], "there are more alarms")
    alarms = [str(event) for event in stage.events("alarm")[since:]]
    expect(alarms == ["wrong_finger"] * 2, f"seen: {alarms}")


@chapter.step("doorbell")
async def doorbell(stage: Stage) -> None:
    """Somebody rings: an automation with Home Assistant's own trigger for doorbells runs once."""
    await stage.connected()
    home, since = stage.home, len(stage.events("doorbell"))
    stage.user("makes an automation for: doorbell rang")
    lock = await home.client.command(
        "config/entity_registry/get", entity_id=home.seen.entity_id("lock")
    )
    await home.automations.make(
        "bell",
        triggers=[{"trigger": "doorbell.rang", "target": {"device_id": lock["device_id"]}}],
        actions=[notify("Somebody is at the door")],
    )
    stage.tell("somebody rings")
    await stage.lock.doorbell()
    await until(lambda: home.automations.runs("bell"), "the automation to run")
    await never(MOMENT, lambda: home.automations.runs("bell") > 1, "the automation ran again")
    rings = [str(event) for event in stage.events("doorbell")[since:]]
    expect(rings == ["ring"], f"seen: {rings}")
    shown = home.seen.attributes["doorbell"].get("device_class")
    expect(shown == "doorbell", f"its device class is {shown}")
    stage.shown("the automation has run once")


@chapter.step("duress")
async def duress(stage: Stage) -> None:
    """Forced unlocks call for help, and look as any other unlock: also on the Activity page."""
    home = stage.home
    stage.user(f"adds the member Bob, who uses finger {MARKED} when he is forced to open")
    numbers = {"numbers": [f"fingerprint:{FREE}"], "duress": [f"fingerprint:{MARKED}"]}
    await home.add_member({"name": "Bob", **numbers})
    await home.automations.make(HELP, triggers=[stage.trigger("duress")], actions=[notify(NEEDED)])
    await stage.connected()
    repairs, began = await home.repairs(), datetime.now(UTC)
    free = await _looks(stage, FREE)
    expect(not home.automations.runs(HELP), "help was called for an ordinary unlock")
    marked = await _looks(stage, MARKED)
    await until(lambda: home.automations.runs(HELP), "help to be called")
    expect(marked == free, f"it looks different: {marked} and {free}")
    since = len(stage.events())
    stage.tell("finger 3 opens, and the lock notices that somebody is forced")
    await stage.lock.forced("fingerprint", 3)
    (event,) = await stage.new_events(since, 1)
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")
    await until(lambda: home.automations.runs(HELP) > 1, "help to be called again")
    await never(MOMENT, lambda: home.automations.runs(HELP) > 2, "help was called too often")
    shown = await home.client.command("persistent_notification/get")
    calls = [one["message"] for one in sorted(shown, key=lambda one: str(one["created_at"]))]
    told = [message for message in calls if message.startswith("Help is needed")]
    who = (f"Bob, fingerprint {MARKED}", "Alice, fingerprint 3")
    expect(told == [f"Help is needed by {one}" for one in who], f"told: {told}")
    await stage.locked()
    expect(stage.state("lock") == "locked", f"the lock is {stage.state('lock')}")
    expect(await home.repairs() == repairs, "there is another repair")
    await _expect_ordinary_activity(stage, began)


async def _looks(stage: Stage, number: int) -> tuple[list[str], list[str]]:
    """Let Bob open; return what the lock shows of it, and what the event has."""
    since, shown = len(stage.events()), stage.home.seen.shown["lock"]
    showings = len(shown)
    await stage.finger(number)
    (event,) = await stage.new_events(since, 1)
    expect(event.attributes["member"] == "Bob", f"it was {event.attributes['member']}")
    await until(lambda: "unlocked" in shown[showings:], "the state unlocked")
    await stage.locked()
    moves = [state for state, _ in groupby(shown[showings - 1 :])]
    return moves, sorted(event.attributes)


async def _expect_ordinary_activity(stage: Stage, began: datetime) -> None:
    """Expect three ordinary unlocks on the Activity page, and nothing of duress."""
    lock = stage.home.seen.entity_id("lock")

    async def read() -> list[Json] | None:
        entries: list[Json] = await stage.home.client.command(
            "logbook/get_events", start_time=began.isoformat()
        )
        return entries if "by Alice with fingerprint 3" in json.dumps(entries) else None

    entries = await until_told(read, "the Activity page", WRITTEN_WITHIN)
    told = [one["message"] for one in entries if one.get("entity_id") == lock and "message" in one]
    stage.shown("\n".join(f"Activity page: the lock {message}" for message in told))
    people = (("Bob", FREE), ("Bob", MARKED), ("Alice", 3))
    expected = [f"was unlocked by {name} with fingerprint {number}" for name, number in people]
    expect(told == expected, f"the Activity page says: {told}")
    found = [one for one in entries if "duress" in json.dumps(one).casefold()]
    expect(not found, f"the Activity page tells duress: {found}")


@chapter.step("diagnose")
async def diagnose(stage: Stage) -> None:
    """A lock with a wrong clock and 12 % battery: the diagnosis finds exactly these."""
    await stage.connected()
    lock, before = stage.lock, stage.counts()
    stage.tell("the lock's clock is 8 hours ahead, and its batteries are at 12 percent")
    lock.knobs.record_times, lock.knobs.clock_offset = True, EIGHT_HOURS
    await lock.battery(12)
    await stage.finger(3)
    await until(lambda: stage.events_since(before), "the unlock")
    await until(lambda: stage.state("battery") == "12", "the battery to be shown")
    answer = await stage.ask("diagnose")
    for finding in answer["findings"]:
        todo = "" if finding["state"] == "ok" else finding["todo"] or ""
        stage.shown(f"{finding['state']}: {finding['seen']} {todo}".strip())
    stage.shown(answer["summary"])
    faults = {one["check"]: one["state"] for one in answer["findings"] if one["state"] != "ok"}
    expect(faults == {"clock": "problem", "battery": "problem"}, f"found: {faults}")


@chapter.step("check-answers")
async def check_answers(stage: Stage) -> None:
    """The button answers where it was pressed: a notification, and the sensor for the condition."""
    home = stage.home
    stage.user("presses the button that checks the lock")
    await home.call("button", "press", "diagnose")
    shown = await home.client.command("persistent_notification/get")
    answers = [one["message"] for one in shown if "_check_" in one["notification_id"]]
    stage.shown("\n".join(answers))
    expect(len(answers) == 1, f"{len(answers)} notifications")
    lines = [line for line in answers[0].splitlines() if line.startswith("- **")]
    expect(len(lines) == 2, f"the notification lists: {lines}")
    await until(lambda: stage.state("condition") == "problem", "the condition to be shown")


@chapter.step("repair-clears")
async def repair_clears(stage: Stage) -> None:
    """What was found are repairs; they go by themselves with new batteries and the right time."""
    home, lock = stage.home, stage.lock
    ids = {f"{repair}_{home.entry_id}" for repair in REPAIRS}
    try:
        stage.user("presses the button that checks the lock")
        await home.call("button", "press", "diagnose")
        repairs = await home.repairs()
        shown = [title for id_, title in repairs.items() if id_ in ids]
        stage.shown(f"repairs: {'; '.join(shown)}")
        expect(ids <= repairs.keys(), f"only these repairs are shown: {shown}")
        await stage.sleep()
    finally:
        lock.knobs.clock_offset = 0.0
    stage.tell("somebody puts in new batteries, and the lock sets its clock")
    try:
        await lock.battery(100)
        await stage.finger(3)

        async def cleared() -> bool:
            return not ids & (await home.repairs()).keys()

        await until_told(cleared, "the repairs to go")
        expect((await home.repairs()).keys() == repairs.keys() - ids, "there are other repairs")
    finally:
        lock.knobs.record_times = False
    stage.shown("the repairs are gone")
