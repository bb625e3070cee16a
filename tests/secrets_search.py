"""Looks for secrets, in every form that they could have, in all that leaves an integration."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
import gc
import logging
from pathlib import Path
import re
import traceback
from typing import Any

import pytest

from homeassistant.const import EVENT_CALL_SERVICE, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_dumps

OURS = "custom_components.tuya_wifi_lock"
"""The package, its logger, and the first part of the modules of its objects."""
CALLED = "what Home Assistant notes of calls of actions"
KEPT = "core.config_entries"
"""Where Home Assistant keeps what an owner has set up."""
B64_BITS = 6
URL_SAFE = str.maketrans("+/", "-_")


def forms(secret: bytes) -> Iterator[str]:
    """Return how a secret could be written, in lower case: in clear, as hex, and as Base64."""
    if secret.isascii() and (text := secret.decode()).isprintable():
        yield text.lower()
    yield repr(secret)[2:-1].lower()
    yield secret.hex()
    for before in range(3):
        # Base64 of what has this many bytes before the secret, without the characters that
        # depend on what is around it.
        whole = b64encode(bytes(before) + secret).decode()
        whole = whole[-(-before * 8 // B64_BITS) : (before + len(secret)) * 8 // B64_BITS].lower()
        yield whole
        yield whole.translate(URL_SAFE)


class Search:
    """Finds secrets in texts."""

    def __init__(self, secrets: Mapping[str, set[str | bytes]]) -> None:
        """Take the secrets by what they are."""
        self._forms: dict[str, str] = {}
        for what, ones in secrets.items():
            for one in ones:
                secret = one.encode() if isinstance(one, str) else one
                assert len(secret) >= 4, f"a short {what}"
                self._forms |= dict.fromkeys(forms(secret), what)

    def found(self, text: str) -> dict[str, str]:
        """Return the forms of secrets that are in a text, with what they are."""
        text = text.lower()
        return {form: what for form, what in self._forms.items() if _is_in(form, text)}


def _is_in(form: str, text: str) -> bool:
    if form not in text:
        return False
    # A short number in a long one, or in the fraction of a time, is no secret.
    return not form.isdecimal() or re.search(rf"(?<![\d.]){form}(?!\d)", text) is not None


class Evidence:
    """Gathers all that can be read of an integration from outside, by where that is."""

    def __init__(
        self,
        hass: HomeAssistant,
        hass_storage: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Gather from now on, with every logger at debug level."""
        self._hass, self._storage, self._caplog = hass, hass_storage, caplog
        self._seen: list[tuple[str, str]] = []
        caplog.set_level(logging.DEBUG)
        for name in [*logging.root.manager.loggerDict, OURS, "aiohttp"]:
            caplog.set_level(logging.DEBUG, name)
        hass.bus.async_listen(MATCH_ALL, self._heard)

    @callback
    def _heard(self, event: Event[Any]) -> None:
        is_call = event.event_type == EVENT_CALL_SERVICE
        self.see(CALLED if is_call else f"event {event.event_type}", json_dumps(event.as_dict()))

    def see(self, where: str, text: str) -> None:
        """Take any text."""
        self._seen.append((where, text))

    def caught(self, error: BaseException) -> None:
        """Take an error with all that caused it, as it would be written to a log."""
        self.see("error", "".join(traceback.format_exception(error)))
        self.see("error", repr(vars(error)))

    def look(self) -> None:
        """Take what is there now: states, issues, and the text of our objects in memory."""
        for state in self._hass.states.async_all():
            self.see("state", json_dumps(state.as_dict()))
        for issue in ir.async_get(self._hass).issues.values():
            self.see("issue", repr(issue))
        for thing in gc.get_objects():
            if getattr(type(thing), "__module__", "").startswith(OURS):
                self.see(f"object {type(thing).__name__}", repr(thing))

    def debug_lines(self) -> list[str]:
        """Return what our own loggers wrote at debug level."""
        return [
            f"{record.name}: {record.getMessage()}"
            for record in self._records()
            if record.levelno == logging.DEBUG and f"{record.name}.".startswith(f"{OURS}.")
        ]

    def _records(self) -> list[logging.LogRecord]:
        """Return all records, those from before the test itself, too."""
        return [*self._caplog.get_records("setup"), *self._caplog.records]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Return all that was gathered, each with where it was."""
        yield from self._seen
        for record in self._records():
            where = f"log {record.name}"
            if record.name == "homeassistant.core" and EVENT_CALL_SERVICE in record.getMessage():
                where = CALLED
            yield where, self._caplog.handler.format(record)
        for key, stored in self._storage.items():
            yield f"storage {key}", json_dumps(stored)
        for path in Path(self._hass.config.path(".storage")).glob("tuya_wifi_lock.*"):
            yield f"storage {path.name}", path.read_text()
