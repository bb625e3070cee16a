"""Tuya Wi-Fi door locks: over the local network, Tuya's cloud, and an owner's account."""

from .address import Address
from .announce import Announcement, Announcements
from .clock import Clock
from .contact import contact
from .frames import VERSIONS
from .lock import TuyaLock
from .profiles import PRODUCTS, Family
from .records import LATE_AFTER, Age, Record, aged
from .settings import Settings, UnlockWith
from .signals import ALARMS, Kind, Signal, SignalRecord
from .snapshot import Snapshot, Watcher
from .state import UNLOCK_METHODS, LockState, Unlock

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
    "Clock",
    "Family",
    "Kind",
    "LockState",
    "Record",
    "Settings",
    "Signal",
    "SignalRecord",
    "Snapshot",
    "TuyaLock",
    "Unlock",
    "UnlockWith",
    "Watcher",
    "aged",
    "contact",
]
