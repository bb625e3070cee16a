"""What Tuya's cloud is asked about a lock only to see if all is well with it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .cloud_answers import legible
from .exceptions import CloudError
from .openapi import OpenApi

_WITHOUT_PASSWORD = "remoteUnlockWithoutPwd"

_UP_TO_DATE = {0, 3}
"""States of an update: there is none, or it is finished."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """The versions of a lock's firmware; a lock with several modules has a version of each."""

    installed: str
    newest: str


class CloudChecks:
    """Asks Tuya's cloud about one lock; None is what the cloud does not tell."""

    def __init__(self, api: OpenApi, device_id: str) -> None:
        """Prepare the questions; nothing is asked yet."""
        self._api = api
        self._device_id = device_id

    async def remote_unlock_allowed(self) -> bool | None:
        """Return if the owner allows in the app that the lock is opened remotely."""
        with suppress(CloudError):
            path = f"/v1.0/devices/{self._device_id}/door-lock/remote-unlocks"
            return legible(_read_allowed, await self._api.call("GET", path))
        return None

    async def firmware(self) -> Firmware | None:
        """Return which firmware the lock has, and which it could have."""
        with suppress(CloudError):
            path = f"/v2.0/cloud/thing/{self._device_id}/firmware"
            return legible(_read_firmware, await self._api.call("GET", path))
        return None


def _read_allowed(result: Any) -> bool | None:
    """Read the ways of remote unlocking: a list of them, or only one."""
    for way in _rows(result):
        if way["remote_unlock_type"] == _WITHOUT_PASSWORD:
            return bool(way["open"])
    return None


def _read_firmware(result: Any) -> Firmware | None:
    """Read the versions of all modules that have firmware."""
    modules = [row for row in _rows(result) if row.get("current_version")]
    if not modules:
        return None
    installed = [str(row["current_version"]) for row in modules]
    newest = [_newest(row) for row in modules]
    return Firmware(", ".join(installed), ", ".join(newest))


def _newest(row: Any) -> str:
    """Return the version that a module could have."""
    up_to_date = row.get("upgrade_status", 0) in _UP_TO_DATE
    return str(row["current_version"] if up_to_date else row["version"])


def _rows(result: Any) -> list[Any]:
    """Return the rows of a result that may be a list, or a row by itself."""
    return result if isinstance(result, list) else [result]
