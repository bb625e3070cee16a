"""The HTTP server of the simulated cloud, and how tests make it misbehave."""

import asyncio
from collections.abc import Callable
import json
import re
import time
from typing import Any, override

from aiohttp import web

from tests.simulator.serving import HttpServer

from . import routes, signing
from .asked import Asked, Call, Refusal, read
from .faults import Fault, Faults
from .state import CloudState

ACCESS_ID = "simulatedprojectid01"
ACCESS_SECRET = "4simulated0access0secret0of0ours"
CLOCKS_MAY_DIFFER = 300
NO_JSON = "<html>502 Bad Gateway</html>"
A_TOKEN = re.compile(r"/v1\.0/token(?:/(?P<renewal>[^/]+))?")


class SimulatedCloud(CloudState, HttpServer):
    """Tuya's OpenAPI for one project, on 127.0.0.1."""

    def __init__(
        self,
        *,
        access_id: str = ACCESS_ID,
        access_secret: str = ACCESS_SECRET,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Build it; entering the context takes a port."""
        CloudState.__init__(self, access_id, access_secret, now)
        HttpServer.__init__(self)
        self.calls: list[Call] = []
        self.latency = 0.0
        self.http_status = 200
        self._faults = Faults()

    # Misbehaviour

    def fail(
        self,
        code: int,
        path: str = ".*",
        method: str | None = None,
        times: int | None = 1,
        message: str | None = None,
    ) -> None:
        """Answer matching calls (token calls too) with an error code; times None: always."""
        self._faults.add(Fault("refuse", path, times, method, code, message, done=False))

    def deny(self, path: str, times: int | None = 1) -> None:
        """Answer with success and the result false, and do nothing."""
        self._faults.add(Fault("false", path, times, done=False))

    def drop(self, path: str, times: int | None = 1, done: bool = False) -> None:
        """Close the connection without an answer; `done`: after carrying the call out."""
        self._faults.add(Fault("drop", path, times, done=done))

    def hang(self, path: str, times: int | None = 1) -> None:
        """Carry the call out, and never answer."""
        self._faults.add(Fault("hang", path, times))

    def garble(
        self, path: str, times: int | None = 1, done: bool = True, text: str = NO_JSON
    ) -> None:
        """Answer with any text; `done`: after carrying the call out."""
        self._faults.add(Fault("garble", path, times, message=text, done=done))

    def babble(self, path: str, text: str, times: int | None = 1) -> None:
        """Answer with text that is not even HTTP."""
        self._faults.add(Fault("babble", path, times, message=text))

    def recover(self) -> None:
        """Make everything right again."""
        self._faults.clear()

    @property
    def token_seconds(self) -> float:
        """How long new tokens last."""
        return self.tokens.seconds

    @token_seconds.setter
    def token_seconds(self, seconds: float) -> None:
        self.tokens.seconds = seconds

    @property
    def tokens_issued(self) -> int:
        """How many tokens were given out."""
        return self.tokens.issued

    def expire_tokens(self) -> None:
        """Every token is over now."""
        self.tokens.expire()

    # Serving

    @override
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = read(request.method, request.raw_path, await request.read(), request.headers)
        self.calls.append(asked.call)
        fault = self._faults.take(asked.call)
        answer = self._fail(fault) if fault and not fault.done else self._answer(asked)
        await asyncio.sleep(self.latency)
        if fault and fault.kind == "hang":
            await self._closed.wait()
        if fault and fault.kind in ("hang", "drop", "babble"):
            if request.transport:
                _end(request.transport, fault)
            return web.Response()
        if fault and fault.kind == "garble":
            return web.Response(text=fault.message, content_type="text/html")
        text = json.dumps(answer)
        return web.Response(text=text, content_type="application/json", status=self.http_status)

    def _fail(self, fault: Fault) -> dict[str, Any]:
        if fault.kind == "refuse":
            return self._refused(Refusal(fault.code, fault.message))
        return self._succeeded(False)

    def _answer(self, asked: Asked) -> dict[str, Any]:
        try:
            return self._succeeded(self._result(asked))
        except Refusal as refusal:
            return self._refused(refusal)

    def _result(self, asked: Asked) -> object:
        token = A_TOKEN.fullmatch(asked.call.path)
        self._check(asked, "" if token else asked.headers.get("access_token", ""))
        if not token:
            self.tokens.check(asked.headers.get("access_token", ""))
            return routes.answer(self, asked)
        if asked.call.method != "GET":
            raise Refusal(1108)
        if token["renewal"]:
            return self.tokens.renew(token["renewal"])
        if asked.query("grant_type") != "1":
            raise Refusal(1109)
        return self.tokens.issue()

    def _check(self, asked: Asked, token: str) -> None:
        if asked.headers.get("client_id") != self.access_id:
            raise Refusal(1005)
        sent = asked.headers.get("t", "")
        if not re.fullmatch(r"\d{13}", sent):
            raise Refusal(1013)
        if abs(int(sent) / 1000 - self.time()) > CLOCKS_MAY_DIFFER:
            raise Refusal(1013)
        if asked.headers.get("sign_method") != "HMAC-SHA256":
            raise Refusal(1004)
        if not signing.is_right(asked, self.access_secret, token):
            raise Refusal(1004)

    def _succeeded(self, result: object) -> dict[str, Any]:
        return {"result": result, "success": True} | self._stamp()

    def _refused(self, refusal: Refusal) -> dict[str, Any]:
        failure = {"code": refusal.code, "msg": refusal.message, "success": False}
        return failure | self._stamp()

    def _stamp(self) -> dict[str, Any]:
        return {"t": int(self.time() * 1000), "tid": f"call{len(self.calls)}"}


def _end(transport: asyncio.Transport, fault: Fault) -> None:
    if fault.message:
        transport.write(fault.message.encode())
        transport.close()
    else:
        transport.abort()
