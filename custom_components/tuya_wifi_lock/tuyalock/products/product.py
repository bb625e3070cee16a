"""What is known of one lock's product: which DPs it has, and what its reports have proved.

Its DP table is the best that there is: that of the owner's cloud project, or else what the account
knows, what the catalogue has for the product id, the family that the owner has chosen, or what its
own reports prove.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from ..models import Item, Matching, Report, Source, Value
from ..storage import Reader
from .catalogue import (
    CODE,
    PRODUCTS,
    PROFILES,
    REPLY,
    REQUEST,
    SET_KEY,
    USE_KEY,
    Dp,
    DpType,
    Family,
    ProductFacts,
    family_of,
)
from .decoder import ALARM_CODE, SETTINGS, Observation, Readers, readers_of
from .evidence import Evidence, Rows, agreed, completed
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
    )
)
"""DP codes that say how a lock is, not what happened to it."""

_AWAKE = {"keep", "lock_keep"}
"""Link modes of a video lock that stays in the network."""

_REMOTE = {SET_KEY, USE_KEY, REPLY, "remote_unlock_switch"}
"""DP codes of products that can be opened remotely."""

_UNLOCK_EVERYWHERE = range(1, 6)
"""DP ids that are the number of an unlock in every family that has an integer there."""

ASK_AFTER = 3
"""Reports that nobody could read, after which the owner has to say which kind of lock it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The stored form of what is known of a product."""

    chosen: frozenset[Family] = frozenset()
    account_family: Family | None = None
    product_id: str | None = None
    table: Mapping[int, Dp] = field(default_factory=dict)
    account_table: Mapping[int, Dp] = field(default_factory=dict)
    shown: Mapping[int, frozenset[Family]] = field(default_factory=dict)
    replied: bool = False
    has_reported: bool = False
    reported: frozenset[str] = frozenset()
    answers_partly: bool | None = None
    alarm_bits: bool | None = None
    link_mode: Annotated[str, Matching("[a-z_]{1,16}")] | None = None
    heard: Any = None


class Product:
    """The product of one lock, as far as it is known."""

    def __init__(self, stored: Any = None, reader: Reader | None = None) -> None:
        """Go on from what was `stored` before, as far as that can be read."""
        reader = reader or Reader()
        known: _Stored = reader.read("product", _Stored, stored or {}, _Stored())
        self.product_id = known.product_id
        self._claimed = False
        """Which product it is was announced just now, as anybody can."""
        self.answers_partly = known.answers_partly
        """It answers a query only with what has changed since it woke."""
        self.has_reported = known.has_reported
        """The lock itself has reported something to us, understood or not."""
        self.reported = known.reported
        """DP codes that the lock itself has reported to us."""
        self._heard = Heard(known.heard, reader)
        self._own_table = known.table
        """The table of the product's own model, from the owner's cloud project."""
        self.changeable = _changeable(known.table)
        """The settings that can be changed by the product's own model, by DP code."""
        self._account_table = known.account_table
        """What an account knows of the product; it may leave out some of its DPs."""
        self._account_family = known.account_family
        self.chosen = known.chosen
        """The families that it may be of by what its owner sees."""
        self._evidence = Evidence(known.shown, known.replied)
        self._alarm_bits = known.alarm_bits
        self._link_mode = known.link_mode
        self._settle()

    @property
    def stored(self) -> _Stored:
        """Return what is stored of it."""
        return _Stored(
            chosen=self.chosen,
            account_family=self._account_family,
            product_id=self.product_id,
            table=self._own_table,
            account_table=self._account_table,
            shown=dict(self._evidence.shown),
            replied=self._evidence.replied,
            has_reported=self.has_reported,
            reported=self.reported,
            answers_partly=self.answers_partly,
            alarm_bits=self._alarm_bits,
            link_mode=self._link_mode,
            heard=self.heard.stored,
        )

    # What is known

    def _settle(self) -> None:
        """Take the best table that there is, and note what follows from it."""
        facts = PRODUCTS.get(self.product_id or "", _NO_FACTS)
        self.category = facts.category or None
        """Tuya's category of the product, by the catalogue."""
        self.table_source, self.family, rows = self._best_table(facts)
        self._readers = readers_of(tuple(rows.items()))
        self.table = self._readers.table
        """The DP that the product has at each id, as far as known."""
        self.is_known = self.table_source in {"project", "account", "catalogue"}
        """Its kind is proven by the project, the account or the catalogue."""
        self._guesses = not self.is_known and len(self.chosen) != 1
        """The table is only what the lock's own reports prove."""
        codes = _codes(self.table)
        self.replies = REPLY in codes
        """It is known to open by a reply to its request."""
        self.lacks_requests = bool(codes) and not self._guesses and REQUEST not in codes
        """It is known that nobody can ask at its door to be let in."""
        self.may_reply = self.id_of(REPLY) is not None
        """It may open by a reply to its request, as far as is known."""
        self.takes_keys = None not in {self.id_of(SET_KEY), self.id_of(USE_KEY)}
        """It may open with remote keys, as far as is known."""
        self.opens_remotely = self._can_open(codes, facts)
        """If it can be opened remotely, where its table or its family is known."""
        self.stays_connected = self.family is Family.D or facts.mains or self._link_mode in _AWAKE
        """It is known to stay in the network, as one on mains power does."""
        self.alarm_bits = self._sends_bits()
        """Alarms are bits, by what the lock has sent, or else by its DP table."""
        self._note_unread()

    def _best_table(self, facts: ProductFacts) -> tuple[str | None, Family | None, Rows]:
        """Return the best table that there is: where it is from, the family, and the rows."""
        if table := self._own_table:
            return "project", family_of(_codes(table)), _rows(table)
        if self._account_table or self._account_family:
            family = self._account_family or family_of(_codes(self._account_table))
            return "account", family, completed(self._account_table, family or facts.family)
        if facts.table:
            return "catalogue", None, _rows(facts.table)
        if facts.family:
            return "catalogue", facts.family, agreed(frozenset({facts.family}))
        leading = self._leading
        source = "evidence" if self._evidence.proven else None
        only = next(iter(leading)) if len(leading) == 1 else None
        return "owner" if self.chosen else source, only, agreed(leading)

    @property
    def _leading(self) -> frozenset[Family]:
        """Return the families that its owner and what was heard speak for most."""
        leading, chosen = self._evidence.leading, self.chosen
        return leading & chosen or chosen or leading

    def _can_open(self, codes: set[str], facts: ProductFacts) -> bool | None:
        if self._guesses and self.chosen:
            return True
        source = self.table_source
        is_whole = source == "project" or (source == "catalogue" and facts.table)
        if is_whole or self.family:
            return not codes.isdisjoint(_REMOTE)
        return True if REPLY in codes else None

    def _sends_bits(self) -> bool:
        if self._alarm_bits is not None:
            return self._alarm_bits
        rows = self.table.values()
        return any(dp.code == ALARM_CODE and dp.type is DpType.INTEGER for dp in rows)

    @property
    def query_answer(self) -> str | None:
        """Return how it answers a query: `changed`, `all`, `empty`, or the text of the error."""
        answer = self.heard.query_answer
        if answer is not QueryAnswer.VALUES:
            return answer
        return "all" if self.answers_partly is False else "changed"

    def id_of(self, code: str) -> int | None:
        """Return the DP id of a code, which it has, or may have as far as is known, or None.

        A door lock that has not shown how it opens may be of either kind.
        """
        either = (Family.B, Family.A) if self._guesses else ()
        for table in (self.table, *[PROFILES[one] for one in either if one in self._leading]):
            for id_, dp in table.items():
                if dp.code == code:
                    return id_
        return None

    # What is learned

    def identify(self, product_id: str | None) -> bool:
        """Learn which product was announced where it is, if it is not known; return if it was."""
        is_new = product_id and self.product_id is None and CODE.allows(product_id)
        if is_new:
            self.product_id, self._claimed = product_id, True
            self._settle()
        return bool(is_new)

    def doubt(self, product_id: str | None) -> None:
        """Forget which product it is, if that was just announced, and now is another one."""
        if self._claimed and product_id and product_id != self.product_id:
            self.product_id, self._claimed = None, False
            self._settle()

    def rely(self) -> None:
        """Rely on what was announced: nothing else was, as long as it was there."""
        self._claimed = False

    def learn_from_account(
        self, product_id: str, table: Mapping[int, Dp], family: Family | None
    ) -> None:
        """Learn what an account knows of a product; the project's table counts more."""
        known = self.product_id, self._account_table, self._account_family
        # Anybody can announce another one.
        self.product_id = product_id if CODE.allows(product_id) else self.product_id
        self._account_table = table or self._account_table
        self._account_family = family or self._account_family
        if known != (self.product_id, self._account_table, self._account_family):
            self._settle()

    def learn(self, table: Mapping[int, Dp]) -> None:
        """Learn the product's own DP table."""
        self._own_table, self.changeable = table, _changeable(table)
        self._settle()

    def choose(self, families: frozenset[Family]) -> None:
        """Learn from its owner of which families it may be."""
        self.chosen = families
        self._settle()

    def learn_reply(self) -> None:
        """Learn that it has opened by a reply to its request."""
        self._evidence.learn_reply()
        self._settle()

    def _learn_link_mode(self, mode: str) -> None:
        if mode != self._link_mode:
            self._link_mode = mode
            self._settle()

    # Reports

    def observe(self, report: Report) -> list[Observation]:
        """Return what a report says, and learn from it what the product is like."""
        if self._guesses and self._evidence.learn(report.items):
            self._settle()
        observations = []
        for item in report.items:
            said = self.read(item)
            self._heard.taken.append((item, said is not None))
            if said:
                observations.append(said)
                if said.code == "link_mode" and report.source is not Source.CLOUD:
                    self._learn_link_mode(str(said.value))
            else:
                self._note_unread()
        if report.source is Source.LAN:
            self._learn_from_lan(report, {one.code: one.value for one in observations})
        return observations

    @property
    def heard(self) -> Heard:
        """Return what was heard of each of its DPs."""
        self.note_heard()
        return self._heard

    def note_heard(self) -> None:
        """Note what was just heard, once all who wait for it have it."""
        self._heard.note_taken(self.table)

    def _note_unread(self) -> None:
        self.kind_unclear = self.table_source is None and self.heard.unread >= ASK_AFTER
        """It has reported what nobody could read, and its kind is not proven."""

    def read(self, item: Item) -> Observation | None:
        """Return what a value says, by what is known now."""
        dp, value = item.dp, item.value
        said = self._readers.read(dp, value)
        if said is None and dp in _UNLOCK_EVERYWHERE:
            known = self._own_table or self._account_table
            said = None if known else _UNIVERSAL.read(dp, value)
        return Observation(*said, item.time) if said else None

    def reread(self) -> list[Observation]:
        """Return how the lock is by what was heard of it before, as it is understood now."""
        said = map(self.read, self.heard.last())
        return [one for one in said if one and one.code in STATE_CODES]

    def _learn_from_lan(self, report: Report, codes: Mapping[str, Value]) -> None:
        """Learn what the lock reports, and how it answers."""
        self.has_reported = self.has_reported or bool(report.items)
        if report.is_answer:
            self._heard.note_answer(QueryAnswer.VALUES if report.items else QueryAnswer.EMPTY)
        if report.is_answer and codes and (known := self.reported & STATE_CODES):
            self.answers_partly = not known <= codes.keys()
        if not codes.keys() <= self.reported:
            self.reported = self.reported.union(codes)
        if not report.is_answer and ALARM_CODE in codes:
            self._alarm_bits = self.alarm_bits = type(codes[ALARM_CODE]) is int


_NO_FACTS = ProductFacts("")
_UNIVERSAL = Readers({id_: (PROFILES[Family.B][id_],) for id_ in _UNLOCK_EVERYWHERE})


def _changeable(table: Mapping[int, Dp]) -> dict[str, Dp]:
    return {dp.code: dp for dp in table.values() if dp.writable and dp.code in SETTINGS}


def _codes(table: Mapping[int, Dp]) -> set[str]:
    return {dp.code for dp in table.values()}


def _rows(table: Mapping[int, Dp]) -> Rows:
    return {id_: (dp,) for id_, dp in table.items()}
