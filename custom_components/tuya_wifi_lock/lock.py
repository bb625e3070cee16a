"""The lock itself."""

import hmac
from typing import Any, override

from homeassistant.components.lock import ATTR_CODE, LockEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .activity import async_log_unlock
from .const import CONF_CODE, DOMAIN
from .coordinator import LockConfigEntry
from .device import MODELS
from .dispatcher import Delivery
from .entity import TuyaLockEntity
from .tuyalock import Kind

# Not 1: locking has to get past an unlock that waits, and two unlocks share one attempt.
PARALLEL_UPDATES = 0

CODE_FORMAT = "^([0-9]{4,10})?$"
"""Home Assistant checks this for locking, too, which needs no code."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the lock itself."""
    async_add_entities([TuyaWifiLock(entry.runtime_data)])


class TuyaWifiLock(TuyaLockEntity, LockEntity):
    """The lock itself."""

    _attr_name = None

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for unlocks."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.records.async_subscribe(Kind.UNLOCK, self._async_unlocked)
        )

    @callback
    def _async_unlocked(self, delivery: Delivery) -> None:
        """Say in the Activity who has unlocked the door."""
        if shown := self.hass.states.get(self.entity_id):
            async_log_unlock(self.hass, self.entity_id, shown.name, delivery)

    @property
    @override
    def is_locked(self) -> bool | None:
        """Return if the door is locked; None is not known."""
        return self.coordinator.data.bolt.locked

    @property
    @override
    def assumed_state(self) -> bool:
        """Return if the owner says so and not the lock."""
        return self.coordinator.data.bolt.assumed

    @property
    @override
    def is_unlocking(self) -> bool:
        """Return if an unlock is under way or waits for the lock."""
        return self.coordinator.data.unlocking

    @property
    @override
    def is_jammed(self) -> bool:
        """Return if the bolt is stuck."""
        return self.coordinator.data.state.jammed

    @property
    @override
    def code_format(self) -> str | None:
        """Return what a code looks like, if Home Assistant is to ask for one."""
        return CODE_FORMAT if self._code else None

    @property
    def _code(self) -> str | None:
        """Return the code that unlocking takes, if the owner wants one."""
        code: str | None = self.coordinator.config_entry.options.get(CONF_CODE)
        return code

    @property
    @override
    def changed_by(self) -> str | None:
        """Return who unlocked last."""
        return self.coordinator.last_unlocked_by

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Open the door; returns when the lock has said that it is open."""
        typed = kwargs.get(ATTR_CODE, "")
        if self._code and not hmac.compare_digest(typed.encode(), self._code.encode()):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="wrong_code")
        with self.coordinator.action():
            await self.coordinator.lock.unlock()

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Call off an unlock that waits, and lock the door where the product can."""
        with self.coordinator.action():
            await self.coordinator.lock.lock()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Name the model as soon as the product has given its family away."""
        model, device = MODELS[self.coordinator.data.family], self.device_entry
        if isinstance(device, dr.DeviceEntry) and model not in {None, device.model}:
            dr.async_get(self.hass).async_update_device(device.id, model=model)
        super()._handle_coordinator_update()
