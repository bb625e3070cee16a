"""Values that no lock has, from every source: no news, nothing breaks, and none is stored."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import (
    CloudDevice,
    Dp,
    Kind,
    Reader,
    Settings,
    Source,
    TuyaLock,
    Unlock,
)
from custom_components.tuya_wifi_lock.tuyalock.cloud.responses import (
    parse_rows,
    read_account_report,
    read_device,
    read_firmware,
    read_member,
    read_offline_password,
    read_password,
    read_report,
    read_specifications,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Item, Report
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, DpType
from custom_components.tuya_wifi_lock.tuyalock.records.journal import KEPT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from tests.common import (
    UNLOCK,
    Automation,
    Told,
    fall_asleep,
    pass_time,
    polled,
    reported,
    set_up_awake,
)
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.test_tuya_account_reports import heard, item, login
from tests.tuya_login import TuyaLogin
from tests.tuyalock.toy_clock import START, ToyClock
from tests.tuyalock.toy_lock import ToyLock
from tests.tuyalock.world import ADDRESS

__all__ = ["heard", "login"]

DIGITS = "9" * 5000
HUGE = 10**4299
"""The greatest power of ten that Python reads from JSON."""
POISON: dict[str, list[Any]] = {
    "1": [65_536, -1, 10**30, HUGE, 3.0, 1e300, "3", "9" * 20, DIGITS, None, [], {}, True],
    "5": [2**31, -(2**31)],
    "8": [-1, 2**32, 10**30, HUGE, DIGITS, "x" * 256, "pry\0", "\ud800", 1.5, None, []],
    "9": [1000, 31 * 365 * 86400, 10**30, HUGE, 60.0, "60", None],
    "11": [1, "x" * 10_000, None],
    "12": [101, -1, 10**30, HUGE, 50.0, "50", None],
    "16": ["true", 1, 2, None, "\ud800"],
    "25": ["A" * 5000, "\0", 3, None],
    "55": [1, "true", 10**30, None],
    "999": [3],
    "-1": [3],
    "1e3": [3],
}
"""What a lock of family B does not send, by DP id."""
KIT_POISON = {
    "10": ["AAEAAAAA", "//////8=", "A" * 5000, 3, None],
    "12": ["AAEAAAAA"],
    "23": ["A" * 5000, 3],
    "35": ["A" * 5000, True],
}
"""The same of an access control; numbers are in the first four bytes."""


def dp(id_: str) -> int:
    """Return a DP id as a source of ours gives it."""
    return int(id_) if id_.isdecimal() else 999


# The core


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize(
    ("id_", "value"), [(id_, value) for id_, values in POISON.items() for value in values], ids=str
)
def test_what_no_lock_sends_is_nothing(source: Source, id_: str, value: Any) -> None:
    toy = ToyLock({"product": {"chosen": ["B"]}})
    toy.open()
    before = toy.stored
    report = Report(
        source=source, received=toy.clock.time(), items=(Item(dp(id_), value, toy.clock.time()),)
    )
    toy.lock.receive(report)
    after = toy.stored
    assert toy.records == []
    assert after["journal"] == before["journal"]
    assert after["state"] | {"last_heard": None} == before["state"] | {"last_heard": None}
    unchanged = {"reported": [], "has_reported": True, "heard": None, "shown": {}}
    assert after["product"] | unchanged == before["product"] | unchanged
    assert len(json_bytes(after["product"]["heard"])) < 300


@pytest.mark.parametrize("code", ["unlock_fingerprint", "unlock_card", "unlock_by_mind"])
@pytest.mark.parametrize("value", [65_536, -1, "-1", 10**30, HUGE, DIGITS, "9" * 20, "x" * 256])
@pytest.mark.parametrize("source", [Source.CLOUD, Source.ACCOUNT])
def test_the_same_by_its_code(source: Source, code: str, value: Any) -> None:
    toy = ToyLock()
    toy.lock.receive(Report(source=source, received=START, items=(Item(code, value, START),)))
    assert toy.records == []


@pytest.mark.parametrize("code", ["", "a" * 65, "unlock-it", "unlock_\0", "unlock_[x](http://x)"])
def test_a_code_that_is_none_says_nothing(code: str) -> None:
    toy = ToyLock()
    for source in (Source.CLOUD, Source.ACCOUNT):
        toy.lock.receive(Report(source=source, received=START, items=(Item(code, 3, START),)))
    assert toy.records == []
    assert toy.state.seen == frozenset()


@pytest.mark.parametrize(
    ("id_", "value"), [(id_, one) for id_, values in KIT_POISON.items() for one in values]
)
def test_what_no_access_control_sends_is_nothing(id_: str, value: Any) -> None:
    toy = ToyLock({"product": {"chosen": ["D"], "table": _stored_table("D")}})
    toy.open()
    before = toy.state
    toy.push({int(id_): value})
    toy.wait(5)
    assert toy.records == []
    assert toy.state.seen == before.seen
    toy.push({int(id_): "AAD//wAA"} if id_ in {"10", "12"} else {10: "AAD//wAA"})
    toy.wait(5)
    assert [one.unlock.number for one in toy.unlocks] == [65_535]


def _stored_table(family: str) -> dict[str, Any]:
    rows = {str(id_): one for id_, one in PROFILES[family].items()}  # type: ignore[index]
    return {id_: {"code": one.code, "type": one.type} for id_, one in rows.items()}


def test_a_setting_is_one_of_those_that_its_table_allows() -> None:
    toy = ToyLock()
    toy.lock.learn(
        {
            61: Dp("beep_volume", DpType.STRING, options=("mute", "low")),
            69: Dp("auto_lock_time", DpType.INTEGER, range=(1, 60)),
        }
    )
    toy.push({61: "[click](http://x)", 69: 61})
    toy.push({61: "loud", 69: 0})
    assert toy.state.settings == {}
    toy.push({61: "low", 69: 60})
    assert toy.state.settings == {"beep_volume": "low", "auto_lock_time": 60}


@pytest.mark.parametrize("value", ["\ud800", "x\0", "x" * 256])
def test_a_setting_that_cannot_be_stored_is_none(value: str) -> None:
    toy = ToyLock()
    toy.lock.learn({31: Dp("beep_volume", DpType.STRING)})
    toy.push({31: value})
    toy.account({"beep_volume": value})
    assert toy.state.settings == {}
    json_bytes(toy.lock.as_dict())


def test_a_flood_of_one_kind_pushes_out_no_other() -> None:
    toy = ToyLock()
    toy.push({5: 2}, ago=1)
    toy.push({19: True}, ago=1)
    toy.push({16: True}, ago=1)
    for second in range(2000):
        toy.wait(2)
        toy.push({8: "pry"}, ago=0.5 + second % 2)
    kinds = [record.kind for record in toy.lock.journal]
    assert {kind: kinds.count(kind) for kind in Kind} == {
        Kind.UNLOCK: 1,
        Kind.DOORBELL: 1,
        Kind.DURESS: 1,
        Kind.ALARM: KEPT,
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.sampled_from([HUGE, -HUGE, 65_535, 65_536, 10**10, 2**63, 2**64])
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from([DIGITS, "A" * 5000, "\0", "\ud800", "AAAAAwAA", "true", "-3", "3"]),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=5,
)
IDS = st.integers(-1, 260) | st.sampled_from(
    [
        "unlock_fingerprint",
        "unlock_card_kit",
        "unlock_offline_pd",
        "unlock_request",
        "alarm_lock",
        "lock_alarm_kit",
        "hijack",
        "doorbell",
        "residual_electricity",
        "update_all_finger",
        "closed_opened",
        "volume",
        "whatever",
        "\ud800",
        "",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(Source),
    st.booleans(),
    st.lists(st.builds(Item, IDS, JSON, st.none() | st.floats(1, 1e10)), max_size=4),
)
def test_whatever_comes_can_be_stored_and_read_again(
    source: Source, is_answer: bool, items: list[Item]
) -> None:
    toy = ToyLock()
    toy.open()
    now = toy.clock.time()
    is_answer = is_answer and source is Source.LAN
    toy.lock.receive(Report(source=source, received=now, items=tuple(items), is_answer=is_answer))
    toy.wait(10)
    stored = json.loads(json_bytes(toy.lock.as_dict()))
    reader = Reader()
    again = TuyaLock(ADDRESS, Settings(), ToyClock(), stored, reader=reader)
    assert not reader.unread
    assert json.loads(json_bytes(again.as_dict())) == stored
    numbers = {one.unlock.number for one in toy.unlocks} - {None}
    assert all(0 <= number <= 65_535 for number in numbers if number is not None)
    assert not toy.state.request_until or toy.state.request_until <= now + 1000


@pytest.mark.parametrize("source", [Source.LAN, Source.ACCOUNT])
def test_what_a_clock_that_is_not_set_has_dated_is_current(source: Source) -> None:
    toy = ToyLock()
    toy.open()
    toy.push({55: False})
    toy.wait(10)
    now = toy.clock.time()
    item = Item("lock_motor_state", True, 1_530_000_000.0)
    toy.lock.receive(Report(source=source, received=now, items=(item,)))
    assert toy.state.motor_at == now
    assert toy.lock.snapshot.bolt.locked is False


READERS = (
    read_device,
    read_firmware,
    read_member,
    read_offline_password,
    read_password,
    lambda row: read_report(row, START),
    read_specifications,
)
ROWS = (
    {"id": "bfdoor01", "name": "Door", "category": "ms", "product_id": "p", "local_key": "k"},
    {"current_version": "1", "version": "2", "upgrade_status": 1},
    {
        "nick_name": "A",
        "unlock_detail": [{"dp_code": "unlock_card", "unlock_list": [{"unlock_sn": 3}]}],
    },
    {"offline_temp_password": "123", "effective_time": START, "invalid_time": START},
    {"id": 1, "sn": 3, "name": "A", "effective_time": 1, "invalid_time": 2, "phase": 2},
    {"update_time": START, "status": [{"code": "unlock_card", "value": "3"}]},
    {"status": [{"code": "volume", "type": "Enum", "dp_id": 3, "values": "{}"}]},
)
"""What each of them reads."""


@pytest.mark.parametrize(("read", "row"), zip(READERS, ROWS, strict=True))
def test_each_row_is_read(read: Any, row: Any) -> None:
    assert parse_rows(read, [row])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_cloud_answers_is_read_or_left_out(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(READERS) - 1))
    row: Any = dict(ROWS[index])
    key = data.draw(st.sampled_from(sorted(row)))
    row[key] = data.draw(JSON)
    for read in parse_rows(READERS[index], [row]):
        assert len(repr(read)) < 2000
        if isinstance(read, CloudDevice):
            assert isinstance(read.name, str)


@pytest.mark.parametrize("time", [HUGE, 10**30, 1e400, float("nan"), -1, 0, True, "soon", None, []])
def test_an_account_that_gives_no_time_gives_none(time: Any) -> None:
    report = read_account_report([{"dpId": 1, "value": 3, "t": time}], START)
    assert report.items == (Item(1, 3, None),)


# In Home Assistant


async def check_lives(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """Nothing that was sent is shown or stored."""
    await pass_time(hass, 15)
    shown = {one.entity_id: one.state for one in hass.states.async_all()}
    assert all(len(value) < 100 for value in shown.values()), shown
    assert not any("99999" in value or "http" in value for value in shown.values()), shown
    json_bytes(await async_get_config_entry_diagnostics(hass, entry))
    reader = Reader()
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    TuyaLock(ADDRESS, Settings(), ToyClock(), stored, reader=reader)
    assert not reader.unread


@pytest.mark.parametrize("simulated_lock", [{"product_id": "umca8uiv2203ua3k"}], indirect=True)
async def test_the_lock_lives_on_after_poison_with_its_key(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for id_, values in POISON.items():
        for value in values:
            await simulated_lock.push({id_: value})
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await wait_for(hass, lambda: automation.told)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    await check_lives(hass, entry, hass_storage)
    await fall_asleep(hass, entry, simulated_lock)


async def test_it_lives_on_after_poison_from_the_account(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    heard: TuyaLogin,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    automation: Automation,
) -> None:
    for id_, values in POISON.items():
        for value in values:
            at = int(START * 1000)
            await heard.deliver(
                simulated_lock.device_id, [{"dpId": dp(id_), "value": value, "t": at}]
            )
    for time in (HUGE, -1, "now", None, 1e300):
        await heard.deliver(simulated_lock.device_id, [{"dpId": 12, "value": 50, "t": time}])
    await heard.deliver(simulated_lock.device_id, [item(1, 3)])
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    await check_lives(hass, entry, hass_storage)


async def test_it_lives_on_after_poison_from_the_cloud(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    automation: Automation,
) -> None:
    device_id = simulated_lock.device_id
    cloud.add_user(device_id, "x" * 300, {"unlock_card": [10**30]})
    await setup(hass, entry)
    await polled(hass)
    now = cloud.time()
    for value in (65_536, -1, 10**30, DIGITS, "x" * 256, "\0"):
        cloud.log(device_id, "unlock_fingerprint", value, now)
        cloud.log(device_id, "alarm_lock", value, now)
    cloud.log(device_id, "unlock_card_kit", "//////8=", now)
    cloud.log(device_id, "hijack", "unlock_fingerprint-99999", now)
    for time in (1e30, -1e30):
        cloud.log(device_id, "unlock_fingerprint", 3, time)
    cloud.log(device_id, "unlock_card", 2, now)
    await entry.runtime_data.cloud.async_refresh()
    await polled(hass)
    lock = entry.runtime_data.lock
    assert [one.event for one in lock.journal.of(Kind.UNLOCK)] == [Unlock("card", 2)]
    await check_lives(hass, entry, hass_storage)
