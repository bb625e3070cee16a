"""Tuya Wi-Fi door locks: over the local network, Tuya's cloud, and an owner's account."""

from .access.passwords import MAX_VALID, TemporaryPasswords
from .clock import Clock
from .cloud.client import CloudClient, list_devices, time_of
from .cloud.openapi import MAX_CALLS, REGIONS, CallCounter, OpenApi, Project
from .cloud.responses import CloudDevice, Firmware, read_account_report, read_specifications
from .exceptions import (
    CallsUsedUp,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    LockError,
    Mistake,
    PasswordRefused,
)
from .lan.address import Address
from .lan.connection import described
from .lan.discovery import ASK_PORT, PORTS, Announcement, AnnouncementListener
from .lan.protocol import VERSIONS
from .lock import Snapshot, TuyaLock, Update
from .models import (
    Age,
    Alarm,
    Doorbell,
    Duress,
    Item,
    Kind,
    PasswordPhase,
    Record,
    Report,
    Settings,
    Source,
    TemporaryPassword,
    Unlock,
    UnlockWith,
    Value,
    When,
)
from .products.catalogue import PRODUCTS, Dp, DpType, Family, family_of, is_lock
from .products.decoder import ALARMS, METHODS, UNLOCK_METHODS
from .records.ageing import CLOCK_AHEAD, LATE_AFTER, aged
from .records.state import BATTERY_LEVELS, LockState
from .storage import Reader

__all__ = [
    "ALARMS",
    "ASK_PORT",
    "BATTERY_LEVELS",
    "CLOCK_AHEAD",
    "LATE_AFTER",
    "MAX_CALLS",
    "MAX_VALID",
    "METHODS",
    "PORTS",
    "PRODUCTS",
    "REGIONS",
    "UNLOCK_METHODS",
    "VERSIONS",
    "Address",
    "Age",
    "Alarm",
    "Announcement",
    "AnnouncementListener",
    "CallCounter",
    "CallsUsedUp",
    "Clock",
    "CloudClient",
    "CloudDevice",
    "CloudError",
    "CloudRefused",
    "CloudSilent",
    "CloudUnreachable",
    "Doorbell",
    "Dp",
    "DpType",
    "Duress",
    "Family",
    "Firmware",
    "Item",
    "Kind",
    "LockError",
    "LockState",
    "Mistake",
    "OpenApi",
    "PasswordPhase",
    "PasswordRefused",
    "Project",
    "Reader",
    "Record",
    "Report",
    "Settings",
    "Snapshot",
    "Source",
    "TemporaryPassword",
    "TemporaryPasswords",
    "TuyaLock",
    "Unlock",
    "UnlockWith",
    "Update",
    "Value",
    "When",
    "aged",
    "described",
    "family_of",
    "is_lock",
    "list_devices",
    "read_account_report",
    "read_specifications",
    "time_of",
]
