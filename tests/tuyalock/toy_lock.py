"""A lock of ours with a toy clock, and the reports that a test writes by hand."""

import json
from typing import Any

from custom_components.tuya_wifi_lock.tuyalock import (
    Kind,
    LockState,
    Record,
    Report,
    Settings,
    Source,
    TuyaLock,
    Unlock,
    Update,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Closed, Opened
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from tests.tuyalock.toy_clock import ToyClock
from tests.tuyalock.world import ADDRESS

FINGER, CARD, FACE = Unlock("fingerprint", 3), Unlock("card", 2), Unlock("face", 1)
DPS = {"fingerprint": 1, "card": 5, "face": 6, "key": 7}
PARTLY = {"product": {"chosen": ["B"], "answers_partly": True}}
"""Stored by a lock that answers a query with what has changed since it woke."""


class ToyLock:
    """A lock of family B, and what it has published."""

    def __init__(
        self,
        stored: dict[str, Any] | None = None,
        settings: Settings | None = None,
        clock: ToyClock | None = None,
        **options: Any,
    ) -> None:
        self.clock = clock or ToyClock()
        self.updates: list[Update] = []
        self.lock = TuyaLock(
            ADDRESS,
            settings or Settings(),
            self.clock,
            PARTLY if stored is None else stored,
            on_update=self.updates.append,
            **options,
        )

    @property
    def records(self) -> list[Record]:
        """All records that were published."""
        return [record for update in self.updates for record in update.records]

    @property
    def unlocks(self) -> list[Record]:
        """The records of unlocks that were published."""
        return [record for record in self.records if record.kind is Kind.UNLOCK]

    @property
    def ages(self) -> list[str]:
        """The ages and methods of the unlocks that were published."""
        return [f"{record.age} {record.unlock.method}" for record in self.unlocks]

    @property
    def state(self) -> LockState:
        """What is known of the lock."""
        return self.lock.snapshot.state

    @property
    def pending(self) -> Record | None:
        """The last unlock, if its age is not known yet."""
        last = self.lock.snapshot.last_unlock
        return last if last and last.age is None else None

    @property
    def stored(self) -> dict[str, Any]:
        """What would be read after a crash."""
        stored: dict[str, Any] = json.loads(json.dumps(self.lock.as_dict(), allow_nan=False))
        return stored

    def open(self, hint_age: float | None = 0.5, *, woken: bool = True) -> None:
        """Begin a connection, some time after a hint."""
        hint_at = None if hint_age is None else self.clock.monotonic() - hint_age
        self.lock.on_event(Opened(hint_at, woken))

    def close(self) -> None:
        """End the connection."""
        self.lock.on_event(Closed(None))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def push(self, dps: dict[int, Any], ago: float | None = None) -> None:
        """Let the lock push values, with its own time of them if it has one."""
        self._report(Source.LAN, dps, ago)

    def answer(self, dps: dict[int, Any]) -> None:
        """Let the lock answer a query."""
        self._report(Source.LAN, dps, None, is_answer=True)

    def cloud(self, codes: dict[str, Any], ago: float = 0.0) -> None:
        """Let the cloud report what was so many seconds ago."""
        self._report(Source.CLOUD, codes, ago)

    def account(self, codes: dict[str, Any], ago: float = 0.0) -> None:
        """Let an account report what was so many seconds ago."""
        self._report(Source.ACCOUNT, codes, ago)

    def _report(
        self,
        source: Source,
        values: dict[Any, Any],
        ago: float | None,
        *,
        is_answer: bool = False,
    ) -> None:
        """Receive a report."""
        now = self.clock.time()
        time = None if ago is None else now - ago
        items = tuple(Item(dp, value, time) for dp, value in values.items())
        report = Report(source=source, received=now, items=items, is_answer=is_answer)
        self.lock.on_event(report) if source is Source.LAN else self.lock.receive(report)
