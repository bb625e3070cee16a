"""Reads what an earlier life has stored, be it of an older or a newer version."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def known_fields(cls: type[Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a dataclass has fields for, and nothing that only other versions have."""
    names = {field.name for field in fields(cls)}
    return {name: value for name, value in stored.items() if name in names}
