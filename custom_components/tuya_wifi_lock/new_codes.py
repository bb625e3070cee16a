"""Brings the digits of new guest codes to people, and keeps them nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from homeassistant.components.notify import DATA_COMPONENT, DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later

from .const import LOGGER

FETCH_WITHIN = 600.0
"""Seconds for which digits wait in memory for the user who has made the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    code: str = field(repr=False)
    user_id: str
    forget: CALLBACK_TYPE = field(repr=False)


class NewCodes:
    """Digits of new codes, each for the user who has made it, for ten minutes and in memory only."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._new: dict[str, _New] = {}

    @callback
    def async_put(self, code_id: str, code: str, user_id: str) -> None:
        """Keep the digits of a code for its maker."""
        self.async_take(code_id)
        forget = async_call_later(
            self._hass, FETCH_WITHIN, lambda now: self._new.pop(code_id, None)
        )
        self._new[code_id] = _New(code=code, user_id=user_id, forget=forget)

    @callback
    def async_take(self, code_id: str, user_id: str | None = None) -> str | None:
        """Return digits once, and only to their maker; without a user, forget them."""
        new = self._new.get(code_id)
        if new is None or user_id not in {None, new.user_id}:
            return None
        del self._new[code_id]
        new.forget()
        return new.code

    @callback
    def async_forget(self) -> None:
        """Forget all digits."""
        for code_id in tuple(self._new):
            self.async_take(code_id)


async def async_message(
    hass: HomeAssistant, phones: Iterable[str], title: str, message: str
) -> bool:
    """Send a message to phones, by their devices; return if one of them has got it.

    The action `notify.send_message` would write the digits into Home Assistant's database, as it
    does with the data of every action. So the entities of the phones are asked themselves.
    """
    component, registry = hass.data.get(DATA_COMPONENT), er.async_get(hass)
    entities = [
        notifier
        for phone in phones
        for entity in er.async_entries_for_device(registry, phone)
        if entity.domain == NOTIFY_DOMAIN
        and component
        and (notifier := component.get_entity(entity.entity_id))
    ]
    sent = False
    for notifier in entities:
        try:
            await notifier.async_send_message(message, title)
        except HomeAssistantError as err:
            LOGGER.warning("A message for %s was not sent: %s", notifier.entity_id, err)
        else:
            sent = True
    return sent
