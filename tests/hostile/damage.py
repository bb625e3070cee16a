"""What can happen to a file: a place in it has another value, is gone, or is there twice."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    65_536,
    10**12,
    10**30,
    1.5,
    -1e300,
    1e300,
    "",
    "unknown",
    "\0",
    "x" * 10_000,
    "9" * 5_000,
    [],
    [[]],
    {},
    {"a": {}},
    {"kind": "tamper"},
)
"""Values that are put in place of others."""

GONE = len(STRANGE)
TWICE = GONE + 1
WAYS = TWICE + 1
"""How many things can happen to a place."""

type Place = tuple[int | str, ...]


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Return all places in a JSON value."""
    yield here
    rows = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in rows:
        yield from places(one, (*here, key))


def damaged(value: Any, place: Place, way: int) -> Any:
    """Return a JSON value after something has happened to a place in it."""
    new = {} if way >= GONE else STRANGE[way]
    if not place:
        return new
    value = deepcopy(value)
    around = value
    for key in place[:-1]:
        around = around[key]
    key = place[-1]
    if way < GONE:
        around[key] = new
    elif way == TWICE and isinstance(around, list):
        around.append(around[key])
    else:
        del around[key]
    return value
