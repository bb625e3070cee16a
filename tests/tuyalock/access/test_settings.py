"""Settings of the simulated lock: changed when it says so, and only where its model lets us."""

import asyncio
import json

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Source, Value
from custom_components.tuya_wifi_lock.tuyalock.access.transports import CHANGED_WITHIN
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    NotSupported,
    SettingAsleep,
    SettingNotConfirmed,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Closed
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType

from ..house import House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

TABLE = {
    12: Dp("residual_electricity", DpType.INTEGER),
    14: Dp("child_lock", DpType.BOOLEAN, writable=True),
    49: Dp("remote_no_pd_setkey", DpType.RAW, writable=True),
    58: Dp("normal_open_switch", DpType.BOOLEAN),
    65: Dp("lock_motor_direction", DpType.STRING, writable=True, options=("left", "right")),
    68: Dp("automatic_lock", DpType.BOOLEAN, writable=True),
    69: Dp("auto_lock_time", DpType.INTEGER, writable=True, range=(5, 60), step=5, unit="s"),
    111: Dp("beep_volume", DpType.STRING, writable=True, options=("mute", "low")),
}


async def known(home: House) -> None:
    """Wake the lock, and know its product's own table."""
    home.lock.learn(TABLE)
    await home.awake()


@pytest.mark.parametrize(
    ("dp", "code", "value"),
    [
        ("68", "automatic_lock", True),
        ("69", "auto_lock_time", 30),
        ("111", "beep_volume", "mute"),
    ],
)
async def test_a_setting_is_changed_when_the_lock_reports_it(
    dp: str, code: str, value: Value
) -> None:
    async with house() as home:
        await known(home)
        for _ in range(2):
            await home.lock.change_setting(code, value)
        assert home.simulated.commands == [{dp: value}] * 2
        assert home.lock.snapshot.state.settings == {code: value}


async def test_passage_mode_on_leaves_the_door_unlocked() -> None:
    async with house() as home:
        home.lock.learn({**TABLE, 58: Dp("normal_open_switch", DpType.BOOLEAN, writable=True)})
        await home.awake()
        await home.lock.change_setting("normal_open_switch", True)
        assert home.lock.snapshot.bolt.locked is False


@pytest.mark.parametrize(
    "code", ["normal_open_switch", "language", "lock_motor_direction", "child_lock"]
)
async def test_what_the_model_does_not_let_us_change_is_not_sent(code: str) -> None:
    async with house() as home:
        await known(home)
        with pytest.raises(NotSupported):
            await home.lock.change_setting(code, True)
        assert home.simulated.commands == []


async def test_without_a_model_nothing_can_be_changed() -> None:
    async with house() as home:
        await home.awake()
        with pytest.raises(NotSupported):
            await home.lock.change_setting("automatic_lock", True)
        assert home.simulated.commands == []


async def test_a_lock_that_sleeps_is_told_nothing() -> None:
    async with house() as home:
        home.lock.learn(TABLE)
        with pytest.raises(SettingAsleep):
            await home.lock.change_setting("automatic_lock", True)
        await home.awake()
        await home.settle()
        assert home.simulated.commands == []


async def test_only_the_report_of_the_wanted_value_counts() -> None:
    async with house(apply_delay=3600) as home:
        await known(home)
        changing = asyncio.create_task(home.lock.change_setting("auto_lock_time", 30))
        await home.until(lambda: bool(home.simulated.commands))
        await home.simulated.push({"69": 25})
        await home.simulated.push({"68": True})
        await home.until(lambda: "automatic_lock" in home.lock.snapshot.state.settings)
        await home.settle()
        assert not changing.done()
        await home.simulated.push({"69": 30})
        await changing


async def test_a_change_that_the_lock_does_not_report_has_no_answer() -> None:
    async with house(apply_delay=3600) as home:
        await known(home)
        changing = asyncio.create_task(home.lock.change_setting("automatic_lock", True))
        await home.until(lambda: bool(home.simulated.commands))
        home.clock.move(9.5)
        await home.settle()
        assert not changing.done()
        assert home.lock.snapshot.awake, "the connection is kept for the answer"
        home.clock.move(1)
        with pytest.raises(SettingNotConfirmed):
            await changing
        await home.until(lambda: not home.lock.snapshot.awake)
        assert home.lock.snapshot.state.settings == {}


async def test_a_change_has_no_answer_as_soon_as_the_connection_ends() -> None:
    async with house(apply_delay=3600) as home:
        await known(home)
        change = home.lock.change_setting
        changing = [asyncio.create_task(change("automatic_lock", on)) for on in (True, False)]
        await home.until(lambda: len(home.simulated.commands) == 2)
        await home.simulated.sleep()
        async with asyncio.timeout(CHANGED_WITHIN / 2):
            for one in changing:
                with pytest.raises(SettingNotConfirmed):
                    await one
        await home.awake()
        home.clock.move(7)
        await home.until(lambda: not home.lock.snapshot.awake)


async def test_a_change_has_no_answer_when_the_lock_is_let_go_of() -> None:
    async with house(apply_delay=3600) as home:
        await known(home)
        changing = asyncio.create_task(home.lock.change_setting("auto_lock_time", 30))
        await home.until(lambda: bool(home.simulated.commands))
        await home.lock.stop()
        with pytest.raises(SettingNotConfirmed):
            await changing


async def test_what_was_reported_last_before_the_connection_ended_is_changed() -> None:
    async with house(apply_delay=3600) as home:
        await known(home)
        changing = asyncio.create_task(home.lock.change_setting("auto_lock_time", 30))
        await home.until(lambda: bool(home.simulated.commands))
        # All at once, before anybody who waits has heard of the first.
        home.report(Source.LAN, Item(69, 30))
        home.report(Source.LAN, Item(69, 30))
        home.lock.on_event(Closed(None))
        await changing


async def test_two_changes_at_once_are_two() -> None:
    async with house() as home:
        await known(home)
        await asyncio.gather(
            home.lock.change_setting("automatic_lock", True),
            home.lock.change_setting("auto_lock_time", 10),
            home.lock.change_setting("automatic_lock", True),
        )
        assert len(home.simulated.commands) == 3


async def test_what_can_be_changed_survives_a_restart() -> None:
    async with house() as home:
        home.lock.learn(TABLE)
        stored = json.loads(json.dumps(home.lock.as_dict(), allow_nan=False))
    async with house(stored=stored) as home:
        assert json.loads(json.dumps(home.lock.as_dict()["product"])) == stored["product"]
        await home.awake()
        await home.lock.change_setting("beep_volume", "mute")
        assert home.lock.snapshot.state.settings == {"beep_volume": "mute"}
