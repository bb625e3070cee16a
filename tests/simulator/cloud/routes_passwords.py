"""Tickets, and passwords of three sorts: temporary, dynamic and offline."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from tests.simulator.keypad import Schedule
from tests.simulator.secret_codes import CLEAR_LASTS, HOUR, ONCE_LASTS

from . import tickets
from .asked import Asked, Refusal
from .records import whole
from .state import CloudState, Device

DAY_MINUTES = 24 * 60
DOOR_LOCK = r"/v1\.0/devices/(?P<id>[^/]+)/door-lock"


def _ticket(cloud: CloudState, asked: Asked) -> object:
    return cloud.tickets.issue(asked.groups["id"])


# Temporary passwords


def _add(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    fields = _fields(cloud, asked) | {"once": _once(asked)}
    row = device.passwords.add(cloud.time(), **fields)
    _tell_lock(device)
    return {"id": row.id}


def _change(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    device.passwords.change(_password(asked), cloud.time(), **_fields(cloud, asked))
    _tell_lock(device)
    return True


def _fields(cloud: CloudState, asked: Asked) -> dict[str, Any]:
    key = cloud.tickets.spend(asked.body("ticket_id", str), asked.groups["id"])
    if asked.body("password_type", str) != "ticket":
        raise Refusal(1109)
    return {
        "name": asked.body("name", str),
        "digits": tickets.digits(asked.body("password", str), key, cloud.code_length),
        "effective_time": _seconds(asked, "effective_time"),
        "invalid_time": _seconds(asked, "invalid_time"),
        **_schedule(asked.call.body or {}),
    }


def _schedule(body: Mapping[str, Any]) -> dict[str, Schedule | None]:
    """Return the schedule of a request: one block at most, and only in a time zone."""
    blocks = body.get("schedule_list")
    if blocks is None:
        return {}
    if not blocks or blocks[0].get("all_day"):
        return {"schedule": None}
    block, zone = blocks[0], body.get("time_zone")
    start, end, days = (block[key] for key in ("effective_time", "invalid_time", "working_day"))
    in_day = 0 <= start < end < DAY_MINUTES and 0 < days < 1 << 7
    if len(blocks) > 1 or not in_day or zone not in available_timezones():
        raise Refusal(1109)
    return {"schedule": Schedule(days=days, start=start, end=end, zone=zone)}


def _once(asked: Asked) -> bool:
    kind = asked.body("type", int)
    if kind not in (0, 1):
        raise Refusal(1109)
    return kind == 1


def _seconds(asked: Asked, name: str) -> int:
    value = asked.body(name, int)
    if len(str(value)) != 10:
        raise Refusal(1109)
    return value


def _one(cloud: CloudState, asked: Asked) -> object:
    return cloud.device(asked.groups["id"]).passwords.one(_password(asked)).answer()


def _list(cloud: CloudState, asked: Asked) -> object:
    passwords = cloud.device(asked.groups["id"]).passwords
    valid = asked.call.query.get("valid") == "true"
    rows = passwords.counting(cloud.time()) if valid else passwords.rows
    return [row.answer() for row in rows]


def _delete(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    device.passwords.delete(_password(asked), cloud.time())
    _tell_lock(device)
    return True


def _purge(cloud: CloudState, asked: Asked) -> object:
    cloud.device(asked.groups["id"]).passwords.purge(_password(asked))
    return True


def _delete_all(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    device.passwords.delete_all()
    _tell_lock(device)
    return True


def _issue(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    if device.lock:
        device.lock.uplink.sync()
    return True


def _freeze(cloud: CloudState, asked: Asked) -> object:
    raise Refusal(2004)


def _password(asked: Asked) -> int:
    return whole(asked.groups["password"])


def _tell_lock(device: Device) -> None:
    # A lock that sleeps asks when it wakes; one that is always there is told at once.
    if device.lock and device.lock.always_on:
        device.lock.uplink.sync()


# Codes that need no network


def _dynamic(cloud: CloudState, asked: Asked) -> object:
    if not cloud.dynamic_supported:
        raise Refusal(2009)
    codes = cloud.device(asked.groups["id"]).secret_codes
    return {"dynamic_password": codes.dynamic(cloud.time())}


def _offline(cloud: CloudState, asked: Asked) -> object:
    if not cloud.offline_supported:
        raise Refusal(2009)
    kind = asked.body("type", str)
    now = cloud.time()
    start: float
    end: float
    clears = None
    if kind == "multiple":
        start, end = _hour(asked, "effective_time"), _hour(asked, "invalid_time")
        if not start < end or end <= now:
            raise Refusal(1109)
    elif kind == "once":
        start, end = now, now + ONCE_LASTS
    elif kind in ("clear_one", "clear_all"):
        start, end = now, now + CLEAR_LASTS
        clears = asked.body("password_id", int) if kind == "clear_one" else None
    else:
        raise Refusal(1109)
    codes = cloud.device(asked.groups["id"]).secret_codes
    name = (asked.call.body or {}).get("name", "")
    code = codes.add_offline(kind, name, start, end, clears)
    return {
        "offline_temp_password_id": code.id,
        "offline_temp_password": code.digits,
        "offline_temp_password_name": code.name,
        "effective_time": int(code.start),
        "invalid_time": int(code.end),
    }


def _hour(asked: Asked, name: str) -> int:
    return _seconds(asked, name) // HOUR * HOUR


def _rename_offline(cloud: CloudState, asked: Asked) -> object:
    codes = cloud.device(asked.groups["id"]).secret_codes.offline
    code = next((one for one in codes if one.id == _password(asked)), None)
    if code is None:
        raise Refusal(2302)
    code.name = asked.body("name", str)
    return True


ROUTES: tuple[tuple[str, str, Callable[[CloudState, Asked], object]], ...] = (
    ("POST", rf"{DOOR_LOCK}/password-ticket", _ticket),
    ("POST", r"/v1\.0/smart-lock/devices/(?P<id>[^/]+)/password-ticket", _ticket),
    ("POST", r"/v[12]\.0/devices/(?P<id>[^/]+)/door-lock/temp-password", _add),
    ("GET", rf"{DOOR_LOCK}/temp-password/(?P<password>[^/]+)", _one),
    ("GET", rf"{DOOR_LOCK}/temp-passwords", _list),
    ("PUT", rf"{DOOR_LOCK}/temp-passwords/(?P<password>[^/]+)/modify-password", _change),
    ("PUT", rf"{DOOR_LOCK}/temp-passwords/(?P<password>[^/]+)/(?:un)?freeze-password", _freeze),
    ("DELETE", rf"{DOOR_LOCK}/temp-passwords/(?P<password>[^/]+)", _delete),
    ("DELETE", rf"{DOOR_LOCK}/temp-passwords/(?P<password>[^/]+)/record", _purge),
    ("POST", rf"{DOOR_LOCK}/temp-passwords/rest-password", _delete_all),
    ("POST", rf"{DOOR_LOCK}/issue-password", _issue),
    ("GET", rf"{DOOR_LOCK}/dynamic-password", _dynamic),
    ("POST", r"/v1\.[01]/devices/(?P<id>[^/]+)/door-lock/offline-temp-password", _offline),
    ("PUT", rf"{DOOR_LOCK}/offline-temp-password/(?P<password>[^/]+)", _rename_offline),
)
