"""What is known of one lock's product: which DPs it has, and what its reports have proved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models import Item, Report, Source, Value
from ..storage import Reader, dump
from .catalogue import CODE, PRODUCTS, PROFILES, Dp, DpType, Family, family_of, recognise
from .decoder import ALARM_CODE, SETTINGS, Observation, observe
from .heard import Heard, QueryAnswer

STATE_CODES = frozenset(
    (
        "lock_motor_state",
        "reverse_lock",
        "normal_open_switch",
        "residual_electricity",
        "battery_state",
        *SETTINGS,
        "closed_opened",
        "closed_opened_kit",
    )
)
"""DP codes that say how a lock is, not what happened to it."""

ASK_AFTER = 3
"""Reports that nobody could read, after which the owner has to say which kind of lock it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The stored form of what is known of a product."""

    family: Family | None = None
    product_id: str | None = None
    table: Mapping[int, Dp] = field(default_factory=dict)
    account_table: Mapping[int, Dp] = field(default_factory=dict)
    reported: tuple[str, ...] = ()
    answers_partly: bool | None = None
    alarm_bits: bool | None = None


class Product:
    """The product of one lock, as far as it is known."""

    def __init__(self, stored: Any = None, reader: Reader | None = None) -> None:
        """Go on from what `as_dict` returned before, as far as that can be read."""
        reader = reader or Reader()
        known: _Stored = reader.read("product", _Stored, stored or {}, _Stored())
        self.family = known.family
        self.product_id = known.product_id
        self.answers_partly = known.answers_partly
        """It answers a query only with what has changed since it woke."""
        self.reported = frozenset(known.reported)
        """DP codes that the lock itself has reported to us."""
        self._own_table = known.table
        """The table of the product's own model, from the owner's cloud project."""
        self._own_family = _family_of(known.table)
        """The family whose way of opening remotely is in it."""
        self.changeable = _changeable(known.table)
        """The settings that can be changed by the product's own model, by DP code."""
        self._account_table = known.account_table
        """What an account knows of the product; it may leave out some of its DPs."""
        self._alarm_bits = known.alarm_bits
        self.heard = Heard(reader.parts("product", stored).get("heard"), reader)
        """What was heard of each of its DPs."""
        self._dumped: dict[str, tuple[Mapping[int, Dp], Any]] = {}
        """Each table with its stored form, which is asked for much more often than it changes."""

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        stored: dict[str, Any] = dump(
            _Stored(
                family=self.family,
                product_id=self.product_id,
                reported=tuple(sorted(self.reported)),
                answers_partly=self.answers_partly,
                alarm_bits=self._alarm_bits,
            )
        )
        tables = {"table": self._own_table, "account_table": self._account_table}
        for name, table in tables.items():
            if name not in self._dumped or self._dumped[name][0] is not table:
                self._dumped[name] = table, dump(table)
            stored[name] = self._dumped[name][1]
        stored["heard"] = self.heard.as_dict()
        return stored

    @property
    def table(self) -> Mapping[int, Dp]:
        """Return the product's own DP table, or else the one of its family."""
        usual = PROFILES[self.family or Family.B]
        return self._own_table or self._with_account(usual)

    def _with_account(self, usual: Mapping[int, Dp]) -> Mapping[int, Dp]:
        """Return a family's table with what an account knows, or that alone if it is no family."""
        if not (known := self._account_table):
            return usual
        same = {id_: dp for id_, dp in known.items() if dp.code == usual.get(id_, dp).code}
        return known if self.family is None and same != known else {**usual, **same}

    @property
    def table_source(self) -> str | None:
        """Return where the table is from; None if nothing is known."""
        if self._own_table:
            return "project"
        if self._account_table:
            return "account"
        if PRODUCTS.get(self.product_id or ""):
            return "catalogue"
        return "evidence" if self.family else None

    @property
    def query_answer(self) -> str | None:
        """Return how it answers a query: `changed`, `all`, `empty`, or the text of the error."""
        answer = self.heard.query_answer
        if answer is not QueryAnswer.VALUES:
            return answer
        return "all" if self.answers_partly is False else "changed"

    @property
    def kind_unclear(self) -> bool:
        """Return if it has reported what nobody could read, and its kind is not proven."""
        return self.table_source is None and self.heard.unread >= ASK_AFTER

    @property
    def opens_remotely(self) -> bool | None:
        """Return if the product can be opened remotely, where its table or its family is known."""
        if self._own_table:
            return self._own_family is not None
        return True if self.family else None

    @property
    def alarm_bits(self) -> bool:
        """Return if alarms are bits, by what the lock has sent, or else by its DP table."""
        if self._alarm_bits is not None:
            return self._alarm_bits
        rows = self.table.values()
        return any(dp.code == ALARM_CODE and dp.type is DpType.INTEGER for dp in rows)

    # What is learned

    def identify(self, product_id: str | None) -> None:
        """Learn which product it is."""
        if product_id and CODE.allows(product_id):
            self.product_id = product_id
            self.family = self.family or PRODUCTS.get(product_id)

    def learn_from_account(
        self, product_id: str, table: Mapping[int, Dp], family: Family | None
    ) -> None:
        """Learn what an account knows of a product; anything else that is known counts more."""
        if self.product_id is None:
            self.identify(product_id)
        self._account_table = table or self._account_table
        self.family = self.family or family

    def learn(self, table: Mapping[int, Dp]) -> None:
        """Learn the product's own DP table."""
        self._own_table, self.changeable = table, _changeable(table)
        self._own_family = _family_of(table)
        self.family = self._own_family or self.family

    def choose(self, family: Family) -> None:
        """Learn from its owner which kind of lock it is."""
        self.family = self.family or family

    # Reports

    def observe(self, report: Report) -> list[Observation]:
        """Return what a report says, and learn from it what the product is like."""
        if not self._own_table:
            by_id = {one.dp: one.value for one in report.items if isinstance(one.dp, int)}
            self.family = recognise(self.family, by_id)
        observations = []
        for item in report.items:
            said = self.read(item, report.source)
            dp = self.table.get(item.dp) if isinstance(item.dp, int) else None
            self.heard.note(item, dp, understood=said is not None)
            if said:
                observations.append(said)
        if report.source is Source.LAN:
            if report.is_answer:
                has_values = bool(report.items)
                self.heard.note_answer(QueryAnswer.VALUES if has_values else QueryAnswer.EMPTY)
            self._learn_from_lan(report, {one.code: one.value for one in observations})
        return observations

    def read(self, item: Item, source: Source = Source.LAN) -> Observation | None:
        """Return what a value says, by what is known now."""
        return next(iter(observe(self.table, (item,), source)), None)

    def _learn_from_lan(self, report: Report, codes: Mapping[str, Value]) -> None:
        """Learn what the lock reports, and how it answers."""
        if report.is_answer and codes and (known := self.reported & STATE_CODES):
            self.answers_partly = not known <= codes.keys()
        self.reported |= codes.keys()
        if not report.is_answer and ALARM_CODE in codes:
            self._alarm_bits = type(codes[ALARM_CODE]) is int


def _changeable(table: Mapping[int, Dp]) -> dict[str, Dp]:
    return {dp.code: dp for dp in table.values() if dp.writable and dp.code in SETTINGS}


def _family_of(table: Mapping[int, Dp]) -> Family | None:
    """Return the family whose way of opening remotely is in a product's own DP table."""
    return family_of({dp.code for dp in table.values()})
