"""Remote keys: DP 49 stores one in the lock, DP 50 uses it. All numbers are big-endian.

Every DP 49 that the lock receives, from us or from the cloud, replaces the stored key; so a key
that was right a second ago can be wrong now.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from enum import IntEnum
import secrets
import string
import struct

from ..models import OUR_MEMBER, Value
from ..products.values import decode_raw

ONE_TIME_WINDOW = 300
"""Seconds by which the lock's clock may be wrong either way."""

# DP 49, cloud to lock, 21 bytes: validity, member, start, end, uses, key.
_SET_KEY = struct.Struct(">BHIIH8s")
# DP 50, cloud to lock, 13 bytes: action, member, key, source.
_USE_KEY = struct.Struct(">BH8sH")
# Answers to both: status, member; some firmware adds two bytes of unknown meaning.
_REPLY = struct.Struct(">BH")

_VALID = 1
_FROM_APP = 1


class KeyStatus(IntEnum):
    """First byte of a lock's answer to DP 49 (0 and 1 only) and DP 50."""

    DONE = 0
    FAILED = 1
    KEY_INVALID = 2
    USES_EXHAUSTED = 3
    OUTSIDE_TIME = 4
    WRONG_KEY = 5
    DOUBLE_LOCKED = 6


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A key that DP 49 stores in the lock: times in Unix seconds, eight characters of key."""

    member: int
    start: int
    end: int
    uses: int
    key: bytes = field(repr=False)

    def encode(self) -> str:
        """Return the DP 49 command that stores this key."""
        return _text(_SET_KEY.pack(_VALID, self.member, self.start, self.end, self.uses, self.key))

    def use(self, *, unlock: bool) -> str:
        """Return the DP 50 command that opens, or locks, with this key."""
        return _text(_USE_KEY.pack(unlock, self.member, self.key, _FROM_APP))


@dataclass(frozen=True, slots=True)
class KeyReply:
    """A lock's answer to DP 49 or DP 50; the status None is an echo, which says nothing."""

    status: KeyStatus | None
    member: int | None = None

    @classmethod
    def decode(cls, value: Value | None) -> KeyReply | None:
        """Read an answer of 3 or 5 bytes, or an echo of 13, 14 or 21; anything else is none."""
        data = decode_raw(value)
        if len(data) in {_USE_KEY.size, _USE_KEY.size + 1, _SET_KEY.size}:
            return cls(None)
        if len(data) not in {3, 5}:
            return None
        status, member = _REPLY.unpack_from(data)
        try:
            return cls(KeyStatus(status), member)
        except ValueError:
            return cls(KeyStatus.FAILED, member)


def one_time_key(now: float) -> RemoteKey:
    """Return a random key for one use around Unix time `now`: eight digits, as the cloud's are."""
    start, end = int(now) - ONE_TIME_WINDOW, int(now) + ONE_TIME_WINDOW
    digits = "".join(secrets.choice(string.digits) for _ in range(8))
    return RemoteKey(OUR_MEMBER, start, end, 1, digits.encode())


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
