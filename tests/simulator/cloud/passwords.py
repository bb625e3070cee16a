"""The temporary passwords of one device, as the cloud keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import itertools
from typing import Any

from tests.simulator.keypad import FIRST_NUMBER, SLOTS, Delivery, Schedule

from .asked import Refusal

TO_BE_SENT, SENT, TO_BE_DELETED = 1, 2, 3
_ids = itertools.count(31_000_001)


@dataclass(kw_only=True)
class PasswordRow:
    """One password; `sn` is -1 until the lock has it, `edit` counts its changes."""

    id: int
    name: str
    digits: str = field(repr=False)
    effective_time: int
    invalid_time: int
    once: bool
    schedule: Schedule | None = None
    phase: int = TO_BE_SENT
    sn: int = -1
    edit: int = 1

    def counts(self, now: float) -> bool:
        """Tell whether it is one of the ten."""
        return self.phase == TO_BE_DELETED or self.invalid_time > now

    def answer(self) -> dict[str, Any]:
        """Return what the cloud tells of it: not the digits."""
        return {
            "id": self.id,
            "name": self.name,
            "phase": self.phase,
            "effective_time": self.effective_time,
            "invalid_time": self.invalid_time,
            "type": int(self.once),
            "time_zone": self.schedule.zone if self.schedule else "",
            "phone": "",
            "sn": self.sn,
            "schedule_list": [
                {
                    "effective_time": self.schedule.start,
                    "invalid_time": self.schedule.end,
                    "working_day": self.schedule.days,
                    "all_day": False,
                }
            ]
            if self.schedule
            else [],
            "delivery_status": 1 if self.phase == TO_BE_SENT else 2,
        }


class Passwords:
    """The rows of one device."""

    def __init__(self) -> None:
        """Start with none."""
        self.rows: list[PasswordRow] = []

    def add(self, now: float, **fields: Any) -> PasswordRow:
        """Add one that the lock has to fetch."""
        if len(self.counting(now)) >= SLOTS:
            raise Refusal(1109)
        row = PasswordRow(id=next(_ids), **fields)
        self._check(row, now)
        self.rows.append(row)
        return row

    def change(self, id_: int, now: float, **fields: Any) -> None:
        """Change one; the lock keeps the old one until it has fetched this."""
        row = self._usable(id_, now)
        changed = PasswordRow(**vars(row) | fields | {"phase": TO_BE_SENT, "edit": row.edit + 1})
        self._check(changed, now)
        self.rows[self.rows.index(row)] = changed

    def delete(self, id_: int, now: float) -> None:
        """Have one deleted by the lock."""
        self._usable(id_, now).phase = TO_BE_DELETED

    def delete_all(self) -> None:
        """Have all deleted by the lock."""
        for row in self.rows:
            row.phase = TO_BE_DELETED

    def purge(self, id_: int) -> None:
        """Forget a row, whatever the lock still knows."""
        if (row := self._find(id_)) is None:
            raise Refusal(2323)
        self.rows.remove(row)

    def one(self, id_: int) -> PasswordRow:
        """Return a row."""
        if (row := self._find(id_)) is None:
            raise Refusal(2302)
        return row

    def counting(self, now: float) -> list[PasswordRow]:
        """Return the rows that are among the ten."""
        return [row for row in self.rows if row.counts(now)]

    # What the lock asks

    def fetch(self, now: float) -> list[Delivery]:
        """Return what the lock has to know."""
        return [
            Delivery(
                id=row.id,
                edit=row.edit,
                digits=row.digits,
                start=row.effective_time,
                end=row.invalid_time,
                once=row.once,
                schedule=row.schedule,
                gone=row.phase == TO_BE_DELETED,
            )
            for row in self.counting(now)
        ]

    def delivered(self, slots: Mapping[int, int]) -> None:
        """The lock has these; what was to be deleted is gone."""
        self.rows = [row for row in self.rows if row.phase != TO_BE_DELETED]
        for row in self.rows:
            if row.id in slots:
                row.phase, row.sn = SENT, FIRST_NUMBER + slots[row.id]

    def _find(self, id_: int) -> PasswordRow | None:
        return next((row for row in self.rows if row.id == id_), None)

    def _usable(self, id_: int, now: float) -> PasswordRow:
        row = self.one(id_)
        if not row.counts(now):
            raise Refusal(2304)
        return row

    def _check(self, row: PasswordRow, now: float) -> None:
        if not row.effective_time < row.invalid_time or row.invalid_time <= now:
            raise Refusal(1109)
        if not 1 <= len(row.name) <= 20:
            raise Refusal(1109)
        others = (one for one in self.counting(now) if one.id != row.id)
        if row.digits in [one.digits for one in others]:
            raise Refusal(1109)
