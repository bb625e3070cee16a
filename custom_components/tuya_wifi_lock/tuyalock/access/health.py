"""The last wakes and errors of a lock, and what they say about its state."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

from ..exceptions import (
    LockError,
    NoHandshake,
    OtherDevice,
    SlotTaken,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from ..models import OUR_MEMBER, is_set
from ..records.ageing import CLOCK_TOLERANCE
from ..records.journal import SAVED_UP
from ..storage import Reader, dump
from .keys import KeyReply, KeyStatus

KEPT = 20
FAILED_HANDSHAKES = 4
"""Failed handshakes in a row, one for each protocol version, that make the key count as wrong."""

CLOSED_AT_ONCE = 2
"""Connections closed at once after which another client counts as connected; one may be ours."""

SAME_WAKE = 60.0
"""Seconds in which another connection belongs to the same wake."""

USUAL_AFTER = 5
"""Wakes after which the usual silence of a lock is known."""


SAME_LAG = 10.0
"""Seconds within which two delays are the same."""

APART = 60.0
"""Seconds between two arrivals that are not of one burst."""

LAGS = 3
"""Arrivals in a row with the same delay that show a wrong clock."""


class KeyOwner(StrEnum):
    """Whose remote key a lock has."""

    NOBODY = "nobody"
    US = "us"
    CLOUD = "cloud"


@dataclass(kw_only=True)
class Health:
    """What is known of the condition of a lock; its fields are stored. Times are Unix seconds."""

    wakes: list[float] = field(default_factory=list)
    clock_ahead: float | None = None
    """Seconds by which the lock's clock was ahead of ours, by its last record."""
    clock_right: bool | None = None
    """If the lock's clock is right, by its last records and replies; None is not known."""
    clock_behind: float | None = None
    """Seconds by which the lock's clock is behind ours (less than 0: ahead), by what an account has
    heard at once; None: not known, or right."""
    clock_shows: float | None = None
    """The latest of the lock's own times that an account has heard since its clock began."""
    key_owner: KeyOwner | None = None
    takes_keys: bool | None = None
    """If the lock stored the last remote key that we sent; None is not known."""

    def __post_init__(self) -> None:
        """Begin without errors, which are not stored."""
        self.errors: list[tuple[float, str]] = []
        """Times and names of errors; the same one only once in a row."""
        self.problem: LockError | None = None
        """Why the last connection failed, though something answered at the address."""
        self._lags: list[tuple[float, float]] = []
        """When something came with a delay that is not explained, and the delay; all are alike."""
        self.key_refused = False
        """The local key is probably wrong."""
        self.crowded = False
        """Another client probably holds the only connection."""
        self._failed_handshakes = 0
        self._closed_at_once = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        stored: dict[str, Any] = dump(self)
        return stored

    @classmethod
    def from_dict(cls, stored: Any, reader: Reader) -> Self:
        """Return what is known by the stored form, as far as it can be read."""
        health: Self = reader.read("health", cls, stored or {}, cls())
        return health

    @property
    def is_stuck(self) -> bool:
        """Return if another attempt to connect would fail as the last one did."""
        certain = isinstance(self.problem, WrongVersion | OtherDevice)
        return certain or self.key_refused or self.crowded

    @property
    def longest_silence(self) -> float | None:
        """Return the longest time between two of the last wakes, if there were enough of them."""
        if len(self.wakes) < USUAL_AFTER:
            return None
        return max(later - earlier for earlier, later in pairwise(self.wakes))

    def note_wake(self, now: float) -> None:
        """Note a connection, if it does not belong to the last wake."""
        if is_set(now) and (not self.wakes or abs(now - self.wakes[-1]) > SAME_WAKE):
            self.wakes = [*self.wakes[1 - KEPT :], now]

    def note_success(self) -> None:
        """Note that a connection succeeded."""
        self.problem = None
        self.key_refused = self.crowded = False
        self._failed_handshakes = self._closed_at_once = 0

    def note_error(self, error: LockError, now: float) -> None:
        """Note an error."""
        name = type(error).__name__
        if not self.errors or self.errors[-1][1] != name:
            self.errors = [*self.errors[1 - KEPT :], (now, name)]
        if not isinstance(error, Unreachable):
            self.problem = error
        if isinstance(error, WrongKey):
            self._failed_handshakes = FAILED_HANDSHAKES
        elif isinstance(error, NoHandshake):
            self._failed_handshakes += 1
        elif isinstance(error, SlotTaken):
            self._closed_at_once += 1
        self.key_refused = self._failed_handshakes >= FAILED_HANDSHAKES
        self.crowded = self._closed_at_once >= CLOSED_AT_ONCE

    def check_clock(self, time: float, now: float) -> None:
        """Compare the lock's own time of a record with ours; its clock is wrong if it is ahead."""
        if is_set(now):
            self.clock_ahead = time - now if time > now + CLOCK_TOLERANCE else None
            # A record of the past may just be old, so it says nothing about the clock.
            if self.clock_ahead or abs(time - now) <= CLOCK_TOLERANCE:
                self.clock_right = not self.clock_ahead

    def check_arrival(self, time: float, now: float, since: float) -> None:
        """Learn how far the lock's clock is behind ours from what an account has just heard.

        An account hears most things at once, and some that were saved up; those come in a burst at
        the next wake, with delays that differ. So the same delay of three arrivals, each a minute
        after the other, is no delay but a wrong clock. A clock that began anew shows a time that no
        record can have, before 2020 or long before the Unix time `since`; the first is enough. It
        began once more if it shows less than what was heard before, which is not saved up.
        Nothing arrives before it happens: a shorter delay shows that the clock has been set.
        """
        lag = now - time
        if not is_set(now):
            return
        if self.clock_behind is not None and lag < self.clock_behind - SAME_LAG:
            self.clock_behind, self._lags = None, []
        impossible = not is_set(time) or time < since - SAVED_UP
        began_again = time < (self.clock_shows or time) - APART
        self.clock_shows = time if began_again else max(time, self.clock_shows or time)
        if impossible and (self.clock_behind is None or began_again):
            self.clock_behind, self._lags = lag, []
        elif abs(lag - (self.clock_behind or 0.0)) <= SAME_LAG:
            # It may drift.
            self.clock_behind, self._lags = self.clock_behind and lag, []
        else:
            self._note_lag(lag, now)

    def _note_lag(self, lag: float, now: float) -> None:
        """Note a delay that is not explained; several in a row that are alike explain it."""
        if not self._lags or abs(lag - self._lags[0][1]) > SAME_LAG:
            self._lags = [(now, lag)]
        elif now - self._lags[-1][0] >= APART:
            self._lags.append((now, lag))
        if len(self._lags) >= LAGS:
            behind = min(one for _, one in self._lags)
            self.clock_behind = behind if abs(behind) > SAME_LAG else None
            self._lags = []

    def check_keys(self, stored: KeyReply | None, used: KeyReply | None, *, ours: bool) -> None:
        """Note what a lock replies about a remote key; `ours`: it may be the reply to us."""
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
