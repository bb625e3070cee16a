"""What the triggers that hear unlocks have in common."""

from datetime import timedelta
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.event import EventEntityStateAttribute
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    TriggerConfig,
)
from homeassistant.util import dt as dt_util

from .members import Member
from .targets import Whose, covers, member_of, unlock_events
from .tuyalock import LATE_AFTER, Unlock

CONF_MAX_AGE: Final = "max_age"

DEFAULT_MAX_AGE = timedelta(seconds=LATE_AFTER)
HELD_BACK = timedelta(seconds=5)
"""How much older a record may become on its way from the lock to here."""


def with_options(options: dict[Any, Any]) -> vol.Schema:
    """Return the schema of a trigger with options."""
    return ENTITY_STATE_TRIGGER_SCHEMA.extend({vol.Required(CONF_OPTIONS, default={}): options})


class UnlockTrigger(StatelessEntityTriggerBase):
    """Fires for unlocks, once for each, whichever of its events a target covers."""

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Start with nothing told."""
        super().__init__(hass, config)
        self._max_age: timedelta = self._options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)
        self._whose: dict[str, Whose] = {}
        self._told: dict[str | None, Any] = {}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Follow the events that the target means."""
        self._whose = unlock_events(self._hass, entities, late=self._max_age > DEFAULT_MAX_AGE)
        return set(self._whose)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Check an unlock against the options."""
        unlock = _unlock(state)
        member = member_of(self._hass, self.entry_of(state), unlock)
        if not covers(self._whose.get(state.entity_id), member):
            return False
        if reason := self.refuse(state, unlock, member):
            report_not_triggered(reason, entity_id=state.entity_id)
        return reason is None

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Let each record through once: several events may tell it."""
        if not super().is_valid_transition(from_state, to_state):
            return False
        entry_id, record = self.entry_of(to_state), to_state.attributes.get("record")
        if record is not None and self._told.get(entry_id) == record:
            return False
        self._told[entry_id] = record
        return True

    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Return why an unlock is not what this trigger waits for."""
        return wrong_age(state, self._max_age)

    def entry_of(self, state: State) -> str | None:
        """Return the id of the entry of the lock that tells."""
        entity = er.async_get(self._hass).async_get(state.entity_id)
        return entity.config_entry_id if entity else None


def wrong_age(state: State, max_age: timedelta) -> str | None:
    """Return why what an event tells is too old, if it is."""
    time = dt_util.parse_datetime(state.attributes.get("time") or "")
    if time is None:
        return "age_unknown"
    return "too_old" if state.last_updated - time > max_age + HELD_BACK else None


def _unlock(state: State) -> Unlock:
    """Return the unlock that an event tells."""
    attributes = state.attributes
    return Unlock(
        attributes.get(EventEntityStateAttribute.EVENT_TYPE, ""), attributes.get("number")
    )
