"""Which path leads where."""

from collections.abc import Callable, Iterable
from dataclasses import replace
import re

from . import routes_devices, routes_passwords, routes_records, routes_remote
from .asked import Asked, Refusal
from .state import CloudState

type Handler = Callable[[CloudState, Asked], object]

ROUTES = (
    *routes_devices.ROUTES,
    *routes_passwords.ROUTES,
    *routes_records.ROUTES,
    *routes_remote.ROUTES,
)
A_DEVICE = re.compile(r"/(?:devices|thing)/(?P<device>[^/]+)")


def answer(cloud: CloudState, asked: Asked) -> object:
    """Return the result of a call: its device has to be known first, then its path."""
    path = asked.call.path
    if device := A_DEVICE.search(path):
        cloud.device(device["device"])
    if any(re.search(pattern, path) for pattern in cloud.absent):
        raise Refusal(1108)
    for handler, groups in _matching(asked):
        return handler(cloud, replace(asked, groups=groups))
    raise Refusal(1108)


def _matching(asked: Asked) -> Iterable[tuple[Handler, dict[str, str]]]:
    for method, pattern, handler in ROUTES:
        found = re.fullmatch(pattern, asked.call.path)
        if method == asked.call.method and found:
            yield handler, found.groupdict()
