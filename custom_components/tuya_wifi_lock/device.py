"""The devices of a lock and of its members."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_DEVICE_ID, CONF_MAC
from homeassistant.helpers.device_registry import (
    CONNECTION_NETWORK_MAC,
    DeviceEntryType,
    DeviceInfo,
)

from .const import DOMAIN
from .members import Member
from .tuyalock import Family

MODELS = {
    Family.A: "Wi-Fi lock",
    Family.B: "Wi-Fi lock Pro",
    Family.D: "Wi-Fi access control",
    None: None,
}


def lock_device(entry: ConfigEntry, family: Family | None) -> DeviceInfo:
    """Return the device of a lock."""
    mac = entry.data.get(CONF_MAC)
    return DeviceInfo(
        identifiers={(DOMAIN, entry.data[CONF_DEVICE_ID])},
        connections={(CONNECTION_NETWORK_MAC, mac)} if mac else set(),
        manufacturer="Tuya",
        model=MODELS[family],
        name=entry.title,
    )


def member_device(member: Member, lock_device_id: str) -> DeviceInfo:
    """Return the device of a member; it belongs to the lock's."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, member.id)},
        model="Member",
        name=member.name,
        via_device_id=lock_device_id,
    )
