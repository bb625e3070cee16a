"""Sets up a lock, and changes how it is reached and used."""

import asyncio
from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import CONF_ANNOUNCES, CONF_LOCAL_KEY, DOMAIN, SUBENTRY_MEMBER
from .coordinator import LockConfigEntry
from .discovery import async_get_ears, known_macs
from .forms import BEHAVIOUR, MANUAL, OPTIONS, REAUTH, RECONFIGURE, mistakes, one_of, tidied
from .member_flow import MemberSubentryFlow
from .reach import REACH_ERRORS, async_reach
from .settings import address_of
from .tuyalock import PRODUCTS, Address, Announcement, LockError, WrongVersion

TOUCH_TIME = 60.0
"""Seconds in which the owner can touch the keypad."""
LISTEN_TIME = 1.0
"""Seconds in which devices answer when they are asked who is there."""

_FORM_STEPS = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "reconfigure"}
"""Where values are typed in the flows that change an entry."""


class LockConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a lock, or change how it is reached."""

    def __init__(self) -> None:
        """Start with nothing typed."""
        self._typed: dict[str, Any] = {}
        self._found: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._touching: asyncio.Task[Address] | None = None
        self._stop_listening: CALLBACK_TYPE | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: LockConfigEntry) -> LockOptionsFlow:
        """Return the flow of the options."""
        return LockOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: LockConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a lock."""
        return {SUBENTRY_MEMBER: MemberSubentryFlow}

    @callback
    @override
    def async_remove(self) -> None:
        """Stop listening when the flow ends."""
        if self._stop_listening:
            self._stop_listening()

    # How a flow begins

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what is heard on the network, or to type everything in."""
        ears = async_get_ears(self.hass)
        if self._stop_listening:
            await ears.async_ask()
        else:
            self._stop_listening = await ears.async_subscribe(lambda announcement: None)
        if not self._heard():
            await asyncio.sleep(LISTEN_TIME)
        found = ["found"] if self._heard() else []
        return self.async_show_menu(step_id="user", menu_options=[*found, "manual", "user"])

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose among the devices that were heard."""
        if user_input is not None:
            device = async_get_ears(self.hass).heard[user_input[CONF_DEVICE_ID]]
            self._typed = {CONF_HOST: device.host, CONF_DEVICE_ID: device.device_id}
            return await self.async_step_manual()
        return self.async_show_form(step_id="found", data_schema=one_of(self._heard()))

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Offer a lock that announced itself."""
        device_id = discovery_info[CONF_DEVICE_ID]
        await self.async_set_unique_id(device_id)
        self._abort_if_unique_id_configured()
        self._typed = dict(discovery_info)
        self.context["title_placeholders"] = {"name": _title(device_id)}
        return await self.async_step_manual()

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Take a DHCP request of one of our locks as a hint that it is awake."""
        mac = dr.format_mac(discovery_info.macaddress)
        for entry in self._async_current_entries():
            if mac not in known_macs(self.hass, entry):
                continue
            if entry.state is ConfigEntryState.LOADED:
                entry.runtime_data.lock.hint(discovery_info.ip)
            else:
                data = {**entry.data, CONF_HOST: discovery_info.ip}
                self.hass.config_entries.async_update_entry(entry, data=data)
        return self.async_abort(reason="already_configured")

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for the local key, which the lock refuses."""
        return await self.async_step_reauth_confirm()

    # What is typed

    async def async_step_manual(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for all that it takes to reach a lock."""
        if self._take(user_input):
            await self.async_set_unique_id(self._typed[CONF_DEVICE_ID], raise_on_progress=False)
            self._abort_if_unique_id_configured()
            return await self.async_step_touch()
        return self._show_form("manual", MANUAL, self._typed)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another way to reach a lock; the local key stays if no other is typed."""
        if user_input and not user_input.get(CONF_LOCAL_KEY):
            user_input = {k: v for k, v in user_input.items() if k != CONF_LOCAL_KEY}
        if self._take(user_input):
            return await self.async_step_touch()
        data = dict(self._get_reconfigure_entry().data)
        del data[CONF_LOCAL_KEY]
        return self._show_form("reconfigure", RECONFIGURE, data | self._typed)

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new local key."""
        if self._take(user_input):
            return await self.async_step_touch()
        return self._show_form("reauth_confirm", REAUTH, self._typed)

    def _take(self, user_input: dict[str, Any] | None) -> bool:
        """Take what was typed; return if it can be tested."""
        if user_input is None:
            return False
        self._typed = tidied(user_input)
        self._found = {}
        self._errors = mistakes(self._typed)
        return not self._errors

    def _show_form(
        self, step_id: str, schema: vol.Schema, values: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask, and say what was wrong with the last answer."""
        errors, self._errors = self._errors, {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=self._placeholders,
        )

    # The test

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
        last_step = "store" if self._changes_entry else "behaviour"
        return self.async_show_progress_done(next_step_id=last_step)

    async def _async_reach(self) -> Address:
        """Return how the lock is reached with what was typed; raise why it is not."""
        if not self._changes_entry:
            return await async_reach(self.hass, address_of(self._typed), TOUCH_TIME)
        entry = self._entry
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
        options = ["touch", self._form_step, "untested"]
        return self.async_show_menu(step_id="not_reached", menu_options=options)

    async def async_step_untested(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Believe what was typed."""
        if self._changes_entry:
            return await self.async_step_store()
        heard = async_get_ears(self.hass).heard
        self._found = {CONF_ANNOUNCES: self._typed[CONF_DEVICE_ID] in heard}
        return await self.async_step_behaviour()

    # How a flow ends

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the lock is to be used, and add it."""
        if user_input is None:
            return self.async_show_form(step_id="behaviour", data_schema=BEHAVIOUR)
        return self.async_create_entry(
            title=_title(self._typed[CONF_DEVICE_ID]),
            data=self._typed | self._found,
            options=user_input,
        )

    async def async_step_store(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the entry."""
        return self.async_update_and_abort(self._entry, data_updates=self._typed | self._found)

    @property
    def _form_step(self) -> str:
        """Return the step in which values are typed."""
        return _FORM_STEPS.get(self.source or "", "manual")

    @property
    def _changes_entry(self) -> bool:
        """Return if this flow changes an entry instead of adding one."""
        return self.source in _FORM_STEPS

    @property
    def _entry(self) -> LockConfigEntry:
        """Return the entry that this flow changes."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry()

    def _heard(self) -> list[Announcement]:
        """Return the devices that were heard and are not set up, known locks first."""
        configured = self._async_current_ids(include_ignore=False)
        heard = async_get_ears(self.hass).heard.values()
        return sorted(
            (one for one in heard if one.device_id not in configured),
            key=lambda one: (one.product_id not in PRODUCTS, one.host),
        )


class LockOptionsFlow(OptionsFlow):
    """Change how a lock is used."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the lock is to be used."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        schema = self.add_suggested_values_to_schema(OPTIONS, self.config_entry.options)
        return self.async_show_form(step_id="init", data_schema=schema)


def _title(device_id: str) -> str:
    """Return the name of a lock until its owner gives it another one."""
    return f"Wi-Fi lock {device_id[-4:]}"
