"""What the forms of several steps share, and the forms for how a lock is used."""

from collections.abc import Callable, Iterable, Mapping
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_DEVICE_ID, CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    DeviceSelector,
    DeviceSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.network import is_host_valid

from ..const import (
    CONF_ACCESS_ID,
    CONF_ACCESS_SECRET,
    CONF_CODE,
    CONF_GUEST_MANAGERS,
    CONF_GUEST_PHONES,
    CONF_LOCAL_KEY,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
    DOMAIN,
)
from ..tuyalock import Family, Settings, UnlockWith, clean_secret, visible

type UserInput = dict[str, Any] | None
"""What was typed into a form; None before it is shown."""

CONF_REMOVE_CODE = "remove_code"
CONF_KIND = "kind"
KINDS: Mapping[str, frozenset[Family]] = {
    "battery": frozenset({Family.A, Family.B}),
    "bluetooth": frozenset({Family.C}),
    "access_control": frozenset({Family.D}),
    "video": frozenset({Family.E}),
    "unknown": frozenset(),
}
"""What an owner can see of a lock -> the families that it may be of."""

SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_DEFAULTS = Settings()
_NEW_CODE = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
)

_CHECKS: Mapping[str, Callable[[str], object]] = {
    CONF_HOST: is_host_valid,
    CONF_DEVICE_ID: re.compile(r"[0-9A-Za-z]{16,32}").fullmatch,
    CONF_LOCAL_KEY: re.compile(r"[!-~]{16}").fullmatch,
    CONF_ACCESS_ID: re.compile(r"[0-9A-Za-z]{10,40}").fullmatch,
    CONF_ACCESS_SECRET: re.compile(r"[!-~]{32}").fullmatch,
    CONF_CODE: re.compile(r"[0-9]{4,10}").fullmatch,
}


_SECRETS = {CONF_LOCAL_KEY: 16, CONF_ACCESS_SECRET: 32}
"""How many characters a secret has."""


def stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without what came along when it was copied."""
    return {
        key: clean_secret(value, _SECRETS[key])
        if key in _SECRETS
        else visible(value)
        if isinstance(value, str)
        else value
        for key, value in user_input.items()
    }


def field_errors(typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with what was typed, by field."""
    return {
        field: f"invalid_{field}"
        for field, check in _CHECKS.items()
        if field in typed and not check(typed[field])
    }


def device_choice(labels: Mapping[str, str]) -> vol.Schema:
    """Return a form to choose a device, from labels by device id."""
    options = [SelectOptionDict(value=id_, label=label) for id_, label in labels.items()]
    choice = SelectSelector(SelectSelectorConfig(options=options))
    return vol.Schema({vol.Required(CONF_DEVICE_ID): choice})


@callback
def configured_ids(hass: HomeAssistant) -> set[str | None]:
    """Return the device ids of the locks that are set up."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return {entry.unique_id for entry in entries}


# How a lock is used


def unlock_choice(ways: Iterable[UnlockWith]) -> vol.Schema:
    """Return a form to choose how a lock is unlocked; the first way is the suggested one."""
    values = [way.value for way in ways]
    config = SelectSelectorConfig(
        options=values, translation_key="unlock_with", mode=SelectSelectorMode.LIST
    )
    return vol.Schema({vol.Required(CONF_UNLOCK_WITH, default=values[0]): SelectSelector(config)})


def kind_choice(answer: str | None = None) -> vol.Schema:
    """Return a form to choose which kind of lock it is, with the answer that was given before."""
    config = SelectSelectorConfig(
        options=list(KINDS), mode=SelectSelectorMode.LIST, translation_key=CONF_KIND
    )
    key = vol.Required(CONF_KIND, default=answer) if answer else vol.Required(CONF_KIND)
    return vol.Schema({key: SelectSelector(config)})


def options_schema(*, cloud: bool, has_code: bool, on_network: bool) -> vol.Schema:
    """Return the form of all options; Tuya leaves no choice where it is what opens the lock."""
    wait, delay = int(_DEFAULTS.unlock_wait), int(_DEFAULTS.relock_delay)
    ways = [way for way in UnlockWith if cloud or way is not UnlockWith.CLOUD]
    unlocking = unlock_choice(ways).extend(
        {vol.Required(CONF_UNLOCK_WAIT, default=wait): _seconds(60)}
    )
    schema = (unlocking if on_network else vol.Schema({})).extend(
        {
            vol.Required(CONF_RELOCKS_ITSELF, default=_DEFAULTS.relocks_itself): BooleanSelector(),
            vol.Required(CONF_RELOCK_DELAY, default=delay): _seconds(300),
            vol.Optional(CONF_CODE): _NEW_CODE,
        }
    )
    if has_code:
        schema = schema.extend({vol.Required(CONF_REMOVE_CODE, default=False): BooleanSelector()})
    return schema


def _seconds(most: int) -> vol.All[int]:
    config = NumberSelectorConfig(min=1, max=most, unit_of_measurement="s")
    return vol.All(NumberSelector(config), vol.Coerce(int))


async def async_guests_schema(hass: HomeAssistant, present: Mapping[str, Any]) -> vol.Schema:
    """Return the form of who manages guest codes, and which phones get the digits of some."""
    users = [
        SelectOptionDict(value=user.id, label=user.name or user.id)
        for user in await hass.auth.async_get_users()
        if user.is_active and not user.is_admin and not user.system_generated
    ]
    managers = SelectSelector(
        SelectSelectorConfig(options=users, multiple=True, mode=SelectSelectorMode.LIST)
    )
    phones = DeviceSelector(DeviceSelectorConfig(integration="mobile_app", multiple=True))
    ids = {user["value"] for user in users}
    # Who has left the house, or has become an administrator, is no longer a choice.
    chosen = [one for one in present.get(CONF_GUEST_MANAGERS, ()) if one in ids]
    return vol.Schema(
        {
            vol.Required(CONF_GUEST_MANAGERS, default=chosen): managers,
            vol.Required(CONF_GUEST_PHONES, default=present.get(CONF_GUEST_PHONES, [])): phones,
        }
    )


def with_code(typed: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new options; a code stays unless another one is typed or it is removed."""
    code = None if typed.get(CONF_REMOVE_CODE) else typed.get(CONF_CODE, before.get(CONF_CODE))
    return without_code({**before, **typed}) | ({CONF_CODE: code} if code else {})


def without_code(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they may be shown."""
    return {
        key: value for key, value in options.items() if key not in {CONF_CODE, CONF_REMOVE_CODE}
    }
