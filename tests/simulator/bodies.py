"""The JSON inside the frames, per protocol version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from typing import Any

from . import wire

type Dps = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Values that the lock reports together; `at` is when they came about."""

    dps: Dps
    at: float
    times: Mapping[str, int] = field(default_factory=dict)
    record: bool = False


def compact(value: object) -> bytes:
    """Return JSON without spaces, as devices write it."""
    return json.dumps(value, separators=(",", ":")).encode()


def report(
    version: str,
    device_id: str,
    dps: Mapping[str, Any],
    *,
    sent: int | str | None,
    times: Mapping[str, int] | None = None,
    query: bool = False,
) -> bytes:
    """Return the body of a STATUS frame."""
    inner: Dps = {"dps": dict(dps)}
    if times:
        inner["t"] = dict(times)
    if query:
        inner["type"] = "query"
    stamp = {} if sent is None else {"t": sent}
    if version in wire.OLD_VERSIONS:
        return compact({"devId": device_id} | stamp | inner)
    return compact({"protocol": 4} | stamp | {"data": inner})


def answer(version: str, device_id: str, dps: Mapping[str, Any]) -> bytes:
    """Return the body of an answer to a query."""
    if version in wire.OLD_VERSIONS:
        return compact({"devId": device_id, "dps": dict(dps)})
    return compact({"dps": dict(dps)})


def parse(body: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None."""
    try:
        value = json.loads(wire.text_of(body) or b"{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def commanded(request: Mapping[str, Any]) -> Dps | None:
    """Return the dps of a CONTROL in any version's shape."""
    inner = request.get("data", request)
    dps = inner.get("dps") if isinstance(inner, dict) else None
    return dps if isinstance(dps, dict) else None


def announced(ip: str, device_id: str, product_id: str, version: str) -> bytes:
    """Return the body of an announcement; "ablilty" is the vendor's spelling."""
    value = {
        "ip": ip,
        "gwId": device_id,
        "active": 2,
        "ablilty": 0,
        "encrypt": True,
        "productKey": product_id,
        "version": version,
    }
    return compact(value)
