"""Buttons of a lock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components import persistent_notification
from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN
from .coordinator import LockCoordinator
from .diagnosis import async_as_list, async_diagnose
from .entity import LockPartDescription, TuyaLockEntity, async_setup_parts

# Not 1: a refusal must not queue behind an unlock that waits.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockButtonDescription(LockPartDescription, ButtonEntityDescription):
    """Description of a button of a lock."""

    press_fn: Callable[[LockCoordinator], Awaitable[object]]
    always_available: bool = False
    """Also while the lock itself is not."""


async def _refuse(coordinator: LockCoordinator) -> None:
    with coordinator.action():
        await coordinator.lock.refuse()


async def _check(coordinator: LockCoordinator) -> None:
    """Check the lock, and answer with a notification."""
    hass, entry = coordinator.hass, coordinator.config_entry
    findings = await async_as_list(hass, await async_diagnose(coordinator))
    persistent_notification.async_create(
        hass, findings, title=entry.title, notification_id=f"{DOMAIN}_check_{entry.entry_id}"
    )


async def _call_off_unlock(coordinator: LockCoordinator) -> None:
    if not coordinator.lock.call_off_unlock():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_unlock_waits")


BUTTONS = (
    LockButtonDescription(
        key="call_off_unlock",
        exists_fn=lambda lock: lock.lock.on_network and lock.lock.opens_remotely is not False,
        # Dashboards mark a button that is unavailable; a press without an unlock says so.
        press_fn=_call_off_unlock,
    ),
    LockButtonDescription(
        key="diagnose",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=_check,
        always_available=True,
    ),
    LockButtonDescription(
        key="refuse_request",
        exists_fn=lambda lock: lock.lock.can_refuse,
        by_project=True,
        press_fn=_refuse,
    ),
)


class LockButton(TuyaLockEntity, ButtonEntity):
    """A button of a lock."""

    entity_description: LockButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Return if it can be pressed."""
        return self.entity_description.always_available or self.coordinator.available

    @override
    async def async_press(self) -> None:
        """Press the button."""
        await self.entity_description.press_fn(self.coordinator)


async_setup_entry = partial(async_setup_parts, descriptions=BUTTONS, make=LockButton)
