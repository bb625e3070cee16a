"""The owner's Tuya account, through Home Assistant's own Tuya integration.

The only place that touches the run-time data of that integration. It is not ours: nothing in it is
taken for granted, nothing is written to it, and without it everything else goes on.
"""

from collections.abc import Iterator, Mapping
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

from .account_api import async_ask_for_key, async_send, can_send
from .account_lock import AccountLock, read_lock, takes
from .const import LOGGER
from .tuyalock import Item, Report, Source, TuyaLock, Value, in_seconds

TUYA = "tuya"

LOOK_EVERY = 30.0
"""Seconds between two looks whether the account still has the session that we listen to."""
LOOK_AGAIN = 3.0
"""The same while that session connects."""
OFFLINE_AFTER = 300.0
"""Seconds after which a session that does not connect has a reason that does not pass by itself."""
ASK_EVERY = 3600.0
"""Seconds between two questions for a local key."""

_REPORT = 4
"""The protocol number of messages in which a device reports."""
_UNEXPECTED = (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What goes wrong with objects of another shape than expected."""


class Trouble(StrEnum):
    """Why an account does not tell us of a lock."""

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
    """The Tuya integration is not what it was."""


@callback
def account_locks(hass: HomeAssistant) -> list[AccountLock]:
    """Return the locks of all accounts that are signed in."""
    found = (
        read_lock(device) for manager in managers(hass) for device in _devices(manager).values()
    )
    return [lock for lock in found if lock]


@callback
def local_key(hass: HomeAssistant, device_id: str) -> str | None:
    """Return the local key of a lock, if an account that is signed in has one."""
    keys = (lock.local_key for lock in account_locks(hass) if lock.device_id == device_id)
    return next(filter(None, keys), None)


def managers(hass: HomeAssistant) -> Iterator[Any]:
    """Return the managers of the accounts that are signed in."""
    for entry in hass.config_entries.async_loaded_entries(TUYA):
        if manager := getattr(getattr(entry, "runtime_data", None), "manager", None):
            yield manager


def _devices(manager: Any) -> dict[str, Any]:
    """Return the devices of an account by their ids; its thread may change them meanwhile."""
    devices = getattr(manager, "device_map", None)
    return dict(devices) if isinstance(devices, dict) else {}


class AccountRoad:
    """Listens to what an account hears of one lock, and tells the lock what nobody else can."""

    source = Source.ACCOUNT

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        stored: Mapping[str, Any] | None,
    ) -> None:
        """Go on from what `as_dict` returned in an earlier life; nothing is touched yet."""
        self._hass = hass
        self._entry = entry
        self._lock = lock
        lock.use_account(self)
        self._device_id: str = entry.data[CONF_DEVICE_ID]
        self._asked_at: float = (stored or {}).get("asked_at", 0.0)
        self.trouble: Trouble | None = Trouble.NO_LOGIN
        """Why we do not hear of the lock; None if we do."""
        self._mq: Any = None
        self._connecting_since: float | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._stop: CALLBACK_TYPE | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {"asked_at": self._asked_at}

    @callback
    def async_start(self) -> None:
        """Begin to listen, now or when there is an account."""
        self._stop = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
        )
        self._async_look(None)

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        if self._stop:
            self._stop()
            self._stop = None
        self._async_plan(None)
        self._leave()

    async def async_new_key(self, known: str) -> str | None:
        """Return the local key if it is another one now; the account is asked once an hour."""
        manager, device = self._find()
        if device is None or 0 <= time.time() - self._asked_at < ASK_EVERY:
            return None
        self._asked_at = time.time()
        key = getattr(device, "local_key", None)
        if key == known:
            key = await async_ask_for_key(self._hass, manager, self._device_id)
        usable = isinstance(key, str) and len(key) == len(known) and key != known
        return key if usable else None

    # The way of a command to the lock

    def accepts(self, code: str) -> bool:
        """Return if the account is there and takes this DP code for the lock."""
        if self.trouble is not None:
            return False
        manager, device = self._find()
        return can_send(manager) and takes(device, code)

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise CloudRefused, CloudUnreachable or CloudSilent."""
        manager, _ = self._find()
        await async_send(self._hass, manager, self._device_id, code, value)

    # Where the reports come from

    @callback
    def _async_entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Look again when an account was added, loaded, unloaded or removed."""
        if entry.domain == TUYA:
            self._async_look(None)

    @callback
    def _async_look(self, now: datetime | None) -> None:
        """Listen to the session that is there now, and look again later."""
        before, self.trouble = self.trouble, self._judge(self._listen())
        if self.trouble is Trouble.UNEXPECTED and before is not Trouble.UNEXPECTED:
            LOGGER.warning(
                "The Tuya integration is not as expected, so %s is not heard through it",
                self._entry.title,
            )
        if self.trouble is Trouble.NO_LOGIN:
            # The change of an entry is what to wait for.
            self._async_plan(None)
        else:
            self._async_plan(LOOK_AGAIN if self.trouble is Trouble.CONNECTING else LOOK_EVERY)

    @callback
    def _async_plan(self, delay: float | None) -> None:
        """Plan the next look, or none."""
        if self._timer:
            self._timer()
            self._timer = None
        if delay:
            look = HassJob(self._async_look, "look for the Tuya account", cancel_on_shutdown=True)
            self._timer = async_call_later(self._hass, delay, look)

    def _find(self) -> tuple[Any, Any]:
        """Return the account that has the lock, and the lock as it knows it."""
        for manager in managers(self._hass):
            if device := _devices(manager).get(self._device_id):
                return manager, device
        return None, None

    def _listen(self) -> Trouble | None:
        """Listen to the session of the account, or return why that cannot be."""
        manager, device = self._find()
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
        """Return the trouble, which is a worse one when a session does not connect for long."""
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
        """Listen to a session, and have it subscribed for the lock, once it is connected."""
        self._mq = mq
        if self._hear not in mq.message_listeners:
            # Its thread may be going through the set, which must not change then: a set that does
            # would end that thread, and with it the reports of all devices of the account.
            mq.message_listeners = {*mq.message_listeners, self._hear}
        client = mq.client
        if client is None:
            return Trouble.CONNECTING
        # The integration leaves out what it has no entities for. What is in this list is
        # subscribed again whenever the session connects.
        if all(one.id != self._device_id for one in tuple(mq.device)):
            mq.subscribe_device(self._device_id, device)
        if lock := read_lock(device):
            self._lock.learn_from_account(lock.product_id, lock.table, lock.family)
        return None if client.is_connected() else Trouble.CONNECTING

    def _leave(self) -> None:
        """Listen no more to a session; the subscription may be somebody else's, too."""
        mq, self._mq = self._mq, None
        with suppress(*_UNEXPECTED):
            mq.message_listeners = mq.message_listeners - {self._hear}

    # Reports

    def _hear(self, message: Any) -> None:
        """Hand over a report of our lock; runs on the thread of the session."""
        data = message.get("data") if isinstance(message, dict) else None
        if not isinstance(data, dict) or message.get("protocol") != _REPORT:
            return
        status = data.get("status")
        if data.get("devId") == self._device_id and isinstance(status, list):
            items = [dict(item) for item in status if isinstance(item, dict)]
            # The loop is closed when Home Assistant has stopped.
            with suppress(RuntimeError):
                self._hass.loop.call_soon_threadsafe(self._async_take, items)

    @callback
    def _async_take(self, items: list[dict[str, Any]]) -> None:
        """Take a report, unless we have left meanwhile."""
        if self._mq is not None:
            self._lock.receive(read_report(items, time.time()))


def read_report(items: list[dict[str, Any]], received: float) -> Report:
    """Return the items of a message as a report; what has neither a code nor an id says nothing."""
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
