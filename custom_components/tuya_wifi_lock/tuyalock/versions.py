"""Which protocol version a lock speaks, by what is known of it and what was tried in vain."""

from .address import Address
from .exceptions import LockError, MalformedFrame, NoHandshake, WrongKey, WrongVersion
from .frames import VERSIONS

FOUND_TRIES = 2
"""Tries in vain after which the version that worked once may not be the lock's any more."""

_MISUNDERSTOOD = (MalformedFrame, NoHandshake, WrongKey)


class Versions:
    """The protocol versions to try with one lock."""

    def __init__(self) -> None:
        """Start with nothing tried."""
        self.announced: str | None = None
        self._in_vain = 0

    def choose(self, address: Address) -> str:
        """Return the version to try next."""
        announced = self.announced if self.announced in VERSIONS else None
        found = address.found_version if self._in_vain < FOUND_TRIES else None
        tried = self._in_vain - FOUND_TRIES if address.found_version else self._in_vain
        return address.version or announced or found or VERSIONS[tried % len(VERSIONS)]

    def fail(self, error: LockError) -> None:
        """Note why a lock that was there could not be talked to."""
        if isinstance(error, _MISUNDERSTOOD):
            self._in_vain += 1

    def work(self) -> None:
        """Note that the lock understands us."""
        self._in_vain = 0

    def explain(self, address: Address, error: LockError) -> LockError:
        """Return WrongVersion where the announcement shows that this is what an error means."""
        configured, announced = address.version, self.announced
        differs = configured and announced and announced != configured
        if differs and announced and isinstance(error, _MISUNDERSTOOD):
            return WrongVersion(announced)
        return error
