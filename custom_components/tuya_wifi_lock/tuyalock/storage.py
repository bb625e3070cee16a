"""The stored form of frozen dataclasses: plain JSON, read back with its types checked."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints


def dump(value: Any) -> Any:
    """Return the JSON form of a value."""
    if is_dataclass(value) and not isinstance(value, type):
        row = {one.name: dump(getattr(value, one.name)) for one in fields(value)}
        return {"kind": kind, **row} if (kind := _kind(type(value))) else row
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): dump(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [dump(one) for one in value]
    return value


def load(type_: Any, data: Any) -> Any:
    """Return the value of a type from its JSON form; raise ValueError if it has another shape.

    Fields that only other versions have are ignored; missing ones get their defaults.
    """
    if isinstance(type_, TypeAliasType):
        type_ = type_.__value__
    origin, arguments = get_origin(type_) or type_, get_args(type_)
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
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = arguments
        rows = _mapping(data)
        return {(int(one) if key is int else one): load(value, rows[one]) for one in rows}
    return _load_plain(type_, data)


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
    """Return a dataclass."""
    rows, values, hints = _mapping(data), {}, _hints(type_)
    for one in fields(type_):
        if one.name in rows:
            values[one.name] = load(hints[one.name], rows[one.name])
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{type_.__name__} lacks {one.name}")
    return type_(**values)


def _mapping(data: Any) -> dict[str, Any]:
    """Return a mapping."""
    if isinstance(data, dict):
        return data
    raise ValueError("not a mapping")


def _load_plain(type_: Any, data: Any) -> Any:
    """Return a plain value; in JSON a float may have no fraction, and true is no number."""
    if type_ is Any:
        return data
    if type_ is float and type(data) is int:
        return float(data)
    if type(data) is not type_:
        raise ValueError(f"{type_.__name__} expected")
    return data


def _kind(type_: Any) -> Enum | None:
    """Return which kind a dataclass is, if it is one of several."""
    kind = getattr(type_, "kind", None)
    return kind if isinstance(kind, Enum) else None


@cache
def _hints(type_: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields."""
    return get_type_hints(type_)


def known_fields(cls: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a dataclass has fields for, and nothing that only other versions have."""
    return {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
