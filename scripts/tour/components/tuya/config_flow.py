"""Signs in: where a person scans a QR code, the tour tells which lock the account has."""

from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

LOCK = vol.Schema(
    {vol.Required(key): str for key in ("device_id", "local_key", "name", "product_id")}
)


class TuyaConfigFlow(ConfigFlow, domain="tuya"):
    """Add the account."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the lock of the account."""
        if user_input is None:
            return self.async_show_form(step_id="user", data_schema=LOCK)
        return self.async_create_entry(title="Tuya account", data=user_input)
