"""What the reports of a lock show of its family.

Several families number their DPs differently. A value counts for each family whose table has it so,
and against each whose table has something else there; what counts most for none decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
import re
from typing import Any

from ..models import Item
from .catalogue import DOOR_LOCKS, OTHERS, OWN_IDS, PROFILES, SET_KEY, USE_KEY, Dp, DpType, Family
from .decoder import ALARM_CODE, ALARM_NAMES, METHODS, Read, read_of
from .values import decode_raw

ALL = frozenset(Family)

type Rows = Mapping[int, tuple[Dp, ...]]
"""What a product has at each DP id, in one form or several."""

_WORD = re.compile(r"[a-z_]+")
_TEXT = re.compile(r"[a-z0-9_]+")
_ALARM_INDEX = re.compile(r"[0-9]{2}")

_SIZES: Mapping[str, frozenset[int]] = {
    **{code: frozenset({6}) for code in METHODS if code.endswith("_kit")},
    SET_KEY: frozenset({3, 21}),
    USE_KEY: frozenset({3, 5, 13, 14}),
    "closed_opened_kit": frozenset({2, 3}),
    "unlock_double_kit": frozenset(range(2, 256)),
}
"""DP code -> the sizes that its bytes have, where they are known."""


def _shows_text(dp: Dp, value: Any) -> bool:
    if type(value) is not str:
        return dp.code == ALARM_CODE and type(value) is int
    if dp.code == ALARM_CODE:
        return value in ALARM_NAMES or _ALARM_INDEX.fullmatch(value) is not None
    return value in dp.options if dp.options else _TEXT.fullmatch(value) is not None


def _shows_bytes(dp: Dp, value: Any) -> bool:
    # Four letters are Base64 as well.
    if type(value) is not str or _WORD.fullmatch(value) or not (size := len(decode_raw(value))):
        return False
    if dp.code.startswith("update_all_"):
        return size % 2 == 0
    return size in _SIZES.get(dp.code, (size,))


_SHOWS: Mapping[DpType, Callable[[Dp, Any], bool]] = {
    DpType.BOOLEAN: lambda dp, value: type(value) is bool,
    DpType.INTEGER: lambda dp, value: type(value) is int,
    DpType.STRING: _shows_text,
    DpType.RAW: _shows_bytes,
}


_TABLES: Mapping[Family, Rows] = {
    family: {
        id_: tuple(filter(None, (dp, OTHERS.get(family, {}).get(id_)))) for id_, dp in table.items()
    }
    for family, table in PROFILES.items()
}
"""What each family has at each DP id, in one form or several."""


_HAVE: Mapping[int, frozenset[Family]] = {
    id_: frozenset(family for family in Family if id_ in PROFILES[family])
    for table in PROFILES.values()
    for id_ in table
    if id_ < OWN_IDS
}
"""DP id -> the families that have it."""


_FORMS: Mapping[int, tuple[tuple[Dp, Read, frozenset[Family]], ...]] = {
    id_: tuple(
        (dp, read_of(dp), frozenset(family for family in having if dp in _TABLES[family][id_]))
        for dp in {dp for family in having for dp in _TABLES[family][id_]}
    )
    for id_, having in _HAVE.items()
}
"""DP id -> what it can be, how that is read, and the families in which it is that."""


def _families(id_: int, value: Any) -> frozenset[Family]:
    """Return the families in which a DP has such a value, and hardly any other DP has."""
    found: frozenset[Family] = frozenset()
    for dp, read, having in _FORMS[id_]:
        if _SHOWS[dp.type](dp, value) and read(value):
            found |= having
    return found


class Evidence:
    """What has been heard of a lock whose product is not known."""

    __slots__ = ("_last", "leading", "replied", "shown")

    def __init__(self, shown: Mapping[int, frozenset[Family]], replied: bool) -> None:
        """Go on from what was shown before: the families that have what was heard, by DP id."""
        self.shown = {id_: families for id_, families in shown.items() if id_ in _HAVE}
        self.replied = replied
        """It has opened by a reply to its request."""
        self.leading = self._lead()
        """The families that all this speaks for most; all of them: nothing is known."""

    def learn(self, items: Iterable[Item]) -> bool:
        """Learn from a report; return if it speaks for other families than before."""
        before = self.leading
        for item in items:
            id_, value = item.dp, item.value
            # In Python, true is 1.
            if type(id_) is int and id_ in _HAVE:
                self._learn(id_, value)
        return self.leading != before

    def _learn(self, id_: int, value: Any) -> None:
        families = _families(id_, value)
        known = self.shown.get(id_, ALL)
        left = known & families or families
        if left and left != known:
            self.shown[id_] = left
            self.leading = self._lead()

    def learn_reply(self) -> None:
        """Learn that the lock has opened by a reply to its request."""
        self.replied = True
        self.leading = self._lead()

    @property
    def proven(self) -> bool:
        """Return if one family is left, or several that report the same."""
        return len(self.leading) == 1 or self.leading == DOOR_LOCKS

    def _lead(self) -> frozenset[Family]:
        votes = dict.fromkeys(Family, 0)
        votes[Family.A] += self.replied
        for id_, families in self.shown.items():
            for family in _HAVE[id_]:
                votes[family] += 1 if family in families else -1
        return _leaders(tuple(votes.values()))


@cache
def _leaders(votes: tuple[int, ...]) -> frozenset[Family]:
    """Return the families with most votes; all locks share what is the same."""
    most = max(votes)
    return frozenset(family for family, count in zip(Family, votes, strict=True) if count == most)


@cache
def agreed(families: frozenset[Family]) -> Rows:
    """Return what is the same in all of these families that have it; of all families, nothing."""
    if families == ALL:
        return {}
    tables = [_TABLES[family] for family in families]
    found = {}
    for id_ in {id_ for table in tables for id_ in table}:
        rows = {table[id_] for table in tables if id_ in table}
        if len(rows) == 1 and (id_ < OWN_IDS or len(tables) == 1):
            found[id_] = rows.pop()
    return found


def completed(table: Mapping[int, Dp], family: Family | None) -> Rows:
    """Return the rows of a table that may leave some out, with those that its family has.

    The family is the one whose table has the same at the same ids; a table that has something else
    anywhere is none of a family.
    """
    families = frozenset({family}) if family else _like(table)
    usual, codes = agreed(families), {dp.code for dp in table.values()}
    if any(dp.code not in {one.code for one in usual.get(id_, (dp,))} for id_, dp in table.items()):
        usual = {}
    rest = {id_: dps for id_, dps in usual.items() if codes.isdisjoint(dp.code for dp in dps)}
    return rest | {id_: (dp,) for id_, dp in table.items()}


def _like(table: Mapping[int, Dp]) -> frozenset[Family]:
    """Return the families that number their DPs as a table does."""
    votes = {
        family: sum(
            1 if dp.code in {one.code for one in rows} else -1
            for id_, dp in table.items()
            if (rows := _TABLES[family].get(id_))
        )
        for family in Family
    }
    most = max(votes.values())
    return frozenset(one for one, count in votes.items() if count == most) if most > 0 else ALL
