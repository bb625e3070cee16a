"""The temporary passwords that a lock knows, and what its keypad makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

SLOTS = 10
FIRST_NUMBER = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Days of the week as bits, Sunday the lowest, and minutes of the day in a time zone."""

    days: int
    start: int
    end: int
    zone: str

    def opens(self, clock: float) -> bool:
        """Tell whether it is open at a time of the lock's clock."""
        local = datetime.fromtimestamp(clock, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return bool(self.days >> local.isoweekday() % 7 & 1) and self.start <= minute < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A temporary password on its way into the lock; `gone` takes it out again."""

    id: int
    edit: int = 1
    digits: str = field(repr=False)
    start: float
    end: float
    once: bool = False
    schedule: Schedule | None = None
    gone: bool = False

    def opens(self, clock: float) -> bool:
        """Tell whether it opens at a time of the lock's clock."""
        in_time = self.start <= clock < self.end
        return in_time and (self.schedule is None or self.schedule.opens(clock))


@dataclass
class Kept:
    """A temporary password in the lock."""

    password: Delivery
    used: bool = False


class Keypad:
    """Ten slots; the lock goes by its own clock."""

    def __init__(self) -> None:
        """Start empty."""
        self.slots: dict[int, Kept] = {}

    def take(self, deliveries: Iterable[Delivery], now: float) -> dict[int, int]:
        """Take in what is new or changed, drop what is gone or over; return slots by id."""
        for slot, kept in list(self.slots.items()):
            if kept.password.end <= now:
                del self.slots[slot]
        slots: dict[int, int] = {}
        for delivery in deliveries:
            kept_in = self.slot_of(delivery.id)
            if delivery.gone:
                self.slots.pop(kept_in or 0, None)
            elif to := kept_in or self._free():
                if kept_in is None or self.slots[to].password != delivery:
                    self.slots[to] = Kept(delivery)
                slots[delivery.id] = to
        return slots

    def enter(self, digits: str, now: float) -> int | None:
        """Return the number of the password that opens, or None; it is used then."""
        for slot, kept in self.slots.items():
            password = kept.password
            used_up = password.once and kept.used
            if password.digits == digits and password.opens(now) and not used_up:
                kept.used = True
                return FIRST_NUMBER + slot
        return None

    def slot_of(self, id_: int) -> int | None:
        """Return where a password is kept."""
        return next((slot for slot, one in self.slots.items() if one.password.id == id_), None)

    def _free(self) -> int | None:
        return next((slot for slot in range(1, SLOTS + 1) if slot not in self.slots), None)
