"""Takes commands for the simulated lock from a terminal."""

import asyncio
from collections.abc import AsyncIterator
import os
import sys

from tests.simulator import SimulatedLock, run_command


async def converse(lock: SimulatedLock) -> None:
    """Carry out what is typed until `quit` or the end of the input."""
    async for line in typed():
        if line.strip() in ("quit", "exit"):
            return
        if said := await run_command(lock, line):
            print(said, flush=True)


async def typed() -> AsyncIterator[str]:
    """Return the lines as they are typed; a terminal hands over whole lines."""
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    source = sys.stdin.fileno()
    loop.add_reader(source, lambda: chunks.put_nowait(os.read(source, 4096)))
    try:
        rest = b""
        while chunk := await chunks.get():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
    finally:
        loop.remove_reader(source)
