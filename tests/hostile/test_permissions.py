"""Who may ask a lock for what: users without administrator rights, and what they are allowed."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.core import Context, HomeAssistant, ServiceResponse
from homeassistant.exceptions import Unauthorized, UnknownUser
from tests.common import LOCK, reported, set_up_awake
from tests.simulator import SimulatedLock


async def ask(hass: HomeAssistant, action: str, user_id: str | None) -> ServiceResponse:
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"entity_id": LOCK},
        blocking=True,
        return_response=True,
        context=Context(user_id=user_id),
    )


def allowed(**policies: bool) -> dict[str, Any]:
    """Return a policy for the lock alone."""
    return {"entities": {"entity_ids": {LOCK: policies}}}


@pytest.fixture(autouse=True)
async def opened(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    """The lock is set up, and somebody has opened it."""
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)


@pytest.mark.parametrize(
    ("policies", "actions"),
    [
        ({}, set()),
        ({"read": True}, set()),
        ({"control": True}, {"diagnose"}),
        ({"read": True, "control": True}, {"diagnose", "get_records"}),
    ],
)
async def test_9_a_user_may_ask_what_the_policy_of_the_lock_allows(
    hass: HomeAssistant, policies: dict[str, bool], actions: set[str]
) -> None:
    user = MockUser().add_to_hass(hass)
    user.mock_policy(allowed(**policies))
    answered = set()
    for action in ("diagnose", "get_records"):
        try:
            assert LOCK in (await ask(hass, action, user.id) or {})
        except Unauthorized:
            continue
        answered.add(action)
    assert answered == actions


@pytest.mark.parametrize("action", ["diagnose", "get_records"])
async def test_9_an_automation_may_ask_and_a_user_who_is_gone_may_not(
    hass: HomeAssistant, action: str
) -> None:
    assert LOCK in (await ask(hass, action, None) or {})
    with pytest.raises(UnknownUser):
        await ask(hass, action, "nobody")


@pytest.mark.parametrize("action", ["diagnose", "get_records"])
async def test_9_a_read_only_user_gets_nothing(
    hass: HomeAssistant, hass_read_only_user: MockUser, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await ask(hass, action, hass_read_only_user.id)
