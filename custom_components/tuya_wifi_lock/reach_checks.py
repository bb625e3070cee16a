"""The checks of how a lock is heard and reached; none of them asks anybody."""

from .findings import Checks, Evidence, State, Verdict, duration
from .tuyalock.exceptions import MalformedFrame, NoHandshake, SlotTaken, WrongVersion

DAY = 86400.0
SILENT_AT_LEAST = 2 * DAY
USUAL_TIMES = 3
"""A lock is silent if it is not heard for so many times the longest usual silence."""
GONE_AFTER = 3600.0
"""Seconds after which a lock that stays on the network is missed."""


def _heard(evidence: Evidence) -> Verdict:
    """Find if the lock is heard as often as usual."""
    if evidence.awake:
        return State.OK, "connected"
    listened = evidence.now - evidence.listening_since
    silence = listened if evidence.heard is None else evidence.now - evidence.heard
    missed = min(silence, listened)
    values = {"silence": duration(silence)}
    if evidence.stays:
        gone = missed > GONE_AFTER
        return (State.PROBLEM, "gone", values) if gone else (State.OK, "just_gone")
    if evidence.heard is None:
        never = missed > SILENT_AT_LEAST
        return (State.ATTENTION, "never_heard", values) if never else (State.UNKNOWN, "not_yet")
    if evidence.longest_silence is None:
        return State.UNKNOWN, "usual_unknown", values
    longest = max(USUAL_TIMES * evidence.longest_silence, SILENT_AT_LEAST)
    if missed > longest:
        usual = duration(evidence.longest_silence)
        return State.ATTENTION, "silent", values | {"usual": usual}
    if silence > longest:
        return State.UNKNOWN, "not_again_yet", values | {"listened": duration(listened)}
    return State.OK, "asleep", values


def _hints(evidence: Evidence) -> Verdict:
    """Find what tells that the lock wakes."""
    if evidence.stays:
        return State.OK, "stays_connected"
    if evidence.announces:
        return State.OK, "announces_and_dhcp" if evidence.dhcp else "announces"
    if not evidence.located:
        return None
    return State.OK, "dials_and_dhcp" if evidence.dhcp else "dials"


def _address(evidence: Evidence) -> Verdict:
    """Find if it is known where the lock is."""
    if evidence.located:
        return State.OK, "located"
    return State.ATTENTION, "not_located"


def _local_key(evidence: Evidence) -> Verdict:
    """Find if the lock takes the local key."""
    if evidence.key_refused:
        return State.PROBLEM, "key_refused"
    if isinstance(evidence.problem, NoHandshake):
        return State.ATTENTION, "no_handshake"
    if evidence.awake or evidence.reported:
        return State.OK, "key_accepted"
    return State.UNKNOWN, "key_untried"


def _version(evidence: Evidence) -> Verdict:
    """Find if both speak the same protocol version."""
    if isinstance(evidence.problem, WrongVersion):
        configured = evidence.version_configured or ""
        announced = evidence.problem.announced
        return State.PROBLEM, "wrong_version", {"version": configured, "announced": announced}
    if isinstance(evidence.problem, MalformedFrame):
        return State.ATTENTION, "garbage"
    if version := evidence.version_configured or evidence.version_found:
        return State.OK, "version", {"version": version}
    return State.UNKNOWN, "version_unknown"


def _connection(evidence: Evidence) -> Verdict:
    """Find if another client has the only connection."""
    taken = isinstance(evidence.problem, SlotTaken)
    values = {"rivals": ", ".join(evidence.rivals)}
    if taken and evidence.rivals:
        return State.PROBLEM, "slot_taken_by", values
    if taken and evidence.crowded:
        return State.PROBLEM, "slot_taken"
    if taken:
        # It may be our own last connection, which the lock has not given up yet.
        return State.ATTENTION, "slot_taken_once"
    if evidence.rivals:
        return State.ATTENTION, "rivals", values
    if evidence.awake or evidence.reported:
        return State.OK, "slot_free"
    return State.UNKNOWN, "slot_unknown"


REACH_CHECKS: Checks = {
    "heard": _heard,
    "hints": _hints,
    "address": _address,
    "local_key": _local_key,
    "protocol_version": _version,
    "connection": _connection,
}
