"""What the Tuya account of Home Assistant knows of locks that are set up, or could be."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_LOCAL_KEY
from ..tuya_account import AccountLock, account_locks, local_key
from .forms import configured_ids


@callback
def new_account_locks(hass: HomeAssistant) -> dict[str, AccountLock]:
    """Return the locks of the account that are not set up, by device id."""
    configured = configured_ids(hass)
    return {
        lock.device_id: lock for lock in account_locks(hass) if lock.device_id not in configured
    }


@callback
def is_in_account(hass: HomeAssistant, device_id: str) -> bool:
    """Return if the account knows all that it takes to set up a lock."""
    lock = new_account_locks(hass).get(device_id)
    return lock is not None and lock.refusal is None


@callback
def other_key(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the local key that the account has for the lock of an entry, if it is another one."""
    key = local_key(hass, data[CONF_DEVICE_ID])
    return {CONF_LOCAL_KEY: key} if key and key != data[CONF_LOCAL_KEY] else {}
