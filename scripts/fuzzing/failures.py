"""Exceptions that nobody caught, each kind once."""

import asyncio
from dataclasses import dataclass, field
import traceback
from typing import Any


@dataclass
class Failures:
    """What went wrong, by where it was raised."""

    count: int = 0
    found: dict[str, str] = field(default_factory=dict)
    """A traceback and the input that led to it, by kind and place."""

    def add(self, error: BaseException, what: object) -> None:
        """Note an exception."""
        self.count += 1
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno}"
        if where not in self.found:
            lines = "".join(traceback.format_exception(error, limit=-6))
            self.found[where] = f"{lines}input: {what!r:.600}"

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note what the event loop would log."""

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception") or RuntimeError(context["message"])
            self.add(error, context["message"])

        loop.set_exception_handler(handle)
