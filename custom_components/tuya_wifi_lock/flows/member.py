"""The flow that adds the members of a household, and changes them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..const import CONF_DURESS, CONF_NUMBERS, CONF_PERSON, DOMAIN
from ..coordinator import LockConfigEntry
from ..members import (
    Member,
    key_of,
    members_of,
    name_mistake,
    owners,
    read_number,
)
from ..projects import async_get_client, project_of
from ..texts import (
    async_load_texts,
    async_time_format,
    day_and_time,
    in_markdown,
    number_name,
    text,
)
from ..tuyalock import Age, CloudError, Kind, Record, is_clock_set, safe_name
from .forms import UserInput

CONF_MEMBER = "member"

CLOUD_TIMEOUT = 5.0
"""Seconds in which the cloud has to answer who the members of the app are."""

WHO = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Optional(CONF_PERSON): EntitySelector(EntitySelectorConfig(domain="person")),
    }
)


class MemberSubentryFlow(ConfigSubentryFlow):
    """Add a member of the household, or change one."""

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, dict[str, Any]] = {}
        """What the form suggests for those who can be taken over, by their lower-case names."""

    async def async_step_user(self, user_input: UserInput = None) -> SubentryFlowResult:
        """Add a member; those of the app and of other locks are offered first."""
        if user_input is None:
            self._found = self._members_of_other_locks()
            for name, values in (await self._async_members_of_app()).items():
                self._found[name] = self._found.get(name, {}) | values
            if self._found:
                await async_load_texts(self.hass)
                return await self.async_step_found()
            return await self._async_show_form("user", {})
        others = list(self._members().values())
        errors, placeholders = member_errors(self.hass, user_input, others)
        if errors:
            return await self._async_show_form("user", user_input, errors, placeholders)
        return self.async_create_entry(
            title=user_input[CONF_NAME].strip(), data=member_data(self.hass, user_input)
        )

    async def async_step_found(self, user_input: UserInput = None) -> SubentryFlowResult:
        """Offer to take over a member of the app or of another lock."""
        if user_input is None:
            options = [
                SelectOptionDict(value=name, label=_found_label(self.hass, values))
                for name, values in self._found.items()
            ]
            config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
            return self.async_show_form(
                step_id="found",
                data_schema=vol.Schema({vol.Optional(CONF_MEMBER): SelectSelector(config)}),
                description_placeholders=self._lock,
            )
        values = self._found.get(user_input.get(CONF_MEMBER, ""), {})
        return await self._async_show_form("user", values)

    async def async_step_reconfigure(self, user_input: UserInput = None) -> SubentryFlowResult:
        """Change a member."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            values = {CONF_NAME: subentry.title, **subentry.data}
            return await self._async_show_form("reconfigure", values)
        members = self._members()
        del members[subentry.subentry_id]
        errors, placeholders = member_errors(self.hass, user_input, list(members.values()))
        if errors:
            return await self._async_show_form("reconfigure", user_input, errors, placeholders)
        return self.async_update_and_abort(
            self._get_entry(),
            subentry,
            title=user_input[CONF_NAME].strip(),
            data=member_data(self.hass, user_input),
        )

    async def _async_show_form(
        self,
        step_id: str,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> SubentryFlowResult:
        """Show the form of a member, and what was wrong with the last answer."""
        await async_load_texts(self.hass)
        own = dict.fromkeys((*values.get(CONF_NUMBERS, ()), *values.get(CONF_DURESS, ())))
        time_format = await async_time_format(self.hass)
        config = SelectSelectorConfig(
            options=_offered(self.hass, self._get_entry(), own, time_format),
            multiple=True,
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
        numbers = SelectSelector(config)
        schema = WHO.extend(
            {vol.Optional(CONF_NUMBERS): numbers, vol.Optional(CONF_DURESS): numbers}
        )
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={**self._lock, **(placeholders or {})},
        )

    @property
    def _lock(self) -> dict[str, str]:
        """Return the placeholder that says whose members they are."""
        return {"lock": in_markdown(self._get_entry().title)}

    def _members(self) -> dict[str, Member]:
        return members_of(self._get_entry())

    def _members_of_other_locks(self) -> dict[str, dict[str, Any]]:
        """Return members of other locks that this lock does not have, without their numbers."""
        here = self._members().values()
        persons = {member.person for member in here if member.person}
        return {
            member.name.casefold(): {CONF_NAME: member.name, CONF_PERSON: member.person}
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for member in members_of(entry).values()
            if member.person not in persons and not name_mistake(member.name, here)
        }

    async def _async_members_of_app(self) -> dict[str, dict[str, Any]]:
        """Return members of the app that this lock does not have, with their numbers."""
        data = self._get_entry().data
        if (project := project_of(data)) is None:
            return {}
        cloud = await async_get_client(self.hass, project, data[CONF_DEVICE_ID])
        try:
            async with asyncio.timeout(CLOUD_TIMEOUT):
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


def member_errors(
    hass: HomeAssistant, typed: Mapping[str, Any], others: list[Member]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with a member by field, and the placeholders of the error."""
    if wrong := name_mistake(typed[CONF_NAME].strip(), others):
        return {CONF_NAME: wrong}, {}
    for field in (CONF_NUMBERS, CONF_DURESS):
        for number in typed.get(field, ()):
            key = read_number(hass, number)
            if key is None:
                return {field: "invalid_number"}, {"number": in_markdown(safe_name(number))}
            if member := owners(others).get(key):
                taken = {"number": number_name(hass, key), "member": in_markdown(member.name)}
                return {field: "number_taken"}, taken
    return {}, {}


def member_data(hass: HomeAssistant, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a member; numbers used under duress are among all numbers."""
    numbers, duress = (
        {key for number in typed.get(field, ()) if (key := read_number(hass, number))}
        for field in (CONF_NUMBERS, CONF_DURESS)
    )
    data = {CONF_NUMBERS: sorted(numbers | duress), CONF_DURESS: sorted(duress)}
    return data | {CONF_PERSON: typed[CONF_PERSON]} if typed.get(CONF_PERSON) else data


def _found_label(hass: HomeAssistant, values: Mapping[str, Any]) -> str:
    """Return the label of somebody who can be taken over: Alice (Fingerprint 3, Card 2)."""
    numbers = ", ".join(number_name(hass, key) for key in values.get(CONF_NUMBERS, ()))
    return f"{values[CONF_NAME]} ({numbers})" if numbers else values[CONF_NAME]


def _offered(
    hass: HomeAssistant, entry: LockConfigEntry, own: Iterable[str], time_format: str
) -> list[SelectOptionDict]:
    """Return the numbers to choose from: used without a member, stored without one, own ones."""
    used, stored = _reported_numbers(entry)
    owned = {key for member in members_of(entry).values() for key in member.numbers}
    unassigned = sorted(used.keys() - owned, key=lambda key: used[key].happened, reverse=True)
    unused = sorted(stored - owned - used.keys(), key=_order)
    rest = [key for key in own if key not in {*unassigned, *unused}]
    return [
        SelectOptionDict(value=key, label=_label(hass, key, used.get(key), time_format))
        for key in (*unassigned, *unused, *rest)
    ]


def _reported_numbers(entry: LockConfigEntry) -> tuple[dict[str, Record], frozenset[str]]:
    """Return the numbers that have opened a lock, with their last use, and those stored in it."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}, frozenset()
    coordinator = entry.runtime_data
    records = sorted(coordinator.lock.records(Kind.UNLOCK), key=lambda record: record.happened)
    used = {key: record for record in records if (key := key_of(record.unlock))}
    return used, coordinator.data.state.numbers


def _label(hass: HomeAssistant, key: str, last: Record | None, time_format: str) -> str:
    """Return the label of a number: Fingerprint 3, last used today at 8:12 AM."""
    # What was wrong is shown again as it was typed.
    number = number_name(hass, key) if key == read_number(hass, key) else key
    if last is None or not is_clock_set(last.happened):
        return number
    when = last_used(hass, last.happened, last.age, time_format)
    return text(hass, "last_used", "number").format(number=number, when=when)


def last_used(hass: HomeAssistant, happened: float, age: Age | None, time_format: str) -> str:
    """Return the local time of a Unix time in words; of an unknown age it was before that."""
    when = day_and_time(hass, happened, time_format)
    return text(hass, "last_used", "before").format(when=when) if age is Age.UNKNOWN else when


def _order(key: str) -> tuple[str, int]:
    """Return the sort key of a number: 9 comes before 10."""
    method, number = key.split(":")
    return method, int(number)
