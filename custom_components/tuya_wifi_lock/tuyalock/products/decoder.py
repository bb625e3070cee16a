"""What a report says: DP values by their codes, and the events among them.

A code that is not listed here means nothing to us. Several codes say the same: their values come as
one code, `lock_motor_state` or `closed_opened` for example.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Any

from ..models import OUR_MEMBER, Alarm, Between, Doorbell, Duress, Event, Unlock, Value
from ..storage import MAX_TEXT, is_text
from .catalogue import (
    BATTERY_LEVELS,
    CODE,
    DOOR_POSITIONS,
    LINK_MODES,
    REPLY,
    REQUEST,
    SET_KEY,
    USE_KEY,
    Dp,
    DpType,
)
from .values import MAX_RAW, decode_door_kit, decode_kit, decode_raw

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
    "unlock_face_kit": "face",
    "unlock_hand": "palm",
    "unlock_hand_kit": "palm",
    "unlock_finger_vein": "finger_vein",
    "unlock_finger_vein_kit": "finger_vein",
    "unlock_key": "key",
    "unlock_key_kit": "key",
    "unlock_app": "app",
    "unlock_phone_remote": "remote",
    "unlock_phone_remote_kit": "remote",
    "unlock_remote": "remote",
    "unlock_remote_kit": "remote",
    "unlock_ble": "bluetooth",
    "unlock_ble_kit": "bluetooth",
    "unlock_ble_ibeacon": "bluetooth",
    "unlock_voice": "voice",
    "unlock_voice_remote": "voice",
    "unlock_voice_remote_kit": "voice",
    "unlock_emergency": "emergency",
    "open_inside": "inside",
    "unlock_double": "combined",
    "unlock_double_kit": "combined",
    "unlock_eye": "other",
    "unlock_eye_kit": "other",
    "unlock_identity_card": "other",
    "unlock_telecontrol_kit": "other",
}
"""DP code of an unlock -> unlock method. Any other code, `unlock_switch` for one, is no unlock."""

UNLOCK_METHODS = tuple(dict.fromkeys(METHODS.values()))

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

ALARM_CODE = "alarm_lock"
"""DP code of the alarms of a door lock: a name, an index of two digits, or bits of an integer."""
MOTOR = "lock_motor_state"
DOOR = "closed_opened"

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
ALARM_NAMES = frozenset(_ALARMS_BY_INDEX)
"""How a door lock names its alarms."""

MAX_NUMBER = 0xFFFF
"""Of keys: a lock counts them in two bytes."""
MAX_COUNTDOWN = 999
"""Seconds: Tuya's documents say 90, and the model of one product says 999."""
INTEGERS = Between(-(2**31), 2**32 - 1)
"""Of 32 bits, with a sign or without."""

_ALARM = re.compile(r"[a-z][a-z0-9_]{0,63}|[0-9]{1,10}")
_FORCED = re.compile(r"([a-z_]{1,64})-([0-9a-z]{1,8})")


@dataclass(frozen=True, slots=True)
class Observation:
    """One DP value of a report, by its code."""

    code: str
    value: Value
    time: float | None = None
    """When it was by the lock's own clock, Unix seconds, where the source says so."""


type Read = Callable[[Any], tuple[str, Value] | None]
"""Returns what a DP value says, by code; None if it is no value of this DP."""


# How the values of the codes are read


def _flag(code: str) -> Read:
    return lambda value: (code, value) if type(value) is bool else None


def _integer(code: str, least: int, most: int) -> Read:
    return lambda value: (code, value) if type(value) is int and least <= value <= most else None


def _word(code: str, *words: str) -> Read:
    known = {word: word for word in words}
    # Other kinds of devices say it so.
    if "medium" in known:
        known["middle"] = "medium"

    def read(value: Any) -> tuple[str, Value] | None:
        word = known.get(value) if type(value) is str else None
        return (code, word) if word else None

    return read


def _bytes(code: str) -> Read:
    """Return how bytes are read whose layout is not known, or left to somebody else."""
    return lambda value: (code, value) if decode_raw(value) else None


def _bitmap(code: str) -> Read:
    """Return how all numbers of a method are read: an empty text says that there are none."""
    return lambda value: (code, value) if value == "" or decode_raw(value) else None


def _kit(code: str) -> Read:
    """Return how an access control's report of an unlock is read: as its number."""

    def read(value: Any) -> tuple[str, Value] | None:
        number = decode_kit(value)
        return (code, number) if number is not None and number <= MAX_NUMBER else None

    return read


def _door_flag(value: Any) -> tuple[str, Value] | None:
    return (DOOR, "open" if value else "closed") if type(value) is bool else None


def _door_bytes(value: Any) -> tuple[str, Value] | None:
    is_open = decode_door_kit(value)
    return None if is_open is None else _door_flag(is_open)


def _alarm(value: Any) -> tuple[str, Value] | None:
    if type(value) is int:
        return (ALARM_CODE, value) if 0 <= value <= INTEGERS.most else None
    if type(value) is not str or not _ALARM.fullmatch(value):
        return None
    is_name = not value.isdecimal()
    return (ALARM_CODE, value) if is_name or int(value) <= INTEGERS.most else None


def _alarm_bytes(value: Any) -> tuple[str, Value] | None:
    """Read an access control's alarm: its first byte is the index."""
    data = decode_raw(value)
    return (ALARM_CODE, _at(_ALARMS_BY_KIT_INDEX, data[0])) if data else None


def _alarm_flag(code: str, alarm: str) -> Read:
    def read(value: Any) -> tuple[str, Value] | None:
        if type(value) is not bool:
            return None
        return (ALARM_CODE, alarm) if value else (code, False)

    return read


def _ring_bytes(value: Any) -> tuple[str, Value] | None:
    data = decode_raw(value)
    return ("doorbell", any(data)) if data else None


def _hijack(value: Any) -> tuple[str, Value] | None:
    """Read duress: the lock says that there is some, and a record of the cloud names the unlock."""
    named = type(value) is str and _FORCED.fullmatch(value)
    return ("hijack", value) if named or type(value) is bool else None


def _setting(dp: Dp) -> Read:
    """Return how a setting is read: as the product's own model has it, if there is one."""
    code, options = dp.code, dp.options
    limits = Between(*dp.range) if dp.range else INTEGERS

    def read(value: Any) -> tuple[str, Value] | None:
        if type(value) is int:
            fits = limits.allows(value)
        elif type(value) is str:
            fits = value in options if options else is_text(value)
        else:
            fits = type(value) is bool
        return (code, value) if fits else None

    return read


def _plain(dp: Dp) -> Read:
    """Return how a value is read that means nothing to us."""
    code = dp.code
    if dp.type is DpType.BOOLEAN:
        return _flag(code)
    if dp.type is DpType.INTEGER:
        return _integer(code, -(2**31), 2**32 - 1)
    size = MAX_RAW if dp.type is DpType.RAW else MAX_TEXT
    return lambda value: (code, value) if type(value) is str and is_text(value, size) else None


_NUMBERLESS = ("unlock_offline_pd", "unlock_double", "unlock_double_kit")
"""DP codes of unlocks whose layout is not known."""

_FLAGS = ("open_inside", "reverse_lock", "doorbell", "normal_open_switch", MOTOR, REPLY)

_READ: Mapping[str, Read] = {
    **{code: _integer(code, 0, MAX_NUMBER) for code in METHODS},
    **{code: _kit(code) for code in METHODS if code.endswith("_kit")},
    **{code: _bytes(code) for code in (*_NUMBERLESS, SET_KEY, USE_KEY)},
    **{code: _bitmap(code) for code in NUMBERS},
    **{code: _flag(code) for code in _FLAGS},
    REQUEST: _integer(REQUEST, -1, MAX_COUNTDOWN),
    "hijack": _hijack,
    "door_bell": _flag("doorbell"),
    "doorbell_song_kit": _ring_bytes,
    "residual_electricity": _integer("residual_electricity", 0, 100),
    "battery_percentage": _integer("residual_electricity", 0, 100),
    "battery": _integer("residual_electricity", 0, 100),
    "battery_state": _word("battery_state", *BATTERY_LEVELS),
    "link_mode": _word("link_mode", *LINK_MODES),
    "openclose_door": _flag(MOTOR),
    "open_closedoor": _flag(MOTOR),
    "locked": lambda value: (MOTOR, not value) if type(value) is bool else None,
    DOOR: _word(DOOR, *DOOR_POSITIONS),
    "closed_opened_kit": _door_bytes,
    "open_close": _door_flag,
    "door_opened": _door_flag,
    ALARM_CODE: _alarm,
    "alarm": _alarm,
    "lock_alarm_kit": _alarm_bytes,
    "error_alarm": _alarm_flag("error_alarm", "wrong_unlock"),
    "anti_alarm": _alarm_flag("anti_alarm", "pry"),
    "doorsensor_alarm": _alarm_flag("doorsensor_alarm", "unclosed_time"),
}
"""DP code -> how its values are read, whatever type a product's model has for it."""

HARMLESS_TEXTS = frozenset(
    (
        ALARM_CODE,
        "lock_alarm_kit",
        "doorbell_song_kit",
        "closed_opened_kit",
        *NUMBERS,
        *(code for code in METHODS if code.endswith("_kit")),
    )
)
"""DP codes of texts without anything secret."""

TEXT_CODES = HARMLESS_TEXTS | {*_NUMBERLESS, SET_KEY, USE_KEY}
"""DP codes whose values are texts, also if they look like numbers."""


@lru_cache(1024)
def read_of(dp: Dp) -> Read:
    """Return how the values of a DP are read."""
    return _read_of_code(dp.code, dp) or _plain(dp)


@lru_cache(1024)
def _read_of_code(code: str, dp: Dp | None = None) -> Read | None:
    """Return how the values of a code that we know are read, by its DP or without one."""
    if known := _READ.get(code) or _READ.get(code.lower()):
        return known
    return _setting(dp or Dp(code, DpType.STRING)) if code in SETTINGS else None


class Readers:
    """A DP table, ready to read reports."""

    def __init__(self, rows: Mapping[int, tuple[Dp, ...]]) -> None:
        """Prepare to read what a product has at each DP id, in one form or several."""
        self.table: Mapping[int, Dp] = {id_: dps[0] for id_, dps in rows.items()}
        """The DP at each id, in its usual form."""
        self._by_id = {id_: _first(tuple(map(read_of, dps))) for id_, dps in rows.items()}
        self._by_code = {dp.code: read_of(dp) for dps in rows.values() for dp in dps}

    def read(self, dp: int | str, value: Any) -> tuple[str, Value] | None:
        """Return what a value says, by code, or None if that is not known."""
        if isinstance(dp, int):
            read = self._by_id.get(dp)
        else:
            read = self._by_code.get(dp) or (_read_of_code(dp) if CODE.allows(dp) else None)
        return read(value) if read else None


@lru_cache(128)
def readers_of(rows: tuple[tuple[int, tuple[Dp, ...]], ...]) -> Readers:
    """Return a DP table, ready to read reports; all locks share what is the same."""
    return Readers(dict(rows))


def _first(reads: tuple[Read, ...]) -> Read:
    """Return how a value is read that has one of several forms."""
    if len(reads) == 1:
        return reads[0]
    return lambda value: next((said for read in reads if (said := read(value))), None)


# Events


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
        if one.code in METHODS:
            if unlock := _unlock(one.code, one.value):
                unlocks.append((unlock, one.time))
        elif one.code in _EVENTS:
            for event in _others(one.code, one.value, alarm_bits):
                others.setdefault(event, one.time)
    return [*unlocks, *others.items()]


_EVENTS = {ALARM_CODE, "doorbell", "hijack"}


def _unlock(code: str, value: Value) -> Unlock | None:
    method = METHODS[code]
    if method == "inside":
        return Unlock(method) if value else None
    number = value if type(value) is int else None
    if method in {"app", "remote"} and number == OUR_MEMBER:
        return Unlock("remote")
    return Unlock(method, number, code if method == _OTHER else None)


def _others(code: str, value: Value, alarm_bits: bool) -> list[Event]:
    """Return the alarms, the ring or the duress that a DP reports."""
    if code == ALARM_CODE:
        return [_event_of(name) for name in _alarm_names(value, alarm_bits)]
    if not value:
        return []
    return [Doorbell()] if code == "doorbell" else [Duress(_forced(value))]


def _event_of(alarm: str) -> Alarm | Doorbell:
    if alarm == "doorbell":
        return Doorbell()
    return Alarm(alarm if alarm in ALARMS else _OTHER)


def _alarm_names(value: Value, bits: bool) -> list[str]:
    if isinstance(value, str) and not value.isdecimal():
        return [value]
    if isinstance(value, str) and len(value) == 2 and not bits:
        return [_at(_ALARMS_BY_INDEX, int(value))]
    number = int(value)
    return [_at(_ALARMS_BY_INDEX, bit) for bit in range(number.bit_length()) if number >> bit & 1]


def _at(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else _OTHER


def _forced(value: Value) -> Unlock | None:
    """Return the unlock that a cloud record of duress names, as `unlock_fingerprint-02`."""
    named = _FORCED.fullmatch(value) if isinstance(value, str) else None
    if not named or named[1] not in METHODS or not named[2].isdecimal():
        return None
    number = int(named[2])
    return _unlock(named[1], number) if number <= MAX_NUMBER else None
