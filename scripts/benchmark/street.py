"""Starts the process of the simulated locks and tells it what to do."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
import json
import socket
import sys
from typing import Any
from unittest.mock import patch

from .inside import DISCOVERY
from .locks import Stamp

LOCAL_KEY = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class LockAddress:
    """How a simulated lock is reached."""

    device_id: str
    port: int
    version: str
    local_key: str = LOCAL_KEY


class Street:
    """Simulated locks in a process of their own, by their index."""

    def __init__(self, process: asyncio.subprocess.Process, version: str) -> None:
        """Take a process that has just been started."""
        self.ports: list[int] = []
        self._process = process
        self._version = version

    def address(self, index: int) -> LockAddress:
        """Return how a lock is reached."""
        return LockAddress(f"bfsimulated0lock{index:04}", self.ports[index], self._version)

    async def wake(self, locks: Iterable[int], gap: float = 0.0) -> list[Stamp]:
        """Wake locks, `gap` seconds apart; return when each radio was switched on."""
        return await self._do("wake", locks=list(locks), gap=gap)

    async def sleep(self, locks: Iterable[int]) -> None:
        """Put locks to sleep."""
        await self._do("sleep", locks=list(locks))

    async def open(self, locks: Iterable[int]) -> list[Stamp]:
        """Open doors with a finger, which wakes their locks; return when each was."""
        return await self._do("open", locks=list(locks))

    async def push(
        self, locks: Iterable[int], rounds: int, gap: float, *, same: bool = False
    ) -> list[Stamp]:
        """Push unlocks, `gap` seconds apart, perhaps always the last; return when each left."""
        return await self._do("push", locks=list(locks), rounds=rounds, gap=gap, same=same)

    async def burst(self, index: int, count: int) -> list[Stamp]:
        """Push many unlocks of a lock in one segment; return the first, and when all left."""
        return await self._do("burst", index=index, count=count)

    async def hear(self) -> Any:
        """Return what the process says next."""
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process of the simulated locks has ended")
        return json.loads(line)

    async def _do(self, command: str, **arguments: Any) -> list[Stamp]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([command, arguments]).encode() + b"\n")
        await self._process.stdin.drain()
        return [tuple(stamp) for stamp in await self.hear()]


@asynccontextmanager
async def street(count: int, version: str, port: int = 0) -> AsyncGenerator[Street]:
    """Start locks that sleep; `port` is that of the first, or 0 for any."""
    with udp_ports() as ports:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "scripts.benchmark.locks", "--count", str(count), "--version", version),
            *("--ports", *map(str, ports), "--port", str(port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        locks = Street(process, version)
        try:
            locks.ports = await locks.hear()
            yield locks
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()


@contextmanager
def udp_ports() -> Generator[tuple[int, ...]]:
    """Let announcements use UDP ports that nobody else on this machine uses."""
    with ExitStack() as stack:
        free: list[int] = []
        for _ in range(3):
            guard = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            # Keeps the port from other programs; datagrams for 127.0.0.1 do not come here.
            guard.bind(("127.0.0.2", 0))
            # Not before: a guard that shared its port could get that of another program.
            guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            free.append(guard.getsockname()[1])
        stack.enter_context(patch(f"{DISCOVERY}.PORTS", tuple(free)))
        yield tuple(free)
