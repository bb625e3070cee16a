"""Who is who: the members of a household and the unlock numbers that are theirs."""

from collections.abc import Iterable
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from .const import CONF_DURESS, CONF_NUMBERS, CONF_PERSON, SUBENTRY_MEMBER
from .tuyalock import Unlock

OWNED_METHODS = ("fingerprint", "password", "card", "face", "palm", "finger_vein")
"""Methods whose numbers belong to one person each."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the household."""

    id: str
    """The id of the subentry."""
    name: str
    person: str | None
    """The entity id of a person."""
    numbers: frozenset[str]
    duress: frozenset[str]
    """Those of the numbers that are used under duress."""


def key_of(unlock: Unlock) -> str | None:
    """Return what an unlock is assigned by, `fingerprint:3`, or None if it is nobody's."""
    if unlock.method not in OWNED_METHODS or unlock.number is None:
        return None
    return f"{unlock.method}:{unlock.number}"


def members_of(entry: ConfigEntry) -> dict[str, Member]:
    """Return the members of a lock by their ids."""
    return {
        subentry.subentry_id: _member(subentry)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_MEMBER
    }


def owner(members: Iterable[Member], unlock: Unlock) -> Member | None:
    """Return whose number opened the lock."""
    key = key_of(unlock)
    return next((member for member in members if key in member.numbers), None)


def _member(subentry: ConfigSubentry) -> Member:
    """Return the member of a subentry."""
    data = subentry.data
    return Member(
        subentry.subentry_id,
        subentry.title,
        data.get(CONF_PERSON),
        frozenset(data[CONF_NUMBERS]),
        frozenset(data.get(CONF_DURESS, ())),
    )
