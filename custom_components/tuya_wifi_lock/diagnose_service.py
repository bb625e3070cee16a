"""The action that tells how it stands with a lock, in words for its owner."""

from collections.abc import Mapping

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_extract_entity_ids
from homeassistant.util.json import JsonObjectType

from .const import DOMAIN
from .coordinator import LockCoordinator
from .findings import Finding, State
from .triggers.targets import ours
from .words import async_words

DIAGNOSE = "diagnose"


@callback
def async_setup_diagnose(hass: HomeAssistant) -> None:
    """Register the action.

    It is no action of the entity, because it is wanted most while the lock is not available.
    """
    hass.services.async_register(
        DOMAIN,
        DIAGNOSE,
        _async_tell_all,
        schema=cv.make_entity_service_schema({}),
        supports_response=SupportsResponse.ONLY,
    )


async def async_diagnose(coordinator: LockCoordinator) -> list[Finding]:
    """Look anew how it stands with a lock; its repairs follow, unless it was unloaded meanwhile."""
    await coordinator.diagnosis.async_ask()
    coordinator.async_update_listeners()
    return coordinator.diagnosis.findings()


async def _async_tell_all(call: ServiceCall) -> ServiceResponse:
    """Tell how it stands with the locks that are meant."""
    hass = call.hass
    answer: JsonObjectType = {}
    for entity in ours(hass, await async_extract_entity_ids(call)):
        entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
        if entity.domain == LOCK_DOMAIN and entry and entry.state is ConfigEntryState.LOADED:
            findings = await async_diagnose(entry.runtime_data)
            answer[entity.entity_id] = await _async_tell(hass, findings)
    return answer


async def _async_tell(hass: HomeAssistant, findings: list[Finding]) -> JsonObjectType:
    """Return findings in words."""
    seen, todo = await async_words(hass, "finding_seen"), await async_words(hass, "finding_todo")
    summaries = await async_words(hass, "finding_summary")
    states = [finding.state for finding in findings]
    problems, attention = states.count(State.PROBLEM), states.count(State.ATTENTION)
    summary = summaries["some" if problems or attention else "none"]
    return {
        "summary": summary.format(problems=problems, attention=attention),
        "findings": [
            {
                "check": finding.check,
                "state": finding.state.value,
                "seen": seen[finding.text].format(**finding.values),
                "todo": _told(todo, finding),
            }
            for finding in findings
        ],
    }


def _told(words: Mapping[str, str], finding: Finding) -> str | None:
    """Return what is to be done about a finding, if anything is."""
    text = words.get(finding.text)
    return text.format(**finding.values) if text else None
