"""The simulated lock and clients that are not ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
import json
import sys
from typing import Any

import pytest
import tinytuya

from tests.simulator import Knobs, SimulatedLock

VERSIONS = ("3.1", "3.3", "3.4", "3.5")
pytestmark = pytest.mark.usefixtures("socket_enabled")


def awake(**changes: Any) -> Knobs:
    """A lock that is always on and tells all it knows."""
    return Knobs(**{"low_power": False, "query_answer": "all"} | changes)


@pytest.fixture(params=VERSIONS)
async def lock(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(version=request.param, knobs=awake()) as lock:
        yield lock


@pytest.fixture
async def lock34() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(version="3.4", knobs=awake()) as lock:
        yield lock


class InThread:
    """Runs a blocking client in a thread that is gone afterwards."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool

    async def __call__[T](self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, call, *arguments)


@pytest.fixture
def in_thread() -> Any:
    with ThreadPoolExecutor(1) as pool:
        yield InThread(pool)


def tiny(
    lock: SimulatedLock, key: str | None = None, version: str | None = None
) -> tinytuya.Device:
    device = tinytuya.Device(
        lock.device_id,
        "127.0.0.1",
        key or lock.local_key,
        version=float(version or lock.version),
        port=lock.port,
        persist=True,
        connection_timeout=2,
        connection_retry_limit=1,
        connection_retry_delay=0,
    )
    device.set_sendWait(None)
    return device


async def test_tinytuya_talks_to_the_lock(lock: SimulatedLock, in_thread: InThread) -> None:
    device = tiny(lock)
    assert (await in_thread(device.status))["dps"] == lock.dps
    await in_thread(device.set_value, 58, True)
    assert lock.commands == [{"58": True}]
    assert lock.dps["58"] is True
    await in_thread(device.heartbeat)
    await lock.finger(3)
    for _ in range(4):
        received = await in_thread(device.receive)
        if received and received["dps"] == {"1": 3}:
            break
    else:
        pytest.fail("no push")
    assert lock.connections == 1
    device.close()


RUSTUYA = """
import json, sys, rustuya
identity, key, version, port = sys.argv[1:]
device = rustuya.Device(identity, key, "127.0.0.1", version, port=int(port), timeout=3.0)
events = device.listener()
print(json.dumps(device.status()["dps"]), flush=True)
device.set_value(58, True)
while event := events.recv(3000):
    payload = event["payload"]
    print(json.dumps(payload.get("data", payload).get("dps", {})), flush=True)
device.stop()
"""


async def test_rustuya_talks_to_the_lock(lock: SimulatedLock) -> None:
    # In a process of its own: the second device that a process makes waits up to five seconds.
    options = (lock.device_id, lock.local_key, lock.version, str(lock.port))
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUSTUYA, *options, stdout=asyncio.subprocess.PIPE
    )
    assert client.stdout
    resting = dict(lock.dps)
    try:
        async with asyncio.timeout(10):
            assert json.loads(await client.stdout.readline()) == resting
            await lock.wait_for(lambda: lock.commands == [{"58": True}])
            await lock.card(7)
            seen: list[dict[str, Any]] = []
            while {"5": 7} not in seen:
                seen.append(json.loads(await client.stdout.readline()))
        assert {"58": True} in seen
    finally:
        client.kill()
        await client.wait()


async def test_a_client_with_another_version_or_key_gets_nothing(
    lock34: SimulatedLock, in_thread: InThread
) -> None:
    wrong_version = tiny(lock34, version="3.3")
    assert "Error" in await in_thread(wrong_version.status)
    wrong_version.close()
    wrong_key = tiny(lock34, key="x" * 16)
    assert (await in_thread(wrong_key.status))["Err"] == "914"
    wrong_key.close()
    assert lock34.commands == []


async def test_data_unvalid_is_what_tinytuya_takes_for_it(in_thread: InThread) -> None:
    async with SimulatedLock(version="3.3", family="D") as lock:
        device = tiny(lock)
        await in_thread(device.status)
        assert device.dev_type == "device22"
        device.close()
