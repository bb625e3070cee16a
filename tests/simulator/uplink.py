"""What goes between a lock and its cloud while the lock is awake."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .keypad import Delivery, Keypad
from .outbox import CAPACITY
from .secret_codes import SecretCodes


class CloudLink(Protocol):
    """The cloud, as a lock sees it."""

    def fetch(self, device_id: str) -> list[Delivery]:
        """Return what the lock has to know."""

    def delivered(self, device_id: str, slots: Mapping[int, int]) -> None:
        """The lock keeps these passwords, by id, in these slots; what was gone is gone."""

    def reported(self, device_id: str, dps: Mapping[str, Any], at: float) -> None:
        """The lock reports values of its own time `at`."""


class Uplink:
    """The lock's end: records that wait for the cloud, and passwords that come from it."""

    def __init__(
        self, device_id: str, online: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        """Start without a cloud."""
        self.cloud: CloudLink | None = None
        self.keypad = Keypad()
        self.secret_codes = SecretCodes()
        self._device_id, self._online, self._clock = device_id, online, clock
        self._waiting: deque[tuple[dict[str, Any], float]] = deque(maxlen=CAPACITY)

    def add(self, dps: Mapping[str, Any], at: float) -> None:
        """Report to the cloud, now or as soon as it can be reached."""
        self._waiting.append((dict(dps), at))
        self._send()

    def sync(self) -> None:
        """Send what waits, and fetch passwords."""
        self._send()
        if self.cloud and self._online():
            slots = self.keypad.take(self.cloud.fetch(self._device_id), self._clock())
            self.cloud.delivered(self._device_id, slots)

    def _send(self) -> None:
        while self._waiting and self.cloud and self._online():
            self.cloud.reported(self._device_id, *self._waiting.popleft())
