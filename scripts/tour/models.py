"""Locks that exist, of three kinds, as the simulator plays them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import secrets
import time
from typing import Any

from tests.devices import find
from tests.simulator import SimulatedLock

from .chapter import Chapter
from .conditions import expect, until
from .flows import Answers
from .home import no_touch
from .stage import LOOPBACK_BROADCAST, USUAL_PORT, Stage

KEYPAD = "Secukey Sboard III mini"
VIDEO = "Videolock-WBRL"
BEHIND_GATEWAY = "Pulido P13"
UNFIT = ("battery", "battery_low", "unlock_requested")
"""What a keypad on mains power does not have."""
NETWORK = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}"
HOSTS = {
    name: f"{NETWORK}.{index}" for index, name in enumerate((KEYPAD, VIDEO, BEHIND_GATEWAY), 3)
}
"""Where each is in the network."""

chapter = Chapter()


@chapter.step("real-models", needs_lock=False)
async def real_models(stage: Stage) -> None:
    """Models that exist are set up and heard: a keypad, a video lock, one behind a gateway."""
    async with _played(stage, KEYPAD) as keypad:
        await _use_keypad(stage, keypad)
    async with _played(stage, VIDEO) as video, _played(stage, BEHIND_GATEWAY) as behind:
        stage.gateway.join(video, name="Video lock")
        stage.gateway.join(behind, name="Garden door")
        stage.user("adds a video lock and one behind a gateway in Tuya's app")
        stage.user("switches the Tuya integration on again")
        await stage.home.switch_account(on=True)
        await _use_video_lock(stage, video)
        await _use_lock_behind_gateway(stage, behind)


@asynccontextmanager
async def _played(stage: Stage, name: str) -> AsyncIterator[SimulatedLock]:
    """Let the simulator play a model."""
    model = find(name)
    stage.tell(f"a {model.name} is there")
    async with SimulatedLock(
        device_id=f"bfmodel{secrets.token_hex(6)}0",
        host=HOSTS[name],
        port=USUAL_PORT,
        announce_host=LOOPBACK_BROADCAST,
        product_id=model.product_id or "",
        model=model,
    ) as lock:
        yield lock


async def _use_keypad(stage: Stage, lock: SimulatedLock) -> None:
    """Add a keypad on mains power, and use it."""
    answers: Answers = {
        "user": "manual",
        "manual": {
            "host": HOSTS[KEYPAD],
            "port": lock.port,
            "device_id": lock.device_id,
            "local_key": lock.local_key,
            "protocol_version": "auto",
        },
        "behaviour": {},
    }
    stage.user("adds the keypad")
    await stage.home.add_another(answers, no_touch)
    await until(lambda: lock.clients, "a connection to the keypad")
    seen, key = stage.home.seen, lock.device_id
    opening = f"{key}_last_opening"
    await until(lambda: stage.state(opening), "the entities of the keypad")
    stage.tell("fingerprint 4 opens")
    await lock.finger(4)
    (event,) = await until(lambda: stage.events(opening), "an event")
    expect(str(event) == "fingerprint 4", f"it was shown as {event}")
    stage.tell("somebody rings, and somebody tampers with the keypad")
    await lock.doorbell()
    await lock.alarm("pry")
    await until(lambda: stage.events(f"{key}_doorbell"), "the ring")
    await until(lambda: stage.events(f"{key}_alarm"), "the alarm")
    openings = len(lock.openings)
    stage.user("calls lock.unlock for the keypad; nobody has to ask at the door")
    await stage.home.call("lock", "unlock", key)
    expect(lock.openings[openings:] == ["remote"], f"the door: {lock.openings[openings:]}")
    unfit = [name for name in UNFIT if stage.state(f"{key}_{name}")]
    expect(not unfit, f"a keypad on mains power has {unfit}")
    shown = {name: one for name, one in seen.states.items() if name.startswith(key)}
    stage.shown(", ".join(f"{name.removeprefix(key)} {value}" for name, value in shown.items()))


async def _add_from_account(stage: Stage, lock: SimulatedLock, name: str) -> None:
    """Choose a lock of the account; what it reports goes through Tuya from now on."""

    async def touch(step: str) -> None:
        stage.tell(f"somebody touches {name}")
        await lock.wake()

    stage.user(f"chooses {name}")
    answers: Answers = {
        "user": "account",
        "account": {"device_id": lock.device_id},
        "through_tuya": {},
        "behaviour": {},
    }
    title, steps = await stage.home.add_another(answers, touch)
    stage.shown(f"{title} was added after the steps {', '.join(steps)}")
    await until(lambda: stage.state(f"{lock.device_id}_last_opening"), "the entities of the lock")


async def _use_video_lock(stage: Stage, lock: SimulatedLock) -> None:
    """Add a video lock of the account, and hear its bell and its battery."""
    await _add_from_account(stage, lock, "Video lock")
    await _tell(stage, lock, "rings", (53, True), (45, 85))
    ring = f"{lock.device_id}_doorbell"
    await until(lambda: stage.events(ring), "the ring")
    battery = f"{lock.device_id}_battery"
    await until(lambda: stage.state(battery) == "85", "the battery to be shown")


async def _use_lock_behind_gateway(stage: Stage, lock: SimulatedLock) -> None:
    """Add a lock behind a gateway, which no network reaches, and hear it."""
    await _add_from_account(stage, lock, "Garden door")
    await _tell(stage, lock, "is opened by finger 3", (12, 3), (9, "medium"))
    opening = f"{lock.device_id}_last_opening"
    (event,) = await until(lambda: stage.events(opening), "the opening")
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")
    expect(event.attributes["route"] == "account", f"it came by {event.attributes['route']}")
    level = f"{lock.device_id}_battery_level"
    await until(lambda: stage.state(level) == "medium", "the battery to be shown")


async def _tell(stage: Stage, lock: SimulatedLock, what: str, *dps: tuple[int, Any]) -> None:
    """Let Tuya's account report what happens at the door."""
    stage.tell_of_tuya(f"the account reports that the door {what}")
    now = int(time.time() * 1000)
    items = [{"dpId": dp, "t": now, "value": value} for dp, value in dps]
    await stage.tuya_tells(lock, items)
