"""What one push makes Home Assistant write, learned from ours and written again by the floor."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
import time
from typing import Any, override

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.components.event import EventEntity
from homeassistant.components.logbook import EVENT_LOGBOOK_ENTRY
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_platforms
from homeassistant.util import dt as dt_util

from .bare import BARE
from .written import noting

SUFFIX = "_floor"
SHOWN = {
    Platform.EVENT: ("event_types",),
    Platform.LOCK: ("is_locked", "is_unlocking", "is_jammed", "changed_by", "code_format"),
    Platform.SENSOR: ("device_class", "native_value"),
}
"""What an entity of each platform is asked for when its state is written."""


@dataclass(frozen=True, slots=True)
class Write:
    """One state that was written."""

    entity_id: str
    state: str
    attributes: Mapping[str, Any]
    changes: bool
    """The state or an attribute was another one before."""
    shares: bool
    """It is written in the context of what was fired; Home Assistant makes one for the others."""
    like: Entity
    """An entity that does nothing else than to have this state."""


class Writes:
    """What is written for a push, in its order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._writes: list[Write] = []
        self._entries: list[dict[str, Any]] = []
        self._records = count(10**6)

    @contextmanager
    def learning(self) -> Generator[None]:
        """Note what is written meanwhile."""
        ours, idle = _entities(self._hass, DOMAIN), _entities(self._hass, BARE)

        def note(
            entity_id: str, state: str, attributes: Mapping[str, Any], changes: bool, shares: bool
        ) -> None:
            like = _alike(ours[entity_id], idle)
            self._writes.append(Write(entity_id, state, attributes, changes, shares, like))

        stop = self._hass.bus.async_listen(
            EVENT_LOGBOOK_ENTRY, lambda event: self._entries.append(dict(event.data))
        )
        with noting(self._hass, note):
            yield
        stop()

    def by_entities(self, number: int) -> None:
        """Write the same for another push, as entities do."""
        context = self._fire()
        for write in self._writes:
            entity = write.like
            if write.shares:
                entity.async_set_context(context)
            if isinstance(entity, EventEntity):
                attributes = {**write.attributes, "number": number, "record": next(self._records)}
                del attributes["event_type"]
                entity._trigger_event(write.attributes["event_type"], attributes)  # noqa: SLF001
            elif write.changes:
                entity._attr_extra_state_attributes = {"turn": number % 2}  # noqa: SLF001
            entity.async_write_ha_state()

    def by_none(self, number: int) -> None:
        """Write the same for another push, as states of entities that do not exist."""
        context = self._fire()
        for write in self._writes:
            state, attributes = write.state, write.attributes
            if isinstance(write.like, EventEntity):
                state = dt_util.utcnow().isoformat(timespec="milliseconds")
                attributes = {**attributes, "number": number, "record": next(self._records)}
            elif write.changes:
                attributes = {**attributes, "turn": number % 2}
            self._hass.states.async_set_internal(
                write.entity_id + SUFFIX,
                state,
                attributes,
                False,
                context if write.shares else None,
                write.like._state_info,  # noqa: SLF001 - what the recorder leaves out
                time.time(),
            )

    def _fire(self) -> Context:
        """Fire the events for another push; return the context of all that it causes."""
        context = Context()
        for entry in self._entries:
            self._hass.bus.async_fire(EVENT_LOGBOOK_ENTRY, entry, context=context)
        return context

    @property
    def event(self) -> str:
        """Return the entity of the floor that shows the event."""
        (event,) = [one.like for one in self._writes if isinstance(one.like, EventEntity)]
        return event.entity_id

    @override
    def __str__(self) -> str:
        """Return how much it is."""
        changed = sum(one.changes for one in self._writes)
        return f"{len(self._writes)} states ({changed} changed), {len(self._entries)} events"


def _entities(hass: HomeAssistant, domain: str) -> dict[str, Entity]:
    """Return the entities of an integration by their ids."""
    platforms = async_get_platforms(hass, domain)
    return {id_: one for platform in platforms for id_, one in platform.entities.items()}


def _alike(ours: Entity, idle: dict[str, Entity]) -> Entity:
    """Return an idle entity of the same kind that shows the same from now on, taken from those."""
    platform = ours.platform.domain
    id_ = next(id_ for id_, one in idle.items() if one.platform.domain == platform)
    for name in SHOWN[Platform(platform)]:
        setattr(idle[id_], f"_attr_{name}", getattr(ours, name))
    idle[id_]._state_info = ours._state_info  # noqa: SLF001 - what the recorder leaves out
    return idle.pop(id_)
