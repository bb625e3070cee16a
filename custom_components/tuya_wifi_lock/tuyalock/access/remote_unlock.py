"""Remote unlock: opening, locking and refusing, one at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import logging

from ..clock import Clock
from ..cloud.client import CloudClient
from ..exceptions import (
    Cancelled,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NoCloud,
    NotSupported,
    RequestOver,
)
from ..models import Report, Settings, UnlockWith
from ..products.catalogue import Family
from .transports import Reported, Transports, Waiters
from .ways import CloudTicket, OwnKey, Reply, Way

_LOGGER = logging.getLogger(__name__)


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

        `receive` gets the reports that an unlock finds in the cloud. `opened`: the lock has opened;
        `changed`: an unlock begins or ends.
        """
        self._transports, self._waiters = transports, waiters
        self._device_id = transports.device_id
        self._wait, self._chosen = settings.unlock_wait, settings.unlock_with
        self._opened, self._changed = opened, changed
        own_key = OwnKey(transports, waiters, clock)
        self._reply = Reply(transports, waiters, clock)
        self._ticket = CloudTicket(transports, waiters, clock, cloud, receive)
        order: dict[UnlockWith, tuple[Way, ...]] = {
            UnlockWith.OWN_KEY: (own_key, self._reply),
            UnlockWith.REQUEST_ONLY: (self._reply,),
            UnlockWith.CLOUD: (self._ticket,),
        }
        self._ways = order[settings.unlock_with]
        self._opening: asyncio.Task[None] | None = None
        self._waiting = False
        self._callers = 0
        self._turn = asyncio.Lock()

    @property
    def unlocking(self) -> bool:
        """Return if an unlock is under way or waits."""
        return self._opening is not None

    @property
    def busy(self) -> bool:
        """Return if something waits for an answer of the lock."""
        return self._turn.locked()

    @property
    def opens_by_account(self) -> bool:
        """Return if the lock can be opened through the owner's account while somebody asks."""
        codes = next((way.codes for way in self._ways if way.usable), ())
        return bool(codes) and self._transports.account_accepts(*codes)

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        if self._opening is None:
            self._waiting = True
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._ended)
            self._changed()
        opening = self._opening
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
        if not (self._opening and self._waiting and self._opening.cancel()):
            return False
        # A call that comes from now on is not cancelled with it.
        self._opening = None
        return True

    async def lock(self) -> None:
        """Lock the door where the product can; elsewhere it only cancels an unlock that waits."""
        cancelled = self.cancel()
        if not (self._transports.has_motor_state and self._way().locks):
            if cancelled:
                return
            raise NotSupported("this lock cannot be locked remotely")
        async with self._operating():
            way = self._way()
            if not way.reached:
                raise LockAsleep("the lock is asleep")
            _LOGGER.debug("%s: locking by %s", self._device_id, type(way).__name__)
            await way.operate(unlock=False)

    async def refuse(self) -> None:
        """Refuse the request at the door; only an older lock takes that from us."""
        self.cancel()
        async with self._operating():
            if not self._transports.requested:
                raise RequestOver("the request at the door has ended")
            way = self._reply if self._transports.family is Family.A else self._ticket
            _LOGGER.debug("%s: refusing by %s", self._device_id, type(way).__name__)
            await way.refuse()

    @asynccontextmanager
    async def _operating(self) -> AsyncGenerator[None]:
        """Run one operation at a time, and keep the connection open meanwhile."""
        async with self._turn:
            with self._transports.kept_open():
                yield

    async def close(self) -> None:
        """Cancel everything."""
        if opening := self._opening:
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
            if not self._way().reached:
                await self._await_request()
            self._waiting = False
            way = self._way()
            _LOGGER.debug(
                "%s: unlocking by %s: the owner chose %s, the family is %s",
                self._device_id,
                type(way).__name__,
                self._chosen,
                self._transports.family,
            )
            try:
                await way.operate(unlock=True)
            except KeyIgnored:
                # A product that has not shown its family may be one that knows no remote keys.
                if self._transports.family or not self._transports.requested:
                    raise
                _LOGGER.debug(
                    "%s: it may know no remote keys, so its request is answered", self._device_id
                )
                await self._reply.operate()

    async def _await_request(self) -> None:
        """Wait until somebody requests the unlock at the door.

        No other wake counts, and no request of an earlier wake whose time is not over yet. An
        access control knows no requests and never sleeps: it only has to be connected again.
        """

        def released(reported: Reported) -> bool | None:
            request = int(reported.codes.get("unlock_request", 0)) > 0 and self._way().reached
            back = self._transports.family is Family.D and self._transports.connected
            return request or back or None

        _LOGGER.debug("%s: waiting %s s for a request at the door", self._device_id, self._wait)
        with self._waiters.wait_for(released) as waiter:
            try:
                await waiter.result(self._wait)
            except TimeoutError as err:
                raise LockAsleep("nobody requested the unlock at the door") from err

    def _ended(self, opening: asyncio.Task[None]) -> None:
        """Clear up after an unlock; its error is for those who still wait for it."""
        if self._opening is opening:
            self._opening = None
        error = None if opening.cancelled() else opening.exception()
        if opening.cancelled():
            _LOGGER.debug("%s: the unlock was cancelled", self._device_id)
        elif error is None:
            _LOGGER.debug("%s: the door is open", self._device_id)
            self._opened()
        elif isinstance(error, LockError):
            _LOGGER.debug("%s: not unlocked: %s: %s", self._device_id, type(error).__name__, error)
        self._changed()
