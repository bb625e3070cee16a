"""UDP ports for announcements that nobody else on this machine uses."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
import socket
from unittest.mock import patch

from custom_components.tuya_wifi_lock import discovery


@contextmanager
def free_ports() -> Generator[dict[int, int]]:
    """Let announcements use other ports, by the real one that each stands for."""
    with ExitStack() as stack:
        free: dict[int, int] = {}
        for port in discovery.PORTS:
            guard = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            # Keeps the port from other programs; datagrams for 127.0.0.1 do not come here.
            guard.bind(("127.0.0.2", 0))
            # Not before: a guard that shared its port could get that of another program.
            guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            free[port] = guard.getsockname()[1]
        stack.enter_context(patch.object(discovery, "PORTS", tuple(free.values())))
        yield free
