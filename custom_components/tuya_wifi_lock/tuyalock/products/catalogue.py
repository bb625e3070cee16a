"""DP tables: which DP id carries which DP code, for each product family."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from ..models import Between, Matching
from .facts import ROWS

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
    C = "C"
    """Wi-Fi and Bluetooth lock: numbered as Bluetooth locks are, remote keys, DP 60 and DP 61."""
    D = "D"
    """Wi-Fi access control on mains power: remote keys, DP 8 and DP 9."""
    E = "E"
    """Video lock: remote keys, DP 9 and DP 10."""


SET_KEY = "remote_no_pd_setkey"
"""DP code that stores a remote key."""
USE_KEY = "remote_no_dp_key"
"""DP code that opens with one."""
REPLY = "reply_unlock_request"
"""DP code that answers a request at the door."""
REQUEST = "unlock_request"

LINK_MODES = ("keep", "sleep", "lock_keep", "lock_sleep", "inactive")

_B, _I, _S, _R = DpType.BOOLEAN, DpType.INTEGER, DpType.STRING, DpType.RAW

BATTERY_LEVELS = ("high", "medium", "low", "poweroff")
DOOR_POSITIONS = ("unknown", "open", "closed")

_WIFI = {
    1: Dp("unlock_fingerprint", _I),
    2: Dp("unlock_password", _I),
    3: Dp("unlock_temporary", _I),
    4: Dp("unlock_dynamic", _I),
    5: Dp("unlock_card", _I),
    6: Dp("unlock_face", _I),
    7: Dp("unlock_key", _I),
    8: Dp("alarm_lock", _S),
    9: Dp(REQUEST, _I),
    11: Dp("battery_state", _S, options=BATTERY_LEVELS),
    12: Dp("residual_electricity", _I),
    13: Dp("reverse_lock", _B),
    14: Dp("child_lock", _B),
    15: Dp("unlock_app", _I),
    16: Dp("hijack", _B),
    17: Dp("open_inside", _B),
    18: Dp("closed_opened", _S, options=DOOR_POSITIONS),
    19: Dp("doorbell", _B),
    20: Dp("message", _B),
    21: Dp("anti_lock_outside", _B),
    23: Dp("unlock_hand", _I),
    24: Dp("unlock_finger_vein", _I),
    25: Dp("update_all_finger", _R),
    26: Dp("update_all_password", _R),
    27: Dp("update_all_card", _R),
    28: Dp("update_all_face", _R),
    30: Dp("update_all_hand", _R),
    31: Dp("update_all_fin_vein", _R),
    32: Dp("unlock_offline_pd", _R),
    33: Dp("unlock_offline_clear", _R),
    34: Dp("query_create_type", _B),
    35: Dp("create_type_ack", _S),
    36: Dp("door_input_ok", _I),
    37: Dp("create_ok", _B),
    38: Dp("lock_allow_delete", _B),
    40: Dp("remote_delete_ack", _B),
    44: Dp("unlock_double_kit", _R),
    45: Dp("alarm_request", _I),
    47: Dp("photo_again", _B),
    48: Dp("enforce_lock_up", _B),
    55: Dp("lock_motor_state", _B),
    57: Dp("lock_record", _R),
    58: Dp("normal_open_switch", _B),
    60: Dp("local_capacity_link", _R),
    61: Dp("unlock_admin_kit", _R),
    62: Dp("door_input_ok_kit", _R),
    63: Dp("video_request_realtime", _R),
    68: Dp("automatic_lock", _B),
    69: Dp("auto_lock_time", _I),
    70: Dp("lock_local_record", _R),
}
"""Wi-Fi locks on batteries; the two families differ only in how they are opened remotely."""

PROFILES: Mapping[Family, Mapping[int, Dp]] = {
    Family.A: _WIFI | {10: Dp(REPLY, _B)},
    Family.B: _WIFI | {10: Dp("arming_switch", _B), 49: Dp(SET_KEY, _R), 50: Dp(USE_KEY, _R)},
    Family.C: {
        1: Dp("unlock_method_create", _R),
        2: Dp("unlock_method_delete", _R),
        3: Dp("unlock_method_modify", _R),
        6: Dp("bluetooth_unlock", _R),
        8: Dp("residual_electricity", _I),
        9: Dp("battery_state", _S, options=BATTERY_LEVELS),
        12: Dp("unlock_fingerprint", _I),
        13: Dp("unlock_password", _I),
        14: Dp("unlock_dynamic", _I),
        15: Dp("unlock_card", _I),
        16: Dp("unlock_key", _I),
        17: Dp("open_close", _B),
        18: Dp("open_inside", _B),
        19: Dp("unlock_ble", _I),
        20: Dp("lock_record", _R),
        21: Dp("alarm_lock", _S),
        22: Dp("hijack", _B),
        24: Dp("doorbell", _B),
        28: Dp("language", _S),
        31: Dp("beep_volume", _S),
        32: Dp("reverse_lock", _B),
        33: Dp("automatic_lock", _B),
        34: Dp("unlock_switch", _S),
        35: Dp("synch_member", _R),
        36: Dp("auto_lock_time", _I),
        40: Dp("closed_opened", _S, options=DOOR_POSITIONS),
        44: Dp("rtc_lock", _B),
        46: Dp("manual_lock", _B),
        47: Dp("lock_motor_state", _B),
        51: Dp("temporary_password_creat", _R),
        52: Dp("temporary_password_delete", _R),
        53: Dp("temporary_password_modify", _R),
        54: Dp("synch_method", _R),
        55: Dp("unlock_temporary", _I),
        60: Dp(SET_KEY, _R),
        61: Dp(USE_KEY, _R),
        62: Dp("unlock_phone_remote", _I),
        63: Dp("unlock_voice_remote", _I),
        64: Dp("password_offline_time", _S),
        65: Dp("unlock_offline_clear_single", _R),
        66: Dp("unlock_offline_clear", _R),
        67: Dp("unlock_offline_pd", _R),
        69: Dp("record", _R),
        70: Dp("check_code_set", _R),
        71: Dp("ble_unlock_check", _R),
        72: Dp("unlock_record_check", _R),
        73: Dp("remote_pd_setkey_check", _R),
        74: Dp("unlock_double", _R),
        86: Dp("unlock_ble_ibeacon", _I),
        90: Dp("ibeacon_switch", _B),
    },
    Family.D: {
        1: Dp("unlock_method_create", _R),
        2: Dp("unlock_method_delete", _R),
        3: Dp("unlock_method_modify", _R),
        4: Dp("synch_method", _R),
        5: Dp("temporary_password_creat", _R),
        6: Dp("temporary_password_delete", _R),
        7: Dp("temporary_password_modify", _R),
        8: Dp(SET_KEY, _R),
        9: Dp(USE_KEY, _R),
        10: Dp("unlock_fingerprint_kit", _R),
        11: Dp("unlock_password_kit", _R),
        12: Dp("unlock_card_kit", _R),
        13: Dp("unlock_face_kit", _R),
        14: Dp("unlock_double_kit", _R),
        15: Dp("unlock_key_kit", _R),
        16: Dp("unlock_temporary_kit", _R),
        17: Dp("unlock_offline_pd", _R),
        20: Dp("bluetooth_unlock", _R),
        22: Dp("unlock_phone_remote_kit", _R),
        23: Dp("lock_alarm_kit", _R),
        24: Dp("doorbell_song_kit", _R),
        25: Dp("unlock_switch", _S),
        26: Dp("doorbell_volume", _S),
        27: Dp("language", _S),
        28: Dp("normal_open_switch", _B),
        29: Dp("normal_open_period", _R),
        30: Dp("automatic_lock", _B),
        31: Dp("auto_lock_time", _I),
        34: Dp("alarm_time", _I),
        35: Dp("closed_opened_kit", _R),
        38: Dp("alarm_channel", _R),
        39: Dp("alarm_lifted", _R),
        40: Dp("lock_motor_state", _B),
        61: Dp("unlock_ble", _I),
        101: Dp("door_bell", _B),
        102: Dp("error_alarm", _B),
        103: Dp("anti_alarm", _B),
        104: Dp("openclose_door", _B),
        105: Dp("doorsensor_alarm", _B),
    },
    Family.E: {
        8: Dp("manual_lock", _B),
        9: Dp(SET_KEY, _R),
        10: Dp(USE_KEY, _R),
        11: Dp("link_mode", _S, options=LINK_MODES),
        45: Dp("battery_percentage", _I),
        53: Dp("doorbell", _B),
        60: Dp("alarm_lock", _S),
        # Unlocks by the published list, which does not say which are which.
        61: Dp("number_61", _I),
        63: Dp("number_63", _I),
        64: Dp("number_64", _I),
        69: Dp("number_69", _I),
        72: Dp("number_72", _I),
        76: Dp("unlock_ble", _I),
        98: Dp("hijack", _B),
    },
}
"""The published table of each family."""

OTHERS: Mapping[Family, Mapping[int, Dp]] = {
    Family.D: {
        102: Dp("doorbell_song", _S),
        104: Dp("ble_unlock_check", _R),
        105: Dp("unlock_ble", _I),
    },
}
"""What other products of a family have at the same ids, in another form."""

OWN_IDS = 101
"""From this id on, each product has its own DPs."""

DOOR_LOCKS = frozenset({Family.A, Family.B})
"""Families with the same reports: only a command tells them apart."""


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What is known of a product that exists."""

    category: str
    family: Family | None = None
    mains: bool = False
    """It never sleeps."""
    gateway: bool = False
    """It is not on Wi-Fi, and reaches Tuya through a gateway."""
    table: Mapping[int, Dp] | None = None
    """The DPs of a product that is like no other."""


def _facts(category: str, family: str = "", *more: str) -> ProductFacts:
    rows = [one.split() for one in more if " " in one]
    table = {int(id_): Dp(code, DpType(type_)) for id_, code, type_ in rows}
    return ProductFacts(
        category=category,
        family=Family(family) if family else None,
        mains="mains" in more,
        gateway="gateway" in more,
        table=table or None,
    )


PRODUCTS: dict[str, ProductFacts] = {id_: _facts(*row) for id_, *row in ROWS}
"""Product ids, as devices announce them, of what is known to be a lock."""

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


_KITS = frozenset(dp.code for dp in PROFILES[Family.D].values() if dp.code.endswith("_kit")) - {
    "unlock_double_kit"
}
"""DP codes that only access controls have."""
_BLUETOOTH = frozenset(
    {"unlock_method_create", "bluetooth_unlock", "ble_unlock_check", "check_code_set"}
)
BLUETOOTH_OR_WIFI = _BLUETOOTH | {"unlock_ble"}
"""DP codes of locks with Bluetooth; some of them are on Wi-Fi as well."""
_ZIGBEE = frozenset({"remote_unlock_switch", "remote_result", "open_close"})
_LOCK_CODES = frozenset(dp.code for table in PROFILES.values() for dp in table.values())


def has_lock_codes(codes: Collection[str]) -> bool:
    """Return if any of the DP codes of a product is known of locks."""
    return not _LOCK_CODES.isdisjoint(codes)


def family_of(codes: Collection[str]) -> Family | None:
    """Return the family that has these DP codes, if they show it."""
    codes, keys = frozenset(codes), {SET_KEY, USE_KEY}
    if codes & _KITS:
        return Family.D
    if REPLY in codes:
        return Family.A
    if codes & keys and REQUEST in codes:
        return Family.B
    if "link_mode" in codes and "battery_percentage" in codes:
        return Family.E
    if codes & _BLUETOOTH:
        return Family.C
    if codes & _ZIGBEE:
        return None
    if "unlock_ble" in codes:
        return Family.C
    return Family.B if codes & keys else None
