"""What has changed of a stored form makes of the one before the one that is."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Reader, changes

forms = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner),
        max_leaves=9,
    ),
)


@given(known=forms, now=forms)
def test_a_form_is_the_one_before_with_its_changes(
    known: dict[str, Any], now: dict[str, Any]
) -> None:
    reader, news = Reader(), json.loads(json.dumps(changes(known, now)))
    assert reader.changed(known, news) == now
    assert changes(now, now) == {}
    assert set(reader.unread) <= {"file"}


def test_changes_name_only_what_is_new_or_gone() -> None:
    known = {"state": {"battery": 50, "heard": 1.0}, "records": {"1": {"age": None}, "2": {}}}
    now = {"state": {"battery": 50, "heard": 2.0}, "records": {"1": {"age": "live"}}}
    news = {"state": {"heard": 2.0}, "records": {"1": {"age": "live"}, "": ["2"]}}
    assert changes(known, now) == news


def test_what_is_gone_may_be_damaged() -> None:
    assert Reader().changed({"1": {}}, {"": 7, "2": {}}) == {"1": {}, "2": {}}


@pytest.mark.parametrize("known", [7, [], "x", {"state": 7}, {"state": []}])
def test_what_has_changed_counts_where_the_form_before_is_damaged(known: Any) -> None:
    reader = Reader()
    assert reader.changed(known, {"state": {"battery": 50}}) == {"state": {"battery": 50}}
    assert reader.unread == {"file": 1}
