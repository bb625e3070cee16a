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
A, B, D = Family.A, Family.B, Family.D
PRODUCT_OF_B = next(id_ for id_, family in PRODUCTS.items() if family is B)
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
    return Product(json.loads(json.dumps(product.as_dict(), allow_nan=False)))


@pytest.mark.parametrize("stored", [None, {}, {"family": None}, {"something": "else"}])
def test_at_first_nothing_is_known(stored: dict[str, Any] | None) -> None:
    product = Product(stored)
    assert (product.family, product.product_id, product.answers_partly) == (None, None, None)
    assert (product.reported, product.changeable) == (frozenset(), {})
    assert (product.opens_remotely, product.alarm_bits) == (None, False)
    assert product.table == PROFILES[B]


def test_everything_survives_a_restart() -> None:
    product = Product()
    product.identify("some_product")
    product.observe(push({49: "AAAB", 12: 90, 55: False, 8: 4}))
    product.observe(answer({12: 90}))
    product.learn_from_account("other product", {77: Dp("unlock_iris", DpType.RAW)}, None)
    product.learn(MODEL)
    same = again(product)
    assert same.as_dict() == product.as_dict()
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
        {"family": "C"},
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
    assert product.as_dict() == Product({"reported": ["doorbell"]}).as_dict()
    assert reader.unread == {"product": 1}


def test_of_a_stored_table_the_rows_that_can_be_read_are_read() -> None:
    reader = Reader()
    rows = {str(id_): row for id_, row in Product().table.items()}
    product = Product({"table": {**dump(rows), "25": {}, "x": 7}}, reader)
    assert product.table == {id_: dp for id_, dp in PROFILES[Family.B].items() if id_ != 25}
    assert reader.unread == {"product": 2}


def test_a_report_gives_its_values_by_code_and_shows_the_family() -> None:
    product = Product()
    assert observed(product, push({9: 30, 12: 80, 77: 1})) == {
        "unlock_request": 30,
        "residual_electricity": 80,
    }
    assert product.family is None
    assert observed(product, push({35: "AQAB", 10: "AAAAAwAA"})) == {
        "closed_opened_kit": "AQAB",
        "unlock_fingerprint_kit": "AAAAAwAA",
    }
    assert product.family is D


def test_the_product_s_own_model_shows_the_family_better_than_a_report() -> None:
    product = Product()
    product.learn(MODEL)
    product.observe(push({10: True}))
    assert (product.family, product.table) == (B, MODEL)


def test_codes_show_no_family() -> None:
    product = Product()
    assert observed(product, push({"unlock_fingerprint": 3}, Source.ACCOUNT)) == {
        "unlock_fingerprint": 3
    }
    assert product.family is None


def test_a_product_id_shows_the_family_unless_known_better() -> None:
    product = Product()
    product.identify(None)
    assert (product.product_id, product.family) == (None, None)
    product.identify(PRODUCT_OF_B)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, B)
    product = Product({"family": "A"})
    product.identify(PRODUCT_OF_B)
    assert product.family is A


def test_what_an_account_knows_counts_where_nothing_better_is_known() -> None:
    product = Product()
    product.learn_from_account(PRODUCT_OF_B, {}, D)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, B)
    product.learn_from_account("other product", {}, D)
    assert (product.product_id, product.family) == (PRODUCT_OF_B, B)
    own = Dp("beep_volume", DpType.STRING)
    product.learn_from_account(PRODUCT_OF_B, {61: own, 1: own}, None)
    # A code that the family has elsewhere is left to the family.
    assert product.table == PROFILES[B] | {61: own}
    product.learn_from_account(PRODUCT_OF_B, {}, None)
    assert product.table == PROFILES[B] | {61: own}


def test_an_account_s_table_of_no_family_stands_alone() -> None:
    product = Product()
    table = {1: Dp("beep_volume", DpType.STRING)}
    product.learn_from_account("some_product", table, None)
    assert product.table == table


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
        ([push({12: 90}), answer({13: True}), answer({12: 9, 13: True})], False),
        ([push({12: 90}), answer({12: 9}), answer({1: 3})], True),
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
    product.observe(push({5: 3, 999: 1}))
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
    product = Product({"family": family})
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
