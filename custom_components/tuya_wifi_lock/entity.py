"""Base of the entities of a lock."""

from typing import override

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import LockCoordinator


class TuyaLockEntity(CoordinatorEntity[LockCoordinator]):
    """An entity of a lock. A lock that sleeps is available."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: LockCoordinator, key: str | None) -> None:
        """Name an entity by its key; the lock itself has none."""
        super().__init__(coordinator)
        device_id = coordinator.device_id
        self._attr_unique_id = f"{device_id}_{key}" if key else device_id
        self._attr_translation_key = key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device_id)})

    @property
    @override
    def available(self) -> bool:
        """Return if the lock can be talked to when it wakes."""
        return not self.coordinator.data.key_refused
