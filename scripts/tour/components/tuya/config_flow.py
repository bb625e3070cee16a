"""Signs in: where a person scans a QR code, the tour tells what Tuya would."""

from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

FORM = vol.Schema({vol.Required(key): str for key in ("endpoint", "token", "devices")})


class TuyaConfigFlow(ConfigFlow, domain="tuya"):
    """Add the account."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account and its devices."""
        if user_input is None:
            return self.async_show_form(step_id="user", data_schema=FORM)
        return self.async_create_entry(title="Tuya account", data=user_input)
