"""Forms of Home Assistant, filled in as a person does it in the browser."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import time
from typing import Any

from .client import Client, Json
from .conditions import PAUSE, Unmet, expect

FLOWS = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
SUBENTRIES = "/api/config/config_entries/subentries/flow"
PROGRESS_WITHIN = 70.0

type Answers = Mapping[str, Json | str | tuple[str, Json]]
"""What to answer to each step: the fields of a form, the choice in a menu, or both in turn."""
type Touch = Callable[[str], Awaitable[None]]
"""What to do while a step waits; called once with its name."""


class Flow:
    """One flow from its first step to its end."""

    def __init__(self, client: Client, path: str, answers: Answers, touch: Touch) -> None:
        """Keep what will be answered."""
        self._client, self._path = client, path
        self._answers, self._touch = answers, touch
        self.steps: list[str] = []
        """Names of the steps that were shown."""
        self.forms: dict[str, Json] = {}
        """What was shown in each step."""

    async def start(self, handler: str | list[str], **more: str) -> Json:
        """Start a flow, and return how it ended."""
        return await self._go(await self._client.post(self._path, {"handler": handler, **more}))

    async def resume(self, flow_id: str) -> Json:
        """Take up a flow that Home Assistant has started, and return how it ended."""
        return await self._go(await self._client.get(f"{self._path}/{flow_id}"))

    async def _go(self, result: Json) -> Json:
        while result["type"] not in ("create_entry", "abort"):
            step: str = result["step_id"]
            self.steps.append(step)
            self.forms[step] = result
            if result["type"] == "progress":
                result = await self._wait(result)
                continue
            expect(not result.get("errors"), f"the form {step} says {result.get('errors')}")
            expect(step in self._answers, f"the step {step} was not expected: {result}")
            answer = self._answers[step]
            answers = answer if isinstance(answer, tuple) else (answer,)
            times = self.steps.count(step)
            expect(times <= len(answers), f"the step {step} came again")
            result = await self._client.post(
                f"{self._path}/{result['flow_id']}", _filled(result, answers[times - 1])
            )
        return result

    async def _wait(self, result: Json) -> Json:
        """Touch the lock, and wait for the step after it."""
        step = result["step_id"]
        await self._touch(step)
        end = time.monotonic() + PROGRESS_WITHIN
        while result["type"] == "progress" and result["step_id"] == step:
            if time.monotonic() > end:
                raise Unmet(f"the step {step} does not end")
            await asyncio.sleep(PAUSE * 5)
            result = await self._client.get(f"{self._path}/{result['flow_id']}")
        return result


def _filled(result: Json, answer: Json | str) -> Json:
    """Return what a person sends: what the form suggests, and what they fill in."""
    if isinstance(answer, str):
        return {"next_step_id": answer}
    return _suggested(result["data_schema"]) | answer


def _suggested(schema: list[Json]) -> Json:
    values: dict[str, Any] = {}
    for field in schema:
        if field.get("type") == "expandable":
            values[field["name"]] = _suggested(field["schema"])
        elif "suggested_value" in (field.get("description") or {}):
            values[field["name"]] = field["description"]["suggested_value"]
        elif "default" in field:
            values[field["name"]] = field["default"]
    return values
