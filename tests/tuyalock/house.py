"""What the tests of the core share: a clock that can be moved, and a house with one lock."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, override

from custom_components.tuya_wifi_lock.tuyalock import (
    Address,
    Announcement,
    Clock,
    Kind,
    Record,
    Report,
    Settings,
    Snapshot,
    Source,
    TuyaLock,
    Unlock,
    Update,
)
from custom_components.tuya_wifi_lock.tuyalock.clock import Timer
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from tests.simulator import Knobs, SimulatedLock, access_control

LOCAL_KEY = "0123456789abcdef"
VERSIONS = ("3.1", "3.3", "3.4", "3.5")


async def settled() -> None:
    """Wait until nothing happens any more by itself, neither here nor in our sockets.

    What is sent to another socket of this machine is there when `send` returns.
    """
    ready = asyncio.get_running_loop()._ready
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1


class MovableClock(Clock):
    """Runs like any clock, and can jump ahead."""

    def __init__(self) -> None:
        self._moved = 0.0
        self.set_by = 0.0
        """Seconds by which the wall clock, and it alone, was set."""
        self._timers: set[MovableTimer] = set()

    @override
    def time(self) -> float:
        return super().time() + self._moved + self.set_by

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self._moved

    @override
    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        return MovableTimer(self._timers, self.monotonic, delay, callback)

    def move(self, seconds: float) -> None:
        """Jump ahead; what became due happens in its order."""
        self._moved += seconds
        for timer in sorted(self._timers, key=lambda timer: timer.when):
            timer.reconsider()

    @property
    def waiting(self) -> int:
        """How many timers run."""
        return len(self._timers)

    @property
    def idle(self) -> float:
        """Seconds until the next timer is due; a minute if none runs."""
        due = min((timer.when for timer in self._timers), default=None)
        return 60.0 if due is None else max(0.0, due - self.monotonic())


class MovableTimer:
    """A timer of a clock that jumps."""

    def __init__(
        self,
        timers: set[MovableTimer],
        now: Callable[[], float],
        delay: float,
        callback: Callable[[], None],
    ) -> None:
        self.when = now() + delay
        self._timers, self._now, self._callback = timers, now, callback
        self._handle: asyncio.TimerHandle | None = None
        timers.add(self)
        self.reconsider()

    def reconsider(self) -> None:
        """Wait for what is left."""
        if self not in self._timers:
            return
        if self._handle:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(max(0.0, self.when - self._now()), self._fire)

    def cancel(self) -> None:
        """Call it off."""
        self._timers.discard(self)
        if self._handle:
            self._handle.cancel()

    def _fire(self) -> None:
        self.cancel()
        self._callback()


@dataclass
class House:
    """A simulated lock, ours, and what it has published; records are unlocks, signals the rest."""

    simulated: SimulatedLock
    lock: TuyaLock
    clock: MovableClock
    snapshots: list[Snapshot] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    signals: list[Record] = field(default_factory=list)

    @property
    def unlocks(self) -> list[str]:
        """The unlocks that were published, in order: age, method and number."""
        return [f"{r.age} {r.unlock.method} {r.unlock.number}" for r in self.records]

    @property
    def last_unlock(self) -> Unlock | None:
        """How the lock was opened last, as far as it shows."""
        record = self.lock.snapshot.last_unlock
        return record.unlock if record else None

    def take(self, update: Update) -> None:
        """Keep what our lock has published."""
        self.snapshots.append(update.state)
        for record in update.records:
            (self.records if record.kind is Kind.UNLOCK else self.signals).append(record)

    def report(self, source: Source, *items: Item) -> None:
        """Let a source report."""
        self.lock.receive(Report(source=source, received=self.clock.time(), items=items))

    def from_cloud(self, code: str, value: Any, ago: float = 0.0) -> None:
        """Let the cloud report what was so many seconds ago."""
        self.report(Source.CLOUD, Item(code, value, self.clock.time() - ago))

    async def wake(self) -> None:
        """Wake the lock and hear it announce itself."""
        await self.simulated.wake()
        self.hint()

    def hint(
        self,
        host: str = "127.0.0.1",
        version: str | None = None,
        *,
        product_id: str | None = None,
        sender: str | None = None,
    ) -> None:
        """Hear an announcement, from the host itself or from somebody else."""
        self.lock.announced(
            Announcement(
                self.simulated.device_id,
                host,
                version or self.simulated.version,
                product_id,
                sender=host if sender is None else sender,
            )
        )

    async def until(self, condition: Callable[[], bool], timeout: float = 5) -> None:
        """Wait until something is true, and all has arrived that is on its way."""
        await self.simulated.wait_for(condition, timeout)
        await settled()

    async def awake(self) -> None:
        """Wake the lock and connect to it, and let its first seconds pass."""
        await self.wake()
        if self.simulated.version == "3.1":
            # It signs nothing but what it reports by itself.
            await self.hurry_until(lambda: self.simulated.clients > 0)
            await self.simulated.push({"201": 0})
        await self.hurry_until(lambda: self.lock.snapshot.awake)
        await self.pass_time(4)

    async def settle(self) -> None:
        """Let everything that is on its way arrive."""
        await settled()

    async def pass_time(self, seconds: float, step: float = 0.01) -> None:
        """Let time pass, from timer to timer, with all that goes over the wire meanwhile.

        Timers that are due within a step happen at once.
        """
        end = self.clock.monotonic() + seconds
        await settled()
        while (left := end - self.clock.monotonic()) > 0:
            self.clock.move(min(left, max(step, self.clock.idle)))
            await settled()

    async def hurry[T](self, call: Coroutine[Any, Any, T], within: float = 600) -> T:
        """Let time pass until a call is over."""
        task = asyncio.create_task(call)
        await self.hurry_until(task.done, within)
        return await task

    async def hurry_until(self, condition: Callable[[], bool], within: float = 600) -> None:
        """Let time pass until something is true."""
        end = self.clock.monotonic() + within
        await settled()
        while not condition():
            assert self.clock.monotonic() < end, "it never came true"
            await self.pass_time(max(0.01, self.clock.idle))


def address_of(simulated: SimulatedLock, **changes: Any) -> Address:
    """Return how a simulated lock is reached."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": simulated.port,
        "device_id": simulated.device_id,
        "local_key": LOCAL_KEY.encode(),
        "version": simulated.version,
        "announces": True,
    }
    return Address(**values | changes)


@asynccontextmanager
async def house(
    version: str = "3.4",
    family: str = "B",
    *,
    settings: Settings | None = None,
    stored: dict[str, Any] | None = None,
    address: dict[str, Any] | None = None,
    heard_before: bool = True,
    since: float = 0.0,
    **knobs: Any,
) -> AsyncGenerator[House]:
    """Open a house. `heard_before`: long enough to know that the lock was asleep.

    What an access control is, is known from elsewhere: over the LAN, it shows that only by and by.
    """
    if stored is None:
        stored = {"product": {"chosen": [family]}}
    clock = MovableClock()
    make = access_control if family == "D" else Knobs
    simulated = SimulatedLock(
        version=version,
        family=family,
        knobs=make(**{"announce": False} | knobs),
        now=clock.time,
        call_later=clock.call_later,
    )
    async with simulated:
        lock = TuyaLock(
            address_of(simulated, **address or {}),
            settings or Settings(),
            clock,
            stored,
            on_update=lambda update: home.take(update),  # noqa: PLW0108
            since=since,
        )
        home = House(simulated, lock, clock)
        if heard_before:
            clock.move(20)
        lock.start()
        try:
            yield home
        finally:
            await lock.stop()
