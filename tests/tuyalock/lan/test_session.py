"""The session with a lock that has no connection; what it does with one, test_lock.py shows."""

import logging

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import ConnectionLost
from custom_components.tuya_wifi_lock.tuyalock.lan.session import (
    DIAL_WINDOW,
    SOON,
    LanSession,
    SessionEvent,
)
from tests.tuyalock.house import house, settled
from tests.tuyalock.toy_clock import ToyClock
from tests.tuyalock.world import ADDRESS


def test_without_a_connection_nothing_is_sent() -> None:
    events: list[SessionEvent] = []
    session = LanSession(ADDRESS, ToyClock(), events.append)
    with pytest.raises(ConnectionLost):
        session.send({1: 3})
    assert (session.host, session.connected) == (None, False)
    session.release()
    assert events == []


def test_a_lock_is_known_to_stay_on_the_network_before_it_is_connected() -> None:
    session = LanSession(ADDRESS, ToyClock(), lambda event: None, said_to_stay=True)
    assert session.stays
    session.keep_alive(stays=False)
    assert not session.stays
    session.keep_alive(stays=True)
    assert session.stays


@pytest.mark.usefixtures("socket_enabled")
async def test_a_lock_that_was_awake_for_a_moment_is_dialled_at_once_when_it_wakes_again() -> None:
    """The wait that shows if its place is taken would keep an opening."""
    async with house() as home:
        await home.wake()
        await settled()
        assert home.lock.snapshot.awake
        await home.simulated.sleep()
        await home.pass_time(9)
        assert not home.lock.snapshot.awake
        await home.wake()
        await settled()
        assert home.lock.snapshot.awake


@pytest.mark.usefixtures("socket_enabled")
async def test_a_lock_that_has_fallen_asleep_is_soon_dialled_less_often(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with house() as home:
        await home.wake()
        await home.pass_time(DIAL_WINDOW + 1)
        await home.simulated.sleep()
        await home.pass_time(DIAL_WINDOW)
        dials = [one for one in caplog.messages if "no connection" in one]
        assert SOON < len(dials) < 2 * SOON
