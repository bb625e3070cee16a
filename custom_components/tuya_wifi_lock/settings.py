"""What the entry of a lock says, in the words of the core."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT

from .const import (
    AUTO,
    CONF_ANNOUNCES,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    CONF_RELOCK_DELAY,
    CONF_RELOCKS_ITSELF,
    CONF_UNLOCK_WAIT,
    CONF_UNLOCK_WITH,
)
from .tuyalock import Address, Settings, UnlockWith


def address_of(data: Mapping[str, Any]) -> Address:
    """Return how a lock is reached, from the data of its entry."""
    version = data[CONF_PROTOCOL_VERSION]
    return Address(
        host=data.get(CONF_HOST),
        port=data[CONF_PORT],
        device_id=data[CONF_DEVICE_ID],
        local_key=data[CONF_LOCAL_KEY].encode(),
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
