"""Which version is spoken, and which pushes are of now: the pure parts of a session."""

from collections import Counter

import pytest

from custom_components.tuya_wifi_lock.tuyalock.lan.address import Address, choose_version
from custom_components.tuya_wifi_lock.tuyalock.lan.freshness import Freshness, LockClock
from tests.tuyalock.toy_clock import ToyClock

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


class Heard:
    """A lock's clock, as it is heard over days."""

    def __init__(self, latest: float | None = None, ahead: float | None = None) -> None:
        """Begin at NOW with what is stored."""
        self.clock = ToyClock()
        self.clock.wall = NOW
        self.lock = LockClock(self.clock, latest, ahead)

    def push(self, sent: float | None, at: float, *, at_home: bool = False) -> Freshness:
        """Return how fresh a push seems that comes so many seconds after NOW."""
        self.clock.advance(at - self.clock.now)
        return self.lock.judge(sent, self.clock.time(), may_be_reset=at_home)


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 7200.0, 1e8])
def test_pushes_of_now_are_new_whatever_the_clock_shows(ahead: float) -> None:
    heard = Heard()
    if ahead < -600:
        heard.lock.learn(NOW + ahead, NOW)
    for seconds in (0, 0, 5, 3600, 86400, 86400 * 30):
        assert heard.push(NOW + seconds + ahead, seconds) is not Freshness.STALE
    assert heard.push(NOW + 86400 * 31 + ahead, 86400 * 31) is Freshness.NEW


def test_a_clock_that_is_wrong_is_known_after_ten_minutes() -> None:
    """Until then, nothing tells it from a recording."""
    heard = Heard()
    for seconds in (0, 1, 20, 599):
        assert heard.push(NOW + seconds - 300, seconds) is Freshness.DOUBTFUL
    assert heard.push(NOW + 610 - 300, 610) is Freshness.DOUBTFUL
    assert heard.push(NOW + 700 - 300, 700) is Freshness.NEW


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 7200.0])
def test_what_was_saved_up_is_taken_in_order_and_once(ahead: float) -> None:
    """It says when it happened, and not when it was sent."""
    heard = Heard(NOW + ahead, ahead)

    def record(happened: float, at: float) -> Freshness:
        heard.clock.advance(at - heard.clock.now)
        return heard.lock.judge_record(NOW + happened + ahead, heard.clock.time())

    assert record(10, 5000) is record(4000, 5000) is Freshness.DOUBTFUL
    assert record(5000, 5000) is Freshness.NEW
    assert heard.push(NOW + 5001 + ahead, 5001) is Freshness.NEW
    # The lock may report something else before what it has saved up.
    assert record(5000.5, 5002) is not Freshness.STALE
    assert heard.push(NOW + 6000 + ahead, 6000) is Freshness.NEW
    assert record(5500, 6000) is Freshness.DOUBTFUL
    for happened in (-10, 10, 4000, 5000):
        assert record(happened, 6000) is Freshness.STALE


def test_the_first_record_that_is_ever_heard_may_have_been_saved_up() -> None:
    heard = Heard()
    assert heard.lock.judge_record(NOW - 86400, NOW) is Freshness.DOUBTFUL
    assert heard.lock.judge_record(NOW - 86500, NOW) is Freshness.STALE
    assert heard.push(NOW + 1, 1) is Freshness.NEW


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 7200.0])
def test_what_was_recorded_is_not_new(ahead: float) -> None:
    heard = Heard(NOW + ahead, ahead)
    # It was heard.
    assert heard.push(NOW - 5 + ahead, 40) is Freshness.STALE
    # It was not heard, but is of an hour ago.
    assert heard.push(NOW + 60 + ahead, 3660) is Freshness.STALE
    assert heard.push(NOW + 3660 + ahead, 3660) is Freshness.NEW
    assert heard.push(None, 3700) is Freshness.STALE


def test_the_first_push_that_is_ever_heard_is_not_of_yesterday() -> None:
    assert Heard().push(NOW - 86400, 0) is Freshness.STALE
    assert Heard().push(NOW - 60, 0) is Freshness.DOUBTFUL
    assert Heard().push(None, 0) is Freshness.DOUBTFUL
    assert Heard().push(NOW - 20, 0) is Freshness.NEW


def test_a_clock_that_is_put_right_is_believed_at_once() -> None:
    heard = Heard(NOW + 86400 * 365, 86400.0 * 365)
    assert heard.push(NOW, 0) is Freshness.NEW
    assert heard.push(NOW - 100, 1) is Freshness.STALE


@pytest.mark.parametrize("ahead", [40.0, 3600.0, 86400.0 * 365])
@pytest.mark.parametrize("later", [1, 20, 100])
def test_so_is_one_that_nobody_knew_for_sure(ahead: float, later: float) -> None:
    heard = Heard()
    assert heard.push(NOW + ahead, 0) is Freshness.DOUBTFUL
    assert heard.push(NOW + later, later) is Freshness.NEW
    assert heard.push(NOW - 100, later + 1) is Freshness.STALE


@pytest.mark.parametrize("ahead", [3, 10, 29, 40])
@pytest.mark.parametrize("later", [1, 20, 35])
def test_so_is_one_that_was_put_right_by_seconds(ahead: float, later: float) -> None:
    heard = Heard(NOW - 3600 + ahead, ahead)
    assert heard.push(NOW + ahead, 0) is Freshness.NEW
    assert heard.push(NOW + later, later) is Freshness.NEW
    # What was recorded half a minute ago is none, nor is what was sent before by a right clock.
    assert heard.push(NOW + later - 31, later + 1) is Freshness.STALE
    assert heard.push(NOW + later - 5, later + 2) is Freshness.STALE


@pytest.mark.parametrize("known", [True, False])
def test_what_was_recorded_looks_like_a_clock_that_is_put_right_once_it_shows_our_time(
    known: bool,
) -> None:
    """This remains: a clock that is put right cannot be told from it."""
    heard = Heard(NOW + 3000, 3600.0 if known else None)
    for later, freshness in ((100, Freshness.STALE), (600, Freshness.NEW)):
        assert heard.push(NOW + 600, later) is freshness


@pytest.mark.parametrize("undated", [False, True])
def test_a_clock_that_was_set_back_is_believed_after_a_while_and_only_at_home(
    undated: bool,
) -> None:
    heard = Heard(NOW, 0.0)

    def push(seconds: float, *, at_home: bool = True) -> Freshness:
        return heard.push(None if undated else NOW - 1e8 + seconds, seconds, at_home=at_home)

    assert push(100) is push(400) is Freshness.STALE
    assert push(800, at_home=False) is Freshness.STALE
    # A recording of more than ten minutes looks the same.
    assert push(900) is Freshness.DOUBTFUL
    assert push(901) is (Freshness.DOUBTFUL if undated else Freshness.NEW)


def test_recordings_that_are_played_back_in_a_hurry_are_no_clock() -> None:
    heard = Heard(NOW, 0.0)
    for number in range(10):
        sent = NOW - 86400 + 300 * number
        assert heard.push(sent, 1000 + 2 * number, at_home=True) is Freshness.STALE


def test_our_own_clock_that_is_not_set_yet_teaches_nothing() -> None:
    heard = Heard(NOW, 0.0)
    heard.clock.wall = 0.0
    assert heard.push(NOW + 10, 10) is Freshness.NEW
    assert heard.lock.ahead == 0.0
    # It is set, and what was recorded a minute ago is as old as before.
    heard.clock.wall = NOW
    assert heard.push(NOW + 20, 80) is Freshness.STALE
    assert heard.push(NOW + 80, 80) is Freshness.NEW


def test_a_push_without_a_time_is_not_of_now_because_ours_is_1970() -> None:
    heard = Heard()
    heard.clock.wall = 0.0
    assert heard.push(None, 10) is Freshness.DOUBTFUL
    assert heard.push(NOW - 86400, 20) is Freshness.DOUBTFUL


@pytest.mark.parametrize("step", [-3600.0, 3600.0, -86400.0])
@pytest.mark.parametrize("ahead", [0.0, 7200.0])
def test_our_own_clock_that_is_set_makes_nothing_old_or_new(ahead: float, step: float) -> None:
    heard = Heard(NOW, ahead)
    assert heard.push(NOW + ahead, 0) is Freshness.NEW
    heard.clock.wall += step
    assert heard.push(NOW + 100 + ahead, 100) is Freshness.NEW
    # Recorded when our clock would be where it was set to.
    for sent in (NOW + 100 + step + ahead, NOW + 10 + ahead, NOW + 100 + step):
        if sent < NOW + 100 + ahead:
            assert heard.push(sent, 150) is Freshness.STALE


@pytest.mark.parametrize("ahead", [0.0, 2.0, 40.0])
def test_our_own_clock_that_begins_in_the_past_makes_no_recording_new(ahead: float) -> None:
    heard = Heard(NOW, ahead)
    heard.clock.wall = NOW - 36000
    assert heard.push(NOW - 35990, 10) is Freshness.STALE
    assert heard.push(NOW + 20, 20) is Freshness.NEW
