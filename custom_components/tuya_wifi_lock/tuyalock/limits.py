"""The greatest values that a product can send; whatever is beyond them is no value."""

from collections.abc import Collection
from dataclasses import dataclass
import re
from typing import Any

MAX_NUMBER = 0xFFFF
"""Numbers of keys: a lock counts them in two bytes."""
NUMBERS = range(-(2**31), 10**11)
"""Integers of 32 bits, and Unix times up to the year 5138."""
MAX_TEXT = 255
"""Characters of a name, a code or a value, as a DP of text has at most."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number between two others, or one of them."""

    least: float
    most: float

    def allows(self, value: Any) -> bool:
        """Return if a number is between them."""
        return bool(self.least <= value <= self.most)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values."""

    values: Collection[Any]

    def allows(self, value: Any) -> bool:
        """Return if a value is one of them."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Matching:
    """A text that matches a pattern as a whole."""

    pattern: str

    def allows(self, value: Any) -> bool:
        """Return if a text matches."""
        return re.fullmatch(self.pattern, value) is not None


type Limit = Between | OneOf | Matching
"""Stands in the annotation of a type, beside it."""


def is_sane_number(value: float) -> bool:
    """Return if a number is one that can occur; NaN is none."""
    return NUMBERS.start <= value < NUMBERS.stop


def is_sane_text(value: str) -> bool:
    """Return if a text is one that can occur."""
    return len(value) <= MAX_TEXT and "\0" not in value
