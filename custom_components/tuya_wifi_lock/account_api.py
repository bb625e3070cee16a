"""What is asked of a Tuya account that is signed in, through an object that is not ours."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant

from .const import LOGGER
from .tuyalock import Value
from .tuyalock.cloud.openapi import ANSWER_TIME
from .tuyalock.exceptions import CloudError, CloudRefused, CloudSilent, CloudUnreachable


async def async_ask_for_key(hass: HomeAssistant, manager: Any, device_id: str) -> Any:
    """Return the local key that Tuya tells; what the integration knows stays as it is."""
    repository = getattr(manager, "device_repository", None)
    query = getattr(repository, "query_devices_by_ids", None)
    if not callable(query):
        return None
    try:
        answer = await _async_ask(hass, query, [device_id])
    except CloudError as err:
        LOGGER.info("The Tuya account does not tell the local key: %s", type(err).__name__)
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
    if await _async_ask(hass, post, path, None, body) is None:
        raise CloudSilent


def _post(manager: Any) -> Callable[..., Any] | None:
    """Return what posts a request to Tuya.

    The SDK's own `send_commands` drops for ten seconds what equals the command before, and writes
    all commands into its debug log, where a remote key must not be.
    """
    post = getattr(getattr(manager, "customer_api", None), "post", None)
    return post if callable(post) else None


async def _async_ask(hass: HomeAssistant, ask: Callable[..., Any], *details: Any) -> Any:
    """Return what the account answers; raise CloudRefused or CloudSilent."""
    asking = hass.async_add_executor_job(ask, *details)
    # Perhaps nobody waits any more for what comes, be it an error.
    asking.add_done_callback(lambda late: late.cancelled() or late.exception())
    done, _ = await asyncio.wait({asking}, timeout=ANSWER_TIME)
    if not done:
        raise CloudSilent
    if error := asking.exception():
        raise _failure(error)
    return asking.result()


def _failure(error: Any) -> CloudError:
    """Return what an error of the account means; only a refusal says that nothing was done."""
    try:
        return CloudRefused(int(error.error_code))
    except AttributeError, TypeError, ValueError:
        return CloudSilent()
