"""The entry of an unlock on the Activity page."""

from datetime import datetime

from homeassistant.const import ATTR_ENTITY_ID, ATTR_NAME, EVENT_LOGBOOK_ENTRY
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .dispatcher import Delivery
from .tuyalock import Age, Record

_WAYS = {
    "app": "with the app",
    "bluetooth": "over Bluetooth",
    "combined": "with several keys at once",
    "emergency": "in an emergency",
    "inside": "from inside",
    "other": "in another way",
    "remote": "remotely",
    "voice": "by voice",
}


@callback
def async_log_unlock(hass: HomeAssistant, entity_id: str, name: str, delivery: Delivery) -> None:
    """Write an unlock into the Activity: Front door was unlocked by Alice with fingerprint 3.

    This is Home Assistant's own event for such entries, as the action `logbook.log` fires it. The
    texts of entries are English in all of Home Assistant.
    """
    record = delivery.record
    way = "with a temporary password" if delivery.password_name else _way(record)
    # The Activity page shows the entity's own name in place of the one given here.
    entry = {
        ATTR_NAME: name,
        "message": f"was unlocked by {_who(delivery)} {way}{_when(record)}",
        ATTR_ENTITY_ID: entity_id,
    }
    hass.bus.async_fire(EVENT_LOGBOOK_ENTRY, entry, context=delivery.context)


def _who(delivery: Delivery) -> str:
    """Return who opened it; a guest is known by the name of the temporary password."""
    if delivery.member:
        return delivery.member.name
    if delivery.record.unlock.by_us:
        return "Home Assistant"
    return delivery.password_name or "somebody"


def _way(record: Record) -> str:
    if way := _WAYS.get(record.unlock.method):
        return way
    method, number = record.unlock.method.replace("_", " "), record.unlock.number
    return f"with {method}" if number is None else f"with {method} {number}"


def _when(record: Record) -> str:
    """Return when it was, if that is not now."""
    if record.age is Age.LIVE:
        return ""
    if record.known_time is None:
        return ", some time before"
    local = datetime.fromtimestamp(record.known_time, dt_util.get_default_time_zone())
    return f" on {local:%Y-%m-%d at %H:%M}"
