"""What the tests of triggers and conditions share: members, and real automations that count."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.tuya_wifi_lock.const import (
    CONF_DURESS,
    CONF_NUMBERS,
    CONF_PERSON,
    DOMAIN,
    SUBENTRY_MEMBER,
)
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

RUN = "an_automation_ran"
OF_DURESS = ("method", "number", "record", "member", "person", "time", "late", "route")
"""The variables of the trigger for duress."""


def add_member(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    name: str,
    *numbers: str,
    person: str | None = None,
    duress: Iterable[str] = (),
) -> str:
    """Add a member to a lock; return the id of the subentry."""
    data: dict[str, Any] = {CONF_NUMBERS: list(numbers), CONF_DURESS: list(duress)}
    data |= {CONF_PERSON: person} if person else {}
    subentry = ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_MEMBER, title=name, unique_id=None
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry.subentry_id


def device_id(hass: HomeAssistant, entry: MockConfigEntry, identifier: str) -> str:
    """Return the id of the device of a lock or a member."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
    assert device
    return device.id


class Runs:
    """The runs of automations, in order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin to listen."""
        self._hass = hass
        self._events: list[Event[Any]] = async_capture_events(hass, RUN)
        self._automations: list[dict[str, Any]] = []

    def add(
        self,
        trigger: str,
        target: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        name: str = "it",
    ) -> None:
        """Prepare an automation with one of our triggers."""
        one: dict[str, Any] = {"trigger": f"{DOMAIN}.{trigger}", "target": dict(target)}
        if options is not None:
            one["options"] = dict(options)
        told: dict[str, Any] = {
            "name": name,
            "entity_id": "{{ trigger.entity_id }}",
            "description": "{{ trigger.description }}",
        }
        if trigger == "duress":
            told |= {variable: f"{{{{ trigger.{variable} }}}}" for variable in OF_DURESS}
        else:
            told["number"] = "{{ trigger.to_state.attributes.number }}"
        self._automations.append(
            {
                "alias": name,
                "mode": "parallel",
                "triggers": [one],
                "actions": [{"event": RUN, "event_data": told}],
            }
        )

    async def arm(self) -> None:
        """Set up the automations that were prepared."""
        config = {AUTOMATION_DOMAIN: self._automations}
        assert await async_setup_component(self._hass, AUTOMATION_DOMAIN, config)
        await self._hass.async_block_till_done()
        states = [self._hass.states.get(f"automation.{one['alias']}") for one in self._automations]
        assert {one.state if one else None for one in states} == {"on"}

    @property
    def numbers(self) -> list[Any]:
        """The unlock numbers that the runs were told."""
        return [event.data["number"] for event in self._events]

    @property
    def names(self) -> list[str]:
        """The automations that ran."""
        return [event.data["name"] for event in self._events]

    @property
    def entities(self) -> list[str]:
        """The entities that the runs were told."""
        return [event.data["entity_id"] for event in self._events]

    @property
    def descriptions(self) -> list[str]:
        """What the runs say of their trigger."""
        return [event.data["description"] for event in self._events]

    @property
    def duress(self) -> list[dict[str, Any]]:
        """The variables of the runs that duress has caused."""
        return [
            {variable: event.data[variable] for variable in OF_DURESS}
            for event in self._events
            if "method" in event.data
        ]
