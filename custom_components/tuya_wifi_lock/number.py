"""Numbers: settings of a lock that are numbers."""

from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
)
from homeassistant.const import UnitOfTime

from .coordinator import LockCoordinator
from .entity import LockSetting, LockSettingDescription, async_setup_parts, changeable

# Not 1: settings are changed independently of each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockNumberDescription(LockSettingDescription, NumberEntityDescription):
    """A setting that is a number; the product's model says which ones it can be."""


NUMBERS = (
    LockNumberDescription(
        key="auto_lock_time",
        code="auto_lock_time",
        device_class=NumberDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        exists_fn=changeable("auto_lock_time", lambda dp: dp.range),
    ),
)


class LockNumber(LockSetting, NumberEntity):
    """A setting that is a number."""

    entity_description: LockNumberDescription

    def __init__(self, coordinator: LockCoordinator, description: LockNumberDescription) -> None:
        super().__init__(coordinator, description)
        if self._dp.range:
            self._attr_native_min_value, self._attr_native_max_value = self._dp.range
        self._attr_native_step = self._dp.step

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number; None is not known."""
        reported = self._reported
        return None if reported is None else int(reported)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number."""
        await self._async_change(int(value))


async_setup_entry = partial(async_setup_parts, descriptions=NUMBERS, make=LockNumber)
