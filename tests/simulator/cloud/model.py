"""The data points of the simulated products, as the cloud describes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import json
from typing import Any

from tests.devices import DataPoint, Model
from tests.simulator.families import ALARMS
from tests.simulator.knobs import Family
from tests.simulator.lock import SimulatedLock

NUMBERS = {"type": "value", "min": 0, "max": 999, "scale": 0, "step": 1, "unit": ""}
PERCENT = NUMBERS | {"max": 100, "unit": "%"}
SECONDS = NUMBERS | {"max": 90, "unit": "s"}
BOOLEAN = {"type": "bool"}
RAW = {"type": "raw", "maxlen": 128}
BATTERY = {"type": "enum", "range": ["high", "medium", "low", "poweroff"]}
DOOR = {"type": "enum", "range": ["unknown", "open", "closed"]}
DIRECTION = {"type": "enum", "range": ["left", "right"]}
RELOCK = SECONDS | {"min": 5, "max": 60, "step": 5}
VOLUME = {"type": "enum", "range": ["mute", "low", "normal", "high"]}
LANGUAGE = {"type": "enum", "range": ["chinese_simplified", "english", "german"]}
OLD_NAMES = {
    "value": "Integer",
    "bool": "Boolean",
    "enum": "Enum",
    "raw": "Raw",
    "string": "String",
}


@dataclass(frozen=True, slots=True)
class Property:
    """One data point."""

    dp: int
    code: str
    spec: dict[str, Any]
    writable: bool = False

    def of_model(self) -> dict[str, Any]:
        """Describe it as the thing model does."""
        return {
            "abilityId": self.dp,
            "accessMode": "rw" if self.writable else "ro",
            "code": self.code,
            "description": "",
            "name": self.code.replace("_", " "),
            "typeSpec": self.spec,
        }

    def of_specification(self) -> dict[str, Any]:
        """Describe it as the older specifications do."""
        values = {key: value for key, value in self.spec.items() if key != "type"}
        return {
            "code": self.code,
            "dp_id": self.dp,
            "type": OLD_NAMES[self.spec["type"]],
            "values": json.dumps(values),
        }


def _alarm(count: int) -> dict[str, Any]:
    return {"type": "enum", "range": list(ALARMS[:count])}


def _common() -> Iterator[Property]:
    numbers = {
        1: "unlock_fingerprint",
        2: "unlock_password",
        3: "unlock_temporary",
        4: "unlock_dynamic",
        5: "unlock_card",
        6: "unlock_face",
        15: "unlock_app",
        23: "unlock_hand",
        24: "unlock_finger_vein",
    }
    booleans = {13: "reverse_lock", 16: "hijack", 17: "open_inside", 19: "doorbell"}
    yield from (Property(dp, code, NUMBERS) for dp, code in numbers.items())
    yield from (Property(dp, code, BOOLEAN) for dp, code in booleans.items())
    yield Property(9, "unlock_request", SECONDS)
    yield Property(11, "battery_state", BATTERY)
    yield Property(12, "residual_electricity", PERCENT)
    yield Property(18, "closed_opened", DOOR)


def _kits() -> Iterator[Property]:
    codes = {
        10: "unlock_fingerprint_kit",
        11: "unlock_password_kit",
        12: "unlock_card_kit",
        15: "unlock_key_kit",
        16: "unlock_temporary_kit",
        17: "unlock_dynamic_kit",
        22: "unlock_phone_remote_kit",
        23: "lock_alarm_kit",
        24: "doorbell_song_kit",
        35: "closed_opened_kit",
    }
    yield from (Property(dp, code, RAW) for dp, code in codes.items())
    yield Property(8, "remote_no_pd_setkey", RAW, writable=True)
    yield Property(9, "remote_no_dp_key", RAW, writable=True)


MODELS: dict[Family | None, tuple[Property, ...]] = {
    None: (),
    Family.A: (
        *_common(),
        Property(8, "alarm_lock", _alarm(13)),
        Property(10, "reply_unlock_request", BOOLEAN, writable=True),
    ),
    Family.B: (
        *_common(),
        Property(7, "unlock_key", NUMBERS),
        Property(8, "alarm_lock", _alarm(len(ALARMS))),
        Property(10, "arming_switch", BOOLEAN, writable=True),
        Property(32, "unlock_offline_pd", RAW),
        Property(33, "unlock_offline_clear", RAW),
        Property(49, "remote_no_pd_setkey", RAW, writable=True),
        Property(50, "remote_no_dp_key", RAW, writable=True),
        Property(55, "lock_motor_state", BOOLEAN),
        Property(58, "normal_open_switch", BOOLEAN, writable=True),
        Property(65, "lock_motor_direction", DIRECTION, writable=True),
        Property(68, "automatic_lock", BOOLEAN, writable=True),
        Property(69, "auto_lock_time", RELOCK, writable=True),
        Property(111, "beep_volume", VOLUME, writable=True),
        Property(112, "language", LANGUAGE, writable=True),
    ),
    Family.D: tuple(_kits()),
}


TYPES: Mapping[str, dict[str, Any]] = {
    "integer": NUMBERS,
    "boolean": BOOLEAN,
    "raw": RAW,
    "string": {"type": "string", "maxlen": 255},
}


WRITABLE = {"remote_no_pd_setkey", "remote_no_dp_key", "reply_unlock_request"}
"""Codes that Tuya's cloud takes for every lock that has them."""


def properties_of(lock: SimulatedLock) -> tuple[Property, ...]:
    """Return the data points of a lock: of its model, or of its family."""
    if lock.model is None:
        return MODELS[lock.family]
    writable = lock.table.writable | {lock.table.set_key, lock.table.use_key}
    writable |= {lock.table.reply_request}
    return tuple(_property(dp, str(dp.id) in writable) for dp in lock.model.dps)


def properties_of_model(model: Model) -> tuple[Property, ...]:
    """Return the data points of a model that exists."""
    return tuple(_property(dp, dp.code in WRITABLE) for dp in model.dps)


def _property(dp: DataPoint, writable: bool) -> Property:
    options = [said.value for said in dp.reports]
    spec = TYPES.get(dp.type) or {"type": "enum", "range": options}
    return Property(dp.id, dp.code, spec, writable)


def thing_model(properties: tuple[Property, ...]) -> str:
    """Return the JSON text of a thing model."""
    service = {
        "actions": [],
        "code": "",
        "description": "",
        "events": [],
        "name": "default",
        "properties": [one.of_model() for one in properties],
    }
    return json.dumps({"modelId": "000004simul", "services": [service] if properties else []})
