"""Words for the owner about Tuya's cloud and about wishes for temporary passwords."""

from collections.abc import Callable, Mapping
from functools import partial

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .tuyalock.errors import Cause, Mistake

CAUSES: Mapping[Cause, Callable[..., HomeAssistantError]] = {
    Cause.ASLEEP: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_asleep"
    ),
    Cause.BAD_VALUE: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="cloud_bad_value"
    ),
    Cause.BUSY: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_busy"
    ),
    Cause.CLOCK: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_clock"
    ),
    Cause.ENROLLING: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_enrolling"
    ),
    Cause.IP_DENIED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_ip_denied"
    ),
    Cause.NOT_THERE: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_not_there"
    ),
    Cause.NO_ENDPOINT: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_no_endpoint"
    ),
    Cause.NO_LOCK_SERVICE: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_no_lock_service"
    ),
    Cause.NO_PERMISSION: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_no_permission"
    ),
    Cause.OTHER: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_other"
    ),
    Cause.PASSWORD_ENDED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_password_ended"
    ),
    Cause.QUOTA: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_quota"
    ),
    Cause.TOKEN: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_token"
    ),
    Cause.TRIAL_EXPIRED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_trial_expired"
    ),
    Cause.UNSUPPORTED: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_unsupported"
    ),
    Cause.WRONG_REGION: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_wrong_region"
    ),
    Cause.WRONG_SECRET: partial(
        HomeAssistantError, translation_domain=DOMAIN, translation_key="cloud_wrong_secret"
    ),
}
"""What Tuya's cloud means by its refusal."""

MISTAKES = {
    Mistake.BAD_CODE: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="password_bad_code"
    ),
    Mistake.BAD_NAME: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="password_bad_name"
    ),
    Mistake.BOOK_FULL: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="password_book_full"
    ),
    Mistake.END_BEFORE_START: partial(
        ServiceValidationError,
        translation_domain=DOMAIN,
        translation_key="password_end_before_start",
    ),
    Mistake.END_IN_PAST: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="password_end_in_past"
    ),
    Mistake.NAME_TAKEN: partial(
        ServiceValidationError, translation_domain=DOMAIN, translation_key="password_name_taken"
    ),
    Mistake.NO_SUCH_PASSWORD: partial(
        ServiceValidationError,
        translation_domain=DOMAIN,
        translation_key="password_no_such_password",
    ),
}
"""What is wrong with a wish for a temporary password."""
