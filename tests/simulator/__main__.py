"""Run a simulated lock by hand: python -m tests.simulator --help."""

import argparse
import asyncio
import contextlib
from pathlib import Path
import sys

from tests.devices import Model, find, read_diagnostics

from . import Knobs, SimulatedLock, access_control, run_command
from .models import knobs_of
from .wire import VERSIONS


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description="A simulated Tuya Wi-Fi lock; type help when it runs.",
    )
    parser.add_argument(
        "--version", choices=VERSIONS, help="protocol (default 3.4, or what the diagnostics say)"
    )
    parser.add_argument(
        "--family",
        choices=("A", "B", "D"),
        default="B",
        help="product family (default %(default)s)",
    )
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--device", type=_model, metavar="NAME", help="a lock that exists, by a part of its name"
    )
    model.add_argument(
        "--diagnostics",
        type=_diagnosed,
        metavar="FILE",
        help="the lock of an owner, by the diagnostics that Home Assistant has of it",
    )
    parser.add_argument("--device-id", default="bfsimulated0lock0001")
    parser.add_argument("--local-key", default="0123456789abcdef", help="16 characters")
    parser.add_argument("--product-id", help="of the announcements")
    parser.add_argument("--host", default="127.0.0.1", help="address of the lock")
    parser.add_argument("--port", type=int, default=6668)
    parser.add_argument("--announce-host", default="127.0.0.1", help="where announcements go")
    parser.add_argument(
        "--udp-ports",
        type=int,
        nargs=3,
        metavar=("P6666", "P6667", "P7000"),
        default=(6666, 6667, 7000),
    )
    parser.add_argument("--always-on", action="store_true", help="never sleeps")
    parser.add_argument("--awake-seconds", type=float, help="sleeps that long after it was touched")
    parser.add_argument(
        "--no-cloud", action="store_true", help="nobody has given the lock a remote key"
    )
    parser.add_argument("--stay", action="store_true", help="keep running when the input ends")
    return parser.parse_args()


def _model(name: str) -> Model:
    try:
        return find(name)
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _diagnosed(path: str) -> Model:
    try:
        return read_diagnostics(Path(path))
    except (OSError, ValueError) as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def build(options: argparse.Namespace) -> SimulatedLock:
    """Return the lock that the command line asks for."""
    model: Model | None = options.device or options.diagnostics
    usual = access_control() if options.family == "D" else Knobs()
    knobs = knobs_of(model) if model else usual
    knobs.low_power = knobs.low_power and not options.always_on
    knobs.awake_seconds = options.awake_seconds
    knobs.cloud = not options.no_cloud
    return SimulatedLock(
        device_id=options.device_id,
        local_key=options.local_key,
        version=options.version or (model and model.version) or "3.4",
        family=options.family,
        host=options.host,
        port=options.port,
        announce_host=options.announce_host,
        announce_ports=dict(zip((6666, 6667, 7000), options.udp_ports, strict=True)),
        product_id=options.product_id or (model and model.product_id) or "simulatedproduct",
        model=model,
        knobs=knobs,
    )


async def main() -> None:
    """Run the lock, and what is typed."""
    options = arguments()
    async with build(options) as lock:
        print(lock, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() in ("quit", "exit"):
                return
            if said := await run_command(lock, line):
                print(said, flush=True)
        if options.stay:
            await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
