"""Codes that a lock and its cloud both work out, without talking to each other."""

from dataclasses import dataclass, field
import hashlib
import hmac
import secrets

MINUTE, HOUR = 60, 3600
STEP = 10
DYNAMIC_LASTS = 5 * MINUTE
DYNAMIC_LENGTH, OFFLINE_LENGTH = 8, 10
CLEARING = ("clear_one", "clear_all")
ONCE_LASTS, CLEAR_LASTS, FIRST_USE_WITHIN = 6 * HOUR, 24 * HOUR, 24 * HOUR


@dataclass
class OfflineCode:
    """An offline password; the times are whole hours for the kind `multiple`."""

    id: int
    kind: str
    name: str
    digits: str = field(repr=False)
    start: float
    end: float
    used: bool = False
    cleared: bool = False
    clears: int | None = None


class SecretCodes:
    """What a lock and the cloud share since pairing.

    The real algorithms are closed. Dynamic codes are worked out from the time; offline codes are
    kept in a list that both can see, in place of an algorithm that packs their times into them.
    """

    def __init__(self) -> None:
        """Agree on a new secret."""
        self._secret = secrets.token_bytes(16)
        self.offline: list[OfflineCode] = []

    def dynamic(self, at: float) -> str:
        """Return the code that the cloud gives out at this time."""
        step = int(at // STEP)
        digest = hmac.digest(self._secret, step.to_bytes(8), hashlib.sha256)
        return str(int.from_bytes(digest[:8]) % 10**DYNAMIC_LENGTH).zfill(DYNAMIC_LENGTH)

    def accepts_dynamic(self, digits: str, clock: float) -> bool:
        """Tell whether a code is of the last five minutes (or up to one ahead) of this clock."""
        times = range(int(clock) - DYNAMIC_LASTS + STEP, int(clock) + MINUTE + 1, STEP)
        return any(digits == self.dynamic(at) for at in times)

    def add_offline(
        self, kind: str, name: str, start: float, end: float, clears: int | None = None
    ) -> OfflineCode:
        """Give out an offline code."""
        taken = {code.digits for code in self.offline}
        digits = _digits()
        while digits in taken:
            digits = _digits()
        code = OfflineCode(len(self.offline) + 1, kind, name, digits, start, end, clears=clears)
        self.offline.append(code)
        return code

    def enter_offline(self, digits: str, clock: float) -> OfflineCode | None:
        """Return the code that the keypad accepts now, or None; it is used then."""
        code = next((one for one in self.offline if one.digits == digits), None)
        if code is None or code.cleared or not code.start <= clock < code.end:
            return None
        if code.used and code.kind != "multiple":
            return None
        if not code.used and code.kind == "multiple" and clock >= code.start + FIRST_USE_WITHIN:
            return None
        code.used = True
        for one in self.offline:
            if one.kind == "multiple" and (code.kind == "clear_all" or one.id == code.clears):
                one.cleared = True
        return code


def _digits() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(OFFLINE_LENGTH))
