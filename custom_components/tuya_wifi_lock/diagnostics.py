"""Diagnostics: only what is named here, nothing that identifies people or places."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant

from .const import (
    CONF_ACCOUNT,
    CONF_CLOUD,
    CONF_PROTOCOL_VERSION,
    CONF_REGION,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
)
from .coordinator import LockConfigEntry, LockCoordinator
from .diagnosis import check_lock
from .texts import iso
from .tuyalock import Kind, LockState, TemporaryPasswords, TuyaLock

if TYPE_CHECKING:
    from .cloud import CloudCoordinator

OPTIONS = (
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: LockConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of a lock."""
    coordinator = entry.runtime_data
    return {
        "options": {name: entry.options[name] for name in OPTIONS if name in entry.options},
        "connection": _connection(coordinator),
        "product": coordinator.lock.describe(),
        "codes_seen": sorted(coordinator.data.state.seen),
        "state": _state(coordinator.data.state),
        "settings": dict(coordinator.data.state.settings),
        "changeable": sorted(coordinator.data.changeable),
        "bolt": {
            "locked": coordinator.data.bolt.locked,
            "assumed": coordinator.data.bolt.assumed,
        },
        "unlocking": coordinator.data.unlocking,
        "requested": coordinator.data.requested,
        "records": _records(coordinator.lock),
        "clock_ahead": coordinator.lock.health.clock_ahead,
        "clock_behind": coordinator.lock.clock_behind,
        "findings": {
            finding.check: [finding.state, finding.text] for finding in check_lock(coordinator)
        },
        "passwords": _passwords(coordinator.lock.passwords),
        "cloud": _cloud(coordinator, coordinator.cloud) if coordinator.cloud else None,
        "account": {
            "wanted": entry.data.get(CONF_ACCOUNT, False),
            "trouble": coordinator.account_trouble,
        },
    }


def _connection(coordinator: LockCoordinator) -> dict[str, Any]:
    lock, snapshot = coordinator.lock, coordinator.data
    problem = snapshot.problem
    return {
        "family": snapshot.family,
        "on_network": lock.on_network,
        "protocol_configured": coordinator.config_entry.data.get(CONF_PROTOCOL_VERSION),
        "protocol_found": lock.address.found_version,
        "announces": lock.address.announces,
        "keep_alive": snapshot.stays,
        "awake": snapshot.awake,
        "key_refused": snapshot.key_refused,
        "problem": type(problem).__name__ if problem else None,
        "wakes": [iso(at) for at in lock.health.wakes],
        "errors": [[iso(at), name] for at, name in lock.health.errors],
    }


def _state(state: LockState) -> dict[str, Any]:
    return {
        "motor_unlocked": state.motor_unlocked,
        "motor_at": iso(state.motor_at),
        "door_open": state.door_open,
        "double_locked": state.double_locked,
        "passage_mode": state.passage_mode,
        "battery": state.battery,
        "battery_level": state.battery_level,
        "request_until": iso(state.request_until),
        "opened_at": iso(state.opened_at),
        "last_heard": iso(state.last_heard),
    }


def _records(lock: TuyaLock) -> dict[str, dict[str, int]]:
    """Return how many unlocks of each kind are stored, and how many were not delivered."""
    records = lock.records(Kind.UNLOCK)
    return {
        "by_age": dict(Counter(str(record.age) for record in records)),
        "by_method": dict(Counter(record.unlock.method for record in records)),
        "by_route": dict(Counter(str(record.source) for record in records)),
        "by_delivery": dict(
            Counter("delivered" if record.delivered else "received" for record in records)
        ),
    }


def _passwords(passwords: TemporaryPasswords) -> dict[str, Any]:
    return {
        "by_phase": dict(Counter(str(password.phase) for password in passwords)),
        "code_length": passwords.code_length,
    }


def _cloud(coordinator: LockCoordinator, cloud: CloudCoordinator) -> dict[str, Any]:
    data = cloud.data
    return {
        "region": coordinator.config_entry.data[CONF_CLOUD][CONF_REGION],
        "calls_this_month": cloud.calls,
        "last_success": iso(data.last_success),
        "last_failure": (
            [iso(data.last_failure[0]), data.last_failure[1].name] if data.last_failure else None
        ),
        "watermark": iso(data.watermark),
        "endpoints": cloud.client.as_dict()["answered"],
    }
