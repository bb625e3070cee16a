"""One request, as it came, and how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from typing import Any
from urllib.parse import parse_qsl, unquote

SIGN_INVALID = "-9999999"
MESSAGES: dict[int | str, str] = {
    SIGN_INVALID: "sign invalid",
    1004: "sign invalid",
    1005: "clientId invalid",
    1010: "token invalid",
    1013: "request time is invalid",
    1100: "param is empty",
    1106: "permission deny",
    1108: "uri path invalid",
    1109: "param is illegal",
    1114: "ip is not in the white list",
    2001: "device is offline",
    2003: "function not support",
    2004: "not support this lock type",
    2008: "command or value not support",
    2009: "not support this device",
    2302: "the password does not exist",
    2304: "the password has expired",
    2323: "the record does not exist",
    28841002: "No permissions. Your subscription to cloud development plan has expired.",
    28841004: "Your quota of the Trial Edition has been used up.",
    28841106: "No permissions. This API is not subscribed.",
}


class Refusal(Exception):
    """An answer with an error code."""

    def __init__(self, code: int | str, message: str | None = None) -> None:
        """Take the usual text if none is given."""
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, "error")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came in."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with what its signature covers."""

    call: Call
    raw_query: str
    raw_body: bytes
    headers: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)

    def query(self, name: str) -> str:
        """Return a query parameter that has to be there."""
        if not (value := self.call.query.get(name)):
            raise Refusal(1100)
        return value

    def body[T](self, name: str, kind: type[T]) -> T:
        """Return a field of the body that has to be there, in this very type."""
        value = (self.call.body or {}).get(name)
        if value is None:
            raise Refusal(1100)
        if type(value) is not kind:
            raise Refusal(1109)
        return value


def read(method: str, target: str, raw_body: bytes, headers: Mapping[str, str]) -> Asked:
    """Take a request apart."""
    path, _, raw_query = target.partition("?")
    query = dict(parse_qsl(raw_query, keep_blank_values=True))
    return Asked(Call(method, unquote(path), query, _json(raw_body)), raw_query, raw_body, headers)


def _json(raw_body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw_body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
