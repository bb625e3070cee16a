"""What a lock reports to a Tuya account over MQTT, and what is sent to it there."""

from contextlib import suppress
from datetime import datetime
from enum import StrEnum
import time
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later

from ..const import LOGGER
from ..tuyalock import Item, Reader, Report, Source, TuyaLock, Value, described, in_seconds
from .api import async_query_local_key, async_send, can_send
from .devices import TUYA, accepts, find_device, managers, read_lock

CHECK_EVERY = 30.0
"""Seconds between two checks if the account still uses the same MQTT session."""
CHECK_CONNECTING = 3.0
"""The same while the session is connecting."""
OFFLINE_AFTER = 300.0
"""Seconds after which a session that does not connect needs the owner's attention."""
QUERY_EVERY = 3600.0
"""Seconds between two queries for a local key."""

_REPORT = 4
"""The protocol number of messages in which a device reports."""
_UNEXPECTED = (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""Errors of objects of another shape than expected."""


class Trouble(StrEnum):
    """Why nothing is heard of a lock through an account."""

    NO_LOGIN = "no_login"
    """Home Assistant has no Tuya account."""
    SIGNED_OUT = "signed_out"
    """The entry of the account is not loaded."""
    NO_LOCK = "no_lock"
    """The account does not have the lock."""
    CONNECTING = "connecting"
    """There is no MQTT session at the moment."""
    OFFLINE = "offline"
    """There has been none for long; the owner may have to sign in again."""
    UNEXPECTED = "unexpected"
    """The Tuya integration has another shape than expected."""


class TuyaAccount:
    """Listens to the reports of one lock to an account, and sends commands to it."""

    source = Source.ACCOUNT

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        stored: Any,
        reader: Reader,
    ) -> None:
        """Restore what `as_dict` returned; nothing is touched before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._lock = lock
        lock.use_account(self)
        self._device_id: str = entry.data[CONF_DEVICE_ID]
        asked_at = reader.parts("account", stored).get("asked_at", 0.0)
        self._queried_at: float = reader.read("account", float, asked_at, 0.0)
        self.trouble: Trouble | None = Trouble.NO_LOGIN
        """Why nothing is heard of the lock; None if it is heard."""
        self._mq: Any = None
        self._connecting_since: float | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._stop: CALLBACK_TYPE | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {"asked_at": self._queried_at}

    @callback
    def async_start(self) -> None:
        """Listen to the account, now or when there is one."""
        self._stop = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
        )
        self._async_check(None)

    @callback
    def async_stop(self) -> None:
        """Stop listening."""
        if self._stop:
            self._stop()
            self._stop = None
        self._async_schedule(None)
        self._leave()

    async def async_new_key(self, known: str) -> str | None:
        """Return the local key if it has changed; Tuya is queried once an hour at most."""
        manager, device = find_device(self._hass, self._device_id)
        if device is None or 0 <= time.time() - self._queried_at < QUERY_EVERY:
            return None
        self._queried_at = time.time()
        key = getattr(device, "local_key", None)
        if key == known:
            key = await async_query_local_key(self._hass, manager, self._device_id)
        usable = isinstance(key, str) and len(key) == len(known) and key != known
        return key if usable else None

    # Commands

    def accepts(self, code: str) -> bool:
        """Return if this DP code can be sent to the lock now."""
        if self.trouble is not None:
            return False
        manager, device = find_device(self._hass, self._device_id)
        return can_send(manager) and accepts(device, code)

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise CloudRefused, CloudUnreachable or CloudSilent."""
        manager, _ = find_device(self._hass, self._device_id)
        await async_send(self._hass, manager, self._device_id, code, value)

    # The session

    @callback
    def _async_entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Check again when an account was added, loaded, unloaded or removed."""
        if entry.domain == TUYA:
            self._async_check(None)

    @callback
    def _async_check(self, now: datetime | None) -> None:
        """Listen to the current session, and check again later."""
        before, self.trouble = self.trouble, self._judge(self._listen())
        if self.trouble is not before:
            LOGGER.debug("%s: Tuya account: %s", self._entry.title, self.trouble or "connected")
        if self.trouble is Trouble.UNEXPECTED and before is not Trouble.UNEXPECTED:
            LOGGER.warning(
                "The Tuya integration is not as expected, so %s is not heard through it",
                self._entry.title,
            )
        if self.trouble is Trouble.NO_LOGIN:
            # A new entry is noticed by its change.
            self._async_schedule(None)
        else:
            self._async_schedule(
                CHECK_CONNECTING if self.trouble is Trouble.CONNECTING else CHECK_EVERY
            )

    @callback
    def _async_schedule(self, delay: float | None) -> None:
        """Schedule the next check, or none."""
        if self._timer:
            self._timer()
            self._timer = None
        if delay:
            check = HassJob(self._async_check, "check the Tuya account", cancel_on_shutdown=True)
            self._timer = async_call_later(self._hass, delay, check)

    def _listen(self) -> Trouble | None:
        """Listen to the session of the account, or return why that cannot be."""
        manager, device = find_device(self._hass, self._device_id)
        mq = getattr(manager, "mq", None)
        if mq is not self._mq:
            self._leave()
        if device is None:
            return self._absence()
        if mq is None:
            return Trouble.CONNECTING
        try:
            return self._join(mq, device)
        except _UNEXPECTED:
            return Trouble.UNEXPECTED

    def _judge(self, trouble: Trouble | None) -> Trouble | None:
        """Return the trouble; a session that has been connecting for long is offline."""
        if trouble is not Trouble.CONNECTING:
            self._connecting_since = None
            return trouble
        now = self._hass.loop.time()
        self._connecting_since = self._connecting_since or now
        lasting = now - self._connecting_since >= OFFLINE_AFTER
        return Trouble.OFFLINE if lasting else trouble

    def _absence(self) -> Trouble:
        """Return why no account has the lock."""
        entries = self._hass.config_entries.async_entries(
            TUYA, include_ignore=False, include_disabled=False
        )
        if not entries:
            return Trouble.NO_LOGIN
        if any(entry.state is not ConfigEntryState.LOADED for entry in entries):
            return Trouble.SIGNED_OUT
        return Trouble.NO_LOCK if list(managers(self._hass)) else Trouble.UNEXPECTED

    def _join(self, mq: Any, device: Any) -> Trouble | None:
        """Listen to a session, and subscribe it to the lock once it is connected."""
        self._mq = mq
        if self._on_message not in mq.message_listeners:
            LOGGER.debug("%s: listening to the Tuya account", self._entry.title)
            # Its thread may be iterating over the set. If the set changed meanwhile, the thread
            # would end, and with it the reports of all devices of the account.
            mq.message_listeners = {*mq.message_listeners, self._on_message}
        client = mq.client
        if client is None:
            return Trouble.CONNECTING
        # The integration leaves out devices that it has no entities for. What is in this list is
        # subscribed again whenever the session connects.
        if all(one.id != self._device_id for one in tuple(mq.device)):
            mq.subscribe_device(self._device_id, device)
        if lock := read_lock(device):
            self._lock.learn_from_account(lock.product_id, lock.table, lock.family)
        return None if client.is_connected() else Trouble.CONNECTING

    def _leave(self) -> None:
        """Stop listening to a session; the subscription may be used by others as well."""
        mq, self._mq = self._mq, None
        if mq is not None:
            LOGGER.debug("%s: no longer listening to the Tuya account", self._entry.title)
        with suppress(*_UNEXPECTED):
            mq.message_listeners = mq.message_listeners - {self._on_message}

    # Reports

    def _on_message(self, message: Any) -> None:
        """Pass on a report of the lock; runs in the thread of the session."""
        data = message.get("data") if isinstance(message, dict) else None
        if not isinstance(data, dict) or message.get("protocol") != _REPORT:
            return
        status = data.get("status")
        if data.get("devId") == self._device_id and isinstance(status, list):
            items = [dict(item) for item in status if isinstance(item, dict)]
            # The loop is closed when Home Assistant has stopped.
            with suppress(RuntimeError):
                self._hass.loop.call_soon_threadsafe(self._async_receive, items)

    @callback
    def _async_receive(self, items: list[dict[str, Any]]) -> None:
        """Receive a report, unless the session was left meanwhile."""
        if self._mq is None:
            return
        report = read_report(items, time.time())
        LOGGER.debug("%s: received from the Tuya account: %s", self._entry.title, described(report))
        self._lock.receive(report)


def read_report(items: list[dict[str, Any]], received: float) -> Report:
    """Return the items of a message as a report, without those that have no code and no DP id."""
    return Report(
        source=Source.ACCOUNT,
        received=received,
        items=tuple(
            Item(dp, item.get("value"), _time(item.get("t")))
            for item in items
            if (dp := _dp(item)) is not None
        ),
    )


def _dp(item: dict[str, Any]) -> int | str | None:
    """Return the code of an item, or else its DP id."""
    code, dp_id = item.get("code"), item.get("dpId")
    if isinstance(code, str):
        return code
    return dp_id if type(dp_id) is int else None


def _time(value: Any) -> float | None:
    """Return a time of an item in Unix seconds, if it has one."""
    if type(value) not in {int, float} or value <= 0:
        return None
    return in_seconds(value)
