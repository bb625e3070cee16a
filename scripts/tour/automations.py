"""Automations, made as the editor in the browser makes them, and how often each has run."""

from typing import Any

from .client import Client, Json
from .conditions import until

CONFIG = "/api/config/automation/config"


class Automations:
    """The automations of one Home Assistant."""

    def __init__(self, client: Client) -> None:
        """Start with nothing made."""
        self._client = client
        self._names: dict[str, str] = {}
        self._runs: list[str] = []
        self.watched = False
        """Home Assistant says what runs, until it ends."""

    async def make(self, name: str, **config: Any) -> None:
        """Save an automation, and wait until it waits for its triggers."""
        if not self.watched:
            await self._client.subscribe(
                self._changed, "subscribe_events", event_type="state_changed"
            )
            await self._client.subscribe(
                self._ran, "subscribe_events", event_type="automation_triggered"
            )
            self.watched = True
        await self._client.post(f"{CONFIG}/{name}", {"alias": name, **config})
        await until(lambda: name in self._names.values(), f"the automation {name}")

    async def switch_off(self, name: str) -> None:
        """Let an automation run no more."""
        await self._client.command(
            "call_service",
            domain="automation",
            service="turn_off",
            service_data={"entity_id": f"automation.{name}"},
        )

    def runs(self, *names: str) -> int:
        """Return how often automations have run; without names, how often any has."""
        return sum(not names or self._names.get(entity_id) in names for entity_id in self._runs)

    def _changed(self, event: Json) -> None:
        """Note an automation that is switched on."""
        state = event["data"]["new_state"]
        if state and state["entity_id"].startswith("automation.") and state["state"] == "on":
            self._names[state["entity_id"]] = state["attributes"]["id"]

    def _ran(self, event: Json) -> None:
        """Note that an automation runs."""
        self._runs.append(event["data"]["entity_id"])


def notify(message: str) -> Json:
    """Return an action that a person sees in the browser."""
    return {"action": "persistent_notification.create", "data": {"message": message}}
