"""The actions of a lock."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from math import inf
import time
from typing import Any, Literal

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.calendar import DOMAIN as CALENDAR_DOMAIN
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CODE, ATTR_ENTITY_ID, ATTR_NAME, ENTITY_MATCH_ALL
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_extract_entity_ids
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from .const import DOMAIN
from .coordinator import LockCoordinator
from .diagnosis import async_diagnose, async_in_words
from .guests import DAYS, LAST_MINUTE, MINUTE, clock_time, day_names, schedule
from .members import Member, members_of
from .targets import CONF_MEMBERS, CONF_METHODS, mismatch, ours
from .texts import TIME, local_iso, local_time
from .tuyalock import (
    UNLOCK_METHODS,
    Kind,
    Record,
    TemporaryPassword,
    TemporaryPasswords,
    Weekly,
)

ATTR_DURATION = "duration"
ATTR_END = "end"
ATTR_FROM = "from"
ATTR_KIND = "kind"
ATTR_LIMIT = "limit"
ATTR_MEMBER = "member"
ATTR_METHOD = "method"
ATTR_ONCE = "once"
ATTR_SINCE = "since"
ATTR_START = "start"
ATTR_TO = "to"
ATTR_UNTIL = "until"
ATTR_WEEKDAYS = "weekdays"
ATTR_WHICH = "which"

DYNAMIC_VALID = 300.0
"""Seconds for which a dynamic password opens."""
OFFLINE_KINDS = ("once", "multiple", "clear_all")
"""Opens once, opens until it ends, or deletes all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockAction:
    """An action of a lock, and its fields."""

    func: Callable[[LockCoordinator, ServiceCall], Coroutine[Any, Any, JsonObjectType]]
    fields: VolDictType
    response: SupportsResponse = SupportsResponse.ONLY
    policies: tuple[str, ...] = (POLICY_CONTROL,)
    """What its users have to be allowed to do with the lock."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions.

    They are none of the entity: Home Assistant would skip a lock that is unavailable, though the
    records are here, guest codes are in the cloud, and the check is needed most then.
    """
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            partial(_async_call, action),
            schema=cv.make_entity_service_schema(action.fields),
            supports_response=action.response,
        )


async def _async_call(action: LockAction, call: ServiceCall) -> ServiceResponse:
    """Call an action for each lock in the target; raise the first error once all are through."""
    locks = await _async_locks(call, action.policies)
    calls = [action.func(lock, call) for lock in locks.values()]
    answers: dict[str, JsonValueType] = {}
    for entity_id, answer in zip(
        locks, await asyncio.gather(*calls, return_exceptions=True), strict=True
    ):
        if isinstance(answer, BaseException):
            raise answer
        answers[entity_id] = answer
    return answers if call.return_response else None


async def _async_locks(call: ServiceCall, policies: Iterable[str]) -> dict[str, LockCoordinator]:
    """Return the locks in the target by their entities, for users who may do this with them."""
    hass, named = call.hass, call.data.get(ATTR_ENTITY_ID)
    if named == ENTITY_MATCH_ALL:
        found = set(hass.states.async_entity_ids(LOCK_DOMAIN))
    else:
        found = await async_extract_entity_ids(call)
    entries = {
        entity.entity_id: hass.config_entries.async_get_known_entry(entity.config_entry_id or "")
        for entity in ours(hass, found)
        if entity.domain == LOCK_DOMAIN
    }
    if isinstance(named, list) and (strangers := found.intersection(named) - entries.keys()):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_lock_of_ours",
            translation_placeholders={"entity": ", ".join(sorted(strangers))},
        )
    if not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_lock_in_target")
    for entity_id in entries:
        for policy in policies:
            await _async_check_permission(call, entity_id, policy)
    for entry in entries.values():
        if entry.state is not ConfigEntryState.LOADED:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="lock_not_loaded",
                translation_placeholders={"lock": entry.title},
            )
    return {entity_id: entry.runtime_data for entity_id, entry in entries.items()}


async def _async_check_permission(call: ServiceCall, entity_id: str, policy: str) -> None:
    """Raise Unauthorized if the user who calls may not do something with a lock."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=policy)
    if not user.permissions.check_entity(entity_id, policy):
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=policy)


# The check, and the stored unlocks


async def _async_diagnose(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Check a lock."""
    return await async_in_words(call.hass, await async_diagnose(lock))


async def _async_get_records(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Return the stored unlocks of a lock, newest first."""
    records = [*_matching(lock, call.data)][: call.data.get(ATTR_LIMIT)]
    return {"records": [_response(lock, record, member) for record, member in records]}


def _matching(
    lock: LockCoordinator, filters: Mapping[str, Any]
) -> Iterator[tuple[Record, Member | None]]:
    """Return the records that match the filters, and whose each is, newest first."""
    options = {
        CONF_MEMBERS: filters.get(ATTR_MEMBER, []),
        CONF_METHODS: filters.get(ATTR_METHOD, []),
    }
    _check_members(lock.hass, options[CONF_MEMBERS])
    since, until = filters.get(ATTR_SINCE, -inf), filters.get(ATTR_UNTIL, inf)
    records = lock.lock.records(Kind.UNLOCK)
    for record in sorted(records, key=lambda one: (-one.happened, -one.id)):
        member = lock.owner(record.unlock)
        if since <= record.happened <= until and not mismatch(
            lock.hass, options, record.unlock, member
        ):
            yield record, member


def _check_members(hass: HomeAssistant, device_ids: Iterable[str]) -> None:
    """Raise if a device is no member of any lock; a target may have several locks."""
    members = {
        dr.async_get_device_id_by_identifier(hass, (DOMAIN, member), config_entry_id=entry.entry_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for member in members_of(entry)
    }
    if not members.issuperset(device_ids):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_member")


def _response(lock: LockCoordinator, record: Record, member: Member | None) -> JsonObjectType:
    return {
        "record": record.id,
        "time": local_iso(record.known_time),
        "received": local_iso(record.when.received),
        "age": record.age.value if record.age else None,
        "method": record.unlock.method,
        "number": record.unlock.number,
        "code_name": record.unlock.code_name,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "password_name": lock.lock.password_name(record),
        "route": record.source.value,
    }


# Guest codes, and codes that the lock verifies by itself


async def _async_add(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Make a guest code, and return its digits, which are stored nowhere."""
    data = call.data
    async with _managing(lock, call) as passwords:
        password, code = await passwords.add(
            data[ATTR_NAME],
            data[ATTR_START],
            _end(data),
            once=data[ATTR_ONCE],
            weekly=_weekly(data) or None,
            code=data.get(ATTR_CODE),
        )
    return {"code": code, **_code_response(lock, password)}


async def _async_modify(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Change a guest code; without its digits it gets new ones, which the answer has."""
    data, given = call.data, call.data.get(ATTR_CODE)
    async with _managing(lock, call) as passwords:
        if given is None and not call.return_response:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="new_digits_lost"
            )
        password, code = await passwords.modify(
            data[ATTR_WHICH],
            name=data.get(ATTR_NAME),
            start=data.get(ATTR_START),
            end=data.get(ATTR_END),
            weekly=_weekly(data),
            code=given,
        )
    return {**({} if given else {"code": code}), **_code_response(lock, password)}


async def _async_delete(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Delete a guest code, and return if the lock has to wake for that."""
    async with _managing(lock, call) as passwords:
        return _code_response(lock, await passwords.delete(call.data[ATTR_WHICH]))


async def _async_get(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    async with _managing(lock, call) as passwords:
        await passwords.refresh()
    valid: list[JsonValueType] = [_code_response(lock, code) for code in lock.guests.codes]
    return {"passwords": valid, "room": lock.guests.room}


async def _async_get_new(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Return the digits of a code that the user who calls has just made in the calendar."""
    new = lock.new_codes
    async with _managing(lock, call) as passwords:
        password = passwords.find(call.data[ATTR_WHICH])
    code = new.async_take(password.id, call.context.user_id) if new else None
    if code is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="new_code_gone")
    return {"code": code, **_code_response(lock, password)}


async def _async_sync(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Make the codes of a lock as the bookings of a calendar are."""
    await lock.guests.async_check(call.context)
    await _async_check_permission(call, call.data["calendar"], POLICY_READ)
    bookings = await lock.async_get_bookings()
    from .bookings import Wishes

    wishes = Wishes(**{one.name: call.data[one.name] for one in fields(Wishes)})
    synced = await bookings.async_sync(wishes)
    if synced.failed and not call.return_response:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="guest_codes_not_synced",
            translation_placeholders={
                "names": ", ".join(one["name"] for one in synced.failed),
                "error": synced.failed[0]["error"],
            },
        )
    return asdict(synced)


async def _async_get_dynamic(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Return the digits that open for the next minutes."""
    async with _managing(lock, call) as passwords:
        code = await passwords.dynamic()
    return {"code": code, "valid_until": local_iso(time.time() + DYNAMIC_VALID)}


async def _async_add_offline(lock: LockCoordinator, call: ServiceCall) -> JsonObjectType:
    """Create digits that the lock verifies by itself, without receiving them."""
    data = call.data
    async with _managing(lock, call) as passwords:
        password = await passwords.offline(
            data[ATTR_KIND], data.get(ATTR_NAME), data.get(ATTR_START), data.get(ATTR_END)
        )
    return {
        "code": password.code,
        "name": password.name,
        "start": local_iso(password.start),
        "end": local_iso(password.end),
    }


@asynccontextmanager
async def _managing(lock: LockCoordinator, call: ServiceCall) -> AsyncGenerator[TemporaryPasswords]:
    """Give the codes of a lock to a user who may manage them."""
    await lock.guests.async_check(call.context)
    with lock.guests.action() as passwords:
        yield passwords


def _end(data: Mapping[str, Any]) -> float:
    """Return the end of a code in Unix seconds, from an end or a duration."""
    end, duration = data.get(ATTR_END), data.get(ATTR_DURATION)
    if end is not None and duration is None:
        return float(end)
    if duration is not None and end is None:
        return float(data[ATTR_START] + duration.total_seconds())
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="end_or_duration")


def _weekly(data: Mapping[str, Any]) -> Weekly | Literal[False] | None:
    """Return the schedule that a call wants: None if it names none, False if it has no days."""
    given = [data[key] for key in (ATTR_WEEKDAYS, ATTR_FROM, ATTR_TO) if key in data]
    if not given:
        return None
    if given[0] == []:
        return False
    if len(given) != 3:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="weekly_incomplete")
    days, start, end = given
    return schedule(days, start, end or LAST_MINUTE)


def _code_response(lock: LockCoordinator, code: TemporaryPassword) -> JsonObjectType:
    weekly = code.weekly
    return {
        "id": code.id,
        "name": code.name,
        "number": code.number,
        "start": local_time(code.start).isoformat(),
        "end": local_time(code.end).isoformat(),
        "once": code.once,
        "weekly": {
            ATTR_WEEKDAYS: [*day_names(weekly)],
            ATTR_FROM: clock_time(weekly.start).isoformat("minutes"),
            ATTR_TO: clock_time(weekly.end).isoformat("minutes"),
        }
        if weekly
        else None,
        "phase": code.status(time.time()),
        "status": lock.guests.status(code),
    }


_WEEKLY: VolDictType = {
    vol.Optional(ATTR_WEEKDAYS): vol.All(cv.ensure_list, [vol.All(vol.In(DAYS), DAYS.index)]),
    vol.Optional(ATTR_FROM): MINUTE,
    vol.Optional(ATTR_TO): MINUTE,
}

ACTIONS = {
    "diagnose": LockAction(func=_async_diagnose, fields={}),
    "get_records": LockAction(
        func=_async_get_records,
        fields={
            vol.Optional(ATTR_MEMBER): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional(ATTR_METHOD): vol.All(cv.ensure_list, [vol.In(UNLOCK_METHODS)]),
            vol.Optional(ATTR_SINCE): TIME,
            vol.Optional(ATTR_UNTIL): TIME,
            vol.Optional(ATTR_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1)),
        },
        # Whoever calls it sees the history of the lock.
        policies=(POLICY_CONTROL, POLICY_READ),
    ),
    "add_temporary_password": LockAction(
        func=_async_add,
        fields={
            vol.Required(ATTR_NAME): cv.string,
            vol.Optional(ATTR_CODE): cv.string,
            vol.Optional(ATTR_START, default=dt_util.utcnow): TIME,
            vol.Optional(ATTR_END): TIME,
            vol.Optional(ATTR_DURATION): cv.positive_time_period,
            vol.Optional(ATTR_ONCE, default=False): cv.boolean,
            **_WEEKLY,
        },
    ),
    "modify_temporary_password": LockAction(
        func=_async_modify,
        fields={
            vol.Required(ATTR_WHICH): cv.string,
            vol.Optional(ATTR_CODE): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
            **_WEEKLY,
        },
        response=SupportsResponse.OPTIONAL,
    ),
    "delete_temporary_password": LockAction(
        func=_async_delete,
        fields={vol.Required(ATTR_WHICH): cv.string},
        response=SupportsResponse.OPTIONAL,
    ),
    "get_temporary_passwords": LockAction(func=_async_get, fields={}),
    "get_dynamic_password": LockAction(func=_async_get_dynamic, fields={}),
    "add_offline_password": LockAction(
        func=_async_add_offline,
        fields={
            vol.Required(ATTR_KIND): vol.In(OFFLINE_KINDS),
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
        },
    ),
    "get_new_code": LockAction(func=_async_get_new, fields={vol.Required(ATTR_WHICH): cv.string}),
    "sync_guest_codes": LockAction(
        func=_async_sync,
        fields={
            vol.Required("calendar"): cv.entity_domain(CALENDAR_DOMAIN),
            vol.Optional("lead_time", default={"days": 7}): cv.positive_time_period,
            vol.Optional("check_in", default="15:00:00"): cv.time,
            vol.Optional("check_out", default="11:00:00"): cv.time,
            vol.Optional("only", default=""): cv.is_regex,
            vol.Optional("digits", default=""): cv.is_regex,
            vol.Optional("phones", default=list): vol.All(cv.ensure_list, [cv.string]),
        },
        response=SupportsResponse.OPTIONAL,
    ),
}
