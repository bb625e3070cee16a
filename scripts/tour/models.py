"""Locks that exist, of three kinds, as the simulator plays them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import secrets
import time
from typing import Any

from tests.devices import find
from tests.simulator import SimulatedLock

from .account import in_account
from .chapter import Chapter
from .conditions import expect, until
from .flows import Answers
from .home import no_touch
from .stage import LOOPBACK_BROADCAST, USUAL_PORT, Stage

KEYPAD = "Secukey Sboard III mini"
VIDEO, VIDEO_NAME = "Videolock-WBRL", "Video door"
GATE, GATE_NAME = "Gainsborough Liberty", "Garden gate"
UNFIT = ("battery", "battery_low", "unlock_requested")
"""What a keypad on mains power does not have."""
NETWORK = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}"
HOSTS = {KEYPAD: f"{NETWORK}.3", VIDEO: f"{NETWORK}.4", GATE: f"{NETWORK}.5"}
"""Where each is in the network."""

chapter = Chapter()


@chapter.step("real-models", needs_lock=False)
async def real_models(stage: Stage) -> None:
    """Models that exist are set up and heard: a keypad, a video lock, one behind a gateway."""
    async with _played(stage, KEYPAD) as keypad:
        await _use_keypad(stage, keypad)
    async with _played(stage, VIDEO) as video:
        gate = _model_lock(GATE)
        stage.user("signs in to a Tuya account that has a video lock and a lock behind a gateway")
        devices = in_account(video, VIDEO_NAME), in_account(gate, GATE_NAME)
        await stage.home.sign_in(stage.gateway.url, stage.gateway.token, *devices)
        await _use_video_lock(stage, video)
        await _use_lock_behind_gateway(stage, gate)
        await stage.home.sign_out()


@asynccontextmanager
async def _played(stage: Stage, name: str) -> AsyncIterator[SimulatedLock]:
    """Let the simulator play a model."""
    stage.tell(f"a {name} is there")
    async with _model_lock(name) as lock:
        yield lock


def _model_lock(name: str) -> SimulatedLock:
    """Return a lock of a model, which is switched on where it is entered."""
    model = find(name)
    return SimulatedLock(
        device_id=f"bfmodel{secrets.token_hex(6)}0",
        host=HOSTS[name],
        port=USUAL_PORT,
        announce_host=LOOPBACK_BROADCAST,
        product_id=model.product_id or "",
        model=model,
    )


async def _use_video_lock(stage: Stage, lock: SimulatedLock) -> None:
    """Add a video lock from the account, and hear what it reports there."""
    key = lock.device_id

    async def touch(name: str) -> None:
        stage.tell("somebody touches the keypad of the video lock")
        await lock.wake()

    stage.user(f"chooses {VIDEO_NAME}")
    answers: Answers = {"user": "account", "account": {"device_id": key}, "behaviour": {}}
    await stage.home.add_another(answers, touch)
    await until(lambda: stage.state(f"{key}_last_opening"), "the entities of the video lock")
    await lock.sleep()
    stage.tell_of_tuya("the account reports the battery, and that somebody rings")
    await _report(stage, lock, "battery_percentage", 81)
    await _report(stage, lock, "doorbell", True)
    await until(lambda: stage.state(f"{key}_battery") == "81", "the battery")
    await until(lambda: stage.events(f"{key}_doorbell"), "the ring")
    stage.shown("the battery is at 81 %, and the doorbell rings")


async def _use_lock_behind_gateway(stage: Stage, lock: SimulatedLock) -> None:
    """Add a Bluetooth lock from the account; there is nothing to touch."""
    key = lock.device_id
    stage.user(f"chooses {GATE_NAME}")
    answers: Answers = {
        "user": "account",
        "account": {"device_id": key},
        "through_tuya": {},
        "behaviour": {},
    }
    _, steps = await stage.home.add_another(answers, no_touch)
    expect("touch" not in steps, f"somebody had to touch the lock: {steps}")
    opening = f"{key}_last_opening"
    await until(lambda: stage.state(opening), "the entities of the lock behind a gateway")
    stage.tell_of_tuya("the account reports fingerprint 3")
    await _report(stage, lock, "unlock_fingerprint", 3)
    (event,) = await until(lambda: stage.events(opening), "an event")
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")
    expect(event.attributes["route"] == "account", f"it came by {event.attributes['route']}")
    await until(lambda: stage.state(key) == "unlocked", "the state unlocked")
    stage.shown(f"{event}, by the account")


async def _report(stage: Stage, lock: SimulatedLock, code: str, value: int | bool) -> None:
    """Let the account report a value of a lock."""
    assert lock.model
    dp = lock.model.codes[code].id
    item: dict[str, Any] = {"dpId": dp, "t": int(time.time() * 1000), "value": value}
    await stage.home.deliver(lock.device_id, [item])


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
