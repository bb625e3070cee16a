"""Buttons of a lock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry, LockCoordinator
from .diagnosis import async_diagnose
from .entity import LockPartDescription, TuyaLockEntity, async_add_when_seen

# Not 1: a refusal must not queue behind an unlock that waits.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockButtonDescription(LockPartDescription, ButtonEntityDescription):
    """Description of a button of a lock."""

    press_fn: Callable[[LockCoordinator], Awaitable[object]]
    always_available: bool = False


async def _refuse(coordinator: LockCoordinator) -> None:
    with coordinator.action():
        await coordinator.lock.refuse()


BUTTONS = (
    LockButtonDescription(
        key="diagnose",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=async_diagnose,
        always_available=True,
    ),
    LockButtonDescription(
        key="refuse_request",
        exists_fn=lambda lock: lock.lock.can_refuse,
        by_project=True,
        press_fn=_refuse,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a lock."""
    async_add_when_seen(entry.runtime_data, BUTTONS, LockButton, async_add_entities)


class LockButton(TuyaLockEntity, ButtonEntity):
    """A button of a lock."""

    entity_description: LockButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Return if the lock accepts the local key, where that matters."""
        return self.entity_description.always_available or super().available

    @override
    async def async_press(self) -> None:
        """Press the button."""
        await self.entity_description.press_fn(self.coordinator)
