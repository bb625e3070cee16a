"""The lock: what is known of it, what it reports, and what can be asked of it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .address import Address
from .arrivals import Arrivals
from .attempt import REPLY, reply_in
from .clock import Clock, Timer
from .codec import KeyStatus
from .errors import ConnectionLost, LockError, NotSupported, Reason, UnlockRefused
from .health import Health
from .link import Link
from .memory import Memory
from .profiles import PRODUCTS, Family, dp_id
from .records import LAN, Arrival, Journal, timed
from .remote import Remote, Settings
from .remote_key import SET_KEY
from .report import Report
from .snapshot import Snapshot, Watcher
from .state import Unlock, Value, bolt, unlocks


class TuyaLock:
    """One lock. Everything that changes with time is in here."""

    def __init__(
        self,
        address: Address,
        settings: Settings,
        clock: Clock,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare a lock with what `as_dict` returned in an earlier life."""
        stored = stored or {}
        self.health = Health()
        self._settings = settings
        self._clock = clock
        self._memory = Memory(stored)
        self._link = Link(replace(address, **stored.get("address", {})), clock, self)
        self._remote = Remote(self, settings, clock, stored.get("kept_key"))
        self._watchers: list[Watcher] = []
        self._arrivals = Arrivals(clock, self._arrived)
        self._running: asyncio.Task[None] | None = None
        self._deadline: Timer | None = None
        self.snapshot = self._look()

    @property
    def journal(self) -> Journal:
        """Return the last unlock records."""
        return self._memory.journal

    # Life

    def start(self) -> None:
        """Begin to look for the lock."""
        self._running = asyncio.create_task(self._link.run())
        self._publish()
        self._arm()

    @property
    def address(self) -> Address:
        """Return where the lock is and how it is reached, with all that was found out."""
        return self._link.address

    def move(self, address: Address) -> None:
        """Reach the lock in another way from now on."""
        if self._running:
            self._running.cancel()
        self._link.hang_up()
        self.health.recover()
        self._arrivals.close()
        self._link = Link(address, self._clock, self)
        if address.host:
            self._link.hint(address.host)
        self.start()

    async def stop(self) -> None:
        """Let go of the lock and call off what waits for it."""
        await self._remote.close()
        if self._running:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        self._arrivals.close()
        if self._deadline:
            self._deadline.cancel()

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Tell every change and every unlock; return the unsubscribe."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart, for private storage: it may hold a remote key."""
        address = self._link.address
        return {
            **self._memory.as_dict(),
            "kept_key": self._remote.as_dict(),
            "address": {
                "found_version": address.found_version,
                "announces": address.announces,
                "keep_alive": address.keep_alive,
            },
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
        self._memory.family = self.family or PRODUCTS.get(product_id or "")
        self._memory.heard(self._clock.time())
        self._link.hint(host, version, announced=announced)
        self._publish()

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        await self._remote.unlock()

    async def lock(self) -> None:
        """Lock the door, where the product can; raises LockError."""
        await self._remote.lock()

    async def refuse(self) -> None:
        """Refuse the request at the door, where the product can; raises LockError."""
        await self._remote.refuse()

    # What the remote control asks

    @property
    def family(self) -> Family | None:
        """Return the product family, if it has shown itself."""
        return self._memory.family

    @property
    def connected(self) -> bool:
        """Return if the lock is awake and connected."""
        return self._link.connected

    @property
    def proven(self) -> bool:
        """Return if the other end has shown that it holds the local key."""
        return self._link.proven

    @property
    def requested(self) -> bool:
        """Return if somebody requests the remote unlock at the door."""
        until = self._memory.state.request_until
        return until is not None and until > self._clock.time()

    @property
    def tells_motor_state(self) -> bool:
        """Return if the product reports where its bolt is."""
        return "lock_motor_state" in self._memory.state.seen

    def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise NotSupported or ConnectionLost."""
        family = Family.A if code == REPLY and self.family is None else self.family
        if (id_ := dp_id(family, code)) is None:
            raise NotSupported(f"this product has no {code}")
        self._link.send({id_: value})

    def remote_opened(self) -> None:
        """Note that the lock has opened."""
        self._memory.opened(self._clock.time())

    def remote_changed(self) -> None:
        """Note that an unlock begins or ends, or that the key to keep is another one."""
        self._publish()

    # What the link tells

    def link_opened(self, hint_at: float | None, *, woken: bool) -> None:
        """There is a connection, after a hint at a monotonic time."""
        self.health.wake(self._clock.time())
        self._arrivals.open(hint_at, woken=woken)

    def link_accepted(self) -> None:
        """The lock talks to us."""
        self.health.recover()
        self._publish()

    def link_reported(self, report: Report | None) -> None:
        """The lock sent DP values; None is an answer that it does not understand the query."""
        codes = self._memory.take(report, self._clock.time())
        if self.family is Family.D:
            self._link.keep_alive()
        if report is None or report.is_answer:
            self._take_answer(codes)
        else:
            self._take_push(codes, self._memory.times(report))
        self._publish()

    def link_rejected(self, text: str) -> None:
        """The lock rejected a command with a text."""
        refusal = UnlockRefused(Reason.REJECTED)
        self.health.suffer(refusal, self._clock.time())
        self._remote.feed(refusal)

    def link_closed(self, error: LockError | None) -> None:
        """A dial failed or a connection ended; None if we ended it."""
        self._arrivals.close()
        if error:
            self.health.suffer(error, self._clock.time())
        self._remote.feed(error or ConnectionLost("the connection was ended"))
        self._publish()

    def link_needed(self) -> bool:
        """Return if something still waits for an answer of the lock."""
        return self._remote.busy or self.requested

    # Reports

    def record(self, unlock: Unlock, time: float, route: str) -> None:
        """Take an unlock that another route tells, with the lock's own time in Unix seconds."""
        self._arrived(timed(unlock, time, self._clock.time()), route)

    def _take_answer(self, codes: Mapping[str, Value]) -> None:
        """Take the answer to our query."""
        if self._memory.answers_partly:
            for _, unlock in unlocks(codes):
                self._arrivals.answered(unlock)
        self._remote.connected()
        # Of an answer, only a running countdown is news.
        self._remote.feed({code: codes[code] for code in codes.keys() & {"unlock_request"}})

    def _take_push(self, codes: Mapping[str, Value], times: Mapping[str, float]) -> None:
        """Take what the lock reported by itself: news, even if it equals the last."""
        for code, unlock in unlocks(codes):
            self.health.check_clock(times.get(code), self._clock.time())
            self._arrivals.pushed(unlock, times.get(code))
        reply = reply_in(codes, SET_KEY)
        if reply and reply.status is KeyStatus.FAILED and not self._remote.busy:
            self._no_key()
        self._remote.feed(codes)

    def _no_key(self) -> None:
        """Leave a lock without a remote key to its cloud, or give it one where there is none."""
        if self._settings.no_cloud:
            self._remote.give_key()
        else:
            self._link.release()

    def _arrived(self, arrival: Arrival, route: str = LAN) -> None:
        """Keep an unlock, and tell it."""
        if (record := self._memory.keep(arrival, route)) is None:
            return
        self._publish()
        for watcher in tuple(self._watchers):
            watcher.recorded(record)

    # What others see

    def _look(self) -> Snapshot:
        """Return what can be seen now."""
        state, last, settings = self._memory.state, self._memory.last, self._settings
        return Snapshot(
            state=state,
            family=self.family,
            bolt=bolt(state, self._clock.time(), settings.relock_delay, settings.relocks_itself),
            last_unlock=self._arrivals.held or (last.unlock if last else None),
            awake=self._link.connected,
            unlocking=self._remote.unlocking,
            requested=self.requested,
            problem=self.health.problem,
            key_refused=self.health.key_refused,
        )

    def _publish(self) -> None:
        """Tell what has changed, and come back when time alone will change it."""
        snapshot = self._look()
        if snapshot == self.snapshot:
            return
        self.snapshot = snapshot
        self._arm()
        for watcher in tuple(self._watchers):
            watcher.changed(snapshot)

    def _arm(self) -> None:
        """Plan the end of a request and of an opening that nobody reports."""
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        now, state = self._clock.time(), self._memory.state
        relocks = state.opened_at and state.opened_at + self._settings.relock_delay
        ends = [state.request_until, relocks]
        if left := [end - now for end in ends if end and end > now]:
            self._deadline = self._clock.call_later(min(left) + 0.01, self._publish)
