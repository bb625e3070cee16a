"""What was heard of each DP of a lock, without anything that can be a key or a code."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Annotated, Any

from ..models import PLAIN_WORD, Between, Item, Matching
from ..storage import NUMBERS as STORED, Reader
from .catalogue import CODE, Dp
from .decoder import HARMLESS_TEXTS
from .values import decode_raw

MAX_DPS = 256
"""Different DPs that are kept."""
MAX_VALUES = 8
"""Different values that are kept of each."""
MAX_COUNT = 10**9
MAX_SIZE = 65_535

_SMALL = range(-999, 1000)
"""Integers of a DP that is not known: a code has four digits at least."""
_SHORT = re.compile("[A-Za-z0-9+/=_]{1,8}")
"""Base64 of six bytes at most: a remote key or a temporary password takes more."""


class QueryAnswer(StrEnum):
    """How a lock answers a query."""

    VALUES = "values"
    EMPTY = "empty"
    NOT_UNDERSTOOD = "json obj data unvalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardDp:
    """What was heard of one DP."""

    dp: Annotated[int, Between(0, 99999)] | Annotated[str, CODE]
    """The DP id, or the DP code where a source knows only that."""
    type: Annotated[str, Matching("[a-z]{1,16}")]
    """The type of its last value: that of JSON, or `raw`, a text that is Base64."""
    count: Annotated[int, Between(1, MAX_COUNT)]
    unread: Annotated[int, Between(0, MAX_COUNT)] = 0
    """How often it was not understood."""
    understood: bool = False
    """If its last value was understood."""
    size: Annotated[int, Between(0, MAX_SIZE)] | None = None
    """The length of its last value, if that is a text."""
    values: tuple[bool | int | str, ...] = ()
    """Its last different values, the newest at the end, without what can be a key or a code."""
    has_last: bool = False
    """If its last value is among them, at the end."""

    def shown(self, dp: Dp | None) -> list[bool | int | str]:
        """Return its last values, as far as they can be shown by what is known of its DP now."""
        return [value for value in self.values if is_harmless(self.dp, dp, value)]

    @property
    def stand_in(self) -> str:
        """Return a text of the same size as its last value."""
        return b64encode(bytes((self.size or 0) * 3 // 4)).decode()


_NEVER = HeardDp(dp=0, type="", count=0)
"""What was heard of a DP before its first value."""


class Heard:
    """What was heard of the DPs of one lock."""

    __slots__ = ("dps", "query_answer", "taken", "unread")

    def __init__(self, stored: Any, reader: Reader) -> None:
        """Go on from what was `stored` before, as far as that can be read."""
        parts = reader.parts("heard", stored)
        rows = reader.read("heard", Mapping[str, HeardDp], parts.get("dps", {}), {})
        self.dps: dict[int | str, HeardDp] = {one.dp: one for one in tuple(rows.values())[:MAX_DPS]}
        """By DP id, or by DP code."""
        self.unread = sum(one.unread for one in self.dps.values())
        """How many values were not understood."""
        self.query_answer: QueryAnswer | None = reader.read(
            "heard", QueryAnswer | None, parts.get("query_answer")
        )
        self.taken: list[tuple[Item, bool]] = []
        """What was just heard, and if it was understood, to be noted once nobody waits for it."""

    @property
    def stored(self) -> dict[str, Any]:
        """Return what is stored of it."""
        return {"dps": dict(self.dps), "query_answer": self.query_answer}

    def note_taken(self, table: Mapping[int, Dp]) -> None:
        """Note what was taken; the table has what is known of each DP id."""
        taken, self.taken = self.taken, []
        for item, understood in taken:
            dp = table.get(item.dp) if isinstance(item.dp, int) else None
            self._note(item, dp, understood=understood)

    def _note(self, item: Item, dp: Dp | None, *, understood: bool) -> None:
        self.unread += not understood
        known = self.dps.get(item.dp)
        if known is None and (len(self.dps) >= MAX_DPS or not _can_be_kept(item.dp)):
            return
        value, is_text = item.value, isinstance(item.value, str)
        # Four letters of Base64 may be as well a word.
        is_raw = decode_raw(value) and not PLAIN_WORD.fullmatch(value)
        kept = is_harmless(item.dp, dp, value)
        row = known or _NEVER
        self.dps[item.dp] = HeardDp(
            dp=item.dp,
            type="raw" if is_raw else _TYPES.get(type(value), "other"),
            count=min(row.count + 1, MAX_COUNT),
            unread=min(row.unread + (not understood), MAX_COUNT),
            understood=understood,
            size=min(len(value), MAX_SIZE) if is_text else None,
            values=_appended(row.values, value) if kept else row.values,
            has_last=kept,
        )

    def last(self) -> list[Item]:
        """Return the last value of each DP id, where it is kept."""
        rows = self.dps.values()
        return [
            Item(row.dp, row.values[-1])
            for row in rows
            if row.has_last and row.values and isinstance(row.dp, int)
        ]

    def note_answer(self, answer: QueryAnswer) -> None:
        """Note how the lock answered a query; it may have nothing to say at times."""
        if answer is not QueryAnswer.EMPTY or self.query_answer is None:
            self.query_answer = answer


def is_harmless(id_: int | str, dp: Dp | None, value: Any) -> bool:
    """Return if a value can be shown: by its code, or else by its form."""
    if type(value) is bool:
        return True
    if type(value) is int:
        return value in (STORED if dp else _SMALL)
    if type(value) is not str:
        return False
    code = dp.code if dp else id_
    if code in HARMLESS_TEXTS and _SHORT.fullmatch(value):
        return True
    return PLAIN_WORD.fullmatch(value) is not None or (dp is not None and value in dp.options)


def _appended(values: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """Return the last different values; in Python, true is 1."""
    if values and values[-1] is value:
        return values
    others = [one for one in values if (type(one), one) != (type(value), value)]
    return (*others[1 - MAX_VALUES :], value)


def _can_be_kept(dp: int | str) -> bool:
    return CODE.allows(dp) if isinstance(dp, str) else 0 <= dp <= 99999


_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", str: "string", float: "number"}
