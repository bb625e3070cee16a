"""The trigger for duress, which nothing else in Home Assistant shows."""

from functools import partial
from typing import Any, cast, override

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN
from ..coordinator import LockCoordinator
from ..signal_delivery import Signalled
from ..times import optional_iso
from ..tuyalock import Kind
from .targets import ours

DURESS: SignalType[LockCoordinator, Signalled] = SignalType(f"{DOMAIN}_duress")
"""Sent within Home Assistant for each duress record of any lock."""


@callback
def async_forward_duress(hass: HomeAssistant, coordinator: LockCoordinator) -> None:
    """Send what the lock reports of duress to the triggers, until its entry is unloaded."""
    send = partial(async_dispatcher_send, hass, DURESS, coordinator)
    coordinator.config_entry.async_on_unload(coordinator.signals.async_subscribe(Kind.DURESS, send))


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
        def async_duress(coordinator: LockCoordinator, duress: Signalled) -> None:
            if self._is_targeted(coordinator):
                run_action(_payload(self._hass, coordinator, duress), "an unlock")

        return async_dispatcher_connect(self._hass, DURESS, async_duress)

    @callback
    def _is_targeted(self, coordinator: LockCoordinator) -> bool:
        """Return if the target contains the lock, or anything of it that is no member's."""
        found = async_extract_referenced_entity_ids(self._hass, self._target, expand_group=False)
        return any(
            entity.config_entry_id == coordinator.config_entry.entry_id
            and not entity.config_subentry_id
            for entity in ours(self._hass, found.referenced | found.indirectly_referenced)
        )


def _payload(
    hass: HomeAssistant, coordinator: LockCoordinator, duress: Signalled
) -> dict[str, Any]:
    """Return the variables of the trigger."""
    unlock, member = duress.unlock, duress.member
    registry = er.async_get(hass)
    return {
        ATTR_ENTITY_ID: registry.async_get_entity_id(LOCK_DOMAIN, DOMAIN, coordinator.device_id),
        "method": unlock.method if unlock else None,
        "number": unlock.number if unlock else None,
        "record": unlock.id if unlock else None,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "time": optional_iso(duress.time),
        "late": duress.late,
        "route": duress.route,
    }
