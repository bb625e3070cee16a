"""Named timers, and the countdown of an unlock request."""

import asyncio
from collections.abc import Callable, Coroutine
import math
from typing import Any


class Timers:
    """Starts things later; a name has one timer at most."""

    def __init__(self) -> None:
        """Start with none."""
        self._handles: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def after(
        self, name: str, delay: float, action: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Run an action later, in place of what had this name."""
        self.cancel(name)
        self._handles[name] = asyncio.get_running_loop().call_later(delay, self._begin, action)

    def cancel(self, *names: str) -> None:
        """Forget these timers."""
        for name in names:
            if handle := self._handles.pop(name, None):
                handle.cancel()

    async def stop(self) -> None:
        """Forget everything, also what runs."""
        self.cancel(*list(self._handles))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(action())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Countdown:
    """Counts the seconds that somebody still waits at the door."""

    def __init__(self, report: Callable[[int], None], step: Callable[[], float]) -> None:
        """Keep where to report the seconds, and how often."""
        self._report, self._step = report, step
        self._end: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> int:
        """Seconds left, rounded up; 0 if nobody waits."""
        if self._end is None:
            return 0
        return max(0, math.ceil(self._end - asyncio.get_running_loop().time()))

    def begin(self, seconds: float) -> None:
        """Somebody asks to be let in."""
        self._end = asyncio.get_running_loop().time() + seconds
        self._tick()

    def finish(self) -> None:
        """It is answered or over."""
        if self.forget():
            self._report(0)

    def forget(self) -> bool:
        """Stop without a word; tell whether there was anything to stop."""
        if self._timer:
            self._timer.cancel()
        was, self._end, self._timer = self._end, None, None
        return was is not None

    def _tick(self) -> None:
        if self._end is None:
            return
        if self._timer:
            self._timer.cancel()
        if not self.left:
            self.finish()
            return
        self._report(self.left)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(min(self._step(), self._end - loop.time()), self._tick)
