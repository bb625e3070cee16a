"""The locks of the owner's Tuya account, as Home Assistant's own Tuya integration knows them."""

from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuya_account import account_lock, account_locks
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType
from homeassistant.core import HomeAssistant
from tests.tuya_login import MODEL, TuyaLogin


@pytest.fixture
def login(hass: HomeAssistant) -> TuyaLogin:
    """The Tuya integration, not set up yet."""
    return TuyaLogin(hass)


async def test_a_lock_of_the_account_is_known_with_key_and_table(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_lock("lock01", "Back door", local_key="f" * 16, writable=["lock_motor_state"])
    await login.set_up()
    (lock,) = account_locks(hass)
    assert (lock.id, lock.name, lock.category) == ("lock01", "Back door", "ms")
    assert (lock.product_id, lock.local_key, lock.refusal) == ("simulatedproduct", "f" * 16, None)
    assert "ffff" not in repr(lock)
    assert lock.table.keys() == MODEL.keys()
    assert lock.table[12] == Dp(
        "residual_electricity", DpType.INTEGER, range=(0, 100), step=1, unit="%"
    )
    assert lock.table[55] == Dp("lock_motor_state", DpType.BOOLEAN, writable=True)


@pytest.mark.parametrize(
    ("device", "refusal"),
    [
        ({"sub": True}, None),
        ({"sub": True, "model": {61: ("remote_no_dp_key", "Raw", {})}}, None),
        ({"model": {1: ("switch_1", "Boolean", {})}, "product_id": "unknown"}, "no_lock_dps"),
        ({"support_local": False}, None),
        ({"model": {}, "product_id": "unknown"}, None),
    ],
)
async def test_a_lock_that_cannot_be_set_up_says_why(
    hass: HomeAssistant, login: TuyaLogin, device: dict[str, Any], refusal: str | None
) -> None:
    login.add_lock("lock01", **device)
    await login.set_up()
    assert [lock.refusal for lock in account_locks(hass)] == [refusal]


async def test_what_is_no_lock_is_left_out(hass: HomeAssistant, login: TuyaLogin) -> None:
    login.add_lock("plug", category="cz", product_id="plug")
    await login.set_up()
    assert not account_locks(hass)


async def test_an_account_that_is_not_signed_in_has_no_locks(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_lock("lock01")
    assert not account_locks(hass)
    await login.set_up()
    assert account_locks(hass)
    await login.sign_out()
    assert not account_locks(hass)


@pytest.mark.parametrize(
    "runtime_data",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(manager=None),
        SimpleNamespace(manager=SimpleNamespace()),
        SimpleNamespace(manager=SimpleNamespace(device_map=["lock01"])),
        SimpleNamespace(manager=SimpleNamespace(device_map={"lock01": object()})),
    ],
)
async def test_run_time_data_of_another_shape_has_no_locks(
    hass: HomeAssistant, login: TuyaLogin, runtime_data: Any
) -> None:
    login.add_lock("lock01")
    await login.set_up()
    login.entry.runtime_data = runtime_data
    assert not account_locks(hass)


async def test_a_device_that_is_only_half_as_expected_is_a_lock_all_the_same(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_lock("lock01")
    await login.set_up()
    assert login.manager
    device = login.manager.device_map["lock01"]
    device.local_key = None
    device.function = None
    device.local_strategy = {1: None, "2": {}, 3: {"status_code": 3, "config_item": {}}}
    (lock,) = account_locks(hass)
    assert (lock.local_key, lock.table, lock.refusal) == ("", {}, None)
    device.local_strategy = None
    assert account_locks(hass) == [lock]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("id", [None, 7, "", "../../x", "a b c d", "a" * 99, "\ud800aaaaaa"]),
        ("name", [None, 7, ["Door"]]),
        ("category", [None, 7, ["ms"]]),
        ("sub", ["false", 1]),
        ("product_id", [None, 7, "", "<b>", "a" * 99, "\ud800"]),
    ],
)
async def test_what_a_lock_cannot_be_called_is_no_lock(
    hass: HomeAssistant, login: TuyaLogin, field: str, values: list[Any]
) -> None:
    login.add_lock("lock01")
    await login.set_up()
    assert login.manager
    device = login.manager.device_map["lock01"]
    for value in values:
        setattr(device, field, value)
        assert not account_locks(hass), repr(value)


@pytest.mark.parametrize(
    "key", [7, list("0123456789abcdef"), "\u00e9" * 16, "\ud800" * 16, "short"]
)
async def test_what_can_be_no_key_is_none(hass: HomeAssistant, login: TuyaLogin, key: Any) -> None:
    login.add_lock("lock01")
    await login.set_up()
    assert login.manager
    device = login.manager.device_map["lock01"]
    device.local_key = key
    (lock,) = account_locks(hass)
    assert lock.local_key == ""


async def test_a_device_under_the_id_of_another_is_not_that(
    hass: HomeAssistant, login: TuyaLogin
) -> None:
    login.add_lock("lock01")
    await login.set_up()
    assert account_lock(hass, "lock01")
    assert login.manager
    login.manager.device_map["lock01"].id = "lock02"
    assert account_lock(hass, "lock01") is None
