"""The parts of the benchmark: what each measures, and the rows that come of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import json
import sys
from typing import Any

from . import imports
from .table import Row, kilobytes, milliseconds, percentile, times, verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    version: str = "3.4"
    pushes: int = 600
    wakes: int = 60
    asleep: float = 8.0
    """Seconds after which a lock is known to have been asleep before its wake."""
    grow: tuple[int, ...] = (1, 10, 100, 300)
    live: tuple[tuple[tuple[int, int], ...], ...] = (((1, 4), (10, 2)), ((100, 2),), ((300, 2),))
    """Numbers of locks and reports of each; the small ones run beside each other."""
    settle: float = 11.0
    watched: float = 10.0
    imports: int = 3


QUICK = Plan(
    pushes=80,
    wakes=10,
    asleep=0.5,
    grow=(10,),
    live=(((10, 1),),),
    settle=2.0,
    watched=2.0,
    imports=1,
)


async def latency(plan: Plan) -> list[Row]:
    """Compare the way of a push with the floor, and with the peer."""
    ours, floor, peer = await _work("latency", version=plan.version, rounds=plan.pushes)
    rows = []
    for percent in (50, 99):
        mine, least, theirs = (percentile(took, percent) for took in (ours, floor, peer))
        what = f"push on the wire -> event state written, p{percent}"
        aim = verdict("<= 1.5x", mine <= 1.5 * least)
        rows += [
            Row(f"(1) {what}", times(mine, least), milliseconds(mine), _floor(least), aim),
            Row(f"(4) {what}", times(mine, theirs), milliseconds(mine), _peer(theirs)),
        ]
    return sorted(rows, key=lambda row: row.what[:3])


async def wakes(plan: Plan) -> list[Row]:
    """Tell how long it takes from a lock's radio to its first report."""
    took = await _work("wakes", version=plan.version, locks=plan.wakes, asleep=plan.asleep)
    rows = []
    for percent in (50, 99):
        value = percentile(took, percent)
        rows.append(
            Row(
                f"(2) radio on -> announced -> connected -> first report, p{percent}",
                times(value, 0.05),
                milliseconds(value),
                "50 ms",
                verdict("< 50 ms", value < 0.05),
            )
        )
    return rows


async def memory(plan: Plan) -> list[Row]:
    """Compare the memory of a lock with an entry whose device and entities do nothing."""
    found = await _work("grow", version=plan.version, sizes=plan.grow)
    rows = []
    for size in plan.grow:
        asleep, bare, empty = (found[kind][str(size)] for kind in ("asleep", "bare", "empty"))
        rows.append(_memory_row(f"asleep, not met yet, {_locks(size)}", asleep, bare, empty))
    rows += [
        _memory_row(f"connected, {_locks(size)}", found["connected"], bare),
        _memory_row(f"asleep again, {_locks(size)}", found["asleep_again"], bare, empty),
        Row("(3) ... of it allocated by our own lines", "", kilobytes(found["own"]), ""),
    ]
    return rows


async def crowds(plan: Plan) -> list[Row]:
    """Compare CPU and start-up of many locks with the floor and with empty entries."""
    rows: list[Row] = []
    for group in plan.live:
        big = group == plan.live[min(1, len(plan.live) - 1)]
        options: dict[str, Any] = {"version": plan.version, "settle": plan.settle}
        if big:
            options |= {"watched": plan.watched, "peer": True}
        found = await asyncio.gather(
            *(_work("live", size=size, rounds=rounds, **options) for size, rounds in group)
        )
        for (size, _), results in zip(group, found, strict=True):
            rows += _crowd_rows(size, results, plan.watched)
    return sorted(rows, key=lambda row: row.what.rpartition(",")[0])


async def importing(plan: Plan) -> list[Row]:
    """Compare the time of importing our modules with tinytuya's."""
    theirs, ours = await asyncio.to_thread(imports.measure, plan.imports)
    what = "(5) import of our modules, after Home Assistant's and tinytuya's"
    return [Row(what, times(ours, theirs), milliseconds(ours), f"tinytuya {milliseconds(theirs)}")]


SECTIONS: dict[int, tuple[Callable[[Plan], Awaitable[list[Row]]], ...]] = {
    1: (latency,),
    2: (wakes,),
    3: (crowds, memory),
    4: (latency,),
    5: (importing,),
}
"""What to run for each number; (1) and (4) are one run."""


def _crowd_rows(size: int, found: dict[str, Any], watched: float) -> list[Row]:
    """Return what was found with one number of locks."""
    locks = _locks(size)
    cpu, floor = found["cpu"], found["cpu_floor"]
    start, empty = found["start"], found["start_empty"]
    rows = [
        Row(
            f"(3) CPU per report and its storing, {locks}",
            times(cpu, floor),
            milliseconds(cpu),
            _floor(floor),
        ),
        Row(
            f"(3) start-up asleep, {locks}",
            times(start, empty),
            milliseconds(start),
            f"empty entries {milliseconds(empty)}",
        ),
        Row(
            f"(3) all radios on at once -> all connected, {locks}",
            times(found["connect"], start),
            milliseconds(found["connect"]),
            f"start-up {milliseconds(start)}",
        ),
    ]
    if "cpu_peer" in found:
        peer = found["cpu_peer"]
        rows.append(
            Row(f"(4) CPU per report, {locks}", times(cpu, peer), milliseconds(cpu), _peer(peer))
        )
    if "callbacks" in found:
        ran = found["callbacks"]
        names = f" ({', '.join(sorted(set(ran)))})" if ran else ""
        what = f"(3) timers and callbacks in {watched:g} s of sleep, {locks}"
        rows.append(Row(what, "", f"{len(ran)}{names}", "", verdict("none", not ran)))
        what = f"(3) memory per lock, asleep, growth of the whole process, {locks}"
        rows.append(Row(what, "", kilobytes(found["resident"]), ""))
    return rows


def _memory_row(what: str, value: float, bare: float, empty: float | None = None) -> Row:
    """Return one comparison of memory per lock; the aim is counted from an empty entry."""
    aim = "" if empty is None else verdict("< 60 kB more", value - empty < 60e3)
    beside = f"entities that do nothing {kilobytes(bare)}"
    beside += "" if empty is None else f", empty entry {kilobytes(empty)}"
    return Row(f"(3) memory per lock, {what}", times(value, bare), kilobytes(value), beside, aim)


def _locks(size: int) -> str:
    return f"{size} lock{'s' if size > 1 else ''}"


def _floor(seconds: float) -> str:
    return f"floor {milliseconds(seconds)}"


def _peer(seconds: float) -> str:
    return f"tinytuya in a thread {milliseconds(seconds)}"


async def _work(name: str, **arguments: Any) -> Any:
    """Run a measurement in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scripts.benchmark.worker", name, json.dumps(arguments)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"the measurement {name} failed")
    return json.loads(said.splitlines()[-1])
