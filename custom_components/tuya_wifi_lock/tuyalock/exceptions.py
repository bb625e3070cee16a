"""What can go wrong between us and a lock, and the text that explains it to the owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Self, override

DOMAIN = "tuya_wifi_lock"
DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A translated text of Home Assistant; its fields are named as `HomeAssistantError` does."""

    translation_domain: str
    translation_key: str


class _Explained(StrEnum):
    """A reason with the text that explains it."""

    text: Text

    def __new__(cls, value: str, text: Text) -> Self:
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.text = text
        return reason


class LockError(Exception):
    """Base of every error of this package."""

    text: Text | None = None
    """None for an error that ends an attempt to connect and never an action."""
    translation_placeholders: Mapping[str, str] = MappingProxyType({})
    is_callers_mistake: bool = False
    """Nothing failed: the action was called with values that cannot work."""
    connection_problem: str | None = None
    """What is wrong with the connection to a lock that answered; None if it did not answer."""


class Unreachable(LockError):
    """Nothing answers at the address: the lock is asleep, or the address is wrong."""


class SlotTaken(LockError):
    """The lock closed the connection at once: another client holds its only place."""

    connection_problem = "slot_taken"


class NoHandshake(LockError):
    """The lock did not prove its key: wrong key, wrong version, or a place taken by another."""

    connection_problem = "key_or_version"


class NotProven(LockError):
    """The other end has not shown yet that it holds the local key; a lock may have nothing to say.

    With 3.1 and 3.3 nothing but a report or an answer shows it, and silence says nothing.
    """

    connection_problem = "not_proven"


class OtherDevice(LockError):
    """Another device holds the local key, and answers at the address: a gateway, as a rule."""

    connection_problem = "other_device"


class WrongKey(LockError):
    """The local key is certainly not the lock's."""

    connection_problem = "wrong_key"


class WrongVersion(LockError):
    """The lock announces another protocol version than the one configured."""

    connection_problem = "wrong_version"

    def __init__(self, announced: str) -> None:
        super().__init__(f"the lock announces protocol version {announced}")
        self.translation_placeholders = {"announced": announced}


class ConnectionLost(LockError):
    """The connection ended before the lock had received the command."""

    text = Text(translation_domain=DOMAIN, translation_key="connection_lost")


class MalformedFrame(LockError):
    """The peer sent bytes that are no frame of this protocol."""

    connection_problem = "garbage"


class LockAsleep(LockError):
    """Nobody requested the remote unlock at the door while it waited."""

    text = Text(translation_domain=DOMAIN, translation_key="lock_asleep")


class LockMissing(LockError):
    """A lock that stays on the network cannot be reached: it has no power, or no Wi-Fi."""

    text = Text(translation_domain=DOMAIN, translation_key="lock_missing")


class GatewayNotReached(LockError):
    """The lock is behind a gateway, and the owner's account does not open it."""

    text = Text(translation_domain=DOMAIN, translation_key="gateway_not_reached")


class NotLockedAsleep(LockError):
    """A lock cannot be locked while it sleeps."""

    text = Text(translation_domain=DOMAIN, translation_key="not_locked_asleep")


class AsleepAndAlone(LockError):
    """The lock sleeps, and nobody can ask at its door to be let in."""

    text = Text(translation_domain=DOMAIN, translation_key="asleep_and_alone")


class SettingAsleep(LockError):
    """A setting cannot be changed while the lock sleeps."""

    text = Text(translation_domain=DOMAIN, translation_key="setting_asleep")


class NoRequest(LockError):
    """This lock opens remotely only while somebody requests it at the door."""

    text = Text(translation_domain=DOMAIN, translation_key="no_request")


class RequestOver(LockError):
    """The request at the door has ended."""

    text = Text(translation_domain=DOMAIN, translation_key="request_over")


class NoAnswer(LockError):
    """The command was sent, and the lock did not answer."""

    text = Text(translation_domain=DOMAIN, translation_key="no_answer")


class SettingNotConfirmed(LockError):
    """The lock did not say that it has changed a setting."""

    text = Text(translation_domain=DOMAIN, translation_key="setting_no_answer")


class KeyIgnored(LockError):
    """The lock did not confirm that it stored our key, so nothing was opened."""

    text = Text(translation_domain=DOMAIN, translation_key="key_ignored")


class ClockNotSet(LockError):
    """Our own clock is not set, so the lock would refuse a key whose time it gives."""

    text = Text(translation_domain=DOMAIN, translation_key="clock_not_set")


class NotSupported(LockError):
    """This product cannot do that."""

    text = Text(translation_domain=DOMAIN, translation_key="not_supported")


class LocksByItself(LockError):
    """This product cannot be locked remotely."""

    text = Text(translation_domain=DOMAIN, translation_key="locks_by_itself")


class Cancelled(LockError):
    """The waiting unlock was cancelled."""

    text = Text(translation_domain=DOMAIN, translation_key="unlock_cancelled")


class Reason(_Explained):
    """Why a lock refuses a remote key."""

    FAILED = auto(), Text(translation_domain=DOMAIN, translation_key="refused")
    KEY_INVALID = auto(), Text(translation_domain=DOMAIN, translation_key="key_invalid")
    USES_EXHAUSTED = auto(), Text(translation_domain=DOMAIN, translation_key="uses_exhausted")
    OUTSIDE_TIME = auto(), Text(translation_domain=DOMAIN, translation_key="outside_time")
    WRONG_KEY = auto(), Text(translation_domain=DOMAIN, translation_key="wrong_remote_key")
    DOUBLE_LOCKED = auto(), Text(translation_domain=DOMAIN, translation_key="double_locked")
    KEY_NOT_STORED = auto(), Text(translation_domain=DOMAIN, translation_key="key_not_stored")
    REJECTED = auto(), Text(translation_domain=DOMAIN, translation_key="command_rejected")


class UnlockRefused(LockError):
    """The lock answered the remote key with a refusal."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the lock refused: {reason}")
        self.reason = reason
        self.text = reason.text


class NotConfirmed(LockError):
    """Tuya's cloud accepted the command, and the lock did not confirm it."""

    text = Text(translation_domain=DOMAIN, translation_key="not_confirmed")


class NoCloud(LockError):
    """This needs Tuya's cloud, and no cloud project is set up."""

    text = Text(translation_domain=DOMAIN, translation_key="no_cloud")


class CloudError(LockError):
    """Tuya's cloud did not do what it was asked."""

    text: Text
    is_lasting = False
    """If this does not pass by itself, so that the owner has to do something."""
    is_general = False
    """If this has nothing to do with the request: any other request fails too."""
    is_unsupported = False
    """If this product, or this project, has no such request."""
    retry_after: float | None = None
    """Seconds in which the cloud answers nothing more, where that is known."""

    @property
    def name(self) -> str:
        """Return what went wrong, in one word."""
        return type(self).__name__


class CloudUnreachable(CloudError):
    """Tuya's cloud was not reached, so it has done nothing."""

    text = Text(translation_domain=DOMAIN, translation_key="cloud_unreachable")
    is_general = True


class CloudSilent(CloudError):
    """Tuya's cloud was asked and gave no answer that can be read, so it may have done it."""

    text = Text(translation_domain=DOMAIN, translation_key="cloud_silent")


class AccountSilent(CloudSilent):
    """Tuya gave the owner's account no answer that can be read, so it may have done it."""

    text = Text(translation_domain=DOMAIN, translation_key="account_silent")


class CallsUsedUp(CloudError):
    """Home Assistant has asked Tuya's cloud so often this month that it stopped by itself."""

    text = Text(translation_domain=DOMAIN, translation_key="cloud_calls_used_up")
    is_lasting = True
    is_general = True
    retry_after = DAY


class Cause(_Explained):
    """Why Tuya's cloud refuses."""

    WRONG_SECRET = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_wrong_secret")
    WRONG_REGION = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_wrong_region")
    NO_PERMISSION = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_no_permission")
    NO_LOCK_SERVICE = (
        auto(),
        Text(translation_domain=DOMAIN, translation_key="cloud_no_lock_service"),
    )
    IP_DENIED = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_ip_denied")
    TRIAL_EXPIRED = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_trial_expired")
    QUOTA = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_quota")
    CLOCK = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_clock")
    TOKEN = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_token")
    BUSY = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_busy")
    BAD_VALUE = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_bad_value")
    NO_ENDPOINT = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_no_endpoint")
    ASLEEP = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_asleep")
    UNSUPPORTED = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_unsupported")
    NOT_THERE = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_not_there")
    PASSWORD_ENDED = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_password_ended")
    ENROLLING = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_enrolling")
    OTHER = auto(), Text(translation_domain=DOMAIN, translation_key="cloud_other")


_CAUSES: Mapping[int, Cause] = {
    **dict.fromkeys((1001, 1004, 1005), Cause.WRONG_SECRET),
    **dict.fromkeys((1010, 1011), Cause.TOKEN),
    1013: Cause.CLOCK,
    **dict.fromkeys((1100, 1101, 1102, 1109), Cause.BAD_VALUE),
    1106: Cause.NO_PERMISSION,
    1108: Cause.NO_ENDPOINT,
    **dict.fromkeys((500, 1000, 1110, 1111, 1113, 1199), Cause.BUSY),
    1114: Cause.IP_DENIED,
    2001: Cause.ASLEEP,
    **dict.fromkeys((2003, 2004, 2008, 2009), Cause.UNSUPPORTED),
    **dict.fromkeys((2006, 2010, 2406), Cause.WRONG_REGION),
    **dict.fromkeys((2302, 2323), Cause.NOT_THERE),
    2304: Cause.PASSWORD_ENDED,
    2328: Cause.ENROLLING,
    28841002: Cause.TRIAL_EXPIRED,
    28841004: Cause.QUOTA,
    **dict.fromkeys((28841101, 28841102, 28841105, 28841106), Cause.NO_LOCK_SERVICE),
}


_LASTING = {
    Cause.CLOCK,
    Cause.IP_DENIED,
    Cause.NO_LOCK_SERVICE,
    Cause.NO_PERMISSION,
    Cause.QUOTA,
    Cause.TRIAL_EXPIRED,
    Cause.WRONG_REGION,
    Cause.WRONG_SECRET,
}
_GENERAL = _LASTING - {Cause.NO_LOCK_SERVICE} | {Cause.TOKEN}
_UNSUPPORTED = {Cause.NO_ENDPOINT, Cause.UNSUPPORTED}
_OF_REQUEST = {Cause.BAD_VALUE, Cause.NOT_THERE, Cause.OTHER, Cause.PASSWORD_ENDED}
"""Another request may work at once."""
_OVER_FOR_TODAY = {Cause.QUOTA, Cause.TRIAL_EXPIRED}


class CloudRefused(CloudError):
    """Tuya's cloud answered with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Tuya's cloud refused with code {code}")
        self.code = code
        self.cause = _CAUSES.get(code, Cause.OTHER)
        self.text = self.cause.text
        self.translation_placeholders = {"code": str(code)}
        self.is_callers_mistake = self.cause is Cause.BAD_VALUE
        self.is_lasting = self.cause in _LASTING
        self.is_general = self.cause in _GENERAL
        self.is_of_request = self.cause in _OF_REQUEST
        self.is_unsupported = self.cause in _UNSUPPORTED
        self.retry_after = DAY if self.cause in _OVER_FOR_TODAY else None

    @property
    @override
    def name(self) -> str:
        """Return the cause."""
        return str(self.cause)


_SIGN_OUTS = {-9999999, 1004, 1010, 1011}
"""Codes of an account: the sign-in has ended, "sign invalid" and "token invalid"."""

_OF_THE_LOCK = {Cause.ASLEEP, Cause.BUSY, Cause.CLOCK, Cause.ENROLLING, Cause.UNSUPPORTED}
"""Causes that are the same for an account and for a project."""


class AccountRefused(CloudError):
    """Tuya answered a request through the owner's account with an error.

    Many codes mean something else here than to a cloud project: an account has no permissions, no
    access secret and no trial.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"Tuya refused the account with code {code}")
        self.is_sign_out = self.is_lasting = self.is_general = code in _SIGN_OUTS
        cause = _CAUSES.get(code)
        if self.is_sign_out:
            self.text = Text(translation_domain=DOMAIN, translation_key="account_signed_out")
        elif cause in _OF_THE_LOCK:
            self.text = cause.text
        else:
            self.text = Text(translation_domain=DOMAIN, translation_key="account_refused")
        self.translation_placeholders = {"code": str(code)}
        self.is_unsupported = cause is Cause.UNSUPPORTED


class Mistake(_Explained):
    """What is wrong with a request for a temporary password."""

    BOOK_FULL = auto(), Text(translation_domain=DOMAIN, translation_key="password_book_full")
    NAME_TAKEN = auto(), Text(translation_domain=DOMAIN, translation_key="password_name_taken")
    BAD_NAME = auto(), Text(translation_domain=DOMAIN, translation_key="password_bad_name")
    BAD_CODE = auto(), Text(translation_domain=DOMAIN, translation_key="password_bad_code")
    BAD_WEEKLY = auto(), Text(translation_domain=DOMAIN, translation_key="password_bad_weekly")
    BEYOND_CLOCK = auto(), Text(translation_domain=DOMAIN, translation_key="password_beyond_clock")
    END_BEFORE_START = (
        auto(),
        Text(translation_domain=DOMAIN, translation_key="password_end_before_start"),
    )
    END_IN_PAST = auto(), Text(translation_domain=DOMAIN, translation_key="password_end_in_past")
    NO_SUCH_PASSWORD = (
        auto(),
        Text(translation_domain=DOMAIN, translation_key="password_no_such_password"),
    )
    OFFLINE_TIMES_FIXED = (
        auto(),
        Text(translation_domain=DOMAIN, translation_key="offline_times_fixed"),
    )
    OFFLINE_END_MISSING = (
        auto(),
        Text(translation_domain=DOMAIN, translation_key="offline_end_missing"),
    )
    OFFLINE_TOO_SHORT = auto(), Text(translation_domain=DOMAIN, translation_key="offline_too_short")


class PasswordRefused(LockError):
    """A temporary password cannot be as it is requested; nothing was sent to anybody."""

    is_callers_mistake = True

    def __init__(self, mistake: Mistake, names: Iterable[str] = ()) -> None:
        """Refuse it; `names` are those of the passwords that there are."""
        super().__init__(f"the temporary password is refused: {mistake}")
        self.mistake = mistake
        self.text = mistake.text
        self.translation_placeholders = {"names": ", ".join(names) or "\u2013"}
