"""What a check of a lock looks at, and what it finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .tuyalock import Family, Firmware
from .tuyalock.exceptions import LockError
from .tuyalock.health import KeyOwner


class State(StrEnum):
    """How it stands with what was checked."""

    OK = "ok"
    ATTENTION = "attention"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvidence:
    """How it goes with Tuya's cloud."""

    failure: str | None
    """Why it fails at present."""
    answered: bool
    calls: int
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is looked at, of one moment. Times are Unix seconds, durations seconds."""

    now: float
    listening_since: float
    heard: float | None
    awake: bool
    wakes: int
    longest_silence: float | None
    stays: bool
    """It is made to stay on the network, or does so."""
    announces: bool
    located: bool
    dhcp: bool
    """Its MAC address is known, so that its DHCP requests are heard."""
    key_refused: bool
    reported: bool
    """It has told something that only the right local key makes legible."""
    problem: LockError | None
    crowded: bool
    rivals: tuple[str, ...]
    """Local integrations that have the same lock."""
    version_configured: str | None
    version_found: str | None
    family: Family | None
    opens_remotely: bool | None
    allowed: bool | None
    """If the owner allows remote unlocking in the app."""
    takes_keys: bool | None
    requested: bool
    key_owner: KeyOwner | None
    clock_ahead: float | None
    clock_right: bool | None
    battery: int | None
    battery_level: str | None
    passwords_waiting: int | None
    """None if nothing carries temporary passwords."""
    passwords_failed: tuple[str, ...] = ()
    """Names of those that the lock has not taken as they are wished."""
    records: int = 0
    cloud: CloudEvidence | None = None
    firmware: Firmware | None = None
    account_wanted: bool = False
    """The owner has set up the lock from a Tuya account."""
    account_trouble: str | None = "no_login"
    """Why an account does not tell us of the lock; None if it does."""
    account_opens: bool = False
    """The lock can be opened through the account while somebody asks at the door."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found; its text is the key of the words for it."""

    check: str
    state: State
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


type Verdict = tuple[State, str] | tuple[State, str, Mapping[str, str]] | None
"""A state, a text and its values; None if the check does not concern this lock."""

type Checks = Mapping[str, Callable[[Evidence], Verdict]]


def duration(seconds: float) -> str:
    """Return a duration in round figures, with symbols that all languages know."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
