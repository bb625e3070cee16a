"""The JSON inside the frames: DP values, and when they were."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """DP values that a lock sent: by itself, or as an answer to a query."""

    dps: Mapping[int, Any]
    times: Mapping[int, float]
    """The lock's own time of a DP, Unix seconds, where it sent one."""
    is_answer: bool


def parse_report(payload: bytes, *, is_answer: bool = False) -> Report | None:
    """Read the JSON of a report, or return None if it is none.

    Versions 3.4 and 3.5 wrap the values in `data`. A time that belongs to a DP is a map by DP id;
    a single time is when the frame was sent, which may be hours after what it tells.
    """
    try:
        body = json.loads(payload.partition(b"\0")[0])
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    data = body.get("data", body)
    if not isinstance(data, dict) or not isinstance(data.get("dps"), dict):
        return None
    times = data.get("t")
    return Report(
        _by_id(data["dps"]),
        {id_: t for id_, t in _by_id(times).items() if _is_time(t)}
        if isinstance(times, dict)
        else {},
        is_answer or body.get("type") == "query" or data.get("type") == "query",
    )


def _by_id(values: Mapping[str, Any]) -> dict[int, Any]:
    """Return values by DP id, leaving out what is no id."""
    return {int(key): value for key, value in values.items() if key.isdecimal() and len(key) < 6}


def _is_time(value: Any) -> bool:
    """Return if a value can be Unix seconds; some locks send their uptime."""
    return type(value) is int and 1_500_000_000 < value < 4_102_444_800


def encode_json(body: Mapping[str, Any]) -> bytes:
    """Return a body as compact JSON."""
    return json.dumps(body, separators=(",", ":")).encode()
