"""Asks whose number it was that opened a lock and belongs to none of its members."""

from functools import partial
from types import MappingProxyType
from typing import Any, override

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from .const import CONF_NUMBERS, DOMAIN, SUBENTRY_MEMBER
from .coordinator import LockConfigEntry, LockCoordinator, Unlocked
from .flows.member import CONF_MEMBER, WHO, member_data
from .members import key_of, members_of, name_mistake, number_name, owner_of

UNKNOWN_NUMBER = "unknown_number"


@callback
def async_watch_unknown(hass: HomeAssistant, coordinator: LockCoordinator) -> None:
    """Ask whose an unknown number is when it has opened, until that is known."""
    ask = partial(_ask, hass, coordinator)
    on_unload = coordinator.config_entry.async_on_unload
    on_unload(coordinator.unlocks.async_subscribe(ask))
    on_unload(coordinator.async_subscribe_members(ask))
    ask()


@callback
def async_forget_unknown(hass: HomeAssistant, entry_id: str) -> None:
    """Ask no more."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id))


@callback
def _ask(
    hass: HomeAssistant, coordinator: LockCoordinator, unlocked: Unlocked | None = None
) -> None:
    """Ask whose the number is that opened last, of those that are nobody's; one at a time."""
    entry = coordinator.config_entry
    if (number := _last_unknown(coordinator)) is None:
        async_forget_unknown(hass, entry.entry_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id),
        data={"entry_id": entry.entry_id, "number": number},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=UNKNOWN_NUMBER,
        translation_placeholders=_placeholders(entry, number),
    )


def _last_unknown(coordinator: LockCoordinator) -> str | None:
    """Return the unknown number that opened last since the set-up; without members, there is none.

    What the cloud tells of the time before is history that nobody has to go through.
    """
    members = coordinator.members.values()
    if not members:
        return None
    # A lock tells whole seconds.
    since = int(coordinator.config_entry.created_at.timestamp())
    unknown = {
        record.happened: number
        for record in coordinator.lock.journal
        if (number := key_of(record.unlock))
        and record.happened >= since
        and number not in coordinator.ignored
        and not owner_of(members, number)
    }
    return unknown[max(unknown)] if unknown else None


def _issue_id(entry_id: str) -> str:
    """Return the id of the only question about a lock."""
    return f"{UNKNOWN_NUMBER}_{entry_id}"


def _placeholders(entry: LockConfigEntry, number: str) -> dict[str, str]:
    """Return what the texts are about."""
    return {"number": number_name(number).lower(), "lock": entry.title}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that finds the member of a number."""
    assert data
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    return UnknownNumberFlow(entry, str(data["number"]))


class UnknownNumberFlow(RepairsFlow):
    """Find the member of a number."""

    def __init__(self, entry: LockConfigEntry, number: str) -> None:
        """Begin with a number of a lock."""
        self._entry = entry
        self._number = number
        self._about = _placeholders(entry, number)

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose what to do with the number."""
        return self._over() or self.async_show_menu(
            step_id="init",
            menu_options=["member", "new_member", "ignore"],
            description_placeholders=self._about,
        )

    async def async_step_member(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Give the number to a member."""
        if over := self._over():
            return over
        subentries = self._entry.subentries
        if user_input and (subentry := subentries.get(user_input[CONF_MEMBER])):
            numbers = sorted({*subentry.data[CONF_NUMBERS], self._number})
            data = {**subentry.data, CONF_NUMBERS: numbers}
            self.hass.config_entries.async_update_subentry(self._entry, subentry, data=data)
            return self.async_create_entry(data={})
        options = [
            SelectOptionDict(value=member.id, label=member.name)
            for member in members_of(self._entry).values()
        ]
        choice = SelectSelector(SelectSelectorConfig(options=options))
        return self.async_show_form(
            step_id="member",
            data_schema=vol.Schema({vol.Required(CONF_MEMBER): choice}),
            description_placeholders=self._about,
        )

    async def async_step_new_member(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Add a member that has the number."""
        if over := self._over():
            return over
        typed, errors = user_input or {}, {}
        if user_input:
            name = user_input[CONF_NAME].strip()
            if not (mistake := name_mistake(name, members_of(self._entry).values())):
                self._add(name, user_input)
                return self.async_create_entry(data={})
            errors = {CONF_NAME: mistake}
        return self.async_show_form(
            step_id="new_member",
            data_schema=self.add_suggested_values_to_schema(WHO, typed),
            errors=errors,
            description_placeholders=self._about,
        )

    async def async_step_ignore(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Never ask for this number again."""
        if over := self._over():
            return over
        self._entry.runtime_data.async_ignore(self._number)
        return self.async_create_entry(data={})

    @callback
    @override
    def async_remove(self) -> None:
        """Ask the next question: the end of a flow has deleted whatever was asked."""
        if self._entry.state is ConfigEntryState.LOADED:
            _ask(self.hass, self._entry.runtime_data)

    def _add(self, name: str, typed: dict[str, Any]) -> None:
        """Add a member."""
        data = MappingProxyType(member_data({**typed, CONF_NUMBERS: [self._number]}))
        subentry = ConfigSubentry(
            data=data, subentry_type=SUBENTRY_MEMBER, title=name, unique_id=None
        )
        self.hass.config_entries.async_add_subentry(self._entry, subentry)

    def _over(self) -> RepairsFlowResult | None:
        """End the flow if its question is answered by now, or the lock is not loaded."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if member := owner_of(members_of(self._entry).values(), self._number):
            return self.async_abort(
                reason="known", description_placeholders={"member": member.name}
            )
        return None
