"""Keeps in the entry where a lock is, so that it is found again."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_MAC
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_ANNOUNCES, DOMAIN
from .discovery import async_find_mac
from .tuyalock import TuyaLock


class Whereabouts:
    """Where one lock is."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, lock: TuyaLock) -> None:
        """Know what the entry knows."""
        self._hass = hass
        self._entry = entry
        self._lock = lock
        self._mac_sought = CONF_MAC in entry.data

    @callback
    def async_keep(self) -> None:
        """Keep the address at which the lock has proved to be."""
        link, entry = self._lock.door.link, self._entry
        found = {CONF_HOST: link.host, CONF_ANNOUNCES: link.address.announces}
        if not found.items() <= entry.data.items():
            self._hass.config_entries.async_update_entry(entry, data={**entry.data, **found})
        if link.host and not self._mac_sought:
            self._mac_sought = True
            entry.async_create_task(self._hass, self._async_keep_mac(link.host))

    async def _async_keep_mac(self, host: str) -> None:
        """Keep the MAC address of the lock, so that its DHCP requests are told from others."""
        entry = self._entry
        if mac := await async_find_mac(self._hass, host):
            self._hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_MAC: mac})
            dr.async_get(self._hass).async_get_or_create(
                config_entry_id=entry.entry_id,
                identifiers={(DOMAIN, entry.data[CONF_DEVICE_ID])},
                connections={(dr.CONNECTION_NETWORK_MAC, mac)},
            )
