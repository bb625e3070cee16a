"""One remote unlock, from the wish to the report that the door is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from .clock import Clock
from .codec import KeyReply, KeyStatus, RemoteKey
from .door import REPLY, Door
from .exceptions import (
    CloudSilent,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NoRequest,
    NotConfirmed,
    NotProven,
    UnlockRefused,
)
from .models import OUR_MEMBER, Source, Value
from .products.values import CodecError
from .profiles import Family
from .records.ageing import CLOCK_TOLERANCE
from .remote_key import SET_KEY, USE_KEY, Conversation

STORED_WITHIN = 5.0
"""Seconds in which a lock says that it has stored a key."""
OPEN_WITHIN = 10.0
"""Seconds in which a lock says that it has opened; Tuya's app waits as long."""

type Codes = Mapping[str, Value]


class Line(Protocol):
    """The way to a lock through the owner's Tuya account."""

    def accepts(self, code: str) -> bool:
        """Return if the account is there and takes this DP code for the lock."""

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise CloudRefused, CloudUnreachable or CloudSilent."""


class Attempt:
    """The course of one remote unlock, or remote lock. Whoever reads the lock feeds it."""

    def __init__(self, door: Door, clock: Clock, *, unlock: bool = True) -> None:
        """Prepare an attempt."""
        self._door = door
        self._clock = clock
        self._unlock = unlock
        self._line: Line | None = None
        self._route = Source.LAN
        self._inbox: asyncio.Queue[Codes | LockError] = asyncio.Queue()
        self.since = float("-inf")
        """Before it, in Unix seconds, nothing has happened that the last command can have done."""

    def go_by_account(self, line: Line | None) -> None:
        """Talk to the lock through the owner's account from now on, if that reaches it."""
        self._line, self._route = line, Source.ACCOUNT if line else Source.LAN

    def feed(self, news: Codes | LockError, route: str = Source.LAN) -> None:
        """Take a pushed report, a refusal, or the reason why the connection ended.

        Only the route of a command answers it: on another one, a connection that ends says nothing,
        and a reply may be the copy of one to an earlier command. A connected lock tells all itself,
        but may have been asked for at the door before.
        """
        if route == self._route or requests(news):
            self._inbox.put_nowait(news)
        elif self._route != Source.LAN and not isinstance(news, LockError):
            self._inbox.put_nowait({code: news[code] for code in news.keys() - {SET_KEY, USE_KEY}})

    def opened(self) -> None:
        """Take it from another route that the lock was opened remotely."""
        self._inbox.put_nowait({"unlock_app": 0})

    async def await_request(self, seconds: float) -> None:
        """Wait until somebody requests the unlock at the door.

        No other wake counts, and no request of an earlier wake whose time is not over yet. An
        access control knows no requests and never sleeps: it only has to be connected again.
        """
        try:
            async with self._clock.timeout(seconds):
                while not requests(await self._inbox.get()):
                    if self._door.family is Family.D and self._door.connected:
                        return
        except TimeoutError as err:
            raise LockAsleep("nobody requested the unlock at the door") from err

    async def converse(self, conversation: Conversation) -> RemoteKey:
        """Hold a conversation about remote keys, and return the key it ends with."""
        code, command = next(conversation)
        while True:
            exchange = self._store if code == SET_KEY else self._use
            reply = await exchange(command)
            try:
                code, command = conversation.send(reply)
            except StopIteration as done:
                key: RemoteKey = done.value
                return key

    async def by_reply(self) -> None:
        """Open by saying yes to the request at the door."""
        if not self._door.requested:
            raise NoRequest("nobody requests the unlock at the door")
        await self._send(REPLY, True)
        await self._outcome(self._moved)

    async def refuse(self) -> None:
        """Say no to the request at the door."""
        await self._send(REPLY, False)
        await self._outcome(_request_ended)

    async def by_cloud(self, operate: Awaitable[None]) -> None:
        """Open or lock through Tuya's cloud; only what the lock says counts as success."""
        await self._through_cloud(operate, self._moved)

    async def refuse_by_cloud(self, refuse: Awaitable[None]) -> None:
        """Say no through Tuya's cloud."""
        await self._through_cloud(refuse, _request_ended)

    async def _through_cloud[T](
        self, order: Awaitable[None], wanted: Callable[[Codes], T | None]
    ) -> None:
        """Give an order, and wait until the lock reports that it has been carried out."""
        self._route = Source.CLOUD
        self._forget()
        with suppress(CloudSilent):
            await order
        try:
            await self._news(wanted, OPEN_WITHIN)
        except TimeoutError as err:
            raise NotConfirmed("the lock did not say that it has done it") from err

    async def _store(self, command: str) -> KeyReply:
        """Store a key in the lock; until it is used, a lost connection has done nothing."""
        await self._send(SET_KEY, command)
        try:
            return await self._news(_stored, STORED_WITHIN)
        except TimeoutError as err:
            raise KeyIgnored("the lock did not say that it stored the key") from err

    async def _use(self, command: str) -> KeyReply:
        """Use a key; what the lock repeats of our command is no answer."""
        await self._send(USE_KEY, command)

        def used(codes: Codes) -> KeyReply | None:
            reply = reply_in(codes, USE_KEY)
            return reply if reply and reply.status is not None else self._moved(codes)

        return await self._outcome(used)

    async def _send(self, code: str, value: Value) -> None:
        """Send a command to a lock that has proved itself, after all news that came before it."""
        self._forget()
        if self._line:
            with suppress(CloudSilent):
                await self._line.send(code, value)
        elif self._door.proven:
            self._door.send(code, value)
        else:
            raise NotProven("the other end has not proved that it holds the local key")

    def _forget(self) -> None:
        """Forget all news that came before a command.

        What the lock has done since has a later time than the request at the door, by whichever
        clock.
        """
        self.since = self._door.requested_at or self._clock.time() - CLOCK_TOLERANCE
        while not self._inbox.empty():
            self._inbox.get_nowait()

    async def _outcome[T](self, wanted: Callable[[Codes], T | None]) -> T:
        """Wait for what became of a command; raise NoAnswer if that remains unknown."""
        try:
            return await self._news(wanted, OPEN_WITHIN)
        except (ConnectionLost, TimeoutError) as err:
            raise NoAnswer("the lock did not say what became of the command") from err

    async def _news[T](self, wanted: Callable[[Codes], T | None], seconds: float) -> T:
        """Wait for the report that is wanted; raise TimeoutError, ConnectionLost, UnlockRefused."""
        async with self._clock.timeout(seconds):
            while True:
                news = await self._inbox.get()
                if isinstance(news, LockError):
                    if isinstance(news, UnlockRefused):
                        raise news
                    raise ConnectionLost("the connection ended") from news
                if (found := wanted(news)) is not None:
                    return found

    def _moved(self, codes: Codes) -> KeyReply | None:
        """Return success if a report shows that the bolt or the door has moved as wished."""
        if codes.get("lock_motor_state") is self._unlock:
            return KeyReply(KeyStatus.DONE)
        if self._unlock and (codes.keys() & _REMOTE_RECORDS or _door_opened(codes)):
            return KeyReply(KeyStatus.DONE)
        return None


def _stored(codes: Codes) -> KeyReply | None:
    """Return what a lock says of our key; that it had none, it says of another member."""
    reply = reply_in(codes, SET_KEY)
    had_none = reply and reply.status is KeyStatus.FAILED and reply.member != OUR_MEMBER
    return None if had_none else reply


def _request_ended(codes: Codes) -> bool | None:
    """Return if a report says that nobody asks at the door any more."""
    return codes.get("unlock_request") == 0 or None


_REMOTE_RECORDS = {"unlock_app", "unlock_phone_remote_kit"}


def _door_opened(codes: Codes) -> bool:
    """Return if a report says that the door is open."""
    return codes.get("closed_opened") == "open"


def requests(news: Codes | LockError) -> bool:
    """Return if somebody requests the unlock at the door."""
    return not isinstance(news, LockError) and int(news.get("unlock_request", 0)) > 0


def reply_in(codes: Codes, code: str) -> KeyReply | None:
    """Return the answer to a key command in a report, if it is there and legible."""
    try:
        return KeyReply.decode(str(codes[code])) if code in codes else None
    except CodecError:
        return None
