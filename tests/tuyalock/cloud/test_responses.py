"""Results of Tuya's cloud as they were seen, and results that say nothing."""

import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Alarm, Report, Source, Unlock
from custom_components.tuya_wifi_lock.tuyalock.cloud.responses import (
    CloudMember,
    Firmware,
    OfflinePassword,
    Ticket,
    encrypt_code,
    parse,
    parse_rows,
    read_device,
    read_firmware,
    read_member,
    read_model,
    read_offline_password,
    read_password,
    read_report,
    read_specifications,
    read_ticket,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import Cause, CloudRefused, CloudSilent
from custom_components.tuya_wifi_lock.tuyalock.models import (
    Doorbell,
    Duress,
    Event,
    Item,
    PasswordPhase,
    Weekly,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import events
from custom_components.tuya_wifi_lock.tuyalock.products.product import Product

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
    return {"status": status, "update_time": AT * 1000} | fields


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
        ("unlock_offline_pd", "12345678", Unlock("offline_password")),
        ("unlock_app", "200", Unlock("remote")),
        ("unlock_app", "1", Unlock("app", 1)),
        ("open_inside", "true", Unlock("inside")),
        ("unlock_eye", "7", Unlock("other", 7, "unlock_eye")),
        ("unlock_double", "01020304", Unlock("combined")),
    ],
)
def test_a_row_of_the_records_tells_an_unlock(code: str, value: Any, unlock: Unlock) -> None:
    assert read(row(status(code, value))) == [(unlock, AT)]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("open_inside", "False"),
        ("unlock_request", "60"),
        ("unlock_by_mind", "7"),
        ("unlock_switch", "single_unlock"),
        ("unlock_method_create", "Af8BAAEAZAAAAAE="),
        ("unlock_card", "three"),
        ("unlock_card_kit", "12345678"),
        ("unlock_card", "65536"),
        ("unlock_card", "9" * 5000),
        ("alarm_lock", "9" * 5000),
        ("unlock_offline_pd", "A" * 5000),
    ],
)
def test_a_row_without_an_event_tells_none(code: str, value: str) -> None:
    assert read(row(status(code, value))) == []


def test_a_row_may_have_several_unlocks_and_its_time_in_seconds() -> None:
    several = [status("unlock_fingerprint", "3"), status("unlock_password", "4")]
    assert read(row(several, update_time=AT)) == [
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
    rows += [row(status("unlock_card", "2"), update_time=at) for at in (-1, 1e30, "nan")]
    assert parse_rows(lambda one: read_report(one, NOW), [*rows, good]) == [read_report(good, NOW)]


@pytest.mark.parametrize("result", [None, [], 7, "yes", {}, {"model": "no JSON"}, {"model": "[]"}])
@pytest.mark.parametrize(
    "read",
    [read_device, read_ticket, read_model, read_password, read_offline_password],
)
def test_a_result_that_cannot_be_read_is_no_answer(read: Any, result: Any) -> None:
    with pytest.raises(CloudSilent):
        parse(read, result)


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
        {"code": "not an id", "dp_id": 256, "type": "Integer", "values": "{}"},
        {"code": "no range", "dp_id": 9, "type": "Integer", "values": '{"min": 9, "max": 1}'},
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
        (0, PasswordPhase.DELETED),
        (1, PasswordPhase.WAITING),
        (2, PasswordPhase.ACTIVE),
        (3, PasswordPhase.DELETING),
        (7, PasswordPhase.FAILED),
        (17, PasswordPhase.UNKNOWN),
    ],
)
def test_every_phase_has_its_meaning(phase: int, meaning: PasswordPhase) -> None:
    assert read_password(PASSWORD | {"phase": phase}).phase is meaning


@pytest.mark.parametrize(
    ("times", "start", "end"),
    [
        ((540, 720), 540, 720),
        # What some keypads make of it: 9:00 to 17:00.
        ((900, 1700), 540, 1020),
        ((0, 1440), 0, 1439),
    ],
)
def test_a_password_is_read_with_its_schedule(times: tuple[int, int], start: int, end: int) -> None:
    block = {"effective_time": times[0], "invalid_time": times[1], "working_day": 0b0100110}
    row = PASSWORD | {"schedule_list": [block], "time_zone": "Europe/Berlin"}
    assert read_password(row).weekly == Weekly(
        days=frozenset({0, 1, 4}), start=start, end=end, time_zone="Europe/Berlin"
    )


@pytest.mark.parametrize("blocks", [None, [], [{"working_day": 0}], [{"all_day": True}]])
def test_a_password_without_days_has_no_schedule(blocks: Any) -> None:
    assert read_password(PASSWORD | {"schedule_list": blocks}).weekly is None


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


def module(installed: str | None, newest: str | None, status: int) -> dict[str, Any]:
    return {"current_version": installed, "version": newest, "upgrade_status": status}


@pytest.mark.parametrize(
    ("rows", "firmware"),
    [
        ([], None),
        ([module("", "1.1.0", 1)], None),
        ([module("1.0.0", None, 0)], Firmware("1.0.0", "1.0.0")),
        ([module("1.1.0", "1.1.0", 3)], Firmware("1.1.0", "1.1.0")),
        ([module("1.0.0", "1.1.0", 2)], Firmware("1.0.0", "1.1.0")),
        (
            [module("1.0.0", "", 0), module("2.0.0", "2.1.0", 1)],
            Firmware("1.0.0, 2.0.0", "1.0.0, 2.1.0"),
        ),
        ([{"current_version": "1.0.0"}], Firmware("1.0.0", "1.0.0")),
    ],
)
def test_versions_of_several_modules(rows: list[Any], firmware: Firmware | None) -> None:
    assert read_firmware(rows) == firmware


# Tickets

SECRET = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
TICKET_KEY = "E8EACE19C6075C139FE8452771A6CF7F9173247C8D56147E406EBA159F6E577A"
SHORT_KEY = "EB43C8D56774797EBCBC7F528BB566E8"
"""The key `short` under the same secret."""


@pytest.mark.parametrize(
    ("secret", "ticket_key", "key", "sealed"),
    [
        (SECRET, TICKET_KEY, b"0123456789abcdef", "8f8ad3f0cfd6eca192126e4ad28a73f2"),
        (
            "0123456789abcdef0123456789abcdef",
            "676A3814D4512307E7A5EBBB3983D27C8AA36241FDE8DF054DC325C6C695B89E",
            b"ABCDEFGHIJKLMNOP",
            "12A879A76363F4BEB8458B9529C9CEE7".lower(),
        ),
    ],
)
def test_a_password_is_sealed_as_the_vectors_say(
    secret: str, ticket_key: str, key: bytes, sealed: str
) -> None:
    assert Ticket("id", ticket_key).open(secret) == key
    assert Ticket("id", ticket_key.lower()).open(secret) == key
    assert encrypt_code("1234567", key) == sealed


@pytest.mark.parametrize(
    ("secret", "ticket_key"),
    [
        pytest.param(SECRET, "not hex", id="no hex"),
        pytest.param(SECRET, TICKET_KEY[:-2], id="no whole block"),
        pytest.param(SECRET, TICKET_KEY[:32], id="no padding"),
        pytest.param("short", TICKET_KEY, id="secret of a wrong length"),
        pytest.param(SECRET[::-1], TICKET_KEY, id="another secret"),
        pytest.param(SECRET, "", id="nothing"),
        pytest.param(SECRET, SHORT_KEY, id="key of a wrong length"),
    ],
)
def test_a_ticket_that_cannot_be_opened_is_a_bad_value(secret: str, ticket_key: str) -> None:
    with pytest.raises(CloudRefused) as refused:
        Ticket("id", ticket_key).open(secret)
    assert refused.value.code == 1109
    assert refused.value.cause is Cause.BAD_VALUE
    assert SECRET not in repr(refused.value)
