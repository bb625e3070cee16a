"""The gateway of the app accounts, which is also the one of Home Assistant's Tuya integration."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
import json
import re
import secrets
import time
from typing import Any, override

from aiohttp import web
from cryptography.exceptions import InvalidTag

from .broker import Broker
from .cloud.asked import SIGN_INVALID, Refusal
from .cloud.model import Property, properties_of
from .keypad import Delivery
from .lock import SimulatedLock
from .seal import Seal
from .serving import HttpServer
from .uplink import CloudLink

COMMANDS = re.compile(r"/v1\.1/m/thing/(?P<device>[^/]+)/commands")
RENEWAL = re.compile(r"/v1\.0/m/token/(?P<token>[^/]+)")
QR_CODES = "/v1.0/m/life/home-assistant/qrcode/tokens"
OF_DEVICE = re.compile(r"/v1\.[01]/m/life/(?:ha/|devices/)?(?P<device>[^/]+)/(?P<what>.+)")
NO_NEWS = {"/v1.0/m/life/home-assistant/qrcode/versions", "/v1.0/m/token/terminal/expire"}
"""What is only reported to Tuya."""
HOME = 1
OWNER_TOPIC, DEVICE_TOPIC = "cloud/token/in/{ownerId}", "cloud/device/out/{devId}"
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
        self.broker = Broker()
        """Where what is told of the locks can be subscribed."""
        self.broken = False
        self.gone = False
        """Ends every connection without an answer."""
        self.hang = False
        """Carries out a call, and never answers."""
        self.lose = False
        """Accepts a command, and does not pass it on."""
        self.latency = 0.0
        """Seconds between what a call does and its answer."""
        self._locks: dict[str, tuple[SimulatedLock, CloudLink | None]] = {}
        self._names: dict[str, str] = {}
        self._known: dict[str, set[int]] = {}
        """The DP ids of each lock that the account knows, where it does not know all."""
        self._subscribers: list[Subscriber] = []
        self._failures: list[int | str] = []

    @override
    async def start(self) -> None:
        """Start."""
        await self.broker.start()
        await super().start()

    @override
    async def stop(self) -> None:
        """Stop."""
        await super().stop()
        await self.broker.stop()

    def join(
        self,
        lock: SimulatedLock,
        codes: Iterable[str] | None = None,
        *,
        name: str = "Smart Lock",
        known: Iterable[int] | None = None,
    ) -> None:
        """Make a lock a device that takes these codes, or all that its family has.

        A lock that is to be a device of a simulated project, too, joins that one first. `known`:
        the DP ids that the account knows of it, if not all.
        """
        self.writable[lock.device_id] = set(_properties(lock) if codes is None else codes)
        self._names[lock.device_id] = name
        if known is not None:
            self._known[lock.device_id] = set(known)
        if lock.cloud is not self:
            self._locks[lock.device_id] = (lock, lock.cloud)
            lock.cloud = self

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand on what every lock reports, as MQTT messages carry it."""
        self._subscribers.append(subscriber)

    def tell(self, device_id: str, items: list[dict[str, Any]]) -> None:
        """Publish a report of a device."""
        lock, _ = self._locks[device_id]
        data = {"devId": device_id, "productKey": lock.product_id, "status": items}
        message = {"protocol": 4, "pv": "2.0", "t": int(time.time() * 1000), "data": data}
        self.broker.publish(topic_of(device_id), json.dumps(message).encode())

    def sign_out(self) -> None:
        """Let Tuya accept the token no more; who signs in again gets another one."""
        self.token |= _new_token()

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
        if self.gone and request.transport:
            request.transport.abort()
        if self.broken:
            return web.Response(status=500)
        if request.path.startswith(QR_CODES):
            return web.json_response(self._sign_in(request))
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
        return self._tell(request, sealed, seal)

    def _sign_in(self, request: web.BaseRequest) -> dict[str, Any]:
        """Give a QR code, or, since it is scanned at once, what signs in."""
        now = int(time.time() * 1000)
        if request.method == "POST":
            return {"success": True, "t": now, "result": {"qrcode": secrets.token_hex(8)}}
        account = {
            **{name: self.token[name] for name in ("uid", "access_token", "refresh_token")},
            "expire_time": TOKEN_SECONDS,
            "endpoint": self.url,
            "terminal_id": "simulatedterminal",
            "username": "owner@example.com",
        }
        return {"success": True, "t": now, "result": account}

    def _tell(self, request: web.BaseRequest, sealed: str, seal: Seal) -> object:
        """Answer what the Tuya integration asks of an account."""
        match request.method, request.path:
            case "GET", "/v1.0/m/life/users/homes":
                return [{"ownerId": HOME, "name": "Home"}]
            case "GET", "/v1.0/m/life/ha/home/devices":
                return [self._device(one) for one in self._locks]
            case "GET", "/v1.0/m/life/ha/devices/detail":
                wanted = str(_read(seal, sealed).get("devIds")).split(",")
                return [self._device(one) for one in wanted if one in self._locks]
            case "GET", "/v1.0/m/scene/ha/home/scenes":
                return []
            case "POST", "/v1.0/m/life/ha/access/config":
                return self._session()
            case "POST", path if path in NO_NEWS:
                return True
        found = OF_DEVICE.fullmatch(request.path)
        if request.method != "GET" or not found or found["device"] not in self._locks:
            raise Refusal(1108)
        return self._about(found["device"], found["what"])

    def _session(self) -> dict[str, Any]:
        """Return where and how reports are subscribed."""
        topics = {"ownerId": {"sub": OWNER_TOPIC}, "devId": {"sub": DEVICE_TOPIC}}
        return {
            "url": self.broker.url,
            "clientId": secrets.token_hex(8),
            "username": "simulated",
            "password": secrets.token_hex(8),
            "expireTime": TOKEN_SECONDS,
            "topic": topics,
        }

    def _device(self, device_id: str) -> dict[str, Any]:
        """Describe a device as a list of devices does."""
        lock, _ = self._locks[device_id]
        behind_gateway = bool(lock.model and lock.model.gateway)
        return {
            "id": device_id,
            "name": self._names[device_id],
            "local_key": "" if behind_gateway else lock.local_key,
            "category": lock.model.category if lock.model else "ms",
            "product_id": lock.product_id or "unpublished",
            "product_name": "Smart Lock",
            "sub": behind_gateway,
            "uuid": f"uuid{device_id}",
            "asset_id": str(HOME),
            "online": True,
            "icon": "",
            "ip": "" if behind_gateway else "203.0.113.7",
            "time_zone": "+01:00",
            "active_time": 1_700_000_000,
            "create_time": 1_700_000_000,
            "update_time": 1_700_000_000,
            "status": [],
        }

    def _about(self, device_id: str, what: str) -> object:
        """Describe one side of a device, as the account knows it."""
        lock, _ = self._locks[device_id]
        known = self._known.get(device_id)
        rows = [
            one.of_specification()
            for one in properties_of(lock)
            if known is None or one.dp in known
        ]
        match what:
            case "specifications":
                writable = self.writable[device_id]
                functions = [
                    {key: row[key] for key in ("code", "type", "values")}
                    | {"name": row["code"], "desc": "{}"}
                    for row in rows
                    if row["code"] in writable
                ]
                status = [{key: row[key] for key in ("code", "type", "values")} for row in rows]
                return {"functions": functions, "status": status}
            case "status":
                relations = [
                    {
                        "dpId": row["dp_id"],
                        "dpCode": row["code"],
                        "supportLocal": True,
                        "valueConvert": "default",
                        "statusCode": row["code"],
                        "statusFormat": json.dumps({row["code"]: "$"}),
                        "valueDesc": row["values"],
                        "valueType": row["type"],
                        "enumMappingMap": {},
                    }
                    for row in rows
                ]
                return {"productKey": lock.product_id, "dpStatusRelationDTOS": relations}
            case "code/custom-type":
                return False
            case "dp-report-types":
                return []
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


def topic_of(device_id: str) -> str:
    """Return where the reports of a device are published, by DP ids."""
    return f"{DEVICE_TOPIC.format(devId=device_id)}/pen"


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
