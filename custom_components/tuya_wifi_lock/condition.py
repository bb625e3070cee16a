"""The conditions that Home Assistant offers in the automation editor."""

from abc import abstractmethod
from datetime import timedelta
import time
from typing import ClassVar, Final, Unpack, cast, override

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import LockCoordinator
from .targets import MATCH_OPTIONS, Whose, covers, locks_of, mismatch, with_options
from .tuyalock import CLOCK_AHEAD, Age, Kind

CONF_WITHIN: Final = "within"


class LockCondition(Condition):
    """Base of the conditions: true if it is true for one lock of the target."""

    _schema: ClassVar[vol.Schema]

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options."""
        return cast(ConfigType, cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        self._target = config.target or {}
        self._options = config.options or {}

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        locks = locks_of(self._hass, self._target, primary_entities_only=False)
        return any(
            self._is_met(entry.runtime_data, whose)
            for entry in self._hass.config_entries.async_loaded_entries(DOMAIN)
            if (whose := locks.get(entry.entry_id))
        )

    @abstractmethod
    def _is_met(self, lock: LockCoordinator, whose: Whose) -> bool:
        """Return if the condition is true for one lock."""


class UnlockRequestedCondition(LockCondition):
    """Somebody at the door asks to be let in, right now."""

    _schema = with_options({})

    @override
    def _is_met(self, lock: LockCoordinator, whose: Whose) -> bool:
        return lock.data.requested


class UnlockedByCondition(LockCondition):
    """Somebody or something has unlocked the door not long ago."""

    _schema = with_options({**MATCH_OPTIONS, vol.Required(CONF_WITHIN): cv.positive_time_period})

    @override
    def _is_met(self, lock: LockCoordinator, whose: Whose) -> bool:
        """Look through the journal; an unlock of unknown age may be too old."""
        within: timedelta = self._options[CONF_WITHIN]
        now = time.time()
        for record in lock.lock.records(Kind.UNLOCK):
            ago = now - record.happened
            # What lies ahead is of a time when our clock was right, while it is not set.
            if record.age is Age.UNKNOWN or not -CLOCK_AHEAD <= ago <= within.total_seconds():
                continue
            member = lock.owner(record.unlock)
            if covers(whose, member) and not mismatch(
                self._hass, self._options, record.unlock, member
            ):
                return True
        return False


CONDITIONS: dict[str, type[Condition]] = {
    "is_unlock_requested": UnlockRequestedCondition,
    "was_unlocked_by": UnlockedByCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of this integration."""
    return CONDITIONS
