"""Tests, in a flow, how a lock is reached."""

from dataclasses import replace

from homeassistant.core import HomeAssistant, callback

from .discovery import async_get_listener
from .tuyalock import Address, Announcement, Clock, Settings, TuyaLock


async def async_reach(
    hass: HomeAssistant, address: Address, within: float, loaded: TuyaLock | None = None
) -> Address:
    """Return how a lock was reached; raise the LockError that says why it was not.

    A lock has room for one connection, so one that is loaded is tested through its own.
    """
    if loaded:
        return await _async_reach_loaded(loaded, address, within)
    return await _async_reach_new(hass, address, within)


async def _async_reach_loaded(lock: TuyaLock, address: Address, within: float) -> Address:
    """Move a lock, and move it back if it is not reached."""
    before = lock.address
    # On another network, its announcements may not come through; then it has to be dialled.
    announces = before.announces and address.host == before.host
    lock.move(replace(address, announces=announces))
    try:
        return await lock.reach(within)
    except BaseException:
        lock.move(before)
        raise


async def _async_reach_new(hass: HomeAssistant, address: Address, within: float) -> Address:
    """Connect to a lock for as long as the test takes."""
    lock = TuyaLock(address, Settings(), Clock())

    @callback
    def heard(announcement: Announcement) -> None:
        if announcement.device_id == address.device_id:
            lock.hint(announcement.host, announcement.version, announced=not announcement.asked)

    listener = async_get_listener(hass)
    stop_listening = await listener.async_subscribe(heard)
    if earlier := listener.heard.get(address.device_id):
        heard(replace(earlier, host=address.host or earlier.host))
    elif address.host:
        lock.hint(address.host)
    lock.start()
    try:
        return await lock.reach(within)
    finally:
        stop_listening()
        await lock.stop()
