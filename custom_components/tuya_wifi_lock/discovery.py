"""Listens to the announcements of Tuya devices, and offers to set up those that are locks."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path

from homeassistant.components import network
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_MAC
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, discovery_flow
from homeassistant.util.hass_dict import HassKey

from .accounts import async_has_account, known_account_lock
from .const import DOMAIN
from .projects import async_list_devices, known_projects
from .tuyalock import (
    PORTS,
    PRODUCTS,
    Announcement,
    AnnouncementListener,
    CloudError,
    is_lock,
)

MOST_DEVICES = 256
"""Devices that are remembered of those that were heard."""
MOST_DEVICES_OF_SENDER = 32
"""Devices that one address may announce: a router that passes announcements on has several."""
MOST_OFFERS = 20
"""Locks that are offered to be set up until Home Assistant is started again."""
MOST_OFFERS_OF_SENDER = 3

ASK_PROJECTS_EVERY = 3600.0
"""Seconds between two looks at what the projects know of devices that were heard."""

ARP_TABLE = Path("/proc/net/arp")
_NO_MAC = "00:00:00:00:00:00"

_DATA: HassKey[SharedListener] = HassKey(f"{DOMAIN}_announcements")


class SharedListener:
    """The one listener of this Home Assistant; open while somebody subscribes."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.heard: dict[str, Announcement] = {}
        """The last announcement of each device, by device id."""
        self._heard_at: dict[str, float] = {}
        self._hass = hass
        self._listener = AnnouncementListener()
        self._listener.subscribe(self._async_heard)
        self._subscribers = 0
        self._offered: dict[str, str] = {}
        """Who announced each device that was offered."""
        self._asked_about: frozenset[str] = frozenset()
        """The devices of which the projects have been asked."""
        self._ask_projects_from = 0.0
        self._in_projects: frozenset[str] = frozenset()
        """The locks of the projects, by device id."""

    async def async_subscribe(self, listener: Callable[[Announcement], None]) -> CALLBACK_TYPE:
        """Call back with every announcement, and ask for some; return the unsubscribe."""
        self._subscribers += 1
        self._listener.subscribe(listener)
        try:
            await async_has_account(self._hass)
            await self._listener.open(PORTS)
            await self.async_ask()
        except BaseException:
            self._async_unsubscribe(listener)
            raise
        return partial(self._async_unsubscribe, listener)

    @callback
    def _async_unsubscribe(self, listener: Callable[[Announcement], None]) -> None:
        self._listener.unsubscribe(listener)
        self._subscribers -= 1
        if not self._subscribers:
            self._listener.close()

    def silence(self, device_id: str) -> float:
        """Return the seconds since a device was heard."""
        return self._hass.loop.time() - self._heard_at[device_id]

    async def async_ask(self) -> None:
        """Ask the devices that announce themselves only when asked.

        They answer to the address in the question, so each network is asked with our own on it.
        """
        for adapter in await network.async_get_adapters(self._hass):
            for ip in adapter["ipv4"] if adapter["enabled"] else ():
                interface = IPv4Interface(f"{ip['address']}/{ip['network_prefix']}")
                everybody = str(interface.network.broadcast_address)
                self._listener.ask([(everybody, PORTS[-1])], str(interface.ip))

    @callback
    def _async_heard(self, announcement: Announcement) -> None:
        """Remember a device, and offer it if it is a lock that is not set up."""
        if not self._remember(announcement):
            return
        entries = self._hass.config_entries.async_entries(DOMAIN)
        if not entries or any(entry.unique_id == announcement.device_id for entry in entries):
            return
        if self.is_lock(announcement):
            self._async_offer(announcement)
        elif announcement.device_id not in self._asked_about:
            self._async_ask_projects()

    @callback
    def is_lock(self, announcement: Announcement) -> bool:
        """Return if a device is a lock, by its product, the account or a project."""
        device_id = announcement.device_id
        if announcement.product_id in PRODUCTS or device_id in self._in_projects:
            return True
        lock = known_account_lock(self._hass, device_id)
        return lock is not None and lock.refusal is None

    @callback
    def _async_ask_projects(self) -> None:
        """Look which devices are locks of a project, once for each device that was heard."""
        now = self._hass.loop.time()
        if now >= self._ask_projects_from and known_projects(self._hass):
            self._ask_projects_from = now + ASK_PROJECTS_EVERY
            self._hass.async_create_background_task(
                self._async_look_in_projects(), "look for locks in the cloud projects"
            )

    async def _async_look_in_projects(self) -> None:
        asked_about, found = frozenset(self.heard), set[str]()
        for project in known_projects(self._hass).values():
            with suppress(CloudError):
                # Anybody can announce devices, so it must not cost the calls of the owner.
                devices = await async_list_devices(self._hass, project, poll=True)
                found.update(one.id for one in devices if is_lock(one.category, one.product_id))
                self._asked_about = asked_about
        self._in_projects = frozenset(found)
        for announcement in tuple(self.heard.values()):
            if announcement.device_id in found:
                self._async_heard(announcement)

    @callback
    def _async_offer(self, announcement: Announcement) -> None:
        """Offer a lock once, and few of one sender: anybody can announce anything."""
        device_id = announcement.device_id
        if device_id in self._offered:
            return
        of_sender = list(self._offered.values()).count(announcement.sender)
        if len(self._offered) >= MOST_OFFERS or of_sender >= MOST_OFFERS_OF_SENDER:
            return
        self._offered[device_id] = announcement.sender
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={CONF_DEVICE_ID: device_id, CONF_HOST: announcement.host},
        )

    def _remember(self, announcement: Announcement) -> bool:
        """Remember a device, if there is room for one more of its sender."""
        device_id, sender = announcement.device_id, announcement.sender
        if device_id not in self.heard:
            if sum(one.sender == sender for one in self.heard.values()) >= MOST_DEVICES_OF_SENDER:
                return False
            if len(self.heard) >= MOST_DEVICES:
                oldest = next(iter(self.heard))
                del self.heard[oldest], self._heard_at[oldest]
        self.heard[device_id] = announcement
        self._heard_at[device_id] = self._hass.loop.time()
        return True


@callback
def async_get_listener(hass: HomeAssistant) -> SharedListener:
    """Return the one listener of this Home Assistant."""
    if _DATA not in hass.data:
        hass.data[_DATA] = SharedListener(hass)
    return hass.data[_DATA]


async def async_find_mac(hass: HomeAssistant, host: str) -> str | None:
    """Return the MAC address behind an IPv4 address that was just talked to, if it is known."""
    return await hass.async_add_executor_job(_find_mac, host)


def _find_mac(host: str) -> str | None:
    """Look an address up in the ARP table of the kernel, where there is one."""
    try:
        lines = ARP_TABLE.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    # IP address, hardware type, flags, hardware address, mask, device
    rows = (line.split() for line in lines[1:])
    found = next((row[3] for row in rows if len(row) == 6 and row[0] == host), _NO_MAC)
    return None if found == _NO_MAC else dr.format_mac(found)


@callback
def known_macs(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the MAC addresses that are known of a lock."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    connections = {connection for device in devices for connection in device.connections}
    macs = {mac for kind, mac in connections if kind == dr.CONNECTION_NETWORK_MAC}
    return macs | ({entry.data[CONF_MAC]} if CONF_MAC in entry.data else set())
