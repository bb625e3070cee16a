"""Phones with the Home Assistant app, as what notifies them is seen."""

from typing import Any, override

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from homeassistant.components.notify import NotifyEntity
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo


class Phone(NotifyEntity):
    """A phone: keeps what it is sent, unless it is out of reach."""

    _attr_name = "Phone"

    def __init__(self, name: str) -> None:
        self._attr_unique_id = name
        self._attr_device_info = DeviceInfo(identifiers={("mobile_app", name)}, name=name)
        self.messages: list[str] = []
        self.reachable = True
        self.device = ""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        if not self.reachable:
            raise HomeAssistantError("The phone is not connected")
        self.messages.append(f"{title}: {message}")


async def add_phone(hass: HomeAssistant, name: str = "Mine") -> Phone:
    """Add a phone to Home Assistant."""
    phone = Phone(name)

    async def setup(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        await hass.config_entries.async_forward_entry_setups(entry, [Platform.NOTIFY])
        return True

    async def add(hass: HomeAssistant, entry: ConfigEntry, add_entities: Any) -> None:
        add_entities([phone])

    mock_integration(hass, MockModule("mobile_app", async_setup_entry=setup))
    mock_platform(hass, "mobile_app.config_flow")
    mock_platform(hass, "mobile_app.notify", MockPlatform(async_setup_entry=add))
    entry = MockConfigEntry(domain="mobile_app", title=name)
    entry.add_to_hass(hass)
    with mock_config_flow("mobile_app", ConfigFlow):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(("mobile_app", name), entry.entry_id)
    assert device
    phone.device = device.id
    return phone
