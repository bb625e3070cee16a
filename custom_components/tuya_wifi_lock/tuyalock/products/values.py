"""The bytes of raw DPs that describe how a lock is; raw DPs travel as Base64."""

from base64 import b64decode
from typing import Any

MAX_RAW = 1024
"""Characters of Base64; a DP has at most 255 bytes, and some gateways join several."""


def decode_raw(value: Any) -> bytes:
    """Return the bytes of a raw DP; none if the value is not Base64, or too long."""
    if type(value) is not str or len(value) > MAX_RAW:
        return b""
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return b""


def decode_numbers(value: Any) -> frozenset[int] | None:
    """Return the numbers of an `update_all_*` DP: pairs of group and bitmap, groups from 1."""
    data = decode_raw(value)
    if len(data) % 2:
        return None
    return frozenset(
        (group - 1) * 8 + bit
        for group, bitmap in zip(data[::2], data[1::2], strict=True)
        for bit in range(8)
        if group and bitmap >> bit & 1
    )


def decode_kit(value: Any) -> int | None:
    """Return the number of an access control's `unlock_*_kit` report: its first four bytes."""
    data = decode_raw(value)
    return int.from_bytes(data[:4]) if len(data) >= 4 else None


def decode_door_kit(value: Any) -> bool | None:
    """Return if an access control's door is open: the last of two or three bytes is 01 or 02."""
    data = decode_raw(value)
    return {1: True, 2: False}.get(data[-1]) if len(data) in {2, 3} else None
