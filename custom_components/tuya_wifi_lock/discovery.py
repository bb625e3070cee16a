"""Hears Tuya devices announce themselves, and offers to set up those that are locks."""

from collections.abc import Callable

from homeassistant.components import network
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.util.hass_dict import HassKey

from .const import CONF_PRODUCT_ID, CONF_PROTOCOL_VERSION, DOMAIN
from .tuyalock import PRODUCTS, Announcement, Announcements
from .tuyalock.announce import ASK_PORT, PORTS

_DATA: HassKey[Ears] = HassKey(f"{DOMAIN}_announcements")


class Ears:
    """The one listener of this Home Assistant; open while somebody subscribes."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start deaf."""
        self.heard: dict[str, Announcement] = {}
        """The last announcement of each device, by device id."""
        self._hass = hass
        self._announcements = Announcements()
        self._announcements.subscribe(self._async_heard)
        self._subscribers = 0

    async def async_subscribe(self, listener: Callable[[Announcement], None]) -> CALLBACK_TYPE:
        """Call back with every announcement; return the unsubscribe."""
        self._subscribers += 1
        if self._subscribers == 1:
            await self._announcements.open(PORTS)
            await self.async_ask()
        unsubscribe = self._announcements.subscribe(listener)

        @callback
        def stop() -> None:
            unsubscribe()
            self._subscribers -= 1
            if not self._subscribers:
                self._announcements.close()

        return stop

    async def async_ask(self) -> None:
        """Ask the devices that announce themselves only when asked."""
        addresses = await network.async_get_ipv4_broadcast_addresses(self._hass)
        self._announcements.ask((str(address), ASK_PORT) for address in addresses)

    @callback
    def _async_heard(self, announcement: Announcement) -> None:
        """Remember a device, and offer it if it is a lock that is not set up."""
        known = announcement.device_id in self.heard
        self.heard[announcement.device_id] = announcement
        if known or announcement.product_id not in PRODUCTS:
            return
        entries = self._hass.config_entries.async_entries(DOMAIN)
        if not entries or any(e.unique_id == announcement.device_id for e in entries):
            return
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={
                CONF_DEVICE_ID: announcement.device_id,
                CONF_HOST: announcement.host,
                CONF_PROTOCOL_VERSION: announcement.version,
                CONF_PRODUCT_ID: announcement.product_id,
            },
        )


@callback
def async_get_ears(hass: HomeAssistant) -> Ears:
    """Return the one listener of this Home Assistant."""
    if _DATA not in hass.data:
        hass.data[_DATA] = Ears(hass)
    return hass.data[_DATA]


async def async_subscribe_announcements(
    hass: HomeAssistant, listener: Callable[[Announcement], None]
) -> CALLBACK_TYPE:
    """Call back with every announcement on this network; return the unsubscribe."""
    return await async_get_ears(hass).async_subscribe(listener)
