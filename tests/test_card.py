"""The card's script, as a browser gets it."""

from pytest_homeassistant_custom_component.common import MockModule, mock_integration
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component


async def test_pages_load_the_script_from_an_address_that_names_its_version(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    urls: set[str] = set()
    hass.data[DATA_EXTRA_MODULE_URL] = urls
    mock_integration(hass, MockModule("frontend"))
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "frontend", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    (url,) = urls
    assert url.startswith(f"/{DOMAIN}/tuya-wifi-lock-card.js?v=")
    response = await (await hass_client_no_auth()).get(url)
    assert response.status == 200
    assert response.content_type == "text/javascript"
    assert "max-age" in response.headers["Cache-Control"]
