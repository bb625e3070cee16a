"""Everything that a step of the tour has: a lock, somebody at its door, and Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
import secrets
import time
from typing import Any

from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway, topic_of

from .client import Json, Refused
from .conditions import expect, until
from .home import Home
from .seen import Event

USUAL_PORT = 6668
"""Where a lock is reached of which nobody has typed the port."""
LOOPBACK_BROADCAST = "127.255.255.255"
"""Where the lock announces itself: every listener of this machine gets its own copy."""
BACK_DOOR = "Back door"
KNOWN = (1, 2, 5, 9, 15, 49, 50, 55)
"""DP ids of what the account knows of the back door: less than it reports."""
NAP = 0.3
"""Seconds for which a lock sleeps at least: none wakes in the moment in which it falls asleep."""
SENT = 2
"""How the cloud marks a temporary password that is in the lock."""
HOLD_OFF = 45.0
"""Seconds after which a lock that Home Assistant has let go is dialled again at the latest."""


class Stage:
    """The lock and the home in which it is."""

    def __init__(
        self,
        home: Home,
        cloud: SimulatedCloud,
        gateway: Gateway,
        device_id: str,
        say: Callable[[str, str], None],
    ) -> None:
        """Build locks that sleep until they are touched, and tell what their bolts do."""
        self.home, self.cloud, self.gateway = home, cloud, gateway
        self.lock = SimulatedLock(
            device_id=device_id,
            announce_host=LOOPBACK_BROADCAST,
            knobs=Knobs(motor_state=True, relock_seconds=1.0),
        )
        cloud.join(self.lock)
        self.back_door = SimulatedLock(
            device_id=f"{device_id[:-1]}x",
            host=f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.2",
            port=USUAL_PORT,
            announce_host=LOOPBACK_BROADCAST,
            knobs=Knobs(motor_state=True, relock_seconds=1.0),
        )
        gateway.join(self.back_door, name=BACK_DOOR, known=KNOWN)
        self.codes: dict[str, str] = {}
        """The digits that Home Assistant has told, by the guest they are for."""
        self._say = say
        self._called_at = 0.0

    # What is seen

    def state(self, key: str) -> str:
        """Return what Home Assistant shows, or nothing if there is no such entity."""
        return self.home.seen.states.get(key, "")

    def events(self, key: str = "last_opening") -> list[Event]:
        """Return all events that an event entity has shown."""
        return self.home.seen.events[key]

    async def new_events(self, since: int, count: int, within: float = 10) -> list[Event]:
        """Return the unlock events after the first `since`, as soon as there are `count`."""
        what = f"{count} more unlock events"
        await until(lambda: len(self.events()) >= since + count, what, within)
        return self.events()[since:]

    def counts(self) -> tuple[int, int]:
        """Return how many events there were, live and late."""
        return len(self.events()), len(self.events("late_opening"))

    def events_since(self, before: tuple[int, int]) -> list[Event]:
        """Return the events after earlier counts, live ones first."""
        return self.events()[before[0] :] + self.events("late_opening")[before[1] :]

    # What happens at the door

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._say("door", text)

    async def tuya_tells(self, lock: SimulatedLock, items: list[Json]) -> None:
        """Let Tuya's broker pass on a report of a lock, once it is subscribed."""
        topic = topic_of(lock.device_id)
        await until(lambda: self.gateway.broker.is_subscribed(topic), "a subscription")
        self.gateway.tell(lock.device_id, items)

    def tell_of_tuya(self, text: str) -> None:
        """Say what happens in Tuya's cloud."""
        self._say("Tuya", text)

    def user(self, text: str) -> None:
        """Say what a person does in Home Assistant."""
        self._say("user", text)

    def shown(self, text: str) -> None:
        """Say what a person sees in Home Assistant."""
        self._say("HA", text)

    async def finger(self, number: int) -> None:
        """Somebody opens with a finger; that wakes the lock."""
        self.tell(f"finger {number} opens")
        await self.lock.finger(number)

    async def code(self, number: int) -> None:
        """Somebody opens with a code; that wakes the lock."""
        self.tell(f"code {number} opens")
        await self.lock.code(number)

    async def type_code(self, digits: str) -> bool:
        """Somebody types digits; that wakes the lock. Return if it opens."""
        opens = await self.lock.type_code(digits)
        self.tell(f"somebody types {digits}: it {'opens' if opens else 'does not open'}")
        return opens

    async def touch(self) -> None:
        """Wake the lock, and let it fetch from its cloud what is new."""
        self.tell("somebody touches the keypad")
        await self.lock.wake()
        await self.synced()

    async def synced(self) -> None:
        """Wait until the lock has fetched its passwords; it opens first."""
        rows = self.cloud.rows
        await until(
            lambda: all(row.phase == SENT for row in rows(self.lock.device_id)),
            "the lock to fetch its passwords",
        )

    async def sleep(self) -> None:
        """Let the lock fall asleep once its bolt is where Home Assistant says."""
        if self.lock.awake:
            await self.locked()
            self.tell("the lock falls asleep")
            await self.lock.sleep()
            await asyncio.sleep(NAP)

    async def locked(self) -> None:
        """Wait until the lock has locked itself, and Home Assistant shows it."""
        moved = "55" in self.lock.dps
        await until(
            lambda: not moved or (self.state("lock") == "locked" and not self.lock.dps["55"]),
            "the lock to be shown as locked",
        )

    async def connected(self) -> None:
        """Wake the lock unless Home Assistant talks to it, and wait until it does."""
        if not self.lock.clients:
            await self.wake_up()
        await self.locked()

    async def wake_up(self) -> float:
        """Let somebody open, and wait until that is shown; return when the lock was reached."""
        await self.sleep()
        since = len(self.events())
        await self.finger(1)
        await until(lambda: self.lock.clients, "a connection to the lock", HOLD_OFF)
        reached = time.monotonic()
        await self.new_events(since, 1)
        return reached

    # What somebody does in Home Assistant

    async def unlock(self) -> None:
        """Call lock.unlock, and wait for its end; raise Refused."""
        self.user("calls lock.unlock")
        self._called_at = time.monotonic()
        await self.home.call("lock", "unlock", "lock")

    def trigger(self, name: str, **options: object) -> Json:
        """Return one of our triggers for the lock, as the editor saves it."""
        target = {"entity_id": self.home.seen.entity_id("lock")}
        return {"trigger": f"tuya_wifi_lock.{name}", "target": target, "options": options}

    async def ask(self, action: str, **fields: Any) -> Json:
        """Call an action of ours, and return its answer; raise Refused."""
        self.user(" ".join([f"calls {action}", *(str(value) for value in fields.values())]))
        self._called_at = time.monotonic()
        return await self.home.ask(action, **fields)

    async def refusal(self, call: Awaitable[object]) -> Refused:
        """Return the error with which a call ends."""
        try:
            await call
        except Refused as refused:
            seconds = time.monotonic() - self._called_at
            self.user(f"is told after {seconds:.1f} s: {refused.words}")
            expect(refused.words.strip(), "the error has no words")
            expect(refused.key, f"the error has no translation: {refused.words}")
            return refused
        expect(False, "the call ended without an error")
        raise AssertionError

    async def waiting_unlock(self) -> asyncio.Task[None]:
        """Call lock.unlock of a sleeping lock; return the call once it is shown to wait."""
        call = asyncio.create_task(self.unlock())
        await until(lambda: self.state("lock") == "unlocking" or call.done(), "the state unlocking")
        expect(not call.done(), "lock.unlock did not wait for the sleeping lock")
        return call
