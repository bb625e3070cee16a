"""The forms for how a lock is used."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import (
    CONF_CODE,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
)
from ..tuyalock import Settings, UnlockWith

CONF_REMOVE_CODE = "remove_code"

_DEFAULTS = Settings()
_NEW_CODE = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
)


def behaviour_schema(*, cloud: bool, unlock_with: UnlockWith = _DEFAULTS.unlock_with) -> vol.Schema:
    """Return the form of a new lock, with or without a cloud project."""
    ways = [way.value for way in UnlockWith if cloud or way is not UnlockWith.CLOUD]
    config = SelectSelectorConfig(options=ways, translation_key="unlock_with")
    return vol.Schema(
        {
            vol.Required(CONF_UNLOCK_WITH, default=unlock_with.value): SelectSelector(config),
            vol.Required(CONF_RELOCKS_ITSELF, default=_DEFAULTS.relocks_itself): BooleanSelector(),
        }
    )


def options_schema(*, cloud: bool, has_code: bool) -> vol.Schema:
    """Return the form of all options."""
    wait, delay = int(_DEFAULTS.unlock_wait), int(_DEFAULTS.relock_delay)
    schema = behaviour_schema(cloud=cloud).extend(
        {
            vol.Required(CONF_UNLOCK_WAIT, default=wait): _seconds(60),
            vol.Required(CONF_RELOCK_DELAY, default=delay): _seconds(300),
            vol.Optional(CONF_CODE): _NEW_CODE,
        }
    )
    if has_code:
        schema = schema.extend({vol.Required(CONF_REMOVE_CODE, default=False): BooleanSelector()})
    return schema


def _seconds(most: int) -> vol.All[int]:
    """Return a field for whole seconds."""
    config = NumberSelectorConfig(min=1, max=most, unit_of_measurement="s")
    return vol.All(NumberSelector(config), vol.Coerce(int))


def with_code(typed: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new options; a code stays unless another one is typed or it is removed."""
    code = None if typed.get(CONF_REMOVE_CODE) else typed.get(CONF_CODE, before.get(CONF_CODE))
    return without_code(typed) | ({CONF_CODE: code} if code else {})


def without_code(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they may be shown."""
    return {
        key: value for key, value in options.items() if key not in {CONF_CODE, CONF_REMOVE_CODE}
    }
