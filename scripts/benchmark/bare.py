"""What Home Assistant itself needs for a lock: its device, platforms, and idle entities."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

from custom_components.tuya_wifi_lock import PLATFORMS
from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.button import ButtonEntity
from homeassistant.components.event import EventEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

BARE = "bare"


class Part(Entity):
    """One of the entities of a lock that was never met, which does nothing."""

    _attr_has_entity_name = True

    def __init__(self, entry: ConfigEntry, number: int) -> None:
        """Belong to the device of an entry."""
        self._attr_name = f"Part {number}"
        self._attr_unique_id = f"{entry.unique_id}_{number}"
        device = {(BARE, str(entry.unique_id))}
        self._attr_device_info = DeviceInfo(identifiers=device, name=entry.title)


class BareBinarySensor(Part, BinarySensorEntity):
    """A binary sensor that is not enabled."""

    _attr_entity_registry_enabled_default = False


class BareButton(Part, ButtonEntity):
    """A button."""


class BareEvent(Part, EventEntity):
    """An event that never happens."""

    _attr_event_types: list[str] = []  # noqa: RUF012


class BareLock(Part, LockEntity):
    """A lock."""


class BareSensor(Part, SensorEntity):
    """A sensor."""


_PARTS: Mapping[Platform, tuple[type[Part], ...]] = {
    Platform.BINARY_SENSOR: (BareBinarySensor,),
    Platform.BUTTON: (BareButton,),
    Platform.EVENT: (BareEvent, BareEvent),
    Platform.LOCK: (BareLock,),
    Platform.SENSOR: (BareSensor, BareSensor),
}


def mock_bare(hass: HomeAssistant) -> None:
    """Let entries of it be set up."""
    mock_integration(hass, MockModule(BARE, async_setup_entry=_set_up, async_unload_entry=_unload))
    mock_platform(hass, f"{BARE}.config_flow")
    for platform in PLATFORMS:
        mock_platform(hass, f"{BARE}.{platform}", MockPlatform(async_setup_entry=_adder(platform)))


def _adder(platform: Platform) -> Callable[..., Coroutine[Any, Any, None]]:
    kinds = _PARTS.get(platform, ())

    async def add(
        hass: HomeAssistant, entry: ConfigEntry, add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        add_entities([kind(entry, number) for number, kind in enumerate(kinds)])

    return add


async def _set_up(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
