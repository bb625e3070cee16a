"""The gateway of the app accounts, which is also the one of Home Assistant's Tuya integration."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
import re
import secrets
import time
from typing import Any, override

from aiohttp import web
from cryptography.exceptions import InvalidTag

from .cloud.asked import SIGN_INVALID, Refusal
from .cloud.model import Property, properties_of
from .keypad import Delivery
from .lock import SimulatedLock
from .seal import Seal
from .serving import HttpServer
from .uplink import CloudLink

COMMANDS = re.compile(r"/v1\.1/m/thing/(?P<device>[^/]+)/commands")
RENEWAL = re.compile(r"/v1\.0/m/token/(?P<token>[^/]+)")
TOKEN_SECONDS = 7200
TYPES: dict[str, type] = {"bool": bool, "value": int, "enum": str, "raw": str, "string": str}

type Subscriber = Callable[[str, list[dict[str, Any]]], None]


class Gateway(HttpServer):
    """One account on 127.0.0.1, and the cloud of its locks (uplink.CloudLink)."""

    def __init__(self) -> None:
        """Build it, with a token."""
        super().__init__()
        self.token: dict[str, Any] = {"uid": "simulateduser"} | _new_token()
        """What the SDK is given; another value in here makes the old one invalid."""
        self.writable: dict[str, set[str]] = {}
        """The codes that each device takes."""
        self.orders: list[tuple[str, str]] = []
        """Device id and code of each command that was accepted."""
        self.broken = False
        self.hang = False
        """Carries out a call, and never answers."""
        self.lose = False
        """Accepts a command, and does not pass it on."""
        self.latency = 0.0
        """Seconds between what a call does and its answer."""
        self._locks: dict[str, tuple[SimulatedLock, CloudLink | None]] = {}
        self._subscribers: list[Subscriber] = []
        self._failures: list[int | str] = []

    def join(self, lock: SimulatedLock, codes: Iterable[str] | None = None) -> None:
        """Make a lock a device that takes these codes, or all that its family has.

        A lock that is to be a device of a simulated project, too, joins that one first.
        """
        self.writable[lock.device_id] = set(_properties(lock) if codes is None else codes)
        if lock.cloud is not self:
            self._locks[lock.device_id] = (lock, lock.cloud)
            lock.cloud = self

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand on what every lock reports, as MQTT messages carry it."""
        self._subscribers.append(subscriber)

    def fail(self, code: int | str, times: int = 1) -> None:
        """Answer the next calls with an error code, and do nothing."""
        self._failures += [code] * times

    # What a lock asks and tells (uplink.CloudLink)

    def fetch(self, device_id: str) -> list[Delivery]:
        """Return what the project has for the lock, if there is one."""
        _, project = self._locks[device_id]
        return project.fetch(device_id) if project else []

    def delivered(self, device_id: str, slots: Mapping[int, int]) -> None:
        """Pass on what the lock has taken."""
        _, project = self._locks[device_id]
        if project:
            project.delivered(device_id, slots)

    def reported(self, device_id: str, dps: Mapping[str, Any], at: float) -> None:
        """Hand on what a lock reports."""
        _, project = self._locks[device_id]
        if project:
            project.reported(device_id, dps, at)
        items = [{"dpId": int(dp), "t": int(at * 1000), "value": dps[dp]} for dp in dps]
        for subscriber in self._subscribers:
            subscriber(device_id, items)

    # Serving

    @override
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.broken:
            return web.Response(status=500)
        seal = Seal(request.headers.get("X-requestId", ""), self.token["refresh_token"])
        try:
            result = self._result(request, await _sealed(request), seal)
            answer: dict[str, Any] = {"success": True, "result": seal.write(result)}
        except Refusal as refusal:
            answer = {"success": False, "code": refusal.code, "msg": refusal.message}
        await asyncio.sleep(self.latency)
        if self.hang:
            await self._closed.wait()
            if request.transport:
                request.transport.abort()
        return web.json_response(answer | {"t": int(time.time() * 1000), "tid": "simulated"})

    def _result(self, request: web.BaseRequest, sealed: str, seal: Seal) -> object:
        headers = request.headers
        right = seal.sign(headers, sealed) == headers.get("X-sign")
        if not right or headers.get("X-token") != self.token["access_token"]:
            raise Refusal(SIGN_INVALID)
        if self._failures:
            raise Refusal(self._failures.pop(0))
        if request.method == "POST" and (order := COMMANDS.fullmatch(request.path)):
            return self._command(order["device"], _read(seal, sealed).get("commands"))
        if request.method == "GET" and (renewal := RENEWAL.fullmatch(request.path)):
            return self._renew(renewal["token"])
        raise Refusal(1108)

    def _renew(self, refresh_token: str) -> object:
        if refresh_token != self.token["refresh_token"]:
            raise Refusal(1010)
        self.token |= _new_token()
        names = {"access_token": "accessToken", "refresh_token": "refreshToken"}
        names |= {"expire_time": "expireTime", "uid": "uid"}
        return {new: self.token[old] for old, new in names.items()}

    def _command(self, device_id: str, commands: Any) -> bool:
        if device_id not in self._locks:
            raise Refusal(1106)
        if not isinstance(commands, list) or not commands:
            raise Refusal(1109)
        lock, _ = self._locks[device_id]
        properties = _properties(lock)
        dps: dict[str, Any] = {}
        for command in commands:
            code, value = command.get("code"), command.get("value")
            known = properties.get(code) if code in self.writable[device_id] else None
            if known is None or type(value) is not TYPES[known.spec["type"]]:
                raise Refusal(2008)
            dps[str(known.dp)] = value
        self.orders += [(device_id, command["code"]) for command in commands]
        if lock.awake and lock.knobs.cloud and not self.lose:
            _carry_out(lock, dps)
        return True


def _carry_out(lock: SimulatedLock, dps: dict[str, Any]) -> None:
    if lock.knobs.apply_delay:
        lock.apply_later(lock.knobs.apply_delay, dps)
    else:
        lock.apply(dps)


def _new_token() -> dict[str, Any]:
    tokens = {name: secrets.token_hex(16) for name in ("access_token", "refresh_token")}
    return tokens | {"t": int(time.time() * 1000), "expire_time": TOKEN_SECONDS}


def _properties(lock: SimulatedLock) -> dict[str, Property]:
    return {one.code: one for one in properties_of(lock) if one.writable}


async def _sealed(request: web.BaseRequest) -> str:
    """Return what is encrypted of a call: its query or its body."""
    if request.method == "GET":
        return request.query.get("encdata", "")
    return str((await request.json()).get("encdata", ""))


def _read(seal: Seal, sealed: str) -> dict[str, Any]:
    try:
        value = seal.read(sealed)
    except (ValueError, InvalidTag) as err:
        raise Refusal(1109) from err
    return value if isinstance(value, dict) else {}
