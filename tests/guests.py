"""What the tests of passwords share: the actions of a lock whose entry knows a project."""

from datetime import timedelta
from typing import Any

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import LOCK, until
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

CODE = "4082695"
OTHER_CODE = "9371604"


def hours(count: float) -> str:
    """Return the time in some hours as an automation writes it."""
    return (dt_util.now() + timedelta(hours=count)).isoformat()


async def act(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action of the lock, and return its answer."""
    response: Any = await hass.services.async_call(
        DOMAIN,
        action,
        {"entity_id": LOCK, **data},
        blocking=True,
        return_response=True,
    )
    assert list(response) == [LOCK]
    answer: dict[str, Any] = response[LOCK]
    return answer


async def add(hass: HomeAssistant, name: str = "Cleaner", **data: Any) -> dict[str, Any]:
    """Make a temporary password."""
    return await act(hass, "add_temporary_password", name=name, **{"end": hours(1), **data})


async def listed(hass: HomeAssistant) -> dict[str, str]:
    """Return the phases of the passwords by their names."""
    answer = await act(hass, "get_temporary_passwords")
    return {one["name"]: one["phase"] for one in answer["passwords"]}


async def fetch(cloud: SimulatedCloud, lock: SimulatedLock) -> None:
    """Wake the lock, and wait until it has fetched what waits for it."""
    await lock.sleep()
    await lock.wake()
    await until(lambda: all(row.phase == 2 for row in cloud.rows(lock.device_id)))
