"""Real lock models as facts: their data points, what they report, and what that means."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
import re
from typing import Any

VERSIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")
QUERIES = ("changed", "all", "empty", "json obj data unvalid")
FACT = r"doorbell|duress|(unlock [a-z_]{1,64} (\?|[0-9]{1,5}))|([a-z_]{1,32} [a-z0-9_]{1,64})"
MOST_DPS, MOST_SIZE = 512, 1024
"""DPs of a diagnostics file that are read, and characters of a text that stands for another."""

type Fact = tuple[str, ...]
"""What a report means: `("unlock", "fingerprint", "3")`. `?` is a number that cannot be known, and
of words with `|` between them each is right."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value that a data point reports, and what it means to an owner; often nothing."""

    value: Any
    means: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class DataPoint:
    """A data point of a model."""

    id: int
    code: str
    type: str
    """integer, boolean, enum, string or raw (Base64)."""
    reports: tuple[Said, ...]

    def meaning(self, fact: str) -> Said | None:
        """Return the first report that says a fact."""
        return next((said for said in self.reports if fact in {one[0] for one in said.means}), None)


@dataclass(frozen=True, slots=True)
class Model:
    """A lock model that exists."""

    name: str
    product_id: str | None
    category: str
    link: frozenset[str]
    """wifi, ble or zigbee, and what else is known of it: mains, keep-alive, photo, video."""
    gateway: bool
    """It is reached through a gateway only."""
    query: str
    """What it answers to a query: changed, all, empty, or the error text."""
    guessed: frozenset[str]
    """What was not published and is taken from the usual table: rest, ids."""
    source: str
    dps: tuple[DataPoint, ...]
    version: str | None = None
    """The protocol that it speaks, where that is known."""

    @property
    def codes(self) -> dict[str, DataPoint]:
        """The data points by their codes."""
        return {dp.code: dp for dp in self.dps}


@cache
def load() -> tuple[Model, ...]:
    """Return all models."""
    return tuple(map(_model, json.loads((Path(__file__).parent / "models.json").read_text())))


def find(name: str) -> Model:
    """Return the model whose name is or contains this; raise ValueError if it is not one."""
    models = load()
    same = [model for model in models if model.name.casefold() == name.casefold()]
    found = same or [model for model in models if name.casefold() in model.name.casefold()]
    if len(found) != 1:
        choice = "\n  ".join(model.name for model in found or models)
        raise ValueError(f"{len(found)} models are called {name!r}; choose one of\n  {choice}")
    return found[0]


def read_diagnostics(path: Path) -> Model:
    """Return the lock of an owner's diagnostics file; raise ValueError if it is none of ours."""
    try:
        data = json.loads(path.read_text())["data"]
        return _described(data["product"], data["connection"], path.stem)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as err:
        raise ValueError(f"{path} is no diagnostics file of a lock: {err!r:.200}") from err


def _described(product: dict[str, Any], connection: dict[str, Any], name: str) -> Model:
    table = {row["dp"]: row for row in product["table"][:MOST_DPS]}
    heard = {row["dp"]: row for row in product["heard"][:MOST_DPS]}
    ids = {row["code"]: id_ for id_, row in table.items()}
    heard = {ids.get(dp, dp): row for dp, row in heard.items()}
    rows = {id_: heard.get(id_, {}) | table.get(id_, {}) for id_ in table.keys() | heard.keys()}
    stays, gateway = product["stays_connected"], not connection["on_network"]
    return Model(
        name=name,
        product_id=_word(product["product_id"] or "") or None,
        category=_word(product["category"] or "ms"),
        link=frozenset({"ble" if gateway else "wifi", *(["mains"] if stays else [])}),
        gateway=gateway,
        query=_one_of(QUERIES, product["query_answer"] or "changed"),
        guessed=frozenset(),
        source="diagnostics",
        version=_one_of((None, *VERSIONS), connection["protocol_found"]),
        # What only an account has reported may have no id.
        dps=tuple(_described_dp(id_, rows[id_]) for id_ in sorted(filter(_is_id, rows))),
    )


def _described_dp(id_: int, row: dict[str, Any]) -> DataPoint:
    """Return a data point with its last reports; one that was left out has another content."""
    reports = [
        (_value(one["value"]), ", ".join(map(_fact, one["means"]))) for one in row.get("values", ())
    ]
    if row.get("size") and (not reports or reports[0][0] is None):
        means = reports[0][1] if reports else ""
        reports = [(_stand_in(row["size"], row["type"], understood=row["understood"]), means)]
    said = tuple(_said(*one) for one in reports)
    return DataPoint(id_, _word(row.get("code") or f"dp_{id_}"), _word(row["type"]), said)


def _is_id(id_: object) -> bool:
    return type(id_) is int and 0 < id_ < 256


def _one_of[T](choice: Iterable[T], value: T) -> T:
    """Return a value that is one of several; raise ValueError."""
    if value not in choice:
        raise ValueError(value)
    return value


def _word(text: str) -> str:
    """Return an id, a code or the name of a type; raise TypeError or ValueError."""
    if not re.fullmatch("[A-Za-z0-9_]{0,64}", text):
        raise ValueError("no id, code or type")
    return text


def _value(value: Any) -> Any:
    """Return a value that a lock can report; raise ValueError."""
    if isinstance(value, str):
        value.encode()
        fits = len(value) <= 255
    else:
        fits = value is None or (isinstance(value, int) and abs(value) < 2**31)
    if not fits:
        raise ValueError("no value of a lock")
    return value


def _fact(text: str) -> str:
    """Return what a report means; raise TypeError or ValueError."""
    if not re.fullmatch(FACT, text):
        raise ValueError("no fact")
    return text


def _stand_in(size: int, type_: str, *, understood: bool) -> str:
    """Return a text of a size and a form, which is to be understood or not."""
    size = min(size, MOST_SIZE)
    if type_ != "raw":
        return "?" * size
    filling = b"\0" if understood else b"\xff"
    return b64encode(filling * (size * 3 // 4)).decode()


def _model(row: dict[str, Any]) -> Model:
    return Model(
        name=row["name"],
        product_id=row["product_id"],
        category=row["category"],
        link=frozenset(row["link"].split()),
        gateway=row.get("gateway", False),
        query=row["query"],
        guessed=frozenset(row.get("guessed", ())),
        source=row["source"],
        dps=tuple(
            DataPoint(id_, code, type_, tuple(_said(*said) for said in reports))
            for id_, code, type_, reports in row["dps"]
        ),
    )


def _said(value: Any, means: str = "") -> Said:
    return Said(value, tuple(tuple(fact.split()) for fact in means.split(", ") if fact))
