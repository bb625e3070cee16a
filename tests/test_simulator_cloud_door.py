"""The simulated door and its simulated cloud: records, people, and opening from afar."""

import base64
from collections.abc import AsyncIterator
import time
from typing import Any

import pytest

from tests.cloud_client import Client, client_of
from tests.simulator import Knobs, SimulatedLock, run_command
from tests.simulator.cloud import SimulatedCloud

pytestmark = pytest.mark.usefixtures("socket_enabled")

DEVICE = "bfsimulated0lock0001"


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud() as cloud:
        yield cloud


@pytest.fixture
async def lock(
    request: pytest.FixtureRequest, cloud: SimulatedCloud
) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(family=getattr(request, "param", "B")) as lock:
        cloud.join(lock)
        yield lock


@pytest.fixture
async def client(cloud: SimulatedCloud, lock: SimulatedLock) -> AsyncIterator[Client]:
    async with client_of(cloud, lock.device_id) as client:
        yield client


async def logs(client: Client, version: str = "v1.1", **query: Any) -> list[dict[str, Any]]:
    path = f"{client.door_lock.replace('v1.0', version)}/open-logs"
    answer = await client.result("get", path, {"page_no": 1, "page_size": 50} | query)
    return list(answer["logs"])


async def alarms(client: Client) -> list[tuple[str, str]]:
    query = {"page_no": 1, "page_size": 50, "codes": "alarm_lock,hijack,doorbell"}
    answer = await client.result("get", f"{client.door_lock}/alarm-logs", query)
    status = [record["status"] for record in answer["records"]]
    return [(one["code"], one["value"]) for one in status]


def seen(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["status"]["code"], row["status"]["value"]) for row in rows]


# Records


async def test_unlocks_are_recorded_newest_first_with_the_time_of_the_lock(
    lock: SimulatedLock, client: Client
) -> None:
    lock.knobs.clock_offset = -100
    began = time.time()
    await lock.finger(3)
    await lock.card(2)
    rows = await logs(client)
    assert seen(rows) == [("unlock_card", "2"), ("unlock_fingerprint", "3")]
    assert seen(await logs(client, "v1.0")) == seen(rows)
    assert began - 101 < rows[1]["update_time"] / 1000 < began - 90


async def test_what_happened_while_away_is_recorded_at_the_next_wake(
    lock: SimulatedLock, client: Client
) -> None:
    at = time.time() - 500
    await lock.store("password", 7, at)
    assert await logs(client) == []
    await lock.finger(3)
    rows = await logs(client)
    assert seen(rows) == [("unlock_fingerprint", "3"), ("unlock_password", "7")]
    assert rows[1]["update_time"] == int(at * 1000)
    lock.knobs.cloud = False
    await lock.finger(4)
    assert len(await logs(client)) == 2
    lock.knobs.cloud = True
    await lock.sync()
    assert len(await logs(client)) == 3


@pytest.mark.parametrize("lock", ["D"], indirect=True)
async def test_raw_records_are_text_too(lock: SimulatedLock, client: Client) -> None:
    await lock.finger(3)
    (row,) = await logs(client)
    assert row["status"]["code"] == "unlock_fingerprint_kit"
    assert int.from_bytes(base64.b64decode(row["status"]["value"])[:4]) == 3


async def test_a_request_is_no_unlock(lock: SimulatedLock, client: Client) -> None:
    await lock.request()
    assert await logs(client) == []
    status = await client.result("get", f"/v1.0/devices/{DEVICE}/status")
    assert {"code": "unlock_request", "value": 60} in status


async def test_records_have_pages_and_times(cloud: SimulatedCloud, client: Client) -> None:
    for at in range(1_800_000_000, 1_800_000_010):
        cloud.log(DEVICE, "unlock_card", at % 10, at, "Ann")
    pages = [await logs(client, page_no=number, page_size=4) for number in (1, 2, 3, 4)]
    values = [[int(row["status"]["value"]) for row in rows] for rows in pages]
    assert values == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0], []]
    some = {"start_time": 1_800_000_002_000, "end_time": 1_800_000_004_000}
    assert [row["status"]["value"] for row in await logs(client, **some)] == ["4", "3", "2"]
    assert await logs(client, **{name: time // 1000 for name, time in some.items()}) == (
        await logs(client, **some)
    )
    assert pages[0][0]["nick_name"] == "Ann"
    path = f"{client.door_lock}/open-logs"
    for query in ({"page_no": 0, "page_size": 5}, {"page_no": 1, "page_size": 500}):
        assert await client.code("get", path, query) == 1109
    assert await client.code("get", path, {"page_no": "x", "page_size": 5}) == 1109
    assert await client.code("get", path) == 1100


async def test_of_two_records_of_one_moment_the_later_one_is_first(
    cloud: SimulatedCloud, client: Client
) -> None:
    for number in (1, 2, 3):
        cloud.log(DEVICE, "unlock_card", number, 1_800_000_000)
    assert [row["status"]["value"] for row in await logs(client)] == ["3", "2", "1"]
    cloud.log_status = "list"
    assert (await logs(client))[0]["status"] == [{"code": "unlock_card", "value": "3"}]


async def test_alarms_have_records_of_their_own(lock: SimulatedLock, client: Client) -> None:
    await lock.alarm("pry")
    await lock.doorbell()
    await lock.push({"16": True})
    await lock.finger(1)
    assert await alarms(client) == [
        ("hijack", "true"),
        ("doorbell", "true"),
        ("alarm_lock", "pry"),
    ]
    assert seen(await logs(client)) == [("unlock_fingerprint", "1")]
    query = {"page_no": 1, "page_size": 50, "codes": "unlock_card"}
    assert await client.code("get", f"{client.door_lock}/alarm-logs", query) == 1109


async def test_plain_reports_can_be_read_without_the_lock_service(
    lock: SimulatedLock, client: Client
) -> None:
    for number in range(3):
        await lock.finger(number)
    path = f"/v1.0/devices/{DEVICE}/logs"
    first = await client.result("get", path, {"type": 7, "size": 2})
    assert (len(first["logs"]), first["has_next"]) == (2, True)
    rest = {"type": 7, "size": 2, "start_row_key": first["next_row_key"]}
    assert len((await client.result("get", path, rest))["logs"]) == 1
    path = f"/v2.0/cloud/thing/{DEVICE}/report-logs"
    some = await client.result("get", path, {"codes": "unlock_fingerprint,doorbell"})
    assert [log["value"] for log in some["logs"]] == ["2", "1", "0"]


# People


async def test_people_have_numbers_and_their_unlocks_have_names(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    cloud.add_user(
        DEVICE, "Ann", {"unlock_fingerprint": [3], "unlock_card": [2]}, {"unlock_fingerprint": [4]}
    )
    cloud.add_user(DEVICE, "Ben")
    users = await client.result(
        "get", f"{client.smart_lock}/users", {"page_no": 1, "page_size": 20}
    )
    ann, ben = users["records"]
    keys = {
        (detail["dp_code"], key["unlock_sn"]): key["unlock_attr"]
        for detail in ann["unlock_detail"]
        for key in detail["unlock_list"]
    }
    assert keys == {
        ("unlock_fingerprint", 3): 0,
        ("unlock_fingerprint", 4): 1,
        ("unlock_card", 2): 0,
    }
    assert (ann["nick_name"], ben["nick_name"], ben["unlock_detail"]) == ("Ann", "Ben", [])
    old = await client.result(
        "get", f"/v1.1/devices/{DEVICE}/users", {"page_no": 1, "page_size": 20}
    )
    assert [record["nick_name"] for record in old["records"]] == ["Ann", "Ben"]
    assert "unlock_detail" not in old["records"][0]
    await lock.finger(3)
    await lock.finger(5)
    assert [row["nick_name"] for row in await logs(client)] == ["", "Ann"]
    await lock.finger(4)
    assert await alarms(client) == [("hijack", "unlock_fingerprint-04")]


async def test_a_record_of_duress_names_the_unlock_in_its_report(
    lock: SimulatedLock, client: Client
) -> None:
    await lock.forced("card", 2)
    assert await alarms(client) == [("hijack", "unlock_card-02")]
    assert seen(await logs(client)) == [("unlock_card", "2")]


# From afar


@pytest.mark.parametrize("lock", ["A", "B"], indirect=True)
async def test_the_cloud_opens_only_while_somebody_asks(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    assert (await client.operate())["result"] is True, "so it says"
    await lock.wake()
    assert (await client.operate())["result"] is True
    assert (lock.openings, cloud.operated) == ([], [])
    await lock.request()
    assert (await client.operate())["result"] is True
    assert (lock.openings, cloud.operated) == (["remote"], [(DEVICE, True)])
    assert lock.dps["9"] == 0
    assert (await client.operate())["result"] is True
    assert len(cloud.operated) == 1
    assert seen(await logs(client)) == [("unlock_app", "1")]


async def test_the_cloud_may_say_that_the_lock_sleeps(
    cloud: SimulatedCloud, client: Client
) -> None:
    cloud.asleep_mode = "offline"
    assert (await client.operate())["code"] == 2001


@pytest.mark.parametrize("version", ["v1.1", "v1.0"])
async def test_the_older_way_opens_too(lock: SimulatedLock, client: Client, version: str) -> None:
    await lock.request()
    ticket_id, _ = await client.ticket()
    path = f"{client.door_lock.replace('v1.0', version)}/password-free/open-door"
    assert await client.result("post", path, {"ticket_id": ticket_id}) is True
    assert lock.openings == ["remote"]
    assert await client.code("post", path, {"ticket_id": ticket_id}) == 1109


async def test_the_cloud_gives_a_fresh_key_for_each_opening(
    lock: SimulatedLock, client: Client
) -> None:
    before = lock.stored_key
    await lock.request()
    await client.operate()
    assert lock.stored_key != before
    assert base64.b64decode(lock.dps["50"])[0] == 0, "the lock says that it has opened"


async def test_a_lock_that_does_not_open_says_so_and_the_cloud_does_not(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    await lock.double_lock(True)
    await lock.request()
    assert (await client.operate())["result"] is True
    assert (lock.openings, cloud.operated) == ([], [])
    assert base64.b64decode(lock.dps["50"])[0] == 6


async def test_a_lock_that_never_sleeps_opens_and_locks_at_any_time(cloud: SimulatedCloud) -> None:
    async with SimulatedLock(knobs=Knobs(low_power=False)) as lock:
        cloud.join(lock)
        async with client_of(cloud, lock.device_id) as client:
            assert (await client.operate())["result"] is True
            assert (await client.operate(opens=False))["result"] is True
            lock.knobs.supports_lock = False
            assert (await client.operate(opens=False))["result"] is True
    assert cloud.operated == [(lock.device_id, True), (lock.device_id, False)]
    assert (lock.openings, lock.lockings) == (["remote"], ["remote 1"])


@pytest.mark.parametrize("lock", ["A"], indirect=True)
async def test_an_old_lock_cannot_be_locked_from_afar(lock: SimulatedLock, client: Client) -> None:
    await lock.wake()
    assert (await client.operate(opens=False))["code"] == 2003


async def test_open_has_to_be_a_boolean(client: Client) -> None:
    ticket_id, _ = await client.ticket()
    path = f"{client.smart_lock}/password-free/door-operate"
    body = {"ticket_id": ticket_id, "open": "true"}
    assert await client.code("post", path, body) == 1109


async def test_a_request_can_be_refused(lock: SimulatedLock, client: Client) -> None:
    await lock.request()
    path = f"{client.door_lock}/password-free/open-door/cancel"
    assert await client.result("put", path, {"type": 1}) is True
    assert not lock.requested
    assert await client.result("put", path, {"type": 1}) is True
    assert await client.code("put", path, {"type": 3}) == 1109


async def test_remote_unlock_can_be_switched_off(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    path = f"{client.door_lock}/remote-unlock/config"
    body = {"remote_unlock_type": "remoteUnlockWithoutPwd", "open": False}
    assert await client.result("post", path, body) is True
    await lock.request()
    assert (await client.operate())["result"] is True
    assert lock.openings == []
    ways = f"{client.door_lock}/remote-unlocks"
    assert [way["open"] for way in await client.result("get", ways)] == [False, False]
    cloud.remote_unlocks = "object"
    assert (await client.result("get", ways))["open"] is False
    cloud.remote_unlocks = "empty"
    assert await client.result("get", ways) == []


# The client, and a person


async def test_tuyas_client_renews_its_token(cloud: SimulatedCloud, client: Client) -> None:
    cloud.expire_tokens()
    path = f"/v1.0/devices/{DEVICE}"
    assert await client.code("get", path) == 1010
    assert (await client.result("get", path))["name"] == "Front door"
    assert cloud.tokens_issued == 2
    client.api.token_info.expire_time = 0
    assert (await client.result("get", path))["local_key"] == "0123456789abcdef"
    assert cloud.calls[-2].path.startswith("/v1.0/token/")


async def test_tuyas_client_reads_the_other_pages(lock: SimulatedLock, client: Client) -> None:
    await lock.finger(3)
    shadow = await client.result("get", f"/v2.0/cloud/thing/{DEVICE}/shadow/properties")
    assert {"code": "unlock_fingerprint", "dp_id": 1, "value": 3} in shadow["properties"]
    everything = await client.result("get", "/v1.3/iot-03/devices")
    assert [device["id"] for device in everything["list"]] == [DEVICE]
    mine = await client.result("get", "/v1.0/users/anybody/devices")
    assert [device["id"] for device in mine] == [DEVICE]
    assert await client.result("get", f"/v1.0/devices/{DEVICE}/users") == []


async def test_a_code_can_be_typed_by_hand(lock: SimulatedLock, client: Client) -> None:
    await client.add("7294618")
    assert await run_command(lock, "type 7294618") == "it does not open"
    await lock.sync()
    assert await run_command(lock, "type 7294618") == "it opens"
    assert "type CODE" in await run_command(lock, "help")
