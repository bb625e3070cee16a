"""Decides when to dial a lock, and how long a connection is kept.

A low-power lock is off the network for hours. Hints wake us: its announcement, a DHCP request, or,
for a lock that never announces itself, short dials that cost a radio that is off nothing.
"""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
import logging
from typing import Any

from ..clock import Clock, Timer, expire
from ..exceptions import (
    ConnectionLost,
    LockError,
    MalformedFrame,
    NoHandshake,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from ..models import Report
from .address import Address
from .connection import Connection, QueryNotUnderstood, Received, Rejected, dial
from .protocol import VERSIONS

_LOGGER = logging.getLogger(__name__)

ANNOUNCED_WITHIN = 6.0
"""Seconds in which a lock that is awake announces itself; it does so every 5."""
SILENCE = 15.0
"""Seconds of silence after which a sign of life is a wake."""
KEPT_ALIVE_AFTER = 180.0
"""Seconds of presence that no low-power lock reaches: requests last 90 at most."""
FOUND_TRIES = 2
"""Failures after which the version that worked once may not be the lock's any more."""
DIAL_WINDOW = 5.0
"""Seconds after a hint in which a dial that failed is repeated."""
REDIAL = 0.075
"""Seconds before the first repetition; doubled with each failure that is no refusal."""
REDIAL_MAX = 2.0
KEEP_ALIVE_REDIAL_MAX = 30.0
PROBE_PAUSE = 2.0
IDLE = 10.0
"""Seconds without a report after which a low-power lock is let go to sleep."""
LET_GO = 10.0
"""Seconds in which a lock that was let go is left alone: its cloud and its app take their turn."""
RELEASE = 30.0
"""Seconds in which a lock that has no remote key is left to the cloud that gives it one."""
PAUSE = 8.0
"""Seconds of silence after which a lock that was let go is dialled again at once; it may have
slept. It need not be a wake, though: an announcement can be lost."""
GONE_AFTER = 600.0
"""Seconds of absence after which a lock that stayed on the network does so no more."""


_MISUNDERSTOOD = (MalformedFrame, NoHandshake, WrongKey)


@dataclass(frozen=True, slots=True)
class Opened:
    """There is a connection."""

    hint_at: float | None
    """The monotonic time of the hint that led to it."""
    woken: bool
    """The lock was asleep before."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The lock talks to us."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A dial failed or a connection ended; no error if we ended it."""

    error: LockError | None


type SessionEvent = Opened | Accepted | Report | QueryNotUnderstood | Rejected | Closed


class Presence:
    """The signs of life of a lock."""

    def __init__(self, clock: Clock) -> None:
        """Start without any; a lock that is awake now will soon be heard."""
        self._clock = clock
        self._since = clock.monotonic()
        self._last = clock.monotonic() + ANNOUNCED_WITHIN - SILENCE
        self._refused = False
        self._woken = False

    @property
    def silence(self) -> float:
        """Return the seconds since the last sign of life."""
        return self._clock.monotonic() - self._last

    @property
    def stays(self) -> bool:
        """Return if the lock has been there for longer than any low-power lock is."""
        return self._last - self._since > KEPT_ALIVE_AFTER

    def refuse(self) -> None:
        """Note a dial that nothing answered."""
        self._refused = True

    def sign(self, *, announces: bool) -> bool:
        """Note a sign of life; return if the lock was asleep before.

        Silence means sleep only for a lock that announces itself, or that a dial did not find.
        """
        now = self._clock.monotonic()
        woken = self.silence > SILENCE and (self._refused or announces)
        if woken:
            self._since = now
            self._woken = True
        self._last = now
        self._refused = False
        return woken

    def take_woken(self) -> bool:
        """Return if the lock has woken since this was last asked."""
        woken, self._woken = self._woken, False
        return woken


class Versions:
    """The protocol versions to try with one lock."""

    def __init__(self) -> None:
        """Start with nothing tried."""
        self.announced: str | None = None
        self._in_vain = 0

    def choose(self, address: Address) -> str:
        """Return the version to try next."""
        announced = self.announced if self.announced in VERSIONS else None
        found = address.found_version if self._in_vain < FOUND_TRIES else None
        tried = self._in_vain - FOUND_TRIES if address.found_version else self._in_vain
        return address.version or announced or found or VERSIONS[tried % len(VERSIONS)]

    def fail(self, error: LockError) -> None:
        """Note why a lock that was there could not be talked to."""
        if isinstance(error, _MISUNDERSTOOD):
            self._in_vain += 1

    def work(self) -> None:
        """Note that the lock understands us."""
        self._in_vain = 0

    def explain(self, address: Address, error: LockError) -> LockError:
        """Return WrongVersion where the announcement shows that this is what an error means."""
        configured, announced = address.version, self.announced
        differs = configured and announced and announced != configured
        if differs and announced and isinstance(error, _MISUNDERSTOOD):
            return WrongVersion(announced)
        return error


class LanSession:
    """The connection to one lock, made and dropped as its sleep allows."""

    def __init__(
        self, address: Address, clock: Clock, on_event: Callable[[SessionEvent], None]
    ) -> None:
        """Prepare a session; `start` begins to look for the lock."""
        self._clock = clock
        self._on_event = on_event
        self._kept_open = 0
        self._open_until = float("-inf")
        self._running: asyncio.Task[None] | None = None
        self._begin(address)

    def _begin(self, address: Address) -> None:
        """Know nothing but an address."""
        self.address = address
        self.failures = 0
        """Attempts in a row that failed though the lock was there."""
        self.connected = False
        self._connection: Connection | None = None
        self._connecting: asyncio.Timeout | None = None
        self._idle: Timer | None = None
        self._hinted = asyncio.Event()
        self._hint_at: float | None = None
        self._presence = Presence(self._clock)
        self._attempts = 0
        self._window_until = self._held_until = self._released_until = float("-inf")
        self._last_report = self._clock.monotonic()
        self._versions = Versions()

    @property
    def running(self) -> bool:
        """Return if we look for the lock."""
        return self._running is not None

    def start(self) -> None:
        """Begin to look for the lock."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let go of the lock."""
        running, self._running = self._running, None
        if running:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def move(self, address: Address) -> None:
        """Reach the lock at another address from now on, without a report that this one is over."""
        assert self._running is not None
        _LOGGER.debug("%s: now reached at %s", address.device_id, address.host)
        self._running.cancel()
        self.hang_up()
        if self._idle:
            self._idle.cancel()
        self._begin(address)
        if address.host:
            self.hint(address.host)
        self.start()

    @contextmanager
    def kept_open(self) -> Generator[None]:
        """Keep the connection in this block: somebody waits for an answer of the lock."""
        self._kept_open += 1
        try:
            yield
        finally:
            self._kept_open -= 1

    def keep_open_until(self, until: float | None) -> None:
        """Keep the connection until a Unix time: somebody waits at the door."""
        self._open_until = float("-inf") if until is None else until

    @property
    def proven(self) -> bool:
        """Return if the other end has shown that it holds the local key."""
        return self._connection is not None and self._connection.proven

    @property
    def host(self) -> str | None:
        """Return where the other end is, if there is a connection; hints may say otherwise."""
        return self._connection.peer.host if self._connection else None

    def hint(self, host: str, version: str | None = None, *, announced: bool = False) -> None:
        """Take a hint that the lock is awake, with what it says of itself."""
        announces = self.address.announces or announced
        self.address = replace(self.address, host=host, announces=announces)
        self._versions.announced = version or self._versions.announced
        now, silence = self._clock.monotonic(), self._presence.silence
        if silence > PAUSE:
            self._held_until = now
        self._sign_of_life()
        self._hint_at = now
        if self._connection:
            if silence > ANNOUNCED_WITHIN or host != self._connection.peer.host:
                # It may have slept, or moved: a radio that is cut off ends no connection.
                self._connection.doubt()
            return
        if (wait := max(self._held_until, self._released_until) - now) > 0:
            _LOGGER.debug("%s: left alone for %.1f s", self.address.device_id, wait)
            return
        self._window_until = now + DIAL_WINDOW
        self._hinted.set()
        if self._connecting:
            # A SYN that went unanswered is repeated after a second or more; a new one goes now.
            expire(self._connecting)

    def send(self, dps: Mapping[int, Any]) -> None:
        """Send DP values, once; raise ConnectionLost if there is no connection."""
        if self._connection is None:
            raise ConnectionLost("there is no connection")
        self._connection.control(dps)

    def release(self) -> None:
        """Let go of the lock and leave it alone for a while."""
        self._released_until = self._clock.monotonic() + RELEASE
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection, if there is one."""
        if self._connection:
            _LOGGER.debug("%s: the connection is ended", self.address.device_id)
            self._connection.close()

    def keep_alive(self) -> None:
        """Note that this lock stays on the network."""
        if not self.address.keep_alive:
            _LOGGER.debug("%s stays on the network", self.address.device_id)
            self.address = replace(self.address, keep_alive=True)
            self._held_until = float("-inf")
            self._hinted.set()

    async def _run(self) -> None:
        """Dial whenever there is reason to, until cancelled."""
        while True:
            await self._reason_to_dial()
            try:
                connection = await self._dial()
            except LockError as err:
                self._dial_failed(err)
            else:
                await self._serve(connection)

    # When to dial

    async def _reason_to_dial(self) -> None:
        """Wait for a hint, or for the pause of a lock that is dialled without one."""
        pause = self._pause()
        if pause is None:
            await self._hinted.wait()
        else:
            with suppress(TimeoutError):
                async with self._clock.timeout(pause):
                    await self._hinted.wait()
        self._hinted.clear()

    def _pause(self) -> float | None:
        """Return the seconds until the next dial without a hint, or None for never."""
        now = self._clock.monotonic()
        if self.address.host is None:
            return None
        if now < self._window_until:
            pause = min(REDIAL_MAX, REDIAL * 2.0 ** min(self.failures, 9))
        elif self.address.keep_alive:
            pause = min(KEEP_ALIVE_REDIAL_MAX, REDIAL * 2.0 ** min(self._attempts, 9))
        elif not self.address.announces:
            pause = PROBE_PAUSE
        else:
            return None
        return max(pause, self._held_until - now, self._released_until - now)

    def _sign_of_life(self) -> None:
        """Note that the lock is there."""
        self._attempts = 0
        if self._presence.sign(announces=self.address.announces):
            self.failures = 0
        elif self._presence.stays:
            self.keep_alive()

    # Dialling

    async def _dial(self) -> Connection:
        """Dial once; after a failure carefully, to tell a taken place from a wrong key."""
        peer = self.address.peer(self._versions.choose(self.address))
        _LOGGER.debug("%s: dialling %s, version %s", peer.device_id, peer.host, peer.version)
        return await dial(
            peer,
            self._clock,
            self._received,
            careful=self.failures > 0,
            connecting=self._set_connecting,
        )

    def _set_connecting(self, scope: asyncio.Timeout | None) -> None:
        """Keep the scope of a TCP connect while it lasts."""
        self._connecting = scope

    def _dial_failed(self, error: LockError) -> None:
        """Note why there is no connection."""
        _LOGGER.debug(
            "%s: no connection: %s: %s", self.address.device_id, type(error).__name__, error
        )
        self._attempts += 1
        if isinstance(error, Unreachable):
            self._presence.refuse()
            if self.address.keep_alive and self._presence.silence > GONE_AFTER:
                self.address = replace(self.address, keep_alive=False)
        else:
            self._count(error)
        self._on_event(Closed(self._versions.explain(self.address, error)))

    def _count(self, error: LockError) -> None:
        """Count a failure of a lock that was there."""
        self.failures += 1
        self._versions.fail(error)

    # While there is a connection

    async def _serve(self, connection: Connection) -> None:
        """Ask for the state, then hear what comes until the connection ends."""
        started = self._clock.monotonic()
        if not self.address.announces:
            self._hint_at = started
        self._sign_of_life()
        self._connection = connection
        self._last_report = started
        self._on_event(Opened(self._hint_at, woken=self._presence.take_woken()))
        try:
            error = await self._converse(connection)
        finally:
            connection.close()
            if self._connection is connection:
                self._connection = None
                self.connected = False
                if self._idle:
                    self._idle.cancel()
        now = self._clock.monotonic()
        self._presence.sign(announces=False)
        if error:
            # It was here until now, so what it tells next is as fresh as after a hint.
            self._hint_at = now
        if now - started > DIAL_WINDOW:
            self.failures = 0
            self._window_until = now + DIAL_WINDOW if error else now
        elif error:
            self._count(error)
        self._on_event(Closed(error and self._versions.explain(self.address, error)))

    async def _converse(self, connection: Connection) -> LockError | None:
        """Return why the connection ended."""
        try:
            await connection.query()
        except LockError as err:
            return err
        self._accepted(connection)
        return await connection.closed()

    def _accepted(self, connection: Connection) -> None:
        """Note that the lock talks to us."""
        if not self.connected:
            self.connected = True
            self._versions.work()
            version = None if self.address.version else connection.peer.version
            self.address = replace(self.address, found_version=version)
            self._watch_idle()
            _LOGGER.debug("%s is connected", self.address.device_id)
            self._on_event(Accepted())

    def _received(self, received: Received) -> None:
        """Take what the lock sent."""
        if not isinstance(received, Rejected):
            assert self._connection is not None
            self._accepted(self._connection)
            self._last_report = self._clock.monotonic()
            self._sign_of_life()
        self._on_event(received)

    def _watch_idle(self) -> None:
        """Let a low-power lock go to sleep when nothing comes and nothing waits."""
        if self.address.keep_alive or self._connection is None:
            return
        now = self._clock.monotonic()
        left = self._last_report + IDLE - now
        if left <= 0 and not self._needed:
            _LOGGER.debug("%s: let go to sleep", self.address.device_id)
            self._held_until = now + LET_GO
            self._connection.close()
        else:
            self._idle = self._clock.call_later(max(left, 1.0), self._watch_idle)

    @property
    def _needed(self) -> bool:
        """Return if somebody still waits for the lock."""
        return self._kept_open > 0 or self._clock.time() < self._open_until
