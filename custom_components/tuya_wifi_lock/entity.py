"""What the entities of a lock have in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import LockCoordinator
from .tuyalock import Snapshot


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


def last_unlocked_by(snapshot: Snapshot) -> str | None:
    """Return who unlocked last, as far as the lock tells: Fingerprint 3."""
    if (unlock := snapshot.last_unlock) is None:
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
        self._attr_unique_id = device_id
        if description:
            self.entity_description = description
            self._attr_unique_id = f"{device_id}_{description.key}"
            self._attr_translation_key = description.key
        self._attr_device_info = coordinator.device_info

    @property
    @override
    def available(self) -> bool:
        """Return if the lock can be talked to when it wakes."""
        return not self.coordinator.data.key_refused


@dataclass(frozen=True, kw_only=True)
class LockValueDescription[V](LockPartDescription):
    """Something about a lock that has a value."""

    value_fn: Callable[[Snapshot], V]


class LockValue[V](TuyaLockEntity):
    """A value of a lock; it is written when it changes."""

    entity_description: LockValueDescription[V]

    def __init__(self, coordinator: LockCoordinator, description: LockValueDescription[V]) -> None:
        """Make the entity of a description."""
        super().__init__(coordinator, description)
        self._shown = self._show()

    def _show(self) -> tuple[bool, V]:
        """Return what is to be seen now."""
        return self.available, self.entity_description.value_fn(self.coordinator.data)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the value if it is another one."""
        if (shown := self._show()) != self._shown:
            self._shown = shown
            self.async_write_ha_state()
