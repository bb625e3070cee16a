"""Persons who came home just now."""

from datetime import datetime, timedelta

from homeassistant.const import STATE_HOME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import TrackStates, async_track_state_change_filtered

PERSON_DOMAIN = "person"
JUST_ARRIVED = timedelta(minutes=5)
"""A phone may be home before the finger is on the lock."""
NOT_AWAY = {STATE_HOME, STATE_UNKNOWN, STATE_UNAVAILABLE}


class Arrivals:
    """Watches the persons of Home Assistant come home."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without arrivals."""
        self._hass = hass
        self._arrived: dict[str, datetime] = {}

    @callback
    def async_watch(self) -> CALLBACK_TYPE:
        """Start watching; return a function that stops it."""
        persons = TrackStates(False, set(), {PERSON_DOMAIN})
        return async_track_state_change_filtered(
            self._hass, persons, self._async_moved
        ).async_remove

    @callback
    def _async_moved(self, event: Event[EventStateChangedData]) -> None:
        """Remember who arrives; home after unknown is no arrival."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and old.state not in NOT_AWAY and new.state == STATE_HOME:
            self._arrived[new.entity_id] = new.last_changed

    @callback
    def was_away(self, person: str | None, when: datetime) -> bool:
        """Return if a person was not known to be home until shortly before a moment."""
        if person is None or not self._hass.states.is_state(person, STATE_HOME):
            return True
        arrived = self._arrived.get(person)
        return arrived is not None and when - arrived <= JUST_ARRIVED
