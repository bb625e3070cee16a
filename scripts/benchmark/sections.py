"""The sections of the benchmark: what each measures, and the rows that come of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from statistics import median
import sys
from typing import Any

from custom_components.tuya_wifi_lock.store import LOG_FULL

from . import imports
from .table import Row, at_most, kilobytes, milliseconds, percentile, times, verdict

OPENINGS_A_DAY = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    version: str = "3.4"
    peers: tuple[tuple[str, str], ...] = ()
    """Folders of other integrations, each with a file that says how an entry of it looks."""
    blocks: int = 12
    wakes: int = 30
    asleep: float = 8.0
    """Seconds after which a lock is known to have been asleep before its wake."""
    rest: float = 20.0
    openings: int = 10
    grow: tuple[int, ...] = (1, 10, 100, 300)
    crowd: int = 100
    settle: float = 11.0
    watched: float = 10.0
    imports: int = 3


QUICK = Plan(
    blocks=2,
    wakes=10,
    asleep=0.5,
    rest=2.0,
    openings=2,
    grow=(1, 10),
    crowd=10,
    settle=2.0,
    watched=2.0,
    imports=1,
)


async def push(plan: Plan) -> list[Row]:
    """Compare the way and the CPU of a push with the floor, and with peers."""
    found = await _work("push", version=plan.version, blocks=plan.blocks)
    ours, floor, none = found["took"]
    rows = [
        Row(
            f"push on the wire -> state of the event, p{percent}",
            milliseconds(mine := percentile(ours, percent)),
            f"floor {milliseconds(least := percentile(floor, percent))}",
            times(mine, least),
            at_most(most, mine, least),
        )
        for percent, most in ((50, 1.5), (99, 2))
    ]
    mine, least, bare = map(median, found["cpu"])
    half = percentile(none, 50)
    rows += [
        Row(
            "... beside the same states set by no entity, p50",
            milliseconds(percentile(ours, 50)),
            f"no entities {milliseconds(half)}",
            times(percentile(ours, 50), half),
        ),
        Row(
            f"CPU per push, 50/s, writing {found['writes']}",
            milliseconds(mine),
            f"floor {milliseconds(least)}, no entities {milliseconds(bare)}",
            times(mine, least),
        ),
    ]
    if plan.peers:
        rows += _peer_rows("ours", await _work("peer", version=plan.version))
    for folder, entry in plan.peers:
        theirs = await _work("peer", version=plan.version, folder=folder, entry=entry)
        rows += _peer_rows(Path(entry).stem, theirs)
    return rows


async def wakes(plan: Plan) -> list[Row]:
    """Tell how long it takes from a lock's radio to its first report, and the CPU of wakes."""
    found = await _work(
        "wakes", version=plan.version, locks=plan.wakes, asleep=plan.asleep, rest=plan.rest
    )
    rows = []
    for percent in (50, 99):
        value = percentile(found["took"], percent)
        aim = verdict("< 50 ms", value < 0.05)
        rows.append(Row(f"radio on -> first report, p{percent}", milliseconds(value), aim=aim))
    cpu, what = found["cpu"], f"CPU of ten wakes by an opening, and {plan.rest:.0f} s after each"
    aim = verdict("<= 0.25 s", cpu <= 0.25)
    rows.append(Row(what, milliseconds(cpu), "all of Home Assistant", aim=aim))
    if plan.peers:
        rows.append(_wakes_row("ours", await _work("peer_wakes", version=plan.version)))
    for folder, entry in plan.peers:
        theirs = await _work("peer_wakes", version=plan.version, folder=folder, entry=entry)
        rows.append(_wakes_row(Path(entry).stem, theirs))
    return rows


async def openings(plan: Plan) -> list[Row]:
    """Tell when, and how often, openings are told."""
    found = await _work("openings", version=plan.version, asleep=plan.asleep)
    first, woke = ([one for one in found[name] if one is not None] for name in ("first", "woke"))
    times_all = len(found["first"]) + len(found["woke"])
    return [
        Row(
            "the opening that wakes the lock -> state of the event, p50 of the first three",
            milliseconds(median(first)),
            "a second's hold, until it has shown that it saves nothing up",
        ),
        Row(
            "... p50 of the fourth, of ten locks",
            milliseconds(median(woke)),
            f"slowest {milliseconds(max(woke))}",
            aim=verdict("<= 350 ms", max(woke) <= 0.35),
        ),
        Row(
            "... openings shown",
            f"{len(first) + len(woke)} of {times_all}",
            aim=verdict("all", len(first) + len(woke) == times_all),
        ),
        Row(
            "200 equal pushes: states of the event",
            str(found["equal"]),
            aim=verdict("200", found["equal"] == 200),
        ),
        Row(
            "20 openings in one segment -> state of the last",
            milliseconds(found["burst"]),
            f"{'in' if found['in_order'] else 'not in'} their order, each once",
            aim=verdict("in order", found["in_order"]),
        ),
    ]


async def stores(plan: Plan) -> list[Row]:
    """Tell what an opening that wakes the lock costs the disk, beside the recorder."""
    found = await _work("stores", version=plan.version, openings=plan.openings)
    rows = []
    for journal, per in found.items():
        lines, fsyncs, size = per["lines"], per["fsyncs"], per["bytes"]
        rows.append(
            Row(
                f"store, journal {journal}: an opening",
                f"{lines:.1f} lines, {fsyncs:.1f} fsyncs, {kilobytes(size)}",
                f"recorder {per['states']:.1f} states, {per['attributes']:.1f} attributes, "
                f"{per['events']:.1f} events, {kilobytes(per['data'])}",
                aim=verdict("<= 1 fsync, <= 1 kB", fsyncs <= 1 and size <= 1e3),
            )
        )
        between = LOG_FULL / size
        day = OPENINGS_A_DAY * (size + per["whole"] / between)
        rows += [
            Row(
                f"store, journal {journal}: a day of {OPENINGS_A_DAY}, with its share of the file",
                f"{lines * OPENINGS_A_DAY:.0f} lines, {fsyncs * OPENINGS_A_DAY:.0f} fsyncs, "
                f"{kilobytes(day)}",
                f"recorder {per['states'] * OPENINGS_A_DAY:.0f} states, "
                f"{per['attributes'] * OPENINGS_A_DAY:.0f} attributes, "
                f"{per['events'] * OPENINGS_A_DAY:.0f} events, "
                f"{kilobytes(per['data'] * OPENINGS_A_DAY)}",
            ),
            Row(
                f"store, journal {journal}: the file",
                f"{kilobytes(per['whole'])}, once in {between:.0f} openings",
            ),
        ]
    return rows


async def memory(plan: Plan) -> list[Row]:
    """Compare the memory of a lock with the same entities doing nothing."""
    plans = {"version": plan.version, "sizes": plan.grow, "settle": plan.settle}
    bare, ours = await asyncio.gather(
        *(_work("grow", kind=kind, **plans) for kind in ("bare", "locks"))
    )
    rows = []
    for size in plan.grow:
        asleep, least = ours[str(size)], bare[str(size)]
        aim = verdict("<= 20 kB more", asleep - least <= 20e3)
        rows.append(_memory_row(f"asleep, {_locks(size)}", asleep, least, aim))
    rows += [
        _memory_row(f"{what}, {_locks(size)}", ours[moment], bare["later"], "")
        for what, moment in (
            ("asleep, registries written", "later"),
            ("connected", "connected"),
            ("asleep again", "again"),
        )
    ]
    rows.append(Row("... of it allocated by our own lines", kilobytes(ours["own"])))
    return rows


async def starting(plan: Plan) -> list[Row]:
    """Compare the start of many locks with the same entities doing nothing."""
    found = await _work(
        "crowd", version=plan.version, size=plan.crowd, settle=plan.settle, watched=plan.watched
    )
    locks, ran = _locks(plan.crowd), found["callbacks"]
    start, bare = (median(found[kind]) for kind in ("start", "start_bare"))
    return [
        Row(
            f"start-up per lock, {locks}",
            milliseconds(start),
            f"idle entities {milliseconds(bare)}",
            times(start, bare),
            at_most(2, start, bare),
        ),
        Row(
            f"CPU while {locks} sleep",
            f"{found['cpu']:.2%} of one",
            f"{len(ran) / plan.watched / plan.crowd:.1f} callbacks a second for each: short dials",
        ),
        Row(
            f"{locks} wake at once: radio on -> first report, the slowest",
            milliseconds(found["connect"]),
        ),
    ]


async def growth(plan: Plan) -> list[Row]:
    """Tell if a push costs more in a house with more of everything."""
    found = await _work("growth", version=plan.version, sizes=plan.grow)
    rows, first = [], None
    for what, (ours, floor) in found.items():
        ratio = ours / floor
        first = first or ratio
        rows.append(
            Row(
                f"CPU per push, {what}",
                milliseconds(ours),
                f"floor {milliseconds(floor)}",
                times(ours, floor),
                verdict("flat: <= 1.5x the first", ratio <= 1.5 * first),
            )
        )
    return rows


async def importing(plan: Plan) -> list[Row]:
    """Tell what the first set-up imports, and how long that takes."""
    runs = await asyncio.to_thread(imports.measure, plan.imports)
    ours, usual = median(run.ours for run in runs), median(run.usual for run in runs)
    modules, later = runs[0].modules, len(runs[0].later)
    return [
        Row(
            "CPU of the imports for the set-up of a lock",
            milliseconds(ours),
            f"Home Assistant's own {milliseconds(usual)}",
            times(ours, usual),
        ),
        Row("... modules left until they are used", f"{later} of {modules + later}"),
    ]


SECTIONS: Mapping[str, Callable[[Plan], Awaitable[list[Row]]]] = {
    "push": push,
    "wakes": wakes,
    "openings": openings,
    "stores": stores,
    "memory": memory,
    "start": starting,
    "growth": growth,
    "imports": importing,
}
"""What to run for each name."""


def _peer_rows(name: str, found: dict[str, Any]) -> list[Row]:
    """Return what an integration, ours or a peer, does with the same pushes."""
    rows = []
    for pace, (took, _) in (("4/s", found["slow"]), ("50/s", _together(found["fast"]))):
        shown = [milliseconds(percentile(took, percent)) for percent in (50, 99) if took]
        count = f"{len(took)} shown"
        rows.append(Row(f"{name}: push -> state, {pace}, p50 and p99", " and ".join(shown), count))
    (_, mine), (_, least) = _together(found["fast"]), _together(found["floor"])
    what = f"{name}: CPU per push, 50/s, writing {found['writes']}"
    beside = f"no entities {milliseconds(least)}"
    rows.append(Row(what, milliseconds(mine), beside, times(mine, least)))
    numbers, seconds = found["burst"]
    order = "in order" if numbers == sorted(numbers, key=int) else "out of order"
    rows += [
        Row(f"{name}: equal pushes shown", f"{found['equal'][0]} of {found['equal'][1]}"),
        Row(
            f"{name}: shown of a burst in one segment",
            f"{len(numbers)} {order}",
            f"the last after {milliseconds(seconds)}",
        ),
    ]
    return rows


def _wakes_row(name: str, found: tuple[int, float]) -> Row:
    """Return what an integration, ours or a peer, sees of a lock that wakes for an opening."""
    seen, cpu = found
    what = f"{name}: openings seen of ten, awake 5 s, asleep 20 s"
    return Row(what, str(seen), f"CPU of all that {milliseconds(cpu)}")


def _together(blocks: list[tuple[list[float], float]]) -> tuple[list[float], float]:
    """Return the seconds of all blocks, and the least CPU per push: the least disturbed."""
    return [one for took, _ in blocks for one in took], min(cpu for _, cpu in blocks)


def _memory_row(what: str, value: float, bare: float, aim: str) -> Row:
    """Return one comparison of memory per lock."""
    beside = f"idle entities {kilobytes(bare)}: {kilobytes(value - bare)} more"
    return Row(f"memory per lock, {what}", kilobytes(value), beside, times(value, bare), aim)


def _locks(size: int) -> str:
    return f"{size} lock{'s' if size > 1 else ''}"


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
