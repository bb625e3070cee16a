"""The lives of the simulated locks, each by the numbers of a seeded generator of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
import socket
import time
from typing import Any

from scripts.fuzzing.mutations import damaged, strange_body
from tests.hostile.stranger import echo, in_the_clear, junk, mute, stranger
from tests.simulator import Knobs, SimulatedLock, bodies, wire

from .books import Books, Page

PRODUCTS = {"A": "bxq2o60gxhh2ben6", "B": "umca8uiv2203ua3k", "D": "5k8h97qska6pf5cm"}
METHODS = ("fingerprint", "password", "card")
LOCAL_KEY = "0123456789abcdef"
ANOTHER_KEY = "f" * 16
STRANGER = "127.200.{}.{}"
"""His addresses; the locks are at 127.1, and move from there."""

type Say = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lock that is common."""

    family: str
    version: str
    timed: bool = False
    """It dates its records."""
    announces: bool = True
    stays: bool = False
    """Its radio is never off."""


KINDS = (
    Kind("B", "3.4"),
    Kind("B", "3.5"),
    Kind("B", "3.3", timed=True),
    Kind("A", "3.3"),
    Kind("B", "3.4", stays=True),
    Kind("B", "3.5", announces=False),
    Kind("B", "3.4", timed=True),
    Kind("D", "3.3", stays=True),
    Kind("B", "3.3"),
    Kind("A", "3.4", timed=True),
)


def kind_of(index: int) -> Kind:
    """Return which kind a lock is."""
    return KINDS[index % len(KINDS)]


def device_id(index: int) -> str:
    """Return the device id of a lock."""
    return f"bfsimulated0lock{index:04}"


def host_of(index: int, moves: int = 0) -> str:
    """Return the address of a lock that has moved so often."""
    return f"127.{1 + moves % 150}.0.{1 + index}"


class Door:
    """A lock, with people at its door."""

    def __init__(
        self, index: int, seed: int, books: Books, say: Say, ports: Mapping[int, int]
    ) -> None:
        """Build a lock that sleeps."""
        self.index, self.kind = index, kind_of(index)
        self._rng = Random(f"{seed} {index}")
        self._books, self._say, self._ports = books, say, ports
        self._number = 0
        self.moves = 0
        self._fell_asleep = time.time()
        self._knobs = self._choose_knobs()
        self.lock = self._build(0)
        self._page = Page(f"lock {index} ({self.kind.family} {self.kind.version})")
        books.pages.append(self._page)

    def _choose_knobs(self) -> Knobs:
        kind, rng = self.kind, self._rng
        return Knobs(
            low_power=kind.family != "D",
            keep_alive=kind.stays,
            announce=kind.announces,
            record_times=kind.timed,
            requires_request=not kind.stays,
            idle_timeout=rng.choice((None, 30.0)),
            query_answer="unvalid" if kind.family == "D" else rng.choice(("changed", "empty")),
            burst_frames=rng.choice(("one", "separate")),
            reply="5" if kind.family == "D" else "3",
            asleep_dials=rng.choice(("refuse", "silent")),
        )

    def _build(self, port: int) -> SimulatedLock:
        return SimulatedLock(
            device_id=device_id(self.index),
            local_key=LOCAL_KEY,
            version=self.kind.version,
            family=self.kind.family,
            host=host_of(self.index, self.moves),
            port=port,
            announce_ports=self._ports,
            product_id=PRODUCTS[self.kind.family],
            knobs=self._knobs,
        )

    async def live(self, end: float) -> None:
        """Do one thing after the other until a time of the event loop."""
        acts = STAYING if self.kind.stays else SLEEPY
        while await self._pause(end):
            (act,) = self._rng.choices(list(acts), list(acts.values()))
            self._books.acts[act.__name__.strip("_").replace("_", " ")] += 1
            await act(self)
            self._count_remote()

    async def _pause(self, end: float) -> bool:
        """Let nothing happen for a while; return if there is time left then."""
        loop = asyncio.get_running_loop()
        pause = min(self._rng.uniform(1, 25), end - loop.time())
        await asyncio.sleep(pause)
        return loop.time() < end

    async def settle(self) -> None:
        """Let the lock hand over what it still has, and sleep."""
        self.lock.faults.clear()
        while self.lock.waiting:
            self._may_be_guessed()
            await self.lock.wake()
            await self._until(lambda: not self.lock.waiting, 20)
        await asyncio.sleep(2)
        self._count_remote()
        if not self.kind.stays:
            await self.lock.sleep()

    def _count_remote(self) -> None:
        self._page.remote += self.lock.openings.count("remote")
        self.lock.openings.clear()
        self.lock.lockings.clear()
        self.lock.commands.clear()

    # What somebody does at the door

    def _key(self, how: str, at: float | None = None) -> tuple[str, int]:
        """Return the next key that opens: no number is used twice."""
        self._number += 1
        method = self._rng.choice(METHODS)
        self._books.opened(self.index, method, self._number, how, at)
        return method, self._number

    async def _open(self, how: str) -> None:
        if self.kind.stays and not self.lock.clients:
            return  # Such a lock tells the cloud, and keeps nothing for us.
        await self.lock.unlock(*self._key(how))

    async def _wake(self) -> None:
        """Wake for another reason than an opening."""
        self._may_be_guessed()
        await self.lock.wake()

    def _may_be_guessed(self) -> None:
        """Without a time, what comes alone looks as if it had caused the wake."""
        if self.kind.timed:
            return
        for report in reversed(self.lock.waiting):
            for (_, number), opening in self._page.openings.items():
                if not opening.told and number in report.values():
                    opening.may_be_guessed = True
                    return

    async def _stay(self) -> None:
        """Stay awake for a while, and let perhaps more people in."""
        rng = self._rng
        await asyncio.sleep(rng.uniform(0.3, 6))
        while rng.random() < 0.35:
            await self._open("while awake")
            await asyncio.sleep(rng.uniform(0.3, 8))
        await self._fall_asleep()

    async def _fall_asleep(self) -> None:
        """End the connection in one of the ways that there are."""
        lock, rng = self.lock, self._rng
        if self.kind.stays:
            return
        way = rng.random()
        if way < 0.15:
            await self._until(lambda: not lock.clients, 15)  # We let it go.
        elif way < 0.3:
            lock.faults.cut_off = True
        elif way < 0.4:
            await lock.pull_battery()
            await lock.put_battery()
        await lock.sleep()
        lock.faults.cut_off = False
        self._fell_asleep = time.time()

    async def _until(self, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until a condition holds; return if it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        return bool(condition())

    # The acts of a lock that sleeps

    async def _opening(self) -> None:
        await self._open("an opening")
        await self._stay()

    async def _several_at_once(self) -> None:
        keys = [self._key("one of several") for _ in range(self._rng.randint(2, 3))]
        await self.lock.burst(*keys)
        await self._stay()

    async def _wake_without_opening(self) -> None:
        await self._wake()
        await asyncio.sleep(self._rng.uniform(0.2, 12))
        await self._stay()

    async def _wake_too_short(self) -> None:
        await self._open("a wake that is too short")
        await asyncio.sleep(self._rng.uniform(0, 0.05))
        await self._fall_asleep()

    async def _save_up(self) -> None:
        """Somebody opened while Wi-Fi was away, long ago."""
        until, since = time.time() - 70, time.time() - 20000
        if self.kind.timed and self.kind.version in wire.OLD_VERSIONS:
            # What is older than its last report was recorded, by all that anybody can know.
            until, since = time.time(), self._fell_asleep
        count = self._rng.randint(1, 9)
        for at in sorted(self._rng.uniform(since, until) for _ in range(count)):
            await self.lock.store(*self._key("saved up", at), at=at)

    async def _saved_up_and_an_opening(self) -> None:
        await self._save_up()
        await self._opening()

    async def _saved_up(self) -> None:
        await self._save_up()
        await self._wake_without_opening()

    async def _other_reports(self) -> None:
        self._may_be_guessed()
        match self._rng.randrange(5):
            case 0:
                await self.lock.alarm(self._rng.choice(("wrong_finger", "wrong_password")))
            case 1:
                await self.lock.doorbell()
            case 2 if self.kind.family != "D":
                await self.lock.battery(self._rng.randint(20, 95))
            case _:
                await self.lock.door(self._rng.random() < 0.5)
        await self._stay()

    async def _moved(self) -> None:
        """The router has given it another address."""
        if not self.lock.waiting and self.kind.announces:
            old = self.lock
            port = old.port
            await old.stop()
            self.moves += 1
            self.lock = self._build(port)
            await self.lock.start()
        await self._opening()

    async def _fault(self) -> None:
        """Something goes wrong on the way, and nothing that was reported gets lost by it."""
        faults, rng = self.lock.faults, self._rng
        match rng.randrange(5):
            case 0:
                faults.fragment = rng.randint(3, 60)
            case 1:
                faults.reset_at = rng.choice(("accept", "start", "resp", "finish", "query"))
            case 2:
                faults.delay_answers = rng.uniform(0.2, 2.5)
            case 3:
                faults.slot_taken = True
            case _:
                self.lock.knobs.announce_before_listen_seconds = 0.4
        await self._open("with a fault")
        await asyncio.sleep(rng.uniform(1, 5))
        faults.clear()
        self.lock.knobs.announce_before_listen_seconds = 0.0
        await asyncio.sleep(4)
        await self._stay()

    async def _damage(self) -> None:
        """What it says is damaged, while there is nothing to report."""
        if not self.lock.waiting:
            faults = self.lock.faults
            match self._rng.randrange(5):
                case 0:
                    faults.garbage = self._rng.randint(1, 3)
                case 3:
                    faults.bad_mac = 1
                case 1:
                    faults.half_frame_then_silence = 1
                case 2:
                    faults.wrong_local_key = ANOTHER_KEY
                case _:
                    faults.mute = True
            await self.lock.wake()
            await asyncio.sleep(self._rng.uniform(1, 6))
            faults.clear()
        await self._fall_asleep()

    async def _remote_unlock(self) -> None:
        """Home Assistant is asked to open, and somebody asks to be let in; or not, or too late."""
        lock, rng = self.lock, self._rng
        self._say("unlock", self.index)
        await asyncio.sleep(rng.uniform(0, 4))
        how = rng.choice(("opens", "opens", "nobody asks", "double-locked", "fails", "reset"))
        if how == "nobody asks":
            await self._wake()
            await asyncio.sleep(rng.uniform(1, 20))
            await self._fall_asleep()
            return
        lock.double_locked = how == "double-locked"
        lock.knobs.fail_unlock = how == "fails"
        if how == "reset":
            lock.faults.reset_at = rng.choice(("control", "ack"))
        self._may_be_guessed()
        await lock.request(rng.uniform(10, 25))
        await self._until(lambda: "remote" in lock.openings, rng.uniform(3, 12))
        await asyncio.sleep(rng.uniform(0.5, 3))
        await lock.end_request()
        lock.double_locked = lock.knobs.fail_unlock = False
        lock.faults.clear()
        await self._stay()

    async def _reload(self) -> None:
        """Its entry is loaded again, while somebody opens."""
        self._say("reload", self.index)
        if not self.kind.stays:
            await asyncio.sleep(self._rng.uniform(0, 0.3))
            await self._opening()

    # The acts of a lock that stays on the network

    async def _opening_there(self) -> None:
        await self._until(lambda: self.lock.clients, 30)
        await asyncio.sleep(self._rng.uniform(0, 3))
        await self._stay()
        await self._open("an opening")

    async def _reconnect(self) -> None:
        """It starts again, or its radio is off for a while, in good order or not."""
        lock, rng = self.lock, self._rng
        match rng.randrange(3):
            case 0:
                await lock.reboot()
            case 1:
                await lock.pull_battery()
                await asyncio.sleep(rng.uniform(1, 60))
                await lock.put_battery()
            case _:
                lock.faults.cut_off = True
                await lock.sleep()
                await asyncio.sleep(rng.uniform(1, 60))
                lock.faults.cut_off = False
        await lock.wake()

    async def _remote_unlock_there(self) -> None:
        lock, rng = self.lock, self._rng
        how = rng.choice(("opens", "opens", "opens", "double-locked", "fails"))
        lock.double_locked = how == "double-locked"
        lock.knobs.fail_unlock = how == "fails"
        self._say("unlock", self.index)
        await self._until(lambda: "remote" in lock.openings, rng.uniform(3, 8))
        await asyncio.sleep(1)
        lock.double_locked = lock.knobs.fail_unlock = False


type Act = Callable[[Door], Awaitable[None]]

# ruff: noqa: SLF001
SLEEPY: dict[Act, int] = {
    Door._opening: 24,
    Door._several_at_once: 8,
    Door._wake_without_opening: 10,
    Door._wake_too_short: 6,
    Door._saved_up_and_an_opening: 10,
    Door._saved_up: 6,
    Door._other_reports: 12,
    Door._moved: 4,
    Door._fault: 12,
    Door._damage: 5,
    Door._remote_unlock: 10,
    Door._reload: 1,
}
STAYING: dict[Act, int] = {
    Door._opening_there: 40,
    Door._other_reports: 12,
    Door._reconnect: 12,
    Door._remote_unlock_there: 10,
    Door._reload: 1,
}


# Others in the network


async def strangers(doors: list[Door], seed: int, end: float, ports: Mapping[int, int]) -> None:
    """Let strangers announce themselves as the locks, and answer in ways that prove nothing."""
    rng, loop = Random(f"{seed} strangers"), asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        while loop.time() < end:
            await asyncio.sleep(rng.uniform(1, 9))
            group.create_task(_visit(rng.choice(doors), Random(rng.random()), ports))


async def _visit(door: Door, rng: Random, ports: Mapping[int, int]) -> None:
    host = STRANGER.format(rng.randrange(256), rng.randrange(1, 255))
    version = rng.choice((door.kind.version, *wire.VERSIONS))
    serve = rng.choice((mute, echo, junk, in_the_clear))
    body = bodies.announced(
        host if rng.random() < 0.8 else host_of(door.index, door.moves),
        device_id(door.index),
        PRODUCTS[door.kind.family],
        version,
    )
    async with stranger(door.lock.port, serve, host):
        for _ in range(rng.randrange(1, 8)):
            send(host, *wire.announcement(version, body), ports)
            await asyncio.sleep(rng.uniform(0.2, 4))


async def garbage(seed: int, end: float, ports: Mapping[int, int]) -> None:
    """Send damaged announcements, and those of devices that are nobody's."""
    rng, loop = Random(f"{seed} garbage"), asyncio.get_running_loop()
    while loop.time() < end:
        host = STRANGER.format(0, rng.randrange(1, 255))
        own = bodies.announced(
            host,
            f"bfnobodys0lock{rng.randrange(500):04}",
            rng.choice(list(PRODUCTS.values())),
            "3.4",
        )
        right = [wire.announcement(version, own)[1] for version in wire.VERSIONS]
        strange: Any = {"gwId": device_id(rng.randrange(4)), "ip": host, "version": "3.3"}
        data = rng.choice(
            (
                rng.choice(right),
                damaged(rng, rng.choice(right), right),
                wire.announcement(rng.choice(wire.VERSIONS), strange_body(rng, [strange]))[1],
            )
        )
        send(host, rng.choice(list(ports)), data[:9000], ports)
        await asyncio.sleep(rng.uniform(0.05, 0.6))


def send(host: str, port: int, data: bytes, ports: Mapping[int, int]) -> None:
    """Send a datagram from an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((host, 0))
        sender.sendto(data, ("127.0.0.1", ports[port]))
