"""Sensors of a lock and of its members."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import time
from typing import Any, override

from homeassistant.components.sensor import (
    ATTR_STATE_CLASS,
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .coordinator import LockConfigEntry, LockCoordinator
from .dispatcher import Delivery
from .entity import (
    LockValue,
    LockValueDescription,
    MemberEntity,
    async_add_members,
    async_add_when_seen,
    seen,
)
from .members import Member
from .tuyalock import BATTERY_LEVELS, Age, LockState

PARALLEL_UPDATES = 0

STILL_AWAKE = timedelta(hours=1)
"""After which a lock that stays awake is shown to have been heard again."""

type Value = int | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class LockSensorDescription(LockValueDescription[Value], SensorEntityDescription):
    """Description of a sensor of a lock."""


def _last_heard(state: LockState) -> datetime | None:
    return None if state.last_heard is None else dt_util.utc_from_timestamp(state.last_heard)


SENSORS = (
    LockSensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("residual_electricity"),
        value_fn=lambda lock: lock.data.state.battery,
    ),
    LockSensorDescription(
        key="battery_level",
        device_class=SensorDeviceClass.ENUM,
        options=list(BATTERY_LEVELS),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("battery_state"),
        value_fn=lambda lock: lock.data.state.battery_level,
    ),
)

LAST_UNLOCKED_BY = LockSensorDescription(
    key="last_unlocked_by", value_fn=lambda lock: lock.last_unlocked_by
)

LAST_HEARD = LockSensorDescription(
    key="last_heard",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value_fn=lambda lock: _last_heard(lock.data.state),
)

TEMPORARY_PASSWORDS = LockSensorDescription(
    key="temporary_passwords",
    exists_fn=lambda lock: lock.lock.passwords.code_length is not None,
    by_project=True,
    value_fn=lambda lock: None,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a lock."""
    coordinator = entry.runtime_data
    async_add_when_seen(coordinator, SENSORS, LockSensor, async_add_entities)
    async_add_when_seen(coordinator, [LAST_UNLOCKED_BY], QuietLockSensor, async_add_entities)
    async_add_when_seen(coordinator, [LAST_HEARD], LastHeard, async_add_entities)
    async_add_when_seen(coordinator, [TEMPORARY_PASSWORDS], PasswordsSensor, async_add_entities)
    async_add_members(coordinator, MemberLastOpening, async_add_entities)


class LockSensor(LockValue[Value], SensorEntity):
    """A sensor of a lock."""

    entity_description: LockSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return the value; None is not known."""
        return self._shown[1]


class QuietSensor(SensorEntity):
    """A sensor that has no rows on the Activity page, where the lock itself says the same.

    That page leaves out whatever has a state class, as a measurement has.
    """

    @property
    @override
    def capability_attributes(self) -> dict[str, Any]:
        """Return a state class that says nothing."""
        return {ATTR_STATE_CLASS: None}


class QuietLockSensor(QuietSensor, LockSensor):
    """A sensor of a lock that has no rows on the Activity page."""


class LastHeard(QuietLockSensor):
    """When the lock was last heard: once for each wake, and again after an hour without sleep."""

    _was_awake = False

    @override
    def _read(self) -> tuple[bool, Value, dict[str, Any] | None]:
        """Return what is shown already while the lock stays awake."""
        refused, at, attributes = super()._read()
        stays, self._was_awake = self._was_awake, self.coordinator.data.awake
        shown = self._shown[1] if stays else None
        if isinstance(at, datetime) and isinstance(shown, datetime) and at - shown < STILL_AWAKE:
            at = shown
        return refused, at, attributes


class PasswordsSensor(LockSensor):
    """Number of temporary passwords; they end by time alone."""

    _unrecorded_attributes = frozenset({"passwords"})
    _cancel: CALLBACK_TYPE | None = None
    _ends: float | None = None
    """When the next password ends, Unix seconds."""

    @override
    def _read(self) -> tuple[bool, Value, dict[str, Any] | None]:
        """Return the number of the passwords that take a place in the lock, and which they are."""
        lock, now = self.coordinator, time.time()
        valid = lock.lock.passwords.valid(now)
        self._ends = min((one.end for one in valid if one.end > now), default=None)
        passwords = [{"name": one.name, "phase": one.phase.value} for one in valid]
        return lock.data.key_refused, len(valid), {"passwords": passwords}

    @override
    async def async_added_to_hass(self) -> None:
        """Count again when a password ends."""
        await super().async_added_to_hass()
        self.async_on_remove(self._async_disarm)
        self._async_arm()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what has changed, and count again when the next password ends."""
        ends = self._ends
        super()._handle_coordinator_update()
        if self._ends != ends or self._cancel is None:
            self._async_arm()

    @callback
    def _async_arm(self) -> None:
        self._async_disarm()
        if self._ends:
            end = dt_util.utc_from_timestamp(self._ends)
            self._cancel = async_track_point_in_utc_time(self.hass, self._async_ended, end)

    @callback
    def _async_disarm(self) -> None:
        if self._cancel:
            self._cancel()
            self._cancel = None

    @callback
    def _async_ended(self, now: datetime) -> None:
        self._cancel = None
        self._handle_coordinator_update()


class MemberLastOpening(MemberEntity, QuietSensor, RestoreSensor):
    """When a member last unlocked the door."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, coordinator: LockCoordinator, member: Member) -> None:
        super().__init__(coordinator, member, "last_opening")

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the last time."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_sensor_data()) and isinstance(
            last.native_value, datetime
        ):
            self._attr_native_value = last.native_value

    @callback
    @override
    def _async_unlocked(self, delivery: Delivery) -> None:
        """Take the time of an unlock, unless it is unknown or older than the last one."""
        record, last = delivery.record, self._attr_native_value
        if record.age is Age.UNKNOWN or record.known_time is None:
            return
        at = dt_util.utc_from_timestamp(record.known_time)
        if isinstance(last, datetime) and last > at:
            return
        self._attr_native_value = at
        self.async_write_ha_state()
