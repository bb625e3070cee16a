"""The actions for temporary passwords, and for the codes that a lock checks by itself."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
import time
from typing import Any

import voluptuous as vol

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_platform_entity_service
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from .const import DOMAIN
from .lock import TuyaWifiLock
from .texts import TIME, async_texts, iso
from .tuyalock import TemporaryPassword, TemporaryPasswords

ATTR_CODE = "code"
ATTR_END = "end"
ATTR_KIND = "kind"
ATTR_NAME = "name"
ATTR_ONCE = "once"
ATTR_PASSWORD = "password"
ATTR_START = "start"

DYNAMIC_VALID = 300.0
"""Seconds for which a dynamic password opens."""
OFFLINE_KINDS = ("once", "multiple", "clear_all")
"""Opens once, opens until it ends, or deletes all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordAction:
    """An action for passwords."""

    func: Callable[[TuyaWifiLock, ServiceCall], Coroutine[Any, Any, JsonObjectType]]
    fields: VolDictType
    response: SupportsResponse = SupportsResponse.ONLY


@callback
def async_setup_password_services(hass: HomeAssistant) -> None:
    """Register the actions; only administrators may create keys to a door."""
    for name, action in ACTIONS.items():
        async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            admin_only=True,
            entity_domain=LOCK_DOMAIN,
            schema=action.fields,
            func=action.func,
            supports_response=action.response,
        )


async def _async_add(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Create a temporary password, and return its digits, which are stored nowhere."""
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password, code = await passwords.add(
            data[ATTR_NAME],
            data[ATTR_START],
            data[ATTR_END],
            once=data[ATTR_ONCE],
            code=data.get(ATTR_CODE),
        )
    return {"code": code, **await _async_response(lock, password)}


async def _async_modify(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Change a temporary password."""
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password = await passwords.modify(
            data[ATTR_PASSWORD],
            name=data.get(ATTR_NAME),
            code=data[ATTR_CODE],
            start=data.get(ATTR_START),
            end=data.get(ATTR_END),
        )
    return await _async_response(lock, password)


async def _async_delete(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Delete a temporary password, and return if the lock has to wake for that."""
    passwords = _passwords(lock)
    with lock.coordinator.action():
        password = await passwords.delete(call.data[ATTR_PASSWORD])
    return await _async_response(lock, password)


async def _async_get(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Return the temporary passwords that take a place in the lock."""
    passwords = _passwords(lock)
    with lock.coordinator.action():
        await passwords.refresh()
    now = time.time()
    valid: list[JsonValueType] = [await _async_response(lock, one) for one in passwords.valid(now)]
    return {"passwords": valid, "room": passwords.room(now)}


async def _async_get_dynamic(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Return the digits that open for the next minutes."""
    passwords = _passwords(lock)
    with lock.coordinator.action():
        code = await passwords.dynamic()
    return {"code": code, "valid_until": iso(time.time() + DYNAMIC_VALID)}


async def _async_add_offline(lock: TuyaWifiLock, call: ServiceCall) -> JsonObjectType:
    """Create digits that the lock verifies by itself, without receiving them."""
    data, passwords = call.data, _passwords(lock)
    with lock.coordinator.action():
        password = await passwords.offline(
            data[ATTR_KIND], data.get(ATTR_NAME), data.get(ATTR_START), data.get(ATTR_END)
        )
    return {
        "code": password.code,
        "name": password.name,
        "start": iso(password.start),
        "end": iso(password.end),
    }


def _passwords(lock: TuyaWifiLock) -> TemporaryPasswords:
    """Return the temporary passwords of a lock with a cloud project."""
    passwords = lock.coordinator.lock.passwords
    if passwords.code_length is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_cloud")
    return passwords


async def _async_response(lock: TuyaWifiLock, password: TemporaryPassword) -> JsonObjectType:
    """Return a temporary password as an action responds with it."""
    words = await async_texts(lock.hass, "password_status")
    return {
        "id": password.id,
        "name": password.name,
        "number": password.number,
        "start": iso(password.start),
        "end": iso(password.end),
        "once": password.once,
        "phase": password.phase.value,
        "status": words[password.status(time.time())],
    }


ACTIONS = {
    "add_temporary_password": PasswordAction(
        func=_async_add,
        fields={
            vol.Required(ATTR_NAME): cv.string,
            vol.Optional(ATTR_CODE): cv.string,
            vol.Optional(ATTR_START, default=dt_util.utcnow): TIME,
            vol.Required(ATTR_END): TIME,
            vol.Optional(ATTR_ONCE, default=False): cv.boolean,
        },
    ),
    "modify_temporary_password": PasswordAction(
        func=_async_modify,
        fields={
            vol.Required(ATTR_PASSWORD): cv.string,
            vol.Required(ATTR_CODE): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
        },
        response=SupportsResponse.OPTIONAL,
    ),
    "delete_temporary_password": PasswordAction(
        func=_async_delete,
        fields={vol.Required(ATTR_PASSWORD): cv.string},
        response=SupportsResponse.OPTIONAL,
    ),
    "get_temporary_passwords": PasswordAction(func=_async_get, fields={}),
    "get_dynamic_password": PasswordAction(func=_async_get_dynamic, fields={}),
    "add_offline_password": PasswordAction(
        func=_async_add_offline,
        fields={
            vol.Required(ATTR_KIND): vol.In(OFFLINE_KINDS),
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_START): TIME,
            vol.Optional(ATTR_END): TIME,
        },
    ),
}
