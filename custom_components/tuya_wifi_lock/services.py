"""The actions of a lock."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import voluptuous as vol

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import (
    async_extract_entity_ids,
    async_register_platform_entity_service,
)
from homeassistant.helpers.typing import VolDictType
from homeassistant.util.json import JsonObjectType

from .const import DOMAIN
from .coordinator import LockCoordinator
from .diagnosis.report import async_diagnose, async_in_words
from .lock import TuyaWifiLock
from .members import Member, members_of
from .password_services import async_setup_password_services
from .texts import TIME, iso
from .triggers.targets import CONF_MEMBERS, CONF_METHODS, mismatch, ours
from .tuyalock import UNLOCK_METHODS, Kind, Record

ATTR_LIMIT = "limit"
ATTR_MEMBER = "member"
ATTR_METHOD = "method"
ATTR_SINCE = "since"
ATTR_UNTIL = "until"

DIAGNOSE = "diagnose"
GET_RECORDS = "get_records"
GET_RECORDS_FIELDS: VolDictType = {
    vol.Optional(ATTR_MEMBER): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_METHOD): vol.All(cv.ensure_list, [vol.In(UNLOCK_METHODS)]),
    vol.Optional(ATTR_SINCE): TIME,
    vol.Optional(ATTR_UNTIL): TIME,
    vol.Optional(ATTR_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1)),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        GET_RECORDS,
        entity_domain=LOCK_DOMAIN,
        schema=GET_RECORDS_FIELDS,
        func=_async_get_records,
        supports_response=SupportsResponse.ONLY,
    )
    # Not an action of the entity: it is needed most while the lock is unavailable.
    hass.services.async_register(
        DOMAIN,
        DIAGNOSE,
        _async_diagnose,
        schema=cv.make_entity_service_schema({}),
        supports_response=SupportsResponse.ONLY,
    )
    async_setup_password_services(hass)


async def _async_get_records(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Return the stored unlocks of a lock, newest first."""
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
    """Return a record as the action responds with it."""
    return {
        "record": record.id,
        "time": iso(record.known_time),
        "received": iso(record.when.received),
        "age": record.age.value if record.age else None,
        "method": record.unlock.method,
        "number": record.unlock.number,
        "code_name": record.unlock.code_name,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "password_name": coordinator.lock.password_name(record),
        "route": record.source.value,
    }


async def _async_diagnose(call: ServiceCall) -> ServiceResponse:
    """Check the locks of the target."""
    hass = call.hass
    answer: JsonObjectType = {}
    for entity in ours(hass, await async_extract_entity_ids(call)):
        entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
        if entity.domain == LOCK_DOMAIN and entry and entry.state is ConfigEntryState.LOADED:
            findings = await async_diagnose(entry.runtime_data)
            answer[entity.entity_id] = await async_in_words(hass, findings)
    return answer
