"""The remote key flow, DP 49 and DP 50, as a conversation without I/O.

DP 49 stores a key in the lock, DP 50 uses it. Every DP 49 that the lock receives, from us or from
the cloud, replaces the stored key; so a key that was right a second ago can be wrong now.
"""

from collections.abc import Callable, Generator
import secrets
import string

from .codec import KeyReply, KeyStatus, RemoteKey
from .exceptions import Reason, UnlockRefused
from .models import OUR_MEMBER

ONE_TIME_WINDOW = 300
"""Seconds by which the lock's clock may be wrong either way."""

SET_KEY = "remote_no_pd_setkey"
USE_KEY = "remote_no_dp_key"

_REPLACED = {KeyStatus.KEY_INVALID, KeyStatus.WRONG_KEY}

type Conversation = Generator[tuple[str, str], KeyReply, RemoteKey]
"""Yields DP code and command, takes the lock's answer, returns the key that worked."""


def one_time_key(now: float) -> RemoteKey:
    """Return a random key for one use around Unix time `now`."""
    start, end = int(now) - ONE_TIME_WINDOW, int(now) + ONE_TIME_WINDOW
    return RemoteKey(OUR_MEMBER, start, end, 1, _characters())


def _characters() -> bytes:
    """Return eight random digits, the form that the cloud gives."""
    return "".join(secrets.choice(string.digits) for _ in range(8)).encode()


def register(key: RemoteKey) -> Conversation:
    """Store a key; an echo of the command is taken for a yes, since using the key will tell."""
    stored = yield SET_KEY, key.encode()
    if stored.status not in {None, KeyStatus.DONE}:
        raise UnlockRefused(Reason.KEY_NOT_STORED)
    return key


def operate(new_key: Callable[[], RemoteKey], *, unlock: bool = True) -> Conversation:
    """Open, or lock, with a new key; raise UnlockRefused.

    A key that was replaced behind our back is registered once more and tried once more.
    """
    again = True
    while True:
        key = yield from register(new_key())
        used = yield USE_KEY, key.use(unlock=unlock)
        if used.status is KeyStatus.DONE:
            return key
        assert used.status is not None
        if not (again and used.status in _REPLACED):
            raise UnlockRefused(Reason[used.status.name])
        again = False
