"""Records that the cloud keeps of what happened at a door."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .asked import Asked, Refusal

ALARM_CODES = ("alarm_lock", "hijack", "doorbell", "lock_alarm_kit", "doorbell_song_kit")
MOST_PER_PAGE = 100
SECONDS_BELOW = 100_000_000_000


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record; `at` in milliseconds."""

    code: str
    value: str
    at: int
    nick_name: str = ""
    unlock_name: str = ""

    def status(self, style: Literal["object", "list"]) -> Any:
        """Return code and value, as one of the two ways that were seen."""
        status = {"code": self.code, "value": self.value}
        return [status] if style == "list" else status


def is_unlock(code: str) -> bool:
    """Tell whether a code is one of an unlock record."""
    return code.startswith("unlock_") and code not in ("unlock_request", "unlock_offline_clear")


def is_logged(code: str) -> bool:
    """Tell whether the cloud keeps a record of this code."""
    return is_unlock(code) or code in (*ALARM_CODES, "open_inside", "unlock_offline_clear")


def text_of(value: object) -> str:
    """Write a value as records carry it: always text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def number_of(value: object) -> int | None:
    """Return the number in a value; raw ones begin with it, in four bytes."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        raw = base64.b64decode(str(value), validate=True)
    except binascii.Error:
        return None
    return int.from_bytes(raw[:4]) if len(raw) >= 4 else None


def forced_by(dps: Mapping[str, Any], codes: Mapping[str, str]) -> str | None:
    """Return how records of duress name the unlock in the same report, if there is one."""
    unlocks = ((codes.get(dp, ""), value) for dp, value in dps.items())
    return next(
        (f"{code}-{number_of(value):02d}" for code, value in unlocks if is_unlock(code)), None
    )


def between(rows: list[LogRow], asked: Asked) -> list[LogRow]:
    """Return the rows of the time that is asked for, the newest first."""
    start = _milliseconds(asked.call.query.get("start_time", "0"))
    end = _milliseconds(asked.call.query.get("end_time", str(2**53)))
    chosen = [row for row in rows if start <= row.at <= end]
    chosen.sort(key=lambda row: row.at)
    chosen.reverse()
    return chosen


def page[T](rows: list[T], asked: Asked) -> list[T]:
    """Return the page that is asked for; the first has number 1."""
    number, size = whole(asked.query("page_no")), whole(asked.query("page_size"))
    if number < 1 or not 1 <= size <= MOST_PER_PAGE:
        raise Refusal(1109)
    return rows[(number - 1) * size : number * size]


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError as err:
        raise Refusal(1109) from err


def _milliseconds(text: str) -> int:
    value = whole(text)
    return value * 1000 if 0 < value < SECONDS_BELOW else value
