"""Targets and options that triggers, conditions and actions share."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)

from .const import CONF_NUMBERS, DOMAIN
from .coordinator import LockCoordinator
from .members import Member
from .tuyalock import UNLOCK_METHODS, Unlock

CONF_MEMBERS: Final = "members"
CONF_METHODS: Final = "methods"

MEMBERS_OPTION: Final = {vol.Optional(CONF_MEMBERS): vol.All(cv.ensure_list, [cv.string])}
MATCH_OPTIONS: Final = {
    **MEMBERS_OPTION,
    vol.Optional(CONF_METHODS): vol.All(cv.ensure_list, [vol.In(UNLOCK_METHODS)]),
    vol.Optional(CONF_NUMBERS): vol.All(cv.ensure_list, [cv.positive_int]),
}
"""Which unlocks are meant; an empty list means all, as none does."""

LAST_OPENING = "last_opening"
LATE_OPENING = "late_opening"

type Whose = frozenset[str] | None
"""The ids of those members whose unlocks are meant; None means everybody's."""


@callback
def ours(hass: HomeAssistant, entity_ids: Iterable[str]) -> Iterator[er.RegistryEntry]:
    """Return those entities that belong to this integration."""
    registry = er.async_get(hass)
    for entity_id in entity_ids:
        if (entity := registry.async_get(entity_id)) and entity.platform == DOMAIN:
            yield entity


@callback
def part_of_lock(hass: HomeAssistant, one: er.RegistryEntry, platform: str, key: str) -> str | None:
    """Return an entity of the lock that another entity belongs to."""
    entry = hass.config_entries.async_get_entry(one.config_entry_id or "")
    if entry is None:
        return None
    unique_id = f"{entry.data[CONF_DEVICE_ID]}_{key}"
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)


@callback
def parts_of_locks(
    hass: HomeAssistant, entity_ids: Iterable[str], platform: str, key: str
) -> set[str]:
    """Return the entities of one kind in a target: of its locks, or named themselves."""
    parts = {
        part_of_lock(hass, entity, platform, key)
        for entity in ours(hass, entity_ids)
        if entity.domain == LOCK_DOMAIN or entity.translation_key == key
    }
    return {part for part in parts if part}


@callback
def unlock_events(
    hass: HomeAssistant, entity_ids: Iterable[str], *, late: bool
) -> dict[str, Whose]:
    """Return the unlock events in a target, and whose unlocks of each."""
    events: dict[str, Whose] = {}
    for entity in ours(hass, entity_ids):
        for event, whose in _events_of(hass, entity, late=late):
            events[event] = either(events[event], whose) if event in events else whose
    return events


def _events_of(
    hass: HomeAssistant, entity: er.RegistryEntry, *, late: bool
) -> Iterator[tuple[str, Whose]]:
    """Return the events that one entity stands for; those of a member are among the lock's."""
    keys = (LAST_OPENING, LATE_OPENING) if late else (LAST_OPENING,)
    member = entity.config_subentry_id
    if member or entity.domain == LOCK_DOMAIN:
        for key in keys:
            if event := part_of_lock(hass, entity, EVENT_DOMAIN, key):
                yield event, frozenset({member}) if member else None
    elif entity.domain == EVENT_DOMAIN and entity.translation_key in keys:
        yield entity.entity_id, None


@callback
def locks_of(hass: HomeAssistant, entity_ids: Iterable[str]) -> dict[str, Whose]:
    """Return the config entries of the locks in a target, and whose unlocks of each."""
    locks: dict[str, Whose] = {}
    for entity in ours(hass, entity_ids):
        if (entry_id := entity.config_entry_id) is None:
            continue
        member = entity.config_subentry_id
        whose = frozenset({member}) if member else None
        locks[entry_id] = either(locks[entry_id], whose) if entry_id in locks else whose
    return locks


def either(one: Whose, other: Whose) -> Whose:
    """Return whose unlocks two targets mean together."""
    return None if one is None or other is None else one | other


def covers(whose: Whose, member: Member | None) -> bool:
    """Return if the unlocks of a member, or of nobody that is known, are meant."""
    return whose is None or (member is not None and member.id in whose)


@callback
def member_of(hass: HomeAssistant, entry_id: str | None, unlock: Unlock) -> Member | None:
    """Return whose number has opened a lock that is set up."""
    entry = hass.config_entries.async_get_entry(entry_id or "")
    lock: LockCoordinator | None = getattr(entry, "runtime_data", None)
    return lock.owner(unlock) if lock else None


@callback
def is_among(
    hass: HomeAssistant, entry_id: str | None, member: Member | None, device_ids: Iterable[str]
) -> bool:
    """Return if the device of a member is one of those that were chosen."""
    if member is None or entry_id is None:
        return False
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, member.id), entry_id)
    return device is not None and device.id in device_ids


@callback
def mismatch(
    hass: HomeAssistant,
    options: Mapping[str, Any],
    entry_id: str | None,
    unlock: Unlock,
    member: Member | None,
) -> str | None:
    """Return why an unlock does not match the options, or None if it does."""
    methods, numbers, devices = map(options.get, (CONF_METHODS, CONF_NUMBERS, CONF_MEMBERS))
    if methods and unlock.method not in methods:
        return "other_method"
    if numbers and unlock.number not in numbers:
        return "other_number"
    if devices and not is_among(hass, entry_id, member, devices):
        return "other_member"
    return None
