"""The triggers that hear alarms and duress."""

from datetime import timedelta
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.event import (
    DOMAIN as EVENT_DOMAIN,
    EventEntityStateAttribute,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .targets import ours, part_of_lock, parts_of_locks
from .tuyalock import ALARMS
from .unlock_trigger import CONF_MAX_AGE, DEFAULT_MAX_AGE, with_options, wrong_age

CONF_TYPES: Final = "types"
ALARM: Final = "alarm"
DURESS: Final = "duress"


def change_of(old: State | None, new: State) -> dict[str, Any]:
    """Return what the actions of an automation learn of a change, as with any state trigger."""
    return {ATTR_ENTITY_ID: new.entity_id, "from_state": old, "to_state": new, "for": None}


class AlarmRaisedTrigger(StatelessEntityTriggerBase):
    """The lock has raised an alarm."""

    _schema = with_options(
        {
            vol.Optional(CONF_TYPES): vol.All(cv.ensure_list, [vol.In(ALARMS)]),
            vol.Optional(CONF_MAX_AGE): cv.positive_time_period,
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take over the options."""
        super().__init__(hass, config)
        self._types: list[str] = self._options.get(CONF_TYPES, [])
        self._max_age: timedelta = self._options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Follow the alarms of each lock that the target means."""
        return parts_of_locks(self._hass, entities, EVENT_DOMAIN, ALARM)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Match the type and the age."""
        if reason := self._refuse(state):
            report_not_triggered(reason, entity_id=state.entity_id)
        return reason is None

    def _refuse(self, state: State) -> str | None:
        """Return why an alarm is not what this trigger waits for."""
        type_ = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        if self._types and type_ not in self._types:
            return "other_type"
        if state.attributes.get("late") and self._max_age <= DEFAULT_MAX_AGE:
            return "too_old"
        return wrong_age(state, self._max_age)


class DuressTrigger(StatelessEntityTriggerBase):
    """Somebody was forced to unlock, however long ago."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Follow the duress event of each lock of which the target means anything.

        It is hidden, so that no device and no area means it; the lock may be hidden, too.
        """
        locks = (one for one in ours(self._hass, entities) if not one.config_subentry_id)
        return {
            part for one in locks if (part := part_of_lock(self._hass, one, EVENT_DOMAIN, DURESS))
        }

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Hear each event, for which the state before it is taken away.

        The Activity page says what has caused a run; here it learns neither context nor name.
        """
        before: dict[str, State] = {}

        @callback
        def async_changed(data: TargetStateChangedData) -> None:
            event = data.state_change_event.data
            old, new = event["old_state"], event["new_state"]
            last = before.pop(event["entity_id"], None)
            if old and not new:
                before[old.entity_id] = old
            elif new and last and self._is_news(last, new):
                run_action(change_of(last, new), "an unlock")

        return await async_track_target_selector_state_change_event(
            self._hass, self._target, async_changed, self.entity_filter
        )

    def _is_news(self, last: State, new: State) -> bool:
        """Return if something has happened; what is restored or has another name is old."""
        went_on = last.state not in self._excluded_from_states
        return went_on and new.state not in self._excluded_states and last.state != new.state
