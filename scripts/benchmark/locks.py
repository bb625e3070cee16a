"""The other process: simulated locks, whose work must not be counted as ours.

Reads commands as lines of JSON, and answers each with one line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import json
import sys
from time import perf_counter_ns
from typing import Any, cast

from tests.simulator import Knobs, SimulatedLock

type Stamp = tuple[int, int, int]
"""Lock, unlock number, and when it left in nanoseconds of the system's monotonic clock."""


FINGERS = 50
"""Unlock numbers that take turns when they are pushed.

A household has some, and not another one for each opening: the recorder keeps a text once.
"""


class StampedTransport:
    """A transport that notes when it was last written to."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Stand before a transport."""
        self._transport = transport
        self.written = 0
        self.held: list[bytes] | None = None
        """What waits to leave in one segment."""

    def write(self, data: bytes) -> None:
        """Note the time and write."""
        if self.held is not None:
            self.held.append(data)
            return
        self.written = perf_counter_ns()
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        """Leave the rest to the transport."""
        return getattr(self._transport, name)


class StampedLock(SimulatedLock):
    """A lock that tells when its pushes left."""

    async def push_number(self, number: int) -> int:
        """Push an unlock by fingerprint to its only client; return when it left."""
        transport = self._transport()
        await self.push({"1": number})
        return transport.written

    async def push_at_once(self, numbers: Iterable[int]) -> int:
        """Push unlocks to its only client in one segment; return when that left."""
        transport = self._transport()
        transport.held = []
        for number in numbers:
            await self.push({"1": number})
        data, transport.held = b"".join(transport.held), None
        transport.write(data)
        return transport.written

    def _transport(self) -> StampedTransport:
        if self.clients != 1:
            raise RuntimeError(f"lost its client: {self}")
        (client,) = self._server.established
        if not isinstance(client.channel.transport, StampedTransport):
            assert client.channel.transport
            stamped = StampedTransport(client.channel.transport)
            client.channel.transport = cast(asyncio.Transport, stamped)
        return cast(StampedTransport, client.channel.transport)


class Locks:
    """All locks of this process."""

    def __init__(
        self, count: int, version: str, ports: Iterable[tuple[int, int]], port: int
    ) -> None:
        """Build the locks; `port` is that of the first, or 0 for any."""
        self._numbers = [0] * count
        self._locks = [
            StampedLock(
                device_id=f"bfsimulated0lock{number:04}",
                version=version,
                port=0 if number else port,
                announce_ports=dict(ports),
                # Announced once, at the wake: what is counted later is not answers to that.
                knobs=Knobs(idle_timeout=None, announce_interval=3600.0),
            )
            for number in range(count)
        ]

    async def start(self) -> list[int]:
        """Take the ports and return them."""
        for lock in self._locks:
            await lock.start()
        return [lock.port for lock in self._locks]

    async def stop(self) -> None:
        """Give the ports back."""
        for lock in self._locks:
            await lock.stop()

    async def wake(self, locks: list[int], gap: float) -> list[Stamp]:
        """Switch radios on, one after the other; a lock announces itself at once."""
        stamps = []
        for index in locks:
            stamps.append((index, 0, perf_counter_ns()))
            await self._locks[index].wake()
            await asyncio.sleep(gap)
        return stamps

    async def sleep(self, locks: list[int]) -> list[Stamp]:
        """Switch radios off."""
        for index in locks:
            await self._locks[index].sleep()
        return []

    async def open(self, locks: list[int]) -> list[Stamp]:
        """Open doors with a finger, which wakes their locks."""
        stamps = []
        for index in locks:
            self._numbers[index] += 1
            stamps.append((index, self._numbers[index], perf_counter_ns()))
            await self._locks[index].finger(self._numbers[index])
        return stamps

    async def burst(self, index: int, count: int) -> list[Stamp]:
        """Push many unlocks from a lock at once."""
        first = self._numbers[index] + 1
        self._numbers[index] += count
        numbers = range(first, first + count)
        return [(index, first, await self._locks[index].push_at_once(numbers))]

    async def push(
        self, locks: list[int], rounds: int, gap: float, *, same: bool = False
    ) -> list[Stamp]:
        """Push an unlock from each lock in turn, `gap` seconds apart, round after round."""
        stamps = []
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(rounds):
            for index in locks:
                due = max(due + gap, loop.time())
                await asyncio.sleep(due - loop.time())
                if not same:
                    self._numbers[index] = self._numbers[index] % FINGERS + 1
                number = self._numbers[index]
                stamps.append((index, number, await self._locks[index].push_number(number)))
        return stamps


async def main() -> None:
    """Do what the lines say until there are no more."""
    locks = Locks(**json.loads(sys.argv[1]))
    print(json.dumps(await locks.start()), flush=True)
    actions: dict[str, Callable[..., Awaitable[list[Stamp]]]] = {
        "wake": locks.wake,
        "sleep": locks.sleep,
        "open": locks.open,
        "push": locks.push,
        "burst": locks.burst,
    }
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, arguments = json.loads(line)
        print(json.dumps(await actions[command](**arguments)), flush=True)
    await locks.stop()


if __name__ == "__main__":
    asyncio.run(main())
