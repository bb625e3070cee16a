"""What goes wrong in the cloud, or on the way to it."""

from dataclasses import dataclass
import re
from typing import Literal

from .asked import Call

type Kind = Literal["refuse", "false", "drop", "hang", "garble", "babble"]


@dataclass
class Fault:
    """Something that happens to calls that match, so many times; None: always."""

    kind: Kind
    path: str
    times: int | None = 1
    method: str | None = None
    code: int = 0
    message: str | None = None
    done: bool = True

    def matches(self, call: Call) -> bool:
        """Tell whether this call is meant."""
        if self.times == 0 or self.method not in (None, call.method):
            return False
        return re.search(self.path, call.path) is not None


class Faults:
    """All of them; the one that was asked for first comes first."""

    def __init__(self) -> None:
        """Start with none."""
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add one."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Make everything right again."""
        self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """Return what happens to this call, and count it."""
        fault = next((one for one in self._faults if one.matches(call)), None)
        if fault and fault.times is not None:
            fault.times -= 1
        return fault
