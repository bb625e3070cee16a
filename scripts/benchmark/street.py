"""Starts the process of the simulated locks and tells it what to do."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import sys
from typing import Any

from tests.ports import free_ports

from .locks import Stamp

LOCAL_KEY = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class LockAddress:
    """How a simulated lock is reached."""

    device_id: str
    port: int
    version: str
    local_key: str = LOCAL_KEY


class Line:
    """The line to a process of simulated locks: either side says words as lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take a process that has just been started."""
        self._process = process

    def say(self, *words: Any) -> None:
        """Say something."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(words).encode() + b"\n")

    async def hear(self) -> Any:
        """Return what the process says next."""
        assert self._process.stdout
        if line := await self._process.stdout.readline():
            return json.loads(line)
        raise RuntimeError("the process of the simulated locks has ended")


@asynccontextmanager
async def other_process(module: str, **options: object) -> AsyncGenerator[Line]:
    """Run a module with simulated locks, which announce themselves to nobody but us."""
    with free_ports() as ports:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, json.dumps({**options, "ports": [*ports.items()]})),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        try:
            yield Line(process)
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()


class Street:
    """Simulated locks in a process of their own, by their index."""

    def __init__(self, line: Line, version: str, ports: list[int]) -> None:
        """Take the line to a process that has just been started."""
        self._line, self._version, self._ports = line, version, ports

    def address(self, index: int) -> LockAddress:
        """Return how a lock is reached."""
        return LockAddress(f"bfsimulated0lock{index:04}", self._ports[index], self._version)

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

    async def _do(self, command: str, **arguments: Any) -> list[Stamp]:
        self._line.say(command, arguments)
        return [tuple(stamp) for stamp in await self._line.hear()]


@asynccontextmanager
async def street(count: int, version: str, port: int = 0) -> AsyncGenerator[Street]:
    """Start locks that sleep; `port` is that of the first, or 0 for any."""
    module = "scripts.benchmark.locks"
    async with other_process(module, count=count, version=version, port=port) as line:
        yield Street(line, version, await line.hear())
