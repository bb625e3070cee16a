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
    CONF_LOCAL_KEY,
    CONF_NO_CLOUD,
    CONF_PROTOCOL_VERSION,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
    DEFAULT_PORT,
)
from .tuyalock import VERSIONS, Announcement, Settings, UnlockWith

_DEVICE_ID = re.compile(r"[0-9A-Za-z]{16,32}")
_LOCAL_KEY = re.compile(r"[!-~]{16}")
_DEFAULTS = Settings()

_KEY = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
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


def _seconds(longest: int) -> vol.All[int]:
    """Return a field for a number of seconds."""
    config = NumberSelectorConfig(min=1, max=longest, unit_of_measurement="s")
    return vol.All(NumberSelector(config), vol.Coerce(int))


BEHAVIOUR = vol.Schema(
    {
        vol.Required(CONF_UNLOCK_WITH, default=_DEFAULTS.unlock_with.value): SelectSelector(
            SelectSelectorConfig(
                options=[way.value for way in UnlockWith], translation_key="unlock_with"
            )
        ),
        vol.Required(CONF_RELOCKS_ITSELF, default=_DEFAULTS.relocks_itself): BooleanSelector(),
        vol.Required(CONF_NO_CLOUD, default=_DEFAULTS.no_cloud): BooleanSelector(),
    }
)
OPTIONS = BEHAVIOUR.extend(
    {
        vol.Required(CONF_UNLOCK_WAIT, default=int(_DEFAULTS.unlock_wait)): _seconds(60),
        vol.Required(CONF_RELOCK_DELAY, default=int(_DEFAULTS.relock_delay)): _seconds(300),
    }
)


def one_of(devices: Iterable[Announcement]) -> vol.Schema:
    """Return a form to choose one of the devices that announced themselves."""
    options = [
        SelectOptionDict(value=one.device_id, label=f"{one.host} ({one.device_id})")
        for one in devices
    ]
    choice = SelectSelector(SelectSelectorConfig(options=options))
    return vol.Schema({vol.Required(CONF_DEVICE_ID): choice})


def tidied(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without the spaces around it."""
    return {key: v.strip() if isinstance(v, str) else v for key, v in typed.items()}


def mistakes(typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with what was typed, by field."""
    checks: dict[str, Callable[[str], object]] = {
        CONF_HOST: is_host_valid,
        CONF_DEVICE_ID: _DEVICE_ID.fullmatch,
        CONF_LOCAL_KEY: _LOCAL_KEY.fullmatch,
    }
    return {
        field: f"invalid_{field}"
        for field, check in checks.items()
        if field in typed and not check(typed[field])
    }
