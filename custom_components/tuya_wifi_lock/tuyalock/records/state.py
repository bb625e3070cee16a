"""The state of a lock: what it has reported, and what follows from that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

from ..models import Age, Alarm, Between, Matching, OneOf, Record, Unlock, Value, is_set
from ..products.decoder import (
    BATTERY_LEVELS,
    MAX_COUNTDOWN,
    METHODS,
    NUMBERS,
    SETTINGS,
    Observation,
)
from ..products.values import decode_numbers
from ..storage import NOT_STORED, Reader
from .ageing import CLOCK_TOLERANCE

HEARD_AGAIN = 10.0
"""Seconds after which another sign of life is worth noting."""
COUNTDOWN_JITTER = 2.0
"""Seconds by which the end of a request seems to move while the lock counts down."""

STALE_AFTER = 60.0
"""Seconds after which a request at the door is over, and what is reported confirms nothing."""

_JAMS = {Alarm("tongue_bad"), Alarm("tongue_not_out")}
"""Alarms that say that the bolt is not where it was sent."""

_TIMES = ("motor_at", "request_until", "opened_at", "last_heard", "jammed_at")
"""Fields of a state that are Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """Everything that a lock has reported; None is not known. Times are Unix seconds."""

    motor_unlocked: bool | None = None
    motor_at: float | None = None
    """When the lock reported where its bolt is."""
    door_open: bool | None = None
    double_locked: bool | None = None
    passage_mode: bool | None = None
    battery: Annotated[int, Between(0, 100)] | None = None
    """Percent."""
    battery_level: Annotated[str, OneOf(BATTERY_LEVELS)] | None = None
    """One of BATTERY_LEVELS, of locks that do not measure percent."""
    request_until: float | None = None
    """When the remote unlock request at the door ends."""
    opened_at: float | None = None
    """When the lock was last opened."""
    last_heard: float | None = None
    """When the lock last said anything."""
    seen: frozenset[str] = frozenset()
    """DP codes that this product has reported."""
    numbers: frozenset[Annotated[str, Matching(r"[a-z_]{1,32}:\d{1,5}")]] = frozenset()
    """Numbers that exist in the lock, by method: `fingerprint:3`."""
    jammed_at: float | None = None
    """When the bolt was stuck, unless it has moved since by its own report."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Values of SETTINGS by DP code."""
    reported_at: Mapping[str, float] = field(
        default_factory=dict, compare=False, repr=False, metadata=NOT_STORED
    )
    """When each DP code was last reported, but for openings."""

    @property
    def jammed(self) -> bool:
        """Return if the bolt is stuck: it was, and nobody has unlocked since."""
        return self.jammed_at is not None and self.jammed_at >= (self.opened_at or 0)

    @classmethod
    def from_dict(cls, data: Any, reader: Reader | None = None) -> Self:
        """Return the state of a stored form, without what cannot be read."""
        state: Self = (reader or Reader()).read("state", cls, data, cls())
        return state


@dataclass(frozen=True, slots=True)
class Bolt:
    """Where the bolt is: None is unknown; assumed is what the owner said, not the lock."""

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


type Dated = tuple[Observation, float]
"""An observation and the Unix time of which it says something."""


def current(
    state: LockState,
    observations: Iterable[Observation],
    now: float,
    behind: float | None = None,
    *,
    in_order: bool = False,
) -> list[Dated]:
    """Return what is reported that is not older than what is known, with its time.

    What has none, or one of a clock that is not set, is current. The lock's clock is known to be
    `behind` ours by so many seconds. `in_order`: it may be wrong; what comes later is newer.
    """
    found = []
    for one in observations:
        at = now if one.time is None else min(one.time + (behind or 0.0), now)
        if one.time is None or not is_set(at):
            found.append((one, now))
        elif (in_order or at >= state.reported_at.get(one.code, 0)) and not (
            one.code == "unlock_request" and now - at > STALE_AFTER
        ):
            found.append((one, at))
    return found


def reduce(state: LockState, dated: Iterable[Dated], *, is_answer: bool = False) -> LockState:
    """Return the state after a report; an answer does not say that the bolt has just moved."""
    for one, at in dated:
        changes = _changes(state, one, at, is_answer=is_answer)
        if one.code not in state.seen:
            changes["seen"] = state.seen | {one.code}
        # Openings are records, whatever their order.
        if one.code not in METHODS:
            # What comes in order is newer than what was known, even if its time is not.
            latest = max(at, state.reported_at.get(one.code, at))
            changes["reported_at"] = {**state.reported_at, one.code: latest}
        if changes:
            state = replace(state, **changes)
    return state


def reduce_record(state: LockState, record: Record) -> LockState:
    """Return the state after a record that is new."""
    if isinstance(record.event, Unlock):
        unknown = record.age is Age.UNKNOWN
        return state if unknown else opened(state, record.happened, record.when.received)
    # A report may say at once that the motor turned, and that the bolt stuck.
    if record.event in _JAMS and record.happened >= (state.motor_at or 0):
        return replace(state, jammed_at=record.happened)
    return state


def opened(state: LockState, at: float, now: float) -> LockState:
    """Return the state after an opening at one Unix time that is known since another."""
    state = forget_ahead(state, now)
    jammed_at = None if at >= (state.jammed_at or at) else state.jammed_at
    return replace(state, jammed_at=jammed_at, opened_at=max(at, state.opened_at or at))


def heard(state: LockState, now: float) -> LockState:
    """Return the state after a sign of life, which is not noted again within seconds."""
    last = state.last_heard
    if last is None or not 0 <= now - last < HEARD_AGAIN:
        return replace(state, last_heard=now)
    return state


def forget_ahead(state: LockState, now: float) -> LockState:
    """Return the state without times that lie ahead: our own clock was ahead when it noted them."""
    latest = now + CLOCK_TOLERANCE
    times = {name: getattr(state, name) for name in ("opened_at", "motor_at", "jammed_at")}
    wrong: dict[str, Any] = {name: None for name, at in times.items() if at and at > latest}
    if wrong or max(state.reported_at.values(), default=latest) > latest:
        reported_at = {code: at for code, at in state.reported_at.items() if at <= latest}
        state = replace(state, reported_at=reported_at, **wrong)
    return state


def set_right(state: LockState, ahead: float | None) -> LockState:
    """Return the state without times by a clock that was not set.

    It was behind by so many seconds; None is not known.
    """

    def right(at: float | None) -> float | None:
        if at is None or is_set(at):
            return at
        return None if ahead is None else at + ahead

    times: dict[str, Any] = {name: right(getattr(state, name)) for name in _TIMES}
    reported_at = {code: at for code, old in state.reported_at.items() if (at := right(old))}
    return replace(state, reported_at=reported_at, **times)


def moved(state: LockState, step: float) -> LockState:
    """Return the state after our own clock was set by so many seconds: spans stay as they are."""
    until = state.request_until
    return replace(
        state,
        request_until=until and until + step,
        reported_at={code: at + step for code, at in state.reported_at.items()},
    )


def state_at(state: LockState, now: float) -> LockState:
    """Return the state at a Unix time, without times that cannot be, and a request that is over."""
    if (state.opened_at or 0) > now + CLOCK_TOLERANCE:
        state = replace(state, opened_at=None)
    if state.last_heard is not None and not is_set(state.last_heard):
        state = replace(state, last_heard=None)
    if state.request_until and not now < state.request_until <= now + MAX_COUNTDOWN:
        state = replace(state, request_until=None)
    return state


def _changes(state: LockState, one: Observation, at: float, *, is_answer: bool) -> dict[str, Any]:
    code, value = one.code, one.value
    settings = {"settings": {**state.settings, code: value}} if code in SETTINGS else {}
    match code:
        case "lock_motor_state":
            moved = not is_answer and at >= (state.jammed_at or at)
            jammed_at = None if moved else state.jammed_at
            return {"motor_unlocked": value, "motor_at": at, "jammed_at": jammed_at}
        case "reverse_lock":
            return {"double_locked": value}
        case "normal_open_switch":
            return {"passage_mode": value, **settings}
        case "residual_electricity":
            return {"battery": value}
        case "battery_state":
            return {"battery_level": value}
        case "closed_opened":
            return {"door_open": {"open": True, "closed": False}.get(str(value))}
        case "unlock_request":
            return {"request_until": _end(state.request_until, at, int(value))}
    if method := NUMBERS.get(code):
        return {"numbers": _numbers(state.numbers, method, str(value))}
    return settings


def _end(known: float | None, now: float, seconds: int) -> float | None:
    """Return when a request ends; the countdown's jitter moves no end that is known."""
    if seconds <= 0:
        return None
    end = now + seconds
    jitters = known and known > now and abs(end - known) < COUNTDOWN_JITTER
    return known if jitters else end


def _numbers(known: frozenset[str], method: str, text: str) -> frozenset[str]:
    """Return the numbers that exist after a bitmap, which has all of its method."""
    if (present := decode_numbers(text)) is None:
        return known
    others = {key for key in known if not key.startswith(f"{method}:")}
    return frozenset(others | {f"{method}:{number}" for number in present})
