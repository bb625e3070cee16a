"""The simulated lock as a person drives it: typed commands, and the module."""

import asyncio
from collections.abc import AsyncIterator
import sys

import pytest

from tests.simulator import (
    SimulatedLock,
    run_command,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_800_000_000


@pytest.fixture
async def lock() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(now=lambda: NOW) as lock:
        yield lock


async def test_what_can_be_typed(lock: SimulatedLock) -> None:
    said = [
        await run_command(lock, line)
        for line in (
            "finger 3",
            "code 2",
            "card 5",
            "unlock face 6",
            "burst card 1 fingerprint 2",
            "request 20",
            "end",
            "double-lock on",
            "battery 12",
            "alarm pry",
            "doorbell",
            "duress 4",
            "door open",
            "wrong key",
            "announce",
            "new key",
        )
    ]
    assert all(said)
    expected = ["fingerprint 3", "password 2", "card 5", "face 6", "card 1", "fingerprint 2"]
    assert lock.openings == [*expected, "fingerprint 4"]
    assert (lock.double_locked, lock.dps["12"], lock.dps["8"]) == (True, 12, "pry")
    assert lock.key != lock.local_key.encode()
    await run_command(lock, "right key")
    assert lock.key == lock.local_key.encode()
    await run_command(lock, "sleep")
    await run_command(lock, "store card 8")
    assert not lock.awake
    assert "6 waiting" not in await run_command(lock, "status")
    await run_command(lock, "pull")
    assert "without power" in await run_command(lock, "status")
    for line in ("put", "wake 5", "reboot", "help", "alarm"):
        assert await run_command(lock, line)


@pytest.mark.parametrize(
    "line", ["nonsense", "finger", "finger x", "burst", "double-lock perhaps", "alarm none"]
)
async def test_bad_input_is_answered(lock: SimulatedLock, line: str) -> None:
    said = await run_command(lock, line)
    assert said.startswith(("unknown", "cannot"))
    assert lock.openings == []
    assert await run_command(lock, "") == ""


async def run_module(*options: str, typed: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulator",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate(typed.encode())
    assert process.returncode == 0
    return output.decode()


async def test_the_module_runs_by_hand() -> None:
    assert "--udp-ports" in await run_module("--help")
    ports = ("--port", "0", "--udp-ports", "26666", "26667", "27000")
    output = await run_module(*ports, typed="finger 3\nbattery 12\nstatus\nquit\nfinger 4\n")
    assert "asleep" in output.splitlines()[0]
    assert "openings ['fingerprint 3']" in output
    assert "'12': 12" in output
    assert "fingerprint 4" not in output
