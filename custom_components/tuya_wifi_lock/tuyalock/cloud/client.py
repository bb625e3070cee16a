"""The client of one lock in Tuya's cloud.

Projects and products differ in which variant of an endpoint they have. The variants are tried in
turn, and the one that answered is remembered.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ..exceptions import Cause, CloudError, CloudRefused, CloudSilent, CloudUnreachable
from ..models import CodeLength, PasswordPhase, PasswordRequest, Report, TemporaryPassword
from ..products.catalogue import Dp
from ..storage import Reader, integer, load
from .openapi import OpenApi
from .responses import (
    CloudDevice,
    CloudMember,
    Firmware,
    OfflinePassword,
    Ticket,
    encrypt_code,
    parse,
    parse_rows,
    read_code,
    read_device,
    read_devices,
    read_firmware,
    read_id,
    read_member,
    read_model,
    read_offline_password,
    read_passwords,
    read_remote_unlock_allowed,
    read_report,
    read_specifications,
    read_ticket,
    read_time,
    write_schedule,
)

_LOCK = "/v1.0/devices/{id}/door-lock"
_LOCK_1_1 = "/v1.1/devices/{id}/door-lock"
_SMART_LOCK = "/v1.0/smart-lock/devices/{id}"
_DOOR_OPERATE = f"{_SMART_LOCK}/password-free/door-operate"

type _Variants = Mapping[str, Mapping[str, Any]]
"""Path -> additional fields of its body."""


def _variants(*paths: str) -> _Variants:
    return {path: {} for path in paths}


_TICKET = _variants(f"{_LOCK}/password-ticket", f"{_SMART_LOCK}/password-ticket")
_OPEN: _Variants = {
    _DOOR_OPERATE: {"open": True},
    f"{_LOCK_1_1}/password-free/open-door": {"channel_id": 1},
    f"{_LOCK}/password-free/open-door": {},
}
_CLOSE: _Variants = {_DOOR_OPERATE: {"open": False}}
_UNLOCKS = _variants(f"{_LOCK_1_1}/open-logs", f"{_LOCK}/open-logs")
_ALARMS = _variants(f"{_LOCK_1_1}/alarm-logs", f"{_LOCK}/alarm-logs")
_MEMBERS = _variants(f"{_SMART_LOCK}/users", "/v1.1/devices/{id}/users")
_OFFLINE = _variants(f"{_LOCK_1_1}/offline-temp-password", f"{_LOCK}/offline-temp-password")

_REMOTE_UNLOCKS = f"{_LOCK}/remote-unlocks"
_FIRMWARE = "/v2.0/cloud/thing/{id}/firmware"

_MODELS: Mapping[str, Callable[[Any], dict[int, Dp]]] = {
    "/v2.0/cloud/thing/{id}/model": read_model,
    "/v1.1/devices/{id}/specifications": read_specifications,
}

_ABSENT = {Cause.NO_ENDPOINT, Cause.UNSUPPORTED, Cause.NO_LOCK_SERVICE}
"""Refusals after which another variant may still work."""

_UNSUPPORTED = 2003

PAGE = 50
PAGES = 20
"""Pages that are read at most."""


class CloudClient:
    """Client of Tuya's cloud for one lock."""

    def __init__(
        self, api: OpenApi, device_id: str, stored: Any = None, reader: Reader | None = None
    ) -> None:
        """Go on from what `as_dict` returned; nothing is requested before the first call."""
        reader = reader or Reader()
        self._api = api
        self._device_id = device_id
        parts = reader.parts("cloud", stored)
        self._answered: frozenset[str] = reader.read(
            "cloud", frozenset[str], parts.get("answered", []), frozenset()
        )
        """Paths of the variants that have answered."""
        self.code_length: int | None = reader.read(
            "cloud", CodeLength | None, parts.get("code_length"), None
        )
        """Digits of the last temporary password that the cloud took; None before the first."""

    def as_dict(self) -> dict[str, Any]:
        """Return what the cloud has answered, for storage."""
        return {"answered": sorted(self._answered), "code_length": self.code_length}

    async def device(self) -> CloudDevice:
        """Return the lock as a device, with its local key."""
        device = parse(read_device, await self._call("GET", "/v1.0/devices/{id}"))
        if device.id != self._device_id:
            raise CloudSilent
        return device

    async def model(self) -> dict[int, Dp]:
        """Return the DP table of the product; empty if the cloud has none."""
        for path, read in _MODELS.items():
            try:
                if table := parse(read, await self._call("GET", path)):
                    return table
            except CloudRefused as refused:
                if refused.cause not in _ABSENT:
                    raise
        return {}

    async def test(self) -> None:
        """Raise CloudError if the project may not control this lock."""
        await self._ticket()

    async def operate(self, *, unlock: bool) -> None:
        """Unlock or lock; the lock may not have done it although the cloud reports success."""
        await self._try("POST", _OPEN if unlock else _CLOSE, body={}, ticketed=True)

    async def refuse_request(self) -> None:
        """Refuse the unlock request at the door."""
        await self._call("PUT", f"{_LOCK}/password-free/open-door/cancel", body={"type": 1})

    async def unlock_records(self, since: float, until: float) -> list[Report]:
        """Return the records of unlocks between two Unix times, oldest first."""
        window = {"start_time": round(since * 1000), "end_time": round(until * 1000)}
        return self._reports(await self._all(_UNLOCKS, "logs", window, poll=True))

    async def alarm_records(self, since: float, until: float) -> list[Report]:
        """Return the records of alarms, rings and duress between two Unix times, oldest first."""
        # The query takes no times; the newest rows come first.
        codes = {"codes": "alarm_lock,hijack,doorbell"}
        rows = await self._all(_ALARMS, "records", codes, poll=True, since=since)
        return [one for one in self._reports(rows) if since <= one.time <= until]

    def _reports(self, rows: list[Any]) -> list[Report]:
        """Return rows of the logs, which come newest first, as reports, oldest first."""
        received = self._api.clock.time()
        read = partial(read_report, received=received)
        return sorted(parse_rows(read, rows[::-1]), key=lambda report: report.time)

    async def members(self) -> list[CloudMember]:
        """Return the members in the app, with their numbers where they are known."""
        return parse_rows(read_member, await self._all(_MEMBERS, "records", {}))

    async def list_passwords(
        self, known: Iterable[TemporaryPassword] = ()
    ) -> list[TemporaryPassword]:
        """Return the temporary passwords that the cloud counts as valid.

        One that cannot be read stays as it is known.
        """
        rows = await self._call("GET", f"{_LOCK}/temp-passwords", query={"valid": "true"})
        return parse(lambda rows: read_passwords(rows, known), rows)

    async def add_password(self, request: PasswordRequest) -> TemporaryPassword:
        """Add a temporary password; the lock fetches it when it wakes."""
        result = await self._store("POST", f"{_LOCK}/temp-password", request)
        return TemporaryPassword(
            id=parse(lambda row: read_id(row["id"]), result),
            name=request.name,
            start=request.start,
            end=request.end,
            once=request.once,
            weekly=request.weekly,
            phase=PasswordPhase.WAITING,
        )

    async def change_password(
        self, old: TemporaryPassword, request: PasswordRequest
    ) -> TemporaryPassword:
        """Change a temporary password; the lock fetches the change when it wakes."""
        path = f"{_LOCK}/temp-passwords/{old.id}/modify-password"
        more: dict[str, Any] = {"schedule_list": []} if old.weekly and not request.weekly else {}
        await self._store("PUT", path, request, **more)
        return replace(
            old,
            edit=old.edit + 1,
            name=request.name,
            start=request.start,
            end=request.end,
            once=request.once,
            weekly=request.weekly,
            phase=PasswordPhase.WAITING,
            gone=None,
        )

    async def delete_password(self, password: TemporaryPassword) -> TemporaryPassword:
        """Delete a temporary password; the lock accepts it until it wakes."""
        path = f"{_LOCK}/temp-passwords/{password.id}"
        try:
            if not await self._was_gone(path):
                return replace(password, phase=PasswordPhase.DELETING)
        except CloudRefused as refused:
            if refused.cause is not Cause.PASSWORD_ENDED:
                raise
            await self._was_gone(f"{path}/record")
        return replace(password, phase=PasswordPhase.DELETED)

    async def dynamic_password(self) -> str:
        """Return a code that opens the lock for five minutes."""
        result = await self._call("GET", f"{_LOCK}/dynamic-password")
        return parse(lambda row: read_code(row["dynamic_password"]), result)

    async def offline_password(
        self, kind: str, name: str | None, start: float | None, end: float | None
    ) -> OfflinePassword:
        """Return a code that the lock accepts offline: `once`, `multiple`, or `clear_all`.

        Times are whole hours; the cloud cuts off the rest.
        """
        times = {"effective_time": start, "invalid_time": end}
        body: dict[str, Any] = {"type": kind} | ({"name": name} if name else {})
        body |= {key: int(time) for key, time in times.items() if time is not None}
        return parse(read_offline_password, await self._try("POST", _OFFLINE, body=body))

    async def remote_unlock_allowed(self) -> bool | None:
        """Return if remote unlocking is enabled in the app; None if the cloud does not say."""
        with suppress(CloudError):
            return parse(read_remote_unlock_allowed, await self._call("GET", _REMOTE_UNLOCKS))
        return None

    async def firmware(self) -> Firmware | None:
        """Return the firmware versions; None if the cloud does not say."""
        with suppress(CloudError):
            return parse(read_firmware, await self._call("GET", _FIRMWARE))
        return None

    async def _was_gone(self, path: str) -> bool:
        """Delete a resource; return if it no longer existed."""
        try:
            await self._call("DELETE", path)
        except CloudRefused as refused:
            if refused.cause is not Cause.NOT_THERE:
                raise
            return True
        return False

    async def _store(self, method: str, path: str, request: PasswordRequest, **more: Any) -> Any:
        """Have the cloud store a temporary password; return the result."""
        ticket = await self._ticket()
        key = ticket.open(self._api.project.access_secret)
        body = {
            "name": request.name,
            "password": encrypt_code(request.code, key),
            "password_type": "ticket",
            "ticket_id": ticket.id,
            "effective_time": request.start,
            "invalid_time": request.end,
            "type": int(request.once),
            **(write_schedule(request.weekly) if request.weekly else {}),
            **more,
        }
        result = await self._call(method, path, body=body)
        self.code_length = len(request.code)
        return result

    async def _ticket(self) -> Ticket:
        """Return a new ticket; a lost answer has changed nothing."""
        try:
            return parse(read_ticket, await self._try("POST", _TICKET))
        except CloudSilent as error:
            raise CloudUnreachable from error

    async def _all(
        self,
        variants: _Variants,
        rows: str,
        query: Mapping[str, str | int],
        *,
        poll: bool = False,
        since: float = 0.0,
    ) -> list[Any]:
        """Return the rows of all pages, or up to the page that reaches back before a Unix time."""
        found: list[Any] = []
        for page in range(1, PAGES + 1):
            paged = {**query, "page_no": page, "page_size": PAGE}
            result = await self._try("GET", variants, query=paged, poll=poll)
            more, total = parse(
                lambda page: (load(list[Any], page[rows]), integer(page["total"])), result
            )
            found += more
            reaches = any(time < since for time in parse_rows(read_time, more))
            if not more or len(found) >= total or reaches:
                break
        return found

    async def _try(
        self,
        method: str,
        variants: _Variants,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        ticketed: bool = False,
        poll: bool = False,
    ) -> Any:
        """Return the result of the first variant that exists.

        The next one is tried only after a refusal that means that nothing was done. Each attempt
        has its own ticket.
        """
        refusals = []
        for path in sorted(variants, key=lambda path: path not in self._answered):
            ticket = {"ticket_id": (await self._ticket()).id} if ticketed else {}
            whole = None if body is None else {**body, **variants[path], **ticket}
            try:
                result = await self._call(method, path, body=whole, query=query, poll=poll)
            except CloudRefused as refused:
                if refused.cause not in _ABSENT:
                    raise
                refusals.append(refused)
            else:
                self._answered = self._answered - variants.keys() | {path}
                return result
        raise min(refusals, key=lambda refused: refused.cause is Cause.NO_ENDPOINT)

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        """Return the result of a call for this lock; `false` is a refusal."""
        result = await self._api.call(method, path, device_id=self._device_id, **options)
        if result is False:
            raise CloudRefused(_UNSUPPORTED)
        return result


async def list_devices(api: OpenApi, *, poll: bool = False) -> list[CloudDevice]:
    """Return all devices of a project, without their local keys."""
    found: list[CloudDevice] = []
    query: dict[str, str | int] = {"size": PAGE}
    for _ in range(PAGES):
        path = "/v1.0/iot-01/associated-users/devices"
        result = await api.call("GET", path, query=query, poll=poll)
        rows, last = parse(_page_of_devices, result)
        found += read_devices(rows)
        if last is None:
            break
        query["last_row_key"] = last
    return found


def _page_of_devices(result: Any) -> tuple[list[Any], str | None]:
    more = load(bool, result.get("has_more") or False)
    last = read_id(result["last_row_key"]) if more else None
    return load(list[Any], result["devices"]), last
