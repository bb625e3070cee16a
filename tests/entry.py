"""The entry of a lock on this machine, as its set-up makes it."""

from typing import Any

from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]
    MockConfigEntry,
)

from custom_components.tuya_wifi_lock.const import (
    AUTO,
    CONF_ANNOUNCES,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    DOMAIN,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT


def lock_entry(
    title: str, device_id: str, port: int, local_key: str, version: str = AUTO, **more: Any
) -> MockConfigEntry:
    """Return an entry that is not set up yet; `more` is in its data as well."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=device_id,
        data={
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_DEVICE_ID: device_id,
            CONF_LOCAL_KEY: local_key,
            CONF_PROTOCOL_VERSION: version,
            CONF_ANNOUNCES: True,
            **more,
        },
    )
