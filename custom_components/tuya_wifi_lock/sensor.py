"""What a lock measures and remembers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import LockConfigEntry, LockCoordinator
from .entity import (
    LockPartDescription,
    TuyaLockEntity,
    async_add_when_seen,
    last_unlocked_by,
    seen,
)
from .tuyalock import LockState, Record
from .tuyalock.state import BATTERY_LEVELS

PARALLEL_UPDATES = 0

type Value = int | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class LockSensorDescription(LockPartDescription, SensorEntityDescription):
    """Something that has a value."""

    value_fn: Callable[[LockCoordinator], Value]


def _last_heard(state: LockState) -> datetime | None:
    """Return when the lock last said anything."""
    return None if state.last_heard is None else dt_util.utc_from_timestamp(state.last_heard)


SENSORS = (
    LockSensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("residual_electricity"),
        value_fn=lambda coordinator: coordinator.data.state.battery,
    ),
    LockSensorDescription(
        key="battery_level",
        device_class=SensorDeviceClass.ENUM,
        options=list(BATTERY_LEVELS),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("battery_state"),
        value_fn=lambda coordinator: coordinator.data.state.battery_level,
    ),
    LockSensorDescription(
        key="last_unlocked_by",
        value_fn=lambda coordinator: last_unlocked_by(coordinator.lock),
    ),
    LockSensorDescription(
        key="last_heard",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: _last_heard(coordinator.data.state),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a lock."""
    async_add_when_seen(entry.runtime_data, SENSORS, LockSensor, async_add_entities)


class LockSensor(TuyaLockEntity, SensorEntity):
    """Something at a lock that has a value."""

    entity_description: LockSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return the value; None is not known."""
        return self.entity_description.value_fn(self.coordinator)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow who unlocks; that changes nothing else if the unlock is an old one."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe_records(self._async_recorded))

    @callback
    def _async_recorded(self, record: Record, context: Context) -> None:
        """Show who unlocked."""
        self.async_write_ha_state()
