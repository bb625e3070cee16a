"""The stored form of frozen dataclasses: plain JSON, read back with its types checked.

What changes in it can be stored alone, and put into the form that was before.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
import re
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

NUMBERS = range(-(2**31), 10**11)
"""Integers of 32 bits, and Unix times up to the year 5138."""
MAX_TEXT = 255
"""Characters of a name, a code or a value, as a DP of text has at most."""
NOT_STORED = {"stored": False}
"""Metadata of a field that is no part of the stored form."""
GONE = ""
"""No key of a stored form; in its changes, that of the keys that are gone."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, and half a character, which has no UTF-8."""
_MAX_DIGITS = 19
_PLAIN = (str, int, float, NoneType)
"""Types of what is in JSON as it is."""


def is_text(value: str, most: int = MAX_TEXT) -> bool:
    """Return if a text of so many characters at most can be stored."""
    return len(value) <= most and not _UNSTORABLE.search(value)


def integer(value: Any, least: int = 0, most: int = NUMBERS.stop) -> int:
    """Return an integer of foreign JSON, which may be in a text; raise ValueError if it is none."""
    if type(value) is str and value.removeprefix("-").isdecimal() and value.isascii():
        value = int(value) if len(value) <= _MAX_DIGITS else None
    if type(value) in {int, float} and least <= value <= most and value == int(value):
        return int(value)
    raise ValueError("no integer, or one that cannot be")


@cache
def _names(type_: Any) -> tuple[str, ...]:
    """Return the names of what is stored of a dataclass; one of several kinds says which it is."""
    names = tuple(one.name for one in fields(type_) if one.metadata != NOT_STORED)
    return ("kind", *names) if _kind(type_) else names


def _rows(value: Any) -> Mapping[Any, Any] | None:
    """Return what a value has under names or keys, or None if it is no such value."""
    if is_dataclass(value):
        return {name: getattr(value, name) for name in _names(value.__class__)}
    return value if isinstance(value, Mapping) else None


def dump(value: Any) -> Any:
    """Return the JSON form of a plain value, a dataclass or a collection."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, frozenset | set):
        return sorted(value)
    # A plain value is not worth a call.
    if isinstance(value, tuple | list):
        return [one if isinstance(one, _PLAIN) else dump(one) for one in value]
    if (rows := _rows(value)) is not None:
        return {
            str(key): one if isinstance(one, _PLAIN) else dump(one) for key, one in rows.items()
        }
    raise TypeError(f"{type(value).__name__} has no stored form")


def changes(known: Mapping[Any, Any], now: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the JSON form of what is new or differs, and as GONE the keys that are gone.

    Values that stay are the same objects, so most of it is only looked at.
    """
    found: dict[str, Any] = {}
    for key in [key for key, one in now.items() if known.get(key, MISSING) is not one]:
        before, one = known.get(key, MISSING), now[key]
        if before == one:
            continue
        if isinstance(one, _PLAIN) or before is MISSING:
            found[str(key)] = dump(one)
        else:
            old, new = _rows(before), _rows(one)
            found[str(key)] = dump(one) if old is None or new is None else changes(old, new)
    if not known.keys() <= now.keys():
        found[GONE] = [str(key) for key in known if key not in now]
    return found


def load(type_: Any, data: Any) -> Any:
    """Return the value of a type from its JSON form; raise ValueError if it has another shape.

    Fields that only other versions have are ignored; missing ones get their defaults.
    """
    type_, origin, arguments = _resolve(type_)
    if origin is Annotated:
        return _load_limited(arguments, data)
    if origin in {Union, UnionType}:
        return _load_union(arguments, data)
    if is_dataclass(type_):
        return _load_dataclass(type_, data)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return type_(data)
    if origin in {frozenset, tuple, list}:
        if not isinstance(data, list):
            raise ValueError("not a list")
        ellipsis = len(arguments) == 2 and arguments[1] is Ellipsis
        types = arguments if origin is tuple and not ellipsis else (arguments[0],) * len(data)
        return origin(load(one, item) for one, item in zip(types, data, strict=True))
    if _is_mapping(origin):
        key, value = arguments
        rows = _mapping(data)
        return {load(key, _key(key, one)): load(value, rows[one]) for one in rows}
    return _load_plain(type_, data)


@cache
def _resolve(type_: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """Return a type without its alias, what it is of, and its arguments."""
    if isinstance(type_, TypeAliasType):
        type_ = type_.__value__
    return type_, get_origin(type_) or type_, get_args(type_)


def _load_limited(arguments: tuple[Any, ...], data: Any) -> Any:
    value = load(arguments[0], data)
    if not all(limit.allows(value) for limit in arguments[1:]):
        raise ValueError("beyond the limits of its type")
    return value


def _load_union(types: tuple[Any, ...], data: Any) -> Any:
    """Return the value of the first type that fits; records of several kinds name theirs."""
    if data is None and NoneType in types:
        return None
    for one in types:
        if one is NoneType:
            continue
        if (kind := _kind(one)) and isinstance(data, dict) and data.get("kind") != kind:
            continue
        try:
            return load(one, data)
        except ValueError:
            if len(types) - (NoneType in types) == 1:
                raise
    raise ValueError("none of the types fits")


def _load_dataclass(type_: Any, data: Any) -> Any:
    rows, values, hints = _mapping(data), {}, _hints(type_)
    for one in fields(type_):
        if one.name in rows:
            values[one.name] = load(hints[one.name], rows[one.name])
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{type_.__name__} lacks {one.name}")
    return type_(**values)


def _key(type_: Any, text: str) -> int | str:
    """Return the key of a mapping; in JSON it is always a text."""
    return int(text) if type_ is int else text


def _mapping(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    raise ValueError("not a mapping")


def _load_plain(type_: Any, data: Any) -> Any:
    """Return a plain value; in JSON a float may have no fraction, and true is no number."""
    if type_ is Any:
        return data
    is_whole = type_ is float and type(data) is int
    if type(data) is not type_ and not is_whole:
        raise ValueError(f"{type_.__name__} expected")
    # NaN is no number.
    can_occur = is_text(data) if type_ is str else NUMBERS.start <= data < NUMBERS.stop
    if not can_occur:
        raise ValueError(f"no {type_.__name__} that can occur")
    return float(data) if is_whole else data


@cache
def _kind(type_: Any) -> Enum | None:
    """Return which kind a dataclass is, if it is one of several."""
    kind = getattr(type_, "kind", None)
    return kind if isinstance(kind, Enum) else None


@cache
def _hints(type_: Any) -> dict[str, Any]:
    return get_type_hints(type_, include_extras=True)


def checked[T](value: T) -> T:
    """Return a dataclass whose fields have the types that they say; raise ValueError if not."""
    again: T = load(type(value), dump(value))
    return again


class Reader:
    """Reads what was stored as far as that can be read, and counts by part what cannot."""

    __slots__ = ("unread",)

    def __init__(self) -> None:
        self.unread: Counter[str] = Counter()

    def lose(self, part: str, count: int = 1) -> None:
        """Count what of a part cannot be read."""
        if count:
            self.unread[part] += count

    def read(self, part: str, type_: Any, data: Any, default: Any = None) -> Any:
        """Return the value of a type from its JSON form, or else the default.

        The items of collections, and the fields of a dataclass whose fields all have defaults, are
        read each by itself.
        """
        _, origin, arguments = _resolve(type_)
        try:
            if isinstance(data, dict) and _has_defaults(origin):
                return origin(**dict(self._fields(part, origin, data)))
            if isinstance(data, list) and _is_row_of_one_type(origin, arguments):
                return origin(self._items(part, arguments[0], data))
            if isinstance(data, dict) and _is_mapping(origin):
                rows = ({key: one} for key, one in data.items())
                return {
                    key: one for row in self._items(part, type_, rows) for key, one in row.items()
                }
            return load(type_, data)
        except ValueError:
            self.lose(part)
            return default

    def known(self, part: str, type_: Any, data: Any) -> dict[str, Any]:
        """Return the fields of a dataclass that are there and can be read."""
        return dict(self._fields(part, type_, self.parts(part, data)))

    def parts(self, part: str, data: Any) -> dict[str, Any]:
        """Return a mapping whose values are still to be read; it is empty if it is none."""
        if isinstance(data, dict):
            return data
        self.lose(part, int(data is not None))
        return {}

    def changed(self, known: Any, by: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored form after its `changes`."""
        gone = by.get(GONE)
        kept = {
            key: one
            for key, one in self.parts("file", known).items()
            if not (isinstance(gone, list) and key in gone)
        }
        return kept | {
            key: self.changed(kept.get(key), one) if isinstance(one, dict) else one
            for key, one in by.items()
            if key != GONE
        }

    def _fields(self, part: str, type_: Any, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        hints = _hints(type_)
        for one in fields(type_):
            if one.name in data:
                value = self.read(part, hints[one.name], data[one.name], MISSING)
                if value is not MISSING:
                    yield one.name, value

    def _items(self, part: str, type_: Any, items: Any) -> Iterator[Any]:
        for item in items:
            try:
                yield load(type_, item)
            except ValueError:
                self.lose(part)


@cache
def _has_defaults(type_: Any) -> bool:
    """Return if a type is a dataclass whose fields all have defaults."""
    return is_dataclass(type_) and not any(
        one.default is MISSING and one.default_factory is MISSING for one in fields(type_)
    )


def _is_row_of_one_type(origin: Any, arguments: tuple[Any, ...]) -> bool:
    """Return if a type is a collection of any number of items of one type."""
    return origin in {frozenset, list} or (origin is tuple and arguments[1:] == (Ellipsis,))


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)
