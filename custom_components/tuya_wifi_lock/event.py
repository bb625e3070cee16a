"""Every unlock, as an event of its own."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry, LockCoordinator, Unlocked
from .entity import (
    LockEvent,
    LockPartDescription,
    MemberEntity,
    async_add_members,
    async_add_when_seen,
)
from .members import Member
from .signal_event import SIGNALS, SignalEvent
from .times import optional_iso
from .tuyalock import UNLOCK_METHODS, Age

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class UnlockEventDescription(LockPartDescription, EventEntityDescription):
    """Unlocks of some ages."""

    ages: frozenset[Age]


EVENTS = (
    UnlockEventDescription(
        key="unlock", event_types=list(UNLOCK_METHODS), ages=frozenset({Age.LIVE})
    ),
    UnlockEventDescription(
        key="late_unlock",
        event_types=list(UNLOCK_METHODS),
        ages=frozenset({Age.LATE, Age.UNKNOWN}),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events of a lock."""
    async_add_when_seen(entry.runtime_data, EVENTS, UnlockEvent, async_add_entities)
    async_add_when_seen(entry.runtime_data, SIGNALS, SignalEvent, async_add_entities)
    async_add_members(entry.runtime_data, MemberUnlockEvent, async_add_entities)


class UnlockEvent(LockEvent):
    """Somebody has unlocked the door."""

    entity_description: UnlockEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for unlocks."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.unlocks.async_subscribe(self._async_unlocked))

    @callback
    def _async_unlocked(self, unlocked: Unlocked) -> None:
        """Tell an unlock."""
        if unlocked.record.age in self.entity_description.ages:
            _tell(self, unlocked)


class MemberUnlockEvent(MemberEntity, EventEntity):
    """A member has unlocked the door."""

    def __init__(self, coordinator: LockCoordinator, member: Member) -> None:
        """Make the event of a member."""
        super().__init__(coordinator, member, "unlock")
        self._attr_event_types = list(UNLOCK_METHODS)

    @callback
    @override
    def _async_unlocked(self, unlocked: Unlocked) -> None:
        """Tell an unlock as it happens."""
        if unlocked.record.age is Age.LIVE:
            _tell(self, unlocked)


@callback
def _tell(event: EventEntity, unlocked: Unlocked) -> None:
    """Tell an unlock as a state of its own."""
    event.async_set_context(unlocked.context)
    event._trigger_event(unlocked.record.method, _attributes(unlocked))  # noqa: SLF001
    event.async_write_ha_state()


def _attributes(unlocked: Unlocked) -> dict[str, Any]:
    """Return what an automation can learn of an unlock."""
    record, member = unlocked.record, unlocked.member
    attributes: dict[str, Any] = {
        "number": record.number,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "time": optional_iso(record.known_time),
        "route": record.route,
        "record": record.id,
    }
    if record.method == "temporary_password":
        attributes["password_name"] = unlocked.password_name
    if record.code_name:
        attributes["code_name"] = record.code_name
    if unlocked.forced:
        attributes["duress"] = True
    if record.from_the_future:
        attributes["clock_wrong"] = True
    return attributes
