"""Where a lock is, and what it takes to talk to it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a lock is, and what it takes to talk to it."""

    host: str
    port: int
    device_id: str
    local_key: bytes = field(repr=False)
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a lock is and how to reach it. `version` None means: find out."""

    host: str | None
    port: int
    device_id: str
    local_key: bytes = field(repr=False)
    version: str | None = None
    found_version: str | None = None
    """The version with which the lock has proved itself; no older one is spoken any more."""
    announces: bool = False
    """It has been heard announcing itself, so there is no need to probe for it."""
    keep_alive: bool = False
    """It stays on the network, so the connection is kept."""
    latest_push: float | None = None
    """The lock's own time of its latest push, Unix seconds."""
    clock_ahead: float | None = None
    """Seconds by which its clock was ahead of ours then."""

    @property
    def found(self) -> dict[str, Any]:
        """Return what was found out, in a form for storage."""
        return {
            "found_version": self.found_version,
            "announces": self.announces,
            "keep_alive": self.keep_alive,
            "latest_push": self.latest_push,
            "clock_ahead": self.clock_ahead,
        }

    def peer(self, host: str, version: str) -> Peer:
        """Return whom to dial at an address, speaking a protocol version."""
        return Peer(host, self.port, self.device_id, self.local_key, version)
