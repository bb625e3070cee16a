"""What is known of a lock, and what a report changes in it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from .codec import CodecError, decode_door_kit, decode_kit, decode_numbers
from .profiles import PROFILES, Dp, DpType, Family
from .stored import known_fields

type Value = bool | int | str

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

NUMBERS: Mapping[str, str] = {
    "update_all_finger": "fingerprint",
    "update_all_password": "password",
    "update_all_card": "card",
    "update_all_face": "face",
    "update_all_hand": "palm",
    "update_all_fin_vein": "finger_vein",
}
"""DP code of all numbers that exist in the lock -> the unlock method that they are of."""

OUR_MEMBER = 200
"""The member id under which we open; the cloud gives its members 1 to 100."""

UNLOCK_METHODS = tuple(dict.fromkeys((*METHODS.values(), "other")))

_NO_UNLOCK = {"unlock_request", "unlock_offline_clear"}

HEARD_AGAIN = 10.0
"""Seconds after which another sign of life is worth noting."""
COUNTDOWN_JITTER = 2.0
"""Seconds by which the end of a request seems to move while the lock counts down."""

BATTERY_LEVELS = ("high", "medium", "low", "poweroff")

SETTINGS = (
    "normal_open_switch",
    "automatic_lock",
    "auto_lock_time",
    "volume",
    "beep_volume",
    "language",
)
"""DP codes of what an owner may set."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Somebody opened the lock: how, and the number that the lock gave that key."""

    method: str
    number: int | None = None
    code_name: str | None = None

    @property
    def by_us(self) -> bool:
        """Return if it was our own remote unlock."""
        return self.method == "remote" and self.number is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """Everything that a lock has reported; None is not known."""

    motor_unlocked: bool | None = None
    motor_at: float | None = None
    """When the lock reported where its bolt is, Unix seconds."""
    door_open: bool | None = None
    double_locked: bool | None = None
    passage_mode: bool | None = None
    battery: int | None = None
    """Percent."""
    battery_level: str | None = None
    """One of BATTERY_LEVELS, of locks that do not measure percent."""
    request_until: float | None = None
    """When the remote unlock request at the door ends, Unix seconds."""
    opened_at: float | None = None
    """When the lock was last opened, Unix seconds."""
    last_heard: float | None = None
    """When the lock last said anything, Unix seconds."""
    seen: frozenset[str] = frozenset()
    """DP codes that this product has reported."""
    numbers: frozenset[str] = frozenset()
    """Numbers that exist in the lock, by method: `fingerprint:3`."""
    jammed_at: float | None = None
    """When the bolt was stuck, Unix seconds, unless it has moved since by its own report."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Values of SETTINGS by DP code."""

    @property
    def jammed(self) -> bool:
        """Return if the bolt is stuck: it was, and nobody has unlocked since."""
        return self.jammed_at is not None and self.jammed_at > (self.opened_at or 0)

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage; from_dict reads it."""
        return {**asdict(self), "seen": sorted(self.seen), "numbers": sorted(self.numbers)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the state of a stored form, ignoring fields of other versions."""
        values = known_fields(cls, data)
        sets = {name: frozenset(values.get(name, ())) for name in ("seen", "numbers")}
        return cls(**{**values, **sets})


@dataclass(frozen=True, slots=True)
class Bolt:
    """Where the bolt is: None is unknown; assumed is what the owner told, not the lock."""

    locked: bool | None
    assumed: bool = False


def bolt(state: LockState, now: float, relock_delay: float, relocks_itself: bool) -> Bolt:
    """Return where the bolt is by all that is known.

    An opening counts as open for the relock delay, or until the lock reports its motor state. A
    lock without one counts as locked afterwards only if the owner said that it locks by itself, the
    door is not known to be open, and passage mode is off.
    """
    if state.passage_mode:
        return Bolt(False)
    opened_at = state.opened_at
    if opened_at and now < opened_at + relock_delay and opened_at > (state.motor_at or 0):
        return Bolt(False)
    if state.motor_unlocked is not None:
        return Bolt(not state.motor_unlocked)
    if opened_at is None:
        return Bolt(None)
    if relocks_itself and not state.door_open:
        return Bolt(True, assumed=True)
    return Bolt(None)


def decode(table: Mapping[int, Dp], dps: Mapping[int, Any]) -> dict[str, Value]:
    """Return the values of a report by DP code, without DPs that are unknown or of a wrong type."""
    return {
        dp.code: value
        for dp_id, value in dps.items()
        if (dp := table.get(dp_id)) and _fits(dp, value)
    }


def _fits(dp: Dp, value: Any) -> bool:
    """Return if a JSON value has the type of a DP; in JSON, true is no number.

    Alarms are names in some products and bits in others, whatever their models say. Of what we
    reckon with, it has to be the type that we know.
    """
    if dp.code == "alarm_lock":
        return type(value) in {str, int}
    type_ = _RECKONED.get(dp.code, dp.type)
    if type_ in {DpType.RAW, DpType.STRING}:
        return isinstance(value, str)
    return type(value) is type_.value


def apply(state: LockState, report: Mapping[str, Value], now: float) -> LockState:
    """Return the state after a report of DP values by code, received at Unix time `now`."""
    changes: dict[str, Any] = {"seen": state.seen | report.keys()}
    for code, value in report.items():
        if name := _FIELDS.get(code):
            changes[name] = value
    if (percent := changes.get("battery")) is not None and not 0 <= percent <= 100:
        del changes["battery"]
    if changes.get("battery_level", "high") not in BATTERY_LEVELS:
        del changes["battery_level"]
    if "lock_motor_state" in report:
        changes["motor_at"] = now
    if "closed_opened" in report:
        changes["door_open"] = {"open": True, "closed": False}.get(str(report["closed_opened"]))
    if "closed_opened_kit" in report:
        changes["door_open"] = _door_kit(str(report["closed_opened_kit"]), state.door_open)
    if "unlock_request" in report:
        changes["request_until"] = _end(state.request_until, now, int(report["unlock_request"]))
    changes["numbers"] = _numbers(state.numbers, report)
    changes["settings"] = {**state.settings, **{c: report[c] for c in SETTINGS if c in report}}
    return heard(replace(state, **changes), now)


def heard(state: LockState, now: float) -> LockState:
    """Return the state after a sign of life, which is not noted again within seconds."""
    last = state.last_heard
    if last is None or not 0 <= now - last < HEARD_AGAIN:
        return replace(state, last_heard=now)
    return state


def _end(known: float | None, now: float, seconds: int) -> float | None:
    """Return when a request ends; the countdown's jitter moves no end that is known."""
    if seconds <= 0:
        return None
    end = now + seconds
    jitters = known and known > now and abs(end - known) < COUNTDOWN_JITTER
    return known if jitters else end


_FIELDS = {
    "lock_motor_state": "motor_unlocked",
    "reverse_lock": "double_locked",
    "normal_open_switch": "passage_mode",
    "residual_electricity": "battery",
    "battery_state": "battery_level",
}
_RECKONED = {
    dp.code: dp.type
    for dp in PROFILES[Family.B].values()
    if dp.code in {*_FIELDS, "unlock_request"}
}

STATE_CODES = frozenset((*_FIELDS, *SETTINGS, "closed_opened", "closed_opened_kit"))
"""DP codes that tell how a lock is, not what happened to it."""


def _door_kit(text: str, known: bool | None) -> bool | None:
    """Return what a door report says, or what was known if it is garbled."""
    try:
        return decode_door_kit(text)
    except CodecError:
        return known


def _numbers(known: frozenset[str], report: Mapping[str, Value]) -> frozenset[str]:
    """Return the numbers that exist after a report; each bitmap has all of its method."""
    for code, method in NUMBERS.items():
        if code not in report:
            continue
        try:
            present = decode_numbers(str(report[code]))
        except CodecError:
            continue
        others = {key for key in known if not key.startswith(f"{method}:")}
        known = frozenset(others | {f"{method}:{number}" for number in present})
    return known


def unlocks(report: Mapping[str, Value]) -> Iterable[tuple[str, Unlock]]:
    """Return the unlocks in a report of DP values by code, each with its code, in order."""
    for code, value in report.items():
        if unlock := _unlock(code, value):
            yield code, unlock


def _unlock(code: str, value: Value) -> Unlock | None:
    """Return the unlock that a DP reports, if it reports one."""
    if code == "open_inside":
        return Unlock("inside") if value else None
    if not code.startswith("unlock_") or code in _NO_UNLOCK:
        return None
    method = METHODS.get(code, "other")
    number = _number(code, value)
    if method in {"app", "remote"} and number == OUR_MEMBER:
        return Unlock("remote")
    return Unlock(method, number, code if method == "other" else None)


def _number(code: str, value: Value) -> int | None:
    """Return the number of an unlock, or None where the layout of its DP is not known."""
    if type(value) is int:
        return value
    if not code.endswith("_kit") or code == "unlock_double_kit":
        return None
    try:
        return decode_kit(str(value))
    except CodecError:
        return None
