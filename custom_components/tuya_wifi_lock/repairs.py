"""Keeps the repairs of a lock up to date, and asks its owner what only they know."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import time
from types import MappingProxyType
from typing import Any, override

import voluptuous as vol

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
from homeassistant.util.hass_dict import HassKey

from .const import CONF_NUMBERS, DOMAIN, SUBENTRY_MEMBER
from .coordinator import LockConfigEntry, LockCoordinator
from .diagnosis import check_lock, checked_signal
from .dispatcher import Delivery
from .flows.forms import CONF_KIND, KINDS, kind_choice
from .flows.member import CONF_MEMBER, WHO, last_used, member_data
from .members import key_of, members_of, name_mistake, owners
from .texts import async_time_format, in_markdown, number_name
from .tuyalock import Kind, is_clock_set

CHECK_EVERY = timedelta(hours=1)
"""How often to check for what depends on the time alone."""

PLATFORM = "https://platform.tuya.com"

UNKNOWN_NUMBER = "unknown_number"
KIND_UNCLEAR = "kind_unclear"
BATTERY_FAILING = "battery_failing"
STORE_DAMAGED = "store_damaged"
CALLS_DAMAGED = "calls_damaged"

NOT_ON_PLATFORM = {"cloud_calls_used_up", "cloud_clock"}
"""Failures of the cloud that are not fixed on Tuya's developer platform."""

_DAMAGE: Mapping[str, Any] = {
    "is_fixable": True,
    "is_persistent": True,
    "severity": ir.IssueSeverity.ERROR,
}
"""How it is said that a store could not be read as a whole, until the owner has read it."""

ISSUES: Mapping[str, str] = {
    "battery_unreliable": "battery_replace",
    "battery_level_low": "battery_replace",
    "battery_failing": BATTERY_FAILING,
    "battery_level_failing": BATTERY_FAILING,
    "clock_ahead": "clock_wrong",
    "clock_behind": "clock_wrong",
    "clock_wrong": "clock_wrong",
    "gone": "gone",
    "key_refused": "key_refused",
    "never_heard": "never_heard",
    "remote_not_allowed": "remote_unlock_not_allowed",
    "remote_perhaps_not_allowed": "remote_unlock_not_allowed",
    "silent": "silent",
    "slot_taken": "slot_taken",
    "slot_taken_by": "slot_taken_by",
}
"""Text of a finding -> the repair that it calls for."""

_MISSING = {"gone", "never_heard", "silent"}
"""Repairs that the next report ends, whatever it says."""


@callback
def async_watch_repairs(coordinator: LockCoordinator) -> None:
    """Keep the repairs of a lock up to date until its entry is unloaded."""
    _Repairs(coordinator).async_start()
    if copy := coordinator.store.pop_copy():
        _async_show(coordinator, STORE_DAMAGED, {"file": copy}, **_DAMAGE)
    if coordinator.cloud and (copy := coordinator.cloud.pop_copy()):
        ir.async_create_issue(
            coordinator.hass,
            DOMAIN,
            CALLS_DAMAGED,
            translation_key=CALLS_DAMAGED,
            translation_placeholders={"file": copy},
            **_DAMAGE,
        )


@callback
def _async_show(
    coordinator: LockCoordinator,
    issue: str,
    values: Mapping[str, str] = MappingProxyType({}),
    **kind: Any,
) -> None:
    """Show a repair of a lock; one that is shown already changes with what it says."""
    entry = coordinator.config_entry
    ir.async_create_issue(
        coordinator.hass,
        DOMAIN,
        f"{issue}_{entry.entry_id}",
        translation_key=issue,
        translation_placeholders={"lock": in_markdown(entry.title), **values},
        **{"is_fixable": False, "severity": ir.IssueSeverity.WARNING, **kind},
    )


@callback
def _async_hide(coordinator: LockCoordinator, issue: str) -> None:
    issue_id = f"{issue}_{coordinator.config_entry.entry_id}"
    ir.async_delete_issue(coordinator.hass, DOMAIN, issue_id)


@callback
def async_remove_repairs(hass: HomeAssistant, entry_id: str) -> None:
    """Remove the repairs of a lock that is removed."""
    for issue in {UNKNOWN_NUMBER, KIND_UNCLEAR, STORE_DAMAGED, *ISSUES.values()}:
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry_id}")


_WATCHED: HassKey[list[_Repairs]] = HassKey(f"{DOMAIN}_repairs")
"""The repairs of all locks that are loaded."""


@callback
def async_check_hourly(hass: HomeAssistant) -> None:
    """Check all locks once an hour."""
    watched = hass.data[_WATCHED] = []

    @callback
    def async_check(now: datetime) -> None:
        for repairs in watched:
            repairs.async_check()

    async_track_time_interval(
        hass, async_check, CHECK_EVERY, name=f"repairs of {DOMAIN}", cancel_on_shutdown=True
    )


class _Repairs:
    """The repairs of one lock."""

    def __init__(self, coordinator: LockCoordinator) -> None:
        self._coordinator = coordinator
        self._inputs: tuple[object, ...] = ()
        self._missing = False
        """The next report ends a repair, whatever it says."""
        self._cloud_issue: str | None = None
        """The repair about the cloud that is shown."""

    @callback
    def async_start(self) -> None:
        """Check now, when an input of the checks changes, and once an hour."""
        coordinator = self._coordinator
        coordinator.config_entry.async_on_unload(self._async_stop)
        coordinator.async_follow(self._async_updated)
        coordinator.records.async_subscribe(Kind.UNLOCK, self._async_unlocked)
        coordinator.async_subscribe_members(self._async_renamed)
        coordinator.hass.data[_WATCHED].append(self)
        self._async_updated()
        self._async_renamed()

    @callback
    def _async_stop(self) -> None:
        """Delete what is checked again after a reload, but for findings that are ignored."""
        coordinator = self._coordinator
        coordinator.async_unfollow(self._async_updated)
        coordinator.records.async_unsubscribe(Kind.UNLOCK, self._async_unlocked)
        coordinator.hass.data[_WATCHED].remove(self)
        for issue in set(ISSUES.values()):
            shown = self._shown(issue)
            if shown and not shown.dismissed_version:
                _async_hide(coordinator, issue)
        self._async_show_cloud_issue(None)

    def _shown(self, issue: str) -> ir.IssueEntry | None:
        """Return a repair of the lock, if it is shown or ignored."""
        issue_id = f"{issue}_{self._coordinator.config_entry.entry_id}"
        return ir.async_get(self._coordinator.hass).async_get_issue(DOMAIN, issue_id)

    @callback
    def _async_unlocked(self, delivery: Delivery) -> None:
        """Ask whose number it was, if nobody knows; a question goes with the last such record."""
        unknown = delivery.member is None and key_of(delivery.record.unlock)
        if unknown or self._shown(UNKNOWN_NUMBER):
            async_ask_whose_number(self._coordinator)

    @callback
    def _async_renamed(self) -> None:
        """Use the names of now in the question, and in the repair that stays until it is closed."""
        async_ask_whose_number(self._coordinator)
        damage = self._shown(STORE_DAMAGED)
        if damage and (values := damage.translation_placeholders):
            _async_show(self._coordinator, STORE_DAMAGED, {"file": values["file"]}, **_DAMAGE)

    @callback
    def _async_updated(self) -> None:
        inputs = self._read_inputs()
        # Nothing is overdue by a clock that is not set, and no lock is wrong by it.
        if (self._missing or inputs != self._inputs) and is_clock_set(time.time()):
            self._inputs = inputs
            self.async_check()
            async_ask_whose_number(self._coordinator)
            _async_ask_kind(self._coordinator)
            if cloud := self._coordinator.cloud:
                self._async_show_cloud_issue(cloud.data.lasting_failure)

    def _read_inputs(self) -> tuple[object, ...]:
        """Return what the repairs depend on, but for the time."""
        lock, data, cloud = self._coordinator.lock, self._coordinator.data, self._coordinator.cloud
        health = lock.health
        return (
            self._coordinator.config_entry.title,
            data.family,
            data.key_refused,
            data.missing,
            data.stays,
            data.problem and data.problem.connection_problem,
            data.state.battery,
            data.state.battery_level,
            data.state.last_heard is None,
            data.passwords,
            self._coordinator.account_trouble,
            health.clock_right,
            health.clock_ahead and round(health.clock_ahead / 60),
            lock.clock_behind and round(lock.clock_behind / 60),
            health.crowded,
            health.takes_keys,
            lock.opens_remotely,
            data.kind_unclear,
            cloud and (cloud.data.allowed, cloud.data.lasting_failure, cloud.last_update_success),
            self._coordinator.checked_at,
        )

    @callback
    def async_check(self) -> None:
        """Show the repairs that the findings call for, and no other."""
        if not is_clock_set(time.time()):
            return
        coordinator = self._coordinator
        found = check_lock(coordinator)
        signal = checked_signal(coordinator.config_entry.entry_id)
        async_dispatcher_send(coordinator.hass, signal, found)
        called_for = {ISSUES[one.text]: one.values for one in found if one.text in ISSUES}
        self._missing = not _MISSING.isdisjoint(called_for)
        for issue in set(ISSUES.values()) - called_for.keys():
            _async_hide(coordinator, issue)
        for issue, values in called_for.items():
            failing = issue == BATTERY_FAILING
            _async_show(
                coordinator,
                issue,
                {key: in_markdown(text) for key, text in values.items()},
                severity=ir.IssueSeverity.ERROR if failing else ir.IssueSeverity.WARNING,
            )

    @callback
    def _async_show_cloud_issue(self, issue: str | None) -> None:
        """Show the only repair about the cloud, in place of the one before."""
        if self._cloud_issue and self._cloud_issue != issue:
            _async_hide(self._coordinator, self._cloud_issue)
        self._cloud_issue = issue
        if issue:
            url = None if issue in NOT_ON_PLATFORM else PLATFORM
            _async_show(self._coordinator, issue, learn_more_url=url)


@callback
def async_ask_whose_number(coordinator: LockCoordinator) -> None:
    """Ask whose the unknown number is that opened last; one question at a time."""
    if (number := _last_unknown(coordinator)) is None:
        _async_hide(coordinator, UNKNOWN_NUMBER)
        return
    data = {"entry_id": coordinator.config_entry.entry_id, "number": number}
    values = {"number": number_name(coordinator.hass, number)}
    _async_show(coordinator, UNKNOWN_NUMBER, values, data=data, is_fixable=True)


def _last_unknown(coordinator: LockCoordinator) -> str | None:
    """Return the unknown number that opened last since the set-up; without members, there is none.

    What the cloud reports from the time before is history that nobody has to go through.
    """
    if not coordinator.members:
        return None
    # A lock's own times are whole seconds.
    since = int(coordinator.config_entry.created_at.timestamp())
    unknown = {
        record.happened: number
        for record in coordinator.lock.records(Kind.UNLOCK)
        if (number := key_of(record.unlock))
        and record.happened >= since
        and number not in coordinator.ignored
        and number not in coordinator.owners
    }
    return unknown[max(unknown)] if unknown else None


@callback
def _async_ask_kind(coordinator: LockCoordinator) -> None:
    """Ask once which kind of lock it is, if nothing else shows how to read what it reports."""
    if coordinator.data.kind_unclear and not coordinator.kind_answered:
        data = {"entry_id": coordinator.config_entry.entry_id}
        _async_show(coordinator, KIND_UNCLEAR, data=data, is_fixable=True)
    else:
        _async_hide(coordinator, KIND_UNCLEAR)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that asks the owner a question, or else takes note of a repair."""
    if not data:
        return ConfirmRepairFlow()
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    if "number" in data:
        return UnknownNumberFlow(entry, str(data["number"]))
    return KindFlow(entry)


class KindFlow(RepairsFlow):
    """Ask which kind of lock it is."""

    def __init__(self, entry: LockConfigEntry) -> None:
        self._entry = entry

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the only question."""
        return await self.async_step_kind()

    async def async_step_kind(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose what the owner sees at the door."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input:
            self._entry.runtime_data.async_answer_kind(KINDS[user_input[CONF_KIND]])
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="kind",
            data_schema=kind_choice(),
            description_placeholders={"lock": in_markdown(self._entry.title)},
        )


class UnknownNumberFlow(RepairsFlow):
    """Find the member of a number."""

    def __init__(self, entry: LockConfigEntry, number: str) -> None:
        self._entry = entry
        self._number = number
        self._texts: dict[str, str] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose what to do with the number."""
        if over := self._over():
            return over
        records = self._entry.runtime_data.lock.records(Kind.UNLOCK)
        used = [one for one in records if key_of(one.unlock) == self._number]
        last = max(used, key=lambda record: record.happened)
        time_format = await async_time_format(self.hass)
        self._texts = {
            "number": number_name(self.hass, self._number),
            "lock": in_markdown(self._entry.title),
            "used": last_used(self.hass, last.happened, last.age, time_format),
        }
        return self.async_show_menu(
            step_id="init",
            menu_options=["member", "new_member", "ignore"],
            description_placeholders=self._texts,
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
            description_placeholders=self._texts,
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
                data = member_data(self.hass, {**user_input, CONF_NUMBERS: [self._number]})
                subentry = ConfigSubentry(
                    data=MappingProxyType(data),
                    subentry_type=SUBENTRY_MEMBER,
                    title=name,
                    unique_id=None,
                )
                self.hass.config_entries.async_add_subentry(self._entry, subentry)
                return self.async_create_entry(data={})
            errors = {CONF_NAME: mistake}
        return self.async_show_form(
            step_id="new_member",
            data_schema=self.add_suggested_values_to_schema(WHO, typed),
            errors=errors,
            description_placeholders=self._texts,
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
            async_ask_whose_number(self._entry.runtime_data)

    def _over(self) -> RepairsFlowResult | None:
        """End the flow if its question is answered by now, or the lock is not loaded."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if member := owners(members_of(self._entry).values()).get(self._number):
            return self.async_abort(
                reason="known", description_placeholders={"member": in_markdown(member.name)}
            )
        return None
