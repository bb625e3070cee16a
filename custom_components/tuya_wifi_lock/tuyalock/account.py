"""What the owner's Tuya account hears of a lock: each report at once, and with its own time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .attempt import Line
from .clock import Clock
from .cloud.responses import CloudSignal, in_seconds
from .memory import Memory
from .profiles import PROFILES, Dp, Family
from .records import ACCOUNT
from .remote import Remote
from .signal_records import SignalRecords
from .signals import signals
from .snapshot import Watchers
from .state import Unlock, Value, decode, unlocks

STALE_AFTER = 60.0
"""Seconds after which a request at the door is over."""


class AccountUser(Protocol):
    """Who takes what an account hears."""

    signals: SignalRecords

    def record(self, unlock: Unlock, time: float | None, route: str, *, tell: bool = True) -> bool:
        """Take an unlock with the lock's own time, where it has one; return if it is news."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One value of a report, and when it was, in Unix seconds."""

    code: str
    value: Value
    time: float | None


class Account:
    """Takes what an account hears of a lock into all that is known of it."""

    def __init__(
        self, memory: Memory, watchers: Watchers, user: AccountUser, remote: Remote, clock: Clock
    ) -> None:
        """Begin to take reports."""
        self._memory, self._watchers, self._clock = memory, watchers, clock
        self._user, self._remote = user, remote

    def connect(self, line: Line | None) -> None:
        """Let a remote unlock go through the account where nothing else reaches the lock."""
        self._remote.line = line

    @property
    def opens(self) -> bool:
        """Return if the lock can be opened through the account while somebody asks at the door."""
        return self._remote.opens_by_account

    def know(self, product_id: str, table: Mapping[int, Dp], family: Family | None) -> None:
        """Learn the product, its DP table and its family, if nothing better is known."""
        self._memory.know(product_id, table, family)
        self._watchers.look()

    def take(self, items: Iterable[Mapping[str, Any]], since: float) -> None:
        """Take all items of a report; what was before a Unix time is kept, and no news."""
        self._memory.forget_ahead(self._clock.time())
        read = [found for item in items for found in self._read(item)]
        latest = [item for item in read if self._learn(item, since)]
        # Duress is about an unlock that may stand behind it.
        for item in read:
            for _, signal in signals({item.code: item.value}):
                at = self._clock.time() if item.time is None else item.time
                told = CloudSignal(signal, at, None)
                self._user.signals.told(told, ACCOUNT, tell=_is_news(item, since))
        for item in latest:
            if item.time is not None:
                self._remote.hear({item.code: item.value}, item.time)
        self._watchers.look()

    def _learn(self, item: _Item, since: float) -> bool:
        """Learn how the lock is and who opened it; return if nothing of it was known already."""
        now = self._clock.time()
        at = now if item.time is None else min(item.time, now)
        stale = item.code == "unlock_request" and now - at > STALE_AFTER
        latest = not stale and self._memory.told(item.code, item.value, at)
        for _, unlock in unlocks({item.code: item.value}):
            new = self._user.record(unlock, item.time, ACCOUNT, tell=_is_news(item, since))
            latest = latest and new
        return latest

    def _read(self, item: Mapping[str, Any]) -> Iterable[_Item]:
        """Read an item; one with a DP id that nobody knows, or of a wrong type, is none."""
        dp_id, code, value = item.get("dpId"), item.get("code"), item.get("value")
        if isinstance(code, str):
            codes = self._decode(code, value)
        elif type(dp_id) is int:
            codes = self._memory.decode({dp_id: value})
        else:
            codes = {}
        time = _time(item.get("t"))
        return [_Item(code, value, time) for code, value in codes.items()]

    def _decode(self, code: str, value: Any) -> dict[str, Value]:
        """Return a value by its code, which may be one that nobody knows."""
        for table in (self._memory.table, *PROFILES.values()):
            for dp in table.values():
                if dp.code == code:
                    return decode({0: dp}, {0: value})
        return {code: value} if isinstance(value, bool | int | str) else {}


def _is_news(item: _Item, since: float) -> bool:
    """Return if an item is not older than a Unix time."""
    return item.time is None or item.time >= since


def _time(value: Any) -> float | None:
    """Return a time of an item in Unix seconds, if it has one."""
    if type(value) not in {int, float} or value <= 0:
        return None
    return in_seconds(value)
