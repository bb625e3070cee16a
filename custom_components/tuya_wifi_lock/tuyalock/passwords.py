"""The book of a lock's temporary passwords; it never holds their digits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
import secrets
from typing import Any, Self

from .exceptions import Mistake, PasswordRefused
from .storage import known_fields

MAX_VALID = 10
"""Passwords that a lock holds at most, as Tuya counts them."""
NAME_LENGTH = 20
LAST_TIME = 0xFFFFFFFF
"""The last Unix time that a lock can write down, in the year 2106."""
HISTORY = 50
"""Passwords that are over and still give their name to old records."""

FIRST_NUMBER = 900
_RUN = 5
_RUNS = "0123456789" * 2, "9876543210" * 2


class Phase(StrEnum):
    """How far a password has come on its way into the lock, and out of it."""

    WAITING = "waiting"
    """Not in the lock yet, or not in its present form."""
    ACTIVE = "active"
    DELETING = "deleting"
    """Still in the lock until it wakes."""
    DELETED = "deleted"
    FAILED = "failed"
    """The lock has not taken the last wish; with a number, an earlier form is in the lock."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A temporary password as somebody wants it; times in whole Unix seconds."""

    name: str
    code: str = field(repr=False)
    start: int
    end: int
    once: bool

    def check(self, now: float, length: int) -> None:
        """Raise PasswordRefused if no lock whose codes have this length can have such a one."""
        if not 0 < len(self.name) <= NAME_LENGTH:
            raise PasswordRefused(Mistake.BAD_NAME)
        if len(self.code) != length or not (self.code.isascii() and self.code.isdecimal()):
            raise PasswordRefused(Mistake.BAD_CODE)
        if self.end <= self.start:
            raise PasswordRefused(Mistake.END_BEFORE_START)
        if self.end <= now:
            raise PasswordRefused(Mistake.END_IN_PAST)
        if self.start < 0 or self.end > LAST_TIME:
            raise PasswordRefused(Mistake.BEYOND_CLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryPassword:
    """A temporary password as it is known, without its digits; times in Unix seconds."""

    id: str
    """Tuya's serial: which password."""
    edit: int = 1
    """The server's serial: which edit of it."""
    number: int | None = None
    """The lock's own number, 900 and its slot, once the lock has it."""
    name: str
    start: int
    end: int
    once: bool
    phase: Phase
    gone: float | None = None
    """When it was found to have left the lock."""

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage; from_dict reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the password of a stored form, ignoring fields of other versions."""
        return cls(**known_fields(cls, data) | {"phase": Phase(data["phase"])})

    def counts(self, now: float) -> bool:
        """Return if it takes one of the lock's places at a Unix time, as Tuya counts."""
        if self.gone is not None:
            return False
        return self.phase is Phase.DELETING or self.end > now

    def names(self, at: float) -> bool:
        """Return if an unlock at a Unix time can be its own."""
        return self.start <= at <= self.end and (self.gone is None or at <= self.gone)


class PasswordBook:
    """All temporary passwords of a lock, and the last ones that are over."""

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        """Remember what `as_dict` returned in an earlier life."""
        rows = (stored or {}).get("passwords", ())
        self._passwords = {row["id"]: TemporaryPassword.from_dict(row) for row in rows}

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage; there are no digits in it."""
        return {"passwords": [password.as_dict() for password in self]}

    def __iter__(self) -> Iterator[TemporaryPassword]:
        """Return all that are known, the oldest first."""
        return iter(tuple(self._passwords.values()))

    @property
    def unsettled(self) -> bool:
        """Return if something waits for the lock."""
        return any(password.phase in {Phase.WAITING, Phase.DELETING} for password in self)

    def valid(self, now: float) -> list[TemporaryPassword]:
        """Return those that take a place in the lock at a Unix time, as Tuya counts."""
        return [password for password in self if password.counts(now)]

    def failed(self, now: float) -> list[TemporaryPassword]:
        """Return those of which the lock has not taken what is still wished at a Unix time.

        What it does not have at all has been wished anew if there is another one of that name.
        """
        there = {one.name.casefold() for one in self.valid(now) if one.phase is not Phase.DELETING}
        return [
            one
            for one in self
            if one.phase is Phase.FAILED
            and one.end > now
            and (one.gone is None or one.name.casefold() not in there)
        ]

    def check_addition(self, wish: Wish, now: float, length: int) -> None:
        """Raise PasswordRefused if a password like this cannot be added."""
        wish.check(now, length)
        self._check_name(wish.name, None, now)
        self._check_room(now)

    def check_change(
        self, password: TemporaryPassword, wish: Wish, now: float, length: int
    ) -> None:
        """Raise PasswordRefused if a password cannot become like this."""
        if password.phase is Phase.DELETING:
            raise PasswordRefused(Mistake.NO_SUCH_PASSWORD)
        wish.check(now, length)
        self._check_name(wish.name, password.id, now)
        if not password.counts(now):
            self._check_room(now)

    def find(self, which: str | int) -> TemporaryPassword:
        """Return a password by its name, or by its number; raise PasswordRefused."""
        if (password := self.search(which)) is None:
            raise PasswordRefused(Mistake.NO_SUCH_PASSWORD)
        return password

    def search(self, which: str | int) -> TemporaryPassword | None:
        """Return a password by its name, or by its number with or without 900, or None.

        Of several, it is one that nobody has deleted, and the one that lasts longest.
        """
        there = [password for password in self if password.gone is None]
        found = [one for one in there if one.name.casefold() == str(which).casefold()]
        if not found and str(which).isdecimal():
            found = [one for one in there if _same(one.number, int(which))]
        return max(found, key=lambda one: (one.phase is not Phase.DELETING, one.end), default=None)

    def name_of(self, number: int, at: float) -> str | None:
        """Return whose number, with or without 900, it was at a Unix time.

        Of several that had this number, the one that left the lock first after that time. A
        number that nobody has is that of the only password whose number is not known yet.
        """
        fitting = [one for one in self if one.names(at)]
        if numbered := [one for one in fitting if _same(one.number, number)]:
            return min(numbered, key=lambda one: one.gone or float("inf")).name
        unnumbered = [one for one in fitting if one.number is None and one.gone is None]
        return unnumbered[0].name if len(unnumbered) == 1 else None

    def put(self, password: TemporaryPassword, now: float) -> None:
        """Write down how a password is at a Unix time."""
        absent = password.phase is Phase.FAILED and password.number is None
        if password.gone is None and (absent or password.phase is Phase.DELETED):
            password = replace(password, gone=now)
        self._passwords[password.id] = password
        self._forget(now)

    def merge(self, listed: Iterable[TemporaryPassword], now: float) -> None:
        """Take a full list for the truth: what is not on it has left the lock."""
        found = {password.id: password for password in listed}
        for known in self:
            if (row := found.get(known.id)) is not None:
                number = known.number if row.number is None else row.number
                found[known.id] = replace(row, number=number, edit=max(row.edit, known.edit))
            elif known.gone is None:
                found[known.id] = replace(known, phase=Phase.DELETED)
        for password in found.values():
            self.put(password, now)

    def _check_name(self, name: str, id_: str | None, now: float) -> None:
        """Raise PasswordRefused if another password has this name."""
        for other in self.valid(now):
            same = other.name.casefold() == name.casefold()
            if same and other.id != id_ and other.phase is not Phase.DELETING:
                raise PasswordRefused(Mistake.NAME_TAKEN)

    def _check_room(self, now: float) -> None:
        """Raise PasswordRefused if the lock has no room for one more."""
        if len(self.valid(now)) >= MAX_VALID:
            raise PasswordRefused(Mistake.BOOK_FULL)

    def _forget(self, now: float) -> None:
        """Forget the oldest of those that are over."""
        over = [password for password in self if not password.counts(now)]
        for password in sorted(over, key=lambda one: one.gone or one.end)[:-HISTORY]:
            del self._passwords[password.id]


def _same(number: int | None, other: int) -> bool:
    """Return if two numbers are one, whichever of them has 900 added."""
    return number is not None and _slot(number) == _slot(other)


def _slot(number: int) -> int:
    """Return a number without 900."""
    return number - FIRST_NUMBER if number > FIRST_NUMBER else number


def new_code(length: int) -> str:
    """Return random digits that nobody guesses first."""
    while True:
        code = "".join(secrets.choice("0123456789") for _ in range(length))
        if not is_trivial(code):
            return code


def is_trivial(code: str) -> bool:
    """Return if digits are easily guessed: few different ones, pairs of equal ones, or a run."""
    if len(set(code)) <= len(code) // 2:
        return True
    if all(first == second for first, second in zip(code[::2], code[1::2], strict=False)):
        return True
    run = min(_RUN, len(code))
    parts = [code[at : at + run] for at in range(len(code) - run + 1)]
    return any(part in digits for part in parts for digits in _RUNS)
