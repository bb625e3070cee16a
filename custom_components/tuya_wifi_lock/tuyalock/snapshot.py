"""What can be seen of a lock at one moment, and who looks."""

from collections.abc import Callable
from dataclasses import dataclass

from .errors import LockError
from .profiles import Family
from .records import Record
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


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who hears of a lock."""

    changed: Callable[[Snapshot], None]
    recorded: Callable[[Record], None]
