"""The devices of an account in Tuya's cloud."""

from typing import Any

from .cloud import PAGE, PAGES
from .cloud_answers import CloudDevice, each, legible, read_device
from .openapi import OpenApi


async def devices(api: OpenApi) -> list[CloudDevice]:
    """Return all devices of the account, without their local keys."""
    found: list[CloudDevice] = []
    query: dict[str, str | int] = {"size": PAGE}
    for _ in range(PAGES):
        result = await api.call("GET", "/v1.0/iot-01/associated-users/devices", query=query)
        rows, last = legible(_page_of_devices, result)
        found += each(read_device, rows)
        if last is None:
            break
        query["last_row_key"] = last
    return found


def _page_of_devices(result: Any) -> tuple[list[Any], str | None]:
    """Return the devices of a page, and where the next page begins."""
    return list(result["devices"]), result["last_row_key"] if result.get("has_more") else None
