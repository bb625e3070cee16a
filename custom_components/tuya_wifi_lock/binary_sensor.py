"""Binary sensors of a lock."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry
from .entity import LockValue, LockValueDescription, async_add_when_seen, seen
from .tuyalock import LockState

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockBinarySensorDescription(LockValueDescription[bool | None], BinarySensorEntityDescription):
    """Description of a binary sensor of a lock."""


def _battery_low(state: LockState) -> bool | None:
    level = state.battery_level
    return None if level is None else level in {"low", "poweroff"}


BINARY_SENSORS = (
    LockBinarySensorDescription(
        key="unlock_requested",
        exists_fn=seen("unlock_request"),
        value_fn=lambda lock: lock.data.requested,
    ),
    LockBinarySensorDescription(
        key="door",
        device_class=BinarySensorDeviceClass.DOOR,
        exists_fn=seen("closed_opened", "closed_opened_kit"),
        value_fn=lambda lock: lock.data.state.door_open,
    ),
    LockBinarySensorDescription(
        key="double_locked",
        exists_fn=seen("reverse_lock"),
        value_fn=lambda lock: lock.data.state.double_locked,
    ),
    LockBinarySensorDescription(
        key="battery_low",
        device_class=BinarySensorDeviceClass.BATTERY,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("battery_state"),
        replaced_by="residual_electricity",
        value_fn=lambda lock: _battery_low(lock.data.state),
    ),
    LockBinarySensorDescription(
        key="awake",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda lock: lock.data.awake,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a lock."""
    async_add_when_seen(entry.runtime_data, BINARY_SENSORS, LockBinarySensor, async_add_entities)


class LockBinarySensor(LockValue[bool | None], BinarySensorEntity):
    """A binary sensor of a lock."""

    entity_description: LockBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return if it is on; None is not known."""
        return self._value
