"""DP tables of the families, and products that are known."""

import pytest

from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import (
    OTHERS,
    PRODUCTS,
    PROFILES,
    DpType,
    Family,
    family_of,
    is_lock,
)
from tests.devices import Model, load

A, B, C, D, E = Family


@pytest.mark.parametrize("family", list(Family))
def test_no_two_ids_have_one_code(family: Family) -> None:
    codes = [dp.code for dp in PROFILES[family].values()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("family", "code", "id_"),
    [
        (A, "reply_unlock_request", 10),
        (A, "remote_no_dp_key", None),
        (B, "arming_switch", 10),
        (B, "remote_no_pd_setkey", 49),
        (B, "remote_no_dp_key", 50),
        (B, "reply_unlock_request", None),
        (None, "remote_no_dp_key", 50),
        (D, "remote_no_pd_setkey", 8),
        (D, "remote_no_dp_key", 9),
        (D, "unlock_request", None),
        (D, "unlock_phone_remote_kit", 22),
        (C, "remote_no_pd_setkey", 60),
        (C, "remote_no_dp_key", 61),
        (E, "remote_no_pd_setkey", 9),
        (E, "remote_no_dp_key", 10),
    ],
)
def test_the_ids_that_matter_most(family: Family | None, code: str, id_: int | None) -> None:
    ids = {dp.code: id_ for id_, dp in PROFILES[family or B].items()}
    assert ids.get(code) == id_


@pytest.mark.parametrize("model", load(), ids=lambda model: model.name)
def test_the_tables_are_those_of_the_models_that_were_published(model: Model) -> None:
    """A model of a family has what its family has, but for its own DPs."""
    if (family := family_of(model.codes.keys())) is None or "guessed" in model.guessed:
        return
    table, other = PROFILES[family], OTHERS.get(family, {})
    for dp in model.dps:
        codes = {one.code for one in (table.get(dp.id), other.get(dp.id)) if one}
        assert not codes or dp.code in codes or (model.name, dp.id) in ODD


ODD: set[tuple[str, int]] = set()
"""DPs that a model has elsewhere than its family."""


def test_what_travels_as_base64_is_raw() -> None:
    for table in PROFILES.values():
        for dp in table.values():
            raw = dp.code.endswith(("_kit", "_key", "_setkey")) and dp.code != "unlock_key"
            raw |= dp.code.startswith(("update_all_", "unlock_offline_", "unlock_method_"))
            assert not raw or dp.type is DpType.RAW, dp.code


def test_each_model_with_a_product_id_is_known() -> None:
    for model in load():
        if model.product_id:
            facts = PRODUCTS[model.product_id]
            assert facts.category == model.category
            assert facts.family is family_of(model.codes.keys()) or facts.family is B


@pytest.mark.parametrize("family", Family)
def test_codes_show_the_family_that_has_them(family: Family) -> None:
    assert family_of({dp.code for dp in PROFILES[family].values()}) is family


@pytest.mark.parametrize(
    ("codes", "family"),
    [
        # A keypad has no fingerprint reader.
        ({"unlock_password_kit", "remote_no_dp_key"}, D),
        ({"lock_alarm_kit"}, D),
        ({"remote_no_dp_key", "unlock_request", "unlock_double_kit"}, B),
        # A Wi-Fi lock Pro whose product has codes of Bluetooth locks above 100.
        ({"remote_no_dp_key", "unlock_request", "unlock_method_create"}, B),
        ({"remote_no_dp_key"}, B),
        ({"remote_no_dp_key", "unlock_ble"}, C),
        ({"unlock_ble", "residual_electricity"}, C),
        ({"remote_no_dp_key", "link_mode", "battery_percentage"}, E),
        ({"unlock_fingerprint", "open_close", "remote_no_dp_key"}, None),
        ({"reply_unlock_request", "unlock_request"}, A),
    ],
)
def test_codes_show_a_family_by_what_only_it_has(codes: set[str], family: Family | None) -> None:
    assert family_of(codes) is family


@pytest.mark.parametrize("codes", [set[str](), {"unlock_fingerprint"}])
def test_codes_without_a_way_to_open_remotely_show_no_family(codes: set[str]) -> None:
    assert family_of(codes) is None


@pytest.mark.parametrize(
    ("category", "product_id", "lock"),
    [
        ("ms", "something", True),
        ("jtmspro", "something", True),
        ("dj", next(iter(PRODUCTS)), True),
        ("dj", "something", False),
        ("", "", False),
    ],
)
def test_a_lock_is_known_by_its_category_or_its_product_id(
    category: str, product_id: str, lock: bool
) -> None:
    assert is_lock(category, product_id) is lock
