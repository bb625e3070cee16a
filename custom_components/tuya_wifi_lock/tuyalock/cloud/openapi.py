"""Tuya's OpenAPI: signed requests of one cloud project, which share one access token."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import hashlib
import hmac
import json
import logging
from typing import Annotated, Any

import aiohttp

from ..clock import Clock
from ..exceptions import CallsUsedUp, Cause, CloudError, CloudRefused, CloudSilent, CloudUnreachable
from ..models import Between, Matching, is_set
from ..storage import Reader, checked, dump, integer
from .project import MAX_CALLS, REGIONS, Project

_LOGGER = logging.getLogger(__name__)

ANSWER_TIME = 10.0
"""Seconds within which the cloud has to answer."""

_RENEW_BEFORE = 60.0
"""Seconds before its expiry at which a token is renewed."""

_MAX_TIME = 10**14
"""Milliseconds, in the year 5138."""
_MAX_ANSWER = 4 * 2**20
"""Bytes of an answer; a page of records has less than a hundredth."""
_MAX_CODE = 10**11
"""Error codes have up to eight digits, some with a sign."""

_TOKEN_PATH = "/v1.0/token"


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


@dataclass(frozen=True, slots=True)
class _Count:
    """The stored form of a counter."""

    month: str | None = None
    count: Annotated[int, Between(0, 10**9)] = 0


class CallCounter:
    """Counts the calls of a project in the current month; Tuya's quotas are monthly."""

    def __init__(
        self,
        stored: Any = None,
        on_change: Callable[[], None] = lambda: None,
        reader: Reader | None = None,
    ) -> None:
        """Go on from what `as_dict` returned; `on_change` is called after each call."""
        reader = reader or Reader()
        known: _Count = reader.read("calls", _Count, stored or {}, _Count())
        self._on_change = on_change
        self._month, self._count = known.month, known.count

    def as_dict(self) -> dict[str, Any]:
        """Return the count in a form for storage."""
        stored: dict[str, Any] = dump(_Count(self._month, self._count))
        return stored

    def used(self, now: float) -> int:
        """Return the number of calls in the month of a Unix time."""
        return self._count if self._month == _month(now) or not is_set(now) else 0

    def count(self, now: float) -> None:
        """Count one call."""
        self._count = self.used(now) + 1
        self._month = _month(now) if is_set(now) else self._month
        self._on_change()


def _month(now: float) -> str:
    """Return the month of a Unix time in UTC."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m}"


@dataclass(frozen=True, slots=True)
class _Request:
    """A request; the body holds exactly the bytes that are signed and sent."""

    method: str
    path: str
    query: Mapping[str, str | int]
    body: bytes = field(default=b"", repr=False)
    device_id: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The request as it is logged: without the device id, the query and the body."""
        return f"{self.method} {self.path}"

    @property
    def device_path(self) -> str:
        """The path with the device id."""
        return self.path.replace("{id}", self.device_id)

    @property
    def url(self) -> str:
        """The path with its query, as it is signed."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.device_path}?{query}" if query else self.device_path


@dataclass(frozen=True, slots=True)
class _Token:
    """An access token; it is valid for two hours."""

    text: Annotated[str, Matching("[!-~]+")] = field(repr=False)
    until: float
    """When it expires, on the monotonic clock."""


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp would repeat GET, PUT and DELETE when a connection breaks."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError as error:
        raise CloudUnreachable from error
    except aiohttp.ClientError:
        # The message quotes the answer, which may contain secrets.
        raise CloudSilent from None


class OpenApi:
    """Client of Tuya's OpenAPI for one project."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        project: Project,
        clock: Clock,
        calls: CallCounter | None = None,
    ) -> None:
        self.project = project
        self.calls = calls or CallCounter()
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
        device_id: str = "",
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        poll: bool = False,
    ) -> Any:
        """Return the result of a call; `{id}` in the path stands for the device id.

        A call is repeated once if the cloud refused the token or the clock, and never otherwise.
        `poll` marks a call in the background, which is not made once the calls of the month are
        used up.
        """
        if poll and self.calls.used(self.clock.time()) >= MAX_CALLS:
            raise CallsUsedUp
        data = b"" if body is None else json.dumps(body).encode()
        request = _Request(method, path, dict(sorted((query or {}).items())), data, device_id)
        try:
            return await self._ask(request)
        except CloudRefused as refused:
            if refused.cause not in {Cause.TOKEN, Cause.CLOCK}:
                raise
        return await self._ask(request)

    async def _ask(self, request: _Request) -> Any:
        """Send a request with a token; drop the token if it is refused."""
        token = await self._valid_token()
        try:
            return await self._send(request, token.text)
        except CloudRefused as refused:
            if refused.cause is Cause.TOKEN and self._token is token:
                self._token = None
            raise

    async def _valid_token(self) -> _Token:
        """Return a valid token; concurrent callers share one renewal."""
        async with self._renewing:
            if self._token is None or self.clock.monotonic() >= self._token.until:
                self._token = await self._new_token()
            return self._token

    async def _new_token(self) -> _Token:
        """Request a token; a lost answer has changed nothing."""
        asked_at = self.clock.monotonic()
        try:
            result = await self._send(_Request("GET", _TOKEN_PATH, {"grant_type": 1}), "")
            until = asked_at + integer(result["expire_time"]) - _RENEW_BEFORE
            return checked(_Token(result["access_token"], until))
        except CloudSilent, KeyError, TypeError, ValueError:
            # The message may quote the token.
            raise CloudUnreachable from None

    async def _send(self, request: _Request, token: str) -> Any:
        """Send a request once and return the result in its answer."""
        self.calls.count(self.clock.time())
        try:
            async with self.clock.timeout(ANSWER_TIME):
                answer = json.loads(await self._exchange(request, token))
            result = self._result(answer)
        except TimeoutError, aiohttp.ClientError, RecursionError, ValueError:
            _LOGGER.debug("%s: no readable answer", request.name)
            raise CloudSilent from None
        except CloudError as error:
            _LOGGER.debug("%s: %s", request.name, str(error) or type(error).__name__)
            raise
        _LOGGER.debug("%s: success", request.name)
        return result

    async def _exchange(self, request: _Request, token: str) -> bytes:
        async with self._session.request(
            request.method,
            self._base + request.device_path,
            params=request.query,
            data=request.body or None,
            headers=self._headers(request, token),
            allow_redirects=False,
            middlewares=(_once,),
        ) as response:
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > _MAX_ANSWER:
                    raise CloudSilent
            return bytes(answer)

    def _headers(self, request: _Request, token: str) -> dict[str, str]:
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
        """Return the result of an answer, and take the time of the cloud from it."""
        if not isinstance(answer, dict):
            raise CloudSilent
        now = answer.get("t")
        if type(now) is int and 0 < now < _MAX_TIME and is_set(now / 1000):
            self._skew = now / 1000 - self.clock.time()
        if answer.get("success") is True:
            return answer.get("result")
        try:
            code = integer(answer["code"], -_MAX_CODE, _MAX_CODE)
        except KeyError, ValueError:
            raise CloudSilent from None
        raise CloudRefused(code)
