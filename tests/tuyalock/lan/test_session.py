"""The session with a lock that has no connection; what it does with one, test_lock.py shows."""

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import ConnectionLost
from custom_components.tuya_wifi_lock.tuyalock.lan.session import LanSession, SessionEvent
from tests.tuyalock.toy_clock import ToyClock
from tests.tuyalock.world import ADDRESS


def test_without_a_connection_nothing_is_sent() -> None:
    events: list[SessionEvent] = []
    session = LanSession(ADDRESS, ToyClock(), events.append)
    with pytest.raises(ConnectionLost):
        session.send({1: 3})
    assert (session.host, session.connected) == (None, False)
    session.hang_up()
    assert events == []


def test_a_lock_is_known_to_stay_on_the_network_before_it_is_connected() -> None:
    session = LanSession(ADDRESS, ToyClock(), lambda event: None, said_to_stay=True)
    assert session.stays
    session.keep_alive(stays=False)
    assert not session.stays
    session.keep_alive(stays=True)
    assert session.stays
