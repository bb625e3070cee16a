"""The lock itself."""

from collections.abc import Generator
from contextlib import contextmanager
import hmac
import time
from typing import Any, override

from homeassistant.components.lock import ATTR_CODE, LockEntity
from homeassistant.const import ATTR_ENTITY_ID, ATTR_NAME, EVENT_LOGBOOK_ENTRY
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_CODE, DOMAIN
from .coordinator import LockConfigEntry, LockCoordinator, Part
from .dispatcher import Delivery
from .entity import TuyaLockEntity
from .texts import error_text, iso, local_time, text
from .tuyalock import Age, Kind

# Not 1: locking must not queue behind an unlock that waits, and two unlocks share one attempt.
PARALLEL_UPDATES = 0

CODE_FORMAT = "^([0-9]{4,10})?$"
"""It allows an empty code, because Home Assistant checks it for locking, too."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LockConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the lock itself."""
    async_add_entities([TuyaWifiLock(entry.runtime_data)])


class TuyaWifiLock(TuyaLockEntity, LockEntity):
    """The lock itself."""

    _attr_name = None
    _attr_translation_key = "lock"
    _unrecorded_attributes = frozenset({"refusal", "refused_at", "waits_for", "waits_until"})

    def __init__(self, coordinator: LockCoordinator) -> None:
        super().__init__(coordinator)
        self._refusal: dict[str, Any] = {}
        self._caller: Context | None = None
        """Whose call to unlock or to lock is under way."""
        self._set_state()

    @property
    @override
    def _parts(self) -> tuple[Part | None, ...]:
        return (None,)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for unlocks."""
        await super().async_added_to_hass()
        # The Activity page takes what has a context first for the cause of the rest.
        self.coordinator.records.async_subscribe(Kind.UNLOCK, self._async_unlocked, first=True)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop listening."""
        await super().async_will_remove_from_hass()
        self.coordinator.records.async_unsubscribe(Kind.UNLOCK, self._async_unlocked)

    @callback
    def _async_unlocked(self, delivery: Delivery) -> None:
        shown, context = self.hass.states.get(self.entity_id), delivery.context
        # Where a user pressed Unlock, Home Assistant names them beside the state of the lock.
        if shown and not (context and context.user_id):
            async_log_unlock(self.hass, self.entity_id, shown.name, delivery)

    @callback
    @override
    def _async_coordinator_updated(self) -> None:
        self._set_state()
        if context := self.coordinator.opener.context_now or self._caller:
            self.async_set_context(context)
        else:
            # Home Assistant would name whoever has just called another action of the lock.
            self._context = None
        self.async_write_ha_state()

    def _set_state(self) -> None:
        """Take over what is known of the lock; None is not known.

        The state is not called assumed: dashboards would offer to lock what is locked, and only a
        lock that cannot be locked from here leaves us to guess.
        """
        data = self.coordinator.data
        self._attr_is_locked = data.bolt.locked
        self._attr_is_unlocking = data.unlocking
        self._attr_is_jammed = data.state.jammed
        self._attr_changed_by = self.coordinator.last_unlocked_by
        self._code: str | None = self.coordinator.config_entry.options.get(CONF_CODE)
        self._attr_code_format = CODE_FORMAT if self._code else None
        attributes = {**self._refusal, **({"assumed": True} if data.bolt.assumed else {})}
        if data.unlocking:
            waits = "connection" if data.stays else "request"
            attributes["waits_for"] = waits if data.unlock_waits_until else "answer"
            attributes["waits_until"] = iso(data.unlock_waits_until)
        self._attr_extra_state_attributes = attributes

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Open the door; returns when the lock has reported that it is open."""
        typed = kwargs.get(ATTR_CODE, "")
        with self._trying():
            if self._code and not hmac.compare_digest(typed.encode(), self._code.encode()):
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="wrong_code"
                )
            try:
                async with self.coordinator.opener.calling(self._context):
                    await self.coordinator.lock.unlock()
            finally:
                # Whoever has opened the door has not locked it.
                self._context = None

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Cancel an unlock that waits, and lock the door where the product can."""
        with self._trying():
            await self.coordinator.lock.lock()

    @contextmanager
    def _trying(self) -> Generator[None]:
        """Write another state if a try fails: a dashboard puts its slider back only then."""
        self._caller = self._context
        try:
            with self.coordinator.action():
                yield
            self._refusal = {}
        except HomeAssistantError as err:
            self._refusal = {"refused_at": iso(time.time()), "refusal": error_text(self.hass, err)}
            self._set_state()
            self.async_write_ha_state()
            raise
        finally:
            self._caller = None


# The Activity page


@callback
def async_log_unlock(hass: HomeAssistant, entity_id: str, name: str, delivery: Delivery) -> None:
    """Write an unlock into the Activity: Front door was unlocked by Alice with fingerprint 3.

    This is Home Assistant's own event for such entries, as the action `logbook.log` fires it, in
    Home Assistant's language.
    """
    # The Activity page shows the entity's own name in place of the one given here.
    entry = {ATTR_NAME: name, "message": _message(hass, delivery), ATTR_ENTITY_ID: entity_id}
    hass.bus.async_fire(EVENT_LOGBOOK_ENTRY, entry, context=delivery.context)


def _message(hass: HomeAssistant, delivery: Delivery) -> str:
    """Return what has happened, and when it was, if that is not now."""
    record, values = delivery.record, {"who": _who(hass, delivery), "way": _way(hass, delivery)}
    if record.age is Age.LIVE:
        return text(hass, "activity", "unlocked").format(**values)
    if record.known_time is None:
        return text(hass, "activity", "unlocked_earlier").format(**values)
    at = local_time(record.known_time)
    values |= {"day": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}"}
    return text(hass, "activity", "unlocked_then").format(**values)


def _who(hass: HomeAssistant, delivery: Delivery) -> str:
    """Return who opened it; a guest is known by the name of the code."""
    if delivery.member:
        return delivery.member.name
    if delivery.opener:
        return delivery.opener
    if delivery.record.unlock.by_us:
        return "Home Assistant"
    return delivery.password_name or text(hass, "activity", "someone")


def _way(hass: HomeAssistant, delivery: Delivery) -> str:
    unlock = delivery.record.unlock
    key = "guest" if delivery.password_name else unlock.method
    number = "" if unlock.number is None else unlock.number
    return text(hass, "activity_way", key).format(number=number).strip()
