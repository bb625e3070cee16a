"""What a report says: DP values by their codes, and the events among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import logging
import re
from typing import Any

from ..models import (
    OUR_MEMBER,
    Alarm,
    Between,
    Doorbell,
    Duress,
    Event,
    Item,
    Source,
    Unlock,
    Value,
)
from ..storage import MAX_TEXT
from .catalogue import CODE, PROFILES, Dp, DpType, Family
from .values import CodecError, decode_kit, decode_raw

_LOGGER = logging.getLogger(__name__)

METHODS: Mapping[str, str] = {
    "unlock_fingerprint": "fingerprint",
    "unlock_fingerprint_kit": "fingerprint",
    "unlock_password": "password",
    "unlock_password_kit": "password",
    "unlock_temporary": "temporary_password",
    "unlock_temporary_kit": "temporary_password",
    "unlock_dynamic": "dynamic_password",
    "unlock_dynamic_kit": "dynamic_password",
    "unlock_offline_pd": "offline_password",
    "unlock_card": "card",
    "unlock_card_kit": "card",
    "unlock_face": "face",
    "unlock_hand": "palm",
    "unlock_finger_vein": "finger_vein",
    "unlock_key": "key",
    "unlock_key_kit": "key",
    "unlock_app": "app",
    "unlock_phone_remote": "remote",
    "unlock_phone_remote_kit": "remote",
    "unlock_remote": "remote",
    "unlock_ble": "bluetooth",
    "unlock_voice": "voice",
    "unlock_voice_remote": "voice",
    "unlock_emergency": "emergency",
    "open_inside": "inside",
    "unlock_double_kit": "combined",
}
"""DP code of an unlock -> unlock method. Any other `unlock_*` report is the method `other`."""

UNLOCK_METHODS = tuple(dict.fromkeys((*METHODS.values(), "other")))

NUMBERS: Mapping[str, str] = {
    "update_all_finger": "fingerprint",
    "update_all_password": "password",
    "update_all_card": "card",
    "update_all_face": "face",
    "update_all_hand": "palm",
    "update_all_fin_vein": "finger_vein",
}
"""DP code of all numbers that exist in the lock -> the unlock method that they are of."""

SETTINGS = (
    "normal_open_switch",
    "automatic_lock",
    "auto_lock_time",
    "volume",
    "beep_volume",
    "language",
)
"""DP codes of what an owner may set."""

_NO_UNLOCK = {"unlock_request", "unlock_offline_clear"}

ALARM_CODE = "alarm_lock"
"""DP code of the alarms of a door lock: a name, an index of two digits, or bits of an integer."""

_ALARMS_BY_INDEX = (
    "wrong_finger",
    "wrong_password",
    "wrong_card",
    "wrong_face",
    "tongue_bad",
    "too_hot",
    "unclosed_time",
    "tongue_not_out",
    "pry",
    "key_in",
    "low_battery",
    "power_off",
    "shock",
    "defense",
    "stay_alarm",
    "doorbell",
    "wrong_unlock",
)
"""The alarms of a door lock in the order of their numbers on the wire."""

_ALARMS_BY_KIT_INDEX = (*_ALARMS_BY_INDEX[:4], "pry", "unidentified", "doorbell")
"""The alarms of an access control."""

_OTHER = "other"

ALARMS = (*(name for name in _ALARMS_BY_INDEX if name != "doorbell"), "unidentified", _OTHER)
"""Types of alarms."""

REQUIRED_TYPES: Mapping[str, DpType] = {
    dp.code: dp.type
    for dp in PROFILES[Family.B].values()
    if dp.code
    in {
        "lock_motor_state",
        "reverse_lock",
        "normal_open_switch",
        "residual_electricity",
        "battery_state",
        "unlock_request",
    }
}
"""Codes that mean something to us only with this type, whatever a product's model says."""


_JSON_TYPES: Mapping[DpType, type] = {
    DpType.BOOLEAN: bool,
    DpType.INTEGER: int,
    DpType.STRING: str,
    DpType.RAW: str,
}


MAX_NUMBER = 0xFFFF
"""Of keys: a lock counts them in two bytes."""
MAX_COUNTDOWN = 999
"""Seconds: Tuya's documents say 90, and the model of one product says 999."""
MAX_RAW = 1024
"""Characters of Base64; a DP has at most 255 bytes, and some gateways join several."""
INTEGERS = Between(-(2**31), 2**32 - 1)
"""Of 32 bits, with a sign or without."""

_LIMITS: Mapping[str, Between] = {
    "unlock_request": Between(-1, MAX_COUNTDOWN),
    "residual_electricity": Between(0, 100),
    ALARM_CODE: Between(0, INTEGERS.most),
}
"""DP code -> what its integer can be, apart from those of unlocks and settings."""

_INTEGER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Observation:
    """One DP value of a report, by its code."""

    code: str
    value: Value
    time: float | None = None
    """When it was by the lock's own clock, Unix seconds, where the source says so."""


def observe(table: Mapping[int, Dp], items: Iterable[Item], source: Source) -> list[Observation]:
    """Return the values of a report by DP code.

    What is of a wrong type, or beyond what any product sends, is no value; whoever sent it.
    """
    found = []
    for item in items:
        dp = _dp_of(table, item.dp)
        if isinstance(item.dp, str) and (dp is None or source is Source.CLOUD):
            # The cloud writes all values as texts, and may know codes that nobody else does.
            code, fits = item.dp, isinstance(item.value, bool | int | str)
        else:
            code, fits = (dp.code, _fits(dp, item.value)) if dp else ("", False)
        if fits and _is_possible(code, item.value, dp):
            found.append(Observation(code, item.value, item.time))
        else:
            _LOGGER.debug("no value of DP %.64s that is known", item.dp)
    return found


def _dp_of(table: Mapping[int, Dp], dp: int | str) -> Dp | None:
    """Return the DP with an id, or with a code that the product or any family has."""
    if isinstance(dp, int):
        return table.get(dp)
    tables = (table, *PROFILES.values())
    return next((one for rows in tables for one in rows.values() if one.code == dp), None)


def _fits(dp: Dp, value: Any) -> bool:
    """Return if a JSON value has the type of a DP; in JSON, true is no number.

    Alarms are names in some products and bits in others, whatever their models say.
    """
    if dp.code == ALARM_CODE:
        return type(value) in {str, int}
    return type(value) is _JSON_TYPES[REQUIRED_TYPES.get(dp.code, dp.type)]


def _is_possible(code: str, value: Value, dp: Dp | None) -> bool:
    if not CODE.allows(code):
        return False
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return _integers(code, dp).allows(value)
    return _is_possible_text(code, value, dp)


def _integers(code: str, dp: Dp | None) -> Between:
    if code in SETTINGS and dp and dp.range:
        return Between(*dp.range)
    if code in _LIMITS:
        return _LIMITS[code]
    return Between(0, MAX_NUMBER) if code.startswith("unlock_") else INTEGERS


def _is_possible_text(code: str, text: str, dp: Dp | None) -> bool:
    is_raw = code.endswith("_kit") or (dp is not None and dp.type is DpType.RAW)
    if "\0" in text or len(text) > (MAX_RAW if is_raw else MAX_TEXT):
        return False
    if code in SETTINGS and dp and dp.options:
        return text in dp.options
    if _is_numbered_kit(code):
        return (_kit_number(text) or 0) <= MAX_NUMBER
    if code == ALARM_CODE and text.isdecimal():
        return INTEGERS.allows(int(text))
    # What the cloud writes as a text is an integer by now, if it can be the number of a key.
    return not (code.startswith("unlock_") and not is_raw and _INTEGER.fullmatch(text))


def events(
    observations: Iterable[Observation], *, alarm_bits: bool = False
) -> list[tuple[Event, float | None]]:
    """Return the events in a report, each with the lock's own time of it.

    Unlocks come first, for duress may be about one that stands behind it. `alarm_bits`: alarms that
    look like an index are bits.
    """
    unlocks: list[tuple[Event, float | None]] = []
    others: dict[Event, float | None] = {}
    for one in observations:
        if unlock := _unlock(one.code, one.value):
            unlocks.append((unlock, one.time))
        for event in _others(one.code, one.value, alarm_bits):
            others.setdefault(event, one.time)
    return [*unlocks, *others.items()]


def _unlock(code: str, value: Value) -> Unlock | None:
    if code == "open_inside":
        return Unlock("inside") if value else None
    if not code.startswith("unlock_") or code in _NO_UNLOCK:
        return None
    method = METHODS.get(code, _OTHER)
    number = _number(code, value)
    if method in {"app", "remote"} and number == OUR_MEMBER:
        return Unlock("remote")
    return Unlock(method, number, code if method == _OTHER else None)


def _number(code: str, value: Value) -> int | None:
    """Return the number of an unlock, or None where the layout of its DP is not known."""
    if type(value) is int:
        return value
    return _kit_number(str(value)) if _is_numbered_kit(code) else None


def _is_numbered_kit(code: str) -> bool:
    """Return if a DP of an access control has the number of a key in its first bytes."""
    return code.startswith("unlock_") and code.endswith("_kit") and code != "unlock_double_kit"


def _kit_number(text: str) -> int | None:
    """Return the number in an access control's report of an unlock, or None if it is garbled."""
    try:
        return decode_kit(text)
    except CodecError:
        return None


def _others(code: str, value: Value, alarm_bits: bool) -> list[Event]:
    """Return the alarms, the ring or the duress that a DP reports."""
    if code == ALARM_CODE:
        return [_alarm(name) for name in _alarm_names(value, alarm_bits)]
    if code == "lock_alarm_kit":
        return [_alarm(_kit_alarm(str(value)))]
    if code == "doorbell" and value:
        return [Doorbell()]
    if code == "hijack" and value:
        return [Duress(_forced(value))]
    return []


def _alarm(name: str) -> Alarm | Doorbell:
    if name == "doorbell":
        return Doorbell()
    return Alarm(name if name in ALARMS else _OTHER)


def _alarm_names(value: Value, bits: bool) -> list[str]:
    if isinstance(value, str) and not value.isdecimal():
        return [value]
    if isinstance(value, str) and len(value) == 2 and not bits:
        return [_at(_ALARMS_BY_INDEX, int(value))]
    number = int(value)
    return [_at(_ALARMS_BY_INDEX, bit) for bit in range(number.bit_length()) if number >> bit & 1]


def _kit_alarm(text: str) -> str:
    """Return the name of an access control's alarm: its first byte is the index."""
    try:
        return _at(_ALARMS_BY_KIT_INDEX, decode_raw(text)[0])
    except CodecError, IndexError:
        return _OTHER


def _at(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else _OTHER


def _forced(value: Value) -> Unlock | None:
    """Return the unlock that a cloud record of duress names, as `unlock_fingerprint-02`."""
    code, _, text = str(value).rpartition("-")
    number = int(text) if text.isdecimal() else MAX_NUMBER + 1
    return _unlock(code, number) if number <= MAX_NUMBER else None
