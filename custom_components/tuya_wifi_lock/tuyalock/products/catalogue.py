"""DP tables: which DP id carries which DP code, for each product family."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from ..models import Between, Matching
from .values import is_raw

CODE = Matching(r"[A-Za-z0-9_]{1,64}")
"""What a DP code looks like."""


class DpType(StrEnum):
    """The form of a DP's value in JSON; raw is Base64."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRING = "string"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Dp:
    """One data point of a product."""

    code: Annotated[str, CODE]
    type: DpType
    writable: bool = False
    """It can be set, by the product's own model."""
    options: tuple[str, ...] = ()
    """The values that a string can have."""
    range: tuple[int, int] | None = None
    """The least and the greatest value of an integer."""
    step: Annotated[int, Between(1, 10**6)] = 1
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse a range without a value in it."""
        if self.range and self.range[0] > self.range[1]:
            raise ValueError("a range without a value")

    @property
    def is_boolean(self) -> bool:
        """Return if it is on or off."""
        return self.type is DpType.BOOLEAN


class Family(StrEnum):
    """Product families that share a DP table."""

    A = "A"
    """Older Wi-Fi lock: a request at the door is answered with DP 10."""
    B = "B"
    """Wi-Fi lock Pro: remote keys, DP 49 and DP 50."""
    D = "D"
    """Wi-Fi access control on mains power: remote keys, DP 8 and DP 9."""


_B, _I, _S, _R = DpType.BOOLEAN, DpType.INTEGER, DpType.STRING, DpType.RAW

_COMMON = {
    1: Dp("unlock_fingerprint", _I),
    2: Dp("unlock_password", _I),
    3: Dp("unlock_temporary", _I),
    4: Dp("unlock_dynamic", _I),
    5: Dp("unlock_card", _I),
    6: Dp("unlock_face", _I),
    7: Dp("unlock_key", _I),
    8: Dp("alarm_lock", _S),
    9: Dp("unlock_request", _I),
    11: Dp("battery_state", _S),
    12: Dp("residual_electricity", _I),
    13: Dp("reverse_lock", _B),
    14: Dp("child_lock", _B),
    15: Dp("unlock_app", _I),
    16: Dp("hijack", _B),
    17: Dp("open_inside", _B),
    18: Dp("closed_opened", _S),
    19: Dp("doorbell", _B),
    23: Dp("unlock_hand", _I),
    24: Dp("unlock_finger_vein", _I),
    25: Dp("update_all_finger", _R),
    26: Dp("update_all_password", _R),
    27: Dp("update_all_card", _R),
}

PROFILES: Mapping[Family, Mapping[int, Dp]] = {
    Family.A: _COMMON | {10: Dp("reply_unlock_request", _B)},
    Family.B: _COMMON
    | {
        10: Dp("arming_switch", _B),
        28: Dp("update_all_face", _R),
        30: Dp("update_all_hand", _R),
        31: Dp("update_all_fin_vein", _R),
        32: Dp("unlock_offline_pd", _R),
        33: Dp("unlock_offline_clear", _R),
        44: Dp("unlock_double_kit", _R),
        49: Dp("remote_no_pd_setkey", _R),
        50: Dp("remote_no_dp_key", _R),
        55: Dp("lock_motor_state", _B),
        58: Dp("normal_open_switch", _B),
        68: Dp("automatic_lock", _B),
        69: Dp("auto_lock_time", _I),
    },
    Family.D: {
        8: Dp("remote_no_pd_setkey", _R),
        9: Dp("remote_no_dp_key", _R),
        10: Dp("unlock_fingerprint_kit", _R),
        11: Dp("unlock_password_kit", _R),
        12: Dp("unlock_card_kit", _R),
        15: Dp("unlock_key_kit", _R),
        16: Dp("unlock_temporary_kit", _R),
        17: Dp("unlock_dynamic_kit", _R),
        22: Dp("unlock_phone_remote_kit", _R),
        23: Dp("lock_alarm_kit", _R),
        24: Dp("doorbell_song_kit", _R),
        30: Dp("automatic_lock", _B),
        31: Dp("auto_lock_time", _I),
        35: Dp("closed_opened_kit", _R),
    },
}


PRODUCTS: Mapping[str, Family | None] = {
    "bxq2o60gxhh2ben6": Family.A,
    "umca8uiv2203ua3k": Family.B,
    "5k8h97qska6pf5cm": Family.D,
}
"""Product ids, as devices announce them, of what is known to be a lock, with its family."""

_LOCK_CATEGORIES = frozenset(
    {
        "ms",
        "jtmspro",
        "jtmsbh",
        "mk",
        "videolock",
        "photolock",
        "gyms",
        "hotelms",
        "ms_category",
        "bxx",
    }
)
"""Categories of Tuya's products that are locks."""


def is_lock(category: str, product_id: str) -> bool:
    """Return if a product is a lock, by Tuya's category or because we know it as one."""
    return category in _LOCK_CATEGORIES or product_id in PRODUCTS


_LOCK_CODES = frozenset(dp.code for table in PROFILES.values() for dp in table.values())
_BLUETOOTH_CODES = frozenset(
    {"ble_unlock_check", "bluetooth_unlock", "check_code_set", "unlock_ble", "unlock_method_create"}
)
"""DP codes of locks with Bluetooth; some of them are on Wi-Fi as well."""


def has_lock_codes(codes: Collection[str]) -> bool:
    """Return if any of the DP codes of a product is known of locks."""
    return not _LOCK_CODES.isdisjoint(codes)


def is_on_network(
    *, behind_gateway: bool, local_key: object, ip: object, codes: Collection[str]
) -> bool:
    """Return if a lock is on Wi-Fi itself, by what Tuya's cloud knows of the device.

    One with Bluetooth that is on Wi-Fi as well has an address and a local key.
    """
    is_bluetooth = not _BLUETOOTH_CODES.isdisjoint(codes)
    return not (behind_gateway or (is_bluetooth and not (ip and local_key)))


def recognise(family: Family | None, dps: Mapping[int, Any]) -> Family | None:
    """Return the family that these DPs show, else what was known so far.

    DP 49 and 50 exist in family B alone. Ids that family D shares with the others carry Base64
    there and numbers elsewhere. A boolean DP 10 is family A's, unless remote keys were seen.
    """
    if dps.keys() & {49, 50}:
        return Family.B
    if any(is_raw(dps.get(dp_id)) for dp_id in (9, 10, 12, 22, 35)):
        return Family.D
    if isinstance(dps.get(10), bool) and family is not Family.B:
        return Family.A
    if family is Family.D and any(isinstance(dps.get(dp_id), int) for dp_id in (1, 2, 3, 5, 9, 12)):
        return None
    return family


def family_of(codes: Collection[str]) -> Family | None:
    """Return the family whose way of opening remotely is among the DP codes of a product."""
    if "remote_no_pd_setkey" in codes:
        return Family.D if "unlock_fingerprint_kit" in codes else Family.B
    return Family.A if "reply_unlock_request" in codes else None


def dp_id(table: Mapping[int, Dp], code: str) -> int | None:
    """Return the DP id of a code, or None where the product has no such DP."""
    return next((id_ for id_, dp in table.items() if dp.code == code), None)
