"""The places inside the integration that a measurement has to know: here and nowhere else."""

from custom_components.tuya_wifi_lock.tuyalock import REGIONS

__all__ = ["DISCOVERY", "REGIONS"]

DISCOVERY = "custom_components.tuya_wifi_lock.discovery"
"""The module that names the UDP ports of announcements (PORTS)."""
