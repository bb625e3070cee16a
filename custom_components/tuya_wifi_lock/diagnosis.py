"""Collects the evidence about a lock, and words the findings for its owner."""

from collections.abc import Mapping
from dataclasses import replace
import time
from typing import TYPE_CHECKING, cast

from homeassistant.const import CONF_DEVICE_ID, CONF_MAC
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.json import JsonObjectType

from .checks import CloudEvidence, Evidence, Finding, State, examine
from .const import CONF_ACCOUNT, DOMAIN
from .coordinator import LockCoordinator
from .texts import async_texts, in_markdown
from .tuyalock import Kind, is_clock_set

if TYPE_CHECKING:
    from .cloud import CloudCoordinator

OTHER_CLIENTS = {"localtuya": "LocalTuya", "tuya_local": "Tuya Local"}
"""Integrations that hold connections to devices in the local network, and their names."""
_URGENCY = {State.PROBLEM: -2, State.ATTENTION: -1}
"""Where a finding that needs its owner comes in a list; the others keep their order."""


def checked_signal(entry_id: str) -> str:
    """Return the dispatcher's signal that a lock was checked, which carries the findings."""
    return f"{DOMAIN}_checked_{entry_id}"


async def async_diagnose(coordinator: LockCoordinator) -> list[Finding]:
    """Ask the cloud project, check everything, and update the repairs; the lock is not woken."""
    if coordinator.cloud:
        await coordinator.cloud.async_check()
    coordinator.checked_at = time.time()
    coordinator.async_update_listeners()
    return check_lock(coordinator)


@callback
def check_lock(coordinator: LockCoordinator) -> list[Finding]:
    """Return the findings of all checks by what is known now."""
    return examine(_evidence(coordinator))


@callback
def condition(coordinator: LockCoordinator, findings: list[Finding]) -> State | None:
    """Return the worst of what was found; None of a lock that was never heard."""
    states = {finding.state for finding in findings}
    for state in (State.PROBLEM, State.ATTENTION):
        if state in states:
            return state
    return State.OK if _heard(coordinator) else None


async def async_as_list(hass: HomeAssistant, findings: list[Finding]) -> str:
    """Return findings in markdown: first, in bold, what needs its owner, the worst on top."""
    shown = [
        replace(one, values={key: in_markdown(text) for key, text in one.values.items()})
        for one in sorted(findings, key=lambda one: _URGENCY.get(one.state, 0))
    ]
    words = await async_in_words(hass, shown)
    lines = [str(words["summary"]), ""]
    for one in cast(list[Mapping[str, str]], words["findings"]):
        seen = f"**{one['seen']}**" if one["state"] in _URGENCY else one["seen"]
        lines.append(" ".join(filter(None, ("-", seen, one["todo"]))))
    return "\n".join(lines)


async def async_in_words(hass: HomeAssistant, findings: list[Finding]) -> JsonObjectType:
    """Return findings in words, as the action does."""
    seen, todo = await async_texts(hass, "finding_seen"), await async_texts(hass, "finding_todo")
    summaries = await async_texts(hass, "finding_summary")
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
                "todo": todo[finding.text].format(**finding.values)
                if finding.text in todo
                else None,
            }
            for finding in findings
        ],
    }


def _evidence(coordinator: LockCoordinator) -> Evidence:
    lock, data = coordinator.lock, coordinator.config_entry.data
    health, passwords = lock.health, lock.passwords
    now, since = time.time(), coordinator.listening_since
    return Evidence(
        now=now,
        listening_since=since if is_clock_set(since) else now,
        heard=_heard(coordinator),
        lock=lock.snapshot,
        address=lock.address,
        wakes=len(health.wakes),
        longest_silence=health.longest_silence,
        dhcp=CONF_MAC in data,
        reported=lock.reported,
        crowded=health.crowded,
        rivals=_other_clients(coordinator),
        opens_remotely=lock.opens_remotely,
        takes_keys=health.takes_keys,
        has_requests=lock.has_requests,
        key_owner=health.key_owner,
        clock_ahead=health.clock_ahead,
        clock_right=health.clock_right,
        clock_behind=lock.clock_behind,
        passwords_waiting=passwords.unsettled if passwords.available else None,
        passwords_failed=tuple(dict.fromkeys(one.name for one in passwords.failed(now))),
        records=len(lock.records(Kind.UNLOCK)),
        cloud=_cloud(coordinator.cloud),
        account_wanted=data.get(CONF_ACCOUNT, False),
        account_trouble=coordinator.account_trouble,
        account_opens=lock.opens_by_account,
    )


def _heard(coordinator: LockCoordinator) -> float | None:
    """Return when the last report came, from any source, in Unix seconds."""
    last, heard = coordinator.data.last_unlock, coordinator.data.state.last_heard
    return max(heard or 0, last.happened) if last else heard


def _other_clients(coordinator: LockCoordinator) -> tuple[str, ...]:
    """Return the names of the local integrations that have the same lock."""
    device_id = coordinator.config_entry.data[CONF_DEVICE_ID]
    return tuple(
        name
        for domain, name in OTHER_CLIENTS.items()
        for entry in coordinator.hass.config_entries.async_loaded_entries(domain)
        if device_id in str(dict(entry.data))
    )


def _cloud(cloud: CloudCoordinator | None) -> CloudEvidence | None:
    if cloud is None:
        return None
    return CloudEvidence(data=cloud.data, failure=cloud.failure, calls=cloud.calls)
