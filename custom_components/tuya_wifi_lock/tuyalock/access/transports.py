"""Transports carry commands to the lock; waiters see what it reports."""

import asyncio
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import logging
from typing import Protocol

from ..clock import Clock
from ..exceptions import (
    ConnectionLost,
    LockError,
    LockMissing,
    NotSupported,
    SettingAsleep,
    SettingNotConfirmed,
    UnlockRefused,
)
from ..lan.session import LanSession
from ..models import Item, Source, Unlock, Value
from ..products.product import Product
from ..records.state import LockState

_LOGGER = logging.getLogger(__name__)

CHANGED_WITHIN = 10.0
"""Seconds in which a lock says that it has changed a setting."""


class Transport(Protocol):
    """Carries commands to the lock."""

    @property
    def source(self) -> Source:
        """Return whose reports answer the commands."""

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value, once; raise LockError."""


class AccountTransport(Transport, Protocol):
    """The owner's Tuya account."""

    def accepts(self, code: str) -> bool:
        """Return if the account is there and takes this DP code for the lock."""


class LanTransport:
    """The connection to the lock in the local network."""

    __slots__ = ("_product", "_session")

    source = Source.LAN

    def __init__(self, session: LanSession, product: Product) -> None:
        self._session, self._product = session, product

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise NotSupported or ConnectionLost.

        Only an end that has proved that it holds the local key gets one.
        """
        if (id_ := self._product.id_of(code)) is None:
            raise NotSupported(f"this product has no {code}")
        self._session.send({id_: value})


class Transports:
    """The transports to one lock, and what decides which of them reaches it now."""

    __slots__ = ("_state", "account", "device_id", "lan", "on_network", "product", "session")

    def __init__(
        self, session: LanSession, product: Product, state: Callable[[], LockState]
    ) -> None:
        self.session = session
        """The connection to the lock itself, kept or not."""
        self.lan = LanTransport(session, product)
        self.account: AccountTransport | None = None
        """The owner's Tuya account, if there is one."""
        self.device_id = session.address.device_id
        self.on_network = session.address.on_network
        """The lock is on the network itself; elsewhere a gateway passes everything on."""
        self.product, self._state = product, state

    @property
    def requested(self) -> bool:
        """Return if somebody requests the remote unlock at the door."""
        return self._state().request_until is not None

    @property
    def requested_at(self) -> float | None:
        """Return when that was last reported, in Unix seconds."""
        return self._state().reported_at.get("unlock_request") if self.requested else None

    @property
    def has_motor_state(self) -> bool:
        """Return if the product reports where its bolt is."""
        return "lock_motor_state" in self._state().seen

    def reaching(self, *codes: str) -> Transport | None:
        """Return the transport that reaches the lock now and can send all these DP codes.

        For the account, a lock on batteries is awake during a request at the door.
        """
        if self.session.connected:
            return self.lan
        if not self.account_accepts(*codes):
            return None
        awake = self.requested or self.session.stays or not self.on_network
        return self.account if awake else None

    def account_accepts(self, *codes: str) -> bool:
        """Return if the owner's account can send all these DP codes, when the lock is awake."""
        return self.account is not None and all(self.account.accepts(code) for code in codes)


# Waiting for what is reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a source has just reported of a lock."""

    source: Source
    codes: Mapping[str, Value]
    """Values by DP code."""
    unlocks: Collection[Unlock] = ()
    """Those that are new."""
    items: tuple[Item, ...] = ()
    """The report itself, as the source gave it."""
    at: float | None = None
    """When it was, Unix seconds, if another source than the lock itself reports it."""
    is_answer: bool = False
    """It answers a query, so it may say nothing new."""


type Wanted[T] = Callable[[Reported], T | None]
"""Returns what is waited for if a report has it."""


class Waiter[T]:
    """Waits for a report."""

    def __init__(self, wanted: Wanted[T], source: Source | None, clock: Clock) -> None:
        """Wait for what is wanted, or until something is wrong with a source."""
        self._wanted, self._source, self._clock = wanted, source, clock
        self._found = asyncio.get_running_loop().create_future()

    def take(self, reported: Reported) -> None:
        """Take a report."""
        if not self._found.done() and (found := self._wanted(reported)) is not None:
            self._found.set_result(found)

    def fail(self, source: Source, error: LockError) -> None:
        """Take the reason why a source stopped reporting, or does not do what it was asked."""
        if not self._found.done() and source is self._source:
            self._found.set_result(error)

    async def result(self, seconds: float) -> T:
        """Return what is wanted; raise TimeoutError, ConnectionLost or UnlockRefused."""
        async with self._clock.timeout(seconds):
            found: T | LockError = await self._found
        if isinstance(found, UnlockRefused):
            raise found
        if isinstance(found, LockError):
            raise ConnectionLost("the connection ended") from found
        return found


class Waiters:
    """All that waits for something that a lock reports."""

    __slots__ = ("_clock", "waiting")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: list[Waiter[object]] = []

    @contextmanager
    def wait_for[T](self, wanted: Wanted[T], source: Source | None = None) -> Generator[Waiter[T]]:
        """Wait from now on, so that nothing is missed that follows a command sent in this block."""
        waiter = Waiter(wanted, source, self._clock)
        self.waiting.append(waiter)
        try:
            yield waiter
        finally:
            self.waiting.remove(waiter)

    def take(self, reported: Reported) -> None:
        """Take a report."""
        for waiter in self.waiting:
            waiter.take(reported)

    def fail(self, source: Source, error: LockError) -> None:
        """Take the end of a connection, or a refusal."""
        for waiter in self.waiting:
            waiter.fail(source, error)


# Settings of the lock itself


async def change_setting(transports: Transports, waiters: Waiters, code: str, value: Value) -> None:
    """Change a setting; returns when the lock reports the value, else raises LockError."""
    if code not in transports.product.changeable:
        raise NotSupported(f"this product does not let {code} be changed")
    session = transports.session
    if not session.connected and session.stays:
        raise LockMissing("the lock is not connected")
    if not session.connected:
        raise SettingAsleep("the lock is asleep")

    def changed(reported: Reported) -> bool | None:
        return (reported.source is Source.LAN and reported.codes.get(code) == value) or None

    _LOGGER.debug("%s: setting %s to %s", transports.device_id, code, value)
    with session.kept_open(), waiters.wait_for(changed, Source.LAN) as waiter:
        await transports.lan.send(code, value)
        try:
            await waiter.result(CHANGED_WITHIN)
        except ConnectionLost as err:
            raise SettingNotConfirmed("the connection ended before the lock answered") from err
        except TimeoutError as err:
            raise SettingNotConfirmed("the lock did not say that it changed the setting") from err
