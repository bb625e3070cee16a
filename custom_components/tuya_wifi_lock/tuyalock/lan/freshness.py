"""Whether a push is current, or was recorded and is played back: by the lock's own clock.

With 3.1 and 3.3 a frame that was recorded is valid for ever. All that tells it from a new one is
the time at which the lock sent it, which stands in each push. From 3.4 on, the session's key does.
"""

from enum import Enum, auto

from ..clock import Clock
from ..models import PLAUSIBLE, is_set

TOLERANCE = 30.0
"""Seconds by which a push may seem too old: clocks drift between two wakes."""
ON_THE_WAY = 10.0
"""Seconds that a push can take to us."""
SLACK = 1.0
"""Seconds by which a lock's clock may go back a little: it counts whole ones."""
RESET_PUSHES = 3
RESET_SECONDS = 600.0
"""So many pushes, over so long, whose times go on as ours, are of a clock that was set back."""
MEMORY = 64
"""Pushes that are remembered: more than come while a recording can look new."""
UNKNOWN_TOLERANCE = 600.0
"""Seconds by which the first dated push may seem too old: nothing is known of the clock yet."""


class Freshness(Enum):
    """How sure it is that a push is current."""

    STALE = auto()
    """It is not, or may well not be."""
    DOUBTFUL = auto()
    """Nothing shows that it is, or that it is not."""
    NEW = auto()
    """It is, as far as the lock's clock can show it."""


class LockClock:
    """What is known of a lock's clock. Times are Unix seconds, by the lock's clock or by ours."""

    __slots__ = ("_clock", "_doubtful", "_happened", "_heard", "_zero", "ahead", "latest")

    def __init__(
        self, clock: Clock, latest: float | None = None, ahead: float | None = None
    ) -> None:
        self._clock = clock
        self.latest = latest
        """The lock's time of its latest push."""
        self._happened = latest
        """When the latest of what it dates itself happened; before that, of what we know."""
        self.ahead = ahead
        """Seconds by which the lock's clock was ahead of ours then; None: nobody knows for sure."""
        self._zero: float | None = None
        """What the lock's clock showed at the zero of our monotonic one; None: not heard yet."""
        self._doubtful: list[tuple[float | None, float]] = []
        self._heard: tuple[int, ...] = ()
        """Hashes of the last pushes."""

    def judge(
        self,
        sent: float | None,
        now: float,
        values: object = None,
        *,
        may_be_reset: bool = False,
    ) -> Freshness:
        """Return how fresh a push of the lock's time `sent` is, and learn from it unless stale.

        `now` is our own time; `values` is what it says. `may_be_reset`: it comes from where the
        lock is known to be, so that its clock may have been set back, as when its batteries were
        changed.
        """
        # What a push says can be a code, so only its hash is kept.
        push = hash((sent, repr(values)))
        stale = self._is_stale(sent, now, push)
        if sent is not None and not stale and (self.ahead is not None or _is_near(sent, now)):
            self._take(sent, push)
            self.learn(sent, now)
            return Freshness.NEW
        goes_on = (may_be_reset or not stale) and self._goes_on(sent)
        if stale and not goes_on:
            return Freshness.STALE
        self._take(sent, push)
        if goes_on:
            self.learn(sent, now)
        return Freshness.DOUBTFUL

    def judge_record(
        self, happened: float, now: float, values: object = None, *, may_be_reset: bool = False
    ) -> Freshness:
        """Return how fresh a push is that says when something happened, not when it was sent.

        It may have been saved up, and is handed over in order: what is older was recorded.
        """
        before = self._happened or 0.0
        freshness = self.judge(happened, now, values, may_be_reset=may_be_reset)
        if freshness is Freshness.STALE:
            if happened < before - SLACK:
                return Freshness.STALE
            freshness = Freshness.DOUBTFUL
            self.latest = self.latest or happened
        self._happened = happened
        return freshness

    def learn(self, sent: float | None, now: float) -> None:
        """Learn from a push of the lock's time `sent` that is a new one for sure."""
        self._doubtful.clear()
        self.latest = sent
        if sent is not None and is_set(now):
            self.ahead = sent - now

    def _take(self, sent: float | None, push: int) -> None:
        """Take no older push from now on."""
        self.latest = sent
        self._heard = (*self._heard[1 - MEMORY :], push)
        self._zero = None if sent is None else sent - self._clock.monotonic()

    def _is_stale(self, sent: float | None, now: float, push: int) -> bool:
        """Return if a push is older than what the lock sent last, or than its clock allows."""
        if self.latest is None:
            return sent is not None and PLAUSIBLE < sent < now - UNKNOWN_TOLERANCE
        if sent is None:
            return True
        # It went ahead wrongly before, as far as anybody knew, and is right now.
        ahead = float("inf") if self.ahead is None else self.ahead
        put_right = ahead > SLACK and _is_near(sent, now) and push not in self._heard
        if sent < self.latest - SLACK and not (
            # If it seems to be further ahead than it was, ours went back.
            put_right and now < self.latest <= now + ahead + TOLERANCE
        ):
            return True
        expected = self._expected(now)
        by_much = put_right and ahead > TOLERANCE
        return not by_much and expected is not None and sent < expected - TOLERANCE

    def _expected(self, now: float) -> float | None:
        """Return what the lock's clock should show now, if that is known.

        Our own clock may have been set since the lock was heard, so it does not count then.
        """
        if self._zero is not None:
            return self._zero + self._clock.monotonic()
        return now + self.ahead if self.ahead is not None and is_set(now) else None

    def _goes_on(self, sent: float | None) -> bool:
        """Return if enough doubtful pushes have times that go on as ours does."""
        now = self._clock.monotonic()
        if self._doubtful and not _in_step(self._doubtful[0], (sent, now)):
            self._doubtful.clear()
        self._doubtful.append((sent, now))
        del self._doubtful[1:-RESET_PUSHES]
        return len(self._doubtful) >= RESET_PUSHES and now - self._doubtful[0][1] >= RESET_SECONDS


def _is_near(sent: float, now: float) -> bool:
    """Return if a time of the lock is now by our clock, which may not be set."""
    return is_set(now) and abs(sent - now) <= TOLERANCE


def _in_step(one: tuple[float | None, float], other: tuple[float | None, float]) -> bool:
    """Return if as much time has passed between two pushes by the lock's clock as by ours."""
    if one[0] is None or other[0] is None:
        return one[0] is other[0]
    return abs((other[0] - one[0]) - (other[1] - one[1])) <= TOLERANCE
