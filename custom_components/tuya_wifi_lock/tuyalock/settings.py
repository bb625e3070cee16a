"""What the owner of a lock decided."""

from dataclasses import dataclass
from enum import StrEnum


class UnlockWith(StrEnum):
    """How a remote unlock is done."""

    OWN_KEY = "own_key"
    """We register a key of our own, which may replace the one that Tuya's app uses."""
    REQUEST_ONLY = "request_only"
    """We only answer requests at the door."""
    CLOUD = "cloud"
    """Tuya's cloud opens, as it does for the app, whose key stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner decided. Times are seconds."""

    unlock_with: UnlockWith = UnlockWith.OWN_KEY
    relocks_itself: bool = False
    relock_delay: float = 5.0
    unlock_wait: float = 30.0
