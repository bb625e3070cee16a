"""Every alarm and ring, as an event of its own."""

from dataclasses import dataclass
from typing import override

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
from .tuyalock import ALARMS, Kind


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
        """Write a signal as a state of its own."""
        attributes = {
            "time": optional_iso(signalled.time),
            "late": signalled.late,
            "route": signalled.route,
        }
        self._trigger_event(signalled.signal.type or DoorbellEventType.RING, attributes)
        self.async_write_ha_state()
