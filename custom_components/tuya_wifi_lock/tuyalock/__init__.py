"""Tuya Wi-Fi door locks: over the local network, Tuya's cloud, and an owner's account."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .access.passwords import TemporaryPasswords as TemporaryPasswords, is_trivial as is_trivial
from .clock import Clock as Clock
from .cloud.project import MAX_CALLS as MAX_CALLS, REGIONS as REGIONS, Project as Project
from .exceptions import (
    AccountRefused as AccountRefused,
    AccountSilent as AccountSilent,
    CallsUsedUp as CallsUsedUp,
    CloudError as CloudError,
    CloudRefused as CloudRefused,
    CloudUnreachable as CloudUnreachable,
    LockError as LockError,
)
from .lan.address import Address as Address
from .lan.discovery import (
    PORTS as PORTS,
    Announcement as Announcement,
    AnnouncementListener as AnnouncementListener,
)
from .lan.protocol import VERSIONS as VERSIONS
from .lock import Snapshot as Snapshot, TuyaLock as TuyaLock, Update as Update
from .models import (
    LATE_AFTER as LATE_AFTER,
    MAX_NAME as MAX_NAME,
    Age as Age,
    Alarm as Alarm,
    Kind as Kind,
    Record as Record,
    Report as Report,
    Settings as Settings,
    Source as Source,
    TemporaryPassword as TemporaryPassword,
    Unlock as Unlock,
    UnlockWith as UnlockWith,
    Value as Value,
    Weekly as Weekly,
    clean_secret as clean_secret,
    is_set,
    safe_name as safe_name,
    visible as visible,
)
from .products.catalogue import (
    PRODUCTS as PRODUCTS,
    Dp as Dp,
    Family as Family,
    has_lock_codes as has_lock_codes,
    is_lock as is_lock,
)
from .products.decoder import ALARMS as ALARMS, UNLOCK_METHODS as UNLOCK_METHODS
from .records.ageing import CLOCK_AHEAD as CLOCK_AHEAD
from .records.state import BATTERY_LEVELS as BATTERY_LEVELS, LockState as LockState
from .storage import Reader as Reader, changes as changes

if TYPE_CHECKING:
    from .cloud.client import CloudClient as CloudClient, list_devices as list_devices
    from .cloud.openapi import CallCounter as CallCounter, OpenApi as OpenApi
    from .cloud.responses import (
        CloudDevice as CloudDevice,
        Firmware as Firmware,
        read_account_report as read_account_report,
        read_devices as read_devices,
        read_specifications as read_specifications,
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


is_clock_set = is_set
