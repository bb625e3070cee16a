"""Temporary passwords: the book of one lock, and what Tuya's cloud is asked to do with them.

The book never holds their digits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
import logging
import secrets
from typing import TYPE_CHECKING, Any, Literal

from ..clock import Clock
from ..exceptions import (
    Cause,
    CloudError,
    CloudRefused,
    CloudSilent,
    Mistake,
    NoCloud,
    PasswordRefused,
)
from ..models import (
    CODE_LENGTH,
    PasswordPhase,
    PasswordRequest,
    TemporaryPassword,
    Weekly,
    safe_name,
)
from ..storage import Reader

if TYPE_CHECKING:
    from ..cloud.client import CloudClient
    from ..cloud.responses import OfflinePassword

_LOGGER = logging.getLogger(__name__)

HOUR = 3600.0
MULTIPLE = "multiple"
"""The kind of offline passwords that open any number of times until they end."""

MAX_VALID = 10
"""Passwords that a lock holds at most, as Tuya counts them."""
LAST_TIME = 0xFFFFFFFF
"""The last Unix time that a lock can write down, in the year 2106."""
HISTORY = 50
"""Passwords that are over and still give their name to old records."""

CODE_LENGTHS = (7, 6)
"""Digits of codes, the usual ones first; which it is shows when the cloud takes the first code."""

FIRST_NUMBER = 900
_LONGEST_NUMBER = 10
"""Digits of a number that somebody enters."""
_RUN = 5
_RUNS = "0123456789" * 2, "9876543210" * 2


class PasswordBook:
    """All temporary passwords of a lock, and the last ones that are over."""

    __slots__ = ("known",)

    NAME_LENGTH = 20
    """Characters of a name at most."""

    def __init__(self, stored: Any = None, reader: Reader | None = None) -> None:
        """Go on from what was `stored` before, as far as that can be read."""
        reader = reader or Reader()
        rows = reader.parts("passwords", stored).get("passwords", [])
        self.known: tuple[TemporaryPassword, ...] = ()
        """All that are known, the oldest first."""
        self._keep(reader.read("passwords", list[TemporaryPassword], rows, []))

    @property
    def stored(self) -> dict[str, Any]:
        """Return what is stored of them; there are no digits in it."""
        return {"passwords": self.known}

    def __iter__(self) -> Iterator[TemporaryPassword]:
        """Return all that are known, the oldest first."""
        return iter(self.known)

    @property
    def unsettled(self) -> int:
        """Return how many wait for the lock, to be stored or deleted."""
        return sum(one.phase in {PasswordPhase.WAITING, PasswordPhase.DELETING} for one in self)

    def valid(self, now: float) -> list[TemporaryPassword]:
        """Return those that take a place in the lock at a Unix time, as Tuya counts."""
        return [password for password in self if password.counts(now)]

    def room(self, now: float) -> int:
        """Return how many more passwords the lock can take at a Unix time.

        Keypads have phases that nobody has explained (12, 17, 19). Whether such a password takes a
        place is left to the cloud.
        """
        return MAX_VALID - sum(one.phase is not PasswordPhase.UNKNOWN for one in self.valid(now))

    def failed(self, now: float) -> list[TemporaryPassword]:
        """Return those of which the lock has not taken what is still wanted at a Unix time.

        What it does not have at all was requested again if there is another one of that name.
        """
        there = {
            one.name.casefold()
            for one in self.valid(now)
            if one.phase is not PasswordPhase.DELETING
        }
        return [
            one
            for one in self
            if one.phase is PasswordPhase.FAILED
            and one.end > now
            and (one.gone is None or one.name.casefold() not in there)
        ]

    def check_addition(self, request: PasswordRequest, now: float) -> None:
        """Raise PasswordRefused if a password like this cannot be added."""
        check_request(request, now)
        self._check_name(request.name, None, now)
        self._check_room(now)

    def check_change(
        self, password: TemporaryPassword, request: PasswordRequest, now: float
    ) -> None:
        """Raise PasswordRefused if a password cannot become like this."""
        if password.phase is PasswordPhase.DELETING:
            raise self._unknown()
        check_request(request, now)
        is_there = password.counts(now)
        if not is_there or request.name != password.name:
            # The app lets two have one name, and both can be changed.
            self._check_name(request.name, password.id, now)
        if not is_there:
            self._check_room(now)

    def find(self, which: str | int) -> TemporaryPassword:
        """Return a password by its name, its number or its id; raise PasswordRefused."""
        if (password := self.search(which)) is None:
            raise self._unknown()
        return password

    def search(self, which: str | int) -> TemporaryPassword | None:
        """Return a password by its id, its name, or its number with or without 900, or None.

        Of several, it is one that nobody has deleted, and the one that lasts longest. One that the
        lock has not taken can still be requested again, or deleted. The id comes first, as anybody
        can be called like one.
        """
        there = [one for one in self if one.gone is None or one.phase is PasswordPhase.FAILED]
        typed = _trimmed(str(which))
        name = typed.casefold()
        found = [one for one in there if one.id == typed]
        found = found or [one for one in there if one.name.casefold() == name]
        if not found and name.isdecimal() and len(name) <= _LONGEST_NUMBER:
            found = [one for one in there if _same(one.number, int(name))]
        return max(
            found,
            key=lambda one: (one.phase is not PasswordPhase.DELETING, one.gone is None, one.end),
            default=None,
        )

    def note_use(self, password: TemporaryPassword, record_id: int) -> None:
        """Note the first unlock with a password."""
        if password.first_use is None:
            self._keep([*self.known, replace(password, first_use=record_id)])

    def used(self, number: int, at: float) -> TemporaryPassword | None:
        """Return which password had a number, with or without 900, at a Unix time.

        Of several that had this number, the one that left the lock first after that time. A
        number that nobody has is that of the only password whose number is not known yet. The
        clock of the lock can be an hour behind, in summer.
        """
        for moment in (at, at + HOUR):
            numbered = [one for one in self if _same(one.number, number) and one.names(moment)]
            if numbered:
                return min(numbered, key=lambda one: one.gone or float("inf"))
        fitting = [one for one in self if one.names(at)]
        unnumbered = [one for one in fitting if one.number is None and one.gone is None]
        return unnumbered[0] if len(unnumbered) == 1 else None

    def put(self, password: TemporaryPassword, now: float) -> None:
        """Write down how a password is at a Unix time."""
        absent = password.phase is PasswordPhase.FAILED and password.number is None
        if password.gone is None and (absent or password.phase is PasswordPhase.DELETED):
            password = replace(password, gone=now)
        self._keep([*self.known, password])
        self._forget(now)

    def merge(self, listed: Iterable[TemporaryPassword], now: float) -> None:
        """Take over a full list: what is not on it has left the lock."""
        found = {password.id: password for password in listed}
        for known in self:
            if (row := found.get(known.id)) is not None:
                found[known.id] = replace(
                    row,
                    number=known.number if row.number is None else row.number,
                    edit=max(row.edit, known.edit),
                    weekly=_schedule(row, known.weekly),
                    first_use=known.first_use,
                )
            elif known.gone is None:
                found[known.id] = replace(known, phase=PasswordPhase.DELETED)
        for password in found.values():
            self.put(password, now)

    def _check_name(self, name: str, id_: str | None, now: float) -> None:
        """Raise PasswordRefused if another password has this name."""
        for other in self.valid(now):
            same = other.name.casefold() == name.casefold()
            if same and other.id != id_ and other.phase is not PasswordPhase.DELETING:
                raise PasswordRefused(Mistake.NAME_TAKEN)

    def _check_room(self, now: float) -> None:
        """Raise PasswordRefused if the lock has no room for one more."""
        if self.room(now) <= 0:
            raise PasswordRefused(Mistake.BOOK_FULL, map(_label, self.valid(now)))

    def _unknown(self) -> PasswordRefused:
        """Return that there is no such password, and which ones there are."""
        there = [one for one in self if one.gone is None]
        names = [_label(one) for one in there if one.phase is not PasswordPhase.DELETING]
        return PasswordRefused(Mistake.NO_SUCH_PASSWORD, names)

    def _forget(self, now: float) -> None:
        """Forget the oldest of those that are over."""
        over = [password for password in self if not password.counts(now)]
        forgotten = sorted(over, key=lambda one: one.gone or one.end)[:-HISTORY]
        if forgotten:
            self._keep([one for one in self if one not in forgotten])

    def _keep(self, passwords: Iterable[TemporaryPassword]) -> None:
        """Keep passwords, of each the last form."""
        self.known = tuple({password.id: password for password in passwords}.values())


class TemporaryPasswords(PasswordBook):
    """The book, and what can be done with it. One thing is done at a time."""

    __slots__ = ("_changed", "_clock", "_cloud", "_turn")

    def __init__(
        self,
        cloud: CloudClient | None,
        clock: Clock,
        stored: Any = None,
        changed: Callable[[], None] = lambda: None,
        reader: Reader | None = None,
    ) -> None:
        """Go on from what was `stored` before; `changed` is called with each change."""
        super().__init__(stored, reader)
        self._cloud, self._clock = cloud, clock
        self._changed = changed
        self._turn = asyncio.Lock()

    @property
    def available(self) -> bool:
        """Return if there is a cloud project, which carries passwords to the lock."""
        return self._cloud is not None

    @property
    def code_length(self) -> int | None:
        """Return how many digits the lock wants, or None if that has not shown yet."""
        return self._cloud.code_length if self._cloud else None

    @property
    def code_lengths(self) -> tuple[int, ...]:
        """Return how many digits a code can have, the likeliest first."""
        return CODE_LENGTHS if self.code_length is None else (self.code_length,)

    async def refresh(self) -> None:
        """Ask the cloud for all passwords, if there is a project."""
        async with self._turn:
            if self._cloud:
                await self._refresh(self._cloud)

    async def add(
        self,
        name: str,
        start: float,
        end: float,
        *,
        once: bool = False,
        weekly: Weekly | None = None,
        code: str | None = None,
    ) -> tuple[TemporaryPassword, str]:
        """Add a password; return it and its digits, which nobody can read again."""
        cloud, codes = self._need(), self._codes(code)
        request = PasswordRequest(
            name=_trimmed(name),
            code=codes[0],
            start=int(start),
            end=int(end),
            once=once,
            weekly=weekly,
        )
        check_request(request, self._clock.time())
        async with self._turn:
            await self._refresh(cloud)
            self.check_addition(request, self._clock.time())
            known = {password.id for password in self}

            def is_it(row: TemporaryPassword) -> bool:
                return row.id not in known and (row.name, row.end) == (request.name, request.end)

            return await self._send(cloud, request, codes, cloud.add_password, is_it)

    async def modify(
        self,
        which: str | int,
        *,
        name: str | None = None,
        code: str | None = None,
        start: float | None = None,
        end: float | None = None,
        weekly: Weekly | Literal[False] | None = None,
    ) -> tuple[TemporaryPassword, str]:
        """Change a password; return it and its digits. What is None stays; False is no schedule.

        Tuya wants the digits with each change, and nobody knows them: without a code, it gets
        others.
        """
        cloud, codes = self._need(), self._codes(code)

        def changed(old: TemporaryPassword) -> PasswordRequest:
            return PasswordRequest(
                name=old.name if name is None else _trimmed(name),
                code=codes[0],
                start=old.start if start is None else int(start),
                end=old.end if end is None else int(end),
                once=old.once,
                weekly=old.weekly if weekly is None else weekly or None,
            )

        async with self._turn:
            if known := self.search(which):
                check_request(changed(known), self._clock.time())
            await self._refresh(cloud)
            old = self.find(which)
            request = changed(old)
            self.check_change(old, request, self._clock.time())
            send = partial(cloud.change_password, old)
            is_it = partial(_has_become, old, request)
            return await self._send(cloud, request, codes, send, is_it)

    async def dynamic(self) -> str:
        """Return a code that opens the lock for five minutes."""
        return await self._need().dynamic_password()

    async def offline(
        self, kind: str, name: str | None, start: float | None, end: float | None
    ) -> OfflinePassword:
        """Return a code that the lock verifies by itself: `once`, `multiple` or `clear_all`.

        Only `multiple` has times, on the hour.
        """
        cloud, now = self._need(), self._clock.time()
        if kind == MULTIPLE:
            start = now if start is None else start
            _check_offline(start, end, now)
        elif start is not None or end is not None:
            raise PasswordRefused(Mistake.OFFLINE_TIMES_FIXED)
        return await cloud.offline_password(kind, name, start, end)

    async def delete(self, which: str | int) -> TemporaryPassword:
        """Delete a password; it works until the lock knows."""
        cloud = self._need()
        async with self._turn:
            await self._refresh(cloud)
            password = self.find(which)
            if password.phase is not PasswordPhase.DELETING:
                password = await cloud.delete_password(replace(password, gone=None))
                self._put(password)
            return password

    def _need(self) -> CloudClient:
        """Return the cloud, which carries passwords to the lock."""
        if self._cloud is None:
            raise NoCloud("there is no cloud project")
        return self._cloud

    def _put(self, password: TemporaryPassword) -> None:
        _LOGGER.debug("temporary password %s is %s now", password.id, password.phase)
        self.put(password, self._clock.time())
        self._changed()

    async def _refresh(self, cloud: CloudClient) -> None:
        self.merge(await cloud.list_passwords(self), self._clock.time())
        self._changed()

    def _codes(self, code: str | None) -> list[str]:
        """Return the digits that somebody wants, or random ones of each length that is usual."""
        return [new_code(length) for length in self.code_lengths] if code is None else [code]

    async def _send(
        self,
        cloud: CloudClient,
        request: PasswordRequest,
        codes: list[str],
        send: Callable[[PasswordRequest], Awaitable[TemporaryPassword]],
        is_it: Callable[[TemporaryPassword], bool],
    ) -> tuple[TemporaryPassword, str]:
        """Send a request with the first of several codes whose length the lock accepts.

        An answer can be lost: `is_it` recognises what was done all the same.
        """
        refusals = []
        for digits in codes:
            try:
                password = await send(replace(request, code=digits))
            except CloudSilent as silence:
                password = await self._find_sent(cloud, is_it, request.weekly, silence)
            except CloudRefused as refused:
                if refused.cause is not Cause.BAD_VALUE:
                    raise
                refusals.append(refused)
                continue
            self._put(password)
            return password, digits
        if len(codes[0]) == self.code_lengths[0]:
            raise refusals[-1]
        raise PasswordRefused(Mistake.BAD_CODE) from refusals[-1]

    async def _find_sent(
        self,
        cloud: CloudClient,
        is_it: Callable[[TemporaryPassword], bool],
        weekly: Weekly | None,
        silence: CloudSilent,
    ) -> TemporaryPassword:
        """Return the password that the cloud has though its answer was lost, else raise."""
        with suppress(CloudError):
            await self._refresh(cloud)
            for one in self:
                if is_it(one):
                    return replace(one, weekly=_schedule(one, weekly))
        raise silence


def _has_become(old: TemporaryPassword, request: PasswordRequest, row: TemporaryPassword) -> bool:
    """Return if a password has changed to what was requested, as far as the list shows that."""
    wanted = (request.name, request.start, request.end, request.weekly)
    before = (old.name, old.start, old.end, old.weekly)
    shows = before != wanted or old.phase is not PasswordPhase.WAITING
    listed = (row.name, row.start, row.end, _schedule(row, request.weekly))
    is_it = row.id == old.id and listed == wanted and row.phase is PasswordPhase.WAITING
    return shows and is_it


def _schedule(row: TemporaryPassword, known: Weekly | None) -> Weekly | None:
    """Return the schedule of a listed password; it is the known one if it can be read as that.

    For some keypads Tuya writes 9:00 as 900, and the days of the week from the other end.
    """
    listed = row.weekly
    if listed is None or known is None:
        return listed
    times = (known.start, known.end)
    written = tuple(minute // 60 * 100 + minute % 60 for minute in times)
    reversed_days = frozenset((4 - day) % 7 for day in known.days)
    if (listed.start, listed.end) in {times, written} and listed.days in {
        known.days,
        reversed_days,
    }:
        return known
    return listed


def check_request(request: PasswordRequest, now: float) -> None:
    """Raise PasswordRefused if no lock can have such a password."""
    name = request.name
    if not 0 < len(name) <= PasswordBook.NAME_LENGTH or name != safe_name(name):
        raise PasswordRefused(Mistake.BAD_NAME)
    is_number = request.code.isascii() and request.code.isdecimal()
    if not (is_number and CODE_LENGTH.allows(len(request.code))):
        raise PasswordRefused(Mistake.BAD_CODE)
    _check_times(request.start, request.end, now)
    if (weekly := request.weekly) and (not weekly.days or weekly.end <= weekly.start):
        raise PasswordRefused(Mistake.BAD_WEEKLY)


def _label(password: TemporaryPassword) -> str:
    """Return by what a password can be found: the app can give it no name."""
    return password.name or str(password.number or password.id)


def _trimmed(name: str) -> str:
    """Return a name without spaces that do not show; they are neither kept nor compared."""
    return " ".join(filter(None, name.split(" ")))


def _check_times(start: float, end: float, now: float) -> None:
    """Raise PasswordRefused if no password can be valid from one time to another."""
    if end <= start:
        raise PasswordRefused(Mistake.END_BEFORE_START)
    if end <= now:
        raise PasswordRefused(Mistake.END_IN_PAST)
    if start < 0 or end > LAST_TIME:
        raise PasswordRefused(Mistake.BEYOND_CLOCK)


def _check_offline(start: float, end: float | None, now: float) -> None:
    """Raise PasswordRefused if an offline password cannot be valid at these times."""
    if end is None:
        raise PasswordRefused(Mistake.OFFLINE_END_MISSING)
    _check_times(start, end, now)
    if end // HOUR == start // HOUR:
        raise PasswordRefused(Mistake.OFFLINE_TOO_SHORT)


def _same(number: int | None, other: int) -> bool:
    """Return if two numbers are one, whichever of them has 900 added."""
    return number is not None and _slot(number) == _slot(other)


def _slot(number: int) -> int:
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
