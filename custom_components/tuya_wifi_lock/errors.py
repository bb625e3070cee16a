"""Turns what a lock could not do into words for its owner."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from homeassistant.exceptions import HomeAssistantError

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


@contextmanager
def lock_errors() -> Generator[None]:
    """Turn an error of the lock into a translated one."""
    try:
        yield
    except LockError as err:
        refusal = err.reason if isinstance(err, UnlockRefused) else None
        translated = _REFUSALS[refusal] if refusal else _ERRORS[type(err)]
        raise translated() from err


_ERRORS = {
    Cancelled: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="unlock_cancelled"
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
    NoRequest: partial(HomeAssistantError, translation_domain=DOMAIN, translation_key="no_request"),
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
