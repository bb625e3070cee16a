"""How a lock is reached: the forms, the locks on the network and in an account, and the test."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
import time
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..accounts import async_absence, async_account_lock, async_account_locks
from ..const import AUTO, CONF_LOCAL_KEY, CONF_PROTOCOL_VERSION, DEFAULT_PORT
from ..coordinator import stored_of_new
from ..discovery import async_get_listener
from ..texts import async_texts
from ..tuyalock import VERSIONS, Address, Announcement, Clock, Settings, TuyaLock, Update
from .forms import SECRET, configured_ids
from .gathered import default_title

if TYPE_CHECKING:
    from ..tuya_account import AccountLock

HEAR_TIME = 1.0
"""Seconds in which a lock that was reached reports how it is."""

OTHER_DEVICES = "other_devices"
"""A choice that shows the devices that are no known locks."""

_ADDRESS = {
    vol.Required(CONF_HOST): TextSelector(),
    vol.Required(CONF_PORT, default=DEFAULT_PORT): cv.port,
}
_VERSION = {
    vol.Required(CONF_PROTOCOL_VERSION, default=AUTO): SelectSelector(
        SelectSelectorConfig(
            options=[AUTO, *sorted(VERSIONS)],
            translation_key="protocol_version",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
}
MANUAL = vol.Schema(
    {
        **_ADDRESS,
        vol.Required(CONF_DEVICE_ID): TextSelector(),
        vol.Required(CONF_LOCAL_KEY): SECRET,
        **_VERSION,
    }
)
RECONFIGURE = vol.Schema({**_ADDRESS, vol.Optional(CONF_LOCAL_KEY): SECRET, **_VERSION})
REAUTH = vol.Schema({vol.Required(CONF_LOCAL_KEY): SECRET})


@callback
def heard_devices(hass: HomeAssistant) -> list[Announcement]:
    """Return the devices that were heard and are not set up, known locks first."""
    configured = configured_ids(hass)
    listener = async_get_listener(hass)
    new = (one for one in listener.heard.values() if one.device_id not in configured)
    return sorted(new, key=lambda device: (not listener.is_lock(device), device.host))


async def async_heard_labels(hass: HomeAssistant, *, everything: bool) -> dict[str, str]:
    """Return the labels of what was heard, by device id; what is no known lock is folded away."""
    devices = heard_devices(hass)
    locks = [device for device in devices if async_get_listener(hass).is_lock(device)]
    shown = devices if everything or not locks else locks
    texts = await async_texts(hass, "heard")
    labels = {}
    for device in shown:
        minutes = int(async_get_listener(hass).silence(device.device_id) / 60)
        key = f"{'lock' if device in locks else 'other'}_{'earlier' if minutes else 'now'}"
        lock = await async_account_lock(hass, device.device_id)
        name = lock.name if lock else texts["lock"]
        labels[device.device_id] = texts[key].format(minutes=minutes, host=device.host, name=name)
    folded = len(shown) < len(devices)
    return labels | ({OTHER_DEVICES: texts[OTHER_DEVICES]} if folded else {})


async def async_new_account_locks(hass: HomeAssistant) -> dict[str, AccountLock]:
    """Return the locks of the account that are not set up, by device id."""
    locks = await async_account_locks(hass)
    configured = configured_ids(hass)
    return {lock.id: lock for lock in locks if lock.id not in configured}


async def async_account_absence(hass: HomeAssistant) -> str:
    """Return why the account has no lock that can be set up, by its text."""
    return "all_set_up" if await async_account_locks(hass) else await async_absence(hass)


async def async_is_in_account(hass: HomeAssistant, device_id: str) -> bool:
    """Return if the account knows all that it takes to reach a lock on the network."""
    lock = (await async_new_account_locks(hass)).get(device_id)
    return lock is not None and lock.refusal is None and lock.on_network


async def async_is_known_to_account(hass: HomeAssistant, device_id: str) -> bool:
    """Return if the account has a lock, which may be set up."""
    return await async_account_lock(hass, device_id) is not None


async def async_name_of(hass: HomeAssistant, device_id: str) -> str:
    """Return the name of a lock that was found: the account's, or one by its device id."""
    lock = await async_account_lock(hass, device_id)
    return lock.name if lock else default_title(device_id)


async def async_other_key(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the local key that the account has for the lock of an entry, if it is another one."""
    locks = await async_account_locks(hass)
    keys = [lock.local_key for lock in locks if lock.id == data[CONF_DEVICE_ID]]
    key = next(filter(None, keys), None)
    return {CONF_LOCAL_KEY: key} if key and key != data[CONF_LOCAL_KEY] else {}


async def async_reach(
    hass: HomeAssistant, address: Address, within: float, loaded: TuyaLock | None = None
) -> tuple[Address, dict[str, Any]]:
    """Return how a lock was reached, and what is to be stored of one that is not loaded.

    Raises the LockError that says why it was not reached. A lock has room for one connection, so
    one that is loaded is tested through its own.
    """
    if loaded:
        return await _async_reach_loaded(loaded, address, within), {}
    return await _async_reach_new(hass, address, within)


async def _async_reach_loaded(lock: TuyaLock, address: Address, within: float) -> Address:
    """Move a lock, and move it back if it is not reached."""
    before = lock.address
    lock.move(address)
    try:
        return await lock.reach(within)
    except BaseException:
        lock.move(before)
        raise


async def _async_reach_new(
    hass: HomeAssistant, address: Address, within: float
) -> tuple[Address, dict[str, Any]]:
    """Connect to a lock for as long as the test takes, and until it has reported something."""
    reported = asyncio.Event()

    @callback
    def updated(update: Update) -> None:
        if update.state.state.seen:
            reported.set()

    lock = TuyaLock(address, Settings(), Clock(), on_update=updated, since=time.time())
    listener = async_get_listener(hass)
    stop_listening = await listener.async_subscribe(lock.announced)
    if earlier := listener.heard.get(address.device_id):
        lock.announced(replace(earlier, host=address.host or earlier.host))
    elif address.host:
        lock.hint(address.host)
    lock.start()
    try:
        reached = await lock.reach(within)
        with suppress(TimeoutError):
            async with asyncio.timeout(HEAR_TIME):
                await reported.wait()
    finally:
        stop_listening()
        await lock.stop()
    return reached, stored_of_new(lock)
