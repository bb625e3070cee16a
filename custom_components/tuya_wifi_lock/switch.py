"""Switches: settings of a lock that are on or off."""

from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription

from .entity import LockSetting, LockSettingDescription, async_setup_parts, changeable

# Not 1: settings are changed independently of each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockSwitchDescription(LockSettingDescription, SwitchEntityDescription):
    """A setting that is on or off."""


SWITCHES = tuple(
    LockSwitchDescription(key=key, code=code, exists_fn=changeable(code, lambda dp: dp.is_boolean))
    for key, code in (
        ("passage_mode", "normal_open_switch"),
        ("automatic_lock", "automatic_lock"),
    )
)


class LockSwitch(LockSetting, SwitchEntity):
    """A setting that is on or off."""

    entity_description: LockSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return if it is on; None is not known."""
        reported = self._reported
        return None if reported is None else bool(reported)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on."""
        await self._async_change(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off."""
        await self._async_change(False)


async_setup_entry = partial(async_setup_parts, descriptions=SWITCHES, make=LockSwitch)
