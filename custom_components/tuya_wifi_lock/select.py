"""Selects: settings of a lock that are one of several values."""

from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription

from .coordinator import LockCoordinator
from .entity import LockSetting, LockSettingDescription, async_setup_parts, changeable

# Not 1: settings are changed independently of each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockSelectDescription(LockSettingDescription, SelectEntityDescription):
    """A setting that is one of several values; the product's model says which ones."""


SELECTS = tuple(
    LockSelectDescription(key=code, code=code, exists_fn=changeable(code, lambda dp: dp.options))
    for code in ("volume", "beep_volume", "language")
)


class LockSelect(LockSetting, SelectEntity):
    """A setting that is one of several values."""

    entity_description: LockSelectDescription

    def __init__(self, coordinator: LockCoordinator, description: LockSelectDescription) -> None:
        super().__init__(coordinator, description)
        self._attr_options = list(self._dp.options)

    @property
    @override
    def current_option(self) -> str | None:
        """Return the value; None is not known."""
        reported = self._reported
        return None if reported is None else str(reported)

    @override
    async def async_select_option(self, option: str) -> None:
        """Select an option."""
        await self._async_change(option)


async_setup_entry = partial(async_setup_parts, descriptions=SELECTS, make=LockSelect)
