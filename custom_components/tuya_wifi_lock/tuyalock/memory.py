"""What a lock has told; it survives restarts."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from .lan.protocol import Report
from .profiles import PRODUCTS, PROFILES, Dp, DpType, Family, family_of, recognise
from .records import CLOCK_TOLERANCE, LAN, Age, Arrival, Journal, Record
from .state import SETTINGS, STATE_CODES, LockState, Unlock, Value, apply, decode, heard


class Memory:
    """The state of a lock, its records, and how it answers."""

    def __init__(self, stored: Mapping[str, Any] | None) -> None:
        """Remember what `as_dict` returned in an earlier life."""
        stored = stored or {}
        self.state = LockState.from_dict(stored.get("state", {}))
        self.journal = Journal.from_dict(stored["journal"]) if "journal" in stored else Journal()
        self.family = Family(stored["family"]) if stored.get("family") else None
        self.last: Record | None = None
        """What happened last, by all that the records tell."""
        for record in self.journal:
            self.last = _later(self.last, record)
        self.answers_partly: bool | None = stored.get("answers_partly")
        """It answers a query only with what has changed since it woke."""
        self.product_id: str | None = stored.get("product_id")
        self._own_table = _load(stored.get("table", {}))
        self._account_table = _load(stored.get("account_table", {}))
        """What an account knows of the product; it may leave out some of its DPs."""
        self._reported = frozenset(stored.get("reported", self.state.seen))
        """DP codes that the lock itself has reported to us."""
        self._told_at: dict[str, float] = {}
        """When each DP code was last reported, Unix seconds."""

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
    def reported(self) -> bool:
        """Return if the lock itself has ever reported anything to us."""
        return bool(self._reported)

    @property
    def changeable(self) -> dict[str, Dp]:
        """Return the settings that can be changed by the product's own model, by DP code."""
        table = self._own_table.values()
        return {dp.code: dp for dp in table if dp.writable and dp.code in SETTINGS}

    @property
    def opens_remotely(self) -> bool | None:
        """Return if the product can be opened remotely, where its table or its family is known."""
        if self._own_table:
            return _family_of(self._own_table) is not None
        return True if self.family else None

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage."""
        return {
            "state": self.state.as_dict(),
            "journal": self.journal.as_dict(),
            "family": self.family,
            "answers_partly": self.answers_partly,
            "reported": sorted(self._reported),
            "product_id": self.product_id,
            "table": {str(id_): _stored(dp) for id_, dp in self._own_table.items()},
            "account_table": {str(id_): _stored(dp) for id_, dp in self._account_table.items()},
        }

    def learn_product(self, product_id: str | None) -> None:
        """Learn which product it is."""
        if product_id:
            self.product_id = product_id
            self.family = self.family or PRODUCTS.get(product_id)

    def know(self, product_id: str, table: Mapping[int, Dp], family: Family | None) -> None:
        """Learn what an account knows of a product; anything else that is known counts more."""
        if self.product_id is None:
            self.learn_product(product_id)
        self._account_table = table or self._account_table
        self.family = self.family or family

    def learn(self, table: Mapping[int, Dp]) -> None:
        """Learn the product's own DP table."""
        self._own_table = table
        self.family = _family_of(table) or self.family

    def take(self, report: Report | None, now: float) -> dict[str, Value]:
        """Learn from a report at Unix time `now`, and return its values by DP code.

        None is a lock that does not understand a query: of the products that we know, only access
        controls do not.
        """
        if report is None:
            self.family = self.family or Family.D
            return {}
        codes = self.decode(report.dps)
        if report.is_answer and codes and (known := self._reported & STATE_CODES):
            self.answers_partly = not known <= codes.keys()
        self._reported |= codes.keys()
        self.state = apply(self.state, codes, now)
        self._told_at.update(dict.fromkeys(codes, now))
        if "lock_motor_state" in codes and not report.is_answer:
            self.state = replace(self.state, jammed_at=None)
        return codes

    def decode(self, dps: Mapping[int, Any]) -> dict[str, Value]:
        """Return DP values by code, and learn the family that their ids give away."""
        if not self._own_table:
            self.family = recognise(self.family, dps)
        return decode(self.table, dps)

    def told(self, code: str, value: Value, at: float) -> bool:
        """Learn a value that another route tells of a Unix time; return if it is the latest."""
        if at < self._told_at.get(code, 0):
            return False
        self._told_at[code] = at
        last_heard = max(at, self.state.last_heard or at)
        self.state = replace(apply(self.state, {code: value}, at), last_heard=last_heard)
        if code == "lock_motor_state" and at > (self.state.jammed_at or at):
            self.state = replace(self.state, jammed_at=None)
        return True

    @property
    def requested_at(self) -> float | None:
        """Return when the request at the door was last reported, in Unix seconds."""
        return self._told_at.get("unlock_request")

    def times(self, report: Report) -> dict[str, float]:
        """Return the lock's own times of a report by DP code."""
        table = self.table
        return {table[id_].code: time for id_, time in report.times.items() if id_ in table}

    def keep(self, arrival: Arrival, route: str) -> Record | None:
        """Keep an unlock, or return None if it is known already."""
        if record := self.journal.add(arrival, route):
            self.last = _later(self.last, record)
            if record.age is not Age.UNKNOWN:
                self.opened(record.received, record.received - record.happened)
        return record

    def last_unlock(self, held: Arrival | None) -> Unlock | None:
        """Return who opened last; an unlock that is held back counts if it is not known already."""
        if held and not self.journal.knows(held, LAN):
            return held.unlock
        return self.last.unlock if self.last else None

    def opened(self, now: float, ago: float = 0.0) -> None:
        """Note at Unix time `now` that the lock was open some seconds ago."""
        self.forget_ahead(now)
        at = now - ago
        self.state = replace(self.state, opened_at=max(at, self.state.opened_at or at))

    def state_at(self, now: float) -> LockState:
        """Return the state at a Unix time; an opening that lies ahead is not known."""
        ahead = (self.state.opened_at or 0) > now + CLOCK_TOLERANCE
        return replace(self.state, opened_at=None) if ahead else self.state

    def ends(self, relock_delay: float) -> Iterable[float | None]:
        """Return when a request ends, and an opening that nobody reports, in Unix seconds."""
        yield self.state.request_until
        yield self.state.opened_at and self.state.opened_at + relock_delay

    def forget_ahead(self, now: float) -> None:
        """Forget times that lie ahead: our own clock was ahead when it told them."""
        latest = now + CLOCK_TOLERANCE
        times = {name: getattr(self.state, name) for name in ("opened_at", "motor_at", "jammed_at")}
        wrong: dict[str, Any] = {name: None for name, at in times.items() if at and at > latest}
        self.state = replace(self.state, **wrong)
        self._told_at = {code: at for code, at in self._told_at.items() if at <= latest}

    def jam(self, at: float) -> None:
        """Note that the bolt was stuck at a Unix time."""
        if at > (self.state.motor_at or 0):
            self.state = replace(self.state, jammed_at=at)

    def heard(self, now: float) -> None:
        """Note a sign of life at a Unix time."""
        self.state = heard(self.state, now)


def _family_of(table: Mapping[int, Dp]) -> Family | None:
    """Return the family whose way of opening remotely is in a product's own DP table."""
    return family_of({dp.code for dp in table.values()})


def _later(last: Record | None, record: Record) -> Record:
    """Return what happened later, if our own clock was not ahead when it told the last one."""
    if last is None or last.happened > record.received + CLOCK_TOLERANCE:
        return record
    return max(last, record, key=lambda one: (one.happened, one.id))


def _stored(dp: Dp) -> list[Any]:
    """Return a row of a DP table in a form for storage."""
    return [dp.code, dp.type.name, dp.writable, dp.options, dp.range, dp.step, dp.unit]


def _load(stored: Mapping[str, list[Any]]) -> Mapping[int, Dp]:
    """Return a DP table from its stored form, in which all tuples are lists."""
    rows = {id_: row[: len(fields(Dp))] for id_, row in stored.items()}
    return {
        int(id_): Dp(code, DpType[type_], writable, tuple(options), limits and tuple(limits), *how)
        for id_, (code, type_, writable, options, limits, *how) in rows.items()
    }
