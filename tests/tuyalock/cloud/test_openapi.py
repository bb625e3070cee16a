"""The client of Tuya's OpenAPI: signatures, tokens, clocks, quotas, and answers that are lost."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer, unused_port
import pytest

from custom_components.tuya_wifi_lock.tuyalock.cloud import openapi
from custom_components.tuya_wifi_lock.tuyalock.cloud.openapi import (
    MAX_CALLS,
    REGIONS,
    CallCounter,
    OpenApi,
    Project,
    sign,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CallsUsedUp,
    Cause,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
)
from tests.simulator.cloud import SimulatedCloud

from ..house import MovableClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

ACCESS_ID = "1KAD46OrT9HafiKdsXeg"
SECRET = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
TIME = "1588925778000"
TOKEN = "3f4eda2bdec17232f67c0b188af3eec1"
NONCE = "5138cc3a9033d69856923fd07b491173"
SIGNED_HEADERS = "area_id:29a33e8796834b1efa6\ncall_id:8afdb70ab2ed11eb85290242ac130003\n"

DEVICES = "/v1.0/iot-01/associated-users/devices"
TOKEN_CALL = "/v1.0/token"


# Signatures, and what is counted


@pytest.mark.parametrize(
    ("method", "url", "identity", "headers", "signature"),
    [
        pytest.param(
            "GET",
            "/v1.0/token?grant_type=1",
            ACCESS_ID + TIME + NONCE,
            SIGNED_HEADERS,
            "9E48A3E93B302EEECC803C7241985D0A34EB944F40FB573C7B5C2A82158AF13E",
            id="Tuya's for a token",
        ),
        pytest.param(
            "GET",
            "/v2.0/apps/schema/users?page_no=1&page_size=50",
            ACCESS_ID + TOKEN + TIME + NONCE,
            SIGNED_HEADERS,
            "AE4481C692AA80B25F3A7E12C3A5FD9BBF6251539DD78E565A1A72A508A88784",
            id="Tuya's with a token",
        ),
        pytest.param(
            "GET",
            "/v1.0/token?grant_type=1",
            ACCESS_ID + TIME,
            "",
            "7BA26C076E5ECB1E959BE274A0FFB397B2B1865FC7BCED8F1C78AC5653C20CAA",
            id="token",
        ),
        pytest.param(
            "POST",
            "/v1.0/devices/vdev0000000000000001/door-lock/password-ticket",
            ACCESS_ID + TOKEN + TIME,
            "",
            "FFD0FA125CC2A8DFA36527070F83B2386646DCEA9733C204F10326D3BEB0056F",
            id="ticket",
        ),
    ],
)
def test_requests_are_signed_as_the_vectors_say(
    method: str, url: str, identity: str, headers: str, signature: str
) -> None:
    assert sign(SECRET, identity, method, url, headers=headers) == signature


def test_the_body_is_part_of_the_signature() -> None:
    signatures = {sign(SECRET, ACCESS_ID, "POST", "/x", body) for body in (b"", b"{}", b'{"a": 1}')}
    assert len(signatures) == 3


def test_every_region_has_an_address_of_its_own() -> None:
    assert {"eu", "eu-w", "us", "us-e", "cn", "in", "sg"} <= REGIONS.keys()
    assert len(set(REGIONS.values())) == len(REGIONS)
    assert all(url.startswith("https://openapi") for url in REGIONS.values())


def test_a_project_does_not_show_its_secret() -> None:
    assert SECRET not in repr(Project("eu", ACCESS_ID, SECRET))


def at(year: int, month: int, day: int, hour: int = 0) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def test_calls_are_counted_by_months_in_utc_and_survive_a_restart() -> None:
    calls = CallCounter()
    assert calls.used(at(2026, 11, 30, 23)) == 0
    calls.count(at(2026, 11, 1))
    calls.count(at(2026, 11, 30, 23))
    calls = CallCounter(calls.as_dict())
    assert calls.used(at(2026, 11, 30, 23)) == 2
    assert calls.used(at(2026, 12, 1)) == 0
    calls.count(at(2026, 12, 1))
    assert calls.used(at(2026, 12, 1)) == 1


# Calls


@pytest.fixture(name="clock")
def clock_fixture() -> MovableClock:
    return MovableClock()


@pytest.fixture(name="cloud")
async def cloud_fixture(
    monkeypatch: pytest.MonkeyPatch, clock: MovableClock
) -> AsyncGenerator[SimulatedCloud]:
    """Run a simulated cloud in the place of the European one."""
    async with SimulatedCloud(now=clock.time) as cloud:
        monkeypatch.setitem(openapi.REGIONS, "eu", cloud.url)
        yield cloud


@pytest.fixture(name="session")
async def session_fixture() -> AsyncGenerator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture(name="api")
def api_fixture(cloud: SimulatedCloud, clock: MovableClock, session: ClientSession) -> OpenApi:
    """Return a client of the simulated cloud that has not asked anything yet."""
    return OpenApi(session, Project("eu", cloud.access_id, cloud.access_secret), clock)


def paths(cloud: SimulatedCloud) -> list[str]:
    return [call.path for call in cloud.calls]


async def test_one_token_serves_all_calls_of_two_hours(
    cloud: SimulatedCloud, api: OpenApi, clock: MovableClock
) -> None:
    assert (await api.call("GET", DEVICES))["devices"] == []
    await api.call("GET", DEVICES)
    clock.move(7100)
    await api.call("GET", DEVICES)
    assert cloud.tokens_issued == 1
    clock.move(60)
    await api.call("GET", DEVICES)
    assert cloud.tokens_issued == 2
    assert paths(cloud) == [TOKEN_CALL, *[DEVICES] * 3, TOKEN_CALL, DEVICES]
    assert api.calls.used(clock.time()) == 6


async def test_parallel_calls_renew_an_expired_token_once(
    cloud: SimulatedCloud, api: OpenApi
) -> None:
    await asyncio.gather(*(api.call("GET", DEVICES) for _ in range(5)))
    assert cloud.tokens_issued == 1
    cloud.expire_tokens()
    cloud.latency = 0.01
    await asyncio.gather(*(api.call("GET", DEVICES) for _ in range(5)))
    assert cloud.tokens_issued == 2
    assert paths(cloud).count(DEVICES) == 5 + 5 + 5


@pytest.mark.parametrize("code", [1010, 1011])
async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(
    cloud: SimulatedCloud, api: OpenApi, code: int
) -> None:
    await api.call("GET", DEVICES)
    cloud.calls.clear()
    cloud.fail(code, path=DEVICES)
    await api.call("GET", DEVICES)
    assert paths(cloud) == [DEVICES, TOKEN_CALL, DEVICES]
    cloud.calls.clear()
    cloud.fail(code, path=DEVICES, times=None)
    with pytest.raises(CloudRefused) as refused:
        await api.call("GET", DEVICES)
    assert refused.value.cause is Cause.TOKEN
    assert paths(cloud) == [DEVICES, TOKEN_CALL, DEVICES]


@pytest.mark.parametrize("skew", [-86_400.0, 86_400.0])
async def test_a_wrong_clock_of_ours_is_learnt_from_the_refusal(
    cloud: SimulatedCloud, api: OpenApi, skew: float
) -> None:
    cloud.skew = skew
    await api.call("GET", DEVICES)
    assert paths(cloud) == [TOKEN_CALL, TOKEN_CALL, DEVICES]
    cloud.calls.clear()
    await api.call("GET", DEVICES)
    assert paths(cloud) == [DEVICES]


async def test_a_clock_that_is_corrected_is_learnt_anew(
    cloud: SimulatedCloud, api: OpenApi
) -> None:
    await api.call("GET", DEVICES)
    cloud.skew = 3600
    cloud.calls.clear()
    await api.call("GET", DEVICES)
    assert paths(cloud) == [DEVICES, DEVICES]


async def test_a_clock_that_stays_refused_is_told(cloud: SimulatedCloud, api: OpenApi) -> None:
    cloud.fail(1013, times=None)
    with pytest.raises(CloudRefused) as refused:
        await api.call("GET", DEVICES)
    assert refused.value.cause is Cause.CLOCK
    assert paths(cloud) == [TOKEN_CALL] * 2


CAUSES = [
    *((code, Cause.WRONG_SECRET) for code in (1001, 1004, 1005)),
    *((code, Cause.TOKEN) for code in (1010, 1011)),
    (1013, Cause.CLOCK),
    *((code, Cause.BAD_VALUE) for code in (1100, 1101, 1109)),
    (1106, Cause.NO_PERMISSION),
    (1108, Cause.NO_ENDPOINT),
    *((code, Cause.BUSY) for code in (500, 1000, 1110, 1111)),
    (1114, Cause.IP_DENIED),
    (2001, Cause.ASLEEP),
    *((code, Cause.UNSUPPORTED) for code in (2003, 2004, 2008, 2009)),
    *((code, Cause.WRONG_REGION) for code in (2006, 2010, 2406)),
    *((code, Cause.NOT_THERE) for code in (2302, 2323)),
    (2304, Cause.PASSWORD_ENDED),
    (2328, Cause.ENROLLING),
    (28841002, Cause.TRIAL_EXPIRED),
    (28841004, Cause.QUOTA),
    *((code, Cause.NO_LOCK_SERVICE) for code in (28841101, 28841102, 28841105, 28841106)),
    (4711, Cause.OTHER),
]


@pytest.mark.parametrize("path", [DEVICES, TOKEN_CALL])
@pytest.mark.parametrize(("code", "cause"), CAUSES)
async def test_every_error_code_leads_to_its_cause(
    cloud: SimulatedCloud, api: OpenApi, code: int, cause: Cause, path: str
) -> None:
    cloud.fail(code, path=path, times=None)
    with pytest.raises(CloudRefused) as refused:
        await api.call("GET", DEVICES)
    assert refused.value.code == code
    assert refused.value.cause is cause
    repeated = 2 if cause in {Cause.TOKEN, Cause.CLOCK} else 1
    assert paths(cloud).count(path) == repeated


async def test_a_wrong_secret_is_found_out_by_the_cloud(
    cloud: SimulatedCloud, session: ClientSession, clock: MovableClock
) -> None:
    api = OpenApi(session, Project("eu", cloud.access_id, "x" * 32), clock)
    with pytest.raises(CloudRefused) as refused:
        await api.call("GET", DEVICES)
    assert refused.value.cause is Cause.WRONG_SECRET


# Answers that are lost


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("done", [False, True])
async def test_a_call_whose_connection_breaks_is_never_repeated(
    cloud: SimulatedCloud, api: OpenApi, method: str, done: bool
) -> None:
    await api.call("GET", DEVICES)
    cloud.calls.clear()
    cloud.drop(DEVICES, done=done)
    with pytest.raises(CloudSilent):
        await api.call(method, DEVICES)
    assert paths(cloud) == [DEVICES]


async def test_a_call_without_an_answer_ends_after_ten_seconds_and_is_never_repeated(
    cloud: SimulatedCloud, api: OpenApi, clock: MovableClock
) -> None:
    await api.call("GET", DEVICES)
    cloud.calls.clear()
    cloud.hang(DEVICES)
    call = asyncio.create_task(api.call("POST", DEVICES))
    while not cloud.calls:  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    clock.move(9)
    assert not call.done()
    clock.move(1)
    with pytest.raises(CloudSilent):
        await call
    assert paths(cloud) == [DEVICES]


async def test_a_token_that_is_not_answered_means_that_nothing_was_done(
    cloud: SimulatedCloud, api: OpenApi
) -> None:
    cloud.drop(TOKEN_CALL)
    with pytest.raises(CloudUnreachable):
        await api.call("POST", DEVICES)
    cloud.garble(TOKEN_CALL)
    with pytest.raises(CloudUnreachable):
        await api.call("POST", DEVICES)
    assert DEVICES not in paths(cloud)


async def test_a_cloud_where_nobody_listens_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(openapi.REGIONS, "eu", f"http://127.0.0.1:{unused_port()}")
    async with ClientSession() as session:
        api = OpenApi(session, Project("eu", ACCESS_ID, SECRET), MovableClock())
        with pytest.raises(CloudUnreachable):
            await api.call("GET", DEVICES)


async def test_an_answer_that_is_no_json_is_no_answer(cloud: SimulatedCloud, api: OpenApi) -> None:
    await api.call("GET", DEVICES)
    cloud.garble(DEVICES)
    with pytest.raises(CloudSilent):
        await api.call("GET", DEVICES)
    await api.call("GET", DEVICES)


# Quotas


async def test_polling_stops_at_the_cap_but_the_owner_may_go_on(
    cloud: SimulatedCloud, session: ClientSession, clock: MovableClock
) -> None:
    month = f"{datetime.fromtimestamp(clock.time(), UTC):%Y-%m}"
    project = Project("eu", cloud.access_id, cloud.access_secret)
    api = OpenApi(session, project, clock, CallCounter({"month": month, "count": MAX_CALLS - 2}))
    await api.call("GET", DEVICES, poll=True)
    assert api.calls.used(clock.time()) == MAX_CALLS
    cloud.calls.clear()
    with pytest.raises(CallsUsedUp):
        await api.call("GET", DEVICES, poll=True)
    assert not cloud.calls
    await api.call("GET", DEVICES)
    clock.move(32 * 86_400)
    await api.call("GET", DEVICES, poll=True)


# A server that says anything


@asynccontextmanager
async def strange_cloud(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[web.Request], Awaitable[web.Response]]
) -> AsyncGenerator[OpenApi]:
    """Run a server that gives tokens and then answers as it is told."""

    async def handle(request: web.Request) -> web.Response:
        if request.path != TOKEN_CALL:
            return await answer(request)
        token = {"access_token": TOKEN, "expire_time": 7200}
        return web.json_response({"success": True, "result": token})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server, ClientSession() as session:
        monkeypatch.setitem(openapi.REGIONS, "eu", str(server.make_url("")).rstrip("/"))
        yield OpenApi(session, Project("eu", ACCESS_ID, SECRET), MovableClock())


@pytest.mark.parametrize(
    "answer",
    [
        [],
        None,
        "yes",
        {},
        {"success": False},
        {"success": False, "code": "many"},
        {"success": "true", "result": 1},
        {"success": False, "code": None, "t": "now"},
    ],
)
async def test_an_answer_without_success_or_code_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    async def say(_: web.Request) -> web.Response:
        return web.json_response(answer)

    async with strange_cloud(monkeypatch, say) as api:
        with pytest.raises(CloudSilent):
            await api.call("GET", DEVICES)


async def test_an_error_counts_whatever_the_http_status_and_the_form_of_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"success": False, "code": "1106"}, status=403)

    async with strange_cloud(monkeypatch, answer) as api:
        with pytest.raises(CloudRefused) as refused:
            await api.call("GET", DEVICES)
        assert refused.value.cause is Cause.NO_PERMISSION


@pytest.mark.parametrize("message", ["token invalid", "token is expired"])
async def test_a_refused_token_is_known_by_its_code_whatever_the_text(
    monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    refusals = [{"success": False, "code": 1010, "msg": message}]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(refusals.pop() if refusals else {"success": True, "result": 7})

    async with strange_cloud(monkeypatch, answer) as api:
        assert await api.call("GET", DEVICES) == 7
        assert api.calls.as_dict()["count"] == 4


async def test_a_late_refusal_of_the_old_token_leaves_the_new_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewed = asyncio.Event()
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        if len(seen) > 2:
            return web.json_response({"success": True})
        if request.path == "/late":
            await renewed.wait()
        return web.json_response({"success": False, "code": 1010})

    async with strange_cloud(monkeypatch, answer) as api:
        late = asyncio.create_task(api.call("GET", "/late"))
        while not seen:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        await api.call("GET", "/early")
        renewed.set()
        await late
        assert seen == ["/late", "/early", "/early", "/late"]
        assert api.calls.as_dict()["count"] == len(seen) + 2


async def test_nothing_is_sent_to_where_an_answer_points(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with strange_cloud(monkeypatch, answer) as api:
        with pytest.raises(CloudSilent):
            await api.call("POST", DEVICES, body={"a": 1})
    assert seen == [DEVICES]


async def test_what_is_sent_is_what_was_signed_and_never_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[web.Request, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request, await request.read()))
        return web.json_response({"success": True})

    async with strange_cloud(monkeypatch, answer) as api:
        query = {"size": 50, "last_row_key": "a+b/c=&d é", "codes": "x,y"}
        await api.call("POST", DEVICES, query=query, body={"name": "Café"})
        await api.call("GET", DEVICES)
    assert len(seen) == 2
    for request, body in seen:
        # The cloud signs the query decoded, in the order in which it came.
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        url = f"{request.path}?{query}" if query else request.path
        headers = request.headers
        assert headers["access_token"] == TOKEN
        identity = ACCESS_ID + TOKEN + headers["t"]
        assert headers["sign"] == sign(SECRET, identity, request.method, url, body)
        assert list(request.query) == sorted(request.query)
        assert SECRET not in f"{headers}{request.url}{body!r}"
    assert SECRET not in f"{api!r}{vars(api)}"
    assert TOKEN not in f"{api!r}{vars(api)}"
