"""The way to the Tuya accounts: what reads them is imported when Home Assistant has one."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, TUYA, Trouble

if TYPE_CHECKING:
    from .tuya_account import AccountLock

_IMPORTED: HassKey[bool] = HassKey(f"{DOMAIN}_accounts_imported")


async def async_has_account(hass: HomeAssistant) -> bool:
    """Return if there is an account, with what reads it imported."""
    if not hass.config_entries.async_entries(TUYA, include_ignore=False):
        return False
    await async_import_module(hass, f"{__package__}.tuya_account")
    hass.data[_IMPORTED] = True
    return True


async def async_account_locks(hass: HomeAssistant) -> list[AccountLock]:
    """Return the locks of all accounts that are signed in."""
    if not await async_has_account(hass):
        return []
    from .tuya_account import account_locks

    return account_locks(hass)


async def async_absence(hass: HomeAssistant) -> Trouble:
    """Return why no account has a lock."""
    if not await async_has_account(hass):
        return Trouble.NO_LOGIN
    from .tuya_account import absence

    return absence(hass)


async def async_account_lock(hass: HomeAssistant, device_id: str) -> AccountLock | None:
    """Return a lock of the accounts."""
    await async_has_account(hass)
    return known_account_lock(hass, device_id)


@callback
def known_account_lock(hass: HomeAssistant, device_id: str) -> AccountLock | None:
    """Return a lock of the accounts, as soon as what reads them was imported."""
    if _IMPORTED not in hass.data:
        return None
    from .tuya_account import account_lock

    return account_lock(hass, device_id)
