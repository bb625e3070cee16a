"""Real lock models as facts: their data points, what they report, and what that means."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

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

    @property
    def codes(self) -> dict[str, DataPoint]:
        """The data points by their codes."""
        return {dp.code: dp for dp in self.dps}


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
