"""Serves the card and the dashboard, so that nobody has to add a resource."""

import hashlib
from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import DOMAIN

SCRIPT = Path(__file__).parent / "frontend" / "tuya-wifi-lock-card.js"


async def async_serve_card(hass: HomeAssistant, component: str) -> None:
    """Let every page load the script; another version has another address, so none is stale."""
    url = f"/{DOMAIN}/{SCRIPT.name}"
    version = await hass.async_add_executor_job(_version)
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(SCRIPT))])
    add_extra_js_url(hass, f"{url}?v={version}")


def _version() -> str:
    return hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:12]
