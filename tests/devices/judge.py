"""What the product makes of a model's reports, from each source, against what they mean."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
import json
from typing import Any, override

from custom_components.tuya_wifi_lock.tuyalock import (
    Address,
    Kind,
    LockState,
    Record,
    Report,
    Settings,
    Source,
    TuyaLock,
    read_account_report,
    read_specifications,
)
from custom_components.tuya_wifi_lock.tuyalock.cloud.responses import read_model, read_report
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Opened
from custom_components.tuya_wifi_lock.tuyalock.models import Alarm, Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import family_of
from tests.devices import DataPoint, Fact, Model, Said, load
from tests.tuyalock.toy_clock import START, ToyClock

THING_TYPES = {"integer": "value", "boolean": "bool"}
OWN_IDS = 101
"""From this DP id on, each product has its own."""
DURESS = 30.0
"""Seconds after which duress stands by itself."""
HAPPENS = {"unlock", "alarm", "doorbell", "duress"}

UNPUBLISHED = {
    "video locks": dict.fromkeys((61, 63, 64, 69, 72), "integer"),
    "photo locks": {45: "integer"},
    "Wi-Fi locks": {36: "integer", 40: "boolean"},
}
"""What kinds have of which no model was published whole: DP id -> the form of its values."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One report of a model."""

    dp: DataPoint
    said: Said

    @property
    def form(self) -> str:
        """What can be told of the value without knowing its DP."""
        return {"enum": "string"}.get(self.dp.type, self.dp.type)


def reports_of(model: Model) -> list[Heard]:
    """Return every report of a model, in the order of its DP ids."""
    by_id = sorted(model.dps, key=lambda dp: dp.id)
    return [Heard(dp, said) for dp in by_id for said in dp.reports]


# Sources


class Via:
    """A source: how the product gets to know a model, and its reports."""

    def __init__(self, name: str) -> None:
        self.name = name

    def teach(self, model: Model) -> Callable[[TuyaLock], None]:
        """Return what teaches a lock what this source knows before anything is reported."""
        return lambda lock: None

    def report(self, *heard: Heard) -> Report:
        """Return a report as this source brings it."""
        items = tuple(Item(one.dp.id, one.said.value) for one in heard)
        return Report(source=Source.LAN, received=START, items=items)

    def befores(self, model: Model) -> Iterator[tuple[Sequence[Heard], Heard]]:
        """Yield each report of the model with what was heard before it."""
        for one in reports_of(model):
            yield [], one

    def reaches(self, model: Model) -> bool:
        """Return if this source hears such a model."""
        return bool(model.dps)

    def knows(self, model: Model) -> bool:
        """Return if the source itself says what each DP is."""
        return True

    def says(self, fact: str) -> bool:
        """Return if such a fact is looked for in this source."""
        return not fact.startswith("numbers")


class Lan(Via):
    """The lock itself in the network, in the order of its DP ids, or in the worst one."""

    def __init__(self, *, announced: bool, worst: bool = False) -> None:
        """Listen to a lock that is announced with its product id, if it has one, or without."""
        order = "worst order" if worst else "by id"
        super().__init__(f"LAN {order}{'' if announced else ', no product id'}")
        self._announced, self._worst = announced, worst

    @override
    def teach(self, model: Model) -> Callable[[TuyaLock], None]:
        announced = model.product_id if self._announced else None
        return lambda lock: lock.on_event(Opened(None, woken=False, product_id=announced))

    @override
    def reaches(self, model: Model) -> bool:
        return bool(model.dps) and not model.gateway

    @override
    def befores(self, model: Model) -> Iterator[tuple[Sequence[Heard], Heard]]:
        reports = reports_of(model)
        if not self._worst:
            for one in reports:
                yield [other for other in reports if other.dp.id < one.dp.id], one
            return
        # What other kinds have as well first, and then what only this one has.
        misleading = sorted(reports, key=lambda one: -_claims()[one.dp.id, one.form])
        for one in reports:
            yield [], one
            rest = [other for other in misleading if other.dp is not one.dp]
            yield rest[: len(rest) // 2], one
            yield rest, one

    @override
    def knows(self, model: Model) -> bool:
        return self._announced and model.product_id is not None


class Answer(Lan):
    """The lock answers a query as its model does, and reports afterwards."""

    def __init__(self) -> None:
        super().__init__(announced=False)
        self.name = "LAN after its answer"

    @override
    def befores(self, model: Model) -> Iterator[tuple[Sequence[Heard], Heard]]:
        answers = model.query in {"all", "changed"}
        for one in reports_of(model):
            rest = [other for other in reports_of(model) if other.dp is not one.dp]
            yield rest if answers else [], one


class Account(Via):
    """The owner's account, which says the code of each value, or only its id."""

    def __init__(self, *, by_code: bool) -> None:
        super().__init__(f"account by {'code' if by_code else 'id'}")
        self._by_code = by_code

    @override
    def teach(self, model: Model) -> Callable[[TuyaLock], None]:
        rows = [{"dp_id": dp.id, "code": dp.code, "type": dp.type.capitalize()} for dp in model.dps]
        ids = not (self._by_code and "ids" in model.guessed)
        table = read_specifications({"status": rows}) if ids else {}
        family, product_id = family_of(model.codes.keys()), model.product_id or ""
        return lambda lock: lock.learn_from_account(product_id, table, family)

    @override
    def report(self, *heard: Heard) -> Report:
        items = [
            {"code": one.dp.code} | {"value": one.said.value, "t": int(START * 1000)}
            if self._by_code
            else {"dpId": one.dp.id, "value": one.said.value, "t": int(START * 1000)}
            for one in heard
        ]
        return read_account_report(items, START)


class Project(Via):
    """The product's own model from the owner's cloud project, and the lock in the network."""

    @override
    def teach(self, model: Model) -> Callable[[TuyaLock], None]:
        properties = [
            {
                "abilityId": dp.id,
                "code": dp.code,
                "typeSpec": {"type": THING_TYPES.get(dp.type, dp.type)},
            }
            for dp in model.dps
        ]
        thing = {"services": [{"properties": properties}]}
        table = read_model({"model": json.dumps(thing)})
        return lambda lock: lock.learn(table)


class Records(Project):
    """The records of the owner's cloud project, whose values are texts."""

    @override
    def report(self, *heard: Heard) -> Report:
        status = [{"code": one.dp.code, "value": _text(one.said.value)} for one in heard]
        return read_report({"update_time": START, "status": status}, START)

    @override
    def says(self, fact: str) -> bool:
        return fact.split(maxsplit=1)[0] in HAPPENS


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


SOURCES = (
    Lan(announced=True),
    Lan(announced=True, worst=True),
    Lan(announced=False),
    Lan(announced=False, worst=True),
    Answer(),
    Account(by_code=True),
    Account(by_code=False),
    Project("project's model"),
    Records("project's records"),
)


# What the product makes of it


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one report: what is wrong, and what is missing."""

    dp: DataPoint
    wrong: frozenset[str]
    missing: frozenset[str]
    knowable: bool
    """The source could know what is missing."""


def judge(via: Via, model: Model) -> list[Finding]:
    """Return what becomes of every report of a model from a source."""
    findings, teach = [], via.teach(model)
    learned: dict[tuple[int, ...], Any] = {}
    for before, one in via.befores(model):
        ids = tuple(other.dp.id for other in before)
        if before and ids not in learned:
            lock = _lock(ToyClock())
            teach(lock)
            lock.receive(via.report(*before))
            # What it has learned of the product, and nothing else.
            learned[ids] = {"product": lock.as_dict()["product"]}
        found = understood(via, teach, learned.get(ids), one)
        meant = [_ways(fact) for fact in one.said.means]
        # How the lock is may have been heard before it could be read; nothing happens twice.
        earlier = [_ways(fact) for other in before for fact in other.said.means]
        states = [ways for ways in earlier if ways[0].split(maxsplit=1)[0] not in HAPPENS]
        wrong = found.difference(*meant, *states)
        missing = {ways[0] for ways in meant if via.says(ways[0]) and found.isdisjoint(ways)}
        knowable = bool(missing) and (via.knows(model) or is_knowable(model, before, one))
        findings.append(Finding(one.dp, frozenset(wrong), frozenset(missing), knowable))
    return findings


def understood(via: Via, teach: Callable[[TuyaLock], None], stored: Any, one: Heard) -> set[str]:
    """Return what the product makes of one report, by what it had stored before."""
    clock = ToyClock()
    lock = _lock(clock, stored)
    if stored is None:
        teach(lock)
    lock.receive(via.report(one))
    # Duress waits a moment for the unlock that it is about.
    clock.advance(DURESS)
    records = [record for kind in Kind for record in lock.records(kind)]
    return {_fact(record) for record in records} | set(_states(lock.snapshot.state))


def _lock(clock: ToyClock, stored: Any = None) -> TuyaLock:
    address = Address(
        host=None, port=6668, device_id="judged", local_key=b"0" * 16, version="3.3", announces=True
    )
    return TuyaLock(address, Settings(), clock, stored)


def _fact(record: Record) -> str:
    match record.kind:
        case Kind.UNLOCK:
            number = "?" if record.unlock.number is None else record.unlock.number
            return f"unlock {record.unlock.method} {number}"
        case Kind.ALARM:
            assert isinstance(record.event, Alarm)
            return f"alarm {record.event.type}"
    return str(record.kind)


_STATES: dict[str, Callable[[LockState], Any]] = {
    "battery": lambda state: state.battery,
    "battery_level": lambda state: state.battery_level,
    "door_open": lambda state: state.door_open,
    "bolt_unlocked": lambda state: state.motor_unlocked,
    "double_locked": lambda state: state.double_locked,
    "passage_mode": lambda state: state.passage_mode,
    "request": lambda state: (
        None if "unlock_request" not in state.seen else state.request_until is not None
    ),
}


def _states(state: LockState) -> Iterator[str]:
    """Return what a lock has reported of itself, as facts."""
    for fact, read in _STATES.items():
        value = read(state)
        if value is not None:
            yield f"{fact} {_text(value)}"
    # One list holds the numbers of all methods.
    for method in {one.partition(":")[0] for one in state.numbers}:
        yield f"numbers {method}"


_SHORT = {"finger": "fingerprint", "fin_vein": "finger_vein", "hand": "palm"}


def _ways(fact: Fact) -> list[str]:
    """Return a fact as text, once for each of the ways in which it is right."""
    kind, *words = fact
    if kind == "numbers":
        words = [_SHORT.get(words[0], words[0])]
    ways = words[0].split("|") if words else [""]
    return [" ".join([kind, *filter(None, [way]), *words[1:]]) for way in ways]


# What a lock in the network can be known by


@cache
def _claims() -> Counter[tuple[int, str]]:
    """Return how many models have something of this form at this DP id."""
    forms = [{(one.dp.id, one.form) for one in reports_of(model)} for model in load()]
    return Counter(one for model in forms for one in model)


@cache
def _forms() -> dict[str, dict[int, tuple[str, str]]]:
    """Return what each model has at each DP id: the form of its values, and the code."""
    return {
        model.name: {one.dp.id: (one.form, one.dp.code) for one in reports_of(model)}
        for model in load()
    } | {
        name: {id_: (form, "?") for id_, form in forms.items()}
        for name, forms in UNPUBLISHED.items()
    }


def is_knowable(model: Model, before: Sequence[Heard], one: Heard) -> bool:
    """Return if a lock in the network without a product id shows what a report means.

    It does if no other model that has all that was heard so far has something else there. DP ids
    that each product has for itself never show it.
    """
    if one.dp.id >= OWN_IDS:
        return False
    heard = {(other.dp.id, other.form) for other in (*before, one) if other.dp.id < OWN_IDS}
    codes = {
        table[one.dp.id][1]
        for table in _forms().values()
        if all(table.get(id_, ("", ""))[0] == form for id_, form in heard)
    }
    return codes <= {one.dp.code}
