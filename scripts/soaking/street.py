"""The other process: the locks and the books, whose work and memory must not be counted as ours.

It says in lines of JSON what Home Assistant is to do, and reads what Home Assistant has told.
"""

import asyncio
from collections.abc import Iterable
import json
import sys
from time import process_time
from typing import Any

from .books import Books
from .doors import Door, garbage, strangers

QUIET = 16.0
"""Seconds after which nothing waits any more, and no connection is left to a lock that sleeps."""


def say(*words: Any) -> None:
    """Say a line."""
    print(json.dumps(words), flush=True)


class Street:
    """All locks of this process."""

    def __init__(
        self, locks: int, seed: int, warm: float, seconds: float, ports: Iterable[tuple[int, int]]
    ) -> None:
        """Build the locks."""
        self._seed, self._parts = seed, (warm, seconds)
        self._ports = dict(ports)
        self._books = Books()
        self._doors = [Door(index, seed, self._books, say, self._ports) for index in range(locks)]
        self._go_on = asyncio.Event()

    async def live(self) -> None:
        """Live for a while to get warm, then in earnest; quiet at the end of each."""
        for door in self._doors:
            await door.lock.start()
        say("ports", [door.lock.port for door in self._doors])
        for part, seconds in enumerate(self._parts):
            await self._paused()
            end = asyncio.get_running_loop().time() + seconds
            seed = self._seed + part
            await asyncio.gather(
                *(door.live(end) for door in self._doors),
                strangers(self._doors, seed, end, self._ports),
                garbage(seed, end, self._ports),
            )
            await asyncio.gather(*(door.settle() for door in self._doors))
            await asyncio.sleep(QUIET)
            say("quiet")
        await self._paused()
        say("verdict", {**self._books.verdict(), "cpu": process_time()})
        for door in self._doors:
            await door.lock.stop()

    async def _paused(self) -> None:
        await self._go_on.wait()
        self._go_on.clear()

    async def listen(self) -> None:
        """Hear what Home Assistant says, until it has gone."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            match json.loads(line):
                case ["go"]:
                    self._go_on.set()
                case ["told", *what]:
                    self._books.told(*what)
                case ["opened", index]:
                    self._books.pages[index].remote_returned += 1


async def main() -> None:
    """Live until all is over, or nobody listens any more."""
    street = Street(**json.loads(sys.argv[1]))
    living = asyncio.create_task(street.live())
    await asyncio.wait(
        {living, asyncio.create_task(street.listen())}, return_when=asyncio.FIRST_COMPLETED
    )
    if living.done():
        await living


if __name__ == "__main__":
    asyncio.run(main())
