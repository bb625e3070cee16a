"""The triggers that Home Assistant offers in the automation editor."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

from .triggers.alarm import AlarmRaisedTrigger
from .triggers.duress import DuressTrigger
from .triggers.request import UnlockRequestedTrigger
from .triggers.unlock import MemberCameHomeTrigger, UnknownNumberTrigger, UnlockedTrigger

TRIGGERS: dict[str, type[Trigger]] = {
    "alarm_raised": AlarmRaisedTrigger,
    "duress": DuressTrigger,
    "member_came_home": MemberCameHomeTrigger,
    "unknown_number_used": UnknownNumberTrigger,
    "unlock_requested": UnlockRequestedTrigger,
    "unlocked": UnlockedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
