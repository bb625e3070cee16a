"""The steps of the flow that test how a lock is reached."""

import asyncio
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST

from .cloud_flow import CloudSteps
from .const import CONF_ANNOUNCES
from .coordinator import LockConfigEntry, async_end_reauth
from .discovery import async_get_listener
from .forms import behaviour
from .reach import REACH_ERRORS, async_reach
from .settings import address_of
from .tuyalock import Address, Settings, UnlockWith
from .tuyalock.exceptions import LockError, WrongVersion

TOUCH_TIME = 60.0
"""Seconds in which the owner can touch the keypad."""

_FORM_STEPS = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "connection"}
"""Where values are typed in the flows that change an entry."""


class TouchSteps(CloudSteps, ConfigFlow):
    """Let the owner wake the lock, test what was typed, and say what can be done if it fails."""

    def __init__(self) -> None:
        """Start with nothing found."""
        super().__init__()
        self._found: dict[str, Any] = {}
        self._touching: asyncio.Task[Address] | None = None

    async def async_step_touch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the owner wake the lock, and test what was typed."""
        if self._touching is None:
            self._touching = self.hass.async_create_background_task(
                self._async_reach(), "test of a lock"
            )
        if not self._touching.done():
            return self.async_show_progress(
                step_id="touch", progress_action="touch", progress_task=self._touching
            )
        touching, self._touching = self._touching, None
        try:
            address = touching.result()
        except LockError as err:
            return self.async_show_progress_done(next_step_id=self._failed(err))
        self._found = {CONF_HOST: address.host, CONF_ANNOUNCES: address.announces}
        last_step = "store" if self._changed_entry else "behaviour"
        return self.async_show_progress_done(next_step_id=last_step)

    async def _async_reach(self) -> Address:
        """Return how the lock is reached with what was typed; raise why it is not."""
        if not (entry := self._changed_entry):
            return await async_reach(self.hass, address_of(self._typed), TOUCH_TIME)
        loaded = entry.runtime_data.lock if entry.state is ConfigEntryState.LOADED else None
        address = address_of({**entry.data, **self._typed})
        return await async_reach(self.hass, address, TOUCH_TIME, loaded)

    def _failed(self, error: LockError) -> str:
        """Keep what is to be said about a failure; return the step that says it."""
        if isinstance(error, WrongVersion):
            self._placeholders = {"announced": error.announced}
        if text := REACH_ERRORS.get(type(error)):
            self._errors = {"base": text}
            return self._form_step
        return "not_reached"

    async def async_step_not_reached(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the lock did not answer, and what can be done."""
        options = ["touch", self._form_step, self._last_resort]
        return self.async_show_menu(step_id="not_reached", menu_options=options)

    async def async_step_cloud_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what a lock is like that is reached through the cloud alone."""
        if user_input is None:
            return self.async_show_form(step_id="cloud_only", data_schema=vol.Schema({}))
        return await self.async_step_untested()

    async def async_step_untested(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Believe what was typed."""
        if self._changed_entry:
            return await self.async_step_store()
        heard = async_get_listener(self.hass).heard
        self._found = {CONF_ANNOUNCES: self._typed[CONF_DEVICE_ID] in heard}
        return await self.async_step_behaviour()

    # How a flow ends

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the lock is to be used, and add it."""
        if user_input is None:
            preferred = UnlockWith.CLOUD if self._opens else Settings().unlock_with
            schema = behaviour(cloud=self._device is not None, preferred=preferred)
            return self.async_show_form(step_id="behaviour", data_schema=schema)
        return self.async_create_entry(title=self._name, data=self._tested, options=user_input)

    async def async_step_store(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the entry."""
        entry = self._changed_entry
        assert entry
        if self.source == SOURCE_RECONFIGURE:
            async_end_reauth(self.hass, entry)
        return self.async_update_and_abort(entry, data_updates=self._tested)

    @property
    def _last_resort(self) -> str:
        """Return the step that goes on with a lock that is not reached."""
        return "cloud_only" if self._device and not self._changed_entry else "untested"

    @property
    def _name(self) -> str:
        """Return the name of the lock."""
        return self._device.name if self._device else title(self._typed[CONF_DEVICE_ID])

    @property
    def _tested(self) -> dict[str, Any]:
        """Return what is kept of what was typed and found."""
        return self._typed | self._found | self._cloud_data

    @property
    @override
    def _changed_entry(self) -> LockConfigEntry | None:
        """Return the entry that this flow changes, or None if it adds one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @property
    def _form_step(self) -> str:
        """Return the step in which values are typed."""
        return _FORM_STEPS.get(self.source or "", "manual")


def title(device_id: str) -> str:
    """Return the name of a lock until its owner gives it another one."""
    return f"Wi-Fi lock {device_id[-4:]}"
