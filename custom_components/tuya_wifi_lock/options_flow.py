"""Changes how a lock is used."""

from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from .cloud_flow import CloudSteps
from .const import CONF_CLOUD, CONF_POLL_MINUTES, CONF_UNLOCK_WITH
from .coordinator import LockConfigEntry
from .forms import options
from .tuyalock import UnlockWith


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
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        schema = options(cloud=CONF_CLOUD in self.config_entry.data)
        return self._show_form("behaviour", schema, self.config_entry.options)

    async def async_step_remove_cloud(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the lock without a project."""
        if user_input is None:
            return self.async_show_form(step_id="remove_cloud", data_schema=vol.Schema({}))
        kept = dict(self.config_entry.options)
        kept.pop(CONF_POLL_MINUTES, None)
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
