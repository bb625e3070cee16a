"""The actions of a lock."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
import time
from typing import Any

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import (
    async_extract_entity_ids,
    async_register_platform_entity_service,
)
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from .const import DOMAIN
from .coordinator import LockCoordinator
from .diagnosis import async_diagnose, async_in_words
from .entity import TuyaLockEntity
from .guests import DAYS, clock_time
from .members import Member, members_of
from .targets import CONF_MEMBERS, CONF_METHODS, mismatch, ours
from .texts import TIME, local_iso
from .tuyalock import (
    UNLOCK_METHODS,
    Kind,
    Record,
    TemporaryPassword,
    TemporaryPasswords,
    is_clock_set,
)

ATTR_CODE = "code"
ATTR_END = "end"
ATTR_KIND = "kind"
ATTR_LIMIT = "limit"
ATTR_MEMBER = "member"
ATTR_METHOD = "method"
ATTR_NAME = "name"
ATTR_ONCE = "once"
ATTR_PASSWORD = "password"
ATTR_SINCE = "since"
ATTR_START = "start"
ATTR_UNTIL = "until"

DIAGNOSE = "diagnose"

DYNAMIC_VALID = 300.0
"""Seconds for which a dynamic password opens."""
OFFLINE_KINDS = ("once", "multiple", "clear_all")
"""Opens once, opens until it ends, or deletes all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityAction:
    """An action of the lock's entity."""

    func: Callable[[TuyaLockEntity, ServiceCall], Coroutine[Any, Any, JsonObjectType]]
    fields: VolDictType
    response: SupportsResponse = SupportsResponse.ONLY
    admin_only: bool = True
    """Only administrators may create keys to a door."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action in ACTIONS.items():
        async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            admin_only=action.admin_only,
            entity_domain=LOCK_DOMAIN,
            schema=action.fields,
            func=action.func,
            supports_response=action.response,
        )
    # Not an action of the entity: it is needed most while the lock is unavailable.
    hass.services.async_register(
        DOMAIN,
        DIAGNOSE,
        _async_diagnose,
        schema=cv.make_entity_service_schema({}),
        supports_response=SupportsResponse.ONLY,
    )


# The check, and the stored unlocks


async def _async_check_permission(call: ServiceCall, entity_id: str, policy: str) -> None:
    """Raise Unauthorized if the user who calls may not do something with a lock."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=policy)
    if not user.permissions.check_entity(entity_id, policy):
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=policy)


async def _async_diagnose(call: ServiceCall) -> ServiceResponse:
    """Check the locks in the target, for users who may control them."""
    hass = call.hass
    locks = {
        entity.entity_id: hass.config_entries.async_get_entry(entity.config_entry_id or "")
        for entity in ours(hass, await async_extract_entity_ids(call))
        if entity.domain == LOCK_DOMAIN
    }
    named = call.data.get(ATTR_ENTITY_ID) or []
    if strangers := [one for one in named if one not in locks]:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_lock_of_ours",
            translation_placeholders={"entity": ", ".join(strangers)},
        )
    if not locks:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_lock_in_target")
    for entity_id in locks:
        await _async_check_permission(call, entity_id, POLICY_CONTROL)
    for entry in locks.values():
        if entry and entry.state is not ConfigEntryState.LOADED:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="lock_not_loaded",
                translation_placeholders={"lock": entry.title},
            )
    return {
        entity_id: await async_in_words(hass, await async_diagnose(entry.runtime_data))
        for entity_id, entry in locks.items()
        if entry
    }


async def _async_get_records(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    """Return the stored unlocks of a lock, newest first.

    Home Assistant lets those call it who may control the lock; they also have to be those who see
    its history.
    """
    await _async_check_permission(call, lock.entity_id, POLICY_READ)
    records = islice(_matching(lock.coordinator, call.data), call.data.get(ATTR_LIMIT))
    return {"records": [_response(lock.coordinator, record, member) for record, member in records]}


def _matching(
    coordinator: LockCoordinator, filters: Mapping[str, Any]
) -> Iterator[tuple[Record, Member | None]]:
    """Return the records that match the filters, and whose each is, newest first."""
    hass, entry_id = coordinator.hass, coordinator.config_entry.entry_id
    options = {
        CONF_MEMBERS: filters.get(ATTR_MEMBER, []),
        CONF_METHODS: filters.get(ATTR_METHOD, []),
    }
    _check_members(hass, options[CONF_MEMBERS])
    since, until = filters.get(ATTR_SINCE), filters.get(ATTR_UNTIL)
    records = coordinator.lock.records(Kind.UNLOCK)
    for record in sorted(records, key=lambda one: (-one.happened, -one.id)):
        member = coordinator.owner(record.unlock)
        if since is not None and record.happened < since:
            continue
        if until is not None and record.happened > until:
            continue
        if not mismatch(hass, options, entry_id, record.unlock, member):
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


def _response(
    coordinator: LockCoordinator, record: Record, member: Member | None
) -> JsonObjectType:
    return {
        "record": record.id,
        "time": local_iso(record.known_time),
        "received": local_iso(record.when.received if is_clock_set(record.when.received) else None),
        "age": record.age.value if record.age else None,
        "method": record.unlock.method,
        "number": record.unlock.number,
        "code_name": record.unlock.code_name,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "password_name": coordinator.lock.password_name(record),
        "route": record.source.value,
    }


# Temporary passwords, and codes that the lock verifies by itself


async def _async_add(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    """Create a temporary password, and return its digits, which are stored nowhere."""
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password, code = await passwords.add(
            data[ATTR_NAME],
            data[ATTR_START],
            data[ATTR_END],
            once=data[ATTR_ONCE],
            code=data.get(ATTR_CODE),
        )
    return {"code": code, **_code_response(lock, password)}


async def _async_modify(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password, _ = await passwords.modify(
            data[ATTR_PASSWORD],
            name=data.get(ATTR_NAME),
            code=data[ATTR_CODE],
            start=data.get(ATTR_START),
            end=data.get(ATTR_END),
        )
    return _code_response(lock, password)


async def _async_delete(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    """Delete a temporary password, and return if the lock has to wake for that."""
    passwords = _passwords(lock)
    with lock.coordinator.action():
        password = await passwords.delete(call.data[ATTR_PASSWORD])
    return _code_response(lock, password)


async def _async_get(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    passwords = _passwords(lock)
    with lock.coordinator.action():
        await passwords.refresh()
    now = time.time()
    valid: list[JsonValueType] = [_code_response(lock, one) for one in passwords.valid(now)]
    return {"passwords": valid, "room": passwords.room(now)}


async def _async_get_dynamic(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    """Return the digits that open for the next minutes."""
    passwords = _passwords(lock)
    with lock.coordinator.action():
        code = await passwords.dynamic()
    return {"code": code, "valid_until": local_iso(time.time() + DYNAMIC_VALID)}


async def _async_add_offline(lock: TuyaLockEntity, call: ServiceCall) -> JsonObjectType:
    """Create digits that the lock verifies by itself, without receiving them."""
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password = await passwords.offline(
            data[ATTR_KIND], data.get(ATTR_NAME), data.get(ATTR_START), data.get(ATTR_END)
        )
    return {
        "code": password.code,
        "name": password.name,
        "start": local_iso(password.start),
        "end": local_iso(password.end),
    }


def _passwords(lock: TuyaLockEntity) -> TemporaryPasswords:
    passwords = lock.coordinator.lock.passwords
    if not passwords.available:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_cloud")
    return passwords


def _code_response(lock: TuyaLockEntity, password: TemporaryPassword) -> JsonObjectType:
    code = lock.coordinator.guests.seen(password)
    weekly = code.weekly
    return {
        "id": code.id,
        "name": code.name,
        "number": code.number,
        "start": code.start.isoformat(),
        "end": code.end.isoformat(),
        "once": code.once,
        "weekly": {
            "days": [DAYS[day] for day in sorted(weekly.days)],
            "from": clock_time(weekly.start).isoformat(),
            "to": clock_time(weekly.end).isoformat(),
        }
        if weekly
        else None,
        "phase": code.phase,
        "status": code.status,
    }


ACTIONS = {
    "get_records": EntityAction(
        func=_async_get_records,
        fields={
            vol.Optional(ATTR_MEMBER): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional(ATTR_METHOD): vol.All(cv.ensure_list, [vol.In(UNLOCK_METHODS)]),
            vol.Optional(ATTR_SINCE): TIME,
            vol.Optional(ATTR_UNTIL): TIME,
            vol.Optional(ATTR_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1)),
        },
        admin_only=False,
    ),
    "add_temporary_password": EntityAction(
        func=_async_add,
        fields={
            vol.Required(ATTR_NAME): cv.string,
            vol.Optional(ATTR_CODE): cv.string,
            vol.Optional(ATTR_START, default=dt_util.utcnow): TIME,
            vol.Required(ATTR_END): TIME,
            vol.Optional(ATTR_ONCE, default=False): cv.boolean,
        },
    ),
    "modify_temporary_password": EntityAction(
        func=_async_modify,
        fields={
            vol.Required(ATTR_PASSWORD): cv.string,
            vol.Required(ATTR_CODE): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
        },
        response=SupportsResponse.OPTIONAL,
    ),
    "delete_temporary_password": EntityAction(
        func=_async_delete,
        fields={vol.Required(ATTR_PASSWORD): cv.string},
        response=SupportsResponse.OPTIONAL,
    ),
    "get_temporary_passwords": EntityAction(func=_async_get, fields={}),
    "get_dynamic_password": EntityAction(func=_async_get_dynamic, fields={}),
    "add_offline_password": EntityAction(
        func=_async_add_offline,
        fields={
            vol.Required(ATTR_KIND): vol.In(OFFLINE_KINDS),
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
        },
    ),
}
