"""Which data points a product family has, and what its raw reports look like."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import override

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
    """The data points of one family, by their role, and how it reports what happens."""

    name: str
    unlocks: Mapping[str, str]
    set_key: str = ""
    use_key: str = ""
    reply_request: str = ""
    request: str = "9"
    alarm: str = "8"
    alarms: tuple[str, ...] = ALARMS
    double_lock: str = "13"
    duress: str = "16"
    doorbell: str = "19"
    motor: str = "55"
    door_follows_bolt: bool = False
    """The lock reports the door where others report the bolt, or nothing."""
    writable: frozenset[str] = frozenset()

    def dp(self, method: str) -> str:
        """Return the data point of a way to open."""
        if method not in self.unlocks:
            raise ValueError(f"{self.name} has no {method}; it has {', '.join(self.unlocks)}")
        return self.unlocks[method]

    def unlock_dps(self, method: str, number: int) -> Dps:
        """Return the report of an unlock, as this family writes it."""
        dp = self.dp(method)
        return {dp: True if dp == "17" else number}

    def remote_dps(self, member: int) -> Dps:
        """Return the report of an opening from the network."""
        return self.unlock_dps("app", member)

    def alarm_dps(self, name: str, form: AlarmForm = "name") -> Dps:
        """Return the report of an alarm, in one of the forms that products have."""
        index = self._index(name)
        forms: dict[AlarmForm, str | int] = {
            "name": name,
            "index": f"{index:02d}",
            "bits": 1 << index,
        }
        return {self.alarm: forms[form]}

    def doorbell_dps(self) -> Dps:
        """Return the report of somebody who rings."""
        return {self.doorbell: True}

    def door_dps(self, *, is_open: bool) -> Dps:
        """Return the report of the door contact."""
        return {"18": "open" if is_open else "closed"}

    def bolt_dps(self, *, unlocked: bool) -> Dps:
        """Return the report of the bolt."""
        return {self.motor: unlocked}

    def battery_dps(self, dp: int, percent: int) -> Dps:
        """Return the report of the battery, in percent or as one of four levels."""
        if dp == 12:
            return {"12": percent}
        return {"11": level(percent)}

    def resting_dps(self, battery_dp: int) -> Dps:
        """Return the values of a lock that nobody has used yet."""
        return self.battery_dps(battery_dp, 90) | {self.request: 0, self.double_lock: False}

    def _index(self, alarm: str) -> int:
        if alarm not in self.alarms:
            raise ValueError(f"{self.name} has no alarm {alarm}; it has {', '.join(self.alarms)}")
        return self.alarms.index(alarm)


@dataclass(frozen=True, slots=True)
class KitTable(Table):
    """Access controls, which report bytes."""

    @override
    def unlock_dps(self, method: str, number: int) -> Dps:
        return {self.dp(method): kit(number)}

    @override
    def alarm_dps(self, name: str, form: AlarmForm = "name") -> Dps:
        return {self.alarm: text(bytes([self._index(name)]))}

    @override
    def doorbell_dps(self) -> Dps:
        return self.alarm_dps("doorbell")

    @override
    def door_dps(self, *, is_open: bool) -> Dps:
        # Captured as AQAB and AQAC: three bytes, whatever the tables say.
        return {"35": text(b"\x01\x00" + (b"\x01" if is_open else b"\x02"))}

    @override
    def bolt_dps(self, *, unlocked: bool) -> Dps:
        return {}

    @override
    def battery_dps(self, dp: int, percent: int) -> Dps:
        raise ValueError(f"{self.name} runs on mains")

    @override
    def resting_dps(self, battery_dp: int) -> Dps:
        return {}


TABLES: Mapping[Family, Table] = {
    Family.A: Table(
        name="family A",
        unlocks=SAME_UNLOCKS,
        reply_request="10",
        alarms=ALARMS[:13],
        writable=frozenset({"58"}),
    ),
    Family.B: Table(
        name="family B",
        unlocks=SAME_UNLOCKS | {"key": "7"},
        set_key="49",
        use_key="50",
        writable=frozenset({"10", "14", "20", "48", "58", "65", "68", "69", "111", "112"}),
    ),
    Family.D: KitTable(
        name="family D",
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
        alarm="23",
        alarms=KIT_ALARMS,
        double_lock="",
        door_follows_bolt=True,
        writable=frozenset({"25", "26", "27", "30", "31", "34"}),
    ),
}


def text(raw: bytes) -> str:
    """Return raw bytes as they travel in JSON."""
    return base64.b64encode(raw).decode()


def kit(number: int) -> str:
    """Return a number of an unlock as access controls write it."""
    return text(bytes(2) + number.to_bytes(2) + bytes(2))


def level(percent: int) -> str:
    """Return the charge as one of four words."""
    return next(word for least, word in LEVELS if percent >= least)
