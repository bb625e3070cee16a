"""Decides when and where to dial a lock, and how long a connection is kept.

A low-power lock is off the network for hours. Hints wake us: its announcement, a DHCP request, or,
for a lock that never announces itself, short dials that cost a radio that is off nothing.

Anybody in the network can announce a lock. So each address that is claimed to be the lock's is
dialled on its own, beside the one at which it has proved to be, and nothing that is claimed changes
anything until the other end has proved that it holds the key.
"""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
import logging
from typing import Any

from ..clock import Clock, Timer
from ..exceptions import (
    ConnectionLost,
    LockError,
    NoHandshake,
    NotProven,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from ..models import Report
from .address import (
    ANNOUNCED_WITHIN,
    MISUNDERSTOOD,
    Address,
    Candidate,
    Presence,
    backoff,
    choose_version,
)
from .connection import Connection, Peer, QueryNotUnderstood, Received, Rejected, dial
from .freshness import ON_THE_WAY, LockClock
from .protocol import VERSIONS, is_same

_LOGGER = logging.getLogger(__name__)

MOST_CANDIDATES = 4
"""Addresses that are dialled side by side for one lock."""
GONE = 86400.0
"""Seconds without a lock that does not date its reports after which it may be anywhere."""
KEY_TRIES = 4
"""Refusals of a key that has worked which are needed to believe them."""
DIAL_WINDOW = 5.0
"""Seconds after a hint in which a dial that failed is repeated."""
REDIAL_MAX = 2.0
SOON = 16
"""Dials without an answer, right after a hint or the end of a connection, before their pace slows.
"""
KEEP_ALIVE_REDIAL_MAX = 30.0
PROBE_PAUSE = 2.0
"""Seconds between two dials without a hint."""
PROBE_ANNOUNCING = 5.0
"""The same for a lock that announces itself, as a rule."""
IDLE = 10.0
"""Seconds without a report after which a low-power lock is let go to sleep."""
LET_GO = 10.0
"""Seconds in which a lock that was let go is left alone: its cloud and its app take their turn."""
RELEASE = 30.0
"""Seconds in which a lock that has no remote key is left to the cloud that gives it one."""
PAUSE = 8.0
"""Seconds of silence after which a lock that was let go is dialled again at once; it may have
slept. It need not be a wake, though: an announcement can be lost."""
MISSED_AFTER = 30.0
"""Seconds without a connection after which a lock that stays on the network is missed; that it
has lost its power is noticed after 27 at most."""
GONE_AFTER = 600.0
"""Seconds of absence after which a lock that seemed to stay on the network no longer does."""
REFUSED_WITHIN = 1.0
"""Seconds in which a lock that cannot read what we say ends the connection."""


@dataclass(frozen=True, slots=True)
class Opened:
    """There is a connection."""

    hint_at: float | None
    """The monotonic time of the hint that led to it."""
    woken: bool
    """The lock was asleep before."""
    product_id: str | None = None
    """What it has announced to be, from the same address."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The lock talks to us, and has not reported anything yet."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A dial failed or a connection ended; no error if we ended it."""

    error: LockError | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A lock that stays on the network cannot be reached."""


type SessionEvent = Opened | Accepted | Report | QueryNotUnderstood | Rejected | Closed | Missed


class LanSession:
    """The connection to one lock, made and dropped as its sleep allows."""

    def __init__(
        self,
        address: Address,
        clock: Clock,
        on_event: Callable[[SessionEvent], None],
        *,
        said_to_stay: bool = False,
    ) -> None:
        """Prepare a session; `start` begins to look for the lock."""
        self._clock = clock
        self._on_event = on_event
        self._kept_open = 0
        self.open_until: float | None = None
        """The connection is kept until this monotonic time: somebody waits at the door."""
        self.running = False
        """We look for the lock."""
        self.said_to_stay = said_to_stay
        """What is known of the product is that the lock stays on the network."""
        self._missing_timer: Timer | None = None
        self._begin(address)

    def _begin(self, address: Address) -> None:
        """Know nothing but an address."""
        self._address = address
        self._is_claimed = False
        """Somebody has announced the address, and nobody has proved to be the lock there."""
        self.connected = False
        """The lock talks to us."""
        self.missing = False
        """It stays on the network, and cannot be reached."""
        self._connection: Connection | None = None
        self._candidates: dict[str, Candidate] = {}
        self._idle: Timer | None = None
        self._last_report = self._clock.monotonic()
        self._presence = Presence(self._last_report)
        self._held_until = self._released_until = float("-inf")
        self.lock_clock = LockClock(self._clock, address.latest_push, address.clock_ahead)
        """What is known of the lock's clock."""
        if address.host:
            self._candidates[address.host] = Candidate(address.host, self._clock)

    @property
    def address(self) -> Address:
        """Return how the lock is reached, with all that it has proved."""
        clock, address = self.lock_clock, self._address
        host = None if self._is_claimed else address.host
        return replace(address, host=host, latest_push=clock.latest, clock_ahead=clock.ahead)

    @property
    def found(self) -> dict[str, Any]:
        """Return what is stored of how the lock is reached: all that was found out."""
        return {
            "found_version": self._address.found_version,
            "announces": self._address.announces,
            "keep_alive": self._address.keep_alive,
            "latest_push": self.lock_clock.latest,
            "clock_ahead": self.lock_clock.ahead,
        }

    @property
    def stays(self) -> bool:
        """Return if the lock stays on the network, by what is said of it or by what it has shown.

        The connection is kept, and the lock is missed without it.
        """
        return self.said_to_stay or self._address.keep_alive

    @property
    def clock_behind(self) -> float | None:
        """Seconds by which the lock's clock is behind ours; None: not known, or right.

        With a session key no push can be one that was recorded; before 3.4 it can teach nothing.
        """
        behind = -(self.lock_clock.ahead or 0.0)
        has_session_key = (self._address.found_version or "") >= "3.4"
        return behind if has_session_key and behind > ON_THE_WAY else None

    @property
    def host(self) -> str | None:
        """Return where the lock is connected, if it is."""
        return self._connection.peer.host if self._connection else None

    def start(self) -> None:
        """Begin to look for the lock, if it is on the network itself."""
        self.running = self._address.on_network
        for candidate in self._candidates.values():
            self._look_at(candidate)
        self._watch_absence()

    async def stop(self) -> None:
        """Disconnect from the lock, and stop looking for it."""
        self.running = False
        self._watch_absence()
        tasks = [one.task for one in self._candidates.values() if one.task]
        for candidate in self._candidates.values():
            self._leave(candidate)
        await asyncio.gather(*tasks, return_exceptions=True)

    def move(self, address: Address) -> None:
        """Reach the lock at another address from now on, without a report that this one is over."""
        _LOGGER.debug("%s: now reached at %s", address.device_id, address.host)
        for candidate in self._candidates.values():
            self._leave(candidate)
        if self._idle:
            self._idle.cancel()
        self._begin(address)
        self._watch_absence()
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

    def send(self, dps: Mapping[int, Any]) -> None:
        """Send DP values, once, to the lock and nobody else.

        Raises ConnectionLost if there is no connection to an end that has proved to be the lock.
        """
        if self._connection is None:
            raise ConnectionLost("there is no connection")
        self._connection.control(dps)

    def release(self) -> None:
        """Disconnect from the lock, and leave it alone for a while."""
        self._released_until = self._clock.monotonic() + RELEASE
        if self._connection:
            _LOGGER.debug("%s: the connection is ended", self._address.device_id)
            self._connection.close()

    # Locks that stay on the network

    def keep_alive(self, *, stays: bool) -> None:
        """Take what is known of the product: this lock stays on the network, or may sleep."""
        self.said_to_stay = stays
        self._stays_now()

    def _stays_now(self) -> None:
        """Act on it that the lock stays on the network, or may sleep."""
        _LOGGER.debug("%s %s", self._address.device_id, "stays" if self.stays else "may sleep")
        if self.stays:
            self._held_until = float("-inf")
            if self._home and not self._connection:
                self._home.hinted = True
                self._look_at(self._home)
        elif not self._idle:
            self._watch_idle()
        self._watch_absence()

    def _watch_absence(self) -> None:
        """Miss a lock that stays on the network once it has been away for some time.

        One that was never found there may be heard in another way.
        """
        located = self._address.host is not None and not self._is_claimed
        away = self.running and self.stays and located and not self.connected
        self.missing = self.missing and away
        if self._missing_timer and not away:
            self._missing_timer.cancel()
            self._missing_timer = None
        if away and not self.missing and not self._missing_timer:
            left_alone = max(self._alone_until - self._clock.monotonic(), 0.0)
            self._missing_timer = self._clock.call_later(MISSED_AFTER + left_alone, self._miss)

    def _miss(self) -> None:
        self._missing_timer = None
        self.missing = True
        _LOGGER.debug("%s is missed", self._address.device_id)
        self._on_event(Missed())

    # Hints

    def hint(
        self,
        host: str,
        version: str | None = None,
        *,
        announced: bool = False,
        product_id: str | None = None,
        trusted: bool = False,
    ) -> None:
        """Take a hint that the lock is awake at an address, with what is claimed of it.

        `announced`: the claim comes from this very address, without being asked for. `trusted`: the
        lock's network card is known to have this address.
        """
        if (candidate := self._candidate(host, trusted=trusted)) is None:
            return
        _LOGGER.debug(
            "%s: %s at %s, version %s",
            self._address.device_id,
            "announced" if announced else "a hint that it is awake",
            host,
            version or "not known",
        )
        candidate.version = version if version in VERSIONS else candidate.version
        candidate.claim(product_id)
        candidate.trusted = candidate.trusted or trusted
        now = self._clock.monotonic()
        silence = self._presence.silence(now)
        if announced:
            candidate.announced_at = now
        if self._address.host is None:
            self._address, self._is_claimed = replace(self._address, host=host), True
        at_home = candidate is self._home
        if at_home:
            if silence > PAUSE:
                self._held_until, candidate.failures = now, 0
            candidate.attempts = 0
            self._presence.sign(now, announces=self._address.announces or announced)
        candidate.hint_at = now
        if connection := self._connection or candidate.connection:
            if not at_home or silence > ANNOUNCED_WITHIN:
                # The lock may have slept, or moved; a radio that is cut off ends no connection.
                connection.doubt()
                candidate.window_until = now + DIAL_WINDOW
            return
        if (wait := self._alone_until - now) > 0:
            _LOGGER.debug("%s: left alone for %.1f s", self._address.device_id, wait)
        else:
            candidate.window_until = now + DIAL_WINDOW
            candidate.hinted = True
            candidate.cut_short()
        self._look_at(candidate)

    @property
    def _alone_until(self) -> float:
        return max(self._held_until, self._released_until)

    @property
    def _home(self) -> Candidate | None:
        """Return the address at which the lock is known to be."""
        return self._candidates.get(self._address.host) if self._address.host else None

    def _candidate(self, host: str, *, trusted: bool) -> Candidate | None:
        """Return an address that may be the lock's, in place of one that has led nowhere."""
        if host in self._candidates:
            return self._candidates[host]
        if len(self._candidates) >= MOST_CANDIDATES:
            now = self._clock.monotonic()
            idle = [
                one
                for one in self._candidates.values()
                if one is not self._home
                and (trusted or (not one.connection and one.window_until < now))
            ]
            if not idle:
                return None
            oldest = min(idle, key=lambda one: one.window_until)
            self._leave(oldest)
            del self._candidates[oldest.host]
        candidate = self._candidates[host] = Candidate(host, self._clock)
        _LOGGER.debug("%s may be at %s", self._address.device_id, host)
        return candidate

    def _leave(self, candidate: Candidate) -> None:
        """Stop looking for the lock at an address."""
        if candidate.timer:
            candidate.timer.cancel()
        if candidate.task:
            candidate.task.cancel()
        if candidate.connection:
            candidate.connection.close()

    # When to dial

    def _look_at(self, candidate: Candidate) -> None:
        """Dial an address whenever there is reason to: a hint, or a pause that is over."""
        left = self._candidates.get(candidate.host) is not candidate
        if left or not self.running or candidate.task:
            return
        if candidate.timer:
            if not candidate.hinted:
                return
            candidate.timer.cancel()
            candidate.timer = None
        pause = self._pause(candidate)
        if pause is None:
            return
        if pause > 0:
            candidate.timer = self._clock.call_later(pause, partial(self._start_visit, candidate))
        else:
            self._start_visit(candidate)

    def _start_visit(self, candidate: Candidate) -> None:
        candidate.timer = None
        candidate.task = asyncio.create_task(self._visit(candidate))

    async def _visit(self, candidate: Candidate) -> None:
        """Dial an address, serve what answers, and wait for the next reason."""
        candidate.hinted = False
        if self._connection is None:
            try:
                connection = await self._dial(candidate)
            except LockError as err:
                self._dial_failed(candidate, err)
            else:
                # A hint that came while it was dialled has led here.
                candidate.hinted = False
                await self._serve(candidate, connection)
        candidate.task = None
        self._look_at(candidate)

    def _pause(self, candidate: Candidate) -> float | None:
        """Return the seconds until the next dial, or None for never without a hint."""
        now, address = self._clock.monotonic(), self._address
        if candidate.hinted:
            # Whoever is at another address can announce himself as often as he likes.
            at_home = candidate is self._home
            return 0.0 if at_home else candidate.dialled_at + candidate.pause - now
        if self._connection:
            return None
        if candidate is not self._home:
            return candidate.pause if now < candidate.window_until else None
        if now < candidate.window_until:
            # It has most likely fallen asleep, or its port opens soon after its announcement.
            pause = backoff(max(candidate.failures, candidate.attempts - SOON), REDIAL_MAX)
        elif self.stays:
            pause = backoff(candidate.attempts, KEEP_ALIVE_REDIAL_MAX)
        else:
            pause = PROBE_ANNOUNCING if address.announces else PROBE_PAUSE
        return max(pause, self._alone_until - now)

    # Dialling

    async def _dial(self, candidate: Candidate) -> Connection:
        """Dial once; after a failure carefully: the place may be taken, or the key wrong."""
        address = self._address
        version = choose_version(address, candidate.version, candidate.misunderstood)
        candidate.spoken = version
        candidate.dialled_at = self._clock.monotonic()
        host, port = candidate.host, address.port
        peer = Peer(host, port, address.device_id, address.local_key, version)
        _LOGGER.debug("%s: dialling %s, version %s", peer.device_id, peer.host, peer.version)
        return await dial(
            peer,
            self._clock,
            partial(self._received, candidate),
            lock_clock=self.lock_clock,
            at_home=candidate is self._home,
            careful=candidate.failures > 0,
            connecting=candidate.set_connecting,
        )

    def _dial_failed(self, candidate: Candidate, error: LockError) -> None:
        """Note why there is no connection to the lock at an address."""
        _LOGGER.debug(
            "%s at %s: no connection: %s: %s",
            self._address.device_id,
            candidate.host,
            type(error).__name__,
            error,
        )
        candidate.attempts += 1
        if not isinstance(error, Unreachable):
            candidate.fail(error)
        elif candidate is self._home:
            self._presence.refuse()
            silence = self._presence.silence(self._clock.monotonic())
            if self._address.keep_alive and silence > GONE_AFTER:
                self._address = replace(self._address, keep_alive=False)
                self._stays_now()
        self._report_failure(candidate, error)

    def _report_failure(self, candidate: Candidate, error: LockError) -> None:
        """Say why the lock could not be talked to: not of an end that nobody knows."""
        if self._connection is None and self._home in {None, candidate}:
            self._on_event(Closed(self._explained(candidate, error)))

    def _explained(self, candidate: Candidate, error: LockError) -> LockError:
        """Return what an error means, by all that is known."""
        if not isinstance(error, MISUNDERSTOOD):
            return error
        known, announced = self._known_version, candidate.version
        if known and announced and not is_same(known, announced):
            fixed = self._address.version is not None
            if fixed or (announced < known and candidate.misunderstood.total() >= KEY_TRIES):
                return WrongVersion(announced)
        expected = known or announced
        doubtful = candidate.was_silent if not expected else not is_same(expected, candidate.spoken)
        if doubtful and isinstance(error, NoHandshake):
            return NotProven("the lock may speak another version than was tried")
        if isinstance(error, WrongKey) and self._address.found_version:
            # Anybody can send what does not decipher.
            candidate.refusals += 1
            if candidate.refusals < KEY_TRIES:
                return NoHandshake("what came from the lock's address does not decipher")
        return error

    # While there is a connection

    async def _serve(self, candidate: Candidate, connection: Connection) -> None:
        """Ask for the state, then take what comes until the connection ends."""
        if self._connection:
            connection.close()
            return
        started = self._clock.monotonic()
        candidate.connection = connection
        candidate.early.clear()
        try:
            if self._may_adopt(candidate):
                self._adopt(candidate)
            error = await self._converse(candidate, connection)
        finally:
            connection.close()
            candidate.connection = None
            if adopted := self._connection is connection:
                self._connection = None
                self.connected = False
                if self._idle:
                    self._idle.cancel()
                    self._idle = None
                self._watch_absence()
        if adopted:
            self._ended(candidate, error, started)
        elif error:
            self._dial_failed(candidate, error)

    def _ended(self, candidate: Candidate, error: LockError | None, started: float) -> None:
        """Note the end of the connection to the lock."""
        now = self._clock.monotonic()
        self._presence.sign(now, announces=False, proves=error is None)
        if error:
            # It was here until now, so what it reports next is as fresh as after a hint.
            candidate.hint_at = now
        if now - started > DIAL_WINDOW:
            candidate.failures = 0
            candidate.window_until = now + DIAL_WINDOW if error else now
        elif error:
            candidate.fail(error)
        for other in self._candidates.values():
            if other is not candidate and now < other.window_until and now >= self._alone_until:
                other.hinted = True
                self._look_at(other)
        self._on_event(Closed(error and self._explained(candidate, error)))

    @property
    def _known_version(self) -> str | None:
        """Return the version that the owner has chosen, or that the lock has proved to speak."""
        return self._address.version or self._address.found_version

    async def _converse(self, candidate: Candidate, connection: Connection) -> LockError | None:
        """Return why the connection ended."""
        try:
            await connection.query()
        except LockError as err:
            return err
        if connection is self._connection:
            if not self.connected:
                self._accepted(candidate)
                self._on_event(Accepted())
            return await connection.closed()
        return await self._await_proof(candidate, connection)

    async def _await_proof(self, candidate: Candidate, connection: Connection) -> LockError | None:
        """Give the other end some time to prove to be the lock, now; return why it ended.

        A lock of 3.1 or 3.3 proves nothing before it answers or reports something.
        """
        asked_at = self._clock.monotonic()

        def give_up() -> None:
            silent = NotProven("the other end has not proved to be the lock, now")
            known_here = candidate is self._home and self._known_version is not None
            if connection is self._connection:
                return
            if known_here and self.stays:
                # A lock that answers no queries is there until something happens at the door.
                self._report_failure(candidate, silent)
                return
            if known_here:
                self._held_until = self._clock.monotonic() + LET_GO
            connection.close(silent)

        timer = self._clock.call_later(IDLE, give_up)
        try:
            error = await connection.closed()
        finally:
            timer.cancel()
        if connection is self._connection:
            return error
        if error and connection.answered_clear:
            # This is how a lock of 3.1 answers, so there is no reason to try another version.
            candidate.misunderstood[candidate.spoken] -= 1
        if isinstance(error, ConnectionLost):
            if self._clock.monotonic() - asked_at <= REFUSED_WITHIN:
                return NoHandshake("the other end closed the connection instead of answering")
            return NotProven("the other end closed the connection without a proof")
        return error

    def _may_adopt(self, candidate: Candidate) -> bool:
        """Return if the other end has proved to be the lock, and not to play back what it said."""
        connection = candidate.connection
        if connection is None or not connection.proven:
            return False
        known = candidate is self._home or candidate.trusted or not self._address.found_version
        if known or connection.fresh:
            return True
        # A lock that never says when it sends something can prove nothing more.
        unproved = self._presence.unproved(self._clock.monotonic())
        return self.lock_clock.latest is None and unproved > GONE

    def _adopt(self, candidate: Candidate) -> None:
        """Take a connection for the one to the lock: it has proved to be."""
        connection, now = candidate.connection, self._clock.monotonic()
        assert connection is not None
        announces = self._address.announces or now - candidate.announced_at <= DIAL_WINDOW
        self._address = replace(
            self._address,
            host=candidate.host,
            announces=announces,
            found_version=connection.version,
        )
        if candidate.hint_at is None or candidate.dialled_at - candidate.hint_at > DIAL_WINDOW:
            # It was found without a hint, by one of the short dials.
            candidate.hint_at = now
        self._connection, self._is_claimed = connection, False
        self._sign_of_life(candidate, now)
        for other in self._candidates.values():
            if other is not candidate and other.connection:
                other.connection.close()
        self._on_event(Opened(candidate.hint_at, self._presence.take_woken(), candidate.product_id))

    def _accepted(self, candidate: Candidate) -> None:
        """Note that the lock talks to us."""
        self.connected = True
        candidate.work()
        self._watch_idle()
        self._watch_absence()
        _LOGGER.debug("%s is connected", self._address.device_id)

    def _received(self, candidate: Candidate, received: Received) -> None:
        if _LOGGER.isEnabledFor(logging.DEBUG):
            # What is logged may be kept, and the report itself can have a key in it.
            _LOGGER.debug("%s sent %s", self._address.device_id, str(received))
        connection = candidate.connection
        if connection is not self._connection:
            if self._connection or not self._may_adopt(candidate):
                candidate.early = [*candidate.early[-8:], received]
                return
            self._adopt(candidate)
            early, candidate.early = candidate.early, []
            for one in early:
                self._take(candidate, one)
        elif connection and connection.version != self._address.found_version:
            self._address = replace(self._address, found_version=connection.version)
        self._take(candidate, received)

    def _take(self, candidate: Candidate, received: Received) -> None:
        if not isinstance(received, Rejected):
            if not self.connected:
                self._accepted(candidate)
            self._sign_of_life(candidate, self._clock.monotonic())
        self._on_event(received)

    def _sign_of_life(self, candidate: Candidate, now: float) -> None:
        """Note that the lock has proved to be there."""
        self._last_report = now
        candidate.attempts = 0
        if self._presence.sign(now, announces=self._address.announces, proves=True):
            candidate.failures = 0
        elif self._presence.stays and not self._address.keep_alive:
            self._address = replace(self._address, keep_alive=True)
            self._stays_now()

    def _watch_idle(self) -> None:
        """Let a low-power lock go to sleep when nothing comes and nothing waits."""
        self._idle = None
        if self.stays or self._connection is None:
            return
        now = self._clock.monotonic()
        left = self._last_report + IDLE - now
        needed = self._kept_open > 0 or now < (self.open_until or 0.0)
        if left <= 0 and not needed:
            _LOGGER.debug("%s: let go to sleep", self._address.device_id)
            self._held_until = now + LET_GO
            self.connected = False
            self._connection.leave()
        else:
            self._idle = self._clock.call_later(max(left, 1.0), self._watch_idle)
