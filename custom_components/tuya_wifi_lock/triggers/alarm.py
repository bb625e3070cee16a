"""The trigger for alarms."""

from datetime import timedelta
from typing import Final, override

import voluptuous as vol

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    TriggerConfig,
)

from ..tuyalock import ALARMS
from .targets import parts_of_locks
from .unlock import CONF_MAX_AGE, DEFAULT_MAX_AGE, with_options, wrong_age

CONF_TYPES: Final = "types"
ALARM: Final = "alarm"


class AlarmRaisedTrigger(StatelessEntityTriggerBase):
    """Fires when the lock raises an alarm."""

    _schema = with_options(
        {
            vol.Optional(CONF_TYPES): vol.All(cv.ensure_list, [vol.In(ALARMS)]),
            vol.Optional(CONF_MAX_AGE): cv.positive_time_period,
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._types: list[str] = self._options.get(CONF_TYPES, [])
        self._max_age: timedelta = self._options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the alarm event of each lock of the target."""
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
        """Return why the trigger does not fire for an alarm, if it does not."""
        type_ = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        if self._types and type_ not in self._types:
            return "other_type"
        if state.attributes.get("late") and self._max_age <= DEFAULT_MAX_AGE:
            return "too_old"
        return wrong_age(state, self._max_age)
