"""The triggers that Home Assistant offers in the automation editor."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_DEVICE_ID,
    STATE_HOME,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import TrackStates, async_track_state_change_filtered
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LockCoordinator
from .dispatcher import SIGNAL_DURESS, Delivery
from .members import OWNED_METHODS, Member
from .targets import (
    CONF_MEMBERS,
    MATCH_OPTIONS,
    MEMBERS_OPTION,
    Whose,
    covers,
    is_among,
    locks_of,
    mismatch,
    parts_of_locks,
    with_options,
)
from .texts import iso
from .tuyalock import ALARMS, LATE_AFTER, Age, Unlock

CONF_FIRST_USE: Final = "first_use"
CONF_GUESTS: Final = "guests"
CONF_MAX_AGE: Final = "max_age"
CONF_ONLY_IF_AWAY: Final = "only_if_away"
CONF_PERSONS: Final = "persons"
CONF_TYPES: Final = "types"

ALARM: Final = "alarm"
UNLOCK_REQUESTED: Final = "unlock_requested"

DEFAULT_MAX_AGE = timedelta(seconds=LATE_AFTER)
HELD_BACK = timedelta(seconds=5)
"""How much older a record may become on its way from the lock to here."""
JUST_CREATED = timedelta(minutes=1)

PERSON_DOMAIN = "person"
JUST_ARRIVED = timedelta(minutes=5)
"""A phone may be home before the finger is on the lock."""
NOT_AWAY = {STATE_HOME, STATE_UNKNOWN, STATE_UNAVAILABLE}


class RecordTrigger(StatelessEntityTriggerBase):
    """Base of the triggers for what is recorded at the door, unless it is too old."""

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._max_age: timedelta = self._options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Check an event against the options and its age."""
        if reason := self.mismatch(state) or self._wrong_age(state):
            report_not_triggered(reason, entity_id=state.entity_id)
        return reason is None

    @abstractmethod
    def mismatch(self, state: State) -> str | None:
        """Return why the trigger is not for an event, or None if it is."""

    def _wrong_age(self, state: State) -> str | None:
        time = dt_util.parse_datetime(state.attributes.get("time") or "")
        if time is None:
            return "age_unknown"
        return "too_old" if state.last_updated - time > self._max_age + HELD_BACK else None


class UnlockTrigger(RecordTrigger):
    """Base of the triggers for unlocks."""

    # Those of a member are diagnostic.
    _primary_entities_only = False

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._whose: Mapping[str, Whose] = {}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the unlock events of the target; those of a member are among the lock's."""
        keys = ["last_opening"]
        if self._max_age > DEFAULT_MAX_AGE:
            keys.append("late_opening")
        self._whose = parts_of_locks(self._hass, entities, EVENT_DOMAIN, *keys)
        return set(self._whose)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Check first whose unlock it is: those of others are not reported."""
        whose = self._whose[state.entity_id]
        return covers(whose, self.member(state)) and super().is_valid_state(
            state, report_not_triggered
        )

    @staticmethod
    def unlock(state: State) -> Unlock:
        """Return what an event shows."""
        attributes = state.attributes
        return Unlock(
            attributes.get(EventEntityStateAttribute.EVENT_TYPE, ""), attributes.get("number")
        )

    def member(self, state: State) -> Member | None:
        """Return whose number has opened the door, if the lock is set up."""
        entity = er.async_get(self._hass).async_get(state.entity_id)
        entry_id = entity and entity.config_entry_id
        entry = self._hass.config_entries.async_get_entry(entry_id or "")
        lock: LockCoordinator | None = getattr(entry, "runtime_data", None)
        return lock.owner(self.unlock(state)) if lock else None


class UnlockedTrigger(UnlockTrigger):
    """Fires for every unlock."""

    _schema = with_options({**MATCH_OPTIONS, vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def mismatch(self, state: State) -> str | None:
        """Match the method, the number and the member, as far as they are chosen."""
        return mismatch(self._hass, self._options, self.unlock(state), self.member(state))


class UnknownNumberTrigger(UnlockTrigger):
    """Fires for a fingerprint, code or card that belongs to nobody."""

    _schema = with_options({vol.Optional(CONF_MAX_AGE): cv.positive_time_period})

    @override
    def mismatch(self, state: State) -> str | None:
        """Match the methods whose numbers can belong to somebody."""
        if self.unlock(state).method not in OWNED_METHODS:
            return "other_method"
        return "known_number" if self.member(state) else None


class GuestArrivedTrigger(UnlockTrigger):
    """Fires when a guest unlocks with their code, just now."""

    _schema = with_options(
        {
            vol.Optional(CONF_GUESTS): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional(CONF_FIRST_USE, default=False): cv.boolean,
        }
    )

    @override
    def mismatch(self, state: State) -> str | None:
        """Match the name of the code, and if it was used before."""
        if self.unlock(state).method != "temporary_password":
            return "other_method"
        name = state.attributes.get("password_name") or ""
        guests = {_as_compared(guest) for guest in self._options.get(CONF_GUESTS, ())}
        if guests and _as_compared(name) not in guests:
            return "other_guest"
        if self._options[CONF_FIRST_USE] and not state.attributes.get("first_use"):
            return "used_before"
        return None


def _as_compared(name: str) -> str:
    """Return a name without the differences that nobody means."""
    return " ".join(name.split()).casefold()


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
        super().__init__(hass, config)
        self._arrived: dict[str, datetime] = {}

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
        persons = TrackStates(False, set(), {PERSON_DOMAIN})
        watch = async_track_state_change_filtered(self._hass, persons, self._async_moved)

        @callback
        def async_remove() -> None:
            detach()
            watch.async_remove()

        return async_remove

    @callback
    def _async_moved(self, event: Event[EventStateChangedData]) -> None:
        """Remember who arrives; home after unknown is no arrival."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and old.state not in NOT_AWAY and new.state == STATE_HOME:
            self._arrived[new.entity_id] = new.last_changed

    def _was_away(self, person: str | None, when: datetime) -> bool:
        """Return if a person was not known to be home until shortly before a moment."""
        if person is None or not self._hass.states.is_state(person, STATE_HOME):
            return True
        arrived = self._arrived.get(person)
        return arrived is not None and when - arrived <= JUST_ARRIVED

    @override
    def mismatch(self, state: State) -> str | None:
        """Match the member, by their device or their person, and where they were."""
        if (member := self.member(state)) is None:
            return "no_member"
        devices, persons = map(self._options.get, (CONF_MEMBERS, CONF_PERSONS))
        if (
            (devices or persons)
            and not is_among(self._hass, member, devices or ())
            and member.person not in (persons or ())
        ):
            return "other_member"
        only_if_away = self._options[CONF_ONLY_IF_AWAY]
        if only_if_away and not self._was_away(member.person, state.last_updated):
            return "was_home"
        return None


class AlarmRaisedTrigger(RecordTrigger):
    """Fires when the lock raises an alarm."""

    _schema = with_options(
        {
            vol.Optional(CONF_TYPES): vol.All(cv.ensure_list, [vol.In(ALARMS)]),
            vol.Optional(CONF_MAX_AGE): cv.positive_time_period,
        }
    )

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the alarm event of each lock of the target."""
        alarms = parts_of_locks(self._hass, entities, EVENT_DOMAIN, ALARM)
        return {alarm for alarm, whose in alarms.items() if None in whose}

    @override
    def mismatch(self, state: State) -> str | None:
        """Match the type, and if it was late."""
        types = self._options.get(CONF_TYPES)
        if types and state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) not in types:
            return "other_type"
        if state.attributes.get("late") and self._max_age <= DEFAULT_MAX_AGE:
            return "too_old"
        return None


class UnlockRequestedTrigger(EntityTriggerBase):
    """Fires when somebody at the door asks to be let in."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the request of each lock of the target."""
        requests = parts_of_locks(self._hass, entities, BINARY_SENSOR_DOMAIN, UNLOCK_REQUESTED)
        return {request for request, whose in requests.items() if None in whose}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Fire for each request, including the first one ever, which adds the entity."""

        @callback
        def async_changed(data: TargetStateChangedData) -> None:
            event = data.state_change_event
            old, new = event.data["old_state"], event.data["new_state"]
            if new and new.state == STATE_ON and self._begins(old, new):
                payload = {
                    ATTR_ENTITY_ID: new.entity_id,
                    "from_state": old,
                    "to_state": new,
                    "for": None,
                }
                run_action(payload, f"state of {new.entity_id}", event.context)

        return await async_track_target_selector_state_change_event(
            self._hass, self._target, async_changed, self.entity_filter
        )

    def _begins(self, old: State | None, new: State) -> bool:
        """Return if a request begins; a sensor that is back or renamed shows an old one."""
        if old:
            return old.state in {STATE_OFF, STATE_UNKNOWN}
        entity = er.async_get(self._hass).async_get(new.entity_id)
        return entity is not None and new.last_updated - entity.created_at < JUST_CREATED


class DuressTrigger(EntityTriggerBase):
    """Fires when somebody was forced to unlock, however long ago."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Fire for the locks that the target means at that moment.

        The Activity page shows what has caused a run, so it gets neither a context nor a name.
        """

        @callback
        def async_duress(entry_id: str, delivery: Delivery) -> None:
            locks = locks_of(self._hass, self._target, primary_entities_only=True)
            # Not if it has nothing but what is a member's.
            if None in locks.get(entry_id, ()):
                run_action(_payload(self._hass, entry_id, delivery), "an unlock")

        return async_dispatcher_connect(self._hass, SIGNAL_DURESS, async_duress)


def _payload(hass: HomeAssistant, entry_id: str, delivery: Delivery) -> dict[str, Any]:
    record, member = delivery.record, delivery.member
    unlock = delivery.unlock.unlock if delivery.unlock else None
    device_id = hass.config_entries.async_get_known_entry(entry_id).data[CONF_DEVICE_ID]
    return {
        ATTR_ENTITY_ID: er.async_get(hass).async_get_entity_id(LOCK_DOMAIN, DOMAIN, device_id),
        "method": unlock.method if unlock else None,
        "number": unlock.number if unlock else None,
        "record": delivery.unlock.id if delivery.unlock else None,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "time": iso(record.known_time),
        "late": record.age is not Age.LIVE,
        "route": record.source.value,
    }


TRIGGERS: dict[str, type[Trigger]] = {
    "alarm_raised": AlarmRaisedTrigger,
    "duress": DuressTrigger,
    "guest_arrived": GuestArrivedTrigger,
    "member_came_home": MemberCameHomeTrigger,
    "unknown_number_used": UnknownNumberTrigger,
    "unlock_requested": UnlockRequestedTrigger,
    "unlocked": UnlockedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
