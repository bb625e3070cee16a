"""The simulated lock as a person drives it: typed commands, and the module."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
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


PORTS = ("--port", "0", "--udp-ports", "26666", "26667", "27000")
DIAGNOSED = {
    "connection": {"protocol_found": "3.5", "on_network": True},
    "product": {
        "product_id": "abcdefghijklmnop",
        "category": None,
        "query_answer": "json obj data unvalid",
        "stays_connected": True,
        "table": [{"dp": 1, "code": "unlock_fingerprint", "type": "integer"}],
        "heard": [
            {
                "dp": 1,
                "code": "unlock_fingerprint",
                "type": "integer",
                "size": None,
                "understood": True,
                "values": [{"value": 7, "means": ["unlock fingerprint 7"]}],
            },
            {"dp": 49, "code": None, "type": "raw", "size": 28, "understood": False, "values": []},
            {
                "dp": 77,
                "code": None,
                "type": "string",
                "size": 3,
                "understood": False,
                "values": [],
            },
        ],
    },
}
"""What an owner's diagnostics say of a lock, as far as it takes to play it."""


async def test_the_lock_of_an_owner_runs_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "diagnostics.json"
    file.write_text(json.dumps({"data": DIAGNOSED}))
    output = await run_module(
        "--diagnostics", str(file), *PORTS, typed="again\nfinger 2\nstatus\nquit\n"
    )
    assert "3.5 diagnostics on port" in output.splitlines()[0]
    assert "reported: 1 7, 49" in output
    assert "'77': '???'" in output
    assert "openings ['fingerprint 2']" in output


async def test_a_file_that_is_no_diagnostics_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    for name in ("other.json", "missing.json"):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.simulator",
            "--diagnostics",
            str(tmp_path / name),
            stderr=asyncio.subprocess.PIPE,
        )
        _, error = await process.communicate()
        assert process.returncode == 2
        assert name in error.decode()
        assert "Traceback" not in error.decode()


async def test_only_a_model_reports_again(lock: SimulatedLock) -> None:
    assert "family B is no model" in await run_command(lock, "again")


async def test_the_module_runs_by_hand() -> None:
    assert "--udp-ports" in await run_module("--help")
    output = await run_module(*PORTS, typed="finger 3\nbattery 12\nstatus\nquit\nfinger 4\n")
    assert "asleep" in output.splitlines()[0]
    assert "openings ['fingerprint 3']" in output
    assert "'12': 12" in output
    assert "fingerprint 4" not in output
