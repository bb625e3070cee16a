"""Access tokens of the project."""

from collections.abc import Callable
import secrets
from typing import Any

from .asked import Refusal

PROJECT_USER = "projectuser000001"


class Tokens:
    """Tokens, and those that renew them."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start with none."""
        self.seconds = 7200.0
        self.issued = 0
        self.secrets: list[str] = []
        self._now = now
        self._ends: dict[str, float] = {}
        self._renewals: dict[str, str] = {}

    def issue(self) -> dict[str, Any]:
        """Give out a new pair."""
        self.issued += 1
        token, renewal = secrets.token_hex(16), secrets.token_hex(16)
        self.secrets += (token, renewal)
        self._ends[token] = self._now() + self.seconds
        self._renewals[renewal] = token
        return {
            "access_token": token,
            "refresh_token": renewal,
            "expire_time": int(self.seconds),
            "uid": PROJECT_USER,
        }

    def renew(self, renewal: str) -> dict[str, Any]:
        """Give out a new pair for an old one, which dies."""
        if (token := self._renewals.pop(renewal, None)) is None:
            raise Refusal(1010)
        self._ends.pop(token)
        return self.issue()

    def expire(self) -> None:
        """Every access token is over now; they can still be renewed."""
        self._ends = dict.fromkeys(self._ends, 0.0)

    def check(self, token: str) -> None:
        """Refuse a token that is unknown or over."""
        if token not in self._ends:
            raise Refusal(1010)
        if self._ends[token] <= self._now():
            raise Refusal(1010, "token is expired")
