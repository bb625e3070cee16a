"""Home Assistant hangs for some seconds while a lock hands over what it has saved up."""

import pytest

from tests.tuyalock.house import house

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize("version", ["3.3", "3.5"])
@pytest.mark.parametrize(
    ("behind", "hangs", "last"),
    [
        (0.0, 0.0, "live"),
        (0.0, 4.0, "live"),
        # The lock's clock is too far behind for us to know that what it sends is current.
        (40.0, 0.0, "live"),
        (40.0, 4.0, "live"),
        # So long after the wake, nobody knows which of them woke the lock.
        (0.0, 32.0, "unknown"),
    ],
)
async def test_what_was_saved_up_is_not_live(
    version: str, behind: float, hangs: float, last: str
) -> None:
    async with house(version, clock_offset=-behind) as home:
        await home.wake()
        await home.hurry_until(lambda: home.lock.snapshot.awake)
        for number in (3, 4, 5):
            await home.simulated.push({"1": number})
        home.clock.move(hangs)
        await home.pass_time(5)
        unknown = [f"unknown fingerprint {number}" for number in (3, 4)]
        assert home.unlocks == [*unknown, f"{last} fingerprint 5"]
