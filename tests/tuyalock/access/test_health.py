"""What ails a lock, and what that may mean."""

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Reader
from custom_components.tuya_wifi_lock.tuyalock.access.health import Health, KeyOwner
from custom_components.tuya_wifi_lock.tuyalock.access.keys import KeyReply, KeyStatus
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    ConnectionLost,
    LockError,
    MalformedFrame,
    NoHandshake,
    SlotTaken,
    Unreachable,
    WrongKey,
    WrongVersion,
)

NOW = 1_700_000_000.0


def after(*errors: LockError) -> Health:
    health = Health()
    for second, error in enumerate(errors):
        health.note_error(error, NOW + second)
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
        health.note_wake(NOW + 100 * time)
    assert health.wakes == [NOW + 100 * time for time in range(10, 30)]


def test_one_client_too_many_is_told_from_our_own_last_connection() -> None:
    assert not after(SlotTaken()).is_stuck
    health = after(SlotTaken(), Unreachable(), SlotTaken())
    assert health.is_stuck
    health.note_success()
    assert not health.is_stuck


def test_a_sleeping_lock_has_no_problem() -> None:
    assert after(Unreachable()).problem is None
    taken = SlotTaken()
    assert after(taken, Unreachable()).problem is taken


def test_the_last_problem_counts_until_the_lock_is_well() -> None:
    lost = ConnectionLost()
    health = after(SlotTaken(), lost)
    assert health.problem is lost
    health.note_success()
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
    health.note_success()
    assert health.key_refused is False


def test_suspicions_start_again_after_a_success() -> None:
    health = after(*[NoHandshake()] * 3)
    health.note_success()
    for _ in range(3):
        health.note_error(NoHandshake(), NOW)
    assert health.key_refused is False
    health.note_error(NoHandshake(), NOW)
    assert health.key_refused is True


def test_a_lock_whose_clock_is_ahead_is_noticed() -> None:
    health = Health()
    health.check_clock(NOW + 10, NOW)
    assert health.clock_ahead is None
    health.check_clock(NOW + 11, NOW)
    assert health.clock_ahead == 11
    health.check_clock(NOW - 3600, NOW)
    assert health.clock_ahead is None


def test_connections_of_one_wake_are_one_wake() -> None:
    health = Health()
    for second in (0, 30, 60, 500, 530):
        health.note_wake(NOW + second)
    assert health.wakes == [NOW, NOW + 500]


def test_what_is_usual_is_known_after_some_wakes() -> None:
    health = Health()
    for hour in (0, 1, 11, 12):
        health.note_wake(NOW + 3600 * hour)
    assert health.longest_silence is None
    health.note_wake(NOW + 3600 * 13)
    assert health.longest_silence == 36000


def test_a_key_that_was_used_tells_of_the_clock() -> None:
    health = Health()
    assert health.clock_right is None
    health.check_clock(NOW + 3600, NOW)
    assert (health.clock_right, health.clock_ahead) == (False, 3600)
    health.check_keys(None, KeyReply(KeyStatus.DONE, 200), ours=True)
    assert (health.clock_right, health.clock_ahead) == (True, None)
    health.check_keys(None, KeyReply(KeyStatus.OUTSIDE_TIME, 200), ours=True)
    assert health.clock_right is False
    health.check_keys(None, KeyReply(KeyStatus.WRONG_KEY, 200), ours=True)
    assert health.clock_right is False


def test_a_record_of_the_past_says_nothing_for_or_against_the_clock() -> None:
    health = Health()
    health.check_clock(NOW - 3600, NOW)
    assert health.clock_right is None
    health.check_clock(NOW - 5, NOW)
    assert health.clock_right is True


@pytest.mark.parametrize(
    ("reply", "ours", "owner", "takes"),
    [
        (KeyReply(KeyStatus.DONE, 200), True, KeyOwner.US, True),
        (KeyReply(KeyStatus.DONE, 1), False, KeyOwner.CLOUD, None),
        (KeyReply(KeyStatus.FAILED, 200), True, None, False),
        (KeyReply(KeyStatus.FAILED, 1), False, KeyOwner.NOBODY, None),
        (KeyReply(None), True, None, None),
        (None, True, None, None),
    ],
)
def test_reports_tell_whose_key_the_lock_has(
    reply: KeyReply | None, ours: bool, owner: KeyOwner | None, takes: bool | None
) -> None:
    health = Health()
    health.check_keys(reply, None, ours=ours)
    assert (health.key_owner, health.takes_keys) == (owner, takes)


def test_all_but_errors_survives_a_restart() -> None:
    health = after(SlotTaken())
    health.note_wake(NOW)
    health.check_clock(NOW + 3600, NOW)
    health.check_keys(KeyReply(KeyStatus.DONE, 200), None, ours=True)
    again = Health.from_dict(health.as_dict(), Reader())
    assert again.as_dict() == health.as_dict()
    assert again.key_owner is KeyOwner.US
    assert not again.errors
