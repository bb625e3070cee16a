"""What the entities of a lock have in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.const import CONF_MAC
from homeassistant.core import callback
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import LockCoordinator
from .tuyalock import Family, Snapshot, TuyaLock

MODELS = {
    Family.A: "Wi-Fi lock",
    Family.B: "Wi-Fi lock Pro",
    Family.D: "Wi-Fi access control",
    None: None,
}


@dataclass(frozen=True, kw_only=True)
class LockPartDescription(EntityDescription):
    """An entity of a lock, and whether this product can feed it."""

    exists_fn: Callable[[Snapshot], bool] = lambda snapshot: True


def seen(*codes: str) -> Callable[[Snapshot], bool]:
    """Return a test for products that have reported one of these DP codes."""
    return lambda snapshot: not snapshot.state.seen.isdisjoint(codes)


@callback
def async_add_when_seen[D: LockPartDescription](
    coordinator: LockCoordinator,
    descriptions: Iterable[D],
    make: Callable[[LockCoordinator, D], Entity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add each entity as soon as the product has shown that it can feed it."""
    missing = list(descriptions)

    @callback
    def async_add_new() -> None:
        ready = [one for one in missing if one.exists_fn(coordinator.data)]
        if ready:
            missing[:] = [one for one in missing if one not in ready]
            async_add_entities([make(coordinator, one) for one in ready])

    async_add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(async_add_new))


def last_unlocked_by(lock: TuyaLock) -> str | None:
    """Return who unlocked last, as far as the lock tells: Fingerprint 3."""
    if (unlock := lock.last_unlock) is None:
        return None
    if unlock.method == "remote" and unlock.number is None:
        return "Home Assistant"
    method = unlock.method.replace("_", " ").capitalize()
    return method if unlock.number is None else f"{method} {unlock.number}"


class TuyaLockEntity(CoordinatorEntity[LockCoordinator]):
    """An entity of a lock. A lock that sleeps is available."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: LockCoordinator, description: LockPartDescription | None = None
    ) -> None:
        """Make the entity of a description, or the lock itself, which has none."""
        super().__init__(coordinator)
        device_id = coordinator.device_id
        entry = coordinator.config_entry
        self._attr_unique_id = device_id
        if description:
            self.entity_description = description
            self._attr_unique_id = f"{device_id}_{description.key}"
            self._attr_translation_key = description.key
        mac = entry.data.get(CONF_MAC)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device_id)},
            connections={(CONNECTION_NETWORK_MAC, mac)} if mac else set(),
            manufacturer="Tuya",
            model=MODELS[coordinator.data.family],
            name=entry.title,
        )

    @property
    @override
    def available(self) -> bool:
        """Return if the lock can be talked to when it wakes."""
        return not self.coordinator.data.key_refused
