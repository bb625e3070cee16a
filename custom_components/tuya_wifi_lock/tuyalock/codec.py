"""Bytes of the raw DPs, as frozen values. All numbers are big-endian."""

from base64 import b64decode, b64encode
import binascii
from dataclasses import dataclass, field
from enum import IntEnum
import struct

# DP 49, cloud to lock, 21 bytes: validity, member, start, end, uses, key.
_SET_KEY = struct.Struct(">BHIIH8s")
# DP 50, cloud to lock, 13 bytes: action, member, key, source.
_USE_KEY = struct.Struct(">BH8sH")
# Answers to both: status, member; some firmware adds two bytes of unknown meaning.
_REPLY = struct.Struct(">BH")

_VALID = 1
_FROM_APP = 1


class CodecError(ValueError):
    """The bytes do not have the layout of this DP."""


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
    def decode(cls, text: str) -> KeyReply:
        """Read an answer of 3 or 5 bytes, or an echo of 13, 14 or 21; raise CodecError."""
        data = raw(text)
        if len(data) in {_USE_KEY.size, _USE_KEY.size + 1, _SET_KEY.size}:
            return cls(None)
        if len(data) not in {3, 5}:
            raise CodecError(f"a key answer of {len(data)} bytes")
        status, member = _REPLY.unpack_from(data)
        try:
            return cls(KeyStatus(status), member)
        except ValueError:
            return cls(KeyStatus.FAILED, member)


def decode_numbers(text: str) -> frozenset[int]:
    """Return the numbers of an `update_all_*` DP: pairs of group and bitmap, groups from 1."""
    data = raw(text)
    if len(data) % 2:
        raise CodecError(f"an id bitmap of {len(data)} bytes")
    return frozenset(
        (group - 1) * 8 + bit
        for group, bitmap in zip(data[::2], data[1::2], strict=True)
        for bit in range(8)
        if group and bitmap >> bit & 1
    )


def decode_kit(text: str) -> int:
    """Return the number of an access control's `unlock_*_kit` report: its first four bytes."""
    data = raw(text)
    if len(data) < 4:
        raise CodecError(f"a kit report of {len(data)} bytes")
    return int.from_bytes(data[:4])


def decode_door_kit(text: str) -> bool | None:
    """Return if an access control's door is open: the last of two or three bytes is 01 or 02."""
    data = raw(text)
    if len(data) not in {2, 3}:
        raise CodecError(f"a door report of {len(data)} bytes")
    return {1: True, 2: False}.get(data[-1])


def raw(text: str) -> bytes:
    """Return the bytes of a raw DP; raise CodecError if it is not Base64."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise CodecError("a raw DP that is not Base64") from err


def _text(data: bytes) -> str:
    """Return the JSON form of a raw DP."""
    return b64encode(data).decode("ascii")
