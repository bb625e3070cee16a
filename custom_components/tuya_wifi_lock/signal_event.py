"""Every alarm, ring and unlock under duress, as an event of its own."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import (
    DoorbellEventType,
    EventDeviceClass,
    EventEntityDescription,
)
from homeassistant.core import callback

from .coordinator import LockCoordinator
from .entity import LockEvent, LockPartDescription, seen
from .signal_delivery import Signalled
from .times import optional_iso
from .tuyalock import ALARMS, UNLOCK_METHODS, Kind

UNKNOWN_METHOD = "unknown"


@dataclass(frozen=True, kw_only=True)
class SignalEventDescription(LockPartDescription, EventEntityDescription):
    """Signals of a kind."""

    kind: Kind


def _alarms(lock: LockCoordinator) -> bool:
    """Return if the lock has alarms."""
    return seen("alarm_lock", "lock_alarm_kit")(lock) or lock.signals.shows(Kind.ALARM)


def _rings(lock: LockCoordinator) -> bool:
    """Return if the lock has a bell."""
    return seen("doorbell")(lock) or lock.signals.shows(Kind.DOORBELL)


def _tells_duress(lock: LockCoordinator) -> bool:
    """Return if it can be known that somebody opens under duress."""
    marked = any(member.duress for member in lock.members.values())
    return (
        marked or lock.watch is not None or seen("hijack")(lock) or lock.signals.shows(Kind.DURESS)
    )


SIGNALS = (
    SignalEventDescription(
        key="alarm", kind=Kind.ALARM, event_types=list(ALARMS), exists_fn=_alarms
    ),
    SignalEventDescription(
        key="doorbell",
        kind=Kind.DOORBELL,
        device_class=EventDeviceClass.DOORBELL,
        event_types=[DoorbellEventType.RING],
        exists_fn=_rings,
    ),
)
DURESS = (
    SignalEventDescription(
        key="duress",
        kind=Kind.DURESS,
        entity_registry_visible_default=False,
        event_types=[*UNLOCK_METHODS, UNKNOWN_METHOD],
        exists_fn=_tells_duress,
        by_project=True,
    ),
)


class SignalEvent(LockEvent):
    """The lock has signalled something."""

    entity_description: SignalEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for signals."""
        await super().async_added_to_hass()
        kind = self.entity_description.kind
        self.async_on_remove(self.coordinator.signals.async_subscribe(kind, self._async_signalled))

    @callback
    def _async_signalled(self, signalled: Signalled) -> None:
        """Tell a signal as a state of its own."""
        self._trigger_event(self._type_of(signalled), self._attributes_of(signalled))
        self.async_write_ha_state()

    def _type_of(self, signalled: Signalled) -> str:
        """Return which of the event types it is."""
        return signalled.signal.type or DoorbellEventType.RING

    def _attributes_of(self, signalled: Signalled) -> dict[str, Any]:
        """Return what an automation can learn of a signal."""
        return {
            "time": optional_iso(signalled.time),
            "late": signalled.late,
            "route": signalled.route,
        }


class DuressEvent(SignalEvent):
    """Somebody was forced to unlock, and whoever forces them must not notice that it is known.

    The unlock has its own event; nothing connects the two in what Home Assistant shows.
    """

    @callback
    @override
    def _async_write_ha_state(self) -> None:
        """Write each state as if it were the first.

        The Activity page shows every change from one state of an event to another, and has no way
        to leave an entity out; the first state of an entity is none.
        """
        self.hass.states.async_remove(self.entity_id)
        super()._async_write_ha_state()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Become unavailable in the same way."""
        self.hass.states.async_remove(self.entity_id)
        await super().async_will_remove_from_hass()

    @override
    def _type_of(self, signalled: Signalled) -> str:
        """Return how it was unlocked."""
        return signalled.unlock.method if signalled.unlock else UNKNOWN_METHOD

    @override
    def _attributes_of(self, signalled: Signalled) -> dict[str, Any]:
        """Return who was forced, and how it was unlocked."""
        unlock, member = signalled.unlock, signalled.member
        return {
            **super()._attributes_of(signalled),
            "method": unlock.method if unlock else None,
            "number": unlock.number if unlock else None,
            "record": unlock.id if unlock else None,
            "member": member.name if member else None,
            "person": member.person if member else None,
        }
