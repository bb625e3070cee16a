"""The triggers for unlocks: each fires once for an unlock."""

from datetime import timedelta
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.event import EventEntityStateAttribute
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.util import dt as dt_util

from ..members import OWNED_METHODS, Member
from ..tuyalock import LATE_AFTER, Unlock
from .persons import PERSON_DOMAIN, Arrivals
from .targets import (
    CONF_MEMBERS,
    MATCH_OPTIONS,
    MEMBERS_OPTION,
    Whose,
    covers,
    is_among,
    member_of,
    mismatch,
    unlock_events,
)

CONF_MAX_AGE: Final = "max_age"
CONF_ONLY_IF_AWAY: Final = "only_if_away"
CONF_PERSONS: Final = "persons"

DEFAULT_MAX_AGE = timedelta(seconds=LATE_AFTER)
HELD_BACK = timedelta(seconds=5)
"""How much older a record may become on its way from the lock to here."""


def with_options(options: dict[Any, Any]) -> vol.Schema:
    """Return the schema of a trigger with options."""
    return ENTITY_STATE_TRIGGER_SCHEMA.extend({vol.Required(CONF_OPTIONS, default={}): options})


class UnlockTrigger(StatelessEntityTriggerBase):
    """Base of the triggers for unlocks; fires once for each, whichever events the target has."""

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._max_age: timedelta = self._options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)
        self._whose: dict[str, Whose] = {}
        self._last_record: dict[str | None, Any] = {}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the unlock events of the target."""
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
        """Fire once for a record: several events may have it."""
        if not super().is_valid_transition(from_state, to_state):
            return False
        entry_id, record = self.entry_of(to_state), to_state.attributes.get("record")
        if record is not None and self._last_record.get(entry_id) == record:
            return False
        self._last_record[entry_id] = record
        return True

    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Return why the trigger does not fire for an unlock, if it does not."""
        return wrong_age(state, self._max_age)

    def entry_of(self, state: State) -> str | None:
        """Return the id of the config entry that an event belongs to."""
        entity = er.async_get(self._hass).async_get(state.entity_id)
        return entity.config_entry_id if entity else None


class UnlockedTrigger(UnlockTrigger):
    """Fires for every unlock."""

    _schema = with_options({**MATCH_OPTIONS, vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Match the method, the number and the member, as far as they are chosen."""
        entry_id = self.entry_of(state)
        if reason := mismatch(self._hass, self._options, entry_id, unlock, member):
            return reason
        return super().refuse(state, unlock, member)


class UnknownNumberTrigger(UnlockTrigger):
    """Fires for a fingerprint, code or card that belongs to nobody."""

    _schema = with_options({vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Match the methods whose numbers can belong to somebody."""
        if unlock.method not in OWNED_METHODS:
            return "other_method"
        return "known_number" if member else super().refuse(state, unlock, member)


class MemberCameHomeTrigger(UnlockTrigger):
    """Fires when a member unlocks from outside, just now."""

    _schema = with_options(
        {
            **MEMBERS_OPTION,
            vol.Optional(CONF_PERSONS): cv.entities_domain(PERSON_DOMAIN),
            vol.Optional(CONF_ONLY_IF_AWAY, default=False): cv.boolean,
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._arrivals = Arrivals(hass)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Watch the persons come and go too, if that matters."""
        detach = await super().async_attach_runner(run_action, did_not_trigger)
        if not self._options[CONF_ONLY_IF_AWAY]:
            return detach
        unwatch = self._arrivals.async_watch()

        @callback
        def async_remove() -> None:
            detach()
            unwatch()

        return async_remove

    @override
    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Match the member, by their device or their person, and where they were."""
        if member is None:
            return "no_member"
        devices, persons = map(self._options.get, (CONF_MEMBERS, CONF_PERSONS))
        if (
            (devices or persons)
            and not is_among(self._hass, self.entry_of(state), member, devices or ())
            and member.person not in (persons or ())
        ):
            return "other_member"
        if self._options[CONF_ONLY_IF_AWAY] and not self._arrivals.was_away(
            member.person, state.last_updated
        ):
            return "was_home"
        return super().refuse(state, unlock, member)


def wrong_age(state: State, max_age: timedelta) -> str | None:
    """Return why the record of an event is too old, if it is."""
    time = dt_util.parse_datetime(state.attributes.get("time") or "")
    if time is None:
        return "age_unknown"
    return "too_old" if state.last_updated - time > max_age + HELD_BACK else None


def _unlock(state: State) -> Unlock:
    """Return the unlock that an event shows."""
    attributes = state.attributes
    return Unlock(
        attributes.get(EventEntityStateAttribute.EVENT_TYPE, ""), attributes.get("number")
    )
