"""The repairs that the findings about a lock call for; each goes with its cause."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .const import DOMAIN
from .coordinator import LockCoordinator
from .findings import Finding

LOOK_EVERY = timedelta(hours=1)
"""How often to look for what time alone brings."""

BATTERY_FAILING: Final = "battery_failing"

ISSUES: Mapping[str, str] = {
    "battery_unreliable": "battery_replace",
    "battery_level_low": "battery_replace",
    "battery_failing": BATTERY_FAILING,
    "battery_level_failing": BATTERY_FAILING,
    "clock_ahead": "clock_wrong",
    "clock_wrong": "clock_wrong",
    "gone": "gone",
    "key_refused": "key_refused",
    "never_heard": "never_heard",
    "remote_not_allowed": "remote_unlock_not_allowed",
    "remote_perhaps_not_allowed": "remote_unlock_not_allowed",
    "silent": "silent",
    "slot_taken": "slot_taken",
    "slot_taken_by": "slot_taken_by",
}
"""Text of a finding -> the repair that it calls for."""


@callback
def async_watch_issues(hass: HomeAssistant, coordinator: LockCoordinator) -> None:
    """Keep the repairs of a lock true until its entry is unloaded."""
    entry = coordinator.config_entry
    last: list[Finding] | None = None
    planned: asyncio.TimerHandle | None = None

    @callback
    def async_look(now: datetime | None = None) -> None:
        nonlocal last, planned
        planned = None
        findings = [one for one in coordinator.diagnosis.findings() if one.text in ISSUES]
        if findings != last:
            last = findings
            _async_show_issues(hass, coordinator, findings)

    @callback
    def async_look_soon() -> None:
        nonlocal planned
        if planned is None:
            # What is due by time runs after all that waits already: unlocks are told first.
            planned = hass.loop.call_later(0, async_look)

    @callback
    def async_forget() -> None:
        if planned:
            planned.cancel()
        async_forget_issues(hass, entry.entry_id, but_ignored=True)

    entry.async_on_unload(async_forget)
    entry.async_on_unload(coordinator.async_add_listener(async_look_soon))
    entry.async_on_unload(
        async_track_time_interval(
            hass, async_look, LOOK_EVERY, name=f"look after {entry.title}", cancel_on_shutdown=True
        )
    )
    async_look()


@callback
def async_forget_issues(hass: HomeAssistant, entry_id: str, *, but_ignored: bool = False) -> None:
    """Take back what the owner of a lock was told; what they ignore is to stay so for a reload."""
    for issue in set(ISSUES.values()):
        issue_id = f"{issue}_{entry_id}"
        shown = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        if shown and not (but_ignored and shown.dismissed_version):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def _async_show_issues(
    hass: HomeAssistant, coordinator: LockCoordinator, findings: list[Finding]
) -> None:
    """Show the repairs that the findings call for, and no other."""
    entry = coordinator.config_entry
    called_for = {ISSUES[finding.text]: finding for finding in findings if finding.text in ISSUES}
    for issue in set(ISSUES.values()):
        issue_id = f"{issue}_{entry.entry_id}"
        if finding := called_for.get(issue):
            failing = issue == BATTERY_FAILING
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR if failing else ir.IssueSeverity.WARNING,
                translation_key=issue,
                translation_placeholders={"lock": entry.title, **finding.values},
            )
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
