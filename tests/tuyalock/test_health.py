"""What ails a lock, and what that may mean."""

import pytest

from custom_components.tuya_wifi_lock.tuyalock.errors import (
    ConnectionLost,
    LockError,
    MalformedFrame,
    NoHandshake,
    SlotTaken,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from custom_components.tuya_wifi_lock.tuyalock.health import Health

NOW = 1_700_000_000.0


def after(*errors: LockError) -> Health:
    health = Health()
    for second, error in enumerate(errors):
        health.suffer(error, NOW + second)
    return health


def test_at_first_nothing_ails() -> None:
    health = Health()
    assert (health.problem, health.key_refused, health.clock_ahead) == (None, False, None)
    assert not health.errors
    assert not health.wakes


def test_the_same_error_is_noted_once_in_a_row() -> None:
    health = after(SlotTaken(), SlotTaken(), WrongVersion("3.5"), SlotTaken())
    assert list(health.errors) == [
        (NOW, "SlotTaken"),
        (NOW + 2, "WrongVersion"),
        (NOW + 3, "SlotTaken"),
    ]


def test_the_last_twenty_are_kept() -> None:
    health = after(*(error for _ in range(15) for error in (SlotTaken(), ConnectionLost())))
    assert [time for time, _ in health.errors] == [NOW + second for second in range(10, 30)]
    for time in range(30):
        health.wake(time)
    assert health.wakes == list(range(10, 30))


def test_one_client_too_many_is_told_from_our_own_last_connection() -> None:
    assert not after(SlotTaken()).hopeless
    health = after(SlotTaken(), Unreachable(), SlotTaken())
    assert health.hopeless
    health.recover()
    assert not health.hopeless


def test_a_sleeping_lock_has_no_problem() -> None:
    assert after(Unreachable()).problem is None
    taken = SlotTaken()
    assert after(taken, Unreachable()).problem is taken


def test_the_last_problem_counts_until_the_lock_is_well() -> None:
    lost = ConnectionLost()
    health = after(SlotTaken(), lost)
    assert health.problem is lost
    health.recover()
    assert health.problem is None
    assert len(health.errors) == 2


@pytest.mark.parametrize(
    ("errors", "refused"),
    [
        ([WrongKey()], True),
        ([NoHandshake()] * 3, False),
        ([NoHandshake()] * 4, True),
        ([NoHandshake(), NoHandshake(), Unreachable(), NoHandshake(), NoHandshake()], True),
        ([WrongKey(), NoHandshake(), SlotTaken()], True),
        ([SlotTaken()] * 10, False),
        ([MalformedFrame()] * 10, False),
        ([ConnectionLost()] * 10, False),
    ],
)
def test_failed_handshakes_speak_against_the_key(errors: list[LockError], refused: bool) -> None:
    health = after(*errors)
    assert health.key_refused is refused
    health.recover()
    assert health.key_refused is False


def test_suspicions_start_again_after_a_success() -> None:
    health = after(*[NoHandshake()] * 3)
    health.recover()
    for _ in range(3):
        health.suffer(NoHandshake(), NOW)
    assert health.key_refused is False
    health.suffer(NoHandshake(), NOW)
    assert health.key_refused is True


def test_a_lock_whose_clock_is_ahead_is_noticed() -> None:
    health = Health()
    health.check_clock(NOW + 10, NOW)
    assert health.clock_ahead is None
    health.check_clock(NOW + 11, NOW)
    assert health.clock_ahead == 11
    health.check_clock(None, NOW)
    assert health.clock_ahead == 11
    health.check_clock(NOW - 3600, NOW)
    assert health.clock_ahead is None
