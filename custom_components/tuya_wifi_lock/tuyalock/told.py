"""What Tuya's cloud tells of a lock while a remote unlock is under way."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from .clock import Clock
from .cloud.client import CloudClient
from .cloud.responses import CloudUnlock
from .exceptions import CallsUsedUp, CloudError, CloudRefused, CloudSilent, CloudUnreachable

LOOK_EVERY = 3.0
"""Seconds between two looks; a lock's record is there some seconds after it has opened."""
AROUND = 600.0
"""Seconds by which a lock's clock may differ from ours."""


@asynccontextmanager
async def telling_records(
    cloud: CloudClient, clock: Clock, tell: Callable[[CloudUnlock], None]
) -> AsyncGenerator[None]:
    """Tell each unlock that comes to the cloud's records in this block."""
    now = clock.time()
    try:
        known = set(await cloud.unlocks(now - AROUND, now + AROUND))
    except CallsUsedUp, CloudRefused:
        # Not every product has records in the cloud.
        yield
        return
    except CloudSilent as error:
        # Nothing has been ordered yet.
        raise CloudUnreachable from error
    looking = asyncio.create_task(_look(cloud, clock, known, tell))
    try:
        yield
    finally:
        looking.cancel()


async def _look(
    cloud: CloudClient, clock: Clock, known: set[CloudUnlock], tell: Callable[[CloudUnlock], None]
) -> None:
    """Tell what is not known, again and again."""
    while True:
        await clock.sleep(LOOK_EVERY)
        now = clock.time()
        with suppress(CloudError):
            for told in await cloud.unlocks(now - AROUND, now + AROUND):
                if told not in known:
                    known.add(told)
                    tell(told)
