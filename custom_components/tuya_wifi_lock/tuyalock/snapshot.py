"""What can be seen of a lock at one moment, and who looks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .clock import Clock, Timer
from .exceptions import LockError
from .profiles import Dp, Family
from .records import Record
from .signals import SignalRecord
from .state import Bolt, LockState, Unlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What can be seen of a lock at one moment."""

    state: LockState
    family: Family | None
    bolt: Bolt
    last_unlock: Unlock | None
    """Who opened last, also if that is still held back to see what follows."""
    awake: bool
    unlocking: bool
    requested: bool
    problem: LockError | None
    key_refused: bool
    changeable: Mapping[str, Dp]
    """Settings that can be changed by the product's own model, by DP code."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who hears of a lock."""

    changed: Callable[[Snapshot], None]
    recorded: Callable[[Record], None]
    passwords_changed: Callable[[], None] = lambda: None
    signalled: Callable[[SignalRecord], None] = lambda record: None


class Watchers:
    """Tells everybody who watches a lock what changes, and each unlock."""

    def __init__(
        self, look: Callable[[], Snapshot], ends: Callable[[], Iterable[float | None]], clock: Clock
    ) -> None:
        """Look at a lock, and look again at Unix times when time alone will have changed it."""
        self._look, self._ends, self._clock = look, ends, clock
        self._watchers: list[Watcher] = []
        self._deadline: Timer | None = None
        self.snapshot = look()

    def add(self, watcher: Watcher) -> Callable[[], None]:
        """Tell somebody from now on; return how to end that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def look(self) -> None:
        """Tell what has changed."""
        snapshot = self._look()
        if snapshot == self.snapshot:
            return
        self.snapshot = snapshot
        self.arm()
        for watcher in tuple(self._watchers):
            watcher.changed(snapshot)

    def tell(self, record: Record) -> None:
        """Tell an unlock."""
        for watcher in tuple(self._watchers):
            watcher.recorded(record)

    def signal(self, record: SignalRecord) -> None:
        """Tell an alarm, a ring, or duress."""
        for watcher in tuple(self._watchers):
            watcher.signalled(record)

    def passwords_changed(self) -> None:
        """Tell that a temporary password is another one, or has come further."""
        for watcher in tuple(self._watchers):
            watcher.passwords_changed()

    def arm(self) -> None:
        """Plan the next look."""
        self.close()
        now = self._clock.time()
        if left := [end - now for end in self._ends() if end and end > now]:
            self._deadline = self._clock.call_later(min(left) + 0.01, self._due)

    def _due(self) -> None:
        """Look, and look again: our clock may have been set back, or another end is to come."""
        self.look()
        self.arm()

    def close(self) -> None:
        """Plan no look any more."""
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
