"""Measure speed and memory as ratios within one run: scripts/bench --help."""

import argparse
import asyncio
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
Floor: a bare asyncio socket, the same cipher straight from cryptography, one state write. The
simulated locks run in another process, so that only the receiving side is counted. The receivers
of (1) and (4) take turns push by push; clocks are the system's monotonic one. CPU is that of all
threads, with one write to the lock's store per report. Memory is what Python allocated."""


def header(plan: Plan) -> str:
    """Return on what was measured."""
    packages = ("homeassistant", "tinytuya", "cryptography")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    python, cpus = platform.python_version(), os.cpu_count()
    return f"Python {python}, {versions}; {cpus} CPUs; protocol {plan.version}, loopback."


async def measure(plan: Plan, only: int | None, *, at_once: bool) -> list[Row]:
    """Return the rows of all sections, or of one."""
    wanted = [only] if only else list(SECTIONS)
    sections = list(dict.fromkeys(section for number in wanted for section in SECTIONS[number]))
    if at_once:
        found = await asyncio.gather(*(section(plan) for section in sections))
    else:
        found = []
        for section in sections:
            print(f"measuring: {section.__name__} ...", file=sys.stderr, flush=True)
            found.append(await section(plan))
    rows = [row for some in found for row in some]
    wanted_rows = [row for row in rows if int(row.what[1]) in wanted]
    return sorted(wanted_rows, key=lambda row: row.what[:3])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="little of everything at once: rough, < 30 s"
    )
    parser.add_argument("--only", type=int, choices=SECTIONS, help="one section of the table")
    parser.add_argument("--version", choices=("3.4", "3.5"), default="3.4", help="of the protocol")
    parser.add_argument("part", nargs="?", choices=("calls",), help="count our calls, and no more")
    parser.add_argument("--top", action="store_true", help="with calls: the most called functions")
    options = parser.parse_args()
    if options.part == "calls":
        print_calls(asyncio.run(measure_calls(options.version)), top=options.top)
        return
    plan = QUICK if options.quick else Plan()
    plan = replace(plan, version=options.version)
    start = perf_counter()
    rows = asyncio.run(measure(plan, options.only, at_once=options.quick))
    print(header(plan) + (" --quick: rough." if options.quick else ""))
    print()
    print_table(rows)
    print(NOTES)
    print(f"Measured in {perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
