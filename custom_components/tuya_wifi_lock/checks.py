"""The checks of a lock: each looks at the evidence and finds one thing, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .const import Trouble
from .tuyalock import MAX_CALLS, Address, CloudError, Family, Snapshot, is_clock_set

if TYPE_CHECKING:
    from .cloud import CloudData

DAY = 86400.0
SILENT_AT_LEAST = 2 * DAY
USUAL_TIMES = 3
"""A lock is silent after so many times its longest usual silence."""
GONE_AFTER = 3600.0
"""Seconds after which a lock that stays on the network is missed so much that its owner is asked
to do something."""

REPLACE_BATTERY = 20
UNRELIABLE_BATTERY = 15
FAILING_BATTERY = 5
"""Percent."""

CLOCK_OFF = 60.0
"""Seconds by which a lock's clock may be off."""

MANY_CALLS = 0.8 * MAX_CALLS
"""Calls in a month after which they are running out."""

_GONE = {
    Trouble.NO_LOGIN,
    Trouble.DISABLED,
    Trouble.WAITING,
    Trouble.SIGNED_OUT,
    Trouble.NO_LOCK,
}
_SERVICE = {"cloud_no_lock_service", "cloud_trial_expired"}
_QUOTA = {"cloud_calls_used_up", "cloud_quota"}
_PASSING = {"cloud_silent", "cloud_unreachable", "cloud_busy", "cloud_token"}
"""What passes by itself; all else is one call that the cloud refuses."""


class State(StrEnum):
    """The result of a check."""

    OK = "ok"
    ATTENTION = "attention"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvidence:
    """Evidence about Tuya's cloud."""

    data: CloudData
    failure: CloudError | None
    """Why it fails at present."""
    calls: int

    @property
    def key(self) -> str | None:
        """Return the key of the text of the failure."""
        return self.failure.text.translation_key if self.failure else None

    @property
    def answered(self) -> bool:
        """Return if it has ever answered."""
        return self.data.last_success is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks look at. Times are Unix seconds, durations seconds."""

    now: float
    listening_since: float
    heard: float | None
    lock: Snapshot
    address: Address
    wakes: int
    longest_silence: float | None
    dhcp: bool
    """Its MAC address is known, so that Home Assistant notices its DHCP requests."""
    reported: bool
    """It has sent something that only the right local key deciphers."""
    crowded: bool
    rivals: tuple[str, ...]
    """Local integrations that have the same lock."""
    opens_remotely: bool | None
    takes_keys: bool | None
    has_requests: bool
    """Somebody at the door can ask to be let in, as far as is known."""
    key_owner: str | None
    clock_ahead: float | None
    clock_right: bool | None
    clock_behind: float | None
    passwords_waiting: int | None
    """None without a cloud project."""
    passwords_failed: tuple[str, ...]
    """Names of those that the lock has not accepted as requested."""
    records: int
    cloud: CloudEvidence | None
    account_wanted: bool
    """The owner has set up the lock from a Tuya account."""
    account_trouble: str | None
    """Why an account does not deliver what the lock reports; None if it does."""
    account_opens: bool
    """The lock can be opened through the account during a request at the door."""

    @property
    def allowed(self) -> bool | None:
        """Return if the owner allows remote unlocking in the app."""
        return self.cloud.data.allowed if self.cloud else None

    @property
    def problem(self) -> str | None:
        """Return what is wrong with the connection to a lock that answered."""
        return self.lock.problem.connection_problem if self.lock.problem else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found; `text` is the key of its translation."""

    check: str
    state: State
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


type Verdict = tuple[State, str] | tuple[State, str, Mapping[str, str]] | None
"""A state, a text and its values; None if the check does not concern this lock."""
type Check = Callable[[Evidence], Verdict]


def examine(evidence: Evidence) -> list[Finding]:
    """Return the findings of all checks that concern this lock."""
    checks = {**CHECKS, **({} if evidence.address.on_network else _BEHIND_GATEWAY)}
    verdicts = ((name, check(evidence)) for name, check in checks.items() if check)
    return [Finding(name, *verdict) for name, verdict in verdicts if verdict]


def duration(seconds: float) -> str:
    """Return a duration in round figures, with symbols that all languages know."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


# The network: none of these checks sends anything


def _heard(evidence: Evidence) -> Verdict:
    """Check if the lock wakes as often as usual."""
    if evidence.lock.awake:
        return State.OK, "connected"
    if not is_clock_set(evidence.now):
        return None
    listened = evidence.now - evidence.listening_since
    silence = listened if evidence.heard is None else evidence.now - evidence.heard
    missed = min(silence, listened)
    values = {"silence": duration(silence)}
    if evidence.lock.stays and missed > GONE_AFTER:
        return State.PROBLEM, "gone", values
    if evidence.lock.missing:
        # Who has only restarted the router needs no repair.
        return State.PROBLEM, "missing"
    if evidence.lock.stays:
        return State.OK, "just_gone"
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
    """Check what shows that the lock wakes."""
    if evidence.lock.stays:
        return State.OK, "stays_connected"
    if evidence.address.announces:
        return State.OK, "announces_and_dhcp" if evidence.dhcp else "announces"
    if evidence.address.host is None:
        return None
    return State.OK, "dials_and_dhcp" if evidence.dhcp else "dials"


def _address(evidence: Evidence) -> Verdict:
    if evidence.problem == "other_device":
        return State.PROBLEM, "other_device"
    if evidence.address.host is not None:
        return State.OK, "located"
    return State.ATTENTION, "not_located"


def _local_key(evidence: Evidence) -> Verdict:
    if evidence.lock.key_refused:
        return State.PROBLEM, "key_refused"
    if evidence.problem == "key_or_version":
        return State.ATTENTION, "no_handshake"
    if evidence.lock.awake or evidence.reported:
        return State.OK, "key_accepted"
    if evidence.problem == "not_proven":
        return State.ATTENTION, "key_not_proven"
    return State.UNKNOWN, "key_untried"


def _version(evidence: Evidence) -> Verdict:
    if (problem := evidence.lock.problem) and evidence.problem == "wrong_version":
        values = {"version": evidence.address.version or "", **problem.translation_placeholders}
        return State.PROBLEM, "wrong_version", values
    if evidence.problem == "garbage":
        return State.ATTENTION, "garbage"
    if version := evidence.address.version or evidence.address.found_version:
        return State.OK, "version", {"version": version}
    return State.UNKNOWN, "version_unknown"


def _connection(evidence: Evidence) -> Verdict:
    """Check if another client holds the only connection."""
    taken = evidence.problem == "slot_taken"
    values = {"rivals": ", ".join(evidence.rivals)}
    if taken and evidence.rivals:
        return State.PROBLEM, "slot_taken_by", values
    if taken and evidence.crowded:
        return State.PROBLEM, "slot_taken"
    if taken:
        # It may be our own last connection, which the lock has not given up yet.
        return State.UNKNOWN, "slot_taken_once"
    if evidence.rivals:
        return State.ATTENTION, "rivals", values
    if evidence.lock.awake or evidence.reported:
        return State.OK, "slot_free"
    return State.UNKNOWN, "slot_unknown"


# The door


def _remote_unlock(evidence: Evidence) -> Verdict:
    """Check if the product can be opened remotely at all."""
    if evidence.opens_remotely is None:
        return State.UNKNOWN, "remote_unknown"
    if not evidence.opens_remotely:
        return State.ATTENTION, "remote_unsupported"
    return State.OK, "remote_by_reply" if evidence.lock.family is Family.A else "remote_by_key"


def _remote_allowed(evidence: Evidence) -> Verdict:
    """Check if the owner allows remote unlocking."""
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
    """Check if the lock would open remotely now."""
    if evidence.opens_remotely is False or evidence.lock.stays or not evidence.has_requests:
        return None
    return State.OK, "request_open" if evidence.lock.requested else "request_closed"


def _remote_key(evidence: Evidence) -> Verdict:
    """Check whose remote key the lock has."""
    if evidence.opens_remotely is not True or evidence.lock.family is Family.A:
        return None
    match evidence.key_owner:
        case "us":
            return State.OK, "key_ours"
        case "cloud":
            return State.OK, "key_of_cloud"
        case "nobody":
            return State.ATTENTION, "key_of_nobody"
    return State.UNKNOWN, "key_owner_unknown"


def _clock(evidence: Evidence) -> Verdict:
    if not is_clock_set(evidence.now):
        return State.PROBLEM, "home_clock"
    if evidence.clock_ahead is not None:
        return State.PROBLEM, "clock_ahead", {"ahead": duration(evidence.clock_ahead)}
    behind = evidence.clock_behind or 0.0
    if behind > CLOCK_OFF:
        return State.PROBLEM, "clock_behind", {"behind": duration(behind)}
    if behind < -CLOCK_OFF:
        return State.PROBLEM, "clock_ahead", {"ahead": duration(-behind)}
    if evidence.clock_right is False:
        return State.PROBLEM, "clock_wrong"
    if evidence.clock_right:
        return State.OK, "clock_right"
    return State.UNKNOWN, "clock_unknown"


def _battery(evidence: Evidence) -> Verdict:
    if (battery := evidence.lock.state.battery) is None:
        return _battery_level(evidence)
    values = {"percent": str(battery)}
    if battery <= FAILING_BATTERY:
        return State.PROBLEM, "battery_failing", values
    if battery <= UNRELIABLE_BATTERY:
        return State.PROBLEM, "battery_unreliable", values
    if battery <= REPLACE_BATTERY:
        return State.ATTENTION, "battery_replace", values
    return State.OK, "battery", values


def _battery_level(evidence: Evidence) -> Verdict:
    """Check the batteries of a lock that does not measure percent."""
    match evidence.lock.state.battery_level:
        case "poweroff":
            return State.PROBLEM, "battery_level_failing"
        case "low":
            return State.PROBLEM, "battery_level_low"
        case None:
            # What stays on the network has no batteries.
            return None if evidence.lock.stays else (State.UNKNOWN, "battery_unknown")
    return State.OK, "battery_level"


def _passwords(evidence: Evidence) -> Verdict:
    """Check if temporary passwords have reached the lock."""
    if evidence.passwords_waiting is None:
        return None
    if evidence.passwords_failed:
        return State.PROBLEM, "passwords_failed", {"names": ", ".join(evidence.passwords_failed)}
    if evidence.passwords_waiting:
        return State.ATTENTION, "passwords_waiting", {"count": str(evidence.passwords_waiting)}
    return State.OK, "passwords_settled"


def _records(evidence: Evidence) -> Verdict:
    """Check if unlocks are recorded."""
    if evidence.records:
        return State.OK, "records"
    if evidence.longest_silence is not None:
        return State.ATTENTION, "no_records", {"wakes": str(evidence.wakes)}
    return State.UNKNOWN, "no_records_yet"


# Tuya's cloud and account


def _cloud(evidence: Evidence) -> Verdict:
    """Check if Tuya's cloud accepts the project."""
    if (cloud := evidence.cloud) is None:
        return None
    if (key := cloud.key) in _SERVICE | _QUOTA:
        return State.OK, "cloud_account"
    if key and cloud.failure:
        if cloud.failure.is_lasting:
            return State.PROBLEM, key
        return State.ATTENTION, key if key in _PASSING else "cloud_fails"
    return (State.OK, "cloud_account") if cloud.answered else (State.UNKNOWN, "cloud_not_asked")


def _cloud_service(evidence: Evidence) -> Verdict:
    """Check if the cloud project has the services that locks need."""
    if (cloud := evidence.cloud) is None:
        return None
    if (key := cloud.key) and key in _SERVICE:
        return State.PROBLEM, key
    if cloud.failure or not cloud.answered:
        return State.UNKNOWN, "cloud_service_unknown"
    return State.OK, "cloud_service"


def _cloud_quota(evidence: Evidence) -> Verdict:
    """Check if calls are left this month."""
    if (cloud := evidence.cloud) is None:
        return None
    values = {"calls": str(cloud.calls)}
    if (key := cloud.key) and key in _QUOTA:
        return State.PROBLEM, key, values
    if cloud.calls > MANY_CALLS:
        return State.ATTENTION, "cloud_many_calls", values
    return State.OK, "cloud_calls", values


def _firmware(evidence: Evidence) -> Verdict:
    if not evidence.cloud or (firmware := evidence.cloud.data.firmware) is None:
        return None
    values = {"installed": firmware.installed, "newest": firmware.newest}
    if firmware.installed != firmware.newest:
        return State.ATTENTION, "firmware_old", values
    return State.OK, "firmware", values


def _account(evidence: Evidence) -> Verdict:
    """Check if the owner's Tuya account delivers what the lock reports."""
    if (trouble := evidence.account_trouble) is None:
        return State.OK, "account_opens" if evidence.account_opens else "account"
    if trouble in _GONE and not evidence.account_wanted:
        return None
    passing = trouble in {Trouble.CONNECTING, Trouble.WAITING}
    state = State.UNKNOWN if passing else State.ATTENTION
    return state, f"account_{trouble}"


CHECKS: Mapping[str, Check] = {
    "heard": _heard,
    "hints": _hints,
    "address": _address,
    "local_key": _local_key,
    "protocol_version": _version,
    "connection": _connection,
    "remote_unlock": _remote_unlock,
    "remote_unlock_allowed": _remote_allowed,
    "unlock_request": _request,
    "remote_key": _remote_key,
    "clock": _clock,
    "battery": _battery,
    "passwords": _passwords,
    "records": _records,
    "cloud": _cloud,
    "cloud_service": _cloud_service,
    "cloud_quota": _cloud_quota,
    "firmware": _firmware,
    "account": _account,
}
"""All checks, in the order in which their findings are shown."""


def _heard_through_tuya(evidence: Evidence) -> Verdict:
    """Say when a lock behind a gateway was heard last; how often it reports depends on its use."""
    if evidence.heard is None:
        return State.UNKNOWN, "through_tuya_not_yet"
    silence = duration(evidence.now - evidence.heard)
    return State.OK, "heard_through_tuya", {"silence": silence}


def _remote_unlock_through_tuya(evidence: Evidence) -> Verdict:
    """Check if anything opens a lock behind a gateway."""
    if evidence.cloud:
        return State.OK, "remote_by_project"
    if evidence.account_opens:
        return State.OK, "remote_by_account"
    return State.ATTENTION, "remote_needs_project"


def _account_of_gateway(evidence: Evidence) -> Verdict:
    """Check if anything reports what a lock behind a gateway does."""
    if evidence.account_trouble is None:
        return State.OK, "account_hears"
    if evidence.account_trouble == Trouble.CONNECTING:
        return _account(evidence)
    if evidence.cloud is None:
        return State.PROBLEM, "through_tuya_not_heard"
    state = State.ATTENTION if evidence.account_wanted else State.OK
    return state, "through_tuya_late"


_BEHIND_GATEWAY: Mapping[str, Check | None] = {
    "heard": _heard_through_tuya,
    "account": _account_of_gateway,
    "remote_unlock": _remote_unlock_through_tuya,
    "hints": None,
    "address": None,
    "local_key": None,
    "protocol_version": None,
    "connection": None,
    "unlock_request": None,
    "remote_key": None,
}
"""What is checked in another way, or not at all, for a lock that is used through Tuya alone."""
