"""Which data points a product family has, and what its raw reports look like."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from .bodies import Dps
from .knobs import AlarmForm, Family

ALARMS = (
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
KIT_ALARMS = (
    "wrong_finger",
    "wrong_password",
    "wrong_card",
    "wrong_face",
    "pry",
    "unidentified",
    "doorbell",
)
LEVELS = ((60, "high"), (30, "medium"), (5, "low"), (0, "poweroff"))
SAME_UNLOCKS = {
    "fingerprint": "1",
    "password": "2",
    "temporary_password": "3",
    "dynamic_password": "4",
    "card": "5",
    "face": "6",
    "app": "15",
    "inside": "17",
    "open_inside": "17",
    "palm": "23",
    "finger_vein": "24",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The data points of one family, by their role."""

    unlocks: Mapping[str, str]
    set_key: str = ""
    use_key: str = ""
    reply_request: str = ""
    request: str = "9"
    app_unlock: str = "15"
    alarm: str = "8"
    kits: bool = False
    writable: frozenset[str] = frozenset()


TABLES = {
    Family.A: Table(unlocks=SAME_UNLOCKS, reply_request="10", writable=frozenset({"58"})),
    Family.B: Table(
        unlocks=SAME_UNLOCKS | {"key": "7"},
        set_key="49",
        use_key="50",
        writable=frozenset({"10", "14", "20", "48", "58", "65", "68", "69", "111", "112"}),
    ),
    Family.D: Table(
        unlocks={
            "fingerprint": "10",
            "password": "11",
            "card": "12",
            "key": "15",
            "temporary_password": "16",
            "dynamic_password": "17",
            "app": "22",
        },
        set_key="8",
        use_key="9",
        request="",
        app_unlock="22",
        alarm="23",
        kits=True,
        writable=frozenset({"25", "26", "27", "30", "31", "34"}),
    ),
}


def text(raw: bytes) -> str:
    """Return raw bytes as they travel in JSON."""
    return base64.b64encode(raw).decode()


def unlock_dps(family: Family, method: str, number: int) -> Dps:
    """Return the report of an unlock, as this family writes it."""
    table = TABLES[family]
    if method not in table.unlocks:
        raise ValueError(f"family {family} has no {method}; it has {', '.join(table.unlocks)}")
    if table.kits:
        return {table.unlocks[method]: text(bytes(2) + number.to_bytes(2) + bytes(2))}
    return {table.unlocks[method]: True if table.unlocks[method] == "17" else number}


def alarm_dps(family: Family, name: str, form: AlarmForm = "name") -> Dps:
    """Return the report of an alarm, in one of the forms that products have."""
    names = KIT_ALARMS if TABLES[family].kits else ALARMS[:13] if family is Family.A else ALARMS
    if name not in names:
        raise ValueError(f"family {family} has no alarm {name}; it has {', '.join(names)}")
    index = names.index(name)
    forms: dict[AlarmForm, str | int] = {
        "name": name,
        "index": f"{index:02d}",
        "bits": 1 << index,
    }
    value = text(bytes([index])) if TABLES[family].kits else forms[form]
    return {TABLES[family].alarm: value}


def door_dps(family: Family, *, is_open: bool) -> Dps:
    """Return the report of the door contact."""
    if TABLES[family].kits:
        # Captured as AQAB and AQAC: three bytes, whatever the tables say.
        return {"35": text(b"\x01\x00" + (b"\x01" if is_open else b"\x02"))}
    return {"18": "open" if is_open else "closed"}


def battery_dps(family: Family, dp: int, percent: int) -> Dps:
    """Return the report of the battery, in percent or as one of four levels."""
    if TABLES[family].kits:
        raise ValueError(f"family {family} runs on mains")
    if dp == 12:
        return {"12": percent}
    return {"11": next(level for least, level in LEVELS if percent >= least)}


def resting_dps(family: Family, battery_dp: int) -> Dps:
    """Return the values of a lock that nobody has used yet."""
    if TABLES[family].kits:
        return {}
    return battery_dps(family, battery_dp, 90) | {TABLES[family].request: 0, "13": False}
