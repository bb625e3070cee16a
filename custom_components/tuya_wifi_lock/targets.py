"""Targets and options that triggers, conditions and actions share."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import CONF_DEVICE_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import VolDictType

from .const import CONF_NUMBERS, DOMAIN
from .members import Member
from .tuyalock import UNLOCK_METHODS, Unlock

CONF_MEMBERS: Final = "members"
CONF_METHODS: Final = "methods"

MEMBERS_OPTION: VolDictType = {vol.Optional(CONF_MEMBERS): vol.All(cv.ensure_list, [cv.string])}
MATCH_OPTIONS: VolDictType = {
    **MEMBERS_OPTION,
    vol.Optional(CONF_METHODS): vol.All(cv.ensure_list, [vol.In(UNLOCK_METHODS)]),
    vol.Optional(CONF_NUMBERS): vol.All(cv.ensure_list, [cv.positive_int]),
}
"""Which unlocks are meant; an empty list means all, as none does."""


def with_options(options: VolDictType) -> vol.Schema:
    """Return the schema of a trigger or a condition with these options."""
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default={}): options,
        }
    )


type Whose = set[str | None]
"""The ids of those members whose unlocks are meant; None among them means everybody's."""


@callback
def ours(hass: HomeAssistant, entity_ids: Iterable[str]) -> Iterator[er.RegistryEntry]:
    """Return those entities that belong to this integration."""
    registry = er.async_get(hass)
    for entity_id in entity_ids:
        if (entity := registry.async_get(entity_id)) and entity.platform == DOMAIN:
            yield entity


@callback
def locks_of(
    hass: HomeAssistant, target: dict[str, Any], *, primary_entities_only: bool
) -> Mapping[str | None, Whose]:
    """Return the config entries of the locks in a target, and whose unlocks of each."""
    found = async_extract_referenced_entity_ids(
        hass,
        TargetSelection(target),
        expand_group=False,
        primary_entities_only=primary_entities_only,
    )
    locks: defaultdict[str | None, Whose] = defaultdict(set)
    for entity in ours(hass, found.referenced | found.indirectly_referenced):
        locks[entity.config_entry_id].add(entity.config_subentry_id)
    return locks


@callback
def parts_of_locks(
    hass: HomeAssistant, entity_ids: Iterable[str], platform: str, *keys: str
) -> Mapping[str, Whose]:
    """Return the entities of some kinds in a target, and whose unlocks each has.

    They are those of its locks, those of the locks of its members, and those named themselves.
    """
    parts: defaultdict[str, Whose] = defaultdict(set)
    for entity in ours(hass, entity_ids):
        member = entity.config_subentry_id
        entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
        if entry is None:
            continue
        for key in keys:
            if member or entity.domain == LOCK_DOMAIN or entity.translation_key == key:
                unique_id = f"{entry.data[CONF_DEVICE_ID]}_{key}"
                if part := er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id):
                    parts[part].add(member)
    return parts


def covers(whose: Whose, member: Member | None) -> bool:
    """Return if the unlocks of a member, or of nobody that is known, are meant."""
    return None in whose or (member is not None and member.id in whose)


@callback
def is_among(hass: HomeAssistant, member: Member | None, device_ids: Iterable[str]) -> bool:
    """Return if the device of a member is one of those that were chosen."""
    chosen = map(dr.async_get(hass).async_get, device_ids)
    return member is not None and any(
        device is not None and (DOMAIN, member.id) in device.identifiers for device in chosen
    )


@callback
def mismatch(
    hass: HomeAssistant, options: Mapping[str, Any], unlock: Unlock, member: Member | None
) -> str | None:
    """Return why an unlock does not match the options, or None if it does."""
    methods, numbers, devices = map(options.get, (CONF_METHODS, CONF_NUMBERS, CONF_MEMBERS))
    if methods and unlock.method not in methods:
        return "other_method"
    if numbers and unlock.number not in numbers:
        return "other_number"
    if devices and not is_among(hass, member, devices):
        return "other_member"
    return None
