"""Waits for the first contact with a lock, for set-up and for a change of key."""

import asyncio

from .address import Address
from .clock import Clock
from .exceptions import Unreachable
from .lock import TuyaLock
from .snapshot import Snapshot, Watcher


async def contact(lock: TuyaLock, clock: Clock, within: float) -> Address:
    """Return how the lock was reached, at most `within` seconds from now; raise why it was not.

    Raises SlotTaken, WrongKey, WrongVersion, NoHandshake, MalformedFrame, ConnectionLost, or
    Unreachable.
    """
    reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def changed(snapshot: Snapshot) -> None:
        if reached.done():
            return
        if snapshot.awake:
            reached.set_result(None)
        elif snapshot.problem and lock.health.hopeless:
            reached.set_exception(snapshot.problem)

    unsubscribe = lock.subscribe(Watcher(changed, lambda record: None))
    changed(lock.snapshot)
    try:
        async with clock.timeout(within):
            await reached
    except TimeoutError as err:
        raise lock.snapshot.problem or Unreachable("the lock did not wake up") from err
    finally:
        unsubscribe()
    return lock.address
