"""The remote control of a lock: opening, locking and refusing, one thing at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

from .attempt import Attempt, Codes, Line, requests
from .clock import Clock
from .cloud.client import CloudClient
from .cloud.responses import CloudUnlock
from .door import REPLY, Door
from .exceptions import (
    Cancelled,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NoCloud,
    NotSupported,
    RequestOver,
)
from .profiles import Family
from .records import ACCOUNT, CLOUD
from .remote_key import SET_KEY, USE_KEY, one_time_key, operate
from .settings import Settings, UnlockWith
from .state import Unlock
from .told import telling_records


class RemoteUser(Protocol):
    """Who hears of the remote control."""

    def record(self, unlock: Unlock, time: float, route: str) -> bool:
        """Take an unlock with the lock's own time, in Unix seconds; return if it is news."""

    def remote_opened(self) -> None:
        """Note that the lock has opened."""

    def remote_changed(self) -> None:
        """Note that an unlock begins or ends."""


class Remote:
    """Opens, locks and refuses. Calls that come at once share one attempt."""

    def __init__(
        self,
        door: Door,
        cloud: CloudClient | None,
        settings: Settings,
        clock: Clock,
        user: RemoteUser,
    ) -> None:
        """Prepare the remote control."""
        self._door = door
        self.line: Line | None = None
        """The way through the owner's account, if there is one."""
        self._cloud_project = cloud
        self._user = user
        self._settings = settings
        self._clock = clock
        self._attempt: Attempt | None = None
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
        return self._attempt is not None

    @property
    def opens_by_account(self) -> bool:
        """Return if the lock can be opened through the owner's account while somebody asks."""
        return not self._by_cloud and self._account_takes(*self._opening_codes)

    def feed(self, news: Codes | LockError) -> None:
        """Tell what the lock pushed, that it refused a command, or that the connection ended."""
        if self._attempt:
            self._attempt.feed(news)

    def hear(self, codes: Codes, at: float) -> None:
        """Tell what the owner's account hears the lock report of a Unix time."""
        opens = self._door.requested if self._by_cloud else self._line_to_open
        attempt = self._attempt
        if attempt and at >= attempt.since and (opens or not requests(codes)):
            attempt.feed(codes, ACCOUNT)

    async def unlock(self) -> None:
        """Open the door; returns when the lock has said that it is open, else raises LockError."""
        if self._opening is None:
            self._waiting = True
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._opened)
            self._user.remote_changed()
        opening = self._opening
        self._callers += 1
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError as err:
            if opening.cancelled():
                raise (Cancelled if self._waiting else NoAnswer)("it was called off") from err
            if self._callers == 1:
                # Nobody is left who wants the door open.
                self.cancel()
            raise
        finally:
            self._callers -= 1

    def cancel(self) -> bool:
        """Call off an unlock that still waits for the lock; return if there was one."""
        if not (self._opening and self._waiting and self._opening.cancel()):
            return False
        # Who wants the door open from now on is not called off with it.
        self._opening = None
        return True

    async def lock(self) -> None:
        """Lock the door where the product can; elsewhere it only calls off an unlock that waits."""
        cancelled = self.cancel()
        if not self._door.tells_motor_state or self._by_reply:
            if cancelled:
                return
            raise NotSupported("this lock cannot be locked remotely")
        async with self._attempting(unlock=False) as attempt:
            if not self._reached:
                raise LockAsleep("the lock is asleep")
            if self._by_cloud:
                await attempt.by_cloud(self._cloud.operate(unlock=False))
                return
            attempt.go_by_account(self._line_to_open)
            await self._use_key(attempt, unlock=False)

    async def refuse(self) -> None:
        """Refuse the request at the door; only an older lock is told so by ourselves."""
        self.cancel()
        async with self._attempting() as attempt:
            if not self._door.requested:
                raise RequestOver("the request at the door has ended")
            if self._door.family is Family.A:
                attempt.go_by_account(self._line_for(REPLY))
                await attempt.refuse()
            else:
                await attempt.refuse_by_cloud(self._cloud.refuse_request())

    async def close(self) -> None:
        """Call everything off."""
        if opening := self._opening:
            opening.cancel()
            await asyncio.wait([opening])

    @property
    def _by_cloud(self) -> bool:
        """Return if this lock is opened through Tuya's cloud."""
        return self._settings.unlock_with is UnlockWith.CLOUD

    @property
    def _by_reply(self) -> bool:
        """Return if this lock is opened by a yes to the request at the door."""
        only = self._settings.unlock_with is UnlockWith.REQUEST_ONLY
        return only or (self._door.family is Family.A and not self._by_cloud)

    @property
    def _reached(self) -> bool:
        """Return if the lock can be told to open now, as far as is known."""
        if self._by_cloud:
            return self._door.connected or self._door.requested or not self._door.on_lan
        return self._door.connected or self._line_to_open is not None

    @property
    def _line_to_open(self) -> Line | None:
        """Return the owner's account where the door can be opened, or locked, through it now."""
        return self._line_for(*self._opening_codes) if self.opens_by_account else None

    @property
    def _opening_codes(self) -> tuple[str, ...]:
        """Return the DP codes that open this lock."""
        return (REPLY,) if self._by_reply else (SET_KEY, USE_KEY)

    def _line_for(self, *codes: str) -> Line | None:
        """Return the owner's account where it takes DP codes for a lock that only it reaches now.

        A lock on batteries is awake for it during a request at the door.
        """
        awake = self._door.requested or self._door.family is Family.D
        reached = awake and not self._door.connected
        return self.line if reached and self._account_takes(*codes) else None

    def _account_takes(self, *codes: str) -> bool:
        """Return if the owner's account takes DP codes for the lock, awake or not."""
        return self.line is not None and all(self.line.accepts(code) for code in codes)

    @property
    def _cloud(self) -> CloudClient:
        """Return the lock in Tuya's cloud."""
        if self._cloud_project is None:
            raise NoCloud("there is no cloud project")
        return self._cloud_project

    @asynccontextmanager
    async def _attempting(self, *, unlock: bool = True) -> AsyncGenerator[Attempt]:
        """Hold the only conversation with the lock."""
        async with self._turn:
            self._attempt = Attempt(self._door, self._clock, unlock=unlock)
            try:
                with self._door.link.kept_open():
                    yield self._attempt
            finally:
                self._attempt = None

    async def _open(self) -> None:
        """Open the door, at once or when somebody requests it there."""
        cloud = self._cloud if self._by_cloud else None
        async with self._attempting() as attempt:
            if not self._reached:
                await attempt.await_request(self._settings.unlock_wait)
            self._waiting = False
            if cloud:
                await self._open_by_cloud(attempt, cloud)
                return
            attempt.go_by_account(self._line_to_open)
            if self._by_reply:
                await attempt.by_reply()
                return
            try:
                await self._use_key(attempt)
            except KeyIgnored:
                # A product that has not shown its family may be one that knows no remote keys.
                if self._door.family or not self._door.requested:
                    raise
                await attempt.by_reply()

    async def _open_by_cloud(self, attempt: Attempt, cloud: CloudClient) -> None:
        """Open through Tuya's cloud; a lock that is not connected tells of it in its records."""
        if self._door.connected:
            await attempt.by_cloud(cloud.operate(unlock=True))
            return
        async with telling_records(cloud, self._clock, partial(self._told, attempt)):
            await attempt.by_cloud(cloud.operate(unlock=True))

    def _told(self, attempt: Attempt, told: CloudUnlock) -> None:
        """Take a record of the attempt from the cloud."""
        new = self._user.record(told.unlock, told.time, CLOUD)
        if new and told.unlock.method in {"app", "remote"}:
            attempt.opened()

    def _opened(self, opening: asyncio.Task[None]) -> None:
        """Clear up after an unlock; its error is for those who still wait for it."""
        if self._opening is opening:
            self._opening = None
        if not opening.cancelled() and not opening.exception():
            self._user.remote_opened()
        self._user.remote_changed()

    async def _use_key(self, attempt: Attempt, *, unlock: bool = True) -> None:
        """Open or lock with a one-time key."""
        await attempt.converse(operate(lambda: one_time_key(self._clock.time()), unlock=unlock))
