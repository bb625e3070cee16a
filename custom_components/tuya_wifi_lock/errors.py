"""Turns what a lock could not do into words for its owner."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from homeassistant.exceptions import HomeAssistantError

from .cloud_errors import CAUSES, MISTAKES
from .const import DOMAIN
from .tuyalock import (
    Cancelled,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NoRequest,
    NotProven,
    NotSupported,
    Reason,
    RequestOver,
    UnlockRefused,
)
from .tuyalock.errors import (
    CallsUsedUp,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    NoCloud,
    NotConfirmed,
    PasswordRefused,
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
    CallsUsedUp: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_calls_used_up"
    ),
    Cancelled: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="unlock_cancelled"
    ),
    CloudSilent: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_silent"
    ),
    CloudUnreachable: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_unreachable"
    ),
    ConnectionLost: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="connection_lost"
    ),
    KeyIgnored: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="key_ignored"
    ),
    LockAsleep: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="lock_asleep"
    ),
    NoAnswer: partial(HomeAssistantError, translation_domain=DOMAIN, translation_key="no_answer"),
    NoCloud: partial(HomeAssistantError, translation_domain=DOMAIN, translation_key="no_cloud"),
    NoRequest: partial(HomeAssistantError, translation_domain=DOMAIN, translation_key="no_request"),
    NotConfirmed: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="not_confirmed"
    ),
    NotProven: partial(HomeAssistantError, translation_domain=DOMAIN, translation_key="not_proven"),
    NotSupported: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="not_supported"
    ),
    RequestOver: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="request_over"
    ),
}

_REFUSALS = {
    Reason.DOUBLE_LOCKED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="double_locked"
    ),
    Reason.FAILED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="refused"
    ),
    Reason.KEY_INVALID: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="key_invalid"
    ),
    Reason.KEY_NOT_STORED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="key_not_stored"
    ),
    Reason.OUTSIDE_TIME: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="outside_time"
    ),
    Reason.REJECTED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="command_rejected"
    ),
    Reason.USES_EXHAUSTED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="uses_exhausted"
    ),
    Reason.WRONG_KEY: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="wrong_remote_key"
    ),
}
