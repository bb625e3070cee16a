"""Triggers: what an owner picks in the automation editor, each unlock once."""

from datetime import timedelta
from typing import Final, override

import voluptuous as vol

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.const import (
    STATE_OFF,
    STATE_ON,
    STATE_UNKNOWN,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .members import OWNED_METHODS, Member
from .persons import PERSON_DOMAIN, Arrivals
from .signal_trigger import AlarmRaisedTrigger, DuressTrigger, change_of
from .targets import (
    CONF_MEMBERS,
    MATCH_OPTIONS,
    MEMBERS_OPTION,
    is_among,
    mismatch,
    parts_of_locks,
)
from .tuyalock import Unlock
from .unlock_trigger import CONF_MAX_AGE, UnlockTrigger, with_options

CONF_ONLY_IF_AWAY: Final = "only_if_away"
CONF_PERSONS: Final = "persons"
UNLOCK_REQUESTED: Final = "unlock_requested"

JUST_CREATED = timedelta(minutes=1)


class UnlockedTrigger(UnlockTrigger):
    """Somebody or something has unlocked the door."""

    _schema = with_options({**MATCH_OPTIONS, vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Match the method, the number and the member, as far as they are chosen."""
        entry_id = self.entry_of(state)
        if reason := mismatch(self._hass, self._options, entry_id, unlock, member):
            return reason
        return super().refuse(state, unlock, member)


class UnknownNumberTrigger(UnlockTrigger):
    """A fingerprint, code or card that is nobody's has unlocked the door."""

    _schema = with_options({vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def refuse(self, state: State, unlock: Unlock, member: Member | None) -> str | None:
        """Let only those through that could be somebody's."""
        if unlock.method not in OWNED_METHODS:
            return "other_method"
        return "known_number" if member else super().refuse(state, unlock, member)


class MemberCameHomeTrigger(UnlockTrigger):
    """A member has unlocked the door, from outside and just now."""

    _schema = with_options(
        {
            **MEMBERS_OPTION,
            vol.Optional(CONF_PERSONS): cv.entities_domain(PERSON_DOMAIN),
            vol.Optional(CONF_ONLY_IF_AWAY, default=False): cv.boolean,
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Prepare to watch the persons."""
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


class UnlockRequestedTrigger(EntityTriggerBase):
    """Somebody at the door asks to be let in."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Follow the request of each lock that the target means."""
        return parts_of_locks(self._hass, entities, BINARY_SENSOR_DOMAIN, UNLOCK_REQUESTED)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Hear each request, also the one that shows for the first time that a lock has them."""

        @callback
        def async_changed(data: TargetStateChangedData) -> None:
            event = data.state_change_event
            old, new = event.data["old_state"], event.data["new_state"]
            if new and new.state == STATE_ON and self._begins(old, new):
                run_action(change_of(old, new), f"state of {new.entity_id}", event.context)

        return await async_track_target_selector_state_change_event(
            self._hass, self._target, async_changed, self.entity_filter
        )

    def _begins(self, old: State | None, new: State) -> bool:
        """Return if a request begins; a sensor that is back or renamed tells an old one."""
        if old:
            return old.state in {STATE_OFF, STATE_UNKNOWN}
        entity = er.async_get(self._hass).async_get(new.entity_id)
        return entity is not None and new.last_updated - entity.created_at < JUST_CREATED


TRIGGERS: dict[str, type[Trigger]] = {
    "alarm_raised": AlarmRaisedTrigger,
    "duress": DuressTrigger,
    "member_came_home": MemberCameHomeTrigger,
    "unknown_number_used": UnknownNumberTrigger,
    "unlock_requested": UnlockRequestedTrigger,
    "unlocked": UnlockedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return our triggers."""
    return TRIGGERS
