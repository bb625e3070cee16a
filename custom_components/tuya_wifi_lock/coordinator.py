"""Owns one lock and publishes what it reports."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
import operator
from operator import attrgetter
import time
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
)
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_HOST,
    CONF_MAC,
    CONF_PORT,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.logging import catch_log_exception

from .accounts import async_has_account
from .const import (
    AUTO,
    CONF_ANNOUNCES,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
    DEFAULT_PORT,
    DOMAIN,
    LOGGER,
    Trouble,
)
from .discovery import async_find_mac, async_get_listener
from .dispatcher import RecordDispatcher
from .guests import Guests
from .members import Member, key_of, members_of, owners
from .opener import Opener, Opening
from .projects import project_of
from .store import LockStore
from .texts import lock_errors, text, way_name
from .tuyalock import (
    Address,
    Clock,
    Family,
    Reader,
    Record,
    Settings,
    Snapshot,
    TuyaLock,
    Unlock,
    UnlockWith,
    Update,
    is_clock_set,
)

if TYPE_CHECKING:
    from .bookings import Bookings
    from .cloud import CloudCoordinator
    from .new_codes import NewCodes
    from .tuya_account import TuyaAccount
    from .tuyalock import CloudClient, OpenApi

SOON = 10.0
"""Seconds after which a change is written that is no record; a crash may take it along."""
LATER = 1800.0
"""Seconds after which it is written when the lock was heard, unless something else is before."""
SHORT_STOP = 3600.0
"""Seconds of a stop that is ignored: a lock that was silent all day still is."""

type LockConfigEntry = ConfigEntry[LockCoordinator]
type Part = Callable[[LockCoordinator], object]
"""What a listener looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listened:
    """When the lock was listened to, in Unix seconds."""

    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What is stored of a lock beside what it knows itself."""

    account_queried_at: float = 0.0
    """When the account was asked for another local key last, in Unix seconds."""
    clean: bool = False
    """It was stopped cleanly."""
    ignored: frozenset[str] = frozenset()
    kind_answered: bool = False
    """Its owner was asked which kind of lock it is, and has answered."""
    listened: _Listened | None = None


HEARD_BEFORE: HassKey[dict[str, dict[str, Any]]] = HassKey(f"{DOMAIN}_heard_before")
"""What a flow has heard of a lock that it is adding, as it is stored, by device id."""


def stored_of_new(lock: TuyaLock) -> dict[str, Any]:
    """Return what is to be stored of a lock that a flow has tested, and has let go of."""
    return {**lock.as_dict(), "clean": True}


def _listening_since(listened: _Listened | None) -> float:
    """Return since when the lock is listened to, but for short stops, in Unix seconds."""
    now = time.time()
    if listened and now - SHORT_STOP < listened.until <= now:
        return min(listened.since, now)
    return now


def address_of(data: Mapping[str, Any]) -> Address:
    """Return how a lock is reached, from the data of its entry."""
    version = data.get(CONF_PROTOCOL_VERSION, AUTO)
    return Address(
        host=data.get(CONF_HOST),
        port=data.get(CONF_PORT, DEFAULT_PORT),
        device_id=data[CONF_DEVICE_ID],
        local_key=data.get(CONF_LOCAL_KEY, "").encode(),
        version=None if version == AUTO else version,
        announces=data.get(CONF_ANNOUNCES, False),
    )


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Return what the owner decided, from the options of an entry."""
    defaults = Settings()
    return Settings(
        unlock_with=UnlockWith(options.get(CONF_UNLOCK_WITH, defaults.unlock_with)),
        relocks_itself=options.get(CONF_RELOCKS_ITSELF, defaults.relocks_itself),
        relock_delay=options.get(CONF_RELOCK_DELAY, defaults.relock_delay),
        unlock_wait=options.get(CONF_UNLOCK_WAIT, defaults.unlock_wait),
    )


def _lasting(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what is worth a write of its own; that the lock was heard can wait for the next."""
    state = replace(snapshot.state, last_heard=None)
    return state, snapshot.family, snapshot.changeable, snapshot.passwords


@callback
def async_end_reauth(hass: HomeAssistant, entry: LockConfigEntry) -> None:
    """Stop asking for a key: the lock accepts the one it has, or the owner has corrected it."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
        hass.config_entries.flow.async_abort(flow["flow_id"])


_call: Callable[[CALLBACK_TYPE], object] = catch_log_exception(
    operator.call, lambda listener: f"Error in {listener}"
)
"""Calls back a listener; what fails there hinders nobody else."""


class LockCoordinator:
    """The link between one lock and its entities."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: LockConfigEntry,
        api: OpenApi | None,
        store: LockStore,
        stored: Any,
    ) -> None:
        """Prepare a lock with what was stored of it, and with its cloud project if it has one."""
        self.store, self.reader = store, (reader := Reader())
        stored = reader.parts("file", stored)
        beside: _Stored = reader.read("listening", _Stored, stored, _Stored())
        self.hass, self.config_entry = hass, entry
        self.name = entry.title
        self.device_id: str = entry.data[CONF_DEVICE_ID]
        self._settings = settings_of(entry.options)
        self._project = api.project if api else None
        client: CloudClient | None = None
        if api:
            from .tuyalock import CloudClient

            client = CloudClient(api, self.device_id, stored.get("cloud"), reader)
        self._wanted = address_of(entry.data)
        self.lock = TuyaLock(
            self._wanted,
            self._settings,
            Clock(),
            stored,
            client,
            reader=reader,
            on_update=self._async_updated,
            since=entry.created_at.timestamp(),
        )
        self.account: TuyaAccount | None = None
        """None while Home Assistant has no account."""
        self.account_trouble: Trouble | None = Trouble.NO_LOGIN
        """Why nothing is heard of the lock through an account; None if it is heard."""
        self._account_queried_at = beside.account_queried_at
        self.cloud: CloudCoordinator | None = None
        if api and client:
            from .cloud import CloudCoordinator

            watch, heard = stored.get("watch"), self._is_heard_by_account
            self.cloud = CloudCoordinator(
                hass, entry, self.lock, client, api.calls, heard, watch, reader
            )
        self.data = self.lock.snapshot
        self.listening_since = _listening_since(beside.listened)
        self.checked_at: float | None = None
        """When the owner last asked to check the lock."""
        self._mac_sought = CONF_MAC in entry.data
        self.members: dict[str, Member] = {}
        self.owners: dict[str, Member] = {}
        """Whose each number is, `fingerprint:3`."""
        self._take_members()
        self.ignored = beside.ignored
        self.kind_answered = beside.kind_answered
        self._listeners: dict[Part | None, list[CALLBACK_TYPE]] = {}
        self._shown: dict[Part | None, object] = {}
        """What the parts that somebody listens to were like at the last update."""
        self._member_listeners: list[CALLBACK_TYPE] = []
        self.async_add_listener(self._async_show_model, _FAMILY)
        self.guests = Guests(hass, entry, self.lock.passwords, self.action)
        self.new_codes: NewCodes | None = None
        """The digits of codes that were just made in the calendar, if the lock has one."""
        booked = stored.get("bookings")
        self._bookings = self._make_bookings(booked) if booked else None
        self.available = True
        """The lock is there for us, awake or not; behind a gateway, Tuya reports about it."""
        self.heard = True
        """There is something that reports about the lock: itself, the account or the cloud."""
        self.has_firmware = False
        """The cloud has said which firmware the lock has."""
        self._followers: list[CALLBACK_TYPE] = []
        calls = reader.read("calls", list[Opening], stored.get("calls", []), [])
        self.opener = Opener(hass, calls)
        self.last_unlocked_by = self._who_unlocked(self.data.last_unlock)
        if not beside.clean:
            self.lock.recover()
        self.records = RecordDispatcher(entry, self.lock, self.owner, self.opener, self._async_save)
        self._closed = False
        self._written = self.lock.journal.changes
        """How many changes of the journal are on their way to the disk."""

    async def async_start(self) -> None:
        """Begin to look for the lock, and deliver its records once automations can hear them."""
        entry, hass = self.config_entry, self.hass
        if self.records.waiting:
            # From here on, a crash leaves a store that is not clean.
            await self._async_save_now()
        if self.lock.on_network:
            listener = async_get_listener(hass)
            entry.async_on_unload(await listener.async_subscribe(self.lock.announced))
        entry.async_on_unload(async_at_started(hass, self.records.async_begin))
        if self.cloud:
            self.cloud.async_start(self.async_update_listeners)
        await self._async_use_account()
        self._async_save()
        self.lock.start()

    @callback
    def async_check_account(self) -> None:
        """Check again: an account was added, loaded, unloaded or removed."""
        if self._closed:
            return
        if self.account:
            self.account.async_check()
        else:
            self.config_entry.async_create_task(self.hass, self._async_use_account())

    async def _async_use_account(self) -> None:
        """Listen to the account, if there is one."""
        if not await async_has_account(self.hass) or self.account or self._closed:
            return
        from .tuya_account import TuyaAccount

        self.account = TuyaAccount(
            self.hass,
            self.config_entry,
            self.lock,
            self._account_queried_at,
            self.async_update_listeners,
        )
        self.account.async_check()

    def _is_heard_by_account(self) -> bool:
        return self.account_trouble is None

    async def async_get_bookings(self) -> Bookings:
        """Return the bookings that have a code; what follows them is imported by now."""
        await async_import_module(self.hass, f"{__package__}.bookings")
        if self._bookings is None:
            self._bookings = self._make_bookings([])
        return self._bookings

    def _make_bookings(self, stored: Any) -> Bookings:
        from .bookings import Booking, Bookings

        known = self.reader.read("bookings", list[Booking], stored, [])
        return Bookings(self.hass, self.config_entry, self.guests, known, self._async_save_now)

    async def async_shutdown(self) -> None:
        """Save what is known of the lock."""
        await self.store.async_close(self._stored)

    async def async_stop(self) -> None:
        """Disconnect from the lock; Home Assistant writes the store when it stops."""
        await self.async_close()
        await self.store.async_write(self._stored, whole=True)

    async def async_close(self) -> None:
        """Disconnect from the lock, and keep its last records for the next start."""
        self._closed = True
        if self.account:
            self.account.async_stop()
        self.records.close()
        await self.lock.stop()

    def _stored(self) -> dict[str, Any]:
        self._written = self.lock.journal.changes
        if not is_clock_set(self.listening_since):
            self.listening_since = time.time()
        if self.account:
            self._account_queried_at = self.account.queried_at
        return {
            **self.lock.stored,
            "account_queried_at": self._account_queried_at,
            "clean": self._closed,
            "ignored": self.ignored,
            "kind_answered": self.kind_answered,
            "listened": _Listened(since=self.listening_since, until=time.time()),
            "calls": self.opener.calls,
            "watch": self.cloud.stored if self.cloud else None,
            "bookings": tuple(self._bookings.known) if self._bookings else (),
        }

    async def _async_save_now(self) -> None:
        await self.store.async_write(self._stored, sync=True)

    @contextmanager
    def action(self) -> Generator[None]:
        """Run an action; raise errors of the lock as translated errors."""
        with lock_errors(), self.cloud.observe() if self.cloud else nullcontext():
            yield

    @callback
    def async_ignore(self, number: str) -> None:
        """Never ask again whose a number is: `fingerprint:3`."""
        self.ignored |= {number}
        self._async_save()

    @callback
    def async_answer_kind(self, families: frozenset[Family]) -> None:
        """Take the owner's answer which kind of lock it is, and never ask again."""
        self.kind_answered = True
        self.lock.choose_kind(families)
        self._async_save()

    def owner(self, unlock: Unlock) -> Member | None:
        """Return whose number opened the lock."""
        return self.owners.get(key_of(unlock) or "")

    def _take_members(self) -> None:
        """Take the members of the entry, and whose each number is."""
        self.members = members_of(self.config_entry)
        self.owners = owners(self.members.values())

    @property
    def device_info(self) -> DeviceInfo:
        """Return the device of the lock, by what is known of it now."""
        mac = self.config_entry.data.get(CONF_MAC)
        return DeviceInfo(
            identifiers={(DOMAIN, self.device_id)},
            connections={(dr.CONNECTION_NETWORK_MAC, mac)} if mac else set(),
            manufacturer="Tuya",
            model=self.model,
            name=self.config_entry.title,
        )

    @property
    def model(self) -> str | None:
        """Return what kind of lock it is, in words, where that is known."""
        key = self.data.family if self.lock.on_network else "gateway"
        return text(self.hass, "model", key.lower()) if key else None

    def member_device(self, member: Member) -> DeviceInfo:
        """Return the device of a member; it belongs to the lock's.

        Choices of members find them by the manufacturer, as the model names the door.
        """
        lock = dr.async_get_device_id_by_identifier(
            self.hass, (DOMAIN, self.device_id), config_entry_id=self.config_entry.entry_id
        )
        return DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, member.id)},
            manufacturer="Tuya Wi-Fi Lock",
            model=self._member_model,
            name=member.name,
            via_device_id=lock,
        )

    @property
    def _member_model(self) -> str:
        return text(self.hass, "model", "member").format(lock=self.name)

    def _who_unlocked(self, record: Record | None) -> str | None:
        """Return who unlocked last: a name if there is one, or else `Fingerprint 3`."""
        if record is None:
            return None
        unlock = record.unlock
        if member := self.owner(unlock):
            return member.name
        if opener := self.opener.name_of(record):
            return opener
        if unlock.by_us:
            return "Home Assistant"
        if guest := self.lock.password_name(record):
            return guest
        return way_name(self.hass, unlock.method, unlock.number)

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE, part: Part | None = None) -> None:
        """Call back when a part of what can be seen of the lock has changed, or else anything."""
        self._listeners.setdefault(part, []).append(listener)
        if part:
            self._shown.setdefault(part, part(self))

    @callback
    def async_remove_listener(self, listener: CALLBACK_TYPE, part: Part | None = None) -> None:
        """Stop calling back."""
        self._listeners[part].remove(listener)

    @callback
    def async_follow(self, listener: CALLBACK_TYPE) -> None:
        """Call back after each update, once its records are delivered."""
        self._followers.append(listener)

    @callback
    def async_unfollow(self, listener: CALLBACK_TYPE) -> None:
        """Stop calling back."""
        self._followers.remove(listener)

    @callback
    def async_update_listeners(self) -> None:
        """Call back all who show something of the lock, and then all who follow it."""
        self._async_show()
        self._async_call_followers()

    @callback
    def _async_call_followers(self) -> None:
        for follower in tuple(self._followers):
            _call(follower)

    @callback
    def _async_show(self) -> None:
        """Call back all who show something of the lock."""
        snapshot, cloud = self.data, self.cloud
        self.account_trouble = self.account.trouble if self.account else Trouble.NO_LOGIN
        by_account = self.account_trouble in {None, Trouble.CONNECTING}
        by_tuya = by_account or (cloud is not None and cloud.last_update_success)
        self.available = snapshot.available if self.lock.on_network else by_tuya
        self.heard = self.available or by_tuya
        self.has_firmware = cloud is not None and cloud.data.firmware is not None
        for part, listeners in tuple(self._listeners.items()):
            if part:
                before, self._shown[part] = self._shown[part], part(self)
                if before == self._shown[part]:
                    continue
            for listener in tuple(listeners):
                _call(listener)

    @callback
    def _async_show_model(self) -> None:
        """Show what kind of lock it is, which may have turned out just now."""
        devices, entry_id = dr.async_get(self.hass), self.config_entry.entry_id
        device = devices.async_get_device_by_identifier((DOMAIN, self.device_id), entry_id)
        if device and (model := self.model):
            devices.async_update_device(device.id, model=model)

    @callback
    def async_subscribe_members(self, listener: CALLBACK_TYPE) -> None:
        """Call back when members were added, changed or removed, until the lock is unloaded."""
        self._member_listeners.append(listener)

    @callback
    def async_update_members(self) -> None:
        """Take over a new name, changed members and options, without touching the lock."""
        before = self.members, self.name
        self.name = self.config_entry.title
        self._take_members()
        if before != (self.members, self.name):
            # Who unlocked last stays as it was shown: nobody has opened the door now.
            if self.cloud:
                self.cloud.async_rename()
            devices, entry_id = dr.async_get(self.hass), self.config_entry.entry_id
            for member in self.members.values():
                identifier = (DOMAIN, member.id)
                if device := devices.async_get_device_by_identifier(identifier, entry_id):
                    devices.async_update_device(
                        device.id, name=member.name, model=self._member_model
                    )
            for listener in tuple(self._member_listeners):
                _call(listener)
        self.async_update_listeners()

    @callback
    def async_made_with(self, entry: LockConfigEntry) -> bool:
        """Return if the lock is reached and used as the entry says now.

        What has not changed in the entry counts as done: the lock may be about to prove that it has
        another address, and a flow may test another key.
        """
        before, self._wanted = self._wanted, address_of(entry.data)
        reached = all(
            getattr(self._wanted, name) in {getattr(before, name), getattr(self.lock.address, name)}
            for name in ("host", "port", "local_key", "version")
        )
        used = self._settings, self._project
        return reached and used == (settings_of(entry.options), project_of(entry.data))

    @callback
    def _async_updated(self, update: Update) -> None:
        """Show what has changed, and deliver the records that are new."""
        snapshot, before = update.state, self.data
        if snapshot.key_refused and not before.key_refused:
            LOGGER.info("%s refuses the local key", self.name)
            self.config_entry.async_create_background_task(
                self.hass, self._async_renew_key(), "look for another local key"
            )
        elif before.key_refused and snapshot.awake:
            LOGGER.info("%s accepts the local key again", self.name)
            async_end_reauth(self.hass, self.config_entry)
        if snapshot.unlocking and snapshot.unlock_waits_until is None and self.lock.opens_by_tuya:
            self.opener.async_ask_tuya()
        if snapshot.missing != before.missing:
            LOGGER.info("%s %s", self.name, "is missing" if snapshot.missing else "is back")
        if self.cloud and not before.awake:
            self.cloud.async_lock_changed(before, snapshot)
        if snapshot.awake and not before.awake:
            self._async_keep_address()
        elif before.awake and not snapshot.awake and snapshot.stays:
            # It may have got another address, and announces itself only when asked.
            self.config_entry.async_create_task(
                self.hass, async_get_listener(self.hass).async_ask()
            )
        if (snapshot.last_unlock, snapshot.passwords) != (before.last_unlock, before.passwords):
            self.last_unlocked_by = self._who_unlocked(snapshot.last_unlock)
        self.data = snapshot
        try:
            self._async_show()
            if update.records:
                self.records.async_take(update.records)
        finally:
            # It is planned here and done afterwards, so nobody waits for it.
            self._async_save_change(before, snapshot)
        self._async_call_followers()

    @callback
    def _async_keep_address(self) -> None:
        """Keep in the entry the address at which the lock has proved to be."""
        entry, host = self.config_entry, self.lock.host
        found = {CONF_HOST: host, CONF_ANNOUNCES: self.lock.address.announces}
        if not found.items() <= entry.data.items():
            self.hass.config_entries.async_update_entry(entry, data={**entry.data, **found})
        if host and not self._mac_sought:
            self._mac_sought = True
            entry.async_create_task(self.hass, self._async_keep_mac(host))

    async def _async_keep_mac(self, host: str) -> None:
        """Keep the MAC address of the lock, so that its DHCP requests are known from others."""
        entry = self.config_entry
        if mac := await async_find_mac(self.hass, host):
            self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_MAC: mac})
            dr.async_get(self.hass).async_get_or_create(
                config_entry_id=entry.entry_id,
                identifiers={(DOMAIN, self.device_id)},
                connections={(dr.CONNECTION_NETWORK_MAC, mac)},
            )

    async def _async_renew_key(self) -> None:
        """Take the local key that the account has after a pairing, or else ask the owner."""
        data = self.config_entry.data
        known = data[CONF_LOCAL_KEY]
        key = await self.account.async_new_key(known) if self.account else None
        if not self.lock.snapshot.key_refused:
            return
        if key:
            LOGGER.info("The Tuya account has another local key for %s", self.name)
            # The entry is loaded again with it, and the lock says if it is right.
            self.hass.config_entries.async_update_entry(
                self.config_entry, data={**data, CONF_LOCAL_KEY: key}
            )
        else:
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _async_save_change(self, before: Snapshot, now: Snapshot) -> None:
        """Write what has changed; that the lock was heard can wait."""
        if self._written != self.lock.journal.changes or _lasting(now) != _lasting(before):
            self._async_save()
        elif now.state.last_heard != before.state.last_heard:
            self._async_save(LATER)

    @callback
    def _async_save(self, delay: float = SOON) -> None:
        """Write at once what is new in the journal, and with it, or else later, what else is new.

        A record is written when it is received, so that a crash loses none; and once more when it
        was delivered, so that the next start does not deliver it again.
        """
        if self._written != self.lock.journal.changes:
            delay = 0.0
        self.store.async_plan(self._stored, delay)


# What is looked at

_FAMILY: Part = attrgetter("data.family")
availability: Part = attrgetter("available")
"""If the lock is there for us."""
hearing: Part = attrgetter("heard")
"""If there is something that reports about the lock."""
features: Part = attrgetter(
    "data.state.seen", "data.family", "data.changeable", "data.kinds", "has_firmware"
)
"""What decides which entities the lock has."""
