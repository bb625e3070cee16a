"""One lock in Tuya's cloud, against a simulated cloud and a simulated lock."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
import json
import traceback
from typing import Any, Literal

from aiohttp import ClientSession
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Report, Source
from custom_components.tuya_wifi_lock.tuyalock.cloud import openapi
from custom_components.tuya_wifi_lock.tuyalock.cloud.client import CloudClient, list_devices
from custom_components.tuya_wifi_lock.tuyalock.cloud.openapi import MAX_CALLS, OpenApi, Project
from custom_components.tuya_wifi_lock.tuyalock.cloud.responses import (
    CloudMember,
    Firmware,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CallsUsedUp,
    Cause,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
)
from custom_components.tuya_wifi_lock.tuyalock.models import (
    Item,
    PasswordPhase,
    PasswordRequest,
    TemporaryPassword,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import (
    PROFILES,
    Dp,
    DpType,
    Family,
)
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud

from ..house import LOCAL_KEY, MovableClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

CODE = "7294618"
TICKET = "password-ticket$"
OPERATE = "password-free/door-operate$"
OPEN_1_1 = "^/v1.1/.*/open-door$"
OPEN_1_0 = "^/v1.0/.*/open-door$"
ABSENT_CODES = (1108, 2003, 2008, 2009, 28841105, 28841106)
CODES = (1004, 1010, 1013, 1109, 1106, 1110, 1114, 2001, 2010, 2328, 28841002, 28841004)


@dataclass
class Home:
    """An account with one lock in it, and our end of it."""

    simulated: SimulatedCloud
    lock: SimulatedLock
    clock: MovableClock
    api: OpenApi
    cloud: CloudClient

    def asked(self, part: str = "") -> list[str]:
        """Return what was asked, without tokens: the method and the last part of the path."""
        return [
            f"{call.method} {call.path.split(self.lock.device_id)[-1]}"
            for call in self.simulated.calls
            if part in call.path and "/token" not in call.path
        ]

    def request(self, **changes: Any) -> PasswordRequest:
        """Return a request for a password that is valid for an hour from now."""
        now = int(self.clock.time())
        usual = {"name": "Guest", "code": CODE, "start": now - 60, "end": now + 3600, "once": False}
        return PasswordRequest(**usual | changes)

    async def add(self, **changes: Any) -> TemporaryPassword:
        """Have a password made."""
        return await self.cloud.add_password(self.request(**changes))

    async def sync(self) -> None:
        """Let the lock wake and fetch."""
        await self.lock.wake()
        await self.lock.wait_for(
            lambda: all(row.phase == 2 for row in self.simulated.rows(self.lock.device_id))
        )


@pytest.fixture(name="home")
async def home_fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Home]:
    """Open a home whose lock sleeps."""
    clock = MovableClock()
    lock = SimulatedLock(family="B", knobs=Knobs(announce=False), now=clock.time)
    async with SimulatedCloud(now=clock.time) as simulated, lock, ClientSession() as session:
        simulated.join(lock)
        monkeypatch.setitem(openapi.REGIONS, "eu", simulated.url)
        project = Project("eu", simulated.access_id, simulated.access_secret)
        api = OpenApi(session, project, clock)
        yield Home(simulated, lock, clock, api, CloudClient(api, lock.device_id))


def items(reports: list[Report]) -> list[Item]:
    """Return all that was reported."""
    return [item for report in reports for item in report.items]


async def refused(action: Awaitable[Any]) -> CloudRefused:
    """Wait for a refusal."""
    with pytest.raises(CloudRefused) as error:
        await action
    return error.value


# What the account knows


async def test_the_account_lists_its_devices_without_their_keys(home: Home) -> None:
    for number in range(60):
        home.simulated.add_device(device_id=f"bulb{number:02}", name="Lamp", category="dj")
    found = await list_devices(home.api)
    assert len(found) == 61
    by_id = {device.id: device for device in found}
    assert by_id[home.lock.device_id].name == "Front door"
    assert by_id["bulb59"].category == "dj"
    assert not any(device.local_key for device in found)


async def test_a_lock_is_told_with_its_key_which_is_not_shown(home: Home) -> None:
    device = await home.cloud.device()
    assert (device.id, device.name, device.category) == (home.lock.device_id, "Front door", "ms")
    assert (device.product_id, device.local_key) == (home.lock.product_id, LOCAL_KEY)
    assert LOCAL_KEY not in repr(device)


async def test_a_device_of_somebody_else_is_not_permitted(home: Home) -> None:
    assert (await refused(CloudClient(home.api, "foreign").device())).cause is Cause.NO_PERMISSION


async def test_the_data_points_come_from_the_model(home: Home) -> None:
    table = await home.cloud.model()
    profile = PROFILES[Family.B]
    assert table[49] == Dp("remote_no_pd_setkey", DpType.RAW, writable=True)
    for id_ in table.keys() & profile.keys():
        assert (table[id_].code, table[id_].type) == (profile[id_].code, profile[id_].type)
    assert table[69] == Dp(
        "auto_lock_time", DpType.INTEGER, writable=True, range=(5, 60), step=5, unit="s"
    )
    assert home.asked() == ["GET /model"]


async def test_the_data_points_come_from_the_specifications_where_there_is_no_model(
    home: Home,
) -> None:
    whole = await home.cloud.model()
    home.simulated.absent.add("/model$")
    assert await home.cloud.model() == whole
    home.simulated.absent.add("/specifications$")
    assert await home.cloud.model() == {}


async def test_a_product_without_a_model_has_no_data_points(home: Home) -> None:
    home.simulated.add_device(device_id="unknown")
    assert await CloudClient(home.api, "unknown").model() == {}


async def test_a_model_that_is_refused_for_another_reason_is_an_error(home: Home) -> None:
    home.simulated.fail(1106, path="/model$")
    assert (await refused(home.cloud.model())).cause is Cause.NO_PERMISSION


@pytest.mark.parametrize(("code", "cause"), [(28841106, Cause.NO_LOCK_SERVICE), (1106, None)])
async def test_a_test_finds_out_what_the_project_may_not_do(
    home: Home, code: int, cause: Cause | None
) -> None:
    await home.cloud.test()
    assert home.asked() == ["POST /door-lock/password-ticket"]
    home.simulated.fail(code, path=TICKET, times=None)
    assert (await refused(home.cloud.test())).cause is (cause or Cause.NO_PERMISSION)


async def test_a_ticket_whose_answer_is_lost_means_that_nothing_was_done(home: Home) -> None:
    await home.cloud.test()
    for lose in (home.simulated.drop, home.simulated.garble):
        lose(TICKET)
        with pytest.raises(CloudUnreachable):
            await home.cloud.operate(unlock=True)
    assert not home.simulated.operated
    assert not home.asked("door-operate")


# Doors


async def request(home: Home) -> None:
    """Request the remote unlock at the door."""
    await home.lock.request()


async def test_a_request_at_the_door_is_answered_by_opening(home: Home) -> None:
    await request(home)
    await home.cloud.operate(unlock=True)
    assert home.simulated.operated == [(home.lock.device_id, True)]
    assert home.simulated.calls[-1].body is not None
    assert home.simulated.calls[-1].body["open"] is True
    assert home.asked() == ["POST /door-lock/password-ticket", "POST /password-free/door-operate"]


async def test_success_is_only_that_the_cloud_was_told(home: Home) -> None:
    await home.cloud.operate(unlock=True)
    assert not home.simulated.operated


async def test_a_lock_that_sleeps_may_be_told_as_asleep(home: Home) -> None:
    home.simulated.asleep_mode = "offline"
    assert (await refused(home.cloud.operate(unlock=True))).cause is Cause.ASLEEP
    assert len(home.asked()) == 2


async def test_locking_says_so_and_has_no_other_variant(home: Home) -> None:
    await home.cloud.operate(unlock=False)
    assert home.simulated.calls[-1].body is not None
    assert home.simulated.calls[-1].body["open"] is False
    home.simulated.absent.add(OPERATE)
    assert (await refused(home.cloud.operate(unlock=False))).cause is Cause.NO_ENDPOINT
    assert not home.asked("open-door")


@pytest.mark.parametrize("code", ABSENT_CODES)
async def test_a_variant_that_is_absent_is_replaced_by_the_next_and_remembered(
    home: Home, code: int
) -> None:
    await request(home)
    home.simulated.fail(code, path=OPERATE)
    await home.cloud.operate(unlock=True)
    assert [path for path in home.asked() if "ticket" not in path] == [
        "POST /password-free/door-operate",
        "POST /door-lock/password-free/open-door",
    ]
    assert home.simulated.calls[-1].path.startswith("/v1.1/")
    assert home.simulated.operated == [(home.lock.device_id, True)]

    again = CloudClient(home.api, home.lock.device_id, home.cloud.as_dict())
    home.simulated.calls.clear()
    await again.operate(unlock=True)
    assert not home.asked("door-operate")
    assert home.simulated.calls[-1].path.startswith("/v1.1/")


async def test_a_variant_that_says_no_is_replaced_by_the_next(home: Home) -> None:
    await request(home)
    home.simulated.deny(OPERATE)
    await home.cloud.operate(unlock=True)
    assert home.simulated.calls[-1].path.startswith("/v1.1/")
    assert home.simulated.operated == [(home.lock.device_id, True)]
    home.simulated.deny("password-free", times=None)
    assert (await refused(home.cloud.operate(unlock=True))).cause is Cause.UNSUPPORTED


async def test_a_remembered_variant_that_is_gone_is_forgotten(home: Home) -> None:
    await home.cloud.operate(unlock=True)
    home.simulated.absent |= {OPERATE, OPEN_1_1}
    await home.cloud.operate(unlock=True)
    assert home.simulated.calls[-1].path.startswith("/v1.0/")
    home.simulated.calls.clear()
    await home.cloud.operate(unlock=True)
    assert len(home.asked()) == 2
    home.simulated.absent = {OPEN_1_0}
    await home.cloud.operate(unlock=True)
    assert home.simulated.calls[-1].path.endswith("door-operate")


async def test_every_attempt_has_a_ticket_of_its_own(home: Home) -> None:
    home.simulated.absent |= {OPERATE, OPEN_1_1}
    await home.cloud.operate(unlock=True)
    await home.cloud.operate(unlock=True)
    await home.add()
    tickets = [
        call.body["ticket_id"]
        for call in home.simulated.calls
        if call.body and "ticket_id" in call.body
    ]
    assert len(tickets) == len(set(tickets)) == 3 + 1 + 1
    assert len(home.asked("password-ticket")) == 5


@pytest.mark.parametrize("telling", [OPERATE, OPEN_1_1, OPEN_1_0])
async def test_what_no_variant_can_do_is_told_by_the_most_telling_refusal(
    home: Home, telling: str
) -> None:
    home.simulated.absent |= {OPERATE, OPEN_1_1, OPEN_1_0}
    home.simulated.fail(2003, path=telling)
    assert (await refused(home.cloud.operate(unlock=True))).code == 2003
    assert (await refused(home.cloud.operate(unlock=True))).code == 1108
    assert home.cloud.as_dict()["answered"] == [f"/v1.0/devices/{{id}}/door-lock/{TICKET[:-1]}"]


@pytest.mark.parametrize("code", CODES)
async def test_no_other_refusal_leads_to_another_variant(home: Home, code: int) -> None:
    home.simulated.fail(code, path=OPERATE, times=None)
    assert (await refused(home.cloud.operate(unlock=True))).code == code
    assert not home.asked("open-door")


@pytest.mark.parametrize("unlock", [True, False])
@pytest.mark.parametrize("done", [True, False])
async def test_an_opening_whose_connection_breaks_is_never_repeated(
    home: Home, unlock: bool, done: bool
) -> None:
    await request(home)
    home.simulated.drop(OPERATE, done=done)
    with pytest.raises(CloudSilent):
        await home.cloud.operate(unlock=unlock)
    assert home.asked("password-free") == ["POST /password-free/door-operate"]
    assert len(home.simulated.operated) == int(done)


async def test_an_opening_without_an_answer_in_time_is_never_repeated(home: Home) -> None:
    await request(home)
    home.simulated.hang(OPERATE)
    call = asyncio.create_task(home.cloud.operate(unlock=True))
    await home.lock.wait_for(lambda: home.simulated.operated)
    home.clock.move(10)
    with pytest.raises(CloudSilent):
        await call
    assert home.asked("password-free") == ["POST /password-free/door-operate"]
    assert len(home.simulated.operated) == 1


async def test_an_answer_to_an_opening_that_is_garbled_is_never_repeated(home: Home) -> None:
    home.simulated.garble(OPERATE)
    with pytest.raises(CloudSilent):
        await home.cloud.operate(unlock=True)
    assert len(home.asked("password-free")) == 1


async def test_whether_remote_unlocks_are_listed_does_not_matter(home: Home) -> None:
    await request(home)
    home.simulated.absent.add("remote-unlocks")
    await home.cloud.operate(unlock=True)
    assert home.simulated.operated
    assert not home.asked("remote-unlocks")


async def test_a_request_is_refused(home: Home) -> None:
    await request(home)
    await home.cloud.refuse_request()
    assert home.simulated.calls[-1].body == {"type": 1}
    await home.cloud.operate(unlock=True)
    assert not home.simulated.operated


# Records


async def test_records_are_told_in_the_order_in_which_they_happened(home: Home) -> None:
    now = float(int(home.clock.time()))
    for number in range(120):
        at = now - 600 + number // 2
        home.simulated.log(home.lock.device_id, "unlock_fingerprint", number, at, "Ann")
    home.simulated.log(home.lock.device_id, "unlock_card", 1, now - 86_400)
    home.simulated.calls.clear()
    found = await home.cloud.unlock_records(now - 3600, now + 300)
    assert [one.value for one in items(found)] == list(range(120))
    assert found[0].items == (Item("unlock_fingerprint", 0, now - 600),)
    assert {one.source for one in found} == {Source.CLOUD}
    assert found[0].received == pytest.approx(home.clock.time(), abs=5)
    assert len(home.asked("open-logs")) == 3


async def test_a_thousand_records_are_read_at_most(home: Home) -> None:
    now = float(int(home.clock.time()))
    for number in range(1051):
        home.simulated.log(home.lock.device_id, "unlock_fingerprint", number, now - 2000 + number)
    found = await home.cloud.unlock_records(0, now)
    assert [one.value for one in items(found)] == list(range(51, 1051))
    assert len(home.asked("open-logs")) == 20


async def test_a_time_without_records_has_none(home: Home) -> None:
    assert await home.cloud.unlock_records(0, home.clock.time()) == []
    assert len(home.asked("open-logs")) == 1


@pytest.mark.parametrize("style", ["object", "list"])
async def test_both_forms_of_records_are_understood(home: Home, style: Any) -> None:
    home.simulated.log_status = style
    now = float(int(home.clock.time()))
    home.simulated.log(home.lock.device_id, "unlock_card", 2, now - 5)
    (found,) = await home.cloud.unlock_records(now - 60, now)
    assert found.items == (Item("unlock_card", 2, now - 5),)


async def test_older_records_are_asked_for_where_newer_ones_are_absent(home: Home) -> None:
    home.simulated.absent.add("^/v1.1/.*/open-logs$")
    await home.cloud.unlock_records(0, 1)
    await home.cloud.unlock_records(0, 1)
    logs = [call.path for call in home.simulated.calls if "open-logs" in call.path]
    assert [path[:6] for path in logs] == ["/v1.1/", "/v1.0/", "/v1.0/"]


@pytest.mark.parametrize("style", ["object", "list"])
async def test_alarms_rings_and_duress_are_told_with_the_oldest_first(
    home: Home, style: Any
) -> None:
    home.simulated.log_status = style
    now = float(int(home.clock.time()))
    for ago, code, value in (
        (5, "hijack", "unlock_fingerprint-04"),
        (700, "alarm_lock", "shock"),
        (30, "doorbell", "true"),
        (20, "hijack", "false"),
        (-40, "alarm_lock", "pry"),
    ):
        home.simulated.log(home.lock.device_id, code, value, now - ago)
    assert items(await home.cloud.alarm_records(now - 600, now)) == [
        Item("doorbell", True, now - 30),
        Item("hijack", False, now - 20),
        Item("hijack", "unlock_fingerprint-04", now - 5),
    ]
    (call,) = [call for call in home.simulated.calls if call.path.endswith("alarm-logs")]
    assert call.path.startswith("/v1.1/")
    assert call.query == {
        "codes": "alarm_lock,hijack,doorbell",
        "page_no": "1",
        "page_size": "50",
    }


async def test_pages_of_alarms_are_read_as_far_back_as_they_are_new(home: Home) -> None:
    now = float(int(home.clock.time()))
    for number in range(300):
        home.simulated.log(home.lock.device_id, "alarm_lock", "pry", now - 300 + number)
    found = await home.cloud.alarm_records(now - 80, now)
    assert [one.time for one in items(found)] == [now - 80 + number for number in range(80)]
    assert len(home.asked("alarm-logs")) == 2


async def test_older_alarms_are_asked_for_where_newer_ones_are_absent(home: Home) -> None:
    home.simulated.absent.add("^/v1.1/.*/alarm-logs$")
    assert await home.cloud.alarm_records(0, 1) == []
    assert len(home.asked("alarm-logs")) == 2
    home.simulated.absent.add("/alarm-logs$")
    assert (await refused(home.cloud.alarm_records(0, 1))).cause is Cause.NO_ENDPOINT


async def test_records_are_not_asked_for_any_more_when_the_calls_are_used_up(home: Home) -> None:
    while home.api.calls.used(home.clock.time()) < MAX_CALLS:
        home.api.calls.count(home.clock.time())
    for poll in (home.cloud.unlock_records, home.cloud.alarm_records):
        with pytest.raises(CallsUsedUp):
            await poll(0, 1)
    assert not home.simulated.calls
    await home.cloud.operate(unlock=True)
    assert await home.cloud.members() == []
    assert await home.cloud.list_passwords() == []


# People


async def test_members_come_with_their_numbers(home: Home) -> None:
    keys = {"unlock_fingerprint": [3], "unlock_card": [1, 2]}
    home.simulated.add_user(
        home.lock.device_id, "Ann", keys=keys, duress={"unlock_fingerprint": [4]}
    )
    home.simulated.add_user(home.lock.device_id, "Bob")
    ann, bob = await home.cloud.members()
    assert ann.name == "Ann"
    assert {"fingerprint:3", "card:1", "card:2"} <= ann.numbers
    assert ann.duress == frozenset({"fingerprint:4"})
    assert ann.duress <= ann.numbers
    assert bob == CloudMember("Bob", frozenset(), frozenset())


async def test_members_come_without_numbers_from_an_older_project(home: Home) -> None:
    home.simulated.add_user(home.lock.device_id, "Ann", keys={"unlock_fingerprint": [3]})
    home.simulated.absent.add("/v1.0/smart-lock/.*/users$")
    assert await home.cloud.members() == [CloudMember("Ann", frozenset(), frozenset())]


# Passwords


async def test_a_password_waits_until_the_lock_wakes_and_then_has_a_number(home: Home) -> None:
    added = await home.add(once=True)
    assert (added.phase, added.number, added.name) == (PasswordPhase.WAITING, None, "Guest")
    (row,) = home.simulated.rows(home.lock.device_id)
    assert (row.digits, row.name, row.once) == (CODE, "Guest", True)
    assert (row.effective_time, row.invalid_time) == (added.start, added.end)
    assert await home.cloud.list_passwords() == [added]
    await home.sync()
    (listed,) = await home.cloud.list_passwords()
    assert (listed.phase, listed.number, listed.once) == (PasswordPhase.ACTIVE, 901, True)
    assert (listed.id, listed.start, listed.end) == (added.id, added.start, added.end)
    assert await home.lock.type_code(CODE)


async def test_a_password_is_changed_and_waits_again(home: Home) -> None:
    added = await home.add()
    await home.sync()
    request = home.request(name="Friend", code="8305729", end=added.end + 60)
    changed = await home.cloud.change_password(added, request)
    assert (changed.id, changed.edit, changed.phase) == (added.id, 2, PasswordPhase.WAITING)
    assert (changed.name, changed.end, changed.once) == ("Friend", added.end + 60, False)
    (row,) = home.simulated.rows(home.lock.device_id)
    assert (row.name, row.digits, row.invalid_time) == ("Friend", "8305729", changed.end)


async def test_a_password_is_in_the_lock_until_the_lock_wakes(home: Home) -> None:
    added = await home.add()
    await home.sync()
    assert (await home.cloud.delete_password(added)).phase is PasswordPhase.DELETING
    await home.sync()
    assert home.simulated.rows(home.lock.device_id) == []


@pytest.mark.parametrize("code", [2302, 2323])
async def test_a_password_that_is_not_there_is_deleted(home: Home, code: int) -> None:
    added = await home.add()
    home.simulated.fail(code, method="DELETE")
    assert (await home.cloud.delete_password(added)).phase is PasswordPhase.DELETED


async def test_a_password_that_has_ended_loses_its_record(home: Home) -> None:
    added = await home.add()
    home.clock.move(7000)
    assert (await home.cloud.delete_password(added)).phase is PasswordPhase.DELETED
    assert home.simulated.rows(home.lock.device_id) == []
    assert [path.split("/")[-1] for path in home.asked(added.id)] == [added.id, "record"]
    home.simulated.fail(2304, path=f"{added.id}$")
    assert (await home.cloud.delete_password(added)).phase is PasswordPhase.DELETED


@pytest.mark.parametrize("path", ["temp-passwords/[0-9]+$", "record$"])
async def test_a_deletion_that_is_refused_is_an_error(home: Home, path: str) -> None:
    added = await home.add()
    home.clock.move(7000)
    home.simulated.fail(1106, path=path)
    assert (await refused(home.cloud.delete_password(added))).cause is Cause.NO_PERMISSION


async def test_a_deletion_that_is_not_answered_is_never_repeated(home: Home) -> None:
    added = await home.add()
    home.simulated.drop("temp-passwords", done=True)
    with pytest.raises(CloudSilent):
        await home.cloud.delete_password(added)
    assert len(home.asked(added.id)) == 1


async def test_a_change_that_is_not_answered_is_never_repeated(home: Home) -> None:
    added = await home.add()
    home.simulated.drop("modify-password", done=True)
    with pytest.raises(CloudSilent):
        await home.cloud.change_password(added, home.request(name="Friend"))
    assert len(home.asked("modify-password")) == 1
    assert home.simulated.rows(home.lock.device_id)[0].name == "Friend"


@pytest.mark.parametrize("lose", ["drop", "garble"])
async def test_an_addition_that_is_not_answered_is_never_repeated(home: Home, lose: str) -> None:
    if lose == "drop":
        home.simulated.drop("temp-password$", done=True)
    else:
        home.simulated.garble("temp-password$")
    with pytest.raises(CloudSilent):
        await home.add()
    assert len(home.asked("/temp-password")) == 1


async def test_digits_that_the_lock_does_not_take_are_a_bad_value(home: Home) -> None:
    assert (await refused(home.add(code="123456"))).cause is Cause.BAD_VALUE


# Passwords that need no network at the lock


async def test_a_dynamic_password_opens_now_and_not_six_minutes_later(home: Home) -> None:
    code = await home.cloud.dynamic_password()
    assert len(code) == 8
    assert await home.lock.type_code(code)
    home.clock.move(360)
    assert not await home.lock.type_code(code)


async def test_a_lock_without_dynamic_passwords_says_so(home: Home) -> None:
    home.simulated.dynamic_supported = False
    assert (await refused(home.cloud.dynamic_password())).cause is Cause.UNSUPPORTED


async def test_an_offline_password_opens_without_the_lock_having_heard_of_it(home: Home) -> None:
    password = await home.cloud.offline_password("once", "Plumber", None, None)
    assert (len(password.code), password.name) == (10, "Plumber")
    assert await home.lock.type_code(password.code)
    assert not await home.lock.type_code(password.code)


async def test_an_offline_password_for_many_times_has_whole_hours(home: Home) -> None:
    start = home.clock.time() // 3600 * 3600
    password = await home.cloud.offline_password("multiple", "Nurse", start, start + 7200.5)
    assert (password.start, password.end) == (start, start + 7200)
    assert home.simulated.calls[-1].body == {
        "type": "multiple",
        "name": "Nurse",
        "effective_time": int(start),
        "invalid_time": int(start) + 7200,
    }


async def test_an_older_project_makes_offline_passwords_too(home: Home) -> None:
    home.simulated.absent.add("^/v1.1/.*/offline-temp-password$")
    for _ in range(2):
        assert (await home.cloud.offline_password("clear_all", None, None, None)).code
    asked = [call.path[:6] for call in home.simulated.calls if "offline" in call.path]
    assert asked == ["/v1.1/", "/v1.0/", "/v1.0/"]


async def test_a_lock_without_offline_passwords_says_so(home: Home) -> None:
    home.simulated.offline_supported = False
    error = await refused(home.cloud.offline_password("once", None, None, None))
    assert error.cause is Cause.UNSUPPORTED


# Secrets and garbage

READS: list[Callable[[Home], Awaitable[Any]]] = [
    lambda home: home.cloud.device(),
    lambda home: home.cloud.model(),
    lambda home: home.cloud.unlock_records(0, 1),
    lambda home: home.cloud.members(),
    lambda home: home.cloud.list_passwords(),
    lambda home: home.cloud.dynamic_password(),
    lambda home: home.cloud.offline_password("once", None, None, None),
    lambda home: list_devices(home.api),
]


@pytest.mark.parametrize("read", READS)
async def test_garbled_answers_are_no_answers(
    home: Home, read: Callable[[Home], Awaitable[Any]]
) -> None:
    await home.cloud.test()
    home.simulated.garble(".*")
    with pytest.raises(CloudSilent):
        await read(home)


@pytest.mark.parametrize(
    "answer",
    [
        "<html>secret</html>",
        json.dumps({"success": False, "code": "secret", "msg": "secret"}),
        json.dumps({"success": True, "result": {"logs": [], "total": "secret"}}),
        json.dumps({"success": True, "result": "secret"}),
    ],
)
async def test_what_was_answered_is_in_no_error(home: Home, answer: str) -> None:
    await home.cloud.test()
    home.simulated.garble(".*", times=None, text=answer)
    for read in (home.cloud.list_passwords(), home.cloud.dynamic_password()):
        with pytest.raises(CloudSilent) as error:
            await read
        assert "secret" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("head", ["HTTP/secret 200", "HTTP/1.1 200 OK\r\nContent-Length: secret"])
async def test_an_answer_that_is_not_even_http_is_in_no_error(home: Home, head: str) -> None:
    await home.cloud.test()
    home.simulated.babble(".*", f"{head}\r\n\r\n")
    with pytest.raises(CloudSilent) as error:
        await home.cloud.dynamic_password()
    assert "secret" not in "".join(traceback.format_exception(error.value))


async def test_a_number_of_records_that_is_none_is_no_answer(home: Home) -> None:
    result = {"logs": [{}], "total": "many"}
    home.simulated.garble("open-logs$", text=json.dumps({"success": True, "result": result}))
    with pytest.raises(CloudSilent):
        await home.cloud.unlock_records(0, 1)


@pytest.mark.parametrize("result", ["none", {}, {"12": {}}, None, 0])
async def test_what_is_no_list_of_passwords_is_no_empty_one(home: Home, result: object) -> None:
    await home.add()
    answer = json.dumps({"success": True, "result": result})
    home.simulated.garble("temp-passwords$", text=answer)
    with pytest.raises(CloudSilent):
        await home.cloud.list_passwords()
    assert len(await home.cloud.list_passwords()) == 1


async def test_nothing_secret_goes_out_in_clear_or_is_shown(home: Home) -> None:
    password = await home.add()
    await home.cloud.change_password(password, home.request())
    shown = [
        home.api,
        home.cloud,
        home.cloud.as_dict(),
        password,
        home.request(),
        *await told(home),
    ]
    sent = str(home.simulated.calls)
    for secret in (home.simulated.access_secret, CODE, LOCAL_KEY):
        assert secret not in sent
        assert secret not in f"{shown}{vars(home.api)}{vars(home.cloud)}"


async def told(home: Home) -> list[object]:
    """Return what the cloud tells, and what an error tells."""
    home.simulated.fail(1109, path="temp-password$")
    errors: list[CloudError] = [await refused(home.add())]
    return [await home.cloud.device(), *await home.cloud.list_passwords(), *errors]


# Checks


@pytest.mark.parametrize("form", ["list", "object"])
@pytest.mark.parametrize("allowed", [True, False])
async def test_if_remote_unlocking_is_allowed(
    home: Home, form: Literal["list", "object"], *, allowed: bool
) -> None:
    home.simulated.remote_unlocks = form
    home.simulated.devices[home.lock.device_id].remote_unlock = allowed
    assert await home.cloud.remote_unlock_allowed() is allowed


async def test_a_cloud_that_does_not_tell_if_remote_unlocking_is_allowed(home: Home) -> None:
    home.simulated.remote_unlocks = "empty"
    assert await home.cloud.remote_unlock_allowed() is None


@pytest.mark.parametrize("form", ["list", "object"])
async def test_which_firmware_there_is(home: Home, form: Literal["list", "object"]) -> None:
    home.simulated.firmware = form
    assert await home.cloud.firmware() == Firmware("1.0.3", "1.0.3")
    home.simulated.devices[home.lock.device_id].firmware = ("1.0.3", "1.1.0")
    assert await home.cloud.firmware() == Firmware("1.0.3", "1.1.0")


@pytest.mark.parametrize("code", [1108, 1106, 28841106, 500])
async def test_a_check_that_the_cloud_refuses_is_not_known(home: Home, code: int) -> None:
    home.simulated.fail(code, path=".*(remote-unlocks|firmware)", times=None)
    assert await home.cloud.remote_unlock_allowed() is None
    assert await home.cloud.firmware() is None


async def test_a_check_that_cannot_be_read_is_not_known(home: Home) -> None:
    home.simulated.garble("remote-unlocks")
    home.simulated.garble("firmware")
    assert await home.cloud.remote_unlock_allowed() is None
    assert await home.cloud.firmware() is None
