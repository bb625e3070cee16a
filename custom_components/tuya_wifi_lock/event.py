"""Every unlock, alarm and ring, as an event of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import (
    DoorbellEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry, LockCoordinator
from .dispatcher import Delivery
from .entity import (
    LockPartDescription,
    MemberEntity,
    RecordEntity,
    async_add_members,
    async_add_when_seen,
    seen,
)
from .members import Member
from .texts import iso
from .tuyalock import ALARMS, UNLOCK_METHODS, Age, Alarm, Kind, Unlock

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockEventDescription(LockPartDescription, EventEntityDescription):
    """Records of a kind."""

    kind: Kind
    ages: frozenset[Age] = frozenset(Age)


def _reported(kind: Kind, *codes: str) -> Callable[[LockCoordinator], bool]:
    """Return a test for locks that have a record of a kind, or one of the DPs that report it."""
    return lambda lock: seen(*codes)(lock) or kind in lock.data.kinds


LAST_OPENING = LockEventDescription(
    key="last_opening",
    kind=Kind.UNLOCK,
    event_types=list(UNLOCK_METHODS),
    ages=frozenset({Age.LIVE}),
)

EVENTS = (
    LockEventDescription(
        key="late_opening",
        entity_registry_visible_default=False,
        kind=Kind.UNLOCK,
        event_types=list(UNLOCK_METHODS),
        ages=frozenset({Age.LATE, Age.UNKNOWN}),
    ),
    LockEventDescription(
        key="alarm",
        kind=Kind.ALARM,
        event_types=list(ALARMS),
        exists_fn=_reported(Kind.ALARM, "alarm_lock", "lock_alarm_kit"),
    ),
    LockEventDescription(
        key="doorbell",
        kind=Kind.DOORBELL,
        device_class=EventDeviceClass.DOORBELL,
        event_types=[DoorbellEventType.RING],
        exists_fn=_reported(Kind.DOORBELL, "doorbell"),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events of a lock."""
    async_add_when_seen(entry.runtime_data, (LAST_OPENING,), LastOpening, async_add_entities)
    async_add_when_seen(entry.runtime_data, EVENTS, RecordEvent, async_add_entities)
    async_add_members(entry.runtime_data, MemberUnlockEvent, async_add_entities)


class RecordEvent(RecordEntity, EventEntity):
    """Something has happened at the door."""

    entity_description: LockEventDescription
    _unrecorded_attributes = frozenset({"record"})

    def __init__(self, coordinator: LockCoordinator, description: LockEventDescription) -> None:
        super().__init__(coordinator, description.kind, coordinator.device_id, description.key)
        self.entity_description = description

    @callback
    @override
    def _async_delivered(self, delivery: Delivery) -> None:
        if delivery.record.age in self.entity_description.ages:
            _trigger(self, delivery)


_OF_EACH = frozenset({"record", "time"})
"""Attributes that no two openings share; the state of a live one is its time.

Without them, the recorder keeps what many openings have in common once.
"""


class LastOpening(RecordEvent):
    """Somebody has just opened the door."""

    _unrecorded_attributes = _OF_EACH


class MemberUnlockEvent(MemberEntity, EventEntity):
    """A member has unlocked the door; triggers hear the lock's own event and need none of these."""

    _unrecorded_attributes = _OF_EACH
    _attr_entity_registry_enabled_default = False

    def __init__(self, coordinator: LockCoordinator, member: Member) -> None:
        super().__init__(coordinator, member, "opening")
        self._attr_event_types = list(UNLOCK_METHODS)

    @callback
    @override
    def _async_unlocked(self, delivery: Delivery) -> None:
        if delivery.record.age is Age.LIVE:
            _trigger(self, delivery)


@callback
def _trigger(entity: EventEntity, delivery: Delivery) -> None:
    """Show a record as a state of its own."""
    match event := delivery.record.event:
        case Unlock():
            type_, attributes = event.method, _unlock_attributes(event, delivery)
        case Alarm():
            type_, attributes = event.type, _attributes(delivery)
        case _:
            type_, attributes = DoorbellEventType.RING, _attributes(delivery)
    if delivery.context:
        entity.async_set_context(delivery.context)
    entity._trigger_event(type_, attributes)  # noqa: SLF001
    entity.async_write_ha_state()


def _attributes(delivery: Delivery) -> dict[str, Any]:
    """Return what an automation can learn of an alarm or a ring."""
    record = delivery.record
    return {
        "time": iso(record.known_time),
        "late": record.age is not Age.LIVE,
        "route": str(record.source),
    }


def _unlock_attributes(unlock: Unlock, delivery: Delivery) -> dict[str, Any]:
    """Return what an automation can learn of an unlock."""
    record, member = delivery.record, delivery.member
    attributes: dict[str, Any] = {
        "number": unlock.number,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "time": iso(record.known_time),
        "route": str(record.source),
        "record": record.id,
    }
    if unlock.method == "temporary_password":
        attributes["password_name"] = delivery.password_name
        attributes["first_use"] = delivery.first_use
    if unlock.code_name:
        attributes["code_name"] = unlock.code_name
    if delivery.duress:
        attributes["duress"] = True
    if record.clock_wrong:
        attributes["clock_wrong"] = True
    return attributes
