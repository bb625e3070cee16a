"""What Tuya's cloud tells of a lock, read from the results of its answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
import json
from typing import Any

from .exceptions import CloudSilent
from .models import Item, Report, Source, Value
from .passwords import Phase, TemporaryPassword
from .products.decoder import ALARM_CODE, METHODS, NUMBERS
from .profiles import Dp, DpType

_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)

_TYPES: Mapping[str, DpType] = {
    "bool": DpType.BOOLEAN,
    "boolean": DpType.BOOLEAN,
    "value": DpType.INTEGER,
    "integer": DpType.INTEGER,
    "bitmap": DpType.INTEGER,
    "enum": DpType.STRING,
    "string": DpType.STRING,
    "raw": DpType.RAW,
}

# Phases of Wi-Fi and Bluetooth locks; Zigbee locks count otherwise.
_PHASES: Mapping[int, Phase] = {
    0: Phase.DELETED,
    1: Phase.WAITING,
    2: Phase.ACTIVE,
    3: Phase.DELETING,
    7: Phase.FAILED,
}

_BOOLEANS = {"true": True, "false": False}

_MILLISECONDS = 100_000_000_000
"""Above it a time is in milliseconds; in seconds it would be in the year 5138."""


@dataclass(frozen=True, slots=True)
class CloudDevice:
    """A device of the account."""

    id: str
    name: str
    category: str
    product_id: str
    local_key: str = field(repr=False)
    model: str | None


@dataclass(frozen=True, slots=True)
class CloudMember:
    """Somebody of the household as the app knows them; numbers as `fingerprint:3`."""

    name: str
    numbers: frozenset[str]
    duress: frozenset[str]


@dataclass(frozen=True, slots=True)
class OfflinePassword:
    """A password that the lock accepts without having heard of it; times in Unix seconds."""

    code: str = field(repr=False)
    name: str
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """Good for one operation."""

    id: str = field(repr=False)
    key: str = field(repr=False)
    """In hex, and only the access secret opens it."""


def legible[T](read: Callable[[Any], T], result: Any) -> T:
    """Return what a result says."""
    try:
        return read(result)
    except _UNREADABLE:
        # Its text quotes the answer, which may hold what is secret.
        raise CloudSilent from None


def each[T](read: Callable[[Any], T], rows: list[Any]) -> list[T]:
    """Return what the rows of a result say, without those that cannot be read."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except _UNREADABLE:
            continue
    return found


def read_list(result: Any) -> list[Any]:
    """Read a list; anything else that has members is none, least of all an empty one."""
    if not isinstance(result, list):
        raise TypeError
    return result


def read_device(row: Any) -> CloudDevice:
    """Read a device; the list of all devices has no local keys."""
    model = row.get("model") or row.get("product_name") or None
    local_key = row.get("local_key", "")
    return CloudDevice(row["id"], row["name"], row["category"], row["product_id"], local_key, model)


def read_ticket(row: Any) -> Ticket:
    """Read a ticket."""
    return Ticket(row["ticket_id"], row["ticket_key"])


def read_model(result: Any) -> dict[int, Dp]:
    """Read the DP table of a thing model, which is JSON in a string."""
    services = json.loads(result["model"])["services"]
    rows = [row for service in services for row in service["properties"]]
    return dict(each(_read_property, rows))


def read_specifications(result: Any) -> dict[int, Dp]:
    """Read the DP table of the older specifications."""
    reported = each(_read_specification, list(result.get("status", ())))
    written = each(_read_specification, list(result.get("functions", ())))
    return dict(reported) | {id_: replace(dp, writable=True) for id_, dp in written}


def _read_property(row: Any) -> tuple[int, Dp]:
    """Read a row of a thing model."""
    spec = row["typeSpec"]
    dp = Dp(row["code"], _TYPES[spec["type"].lower()], "w" in row.get("accessMode", ""))
    return row["abilityId"], _limited(dp, spec)


def _read_specification(row: Any) -> tuple[int, Dp]:
    """Read a row of the older specifications."""
    dp = Dp(row["code"], _TYPES[row["type"].lower()])
    return row["dp_id"], _limited(dp, json.loads(row.get("values") or "{}"))


def _limited(dp: Dp, spec: Mapping[str, Any]) -> Dp:
    """Return a DP with the values that it can have."""
    if dp.type is DpType.STRING:
        return replace(dp, options=tuple(spec.get("range", ())))
    if dp.type is DpType.INTEGER and "max" in spec:
        limits = int(spec.get("min", 0)), int(spec["max"])
        step, unit = int(spec.get("step", 1)), spec.get("unit") or ""
        return replace(dp, range=limits, step=step, unit=unit)
    return dp


def read_report(row: Any, received: float) -> Report:
    """Read a row of the records: what the lock reported to Tuya's cloud, with its own time."""
    time, status = read_time(row), row["status"]
    reports = status if isinstance(status, list) else [status]
    items = (Item(one["code"], _value(one["code"], str(one["value"])), time) for one in reports)
    return Report(source=Source.CLOUD, received=received, items=tuple(items))


def read_time(row: Any) -> float:
    """Read when a row of the records was, in Unix seconds."""
    return in_seconds(float(row["update_time"]))


def in_seconds(time: float) -> float:
    """Return a time of Tuya's, which may be in milliseconds, in Unix seconds."""
    return time / 1000 if time > _MILLISECONDS else float(time)


def _value(code: str, text: str) -> Value:
    """Return a value of the records, which are strings, as a lock reports it."""
    if code == ALARM_CODE or code.endswith("_kit") or code.startswith("unlock_offline"):
        return text
    if text.isdecimal():
        return int(text)
    return _BOOLEANS.get(text.lower(), text)


def read_member(row: Any) -> CloudMember:
    """Read a member and the numbers that are theirs."""
    owned = set(NUMBERS.values())
    keys = {
        f"{method}:{int(key['unlock_sn'])}": key.get("unlock_attr") == 1
        for detail in row.get("unlock_detail") or ()
        if (method := METHODS.get(detail["dp_code"])) in owned
        for key in detail["unlock_list"]
    }
    duress = frozenset(key for key, is_duress in keys.items() if is_duress)
    return CloudMember(row["nick_name"], frozenset(keys), duress)


def read_password(row: Any) -> TemporaryPassword:
    """Read a temporary password; its number is not above 0 until the lock has it."""
    number = int(row.get("sn") or 0)
    return TemporaryPassword(
        id=str(row["id"]),
        number=number if number > 0 else None,
        name=row.get("name") or "",
        start=int(row["effective_time"]),
        end=int(row["invalid_time"]),
        once=row.get("type") == 1,
        phase=_PHASES.get(row["phase"], Phase.UNKNOWN),
    )


def read_offline_password(row: Any) -> OfflinePassword:
    """Read an offline password."""
    start, end = row.get("effective_time"), row.get("invalid_time")
    return OfflinePassword(
        str(row["offline_temp_password"]),
        row.get("offline_temp_password_name") or "",
        float(start) if start else None,
        float(end) if end else None,
    )
