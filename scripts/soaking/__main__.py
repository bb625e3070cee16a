"""Let a house of many locks live through everything that goes wrong: scripts/soak --help."""

import argparse
import asyncio
from collections import Counter
from contextlib import suppress
import logging
import sys
from time import monotonic, process_time
from typing import Any
import warnings

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.helpers import frame
from scripts.benchmark.home import home_assistant
from scripts.benchmark.street import other_process
from scripts.benchmark.table import Row, print_table

from .house import House
from .watch import Census, Log, Sample, lasting_census, sample, slope

WARM = 0.15
"""The part of the time after which everything has happened once."""
EVERY = 60.0
"""Seconds between two looks at memory."""
MOST_RESIDENT, MOST_OBJECTS = 0.02, 0.01
"""By how much memory may grow in the last two thirds, as a part of itself."""
OF_A_LOCK = {"LanSession._visit": 4, "LanSession._start_visit": 4, "LockStore._async_due": 1}
"""How many of these each lock may have: addresses to look at, and a write that is planned."""
MOST_NAMED = 20
MORE = 5
"""How many more tasks, timers and files there may be at the end than once all was warm, beside."""

LATE = "new, and told as late"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="in all (%(default)g)")
    parser.add_argument("--locks", type=int, default=100, help="at most 250 (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other lives")
    parser.add_argument("--log", metavar="FILE", help="write the debug log of the integration")
    return parser.parse_args()


class Soak:
    """What was measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Begin with nothing."""
        self.log = Log()
        self.samples: list[Sample] = []
        self.verdict: dict[str, Any] = {}
        self.calls: dict[str, int] = {}
        self.cpu = 0.0
        self.wrong: list[str] = []
        """What must not be."""
        self._options = options
        self._began = monotonic()

    async def run(self) -> None:
        """Let it live."""
        options = self._options
        warm = options.minutes * 60 * WARM
        seconds = options.minutes * 60 - warm
        lives = {"locks": options.locks, "seed": options.seed, "warm": warm, "seconds": seconds}
        async with (
            other_process("scripts.soaking.street", **lives) as line,
            home_assistant() as hass,
        ):
            logging.getLogger().addHandler(self.log)
            frame.async_setup(hass)
            house = House(hass, line)
            await house.set_up()
            self._note("set up")
            await house.go_on()
            self.before = await lasting_census()
            self.samples.append(self._note("warm"))
            watching = asyncio.create_task(self._watch())
            cpu, since = process_time(), monotonic()
            await house.go_on()
            self.cpu = (process_time() - cpu) / (monotonic() - since)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            self.samples.append(self._note("quiet"))
            self.after = await lasting_census()
            await house.go_on()
            self.verdict, self.calls = house.verdict, dict(house.calls)

    async def _watch(self) -> None:
        """Look at memory now and then."""
        while True:
            await asyncio.sleep(min(EVERY, self._options.minutes * 60 / 30))
            self.samples.append(self._note(""))

    def _note(self, what: str) -> Sample:
        now = sample()
        minutes = (now.at - self._began) / 60
        print(
            f"{minutes:6.1f} min: {now.resident / 1e6:.1f} MB, {now.objects:,} objects, "
            f"{self.log.lines.total()} lines {what}",
            file=sys.stderr,
            flush=True,
        )
        return now

    # What came of it

    def rows(self) -> list[Row]:
        """Return the table, and note what is wrong."""
        verdict, faults = self.verdict, self.verdict["faults"]
        rows = [
            Row("openings at the doors", f"{verdict['openings']:,}"),
            Row("... told as live", f"{verdict['live']:,}"),
            Row("... told as late within 10 s", f"{verdict[LATE][0]:,}"),
            Row("... old, saved up alone without a time: live", f"{verdict['guessed']:,}"),
            Row("openings from afar", f"{verdict['remote']:,}"),
        ]
        rows += [
            self._row(name, f"{count:,}", "0", count == 0) for name, (count, _) in faults.items()
        ]
        rows += self._memory()
        rows += [self._held(name) for name in ("tasks", "timers", "files")]
        lines = self.log.unexpected
        rows.append(self._row("log: lines without a reason", str(len(lines)), "0", not lines))
        rows.append(Row("CPU of Home Assistant", f"{self.cpu:.0%} of one"))
        everything = monotonic() - self._began
        rows.append(Row("CPU of the locks", f"{verdict['cpu'] / everything:.0%} of one"))
        return rows

    def _row(self, what: str, value: str, aim: str, met: bool) -> Row:
        if not met:
            self.wrong.append(what)
        return Row(what, value, aim=f"{aim}: {'met' if met else 'missed'}")

    def _held(self, name: str) -> Row:
        before, after = getattr(self.before, name), getattr(self.after, name)
        rest = [count.total() - sum(count[one] for one in OF_A_LOCK) for count in (before, after)]
        most = {one: each * self._options.locks for one, each in OF_A_LOCK.items()}
        met = rest[1] <= rest[0] + MORE and all(after[one] <= most[one] for one in most)
        text = f"{before.total()} -> {after.total()}, {rest[0]} -> {rest[1]} beside those of locks"
        return self._row(f"{name}, warm and at the end", text, f"<= {MORE} more", met)

    def _memory(self) -> list[Row]:
        begin, end = self.samples[0].at, self.samples[-1].at
        last = [one for one in self.samples if one.at >= begin + (end - begin) / 3]
        rows = []
        for name, unit, size, most in (
            ("resident", "MB", 1e6, MOST_RESIDENT),
            ("objects", "thousand", 1e3, MOST_OBJECTS),
        ):
            points = [(one.at, getattr(one, name)) for one in last]
            hourly = slope(points) * 3600
            grown, now = hourly / 3600 * (points[-1][0] - points[0][0]), points[-1][1]
            text = f"{now / size:.1f} {unit}, {hourly / size:+.2f} an hour"
            rows.append(self._row(name, text, f"<= {most:.0%} in that time", grown <= most * now))
        return rows

    def details(self) -> None:
        """Print what the table only counts."""
        print("\nActs:", ", ".join(f"{n} {name}" for name, n in self.verdict["acts"].items()))
        print("\nCalls to unlock:", ", ".join(f"{n} {name}" for name, n in self.calls.items()))
        noted = {LATE: self.verdict[LATE], **self.verdict["faults"]}
        for name, (_, found) in noted.items():
            for text in found:
                print(f"\n{name}: {text}")
        _print_changes(self.before, self.after)
        print("\nLog, from warnings on:")
        for line, count in self.log.lines.most_common():
            print(f"{count:6} {line}")
        for line in self.log.unexpected:
            print(f"\n{self.log.details[line]}")


def _print_changes(before: Census, after: Census) -> None:
    for name in ("tasks", "timers", "files", "objects"):
        was, now = getattr(before, name), getattr(after, name)
        changes = Counter({key: now[key] - was[key] for key in was | now if now[key] != was[key]})
        most = ", ".join(f"{more:+} {key}" for key, more in changes.most_common(MOST_NAMED))
        print(f"\n{name}, warm and at the end: {most or 'same'}")


def main() -> None:
    """Soak, and print what came of it."""
    options = arguments()
    warnings.simplefilter("default", ResourceWarning)
    logging.captureWarnings(capture=True)
    sys.unraisablehook = lambda found: logging.getLogger("python").error(
        "%s in %r", found.err_msg, found.object, exc_info=found.exc_value
    )
    if options.log:
        file = logging.FileHandler(options.log, mode="w")
        file.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        logger = logging.getLogger(f"custom_components.{DOMAIN}")
        logger.addHandler(file)
        logger.setLevel(logging.DEBUG)
    soak = Soak(options)
    asyncio.run(soak.run())
    rows = soak.rows()
    print(f"{options.locks} locks, {options.minutes:g} minutes, seed {options.seed}\n")
    print_table(rows)
    soak.details()
    if soak.wrong:
        print(f"\nwrong: {', '.join(soak.wrong)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
