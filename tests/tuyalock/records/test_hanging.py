"""Home Assistant hangs for some seconds while a lock hands over what it has saved up."""

import pytest

from tests.tuyalock.house import house

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize("hangs", [0.0, 4.0])
async def test_what_waits_while_home_assistant_hangs_is_as_old_as_without_that(
    hangs: float,
) -> None:
    async with house("3.5") as home:
        await home.wake()
        await home.hurry_until(lambda: home.lock.snapshot.awake)
        for number in (3, 4, 5):
            await home.simulated.push({"1": number})
        home.clock.move(hangs)
        await home.pass_time(5)
        unknown = [f"unknown fingerprint {number}" for number in (3, 4)]
        assert home.unlocks == [*unknown, "live fingerprint 5"]
