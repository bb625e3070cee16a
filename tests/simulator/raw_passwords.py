"""Temporary passwords that come over the LAN, as one old layout has them.

A password has three serials of two bytes: Tuya's, the server's (one more at each edit), and the
lock's own number, which is zero until the lock has said it.
"""

import base64
import binascii
from typing import Any, Protocol

from .bodies import Dps
from .families import text
from .keypad import Delivery
from .uplink import Uplink

PRODUCTS = ("simulatedrawpass",)
CREATE, DELETE, MODIFY = "24", "25", "26"
SERIALS_BYTES, PASSWORD_BYTES = 6, 21
DONE, REFUSED = b"\x01", b"\x00"


class Memory(Protocol):
    """What a command can change in the lock."""

    uplink: Uplink

    def report(self, dps: Dps, *, record: bool = False) -> None:
        """Report values."""

    def clock(self) -> float:
        """Return the lock's own time."""


def apply(memory: Memory, dps: Dps) -> None:
    """Carry out and answer what is about passwords; what has no known length gets no answer."""
    for dp, value in dps.items():
        if dp not in (CREATE, DELETE, MODIFY):
            continue
        command = _raw(value)
        if len(command) != (SERIALS_BYTES if dp == DELETE else PASSWORD_BYTES):
            continue
        number = _deleted(memory, command) if dp == DELETE else _stored(memory, command, dp)
        answer = command[:6] + REFUSED if number is None else _done(command, number)
        memory.report({dp: text(answer)})


def _done(command: bytes, number: int) -> bytes:
    return command[:4] + number.to_bytes(2) + DONE


def _deleted(memory: Memory, command: bytes) -> int | None:
    """Delete; what is not there is as it is wished."""
    keypad = memory.uplink.keypad
    slot = keypad.slot_of(int.from_bytes(command[:2]))
    number = int.from_bytes(command[4:6])
    if slot is None:
        return number
    if number not in (0, slot):
        return None
    del keypad.slots[slot]
    return slot


def _stored(memory: Memory, command: bytes, dp: str) -> int | None:
    """Store serials 6 | start 4 | end 4 | once 1 | digits 6; return the slot.

    A creation that comes again is the same password. No two have the same digits.
    """
    keypad, now = memory.uplink.keypad, memory.clock()
    password = Delivery(
        id=int.from_bytes(command[:2]),
        edit=int.from_bytes(command[2:4]),
        start=int.from_bytes(command[6:10]),
        end=int.from_bytes(command[10:14]),
        once=command[14] == 1,
        digits=command[15:21].decode("ascii", "replace"),
    )
    number, slot = int.from_bytes(command[4:6]), keypad.slot_of(password.id)
    if (dp == MODIFY and slot is None) or number not in (0, slot):
        return None
    others = [kept.password for kept in keypad.slots.values() if kept.password.id != password.id]
    taken = any(other.digits == password.digits and other.end > now for other in others)
    if taken or not password.digits.isdecimal() or password.end <= max(now, password.start):
        return None
    return keypad.take([password], now).get(password.id)


def _raw(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error, TypeError, ValueError:
        return b""
