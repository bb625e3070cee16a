"""Results of Tuya's cloud as they were seen, and results that say nothing."""

import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    Alarm,
    Doorbell,
    Duress,
    Item,
    Report,
    Source,
    Unlock,
)
from custom_components.tuya_wifi_lock.tuyalock.cloud_answers import (
    CloudMember,
    OfflinePassword,
    each,
    legible,
    read_device,
    read_member,
    read_model,
    read_offline_password,
    read_password,
    read_report,
    read_specifications,
    read_ticket,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import CloudSilent
from custom_components.tuya_wifi_lock.tuyalock.models import Event
from custom_components.tuya_wifi_lock.tuyalock.passwords import Phase
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import events
from custom_components.tuya_wifi_lock.tuyalock.products.product import Product
from custom_components.tuya_wifi_lock.tuyalock.profiles import Dp, DpType

AT = 1_790_000_000
NOW = AT + 60.0
LOCAL_KEY = "0123456789abcdef"
DEVICE = {
    "id": "vdev0000000000000001",
    "name": "Front door",
    "category": "ms",
    "product_id": "umca8uiv2203ua3k",
    "local_key": LOCAL_KEY,
    "online": True,
}


def row(status: Any, **fields: Any) -> dict[str, Any]:
    """Return a row of the records."""
    return {"status": status, "update_time": AT * 1000, "nick_name": "Ann"} | fields


def status(code: str, value: Any) -> dict[str, Any]:
    return {"code": code, "value": value}


def read(row: Any, *, bits: bool = False) -> list[tuple[Event, float | None]]:
    """Return the events in a row, each with its time."""
    return events(Product().observe(read_report(row, NOW)), alarm_bits=bits)


@pytest.mark.parametrize(
    ("code", "value", "unlock"),
    [
        ("unlock_fingerprint", "3", Unlock("fingerprint", 3)),
        ("unlock_fingerprint", 3, Unlock("fingerprint", 3)),
        ("unlock_temporary", "904", Unlock("temporary_password", 904)),
        ("unlock_temporary_kit", "AAADhgAA", Unlock("temporary_password", 902)),
        ("unlock_card_kit", "12345678", Unlock("card", 0xD76DF8E7)),
        ("unlock_offline_pd", "12345678", Unlock("offline_password")),
        ("unlock_app", "200", Unlock("remote")),
        ("unlock_app", "1", Unlock("app", 1)),
        ("open_inside", "true", Unlock("inside")),
        ("unlock_by_mind", "7", Unlock("other", 7, "unlock_by_mind")),
    ],
)
def test_a_row_of_the_records_tells_an_unlock(code: str, value: Any, unlock: Unlock) -> None:
    assert read(row(status(code, value))) == [(unlock, AT)]


@pytest.mark.parametrize(("code", "value"), [("open_inside", "False"), ("unlock_request", "60")])
def test_a_row_without_an_event_tells_none(code: str, value: str) -> None:
    assert read(row(status(code, value))) == []


def test_a_row_may_have_several_unlocks_and_its_time_in_seconds() -> None:
    several = [status("unlock_fingerprint", "3"), status("unlock_password", "4")]
    assert read(row(several, update_time=AT, nick_name="")) == [
        (Unlock("fingerprint", 3), AT),
        (Unlock("password", 4), AT),
    ]
    assert read(row(several[0], update_time=str(AT * 1000 + 250)))[0][1] == AT + 0.25


def test_a_row_is_a_report_of_the_cloud() -> None:
    assert read_report(row(status("unlock_fingerprint", "3")), NOW) == Report(
        source=Source.CLOUD, received=NOW, items=(Item("unlock_fingerprint", 3, AT),)
    )


@pytest.mark.parametrize(
    ("code", "value", "signal", "unlock"),
    [
        ("alarm_lock", "pry", Alarm("pry"), None),
        ("alarm_lock", "08", Alarm("pry"), None),
        ("alarm_lock", "256", Alarm("pry"), None),
        ("alarm_lock", 256, Alarm("pry"), None),
        ("alarm_lock", "singing", Alarm("other"), None),
        ("alarm_lock", "doorbell", Doorbell(), None),
        ("doorbell", "true", Doorbell(), None),
        ("hijack", "True", Duress(), None),
        ("hijack", "unlock_fingerprint-02", Duress(), Unlock("fingerprint", 2)),
        ("hijack", "unlock_card_kit-12", Duress(), Unlock("card", 12)),
        ("hijack", "unlock_fingerprint-x", Duress(), None),
        ("hijack", "dream-02", Duress(), None),
    ],
)
def test_a_row_of_the_records_tells_a_signal(
    code: str, value: Any, signal: Event, unlock: Unlock | None
) -> None:
    ((event, time),) = read(row(status(code, value)))
    assert (event, time) == (signal, AT)
    if isinstance(event, Duress):
        assert event.unlock == unlock


@pytest.mark.parametrize(
    ("code", "value", "signal"),
    [
        ("alarm_lock", "16", Alarm("tongue_bad")),
        ("alarm_lock", "08", Alarm("wrong_face")),
        ("alarm_lock", "pry", Alarm("pry")),
        ("doorbell", "true", Doorbell()),
    ],
)
def test_a_row_may_have_bits(code: str, value: str, signal: Event) -> None:
    assert read(row(status(code, value)), bits=True) == [(signal, AT)]


@pytest.mark.parametrize(
    ("code", "value"), [("hijack", "false"), ("doorbell", "False"), ("alarm_lock", "0")]
)
def test_a_row_that_is_no_signal_tells_none(code: str, value: str) -> None:
    assert read(row(status(code, value))) == []


def test_rows_that_cannot_be_read_hide_no_others() -> None:
    good = row(status("unlock_card", "2"))
    rows = [None, [], 7, "row", {}, row(None), row(status("unlock_card", "2"), update_time="now")]
    assert each(lambda one: read_report(one, NOW), [*rows, good]) == [read_report(good, NOW)]


@pytest.mark.parametrize("result", [None, [], 7, "yes", {}, {"model": "no JSON"}, {"model": "[]"}])
@pytest.mark.parametrize(
    "read",
    [read_device, read_ticket, read_model, read_password, read_offline_password],
)
def test_a_result_that_cannot_be_read_is_no_answer(read: Any, result: Any) -> None:
    with pytest.raises(CloudSilent):
        legible(read, result)


def test_the_model_gives_the_data_points_by_id() -> None:
    properties = [
        (1, "unlock_fingerprint", "value"),
        (8, "alarm_lock", "enum"),
        (9, "sleep", "double"),
        (14, "fault", "bitmap"),
        (32, "unlock_offline_pd", "raw"),
        (33, "note", "string"),
        (55, "lock_motor_state", "bool"),
    ]
    rows: list[dict[str, Any]] = [
        {"abilityId": id_, "code": code, "typeSpec": {"type": type_}}
        for id_, code, type_ in properties
    ]
    services = [{"properties": rows[:2]}, {"properties": rows[2:]}]
    assert read_model({"model": json.dumps({"modelId": "x", "services": services})}) == {
        1: Dp("unlock_fingerprint", DpType.INTEGER),
        8: Dp("alarm_lock", DpType.STRING),
        14: Dp("fault", DpType.INTEGER),
        32: Dp("unlock_offline_pd", DpType.RAW),
        33: Dp("note", DpType.STRING),
        55: Dp("lock_motor_state", DpType.BOOLEAN),
    }


@pytest.mark.parametrize(
    ("access", "spec", "expected"),
    [
        ("rw", {"type": "bool"}, Dp("x", DpType.BOOLEAN, writable=True)),
        ("wr", {"type": "raw", "maxlen": 9}, Dp("x", DpType.RAW, writable=True)),
        ("ro", {"type": "bool"}, Dp("x", DpType.BOOLEAN)),
        (
            "rw",
            {"type": "enum", "range": ["low", "high"]},
            Dp("x", DpType.STRING, writable=True, options=("low", "high")),
        ),
        (
            "rw",
            {"type": "value", "min": 5, "max": 60, "step": 5, "unit": "s", "scale": 0},
            Dp("x", DpType.INTEGER, writable=True, range=(5, 60), step=5, unit="s"),
        ),
        ("ro", {"type": "value", "max": "9"}, Dp("x", DpType.INTEGER, range=(0, 9))),
        ("ro", {"type": "value", "unit": "s"}, Dp("x", DpType.INTEGER)),
    ],
)
def test_the_model_and_the_specifications_tell_what_can_be_set(
    access: str, spec: dict[str, Any], expected: Dp
) -> None:
    row = {"abilityId": 7, "code": "x", "accessMode": access, "typeSpec": spec}
    assert read_model({"model": json.dumps({"services": [{"properties": [row]}]})}) == {7: expected}
    old = {"code": "x", "dp_id": 7, "type": spec["type"], "values": json.dumps(spec)}
    functions = [old] if expected.writable else []
    assert read_specifications({"functions": functions, "status": [old]}) == {7: expected}


def test_the_specifications_give_the_data_points_by_id() -> None:
    functions = [{"code": "automatic_lock", "dp_id": 68, "type": "Boolean", "values": ""}]
    reports = [
        {"code": "unlock_card", "dp_id": 5, "type": "Integer", "values": "{}"},
        {"code": "scene", "dp_id": 70, "type": "Json", "values": "{}"},
        {"code": "no id", "type": "Integer"},
    ]
    assert read_specifications({"functions": functions, "status": reports}) == {
        68: Dp("automatic_lock", DpType.BOOLEAN, writable=True),
        5: Dp("unlock_card", DpType.INTEGER),
    }
    assert read_specifications({"category": "ms"}) == {}


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({}, None),
        ({"model": "", "product_name": "Wi-Fi Lock"}, "Wi-Fi Lock"),
        ({"model": "K7", "product_name": "Wi-Fi Lock"}, "K7"),
    ],
)
def test_a_device_tells_its_model_but_does_not_show_its_key(
    fields: dict[str, str], model: str | None
) -> None:
    device = read_device(DEVICE | fields)
    assert (device.id, device.name, device.model) == (DEVICE["id"], "Front door", model)
    assert (device.category, device.product_id) == ("ms", "umca8uiv2203ua3k")
    assert device.local_key == LOCAL_KEY
    assert LOCAL_KEY not in repr(device)


def test_a_device_of_the_list_has_no_key() -> None:
    bare = {name: value for name, value in DEVICE.items() if name != "local_key"}
    assert read_device(bare).local_key == ""


def test_a_ticket_does_not_show_itself() -> None:
    ticket = read_ticket({"ticket_id": "Secret1", "ticket_key": "Secret2", "expire_time": 360})
    assert (ticket.id, ticket.key) == ("Secret1", "Secret2")
    assert "Secret" not in repr(ticket)


def test_a_member_has_the_numbers_that_one_person_owns() -> None:
    details = [
        {
            "dp_code": "unlock_fingerprint",
            "unlock_list": [{"unlock_sn": 3, "unlock_attr": 0}, {"unlock_sn": 4, "unlock_attr": 1}],
        },
        {"dp_code": "unlock_card_kit", "unlock_list": [{"unlock_sn": "2"}]},
        {"dp_code": "unlock_temporary", "unlock_list": [{"unlock_sn": 901}]},
        {"dp_code": "unlock_by_mind", "unlock_list": [{"unlock_sn": 1}]},
    ]
    member = read_member({"nick_name": "Ann", "unlock_detail": details})
    numbers = frozenset({"fingerprint:3", "fingerprint:4", "card:2"})
    assert member == CloudMember("Ann", numbers, frozenset({"fingerprint:4"}))


@pytest.mark.parametrize("fields", [{}, {"unlock_detail": None}])
def test_a_member_of_the_older_list_has_no_numbers(fields: dict[str, None]) -> None:
    assert read_member({"nick_name": "Ann"} | fields) == CloudMember(
        "Ann", frozenset(), frozenset()
    )


PASSWORD = {
    "id": 31_000_001,
    "name": "Guest",
    "phase": 2,
    "effective_time": AT,
    "invalid_time": AT + 3600,
    "type": 1,
    "sn": 903,
}


def test_a_password_is_read_with_its_number_and_times() -> None:
    password = read_password(PASSWORD)
    assert (password.id, password.number, password.name) == ("31000001", 903, "Guest")
    assert (password.start, password.end, password.once) == (AT, AT + 3600, True)


@pytest.mark.parametrize(
    ("phase", "meaning"),
    [
        (0, Phase.DELETED),
        (1, Phase.WAITING),
        (2, Phase.ACTIVE),
        (3, Phase.DELETING),
        (7, Phase.FAILED),
        (17, Phase.UNKNOWN),
    ],
)
def test_every_phase_has_its_meaning(phase: int, meaning: Phase) -> None:
    assert read_password(PASSWORD | {"phase": phase}).phase is meaning


@pytest.mark.parametrize("fields", [{"sn": -1}, {"sn": 0}, {"sn": None}])
def test_a_password_has_no_number_until_the_lock_has_it(fields: dict[str, Any]) -> None:
    password = read_password(PASSWORD | fields | {"name": None, "type": 0})
    assert (password.number, password.name, password.once) == (None, "", False)


def test_an_offline_password_does_not_show_its_digits() -> None:
    result = {"offline_temp_password": "1849455172", "offline_temp_password_name": "Guest"}
    password = read_offline_password(result | {"effective_time": AT, "invalid_time": AT + 3600})
    assert password == OfflinePassword("1849455172", "Guest", AT, AT + 3600)
    assert "1849455172" not in repr(password)
    bare = read_offline_password({"offline_temp_password": 1849455172})
    assert bare == OfflinePassword("1849455172", "", None, None)
