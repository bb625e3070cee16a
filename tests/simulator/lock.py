"""The simulated lock, as tests and the demo use it."""

import asyncio
from collections.abc import Callable, Mapping
import inspect
from typing import Any, override

from . import families
from .bodies import Dps, Report
from .bolt import LockBolt
from .secret_codes import CLEARING, DYNAMIC_LENGTH, OFFLINE_LENGTH
from .uplink import CloudLink

ROUNDS = 50
POLL = 0.003


class SimulatedLock(LockBolt):
    """One lock on real sockets, with somebody at its door.

    A low-power lock starts asleep, any other starts awake. What happens at the door wakes it.
    """

    @property
    def cloud(self) -> CloudLink | None:
        """The cloud that the lock belongs to."""
        return self.uplink.cloud

    @cloud.setter
    def cloud(self, cloud: CloudLink | None) -> None:
        self.uplink.cloud = cloud

    # Opening

    async def unlock(self, method: str, number: int) -> None:
        """Somebody opens; `number` as people see it (a temporary password: 900 and its slot)."""
        await self.burst((method, number))

    async def finger(self, number: int) -> None:
        """Open with a finger."""
        await self.unlock("fingerprint", number)

    async def code(self, number: int) -> None:
        """Open with a code."""
        await self.unlock("password", number)

    async def card(self, number: int) -> None:
        """Open with a card."""
        await self.unlock("card", number)

    async def type_code(self, digits: str) -> bool:
        """Somebody types digits; tell whether they open, by what the lock knows at this moment."""
        await self.wake()
        if not self.awake:
            return False
        if len(digits) == DYNAMIC_LENGTH:
            return await self._typed_dynamic(digits)
        if len(digits) == OFFLINE_LENGTH:
            return self._typed_offline(digits)
        number = self.uplink.keypad.enter(digits, self.clock())
        if number is not None:
            await self.unlock("temporary_password", number)
        return number is not None

    async def _typed_dynamic(self, digits: str) -> bool:
        right = self.uplink.secret_codes.accepts_dynamic(digits, self.clock())
        if right:
            await self.unlock("dynamic_password", 1)
        return right

    def _typed_offline(self, digits: str) -> bool:
        code = self.uplink.secret_codes.enter_offline(digits, self.clock())
        if code is None:
            return False
        if code.kind in CLEARING:
            self.report({"33": families.text(digits.encode())})
            return False
        used = digits.encode() + int(self.clock()).to_bytes(4)
        self.report({"32": families.text(used)}, record=True)
        self.bolt_opens("offline_password")
        return True

    async def forced(self, method: str, number: int) -> None:
        """Somebody opens under duress, and the lock notices."""
        if await self._touched():
            dps = self.table.unlock_dps(method, number)
            self.report(dps | {self.table.duress: True}, record=True)
            self.bolt_opens(f"{method} {number}")

    async def burst(self, *unlocks: tuple[str, int]) -> None:
        """Several people open at once; values travel together where they can."""
        frames = self._frames(unlocks)
        if not await self._touched():
            return
        for dps in frames:
            self.report(dps, record=True)
        for method, number in unlocks:
            self.bolt_opens(f"{method} {number}")

    async def store(self, method: str, number: int, at: float | None = None) -> None:
        """Somebody opened while Wi-Fi was away: kept as a record for the next wake."""
        dps = self.table.unlock_dps(method, number)
        self.openings.append(f"{method} {number}")
        self.dps |= dps
        report = Report(dps, self._now() if at is None else at, record=True)
        self._tell_cloud(report)
        self._outbox.store(report)

    def _frames(self, unlocks: tuple[tuple[str, int], ...]) -> list[Dps]:
        frames: list[Dps] = []
        for method, number in unlocks:
            dps = self.table.unlock_dps(method, number)
            if frames and self.knobs.burst_frames == "one" and not frames[-1].keys() & dps:
                frames[-1] |= dps
            else:
                frames.append(dps)
        return frames

    # Everything else at the door

    async def request(self, seconds: float = 60) -> None:
        """Somebody asks to be let in; the countdown runs until it is answered or over."""
        if not self.table.request:
            raise ValueError(f"{self.table.name} has no unlock requests")
        if await self._touched(seconds):
            self.countdown.begin(seconds)

    async def end_request(self) -> None:
        """The countdown ends now."""
        self.countdown.finish()

    async def double_lock(self, on: bool) -> None:
        """Lock from inside, or release that."""
        self.double_locked = on
        if await self._touched() and self.table.double_lock:
            self.report({self.table.double_lock: on})

    async def battery(self, percent: int) -> None:
        """The battery has this much left."""
        dps = self.table.battery_dps(self.knobs.battery_dp, percent)
        if await self._touched():
            self.report(dps)

    async def door(self, open: bool) -> None:
        """The door itself is opened or closed."""
        if await self._touched():
            self.report(self.table.door_dps(is_open=open))

    async def alarm(self, name: str) -> None:
        """An alarm goes off."""
        dps = self.table.alarm_dps(name, self.knobs.alarm_form)
        if await self._touched():
            self.report(dps, record=True)

    async def doorbell(self) -> None:
        """Somebody rings."""
        dps = self.table.doorbell_dps()
        if await self._touched():
            self.report(dps, record=True)

    async def push(self, dps: Mapping[str, Any], times: Mapping[str, int] | None = None) -> None:
        """Report anything; a sleeping lock keeps it for its next wake."""
        self.dps |= dict(dps)
        self._changed |= set(dps)
        report = Report(dict(dps), self._now(), times=dict(times or {}))
        self._tell_cloud(report)
        if self.awake:
            self._outbox.add(report)
            self._deliver()
        else:
            self._outbox.store(report)

    async def report_again(self) -> list[str]:
        """Report all that the model is known to report, in the order of the ids; return them."""
        if self.model is None:
            raise ValueError(f"{self.table.name} is no model")
        await self._touched()
        reports = [(str(dp.id), said.value) for dp in self.model.dps for said in dp.reports]
        for id_, value in sorted(reports, key=lambda one: int(one[0])):
            self.report({id_: value})
        return [f"{id_} {value!r}" for id_, value in reports]

    async def _touched(self, seconds: float | None = None) -> bool:
        limit = self.knobs.awake_seconds
        longer = seconds is not None and limit is not None and not self.always_on
        await self.wake(max(seconds or 0, limit or 0) if longer else None)
        return self.awake

    # For tests

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 5) -> None:
        """Wait until a condition holds; a failure says which, and how the lock is."""
        loop = asyncio.get_running_loop()
        end, rounds = loop.time() + timeout, 0
        while not condition():
            if loop.time() > end:
                raise TimeoutError(f"{_source(condition)}; {self}")
            # Most of what is waited for takes the loop a few rounds, and no time.
            await asyncio.sleep(0 if rounds < ROUNDS else POLL)
            rounds += 1

    @override
    def __str__(self) -> str:
        """Describe the lock without any key."""
        radio = "awake" if self.awake else "asleep" if self.powered else "without power"
        return (
            f"{self.device_id} {self.version} {self.table.name} on port {self.port}: {radio}, "
            f"{self.clients} clients, {self.connections} connections, {len(self.waiting)} waiting, "
            f"{len(self.commands)} commands, openings {self.openings}, dps {self.dps}"
        )


def _source(condition: Callable[[], bool]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except OSError, TypeError:
        return repr(condition)
