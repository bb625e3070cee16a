"""Who in Home Assistant has opened the door: the user whose call of `lock.unlock` it was."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
import time
from typing import Any

from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .tuyalock import Record

PERSON_DOMAIN = "person"

EVENT_NOTIFICATION_ACTION = "mobile_app_notification_action"
"""The event of a button of a notification; its context has the user of the phone."""

MOST_PRESSED = 20
"""Buttons of notifications that are remembered."""

MOST_CALLS = 20
"""Calls that are remembered: as many as a card lists openings."""

REMOTE_METHODS = ("app", "remote")
"""Methods of what opens the door from elsewhere."""

SETTLES = 10.0
"""Seconds after a call in which the lock may still report that it has opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A call of `lock.unlock`, in Unix seconds; without an end it is still under way."""

    began: float
    ended: float | None = None
    name: str | None = None
    """The name of the person whose call it was; None: nobody's, as an automation's."""
    by_tuya: float | None = None
    """When Tuya's cloud was asked to open; the unlock then looks like one with the app."""

    def caused(self, record: Record) -> bool:
        """Return if it has caused a remote unlock."""
        since = self.began if record.unlock.by_us else self.by_tuya
        ended = time.time() if self.ended is None else self.ended
        return since is not None and since <= record.when.received <= ended + SETTLES


_PRESSED: HassKey[deque[Context]] = HassKey(f"{DOMAIN}_pressed")
"""The contexts of buttons of notifications."""


@callback
def async_watch_phones(hass: HomeAssistant) -> None:
    """Remember who presses buttons of notifications: an automation has no user of its own."""
    pressed = hass.data[_PRESSED] = deque(maxlen=MOST_PRESSED)

    @callback
    def async_pressed(event: Event) -> None:
        pressed.append(event.context)

    hass.bus.async_listen(EVENT_NOTIFICATION_ACTION, async_pressed)


class Opener:
    """Knows the last calls of `lock.unlock`, and the context of the last one until the next."""

    __slots__ = ("_hass", "calls", "context")

    def __init__(self, hass: HomeAssistant, calls: list[Opening]) -> None:
        """Begin with what was stored."""
        self._hass = hass
        self.calls = tuple(
            # Without an end, Home Assistant was not stopped cleanly since.
            replace(call, ended=call.began) if call.ended is None else call
            for call in calls
        )
        self.context: Context | None = None

    @asynccontextmanager
    async def calling(self, context: Context | None) -> AsyncGenerator[None]:
        """Note whose call is under way; calls that come meanwhile share its unlock."""
        if self._is_called:
            yield
            return
        self.context = context
        self.calls = (*self.calls[1 - MOST_CALLS :], Opening(began=time.time()))
        try:
            self._note(name=await _name(self._hass, self._user_of(context)))
            yield
        finally:
            self._note(ended=time.time())

    @callback
    def async_ask_tuya(self) -> None:
        """Note that Tuya's cloud is asked to open."""
        if self._is_called and self.calls[-1].by_tuya is None:
            self._note(by_tuya=time.time())

    def _note(self, **more: Any) -> None:
        """Note more about the last call."""
        self.calls = (*self.calls[:-1], replace(self.calls[-1], **more))

    def _user_of(self, context: Context | None) -> str | None:
        """Return whose call it is; that of an automation is of who pressed the button before it."""
        if context is None:
            return None
        pressed = self._hass.data[_PRESSED]
        causes = (one.user_id for one in pressed if one.id == context.parent_id)
        return context.user_id or next(causes, None)

    @property
    def _is_called(self) -> bool:
        return bool(self.calls) and self.calls[-1].ended is None

    @property
    def context_now(self) -> Context | None:
        """Return the context of the call that is under way."""
        return self.context if self._is_called else None

    def context_of(self, record: Record) -> Context | None:
        """Return the context of the call that has opened the door, if it was the last one."""
        if not self.calls or record.unlock.method not in REMOTE_METHODS:
            return None
        return self.context if self.calls[-1].caused(record) else None

    def name_of(self, record: Record) -> str | None:
        """Return who has opened the door with Home Assistant, as far as that is known."""
        if record.unlock.method not in REMOTE_METHODS:
            return None
        return next((one.name for one in reversed(self.calls) if one.caused(record)), None)


async def _name(hass: HomeAssistant, user_id: str | None) -> str | None:
    """Return the name of a user, as their person has it."""
    if user_id is None:
        return None
    for person in hass.states.async_all(PERSON_DOMAIN):
        if person.attributes.get("user_id") == user_id:
            return person.name
    user = await hass.auth.async_get_user(user_id)
    return user.name if user and not user.system_generated else None
