"""Tuya Wi-Fi door locks."""

import asyncio
from functools import partial

from homeassistant.components.frontend import DOMAIN as FRONTEND
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_DEVICE_ID, EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType
from homeassistant.setup import async_when_setup

from .blueprints import async_install_blueprints
from .card import async_serve_card
from .const import DOMAIN, SUBENTRY_GUEST_CODE, TUYA
from .coordinator import HEARD_BEFORE, LockConfigEntry, LockCoordinator
from .names import async_name_device, async_name_entry, async_share_names
from .opener import async_watch_phones
from .projects import async_get_api, project_of
from .repairs import async_check_hourly, async_remove_repairs, async_watch_repairs
from .services import async_setup_services
from .store import LockStore
from .texts import async_follow_language
from .websocket import async_setup_websocket

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.LOCK,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, the card and, once Home Assistant has put its own there, blueprints."""
    async_setup_services(hass)
    async_setup_websocket(hass)
    async_follow_language(hass)
    async_share_names(hass)
    async_watch_phones(hass)
    async_check_hourly(hass)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, partial(_async_stop, hass))
    changed = partial(_async_entry_changed, hass)
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
    async_when_setup(hass, FRONTEND, async_serve_card)
    async_at_started(hass, async_install_blueprints)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: LockConfigEntry) -> bool:
    """Set up a lock from what is stored; it may sleep for hours before it answers."""
    store = LockStore(hass, entry.entry_id)
    heard = hass.data.get(HEARD_BEFORE, {})
    if (stored := await store.async_read()) is None:
        stored = heard.get(entry.data[CONF_DEVICE_ID])
    if isinstance(stored, dict) and stored.get("bookings"):
        await async_import_module(hass, f"{__package__}.bookings")
    project = project_of(entry.data)
    api = await async_get_api(hass, project) if project else None
    coordinator = entry.runtime_data = LockCoordinator(hass, entry, api, store, stored)
    entry.async_on_unload(coordinator.async_shutdown)
    if unread := coordinator.reader.unread:
        await store.async_keep_copy(unread)
    # The devices of the members refer to the lock's, so that has to be there first.
    devices = dr.async_get(hass)
    devices.async_get_or_create(config_entry_id=entry.entry_id, **coordinator.device_info)
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    async_name_entry(hass, entry)
    coordinator.async_update_members()
    await coordinator.guests.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_watch_repairs(coordinator)
    codes = entry.get_subentries_of_type(SUBENTRY_GUEST_CODE)
    if coordinator.cloud or coordinator.data.passwords or codes:
        await async_import_module(hass, f"{__package__}.guest_codes")
        from .guest_codes import async_show_guest_codes

        async_show_guest_codes(coordinator)
    await coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: LockConfigEntry) -> bool:
    """Unload a lock."""
    # First, so that what is reported meanwhile waits for the next start, and is not lost.
    await entry.runtime_data.async_close()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: LockConfigEntry) -> None:
    """Forget what is stored of a lock."""
    async_remove_repairs(hass, entry.entry_id)
    await LockStore(hass, entry.entry_id).async_remove()


async def _async_stop(hass: HomeAssistant, event: Event) -> None:
    """Disconnect from all locks, as Home Assistant stops."""
    locks = [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]
    await asyncio.gather(*(lock.async_stop() for lock in locks))


@callback
def _async_entry_changed(
    hass: HomeAssistant, change: ConfigEntryChange, changed: ConfigEntry
) -> None:
    """Let all locks look for the account, if one was added, loaded, unloaded or removed."""
    if changed.domain == TUYA:
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            entry.runtime_data.async_check_account()


async def _async_entry_updated(hass: HomeAssistant, entry: LockConfigEntry) -> None:
    """Take over names and members, and reload a lock that is reached or used in another way."""
    async_name_device(hass, entry)
    if entry.runtime_data.async_made_with(entry):
        entry.runtime_data.async_update_members()
    else:
        hass.config_entries.async_schedule_reload(entry.entry_id)
