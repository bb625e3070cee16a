"""Transports: what carries a command to the lock, and which of them reaches it now."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from ..clock import Clock
from ..exceptions import NotProven, NotSupported
from ..lan.session import LanSession
from ..models import Source, Value
from ..products.catalogue import PROFILES, Family, dp_id
from ..products.product import Product
from ..records.state import LockState

REPLY = "reply_unlock_request"


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

    source = Source.LAN

    def __init__(self, session: LanSession, product: Product) -> None:
        """Send over the session with the lock."""
        self.session = session
        self._product = product

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise NotProven, NotSupported or ConnectionLost."""
        if not self.session.proven:
            raise NotProven("the other end has not proved that it holds the local key")
        # A product of unknown family may be an older one.
        unknown = code == REPLY and self._product.family is None
        table = PROFILES[Family.A] if unknown else self._product.table
        if (id_ := dp_id(table, code)) is None:
            raise NotSupported(f"this product has no {code}")
        self.session.send({id_: value})


class Transports:
    """The transports to one lock, and what decides which of them reaches it now."""

    def __init__(
        self, session: LanSession, product: Product, state: Callable[[], LockState], clock: Clock
    ) -> None:
        """Begin with the local network alone."""
        self.lan = LanTransport(session, product)
        self.account: AccountTransport | None = None
        """The owner's Tuya account, if there is one."""
        self._product, self._state, self._clock = product, state, clock

    @property
    def device_id(self) -> str:
        """Return which lock it is."""
        return self.lan.session.address.device_id

    @property
    def family(self) -> Family | None:
        """Return the product family, if it has shown itself."""
        return self._product.family

    def kept_open(self) -> AbstractContextManager[None]:
        """Keep the connection in a block: somebody waits for an answer of the lock."""
        return self.lan.session.kept_open()

    @property
    def connected(self) -> bool:
        """Return if the lock is awake and connected."""
        return self.lan.session.connected

    @property
    def located(self) -> bool:
        """Return if the lock was ever found in the local network."""
        return self.lan.session.address.host is not None

    @property
    def requested(self) -> bool:
        """Return if somebody requests the remote unlock at the door."""
        return self._state().requested(self._clock.time())

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
        if self.connected:
            return self.lan
        awake = self.requested or self.family is Family.D
        return self.account if awake and self.account_accepts(*codes) else None

    def account_accepts(self, *codes: str) -> bool:
        """Return if the owner's account can send all these DP codes, when the lock is awake."""
        return self.account is not None and all(self.account.accepts(code) for code in codes)
