"""The checks of remote unlocking, clock, batteries, passwords and records of a lock."""

from .findings import Checks, Evidence, State, Verdict, duration
from .tuyalock import Family
from .tuyalock.health import USUAL_AFTER, KeyOwner

REPLACE_BATTERY = 20
UNRELIABLE_BATTERY = 15
FAILING_BATTERY = 5
"""Percent."""


def _remote_unlock(evidence: Evidence) -> Verdict:
    """Find if the product can be opened remotely at all."""
    if evidence.opens_remotely is None:
        return State.UNKNOWN, "remote_unknown"
    if not evidence.opens_remotely:
        return State.ATTENTION, "remote_unsupported"
    return State.OK, "remote_by_reply" if evidence.family is Family.A else "remote_by_key"


def _remote_allowed(evidence: Evidence) -> Verdict:
    """Find if the owner allows remote unlocking."""
    if evidence.opens_remotely is False:
        return None
    if evidence.allowed is False:
        return State.PROBLEM, "remote_not_allowed"
    if evidence.takes_keys is False:
        state = State.ATTENTION if evidence.allowed else State.PROBLEM
        return state, "remote_key_refused" if evidence.allowed else "remote_perhaps_not_allowed"
    if evidence.allowed or evidence.takes_keys:
        return State.OK, "remote_allowed"
    return State.UNKNOWN, "remote_allowed_unknown"


def _request(evidence: Evidence) -> Verdict:
    """Find if the lock would open remotely now."""
    if evidence.opens_remotely is False or evidence.stays:
        return None
    return State.OK, "request_open" if evidence.requested else "request_closed"


def _remote_key(evidence: Evidence) -> Verdict:
    """Find whose remote key the lock has."""
    if evidence.opens_remotely is not True or evidence.family is Family.A:
        return None
    match evidence.key_owner:
        case KeyOwner.US:
            return State.OK, "key_ours"
        case KeyOwner.CLOUD:
            return State.OK, "key_of_cloud"
        case KeyOwner.NOBODY:
            return State.ATTENTION, "key_of_nobody"
    return State.UNKNOWN, "key_owner_unknown"


def _clock(evidence: Evidence) -> Verdict:
    """Find if the lock's clock is right."""
    if evidence.clock_ahead is not None:
        return State.PROBLEM, "clock_ahead", {"ahead": duration(evidence.clock_ahead)}
    if evidence.clock_right is False:
        return State.PROBLEM, "clock_wrong"
    if evidence.clock_right:
        return State.OK, "clock_right"
    return State.UNKNOWN, "clock_unknown"


def _battery(evidence: Evidence) -> Verdict:
    """Find if the batteries will do."""
    if evidence.battery is None:
        return _battery_level(evidence)
    values = {"percent": str(evidence.battery)}
    if evidence.battery <= FAILING_BATTERY:
        return State.PROBLEM, "battery_failing", values
    if evidence.battery <= UNRELIABLE_BATTERY:
        return State.PROBLEM, "battery_unreliable", values
    if evidence.battery <= REPLACE_BATTERY:
        return State.ATTENTION, "battery_replace", values
    return State.OK, "battery", values


def _battery_level(evidence: Evidence) -> Verdict:
    """Find if the batteries of a lock that does not measure percent will do."""
    match evidence.battery_level:
        case "poweroff":
            return State.PROBLEM, "battery_level_failing"
        case "low":
            return State.PROBLEM, "battery_level_low"
        case None:
            # What stays on the network has no batteries.
            return None if evidence.stays else (State.UNKNOWN, "battery_unknown")
    return State.OK, "battery_level"


def _passwords(evidence: Evidence) -> Verdict:
    """Find if temporary passwords have reached the lock."""
    if evidence.passwords_waiting is None:
        return None
    if evidence.passwords_failed:
        return State.PROBLEM, "passwords_failed", {"names": ", ".join(evidence.passwords_failed)}
    if evidence.passwords_waiting:
        return State.ATTENTION, "passwords_waiting", {"count": str(evidence.passwords_waiting)}
    return State.OK, "passwords_settled"


def _records(evidence: Evidence) -> Verdict:
    """Find if unlocks are told."""
    if evidence.records:
        return State.OK, "records"
    if evidence.wakes >= USUAL_AFTER:
        return State.ATTENTION, "no_records", {"wakes": str(evidence.wakes)}
    return State.UNKNOWN, "no_records_yet"


DOOR_CHECKS: Checks = {
    "remote_unlock": _remote_unlock,
    "remote_unlock_allowed": _remote_allowed,
    "unlock_request": _request,
    "remote_key": _remote_key,
    "clock": _clock,
    "battery": _battery,
    "passwords": _passwords,
    "records": _records,
}
