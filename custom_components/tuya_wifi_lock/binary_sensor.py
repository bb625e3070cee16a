"""Binary sensors of a lock."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, override

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
from .texts import iso
from .tuyalock import LockState

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockBinarySensorDescription(LockValueDescription[bool | None], BinarySensorEntityDescription):
    """Description of a binary sensor of a lock."""


def _battery_low(state: LockState) -> bool | None:
    level = state.battery_level
    return None if level is None else level in {"low", "poweroff"}


@dataclass(frozen=True, kw_only=True)
class RequestDescription(LockValueDescription[float | None], BinarySensorEntityDescription):
    """Description of the request at the door, by its end in Unix seconds."""


UNLOCK_REQUESTED = RequestDescription(
    key="unlock_requested",
    exists_fn=seen("unlock_request"),
    value_fn=attrgetter("data.state.request_until"),
)

BINARY_SENSORS = (
    LockBinarySensorDescription(
        key="door",
        device_class=BinarySensorDeviceClass.DOOR,
        exists_fn=seen("closed_opened"),
        value_fn=attrgetter("data.state.door_open"),
    ),
    LockBinarySensorDescription(
        key="double_locked",
        exists_fn=seen("reverse_lock"),
        value_fn=attrgetter("data.state.double_locked"),
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
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        exists_fn=lambda lock: lock.lock.on_network,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=attrgetter("data.awake"),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a lock."""
    lock = entry.runtime_data
    async_add_when_seen(lock, BINARY_SENSORS, LockBinarySensor, async_add_entities)
    async_add_when_seen(lock, (UNLOCK_REQUESTED,), RequestSensor, async_add_entities)


class LockBinarySensor(LockValue[bool | None], BinarySensorEntity):
    """A binary sensor of a lock."""

    entity_description: LockBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return if it is on; None is not known."""
        return self._value


class RequestSensor(LockValue[float | None], BinarySensorEntity):
    """If somebody at the door asks to be let in, and until when the lock waits for the answer."""

    entity_description: RequestDescription
    _unrecorded_attributes = frozenset({"until"})

    @property
    @override
    def is_on(self) -> bool:
        """Return if somebody asks."""
        return self._value is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return until when."""
        return {"until": iso(self._value)}
