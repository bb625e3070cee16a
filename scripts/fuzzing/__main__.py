"""Send damaged frames and announcements to what reads them: scripts/fuzz --help."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
import logging
from random import Random
import sys
from time import perf_counter
from typing import override

from .datagrams import fuzz_datagrams
from .failures import Failures
from .frames import fuzz_frames

PARTS: dict[str, Callable[[Random, int, Failures], Awaitable[Counter[str]]]] = {
    "frames": fuzz_frames,
    "datagrams": fuzz_datagrams,
}


class Reader(logging.Handler):
    """Makes the text of every record, and lets the error through if that fails."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Write nothing."""
        record.getMessage()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one of both")
    parser.add_argument("--count", type=int, default=1_000_000, help="of each (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other numbers, other damage")
    return parser.parse_args()


async def fuzz(options: argparse.Namespace) -> int:
    """Fuzz, print what came of it, and return the exit status."""
    failures = Failures()
    failures.watch(asyncio.get_running_loop())
    for part in [options.part] if options.part else PARTS:
        start = perf_counter()
        seen = await PARTS[part](Random(f"{part} {options.seed}"), options.count, failures)
        figures = ", ".join(f"{count:,} {what}" for what, count in sorted(seen.items()))
        print(f"{part}: {figures}; seed {options.seed}, {perf_counter() - start:.0f} s", flush=True)
    print(f"uncaught exceptions: {failures.count}")
    for where, details in failures.found.items():
        print(f"\n{where}\n{details}")
    return 1 if failures.count else 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, handlers=[Reader()])
    sys.exit(asyncio.run(fuzz(arguments())))
