"""The Tuya account to which Home Assistant is signed in, and a lock that it knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import time
from typing import Any

from .chapter import Chapter
from .conditions import expect, never, until
from .flows import Answers
from .seen import Event
from .stage import BACK_DOOR, Stage

MOMENT = 1.5
"""Seconds in which something that is wrong would have shown itself."""
FINGERPRINT = 1
KEY_CODES = ("remote_no_pd_setkey", "remote_no_dp_key")

chapter = Chapter()


@chapter.step("account-setup")
async def account_setup(stage: Stage) -> None:
    """A second lock is chosen from the Tuya account by its name; no key is typed."""
    lock, home = stage.back_door, stage.home
    stage.user("signs in to the Tuya account with Home Assistant's own integration")
    signed_in = await home.sign_in()
    expect(signed_in == ["user", "scan"], f"it asked for {signed_in}")

    async def touch(name: str) -> None:
        expect(not lock.connections, "the lock was reached before it was touched")
        stage.tell("somebody touches the keypad of the back door")
        await lock.wake()

    stage.user(f"chooses {BACK_DOOR}")
    answers: Answers = {
        "user": "account",
        "account": {"device_id": lock.device_id},
    }
    title, steps = await home.add_another(answers, touch)
    stage.shown(f"{title} was added after the steps {', '.join(steps)}")
    expect(title == BACK_DOOR, f"the lock is called {title}")
    expect("touch" in steps, f"nobody was asked to touch the lock: {steps}")
    await until(lambda: stage.state(_key(stage, "last_opening")), "the entities of the lock")
    await until(lambda: not lock.clients, "the connection of the flow to end")
    await lock.sleep()


@chapter.step("account-report")
async def account_report(stage: Stage) -> None:
    """The lock sleeps to the network, and what it reports to Tuya is an event at once."""
    before = _counts(stage)
    stage.tell("fingerprint 3 opens the back door, which the network does not hear")
    at = time.time()
    await stage.back_door.store("fingerprint", 3, at)
    await _deliver(stage, 3, at)
    (event,) = await _new_events(stage, before, 1)
    expect(str(event) == "fingerprint 3", f"it was shown as {event}")
    expect(event.attributes["route"] == "account", f"it came by {event.attributes['route']}")
    expect(not stage.back_door.awake, "the lock is awake")
    await never(MOMENT, lambda: _since(stage, before)[1:], "told again")


@chapter.step("account-unlock")
async def account_unlock(stage: Stage) -> None:
    """A lock that only Tuya reaches is opened through the account while somebody asks."""
    lock, key, before = stage.back_door, stage.back_door.device_id, _counts(stage)
    openings, connections, orders = len(lock.openings), lock.connections, stage.gateway.orders
    shown = stage.home.seen.shown[key]
    showings = len(shown)
    async with _only_tuya_hears(stage):
        stage.tell("somebody presses the request key of the back door")
        await lock.request(30)
        requested = _key(stage, "unlock_requested")
        await until(lambda: stage.state(requested) == "on", "the request to be shown")
        stage.user("calls lock.unlock for the back door")
        await stage.home.call("lock", "unlock", key)
        stage.tell_of_tuya(f"passed on {' and '.join(code for _, code in orders)}")
        expect(lock.openings[openings:] == ["remote"], f"the door: {lock.openings[openings:]}")
        expect(orders == [(key, code) for code in KEY_CODES], f"the orders: {orders}")
        await until(lambda: "unlocked" in shown[showings:], "the state unlocked")
        await until(lambda: stage.state(requested) == "off", "the end of the request to be shown")
        await until(lambda: stage.state(key) == "locked", "the lock to be shown as locked")
        (event,) = await _new_events(stage, before, 1)
        expect(event.attributes["route"] == "account", f"it came by {event.attributes['route']}")
    expect(lock.connections == connections, "the lock was reached by the network")


@chapter.step("account-and-lan")
async def account_and_lan(stage: Stage) -> None:
    """A record that comes by the network and by the account is one event, whichever is first."""
    lock, before = stage.back_door, _counts(stage)
    stage.tell("the lock of the back door wakes, and tells the network all of that once more")
    await lock.wake()
    await until(lambda: lock.clients and not lock.waiting, "the lock to tell its record")
    await never(MOMENT, lambda: _since(stage, before), "told again")
    stage.tell("fingerprint 5 opens the back door")
    await lock.finger(5)
    (event,) = await _new_events(stage, before, 1)
    expect(str(event) == "fingerprint 5", f"it was shown as {event}")
    expect(event.attributes["route"] == "lan", f"it came by {event.attributes['route']}")
    await _deliver(stage, 5, time.time())
    await never(MOMENT, lambda: _since(stage, before)[1:], "told again")


@chapter.step("account-reload")
async def account_reload(stage: Stage) -> None:
    """The account is heard again after a reload of its integration, and after a lost session."""
    stage.user("reloads the Tuya integration")
    await stage.home.reload_account()
    await _heard_again(stage, 3)
    stage.tell_of_tuya("the broker ends the session without a word")
    stage.gateway.broker.drop()
    await _heard_again(stage, 5)


@chapter.step("account-signed-out")
async def account_signed_out(stage: Stage) -> None:
    """Tuya ends the sign-in: Home Assistant asks for it, and the lock is heard after it."""
    stage.tell_of_tuya("the sign-in is not accepted any more")
    stage.gateway.sign_out()
    stage.user("reloads the Tuya integration")
    await stage.home.reload_account()
    await _found_of_account(stage, "attention", "sign")
    stage.user("scans the QR code that Home Assistant shows")
    reason = await stage.home.sign_in_again()
    expect(reason == "reauth_successful", f"the flow ended: {reason}")
    await _heard_again(stage, 2)


@chapter.step("account-unreachable")
async def account_unreachable(stage: Stage) -> None:
    """Tuya is out of reach when its integration starts: that is what the check says."""
    stage.tell_of_tuya("no connection is taken any more")
    stage.gateway.gone = True
    stage.gateway.broker.drop()
    await stage.home.reload_account()
    state = await stage.home.account_state()
    expect(state == "setup_retry", f"the Tuya integration is {state}")
    await _found_of_account(stage, "unknown", "wait")
    stage.tell_of_tuya("connections are taken again")
    stage.gateway.gone = False
    await stage.home.reload_account()
    await _heard_again(stage, 3)


@chapter.step("account-gone")
async def account_gone(stage: Stage) -> None:
    """Without the account, the network goes on."""
    stage.user("switches the Tuya integration off")
    await stage.home.switch_account(on=False)
    await stage.back_door.sleep()
    before = _counts(stage)
    stage.tell("fingerprint 6 opens the back door")
    await stage.back_door.finger(6)
    (event,) = await _new_events(stage, before, 1)
    expect(str(event) == "fingerprint 6", f"it was shown as {event}")
    expect(event.attributes["route"] == "lan", f"it came by {event.attributes['route']}")
    await stage.back_door.sleep()


@asynccontextmanager
async def _only_tuya_hears(stage: Stage) -> AsyncIterator[None]:
    """Keep the lock from the network, and let the account report what it tells its cloud."""
    reports: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue()
    stage.gateway.subscribe(lambda _, items: reports.put_nowait(items))

    async def deliver() -> None:
        while True:
            await stage.tuya_tells(stage.back_door, await reports.get())

    delivering, knobs = asyncio.create_task(deliver()), stage.back_door.knobs
    stage.tell("the back door is in a network that Home Assistant does not reach")
    knobs.lan = False
    try:
        yield
    finally:
        await stage.back_door.sleep()
        knobs.lan = True
        if delivering.done():
            await delivering
        delivering.cancel()


async def _deliver(stage: Stage, number: int, at: float) -> None:
    """Let the account report a fingerprint, once it is listened to."""
    item: dict[str, Any] = {"dpId": FINGERPRINT, "t": int(at * 1000), "value": number}
    stage.tell_of_tuya(f"the account reports fingerprint {number}")
    await stage.tuya_tells(stage.back_door, [item])


async def _heard_again(stage: Stage, number: int) -> None:
    """Expect that a report through the account is one event."""
    before = _counts(stage)
    await _deliver(stage, number, time.time())
    (event,) = await _new_events(stage, before, 1)
    expect(str(event) == f"fingerprint {number}", f"it was shown as {event}")
    expect(event.attributes["route"] == "account", f"it came by {event.attributes['route']}")


async def _found_of_account(stage: Stage, state: str, word: str) -> None:
    """Expect what Check the lock finds of the account."""
    answer = await stage.home.ask("diagnose", key=stage.back_door.device_id)
    (found,) = [one for one in answer["findings"] if one["check"] == "account"]
    stage.shown(f"{found['seen']} {found['todo']}")
    expect(found["state"] == state and word in found["seen"], f"the check says {found}")


def _key(stage: Stage, key: str) -> str:
    """Return under which key an entity of the back door is seen."""
    return f"{stage.back_door.device_id}_{key}"


def _counts(stage: Stage) -> tuple[int, int]:
    """Return how many events of the back door there were, live and late."""
    return len(_events(stage, "last_opening")), len(_events(stage, "late_opening"))


def _since(stage: Stage, before: tuple[int, int]) -> list[Event]:
    """Return the events of the back door after earlier counts, live ones first."""
    live, late = before
    return _events(stage, "last_opening")[live:] + _events(stage, "late_opening")[late:]


def _events(stage: Stage, key: str) -> list[Event]:
    return stage.events(_key(stage, key))


async def _new_events(stage: Stage, before: tuple[int, int], count: int) -> list[Event]:
    """Return the live events of the back door after earlier counts, as soon as they are there."""
    live, _ = before
    unlocks = _key(stage, "last_opening")
    await until(lambda: len(stage.events(unlocks)) >= live + count, "an unlock event")
    return stage.events(unlocks)[live:]
