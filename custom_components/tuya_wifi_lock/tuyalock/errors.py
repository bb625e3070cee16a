"""What can go wrong between us and a lock."""

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
