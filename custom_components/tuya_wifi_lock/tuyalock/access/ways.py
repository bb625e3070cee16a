"""The ways to open a door: a key of our own, a reply to the request, a ticket of Tuya's cloud.

Each sends its commands at most once, and believes only what the lock reports.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
import logging
from typing import override

from ..clock import Clock, is_set
from ..cloud.client import CloudClient
from ..exceptions import (
    CallsUsedUp,
    ClockNotSet,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    ConnectionLost,
    KeyIgnored,
    NoAnswer,
    NoCloud,
    NoRequest,
    NotConfirmed,
    Reason,
    UnlockRefused,
)
from ..models import OUR_MEMBER, Item, Report, Source, Value
from ..products.catalogue import Family
from ..records.ageing import CLOCK_TOLERANCE
from .keys import SET_KEY, USE_KEY, KeyReply, KeyStatus, RemoteKey, one_time_key, reply_in
from .transports import REPLY, Reported, Transport, Transports, Waiter, Waiters, Wanted

_LOGGER = logging.getLogger(__name__)

STORED_WITHIN = 5.0
"""Seconds in which a lock says that it has stored a key."""
OPEN_WITHIN = 10.0
"""Seconds in which a lock says that it has opened; Tuya's app waits as long."""
LOOK_EVERY = 3.0
"""Seconds between two looks at the cloud's records; one is there some seconds after an opening."""
AROUND = 600.0
"""Seconds by which a lock's clock may differ from ours."""

_REPLACED = {KeyStatus.KEY_INVALID, KeyStatus.WRONG_KEY}
_REMOTE = {"app", "remote"}

type _Row = tuple[Item, ...]
"""What identifies a record of the cloud."""


class Way(ABC):
    """A way to open the door, and to lock it."""

    codes: tuple[str, ...] = ()
    """DP codes that it sends."""
    locks = True
    """It can also lock."""

    def __init__(self, transports: Transports, waiters: Waiters, clock: Clock) -> None:
        self._transports, self._waiters, self._clock = transports, waiters, clock

    @property
    def usable(self) -> bool:
        """Return if this product can be opened in this way, as far as is known."""
        return True

    @property
    def reached(self) -> bool:
        """Return if the lock can be opened now, and need not be waited for."""
        return self._transports.reaching(*self.codes) is not None

    @abstractmethod
    async def operate(self, *, unlock: bool) -> None:
        """Open the door, or lock it; raise LockError."""

    def _transport(self) -> Transport:
        return self._transports.reaching(*self.codes) or self._transports.lan

    async def _give(self, what: str, order: Awaitable[None]) -> None:
        """Give an order once; if its answer is lost, the lock's reports show what became of it."""
        _LOGGER.debug("%s: sending %s", self._transports.device_id, what)
        with suppress(CloudSilent):
            await order

    @asynccontextmanager
    async def _sent[T](
        self, transport: Transport, code: str, value: Value, wanted: Wanted[T]
    ) -> AsyncGenerator[Waiter[T]]:
        """Send a command, and wait in the block for a report that it causes."""
        wanted = self._effect(transport.source, wanted)
        with self._waiters.wait_for(wanted, transport.source) as waiter:
            await self._give(f"{code} over {transport.source}", transport.send(code, value))
            yield waiter

    async def _outcome[T](
        self, transport: Transport, code: str, value: Value, wanted: Wanted[T]
    ) -> T:
        """Send a command, and return what became of it; raise NoAnswer if that stays unknown."""
        async with self._sent(transport, code, value, wanted) as waiter:
            try:
                return await waiter.result(OPEN_WITHIN)
            except (ConnectionLost, TimeoutError) as err:
                raise NoAnswer("the lock did not say what became of the command") from err

    def _effect[T](self, source: Source, wanted: Wanted[T]) -> Wanted[T]:
        """Return what finds an effect of a command that is sent now.

        A connected lock reports everything itself. Elsewhere something may be reported that is
        older than the command: what the lock has done since has a later time than the request at
        the door, by whichever clock.
        """
        since = self._transports.requested_at or self._clock.time() - CLOCK_TOLERANCE

        def found(reported: Reported) -> T | None:
            match reported.source:
                case Source.LAN:
                    counts = not reported.is_answer
                case Source.ACCOUNT:
                    counts = source is not Source.LAN and (reported.at or 0) >= since
                case Source.CLOUD:
                    counts = False
            return wanted(reported) if counts else None

        return found


class OwnKey(Way):
    """Stores a key of our own in the lock, for this once, and uses it."""

    codes = (SET_KEY, USE_KEY)

    @property
    @override
    def usable(self) -> bool:
        """Return if the product may know remote keys; only an older one certainly does not."""
        return self._transports.family is not Family.A

    @override
    async def operate(self, *, unlock: bool) -> None:
        """Open, or lock; a key that was replaced behind our back is stored and tried once more."""
        transport = self._transport()
        if not is_set(self._clock.time()):
            raise ClockNotSet("our clock is not set")
        for last in (False, True):
            key = one_time_key(self._clock.time())
            await self._store(transport, key)
            status = await self._use(transport, key, unlock)
            _LOGGER.debug("%s: the lock says %s", self._transports.device_id, status.name)
            if status is KeyStatus.DONE:
                return
            if last or status not in _REPLACED:
                raise UnlockRefused(Reason[status.name])

    async def _store(self, transport: Transport, key: RemoteKey) -> None:
        """Store a key; an echo is taken for a yes, since using the key will show it.

        Until the key is used, a lost connection has done nothing.
        """

        def stored(reported: Reported) -> KeyReply | None:
            reply = _reply(transport, reported, SET_KEY)
            had_none = reply and reply.status is KeyStatus.FAILED and reply.member != OUR_MEMBER
            # A lock that had no key reports that with the id of another member.
            return None if had_none else reply

        async with self._sent(transport, SET_KEY, key.encode(), stored) as waiter:
            try:
                reply = await waiter.result(STORED_WITHIN)
            except TimeoutError as err:
                raise KeyIgnored("the lock did not say that it stored the key") from err
        if reply.status not in {None, KeyStatus.DONE}:
            raise UnlockRefused(Reason.KEY_NOT_STORED)

    async def _use(self, transport: Transport, key: RemoteKey, unlock: bool) -> KeyStatus:
        """Use a key; what the lock repeats of our command is no answer."""

        def used(reported: Reported) -> KeyStatus | None:
            reply = _reply(transport, reported, USE_KEY)
            if reply and reply.status is not None:
                return reply.status
            return KeyStatus.DONE if _moved(reported, unlock=unlock) else None

        return await self._outcome(transport, USE_KEY, key.use(unlock=unlock), used)


class Reply(Way):
    """Says yes to the request at the door."""

    codes = (REPLY,)
    locks = False

    @override
    async def operate(self, *, unlock: bool = True) -> None:
        """Open the door while somebody requests it there."""
        if not self._transports.requested:
            raise NoRequest("nobody requests the unlock at the door")
        await self._outcome(self._transport(), REPLY, True, partial(_moved, unlock=True))

    async def refuse(self) -> None:
        """Say no to the request at the door."""
        await self._outcome(self._transport(), REPLY, False, _request_ended)


class CloudTicket(Way):
    """Has Tuya's cloud open, as the app does it; only what the lock reports counts as success."""

    def __init__(
        self,
        transports: Transports,
        waiters: Waiters,
        clock: Clock,
        cloud: CloudClient | None,
        receive: Callable[[Report], None],
    ) -> None:
        """Prepare the way through a project in Tuya's cloud; `receive` gets its records."""
        super().__init__(transports, waiters, clock)
        self._project, self._receive = cloud, receive

    @property
    @override
    def usable(self) -> bool:
        """Return if there is a cloud project."""
        return self._project is not None

    @property
    @override
    def reached(self) -> bool:
        """Return if the lock listens to its cloud now, or nobody but the cloud can know."""
        lock = self._transports
        return lock.connected or lock.requested or not lock.located

    @override
    async def operate(self, *, unlock: bool) -> None:
        """Open, or lock; what opens without a connection to us is in the cloud's records."""
        order, wanted = self._cloud.operate, partial(_moved, unlock=unlock)
        if not unlock or self._transports.connected:
            await self._order("order to the cloud", order(unlock=unlock), wanted)
            return
        async with self._following_records() as before:
            await self._order("order to the cloud", order(unlock=True), wanted, before)

    async def refuse(self) -> None:
        """Say no to the request at the door."""
        refuse = self._cloud.refuse_request()
        await self._order("refusal to the cloud", refuse, _request_ended)

    @property
    def _cloud(self) -> CloudClient:
        if self._project is None:
            raise NoCloud("there is no cloud project")
        return self._project

    async def _order(
        self,
        what: str,
        order: Awaitable[None],
        wanted: Wanted[bool],
        before: Collection[_Row] | None = None,
    ) -> None:
        """Give an order, and wait until the lock reports that it has been carried out.

        A record of the cloud counts if those before the order are known, and it is none of them.
        """
        effect = self._effect(Source.CLOUD, wanted)

        def done(reported: Reported) -> bool | None:
            if reported.source is not Source.CLOUD:
                return effect(reported)
            new = before is not None and reported.items not in before
            return wanted(reported) if new else None

        with self._waiters.wait_for(done) as waiter:
            await self._give(what, order)
            try:
                await waiter.result(OPEN_WITHIN)
            except TimeoutError as err:
                raise NotConfirmed("the lock did not say that it has done it") from err

    @asynccontextmanager
    async def _following_records(self) -> AsyncGenerator[Collection[_Row] | None]:
        """Pass on each record that comes to the cloud in this block; yield those of before."""
        now = self._clock.time()
        try:
            before = {
                one.items for one in await self._cloud.unlock_records(now - AROUND, now + AROUND)
            }
        except CallsUsedUp, CloudRefused:
            # Not every product has records in the cloud.
            yield None
            return
        except CloudSilent as error:
            # Nothing has been ordered yet.
            raise CloudUnreachable from error
        following = asyncio.create_task(self._follow_records(set(before)))
        try:
            yield before
        finally:
            following.cancel()

    async def _follow_records(self, known: set[_Row]) -> None:
        """Pass on what is not known, again and again."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            now = self._clock.time()
            with suppress(CloudError):
                for report in await self._cloud.unlock_records(now - AROUND, now + AROUND):
                    if report.items not in known:
                        known.add(report.items)
                        self._receive(report)


def _reply(transport: Transport, reported: Reported, code: str) -> KeyReply | None:
    """Return the answer to a key command.

    Another source than the transport's may report the copy of an answer to an earlier command.
    """
    own = reported.source is transport.source
    return reply_in(reported.codes, code) if own else None


def _moved(reported: Reported, *, unlock: bool) -> bool | None:
    """Return if a report shows that the bolt or the door has moved as wanted."""
    if reported.codes.get("lock_motor_state") is unlock:
        return True
    opened = any(one.method in _REMOTE for one in reported.unlocks)
    return (unlock and (opened or reported.codes.get("closed_opened") == "open")) or None


def _request_ended(reported: Reported) -> bool | None:
    return reported.codes.get("unlock_request") == 0 or None
