"""The key that opens a lock from afar, byte for byte as the lock stores and checks it."""

from dataclasses import dataclass, field
from enum import IntEnum
import secrets

UNLIMITED = (0, 0xFFFF)
NOBODY = b"\x00\x01"


class Status(IntEnum):
    """First byte of a reply."""

    OK = 0
    FAILED = 1
    INVALID = 2
    EXHAUSTED = 3
    OUTSIDE_TIME = 4
    WRONG_KEY = 5
    DOUBLE_LOCKED = 6


@dataclass
class RemoteKey:
    """The one stored key; uses_left is None if it may be used without limit."""

    member: int
    start: int
    end: int
    uses_left: int | None
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A request to open (or lock) with a key."""

    opens: bool
    member: int
    key: bytes = field(repr=False)


def parse_set(raw: bytes) -> RemoteKey | None:
    """Read 01 | member 2 | start 4 | end 4 | uses 2 | key 8; None if it is anything else."""
    if len(raw) != 21 or raw[0] != 1:
        return None
    uses = int.from_bytes(raw[11:13])
    return RemoteKey(
        member=int.from_bytes(raw[1:3]),
        start=int.from_bytes(raw[3:7]),
        end=int.from_bytes(raw[7:11]),
        uses_left=None if uses in UNLIMITED else uses,
        key=raw[13:21],
    )


def revokes(raw: bytes) -> bool:
    """Tell whether a set-key command takes the stored key away (validity 00)."""
    return len(raw) == 21 and raw[0] == 0


def parse_use(raw: bytes) -> KeyUse | None:
    """Read 01 open or 00 lock | member 2 | key 8 | source 2 [| admin 1]."""
    if len(raw) not in (13, 14) or raw[0] > 1:
        return None
    return KeyUse(opens=raw[0] == 1, member=int.from_bytes(raw[1:3]), key=raw[3:11])


def use(key: RemoteKey, *, opens: bool) -> bytes:
    """Write what parse_use() reads, from the app and without admin."""
    return bytes([opens]) + key.member.to_bytes(2) + key.key + b"\x00\x01"


def judge(stored: RemoteKey | None, use: KeyUse, now: float) -> Status:
    """Check a key the way a lock does: there, in time, uses left, right digits."""
    if stored is None:
        return Status.INVALID
    if not stored.start <= now <= stored.end:
        return Status.OUTSIDE_TIME
    if stored.uses_left == 0:
        return Status.EXHAUSTED
    return Status.OK if secrets.compare_digest(stored.key, use.key) else Status.WRONG_KEY


def cloud_key(other_than: RemoteKey | None = None) -> RemoteKey:
    """Return a key as the cloud gives it: member 1, eight digits, no limits."""
    while True:
        digits = "".join(secrets.choice("0123456789") for _ in range(8)).encode()
        if other_than is None or digits != other_than.key:
            return RemoteKey(1, 0, 0xFFFFFFFF, None, digits)


def member_of(raw: bytes) -> bytes:
    """Return the member bytes of a command, for its reply."""
    return raw[1:3] if len(raw) >= 3 else NOBODY
