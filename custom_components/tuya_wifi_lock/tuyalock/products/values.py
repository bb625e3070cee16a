"""The bytes of raw DPs that describe how a lock is; raw DPs travel as Base64."""

from base64 import b64decode
import binascii


class CodecError(ValueError):
    """The bytes do not have the layout of this DP."""


def decode_raw(text: str) -> bytes:
    """Return the bytes of a raw DP; raise CodecError if it is not Base64."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise CodecError("a raw DP that is not Base64") from err


def decode_numbers(text: str) -> frozenset[int]:
    """Return the numbers of an `update_all_*` DP: pairs of group and bitmap, groups from 1."""
    data = decode_raw(text)
    if len(data) % 2:
        raise CodecError(f"an id bitmap of {len(data)} bytes")
    return frozenset(
        (group - 1) * 8 + bit
        for group, bitmap in zip(data[::2], data[1::2], strict=True)
        for bit in range(8)
        if group and bitmap >> bit & 1
    )


def decode_kit(text: str) -> int:
    """Return the number of an access control's `unlock_*_kit` report: its first four bytes."""
    data = decode_raw(text)
    if len(data) < 4:
        raise CodecError(f"a kit report of {len(data)} bytes")
    return int.from_bytes(data[:4])


def decode_door_kit(text: str) -> bool | None:
    """Return if an access control's door is open: the last of two or three bytes is 01 or 02."""
    data = decode_raw(text)
    if len(data) not in {2, 3}:
        raise CodecError(f"a door report of {len(data)} bytes")
    return {1: True, 2: False}.get(data[-1])
