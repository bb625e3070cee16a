"""What Home Assistant itself needs for a lock: its device, platforms, and idle entities."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, override

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

from custom_components.tuya_wifi_lock import PLATFORMS
from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.button import ButtonEntity
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.event import EventEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

BARE = "bare"


class Part(Entity):
    """One of the entities of a lock, which does nothing."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: ConfigEntry, like: er.RegistryEntry, number: int) -> None:
        """Belong to the device of an entry."""
        self._attr_name = f"Part {number}"
        self._attr_unique_id = f"{entry.unique_id}_{number}"
        self._attr_entity_registry_enabled_default = like.disabled_by is None
        device = {(BARE, str(entry.unique_id))}
        self._attr_device_info = DeviceInfo(identifiers=device, name=entry.title)


class BareBinarySensor(Part, BinarySensorEntity):
    """A binary sensor."""


class BareButton(Part, ButtonEntity):
    """A button."""


class BareCalendar(Part, CalendarEntity):
    """A calendar without events."""

    @property
    @override
    def event(self) -> None:
        """Return nothing."""

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return nothing."""
        return []


class BareEvent(Part, EventEntity):
    """An event that never happens."""

    _attr_event_types: list[str] = []  # noqa: RUF012


class BareLock(Part, LockEntity):
    """A lock."""


class BareSensor(Part, SensorEntity):
    """A sensor."""


_KINDS: Mapping[str, type[Part]] = {
    Platform.BINARY_SENSOR: BareBinarySensor,
    Platform.BUTTON: BareButton,
    Platform.CALENDAR: BareCalendar,
    Platform.EVENT: BareEvent,
    Platform.LOCK: BareLock,
    Platform.SENSOR: BareSensor,
}


def mock_bare(hass: HomeAssistant) -> None:
    """Let entries of it be set up, once a lock of ours is there, whose entities they have."""
    mock_integration(hass, MockModule(BARE, async_setup_entry=_set_up, async_unload_entry=_unload))
    mock_platform(hass, f"{BARE}.config_flow")
    for platform in PLATFORMS:
        mock_platform(hass, f"{BARE}.{platform}", MockPlatform(async_setup_entry=_adder(platform)))


def _adder(platform: Platform) -> Callable[..., Coroutine[Any, Any, None]]:
    async def add(
        hass: HomeAssistant, entry: ConfigEntry, add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        ours = hass.config_entries.async_entries(DOMAIN)[0]
        registry = er.async_get(hass)
        like = er.async_entries_for_config_entry(registry, ours.entry_id)
        add_entities(
            [
                _KINDS[platform](entry, one, number)
                for number, one in enumerate(like)
                if one.domain == platform
            ]
        )

    return add


async def _set_up(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
