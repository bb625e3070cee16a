"""Alarms, rings and duress: what a lock reports beside unlocks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .codec import CodecError, raw
from .state import Unlock, Value

ALARM = "alarm_lock"
"""DP code of the alarms of a door lock."""
_BELL = "doorbell"

_BY_INDEX = (
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
    _BELL,
    "wrong_unlock",
)
"""The alarms of a door lock in the order of their numbers on the wire."""

_BY_KIT_INDEX = (*_BY_INDEX[:4], "pry", "unidentified", _BELL)
"""The alarms of an access control."""

OTHER = "other"

ALARMS = (*(name for name in _BY_INDEX if name != _BELL), "unidentified", OTHER)
"""Types of alarms."""

JAMS = {"tongue_bad", "tongue_not_out"}
"""Alarms that say that the bolt is not where it was sent."""


class Kind(StrEnum):
    """What a signal is about."""

    ALARM = "alarm"
    DOORBELL = "doorbell"
    DURESS = "duress"


@dataclass(frozen=True, slots=True)
class Signal:
    """An alarm, a ring, or an unlock under duress."""

    kind: Kind
    type: str | None = None
    """One of ALARMS, of an alarm."""

    @property
    def entry(self) -> Unlock:
        """Return it as a journal keeps it: the kind is the method, the type the code name."""
        return Unlock(self.kind, None, self.type)


RING = Signal(Kind.DOORBELL).entry
"""A ring, as a journal keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRecord:
    """A signal as it came. Times are Unix seconds."""

    id: int
    signal: Signal
    time: float | None
    """The lock's own time, where it gave a believable one."""
    received: float
    late: bool
    """It is older than a minute, or nobody knows how old."""
    route: str
    unlock_record: int | None = None
    """Of duress: the id of the unlock record that it belongs to, where that is known."""

    @property
    def happened(self) -> float:
        """When it happened, as far as known."""
        return self.received if self.time is None else self.time


def signals(codes: Mapping[str, Value]) -> Iterable[tuple[str, Signal]]:
    """Return the signals in a report of DP values by code, each once, with its code."""
    found: dict[Signal, str] = {}
    for code, value in codes.items():
        for signal in _signals(code, value):
            found.setdefault(signal, code)
    return [(code, signal) for signal, code in found.items()]


def _signals(code: str, value: Value) -> list[Signal]:
    """Return the signals that a DP reports."""
    if code == ALARM:
        return [_named(name) for name in _alarms(value)]
    if code == "lock_alarm_kit":
        return [_named(_kit_alarm(str(value)))]
    if code == "doorbell" and value:
        return [Signal(Kind.DOORBELL)]
    if code == "hijack" and value:
        return [Signal(Kind.DURESS)]
    return []


def _named(name: str) -> Signal:
    """Return the signal that an alarm stands for."""
    if name == _BELL:
        return Signal(Kind.DOORBELL)
    return Signal(Kind.ALARM, name if name in ALARMS else OTHER)


def _alarms(value: Value) -> list[str]:
    """Return the names in an alarm: a name, an index of two digits, or bits of an integer."""
    if isinstance(value, str) and value.isdecimal() and len(value) == 2:
        return [_at(_BY_INDEX, int(value))]
    if isinstance(value, str) and not value.isdecimal():
        return [value]
    bits = int(value)
    return [_at(_BY_INDEX, bit) for bit in range(bits.bit_length()) if bits >> bit & 1]


def _kit_alarm(text: str) -> str:
    """Return the name of an access control's alarm: its first byte is the index."""
    try:
        return _at(_BY_KIT_INDEX, raw(text)[0])
    except CodecError, IndexError:
        return OTHER


def _at(names: tuple[str, ...], index: int) -> str:
    """Return the name with an index."""
    return names[index] if index < len(names) else OTHER
