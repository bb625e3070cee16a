"""Tuya Wi-Fi door locks: over the local network, Tuya's cloud, and an owner's account."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .access.passwords import TemporaryPasswords, is_trivial
from .clock import Clock
from .cloud.project import MAX_CALLS, REGIONS, Project
from .exceptions import (
    AccountRefused,
    AccountSilent,
    CallsUsedUp,
    CloudError,
    CloudRefused,
    CloudUnreachable,
    LockError,
)
from .lan.address import Address
from .lan.discovery import PORTS, Announcement, AnnouncementListener
from .lan.protocol import VERSIONS
from .lock import Snapshot, TuyaLock, Update
from .models import (
    MAX_NAME,
    Age,
    Alarm,
    Kind,
    Record,
    Report,
    Settings,
    Source,
    TemporaryPassword,
    Unlock,
    UnlockWith,
    Value,
    Weekly,
    clean_secret,
    is_set as is_clock_set,
    safe_name,
    visible,
)
from .products.catalogue import (
    PRODUCTS,
    Dp,
    Family,
    has_lock_codes,
    is_lock,
)
from .products.decoder import ALARMS, UNLOCK_METHODS
from .records.ageing import CLOCK_AHEAD, LATE_AFTER
from .records.state import BATTERY_LEVELS, LockState
from .storage import Reader, changes

if TYPE_CHECKING:
    from .cloud.client import CloudClient, list_devices
    from .cloud.openapi import CallCounter, OpenApi
    from .cloud.responses import (
        CloudDevice,
        Firmware,
        read_account_report,
        read_devices,
        read_specifications,
    )
else:
    _LATER = {
        "CloudClient": "client",
        "list_devices": "client",
        "CallCounter": "openapi",
        "OpenApi": "openapi",
        "CloudDevice": "responses",
        "Firmware": "responses",
        "read_account_report": "responses",
        "read_devices": "responses",
        "read_specifications": "responses",
    }
    """Where that is which only owners with a cloud project or an account use."""

    def __getattr__(name: str) -> Any:
        """Import what only some owners use when it is used first."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.cloud.{_LATER[name]}"), name)


__all__ = [
    "ALARMS",
    "BATTERY_LEVELS",
    "CLOCK_AHEAD",
    "LATE_AFTER",
    "MAX_CALLS",
    "MAX_NAME",
    "PORTS",
    "PRODUCTS",
    "REGIONS",
    "UNLOCK_METHODS",
    "VERSIONS",
    "AccountRefused",
    "AccountSilent",
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
    "CloudUnreachable",
    "Dp",
    "Family",
    "Firmware",
    "Kind",
    "LockError",
    "LockState",
    "OpenApi",
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
    "Weekly",
    "changes",
    "clean_secret",
    "has_lock_codes",
    "is_clock_set",
    "is_lock",
    "is_trivial",
    "list_devices",
    "read_account_report",
    "read_devices",
    "read_specifications",
    "safe_name",
    "visible",
]
