"""Remote unlock: opening, locking and refusing, one at a time, and the ways to do it.

The ways are a key of our own, a reply to the request, and a ticket of Tuya's cloud. Each sends its
commands at most once, and believes only what the lock reports.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
import logging
from typing import TYPE_CHECKING, override

from ..clock import Clock
from ..exceptions import (
    AsleepAndAlone,
    CallsUsedUp,
    Cancelled,
    ClockNotSet,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    ConnectionLost,
    GatewayNotReached,
    KeyIgnored,
    LockAsleep,
    LockError,
    LockMissing,
    LocksByItself,
    NoAnswer,
    NoCloud,
    NoRequest,
    NotConfirmed,
    NotLockedAsleep,
    Reason,
    RequestOver,
    UnlockRefused,
)
from ..models import OUR_MEMBER, Item, Report, Settings, Source, UnlockWith, Value, is_set
from ..products.catalogue import REPLY, SET_KEY, USE_KEY
from ..records.ageing import CLOCK_TOLERANCE
from .keys import KeyReply, KeyStatus, RemoteKey, one_time_key
from .transports import Reported, Transport, Transports, Waiter, Waiters, Wanted

if TYPE_CHECKING:
    from ..cloud.client import CloudClient

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

    __slots__ = ("_clock", "_transports", "_waiters")

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

    @asynccontextmanager
    async def _given(self, what: str, order: Awaitable[None]) -> AsyncGenerator[None]:
        """Give an order once, and wait in the block for what the lock reports.

        If Tuya's answer is lost, only that shows what became of the order.
        """
        _LOGGER.debug("%s: sending %s", self._transports.device_id, what)
        silence = None
        try:
            await order
        except CloudSilent as err:
            silence = err
        try:
            yield
        except (KeyIgnored, NoAnswer, NotConfirmed) as unknown:
            raise silence or unknown from unknown.__cause__

    @asynccontextmanager
    async def _sent[T](
        self, transport: Transport, code: str, value: Value, wanted: Wanted[T]
    ) -> AsyncGenerator[Waiter[T]]:
        """Send a command, and wait in the block for a report that it causes."""
        wanted = self._effect(transport.source, wanted)
        with self._waiters.wait_for(wanted, transport.source) as waiter:
            async with self._given(f"{code} over {transport.source}", transport.send(code, value)):
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

    def _effect[T](
        self, source: Source, wanted: Wanted[T], before: Collection[_Row] | None = None
    ) -> Wanted[T]:
        """Return what finds an effect of a command that is sent now.

        A connected lock reports everything itself. Elsewhere something may be reported that is
        older than the command: what the lock has done since has a later time than the request at
        the door, by whichever clock. A record of the cloud counts if those before the command are
        known, and it is none of them.
        """
        since = float("inf")
        if source is not Source.LAN:
            since = self._transports.requested_at or self._clock.time() - CLOCK_TOLERANCE

        def found(reported: Reported) -> T | None:
            match reported.source:
                case Source.LAN:
                    counts = not reported.is_answer
                case Source.ACCOUNT:
                    counts = (reported.at or 0) >= since
                case Source.CLOUD:
                    counts = before is not None and reported.items not in before
            return wanted(reported) if counts else None

        return found


class OwnKey(Way):
    """Stores a key of our own in the lock, for this once, and uses it."""

    __slots__ = ()

    codes = (SET_KEY, USE_KEY)

    @property
    @override
    def usable(self) -> bool:
        """Return if the product may know remote keys; an older one certainly does not."""
        return self._transports.product.takes_keys

    @override
    async def operate(self, *, unlock: bool) -> None:
        """Open, or lock; a key that was replaced behind our back is stored and tried once more."""
        transport = self._transport()
        if not is_set(now := self._clock.time()):
            raise ClockNotSet("our clock is not set")
        for last in (False, True):
            key = one_time_key(now)
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

    __slots__ = ()

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

    __slots__ = ("_project", "_receive")

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
        lock, session = self._transports, self._transports.session
        is_there = session.connected or lock.requested or session.stays
        return is_there or session.address.host is None

    @override
    async def operate(self, *, unlock: bool) -> None:
        """Open, or lock; what opens without a connection to us is in the cloud's records."""
        shows_itself = not unlock or self._transports.session.connected
        async with nullcontext() if shows_itself else self._following_records() as before:
            order, wanted = self._cloud.operate(unlock=unlock), partial(_moved, unlock=unlock)
            await self._order("order to the cloud", order, wanted, before)

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
        """Give an order, and wait until the lock reports that it has been carried out."""
        with self._waiters.wait_for(self._effect(Source.CLOUD, wanted, before)) as waiter:
            async with self._given(what, order):
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
    return KeyReply.decode(reported.codes.get(code)) if own else None


def _moved(reported: Reported, *, unlock: bool) -> bool | None:
    """Return if a report shows that the bolt or the door has moved as wanted."""
    if reported.codes.get("lock_motor_state") is unlock:
        return True
    opened = any(one.method in _REMOTE for one in reported.unlocks)
    return (unlock and (opened or reported.codes.get("closed_opened") == "open")) or None


def _request_ended(reported: Reported) -> bool | None:
    return reported.codes.get("unlock_request") == 0 or None


# Which way, and when


class RemoteUnlock:
    """Opens, locks and refuses. Calls that come at once share one attempt."""

    def __init__(
        self,
        transports: Transports,
        waiters: Waiters,
        clock: Clock,
        settings: Settings,
        cloud: CloudClient | None,
        *,
        receive: Callable[[Report], None],
        opened: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """Prepare to open a lock.

        `receive` gets the reports that an unlock finds in the cloud. `opened`: an unlock has ended,
        and the lock is open; `changed`: one begins, or ends otherwise.
        """
        self._transports, self._waiters = transports, waiters
        self._device_id = transports.device_id
        self._wait, self._chosen = settings.unlock_wait, settings.unlock_with
        self._opened, self._changed, self._clock = opened, changed, clock
        own_key = OwnKey(transports, waiters, clock)
        self._reply = Reply(transports, waiters, clock)
        self._ticket = CloudTicket(transports, waiters, clock, cloud, receive)
        order: dict[UnlockWith, tuple[Way, ...]] = {
            UnlockWith.OWN_KEY: (own_key, self._reply),
            UnlockWith.REQUEST_ONLY: (self._reply,),
            UnlockWith.CLOUD: (self._ticket,),
        }
        through_gateway = cloud is not None and not transports.on_network
        self._ways = (self._ticket,) if through_gateway else order[settings.unlock_with]
        self.opening: asyncio.Task[None] | None = None
        """The unlock that is under way or waits."""
        self._waiting = self._closed = False
        self.waits_until: float | None = None
        """Until when an unlock waits for the lock, on the monotonic clock; None: none does."""
        self._callers = 0
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Return if something waits for an answer of the lock."""
        return self._turn.locked()

    @property
    def opens_by_cloud(self) -> bool:
        """Return if Tuya's cloud is asked to open the lock, as the app does it."""
        return self._ways == (self._ticket,)

    @property
    def opens_by_account(self) -> bool:
        """Return if the lock can be opened through the owner's account while somebody asks."""
        codes = next((way.codes for way in self._ways if way.usable), ())
        return bool(codes) and self._transports.account_accepts(*codes)

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        if self._closed:
            raise Cancelled("the lock was stopped")
        if self.opening is None:
            self._waiting = True
            self.opening = asyncio.create_task(self._open())
            self.opening.add_done_callback(self._ended)
            if self.busy:
                self._changed()
        opening = self.opening
        self._callers += 1
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError as err:
            if opening.cancelled():
                raise (Cancelled if self._waiting else NoAnswer)("it was called off") from err
            if self._callers == 1:
                # Nobody waits for the door to open any more.
                self.cancel()
            raise
        finally:
            self._callers -= 1

    def cancel(self) -> bool:
        """Cancel an unlock that still waits for the lock; return if there was one."""
        if not (self.opening and self._waiting and self.opening.cancel()):
            return False
        # A call that comes from now on is not cancelled with it.
        self.opening = None
        return True

    async def lock(self) -> None:
        """Lock the door where the product can; an unlock that waits is only cancelled."""
        if self.cancel():
            return
        if not (self._transports.has_motor_state and self._way().locks):
            raise LocksByItself("this lock cannot be locked remotely")
        async with self._operating():
            way = self._way()
            if not way.reached:
                raise self._not_there(NotLockedAsleep)
            _LOGGER.debug("%s: locking by %s", self._device_id, type(way).__name__)
            await way.operate(unlock=False)

    async def refuse(self) -> None:
        """Refuse the request at the door; only an older lock takes that from us."""
        self.cancel()
        async with self._operating():
            if not self._transports.requested:
                raise RequestOver("the request at the door has ended")
            replies = self._transports.product.replies
            way = self._reply if replies else self._ticket
            _LOGGER.debug("%s: refusing by %s", self._device_id, type(way).__name__)
            await way.refuse()

    @asynccontextmanager
    async def _operating(self) -> AsyncGenerator[None]:
        """Run one operation at a time, and keep the connection open meanwhile."""
        async with self._turn:
            with self._transports.session.kept_open():
                yield

    async def close(self) -> None:
        """Cancel everything, and whatever comes from now on."""
        self._closed = True
        if opening := self.opening:
            opening.cancel()
            await asyncio.wait([opening])

    def _way(self) -> Way:
        """Return the first way that is usable, in the owner's order."""
        for way in self._ways:
            if way.usable:
                return way
        raise NoCloud("there is no cloud project")

    async def _open(self) -> None:
        """Open the door, at once or when somebody requests it there."""
        async with self._operating():
            if self._way().reached:
                self._changed()
            else:
                await self._await_request()
            self._waiting = False
            way = self._way()
            _LOGGER.debug(
                "%s: unlocking by %s: the owner chose %s, the family is %s",
                self._device_id,
                type(way).__name__,
                self._chosen,
                self._transports.product.family,
            )
            try:
                await way.operate(unlock=True)
            except KeyIgnored:
                # A product that has not shown its family may be one that knows no remote keys.
                if not (self._transports.product.may_reply and self._transports.requested):
                    raise
                _LOGGER.debug(
                    "%s: it may know no remote keys, so its request is answered", self._device_id
                )
                await self._reply.operate()
                self._transports.product.learn_reply()

    async def _await_request(self) -> None:
        """Wait until somebody requests the unlock at the door.

        No other wake counts, and no request of an earlier wake whose time is not over yet. A lock
        that stays on the network only has to be connected again, unless it is missing.
        """
        lock, session = self._transports, self._transports.session

        def released(reported: Reported) -> bool | None:
            request = int(reported.codes.get("unlock_request", 0)) > 0 and self._way().reached
            back = session.stays and session.connected
            if not (request or back or session.missing):
                return None
            # What is published of this report no longer shows an unlock that waits.
            self.waits_until = None
            return True

        if session.missing or not lock.on_network:
            raise self._not_there()
        if lock.product.lacks_requests and not session.stays:
            raise AsleepAndAlone("nobody can request it at the door")
        what = "its connection" if session.stays else "a request at the door"
        _LOGGER.debug("%s: waiting %s s for %s", self._device_id, self._wait, what)
        self.waits_until = self._clock.monotonic() + self._wait
        self._changed()
        with self._waiters.wait_for(released) as waiter:
            try:
                await waiter.result(self._wait)
            except TimeoutError as err:
                raise self._not_there() from err
            finally:
                self.waits_until = None
        if session.missing:
            raise self._not_there()

    def _not_there(self, asleep: type[LockError] = LockAsleep) -> LockError:
        """Return why nothing reaches the lock now."""
        if not self._transports.on_network:
            return GatewayNotReached("the account does not open it")
        if self._transports.session.stays:
            return LockMissing("the lock is not connected")
        return asleep("nobody requested it at the door")

    def _ended(self, opening: asyncio.Task[None]) -> None:
        """Clear up after an unlock; its error is for those who still wait for it."""
        if self.opening is opening:
            self.opening = None
        error = None if opening.cancelled() else opening.exception()
        if opening.cancelled():
            _LOGGER.debug("%s: the unlock was cancelled", self._device_id)
        elif error is None:
            _LOGGER.debug("%s: the door is open", self._device_id)
            self._opened()
            return
        elif isinstance(error, LockError):
            _LOGGER.debug("%s: not unlocked: %s: %s", self._device_id, type(error).__name__, error)
        self._changed()
