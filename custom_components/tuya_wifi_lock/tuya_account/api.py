"""Requests to Tuya through an account that is signed in."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant

from ..const import LOGGER
from ..tuyalock import CloudError, CloudRefused, CloudSilent, CloudUnreachable, Value

ANSWER_TIME = 10.0
"""Seconds within which Tuya has to answer."""


async def async_query_local_key(hass: HomeAssistant, manager: Any, device_id: str) -> Any:
    """Return the local key of a device; the device of the integration stays as it is."""
    repository = getattr(manager, "device_repository", None)
    query = getattr(repository, "query_devices_by_ids", None)
    if not callable(query):
        return None
    try:
        answer = await _async_call(hass, query, [device_id])
    except CloudError as err:
        LOGGER.info("The local key is not known from the Tuya account: %s", _name(err))
        return None
    devices = answer if isinstance(answer, list) else []
    keys = {getattr(one, "id", None): getattr(one, "local_key", None) for one in devices}
    return keys.get(device_id)


def can_send(manager: Any) -> bool:
    """Return if commands can be sent through an account."""
    return _post(manager) is not None


async def async_send(
    hass: HomeAssistant, manager: Any, device_id: str, code: str, value: Value
) -> None:
    """Send one DP value; raise CloudRefused, CloudUnreachable or CloudSilent."""
    if (post := _post(manager)) is None:
        raise CloudUnreachable
    path = f"/v1.1/m/thing/{device_id}/commands"
    body = {"commands": [{"code": code, "value": value}]}
    try:
        if await _async_call(hass, post, path, None, body) is None:
            raise CloudSilent
    except CloudError as err:
        LOGGER.debug("Command %s through the Tuya account: %s", code, _name(err))
        raise
    LOGGER.debug("Command %s through the Tuya account: success", code)


def _post(manager: Any) -> Callable[..., Any] | None:
    """Return the function of the SDK that posts a request.

    The SDK's own `send_commands` drops a command that equals the one within the last ten seconds,
    and writes all commands to its debug log, where a remote key must not be.
    """
    post = getattr(getattr(manager, "customer_api", None), "post", None)
    return post if callable(post) else None


async def _async_call(hass: HomeAssistant, function: Callable[..., Any], *args: Any) -> Any:
    """Return the result of a blocking function; raise CloudRefused or CloudSilent."""
    call = hass.async_add_executor_job(function, *args)
    # After a timeout nobody retrieves its error.
    call.add_done_callback(lambda done: done.cancelled() or done.exception())
    done, _ = await asyncio.wait({call}, timeout=ANSWER_TIME)
    if not done:
        raise CloudSilent
    if error := call.exception():
        raise _failure(error)
    return call.result()


def _failure(error: Any) -> CloudError:
    """Return what an error of the SDK means; only a refusal proves that nothing was done."""
    try:
        return CloudRefused(int(error.error_code))
    except AttributeError, TypeError, ValueError:
        return CloudSilent()


def _name(error: CloudError) -> str:
    """Return an error in words for the log."""
    return str(error) or type(error).__name__
