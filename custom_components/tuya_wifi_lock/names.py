"""One name for a lock: the one that its owner gives its device is the title of its entry."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN


@callback
def async_share_names(hass: HomeAssistant) -> None:
    """Name each entry as its owner names the device from now on."""

    @callback
    def async_updated(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        device = dr.async_get(hass).async_get(event.data["device_id"])
        entry = hass.config_entries.async_get_entry(device.config_entry_id) if device else None
        if entry and entry.domain == DOMAIN:
            async_name_entry(hass, entry)

    hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, async_updated)


@callback
def async_name_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Name the entry as its owner names the device."""
    if (device := _device(hass, entry)) and (name := device.name_by_user or device.name):
        hass.config_entries.async_update_entry(entry, title=name)


@callback
def async_name_device(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Name the device as its owner names the entry."""
    device = _device(hass, entry)
    if device and (device.name_by_user or device.name) != entry.title:
        dr.async_get(hass).async_update_device(device.id, name=entry.title, name_by_user=None)


def _device(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry | None:
    identifier = (DOMAIN, entry.data[CONF_DEVICE_ID])
    return dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
