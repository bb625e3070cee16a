"""Whether a push is of now, or was recorded and is played back: by the lock's own clock.

With 3.1 and 3.3 a frame that was recorded is valid for ever. All that tells it from a new one is
the time at which the lock sent it, which stands in each push. From 3.4 on, the session's key does.
"""

from ..models import PLAUSIBLE, is_set

TOLERANCE = 30.0
"""Seconds by which a push may seem too old: clocks drift between two wakes."""
SLACK = 1.0
"""Seconds by which a lock's clock may go back a little: it counts whole ones."""
RESET_PUSHES = 3
RESET_SECONDS = 600.0
"""So many pushes, over so long, whose times go on as ours, are of a clock that was set back."""
UNKNOWN_TOLERANCE = 600.0
"""Seconds by which the first dated push may seem too old: nothing is known of the clock yet."""


class LockClock:
    """What is known of a lock's clock. Times are Unix seconds, by the lock's clock or by ours."""

    def __init__(self, latest: float | None = None, ahead: float | None = None) -> None:
        self.latest = latest
        """The lock's time of its latest push."""
        self.ahead = ahead
        """Seconds by which the lock's clock is ahead of ours."""
        self._doubtful: list[tuple[float | None, float]] = []

    def accepts(self, sent: float | None, now: float, *, may_be_reset: bool = False) -> bool:
        """Return if a push of the lock's time `sent`, received at our time `now`, is a new one.

        `may_be_reset`: it comes from where the lock is known to be, so that its clock may have been
        set back, as when its batteries were changed.
        """
        if self.is_stale(sent, now) and not (may_be_reset and self._was_reset(sent, now)):
            return False
        self.learn(sent, now)
        return True

    def learn(self, sent: float | None, now: float) -> None:
        """Learn from a push that is a new one for sure."""
        self._doubtful.clear()
        self.latest = sent
        if sent is not None and is_set(now):
            self.ahead = sent - now

    def is_stale(self, sent: float | None, now: float) -> bool:
        """Return if a push is older than what the lock sent last, or than its clock allows."""
        if self.latest is None:
            return sent is not None and PLAUSIBLE < sent < now - UNKNOWN_TOLERANCE
        if sent is None:
            return True
        near = abs(sent - now) <= TOLERANCE
        if sent < self.latest - SLACK:
            # Unless the clock went ahead wrongly before, and is right now.
            return not (near and self.latest > now + TOLERANCE)
        return not near and self.ahead is not None and sent - now < self.ahead - TOLERANCE

    def _was_reset(self, sent: float | None, now: float) -> bool:
        """Return if enough doubtful pushes have times that go on as ours does."""
        if self._doubtful and not _in_step(self._doubtful[0], (sent, now)):
            self._doubtful.clear()
        self._doubtful.append((sent, now))
        del self._doubtful[1:-RESET_PUSHES]
        return len(self._doubtful) >= RESET_PUSHES and now - self._doubtful[0][1] >= RESET_SECONDS


def _in_step(one: tuple[float | None, float], other: tuple[float | None, float]) -> bool:
    """Return if as much time has passed between two pushes by the lock's clock as by ours."""
    if one[0] is None or other[0] is None:
        return one[0] is other[0]
    return abs((other[0] - one[0]) - (other[1] - one[1])) <= TOLERANCE
