"""The checks of how it goes with Tuya's cloud, by what it answered last."""

from collections.abc import Mapping

from .findings import Checks, Evidence, State, Verdict
from .tuyalock.errors import Cause

MANY_CALLS = 0.8
"""Part of the calls of a month after which they are running out."""

_ACCOUNT: Mapping[str, str] = {
    Cause.CLOCK: "cloud_clock",
    Cause.IP_DENIED: "cloud_ip_denied",
    Cause.NO_PERMISSION: "cloud_no_permission",
    Cause.WRONG_REGION: "cloud_wrong_region",
    Cause.WRONG_SECRET: "cloud_wrong_secret",
}
_SERVICE: Mapping[str, str] = {
    Cause.NO_LOCK_SERVICE: "cloud_no_lock_service",
    Cause.TRIAL_EXPIRED: "cloud_trial_expired",
}
_QUOTA: Mapping[str, str] = {"CallsUsedUp": "cloud_calls_used_up", Cause.QUOTA: "cloud_quota"}


def _cloud(evidence: Evidence) -> Verdict:
    """Find if Tuya's cloud lets us in."""
    if (cloud := evidence.cloud) is None:
        return State.OK, "no_cloud"
    if text := _ACCOUNT.get(cloud.failure or ""):
        return State.PROBLEM, text
    if cloud.failure in _SERVICE.keys() | _QUOTA.keys():
        return State.OK, "cloud_account"
    if cloud.failure:
        return State.ATTENTION, "cloud_fails", {"failure": cloud.failure.replace("_", " ")}
    return (State.OK, "cloud_account") if cloud.answered else (State.UNKNOWN, "cloud_not_asked")


def _cloud_service(evidence: Evidence) -> Verdict:
    """Find if the cloud project has what locks need."""
    if (cloud := evidence.cloud) is None:
        return None
    if text := _SERVICE.get(cloud.failure or ""):
        return State.PROBLEM, text
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


CLOUD_CHECKS: Checks = {
    "cloud": _cloud,
    "cloud_service": _cloud_service,
    "cloud_quota": _cloud_quota,
    "firmware": _firmware,
}
