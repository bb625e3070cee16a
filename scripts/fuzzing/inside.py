"""What is fuzzed, and where it stands inside the integration: here and nowhere else."""

from collections.abc import Awaitable, Callable
from functools import partial

from custom_components.tuya_wifi_lock.tuyalock import Clock
from custom_components.tuya_wifi_lock.tuyalock.lan.connection import Connection, Peer, dial
from custom_components.tuya_wifi_lock.tuyalock.lan.discovery import AnnouncementListener

VERSIONS = ("3.1", "3.3", "3.4", "3.5")


def dialer(
    version: str, device_id: str, key: bytes, received: Callable[[object], None]
) -> Callable[[], Awaitable[Connection]]:
    """Return what makes a connection; the event loop that runs decides where it leads."""
    return partial(dial, Peer("127.0.0.1", 6668, device_id, key, version), Clock(), received)


async def listen(received: Callable[[object], None]) -> AnnouncementListener:
    """Listen to announcements on ports that the event loop decides about."""
    listener = AnnouncementListener()
    listener.subscribe(received)
    await listener.open((1, 2, 3))
    return listener
