"""Sets up a lock, and changes how it is reached and used."""

from homeassistant.config_entries import ConfigFlow

from .const import DOMAIN


class LockConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a lock."""
