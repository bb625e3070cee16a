"""The JSON inside the frames, in the shapes that locks send."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Report, Source
from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import (
    encode_json,
    parse_body,
    report_in,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from tests.simulator import bodies

AT = 1_700_000_000
RECEIVED = AT + 60.5


def parse(body: Any, *, is_answer: bool = False) -> Report | None:
    return read(json.dumps(body).encode(), is_answer=is_answer)


def read(payload: bytes, *, is_answer: bool = False) -> Report | None:
    """Read a payload that was received just now."""
    body = parse_body(payload)
    return None if body is None else report_in(body, RECEIVED, is_answer=is_answer)


def report(
    dps: dict[int, Any], times: dict[int, Any] | None = None, *, is_answer: bool = False
) -> Report:
    """Return the report of these values, with the lock's own times of some."""
    items = tuple(Item(id_, value, (times or {}).get(id_)) for id_, value in dps.items())
    return Report(source=Source.LAN, received=RECEIVED, items=items, is_answer=is_answer)


@pytest.mark.parametrize(
    ("body", "is_answer"),
    [
        pytest.param({"devId": "bf1", "dps": {"1": 3, "9": 26}}, False, id="3.1 and 3.3"),
        pytest.param({"devId": "bf1", "dps": {"1": 3, "9": 26}, "t": AT}, False, id="with a time"),
        pytest.param({"protocol": 4, "t": AT, "data": {"dps": {"1": 3, "9": 26}}}, False, id="3.4"),
        pytest.param({"dps": {"1": 3, "9": 26}, "type": "query"}, True, id="query"),
        pytest.param({"data": {"dps": {"1": 3, "9": 26}, "type": "query"}}, True, id="query 3.4"),
        pytest.param({"dps": {"1": 3, "9": 26}, "type": "other"}, False, id="other type"),
        pytest.param({"t": 162072, "data": {"dps": {"1": 3, "9": 26}, "t": 4}}, False, id="uptime"),
    ],
)
def test_every_shape_gives_the_values(body: dict[str, Any], is_answer: bool) -> None:
    assert parse(body) == report({1: 3, 9: 26}, is_answer=is_answer)
    assert parse(body, is_answer=True) == report({1: 3, 9: 26}, is_answer=True)


@pytest.mark.parametrize("text", [b"\xed\xa0\xbd\xed\xb8\x80", b"\xed\xa0\xbd", b"\\ud83d"])
def test_an_opening_is_not_lost_to_half_a_character_in_a_text_beside_it(text: bytes) -> None:
    found = read(b'{"dps":{"1":3,"63":"' + text + b'"}}')
    assert found
    assert found.items[0] == Item(1, 3)


@pytest.mark.parametrize("version", ["3.1", "3.3", "3.4", "3.5"])
def test_the_simulator_s_reports_are_understood(version: str) -> None:
    pushed = bodies.report(version, "bf1", {"1": 3}, sent=AT, times={"1": AT - 7})
    assert read(pushed) == report({1: 3}, {1: AT - 7})
    queried = bodies.report(version, "bf1", {"1": 3}, sent=None, query=True)
    assert read(queried) == report({1: 3}, is_answer=True)
    answer = bodies.answer(version, "bf1", {"1": 3})
    assert read(answer, is_answer=True) == report({1: 3}, is_answer=True)


def test_a_report_ends_at_its_first_nul() -> None:
    assert read(b'{"dps":{"1":3}}\0{"dps":{"1":4}}\xff') == report({1: 3})


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"json obj data unvalid",
        b"\xff\xfe{}",
        b"[]",
        b"7",
        b"null",
        b'"dps"',
        b"{}",
        b'{"dps":[1]}',
        b'{"dps":null}',
        b'{"data":7,"dps":{"1":3}}',
        b'{"data":{"dps":3}}',
        b'{"dps":{"1":3}',
        b"[" * 16_000,
    ],
)
def test_what_is_no_report_is_none(payload: bytes) -> None:
    assert read(payload) is None
    assert read(payload, is_answer=True) is None


@pytest.mark.parametrize("key", ["x", "", "-1", "1.0", " 1", "²", "1" * 6])
def test_what_is_no_dp_id_is_left_out(key: str) -> None:
    assert parse({"dps": {key: 1, "2": 5}}) == report({2: 5})


def test_an_id_too_long_for_python_is_left_out_as_well() -> None:
    assert parse({"dps": {"1" * 5000: 1}}) == report({})


@pytest.mark.parametrize(
    ("time", "believed"),
    [
        (AT, True),
        (1_500_000_001, True),
        (4_102_444_799, True),
        (1_500_000_000, False),
        (4_102_444_800, False),
        (4, False),
        (162_072, False),
        (0, False),
        (-AT, False),
        (AT * 1000, False),
        (float(AT), False),
        (str(AT), False),
        (True, False),
        (None, False),
    ],
)
def test_a_time_is_believed_if_it_can_be_one(time: object, believed: bool) -> None:
    parsed = parse({"dps": {"1": 3, "2": 4}, "t": {"1": time, "2": AT, "x": AT}})
    assert parsed == report({1: 3, 2: 4}, {1: time, 2: AT} if believed else {2: AT})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dps", "data", "t", "type", "1"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(json_values | st.fixed_dictionaries({"dps": json_values, "t": json_values}))
@settings(deadline=None, max_examples=150)
def test_no_json_raises_anything(body: object) -> None:
    parsed = parse(body)
    assert parsed is None or all(type(item.dp) is int for item in parsed.items)


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=60)
def test_no_bytes_raise_anything(payload: bytes) -> None:
    assert isinstance(read(payload), Report | None)


def test_bodies_are_compact() -> None:
    assert encode_json({"t": 1, "dps": {"1": "ä"}}) == b'{"t":1,"dps":{"1":"\\u00e4"}}'
