"""The forms for how a lock is reached."""

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

from ..const import AUTO, CONF_LOCAL_KEY, CONF_PROTOCOL_VERSION, DEFAULT_PORT
from ..discovery import async_get_listener
from ..tuyalock import PRODUCTS, VERSIONS, Announcement
from .forms import SECRET, configured_ids

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
    heard = async_get_listener(hass).heard.values()
    return sorted(
        (device for device in heard if device.device_id not in configured),
        key=lambda device: (device.product_id not in PRODUCTS, device.host),
    )
