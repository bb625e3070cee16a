"""A lock as the owner's Tuya account knows it, read from an object that is not ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .tuyalock import PRODUCTS, Family
from .tuyalock.cloud.responses import read_specifications
from .tuyalock.products.decoder import METHODS
from .tuyalock.profiles import LOCK_CATEGORIES, Dp, family_of

_BLUETOOTH = {"ble_unlock_check", "check_code_set", "check_code_push", "synch_member"}
"""DP codes that only Bluetooth locks have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLock:
    """A lock of the account."""

    device_id: str
    name: str
    category: str
    product_id: str
    local_key: str = field(repr=False)
    table: Mapping[int, Dp]
    """The DP table of the product, as far as the account knows it."""
    family: Family | None
    """The product family that its DP codes give away."""
    refusal: str | None
    """Why it cannot be set up: `bluetooth`, `zigbee`, `no_lock_dps`."""


def read_lock(device: Any) -> AccountLock | None:
    """Return a device as a lock, or None if it is none, or not as expected."""
    device_id, name = getattr(device, "id", None), getattr(device, "name", None)
    category, product_id = getattr(device, "category", None), getattr(device, "product_id", None)
    key = getattr(device, "local_key", None)
    texts = device_id, name, category, product_id
    if not all(isinstance(text, str) for text in texts):
        return None
    if category not in LOCK_CATEGORIES and product_id not in PRODUCTS:
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


def takes(device: Any, code: str) -> bool:
    """Return if a device takes a DP code from the account."""
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
    """Return the DP codes that the account knows of a device."""
    models = (getattr(device, name, None) for name in ("function", "status_range"))
    codes = {str(code) for model in models if isinstance(model, dict) for code in model}
    return codes | {dp.code for dp in _table(device).values()}


def _table(device: Any) -> dict[int, Dp]:
    """Return the DP table of a device; empty if the account does not know the ids."""
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
