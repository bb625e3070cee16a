"""Whether a lock is on the network, since when, and whether it was asleep before."""

from .clock import Clock

ANNOUNCED_WITHIN = 6.0
"""Seconds in which a lock that is awake announces itself; it does so every 5."""
SILENCE = 15.0
"""Seconds of silence after which a sign of life is a wake."""
KEPT_ALIVE_AFTER = 180.0
"""Seconds of presence that no low-power lock reaches: requests last 90 at most."""


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
