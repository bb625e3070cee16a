"""What went wrong with a lock lately, and what that may mean."""

from .errors import LockError, NoHandshake, SlotTaken, Unreachable, WrongKey, WrongVersion
from .records import CLOCK_TOLERANCE

KEPT = 20
SUSPICIONS = 4
"""Failed handshakes in a row, one for each protocol version, that speak against the local key."""

TURNED_AWAY = 2
"""Connections closed at once that speak for another client: one may be due to our last one."""


class Health:
    """The last wakes and errors of a lock. Times are Unix seconds."""

    def __init__(self) -> None:
        """Start healthy."""
        self.wakes: list[float] = []
        self.errors: list[tuple[float, str]] = []
        """Times and names of errors; the same one only once in a row."""
        self.problem: LockError | None = None
        """Why the lock, though it is there, could not be talked to last time."""
        self.clock_ahead: float | None = None
        """Seconds by which the lock's clock was last seen ahead of ours."""
        self._suspicions = 0
        self._turned_away = 0

    @property
    def hopeless(self) -> bool:
        """Return if trying again the same way is of no use."""
        crowded = self._turned_away >= TURNED_AWAY
        return self.key_refused or crowded or isinstance(self.problem, WrongVersion)

    @property
    def key_refused(self) -> bool:
        """Return if the local key is wrong, as far as can be told."""
        return self._suspicions >= SUSPICIONS

    def wake(self, now: float) -> None:
        """Note a connection."""
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
