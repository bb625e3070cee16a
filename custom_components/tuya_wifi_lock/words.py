"""Words for answers of actions, in Home Assistant's language."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN


async def async_words(hass: HomeAssistant, kind: str) -> Mapping[str, str]:
    """Return the words of a kind by their keys."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    start = f"component.{DOMAIN}.selector.{kind}.options."
    return {key.removeprefix(start): text for key, text in texts.items() if key.startswith(start)}
