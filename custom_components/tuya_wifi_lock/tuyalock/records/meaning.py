"""What a value means to an owner, in words: `unlock fingerprint 3`, `battery 85`."""

from collections.abc import Mapping

from ..models import Alarm, Doorbell, Event, Unlock
from ..products.decoder import Observation, events
from .state import LockState, reduce

_FIELDS: Mapping[str, str] = {
    "motor_unlocked": "bolt_unlocked",
    "door_open": "door_open",
    "double_locked": "double_locked",
    "passage_mode": "passage_mode",
    "battery": "battery",
    "battery_level": "battery_level",
}
"""Field of a state -> the word for it."""


def meanings(observation: Observation, *, alarm_bits: bool) -> list[str]:
    """Return what an observation means; nothing if it means nothing to an owner."""
    found = [_event(event) for event, _ in events([observation], alarm_bits=alarm_bits)]
    state = reduce(LockState(), [(observation, 0.0)])
    if observation.code == "unlock_request":
        found.append(f"request {_word(state.request_until is not None)}")
    values = {word: getattr(state, name) for name, word in _FIELDS.items()}
    found += [f"{word} {_word(value)}" for word, value in values.items() if value is not None]
    methods = sorted({number.partition(":")[0] for number in state.numbers})
    return found + [f"numbers {method}" for method in methods]


def _event(event: Event) -> str:
    match event:
        case Unlock():
            number = "?" if event.number is None else event.number
            return f"unlock {event.method} {number}"
        case Alarm():
            return f"alarm {event.type}"
        case Doorbell():
            return "doorbell"
    return "duress"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
