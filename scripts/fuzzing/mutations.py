"""Ways to damage bytes and values, each by the numbers of one seeded generator."""

from collections.abc import Callable, Sequence
import json
from random import Random
from typing import Any

DEEP = 6000
"""Levels of nesting that fit into a frame of 16 kB."""
STRANGE: tuple[str, ...] = (
    "null",
    "true",
    "-1",
    "0",
    "65536",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "1" * 400,
    "1" * 5000,
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"AAAB4X8="',
    '"' + "A" * 4000 + '"',
    "[]",
    "{}",
    "[" * DEEP + "]" * DEEP,
    '{"a":' * 2000 + "1" + "}" * 2000,
    "[1,2,{}]",
    '{"1":1}',
    "1.5",
    "31536000000",
)
"""Values as JSON, which no lock has sent so far."""
KEYS = ("dps", "data", "t", "type", "devId", "cid", "gwId", "ip", "version", "productKey", "1", "9")


def damaged(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return bytes with one to three accidents."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(_ACCIDENTS)(rng, data, others)
    return data


def _flip(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(changed)


def _header(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change one of the first fields: prefix, sequence, command, length."""
    at = 4 * rng.randrange(5)
    return (
        data[:at] + rng.choice((0, 1, 8, 255, 4096, 2**31, 2**32 - 1)).to_bytes(4) + data[at + 4 :]
    )


def _cut(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _behead(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[rng.randrange(len(data) + 1) :]


def _insert(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, 40)) + data[at:]


def _repeat(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at : at + rng.randrange(1, 64)] * rng.randrange(2, 5) + data[at:]


def _splice(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _noise(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 3, 16, 17, 64, 1500)))


_ACCIDENTS: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _flip,
    _set,
    _header,
    _cut,
    _behead,
    _insert,
    _repeat,
    _splice,
    _noise,
)


def strange_body(rng: Random, bodies: Sequence[dict[str, Any]]) -> bytes:
    """Return the text of a JSON body in which some values are not what they should be."""
    text = json.dumps(_stranger(rng, rng.choice(bodies)))
    for number in range(text.count(_MARK)):
        text = text.replace(f'"{_MARK}{number}"', rng.choice(STRANGE))
    return text.encode()


_MARK = "strange value "


def _stranger(rng: Random, body: dict[str, Any]) -> dict[str, Any]:
    marks = iter(f"{_MARK}{number}" for number in range(100))

    def changed(value: Any) -> Any:
        if isinstance(value, dict) and rng.random() < 0.8:
            renamed = {
                rng.choice(KEYS) if rng.random() < 0.05 else key: changed(one)
                for key, one in value.items()
            }
            if rng.random() < 0.2:
                renamed[rng.choice(KEYS)] = next(marks)
            return renamed
        return next(marks) if rng.random() < 0.5 else value

    result = changed(body)
    return result if isinstance(result, dict) else {"dps": result}
