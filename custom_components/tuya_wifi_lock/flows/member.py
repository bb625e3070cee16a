"""Adds the members of a household, and changes them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from ..const import CONF_DURESS, CONF_NUMBERS, CONF_PERSON, DOMAIN
from ..coordinator import LockConfigEntry
from ..members import (
    Member,
    key_of,
    members_of,
    name_mistake,
    number_name,
    owner_of,
    read_number,
)
from ..project import async_get_cloud
from ..tuyalock import Age, Kind, Record
from ..tuyalock.exceptions import CloudError

CONF_MEMBER = "member"

ACCOUNT_WITHIN = 5.0
"""Seconds that the cloud has to tell who the app's members are."""

WHO = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Optional(CONF_PERSON): EntitySelector(EntitySelectorConfig(domain="person")),
    }
)


class MemberSubentryFlow(ConfigSubentryFlow):
    """Add a member of the household, or change one."""

    def __init__(self) -> None:
        """Start with nobody found."""
        super().__init__()
        self._found: dict[str, dict[str, Any]] = {}
        """What the form begins with for those who can be taken over, by their name."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a member, beginning with those that the app and other locks know."""
        if user_input is None:
            self._found = self._elsewhere()
            for name, values in (await self._async_in_account()).items():
                self._found[name] = self._found.get(name, {}) | values
            return await self.async_step_found() if self._found else self._show_form("user", {})
        others = list(self._members().values())
        errors, placeholders = mistakes(user_input, others)
        if errors:
            return self._show_form("user", user_input, errors, placeholders)
        return self.async_create_entry(
            title=user_input[CONF_NAME].strip(), data=member_data(user_input)
        )

    async def async_step_found(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Offer to take over a member of the app or of another lock."""
        if user_input is None:
            return self.async_show_form(step_id="found", data_schema=_one_of(self._found))
        return self._show_form("user", self._found.get(user_input.get(CONF_MEMBER, ""), {}))

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a member."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            return self._show_form("reconfigure", {CONF_NAME: subentry.title, **subentry.data})
        members = self._members()
        del members[subentry.subentry_id]
        errors, placeholders = mistakes(user_input, list(members.values()))
        if errors:
            return self._show_form("reconfigure", user_input, errors, placeholders)
        return self.async_update_and_abort(
            self._get_entry(),
            subentry,
            title=user_input[CONF_NAME].strip(),
            data=member_data(user_input),
        )

    def _show_form(
        self,
        step_id: str,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> SubentryFlowResult:
        """Ask for a member, and say what was wrong with the last answer."""
        own = dict.fromkeys((*values.get(CONF_NUMBERS, ()), *values.get(CONF_DURESS, ())))
        schema = _member_schema(_offered(self._get_entry(), own))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _members(self) -> dict[str, Member]:
        """Return the members of this lock by their ids."""
        return members_of(self._get_entry())

    def _elsewhere(self) -> dict[str, dict[str, Any]]:
        """Return members of other locks that this lock does not have; their numbers differ here."""
        here = self._members().values()
        persons = {member.person for member in here if member.person}
        return {
            member.name.casefold(): {CONF_NAME: member.name, CONF_PERSON: member.person}
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for member in members_of(entry).values()
            if member.person not in persons and not name_mistake(member.name, here)
        }

    async def _async_in_account(self) -> dict[str, dict[str, Any]]:
        """Return members that the app knows and this lock does not have, with their numbers."""
        if (cloud := await async_get_cloud(self.hass, self._get_entry().data)) is None:
            return {}
        try:
            async with asyncio.timeout(ACCOUNT_WITHIN):
                members = await cloud.members()
        except CloudError, TimeoutError:
            return {}
        here = self._members().values()
        owned = {key for member in here for key in member.numbers}
        return {
            member.name.casefold(): {
                CONF_NAME: member.name,
                CONF_NUMBERS: sorted(member.numbers, key=_order),
                CONF_DURESS: sorted(member.duress, key=_order),
            }
            for member in members
            if not name_mistake(member.name, here) and not member.numbers & owned
        }


def mistakes(
    typed: Mapping[str, Any], others: list[Member]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with a member by field, and the placeholders of what is said of it."""
    if wrong := name_mistake(typed[CONF_NAME].strip(), others):
        return {CONF_NAME: wrong}, {}
    for field in (CONF_NUMBERS, CONF_DURESS):
        for text in typed.get(field, ()):
            key = read_number(text)
            if key is None:
                return {field: "invalid_number"}, {"number": text}
            if member := owner_of(others, key):
                return {field: "number_taken"}, {"number": number_name(key), "member": member.name}
    return {}, {}


def member_data(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a member; those used under duress are among the numbers."""
    numbers, duress = (
        set(filter(None, map(read_number, typed.get(field, ()))))
        for field in (CONF_NUMBERS, CONF_DURESS)
    )
    data = {CONF_NUMBERS: sorted(numbers | duress), CONF_DURESS: sorted(duress)}
    return data | {CONF_PERSON: typed[CONF_PERSON]} if typed.get(CONF_PERSON) else data


def _one_of(found: Mapping[str, Mapping[str, Any]]) -> vol.Schema:
    """Return a form to choose one of those who were found, or nobody."""
    options = [
        SelectOptionDict(value=name, label=_described(values)) for name, values in found.items()
    ]
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    return vol.Schema({vol.Optional(CONF_MEMBER): SelectSelector(config)})


def _described(values: Mapping[str, Any]) -> str:
    """Return a member as people know them: Alice (fingerprint 3, card 2)."""
    numbers = ", ".join(number_name(key).lower() for key in values.get(CONF_NUMBERS, ()))
    return f"{values[CONF_NAME]} ({numbers})" if numbers else values[CONF_NAME]


def _member_schema(offered: list[SelectOptionDict]) -> vol.Schema:
    """Return a form for a member."""
    numbers = SelectSelector(
        SelectSelectorConfig(
            options=offered,
            multiple=True,
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    return WHO.extend({vol.Optional(CONF_NUMBERS): numbers, vol.Optional(CONF_DURESS): numbers})


def _offered(entry: LockConfigEntry, own: Iterable[str]) -> list[SelectOptionDict]:
    """Return the numbers to choose from: used and nobody's, existing and nobody's, own ones."""
    used, existing = _known(entry)
    owned = {key for member in members_of(entry).values() for key in member.numbers}
    strange = sorted(used.keys() - owned, key=lambda key: used[key].happened, reverse=True)
    unused = sorted(existing - owned - used.keys(), key=_order)
    rest = [key for key in own if key not in {*strange, *unused}]
    return [
        SelectOptionDict(value=key, label=_label(key, used.get(key)))
        for key in (*strange, *unused, *rest)
    ]


def _known(entry: LockConfigEntry) -> tuple[dict[str, Record], frozenset[str]]:
    """Return the numbers that a lock has reported, with their last use, and those in its memory."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}, frozenset()
    coordinator = entry.runtime_data
    records = sorted(coordinator.lock.journal.of(Kind.UNLOCK), key=lambda record: record.happened)
    used = {key: record for record in records if (key := key_of(record.unlock))}
    return used, coordinator.data.state.numbers


def _label(key: str, last: Record | None) -> str:
    """Return a number as people know it: Fingerprint 3, last used today 08:12."""
    if last is None:
        return number_name(key)
    at = dt_util.as_local(dt_util.utc_from_timestamp(last.happened))
    days = (dt_util.now().date() - at.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, at.date().isoformat())
    before = "before " if last.age is Age.UNKNOWN else ""
    return f"{number_name(key)}, last used {before}{day} {at:%H:%M}"


def _order(key: str) -> tuple[str, int]:
    """Return what sorts numbers as people count: 9 before 10."""
    method, number = key.split(":")
    return method, int(number)
