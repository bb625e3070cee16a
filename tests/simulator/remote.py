"""Commands from the network: keys, remote opening, answers to requests."""

import base64
import binascii
from typing import Any, Protocol

from . import keys
from .bodies import Dps
from .families import Table, text
from .keys import RemoteKey, Status
from .knobs import Knobs


class Bolt(Protocol):
    """What a command can do to the lock."""

    knobs: Knobs
    stored_key: RemoteKey | None
    double_locked: bool

    @property
    def table(self) -> Table:
        """The family's data points."""

    @property
    def requested(self) -> bool:
        """Whether somebody at the door waits for an answer."""

    def report(self, dps: Dps, *, record: bool = False) -> None:
        """Report values."""

    def open_remotely(self, member: int) -> None:
        """Open, and report what belongs to it."""

    def lock_remotely(self, member: int) -> None:
        """Lock, and report what belongs to it."""

    def finish_request(self) -> None:
        """End the countdown."""

    def clock(self) -> float:
        """Return the lock's own time."""


def apply(bolt: Bolt, dps: Dps) -> None:
    """Carry out one command."""
    table = bolt.table
    for dp, value in dps.items():
        if dp == table.set_key:
            _set_key(bolt, _raw(value))
        elif dp == table.use_key:
            _use_key(bolt, _raw(value))
        elif dp == table.reply_request:
            _reply_to_request(bolt, value)
        elif dp in table.writable:
            bolt.report({dp: value})


def no_key() -> str:
    """Return how a lock says that it has no key."""
    return text(bytes([Status.FAILED]) + keys.NOBODY)


def stored(member: int) -> str:
    """Return how a lock says that it has stored a key."""
    return text(bytes([Status.OK]) + member.to_bytes(2))


def _raw(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error, TypeError, ValueError:
        return b""


def _reply(bolt: Bolt, dp: str, status: Status, command: bytes) -> None:
    answer = bytes([status]) + keys.member_of(command)
    if bolt.knobs.reply == "5":
        answer += b"\x2d\x65"  # seen on an access control; meaning unknown
    elif bolt.knobs.reply == "echo":
        answer = command
    bolt.report({dp: text(answer)})


def _set_key(bolt: Bolt, command: bytes) -> None:
    key = keys.parse_set(command)
    revoked = keys.revokes(command)
    if key or revoked:
        bolt.stored_key = key
    _reply(bolt, bolt.table.set_key, Status.OK if key or revoked else Status.FAILED, command)


def _use_key(bolt: Bolt, command: bytes) -> None:
    use = keys.parse_use(command)
    status = _judge(bolt, use)
    if use and status is Status.OK and bolt.stored_key and bolt.stored_key.uses_left:
        bolt.stored_key.uses_left -= 1
    _reply(bolt, bolt.table.use_key, status, command)
    if use and status is Status.OK:
        if use.opens:
            bolt.open_remotely(use.member)
        else:
            bolt.lock_remotely(use.member)


def _judge(bolt: Bolt, use: keys.KeyUse | None) -> Status:
    if use is None:
        return Status.FAILED
    if use.opens and bolt.double_locked:
        return Status.DOUBLE_LOCKED
    if use.opens and bolt.knobs.requires_request and not bolt.requested:
        return Status.FAILED
    if not use.opens and not bolt.knobs.supports_lock:
        return Status.FAILED
    status = keys.judge(bolt.stored_key, use, bolt.clock())
    return Status.FAILED if status is Status.OK and bolt.knobs.fail_unlock else status


def _reply_to_request(bolt: Bolt, allow: Any) -> None:
    # Without somebody at the door the answer means nothing, and nothing is reported.
    if not bolt.requested or not isinstance(allow, bool):
        return
    bolt.report({bolt.table.reply_request: allow})
    if allow and not bolt.knobs.fail_unlock and not bolt.double_locked:
        bolt.open_remotely(1)
    else:
        bolt.finish_request()
