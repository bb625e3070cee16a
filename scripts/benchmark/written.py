"""What one push makes any integration write, learned from it and written again by no entity."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, override
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL, Platform
from homeassistant.core import Context, Event, HomeAssistant, StateMachine, callback
from homeassistant.util import dt as dt_util

SUFFIX = "_again"

type State = tuple[str, str, Mapping[str, Any], bool, bool]
"""An entity, its state and attributes, if any of that was another one before, and if it is written
in a context that it shares; Home Assistant makes one for each of the others."""


@contextmanager
def noting(
    hass: HomeAssistant, note: Callable[[str, str, Mapping[str, Any], bool, bool], None]
) -> Generator[None]:
    """Note the states that are written meanwhile, each before it is."""
    write, states = StateMachine.async_set_internal, hass.states

    def noted(
        machine: StateMachine,
        entity_id: str,
        state: str,
        attributes: Mapping[str, Any],
        force_update: bool,
        context: Context | None,
        *more: Any,
    ) -> None:
        before = states.get(entity_id)
        changes = before is None or (before.state, before.attributes) != (state, attributes)
        note(entity_id, state, attributes, changes, context is not None)
        write(machine, entity_id, state, attributes, force_update, context, *more)

    with patch.object(StateMachine, "async_set_internal", noted):
        yield


class Written:
    """The states and events of a push, in their order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing yet."""
        self.number = 0
        """Of the push that was learned from."""
        self._hass = hass
        self._states: list[State] = []
        self._events: list[Event] = []

    @contextmanager
    def learning(self) -> Generator[None]:
        """Note what is written meanwhile."""

        @callback
        def fired(event: Event) -> None:
            if event.event_type != EVENT_STATE_CHANGED:
                self._events.append(event)

        stop = self._hass.bus.async_listen(MATCH_ALL, fired)
        with noting(self._hass, lambda *state: self._states.append(state)):
            yield
        stop()

    def again(self, number: int) -> None:
        """Write the same for another push."""
        context = Context()
        for event in self._events:
            data = self._numbered(event.data, number)
            self._hass.bus.async_fire(event.event_type, data, context=context)
        for entity_id, state, attributes, changes, shares in self._states:
            new, shown = self._numbered(state, number), self._numbered(attributes, number)
            if entity_id.startswith(f"{Platform.EVENT}."):
                new = dt_util.utcnow().isoformat(timespec="milliseconds")
            elif changes and new == state:
                shown = {**shown, "turn": number % 2}
            shared = context if shares else None
            self._hass.states.async_set(entity_id + SUFFIX, new, shown, context=shared)

    def _numbered(self, value: Any, number: int) -> Any:
        """Return the same with another number, where there is that of the push."""
        if isinstance(value, Mapping):
            return {key: self._numbered(one, number) for key, one in value.items()}
        return type(value)(number) if str(value) == str(self.number) else value

    @override
    def __str__(self) -> str:
        """Return how much it is."""
        changed = sum(changes for *_, changes, _ in self._states)
        return f"{len(self._states)} states ({changed} changed), {len(self._events)} events"
