"""Turns what a lock could not do into words for its owner."""

from collections.abc import Generator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError

from .cloud_errors import CAUSES, MISTAKES, fails
from .const import DOMAIN
from .tuyalock.errors import (
    CallsUsedUp,
    Cancelled,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NoCloud,
    NoRequest,
    NotConfirmed,
    NotProven,
    NotSupported,
    PasswordRefused,
    Reason,
    RequestOver,
    UnlockRefused,
)


@contextmanager
def lock_errors() -> Generator[None]:
    """Turn an error of the lock into a translated one."""
    try:
        yield
    except LockError as err:
        raise _translated(err) from err


@contextmanager
def setting_errors() -> Generator[None]:
    """Turn what can go wrong with a setting into a translated error where that is not the door."""
    try:
        yield
    except LockAsleep as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="setting_asleep"
        ) from err
    except NoAnswer as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="setting_no_answer"
        ) from err


def _translated(err: LockError) -> HomeAssistantError:
    """Return the error in words for the owner."""
    match err:
        case UnlockRefused():
            return _REFUSALS[err.reason]()
        case CloudRefused():
            return CAUSES[err.cause](translation_placeholders={"code": str(err.code)})
        case PasswordRefused():
            return MISTAKES[err.mistake]()
    return _ERRORS[type(err)]()


_ERRORS = {
    CallsUsedUp: fails(translation_domain=DOMAIN, translation_key="cloud_calls_used_up"),
    Cancelled: fails(translation_domain=DOMAIN, translation_key="unlock_cancelled"),
    CloudSilent: fails(translation_domain=DOMAIN, translation_key="cloud_silent"),
    CloudUnreachable: fails(translation_domain=DOMAIN, translation_key="cloud_unreachable"),
    ConnectionLost: fails(translation_domain=DOMAIN, translation_key="connection_lost"),
    KeyIgnored: fails(translation_domain=DOMAIN, translation_key="key_ignored"),
    LockAsleep: fails(translation_domain=DOMAIN, translation_key="lock_asleep"),
    NoAnswer: fails(translation_domain=DOMAIN, translation_key="no_answer"),
    NoCloud: fails(translation_domain=DOMAIN, translation_key="no_cloud"),
    NoRequest: fails(translation_domain=DOMAIN, translation_key="no_request"),
    NotConfirmed: fails(translation_domain=DOMAIN, translation_key="not_confirmed"),
    NotProven: fails(translation_domain=DOMAIN, translation_key="not_proven"),
    NotSupported: fails(translation_domain=DOMAIN, translation_key="not_supported"),
    RequestOver: fails(translation_domain=DOMAIN, translation_key="request_over"),
}

_REFUSALS = {
    Reason.DOUBLE_LOCKED: fails(translation_domain=DOMAIN, translation_key="double_locked"),
    Reason.FAILED: fails(translation_domain=DOMAIN, translation_key="refused"),
    Reason.KEY_INVALID: fails(translation_domain=DOMAIN, translation_key="key_invalid"),
    Reason.KEY_NOT_STORED: fails(translation_domain=DOMAIN, translation_key="key_not_stored"),
    Reason.OUTSIDE_TIME: fails(translation_domain=DOMAIN, translation_key="outside_time"),
    Reason.REJECTED: fails(translation_domain=DOMAIN, translation_key="command_rejected"),
    Reason.USES_EXHAUSTED: fails(translation_domain=DOMAIN, translation_key="uses_exhausted"),
    Reason.WRONG_KEY: fails(translation_domain=DOMAIN, translation_key="wrong_remote_key"),
}
