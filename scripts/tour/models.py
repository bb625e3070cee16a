"""Locks that exist, of three kinds, as the simulator plays them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import secrets

from tests.devices import find
from tests.simulator import SimulatedLock

from .chapter import Chapter
from .conditions import expect, until
from .flows import Answers
from .home import no_touch
from .stage import LOOPBACK_BROADCAST, USUAL_PORT, Stage

KEYPAD = "Secukey Sboard III mini"
UNFIT = ("battery", "battery_low", "unlock_requested")
"""What a keypad on mains power does not have."""
HOST = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.3"
"""Where it is in the network."""

chapter = Chapter()


@chapter.step("real-models", needs_lock=False)
async def real_models(stage: Stage) -> None:
    """Models that exist are set up and heard: a keypad on the wall in the network."""
    async with _played(stage, KEYPAD) as keypad:
        await _use_keypad(stage, keypad)


@asynccontextmanager
async def _played(stage: Stage, name: str) -> AsyncIterator[SimulatedLock]:
    """Let the simulator play a model."""
    model = find(name)
    stage.tell(f"a {model.name} is there")
    async with SimulatedLock(
        device_id=f"bfmodel{secrets.token_hex(6)}0",
        host=HOST,
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
            "host": HOST,
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
