"""The fields of the flows, and what can be wrong with what is typed into them."""

from collections.abc import Callable, Iterable, Mapping
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
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

from .const import (
    AUTO,
    CONF_ACCESS_ID,
    CONF_ACCESS_SECRET,
    CONF_CODE,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    CONF_REGION,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
    DEFAULT_PORT,
)
from .tuyalock import VERSIONS, Settings, UnlockWith
from .tuyalock.openapi import REGIONS

CONF_PROJECT = "project"
ANOTHER = "another"
"""A project that no other lock has."""
CONF_REMOVE_CODE = "remove_code"
CONF_NEXT = "next"
GO_ON = "go_on"

_DEVICE_ID = re.compile(r"[0-9A-Za-z]{16,32}")
_LOCAL_KEY = re.compile(r"[!-~]{16}")
_ACCESS_ID = re.compile(r"[0-9A-Za-z]{10,40}")
_CODE = re.compile(r"[0-9]{4,10}")
_ACCESS_SECRET = re.compile(r"[!-~]{32}")
_DEFAULTS = Settings()

_KEY = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_NEW_CODE = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
)
_VERSION = SelectSelector(
    SelectSelectorConfig(
        options=[AUTO, *sorted(VERSIONS)],
        translation_key="protocol_version",
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_ADDRESS = {
    vol.Required(CONF_HOST): TextSelector(),
    vol.Required(CONF_PORT, default=DEFAULT_PORT): cv.port,
}
MANUAL = vol.Schema(
    {
        **_ADDRESS,
        vol.Required(CONF_DEVICE_ID): TextSelector(),
        vol.Required(CONF_LOCAL_KEY): _KEY,
        vol.Required(CONF_PROTOCOL_VERSION, default=AUTO): _VERSION,
    }
)
RECONFIGURE = vol.Schema(
    {
        **_ADDRESS,
        vol.Optional(CONF_LOCAL_KEY): _KEY,
        vol.Required(CONF_PROTOCOL_VERSION, default=AUTO): _VERSION,
    }
)
REAUTH = vol.Schema({vol.Required(CONF_LOCAL_KEY): _KEY})


PROJECT = vol.Schema(
    {
        vol.Required(CONF_REGION): SelectSelector(
            SelectSelectorConfig(
                options=list(REGIONS), translation_key="region", mode=SelectSelectorMode.DROPDOWN
            )
        ),
        vol.Required(CONF_ACCESS_ID): TextSelector(),
        vol.Required(CONF_ACCESS_SECRET): _KEY,
    }
)
LIMITED = vol.Schema(
    {
        vol.Required(CONF_NEXT, default="again"): SelectSelector(
            SelectSelectorConfig(options=["again", GO_ON], translation_key="cloud_limited")
        )
    }
)


def behaviour(*, cloud: bool, preferred: UnlockWith = _DEFAULTS.unlock_with) -> vol.Schema:
    """Return a form for how a lock is used, with or without a cloud project."""
    ways = [way.value for way in UnlockWith if cloud or way is not UnlockWith.CLOUD]
    unlock_with = SelectSelectorConfig(options=ways, translation_key="unlock_with")
    return vol.Schema(
        {
            vol.Required(CONF_UNLOCK_WITH, default=preferred.value): SelectSelector(unlock_with),
            vol.Required(CONF_RELOCKS_ITSELF, default=_DEFAULTS.relocks_itself): BooleanSelector(),
        }
    )


def options(*, cloud: bool, code: bool) -> vol.Schema:
    """Return a form for all that can be changed about how a lock is used; `code`: it has one."""
    wait, delay = int(_DEFAULTS.unlock_wait), int(_DEFAULTS.relock_delay)
    schema = behaviour(cloud=cloud).extend(
        {
            vol.Required(CONF_UNLOCK_WAIT, default=wait): _number(1, 60, "s"),
            vol.Required(CONF_RELOCK_DELAY, default=delay): _number(1, 300, "s"),
            vol.Optional(CONF_CODE): _NEW_CODE,
        }
    )
    if code:
        schema = schema.extend({vol.Required(CONF_REMOVE_CODE, default=False): BooleanSelector()})
    return schema


def one_of(labels: Mapping[str, str]) -> vol.Schema:
    """Return a form to choose a device, from labels by device id."""
    choices = [SelectOptionDict(value=id_, label=label) for id_, label in labels.items()]
    choice = SelectSelector(SelectSelectorConfig(options=choices))
    return vol.Schema({vol.Required(CONF_DEVICE_ID): choice})


def one_project(titles: Iterable[str]) -> vol.Schema:
    """Return a form to choose the project of another lock, or another project."""
    choices = [SelectOptionDict(value=title, label=title) for title in (*titles, ANOTHER)]
    config = SelectSelectorConfig(
        options=choices, translation_key="project", mode=SelectSelectorMode.LIST
    )
    return vol.Schema({vol.Required(CONF_PROJECT): SelectSelector(config)})


def _number(lowest: int, highest: int, unit: str) -> vol.All[int]:
    """Return a field for a whole number."""
    config = NumberSelectorConfig(min=lowest, max=highest, unit_of_measurement=unit)
    return vol.All(NumberSelector(config), vol.Coerce(int))


def tidied(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the spaces around it."""
    return {key: v.strip() if isinstance(v, str) else v for key, v in typed.items()}


def with_code(typed: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the code that was typed, or else the one that is kept, if it stays."""
    code = None if typed.get(CONF_REMOVE_CODE) else typed.get(CONF_CODE, kept.get(CONF_CODE))
    return without_code(typed) | ({CONF_CODE: code} if code else {})


def without_code(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they may be shown."""
    return {
        key: value for key, value in options.items() if key not in {CONF_CODE, CONF_REMOVE_CODE}
    }


def mistakes(typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with what was typed, by field."""
    checks: dict[str, Callable[[str], object]] = {
        CONF_HOST: is_host_valid,
        CONF_DEVICE_ID: _DEVICE_ID.fullmatch,
        CONF_LOCAL_KEY: _LOCAL_KEY.fullmatch,
        CONF_ACCESS_ID: _ACCESS_ID.fullmatch,
        CONF_ACCESS_SECRET: _ACCESS_SECRET.fullmatch,
        CONF_CODE: _CODE.fullmatch,
    }
    return {
        field: f"invalid_{field}"
        for field, check in checks.items()
        if field in typed and not check(typed[field])
    }
