"""What the forms of several steps share."""

from collections.abc import Callable, Mapping
import re
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_DEVICE_ID, CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.network import is_host_valid

from ..const import CONF_ACCESS_ID, CONF_ACCESS_SECRET, CONF_CODE, CONF_LOCAL_KEY, DOMAIN

SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

_CHECKS: Mapping[str, Callable[[str], object]] = {
    CONF_HOST: is_host_valid,
    CONF_DEVICE_ID: re.compile(r"[0-9A-Za-z]{16,32}").fullmatch,
    CONF_LOCAL_KEY: re.compile(r"[!-~]{16}").fullmatch,
    CONF_ACCESS_ID: re.compile(r"[0-9A-Za-z]{10,40}").fullmatch,
    CONF_ACCESS_SECRET: re.compile(r"[!-~]{32}").fullmatch,
    CONF_CODE: re.compile(r"[0-9]{4,10}").fullmatch,
}


def stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the spaces around it."""
    return {key: v.strip() if isinstance(v, str) else v for key, v in user_input.items()}


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
