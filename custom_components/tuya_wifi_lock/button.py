"""What can be pressed at a lock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LockConfigEntry
from .entity import LockPartDescription, TuyaLockEntity, async_add_when_seen
from .tuyalock import Family, TuyaLock

# Not 1: a refusal has to get past an unlock that waits.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockButtonDescription(LockPartDescription, ButtonEntityDescription):
    """Something that a lock can be told."""

    press_fn: Callable[[TuyaLock], Awaitable[None]]


BUTTONS = (
    LockButtonDescription(
        key="refuse_unlock_request",
        exists_fn=lambda lock: lock.data.family is Family.A,
        press_fn=lambda lock: lock.refuse(),
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

    @override
    async def async_press(self) -> None:
        """Tell the lock."""
        with self.coordinator.action():
            await self.entity_description.press_fn(self.coordinator.lock)
