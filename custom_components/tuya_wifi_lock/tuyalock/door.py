"""The door as a remote unlock sees it: who is there, and whether the lock can be told anything."""

from typing import Any

from .clock import Clock
from .exceptions import NotSupported
from .lan.session import LanSession
from .models import Value
from .profiles import PROFILES, Family, dp_id

REPLY = "reply_unlock_request"


class Door:
    """What is known of a lock at this moment, and the way to tell it something."""

    def __init__(self, link: LanSession, memory: Any, clock: Clock) -> None:
        """Look at a lock through its session in the local network."""
        self.link = link
        self._memory = memory
        self._clock = clock

    @property
    def family(self) -> Family | None:
        """Return the product family, if it has shown itself."""
        return self._memory.product.family

    @property
    def on_lan(self) -> bool:
        """Return if the lock was ever found in the local network."""
        return self.link.address.host is not None

    @property
    def reported(self) -> bool:
        """Return if the lock itself has ever reported anything to us."""
        return bool(self._memory.product.reported)

    @property
    def connected(self) -> bool:
        """Return if the lock is awake and connected."""
        return self.link.connected

    @property
    def proven(self) -> bool:
        """Return if the other end has shown that it holds the local key."""
        return self.link.proven

    @property
    def requested(self) -> bool:
        """Return if somebody requests the remote unlock at the door."""
        until = self._memory.state.request_until
        return until is not None and until > self._clock.time()

    @property
    def requested_at(self) -> float | None:
        """Return when that was last reported, in Unix seconds."""
        return self._memory.state.reported_at.get("unlock_request") if self.requested else None

    @property
    def opens_remotely(self) -> bool | None:
        """Return if the product can be opened remotely, where that is known."""
        return self._memory.product.opens_remotely

    @property
    def tells_motor_state(self) -> bool:
        """Return if the product reports where its bolt is."""
        return "lock_motor_state" in self._memory.state.seen

    def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise NotSupported or ConnectionLost."""
        unknown = code == REPLY and self.family is None
        table = PROFILES[Family.A] if unknown else self._memory.product.table
        if (id_ := dp_id(table, code)) is None:
            raise NotSupported(f"this product has no {code}")
        self.link.send({id_: value})
