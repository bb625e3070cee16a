"""What is known of a lock's product, and what its reports prove."""

import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import PRODUCTS, Family, Reader, Report, Source
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.product import Product
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

NOW = 1_700_000_000.0
A, B, C, D, E = Family
KIT = "AAAAAwAA"
PRODUCT_OF_B = next(id_ for id_, facts in PRODUCTS.items() if facts.family is B)
MODEL = {
    1: Dp("unlock_fingerprint", DpType.INTEGER),
    50: Dp("remote_no_dp_key", DpType.RAW, writable=True),
    49: Dp("remote_no_pd_setkey", DpType.RAW, writable=True),
    61: Dp("beep_volume", DpType.STRING, writable=True, options=("mute", "low")),
    62: Dp("auto_lock_time", DpType.INTEGER, True, range=(1, 60), step=5, unit="s"),
    68: Dp("automatic_lock", DpType.BOOLEAN),
}


def push(dps: dict[int | str, Any], source: Source = Source.LAN) -> Report:
    items = tuple(Item(dp, value) for dp, value in dps.items())
    return Report(source=source, received=NOW, items=items)


def answer(dps: dict[int | str, Any]) -> Report:
    items = tuple(Item(dp, value) for dp, value in dps.items())
    return Report(source=Source.LAN, received=NOW, items=items, is_answer=True)


def observed(product: Product, report: Report) -> dict[str, Any]:
    return {one.code: one.value for one in product.observe(report)}


def again(product: Product) -> Product:
    """Return a product after a restart."""
    return Product(json.loads(json.dumps(dump(product.stored), allow_nan=False)))


@pytest.mark.parametrize("stored", [None, {}, {"chosen": []}, {"something": "else"}])
def test_at_first_nothing_is_known(stored: dict[str, Any] | None) -> None:
    product = Product(stored)
    assert (product.family, product.product_id, product.answers_partly) == (None, None, None)
    assert (product.reported, product.changeable) == (frozenset(), {})
    assert (product.opens_remotely, product.alarm_bits) == (None, False)
    assert (product.table, product.heard.dps) == ({}, {})
    assert not product.kind_unclear
    assert not product.stays_connected


def test_everything_survives_a_restart() -> None:
    product = Product()
    product.identify("some_product")
    product.observe(push({49: "AAAB", 12: 90, 55: False, 8: 4}))
    product.observe(answer({12: 90}))
    product.learn_from_account("other product", {77: Dp("unlock_iris", DpType.RAW)}, None)
    product.learn(MODEL)
    same = again(product)
    assert dump(same.stored) == dump(product.stored)
    assert (same.family, same.product_id) == (B, "some_product")
    assert (same.answers_partly, same.alarm_bits) == (True, True)
    assert same.table == MODEL
    assert (
        same.changeable
        == product.changeable
        == {
            "beep_volume": MODEL[61],
            "auto_lock_time": MODEL[62],
        }
    )
    assert same.reported == product.reported


@pytest.mark.parametrize("family", Family)
def test_a_table_of_an_account_survives_a_restart(family: Family) -> None:
    product = Product()
    product.learn_from_account("some_product", PROFILES[family] | {77: MODEL[61]}, family)
    assert again(product).table == product.table == PROFILES[family] | {77: MODEL[61]}


@pytest.mark.parametrize(
    "stored",
    [
        {"chosen": ["F"]},
        {"shown": {"1": "A"}},
        {"shown": {"x": ["A"]}},
        {"link_mode": "Keep"},
        {"answers_partly": 1},
        {"table": []},
        {"product_id": 7},
        {"table": {"x": {"code": "beep_volume", "type": "string"}}},
        {"table": {"1": {"code": "beep_volume", "type": "text"}}},
        {"table": {"1": {"type": "string"}}},
    ],
)
def test_of_a_stored_product_the_rest_is_read(stored: dict[str, Any]) -> None:
    reader = Reader()
    product = Product({"reported": ["doorbell"], **stored}, reader)
    assert dump(product.stored) == dump(Product({"reported": ["doorbell"]}).stored)
    assert reader.unread == {"product": 1}


def test_of_a_stored_table_the_rows_that_can_be_read_are_read() -> None:
    reader = Reader()
    rows = {str(id_): row for id_, row in PROFILES[B].items()}
    product = Product({"table": {**dump(rows), "25": {}, "x": 7}}, reader)
    assert product.table == {id_: dp for id_, dp in PROFILES[Family.B].items() if id_ != 25}
    assert reader.unread == {"product": 2}


def test_a_report_gives_its_values_by_code_and_shows_the_family() -> None:
    product = Product()
    assert observed(product, push({12: 80, 77: 1})) == {}
    assert observed(product, push({9: 30, 12: 80, 77: 1})) == {
        "unlock_request": 30,
        "residual_electricity": 80,
    }
    assert product.family is None
    product = Product()
    assert observed(product, push({35: "AQAB"})) == {}
    assert observed(product, push({11: KIT, 35: "AQAB"})) == {
        "unlock_password_kit": 3,
        "closed_opened": "open",
    }
    assert product.family is D


def test_what_is_proven_survives_a_restart() -> None:
    product = Product()
    product.observe(push({8: "AAAB", 11: KIT, 16: KIT}))
    assert observed(again(product), push({35: "AQAB"})) == {"closed_opened": "open"}


def test_an_integer_on_dp_1_to_5_is_an_unlock_whatever_is_guessed() -> None:
    for chosen in ([], [A], [C], [D], [E], [A, B]):
        product = Product({"chosen": chosen})
        assert observed(product, push({1: 3, 5: 7})) == {"unlock_fingerprint": 3, "unlock_card": 7}


@pytest.mark.parametrize("by_account", [False, True])
def test_the_product_s_own_table_counts_and_no_guess(by_account: bool) -> None:
    product = Product()
    if by_account:
        product.learn_from_account("some_product", MODEL, B)
    else:
        product.learn(MODEL)
    product.observe(push({10: KIT, 11: KIT, 12: KIT, 16: KIT}))
    assert product.family is B
    assert {id_: product.table[id_] for id_ in MODEL} == MODEL
    assert observed(product, push({1: KIT})) == {}


def test_codes_show_no_family() -> None:
    product = Product()
    assert observed(product, push({"unlock_fingerprint": 3}, Source.ACCOUNT)) == {
        "unlock_fingerprint": 3
    }
    assert product.family is None


def test_a_product_id_counts_more_than_reports_and_the_owner() -> None:
    product = Product()
    product.identify(None)
    assert (product.product_id, product.family) == (None, None)
    product.choose(frozenset({D}))
    product.observe(push({10: KIT, 11: KIT}))
    product.identify(PRODUCT_OF_B)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, B)


def test_the_owner_s_answer_counts_more_than_reports_and_less_than_a_table() -> None:
    product = Product()
    product.observe(push({1: 3, 16: True}))
    product.choose(frozenset({C}))
    assert again(product).family is product.family is C
    assert observed(product, push({12: 3, 8: 85})) == {
        "unlock_fingerprint": 3,
        "residual_electricity": 85,
    }
    product.learn_from_account("some_product", PROFILES[D], D)
    assert product.family is D
    product.learn(dict(PROFILES[E]))
    assert product.family is E


def test_what_an_account_knows_counts_more_than_the_catalogue() -> None:
    product = Product()
    product.learn_from_account(PRODUCT_OF_B, {}, None)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, B)
    product.learn_from_account("other product", {}, D)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, D)
    product = Product()
    own = Dp("beep_volume", DpType.STRING)
    product.learn_from_account(PRODUCT_OF_B, {61: own}, None)
    # What the account has there is not left to the family.
    assert product.table == {61: own}
    product.learn_from_account(PRODUCT_OF_B, {77: own}, None)
    assert product.table == PROFILES[B] | {77: own}
    product.learn_from_account(PRODUCT_OF_B, {}, None)
    assert product.table == PROFILES[B] | {77: own}


def test_an_account_s_table_of_no_family_stands_alone() -> None:
    product = Product()
    table = {1: Dp("beep_volume", DpType.STRING)}
    product.learn_from_account("some product", table, None)
    assert (product.product_id, product.table) == (None, table)


def test_a_product_like_no_other_has_the_table_of_the_catalogue() -> None:
    product = Product()
    product.identify("DZSslz0mNTW0jgF4")
    assert observed(product, push({101: True, 15: 1})) == {
        "lock_motor_state": False,
        "unlock_app": 1,
    }
    assert (product.family, product.stays_connected) == (None, True)


# What was not understood


def test_what_is_not_understood_is_counted() -> None:
    product = Product()
    product.observe(push({12: 85, 101: "AQ==", 1: 3}))
    product.observe(push({101: True, 16: None, 250: None}))
    product.observe(push({"mood": 3}, Source.ACCOUNT))
    found = {dp: (one.type, one.unread) for dp, one in product.heard.dps.items() if one.unread}
    assert found == {
        101: ("boolean", 2),
        16: ("other", 1),
        250: ("other", 1),
        "mood": ("integer", 1),
    }


def test_a_door_lock_by_its_owner_may_open_in_either_way() -> None:
    product = Product()
    product.choose(frozenset({A, B}))
    assert (product.family, product.opens_remotely, product.table_source) == (None, True, "owner")
    assert (product.takes_keys, product.may_reply) == (True, True)
    assert observed(product, push({12: 85})) == {"residual_electricity": 85}
    product.learn_reply()
    assert again(product).family is product.family is A
    product.choose(frozenset({D}))
    assert product.family is D


def test_the_owner_is_asked_about_reports_that_nobody_can_read() -> None:
    product = Product()
    for value in (85, 84, 83):
        assert not product.kind_unclear
        product.observe(push({12: value}))
    assert product.kind_unclear
    product.choose(frozenset({C}))
    assert not product.kind_unclear


@pytest.mark.parametrize("proof", [{1: 3}, {9: 60}, {13: 3}, {10: KIT}])
def test_nobody_is_asked_once_it_is_proven(proof: dict[int | str, Any]) -> None:
    product = Product()
    for value in (85, 84, 83):
        product.observe(push({12: value}))
    product.observe(push(proof))
    assert not product.kind_unclear


# How it opens, and if it stays


def test_only_a_lock_that_takes_remote_keys_shows_that_it_is_one_of_them() -> None:
    product = Product()
    product.observe(push({1: 3, 10: False}))
    assert (product.family, product.takes_keys, product.may_reply) == (None, True, True)
    assert not product.replies
    assert (product.id_of("remote_no_dp_key"), product.id_of("reply_unlock_request")) == (50, 10)
    product.observe(push({49: "AAAB"}))
    assert (product.family, product.takes_keys, product.may_reply) == (B, True, False)


def test_a_lock_that_opened_by_a_reply_is_of_the_older_family() -> None:
    product = Product()
    product.observe(push({9: 60}))
    product.learn_reply()
    assert (product.family, product.takes_keys, product.replies) == (A, False, True)
    assert again(product).family is A


@pytest.mark.parametrize(
    ("family", "set_key", "use_key"), [(B, 49, 50), (C, 60, 61), (D, 8, 9), (E, 9, 10)]
)
def test_the_ids_of_the_keys_are_those_of_the_table(
    family: Family, set_key: int, use_key: int
) -> None:
    product = Product({"chosen": [family]})
    ids = product.id_of("remote_no_pd_setkey"), product.id_of("remote_no_dp_key")
    assert ids == (set_key, use_key)
    own = {set_key: Dp("remote_no_dp_key", DpType.RAW)}
    product.learn(own)
    assert (product.id_of("remote_no_dp_key"), product.takes_keys) == (set_key, False)


def test_nothing_is_written_against_what_was_heard() -> None:
    product = Product()
    product.observe(push({9: "AAAB"}))
    assert (product.takes_keys, product.may_reply) == (False, False)


@pytest.mark.parametrize(
    ("reports", "stays"),
    [
        ([{12: KIT}], True),
        ([{1: 3}], False),
        ([{12: KIT}, {1: 3}, {16: True}], False),
        ([{11: "keep"}], True),
        ([{11: "lock_keep"}], True),
        ([{11: "keep"}, {11: "sleep"}], False),
        ([{11: "high"}], False),
    ],
)
def test_a_lock_stays_only_if_that_is_proven(
    reports: list[dict[int | str, Any]], stays: bool
) -> None:
    product = Product()
    for report in reports:
        product.observe(push(report))
    assert product.stays_connected is stays
    assert again(product).stays_connected is stays


@pytest.mark.parametrize(
    ("reports", "partly"),
    [
        ([], None),
        ([push({12: 90, 13: True})], None),
        ([answer({12: 90})], None),
        ([push({12: 90, 13: True}), answer({})], None),
        ([push({12: 90, 13: True}), answer({12: 90})], True),
        ([push({12: 90, 13: True}), answer({1: 3})], True),
        ([push({12: 90, 13: True}), answer({12: 90, 13: True, 1: 3})], False),
        ([push({12: 90, 13: True}), push({12: 80})], None),
        ([push({1: 3}), answer({12: 90})], None),
        ([push({12: 90, 1: 3}), answer({13: True}), answer({12: 9, 13: True})], False),
        ([push({12: 90, 1: 3}), answer({12: 9}), answer({1: 3})], True),
        ([push({12: 90}, Source.ACCOUNT), answer({1: 3})], None),
    ],
)
def test_answers_show_if_they_are_all_or_what_has_changed(
    reports: list[Report], partly: bool | None
) -> None:
    product = Product()
    for report in reports:
        product.observe(report)
    assert product.answers_partly is partly


def test_what_the_lock_itself_has_reported_is_known() -> None:
    product = Product()
    product.observe(push({"unlock_fingerprint": 3}, Source.CLOUD))
    assert product.reported == frozenset()
    product.observe(push({5: 3, 99: 1}))
    assert product.reported == {"unlock_card"}


@pytest.mark.parametrize(
    ("family", "table", "opens"),
    [
        (None, {}, None),
        (A, {}, True),
        (D, {}, True),
        (B, {1: Dp("unlock_fingerprint", DpType.INTEGER)}, False),
        (None, {50: Dp("remote_no_pd_setkey", DpType.RAW)}, True),
    ],
)
def test_the_table_or_the_family_shows_if_it_opens_remotely(
    family: Family | None, table: dict[int, Dp], opens: bool | None
) -> None:
    product = Product({"chosen": [family]})
    if table:
        product.learn(table)
    assert product.opens_remotely is opens
    assert again(product).opens_remotely is opens


def test_alarms_are_bits_if_the_lock_has_sent_such_or_else_by_its_table() -> None:
    product = Product()
    product.learn({8: Dp("alarm_lock", DpType.INTEGER)})
    assert product.alarm_bits
    product.observe(answer({8: "pry"}))
    assert product.alarm_bits
    product.observe(push({8: "pry"}))
    assert not product.alarm_bits
    product.observe(push({8: 4}))
    assert product.alarm_bits
