"""Tuya's OpenAPI: signed requests of one cloud project, which share one token."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import hashlib
import hmac
import json
from typing import Any

import aiohttp

from .clock import Clock
from .exceptions import CallsUsedUp, Cause, CloudRefused, CloudSilent, CloudUnreachable

REGIONS: dict[str, str] = {
    "eu": "https://openapi.tuyaeu.com",
    "eu-w": "https://openapi-weaz.tuyaeu.com",
    "us": "https://openapi.tuyaus.com",
    "us-e": "https://openapi-ueaz.tuyaus.com",
    "cn": "https://openapi.tuyacn.com",
    "in": "https://openapi.tuyain.com",
    "sg": "https://openapi-sg.iotbing.com",
}
"""Data centre -> where its OpenAPI is."""

CAP = 20_000
"""Calls in a month after which nothing is polled any more; a trial allows about 26,000."""

ANSWER_TIME = 10.0
"""Seconds that the cloud has for an answer."""

_RENEW_BEFORE = 60.0
"""Seconds before its end in which a token is not used any more."""

_TOKEN_PATH = "/v1.0/token"


@dataclass(frozen=True, slots=True)
class Project:
    """A cloud project of the owner on Tuya's developer platform."""

    region: str
    access_id: str
    access_secret: str = field(repr=False)


def sign(
    secret: str, identity: str, method: str, url: str, body: bytes = b"", headers: str = ""
) -> str:
    """Return the signature of a request.

    `identity` is client id, access token (not on token calls), time in ms and nonce (if one is
    used), joined. `url` is the path with its query, sorted and not percent-encoded. `headers` has a
    line `name:value` for each header that is signed as well.
    """
    text = "\n".join((method, hashlib.sha256(body).hexdigest(), headers, url))
    return hmac.new(secret.encode(), (identity + text).encode(), hashlib.sha256).hexdigest().upper()


class Calls:
    """Counts how often the cloud was asked in a month; Tuya's quotas start anew each month."""

    def __init__(
        self, stored: Mapping[str, Any] | None = None, counted: Callable[[], None] = lambda: None
    ) -> None:
        """Go on from a stored form; tell each call that is counted."""
        self._counted = counted
        self._month: str | None = stored["month"] if stored else None
        self._count: int = stored["count"] if stored else 0

    def as_dict(self) -> dict[str, Any]:
        """Return a form for storage."""
        return {"month": self._month, "count": self._count}

    def used(self, now: float) -> int:
        """Return how often the cloud was asked in the month of a Unix time."""
        return self._count if self._month == _month(now) else 0

    def count(self, now: float) -> None:
        """Count one call."""
        self._count = self.used(now) + 1
        self._month = _month(now)
        self._counted()


def _month(now: float) -> str:
    """Return the month of a Unix time in UTC."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m}"


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked; the body is the very bytes that are signed and sent."""

    method: str
    path: str
    query: Mapping[str, str | int]
    body: bytes = field(default=b"", repr=False)

    @property
    def url(self) -> str:
        """The path with its query as it is signed."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True)
class _Token:
    """What proves us to the cloud for two hours."""

    text: str = field(repr=False)
    until: float
    """On the monotonic clock."""


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp repeats GET, PUT and DELETE by itself if a connection breaks."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError as error:
        raise CloudUnreachable from error
    except aiohttp.ClientError:
        # Its text quotes the answer, which may hold what is secret.
        raise CloudSilent from None


class OpenApi:
    """Asks Tuya's cloud in the name of one project."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        project: Project,
        clock: Clock,
        calls: Calls | None = None,
    ) -> None:
        """Prepare; nothing is asked before the first call."""
        self.project = project
        self.calls = calls or Calls()
        self._session = session
        self.clock = clock
        self._base = REGIONS[project.region]
        self._skew = 0.0
        """Seconds by which the cloud's clock is ahead of ours."""
        self._token: _Token | None = None
        self._renewing = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        poll: bool = False,
    ) -> Any:
        """Return the result of a call.

        A call is repeated once if the cloud refused our token or our clock, and never else. A poll
        is what nobody asked for just now: it is not made once the calls of the month are used up.
        """
        if poll and self.calls.used(self.clock.time()) >= CAP:
            raise CallsUsedUp
        data = b"" if body is None else json.dumps(body).encode()
        request = _Request(method, path, dict(sorted((query or {}).items())), data)
        try:
            return await self._ask(request)
        except CloudRefused as refused:
            if refused.cause not in {Cause.TOKEN, Cause.CLOCK}:
                raise
        return await self._ask(request)

    async def _ask(self, request: _Request) -> Any:
        """Ask once, with a token; forget the token if it is refused."""
        token = await self._valid_token()
        try:
            return await self._send(request, token.text)
        except CloudRefused as refused:
            if refused.cause is Cause.TOKEN and self._token is token:
                self._token = None
            raise

    async def _valid_token(self) -> _Token:
        """Return the token, after one renewal for all who wait for it."""
        async with self._renewing:
            if self._token is None or self.clock.monotonic() >= self._token.until:
                self._token = await self._new_token()
            return self._token

    async def _new_token(self) -> _Token:
        """Fetch a token; if the answer is lost, nothing has been done that matters."""
        asked_at = self.clock.monotonic()
        try:
            result = await self._send(_Request("GET", _TOKEN_PATH, {"grant_type": 1}), "")
            until = asked_at + result["expire_time"] - _RENEW_BEFORE
            return _Token(result["access_token"], until)
        except (CloudSilent, KeyError, TypeError) as error:
            raise CloudUnreachable from error

    async def _send(self, request: _Request, token: str) -> Any:
        """Send one request and return the result in its answer."""
        self.calls.count(self.clock.time())
        try:
            async with self.clock.timeout(ANSWER_TIME):
                answer = json.loads(await self._exchange(request, token))
        except TimeoutError, aiohttp.ClientError, ValueError:
            raise CloudSilent from None
        return self._result(answer)

    async def _exchange(self, request: _Request, token: str) -> bytes:
        """Send one request and return the answer's body."""
        async with self._session.request(
            request.method,
            self._base + request.path,
            params=request.query,
            data=request.body or None,
            headers=self._headers(request, token),
            allow_redirects=False,
            middlewares=(_once,),
        ) as response:
            return await response.read()

    def _headers(self, request: _Request, token: str) -> dict[str, str]:
        """Return the headers of a request, signed."""
        project = self.project
        now = str(round((self.clock.time() + self._skew) * 1000))
        identity = project.access_id + token + now
        headers = {
            "client_id": project.access_id,
            "sign": sign(
                project.access_secret, identity, request.method, request.url, request.body
            ),
            "sign_method": "HMAC-SHA256",
            "t": now,
            "lang": "en",
            "Content-Type": "application/json",
        }
        return headers | ({"access_token": token} if token else {})

    def _result(self, answer: Any) -> Any:
        """Return the result of an answer, and learn from it how late it is in the cloud."""
        if not isinstance(answer, dict):
            raise CloudSilent
        if isinstance(now := answer.get("t"), int):
            self._skew = now / 1000 - self.clock.time()
        if answer.get("success") is True:
            return answer.get("result")
        try:
            code = int(answer["code"])
        except KeyError, TypeError, ValueError:
            raise CloudSilent from None
        raise CloudRefused(code)
