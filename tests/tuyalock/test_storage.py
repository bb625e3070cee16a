"""What is stored comes back as it was, or is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
import json
from typing import Annotated, Any, ClassVar

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Age,
    Alarm,
    LockState,
    Record,
    Source,
    Unlock,
    Value,
)
from custom_components.tuya_wifi_lock.tuyalock.models import (
    Between,
    Doorbell,
    Duress,
    Matching,
    OneOf,
    When,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.storage import Reader, dump, load


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


type Small = Annotated[int, Between(1, 3)]
type Primary = Annotated[str, OneOf({"red", "blue"})]
type Word = Annotated[str, Matching("[a-z]+")]


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
numbers = st.integers(-(2**31), 10**11 - 1)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
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
dps = st.builds(
    Dp,
    st.from_regex(r"[a-z0-9_]{1,64}", fullmatch=True),
    st.sampled_from(DpType),
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | st.tuples(numbers, numbers).map(sorted).map(tuple),
    st.integers(1, 10**6),
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


# Values that cannot occur


@pytest.mark.parametrize(
    ("type_", "data", "fits"),
    [
        (float, float("nan"), False),
        (float, float("inf"), False),
        (float, 1e12, False),
        (float, 10**400, False),
        (float, 10**11, False),
        (int, 10**11 - 1, True),
        (int, 10**11, False),
        (int, -(2**31), True),
        (int, -(2**31) - 1, False),
        (str, "x" * 255, True),
        (str, "x" * 256, False),
        (str, "a\0b", False),
        (Small, 3, True),
        (Small, 0, False),
        (Small, 4, False),
        (Small, "2", False),
        (Primary, "red", True),
        (Primary, "pink", False),
        (Word, "abc", True),
        (Word, "abc ", False),
    ],
)
def test_what_no_lock_can_say_is_refused(type_: Any, data: Any, fits: bool) -> None:
    if fits:
        assert load(type_, data) == data
    else:
        refused(type_, data)


# As far as it can be read


@dataclass(frozen=True)
class Garden:
    trees: tuple[Tree, ...] = ()
    names: frozenset[str] = frozenset()
    years: Mapping[int, Leaf] = field(default_factory=dict)
    size: int | None = 7
    range: tuple[int, int] = (0, 0)


GARDEN = Garden(
    (TREE, Tree(name="ash")), frozenset({"a", "b"}), {1: Leaf(1), 2: Leaf(2)}, 3, (1, 2)
)


def read(data: Any) -> tuple[Garden | None, int]:
    """Return what can be read of a garden, and how much cannot."""
    reader = Reader()
    garden = reader.read("garden", Garden, data)
    assert reader.unread.keys() <= {"garden"}
    return garden, reader.unread["garden"]


@pytest.mark.parametrize("garden", [Garden(), GARDEN])
def test_what_can_be_read_is_read_whole(garden: Garden) -> None:
    assert read(stored(garden)) == (garden, 0)
    assert read({}) == (Garden(), 0)


@pytest.mark.parametrize(
    ("changes", "garden", "lost"),
    [
        ({"size": "3"}, replace(GARDEN, size=7), 1),
        ({"range": [1, 2, 3]}, replace(GARDEN, range=(0, 0)), 1),
        ({"range": [1, None]}, replace(GARDEN, range=(0, 0)), 1),
        ({"names": ["a", 7, "c", None]}, replace(GARDEN, names=frozenset({"a", "c"})), 2),
        ({"names": "ab"}, replace(GARDEN, names=frozenset()), 1),
        ({"trees": [{"name": "ash"}, {}, 7]}, replace(GARDEN, trees=(Tree(name="ash"),)), 2),
        (
            {"years": {"1": {"size": 1}, "x": {"size": 2}, "3": None}},
            replace(GARDEN, years={1: Leaf(1)}),
            2,
        ),
        ({"years": [1]}, replace(GARDEN, years={}), 1),
        ({"size": "3", "names": 7}, replace(GARDEN, size=7, names=frozenset()), 2),
    ],
)
def test_what_cannot_be_read_costs_itself_alone(
    changes: dict[str, Any], garden: Garden, lost: int
) -> None:
    assert read(stored(GARDEN) | changes) == (garden, lost)


@pytest.mark.parametrize("data", [None, [], "oak", 7])
def test_what_is_nothing_like_it_is_lost_as_a_whole(data: Any) -> None:
    assert read(data) == (None, 1)
    reader = Reader()
    assert reader.read("garden", Garden, data, GARDEN) is GARDEN


def test_a_dataclass_that_must_be_whole_is_lost_as_a_whole() -> None:
    reader = Reader()
    assert reader.read("tree", Tree, stored(TREE) | {"height": "7"}) is None
    assert reader.read("tree", Tree, stored(TREE)) == TREE
    assert reader.unread == {"tree": 1}


def test_fields_that_are_known_and_can_be_read() -> None:
    reader = Reader()
    assert reader.known("leaf", Leaf, {"size": 3, "weight": 7}) == {"size": 3}
    assert reader.known("leaf", Leaf, {"size": "3"}) == {}
    assert reader.known("leaf", Leaf, None) == {}
    assert reader.unread == {"leaf": 1}
    assert reader.known("leaf", Leaf, [3]) == {}
    assert reader.unread == {"leaf": 2}


def test_parts_are_read_later() -> None:
    reader = Reader()
    parts = {"a": [1, {}], "b": None}
    assert reader.parts("all", parts) == parts
    assert reader.parts("all", None) == {}
    assert not reader.unread
    assert reader.parts("all", "ab") == {}
    assert reader.unread == {"all": 1}


def test_what_is_lost_elsewhere_is_counted_as_well() -> None:
    reader = Reader()
    reader.lose("records", 0)
    assert not reader.unread
    reader.lose("records", 3)
    reader.lose("records")
    assert reader.unread == {"records": 4}


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


@given(json_values | st.dictionaries(st.sampled_from([*Garden.__annotations__]), json_values))
@settings(deadline=None, max_examples=200)
def test_reading_as_far_as_possible_never_fails(data: Any) -> None:
    for type_ in (Garden, LockState, tuple[Record, ...], Mapping[int, Dp]):
        reader = Reader()
        value = reader.read("it", type_, data, GARDEN)
        if not reader.unread:
            assert load(type_, stored(value)) == value


def test_what_has_no_stored_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no stored form"):
        dump({"one": object()})
