"""Guest codes on the page of a lock, as the frontend shows and changes them."""

from typing import Any

from custom_components.tuya_wifi_lock.const import SUBENTRY_GUEST_CODE
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.common import polled

NO_DAYS: dict[str, Any] = {"days": [], "start": "09:00:00", "end": "12:00:00"}


def page(entry: ConfigEntry) -> dict[str, str]:
    """Return where the codes stand, by name, as the page of the lock shows it."""
    shown = [
        one.title.split(" \u00b7 ")
        for one in entry.subentries.values()
        if one.subentry_type == SUBENTRY_GUEST_CODE
    ]
    assert len(dict(shown)) == len(shown)
    return dict(shown)


def subentry_of(entry: ConfigEntry, name: str) -> str:
    """Return the id of the subentry of a guest."""
    (found,) = [one for one in entry.subentries.values() if one.data["name"] == name]
    return found.subentry_id


async def begin(
    hass: HomeAssistant, entry: ConfigEntry, name: str | None = None, usual: str = "night"
) -> Any:
    """Open the form of a new code for a usual time, or the one of a guest's code."""
    context: dict[str, Any] = {"source": SOURCE_USER}
    if name:
        subentry_id = subentry_of(entry, name)
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    flows = hass.config_entries.subentries
    opened = await flows.async_init((entry.entry_id, SUBENTRY_GUEST_CODE), context=context)
    if opened["type"] is FlowResultType.MENU:
        return await flows.async_configure(opened["flow_id"], {"next_step_id": usual})
    return opened


def filled(form: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """Return what the form suggests, and what somebody types."""
    assert form["type"] is FlowResultType.FORM, form
    suggested = {
        str(field): field.description["suggested_value"]
        for field in form["data_schema"].schema
        if field.description
    }
    weekly = {
        str(field): (field.description or {}).get("suggested_value", NO_DAYS[str(field)])
        for field in form["data_schema"].schema["weekly"].schema.schema
    }
    return {"weekly": weekly} | suggested | typed


async def send(hass: HomeAssistant, form: dict[str, Any], **typed: Any) -> Any:
    """Fill in a form and send it."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], filled(form, **typed)
    )
    await hass.async_block_till_done()
    return result


async def make(hass: HomeAssistant, entry: ConfigEntry, name: str, **typed: Any) -> str:
    """Make a code, and return the digits that the last page shows."""
    result = await send(hass, await begin(hass, entry), name=name, **typed)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "made"), result
    return str(result["description_placeholders"]["code"])


async def delete(hass: HomeAssistant, entry: ConfigEntry, name: str) -> None:
    """Delete the subentry of a guest."""
    hass.config_entries.async_remove_subentry(entry, subentry_of(entry, name))
    await polled(hass)
