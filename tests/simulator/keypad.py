"""The temporary passwords that a lock knows, and what its keypad makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SLOTS = 10
FIRST_NUMBER = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A temporary password on its way into the lock; `gone` takes it out again."""

    id: int
    edit: int = 1
    digits: str = field(repr=False)
    start: float
    end: float
    once: bool = False
    gone: bool = False


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
            in_time = password.start <= now < password.end
            if password.digits == digits and in_time and not (password.once and kept.used):
                kept.used = True
                return FIRST_NUMBER + slot
        return None

    def slot_of(self, id_: int) -> int | None:
        """Return where a password is kept."""
        return next((slot for slot, one in self.slots.items() if one.password.id == id_), None)

    def _free(self) -> int | None:
        return next((slot for slot in range(1, SLOTS + 1) if slot not in self.slots), None)
