"""What the cloud tells of a lock only to see if all is well with it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import ClientSession
import pytest

from custom_components.tuya_wifi_lock.tuyalock import Item, Report, Source, openapi
from custom_components.tuya_wifi_lock.tuyalock.cloud import Cloud
from custom_components.tuya_wifi_lock.tuyalock.cloud_checks import (
    CloudChecks,
    Firmware,
    _read_firmware,
)
from custom_components.tuya_wifi_lock.tuyalock.openapi import OpenApi, Project
from custom_components.tuya_wifi_lock.tuyalock.products.product import Product
from custom_components.tuya_wifi_lock.tuyalock.profiles import PROFILES, Dp, DpType, Family
from tests.simulator.cloud import SimulatedCloud

from .house import MovableClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

DEVICE = "bfsimulated0lock0001"


@dataclass
class Account:
    """An account with one lock, and what is asked of it."""

    simulated: SimulatedCloud
    checks: CloudChecks


@pytest.fixture(name="account")
async def account_fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Account]:
    """Open an account."""
    clock = MovableClock()
    async with SimulatedCloud(now=clock.time) as simulated, ClientSession() as session:
        simulated.add_device(device_id=DEVICE)
        monkeypatch.setitem(openapi.REGIONS, "eu", simulated.url)
        project = Project("eu", simulated.access_id, simulated.access_secret)
        yield Account(simulated, Cloud(OpenApi(session, project, clock), DEVICE).checks)


@pytest.mark.parametrize("form", ["list", "object"])
@pytest.mark.parametrize("allowed", [True, False])
async def test_if_remote_unlocking_is_allowed(
    account: Account, form: Literal["list", "object"], *, allowed: bool
) -> None:
    account.simulated.remote_unlocks = form
    account.simulated.devices[DEVICE].remote_unlock = allowed
    assert await account.checks.remote_unlock_allowed() is allowed


async def test_a_cloud_that_does_not_tell_if_remote_unlocking_is_allowed(account: Account) -> None:
    account.simulated.remote_unlocks = "empty"
    assert await account.checks.remote_unlock_allowed() is None


@pytest.mark.parametrize("form", ["list", "object"])
async def test_which_firmware_there_is(account: Account, form: Literal["list", "object"]) -> None:
    account.simulated.firmware = form
    assert await account.checks.firmware() == Firmware("1.0.3", "1.0.3")
    account.simulated.devices[DEVICE].firmware = ("1.0.3", "1.1.0")
    assert await account.checks.firmware() == Firmware("1.0.3", "1.1.0")


@pytest.mark.parametrize("code", [1108, 1106, 28841106, 500])
async def test_what_the_cloud_refuses_is_not_known(account: Account, code: int) -> None:
    account.simulated.fail(code, path=".*(remote-unlocks|firmware)", times=None)
    assert await account.checks.remote_unlock_allowed() is None
    assert await account.checks.firmware() is None


async def test_what_cannot_be_read_is_not_known(account: Account) -> None:
    account.simulated.garble("remote-unlocks")
    account.simulated.garble("firmware")
    assert await account.checks.remote_unlock_allowed() is None
    assert await account.checks.firmware() is None


def module(installed: str | None, newest: str | None, status: int) -> dict[str, Any]:
    return {"current_version": installed, "version": newest, "upgrade_status": status}


@pytest.mark.parametrize(
    ("rows", "firmware"),
    [
        ([], None),
        ([module("", "1.1.0", 1)], None),
        ([module("1.0.0", None, 0)], Firmware("1.0.0", "1.0.0")),
        ([module("1.1.0", "1.1.0", 3)], Firmware("1.1.0", "1.1.0")),
        ([module("1.0.0", "1.1.0", 2)], Firmware("1.0.0", "1.1.0")),
        (
            [module("1.0.0", "", 0), module("2.0.0", "2.1.0", 1)],
            Firmware("1.0.0, 2.0.0", "1.0.0, 2.1.0"),
        ),
        ([{"current_version": "1.0.0"}], Firmware("1.0.0", "1.0.0")),
    ],
)
def test_versions_of_several_modules(rows: list[Any], firmware: Firmware | None) -> None:
    assert _read_firmware(rows) == firmware


# What the DP table tells of remote unlocking


def test_a_product_is_known_to_open_remotely_by_its_table_or_its_family() -> None:
    product = Product()
    assert product.opens_remotely is None
    product.observe(Report(source=Source.LAN, received=0.0, items=(Item(49, "AAAB"),)))
    assert product.opens_remotely is True
    product.learn({1: Dp("unlock_fingerprint", DpType.INTEGER)})
    assert product.opens_remotely is False
    product.learn(PROFILES[Family.A])
    assert product.opens_remotely is True
