"""What one push makes Home Assistant write, learned from ours and written again by the floor."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, override
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL, Platform
from homeassistant.core import Context, Event, HomeAssistant, StateMachine, callback
from homeassistant.util import dt as dt_util

SUFFIX = "_floor"


@dataclass(frozen=True, slots=True)
class Write:
    """One state that was written, or one event that was fired."""

    entity_id: str
    state: str
    attributes: Mapping[str, Any]
    changes: bool
    """The state or an attribute was another one before."""


class Writes:
    """What is written for a push, in its order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._writes: list[Write] = []
        self._events: list[Event] = []
        self.number: str | None = None
        """Of the push that was learned from, where a state or an event is that number."""

    @contextmanager
    def learning(self) -> Generator[None]:
        """Note what is written meanwhile."""
        write, states = StateMachine.async_set_internal, self._hass.states

        def noting(
            machine: StateMachine,
            entity_id: str,
            state: str,
            attributes: Mapping[str, Any],
            *more: Any,
        ) -> None:
            before = states.get(entity_id)
            changes = before is None or (before.state, before.attributes) != (state, attributes)
            self._writes.append(Write(entity_id, state, attributes, changes))
            write(machine, entity_id, state, attributes, *more)

        @callback
        def fired(event: Event) -> None:
            if event.event_type != EVENT_STATE_CHANGED:
                self._events.append(event)

        stop = self._hass.bus.async_listen(MATCH_ALL, fired)
        with patch.object(StateMachine, "async_set_internal", noting):
            yield
        stop()

    def again(self, number: int) -> None:
        """Write the same for another push, as states of entities that do not exist."""
        context = Context()
        for event in self._events:
            data = self._numbered(event.data, number)
            self._hass.bus.async_fire(event.event_type, data, context=context)
        for write in self._writes:
            state = self._numbered(write.state, number)
            attributes = self._numbered(write.attributes, number)
            if write.entity_id.startswith(f"{Platform.EVENT}."):
                state = dt_util.utcnow().isoformat(timespec="milliseconds")
                attributes = {**attributes, "number": number, "record": number}
            elif write.changes and state == write.state:
                attributes = {**attributes, "turn": number % 2}
            self._hass.states.async_set(
                write.entity_id + SUFFIX, state, attributes, context=context
            )

    def _numbered(self, value: Any, number: int) -> Any:
        """Return the same with another number, where there is that of the push."""
        if self.number is None:
            return value
        if isinstance(value, Mapping):
            return {key: self._numbered(one, number) for key, one in value.items()}
        return type(value)(number) if str(value) == self.number else value

    @override
    def __str__(self) -> str:
        """Return how much it is."""
        changed = sum(one.changes for one in self._writes)
        return f"{len(self._writes)} states ({changed} changed), {len(self._events)} events"
