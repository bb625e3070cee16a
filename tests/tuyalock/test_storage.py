"""What is stored comes back as it was, or is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
import json
from typing import Any, ClassVar

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Age,
    Alarm,
    Doorbell,
    Duress,
    LockState,
    Record,
    Source,
    Unlock,
    Value,
    When,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.storage import dump, load


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Leaf:
    kind: ClassVar[Colour] = Colour.GREEN
    size: int


@dataclass(frozen=True)
class Fruit:
    kind: ClassVar[Colour] = Colour.RED
    size: int
    taste: str | None = None


type Part = Leaf | Fruit


@dataclass(frozen=True, kw_only=True)
class Tree:
    name: str
    height: float = 0.0
    level: Level = Level.LOW
    colours: frozenset[Colour] = frozenset()
    range: tuple[int, int] | None = None
    parts: tuple[Part, ...] = ()
    years: list[int] = field(default_factory=list)
    values: Mapping[str, Value] = field(default_factory=dict)
    by_number: Mapping[int, Leaf] = field(default_factory=dict)
    anything: Any = None


@dataclass(frozen=True)
class Cart:
    load: Leaf | int | None


def stored(value: Any) -> Any:
    """Return the JSON form of a value, as it is read from a file."""
    return json.loads(json.dumps(dump(value), allow_nan=False))


def refused(type_: Any, data: Any) -> None:
    """Check that a stored form is refused."""
    with pytest.raises(ValueError, match=r".+"):
        load(type_, data)


# There and back

TREE = Tree(
    name="oak",
    height=7.5,
    colours=frozenset(Colour),
    range=(1, 2),
    parts=(Leaf(3), Fruit(3), Fruit(4, "sour")),
    years=[1990, 1991],
    values={"a": True, "b": 1, "c": "1"},
    by_number={7: Leaf(1), 10: Leaf(2)},
    anything={"x": [1, None]},
)


@pytest.mark.parametrize("tree", [TREE, Tree(name="ash")])
def test_what_is_stored_comes_back(tree: Tree) -> None:
    again = load(Tree, stored(tree))
    assert again == tree
    assert [type(part) for part in again.parts] == [type(part) for part in tree.parts]
    assert [type(value) for value in again.values.values()] == [
        type(value) for value in tree.values.values()
    ]
    assert type(again.level) is Level
    assert all(type(colour) is Colour for colour in again.colours)


def test_the_stored_form_is_plain_json() -> None:
    assert stored(TREE) == {
        "name": "oak",
        "height": 7.5,
        "level": 1,
        "colours": ["green", "red"],
        "range": [1, 2],
        "parts": [
            {"kind": "green", "size": 3},
            {"kind": "red", "size": 3, "taste": None},
            {"kind": "red", "size": 4, "taste": "sour"},
        ],
        "years": [1990, 1991],
        "values": {"a": True, "b": 1, "c": "1"},
        "by_number": {
            "7": {"kind": "green", "size": 1},
            "10": {"kind": "green", "size": 2},
        },
        "anything": {"x": [1, None]},
    }


times = st.floats(0, 4e9)
unlocks = st.builds(
    Unlock, st.sampled_from(["card", "other"]), st.none() | st.integers(0, 999), st.none()
)
happened = (
    unlocks
    | st.builds(Alarm, st.sampled_from(["pry", "other"]))
    | st.builds(Doorbell)
    | st.builds(Duress, st.none() | unlocks)
)
journal_records = st.builds(
    Record,
    id=st.integers(1, 10**8),
    event=happened,
    when=st.builds(When, times, st.none() | times, st.none() | times),
    source=st.sampled_from(Source),
    age=st.none() | st.sampled_from(Age),
    delivered=st.booleans(),
    confirmed=st.booleans(),
    unlock_id=st.none() | st.integers(1, 10**8),
)
integers = st.integers(-(2**31), 2**31)
texts = st.text(st.characters(exclude_characters="\0"), max_size=5)
dps = st.builds(
    Dp,
    texts,
    st.sampled_from(DpType),
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | st.tuples(integers, integers),
    integers,
    texts,
)


@given(journal_records)
@settings(deadline=None, max_examples=100)
def test_every_record_comes_back(record: Record) -> None:
    again = load(Record, stored(record))
    assert again == record
    assert type(again.event) is type(record.event)
    if isinstance(record.event, Duress):
        # Not compared, as it is the same duress whoever reports it.
        assert again.event.unlock == record.event.unlock


@given(st.dictionaries(st.integers(0, 200), dps, max_size=3))
@settings(deadline=None, max_examples=50)
def test_every_table_comes_back(table: dict[int, Dp]) -> None:
    assert load(Mapping[int, Dp], stored(table)) == table


# Other versions


def test_fields_that_only_other_versions_have_are_ignored() -> None:
    assert load(Tree, {"name": "oak", "weight": 7}) == Tree(name="oak")


def test_a_field_without_a_default_must_be_there() -> None:
    with pytest.raises(ValueError, match="Tree lacks name"):
        load(Tree, {"height": 1.0})


def test_a_whole_number_is_a_float_too() -> None:
    height = load(Tree, {"name": "oak", "height": 7}).height
    assert (height, type(height)) == (7.0, float)


# Wrong shapes


@pytest.mark.parametrize("data", [None, [], "oak", 7, True])
def test_what_is_no_mapping_is_no_dataclass(data: Any) -> None:
    refused(Tree, data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", None),
        ("name", 7),
        ("height", "7"),
        ("height", True),
        ("height", None),
        ("level", 2),
        ("level", "1"),
        ("level", []),
        ("level", {}),
        ("colours", "red"),
        ("colours", ["blue"]),
        ("colours", [["red"]]),
        ("colours", {"red": 1}),
        ("range", [1]),
        ("range", [1, 2, 3]),
        ("range", [1, None]),
        ("range", 1),
        ("parts", None),
        ("parts", {}),
        ("parts", [{"size": 3}]),
        ("parts", [{"kind": "blue", "size": 3}]),
        ("parts", [{"kind": ["red"], "size": 3}]),
        ("parts", [{"kind": "red"}]),
        ("parts", [{"kind": "red", "size": "3"}]),
        ("parts", [7]),
        ("years", [1990.5]),
        ("years", [True]),
        ("values", []),
        ("values", {"a": None}),
        ("values", {"a": 1.5}),
        ("values", {"a": []}),
        ("by_number", {"x": {"size": 1}}),
        ("by_number", {"1": None}),
        ("by_number", [1]),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    refused(Tree, stored(TREE) | {name: value})


@pytest.mark.parametrize("data", ["7", 7.0, True, {"kind": "red", "size": 3}, {"kind": "green"}])
def test_of_several_types_one_has_to_fit(data: Any) -> None:
    refused(Cart, {"load": data})


@pytest.mark.parametrize("load_", [None, 7, Leaf(3)])
def test_of_several_types_the_first_that_fits_is_taken(load_: Leaf | int | None) -> None:
    assert load(Cart, stored(Cart(load_))) == Cart(load_)


def test_the_only_type_that_is_possible_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="str expected"):
        load(Fruit, {"size": 3, "taste": 7})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Tree.__annotations__, "kind", "size"]), inner)
    ),
    max_leaves=12,
)


@given(
    json_values
    | st.fixed_dictionaries(
        {"name": st.just("oak")},
        optional=dict.fromkeys(("parts", "by_number", "values", "range", "colours"), json_values),
    )
)
@settings(deadline=None, max_examples=200)
def test_whatever_is_stored_is_read_or_refused(data: Any) -> None:
    for type_ in (Tree, Record, LockState, Mapping[int, Dp], tuple[Part, ...], Part):
        try:
            value = load(type_, data)
        except ValueError:
            continue
        assert load(type_, stored(value)) == value
