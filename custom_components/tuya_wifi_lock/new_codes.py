"""Brings the digits of new guest codes to people, and keeps them nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from homeassistant.components.notify import (
    DATA_COMPONENT,
    DOMAIN as NOTIFY_DOMAIN,
    NotifyEntity,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN, LOGGER

FETCH_WITHIN = 600.0
"""Seconds for which digits wait in memory for the user who has made the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    code: str = field(repr=False)
    user_id: str
    cancel: CALLBACK_TYPE = field(repr=False)


class NewCodes:
    """Digits of new codes, for ten minutes and in memory only, each for who has made it."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._new: dict[str, _New] = {}

    @callback
    def async_put(self, code_id: str, code: str, user_id: str) -> None:
        """Keep the digits of a code for its maker."""
        self.async_forget(code_id)
        cancel = async_call_later(self._hass, FETCH_WITHIN, partial(self.async_forget, code_id))
        self._new[code_id] = _New(code=code, user_id=user_id, cancel=cancel)

    @callback
    def of(self, code_id: str, user_id: str | None) -> str | None:
        """Return the digits of a code, only to their maker."""
        new = self._new.get(code_id)
        return new.code if new and new.user_id == user_id else None

    @callback
    def async_take(self, code_id: str, user_id: str | None) -> str | None:
        """Return the digits of a code once, only to their maker."""
        if (code := self.of(code_id, user_id)) is not None:
            self.async_forget(code_id)
        return code

    @callback
    def async_forget(self, code_id: str, _now: datetime | None = None) -> None:
        """Forget the digits of a code."""
        if new := self._new.pop(code_id, None):
            new.cancel()

    @callback
    def async_forget_all(self) -> None:
        """Forget the digits of all codes."""
        for code_id in tuple(self._new):
            self.async_forget(code_id)


def check_reachable(hass: HomeAssistant, phones: Iterable[str]) -> None:
    """Raise if no phone can be notified."""
    if not _reachable(hass, phones):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="guest_code_no_phone"
        )


def _reachable(hass: HomeAssistant, phones: Iterable[str]) -> list[NotifyEntity]:
    """Return what notifies phones, by the devices that they are."""
    if (component := hass.data.get(DATA_COMPONENT)) is None:
        return []
    registry = er.async_get(hass)
    return [
        entity
        for phone in phones
        for entry in er.async_entries_for_device(registry, phone)
        if entry.domain == NOTIFY_DOMAIN and (entity := component.get_entity(entry.entity_id))
    ]


async def async_send(hass: HomeAssistant, phones: Iterable[str], title: str, message: str) -> bool:
    """Send a message to phones; return if one of them has got it.

    An action to notify would write the digits into Home Assistant's database, where the data of
    all actions are. So the entities are asked themselves.
    """
    sent = False
    for entity in _reachable(hass, phones):
        try:
            await entity.async_send_message(message, title)
        except HomeAssistantError as err:
            LOGGER.warning("%s has not sent a message: %s", entity.entity_id, err)
        else:
            sent = True
    return sent
