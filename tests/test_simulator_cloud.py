"""The simulated cloud: who is let in, in which order it checks, and how it misbehaves."""

import asyncio
from collections.abc import AsyncIterator
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp
import pytest

from tests.simulator import SimulatedLock
from tests.simulator.cloud import Call, SimulatedCloud, signing
from tests.simulator.cloud.asked import read

pytestmark = pytest.mark.usefixtures("socket_enabled")

DEVICE = "bfsimulated0lock0001"
A_DEVICE = f"/v1.0/devices/{DEVICE}"
TICKET = f"{A_DEVICE}/door-lock/password-ticket"
TOKEN_PATH = "/v1.0/token?grant_type=1"


class Raw:
    """Sends requests that are right but for what a test changes."""

    def __init__(self, cloud: SimulatedCloud, session: aiohttp.ClientSession) -> None:
        self.cloud, self.session, self.token = cloud, session, ""

    async def send(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> dict[str, Any]:
        answer = await self.bytes(method, path, body, **headers)
        return json.loads(answer)

    async def bytes(
        self, method: str, path: str, body: bytes = b"", signed: str = "", **headers: str
    ) -> bytes:
        token = "" if path.startswith("/v1.0/token") else self.token
        sent = {"client_id": self.cloud.access_id, "t": str(int(time.time() * 1000))}
        sent |= {"sign_method": "HMAC-SHA256"} | ({"access_token": token} if token else {})
        sent |= headers
        digest = hashlib.sha256(signed.encode() or body).hexdigest()
        text = f"{method}\n{digest}\n\n{path}"
        payload = sent["client_id"] + token + sent["t"] + sent.get("nonce", "") + text
        secret = self.cloud.access_secret.encode()
        mac = hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest().upper()
        sent = {"sign": mac} | sent
        url = self.cloud.url + path
        async with self.session.request(method, url, data=body or None, headers=sent) as response:
            return await response.read()

    async def log_in(self) -> None:
        self.token = (await self.send("GET", TOKEN_PATH))["result"]["access_token"]

    async def code(self, *arguments: Any, **headers: str) -> int | None:
        """Return the error code; None is a success."""
        return (await self.send(*arguments, **headers)).get("code")


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud() as cloud:
        cloud.add_device(device_id=DEVICE, name="Front door")
        yield cloud


@pytest.fixture
async def raw(cloud: SimulatedCloud) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        raw = Raw(cloud, session)
        await raw.log_in()
        yield raw


# Signatures


@pytest.mark.parametrize(
    ("method", "path", "token", "headers", "expected"),
    [
        (
            "GET",
            TOKEN_PATH,
            "",
            {
                "nonce": "5138cc3a9033d69856923fd07b491173",
                "Signature-Headers": "area_id:call_id",
                "area_id": "29a33e8796834b1efa6",
                "call_id": "8afdb70ab2ed11eb85290242ac130003",
            },
            "9E48A3E93B302EEECC803C7241985D0A34EB944F40FB573C7B5C2A82158AF13E",
        ),
        (
            "GET",
            TOKEN_PATH,
            "",
            {},
            "7BA26C076E5ECB1E959BE274A0FFB397B2B1865FC7BCED8F1C78AC5653C20CAA",
        ),
        (
            "POST",
            "/v1.0/devices/vdev0000000000000001/door-lock/password-ticket",
            "3f4eda2bdec17232f67c0b188af3eec1",
            {},
            "FFD0FA125CC2A8DFA36527070F83B2386646DCEA9733C204F10326D3BEB0056F",
        ),
    ],
)
def test_the_published_signatures_are_right(
    method: str, path: str, token: str, headers: dict[str, str], expected: str
) -> None:
    common = {"client_id": "1KAD46OrT9HafiKdsXeg", "t": "1588925778000"}
    asked = read(method, path, b"", common | headers | {"sign": expected})
    secret = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
    assert signing.is_right(asked, secret, token)
    assert not signing.is_right(asked, secret[::-1], token)
    assert not signing.is_right(asked, secret, token + "0")


async def test_a_query_may_be_signed_sorted_or_as_it_is_sent(
    cloud: SimulatedCloud, raw: Raw
) -> None:
    for path in ("/v1.0/devices/x/y?b=2&a=1", "/v1.0/devices/x/y?a=1&b=2"):
        assert await raw.code("GET", path) == 1106
    assert cloud.calls[-2].query == {"a": "1", "b": "2"}


async def test_a_changed_body_does_not_fit_its_signature(raw: Raw) -> None:
    body = b'{"open": true}'
    path = f"{A_DEVICE}/door-lock/remote-unlock/config"
    assert await raw.code("POST", path, body, signed='{"open": false}') == 1004
    assert await raw.code("POST", path, body) == 1100, "signed well, and incomplete"


# The order of checks


async def test_what_is_wrong_first_is_said_first(cloud: SimulatedCloud, raw: Raw) -> None:
    nobody: dict[str, str] = {"client_id": "somebodyelse"}
    late = {"t": str(int((time.time() - 600) * 1000))}
    wrong = {"sign": "0" * 64}
    stale = {"access_token": "unknown"}
    strange = "/v1.0/devices/unknown/nothing"
    cloud.fail(500, path="nothing")
    assert await raw.code("GET", strange, **nobody, **late, **wrong) == 500
    assert await raw.code("GET", strange, **nobody, **late, **wrong) == 1005
    assert await raw.code("GET", strange, **late, **wrong) == 1013
    assert await raw.code("GET", strange, **wrong, **stale) == 1004
    raw.token = "unknown"
    assert await raw.code("GET", strange) == 1010
    await raw.log_in()
    assert await raw.code("GET", strange) == 1106
    assert await raw.code("GET", f"{A_DEVICE}/nothing") == 1108
    assert await raw.code("GET", A_DEVICE) is None
    assert cloud.calls[-1] == Call("GET", A_DEVICE, {}, None)
    assert await raw.code("GET", A_DEVICE, t="not a time") == 1013


async def test_a_project_without_an_endpoint_says_so(cloud: SimulatedCloud, raw: Raw) -> None:
    assert await raw.code("POST", TICKET) is None
    cloud.absent.add("/door-lock/")
    assert await raw.code("POST", TICKET) == 1108
    assert await raw.code("POST", f"/v1.0/smart-lock/devices/{DEVICE}/password-ticket") is None


# Tokens and clocks


async def test_a_token_is_over_after_its_time(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.expire_tokens()
    answer = await raw.send("GET", A_DEVICE)
    assert (answer["code"], answer["msg"]) == (1010, "token is expired")
    await raw.log_in()
    assert await raw.code("GET", A_DEVICE) is None
    assert cloud.tokens_issued == 2
    cloud.token_seconds = 0
    await raw.log_in()
    assert await raw.code("GET", A_DEVICE) == 1010


async def test_a_renewed_token_takes_the_place_of_the_old_one(
    cloud: SimulatedCloud, raw: Raw
) -> None:
    pair = (await raw.send("GET", TOKEN_PATH))["result"]
    raw.token = pair["access_token"]
    assert await raw.code("GET", A_DEVICE) is None
    renewed = (await raw.send("GET", f"/v1.0/token/{pair['refresh_token']}"))["result"]
    assert await raw.code("GET", A_DEVICE) == 1010
    raw.token = renewed["access_token"]
    assert await raw.code("GET", A_DEVICE) is None
    assert await raw.code("GET", f"/v1.0/token/{pair['refresh_token']}") == 1010
    assert await raw.code("GET", "/v1.0/token?grant_type=2") == 1109
    assert await raw.code("GET", "/v1.0/token") == 1100
    assert await raw.code("POST", TOKEN_PATH) == 1108


async def test_the_clock_of_the_cloud_may_differ(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.skew = 299
    assert await raw.code("GET", A_DEVICE) is None
    cloud.skew = -3600
    answer = await raw.send("GET", A_DEVICE)
    assert answer["code"] == 1013
    assert abs(answer["t"] / 1000 + 3600 - time.time()) < 5
    assert await raw.code("GET", A_DEVICE, t=str(answer["t"])) is None


# Misbehaviour


async def test_errors_come_as_often_as_they_are_asked_for(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.fail(28841004, path="password-ticket", method="POST", times=2)
    codes = [await raw.code("POST", TICKET) for _ in range(3)]
    assert codes == [28841004, 28841004, None]
    cloud.fail(28841002, times=None)
    assert [await raw.code("GET", A_DEVICE) for _ in range(3)] == [28841002] * 3
    cloud.recover()
    assert await raw.code("GET", A_DEVICE) is None
    cloud.fail(1010, message="token invalid, says the gateway")
    assert (await raw.send("GET", A_DEVICE))["msg"] == "token invalid, says the gateway"


async def test_a_result_may_be_false(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.deny("issue-password")
    answers = [await raw.send("POST", f"{A_DEVICE}/door-lock/issue-password") for _ in "ab"]
    assert [answer["result"] for answer in answers] == [False, True]


@pytest.mark.parametrize("done", [True, False])
async def test_a_connection_may_be_lost_before_or_after_the_deed(
    cloud: SimulatedCloud, raw: Raw, done: bool
) -> None:
    cloud.drop("remote-unlock/config", done=done)
    body = json.dumps({"remote_unlock_type": "remoteUnlockWithoutPwd", "open": False}).encode()
    with pytest.raises(aiohttp.ClientError):
        await raw.send("POST", f"{A_DEVICE}/door-lock/remote-unlock/config", body)
    ways = (await raw.send("GET", f"{A_DEVICE}/door-lock/remote-unlocks"))["result"]
    assert ways[0]["open"] is not done


async def test_an_answer_may_never_come(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.hang("remote-unlock/config")
    body = json.dumps({"remote_unlock_type": "remoteUnlockWithoutPwd", "open": False}).encode()
    path = f"{A_DEVICE}/door-lock/remote-unlock/config"
    task = asyncio.create_task(raw.send("POST", path, body))
    ways = f"{A_DEVICE}/door-lock/remote-unlocks"
    async with asyncio.timeout(5):
        while (await raw.send("GET", ways))["result"][0]["open"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not task.done()
    await cloud.stop()
    with pytest.raises(aiohttp.ClientError):
        await task


async def test_an_answer_may_be_garbled(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.garble(A_DEVICE)
    assert (await raw.bytes("GET", A_DEVICE)).startswith(b"<html>")
    assert await raw.code("GET", A_DEVICE) is None


async def test_answers_may_be_late_and_have_any_status(cloud: SimulatedCloud, raw: Raw) -> None:
    cloud.latency, cloud.http_status = 0.05, 500
    began = time.monotonic()
    assert await raw.code("GET", A_DEVICE) is None
    assert time.monotonic() - began >= 0.05


# Devices


async def test_the_list_of_devices_has_pages_and_no_keys(cloud: SimulatedCloud, raw: Raw) -> None:
    for number in range(24):
        cloud.add_device(device_id=f"bulb{number:02}", name="Lamp", category="dj")
    path = "/v1.0/iot-01/associated-users/devices"
    first = (await raw.send("GET", path))["result"]
    assert (len(first["devices"]), first["has_more"]) == (20, True)
    rest = (await raw.send("GET", f"{path}?last_row_key={first['last_row_key']}"))["result"]
    assert (len(rest["devices"]), rest["has_more"]) == (5, False)
    names = [device["id"] for device in first["devices"] + rest["devices"]]
    assert names == list(cloud.devices)
    assert all("local_key" not in device for device in first["devices"])
    assert (await raw.send("GET", A_DEVICE))["result"]["local_key"] == "0123456789abcdef"


@pytest.mark.parametrize(
    ("family", "some"),
    [
        ("A", {10: "reply_unlock_request", 3: "unlock_temporary"}),
        ("B", {49: "remote_no_pd_setkey", 3: "unlock_temporary", 8: "alarm_lock"}),
        ("D", {8: "remote_no_pd_setkey", 16: "unlock_temporary_kit"}),
    ],
)
async def test_the_model_tells_the_data_points(
    cloud: SimulatedCloud, raw: Raw, family: str, some: dict[int, str]
) -> None:
    lock = SimulatedLock(family=family)
    cloud.join(lock)
    answer = (await raw.send("GET", f"/v2.0/cloud/thing/{lock.device_id}/model"))["result"]
    (service,) = json.loads(answer["model"])["services"]
    codes = {one["abilityId"]: one["code"] for one in service["properties"]}
    assert some.items() <= codes.items()
    assert len(codes) == len(service["properties"])
    path = f"/v1.1/devices/{lock.device_id}/specifications"
    status = (await raw.send("GET", path))["result"]["status"]
    assert {one["dp_id"]: one["code"] for one in status} == codes
    assert all(isinstance(json.loads(one["values"]), dict) for one in status)


async def test_a_device_may_have_no_model(raw: Raw) -> None:
    answer = (await raw.send("GET", f"/v2.0/cloud/thing/{DEVICE}/model"))["result"]
    assert json.loads(answer["model"])["services"] == []
