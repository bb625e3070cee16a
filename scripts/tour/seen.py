"""What Home Assistant shows of the lock, and what it has shown."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from .client import Client, Json
from .conditions import expect
from .process import DOMAIN

UNSAID = {
    "device_class",
    "event_types",
    "friendly_name",
    "icon",
    "options",
    "restored",
    "state_class",
    "supported_features",
    "unit_of_measurement",
}
"""Attributes that say nothing about what has happened."""
UNTOLD = ("last_heard",)
"""Entities that change with everything else."""
NO_EVENT = ("unknown", "unavailable")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an event entity."""

    at: str
    kind: str
    attributes: Json

    @override
    def __str__(self) -> str:
        """Describe it: fingerprint 3."""
        number = self.attributes.get("number")
        return self.kind if number is None else f"{self.kind} {number}"


class Seen:
    """States of our entities, by their key in the design: `lock`, `unlock`, `battery`, ...

    Those of a member have its name before: `alice_last_opening`.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Start with nothing seen."""
        self.states: dict[str, str] = {}
        self.attributes: dict[str, Json] = {}
        self.events: defaultdict[str, list[Event]] = defaultdict(list)
        """Every event that each event entity has shown, once."""
        self.shown: defaultdict[str, list[str]] = defaultdict(list)
        """Every state that each entity has shown, in order."""
        self._say = say
        self._keys: dict[str, str] = {}
        self._as_of: dict[str, str] = {}
        """When what is known of each entity was so, by Home Assistant's clock."""
        self._told: dict[str, str] = {}
        self._early: list[Json] = []
        """States of event entities that may be ours; the registry says so later."""
        self._device_id = ""
        self._client: Client | None = None
        self._looking: asyncio.Task[None] | None = None

    async def watch(self, client: Client, device_id: str) -> None:
        """Look at all entities of a lock from now on."""
        self._client, self._device_id = client, device_id
        await client.subscribe(self._changed, "subscribe_events", event_type="state_changed")
        await client.subscribe(
            self._registered, "subscribe_events", event_type="entity_registry_updated"
        )
        await self._look(client)

    def forget(self) -> None:
        """Forget what is shown now, not what has been shown."""
        self.states.clear()
        self.attributes.clear()

    async def _look(self, client: Client) -> None:
        """Find our entities, and take their states."""
        for entry in await client.command("config/entity_registry/list"):
            if entry["platform"] == DOMAIN:
                self._keys[entry["entity_id"]] = _key(entry, self._device_id)
        early, self._early = self._early, []
        for state in early:
            self._take(state)
        for state in await client.command("get_states"):
            self._take(state)

    def entity_id(self, key: str) -> str:
        """Return the entity id of a key."""
        found = [entity_id for entity_id, known in self._keys.items() if known == key]
        expect(found, f"there is no entity {key}")
        return found[0]

    def available(self) -> bool:
        """Return if every entity that is there is available."""
        return bool(self.states) and "unavailable" not in self.states.values()

    def _registered(self, event: Json) -> None:
        if self._client and event["data"]["action"] == "create":
            self._looking = asyncio.create_task(self._look(self._client))

    def _changed(self, event: Json) -> None:
        data = event["data"]
        if data["new_state"]:
            self._take(data["new_state"])
            return
        self._as_of[data["entity_id"]] = event["time_fired"]
        if key := self._keys.get(data["entity_id"]):
            self.states.pop(key, None)

    def _take(self, state: Json) -> None:
        """Note a state, and tell it, unless a newer one is known.

        What has changed since all states were asked for can be heard before the answer.
        """
        entity_id, value, attributes = state["entity_id"], state["state"], state["attributes"]
        if (key := self._keys.get(entity_id)) is None:
            if entity_id.startswith("event."):
                self._early.append(state)
            return
        if state["last_updated"] < self._as_of.get(entity_id, ""):
            return
        self._as_of[entity_id] = state["last_updated"]
        news = (value, attributes) != (self.states.get(key), self.attributes.get(key))
        self.states[key], self.attributes[key] = value, attributes
        if not news:
            return
        self.shown[key].append(value)
        if entity_id.startswith("event.") and value not in NO_EVENT:
            events = self.events[key]
            if not events or events[-1].at != value:
                events.append(Event(value, attributes.get("event_type", ""), attributes))
        self._tell(key, f"{entity_id}: {_described(entity_id, value, attributes)}")

    def _tell(self, key: str, text: str) -> None:
        """Say what a person would notice: not that everything goes and comes back."""
        back = self.states[key] in NO_EVENT and key != "lock"
        if key.endswith(UNTOLD) or back or self._told.get(key) == text:
            return
        self._told[key] = text
        self._say(text)


def _key(entry: Json, device_id: str) -> str:
    """Return the key of an entity in the registry."""
    if entry["config_subentry_id"]:
        name: str = entry["entity_id"]
        return name.partition(".")[2]
    unique_id: str = entry["unique_id"]
    return unique_id.removeprefix(device_id).removeprefix("_") or "lock"


def _described(entity_id: str, value: str, attributes: Json) -> str:
    if entity_id.startswith("event.") and value not in NO_EVENT:
        value = attributes.get("event_type", value)
    told = {
        name: detail
        for name, detail in attributes.items()
        if name not in UNSAID and name != "event_type" and _worth_telling(detail)
    }
    unit = attributes.get("unit_of_measurement", "")
    details = ", ".join(f"{name} {_text(value)}" for name, value in told.items())
    return f"{value}{unit}" + (f" ({details})" if details else "")


def _worth_telling(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    if isinstance(value, dict):
        return " ".join(map(_text, value.values()))
    return str(value)
