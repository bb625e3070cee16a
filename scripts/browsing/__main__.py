"""Play the scenes: python -m scripts.browsing [--pictures DIR] [SCENE ...]."""

import argparse
import asyncio
from contextlib import AsyncExitStack
import os
from pathlib import Path
import sys
import time
import traceback

from scripts.tour.conditions import Unmet
from scripts.tour.process import ROOT
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway

from .chromium import Browser, Page
from .documented import document
from .house import House
from .pictures import take_pictures
from .scenes import SCENES, Scene

SCENE_WITHIN = 60.0
BUILT_WITHIN = 120.0


async def main(options: argparse.Namespace) -> int:
    """Play all scenes; whatever becomes of one, the others follow."""
    passed = await card_is_built()
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(SimulatedCloud())
        gateway = await stack.enter_async_context(Gateway())
        browser = await stack.enter_async_context(Browser(os.environ["CHROME"]))
        house = House(browser, cloud, gateway)
        stack.push_async_callback(house.home.discard, keep=False)
        await stack.enter_async_context(house.lock)
        try:
            async with asyncio.timeout(BUILT_WITHIN):
                await house.build()
                page = await house.log_in()
                await house.open(page)
        except (Unmet, TimeoutError) as err:
            print(f"FAIL house: {err}", *house.home.process.last_words(), sep="\n")
            return 1
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
            await take_pictures(house, page, options.pictures)
            return 0
        if options.documentation:
            await document(house, page)
            return 0
        for scene in SCENES:
            if not options.scenes or scene.name.startswith(tuple(options.scenes)):
                passed &= await play(scene, house, page)
    return 0 if passed else 1


async def card_is_built() -> bool:
    """Check that types are right, and that the committed card is the build of its sources."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *("npm", "run", "--silent", "check"),
        cwd=ROOT / "frontend",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = " ".join((await process.communicate())[0].decode().split())
    return report("card-built", time.monotonic() - began, said, failed=process.returncode != 0)


async def play(scene: Scene, house: House, page: Page) -> bool:
    """Play a scene, and print what became of it."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(SCENE_WITHIN):
            said = await scene.action(house, page)
    except Unmet as unmet:
        return report(scene.name, 0, str(unmet), failed=True)
    except TimeoutError:
        return report(scene.name, 0, f"not done after {SCENE_WITHIN:g} s", failed=True)
    except Exception as err:  # noqa: BLE001 - whatever goes wrong is the result of the scene
        traceback.print_exc()
        return report(scene.name, 0, f"{type(err).__name__}: {err}", failed=True)
    return report(scene.name, time.monotonic() - began, str(said or ""), failed=False)


def report(name: str, seconds: float, said: str, *, failed: bool) -> bool:
    """Print one line, and return if it is a good one."""
    if failed:
        print(f"FAIL {name}: {' '.join(said.split())}", flush=True)
    else:
        print(f"PASS {name} ({seconds * 1000:.0f}) {said}".rstrip(), flush=True)
    return not failed


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/browser",
        description="Plays the card in a real browser, with a simulated lock.",
    )
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="only write pictures")
    parser.add_argument(
        "--documentation", action="store_true", help="only write the pictures in docs/pictures"
    )
    parser.add_argument("scenes", nargs="*", metavar="SCENE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
