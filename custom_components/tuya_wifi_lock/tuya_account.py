"""Tuya accounts that are signed in to Home Assistant's own Tuya integration.

The only place that touches the run-time data of that integration. It belongs to another
integration: no attribute is taken for granted, nothing is written to it, and without it everything
else goes on.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
import re
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import LOGGER, TUYA, Trouble
from .tuyalock import (
    PRODUCTS,
    AccountRefused,
    AccountSilent,
    CloudDevice,
    CloudError,
    CloudUnreachable,
    Dp,
    Source,
    TuyaLock,
    Value,
    has_lock_codes,
    is_lock,
    read_account_report,
    read_devices,
    read_specifications,
)

CHECK_EVERY = 30.0
"""Seconds between two checks if the account still uses the same MQTT session."""
CHECK_CONNECTING = 3.0
"""The same while the session is connecting."""
OFFLINE_AFTER = 300.0
"""Seconds after which a session that does not connect needs the owner's attention."""
QUERY_EVERY = 3600.0
"""Seconds between two queries for a local key."""

ANSWER_TIME = 10.0
"""Seconds within which Tuya has to answer."""

_PASSING = {
    ConfigEntryState.NOT_LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
}
"""What an entry goes through while it is reloaded."""
_FIELDS = ("id", "name", "category", "product_id", "local_key", "sub", "ip")
"""Attributes of a device that are called as in a cloud project."""
_ERROR_CODE = re.compile("-?[0-9]{1,9}")
_REPORT = 4
"""The protocol number of messages in which a device reports."""
_UNEXPECTED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors of objects of another shape than expected."""


class TuyaAccount:
    """Listens to the reports of one lock to an account, and sends commands to it."""

    source = Source.ACCOUNT

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        queried_at: float,
        changed: Callable[[], None],
    ) -> None:
        """Touch nothing before `async_check`.

        `queried_at`: Unix time of the last query for a local key. `changed`: the lock is heard now,
        or no longer.
        """
        self._hass = hass
        self._entry = entry
        self._lock = lock
        self._changed = changed
        lock.use_account(self)
        self._device_id: str = entry.data[CONF_DEVICE_ID]
        self.queried_at = queried_at
        ago = time.time() - queried_at
        self._query_from = hass.loop.time() + (QUERY_EVERY - ago if 0 <= ago < QUERY_EVERY else 0)
        self.trouble: Trouble | None = Trouble.NO_LOGIN
        """Why nothing is heard of the lock; None if it is heard."""
        self._was_heard: bool | None = None
        """If it was heard before it began to connect, if that is known."""
        self._signed_out: Any = None
        """The device manager whose sign-in Tuya no longer accepts."""
        self._mq: Any = None
        self._connecting_since: float | None = None
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def async_stop(self) -> None:
        """Stop listening."""
        self._async_schedule(None)
        self._leave()

    async def async_new_key(self, known: str) -> str | None:
        """Return the local key if it has changed; Tuya is queried once an hour at most."""
        manager, device = find_device(self._hass, self._device_id)
        if device is None or self._hass.loop.time() < self._query_from:
            return None
        self.queried_at = time.time()
        self._query_from = self._hass.loop.time() + QUERY_EVERY
        key = _key_of(device)
        if key == known:
            key = await self._async_query_key(manager)
        return key if key and key != known else None

    async def _async_query_key(self, manager: Any) -> str:
        """Ask Tuya for the local key, which is empty if there is none; its own device stays."""
        if not (query := _method(manager, "device_repository", "query_devices_by_ids")):
            return ""
        try:
            answer = await self._async_call(query, [self._device_id])
        except CloudError as err:
            why = str(err) or err.name
            LOGGER.info("Unable to get the local key from the Tuya account: %s", why)
            return ""
        devices = answer if isinstance(answer, list) else []
        keys = [_key_of(one) for one in devices if getattr(one, "id", None) == self._device_id]
        return keys[-1] if keys else ""

    # Commands

    def accepts(self, code: str) -> bool:
        """Return if this DP code can be sent to the lock now."""
        if self.trouble is not None:
            return False
        manager, device = find_device(self._hass, self._device_id)
        return _post(manager) is not None and code in _mapping(device, "function")

    async def send(self, code: str, value: Value) -> None:
        """Send one DP value; raise AccountRefused, CloudUnreachable or AccountSilent."""
        manager, _ = find_device(self._hass, self._device_id)
        self._signed_out = None
        if (post := _post(manager)) is None:
            raise CloudUnreachable
        path = f"/v1.1/m/thing/{self._device_id}/commands"
        body = {"commands": [{"code": code, "value": value}]}
        try:
            if await self._async_call(post, path, None, body) is None:
                raise AccountSilent
        except CloudError as err:
            LOGGER.debug("Command %s through the Tuya account: %s", code, str(err) or err.name)
            if isinstance(err, AccountRefused) and err.is_sign_out:
                self._signed_out = manager
                self.async_check()
            raise
        LOGGER.debug("Command %s through the Tuya account: success", code)

    async def _async_call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return the result of a blocking function; raise AccountRefused or AccountSilent."""
        call = self._hass.async_add_executor_job(function, *args)
        # After a timeout nobody retrieves its error.
        call.add_done_callback(lambda done: done.cancelled() or done.exception())
        done, _ = await asyncio.wait({call}, timeout=ANSWER_TIME)
        if not done:
            raise AccountSilent
        if error := call.exception():
            # Only a refusal proves that nothing was done.
            code = str(getattr(error, "error_code", ""))
            raise AccountRefused(int(code)) if _ERROR_CODE.fullmatch(code) else AccountSilent
        return call.result()

    # The session

    @callback
    def async_check(self, now: datetime | None = None) -> None:
        """Listen to the current session, and check again later, until `async_stop`."""
        before, self.trouble = self.trouble, self._judge(self._listen())
        if self.trouble is not before:
            LOGGER.debug("%s: Tuya account: %s", self._entry.title, self.trouble or "connected")
            self._log_change()
            self._changed()
        if self.trouble is Trouble.NO_LOGIN:
            # A new entry is noticed by its change.
            self._async_schedule(None)
        else:
            connecting = self.trouble is Trouble.CONNECTING
            self._async_schedule(CHECK_CONNECTING if connecting else CHECK_EVERY)

    def _log_change(self) -> None:
        """Log once that the account no longer reports the lock, and once that it does again."""
        if self.trouble is Trouble.CONNECTING:
            return
        heard, lock = self.trouble is None, self._entry.title
        if self.trouble is Trouble.UNEXPECTED:
            LOGGER.warning(
                "The Tuya integration is not as expected, so it does not report %s", lock
            )
        if self._was_heard is not heard and self._was_heard is not None:
            LOGGER.info("The Tuya account %s %s", "reports" if heard else "does not report", lock)
        self._was_heard = heard

    @callback
    def _async_schedule(self, delay: float | None) -> None:
        if self._timer:
            self._timer()
            self._timer = None
        if delay:
            check = HassJob(self.async_check, "check the Tuya account", cancel_on_shutdown=True)
            self._timer = async_call_later(self._hass, delay, check)

    def _listen(self) -> Trouble | None:
        """Listen to the session of the account, or return why that cannot be."""
        manager, device = find_device(self._hass, self._device_id)
        mq = getattr(manager, "mq", None)
        if mq is not self._mq:
            self._leave()
        if device is None:
            return absence(self._hass)
        if mq is None:
            return Trouble.CONNECTING
        try:
            trouble = self._join(mq, device)
        except _UNEXPECTED:
            return Trouble.UNEXPECTED
        return Trouble.SIGNED_OUT if manager is self._signed_out else trouble

    def _judge(self, trouble: Trouble | None) -> Trouble | None:
        """Return the trouble; a session that has been connecting for long is offline."""
        if trouble is not Trouble.CONNECTING:
            self._connecting_since = None
            return trouble
        now = self._hass.loop.time()
        self._connecting_since = self._connecting_since or now
        lasting = now - self._connecting_since >= OFFLINE_AFTER
        return Trouble.OFFLINE if lasting else trouble

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
        if self._is_ours(data) and isinstance(status, list):
            items = [dict(item) for item in status if isinstance(item, dict)]
            # The loop is closed when Home Assistant has stopped.
            with suppress(RuntimeError):
                self._hass.loop.call_soon_threadsafe(self._async_receive, items)

    def _is_ours(self, data: Mapping[str, Any]) -> bool:
        """Return if a message is of the lock, and not of a device behind it."""
        behind = data.get("cid") not in (None, "", self._device_id)
        is_gateway = behind and self._lock.address.on_network
        return data.get("devId") == self._device_id and not is_gateway

    @callback
    def _async_receive(self, items: list[dict[str, Any]]) -> None:
        """Receive a report, unless the session was left meanwhile."""
        if self._mq is None:
            return
        report = read_account_report(items, time.time())
        LOGGER.debug("%s: received from the Tuya account: %s", self._entry.title, str(report))
        self._lock.receive(report)


# The locks of the accounts, as the Tuya integration knows them


@dataclass(frozen=True, slots=True)
class AccountLock(CloudDevice):
    """A lock of an account."""

    table: Mapping[int, Dp]
    """The DP table of the product, as far as it is known to the account."""
    refusal: str | None
    """Why it cannot be set up: `no_lock_dps`."""


@callback
def account_locks(hass: HomeAssistant) -> list[AccountLock]:
    """Return the locks of all accounts that are signed in."""
    found = (
        read_lock(device)
        for manager in managers(hass)
        for device in _mapping(manager, "device_map").values()
    )
    return [lock for lock in found if lock]


@callback
def account_lock(hass: HomeAssistant, device_id: str) -> AccountLock | None:
    """Return a lock of the accounts; the devices beside it are not looked at."""
    _, device = find_device(hass, device_id)
    return read_lock(device)


@callback
def absence(hass: HomeAssistant) -> Trouble:
    """Return why no account has a lock."""
    entries = hass.config_entries.async_entries(TUYA, include_ignore=False)
    if not entries:
        return Trouble.NO_LOGIN
    entries = [entry for entry in entries if not entry.disabled_by]
    if not entries:
        return Trouble.DISABLED
    states = {entry.state for entry in entries}
    if ConfigEntryState.SETUP_RETRY in states:
        return Trouble.WAITING
    if states & _PASSING:
        return Trouble.CONNECTING
    if states != {ConfigEntryState.LOADED}:
        return Trouble.SIGNED_OUT
    return Trouble.NO_LOCK if list(managers(hass)) else Trouble.UNEXPECTED


def managers(hass: HomeAssistant) -> Iterator[Any]:
    """Return the device managers of the accounts that are signed in."""
    for entry in hass.config_entries.async_loaded_entries(TUYA):
        if manager := getattr(getattr(entry, "runtime_data", None), "manager", None):
            yield manager


def find_device(hass: HomeAssistant, device_id: str) -> tuple[Any, Any]:
    """Return the device manager that has a device, and the device.

    Of several accounts, it is one with a session that hears the device.
    """
    found = [
        (manager, device)
        for manager in managers(hass)
        if getattr(device := _mapping(manager, "device_map").get(device_id), "id", None)
        == device_id
    ]
    return max(found, key=lambda one: _is_connected(one[0]), default=(None, None))


def _is_connected(manager: Any) -> bool:
    """Return if an account has a session with Tuya."""
    with suppress(*_UNEXPECTED):
        return bool(manager.mq.client.is_connected())
    return False


def _key_of(device: Any) -> str:
    """Return the local key of a lock of an account; empty if there is none."""
    lock = read_lock(device)
    return lock.local_key if lock else ""


def read_lock(device: Any) -> AccountLock | None:
    """Return a device as a lock, or None if it is no lock or has another shape than expected."""
    row = {name: getattr(device, name, None) for name in _FIELDS}
    if not is_lock(str(row["category"]), str(row["product_id"])):
        return None
    table = _table(device)
    codes = _codes(device, table)
    status = [{"code": code} for code in codes]
    one = next(iter(read_devices([row | {"status": status}])), None)
    if one is None:
        return None
    known = one.product_id in PRODUCTS or not codes
    refusal = None if known or has_lock_codes(codes) else "no_lock_dps"
    return AccountLock(**asdict(one), table=table, refusal=refusal)


def _codes(device: Any, table: Mapping[int, Dp]) -> set[str]:
    codes = (*_mapping(device, "function"), *_mapping(device, "status_range"))
    return {str(code) for code in codes} | {dp.code for dp in table.values()}


def _table(device: Any) -> dict[int, Dp]:
    """Return the DP table of a device; empty if the DP ids are not known."""
    writable = _mapping(device, "function")
    rows = [
        {
            "dp_id": dp_id,
            "code": row.get("status_code"),
            "type": config.get("valueType"),
            "values": config.get("valueDesc"),
        }
        for dp_id, row in _mapping(device, "local_strategy").items()
        if type(dp_id) is int
        and isinstance(row, dict)
        and isinstance(config := row.get("config_item"), dict)
        and isinstance(row.get("status_code"), str)
    ]
    functions = [row for row in rows if row["code"] in writable]
    return read_specifications({"status": rows, "functions": functions})


def _post(manager: Any) -> Callable[..., Any] | None:
    """Return the function of the SDK that posts a request.

    The SDK's own `send_commands` drops a command that equals the one within the last ten seconds,
    and writes all commands to its debug log, where a remote key must not be.
    """
    return _method(manager, "customer_api", "post")


def _method(manager: Any, part: str, name: str) -> Callable[..., Any] | None:
    """Return a method of a part of the SDK, if it is there."""
    method = getattr(getattr(manager, part, None), name, None)
    return method if callable(method) else None


def _mapping(one: Any, name: str) -> dict[Any, Any]:
    """Return a mapping of the SDK as it is now: its thread may change it meanwhile."""
    found = getattr(one, name, None)
    return dict(found) if isinstance(found, dict) else {}
