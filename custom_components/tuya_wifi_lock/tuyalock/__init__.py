"""Tuya Wi-Fi door locks over the local network."""

from .address import Address
from .announce import Announcement, Announcements
from .clock import Clock, Timer
from .contact import contact
from .errors import (
    Cancelled,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    MalformedFrame,
    NoAnswer,
    NoCloud,
    NoHandshake,
    NoRequest,
    NotConfirmed,
    NotProven,
    NotSupported,
    Reason,
    RequestOver,
    SlotTaken,
    UnlockRefused,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from .frames import VERSIONS
from .lock import TuyaLock
from .profiles import PRODUCTS, Family
from .records import LATE_AFTER, Age, Journal, Record, aged
from .settings import Settings, UnlockWith
from .signals import ALARMS, Kind, Signal, SignalRecord
from .snapshot import Snapshot, Watcher
from .state import UNLOCK_METHODS, Bolt, LockState, Unlock

__all__ = [
    "ALARMS",
    "LATE_AFTER",
    "PRODUCTS",
    "UNLOCK_METHODS",
    "VERSIONS",
    "Address",
    "Age",
    "Announcement",
    "Announcements",
    "Bolt",
    "Cancelled",
    "Clock",
    "ConnectionLost",
    "Family",
    "Journal",
    "KeyIgnored",
    "Kind",
    "LockAsleep",
    "LockError",
    "LockState",
    "MalformedFrame",
    "NoAnswer",
    "NoCloud",
    "NoHandshake",
    "NoRequest",
    "NotConfirmed",
    "NotProven",
    "NotSupported",
    "Reason",
    "Record",
    "RequestOver",
    "Settings",
    "Signal",
    "SignalRecord",
    "SlotTaken",
    "Snapshot",
    "Timer",
    "TuyaLock",
    "Unlock",
    "UnlockRefused",
    "UnlockWith",
    "Unreachable",
    "Watcher",
    "WrongKey",
    "WrongVersion",
    "aged",
    "contact",
]
