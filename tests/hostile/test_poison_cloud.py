"""Answers of another shape than Tuya documents: an error in words, and never a wrong value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
import json
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.tuyalock.cloud.client import list_devices
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
)
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from tests.common import polled
from tests.conftest import setup
from tests.guests import act
from tests.simulator.cloud import SimulatedCloud
from tests.tuyalock.cloud.test_client import Home, home_fixture
from tests.tuyalock.toy_clock import START

__all__ = ["home_fixture"]

HUGE = 10**4299
"""The greatest power of ten that Python reads from JSON; 10^400 is one of its neighbours."""
INFINITE, NAN = float("inf"), float("nan")
NO_TEXT = [None, True, 7, 1.5, HUGE, NAN, [], ["a"], {}, {"a": 1}, "\ud800", "a" * 300]
NO_NUMBER = [None, True, False, -7, 1.5, 10**30, HUGE, 10**400, INFINITE, NAN, [], [3], {}]
NO_NUMBER += ["", "many", "1e3", "\u0663", "9" * 20, "9" * 5000, "\ud800"]
NO_LIST = [None, True, 3, NAN, "", "logs", {}, {"0": {}}]
NO_FLAG = [None, 0, 1, 1.0, "", "true", "false", [], [True], {}]
NO_ID = [
    None,
    True,
    1.5,
    -7,
    HUGE,
    NAN,
    [],
    {},
    "",
    "../..",
    "a/b",
    "a?b",
    "a b",
    "\ud800",
    "a" * 99,
]
NO_CODE = [None, True, 1.5, -7, HUGE, NAN, [], {}, "", "12 34", "\u0661\u0662", "None", "1" * 99]

type Make = Callable[[Any], Any]
type Ask = Callable[[Home], Awaitable[Any]]

SILENT = CloudSilent
LOGS = "open-logs$"
DEVICE = {
    "id": "bfsimulated0lock0001",
    "name": "Door",
    "category": "ms",
    "product_id": "p",
    "local_key": "0123456789abcdef",
    "model": "K7",
    "sub": False,
    "status": [],
}
PASSWORD = {
    "id": 7,
    "name": "Guest",
    "effective_time": 1,
    "invalid_time": 2,
    "phase": 2,
    "type": 0,
    "sn": 901,
}
SCHEDULE = {"effective_time": 540, "invalid_time": 1020, "working_day": 62}
MEMBER = {"dp_code": "unlock_card", "unlock_list": [{"unlock_sn": 3, "unlock_attr": 1}]}
PROPERTY = {"abilityId": 5, "code": "volume", "accessMode": "rw"}
FIRMWARE = {"current_version": "1.0", "version": "1.1", "upgrade_status": 1}


@dataclass
class Case:
    """A field of an answer: what it is in, a value for it, and values that are none."""

    path: str
    ask: Ask
    make: Make
    good: Any
    bad: list[Any]
    becomes: Any = SILENT
    """What is read of a bad value: an error, or a value."""
    read: Callable[[Any], Any] = bool
    """What is compared with that; of a good value it is something else."""


def without(values: list[Any], *fine: Any) -> list[Any]:
    """Return values but for some that are fine here."""
    return [one for one in values if not any(one is fit or one == fit for fit in fine)]


def names(rows: list[Any]) -> list[str]:
    """Return the names in a list of devices, members or passwords."""
    return [one.name for one in rows]


def row_of(row: dict[str, Any], name: str) -> Make:
    """Return what makes a list of one row with a value in one of its fields."""
    return lambda value: [row | {name: value}]


def members(value: Any) -> Make:
    """Return what makes a page of one member, with a value where it belongs."""
    return lambda one: {"records": [value(one)], "total": 1}


def record(**fields: str) -> Make:
    """Return what makes a page of one record, with a value in one of its fields."""
    (name,) = fields
    status = {"code": "unlock_card", "value": "3"}
    row: dict[str, Any] = {"update_time": int(START * 1000), "status": status}

    def make(value: Any) -> Any:
        whole = row | {"status": status | {name: value}} if name in status else row | {name: value}
        return {"logs": [whole], "total": 1}

    return make


def model(**spec: Any) -> Make:
    """Return what makes a model of one property, with a value in one field of its type."""
    (name,) = (key for key, value in spec.items() if value is ...)

    def make(value: Any) -> Any:
        one = PROPERTY | {"typeSpec": spec | {name: value}}
        return {"model": json.dumps({"services": [{"properties": [one]}]})}

    return make


def of_account(home: Home) -> Awaitable[Any]:
    """Ask for all devices of the project."""
    return list_devices(home.api)


def unlocks(home: Home) -> Awaitable[Any]:
    """Ask for the records of unlocks."""
    return home.cloud.unlock_records(0, 1)


def passwords(home: Home) -> Awaitable[Any]:
    """Ask for the temporary passwords."""
    return home.cloud.list_passwords()


def of_household(home: Home) -> Awaitable[Any]:
    """Ask for the members."""
    return home.cloud.members()


CASES = {
    "a page": Case(LOGS, unlocks, lambda v: {"logs": v, "total": 1}, [7], NO_LIST),
    "a total": Case(LOGS, unlocks, lambda v: {"logs": [7], "total": v}, 1, NO_NUMBER),
    "a time": Case(
        LOGS, unlocks, record(update_time=""), START, without(NO_NUMBER, False), [], list
    ),
    "a code": Case(LOGS, unlocks, record(code=""), "unlock_card", without(NO_TEXT[:8]), [], list),
    "a value": Case(LOGS, unlocks, record(value=""), "3", [None, 1.5, NAN, [3], {}], [], list),
    "members": Case(
        "users$", of_household, lambda v: {"records": v, "total": 1}, [{"nick_name": "A"}], NO_LIST
    ),
    "a member": Case(
        "users$", of_household, members(lambda v: {"nick_name": v}), "A", NO_TEXT[:10], [], names
    ),
    "a number of a member": Case(
        "users$",
        of_household,
        members(
            lambda v: {
                "nick_name": "A",
                "unlock_detail": [MEMBER | {"unlock_list": [{"unlock_sn": v}]}],
            }
        ),
        65_535,
        [*NO_NUMBER, 65_536],
        [frozenset()],
        lambda found: [one.numbers for one in found],
    ),
    "numbers of a member": Case(
        "users$",
        of_household,
        members(lambda v: {"nick_name": "A", "unlock_detail": [MEMBER | {"unlock_list": v}]}),
        [{"unlock_sn": 3}],
        NO_LIST,
        [],
        names,
    ),
    "duress": Case(
        "users$",
        of_household,
        members(
            lambda v: {
                "nick_name": "A",
                "unlock_detail": [
                    MEMBER | {"unlock_list": [{"unlock_sn": 3, "unlock_attr": v}]},
                ],
            }
        ),
        1,
        without(NO_NUMBER, None),
        [frozenset()],
        lambda found: [one.duress for one in found],
    ),
    "an id of a password": Case(
        "temp-passwords$", passwords, row_of(PASSWORD, "id"), "7", NO_ID, [], names
    ),
    **{
        f"{name} of a password": Case(
            "temp-passwords$", passwords, row_of(PASSWORD, name), 3, bad, [], names
        )
        for name, bad in {
            "effective_time": NO_NUMBER,
            "invalid_time": NO_NUMBER,
            "phase": NO_NUMBER,
            "type": without(NO_NUMBER, None),
            "sn": [*without(NO_NUMBER, None), 65_536],
        }.items()
    },
    "days of a password": Case(
        "temp-passwords$",
        passwords,
        lambda v: [PASSWORD | {"schedule_list": v}],
        [SCHEDULE],
        ["days", 3, {"0": {}}, [3], ["days"], True],
        [],
        names,
    ),
    **{
        f"{name} of a weekly password": Case(
            "temp-passwords$",
            passwords,
            lambda v, name=name: [PASSWORD | {"schedule_list": [SCHEDULE | {name: v}]}],  # type: ignore[misc]
            600,
            bad,
            [],
            names,
        )
        for name, bad in {
            "effective_time": [*NO_NUMBER, 2460],
            "invalid_time": NO_NUMBER,
        }.items()
    },
    "weekdays of a password": Case(
        "temp-passwords$",
        passwords,
        lambda v: [PASSWORD | {"schedule_list": [SCHEDULE | {"working_day": v}]}],
        127,
        [128, *without(NO_NUMBER, None, False, "", [], {})],
        [],
        names,
    ),
    "an id of a new password": Case(
        "temp-password$", lambda home: home.add(), lambda v: {"id": v}, 7, NO_ID
    ),
    "a dynamic password": Case(
        "dynamic-password$",
        lambda home: home.cloud.dynamic_password(),
        lambda v: {"dynamic_password": v},
        "12345678",
        NO_CODE,
    ),
    **{
        f"{name} of an offline password": Case(
            "offline-temp-password$",
            lambda home: home.cloud.offline_password("once", None, None, None),
            lambda v, name=name: {"offline_temp_password": "1849455172"} | {name: v},  # type: ignore[misc]
            good,
            bad,
        )
        for name, good, bad in (
            ("offline_temp_password", "1849455172", NO_CODE),
            ("effective_time", 1, without(NO_NUMBER, None)),
            ("invalid_time", 1, without(NO_NUMBER, None)),
        )
    },
    "if remote unlocking is enabled": Case(
        "remote-unlocks$",
        lambda home: home.cloud.remote_unlock_allowed(),
        lambda v: [{"remote_unlock_type": "remoteUnlockWithoutPwd", "open": v}],
        False,
        NO_FLAG,
        None,
        lambda allowed: allowed,
    ),
    **{
        f"{name} of a firmware": Case(
            "firmware$",
            lambda home: home.cloud.firmware(),
            row_of(FIRMWARE, name),
            good,
            bad,
            None,
            lambda firmware: firmware,
        )
        for name, good, bad in (
            ("current_version", "1.0", without(NO_TEXT, None)[:8]),
            ("version", "1.1", NO_TEXT[:8]),
            ("upgrade_status", 1, without(NO_NUMBER, None)),
        )
    },
    "devices": Case("devices$", of_account, lambda v: {"devices": v}, [DEVICE], NO_LIST),
    "if there are more devices": Case(
        "devices$",
        of_account,
        lambda v: {"devices": [], "has_more": v, "last_row_key": "a"},
        True,
        [1, "true", "false", [True], NAN],
        SILENT,
        lambda found: True,
    ),
    "where there are more devices": Case(
        "devices$",
        of_account,
        lambda v: {"devices": [], "has_more": True, "last_row_key": v},
        "a",
        NO_ID,
        SILENT,
        lambda found: True,
    ),
    **{
        f"{name} of a device": Case(
            "devices$", of_account, lambda v, name=name: {"devices": [DEVICE | {name: v}]},  # type: ignore[misc]
            good, bad, [], names
        )
        for name, good, bad in (
            ("id", "bfsimulated0lock0002", NO_ID),
            ("name", "Door", NO_TEXT[:10]),
            ("category", "ms", NO_TEXT),
            ("product_id", "p", NO_TEXT),
            ("model", "K7", [True, 7, 1.5, HUGE, ["a"], {"a": 1}]),
            ("sub", True, without(NO_FLAG, None, 0, 0.0, "", [], {})),
            ("status", [{"code": "battery"}], [True, 3, "status", {"0": {}}]),
        )
    },
    "another device": Case(
        "/v1.0/devices/[^/]*$",
        lambda home: home.cloud.device(),
        lambda v: DEVICE | {"id": v},
        "bfsimulated0lock0001",
        ["bfsimulated0lock0002", "bfsimulated0lock000", *NO_ID],
    ),
    "a local key": Case(
        "/v1.0/devices/[^/]*$",
        lambda home: home.cloud.device(),
        lambda v: DEVICE | {"local_key": v},
        "fedcba9876543210",
        [*NO_TEXT, list("0123456789abcdef"), "\u00e9" * 16, "short"],
        "",
        lambda device: device.local_key,
    ),
    **{
        f"{name} of a ticket": Case(
            "password-ticket$",
            lambda home: home.cloud.test(),
            lambda v, name=name: {"ticket_id": "a", "ticket_key": "b"} | {name: v},  # type: ignore[misc]
            "a",
            NO_TEXT[:11],
            CloudUnreachable,
            lambda found: True,
        )
        for name in ("ticket_id", "ticket_key")
    },
    "the options of a DP": Case(
        "(model|specifications)$",
        lambda home: home.cloud.model(),
        model(type="enum", range=...),
        ["a"],
        NO_LIST,
        {},
        dict,
    ),
    **{
        f"the {name} of a DP": Case(
            "(model|specifications)$",
            lambda home: home.cloud.model(),
            model(**{"type": "value", "max": 9, name: ...}),
            1,
            [-(2**33), *without(NO_NUMBER, -7)],
            {},
            dict,
        )
        for name in ("min", "max", "step")
    },
    "a model": Case(
        "(model|specifications)$",
        lambda home: home.cloud.model(),
        lambda v: {"model": json.dumps({"services": v}), "status": v},
        [],
        NO_LIST,
        SILENT,
        lambda found: True,
    ),
}  # fmt: skip
"""Each field of the cloud's answers that we read."""


def answer(result: Any) -> str:
    """Return a whole answer; Python reads what it writes for numbers that are none."""
    return json.dumps({"success": True, "result": result, "t": int(START * 1000)})


async def outcome(home: Home, case: Case, value: Any) -> Any:
    """Return what is read of an answer with a value, or the error."""
    home.simulated.recover()
    home.simulated.garble(case.path, times=None, text=answer(case.make(value)))
    try:
        return case.read(await case.ask(home))
    except CloudError as error:
        return type(error)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("name", CASES)
async def test_what_is_answered_in_another_shape_is_no_value(home: Home, name: str) -> None:
    case = CASES[name]
    good = await outcome(home, case, case.good)
    assert good != case.becomes, good
    for value in case.bad:
        assert await outcome(home, case, value) == case.becomes, repr(value)[:50]


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("access_token", "t0ken", [*NO_TEXT[:11], "", "a b", "a\r\nb: c", "\u00e9"]),
        ("expire_time", 7200, NO_NUMBER),
    ],
)
async def test_what_is_no_token_is_not_used(
    home: Home, name: str, good: Any, bad: list[Any]
) -> None:
    usual = {"access_token": "t0ken", "expire_time": 7200}
    for value in bad:
        home.simulated.recover()
        home.simulated.garble("/token$", text=answer(usual | {name: value}))
        with pytest.raises(CloudUnreachable):
            await home.cloud.test()
    # The next call asks for another one.
    await home.cloud.test()
    home.simulated.expire_tokens()
    home.simulated.garble("/token$", text=answer(usual | {name: good}))
    with pytest.raises(CloudRefused):
        await home.cloud.test()


@pytest.mark.usefixtures("socket_enabled")
async def test_an_error_code_that_is_none_is_no_refusal(home: Home) -> None:
    await home.cloud.test()
    for code in [*NO_NUMBER, {"code": 1106}]:
        if code == -7:
            continue
        text = json.dumps({"success": False, "code": code})
        home.simulated.garble("dynamic-password$", text=text)
        with pytest.raises(CloudSilent):
            await home.cloud.dynamic_password()


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("now", [True, 1, -1, 1.5, 10**30, HUGE, NAN, "now", [], None])
async def test_a_time_of_the_cloud_that_is_none_changes_no_clock(home: Home, now: Any) -> None:
    await home.cloud.test()
    text = json.dumps({"success": True, "result": {"dynamic_password": "12345678"}, "t": now})
    home.simulated.garble("dynamic-password$", text=text)
    assert await home.cloud.dynamic_password() == "12345678"
    calls = len(home.simulated.calls)
    await home.cloud.test()
    assert len(home.simulated.calls) == calls + 1


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("mebibytes", "is_read"), [(3, True), (5, False)])
async def test_an_answer_without_end_is_not_read_to_its_end(
    home: Home, mebibytes: int, is_read: bool
) -> None:
    result = {"dynamic_password": "12345678", "more": "x" * mebibytes * 2**20}
    home.simulated.garble("dynamic-password$", text=answer(result))
    if is_read:
        assert await home.cloud.dynamic_password() == "12345678"
    else:
        with pytest.raises(CloudSilent):
            await home.cloud.dynamic_password()


@pytest.mark.usefixtures("socket_enabled")
async def test_a_model_has_its_limits(home: Home) -> None:
    spec = {"type": "value", "min": "-3", "max": 9.0, "step": 2}
    one = PROPERTY | {"typeSpec": spec}
    text = {"model": json.dumps({"services": [{"properties": [one]}]})}
    home.simulated.garble("(model|specifications)$", text=answer(text))
    expected = Dp("volume", DpType.INTEGER, writable=True, range=(-3, 9), step=2)
    assert await home.cloud.model() == {5: expected}


# In Home Assistant

LONG = 10**11 - 1
ZONES = ("/etc/passwd", "../../etc/passwd", "Europe", "a" * 300, "[x](http://x)", "", "UTC")


async def test_whatever_the_codes_of_guests_are_they_are_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cloud: SimulatedCloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    soon = int(time.time()) + 3600
    rows = [
        PASSWORD | {"id": number, "effective_time": start, "invalid_time": end, "name": "[x](x)"}
        for number, (start, end) in enumerate(
            [(0, LONG), (LONG, 0), (5, 5), (LONG, LONG), (soon, soon), (soon + 60, soon)]
        )
    ]
    rows += [
        PASSWORD
        | {"id": 100 + number, "effective_time": 0, "invalid_time": LONG, "time_zone": zone}
        | {"schedule_list": [SCHEDULE | {"working_day": 127}]}
        for number, zone in enumerate(ZONES)
    ]
    rows += [rows[-1] | {"id": "x", "schedule_list": [SCHEDULE | {"invalid_time": 540}]}]
    cloud.garble("temp-passwords$", times=None, text=answer(rows))
    await setup(hass, entry)
    await polled(hass)
    calendar = "calendar.wi_fi_lock_0001_guests"
    now = dt_util.utcnow()
    found: Any = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": calendar, "start_date_time": now, "end_date_time": now + timedelta(days=7)},
        blocking=True,
        return_response=True,
    )
    assert len(found[calendar]["events"]) >= 7
    assert json_bytes(await act(hass, "get_temporary_passwords"))
    states = {one.entity_id: one.state for one in hass.states.async_all()}
    assert states[calendar] in {"on", "off"}
    assert "Traceback" not in caplog.text
