"""Knows when to ask Tuya's cloud about a lock again."""

from homeassistant.core import HomeAssistant

from .tuya_account import AccountRoad
from .tuyalock import Snapshot, TuyaLock

USUAL = 600.0
"""Seconds between two polls of a lock that nothing else reports about."""
SELDOM = 3600.0
"""Seconds between two polls of a lock whose wakes we hear of."""
AFTER_WAKE = 10.0
"""Seconds that an awake lock has to tell its cloud what has happened."""
BETWEEN_WAKES = 60.0
"""Seconds between two polls of a lock that wakes all the time."""
ONE_WAKE = 600.0
"""Seconds after we last heard of a lock in which it may still do what the cloud tells."""


class Pace:
    """Knows when to ask the cloud about a lock again.

    A lock that sleeps has nothing new. As long as we hear of it in another way, from itself or
    through the owner's account, it is enough to ask after its wakes.
    """

    def __init__(self, hass: HomeAssistant, lock: TuyaLock, account: AccountRoad) -> None:
        """Begin without a wake."""
        self._hass, self._lock, self._account = hass, lock, account
        self._woken = False
        self._no_wake_before = 0.0
        self._after_wake = False

    def is_wake(self, before: Snapshot, now: Snapshot) -> bool:
        """Return if the lock has woken between two looks, to us or to the account alone."""
        if now.awake or before.awake:
            return not before.awake
        # One that stays on the network has been heard of without a wake.
        heard = self._account.trouble is None and not self._lock.address.keep_alive
        return heard and _last_heard(now) > _last_heard(before)

    def wake(self) -> bool:
        """Note that the lock has woken; return if that is news."""
        news, self._woken = not self._woken, True
        return news

    def ask(self) -> None:
        """Note that the cloud is asked now."""
        if self._woken:
            self._no_wake_before = self._hass.loop.time() + BETWEEN_WAKES
        self._after_wake, self._woken = self._woken, False

    def delay(self, newest: float, *, failed: bool) -> float:
        """Return the seconds until the next poll; the cloud knows nothing after a Unix time."""
        if self._woken:
            return max(AFTER_WAKE, self._no_wake_before - self._hass.loop.time())
        # What a lock that woke had not fetched yet when we asked, it has by the next time.
        fetching = self._after_wake and self._lock.passwords.book.unsettled
        seldom = self._is_heard(newest) and not fetching and not failed
        return SELDOM if seldom else USUAL

    def _is_heard(self, newest: float) -> bool:
        """Return if we hear of the lock without the cloud: of all that happened up to a time."""
        heard = self._lock.snapshot.state.last_heard
        if heard is None or newest > heard + ONE_WAKE:
            return False
        return self._account.trouble is None or self._talks(heard)

    def _talks(self, heard: float) -> bool:
        """Return if the lock talks to us: one that only announces itself tells nothing."""
        health = self._lock.health
        connected = bool(health.wakes) and heard - health.wakes[-1] <= ONE_WAKE
        return (connected or self._lock.snapshot.awake) and not health.hopeless


def _last_heard(snapshot: Snapshot) -> float:
    """Return when the lock was last heard, for a comparison."""
    return snapshot.state.last_heard or 0.0
