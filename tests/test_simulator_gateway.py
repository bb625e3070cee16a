"""The gateway of the app accounts, driven by the SDK of Home Assistant's Tuya integration."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import requests
from tuya_sharing import Manager
from tuya_sharing.exceptions import ApiRequestException

from homeassistant.core import HomeAssistant
from tests.simulator import SimulatedLock, Status
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway
from tests.tuya_login import TuyaLogin, whole_model

pytestmark = pytest.mark.usefixtures("socket_enabled")

REPLY, SET_KEY, USE_KEY = "reply_unlock_request", "remote_no_pd_setkey", "remote_no_dp_key"
KEY = b"13572468"


class Client:
    """The account as Home Assistant uses it: the real SDK, in a thread."""

    def __init__(self, gateway: Gateway, lock: SimulatedLock) -> None:
        self.gateway, self.lock = gateway, lock
        self.manager = Manager("client", "code", "terminal", gateway.url, gateway.token)
        self.api = self.manager.customer_api
        self.heard: list[tuple[int, Any]] = []
        self.times: list[int] = []
        gateway.subscribe(self._hear)

    def _hear(self, device_id: str, items: list[dict[str, Any]]) -> None:
        assert device_id == self.lock.device_id
        self.heard += [(item["dpId"], item["value"]) for item in items]
        self.times += [item["t"] for item in items]

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        return await asyncio.to_thread(self.api.post, path, None, body)

    async def order(self, code: str, value: object, device_id: str = "") -> Any:
        """Send one command."""
        path = f"/v1.1/m/thing/{device_id or self.lock.device_id}/commands"
        return await self.post(path, {"commands": [{"code": code, "value": value}]})

    async def refused(self, *order: Any) -> Any:
        """Return the error code of a command that is refused."""
        with pytest.raises(ApiRequestException) as refusal:
            await self.order(*order)
        return refusal.value.error_code


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with Gateway() as gateway:
        yield gateway


@pytest.fixture
async def lock(request: pytest.FixtureRequest, gateway: Gateway) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(family=getattr(request, "param", "A")) as lock:
        gateway.join(lock)
        yield lock


@pytest.fixture
def client(gateway: Gateway, lock: SimulatedLock) -> Client:
    return Client(gateway, lock)


family_b = pytest.mark.parametrize("lock", ["B"], indirect=True)
both_keys = pytest.mark.parametrize("lock", ["B", "D"], indirect=True)


def key_to_set(member: int = 7) -> str:
    times = (0).to_bytes(4) + (0xFFFFFFFF).to_bytes(4)
    return text(b"\x01" + member.to_bytes(2) + times + (1).to_bytes(2) + KEY)


def key_to_use(member: int = 7, key: bytes = KEY) -> str:
    return text(b"\x01" + member.to_bytes(2) + key + b"\x00\x01")


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def answer(status: Status, member: int = 7) -> str:
    return text(bytes([status]) + member.to_bytes(2))


# Orders


async def test_an_answer_to_a_request_opens_and_everything_is_heard(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    lock.knobs.motor_state = True
    lock.knobs.clock_offset = 500
    await lock.request(30)
    assert client.heard == [(9, 30)]
    told = await client.order(REPLY, True)
    assert told["success"] is True
    assert told["result"] is True
    assert lock.openings == ["remote"]
    assert lock.commands == []
    assert gateway.orders == [(lock.device_id, REPLY)]
    assert client.heard == [(9, 30), (10, True), (55, True), (15, 1), (9, 0)]
    assert all(abs(at / 1000 - lock.clock()) < 5 for at in client.times)


async def test_a_refusal_ends_the_request(lock: SimulatedLock, client: Client) -> None:
    await lock.request(30)
    await client.order(REPLY, False)
    assert lock.openings == []
    assert client.heard[1:] == [(10, False), (9, 0)]


async def test_the_countdown_is_heard(lock: SimulatedLock, client: Client) -> None:
    lock.knobs.countdown_step = 0.01
    await lock.request(1)
    await lock.wait_for(lambda: client.heard.count((9, 1)) > 2)
    await lock.end_request()
    assert client.heard[-1] == (9, 0)


@both_keys
async def test_a_key_is_stored_and_opens(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    lock.knobs.motor_state, lock.knobs.reply = True, "3"
    await lock.wake()
    await client.order(SET_KEY, key_to_set())
    await client.order(USE_KEY, key_to_use())
    assert lock.openings == ["remote"]
    assert gateway.orders == [(lock.device_id, SET_KEY), (lock.device_id, USE_KEY)]
    ok, table = answer(Status.OK), lock.table
    assert client.heard[:2] == [(int(table.set_key), ok), (int(table.use_key), ok)]
    assert int(table.unlocks["app"]) in [dp for dp, _ in client.heard[2:]]
    assert KEY.decode() not in repr(gateway) + repr(gateway.orders)


@family_b
async def test_a_wrong_key_is_told_by_the_lock_alone(lock: SimulatedLock, client: Client) -> None:
    await lock.wake()
    await client.order(SET_KEY, key_to_set())
    assert (await client.order(USE_KEY, key_to_use(key=b"00000000")))["success"]
    assert lock.openings == []
    assert client.heard[-1] == (50, answer(Status.WRONG_KEY))


@family_b
async def test_several_commands_travel_together(lock: SimulatedLock, client: Client) -> None:
    await lock.wake()
    commands = [
        {"code": SET_KEY, "value": key_to_set()},
        {"code": USE_KEY, "value": key_to_use()},
    ]
    await client.post(f"/v1.1/m/thing/{lock.device_id}/commands", {"commands": commands})
    assert lock.openings == ["remote"]


async def test_a_sleeping_lock_does_nothing_and_nothing_waits_for_it(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    assert (await client.order(REPLY, True))["success"]
    assert gateway.orders == [(lock.device_id, REPLY)]
    await lock.request(30)
    assert lock.openings == []
    lock.knobs.cloud = False
    assert (await client.order(REPLY, True))["success"]
    assert lock.openings == []
    assert lock.requested


async def test_a_lock_that_the_network_does_not_reach_is_reached(
    lock: SimulatedLock, client: Client
) -> None:
    lock.knobs.lan = False
    await lock.request(30)
    assert lock.awake
    assert not lock.listening
    assert not lock.announcer.sent
    await client.order(REPLY, True)
    assert lock.openings == ["remote"]
    await lock.sleep()
    lock.knobs.lan = True
    await lock.wake()
    assert lock.listening


# What is refused


async def test_a_session_that_is_over_is_refused(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    await lock.request(30)
    for name in ("access_token", "refresh_token"):
        old, gateway.token[name] = gateway.token[name], "another"
        assert await client.refused(REPLY, True) == "-9999999"
        gateway.token[name] = old
    assert gateway.orders == []
    assert lock.openings == []
    assert (await client.order(REPLY, True))["success"]


async def test_a_wrong_signature_is_refused(lock: SimulatedLock, gateway: Gateway) -> None:
    body = {"encdata": "AAAA"}
    path = f"{gateway.url}/v1.1/m/thing/{lock.device_id}/commands"
    told = await asyncio.to_thread(requests.post, path, json=body, timeout=5)
    assert told.json() | {"t": 0, "tid": ""} == {
        "success": False,
        "code": "-9999999",
        "msg": "sign invalid",
        "t": 0,
        "tid": "",
    }


async def test_tokens_are_renewed(lock: SimulatedLock, client: Client, gateway: Gateway) -> None:
    await lock.request(30)
    old = gateway.token["access_token"]
    client.api.token_info.expire_time = 0
    await client.order(REPLY, True)
    assert client.api.token_info.access_token == gateway.token["access_token"] != old
    assert lock.openings == ["remote"]
    client.api.token_info.refresh_token = "another"
    assert await client.refused(REPLY, True) == "-9999999"


@pytest.mark.parametrize(
    ("code", "value"), [(REPLY, 1), (REPLY, "true"), (SET_KEY, "AA=="), ("unlock_request", 30)]
)
async def test_what_the_device_does_not_take_is_refused(
    client: Client, lock: SimulatedLock, gateway: Gateway, code: str, value: object
) -> None:
    await lock.request(30)
    assert await client.refused(code, value) == 2008
    assert gateway.orders == []
    assert client.heard == [(9, 30)]


async def test_what_a_product_takes_is_chosen(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    gateway.join(lock, codes=[])
    assert await client.refused(REPLY, True) == 2008
    gateway.writable[lock.device_id].add(REPLY)
    assert (await client.order(REPLY, True))["success"]


async def test_other_devices_and_paths_are_refused(lock: SimulatedLock, client: Client) -> None:
    assert await client.refused(REPLY, True, "another") == 1106
    with pytest.raises(ApiRequestException, match="1108"):
        await client.post("/v1.0/m/thing/elsewhere", {"commands": []})
    with pytest.raises(ApiRequestException, match="1109"):
        await client.post(f"/v1.1/m/thing/{lock.device_id}/commands", {"commands": []})
    with pytest.raises(ApiRequestException, match="1108"):
        await asyncio.to_thread(client.api.get, "/v1.0/m/life/users/rooms", {"some": "+ /="})


# What goes wrong


async def test_errors_can_be_asked_for(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    await lock.request(30)
    gateway.fail(2001)
    gateway.fail("1010", times=2)
    codes = [await client.refused(REPLY, True) for _ in range(3)]
    assert codes == [2001, "1010", "1010"]
    assert lock.openings == []
    assert (await client.order(REPLY, True))["success"]


async def test_a_broken_gateway_gives_nothing(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    await lock.request(30)
    gateway.broken = True
    assert await client.order(REPLY, True) is None
    assert lock.openings == []


async def test_a_lost_order_is_a_success(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    await lock.request(30)
    gateway.lose = True
    assert (await client.order(REPLY, True))["success"]
    assert gateway.orders == [(lock.device_id, REPLY)]
    assert lock.openings == []
    assert client.heard == [(9, 30)]


async def test_an_answer_may_come_before_the_report_or_after_it_or_never(
    lock: SimulatedLock, client: Client, gateway: Gateway
) -> None:
    await lock.request(30)
    lock.knobs.apply_delay = 0.2
    await client.order(REPLY, True)
    assert lock.openings == []
    await lock.wait_for(lambda: lock.openings)
    lock.knobs.apply_delay = 0
    await lock.request(30)
    gateway.latency = 0.2
    order = asyncio.create_task(client.order(REPLY, True))
    await lock.wait_for(lambda: len(lock.openings) == 2)
    assert not order.done()
    await order
    gateway.latency, gateway.hang = 0, True
    await lock.request(30)
    order = asyncio.create_task(client.order(REPLY, True))
    await lock.wait_for(lambda: len(lock.openings) == 3)
    assert not order.done()
    await gateway.stop()
    with pytest.raises(requests.ConnectionError):
        await order


# Beside a project


async def test_a_project_hears_the_lock_as_well(gateway: Gateway) -> None:
    async with SimulatedCloud() as cloud, SimulatedLock(family="A") as lock:
        cloud.join(lock)
        gateway.join(lock)
        gateway.join(lock, codes=[])
        client = Client(gateway, lock)
        await lock.finger(3)
        await lock.sync()
        assert client.heard == [(1, 3)]
        assert cloud.devices[lock.device_id].status["unlock_fingerprint"] == 3


@both_keys
async def test_the_account_of_home_assistant_gives_orders_and_hears_in_order(
    hass: HomeAssistant, lock: SimulatedLock, gateway: Gateway
) -> None:
    login = TuyaLogin(hass, gateway)
    login.add_lock(lock.device_id, model=whole_model(lock.family), writable=[SET_KEY, USE_KEY])
    await lock.wake()
    lock.report({"55": True})  # nobody is signed in yet
    await login.set_up()
    manager = login.manager
    assert manager
    heard: list[dict[str, Any]] = []
    manager.mq.add_message_listener(heard.append)
    lock.report({"55": True})
    await hass.async_block_till_done()
    assert heard == []  # and then not subscribed
    device = manager.device_map[lock.device_id]
    assert set(device.function) == {SET_KEY, USE_KEY}
    manager.mq.subscribe_device(lock.device_id, device)
    path = f"/v1.1/m/thing/{lock.device_id}/commands"
    for code, value in ((SET_KEY, key_to_set()), (USE_KEY, key_to_use())):
        body = {"commands": [{"code": code, "value": value}]}
        post = manager.customer_api.post
        assert (await hass.async_add_executor_job(post, path, None, body))["success"]
    await hass.async_block_till_done()
    assert lock.openings == ["remote"]
    status = [item for message in heard for item in message["data"]["status"]]
    ids = [lock.table.set_key, lock.table.use_key, lock.table.unlocks["app"]]
    dps = [str(item["dpId"]) for item in status if str(item["dpId"]) in ids]
    assert dps == ids
    assert device.status[SET_KEY] == status[0]["value"]
