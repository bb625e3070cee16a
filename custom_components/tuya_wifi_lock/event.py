"""Every unlock, as an event of its own."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import LockConfigEntry
from .entity import LockPartDescription, TuyaLockEntity, async_add_when_seen
from .tuyalock import UNLOCK_METHODS, Age, Record

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


class UnlockEvent(TuyaLockEntity, EventEntity):
    """Somebody has unlocked the door."""

    entity_description: UnlockEventDescription

    @property
    @override
    def available(self) -> bool:
        """Return True: triggers ignore an event that ends a time of being unavailable."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for unlocks."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe_records(self._async_recorded))

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Do nothing: an event changes only by another one."""

    @callback
    def _async_recorded(self, record: Record, context: Context) -> None:
        """Tell an unlock."""
        if record.age in self.entity_description.ages:
            self.async_set_context(context)
            self._trigger_event(record.method, _attributes(record))
            self.async_write_ha_state()


def _attributes(record: Record) -> dict[str, Any]:
    """Return what an automation can learn of an unlock."""
    attributes: dict[str, Any] = {
        "number": record.number,
        "member": None,
        "person": None,
        "time": _time(record),
        "route": record.route,
        "record": record.id,
    }
    if record.code_name:
        attributes["code_name"] = record.code_name
    return attributes


def _time(record: Record) -> str | None:
    """Return when it happened, or None for an unlock that the lock had saved without its time."""
    if record.age is Age.UNKNOWN:
        return None
    return dt_util.utc_from_timestamp(record.happened).isoformat()
