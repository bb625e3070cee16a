"""The temporary passwords of one lock, whoever carries them to it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .clock import Clock
from .exceptions import CloudError, CloudSilent, NoCloud
from .passwords import PasswordBook, Phase, TemporaryPassword, Wish, new_code


class Carrier(Protocol):
    """Who brings passwords to the lock."""

    @property
    def code_length(self) -> int:
        """Return how many digits the lock wants."""

    async def list_passwords(self) -> list[TemporaryPassword] | None:
        """Return all valid passwords, or None if it cannot know."""

    async def add_password(self, wish: Wish) -> TemporaryPassword:
        """Send a new password on its way."""

    async def change_password(self, old: TemporaryPassword, wish: Wish) -> TemporaryPassword:
        """Send a change on its way."""

    async def delete_password(self, password: TemporaryPassword) -> TemporaryPassword:
        """Send a deletion on its way."""


class TemporaryPasswords:
    """The book, and what can be done with it. One thing is done at a time."""

    def __init__(
        self,
        clock: Clock,
        stored: Mapping[str, Any] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the book that `as_dict` returned in an earlier life; tell each change of it."""
        self.carrier: Carrier | None = None
        self.book = PasswordBook(stored)
        self._clock = clock
        self._changed = changed
        self._turn = asyncio.Lock()

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage; there are no digits in it."""
        return self.book.as_dict()

    def take(self, password: TemporaryPassword) -> None:
        """Note how a password is now."""
        self.book.put(password, self._clock.time())
        self._changed()

    async def refresh(self) -> None:
        """Ask for all passwords, where somebody knows them."""
        async with self._turn:
            if self.carrier:
                await self._refresh(self.carrier)

    async def add(
        self, name: str, start: float, end: float, *, once: bool, code: str | None = None
    ) -> tuple[TemporaryPassword, str]:
        """Add a password; return it and its digits, which nobody can read again."""
        carrier = self._need()
        code = new_code(carrier.code_length) if code is None else code
        wish = Wish(name=name.strip(), code=code, start=int(start), end=int(end), once=once)
        wish.check(self._clock.time(), carrier.code_length)
        async with self._turn:
            await self._refresh(carrier)
            self.book.check_addition(wish, self._clock.time(), carrier.code_length)
            try:
                password = await carrier.add_password(wish)
            except CloudSilent as silence:
                password = await self._find_added(carrier, wish, silence)
            self.take(password)
            return password, code

    async def modify(
        self,
        which: str | int,
        *,
        name: str | None = None,
        code: str,
        start: float | None = None,
        end: float | None = None,
    ) -> TemporaryPassword:
        """Change a password; its digits have to be given again, as nobody knows them."""
        carrier = self._need()

        def changed(old: TemporaryPassword) -> Wish:
            wish = Wish(
                name=old.name if name is None else name.strip(),
                code=code,
                start=old.start if start is None else int(start),
                end=old.end if end is None else int(end),
                once=old.once,
            )
            wish.check(self._clock.time(), carrier.code_length)
            return wish

        async with self._turn:
            if known := self.book.search(which):
                changed(known)
            await self._refresh(carrier)
            old = self.book.find(which)
            wish = changed(old)
            self.book.check_change(old, wish, self._clock.time(), carrier.code_length)
            password = await carrier.change_password(old, wish)
            self.take(password)
            return password

    async def delete(self, which: str | int) -> TemporaryPassword:
        """Delete a password; it works until the lock knows."""
        carrier = self._need()
        async with self._turn:
            await self._refresh(carrier)
            password = self.book.find(which)
            if password.phase is not Phase.DELETING:
                password = await carrier.delete_password(password)
                self.take(password)
            return password

    def _need(self) -> Carrier:
        """Return who carries passwords to this lock."""
        if self.carrier is None:
            raise NoCloud("nobody carries temporary passwords to this lock")
        return self.carrier

    async def _refresh(self, carrier: Carrier) -> None:
        """Take what the carrier knows for the truth."""
        if (listed := await carrier.list_passwords()) is not None:
            self.book.merge(listed, self._clock.time())
            self._changed()

    async def _find_added(
        self, carrier: Carrier, wish: Wish, silence: CloudSilent
    ) -> TemporaryPassword:
        """Return the password that was added though nobody said so, else raise the silence."""
        try:
            listed = await carrier.list_passwords()
        except CloudError:
            raise silence from None
        known = {password.id for password in self.book}
        for one in listed or ():
            if one.id not in known and (one.name, one.end) == (wish.name, wish.end):
                return one
        raise silence
