"""The lock: what is known of it, what it reports, and what can be asked of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .account import Account
from .arrivals import Arrivals
from .attempt import reply_in
from .changes import Changes
from .clock import Clock
from .cloud.client import CloudClient
from .codec import KeyStatus
from .door import Door
from .exceptions import ConnectionLost, LockError, Reason, UnlockRefused, Unreachable
from .health import Health
from .lan.address import Address
from .lan.connection import QueryNotUnderstood, Rejected
from .lan.protocol import Report
from .lan.session import Accepted, Closed, LanSession, Opened, SessionEvent
from .memory import Memory
from .profiles import Dp, Family
from .records import LAN, Age, Arrival, Record, timed
from .remote import Remote
from .remote_key import SET_KEY, USE_KEY
from .settings import Settings
from .signal_records import SignalRecords
from .snapshot import Snapshot, Watcher, Watchers
from .state import Unlock, Value, bolt, unlocks
from .stored import known_fields
from .temporary import TemporaryPasswords


class TuyaLock:
    """One lock. Everything that changes with time is in here."""

    def __init__(
        self,
        address: Address,
        settings: Settings,
        clock: Clock,
        stored: Mapping[str, Any] | None = None,
        cloud: CloudClient | None = None,
    ) -> None:
        """Prepare a lock with what `as_dict` returned in an earlier life."""
        stored = stored or {}
        self.health = Health(stored.get("health"))
        self.cloud = cloud
        self._settings, self._clock = settings, clock
        self._memory = Memory(stored)
        self.journal = self._memory.journal
        address = replace(address, **known_fields(Address, stored.get("address", {})))
        self.door = Door(LanSession(address, clock, self.on_event), self._memory, clock)
        self._remote = Remote(self.door, cloud, settings, clock, self)
        self._arrivals = Arrivals(clock, self._arrived)
        self._reaching: set[asyncio.Future[None]] = set()
        ends = partial(self._memory.ends, settings.relock_delay)
        self._watchers = Watchers(self._look, ends, clock)
        self.changes = Changes(self.door, self._memory, clock)
        self.signals = SignalRecords(self._memory, self._watchers, clock, stored.get("signals"))
        self._arrivals.deliver_ring = self.signals.arrived
        self.account = Account(self._memory, self._watchers, self, self._remote, clock)
        self.passwords = TemporaryPasswords(
            clock, stored.get("passwords"), self._watchers.passwords_changed
        )
        self.passwords.carrier = cloud

    @property
    def snapshot(self) -> Snapshot:
        """Return what can be seen of the lock now."""
        return self._watchers.snapshot

    @property
    def last(self) -> Record | None:
        """Return what happened last, by all that the records tell."""
        return self._memory.last

    def start(self) -> None:
        """Begin to look for the lock."""
        self.door.link.start()
        self._watchers.look()
        self._watchers.arm()

    @property
    def address(self) -> Address:
        """Return where the lock is and how it is reached, with all that was found out."""
        return self.door.link.address

    @property
    def host(self) -> str | None:
        """Return where the lock is connected, if it is."""
        return self.door.link.host

    def move(self, address: Address) -> None:
        """Reach the lock in another way from now on; one that was let go of is left alone."""
        if not self.door.link.running:
            return
        self.health.recover()
        self._arrivals.close()
        self.changes.end()
        self.door.link.move(address)
        self._watchers.look()
        self._watchers.arm()

    async def stop(self) -> None:
        """Let go of the lock and call off what waits for it."""
        await self._remote.close()
        await self.door.link.stop()
        self._arrivals.close()
        self.changes.end()
        self.signals.close()
        self._watchers.close()

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Tell every change and every unlock; return the unsubscribe."""
        return self._watchers.add(watcher)

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            **self._memory.as_dict(),
            "health": self.health.as_dict(),
            "passwords": self.passwords.as_dict(),
            "signals": self.signals.as_dict(),
            "cloud": self.cloud.as_dict() if self.cloud else None,
            "address": self.address.found,
        }

    # What can be asked of it

    def hint(
        self,
        host: str,
        version: str | None = None,
        *,
        announced: bool = False,
        product_id: str | None = None,
    ) -> None:
        """Take a hint that the lock is awake, `announced` if it said so without being asked."""
        self._memory.learn_product(product_id)
        self._memory.heard(self._clock.time())
        self.door.link.hint(host, version, announced=announced)
        self._watchers.look()

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        await self._remote.unlock()

    async def lock(self) -> None:
        """Lock the door, where the product can; raises LockError."""
        await self._remote.lock()

    async def refuse(self) -> None:
        """Refuse the request at the door, where the product can; raises LockError."""
        await self._remote.refuse()

    def learn(self, table: Mapping[int, Dp]) -> None:
        """Learn the product's own DP table."""
        self._memory.learn(table)
        self._watchers.look()

    # What the remote control tells

    def remote_opened(self) -> None:
        """Note that the lock has opened."""
        self._memory.opened(self._clock.time())

    def remote_changed(self) -> None:
        """Note that an unlock begins or ends."""
        self._watchers.look()

    # The local network

    async def reach(self, within: float) -> Address:
        """Return how the lock was reached, at most `within` seconds from now.

        Raises SlotTaken, WrongKey, WrongVersion, NoHandshake, MalformedFrame, ConnectionLost, or
        Unreachable.
        """
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reaching.add(reached)
        self._check_reached()
        try:
            async with self._clock.timeout(within):
                await reached
        except TimeoutError as err:
            raise self.health.problem or Unreachable("the lock did not wake up") from err
        finally:
            self._reaching.remove(reached)
        return self.address

    def _check_reached(self) -> None:
        """End the waits for the first contact, if that is decided."""
        for reached in self._reaching:
            if reached.done():
                continue
            if self.door.connected:
                reached.set_result(None)
            elif self.health.problem and self.health.hopeless:
                reached.set_exception(self.health.problem)

    def on_event(self, event: SessionEvent) -> None:
        """Take what happens in the local network."""
        match event:
            case Opened():
                self.health.wake(self._clock.time())
                self._arrivals.open(event.hint_at, woken=event.woken)
            case Accepted():
                self.health.recover()
                self._watchers.look()
            case Rejected():
                self._rejected()
            case Closed():
                self._disconnected(event.error)
            case QueryNotUnderstood():
                self._reported(None)
            case _:
                self._reported(event)
        self._check_reached()

    def _reported(self, report: Report | None) -> None:
        """Take DP values; None is an answer that the lock does not understand the query."""
        codes = self._memory.take(report, self._clock.time())
        if self._memory.family is Family.D:
            self.door.link.keep_alive()
        self.door.link.keep_open_until(self._memory.state.request_until)
        if report is None or report.is_answer:
            self._take_answer(codes)
        else:
            self._take_push(codes, self._memory.times(report))
        self.changes.take(codes)
        self._watchers.look()

    def _rejected(self) -> None:
        """Note that the lock rejected a command."""
        refusal = UnlockRefused(Reason.REJECTED)
        self.health.suffer(refusal, self._clock.time())
        self._remote.feed(refusal)

    def _disconnected(self, error: LockError | None) -> None:
        """Note why a dial failed or a connection ended; None if we ended it."""
        self._arrivals.close()
        if self.snapshot.awake:
            self._memory.heard(self._clock.time())
        if error:
            self.health.suffer(error, self._clock.time())
        self._remote.feed(error or ConnectionLost("the connection was ended"))
        self.changes.end()
        self._watchers.look()

    # Reports

    def record(self, unlock: Unlock, time: float | None, route: str, *, tell: bool = True) -> bool:
        """Take an unlock that another route tells; return if it is new, and of now."""
        arrival = timed(unlock, time, self._clock.time(), route)
        return self._arrived(arrival, route, tell=tell) and arrival.age is not Age.LATE

    def _take_answer(self, codes: Mapping[str, Value]) -> None:
        """Take the answer to our query."""
        if self._memory.answers_partly:
            for _, unlock in unlocks(codes):
                self._arrivals.answered(unlock)
        # Of an answer, only a running countdown is news.
        self._remote.feed({code: codes[code] for code in codes.keys() & {"unlock_request"}})

    def _take_push(self, codes: Mapping[str, Value], times: Mapping[str, float]) -> None:
        """Take what the lock reported by itself: news, even if it equals the last."""
        for code, unlock in unlocks(codes):
            self.health.check_clock(times.get(code), self._clock.time())
            self._arrivals.pushed(unlock, times.get(code))
        self.signals.pushed(codes, times, self._arrivals)
        reply, busy = reply_in(codes, SET_KEY), self._remote.busy
        self.health.check_keys(reply, reply_in(codes, USE_KEY), ours=busy)
        if reply and reply.status is KeyStatus.FAILED and not busy:
            # It is left to its cloud, which gives it a key.
            self.door.link.release()
        self._remote.feed(codes)

    def _arrived(self, arrival: Arrival, route: str = LAN, *, tell: bool = True) -> bool:
        """Keep an unlock, and tell it; return if it is new."""
        if record := self._memory.keep(arrival, route):
            self._watchers.look()
            if tell:
                self._watchers.tell(record)
            else:
                self.journal.mark_delivered(record.id)
        self.signals.unlock_arrived(arrival.unlock)
        return record is not None

    # What others see

    def _look(self) -> Snapshot:
        """Return what can be seen now."""
        state, settings = self._memory.state_at(self._clock.time()), self._settings
        return Snapshot(
            state=state,
            family=self._memory.family,
            bolt=bolt(state, self._clock.time(), settings.relock_delay, settings.relocks_itself),
            last_unlock=self._memory.last_unlock(self._arrivals.held),
            awake=self.door.link.connected,
            unlocking=self._remote.unlocking,
            requested=self.door.requested,
            problem=self.health.problem,
            key_refused=self.health.key_refused,
            changeable=self._memory.changeable,
        )
