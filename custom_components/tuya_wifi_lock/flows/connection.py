"""How a lock is reached: the forms, the locks on the network and in an account, and the test."""

import asyncio
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

from ..accounts import async_account_lock, async_account_locks
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


async def async_name_of(hass: HomeAssistant, device_id: str) -> str:
    """Return the name of a lock that was found: the account's, or one by its device id."""
    lock = await async_account_lock(hass, device_id)
    return lock.name if lock else default_title(device_id)


async def async_reach_loaded(lock: TuyaLock, address: Address, within: float) -> Address:
    """Return how a lock that is loaded was reached; raise the LockError that says why it was not.

    It has room for one connection, so it is tested through its own, and moved back if that fails.
    """
    before = lock.address
    lock.move(address)
    try:
        return await lock.reach(within)
    except BaseException:
        lock.move(before)
        raise


async def async_reach_new(
    hass: HomeAssistant, address: Address, within: float
) -> tuple[Address, dict[str, Any]]:
    """Return how another lock was reached, and what is to be stored of it; raise the same.

    It is connected for as long as the test takes, and until it has reported something.
    """
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
