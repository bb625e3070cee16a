"""The one repair about Tuya's cloud that a lock can have."""

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .tuyalock.exceptions import LASTING, CallsUsedUp, Cause, CloudError, CloudRefused

PLATFORM = "https://platform.tuya.com"
CALLS_USED_UP = "cloud_calls_used_up"

AT_HOME = {CALLS_USED_UP, f"cloud_{Cause.CLOCK}"}
"""What is not put right on Tuya's developer platform."""

IN_USE = {ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS}
"""When a lock is in use: what it asked before it was let go of may be answered later."""

ISSUES = {CALLS_USED_UP, *(f"cloud_{cause}" for cause in LASTING)}


def issue_of(error: CloudError) -> str | None:
    """Return which repair an error calls for, if it does not pass by itself."""
    if isinstance(error, CallsUsedUp):
        return CALLS_USED_UP
    cause = f"cloud_{error.cause}" if isinstance(error, CloudRefused) else None
    return cause if cause in ISSUES else None


@callback
def async_show_issue(hass: HomeAssistant, entry: ConfigEntry, issue: str) -> None:
    """Tell the owner of a lock what is to be done, and of nothing else about the cloud."""
    if entry.state not in IN_USE:
        return
    async_forget_issues(hass, entry.entry_id, but=issue)
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{entry.entry_id}",
        is_fixable=False,
        learn_more_url=None if issue in AT_HOME else PLATFORM,
        severity=ir.IssueSeverity.WARNING,
        translation_key=issue,
        translation_placeholders={"lock": entry.title},
    )


@callback
def async_forget_issues(hass: HomeAssistant, entry_id: str, but: str | None = None) -> None:
    """Take back what the owner of a lock was told about the cloud."""
    for issue in ISSUES - {but}:
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry_id}")
