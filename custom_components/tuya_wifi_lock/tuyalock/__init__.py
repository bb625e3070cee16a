"""Tuya Wi-Fi door locks: over the local network, Tuya's cloud, and an owner's account."""

from .clock import Clock
from .cloud.client import CloudClient, list_devices
from .cloud.openapi import MAX_CALLS, REGIONS, CallCounter, OpenApi, Project
from .cloud.responses import CloudDevice, Firmware
from .lan.address import Address
from .lan.discovery import ASK_PORT, PORTS, Announcement, AnnouncementListener
from .lan.protocol import VERSIONS
from .lock import TuyaLock
from .profiles import PRODUCTS, Family
from .records import LATE_AFTER, Age, Record, aged
from .settings import Settings, UnlockWith
from .signals import ALARMS, Kind, Signal, SignalRecord
from .snapshot import Snapshot, Watcher
from .state import UNLOCK_METHODS, LockState, Unlock

__all__ = [
    "ALARMS",
    "ASK_PORT",
    "LATE_AFTER",
    "MAX_CALLS",
    "PORTS",
    "PRODUCTS",
    "REGIONS",
    "UNLOCK_METHODS",
    "VERSIONS",
    "Address",
    "Age",
    "Announcement",
    "AnnouncementListener",
    "CallCounter",
    "Clock",
    "CloudClient",
    "CloudDevice",
    "Family",
    "Firmware",
    "Kind",
    "LockState",
    "OpenApi",
    "Project",
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
    "list_devices",
]
