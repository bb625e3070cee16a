"""Run the tour: python -m scripts.tour [--once] [--keep]."""

import argparse
import asyncio
from contextlib import suppress
import secrets
import signal
import sys

from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway
from tests.simulator.login_host import LoginHost

from .conditions import Unmet
from .home import USERNAME, Home
from .runner import Runner, say
from .stage import Stage
from .terminal import converse

INTERRUPTED = 130
AWAKE_SECONDS = 8.0
"""How long a touch keeps the lock awake when the tour is over."""
RELOCK_SECONDS = 5.0
CLOUD = """\
The lock is under Settings, Devices & services, Tuya Wi-Fi Lock; its card is in the card picker.
For a guest, press Add guest code on the page of the integration, and type the digits that it
    shows at the lock: type DIGITS
Tuya's cloud is simulated as well, and the lock has its project. To add the project again, select
    Reconfigure in the menu of the lock, then Add or change the cloud project: any data center,
    access ID {cloud.access_id}, access secret {cloud.access_secret}
The back door sleeps from now on; what you type is for the other lock."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Shows the integration in a real Home Assistant with a simulated lock.",
    )
    parser.add_argument("--once", action="store_true", help="end after the tour")
    parser.add_argument("--keep", action="store_true", help="keep the config folder")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> int:
    """Start everything, run the tour, and end everything whatever happens."""
    _be_interruptible()
    async with (
        SimulatedCloud() as cloud,
        Gateway() as gateway,
        LoginHost(gateway.url) as login,
    ):
        home = Home(lambda text: say("HA", text), cloud.url, login.environment)
        try:
            return await _tour(home, cloud, gateway, once=options.once or not sys.stdin.isatty())
        except asyncio.CancelledError:
            print("\ninterrupted", flush=True)
            return INTERRUPTED
        finally:
            await home.discard(keep=options.keep)
            if options.keep:
                print(f"The config folder is {home.process.folder}", flush=True)


async def _tour(home: Home, cloud: SimulatedCloud, gateway: Gateway, *, once: bool) -> int:
    stage = Stage(home, cloud, gateway, f"bfdemo{secrets.token_hex(7)}", say)
    print("Home Assistant starts ...", flush=True)
    try:
        await home.start()
    except Unmet as unmet:
        print(f"{unmet}\n" + "\n".join(home.process.last_words()), flush=True)
        return 1
    print(f"Home Assistant {home.version} runs at {home.process.url}", flush=True)
    async with stage.lock, stage.back_door:
        runner = Runner(stage)
        await runner.run()
        status = runner.conclude(home.process.problems)
        if not once:
            await _stay(stage)
    return status


async def _stay(stage: Stage) -> None:
    """Let a person play with the lock and with Home Assistant, until one of them ends."""
    lock, home = stage.lock, stage.home
    await lock.sleep()
    lock.knobs.awake_seconds, lock.knobs.relock_seconds = AWAKE_SECONDS, RELOCK_SECONDS
    print(f"Open {home.process.url} - user {USERNAME}, password {home.password}")
    print(CLOUD.format(cloud=stage.cloud))
    print("Type commands for the simulated lock; help lists them, quit ends.", flush=True)
    tasks = [asyncio.create_task(converse(lock)), asyncio.create_task(home.attend())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        await task


def _be_interruptible() -> None:
    """Let a signal end the tour in good order; further ones change nothing."""
    task = asyncio.current_task()
    assert task
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in signals:
        loop.add_signal_handler(number, interrupt)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(arguments())))
