"""The household: members with numbers of their own, and automations that know them."""

import time

from .automations import notify
from .chapter import Chapter
from .conditions import expect, never, until
from .stage import Stage

MOMENT = 1.5
"""Seconds in which an automation that wrongly runs would have run."""
HOUR = 3600.0

BACKLOG = (
    ("fingerprint", 3),
    ("password", 2),
    ("fingerprint", 3),
    ("card", 5),
    ("fingerprint", 4),
)
WELCOME = "welcome-home"

chapter = Chapter()


@chapter.step("member-added")
async def member_added(stage: Stage) -> None:
    """Alice is added with fingerprint 3; the lock stays connected meanwhile."""
    await stage.wake_up()
    connections = stage.lock.connections
    stage.user("adds the member Alice, who has fingerprint 3")
    offered = await stage.home.add_member({"name": "Alice", "numbers": ["fingerprint:3"]})
    stage.shown(f"the form has offered: {'; '.join(offered)}")
    expect(any("ingerprint 3" in label for label in offered), "fingerprint 3 was not offered")
    await until(lambda: stage.state("alice_last_opening"), "the last opening of Alice")
    device = await stage.home.device("Alice")
    expect(device["model"].startswith("Member at "), f"her device is {device}")
    expect(device["via_device_id"], "her device does not belong to the lock's")
    expect(stage.lock.clients == 1, "the lock has lost its connection")
    expect(stage.lock.connections == connections, "the lock was connected anew")


@chapter.step("came-home")
async def came_home(stage: Stage) -> None:
    """An automation for "Alice came home" runs once when fingerprint 3 opens."""
    automations = stage.home.automations
    alice = await _alice(stage)
    stage.user("makes an automation for: Alice came home")
    await automations.make(
        "came-home",
        triggers=[stage.trigger("member_came_home", members=[alice])],
        actions=[notify("Alice came home")],
    )
    await stage.sleep()
    since, hers = len(stage.events()), stage.state("alice_last_opening")
    await stage.finger(3)
    (event,) = await stage.new_events(since, 1)
    expect(event.attributes["member"] == "Alice", f"it was {event.attributes['member']}")
    await until(lambda: automations.runs("came-home"), "the automation to run")
    await never(MOMENT, lambda: automations.runs("came-home") > 1, "the automation ran again")
    expect(stage.state("alice_last_opening") != hers, "her page does not show it")
    stage.shown("the automation has run once")


@chapter.step("backlog")
async def backlog(stage: Stage) -> None:
    """Five unlocks of an hour ago are five late events in order, and no automation runs."""
    await stage.sleep()
    before, runs = stage.counts(), stage.home.automations.runs()
    began = time.time() - HOUR
    times, stage.lock.knobs.record_times = stage.lock.knobs.record_times, True
    stage.tell("Wi-Fi was away while five people opened; now the keypad is touched")
    try:
        for number, (method, which) in enumerate(BACKLOG):
            await stage.lock.store(method, which, at=began + number)
        await stage.lock.wake()
        await until(lambda: stage.counts()[1] >= before[1] + len(BACKLOG), "five late events", 60)
    finally:
        stage.lock.knobs.record_times = times
    await never(MOMENT, lambda: stage.home.automations.runs() - runs, "automations ran")
    late = stage.events("late_opening")[before[1] :]
    told = [str(event) for event in late]
    expect(told == [f"{method} {which}" for method, which in BACKLOG], f"seen: {told}")
    moments = [event.attributes["time"] for event in late]
    expect(moments == sorted(set(moments)), f"their times: {moments}")
    expect(stage.counts()[0] == before[0], "there are live unlocks")
    stage.shown("five late unlocks, and no automation has run")


@chapter.step("fingerprint-trigger")
async def fingerprint_trigger(stage: Stage) -> None:
    """An automation for fingerprint 3 runs when it opens, and not for fingerprint 4."""
    automations = stage.home.automations
    stage.user("makes an automation for: unlocked with fingerprint 3")
    await automations.make(
        "fingerprint-3",
        triggers=[stage.trigger("unlocked", methods=["fingerprint"], numbers=[3])],
        actions=[notify("Fingerprint 3")],
    )
    await stage.sleep()
    since = len(stage.events())
    await stage.finger(4)
    await stage.new_events(since, 1)
    await never(MOMENT, lambda: automations.runs("fingerprint-3"), "it ran for fingerprint 4")
    await stage.finger(3)
    await stage.new_events(since, 2)
    await until(lambda: automations.runs("fingerprint-3"), "the automation to run")
    await never(MOMENT, lambda: automations.runs("fingerprint-3") > 1, "the automation ran again")
    stage.shown("the automation has run once, for fingerprint 3")


@chapter.step("blueprint")
async def blueprint(stage: Stage) -> None:
    """All blueprints load, and an automation from one of them greets Alice."""
    home = stage.home
    blueprints = await home.client.command("blueprint/list", domain="automation")
    ours = {path: found for path, found in blueprints.items() if "tuya_wifi_lock/" in path}
    for path, found in ours.items():
        expect("error" not in found, f"{path} does not load: {found.get('error')}")
    stage.shown(f"blueprints: {'; '.join(found['metadata']['name'] for found in ours.values())}")
    expect("tuya_wifi_lock/welcome_home.yaml" in ours, "there is no blueprint welcome_home")
    stage.user("makes an automation from the blueprint Welcome home")
    inputs = {"members": [await _alice(stage)], "welcome": [notify("Welcome, {{ member }}!")]}
    use = {"path": "tuya_wifi_lock/welcome_home.yaml", "input": inputs}
    await home.automations.make(WELCOME, use_blueprint=use)
    await stage.sleep()
    await stage.finger(3)
    await until(lambda: home.automations.runs(WELCOME), "the automation to run")
    await never(MOMENT, lambda: home.automations.runs(WELCOME) > 1, "the automation ran again")
    said = await home.notifications()
    expect(said.count("Welcome, Alice!") == 1, f"notifications: {said}")
    stage.shown("Welcome, Alice!")


async def _alice(stage: Stage) -> str:
    """Return the id of her device."""
    device_id: str = (await stage.home.device("Alice"))["id"]
    return device_id
