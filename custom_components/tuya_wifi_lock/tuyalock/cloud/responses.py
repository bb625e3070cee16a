"""Parsers of the results that Tuya's cloud returns."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
import json
import re
from typing import Annotated, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ..exceptions import CloudRefused, CloudSilent
from ..models import (
    DEVICE_ID,
    PRODUCT_ID,
    Item,
    Matching,
    PasswordPhase,
    Report,
    Source,
    TemporaryPassword,
    Value,
    Weekly,
    clean_secret,
    safe_name,
)
from ..products.catalogue import BLUETOOTH_OR_WIFI, PRODUCTS, Dp, DpType, Family, family_of
from ..products.decoder import MAX_NUMBER, METHODS, NUMBERS, TEXT_CODES
from ..storage import checked, integer, load

_UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

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
_PHASES: Mapping[int, PasswordPhase] = {
    0: PasswordPhase.DELETED,
    1: PasswordPhase.WAITING,
    2: PasswordPhase.ACTIVE,
    3: PasswordPhase.DELETING,
    7: PasswordPhase.FAILED,
}

_BLOCK_BITS = 128
_TICKET_KEY_SIZE = 16
_BAD_TICKET = 1109

_REMOTE_UNLOCK = "remoteUnlockWithoutPwd"
_UP_TO_DATE = {0, 3}
"""States of a firmware update: there is none, or it is finished."""

_BOOLEANS = {"true": True, "false": False}

_MILLISECONDS = 100_000_000_000
"""Above it a time is in milliseconds; in seconds it would be in the year 5138."""
_MAX_TIME = _MILLISECONDS * 1000

_TIME_ZONE = re.compile("[A-Za-z_]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
_LOCAL_KEY = re.compile("[!-~]{16}")
_DP_IDS = (1, 255)
_DAY_MINUTES = 24 * 60
_ALL_DAYS = 0b111_1111


@dataclass(frozen=True, slots=True)
class CloudDevice:
    """A device that the project can access."""

    id: Annotated[str, Matching(DEVICE_ID)]
    name: str
    category: str
    product_id: Annotated[str, Matching(PRODUCT_ID)]
    local_key: str = field(repr=False)
    """Empty in the list of all devices, and for a lock that has none."""
    model: str | None
    on_network: bool
    """It is on Wi-Fi itself; else it reaches Tuya through a gateway, or the owner's phone."""
    family: Family | None
    """The product family, as far as its DP codes show it."""


@dataclass(frozen=True, slots=True)
class CloudMember:
    """A member of the household in Tuya's app; numbers as `fingerprint:3`."""

    name: str
    numbers: frozenset[str]
    duress: frozenset[str]


@dataclass(frozen=True, slots=True)
class Firmware:
    """The firmware versions of a lock; with several modules, the versions of each."""

    installed: str
    newest: str


@dataclass(frozen=True, slots=True)
class OfflinePassword:
    """A password that the lock accepts offline; times in Unix seconds."""

    code: str = field(repr=False)
    name: str
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket, which is valid for one operation."""

    id: Annotated[str, Matching("[!-~]+")] = field(repr=False)
    key: str = field(repr=False)
    """Encrypted with the access secret, in hex."""

    def open(self, access_secret: str) -> bytes:
        """Return the key of the ticket: AES-256-ECB under the access secret."""
        try:
            decryptor = _cipher(access_secret.encode()).decryptor()
            padded = decryptor.update(bytes.fromhex(self.key)) + decryptor.finalize()
            padding = PKCS7(_BLOCK_BITS).unpadder()
            key = padding.update(padded) + padding.finalize()
        except ValueError as error:
            raise CloudRefused(_BAD_TICKET) from error
        if len(key) != _TICKET_KEY_SIZE:
            raise CloudRefused(_BAD_TICKET)
        return key


def parse[T](read: Callable[[Any], T], result: Any) -> T:
    """Parse a result; raise CloudSilent if it has another shape than expected."""
    try:
        return read(result)
    except _UNREADABLE:
        # The message quotes the answer, which may contain secrets.
        raise CloudSilent from None


def parse_rows[T](read: Callable[[Any], T], rows: list[Any]) -> list[T]:
    """Parse the rows of a result, leaving out those that have another shape than expected."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except _UNREADABLE:
            continue
    return found


def _text(pattern: re.Pattern[str], value: Any) -> str:
    """Read a text of a pattern, which may be written as a number."""
    text = value if type(value) is str else str(integer(value, most=2**63))
    if not pattern.fullmatch(text):
        raise ValueError("another text than expected")
    return text


read_id = partial(_text, re.compile(r"[\w.:=+-]{1,64}", re.ASCII))
"""Reads an id that the cloud gives, which becomes part of a URL."""
read_code = partial(_text, re.compile("[0-9]{1,32}"))
"""Reads the digits of a password that the cloud makes."""


def _local_key(value: Any) -> str:
    """Read a local key; what can be none is left out."""
    key = clean_secret(value) if type(value) is str else ""
    return key if _LOCAL_KEY.fullmatch(key) else ""


def read_device(row: Any) -> CloudDevice:
    """Read a device; there is no local key in the list of all devices."""
    model = row.get("model") or row.get("product_name")
    local_key = _local_key(row.get("local_key"))
    codes = [str(one["code"]) for one in load(list[Any], row.get("status") or [])]
    return checked(
        CloudDevice(
            id=row["id"],
            name=_name(row["name"]),
            category=row["category"],
            product_id=row["product_id"],
            local_key=local_key,
            model=_name(model) if model else None,
            on_network=_is_on_network(row, local_key, codes),
            family=family_of(codes),
        )
    )


def _is_on_network(row: Any, local_key: str, codes: list[str]) -> bool:
    """Return if a device is on Wi-Fi itself.

    One with Bluetooth that is on Wi-Fi as well has an address and a local key.
    """
    facts = PRODUCTS.get(row["product_id"])
    if load(bool, row.get("sub") or False) or row.get("gateway_id") or (facts and facts.gateway):
        return False
    return BLUETOOTH_OR_WIFI.isdisjoint(codes) or bool(row.get("ip") and local_key)


def read_devices(rows: list[Any]) -> list[CloudDevice]:
    """Read devices, leaving out those that have another shape than expected."""
    return parse_rows(read_device, rows)


def read_ticket(row: Any) -> Ticket:
    """Read a ticket."""
    return checked(Ticket(row["ticket_id"], row["ticket_key"]))


def encrypt_code(code: str, key: bytes) -> str:
    """Return the digits of a password encrypted with the key of a ticket.

    The hex is in lower case: the cloud accepts upper case as well, but the lock then stores another
    password.
    """
    padding = PKCS7(_BLOCK_BITS).padder()
    padded = padding.update(code.encode()) + padding.finalize()
    encryptor = _cipher(key).encryptor()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    """Return AES as Tuya uses it here: each block by itself."""
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305


def read_model(result: Any) -> dict[int, Dp]:
    """Read the DP table of a thing model, which is JSON in a string."""
    services = load(list[Any], json.loads(result["model"])["services"])
    rows = [row for service in services for row in load(list[Any], service["properties"])]
    return dict(parse_rows(_read_property, rows))


def read_specifications(result: Any) -> dict[int, Dp]:
    """Read the DP table of the older specifications."""
    reported = parse_rows(_read_specification, load(list[Any], result.get("status", [])))
    written = parse_rows(_read_specification, load(list[Any], result.get("functions", [])))
    return dict(reported) | {id_: replace(dp, writable=True) for id_, dp in written}


def _read_property(row: Any) -> tuple[int, Dp]:
    spec = row["typeSpec"]
    dp = Dp(row["code"], _TYPES[spec["type"].lower()], "w" in row.get("accessMode", ""))
    return integer(row["abilityId"], *_DP_IDS), checked(_limited(dp, spec))


def _read_specification(row: Any) -> tuple[int, Dp]:
    dp = Dp(row["code"], _TYPES[row["type"].lower()])
    return integer(row["dp_id"], *_DP_IDS), checked(
        _limited(dp, json.loads(row.get("values") or "{}"))
    )


def _limited(dp: Dp, spec: Mapping[str, Any]) -> Dp:
    if dp.type is DpType.STRING:
        return replace(dp, options=tuple(load(list[Any], spec.get("range", []))))
    if dp.type is DpType.INTEGER and "max" in spec:
        least, most, step = (
            integer(spec.get(name, usual), -(2**31))
            for name, usual in (("min", 0), ("max", 0), ("step", 1))
        )
        limits, unit = (least, most), spec.get("unit") or ""
        return replace(dp, range=limits, step=step, unit=unit)
    return dp


def read_report(row: Any, received: float) -> Report:
    """Read a row of the records: what the lock reported to Tuya's cloud, with its own time."""
    time, status = read_time(row), row["status"]
    reports = status if isinstance(status, list) else [status]
    if not (items := parse_rows(partial(_read_item, time=time), reports)):
        raise ValueError("no value")
    return Report(source=Source.CLOUD, received=received, items=tuple(items))


def _read_item(row: Any, time: float) -> Item:
    code, value = row["code"], row["value"]
    if type(code) is not str or type(value) not in {str, int, bool}:
        raise TypeError
    return Item(code, _value(code, str(value)), time)


def read_account_report(items: list[dict[str, Any]], received: float) -> Report:
    """Read what a lock reported to an account, leaving out items with neither code nor DP id."""
    return Report(
        source=Source.ACCOUNT,
        received=received,
        items=tuple(
            Item(dp, item.get("value"), _item_time(item.get("t")))
            for item in items
            if (dp := _dp_of(item)) is not None
        ),
    )


def _dp_of(item: dict[str, Any]) -> int | str | None:
    """Return the code of an item, or else its DP id."""
    code, dp_id = item.get("code"), item.get("dpId")
    if isinstance(code, str):
        return code
    return dp_id if type(dp_id) is int else None


def _item_time(value: Any) -> float | None:
    """Return a time of an item in Unix seconds, if it has one."""
    if type(value) not in {int, float} or not 0 < value < _MAX_TIME:
        return None
    return in_seconds(value)


def read_time(row: Any) -> float:
    """Read the time of a row of the logs, in Unix seconds."""
    return in_seconds(integer(row["update_time"], most=_MAX_TIME))


def in_seconds(time: float) -> float:
    """Return a time in seconds or milliseconds in Unix seconds."""
    return time / 1000 if time > _MILLISECONDS else float(time)


def _value(code: str, text: str) -> Value:
    """Return a value of the records, which are strings, as a lock reports it."""
    if code in TEXT_CODES:
        return text
    if text.isdecimal():
        with suppress(ValueError):
            return integer(text, most=2**63)
    return _BOOLEANS.get(text.lower(), text)


def read_member(row: Any) -> CloudMember:
    """Read a member with their numbers."""
    owned = set(NUMBERS.values())
    keys = {
        f"{method}:{number}": is_duress
        for detail in row.get("unlock_detail") or ()
        if (method := METHODS.get(detail["dp_code"])) in owned
        for number, is_duress in parse_rows(_read_number, load(list[Any], detail["unlock_list"]))
    }
    duress = frozenset(key for key, is_duress in keys.items() if is_duress)
    return checked(CloudMember(_name(row["nick_name"]), frozenset(keys), duress))


def _read_number(key: Any) -> tuple[int, bool]:
    """Read the number of a key, and if it is one for duress."""
    return integer(key["unlock_sn"], most=MAX_NUMBER), _whole(key, "unlock_attr") == 1


def _whole(row: Any, name: str) -> int:
    """Read an integer that may be missing, which is 0."""
    value = row.get(name)
    return 0 if value is None else integer(value, -1)


def _name(value: Any) -> str:
    """Read a name, which somebody chose in the app."""
    if not isinstance(value, str):
        raise TypeError
    return safe_name(value)


def read_password(row: Any) -> TemporaryPassword:
    """Read a temporary password; its number is not above 0 until the lock has it."""
    number = _whole(row, "sn")
    return checked(
        TemporaryPassword(
            id=read_id(row["id"]),
            number=number if number > 0 else None,
            name=_name(row.get("name") or ""),
            start=integer(row["effective_time"]),
            end=integer(row["invalid_time"]),
            once=_whole(row, "type") == 1,
            weekly=_read_schedule(row),
            phase=_PHASES.get(integer(row["phase"]), PasswordPhase.UNKNOWN),
        )
    )


def read_passwords(result: Any, known: Iterable[TemporaryPassword]) -> list[TemporaryPassword]:
    """Read a list of temporary passwords; what cannot be read of it stays as it is known."""
    rows = load(list[Any], result)
    found = parse_rows(read_password, rows)
    unread = {*parse_rows(lambda row: read_id(row["id"]), rows)} - {one.id for one in found}
    return found + [one for one in known if one.id in unread]


def _read_schedule(row: Any) -> Weekly | None:
    """Read the weekly schedule; days are bits, Sunday the lowest, and times minutes of the day."""
    blocks = load(list[Any], row.get("schedule_list") or [])
    if not blocks or not (days := integer(blocks[0].get("working_day") or 0, most=_ALL_DAYS)):
        return None
    start, end = (integer(blocks[0][name]) for name in ("effective_time", "invalid_time"))
    if max(start, end) > _DAY_MINUTES:
        # 17:00 as 1700.
        start, end = (time // 100 * 60 + time % 100 for time in (start, end))
    return Weekly(
        days=frozenset(day for day in range(7) if days & _day_bit(day)),
        start=start,
        end=min(end, _DAY_MINUTES - 1),
        time_zone=_time_zone(row.get("time_zone")),
    )


def _time_zone(value: Any) -> str:
    """Read the name of a time zone, which is looked up as a file; empty is not known."""
    return value if type(value) is str and _TIME_ZONE.fullmatch(value) else ""


def write_schedule(weekly: Weekly) -> dict[str, Any]:
    """Return the fields of a request for a password that has a weekly schedule."""
    return {
        "time_zone": weekly.time_zone,
        "schedule_list": [
            {
                "effective_time": weekly.start,
                "invalid_time": weekly.end,
                "working_day": sum(map(_day_bit, weekly.days)),
                "all_day": False,
            }
        ],
    }


def _day_bit(day: int) -> int:
    return 1 << (day + 1) % 7


def read_offline_password(row: Any) -> OfflinePassword:
    """Read an offline password."""
    start, end = _whole(row, "effective_time"), _whole(row, "invalid_time")
    return checked(
        OfflinePassword(
            read_code(row["offline_temp_password"]),
            _name(row.get("offline_temp_password_name") or ""),
            float(start) if start else None,
            float(end) if end else None,
        )
    )


def read_remote_unlock_allowed(result: Any) -> bool | None:
    """Read if remote unlocking is enabled: the result is a list of ways, or a single one."""
    for way in _rows(result):
        if way["remote_unlock_type"] == _REMOTE_UNLOCK:
            is_open: bool = load(bool, way["open"])
            return is_open
    return None


def read_firmware(result: Any) -> Firmware | None:
    """Read the versions of all modules that have firmware."""
    modules = [row for row in _rows(result) if row.get("current_version")]
    if not modules:
        return None
    installed = [_name(row["current_version"]) for row in modules]
    newest = [_newest(row) for row in modules]
    return checked(Firmware(", ".join(installed), ", ".join(newest)))


def _newest(row: Any) -> str:
    up_to_date = _whole(row, "upgrade_status") in _UP_TO_DATE
    return _name(row["current_version"] if up_to_date else row["version"])


def _rows(result: Any) -> list[Any]:
    """Return the rows of a result that may be a list, or a row by itself."""
    return result if isinstance(result, list) else [result]
