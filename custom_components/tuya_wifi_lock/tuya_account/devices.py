"""The locks of the accounts that are signed in, as the Tuya integration knows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.core import HomeAssistant, callback

from ..tuyalock import METHODS, PRODUCTS, Dp, Family, family_of, is_lock, read_specifications

TUYA = "tuya"

_BLUETOOTH = {"ble_unlock_check", "check_code_set", "check_code_push", "synch_member"}
"""DP codes that only Bluetooth locks have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLock:
    """A lock of an account."""

    device_id: str
    name: str
    category: str
    product_id: str
    local_key: str = field(repr=False)
    table: Mapping[int, Dp]
    """The DP table of the product, as far as it is known to the account."""
    family: Family | None
    """The product family, as far as its DP codes show it."""
    refusal: str | None
    """Why it cannot be set up: `bluetooth`, `zigbee` or `no_lock_dps`."""


@callback
def account_locks(hass: HomeAssistant) -> list[AccountLock]:
    """Return the locks of all accounts that are signed in."""
    found = (
        read_lock(device) for manager in managers(hass) for device in _devices(manager).values()
    )
    return [lock for lock in found if lock]


@callback
def local_key(hass: HomeAssistant, device_id: str) -> str | None:
    """Return the local key of a lock, if an account has one."""
    keys = (lock.local_key for lock in account_locks(hass) if lock.device_id == device_id)
    return next(filter(None, keys), None)


def managers(hass: HomeAssistant) -> Iterator[Any]:
    """Return the device managers of the accounts that are signed in."""
    for entry in hass.config_entries.async_loaded_entries(TUYA):
        if manager := getattr(getattr(entry, "runtime_data", None), "manager", None):
            yield manager


def find_device(hass: HomeAssistant, device_id: str) -> tuple[Any, Any]:
    """Return the device manager that has a device, and the device."""
    for manager in managers(hass):
        if device := _devices(manager).get(device_id):
            return manager, device
    return None, None


def _devices(manager: Any) -> dict[str, Any]:
    """Return the devices of an account by their ids; its thread may change them meanwhile."""
    devices = getattr(manager, "device_map", None)
    return dict(devices) if isinstance(devices, dict) else {}


def read_lock(device: Any) -> AccountLock | None:
    """Return a device as a lock, or None if it is no lock or has another shape than expected."""
    device_id, name = getattr(device, "id", None), getattr(device, "name", None)
    category, product_id = getattr(device, "category", None), getattr(device, "product_id", None)
    key = getattr(device, "local_key", None)
    texts = device_id, name, category, product_id
    if not all(isinstance(text, str) for text in texts):
        return None
    if not is_lock(str(category), str(product_id)):
        return None
    return AccountLock(
        device_id=str(device_id),
        name=str(name),
        category=str(category),
        product_id=str(product_id),
        local_key=key if isinstance(key, str) else "",
        table=_table(device),
        family=family_of(_codes(device)),
        refusal=_refusal(device),
    )


def accepts(device: Any, code: str) -> bool:
    """Return if a DP code can be sent to a device."""
    functions = getattr(device, "function", None)
    return isinstance(functions, dict) and code in functions


def _refusal(device: Any) -> str | None:
    """Return why a lock cannot be set up, or None if it can."""
    codes = _codes(device)
    if codes & _BLUETOOTH:
        return "bluetooth"
    if getattr(device, "sub", False):
        return "zigbee"
    known = device.product_id in PRODUCTS or not codes
    return None if known or codes & METHODS.keys() else "no_lock_dps"


def _codes(device: Any) -> set[str]:
    """Return the known DP codes of a device."""
    models = (getattr(device, name, None) for name in ("function", "status_range"))
    codes = {str(code) for model in models if isinstance(model, dict) for code in model}
    return codes | {dp.code for dp in _table(device).values()}


def _table(device: Any) -> dict[int, Dp]:
    """Return the DP table of a device; empty if the DP ids are not known."""
    strategy = getattr(device, "local_strategy", None)
    writable = getattr(device, "function", None)
    rows = [
        {
            "dp_id": dp_id,
            "code": row.get("status_code"),
            "type": config.get("valueType"),
            "values": config.get("valueDesc"),
        }
        for dp_id, row in (dict(strategy) if isinstance(strategy, dict) else {}).items()
        if type(dp_id) is int
        and isinstance(row, dict)
        and isinstance(config := row.get("config_item"), dict)
        and isinstance(row.get("status_code"), str)
    ]
    functions = [row for row in rows if isinstance(writable, dict) and row["code"] in writable]
    return read_specifications({"status": rows, "functions": functions})
