"""What Tuya's cloud knows of newer firmware; the app installs it."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
)
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from .coordinator import LockCoordinator
from .entity import LockPartDescription, TuyaLockEntity, async_setup_parts

if TYPE_CHECKING:
    from .tuyalock import Firmware

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LockUpdateDescription(LockPartDescription, UpdateEntityDescription):
    """Something that can be updated."""


def _firmware(coordinator: LockCoordinator) -> Firmware | None:
    return coordinator.cloud.data.firmware if coordinator.cloud else None


UPDATES = (
    LockUpdateDescription(
        key="firmware",
        device_class=UpdateDeviceClass.FIRMWARE,
        exists_fn=lambda lock: _firmware(lock) is not None,
        by_project=True,
    ),
)


class LockFirmware(TuyaLockEntity, UpdateEntity):
    """The firmware of a lock."""

    @property
    @override
    def installed_version(self) -> str | None:
        """Return which firmware the lock has."""
        firmware = _firmware(self.coordinator)
        return firmware.installed if firmware else None

    @property
    @override
    def latest_version(self) -> str | None:
        """Return which firmware it could have."""
        firmware = _firmware(self.coordinator)
        return firmware.newest if firmware else None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the cloud, and show the version at the device, too."""
        await super().async_added_to_hass()
        assert self.coordinator.cloud
        self.async_on_remove(self.coordinator.cloud.async_add_listener(self._async_cloud_updated))
        self._show_version()

    @callback
    def _async_cloud_updated(self) -> None:
        self._show_version()
        self.async_write_ha_state()

    @callback
    def _show_version(self) -> None:
        device, version = self.device_entry, self.installed_version
        if isinstance(device, dr.DeviceEntry) and version not in {None, device.sw_version}:
            dr.async_get(self.hass).async_update_device(device.id, sw_version=version)


async_setup_entry = partial(async_setup_parts, descriptions=UPDATES, make=LockFirmware)
