"""Writes down what automations hear, at once: what is written survives the end of the process."""

import json
import os

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Write a line for each state of an event entity, and one when Home Assistant has started."""
    file = os.open(hass.config.path("witness.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @callback
    def write(*line: object) -> None:
        os.write(file, json.dumps(line).encode() + b"\n")

    @callback
    def changed(event: Event) -> None:
        state = event.data["new_state"]
        if state is not None and state.domain == "event" and "number" in state.attributes:
            write(state.entity_id, state.state, state.attributes["number"])

    @callback
    def started(event: Event) -> None:
        write("started")

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STARTED, started)
    return True
