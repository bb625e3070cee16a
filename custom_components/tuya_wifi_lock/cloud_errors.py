"""Words for the owner about Tuya's cloud and about wishes for temporary passwords."""

from collections.abc import Callable, Mapping
from functools import partial

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .tuyalock.errors import Cause, Mistake

fails = partial(partial, HomeAssistantError)
_wrong = partial(partial, ServiceValidationError)

CAUSES: Mapping[Cause, Callable[..., HomeAssistantError]] = {
    Cause.ASLEEP: fails(translation_domain=DOMAIN, translation_key="cloud_asleep"),
    Cause.BAD_VALUE: _wrong(translation_domain=DOMAIN, translation_key="cloud_bad_value"),
    Cause.BUSY: fails(translation_domain=DOMAIN, translation_key="cloud_busy"),
    Cause.CLOCK: fails(translation_domain=DOMAIN, translation_key="cloud_clock"),
    Cause.ENROLLING: fails(translation_domain=DOMAIN, translation_key="cloud_enrolling"),
    Cause.IP_DENIED: fails(translation_domain=DOMAIN, translation_key="cloud_ip_denied"),
    Cause.NOT_THERE: fails(translation_domain=DOMAIN, translation_key="cloud_not_there"),
    Cause.NO_ENDPOINT: fails(translation_domain=DOMAIN, translation_key="cloud_no_endpoint"),
    Cause.NO_LOCK_SERVICE: fails(
        translation_domain=DOMAIN, translation_key="cloud_no_lock_service"
    ),
    Cause.NO_PERMISSION: fails(translation_domain=DOMAIN, translation_key="cloud_no_permission"),
    Cause.OTHER: fails(translation_domain=DOMAIN, translation_key="cloud_other"),
    Cause.PASSWORD_ENDED: fails(translation_domain=DOMAIN, translation_key="cloud_password_ended"),
    Cause.QUOTA: fails(translation_domain=DOMAIN, translation_key="cloud_quota"),
    Cause.TOKEN: fails(translation_domain=DOMAIN, translation_key="cloud_token"),
    Cause.TRIAL_EXPIRED: fails(translation_domain=DOMAIN, translation_key="cloud_trial_expired"),
    Cause.UNSUPPORTED: fails(translation_domain=DOMAIN, translation_key="cloud_unsupported"),
    Cause.WRONG_REGION: fails(translation_domain=DOMAIN, translation_key="cloud_wrong_region"),
    Cause.WRONG_SECRET: fails(translation_domain=DOMAIN, translation_key="cloud_wrong_secret"),
}
"""What Tuya's cloud means by its refusal."""

MISTAKES = {
    Mistake.BAD_CODE: _wrong(translation_domain=DOMAIN, translation_key="password_bad_code"),
    Mistake.BAD_NAME: _wrong(translation_domain=DOMAIN, translation_key="password_bad_name"),
    Mistake.BEYOND_CLOCK: _wrong(
        translation_domain=DOMAIN, translation_key="password_beyond_clock"
    ),
    Mistake.BOOK_FULL: _wrong(translation_domain=DOMAIN, translation_key="password_book_full"),
    Mistake.END_BEFORE_START: _wrong(
        translation_domain=DOMAIN, translation_key="password_end_before_start"
    ),
    Mistake.END_IN_PAST: _wrong(translation_domain=DOMAIN, translation_key="password_end_in_past"),
    Mistake.NAME_TAKEN: _wrong(translation_domain=DOMAIN, translation_key="password_name_taken"),
    Mistake.NO_SUCH_PASSWORD: _wrong(
        translation_domain=DOMAIN, translation_key="password_no_such_password"
    ),
}
"""What is wrong with a wish for a temporary password."""
