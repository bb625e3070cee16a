"""A simulated Tuya cloud (OpenAPI) on a real socket, with a signature and a crypto of its own."""

from .asked import Call
from .server import SimulatedCloud

__all__ = ["Call", "SimulatedCloud"]
