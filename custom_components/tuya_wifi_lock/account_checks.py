"""The check of how it goes with the owner's Tuya account."""

from collections.abc import Mapping

from .findings import Checks, Evidence, State, Verdict
from .tuya_account import Trouble

_GONE: Mapping[str, str] = {
    Trouble.NO_LOGIN: "account_no_login",
    Trouble.SIGNED_OUT: "account_signed_out",
    Trouble.NO_LOCK: "account_no_lock",
}
_OTHER: Mapping[str, tuple[State, str]] = {
    Trouble.CONNECTING: (State.UNKNOWN, "account_connecting"),
    Trouble.OFFLINE: (State.ATTENTION, "account_offline"),
    Trouble.UNEXPECTED: (State.ATTENTION, "account_unexpected"),
}


def _account(evidence: Evidence) -> Verdict:
    """Find if the Tuya account tells us of the lock."""
    if (trouble := evidence.account_trouble) is None:
        return State.OK, "account_opens" if evidence.account_opens else "account"
    if text := _GONE.get(trouble):
        return (State.ATTENTION, text) if evidence.account_wanted else None
    return _OTHER[trouble]


ACCOUNT_CHECKS: Checks = {"account": _account}
