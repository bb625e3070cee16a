"""Who is who: the members of a household and the unlock numbers that are theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
import re

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_DURESS, CONF_NUMBERS, CONF_PERSON, SUBENTRY_MEMBER
from .texts import text
from .tuyalock import MAX_NAME, Unlock, safe_name

OWNED_METHODS = ("fingerprint", "password", "card", "face", "palm", "finger_vein")
"""Methods whose numbers belong to one person each."""

_ALSO_CALLED = {
    "code": "password",
    "finger": "fingerprint",
    "passcode": "password",
    "pin": "password",
    "vein": "finger_vein",
}

_NUMBER = re.compile(r"(\D*?)[ :#]*([0-9]{1,10})")


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


def is_duress(member: Member, unlock: Unlock) -> bool:
    """Return if a member opened with a number that is used under duress."""
    return key_of(unlock) in member.duress


@callback
def read_number(hass: HomeAssistant, typed: str) -> str | None:
    """Return what somebody typed, `finger 3`, as `fingerprint:3`, or None if it is neither.

    A method is known by its name in Home Assistant's language, and by its English ones.
    """
    if not (found := _NUMBER.fullmatch(typed.strip().casefold())):
        return None
    name = " ".join(found[1].replace("_", " ").split())
    names = {text(hass, "methods", one).casefold(): one for one in OWNED_METHODS}
    names |= {one.replace("_", " "): one for one in OWNED_METHODS} | _ALSO_CALLED
    return f"{names[name]}:{int(found[2])}" if name in names else None


def members_of(entry: ConfigEntry) -> dict[str, Member]:
    """Return the members of a lock by their ids."""
    return {
        subentry.subentry_id: _member(subentry)
        for subentry in entry.get_subentries_of_type(SUBENTRY_MEMBER)
    }


def owners(members: Iterable[Member]) -> dict[str, Member]:
    """Return whose each number is, `fingerprint:3`."""
    return {number: one for one in reversed(list(members)) for number in one.numbers}


def name_mistake(name: str, others: Iterable[Member]) -> str | None:
    """Return what is wrong with the name of a member, if anything is."""
    if not name:
        return "empty_name"
    if len(name) > MAX_NAME:
        return "long_name"
    if name != safe_name(name):
        return "bad_name"
    if name.casefold() in {other.name.casefold() for other in others}:
        return "name_taken"
    return None


def _member(subentry: ConfigSubentry) -> Member:
    data = subentry.data
    return Member(
        subentry.subentry_id,
        subentry.title,
        data.get(CONF_PERSON),
        frozenset(data[CONF_NUMBERS]),
        frozenset(data.get(CONF_DURESS, ())),
    )
