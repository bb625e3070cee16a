"""Sets up a lock, and changes how it is reached."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from .account_flow import AccountSteps
from .cloud_flow import CloudSteps
from .const import (
    AUTO,
    CONF_CLOUD,
    CONF_CODE,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    CONF_UNLOCK_WITH,
    DEFAULT_PORT,
    DOMAIN,
    SUBENTRY_MEMBER,
)
from .coordinator import LockConfigEntry
from .discovery import async_get_listener, known_macs
from .forms import (
    MANUAL,
    REAUTH,
    RECONFIGURE,
    mistakes,
    one_of,
    options,
    tidied,
    with_code,
    without_code,
)
from .member_flow import MemberSubentryFlow
from .project import async_get_cloud, known_projects
from .touch_flow import title
from .tuyalock import PRODUCTS, Announcement, UnlockWith
from .tuyalock.exceptions import CloudError

LISTEN_TIME = 1.0
"""Seconds in which devices answer when they are asked who is there."""


class LockConfigFlow(AccountSteps, domain=DOMAIN):
    """Set up a lock, or change how it is reached."""

    # Written elsewhere, and named here because a flow's steps are looked for in this file.
    async_step_account = AccountSteps.async_step_account
    async_step_account_only = AccountSteps.async_step_account_only
    async_step_cloud = AccountSteps.async_step_cloud
    async_step_project = AccountSteps.async_step_project
    async_step_cloud_lock = AccountSteps.async_step_cloud_lock
    async_step_cloud_limited = AccountSteps.async_step_cloud_limited
    async_step_cloud_only = AccountSteps.async_step_cloud_only
    async_step_not_reached = AccountSteps.async_step_not_reached

    def __init__(self) -> None:
        """Start without listening."""
        super().__init__()
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
        """Offer the account, what is heard on the network, a cloud project, or to type all in."""
        listener = async_get_listener(self.hass)
        if self._stop_listening:
            await listener.async_ask()
        else:
            self._stop_listening = await listener.async_subscribe(lambda announcement: None)
        if not self._heard():
            await asyncio.sleep(LISTEN_TIME)
        account = ["account"] if self._account_locks() else []
        found = ["found"] if self._heard() else []
        options = [*account, *found, "cloud", "manual", "user"]
        return self.async_show_menu(step_id="user", menu_options=options)

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose among the devices that were heard."""
        if user_input is not None:
            device = async_get_listener(self.hass).heard[user_input[CONF_DEVICE_ID]]
            self._typed = {CONF_HOST: device.host, CONF_DEVICE_ID: device.device_id}
            if self._in_account(device.device_id):
                return await self.async_step_account(user_input)
            return await self.async_step_manual()
        labels = {one.device_id: f"{one.host} ({one.device_id})" for one in self._heard()}
        return self.async_show_form(step_id="found", data_schema=one_of(labels))

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Offer a lock that announced itself."""
        device_id = discovery_info[CONF_DEVICE_ID]
        await self.async_set_unique_id(device_id)
        self._abort_if_unique_id_configured()
        self._typed = dict(discovery_info)
        self.context["title_placeholders"] = {"name": title(device_id)}
        if known_projects(self.hass) or self._in_account(device_id):
            return await self.async_step_discovered()
        return await self.async_step_manual()

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the ways to the local key of a lock that announced itself."""
        account = ["account"] if self._in_account(self._typed[CONF_DEVICE_ID]) else []
        options = [*account, "cloud", "manual"]
        return self.async_show_menu(step_id="discovered", menu_options=options)

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
        """Ask for the local key, which the lock refuses; account and cloud may know another."""
        self._typed = self._other_key(entry_data)
        if cloud := await async_get_cloud(self.hass, entry_data):
            with suppress(CloudError):
                self._typed = {CONF_LOCAL_KEY: (await cloud.device()).local_key}
        return await self.async_step_reauth_confirm()

    # What is typed

    async def async_step_manual(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for all that it takes to reach a lock."""
        if self._take(user_input):
            if self._device and self._device.id != self._typed[CONF_DEVICE_ID]:
                # What the cloud knows is of another lock.
                self._device, self._opens = None, False
            await self.async_set_unique_id(self._typed[CONF_DEVICE_ID], raise_on_progress=False)
            self._abort_if_unique_id_configured()
            return await self.async_step_touch()
        heard = async_get_listener(self.hass).heard.get(self._typed.get(CONF_DEVICE_ID, ""))
        values = {CONF_HOST: heard.host} if heard else {}
        return self._show_form("manual", MANUAL, values | self._typed)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer what can be changed about how the lock is reached."""
        return self.async_show_menu(step_id="reconfigure", menu_options=["connection", "cloud"])

    async def async_step_connection(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another way to reach a lock; the local key stays if no other is typed."""
        if user_input and not user_input.get(CONF_LOCAL_KEY):
            user_input = {k: v for k, v in user_input.items() if k != CONF_LOCAL_KEY}
        if self._take(user_input):
            return await self.async_step_touch()
        data = dict(self._get_reconfigure_entry().data)
        del data[CONF_LOCAL_KEY]
        return self._show_form("connection", RECONFIGURE, data | self._typed)

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

    @override
    async def _async_cloud_ready(self) -> ConfigFlowResult:
        """Test the key that the cloud has for the lock, unless it is the one that is set up."""
        assert self._device
        key = {CONF_LOCAL_KEY: self._device.local_key}
        if not (entry := self._changed_entry):
            return await self._async_test(self._device.id, self._device.local_key)
        if not mistakes(key) and not key.items() <= entry.data.items():
            self._typed = key
            return await self.async_step_touch()
        return await self.async_step_store()

    @override
    async def _async_test(self, device_id: str, local_key: str) -> ConfigFlowResult:
        """Test a lock that is not set up, of which the address is not known."""
        defaults = {CONF_PORT: DEFAULT_PORT, CONF_PROTOCOL_VERSION: AUTO}
        key = {CONF_DEVICE_ID: device_id, CONF_LOCAL_KEY: local_key}
        return await self.async_step_manual({**key, **defaults})

    def _heard(self) -> list[Announcement]:
        """Return the devices that were heard and are not set up, known locks first."""
        configured = self._async_current_ids(include_ignore=False)
        heard = async_get_listener(self.hass).heard.values()
        return sorted(
            (one for one in heard if one.device_id not in configured),
            key=lambda one: (one.product_id not in PRODUCTS, one.host),
        )


class LockOptionsFlow(CloudSteps, OptionsFlow):
    """Change how a lock is used, and which cloud project it has."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be changed."""
        remove = ["remove_cloud"] if CONF_CLOUD in self.config_entry.data else []
        return self.async_show_menu(step_id="init", menu_options=["behaviour", "cloud", *remove])

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the lock is to be used."""
        present = self.config_entry.options
        typed = {key: value for key, value in tidied(user_input or {}).items() if value != ""}
        self._errors = mistakes(typed)
        if typed and not self._errors:
            return self.async_create_entry(data=with_code(typed, present))
        schema = options(cloud=CONF_CLOUD in self.config_entry.data, code=CONF_CODE in present)
        return self._show_form("behaviour", schema, without_code({**present, **typed}))

    async def async_step_remove_cloud(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the lock without a project."""
        if user_input is None:
            return self.async_show_form(step_id="remove_cloud", data_schema=vol.Schema({}))
        kept = dict(self.config_entry.options)
        if kept.get(CONF_UNLOCK_WITH) == UnlockWith.CLOUD:
            del kept[CONF_UNLOCK_WITH]
        data = {key: value for key, value in self.config_entry.data.items() if key != CONF_CLOUD}
        return self._async_store(data, kept)

    @property
    @override
    def _changed_entry(self) -> LockConfigEntry:
        """Return the entry of the lock."""
        return self.config_entry

    @override
    async def _async_cloud_ready(self) -> ConfigFlowResult:
        """Use the lock with another project."""
        data = {**self.config_entry.data, **self._cloud_data}
        return self._async_store(data, dict(self.config_entry.options))

    def _async_store(self, data: dict[str, Any], kept: dict[str, Any]) -> ConfigFlowResult:
        """Change the entry at once, so that it is loaded anew only once."""
        self.hass.config_entries.async_update_entry(self.config_entry, data=data, options=kept)
        return self.async_create_entry(data=kept)
