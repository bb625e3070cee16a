"""Passwords in the simulated cloud and at the simulated keypad, asked for by Tuya's own client."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
import time
from typing import Any

import pytest

from tests.cloud_client import HOUR, Client, client_of
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.cloud.asked import Refusal
from tests.simulator.keypad import Delivery, Keypad
from tests.simulator.secret_codes import SecretCodes

pytestmark = pytest.mark.usefixtures("socket_enabled")

CODE = "7294618"
LATER = 6 * 60


class Time:
    """The time of the cloud and of the lock."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
async def cloud(now: Time) -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud(now=now) as cloud:
        yield cloud


@pytest.fixture
async def lock(
    request: pytest.FixtureRequest, cloud: SimulatedCloud, now: Time
) -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(family=getattr(request, "param", "B"), now=now) as lock:
        cloud.join(lock)
        yield lock


@pytest.fixture
async def client(cloud: SimulatedCloud, lock: SimulatedLock) -> AsyncIterator[Client]:
    async with client_of(cloud, lock.device_id) as client:
        yield client


async def synced(lock: SimulatedLock, client: Client) -> list[dict[str, Any]]:
    """Wake the lock, and return the passwords once it has fetched."""
    await lock.wake()
    await lock.sync()
    await lock.sleep()
    return await client.listed()


# Temporary passwords


@pytest.mark.parametrize("lock", ["A", "B"], indirect=True)
async def test_a_password_opens_from_the_first_wake_on(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    password = await client.add(CODE)
    (row,) = await client.listed(valid="true")
    assert (row["id"], row["phase"], row["sn"], row["type"]) == (password, 1, -1, 0)
    assert not await lock.type_code(CODE), "it opens first, and fetches later"
    await lock.wait_for(lambda: cloud.rows(lock.device_id)[0].phase == 2)
    assert (await client.listed())[0]["sn"] == 901
    assert not await lock.type_code("1111111")
    assert await lock.type_code(CODE)
    assert await lock.type_code(CODE)
    assert lock.openings == ["temporary_password 901"] * 2
    logs = await client.result(
        "get", f"{client.door_lock}/open-logs", {"page_no": 1, "page_size": 20}
    )
    (log, _) = logs["logs"]
    assert log["status"] == {"code": "unlock_temporary", "value": "901"}


async def test_the_digits_come_back_in_no_answer(client: Client, cloud: SimulatedCloud) -> None:
    password = await client.add(CODE)
    path = f"{client.door_lock}/temp-password/{password}"
    answers = [await client.ask("get", path), await client.listed(), cloud.calls]
    assert CODE not in str(answers)
    assert CODE not in repr(cloud.rows("bfsimulated0lock0001"))
    assert cloud.rows("bfsimulated0lock0001")[0].digits == CODE


async def test_a_password_opens_in_its_time_by_the_clock_of_the_lock(
    lock: SimulatedLock, client: Client, now: Time
) -> None:
    start = int(now()) + HOUR
    await client.add(CODE, effective_time=start, invalid_time=start + HOUR)
    await synced(lock, client)
    assert not await lock.type_code(CODE)
    lock.knobs.clock_offset = HOUR + 60
    assert await lock.type_code(CODE)
    lock.knobs.clock_offset = 0
    now.ahead = HOUR + 60
    assert await lock.type_code(CODE)
    now.ahead = 2 * HOUR + 60
    assert not await lock.type_code(CODE)


async def test_a_password_for_once_opens_once(lock: SimulatedLock, client: Client) -> None:
    await client.add(CODE, type=1)
    assert (await synced(lock, client))[0]["type"] == 1
    assert [await lock.type_code(CODE) for _ in range(3)] == [True, False, False]


BLOCK = {"effective_time": 540, "invalid_time": 720, "working_day": 0b0000100, "all_day": False}
ZONE = {"time_zone": "Europe/Berlin"}


async def test_a_schedule_is_kept_as_it_was_sent(lock: SimulatedLock, client: Client) -> None:
    await client.add(CODE, schedule_list=[BLOCK], **ZONE)
    (row,) = await synced(lock, client)
    assert (row["schedule_list"], row["time_zone"]) == ([BLOCK], "Europe/Berlin")
    # As it was seen in the field, a block for the whole day is dropped.
    await client.add("8305729", schedule_list=[{**BLOCK, "all_day": True}], **ZONE)
    assert (await client.listed())[1]["schedule_list"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule_list": [BLOCK]},
        {"schedule_list": [BLOCK], "time_zone": "Nowhere"},
        {"schedule_list": [BLOCK, BLOCK], **ZONE},
        {"schedule_list": [{**BLOCK, "working_day": 0}], **ZONE},
        {"schedule_list": [{**BLOCK, "invalid_time": 1440}], **ZONE},
        {"schedule_list": [{**BLOCK, "invalid_time": 540}], **ZONE},
    ],
)
async def test_a_schedule_has_one_block_in_one_day_in_a_time_zone(
    client: Client, fields: dict[str, Any]
) -> None:
    path = f"{client.door_lock}/temp-password"
    assert await client.code("post", path, await client.password(CODE, **fields)) == 1109


async def test_a_changed_password_takes_effect_at_the_next_wake(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    password = await client.add(CODE)
    await synced(lock, client)
    body = await client.password("8305729", name="Neighbour")
    path = f"{client.door_lock}/temp-passwords/{password}/modify-password"
    assert await client.result("put", path, body) is True
    (row,) = await client.listed()
    assert (row["name"], row["phase"], row["sn"]) == ("Neighbour", 1, 901)
    assert cloud.rows(lock.device_id)[0].edit == 2
    assert await lock.type_code(CODE)
    (row,) = await synced(lock, client)
    assert (row["phase"], row["sn"]) == (2, 901)
    assert not await lock.type_code(CODE)
    assert await lock.type_code("8305729")
    assert await client.code("put", path.replace(str(password), "7"), body) == 1109, "ticket used"
    body = await client.password("8305729")
    assert await client.code("put", path.replace(str(password), "7"), body) == 2302


async def test_a_deleted_password_opens_until_the_lock_has_heard_of_it(
    lock: SimulatedLock, client: Client
) -> None:
    password = await client.add(CODE)
    await synced(lock, client)
    path = f"{client.door_lock}/temp-passwords/{password}"
    assert await client.result("delete", path) is True
    assert (await client.listed(valid="true"))[0]["phase"] == 3
    assert await lock.type_code(CODE)
    assert await synced(lock, client) == []
    assert not await lock.type_code(CODE)
    assert await client.code("delete", path) == 2302
    assert await client.code("delete", f"{path}/record") == 2323


async def test_what_is_over_can_only_be_purged(cloud: SimulatedCloud, client: Client) -> None:
    password = await client.add(CODE)
    cloud.rows("bfsimulated0lock0001")[0].invalid_time = int(time.time()) - 1
    path = f"{client.door_lock}/temp-passwords/{password}"
    assert await client.listed(valid="true") == []
    assert len(await client.listed()) == 1
    assert await client.code("delete", path) == 2304
    body = await client.password(CODE)
    assert await client.code("put", f"{path}/modify-password", body) == 2304
    assert await client.result("delete", f"{path}/record") is True
    assert await client.listed() == []


async def test_ten_count_until_the_lock_has_heard(
    cloud: SimulatedCloud, lock: SimulatedLock, client: Client
) -> None:
    passwords = [await client.add(f"729461{number}") for number in range(8)]
    await synced(lock, client)
    for password in passwords[:2]:
        await client.result("delete", f"{client.door_lock}/temp-passwords/{password}")
    for number in range(2):
        await client.add(f"830572{number}")
    one_more = await client.password("8305725")
    path = f"{client.door_lock}/temp-password"
    assert await client.code("post", path, one_more) == 1109
    await synced(lock, client)
    numbers = {row.sn for row in cloud.rows(lock.device_id)}
    assert numbers == {901, 902, 903, 904, 905, 906, 907, 908}, "the lowest free slots are taken"
    for number in (5, 6):
        await client.add(f"830572{number}")
    assert await client.code("post", path, await client.password("8305727")) == 1109


async def test_all_can_be_wiped(lock: SimulatedLock, client: Client) -> None:
    await client.add(CODE)
    await client.result("post", f"{client.door_lock}/temp-passwords/rest-password")
    assert [row["phase"] for row in await client.listed()] == [3]
    assert await synced(lock, client) == []


async def test_a_lock_that_is_awake_can_be_told_to_fetch(
    lock: SimulatedLock, client: Client
) -> None:
    await lock.wake()
    await lock.sync()
    await client.add(CODE)
    assert (await client.listed())[0]["phase"] == 1
    await client.result("post", f"{client.door_lock}/issue-password")
    assert (await client.listed())[0]["phase"] == 2


@pytest.mark.parametrize("family", ["B", "D"])
async def test_a_lock_that_never_sleeps_fetches_at_once(cloud: SimulatedCloud, family: str) -> None:
    async with SimulatedLock(family=family, knobs=Knobs(low_power=False)) as lock:
        cloud.join(lock)
        async with client_of(cloud, lock.device_id) as client:
            await client.add(CODE)
        assert await lock.type_code(CODE)
        assert lock.openings == ["temporary_password 901"]
        await lock.pull_battery()
        assert not await lock.type_code(CODE)


async def test_a_lock_without_internet_fetches_nothing(lock: SimulatedLock, client: Client) -> None:
    lock.knobs.cloud = False
    await client.add(CODE)
    assert (await synced(lock, client))[0]["phase"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "00" * 16},
        {"password": "no hex"},
        {"password": ""},
        {"password_type": "plain"},
        {"ticket_id": "unknown"},
        {"name": "a name that is longer than twenty"},
        {"type": 2},
        {"effective_time": 1_800_000_000_000},
        {"invalid_time": 1_000_000_000},
        {"effective_time": "1800000000"},
    ],
)
async def test_a_wrong_wish_is_refused(
    cloud: SimulatedCloud, client: Client, wrong: dict[str, Any]
) -> None:
    body = await client.password(CODE) | wrong
    assert await client.code("post", f"{client.door_lock}/temp-password", body) == 1109
    assert cloud.rows("bfsimulated0lock0001") == []


@pytest.mark.parametrize("digits", ["123456", "12345678", "12345a7"])
async def test_other_digits_are_refused(client: Client, digits: str) -> None:
    body = await client.password(digits)
    assert await client.code("post", f"{client.door_lock}/temp-password", body) == 1109


async def test_a_missing_field_and_digits_that_are_taken_are_refused(client: Client) -> None:
    path = f"{client.door_lock}/temp-password"
    body = await client.password(CODE)
    del body["name"]
    assert await client.code("post", path, body) == 1100
    await client.add(CODE)
    assert await client.code("post", path, await client.password(CODE)) == 1109


async def test_a_ticket_works_once_in_time_and_for_its_device(
    cloud: SimulatedCloud, client: Client, now: Time
) -> None:
    path = f"{client.door_lock}/temp-password"
    body = await client.password(CODE)
    await client.result("post", path, body)
    assert await client.code("post", path, body) == 1109
    cloud.add_device(device_id="another")
    body = await client.password("8305729")
    assert await client.code("post", path.replace("bfsimulated0lock0001", "another"), body) == 1109
    ticket = cloud.tickets.issue("another")["ticket_id"]
    now.ahead = 361
    with pytest.raises(Refusal, match="1109"):
        cloud.tickets.spend(ticket, "another")


async def test_upper_case_is_taken_and_the_code_never_works(
    lock: SimulatedLock, client: Client
) -> None:
    await client.add(CODE, upper=True)
    await synced(lock, client)
    assert not await lock.type_code(CODE)


async def test_a_wifi_lock_cannot_freeze_a_password(client: Client) -> None:
    password = await client.add(CODE)
    for word in ("freeze", "unfreeze"):
        path = f"{client.door_lock}/temp-passwords/{password}/{word}-password"
        assert await client.code("put", path) == 2004


# Codes that need no network


@pytest.mark.parametrize("lock", ["A", "B", "D"], indirect=True)
async def test_a_dynamic_password_opens_for_five_minutes(
    lock: SimulatedLock, client: Client, now: Time
) -> None:
    code = (await client.result("get", f"{client.door_lock}/dynamic-password"))["dynamic_password"]
    assert len(code) == 8
    assert await lock.type_code(code)
    now.ahead = 4 * 60
    assert await lock.type_code(code)
    now.ahead = LATER
    assert not await lock.type_code(code)
    assert lock.openings == ["dynamic_password 1"] * 2


async def test_a_dynamic_password_needs_the_right_clock_and_the_right_lock(
    lock: SimulatedLock, client: Client, cloud: SimulatedCloud
) -> None:
    path = f"{client.door_lock}/dynamic-password"
    code = (await client.result("get", path))["dynamic_password"]
    lock.knobs.clock_offset = -LATER
    assert not await lock.type_code(code)
    async with SimulatedLock(device_id="bfsimulated0lock0002") as other:
        cloud.join(other)
        assert not await other.type_code(code)
    cloud.dynamic_supported = False
    assert await client.code("get", path) == 2009


async def offline(client: Client, version: str = "v1.1", **fields: Any) -> dict[str, Any]:
    path = f"{client.door_lock.replace('v1.0', version)}/offline-temp-password"
    return dict(await client.result("post", path, {"name": "Guest"} | fields))


async def test_an_offline_password_for_once_opens_once_within_six_hours(
    lock: SimulatedLock, client: Client, now: Time
) -> None:
    first, second = [await offline(client, type="once", version=v) for v in ("v1.1", "v1.0")]
    code = first["offline_temp_password"]
    assert len(code) == 10
    assert await lock.type_code(code)
    assert not await lock.type_code(code)
    assert "32" in lock.dps
    now.ahead = 7 * HOUR
    assert not await lock.type_code(second["offline_temp_password"])
    assert lock.openings == ["offline_password"]


async def test_an_offline_password_for_many_times_has_to_be_used_within_a_day(
    lock: SimulatedLock, client: Client, now: Time
) -> None:
    start = int(now()) // HOUR * HOUR
    times = {"effective_time": start + 30, "invalid_time": start + 72 * HOUR + 1800}
    used, unused = [await offline(client, type="multiple", **times) for _ in "ab"]
    assert (used["effective_time"], used["invalid_time"]) == (start, start + 72 * HOUR)
    assert datetime.fromtimestamp(used["effective_time"], UTC).minute == 0
    assert await lock.type_code(used["offline_temp_password"])
    now.ahead = 25 * HOUR
    assert await lock.type_code(used["offline_temp_password"])
    assert not await lock.type_code(unused["offline_temp_password"])


async def test_offline_passwords_can_be_cleared(
    lock: SimulatedLock, client: Client, now: Time
) -> None:
    start = int(now())
    times = {"effective_time": start, "invalid_time": start + 72 * HOUR}
    many = [await offline(client, type="multiple", **times) for _ in "abc"]
    codes = [one["offline_temp_password"] for one in many]
    one = await offline(client, type="clear_one", password_id=many[0]["offline_temp_password_id"])
    assert not await lock.type_code(one["offline_temp_password"]), "it clears, it does not open"
    assert [await lock.type_code(code) for code in codes] == [False, True, True]
    everything = await offline(client, type="clear_all")
    await lock.type_code(everything["offline_temp_password"])
    assert "33" in lock.dps
    assert [await lock.type_code(code) for code in codes] == [False, False, False]


async def test_wrong_wishes_for_offline_passwords_are_refused(
    cloud: SimulatedCloud, client: Client, now: Time
) -> None:
    path = f"{client.door_lock}/offline-temp-password"
    start = int(now())
    assert await client.code("post", path, {"type": "sometimes"}) == 1109
    assert await client.code("post", path, {"type": "multiple"}) == 1100
    times = {"effective_time": start, "invalid_time": start}
    assert await client.code("post", path, {"type": "multiple"} | times) == 1109
    assert await client.result("put", f"{path}/{await one_id(client)}", {"name": "Plumber"})
    assert await client.code("put", f"{path}/99", {"name": "Plumber"}) == 2302
    cloud.offline_supported = False
    assert await client.code("post", path, {"type": "once"}) == 2009


async def one_id(client: Client) -> int:
    return int((await offline(client, type="once"))["offline_temp_password_id"])


# The lock's own part


def test_the_keypad_keeps_ten_and_lets_go_of_what_is_over() -> None:
    keypad = Keypad()
    password = [
        Delivery(id=number, digits=f"{number:07}", start=0, end=100 + number)
        for number in range(1, 12)
    ]
    assert keypad.take(password, 50) == {number: number for number in range(1, 11)}
    assert keypad.enter("0000003", 50) == 903
    assert keypad.enter("0000011", 50) is None
    assert keypad.take(password[1:], 101) == {number: number for number in range(2, 11)} | {11: 1}


def test_two_locks_have_two_secrets() -> None:
    assert SecretCodes().dynamic(1_800_000_000) != SecretCodes().dynamic(1_800_000_000)
