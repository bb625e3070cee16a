"""How many of our functions run for one push, one remote unlock and one cloud record.

A call is the start of a function, generator, coroutine or lambda of the integration, in any thread;
a coroutine that goes on after waiting is no new call. The simulated lock and cloud are in the same
process, and are not counted. The integration is used as its owner does: a lock with a cloud project
and one member, its entities and actions, and real sockets.

push: from data_received to the state of the lock's event, of a lock that has been connected for a
while. unlock: from the action to its return, of a sleeping lock that is woken, and asked to open,
at once. cloud record: from the cloud's answer, which holds this one record, to the state of that
event. Each is the median of a few runs.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
import sys
from types import CodeType
from typing import override
from unittest.mock import patch

from aiohttp import web
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockConfigEntry,
    async_fire_time_changed,
)

import custom_components.tuya_wifi_lock as integration
from custom_components.tuya_wifi_lock.const import (
    CONF_ACCESS_ID,
    CONF_ACCESS_SECRET,
    CONF_CLOUD,
    CONF_NUMBERS,
    CONF_REGION,
    DOMAIN,
    SUBENTRY_MEMBER,
)
from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_NAME,
    EVENT_STATE_CHANGED,
    Platform,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.entry import lock_entry
from tests.ports import free_ports
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud

from .home import home_assistant

FOLDER = str(Path(integration.__file__).parent)
WARM_UP, RUNS = 2, 5
SETTLED = 4.0
"""Seconds after which nothing is due any more that a wake or an unlock has begun."""
POLL_DUE = 7201.0
"""Seconds after which the cloud is asked once more."""
TOP = 25

type Calls = Counter[CodeType]
"""How often each of our functions was called."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was called up to the result, and until all was done that it caused at once."""

    calls: Calls
    whole: Calls


class Counting:
    """Counts the calls of our functions while it is on."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self.calls: Calls = Counter()
        self._on = False

    def start(self) -> None:
        """Count from here, whatever was counted before."""
        self.calls, self._on = Counter(), True

    def stop(self) -> Calls:
        """Count no more; return what was counted."""
        self._on = False
        return self.calls

    def began(self, code: CodeType, offset: int) -> object:
        """Note the start of a function (a callback of sys.monitoring)."""
        if not code.co_filename.startswith(FOLDER):
            return sys.monitoring.DISABLE
        if self._on:
            self.calls[code] += 1
        return None


@contextmanager
def counting() -> Generator[Counting]:
    """Watch the start of every function."""
    monitoring = sys.monitoring
    counter, event = Counting(), monitoring.events.PY_START
    monitoring.use_tool_id(monitoring.PROFILER_ID, "scripts/bench calls")
    try:
        monitoring.register_callback(monitoring.PROFILER_ID, event, counter.began)
        monitoring.set_events(monitoring.PROFILER_ID, event)
        yield counter
    finally:
        monitoring.free_tool_id(monitoring.PROFILER_ID)


class AnsweringCloud(SimulatedCloud):
    """A cloud that calls back when it answers a call for records of unlocks."""

    answering: Callable[[], None] | None = None

    @override
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await super()._handle(request)
        if self.answering and request.path.endswith("/open-logs"):
            self.answering()
        return response


class House:
    """A lock with a cloud project and a member, and what is to be counted there."""

    def __init__(
        self, hass: HomeAssistant, lock: SimulatedLock, cloud: AnsweringCloud, counter: Counting
    ) -> None:
        """Listen to the entities of the lock."""
        self.hass, self.lock, self.cloud, self.counter = hass, lock, cloud, counter
        self._numbers = count(1)
        self._number = 0
        self._shown = asyncio.Event()
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    async def push(self) -> Run:
        """Count from data_received, the first of ours that runs, to the state of the event."""
        self._await_next()
        self.counter.start()
        await self.lock.finger(self._number)
        return await self._run()

    async def unlock(self) -> Run:
        """Count from the action to its return; the lock wakes, and is asked to open, at once."""
        registry = er.async_get(self.hass)
        (entity_id,) = [
            entity.entity_id
            for entity in registry.entities.values()
            if (entity.domain, entity.platform) == (Platform.LOCK, DOMAIN)
        ]
        self.counter.start()
        unlocking = asyncio.create_task(
            self.hass.services.async_call(
                Platform.LOCK, "unlock", {ATTR_ENTITY_ID: entity_id}, blocking=True
            )
        )
        await asyncio.sleep(0)
        await self.lock.request()
        await unlocking
        calls = self.counter.calls.copy()
        await self.hass.async_block_till_done()
        run = Run(calls, self.counter.stop())
        await asyncio.sleep(SETTLED)
        await self.fall_asleep()
        return run

    async def cloud_record(self) -> Run:
        """Count from the cloud's answer that holds one record to the state of the event.

        The lock reaches the cloud, and Home Assistant does not reach the lock.
        """
        self._await_next()
        self.cloud.device(self.lock.device_id).logs.clear()
        self.lock.knobs.lan = False
        await self.lock.finger(self._number)
        await self.fall_asleep()
        self.lock.knobs.lan = True
        self.cloud.answering = self.counter.start
        async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=POLL_DUE))
        run = await self._run()
        self.cloud.answering = None
        return run

    async def wake_up(self) -> None:
        """Wake the lock and leave it connected until nothing is due any more."""
        await self.lock.wake()
        await self.lock.wait_for(lambda: bool(self.lock.clients))
        await asyncio.sleep(SETTLED)

    async def fall_asleep(self) -> None:
        """Switch the radio of the lock off, and let that be noticed."""
        await self.lock.sleep()
        await asyncio.sleep(0.2)
        await self.hass.async_block_till_done()

    def _await_next(self) -> None:
        """Wait from now on for the event of another unlock number."""
        self._number = next(self._numbers)
        self._shown.clear()

    async def _run(self) -> Run:
        async with asyncio.timeout(10):
            await self._shown.wait()
        await self.hass.async_block_till_done()
        return Run(self._calls, self.counter.stop())

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        """Note what was called when the event entity shows the unlock that is awaited."""
        state = event.data["new_state"]
        if not state or state.domain != Platform.EVENT or self._shown.is_set():
            return
        if state.attributes.get("number") == self._number:
            self._calls = self.counter.calls.copy()
            self._shown.set()


@asynccontextmanager
async def house(version: str) -> AsyncGenerator[House]:
    """Set a sleeping lock up, with a cloud project, and with a member who owns its numbers."""
    with free_ports() as ports, counting() as counter:
        knobs = Knobs(idle_timeout=None, announce_interval=3600.0)
        async with (
            SimulatedLock(version=version, announce_ports=ports, knobs=knobs) as lock,
            AnsweringCloud() as cloud,
            home_assistant() as hass,
        ):
            cloud.join(lock)
            with patch.dict(REGIONS, {"eu": cloud.url}):
                entry = _entry(lock, cloud)
                entry.add_to_hass(hass)
                assert await hass.config_entries.async_setup(entry.entry_id)
                await hass.async_block_till_done()
                await _add_member(hass, entry)
                yield House(hass, lock, cloud, counter)


def _entry(lock: SimulatedLock, cloud: SimulatedCloud) -> MockConfigEntry:
    project = {
        CONF_REGION: "eu",
        CONF_ACCESS_ID: cloud.access_id,
        CONF_ACCESS_SECRET: cloud.access_secret,
    }
    return lock_entry(
        "Front door",
        lock.device_id,
        lock.port,
        lock.local_key,
        lock.version,
        **{CONF_CLOUD: project},
    )


async def _add_member(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add somebody who owns every number that is used."""
    flows = hass.config_entries.subentries
    form = await flows.async_init(
        (entry.entry_id, SUBENTRY_MEMBER), context={"source": SOURCE_USER}
    )
    numbers = [f"fingerprint:{number}" for number in range(1, 100)]
    result = await flows.async_configure(
        form["flow_id"], {CONF_NAME: "Alice", CONF_NUMBERS: numbers}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def measure(version: str) -> dict[str, Run]:
    """Count everything."""
    async with house(version) as here:
        await here.wake_up()
        found = {"push": await _median(here.push)}
        await here.fall_asleep()
        found["unlock"] = await _median(here.unlock)
        found["cloud record"] = await _median(here.cloud_record)
    return found


async def _median(measure: Callable[[], Awaitable[Run]]) -> Run:
    """Return the middle one of a few runs after a warm-up."""
    for _ in range(WARM_UP):
        await measure()
    runs = [await measure() for _ in range(RUNS)]
    return sorted(runs, key=lambda run: run.calls.total())[RUNS // 2]


def print_calls(found: dict[str, Run], *, top: bool) -> None:
    """Print one line for each; with `top`, which functions and files it were."""
    for what, run in found.items():
        print(f"{what}: {_figures(run.calls)} ({_figures(run.whole)} until all is done)")
    for what, run in found.items() if top else ():
        print(f"\n{what}, most called:")
        for code, times in run.calls.most_common(TOP):
            print(f"{times:6} {_file(code)}:{code.co_firstlineno} {code.co_qualname}")
        print(f"{what}, by file:")
        for file, times in _by_file(run.calls).most_common():
            print(f"{times:6} {file}")


def _figures(calls: Calls) -> str:
    return f"{calls.total()} calls, {len(_by_file(calls))} files"


def _by_file(calls: Calls) -> Counter[str]:
    files: Counter[str] = Counter()
    for code, times in calls.items():
        files[_file(code)] += times
    return files


def _file(code: CodeType) -> str:
    return code.co_filename.removeprefix(f"{FOLDER}/")
