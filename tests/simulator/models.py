"""Locks that exist, as the simulator plays them: their data points and their habits."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, override

from tests.devices import DataPoint, Fact, Model

from .bodies import Dps
from .families import Table, kit, level
from .knobs import AlarmForm, Knobs, QueryAnswer

HAPPENS = {"unlock", "alarm", "doorbell", "duress"}
"""Facts that are over when they are reported; the rest is how the lock is."""
QUERY_ANSWERS: dict[str, QueryAnswer] = {
    "changed": "changed",
    "all": "all",
    "empty": "empty",
    "json obj data unvalid": "unvalid",
}
REMOTE = ("app", "remote")


@dataclass(frozen=True, slots=True)
class ModelTable(Table):
    """The data points of a model, and reports as the model describes them."""

    model: Model = field(kw_only=True)

    @override
    def unlock_dps(self, method: str, number: int) -> Dps:
        dp = self.dp(method)
        (point,) = [one for one in self.model.dps if str(one.id) == dp]
        if point.code.endswith("_kit"):
            return {dp: kit(number)}
        said = point.meaning("unlock")
        assert said
        return {dp: number if point.type == "integer" else said.value}

    @override
    def remote_dps(self, member: int) -> Dps:
        ways = [way for way in REMOTE if way in self.unlocks]
        return self.unlock_dps(ways[0], member) if ways else {}

    @override
    def alarm_dps(self, name: str, form: AlarmForm = "name") -> Dps:
        self._index(name)
        return self._said("alarm", name)

    @override
    def doorbell_dps(self) -> Dps:
        return self._said("doorbell")

    @override
    def door_dps(self, *, is_open: bool) -> Dps:
        return self._said("door_open", str(is_open).lower())

    @override
    def bolt_dps(self, *, unlocked: bool) -> Dps:
        return _first(self.model.dps, [("bolt_unlocked", str(unlocked).lower())])

    @override
    def battery_dps(self, dp: int, percent: int) -> Dps:
        for fact, value in (("battery", percent), ("battery_level", level(percent))):
            for point in self.model.dps:
                if point.meaning(fact):
                    return {str(point.id): value}
        raise ValueError(f"{self.name} reports no battery")

    @override
    def resting_dps(self, battery_dp: int) -> Dps:
        return {
            str(dp.id): dp.reports[-1].value
            for dp in self.model.dps
            if dp.reports and not any(dp.meaning(fact) for fact in HAPPENS)
        }

    def _said(self, *fact: str) -> Dps:
        """Return the report that means this."""
        if not (dps := _first(self.model.dps, [fact])):
            raise ValueError(f"{self.name} does not report: {' '.join(fact)}")
        return dps


def table_of(model: Model) -> ModelTable:
    """Return the data points of a model by their roles."""
    codes = {code: str(dp.id) for code, dp in model.codes.items()}
    facts = [(dp, fact) for dp in model.dps for said in dp.reports for fact in said.means]
    return ModelTable(
        name=model.name,
        unlocks={
            method: str(dp.id)
            for dp, fact in reversed(facts)
            if fact[0] == "unlock"
            for method in fact[1].split("|")
        },
        set_key=codes.get("remote_no_pd_setkey", ""),
        use_key=codes.get("remote_no_dp_key", ""),
        reply_request=codes.get("reply_unlock_request", ""),
        request=codes.get("unlock_request", ""),
        alarms=tuple(dict.fromkeys(_kinds(facts))),
        double_lock=codes.get("reverse_lock", ""),
        duress=codes.get("hijack", ""),
        writable=frozenset(
            str(dp.id) for dp in model.dps if not any(said.means for said in dp.reports)
        ),
        model=model,
    )


def knobs_of(model: Model, **changes: Any) -> Knobs:
    """Return the habits of a model."""
    values: dict[str, Any] = {
        "low_power": "mains" not in model.link,
        "keep_alive": "keep-alive" in model.link,
        "lan": not model.gateway,
        "query_answer": QUERY_ANSWERS[model.query],
        "motor_state": any(dp.meaning("bolt_unlocked") for dp in model.dps),
        "door_sensor": any(dp.meaning("door_open") for dp in model.dps),
    }
    return Knobs(**values | changes)


def _first(points: Iterable[DataPoint], facts: Iterable[Fact]) -> Dps:
    wanted = set(facts)
    for point in points:
        for said in point.reports:
            if wanted & {(kind, *one) for kind, *words in said.means for one in _ways(words)}:
                return {str(point.id): said.value}
    return {}


def _kinds(facts: Iterable[tuple[DataPoint, Fact]]) -> Iterable[str]:
    for _, fact in facts:
        if fact[0] == "alarm":
            yield from fact[1].split("|")


def _ways(words: list[str]) -> list[list[str]]:
    """Return the words of a fact, once for each of those that are right."""
    return [[word, *words[1:]] for word in words[0].split("|")] if words else [[]]
