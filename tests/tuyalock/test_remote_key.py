"""The remote key flow as a conversation with a lock that is played by hand."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from itertools import count, product

import pytest

from custom_components.tuya_wifi_lock.tuyalock.codec import KeyReply, KeyStatus, RemoteKey
from custom_components.tuya_wifi_lock.tuyalock.exceptions import Reason, UnlockRefused
from custom_components.tuya_wifi_lock.tuyalock.remote_key import (
    SET_KEY,
    USE_KEY,
    one_time_key,
    operate,
)
from custom_components.tuya_wifi_lock.tuyalock.state import OUR_MEMBER

NOW = 1_700_000_000.7
A_KEY = RemoteKey(OUR_MEMBER, 0, 0x7FFFFFFF, 0xFFFF, b"some-key")
STATUSES = tuple(KeyStatus)
DONE = KeyStatus.DONE
REPLACED = (KeyStatus.KEY_INVALID, KeyStatus.WRONG_KEY)
FINAL = tuple(status for status in STATUSES if status not in {DONE, *REPLACED})
REASONS = {
    KeyStatus.FAILED: Reason.FAILED,
    KeyStatus.KEY_INVALID: Reason.KEY_INVALID,
    KeyStatus.USES_EXHAUSTED: Reason.USES_EXHAUSTED,
    KeyStatus.OUTSIDE_TIME: Reason.OUTSIDE_TIME,
    KeyStatus.WRONG_KEY: Reason.WRONG_KEY,
    KeyStatus.DOUBLE_LOCKED: Reason.DOUBLE_LOCKED,
}


def numbered() -> Callable[[], RemoteKey]:
    """Return a source of keys that can be told apart."""
    numbers = count(1)
    return lambda: replace(A_KEY, key=b"%08d" % next(numbers))


class Talk:
    """One conversation: what was said to the lock, which answers in turn, and how it ended."""

    def __init__(self, *answers: KeyStatus | None, unlock: bool = True) -> None:
        self.said: list[tuple[str, str]] = []
        self.key: RemoteKey | None = None
        self.reason: Reason | None = None
        self.left = list(answers)
        talk = operate(numbered(), unlock=unlock)
        try:
            self.said.append(next(talk))
            while True:
                self.said.append(talk.send(KeyReply(self.left.pop(0), OUR_MEMBER)))
        except StopIteration as done:
            self.key = done.value
        except UnlockRefused as refused:
            self.reason = refused.reason

    @property
    def course(self) -> list[str]:
        """What was said, by DP code and key."""
        return [
            f"{'store' if code == SET_KEY else 'use'} {_key_in(code, command)}"
            for code, command in self.said
        ]


def _key_in(code: str, command: str) -> str:
    assert code in {SET_KEY, USE_KEY}
    data = b64decode(command)
    return (data[13:] if code == SET_KEY else data[3:11]).decode().lstrip("0")


def test_a_new_key_is_stored_and_used() -> None:
    talk = Talk(DONE, DONE)
    assert talk.course == ["store 1", "use 1"]
    assert talk.key
    assert talk.key.key == b"00000001"


def test_an_echo_of_the_stored_key_is_good_enough_to_use_it() -> None:
    talk = Talk(None, DONE)
    assert talk.course == ["store 1", "use 1"]
    assert talk.key


@pytest.mark.parametrize("unlock", [True, False])
def test_the_command_says_open_or_lock_each_time(unlock: bool) -> None:
    talk = Talk(DONE, KeyStatus.WRONG_KEY, DONE, DONE, unlock=unlock)
    uses = [b64decode(command) for code, command in talk.said if code == USE_KEY]
    assert [use[0] for use in uses] == [unlock, unlock]


@pytest.mark.parametrize("status", [status for status in STATUSES if status is not DONE])
def test_a_key_that_is_not_stored_is_not_used(status: KeyStatus) -> None:
    talk = Talk(status)
    assert talk.course == ["store 1"]
    assert talk.reason is Reason.KEY_NOT_STORED


@pytest.mark.parametrize("status", FINAL)
def test_a_final_refusal_ends_it(status: KeyStatus) -> None:
    assert Talk(DONE, status).course == ["store 1", "use 1"]
    assert Talk(DONE, status).reason is REASONS[status]


@pytest.mark.parametrize("status", REPLACED)
def test_a_replaced_key_is_registered_once_more(status: KeyStatus) -> None:
    talk = Talk(DONE, status, DONE, DONE)
    assert talk.course == ["store 1", "use 1", "store 2", "use 2"]
    assert talk.key
    assert talk.key.key == b"00000002"


@pytest.mark.parametrize(
    ("first", "second"), product(REPLACED, [status for status in STATUSES if status is not DONE])
)
def test_the_second_refusal_is_final(first: KeyStatus, second: KeyStatus) -> None:
    talk = Talk(DONE, first, DONE, second)
    assert talk.reason is REASONS[second]
    assert talk.left == []


@pytest.mark.parametrize("status", [status for status in STATUSES if status is not DONE])
def test_a_second_key_that_is_not_stored_is_not_used(status: KeyStatus) -> None:
    talk = Talk(DONE, KeyStatus.WRONG_KEY, status)
    assert talk.course == ["store 1", "use 1", "store 2"]
    assert talk.reason is Reason.KEY_NOT_STORED


def test_no_conversation_goes_on_for_long() -> None:
    for answers in product(STATUSES, repeat=4):
        talk = Talk(*answers)
        codes = [code for code, _ in talk.said]
        assert codes.count(SET_KEY) <= 2
        assert codes.count(USE_KEY) <= 2
        assert (talk.key is None) is not (talk.reason is None)
        assert (talk.key is not None) is (answers[len(codes) - 1] is DONE)


# Keys


def test_a_key_for_one_time_is_valid_around_now() -> None:
    key = one_time_key(NOW)
    assert (key.member, key.uses) == (OUR_MEMBER, 1)
    assert (key.start, key.end) == (1_699_999_700, 1_700_000_300)


def test_our_member_is_none_of_the_cloud_s() -> None:
    assert OUR_MEMBER not in range(1, 101)


def test_keys_are_eight_random_digits() -> None:
    made = [one_time_key(NOW).key for _ in range(100)]
    assert len(set(made)) > 95
    assert all(len(key) == 8 and key.isdigit() for key in made)
    assert len(set(b"".join(made))) == 10


def test_a_key_is_never_shown() -> None:
    key = one_time_key(NOW)
    assert key.key.decode() not in f"{key!r} {key}"


def test_a_refusal_shows_no_key() -> None:
    talk = operate(lambda: A_KEY)
    next(talk)
    with pytest.raises(UnlockRefused) as refused:
        talk.send(KeyReply(KeyStatus.FAILED, OUR_MEMBER))
    assert str(refused.value) == "the lock refused: key_not_stored"
