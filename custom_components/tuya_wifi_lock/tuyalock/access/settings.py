"""Changes of a lock's own settings: done when the lock says so."""

from collections.abc import Collection
import logging

from ..exceptions import ConnectionLost, NotSupported, SettingAsleep, SettingNotConfirmed
from ..models import Source, Value
from .transports import Transports
from .waiters import Reported, Waiters

_LOGGER = logging.getLogger(__name__)

CHANGED_WITHIN = 10.0
"""Seconds in which a lock says that it has changed a setting."""


async def change_setting(
    transports: Transports,
    waiters: Waiters,
    changeable: Collection[str],
    code: str,
    value: Value,
) -> None:
    """Change a setting; returns when the lock reports the value, else raises LockError."""
    if code not in changeable:
        raise NotSupported(f"this product does not let {code} be changed")
    if not transports.connected:
        raise SettingAsleep("the lock is asleep")

    def changed(reported: Reported) -> bool | None:
        return (reported.source is Source.LAN and reported.codes.get(code) == value) or None

    _LOGGER.debug("%s: setting %s to %s", transports.device_id, code, value)
    with transports.kept_open(), waiters.wait_for(changed, Source.LAN) as waiter:
        await transports.lan.send(code, value)
        try:
            await waiter.result(CHANGED_WITHIN)
        except ConnectionLost as err:
            raise SettingNotConfirmed("the connection ended before the lock answered") from err
        except TimeoutError as err:
            raise SettingNotConfirmed("the lock did not say that it changed the setting") from err
