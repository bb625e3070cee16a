"""The main job: a lock is added, its unlocks are events, and the door opens from afar."""

import time

from .chapter import Chapter
from .conditions import expect, never, until
from .flows import Answers
from .stage import Stage

BURST = 3.2
"""Seconds after connecting in which unlocks without a time may be old; see arrivals.py."""

chapter = Chapter()


@chapter.step("setup", needs_lock=False)
async def setup(stage: Stage) -> None:
    """The config flow creates the entry after the lock was touched."""
    lock = stage.lock

    async def touch(name: str) -> None:
        expect(name == "touch", f"the flow waits in {name}")
        expect(not lock.connections, "the lock was reached before it was touched")
        stage.tell("somebody touches the keypad")
        await lock.wake()

    answers: Answers = {
        "user": "manual",
        "manual": {
            "host": "127.0.0.1",
            "port": lock.port,
            "device_id": lock.device_id,
            "local_key": lock.local_key,
            "protocol_version": "auto",
        },
    }
    steps = await stage.home.add_lock(lock.device_id, answers, touch)
    expect("touch" in steps, f"nobody was asked to touch the lock: {steps}")
    await until(stage.home.seen.available, "entities that are available")
    expect(stage.state("last_opening") == "unknown", "an unlock is shown though nobody has opened")
    stage.tell("the lock falls asleep")
    await lock.sleep()


@chapter.step("named")
async def named(stage: Stage) -> None:
    """The name that the owner gives the device is the name of the lock everywhere."""
    home, name = stage.home, "Front door"
    stage.user(f"calls the lock {name}")
    await home.rename_lock(name)
    await until(lambda: stage.state("lock"), "the lock")
    shown = home.seen.attributes["lock"]
    await until(lambda: home.seen.attributes["lock"]["friendly_name"] == name, f"the name: {shown}")
    entry = await home.entry()
    expect(entry["title"] == name, f"the entry is called {entry['title']}")
    asked = await home.member_form()
    stage.shown(f"Add member asks for a member of {asked['lock']}")
    expect(asked == {"lock": name}, f"the form says {asked}")


@chapter.step("unlock-event")
async def unlock_event(stage: Stage) -> None:
    """The lock wakes, and fingerprint 3 opens the door."""
    since = len(stage.events())
    await stage.finger(3)
    (event,) = await stage.new_events(since, 1)
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")


@chapter.step("unlock-again")
async def unlock_again(stage: Stage) -> None:
    """The same finger again is another event."""
    await stage.connected()
    before = stage.events()[:]
    await stage.finger(3)
    (event,) = await stage.new_events(len(before), 1)
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")
    expect(event.at not in [one.at for one in before], "it has the time of an earlier event")


@chapter.step("burst")
async def burst(stage: Stage) -> None:
    """Three people at once are three events, in order."""
    end_of_first_seconds = await stage.wake_up() + BURST
    await until(lambda: time.monotonic() > end_of_first_seconds, "the first seconds to pass")
    people = [("fingerprint", 3), ("password", 2), ("card", 5)]
    since = len(stage.events())
    stage.tell("finger 3, code 2 and card 5 at once")
    await stage.lock.burst(*people)
    events = [str(event) for event in await stage.new_events(since, len(people))]
    expect(events == [f"{method} {number}" for method, number in people], f"seen: {events}")
    await stage.locked()


@chapter.step("remote-unlock")
async def remote_unlock(stage: Stage) -> None:
    """lock.unlock opens the door through DP 49 and DP 50."""
    await stage.connected()
    lock, shown = stage.lock, stage.home.seen.shown["lock"]
    openings, commands, showings = len(lock.openings), len(lock.commands), len(shown)
    await stage.unlock()
    sent = [dp for command in lock.commands[commands:] for dp in command]
    stage.tell(f"got DP {' and DP '.join(sent)}; opened: {', '.join(lock.openings[openings:])}")
    expect(lock.openings[openings:] == ["remote"], f"the door: {lock.openings[openings:]}")
    expect(sent == ["49", "50"], f"sent: {sent}")
    await until(lambda: "unlocked" in shown[showings:], "the state unlocked")
    await stage.locked()


@chapter.step("remote-refused")
async def remote_refused(stage: Stage) -> None:
    """A lock that is double-locked refuses, and Home Assistant says why."""
    await stage.connected()
    openings = len(stage.lock.openings)
    stage.tell("somebody locks twice from inside")
    await stage.lock.double_lock(True)
    try:
        await until(lambda: stage.state("double_locked") == "on", "double locked to be shown")
        refused = await stage.refusal(stage.unlock())
    finally:
        await stage.lock.double_lock(False)
    expect(refused.key == "double_locked", f"the error is {refused.key}")
    expect(len(stage.lock.openings) == openings, "the door was opened")
    await until(lambda: stage.state("double_locked") == "off", "not double locked to be shown")


@chapter.step("asleep")
async def asleep(stage: Stage) -> None:
    """A lock that sleeps is available, and its last states are there."""
    await stage.connected()
    stage.tell("the batteries are at 78 percent")
    await stage.lock.battery(78)
    await until(lambda: stage.state("battery") == "78", "the battery to be shown")
    await stage.sleep()
    seen = stage.home.seen
    before = dict(seen.states)
    # Home Assistant notices the end of the connection at once.
    expect(before["lock"] == "locked" and seen.available(), f"shown: {before}")
    await never(1.0, lambda: seen.states.items() ^ before.items(), "the sleep of the lock changed")


@chapter.step("waiting-unlock")
async def waiting_unlock(stage: Stage) -> None:
    """An unlock waits for a sleeping lock until somebody asks at the door."""
    await stage.sleep()
    openings = len(stage.lock.openings)
    call = await stage.waiting_unlock()
    stage.tell("somebody presses the request key")
    await stage.lock.request(30)
    await call
    opened = stage.lock.openings[openings:]
    stage.tell(f"opened: {', '.join(opened)}")
    expect(opened == ["remote"], f"the door: {opened}")
    await stage.locked()


@chapter.step("called-off")
async def called_off(stage: Stage) -> None:
    """An unlock that waits says until when, and is called off by whoever likes to."""
    await stage.sleep()
    openings = len(stage.lock.openings)
    call = await stage.waiting_unlock()
    await until(lambda: "waits_until" in stage.home.seen.attributes["lock"], "the waiting unlock")
    shown = stage.home.seen.attributes["lock"]
    stage.shown(f"it waits for {shown['waits_for']}, until {shown['waits_until']}")
    expect(shown["waits_for"] == "request", f"it waits for {shown['waits_for']}")
    stage.user("presses Call off unlock")
    await stage.home.call("button", "press", "call_off_unlock")
    refused = await stage.refusal(call)
    expect(refused.key == "unlock_cancelled", f"the error is {refused.key}")
    await until(lambda: stage.state("lock") != "unlocking", "the end of the unlock")
    stage.tell("somebody presses the request key")
    await stage.lock.request(30)
    await until(lambda: stage.state("unlock_requested") == "on", "the request")
    expect(len(stage.lock.openings) == openings, "the door was opened")
    await stage.lock.end_request()


@chapter.step("not-released")
async def not_released(stage: Stage) -> None:
    """Another person's touch does not release an unlock that waits."""
    await stage.sleep()
    stage.user("lets an unlock wait 5 seconds at most")
    await stage.home.set_options(unlock_wait=5)
    openings, commands = len(stage.lock.openings), len(stage.lock.commands)
    since = len(stage.events())
    call = await stage.waiting_unlock()
    await stage.finger(5)
    events = await stage.new_events(since, 1)
    refused = await stage.refusal(call)
    expect(refused.key == "lock_asleep", f"the error is {refused.key}")
    expect([str(event) for event in events] == ["fingerprint 5"], f"seen: {events}")
    opened = stage.lock.openings[openings:]
    expect(opened == ["fingerprint 5"], f"the door: {opened}")
    expect(len(stage.lock.commands) == commands, "something was sent to the lock")
    await stage.sleep()
    await stage.home.set_options(unlock_wait=30)
