"""Where a lock is, or may be, and the signs that it is there."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from ..clock import Clock, Timer, expire
from ..exceptions import LockError, MalformedFrame, NoHandshake, NotProven, WrongKey
from .connection import Connection, Received
from .protocol import is_same

TRIED = ("3.5", "3.4", "3.3", "3.1")
"""The versions to try in turn where nothing is known."""
ANNOUNCED_WITHIN = 6.0
"""Seconds in which a lock that is awake announces itself; it does so every 5."""
SILENCE = 15.0
"""Seconds of silence after which a sign of life is a wake."""
KEPT_ALIVE_AFTER = 600.0
"""Seconds of presence that no low-power lock reaches: requests last 90 at most, and somebody who
enrols fingers keeps it awake for some minutes."""
PRESENT_GAP = 20.0
"""Seconds between two proofs of presence within which a lock was there all the time."""
FOUND_TRIES = 2
"""Failures after which the lock may speak another version than the one that worked, or that was
announced."""
REDIAL = 0.075
"""Seconds before the first repetition; doubled with each failure that is no refusal."""
CANDIDATE_REDIAL_MAX = 10.0
"""Seconds between dials at an address that has never proved to be the lock's."""
CUT_SHORT_EVERY = 0.3
"""Seconds for which a connect is left alone by further hints."""

MISUNDERSTOOD = (MalformedFrame, NoHandshake, NotProven, WrongKey)
"""Errors of an end that speaks another version, or has another key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a lock is and how to reach it. `version` None means: find out."""

    host: str | None
    port: int
    device_id: str
    local_key: bytes = field(repr=False)
    """Empty for a lock that is not on the network itself, so it is never looked for there."""
    version: str | None = None
    found_version: str | None = None
    """The version with which the lock has proved itself; no older one is spoken again."""
    announces: bool = False
    """It has been heard announcing itself, so there is no need to probe for it."""
    keep_alive: bool = False
    """It stays on the network, so the connection is kept."""
    latest_push: float | None = None
    """The lock's own time of its latest push, Unix seconds."""
    clock_ahead: float | None = None
    """Seconds by which its clock was ahead of ours then."""

    @property
    def on_network(self) -> bool:
        """Return if the lock can be looked for in the local network."""
        return bool(self.local_key)


def backoff(failures: int, most: float) -> float:
    """Return the seconds until the next dial after so many failures."""
    return min(most, REDIAL * 2.0 ** min(failures, 9))


class Presence:
    """The signs of life of a lock. Times are monotonic."""

    __slots__ = ("_last", "_present_since", "_proved", "_refused", "_woken", "stays")

    def __init__(self, now: float) -> None:
        """Start without any; a lock that is awake now will soon be heard."""
        self._last = now + ANNOUNCED_WITHIN - SILENCE
        self._refused = False
        self._woken = False
        self._proved = self._present_since = now
        self.stays = False
        """The lock has been there for longer than any low-power lock is."""

    def silence(self, now: float) -> float:
        """Return the seconds since the last sign of life."""
        return now - self._last

    def unproved(self, now: float) -> float:
        """Return the seconds since the lock has last proved to be there."""
        return now - self._proved

    def refuse(self) -> None:
        """Note a dial that nothing answered."""
        self._refused = True

    def sign(self, now: float, *, announces: bool, proves: bool = False) -> bool:
        """Note a sign of life, which may prove that it is the lock; return if it was asleep before.

        Silence means sleep only for a lock that announces itself, or that a dial did not find.
        """
        if proves:
            if now - self._proved > PRESENT_GAP:
                self._present_since = now
            self._proved = now
            self.stays = now - self._present_since > KEPT_ALIVE_AFTER
        woken = now - self._last > SILENCE and (self._refused or announces)
        self._woken = self._woken or woken
        self._last = now
        self._refused = False
        return woken

    def take_woken(self) -> bool:
        """Return if the lock has woken since this was last asked."""
        woken, self._woken = self._woken, False
        return woken


class Candidate:
    """An address at which the lock may be."""

    def __init__(self, host: str, clock: Clock) -> None:
        """Know nothing but where it is."""
        self.host = host
        self.version: str | None = None
        """The version that was announced."""
        self.claimed: tuple[str, ...] = ()
        """The ids of products that were announced; the first two different ones."""
        self.announced_at = float("-inf")
        """When an announcement came from this very address, without being asked for."""
        self.trusted = False
        """The lock's network card is known to have this address."""
        self.hint_at: float | None = None
        self.window_until = float("-inf")
        self.hinted = False
        """There was a hint since the last dial."""
        self.dialled_at = float("-inf")
        self.failures = 0
        """Attempts in a row that failed though somebody was there."""
        self.attempts = 0
        self.misunderstood: Counter[str] = Counter()
        """How often each version was not understood since the last that was."""
        self.refusals = 0
        """Times in a row that the key was refused without a proof that it was ever right."""
        self.was_silent = False
        """Somebody was there who may be a lock of 3.1 or 3.3 with nothing to say."""
        self.spoken = TRIED[0]
        """The version of the last attempt."""
        self.connection: Connection | None = None
        self.early: list[Received] = []
        """What came before the other end has proved to be the lock, now."""
        self.timer: Timer | None = None
        """It is dialled when this is over."""
        self.task: asyncio.Task[None] | None = None
        """It is dialled, or there is a connection; a lock that sleeps has none most of the time."""
        self._clock = clock
        self._connecting: asyncio.Timeout | None = None
        self._cut_at = float("-inf")

    def claim(self, product_id: str | None) -> None:
        """Note of which product the lock is said to be."""
        if product_id and product_id not in self.claimed:
            self.claimed = (*self.claimed, product_id)[:2]

    @property
    def product_id(self) -> str | None:
        """Return of which product the lock is, if nothing else is said of it."""
        return self.claimed[0] if len(self.claimed) == 1 else None

    @property
    def pause(self) -> float:
        """Return the seconds between two dials while nothing has proved that the lock is here."""
        return backoff(self.attempts, CANDIDATE_REDIAL_MAX)

    def set_connecting(self, scope: asyncio.Timeout | None) -> None:
        """Keep the scope of a TCP connect while it lasts."""
        self._connecting = scope

    def cut_short(self) -> None:
        """Begin a connect again: a SYN that went unanswered is repeated only after a second."""
        now = self._clock.monotonic()
        if self._connecting and now - self._cut_at >= CUT_SHORT_EVERY:
            self._cut_at = now
            expire(self._connecting)

    def fail(self, error: LockError) -> None:
        """Count a failure of somebody who was there."""
        self.failures += 1
        self.misunderstood[self.spoken] += isinstance(error, MISUNDERSTOOD)
        self.was_silent = self.was_silent or isinstance(error, NotProven)

    def work(self) -> None:
        """Note that the lock understands us."""
        self.misunderstood.clear()
        self.refusals = 0
        self.was_silent = False


def choose_version(address: Address, announced: str | None, misunderstood: Counter[str]) -> str:
    """Return the version to try next, by how often each was not understood.

    What the lock has proved to speak comes first, and nothing older is tried: an announcement can
    be anybody's. A lock answers a question of 3.3 and of 3.2 alike; its reports say which it is.
    """
    known = address.found_version
    if address.version:
        return known if known and is_same(known, address.version) else address.version
    first = known or announced
    others = [one for one in TRIED if not first or not is_same(one, first)]
    if known:
        others = [one for one in others if one > known]
        others.sort(key=lambda one: one != announced)
    tries = misunderstood.total()
    if first and (tries < FOUND_TRIES or tries % 2 == 0 or not others):
        return first
    return min(others, key=misunderstood.__getitem__)
