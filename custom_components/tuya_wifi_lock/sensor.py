"""Sensors of a lock and of its members."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
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
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .checks import Finding, State
from .coordinator import LockConfigEntry, LockCoordinator, Part
from .diagnosis import check_lock, checked_signal, condition
from .dispatcher import Delivery
from .entity import (
    LockPartDescription,
    LockValue,
    LockValueDescription,
    MemberEntity,
    TuyaLockEntity,
    async_add_members,
    async_add_when_seen,
    seen,
)
from .members import Member
from .texts import local_time, text
from .tuyalock import BATTERY_LEVELS, Age, Kind, LockState, Record, TemporaryPassword

PARALLEL_UPDATES = 0

STILL_AWAKE = timedelta(hours=1)
"""After which a lock that stays awake is shown to have been heard again."""

type Value = int | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class LockSensorDescription(LockValueDescription[Value], SensorEntityDescription):
    """Description of a sensor of a lock."""


@dataclass(frozen=True, kw_only=True)
class ConditionDescription(LockPartDescription, SensorEntityDescription):
    """Description of the condition of a lock."""


@dataclass(frozen=True, kw_only=True)
class PasswordsDescription(
    LockValueDescription[tuple[TemporaryPassword, ...]], SensorEntityDescription
):
    """Description of the temporary passwords that take a place in the lock."""


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
        value_fn=attrgetter("data.state.battery"),
    ),
    LockSensorDescription(
        key="battery_level",
        device_class=SensorDeviceClass.ENUM,
        options=list(BATTERY_LEVELS),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=seen("battery_state"),
        replaced_by="residual_electricity",
        value_fn=attrgetter("data.state.battery_level"),
    ),
)

LAST_UNLOCKED_BY = LockSensorDescription(
    key="last_unlocked_by", value_fn=attrgetter("last_unlocked_by")
)

LAST_HEARD = LockSensorDescription(
    key="last_heard",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value_fn=lambda lock: _last_heard(lock.data.state),
)


CONDITION = ConditionDescription(
    key="condition",
    device_class=SensorDeviceClass.ENUM,
    options=[State.OK.value, State.ATTENTION.value, State.PROBLEM.value],
    entity_category=EntityCategory.DIAGNOSTIC,
)


TEMPORARY_PASSWORDS = PasswordsDescription(
    key="temporary_passwords",
    state_class=SensorStateClass.MEASUREMENT,
    exists_fn=lambda lock: lock.lock.passwords.available,
    by_project=True,
    value_fn=attrgetter("data.passwords"),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a lock."""
    coordinator = entry.runtime_data
    async_add_when_seen(coordinator, SENSORS, LockSensor, async_add_entities)
    async_add_when_seen(coordinator, (LAST_UNLOCKED_BY,), QuietLockSensor, async_add_entities)
    async_add_when_seen(coordinator, (LAST_HEARD,), LastHeard, async_add_entities)
    async_add_when_seen(coordinator, (CONDITION,), ConditionSensor, async_add_entities)
    async_add_when_seen(coordinator, (TEMPORARY_PASSWORDS,), PasswordsSensor, async_add_entities)
    async_add_members(coordinator, MemberLastOpening, async_add_entities)


class LockSensor(LockValue[Value], SensorEntity):
    """A sensor of a lock."""

    entity_description: LockSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return the value; None is not known."""
        return self._value


_NO_STATE_CLASS = {ATTR_STATE_CLASS: None}


class QuietSensor(SensorEntity):
    """A sensor that has no rows on the Activity page, where the lock itself says the same.

    That page leaves out whatever has a state class, as a measurement has.
    """

    @property
    @override
    def capability_attributes(self) -> dict[str, Any]:
        """Return a state class that says nothing."""
        return _NO_STATE_CLASS


class QuietLockSensor(QuietSensor, LockSensor):
    """A sensor of a lock that has no rows on the Activity page."""


class ConditionSensor(TuyaLockEntity, SensorEntity):
    """What a check of the lock finds; it is checked when something changes, and once an hour."""

    _unrecorded_attributes = frozenset({"findings"})

    @override
    async def async_added_to_hass(self) -> None:
        """Show what a check finds now, and whatever later ones find."""
        await super().async_added_to_hass()
        self._take(check_lock(self.coordinator))
        signal = checked_signal(self.coordinator.config_entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_checked))

    def _take(self, findings: list[Finding]) -> None:
        worst = condition(self.coordinator, findings)
        self._attr_native_value = worst and worst.value
        shown = [one for one in findings if one.state in {State.PROBLEM, State.ATTENTION}]
        seen = [text(self.hass, "finding_seen", one.text).format(**one.values) for one in shown]
        self._attr_extra_state_attributes = {"findings": seen}

    @callback
    def _async_checked(self, findings: list[Finding]) -> None:
        before = self._attr_native_value, self._attr_extra_state_attributes
        self._take(findings)
        if before != (self._attr_native_value, self._attr_extra_state_attributes):
            self.async_write_ha_state()


_HEARD: Part = attrgetter("available", "data.state.last_heard", "data.awake")


class LastHeard(QuietLockSensor):
    """When the lock was last heard: once for each wake, and again after an hour without sleep."""

    _was_awake = False

    @property
    @override
    def _parts(self) -> tuple[Part | None, ...]:
        # One part, so that it looks once at each update.
        return (_HEARD,)

    @callback
    @override
    def _async_coordinator_updated(self) -> None:
        """Keep what is shown already while the lock stays awake."""
        data, shown = self.coordinator.data, self._value
        stays, self._was_awake = self._was_awake, data.awake
        at = _last_heard(data.state)
        if stays and at and isinstance(shown, datetime) and at - shown < STILL_AWAKE:
            return
        super()._async_coordinator_updated()


class PasswordsSensor(LockValue[tuple[TemporaryPassword, ...]], SensorEntity):
    """Number of guest codes; they begin and end by time alone."""

    entity_description: PasswordsDescription
    _unrecorded_attributes = frozenset({"passwords"})
    _cancel: CALLBACK_TYPE | None = None

    @property
    @override
    def native_value(self) -> int:
        """Return how many there are."""
        return len(self._valid)

    @property
    def _valid(self) -> list[TemporaryPassword]:
        now = time.time()
        return [one for one in self._value if one.counts(now)]

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return which they are, with their times, and how they stand in words."""
        now, guests = time.time(), self.coordinator.guests
        return {
            "passwords": [
                {
                    "name": code.name,
                    "start": local_time(code.start).isoformat(),
                    "end": local_time(code.end).isoformat(),
                    "phase": code.status(now),
                    "status": guests.status(code),
                }
                for code in self._valid
            ]
        }

    @override
    async def async_added_to_hass(self) -> None:
        """Write again when a password begins or ends."""
        await super().async_added_to_hass()
        self.async_on_remove(self._async_disarm)
        self._async_arm()

    @callback
    @override
    def _async_coordinator_updated(self) -> None:
        """Write what has changed, and again when the next password begins or ends."""
        super()._async_coordinator_updated()
        self._async_arm()

    @callback
    def _async_arm(self) -> None:
        self._async_disarm()
        now = time.time()
        if turns := [at for one in self._valid for at in (one.start, one.end) if at > now]:
            turn = dt_util.utc_from_timestamp(min(turns))
            self._cancel = async_track_point_in_utc_time(self.hass, self._async_turned, turn)

    @callback
    def _async_disarm(self) -> None:
        if self._cancel:
            self._cancel()
            self._cancel = None

    @callback
    def _async_turned(self, now: datetime) -> None:
        self.async_write_ha_state()
        self._async_arm()


class MemberLastOpening(MemberEntity, QuietSensor, RestoreSensor):
    """When a member last unlocked the door."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, coordinator: LockCoordinator, member: Member) -> None:
        super().__init__(coordinator, member, "last_opening")

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the last time; a member who is new may have unlocked the door before."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_sensor_data()) and isinstance(
            last.native_value, datetime
        ):
            self._attr_native_value = last.native_value
        for record in self._coordinator.lock.records(Kind.UNLOCK):
            owner = self._coordinator.owner(record.unlock)
            if owner and owner.id == self._member.id:
                self._takes(record)

    @callback
    @override
    def _async_unlocked(self, delivery: Delivery) -> None:
        if self._takes(delivery.record):
            self.async_write_ha_state()

    def _takes(self, record: Record) -> bool:
        """Take the time of an unlock, unless it is unknown or older than the last one."""
        last = self._attr_native_value
        if record.age is Age.UNKNOWN or (happened := record.known_time) is None:
            return False
        at = dt_util.utc_from_timestamp(happened)
        if isinstance(last, datetime) and last > at:
            return False
        self._attr_native_value = at
        return True
