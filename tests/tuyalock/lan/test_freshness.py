"""Which version is spoken, and which pushes are of now: the pure parts of a session."""

from collections import Counter

import pytest

from custom_components.tuya_wifi_lock.tuyalock.lan.address import Address, choose_version
from custom_components.tuya_wifi_lock.tuyalock.lan.freshness import LockClock

NOW = 1_790_000_000.0


def chosen(tries: int, announced: str | None = None, **known: str) -> list[str]:
    """Return the versions that are tried if none is understood."""
    address = Address(host=None, port=1, device_id="d", local_key=b"", **known)
    misunderstood: Counter[str] = Counter()
    found = []
    for _ in range(tries):
        found.append(choose_version(address, announced, misunderstood))
        misunderstood[found[-1]] += 1
    return found


@pytest.mark.parametrize(
    ("announced", "known", "expected"),
    [
        (None, {}, ["3.5", "3.4", "3.3", "3.1", "3.5"]),
        ("3.3", {}, ["3.3", "3.3", "3.3", "3.5", "3.3", "3.4", "3.3", "3.1", "3.3"]),
        ("3.2", {}, ["3.2", "3.2", "3.2", "3.5", "3.2", "3.4", "3.2", "3.1", "3.2"]),
        ("3.3", {"version": "3.4"}, ["3.4"] * 5),
        ("3.3", {"version": "3.4", "found_version": "3.3"}, ["3.4"] * 5),
        (None, {"version": "3.3", "found_version": "3.2"}, ["3.2"] * 5),
        (None, {"found_version": "3.2"}, ["3.2", "3.2", "3.2", "3.5", "3.2", "3.4", "3.2"]),
        ("3.3", {"found_version": "3.2"}, ["3.2", "3.2", "3.2", "3.5", "3.2", "3.4", "3.2"]),
        (None, {"found_version": "3.3"}, ["3.3", "3.3", "3.3", "3.5", "3.3", "3.4", "3.3"]),
        ("3.4", {"found_version": "3.3"}, ["3.3", "3.3", "3.3", "3.4", "3.3", "3.5", "3.3"]),
        ("3.1", {"found_version": "3.4"}, ["3.4", "3.4", "3.4", "3.5", "3.4", "3.5"]),
        ("3.1", {"found_version": "3.5"}, ["3.5"] * 6),
    ],
)
def test_no_older_version_than_the_proven_one_is_spoken(
    announced: str | None, known: dict[str, str], expected: list[str]
) -> None:
    assert chosen(len(expected), announced, **known) == expected


def test_a_version_that_is_announced_late_is_tried_next() -> None:
    address = Address(host=None, port=1, device_id="d", local_key=b"")
    assert choose_version(address, "3.4", Counter({"3.5": 1})) == "3.4"


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 7200.0, 1e8])
def test_pushes_of_now_are_new_whatever_the_clock_shows(ahead: float) -> None:
    clock = LockClock()
    if ahead < -600:
        clock.learn(NOW + ahead, NOW)
    for seconds in (0, 0, 5, 3600, 86400, 86400 * 30):
        assert clock.accepts(NOW + seconds + ahead, NOW + seconds)


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 7200.0])
def test_what_was_recorded_is_not_new(ahead: float) -> None:
    clock = LockClock(NOW + ahead, ahead)
    # It was heard.
    assert not clock.accepts(NOW - 5 + ahead, NOW + 40)
    # It was not heard, but is of an hour ago.
    assert not clock.accepts(NOW + 60 + ahead, NOW + 3660)
    assert clock.accepts(NOW + 3660 + ahead, NOW + 3660)
    assert not clock.accepts(None, NOW + 3700)


def test_the_first_push_that_is_ever_heard_is_not_of_yesterday() -> None:
    assert not LockClock().accepts(NOW - 86400, NOW)
    assert LockClock().accepts(NOW - 60, NOW)
    assert LockClock().accepts(None, NOW)


def test_a_clock_that_is_put_right_is_believed_at_once() -> None:
    clock = LockClock(NOW + 86400 * 365, 86400.0 * 365)
    assert clock.accepts(NOW, NOW)
    assert not clock.accepts(NOW - 100, NOW + 1)


@pytest.mark.parametrize("undated", [False, True])
def test_a_clock_that_was_set_back_is_believed_after_a_while_and_only_at_home(
    undated: bool,
) -> None:
    clock = LockClock(NOW, 0.0)

    def accepts(seconds: float, *, at_home: bool = True) -> bool:
        sent = None if undated else NOW - 1e8 + seconds
        return clock.accepts(sent, NOW + seconds, may_be_reset=at_home)

    assert not accepts(100)
    assert not accepts(400)
    assert not accepts(800, at_home=False)
    assert accepts(900)
    assert accepts(901)


def test_recordings_that_are_played_back_in_a_hurry_are_no_clock() -> None:
    clock = LockClock(NOW, 0.0)
    for number in range(10):
        sent, now = NOW - 86400 + 300 * number, NOW + 1000 + 2 * number
        assert not clock.accepts(sent, now, may_be_reset=True)


def test_our_own_clock_that_is_not_set_yet_teaches_nothing() -> None:
    clock = LockClock(NOW, 0.0)
    assert clock.accepts(NOW + 10, 86400.0)
    assert clock.ahead == 0.0
