"""The picture of a door that cards show: pushed over the WebSocket whenever it changes."""

from asyncio import Handle
from functools import partial
import time
from typing import Any

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.lock import CONF_DEFAULT_CODE, DOMAIN as LOCK_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_state_change_event

from .checks import DAY, Finding, State
from .const import CONF_CODE, DOMAIN
from .coordinator import LockConfigEntry, LockCoordinator
from .diagnosis import check_lock, checked_signal
from .tuyalock import Age, Alarm, Kind, Record, Snapshot

MOST_OPENINGS = 20
"""Openings that a card can show."""

type Picture = dict[str, Any]


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the commands."""
    websocket_api.async_register_command(hass, ws_subscribe)


@websocket_api.websocket_command(
    {vol.Required("type"): f"{DOMAIN}/subscribe", vol.Required(ATTR_ENTITY_ID): cv.entity_id}
)
@callback
def ws_subscribe(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
) -> None:
    """Push the picture of a door now and whenever it changes, to users who may see its lock."""
    entity_id = message[ATTR_ENTITY_ID]
    if not connection.user.permissions.check_entity(entity_id, POLICY_READ):
        raise Unauthorized(user_id=connection.user.id, entity_id=entity_id, permission=POLICY_READ)
    entity = er.async_get(hass).async_get(entity_id)
    is_lock = entity is not None and (entity.platform, entity.domain) == (DOMAIN, LOCK_DOMAIN)
    entry_id = entity.config_entry_id if entity and is_lock else None
    entry = hass.config_entries.async_get_entry(entry_id) if entry_id else None
    if entry is None:
        connection.send_error(
            message["id"],
            websocket_api.ERR_NOT_FOUND,
            f"{entity_id} is no lock of this integration",
            translation_domain=DOMAIN,
            translation_key="no_lock_of_ours",
            translation_placeholders={"entity": entity_id},
        )
        return
    viewer = _Viewer(hass, entry, entity_id, connection, message["id"])
    connection.subscriptions[message["id"]] = viewer.async_close
    connection.send_result(message["id"])
    viewer.async_open()


class _Viewer:
    """Someone who looks at a door: gets its picture, and a new one whenever it has changed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: LockConfigEntry,
        entity_id: str,
        connection: websocket_api.ActiveConnection,
        message_id: int,
    ) -> None:
        self._hass, self._entry, self._entity_id = hass, entry, entity_id
        self._connection, self._message_id = connection, message_id
        self._findings: list[Finding] = []
        self._shown: Picture | None = None
        self._due: Handle | None = None
        self._always: list[CALLBACK_TYPE] = []
        self._while_loaded: list[CALLBACK_TYPE] = []

    @callback
    def async_open(self) -> None:
        """Show the door, and listen for changes of the lock, its entity and its entry."""
        self._always = [
            async_track_state_change_event(
                self._hass, self._entity_id, lambda event: self._async_changed()
            ),
            async_dispatcher_connect(
                self._hass, checked_signal(self._entry.entry_id), self._async_checked
            ),
            self._entry.async_on_state_change(self._async_entry_changed),
        ]
        self._async_entry_changed()

    @callback
    def async_close(self) -> None:
        """Listen no longer."""
        self._async_forget(self._always)
        self._async_forget(self._while_loaded)
        if self._due:
            self._due.cancel()

    @staticmethod
    def _async_forget(listeners: list[CALLBACK_TYPE]) -> None:
        for remove in listeners:
            remove()
        listeners.clear()

    @callback
    def _async_entry_changed(self) -> None:
        """Follow the coordinator: each time the entry is loaded, it is another one."""
        self._async_forget(self._while_loaded)
        if self._entry.state is ConfigEntryState.LOADED:
            coordinator = self._entry.runtime_data
            self._findings = check_lock(coordinator)
            coordinator.async_follow(self._async_changed)
            unfollow = partial(coordinator.async_unfollow, self._async_changed)
            self._while_loaded.append(unfollow)
        self._async_changed()

    @callback
    def _async_checked(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._async_changed()

    @callback
    def _async_changed(self) -> None:
        """Show it once all who take part in the same change are through with it."""
        if self._due is None:
            self._due = self._hass.loop.call_soon(self._async_show)

    @callback
    def _async_show(self) -> None:
        """Send the picture if it is another one than the last."""
        self._due = None
        user, picture = self._connection.user, self._state()
        if self._entry.state is ConfigEntryState.LOADED:
            picture |= picture_of(self._entry.runtime_data, self._findings, user, self._entity_id)
        if picture != self._shown:
            self._shown = picture
            self._connection.send_event(self._message_id, {**picture, "now": time.time()})

    def _state(self) -> Picture:
        shown = self._hass.states.get(self._entity_id)
        return {"state": shown.state if shown else None}


def picture_of(
    coordinator: LockCoordinator, findings: list[Finding], user: User, entity_id: str
) -> Picture:
    """Return what a user may see of a door, without digits; times are Unix seconds.

    Names of guests are for those who may manage their codes.
    """
    data = coordinator.data
    may_control = user.permissions.check_entity(entity_id, POLICY_CONTROL)
    knows_guests = coordinator.guests.may(user)
    return {
        "name": coordinator.name,
        "asleep": not data.awake and not data.stays,
        "on_network": coordinator.lock.address.on_network,
        "last_heard": data.state.last_heard,
        "battery": data.state.battery,
        "battery_level": data.state.battery_level,
        "door_open": data.state.door_open,
        "double_locked": data.state.double_locked,
        "openings": _openings(coordinator, knows_guests),
        "request": _request(coordinator),
        "waiting": _waiting(coordinator),
        "guests": _guests(coordinator) if knows_guests else None,
        "alarms": _alarms(coordinator),
        "findings": [
            {"state": one.state.value, "text": one.text, "values": dict(one.values)}
            for state in (State.PROBLEM, State.ATTENTION)
            for one in findings
            if may_control and one.state is state and (knows_guests or "names" not in one.values)
        ],
        "may_control": may_control,
        "needs_code": _needs_code(coordinator, entity_id),
        "opens_remotely": coordinator.lock.opens_remotely,
        "has_members": bool(coordinator.members),
    }


def _needs_code(coordinator: LockCoordinator, entity_id: str) -> bool:
    """Return if whoever opens has to type the code: Home Assistant knows no default for it."""
    entity = er.async_get(coordinator.hass).async_get(entity_id)
    options = entity.options.get(LOCK_DOMAIN) if entity else None
    has_default = bool(options and options.get(CONF_DEFAULT_CODE))
    return CONF_CODE in coordinator.config_entry.options and not has_default


def _openings(coordinator: LockCoordinator, knows_guests: bool) -> list[Picture]:
    """Return the last openings, the latest first, with one whose age is not decided yet."""
    records = {one.id: one for one in coordinator.lock.records(Kind.UNLOCK)}
    if last := coordinator.data.last_unlock:
        records.setdefault(last.id, last)
    latest = sorted(records.values(), key=lambda one: (one.happened, one.id), reverse=True)
    return [_opening(coordinator, one, knows_guests) for one in latest[:MOST_OPENINGS]]


def _opening(coordinator: LockCoordinator, record: Record, knows_guests: bool) -> Picture:
    unlock, member = record.unlock, coordinator.owner(record.unlock)
    return {
        "record": record.id,
        "time": record.known_time,
        "late": record.age in {Age.LATE, Age.UNKNOWN},
        "method": unlock.method,
        "number": unlock.number,
        "by_us": unlock.by_us,
        "member": member.name if member else None,
        "person": member.person if member else None,
        "opener": coordinator.opener.name_of(record),
        "guest": coordinator.lock.password_name(record) if knows_guests else None,
    }


def _request(coordinator: LockCoordinator) -> Picture | None:
    """Return until when someone asks at the door, and what refuses it."""
    if not coordinator.data.requested:
        return None
    return {
        "until": coordinator.data.state.request_until,
        "refuse": _entity_id(coordinator, Platform.BUTTON, "refuse_request"),
    }


def _waiting(coordinator: LockCoordinator) -> Picture | None:
    """Return until when an unlock waits and for what, and what calls it off."""
    data: Snapshot = coordinator.data
    if data.unlock_waits_until is None:
        return None
    return {
        "until": data.unlock_waits_until,
        "for": "connection" if coordinator.data.stays else "request",
        "call_off": _entity_id(coordinator, Platform.BUTTON, "call_off_unlock"),
    }


def _guests(coordinator: LockCoordinator) -> Picture | None:
    """Return the guest codes that take a place in the lock, those that begin first first."""
    guests, passwords = coordinator.guests, coordinator.lock.passwords
    if not guests.available:
        return None
    codes = sorted(passwords.valid(time.time()), key=lambda one: (one.start, one.end))
    return {
        "codes": [
            {
                "name": one.name,
                "start": one.start,
                "end": one.end,
                "once": one.once,
                "weekly": guests.weekly_in_words(one.weekly) if one.weekly else None,
                "phase": one.phase.value,
            }
            for one in codes
        ],
        "room": guests.room,
    }


def _alarms(coordinator: LockCoordinator) -> list[Picture]:
    """Return the alarms of the last day, the latest first."""
    since = time.time() - DAY
    return [
        {"record": one.id, "time": one.known_time, "type": one.event.type}
        for one in reversed(coordinator.lock.records(Kind.ALARM))
        if isinstance(one.event, Alarm) and one.happened > since
    ]


def _entity_id(coordinator: LockCoordinator, platform: Platform, key: str) -> str | None:
    """Return an entity of the lock that can be used."""
    registry = er.async_get(coordinator.hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, f"{coordinator.device_id}_{key}")
    entity = registry.async_get(entity_id) if entity_id else None
    return entity.entity_id if entity and not entity.disabled else None
