"""Runs the steps: one fixed line for each, whatever becomes of the others."""

import asyncio
from collections.abc import Callable
import time
import traceback

from . import account, alarms, closing, guests, main_job, members, models, passwords
from .chapter import Step
from .conditions import Unmet
from .stage import Stage

CHAPTERS = (
    main_job.chapter,
    members.chapter,
    passwords.chapter,
    guests.chapter,
    alarms.chapter,
    closing.chapter,
    account.chapter,
    models.chapter,
    closing.end,
)

STEP_WITHIN = 120.0


def say(who: str, text: str) -> None:
    """Print one line of the story."""
    for line in text.splitlines():
        print(f"    {who:4}  {line}", flush=True)


class Runner:
    """The result of a tour, while it goes on."""

    def __init__(self, stage: Stage) -> None:
        """Start with nothing shown."""
        self._stage = stage
        self.passed: list[str] = []
        self.failed: list[str] = []

    async def run(self) -> None:
        """Run every step that can run."""
        for step in [step for chapter in CHAPTERS for step in chapter.steps]:
            if step.needs_lock and not self._stage.home.entry_id:
                self._fail(step, "the lock was not set up")
            else:
                await self._show(step)

    async def _show(self, step: Step) -> None:
        print(f"{step.name}: {(step.action.__doc__ or '').strip()}", flush=True)
        began = time.monotonic()
        try:
            async with asyncio.timeout(STEP_WITHIN):
                await step.action(self._stage)
        except Unmet as unmet:
            self._fail(step, str(unmet))
        except TimeoutError:
            self._fail(step, f"not done after {STEP_WITHIN:g} s")
        except Exception as err:  # noqa: BLE001 - whatever goes wrong is the result of the step
            traceback.print_exc()
            self._fail(step, f"{type(err).__name__}: {err}")
        else:
            self.passed.append(step.name)
            print(f"PASS {step.name} ({(time.monotonic() - began) * 1000:.0f})", flush=True)

    def _fail(self, step: Step, why: str) -> None:
        self.failed.append(step.name)
        print(f"FAIL {step.name}: {' '.join(why.split())}", flush=True)

    def conclude(self, problems: Callable[[], list[str]]) -> int:
        """Print the result, and return the exit status."""
        if self.failed:
            print("Home Assistant's log says about the lock:")
            for record in problems() or ["nothing that it warns of"]:
                first, *more = record.splitlines()
                print("\n".join([first, *more[-10:]]))
        print(f"{len(self.passed)} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed else 0
