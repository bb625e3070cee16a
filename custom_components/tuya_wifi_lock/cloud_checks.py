"""The checks of how it goes with Tuya's cloud, by what it answered last."""

from .findings import Checks, Evidence, State, Verdict
from .tuya_account import Trouble
from .tuyalock.exceptions import LASTING, Cause

MANY_CALLS = 0.8
"""Part of the calls of a month after which they are running out."""

_GONE = {Trouble.NO_LOGIN, Trouble.SIGNED_OUT, Trouble.NO_LOCK}
_SERVICE = {Cause.NO_LOCK_SERVICE, Cause.TRIAL_EXPIRED}
_QUOTA = {"CallsUsedUp": "cloud_calls_used_up", Cause.QUOTA: "cloud_quota"}

_PASSING = {
    "CloudSilent": "cloud_silent",
    "CloudUnreachable": "cloud_unreachable",
    Cause.BUSY: "cloud_busy",
    Cause.TOKEN: "cloud_token",
}
"""What passes by itself; all else is one question that the cloud does not answer."""


def _cloud(evidence: Evidence) -> Verdict:
    """Find if Tuya's cloud lets us in."""
    if (cloud := evidence.cloud) is None:
        return State.OK, "no_cloud"
    if cloud.failure in _SERVICE | _QUOTA.keys():
        return State.OK, "cloud_account"
    if cloud.failure in LASTING:
        return State.PROBLEM, f"cloud_{cloud.failure}"
    if cloud.failure:
        return State.ATTENTION, _PASSING.get(cloud.failure, "cloud_fails")
    return (State.OK, "cloud_account") if cloud.answered else (State.UNKNOWN, "cloud_not_asked")


def _cloud_service(evidence: Evidence) -> Verdict:
    """Find if the cloud project has what locks need."""
    if (cloud := evidence.cloud) is None:
        return None
    if cloud.failure in _SERVICE:
        return State.PROBLEM, f"cloud_{cloud.failure}"
    if cloud.failure or not cloud.answered:
        return State.UNKNOWN, "cloud_service_unknown"
    return State.OK, "cloud_service"


def _cloud_quota(evidence: Evidence) -> Verdict:
    """Find if calls are left this month."""
    if (cloud := evidence.cloud) is None:
        return None
    values = {"calls": str(cloud.calls)}
    if text := _QUOTA.get(cloud.failure or ""):
        return State.PROBLEM, text, values
    if cloud.calls > MANY_CALLS * cloud.cap:
        return State.ATTENTION, "cloud_many_calls", values
    return State.OK, "cloud_calls", values


def _firmware(evidence: Evidence) -> Verdict:
    """Find if there is newer firmware."""
    if (firmware := evidence.firmware) is None:
        return None
    values = {"installed": firmware.installed, "newest": firmware.newest}
    if firmware.installed != firmware.newest:
        return State.ATTENTION, "firmware_old", values
    return State.OK, "firmware", values


def _account(evidence: Evidence) -> Verdict:
    """Find if the owner's Tuya account tells us of the lock."""
    if (trouble := evidence.account_trouble) is None:
        return State.OK, "account_opens" if evidence.account_opens else "account"
    if trouble in _GONE and not evidence.account_wanted:
        return None
    state = State.UNKNOWN if trouble == Trouble.CONNECTING else State.ATTENTION
    return state, f"account_{trouble}"


CLOUD_CHECKS: Checks = {
    "cloud": _cloud,
    "cloud_service": _cloud_service,
    "cloud_quota": _cloud_quota,
    "firmware": _firmware,
    "account": _account,
}
