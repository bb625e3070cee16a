"""Measure speed and memory as ratios within one run: scripts/bench --help."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
import os
import platform
import sys
from time import perf_counter

from .calls import measure as measure_calls, print_calls
from .sections import QUICK, SECTIONS, Plan
from .table import Row, print_table

NOTES = """
Floor: a bare asyncio socket, the same cipher straight from cryptography, and the same states and
events, in the same order, written by entities that are handed ready values, and recorded alike.
Beside it, the same states set by no entity, as no integration does. The simulated locks run in
another process, so that only the receiving side is counted. They take turns, fifty pushes each, of
fifty fingers, in a Home Assistant with its recorder. CPU is that of all threads, the recorder and
the writes of the store included.
Memory is what Python allocated. Idle entities: as many, on the same platforms and one device."""


def header(plan: Plan) -> str:
    """Return on what was measured."""
    packages = ("homeassistant", "cryptography")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    python, cpus = platform.python_version(), os.cpu_count()
    return f"Python {python}, {versions}; {cpus} CPUs; protocol {plan.version}, loopback."


async def measure(plan: Plan, names: Sequence[str], *, at_once: bool) -> list[Row]:
    """Return the rows of some sections."""
    if at_once:
        found = await asyncio.gather(*(SECTIONS[name](plan) for name in names))
    else:
        found = []
        for name in names:
            print(f"measuring: {name} ...", file=sys.stderr, flush=True)
            found.append(await SECTIONS[name](plan))
    return [row for rows in found for row in rows]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        choices=(*SECTIONS, "calls"),
        help=f"{', '.join(SECTIONS)}, or all of these; calls: count our calls, and no more",
    )
    parser.add_argument(
        "--quick", action="store_true", help="little of everything at once: rough, about a minute"
    )
    parser.add_argument("--version", choices=("3.4", "3.5"), default="3.4", help="of the protocol")
    parser.add_argument(
        "--peer",
        nargs=2,
        action="append",
        default=[],
        metavar=("FOLDER", "ENTRY"),
        help="another integration's folder, and a JSON file: data, options of its config entry",
    )
    parser.add_argument("--top", action="store_true", help="with calls: the most called functions")
    options = parser.parse_args()
    if "calls" in options.parts:
        print_calls(asyncio.run(measure_calls(options.version)), top=options.top)
        return
    plan = QUICK if options.quick else Plan()
    plan = replace(plan, version=options.version, peers=tuple(map(tuple, options.peer)))
    start = perf_counter()
    rows = asyncio.run(measure(plan, options.parts or list(SECTIONS), at_once=options.quick))
    print(header(plan) + (" --quick: rough." if options.quick else ""))
    print()
    print_table(rows)
    print(NOTES)
    print(f"Measured in {perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
