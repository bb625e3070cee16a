"""The Home Assistant of the locks: sets them up, does what it is told, and tells what it hears."""

import asyncio
from collections import Counter
import time
from typing import Any

from custom_components.tuya_wifi_lock.const import CONF_ANNOUNCES, DOMAIN
from custom_components.tuya_wifi_lock.coordinator import HEARD_BEFORE
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_HOST,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    Platform,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from scripts.benchmark.street import Line
from tests.entry import lock_entry

from .doors import LOCAL_KEY, device_id, host_of, kind_of

KEPT = 200
"""Records of each kind in a journal that is full."""
YESTERDAY = 86400.0


class House:
    """The locks in Home Assistant."""

    def __init__(self, hass: HomeAssistant, line: Line) -> None:
        """Move in."""
        self.calls: Counter[str] = Counter()
        """How calls to unlock have ended."""
        self.verdict: dict[str, Any] = {}
        self._hass, self._line = hass, line
        self._entries: list[ConfigEntry] = []
        self._events: dict[str, tuple[int, bool]] = {}
        """The lock of each event entity, and if what it shows is live."""
        self._busy: set[asyncio.Task[None]] = set()
        self._unlocking: set[int] = set()

    async def set_up(self) -> None:
        """Set up all locks, with the records that a year has left."""
        said, ports = await self._line.hear()
        assert said == "ports"
        self._hass.data[HEARD_BEFORE] = {device_id(one): _lived(one) for one in range(len(ports))}
        for index, port in enumerate(ports):
            more: dict[str, Any] = {
                CONF_HOST: host_of(index),
                CONF_ANNOUNCES: kind_of(index).announces,
            }
            title = f"Wi-Fi lock {index:04}"
            entry = lock_entry(title, device_id(index), port, LOCAL_KEY, **more)
            entry.add_to_hass(self._hass)
            self._entries.append(entry)
        set_up = self._hass.config_entries.async_setup
        await asyncio.gather(*(set_up(entry.entry_id) for entry in self._entries))
        await self._hass.async_block_till_done()
        assert all(entry.state is ConfigEntryState.LOADED for entry in self._entries)
        del self._hass.data[HEARD_BEFORE]
        registry = er.async_get(self._hass)
        for index in range(len(ports)):
            for key, live in (("last_opening", True), ("late_opening", False)):
                unique_id = f"{device_id(index)}_{key}"
                entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, unique_id)
                assert entity_id
                self._events[entity_id] = index, live
        self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._tell)

    @callback
    def _tell(self, event: Event[EventStateChangedData]) -> None:
        """Tell what an automation would hear of an opening."""
        old, new = event.data["old_state"], event.data["new_state"]
        if not old or not new or new.entity_id not in self._events:
            return
        if STATE_UNAVAILABLE in {old.state, new.state} or old.state == new.state:
            return
        index, live = self._events[new.entity_id]
        method, number = new.attributes["event_type"], new.attributes["number"]
        self._line.say("told", index, method, number, live, time.time())

    async def go_on(self) -> None:
        """Let the locks live, until they are quiet or all is over."""
        self._line.say("go")
        while True:
            match await self._line.hear():
                case ["unlock", index]:
                    self._start(self._unlock(index))
                case ["reload", index]:
                    self._start(self._reload(index))
                case ["verdict", verdict]:
                    self.verdict = verdict
                    return
                case _:
                    await asyncio.gather(*self._busy)
                    await self._hass.async_block_till_done()
                    return

    def _start(self, action: Any) -> None:
        task = asyncio.create_task(action)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _unlock(self, index: int) -> None:
        entity_id = er.async_get(self._hass).async_get_entity_id(
            Platform.LOCK, DOMAIN, device_id(index)
        )
        if self._hass.states.is_state(str(entity_id), STATE_UNAVAILABLE):
            # Home Assistant would only log that.
            self.calls["not available"] += 1
            return
        if index in self._unlocking:
            # Two calls would share one attempt, and one opening.
            self.calls["shared"] += 1
            return
        self._unlocking.add(index)
        try:
            await self._hass.services.async_call(
                "lock", "unlock", {ATTR_ENTITY_ID: entity_id}, blocking=True
            )
        except HomeAssistantError as err:
            self.calls[err.translation_key or str(err)] += 1
        else:
            self.calls["opened"] += 1
            self._line.say("opened", index)
        finally:
            self._unlocking.discard(index)

    async def _reload(self, index: int) -> None:
        assert await self._hass.config_entries.async_reload(self._entries[index].entry_id)


def _lived(index: int) -> dict[str, Any]:
    """Return what is stored of a lock whose journal is full, so that it grows no more."""
    began = time.time() - YESTERDAY
    events: list[dict[str, Any]] = [
        {"kind": "unlock", "method": "face", "number": 1},
        {"kind": "alarm", "type": "wrong_finger"},
        {"kind": "doorbell"},
    ]
    records = {
        str(id_): {
            "id": id_,
            "event": events[id_ % len(events)],
            "when": {"received": began + id_},
            "source": "lan",
            "age": "live",
            "delivered": True,
        }
        for id_ in range(1, KEPT * len(events) + 1)
    }
    return {
        "clean": True,
        "journal": {"next_id": len(records) + 1, "records": records},
        "product": {"chosen": [kind_of(index).family]},
    }
