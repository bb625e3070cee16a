"""DP tables, and how a lock gives its family away."""

from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import (
    PRODUCTS,
    PROFILES,
    DpType,
    Family,
    dp_id,
    family_of,
    is_lock,
    recognise,
)

A, B, D = Family.A, Family.B, Family.D


@pytest.mark.parametrize(
    ("known", "dps", "family"),
    [
        # Nothing shows it
        (None, {}, None),
        (A, {}, A),
        (B, {}, B),
        (D, {}, D),
        (None, {1: 3, 12: 90, 8: "pry"}, None),
        (A, {1: 3, 12: 90, 9: 30}, A),
        (B, {1: 3, 12: 90, 9: 30}, B),
        (None, {10: 5}, None),
        (None, {10: None}, None),
        (None, {8: "AAAC"}, None),
        # Remote keys
        (None, {49: "AQAB"}, B),
        (None, {50: ""}, B),
        (A, {49: "AAAB"}, B),
        (D, {50: "AAAB"}, B),
        (D, {50: "AAAB", 10: True}, B),
        # An answer to a request
        (None, {10: False}, A),
        (None, {10: True}, A),
        (A, {10: True}, A),
        (B, {10: True}, B),
        (D, {10: False}, A),
        # Base64 where others have numbers
        (None, {9: "AAACLWU="}, D),
        (None, {10: "AAAAAwAA"}, D),
        (None, {12: "AAAAAwAA"}, D),
        (None, {22: "AAAAAgAA"}, D),
        (None, {35: "AQAB"}, D),
        (A, {10: "AAAAAwAA"}, D),
        (B, {35: "AQAB"}, D),
        # A change of mind about an access control
        (D, {1: 3}, None),
        (D, {2: 3}, None),
        (D, {3: 901}, None),
        (D, {5: 3}, None),
        (D, {9: 0}, None),
        (D, {12: 90}, None),
        (D, {15: 3}, D),
        (D, {30: True, 31: 5}, D),
    ],
)
def test_dps_give_the_family_away(
    known: Family | None, dps: dict[int, Any], family: Family | None
) -> None:
    assert recognise(known, dps) is family


def test_a_lock_that_never_understood_a_query_can_turn_out_to_be_a_door_lock() -> None:
    family: Family | None = D
    for dps in ({9: 60}, {1: 3}, {49: "AQAB"}, {10: True}):
        family = recognise(family, dps)
    assert family is B


@pytest.mark.parametrize("family", list(Family))
def test_a_code_is_found_by_its_id_and_back(family: Family) -> None:
    codes = [dp.code for dp in PROFILES[family].values()]
    assert len(codes) == len(set(codes))
    for id_, dp in PROFILES[family].items():
        assert dp_id(PROFILES[family], dp.code) == id_


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
    ],
)
def test_the_ids_that_matter_most(family: Family | None, code: str, id_: int | None) -> None:
    assert dp_id(PROFILES[family or B], code) == id_


# As the vendor's lists number them: Wi-Fi lock, Wi-Fi lock Pro, Wi-Fi access control.
COMMON = """
1 unlock_fingerprint, 2 unlock_password, 3 unlock_temporary, 4 unlock_dynamic, 5 unlock_card,
6 unlock_face, 7 unlock_key, 8 alarm_lock, 9 unlock_request, 11 battery_state,
12 residual_electricity, 13 reverse_lock, 14 child_lock, 15 unlock_app, 16 hijack, 17 open_inside,
18 closed_opened, 19 doorbell, 23 unlock_hand, 24 unlock_finger_vein, 25 update_all_finger,
26 update_all_password, 27 update_all_card,
"""
LISTS = {
    A: COMMON + "10 reply_unlock_request",
    B: COMMON
    + """
10 arming_switch, 28 update_all_face, 30 update_all_hand, 31 update_all_fin_vein,
32 unlock_offline_pd, 33 unlock_offline_clear, 44 unlock_double_kit, 49 remote_no_pd_setkey,
50 remote_no_dp_key, 55 lock_motor_state, 58 normal_open_switch, 68 automatic_lock,
69 auto_lock_time
""",
    D: """
8 remote_no_pd_setkey, 9 remote_no_dp_key, 10 unlock_fingerprint_kit, 11 unlock_password_kit,
12 unlock_card_kit, 15 unlock_key_kit, 16 unlock_temporary_kit, 17 unlock_dynamic_kit,
22 unlock_phone_remote_kit, 23 lock_alarm_kit, 24 doorbell_song_kit, 30 automatic_lock,
31 auto_lock_time, 35 closed_opened_kit
""",
}


@pytest.mark.parametrize("family", list(Family))
def test_the_tables_are_the_vendor_s_lists(family: Family) -> None:
    listed = [entry.split() for entry in LISTS[family].split(",")]
    assert {id_: dp.code for id_, dp in PROFILES[family].items()} == {
        int(id_): code for id_, code in listed
    }


def test_what_travels_as_base64_is_raw() -> None:
    for table in PROFILES.values():
        for dp in table.values():
            raw = dp.code.endswith(("_kit", "_key", "_setkey")) and dp.code != "unlock_key"
            raw |= dp.code.startswith(("update_all_", "unlock_offline_"))
            assert (dp.type is DpType.RAW) is raw, dp.code


def test_known_products_belong_to_families_that_we_have() -> None:
    assert set(PRODUCTS.values()) - {None} == set(PROFILES) == set(Family)


@pytest.mark.parametrize("family", Family)
def test_codes_show_the_family_that_has_them(family: Family) -> None:
    assert family_of({dp.code for dp in PROFILES[family].values()}) is family


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
