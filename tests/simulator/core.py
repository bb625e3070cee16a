"""The inside of a lock: power, radio, reports, and what a connection asks of it."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Mapping
import time
from typing import override

from tests.devices import Model

from . import bodies, keys, remote
from .announcer import Announcer
from .bodies import Dps, Report
from .channel import Timer, call_later
from .families import TABLES
from .keys import RemoteKey
from .knobs import Family, Faults, Knobs, access_control
from .models import knobs_of, table_of
from .outbox import Outbox
from .server import LanServer
from .service import Service
from .timers import Countdown, Timers
from .uplink import Uplink
from .wire import VERSIONS


class LockCore(Service):
    """The electronics; LockBolt adds what moves, SimulatedLock adds the people."""

    def __init__(
        self,
        *,
        device_id: str = "bfsimulated0lock0001",
        local_key: str = "0123456789abcdef",
        version: str = "3.4",
        family: str = "B",
        host: str = "127.0.0.1",
        port: int = 0,
        announce_host: str = "127.0.0.1",
        announce_ports: Mapping[int, int] | None = None,
        product_id: str = "simulatedproduct",
        model: Model | None = None,
        knobs: Knobs | None = None,
        now: Callable[[], float] = time.time,
        call_later: Callable[[float, Callable[[], None]], Timer] = call_later,
    ) -> None:
        """Build the lock; start() takes its port. A model decides instead of the family."""
        if version not in VERSIONS or len(local_key) != 16:
            raise ValueError("unknown version, or a local key that has not 16 characters")
        self.device_id, self.local_key, self.version = device_id, local_key, version
        self.family, self.product_id, self.model = Family(family), product_id, model
        self.table = table_of(model) if model else TABLES[self.family]
        self.knobs = knobs or self._usual_knobs()
        self.faults = Faults()
        self._begin_unused()
        self._now, self.call_later = now, call_later
        self._server = LanServer(self, host, port)
        self.announcer = Announcer(
            host=host,
            target=announce_host,
            ports=announce_ports,
            version=version,
            body=bodies.announced(host, device_id, product_id, version),
            knobs=lambda: self.knobs,
        )
        self.uplink = Uplink(device_id, lambda: self.awake and self.knobs.cloud, self.clock)
        self._outbox = Outbox(self.table.request)
        self._changed: set[str] = set()
        self._said_no_key = False
        self._booted = 0.0
        self._timers = Timers()
        self.countdown = Countdown(self._report_countdown, lambda: self.knobs.countdown_step)
        if self.knobs.cloud:
            self.cloud_gives_key()

    def _begin_unused(self) -> None:
        self.awake = False
        self.powered = True
        self.double_locked = False
        self.commands: list[Dps] = []
        self.openings: list[str] = []
        self.lockings: list[str] = []
        self.stored_key: RemoteKey | None = None
        self.dps: Dps = self.table.resting_dps(self.knobs.battery_dp)

    def _usual_knobs(self) -> Knobs:
        if self.model:
            return knobs_of(self.model)
        return access_control() if self.family is Family.D else Knobs()

    @property
    def port(self) -> int:
        """The TCP port, the same awake and asleep."""
        return self._server.port

    @property
    def clients(self) -> int:
        """Clients that the lock exchanges frames with."""
        return len(self._server.established)

    @property
    def connections(self) -> int:
        """TCP connections accepted since start()."""
        return self._server.accepted

    @property
    def listening(self) -> bool:
        """Whether the port is open."""
        return self._server.listening

    @property
    def waiting(self) -> list[Dps]:
        """Reports that nobody has taken yet, the oldest first."""
        return [one.dps for one in (*self._outbox.backlog, *self._outbox.pending)]

    @property
    def always_on(self) -> bool:
        """Whether the radio never goes off by itself."""
        return self.knobs.keep_alive or not self.knobs.low_power

    # Power

    @override
    async def start(self) -> None:
        """Take the port; a low-power lock stays asleep."""
        self._server.bind()
        self._booted = asyncio.get_running_loop().time()
        if self.always_on:
            await self.wake()
        else:
            await self._server.close()

    @override
    async def stop(self) -> None:
        """Give everything back."""
        self._radio_off()
        await self._timers.stop()
        await self._server.release()

    async def wake(self, seconds: float | None = None) -> None:
        """Switch the radio on, or keep it on for longer."""
        if not self.powered:
            return
        if not self.awake:
            self.awake, self._said_no_key = True, False
            self._changed.clear()
            await self._radio_on()
        self._timers.after("sync", self.knobs.sync_after, self.sync)
        if seconds is None and not self.always_on:
            seconds = self.knobs.awake_seconds
        if seconds is not None:
            self._timers.after("sleep", seconds, self.sleep)

    async def sync(self) -> None:
        """Tell the cloud what it does not know, and fetch passwords from it."""
        self.uplink.sync()

    async def sleep(self) -> None:
        """Switch the radio off; what was not delivered is kept."""
        self._radio_off()
        await self._server.close()

    async def reboot(self) -> None:
        """Start again: clients and session are gone, the stored key is not."""
        if self.powered:
            await self.sleep()
            self._booted = asyncio.get_running_loop().time()
            await self.wake()

    async def pull_battery(self) -> None:
        """Take the power away: connections are reset, not closed."""
        self.powered = False
        self._radio_off()
        await self._server.close(abrupt=True)

    async def put_battery(self) -> None:
        """Give the power back."""
        self.powered = True
        self._booted = asyncio.get_running_loop().time()
        if self.always_on:
            await self.wake()

    async def announce(self) -> None:
        """Send one announcement now."""
        self.announcer.announce()

    async def _radio_on(self) -> None:
        if not self.knobs.lan:
            return
        delay = self.knobs.announce_before_listen_seconds
        if not delay:
            await self._server.open()
        await self.announcer.start()
        if delay:
            self._timers.after("listen", delay, self._listen)

    async def _listen(self) -> None:
        if self.awake:
            await self._server.open()

    def _radio_off(self) -> None:
        self.awake = False
        self._timers.cancel("sleep", "listen", "sync")
        if self.countdown.forget():
            self.dps[self.table.request] = 0
        self._outbox.fall_asleep()
        self.announcer.stop()

    # Reports

    def report(self, dps: Dps, *, record: bool = False) -> None:
        """Report values now, or as soon as there is a client."""
        self.dps |= dps
        self._changed |= set(dps)
        report = Report(dict(dps), self._now(), record=record)
        if self.awake or record:
            self._tell_cloud(report)
        if self.awake and not (record and self.knobs.unlock_in == "query"):
            self._outbox.add(report)
            self._deliver()
        elif record and not self.awake:
            self._outbox.store(report)

    def _tell_cloud(self, report: Report) -> None:
        self.uplink.add(report.dps, report.at + self.knobs.clock_offset)

    def _deliver(self) -> None:
        if not self.awake:
            return
        while report := self._outbox.next():
            ready = self._server.ready(queried_only=not self.always_on)
            # A lock that is always online has told the cloud; it keeps nothing for the LAN.
            if not ready and not self.always_on:
                return
            self._outbox.sent()
            for client in ready:
                client.push(report.dps, self._times(report))

    def _times(self, report: Report) -> dict[str, int]:
        if report.times or not (self.knobs.record_times and report.record):
            return dict(report.times)
        at = int(report.at + self.knobs.clock_offset)
        return dict.fromkeys(report.dps, at)

    # What a connection needs (connection.Device)

    @property
    def key(self) -> bytes:
        """The local key that the lock really has."""
        return (self.faults.wrong_local_key or self.local_key).encode()

    def query(self) -> Dps:
        """Return the values for an answer to a query."""
        if self.requested:
            self.dps[self.table.request] = self.countdown.left
        if self.knobs.query_answer == "all":
            return dict(self.dps)
        if self.knobs.query_answer in ("empty", "unvalid", "not_found"):
            return {}
        hidden = set(self.table.unlocks.values()) if self.knobs.unlock_in == "push" else set()
        return {dp: self.dps[dp] for dp in self._changed - hidden}

    def received(self, dps: Dps) -> None:
        """Note a command."""
        self.commands.append(dps)

    def apply_later(self, delay: float, dps: Dps) -> None:
        """Carry out a command after a while."""

        async def carry_out() -> None:
            self.apply(dps)

        self._timers.after(f"apply {id(dps)}", delay, carry_out)

    @abstractmethod
    def apply(self, dps: Dps) -> None:
        """Carry out a command."""

    def client_ready(self) -> None:
        """Deliver what waits; first of all that a key is missing."""
        ready = self._server.ready(queried_only=not self.always_on)
        lacks_key = self.table.set_key and self.stored_key is None and not self.knobs.cloud
        if ready and lacks_key and not self._said_no_key:
            self._said_no_key = True
            self.report({self.table.set_key: remote.no_key()})
        self._deliver()

    def stamp(self) -> int | str | None:
        """Return the send time of a push; a number is sent as it is."""
        now, kind = self.clock(), self.knobs.push_t
        stamps: dict[int | str, int | str | None] = {
            "epoch": int(now),
            "milliseconds": int(now * 1000),
            "text": str(int(now)),
            "uptime": int(asyncio.get_running_loop().time() - self._booted),
            "missing": None,
        }
        return stamps.get(kind, kind)

    @property
    def requested(self) -> bool:
        """Whether somebody at the door waits for an answer."""
        return self.countdown.left > 0

    def clock(self) -> float:
        """Return the lock's own time."""
        return self._now() + self.knobs.clock_offset

    def cloud_gives_key(self) -> None:
        """The cloud stores its key, in place of whatever key there was."""
        if not self.table.set_key:
            return
        self.stored_key = keys.cloud_key(other_than=self.stored_key)
        self.dps[self.table.set_key] = remote.stored(self.stored_key.member)

    def _report_countdown(self, seconds: int) -> None:
        self.report({self.table.request: seconds})
