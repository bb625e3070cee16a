"""What can go wrong between us and a lock."""

from collections.abc import Mapping
from enum import StrEnum


class LockError(Exception):
    """Base of every error of this package."""


class Unreachable(LockError):
    """Nothing answers at the address: the lock is asleep, or the address is wrong."""


class SlotTaken(LockError):
    """The lock closed the connection at once: another client holds its only place."""


class NoHandshake(LockError):
    """The lock did not prove its key: wrong key, wrong version, or a place taken by another."""


class WrongKey(LockError):
    """The local key is certainly not the lock's."""


class WrongVersion(LockError):
    """The lock announces another protocol version than the one configured."""

    def __init__(self, announced: str) -> None:
        """Remember what the lock announces."""
        super().__init__(f"the lock announces protocol version {announced}")
        self.announced = announced


class ConnectionLost(LockError):
    """The connection ended before the lock had received the command."""


class MalformedFrame(LockError):
    """The peer sent bytes that are no frame of this protocol."""


class LockAsleep(LockError):
    """Nobody requested the remote unlock at the door while it waited."""


class NoRequest(LockError):
    """This lock opens remotely only while somebody requests it at the door."""


class RequestOver(LockError):
    """The request at the door has ended."""


class NoAnswer(LockError):
    """The command was sent and the lock did not say what became of it."""


class KeyIgnored(LockError):
    """The lock did not say that it stored our key, so nothing was opened."""


class NotProven(LockError):
    """The peer has not shown that it holds the local key, so no key is sent to it."""


class NotSupported(LockError):
    """This product cannot do that."""


class Cancelled(LockError):
    """The waiting unlock was called off."""


class Reason(StrEnum):
    """Why a lock refuses a remote key."""

    FAILED = "failed"
    KEY_INVALID = "key_invalid"
    USES_EXHAUSTED = "uses_exhausted"
    OUTSIDE_TIME = "outside_time"
    WRONG_KEY = "wrong_key"
    DOUBLE_LOCKED = "double_locked"
    KEY_NOT_STORED = "key_not_stored"
    REJECTED = "rejected"


class UnlockRefused(LockError):
    """The lock answered the remote key with a refusal."""

    def __init__(self, reason: Reason) -> None:
        """Remember the reason."""
        super().__init__(f"the lock refused: {reason}")
        self.reason = reason


class NotConfirmed(LockError):
    """Tuya's cloud took the command, and the lock did not say that it has done it."""


class NoCloud(LockError):
    """This goes through Tuya's cloud, and no cloud project is set up."""


class CloudError(LockError):
    """Tuya's cloud did not do what it was asked."""


class CloudUnreachable(CloudError):
    """Tuya's cloud was not reached, so it has done nothing."""


class CloudSilent(CloudError):
    """Tuya's cloud was asked and gave no answer that can be read, so it may have done it."""


class CallsUsedUp(CloudError):
    """Home Assistant has asked Tuya's cloud so often this month that it asks no more by itself."""


class Cause(StrEnum):
    """Why Tuya's cloud refuses."""

    WRONG_SECRET = "wrong_secret"
    WRONG_REGION = "wrong_region"
    NO_PERMISSION = "no_permission"
    NO_LOCK_SERVICE = "no_lock_service"
    IP_DENIED = "ip_denied"
    TRIAL_EXPIRED = "trial_expired"
    QUOTA = "quota"
    CLOCK = "clock"
    TOKEN = "token"
    BUSY = "busy"
    BAD_VALUE = "bad_value"
    NO_ENDPOINT = "no_endpoint"
    ASLEEP = "asleep"
    UNSUPPORTED = "unsupported"
    NOT_THERE = "not_there"
    PASSWORD_ENDED = "password_ended"
    ENROLLING = "enrolling"
    OTHER = "other"


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


LASTING = frozenset(
    {
        Cause.CLOCK,
        Cause.IP_DENIED,
        Cause.NO_LOCK_SERVICE,
        Cause.NO_PERMISSION,
        Cause.QUOTA,
        Cause.TRIAL_EXPIRED,
        Cause.WRONG_REGION,
        Cause.WRONG_SECRET,
    }
)
"""What does not pass by itself, so that the owner has to do something."""

GENERAL = LASTING - {Cause.NO_LOCK_SERVICE} | {Cause.TOKEN}
"""What has nothing to do with what is asked: to ask for something else would be in vain."""


class CloudRefused(CloudError):
    """Tuya's cloud answered with an error."""

    def __init__(self, code: int) -> None:
        """Remember Tuya's number of the error, and what it means."""
        super().__init__(f"Tuya's cloud refused with code {code}")
        self.code = code
        self.cause = _CAUSES.get(code, Cause.OTHER)


class Mistake(StrEnum):
    """What is wrong with a wish for a temporary password."""

    BOOK_FULL = "book_full"
    NAME_TAKEN = "name_taken"
    BAD_NAME = "bad_name"
    BAD_CODE = "bad_code"
    BEYOND_CLOCK = "beyond_clock"
    END_BEFORE_START = "end_before_start"
    END_IN_PAST = "end_in_past"
    NO_SUCH_PASSWORD = "no_such_password"


class PasswordRefused(LockError):
    """A temporary password cannot be as it is wished; nothing was asked of anybody."""

    def __init__(self, mistake: Mistake) -> None:
        """Remember what is wrong."""
        super().__init__(f"the temporary password is refused: {mistake}")
        self.mistake = mistake
