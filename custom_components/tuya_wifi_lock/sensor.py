"""What a lock measures and remembers."""

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
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import LockConfigEntry
from .entity import LockValue, LockValueDescription, async_add_when_seen, last_unlocked_by, seen
from .tuyalock import LockState
from .tuyalock.state import BATTERY_LEVELS

PARALLEL_UPDATES = 0

type Value = int | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class LockSensorDescription(LockValueDescription[Value], SensorEntityDescription):
    """Something that a lock measures or remembers."""


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
        value_fn=lambda snapshot: snapshot.state.battery,
    ),
    LockSensorDescription(
        key="battery_level",
        device_class=SensorDeviceClass.ENUM,
        options=list(BATTERY_LEVELS),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("battery_state"),
        value_fn=lambda snapshot: snapshot.state.battery_level,
    ),
    LockSensorDescription(
        key="last_unlocked_by",
        value_fn=last_unlocked_by,
    ),
    LockSensorDescription(
        key="last_heard",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: _last_heard(snapshot.state),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a lock."""
    async_add_when_seen(entry.runtime_data, SENSORS, LockSensor, async_add_entities)


class LockSensor(LockValue[Value], SensorEntity):
    """Something at a lock that has a value."""

    entity_description: LockSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return the value; None is not known."""
        return self._shown[1]
