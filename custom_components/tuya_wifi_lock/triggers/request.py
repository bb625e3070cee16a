"""The trigger for requests at the door."""

from datetime import timedelta
from typing import Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import CALLBACK_TYPE, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTriggerBase,
    TriggerActionRunner,
    TriggerNotTriggeredReporter,
)

from .targets import parts_of_locks

UNLOCK_REQUESTED: Final = "unlock_requested"

JUST_CREATED = timedelta(minutes=1)


class UnlockRequestedTrigger(EntityTriggerBase):
    """Fires when somebody at the door asks to be let in."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Track the request of each lock of the target."""
        return parts_of_locks(self._hass, entities, BINARY_SENSOR_DOMAIN, UNLOCK_REQUESTED)

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
