"""What the settings of a lock have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.const import EntityCategory

from .coordinator import LockCoordinator
from .entity import LockPartDescription, TuyaLockEntity
from .tuyalock import Value
from .tuyalock.profiles import Dp


@dataclass(frozen=True, kw_only=True)
class LockSettingDescription(LockPartDescription):
    """A setting of a lock, and the DP code that carries it."""

    code: str
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    entity_registry_enabled_default: bool = False


def changeable(code: str, fits: Callable[[Dp], object]) -> Callable[[LockCoordinator], bool]:
    """Return a test for products whose model says that a setting can be changed, and how."""
    return lambda lock: (dp := lock.data.changeable.get(code)) is not None and bool(fits(dp))


class LockSetting(TuyaLockEntity):
    """A setting of a lock; it is shown as the lock reports it."""

    entity_description: LockSettingDescription

    def __init__(self, coordinator: LockCoordinator, description: LockSettingDescription) -> None:
        """Make the entity of a setting that the product's model lets us change."""
        super().__init__(coordinator, description)
        self._dp = coordinator.data.changeable[description.code]

    @property
    def _reported(self) -> Value | None:
        """Return what the lock has reported; None is not known."""
        return self.coordinator.data.state.settings.get(self.entity_description.code)

    async def _async_change(self, value: Value) -> None:
        """Change the setting; returns when the lock has reported it."""
        with self.coordinator.action():
            await self.coordinator.lock.change_setting(self.entity_description.code, value)
