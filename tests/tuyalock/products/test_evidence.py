"""How a lock whose product is not known gives its family away by what it reports."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType, Family
from custom_components.tuya_wifi_lock.tuyalock.products.evidence import Evidence, agreed, completed

A, B, C, D, E = Family
DOOR = {A, B}
ALL = set(Family)
KIT = "AAAAAwAA"


def leading(*reports: Mapping[int, Any]) -> set[Family]:
    """Return the families that reports speak for most."""
    evidence = Evidence({}, replied=False)
    for report in reports:
        evidence.learn([Item(id_, value) for id_, value in report.items()])
    return set(evidence.leading)


@pytest.mark.parametrize(
    ("report", "families"),
    [
        ({}, ALL),
        ({250: True, "mood": 3}, ALL),
        ({101: True, 104: "AQE="}, ALL),
        ({1: 3}, DOOR),
        ({4: 1}, DOOR),
        ({9: 60}, DOOR),
        ({8: "pry"}, DOOR),
        ({8: "08"}, DOOR),
        ({8: 256}, DOOR),
        ({8: "word"}, ALL),
        ({11: "medium"}, DOOR),
        ({16: True}, DOOR),
        ({25: "AQI="}, DOOR),
        ({32: "MDEyMzQ1Njc4OWFiY2RlZg=="}, DOOR),
        ({55: True}, DOOR),
        ({10: False}, DOOR),
        ({49: "AAAB"}, {B}),
        ({50: "AAAB4X8="}, {B}),
        # Several have something else there in the same form
        ({8: 100}, DOOR | {C}),
        ({12: 3}, DOOR | {C}),
        ({15: 2}, DOOR | {C}),
        ({12: 85, 15: 1, 8: 2}, DOOR | {C}),
        ({47: True}, DOOR | {C}),
        ({17: True}, DOOR | {C}),
        ({45: 85}, DOOR | {E}),
        ({63: 3}, {C, E}),
        ({1: "Af8BAAIABwAAAAs="}, {C, D}),
        ({9: "AAAB"}, {D, E}),
        ({35: "AQAB"}, {C, D}),
        ({35: "word"}, DOOR),
        ({35: "no bytes"}, ALL),
        # Bluetooth numbering
        ({13: 3}, {C}),
        ({21: "pry"}, {C}),
        ({9: "medium"}, {C}),
        ({12: 300}, {C}),
        # Access controls
        ({8: "AAAB"}, {D}),
        ({9: "AAACLWU="}, {D}),
        ({10: KIT}, {D}),
        ({11: KIT}, {D}),
        ({26: "low"}, {D}),
        ({30: True, 31: 5}, {D}),
        # Video locks
        ({10: "AAAB4X8="}, {E}),
        ({11: "sleep"}, {E}),
        ({11: "inactive"}, {E}),
        ({53: True}, {E}),
        # What nobody has shows nothing
        ({12: "?"}, ALL),
        ({8: "some text"}, ALL),
        ({9: 1000, 11: None, 13: 3.0}, ALL),
        ({25: "AQ=="}, ALL),
    ],
)
def test_a_report_speaks_for_those_that_have_it_so(
    report: dict[int, Any], families: set[Family]
) -> None:
    assert leading(report) == families


@pytest.mark.parametrize(
    ("reports", "families"),
    [
        (({8: 100}, {12: 3}, {13: 3}), {C}),
        (({8: 100}, {12: 85}, {5: 3}), DOOR),
        (({10: True}, {49: "AAAB"}), {B}),
        (({9: "AAAB"}, {10: "AAAB4X8="}, {11: "keep"}), {E}),
        (({9: "AAAB"}, {10: KIT}), {D}),
        (({1: "Af8BAAIABwAAAAs="}, {11: KIT}), {D}),
        # Once wrong, and outvoted
        (({35: "AQAB"}, {22: "AAAAAgAA"}, {1: 3}, {9: 60}, {16: True}), DOOR),
    ],
)
def test_what_is_heard_is_counted_in_any_order(
    reports: tuple[dict[int, Any], ...], families: set[Family]
) -> None:
    for order in permutations(reports):
        assert leading(*order) == families


def test_a_value_counts_once_for_its_dp() -> None:
    assert leading({1: 3}, {1: 4}, {1: 3}, {10: KIT}, {11: KIT}, {16: KIT}) == {D}


def test_what_a_dp_has_shown_stays_while_it_fits() -> None:
    assert leading({12: 300}, {12: 85}) == {C}
    assert leading({12: 300}, {12: KIT}) == {D}


def test_evidence_survives() -> None:
    evidence = Evidence({}, replied=False)
    evidence.learn([Item(1, 3), Item(12, 85)])
    again = Evidence({**evidence.shown, 250: frozenset({A})}, replied=True)
    assert again.shown == evidence.shown
    assert (again.leading, again.proven) == ({A}, True)
    assert (evidence.leading, evidence.proven) == ({A, B}, True)


def test_a_door_lock_that_opened_by_a_reply_is_of_the_older_family() -> None:
    evidence = Evidence({}, replied=False)
    evidence.learn([Item(9, 60)])
    evidence.learn_reply()
    assert evidence.leading == {A}
    evidence.learn([Item(49, "AAAB"), Item(50, "AAAB4X8=")])
    assert evidence.leading == {B}


def test_only_what_all_have_alike_is_agreed() -> None:
    both = agreed(frozenset(DOOR))
    assert both[12][0].code == "residual_electricity"
    assert both[49][0].code == "remote_no_pd_setkey"
    assert 10 not in both
    assert not {8, 12, 15, 47} & agreed(frozenset({A, B, C})).keys()
    # A product's own DPs are those of a family only once it is certain.
    assert 101 not in agreed(frozenset({D, E}))
    assert [dp.code for dp in agreed(frozenset({D}))[105]] == ["doorsensor_alarm", "unlock_ble"]


def test_a_table_is_completed_by_the_family_that_numbers_alike() -> None:
    card = Dp("unlock_card", DpType.INTEGER)
    rows = completed({5: card, 77: Dp("mood", DpType.STRING)}, None)
    assert (rows[5], rows[77]) == ((card,), (Dp("mood", DpType.STRING),))
    assert rows[12][0].code == "residual_electricity"
    assert 10 not in rows
    assert completed({5: card}, A)[10][0].code == "reply_unlock_request"


def test_a_table_of_its_own_is_completed_by_none() -> None:
    table = {12: Dp("unlock_card", DpType.INTEGER), 1: Dp("unlock_fingerprint", DpType.INTEGER)}
    assert (
        completed(table, B) == completed(table, None) == {id_: (dp,) for id_, dp in table.items()}
    )
    # A code that it has elsewhere is not taken from the family as well.
    rows = completed({77: Dp("residual_electricity", DpType.INTEGER)}, B)
    assert 12 not in rows
    assert rows[11][0].code == "battery_state"
