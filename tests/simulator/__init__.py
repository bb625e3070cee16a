"""A simulated Tuya Wi-Fi lock on real sockets, with a codec of its own."""

from .keys import RemoteKey, Status
from .knobs import Family, Faults, Knobs, access_control, tuya_open
from .lock import SimulatedLock
from .script import run_command

__all__ = [
    "Family",
    "Faults",
    "Knobs",
    "RemoteKey",
    "SimulatedLock",
    "Status",
    "access_control",
    "run_command",
    "tuya_open",
]
