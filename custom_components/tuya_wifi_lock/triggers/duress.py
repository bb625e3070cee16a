"""The trigger for duress, which nothing else in Home Assistant shows."""

from typing import Any, cast, override

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, CONF_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from ..const import DOMAIN
from ..dispatcher import SIGNAL_DURESS, Delivery
from ..texts import iso
from ..tuyalock import Age
from .targets import ours


class DuressTrigger(Trigger):
    """Fires when somebody was forced to unlock, however long ago."""

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the target."""
        return cast(ConfigType, ENTITY_STATE_TRIGGER_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._target = TargetSelection(config.target or {})

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
            if self._is_targeted(entry_id):
                run_action(_payload(self._hass, entry_id, delivery), "an unlock")

        return async_dispatcher_connect(self._hass, SIGNAL_DURESS, async_duress)

    @callback
    def _is_targeted(self, entry_id: str) -> bool:
        """Return if the target contains the lock, or anything of it that is no member's."""
        found = async_extract_referenced_entity_ids(self._hass, self._target, expand_group=False)
        return any(
            entity.config_entry_id == entry_id and not entity.config_subentry_id
            for entity in ours(self._hass, found.referenced | found.indirectly_referenced)
        )


def _payload(hass: HomeAssistant, entry_id: str, delivery: Delivery) -> dict[str, Any]:
    """Return the variables of the trigger."""
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
