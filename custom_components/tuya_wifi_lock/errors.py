"""Errors of the lock, as Home Assistant shows them."""

from collections.abc import Generator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .tuyalock import LockError


@contextmanager
def lock_errors() -> Generator[None]:
    """Raise an error of the lock as the translated error of an action."""
    try:
        yield
    except LockError as err:
        if err.text is None:
            raise
        error = ServiceValidationError if err.is_callers_mistake else HomeAssistantError
        raise error(
            translation_domain=err.text.translation_domain,
            translation_key=err.text.translation_key,
            translation_placeholders=dict(err.translation_placeholders),
        ) from err
