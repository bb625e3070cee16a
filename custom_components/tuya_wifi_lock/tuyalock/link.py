"""Decides when to dial a lock, and how long a connection is kept.

A low-power lock is off the network for hours. Hints wake us: its announcement, a DHCP request, or,
for a lock that never announces itself, short dials that cost a radio that is off nothing.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from .address import Address
from .clock import Clock, Timer, expire
from .dial import dial
from .exceptions import ConnectionLost, LockError, Unreachable
from .lan import Connection, Listener
from .presence import ANNOUNCED_WITHIN, Presence
from .report import Report
from .versions import Versions

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


class LinkUser(Protocol):
    """Who uses a link."""

    def link_opened(self, hint_at: float | None, *, woken: bool) -> None:
        """There is a connection; the hint's monotonic time, and if the lock was asleep before."""

    def link_accepted(self) -> None:
        """The lock talks to us."""

    def link_reported(self, report: Report | None) -> None:
        """The lock sent DP values; None is an answer that it does not understand the query."""

    def link_rejected(self, text: str) -> None:
        """The lock rejected a command with a text."""

    def link_closed(self, error: LockError | None) -> None:
        """A dial failed or a connection ended; None if we ended it."""

    def link_needed(self) -> bool:
        """Return if something still waits for an answer of the lock."""


class Link:
    """The connection to one lock, made and dropped as its sleep allows."""

    def __init__(self, address: Address, clock: Clock, user: LinkUser) -> None:
        """Prepare a link; `run` brings it to life."""
        self.address = address
        self.failures = 0
        """Attempts in a row that failed though the lock was there."""
        self.connected = False
        self._clock = clock
        self._user = user
        self._connection: Connection | None = None
        self._connecting: asyncio.Timeout | None = None
        self._idle: Timer | None = None
        self._hinted = asyncio.Event()
        self._hint_at: float | None = None
        self._presence = Presence(clock)
        self._attempts = 0
        self._window_until = self._held_until = self._released_until = float("-inf")
        self._last_report = clock.monotonic()
        self._versions = Versions()

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
        if now < max(self._held_until, self._released_until):
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
            self._connection.close()

    def keep_alive(self) -> None:
        """Note that this lock stays on the network."""
        if not self.address.keep_alive:
            self.address = replace(self.address, keep_alive=True)
            self._held_until = float("-inf")
            self._hinted.set()

    async def run(self) -> None:
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
        listener = Listener(self._reported, self._user.link_rejected)
        return await dial(
            peer, self._clock, listener, careful=self.failures > 0, connecting=self._set_connecting
        )

    def _set_connecting(self, scope: asyncio.Timeout | None) -> None:
        """Keep the scope of a TCP connect while it lasts."""
        self._connecting = scope

    def _dial_failed(self, error: LockError) -> None:
        """Note why there is no connection."""
        self._attempts += 1
        if isinstance(error, Unreachable):
            self._presence.refuse()
            if self.address.keep_alive and self._presence.silence > GONE_AFTER:
                self.address = replace(self.address, keep_alive=False)
        else:
            self._count(error)
        self._user.link_closed(self._versions.explain(self.address, error))

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
        self._user.link_opened(self._hint_at, woken=self._presence.take_woken())
        try:
            error = await self._converse(connection)
        finally:
            connection.close()
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
        self._user.link_closed(error and self._versions.explain(self.address, error))

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
            self._user.link_accepted()

    def _reported(self, report: Report | None) -> None:
        """Take what the lock sent."""
        assert self._connection is not None
        self._accepted(self._connection)
        self._last_report = self._clock.monotonic()
        self._sign_of_life()
        self._user.link_reported(report)

    def _watch_idle(self) -> None:
        """Let a low-power lock go to sleep when nothing comes and nothing waits."""
        if self.address.keep_alive or self._connection is None:
            return
        now = self._clock.monotonic()
        left = self._last_report + IDLE - now
        if left <= 0 and not self._user.link_needed():
            self._held_until = now + LET_GO
            self._connection.close()
        else:
            self._idle = self._clock.call_later(max(left, 1.0), self._watch_idle)
