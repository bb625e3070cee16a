"""Opens a connection to a lock."""

import asyncio
from collections.abc import Callable

from .address import Peer
from .clock import Clock
from .exceptions import Unreachable
from .lan import Connection, Listener

CONNECT_TIMEOUT = 2.0


async def dial(
    peer: Peer,
    clock: Clock,
    listener: Listener,
    *,
    careful: bool = False,
    connecting: Callable[[asyncio.Timeout | None], None] = lambda scope: None,
) -> Connection:
    """Connect to a lock and agree on a key.

    `connecting` gets the scope of the TCP connect while it lasts, so that it can be cut short.
    Raises Unreachable, SlotTaken, NoHandshake, WrongKey, MalformedFrame.
    """
    while True:
        connection = await _connect(peer, clock, listener, connecting)
        usable = False
        try:
            usable = await connection.establish(careful=careful)
        finally:
            if not usable:
                connection.close()
        if usable:
            return connection


async def _connect(
    peer: Peer,
    clock: Clock,
    listener: Listener,
    connecting: Callable[[asyncio.Timeout | None], None],
) -> Connection:
    """Open the TCP connection."""
    loop = asyncio.get_running_loop()
    try:
        async with clock.timeout(CONNECT_TIMEOUT) as scope:
            connecting(scope)
            _, connection = await loop.create_connection(
                lambda: Connection(peer, clock, listener), peer.host, peer.port
            )
    except (OSError, TimeoutError) as err:
        raise Unreachable(f"nothing answers at {peer.host}") from err
    finally:
        connecting(None)
    return connection
