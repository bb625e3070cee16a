"""What went wrong with a lock lately, and what that may mean."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from .access.keys import KeyReply, KeyStatus
from .exceptions import LockError, NoHandshake, SlotTaken, Unreachable, WrongKey, WrongVersion
from .models import OUR_MEMBER
from .records.ageing import CLOCK_TOLERANCE
from .storage import Reader, dump

KEPT = 20
SUSPICIONS = 4
"""Failed handshakes in a row, one for each protocol version, that speak against the local key."""

TURNED_AWAY = 2
"""Connections closed at once that speak for another client: one may be due to our last one."""

SAME_WAKE = 60.0
"""Seconds within which another connection is no wake of its own."""

USUAL_AFTER = 5
"""Wakes after which it can be told what is usual for a lock."""


class KeyOwner(StrEnum):
    """Whose remote key a lock has."""

    NOBODY = "nobody"
    US = "us"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The stored form of what is known of a lock's health."""

    wakes: tuple[float, ...] = ()
    clock_ahead: float | None = None
    clock_right: bool | None = None
    key_owner: KeyOwner | None = None
    takes_keys: bool | None = None


class Health:
    """The last wakes and errors of a lock. Times are Unix seconds."""

    def __init__(self, stored: Any = None, reader: Reader | None = None) -> None:
        """Go on from what `as_dict` returned before, as far as that can be read."""
        reader = reader or Reader()
        known: _Stored = reader.read("health", _Stored, stored or {}, _Stored())
        self.wakes = list(known.wakes[-KEPT:])
        self.errors: list[tuple[float, str]] = []
        """Times and names of errors; the same one only once in a row."""
        self.problem: LockError | None = None
        """Why the lock, though it is there, could not be talked to last time."""
        self.clock_ahead = known.clock_ahead
        """Seconds by which the lock's clock was last seen ahead of ours."""
        self.clock_right = known.clock_right
        """If the lock's clock is right by all that it told last; None is not known."""
        self.key_owner = known.key_owner
        self.takes_keys = known.takes_keys
        """If the lock stored the last remote key that it got from us; None is not known."""
        self._suspicions = 0
        self._turned_away = 0

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage."""
        stored: dict[str, Any] = dump(
            _Stored(
                wakes=tuple(self.wakes),
                clock_ahead=self.clock_ahead,
                clock_right=self.clock_right,
                key_owner=self.key_owner,
                takes_keys=self.takes_keys,
            )
        )
        return stored

    @property
    def hopeless(self) -> bool:
        """Return if trying again the same way is of no use."""
        return self.key_refused or self.crowded or isinstance(self.problem, WrongVersion)

    @property
    def crowded(self) -> bool:
        """Return if another client holds the lock's place, as far as can be told."""
        return self._turned_away >= TURNED_AWAY

    @property
    def key_refused(self) -> bool:
        """Return if the local key is wrong, as far as can be told."""
        return self._suspicions >= SUSPICIONS

    @property
    def longest_silence(self) -> float | None:
        """Return the longest time between two of the last wakes, if enough of them are known."""
        if len(self.wakes) < USUAL_AFTER:
            return None
        return max(later - earlier for earlier, later in pairwise(self.wakes))

    def wake(self, now: float) -> None:
        """Note a connection, if it is a wake of its own."""
        if not self.wakes or abs(now - self.wakes[-1]) > SAME_WAKE:
            self.wakes = [*self.wakes[1 - KEPT :], now]

    def recover(self) -> None:
        """Note that the lock could be talked to."""
        self.problem = None
        self._suspicions = self._turned_away = 0

    def suffer(self, error: LockError, now: float) -> None:
        """Note an error."""
        name = type(error).__name__
        if not self.errors or self.errors[-1][1] != name:
            self.errors = [*self.errors[1 - KEPT :], (now, name)]
        if not isinstance(error, Unreachable):
            self.problem = error
        if isinstance(error, WrongKey):
            self._suspicions = SUSPICIONS
        elif isinstance(error, NoHandshake):
            self._suspicions += 1
        elif isinstance(error, SlotTaken):
            self._turned_away += 1

    def check_clock(self, time: float | None, now: float) -> None:
        """Compare the lock's own time of a record with ours; a record from the future is none."""
        if time is not None:
            self.clock_ahead = time - now if time > now + CLOCK_TOLERANCE else None
            # A record of the past may be old, and says nothing against a clock, nor for it.
            if self.clock_ahead or abs(time - now) <= CLOCK_TOLERANCE:
                self.clock_right = not self.clock_ahead

    def check_keys(self, stored: KeyReply | None, used: KeyReply | None, *, ours: bool) -> None:
        """Learn from what a lock says of a remote key; `ours`: it may be the answer to us."""
        if stored and stored.status is KeyStatus.DONE:
            by_us = stored.member == OUR_MEMBER
            self.key_owner = KeyOwner.US if by_us else KeyOwner.CLOUD
            self.takes_keys = by_us or None
        elif stored and stored.status is not None:
            if ours and stored.member == OUR_MEMBER:
                self.takes_keys = False
            else:
                self.key_owner = KeyOwner.NOBODY
        if used and used.status is KeyStatus.OUTSIDE_TIME:
            self.clock_right = False
        elif used and used.status is KeyStatus.DONE:
            self.clock_right, self.clock_ahead = True, None
