"""Constants of the Tuya Wi-Fi Lock integration."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "tuya_wifi_lock"
LOGGER: Final = logging.getLogger(__package__)

DEFAULT_PORT: Final = 6668

CONF_LOCAL_KEY: Final = "local_key"
CONF_PROTOCOL_VERSION: Final = "protocol_version"
CONF_ANNOUNCES: Final = "announces"

CONF_ACCOUNT: Final = "account"
"""The lock was set up from the owner's Tuya account."""

CONF_CLOUD: Final = "cloud"
CONF_REGION: Final = "region"
CONF_ACCESS_ID: Final = "access_id"
CONF_ACCESS_SECRET: Final = "access_secret"

CONF_UNLOCK_WITH: Final = "unlock_with"
CONF_RELOCKS_ITSELF: Final = "relocks_itself"
CONF_UNLOCK_WAIT: Final = "unlock_wait"
CONF_RELOCK_DELAY: Final = "relock_delay"
CONF_CODE: Final = "code"

CONF_GUEST_MANAGERS: Final = "guest_managers"
"""Ids of the users who may manage guest codes besides administrators."""
CONF_GUEST_PHONES: Final = "guest_phones"
"""Devices of phones that get the digits of codes made in the calendar."""

SUBENTRY_MEMBER: Final = "member"
CONF_PERSON: Final = "person"
CONF_NUMBERS: Final = "numbers"
CONF_DURESS: Final = "duress"

SUBENTRY_GUEST_CODE: Final = "guest_code"
CONF_START: Final = "start"
CONF_END: Final = "end"
CONF_DELETING: Final = "deleting"
"""Somebody has deleted the code, and it may still open."""

AUTO: Final = "auto"
"""Protocol version: find out."""

TUYA: Final = "tuya"
"""Home Assistant's own integration, whose account we listen to."""


class Trouble(StrEnum):
    """Why nothing is heard of a lock through an account."""

    NO_LOGIN = "no_login"
    """Home Assistant has no Tuya account."""
    DISABLED = "disabled"
    """The entry of the account is disabled."""
    WAITING = "waiting"
    """The entry of the account waits for Tuya, and is set up again by itself."""
    SIGNED_OUT = "signed_out"
    """The sign-in of the account has ended, or its entry is not loaded."""
    NO_LOCK = "no_lock"
    """The account does not have the lock."""
    CONNECTING = "connecting"
    """There is no MQTT session at the moment."""
    OFFLINE = "offline"
    """There has been none for long; the owner may have to sign in again."""
    UNEXPECTED = "unexpected"
    """The Tuya integration has another shape than expected."""
