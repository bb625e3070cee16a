"""Opening with a key of our own: what each answer of the lock leads to."""

from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import override

import pytest

from custom_components.tuya_wifi_lock.tuyalock.access.keys import KeyStatus, one_time_key
from custom_components.tuya_wifi_lock.tuyalock.exceptions import Reason, UnlockRefused
from custom_components.tuya_wifi_lock.tuyalock.models import OUR_MEMBER, Value
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import SET_KEY, USE_KEY
from tests.tuyalock.access.test_remote_unlock_account import Line, account_house

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_700_000_000.7
STATUSES = tuple(KeyStatus)
DONE = KeyStatus.DONE
NOT_DONE = tuple(status for status in STATUSES if status is not DONE)
REPLACED = (KeyStatus.KEY_INVALID, KeyStatus.WRONG_KEY)
FINAL = tuple(status for status in NOT_DONE if status not in REPLACED)
REASONS = {
    KeyStatus.FAILED: Reason.FAILED,
    KeyStatus.KEY_INVALID: Reason.KEY_INVALID,
    KeyStatus.USES_EXHAUSTED: Reason.USES_EXHAUSTED,
    KeyStatus.OUTSIDE_TIME: Reason.OUTSIDE_TIME,
    KeyStatus.WRONG_KEY: Reason.WRONG_KEY,
    KeyStatus.DOUBLE_LOCKED: Reason.DOUBLE_LOCKED,
}


@dataclass
class Script(Line):
    """An account whose lock answers in turn what was written down; None is an echo."""

    left: list[KeyStatus | None] = field(default_factory=list)
    commands: list[tuple[str, bytes]] = field(default_factory=list)

    @override
    async def send(self, code: str, value: Value) -> None:
        command = b64decode(str(value))
        self.commands.append((code, command))
        status = self.left.pop(0)
        answer = command if status is None else bytes((status, 0, OUR_MEMBER))
        self.hear({code: b64encode(answer).decode()})

    @property
    def course(self) -> list[str]:
        """What was sent, with a number for each key."""
        keys = [data[13:] if code == SET_KEY else data[3:11] for code, data in self.commands]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys), 1)}
        return [
            f"{'store' if code == SET_KEY else 'use'} {numbers[key]}"
            for (code, _), key in zip(self.commands, keys, strict=True)
        ]

    async def unlock(self, *answers: KeyStatus | None) -> Reason | None:
        """Unlock with these answers, and return why the lock refused, if it did."""
        self.left, self.commands = list(answers), []
        self.request()
        try:
            await self.home.lock.unlock()
        except UnlockRefused as refused:
            return refused.reason
        return None


@asynccontextmanager
async def script() -> AsyncGenerator[Script]:
    """Open a house whose lock answers as it is written down."""
    async with account_house("B") as (home, _):
        script = Script(home, {})
        home.lock.use_account(script)
        yield script


async def test_a_new_key_is_stored_and_used() -> None:
    async with script() as lock:
        assert await lock.unlock(DONE, DONE) is None
        assert lock.course == ["store 1", "use 1"]


async def test_every_unlock_has_a_key_of_its_own() -> None:
    async with script() as lock:
        keys = []
        for _ in range(3):
            await lock.unlock(DONE, DONE)
            keys.append(lock.commands[0][1][13:])
        assert len(set(keys)) == 3


async def test_an_echo_of_the_stored_key_is_good_enough_to_use_it() -> None:
    async with script() as lock:
        assert await lock.unlock(None, DONE) is None
        assert lock.course == ["store 1", "use 1"]


@pytest.mark.parametrize("unlock", [True, False])
async def test_the_command_says_open_or_lock_each_time(unlock: bool) -> None:
    async with script() as lock:
        lock.hear({"lock_motor_state": not unlock})
        lock.left = [DONE, KeyStatus.WRONG_KEY, DONE, DONE]
        lock.request()
        await (lock.home.lock.unlock() if unlock else lock.home.lock.lock())
        uses = [data for code, data in lock.commands if code == USE_KEY]
        assert [use[0] for use in uses] == [unlock, unlock]


@pytest.mark.parametrize("status", NOT_DONE)
async def test_a_key_that_is_not_stored_is_not_used(status: KeyStatus) -> None:
    async with script() as lock:
        assert await lock.unlock(status) is Reason.KEY_NOT_STORED
        assert lock.course == ["store 1"]


@pytest.mark.parametrize("status", FINAL)
async def test_a_final_refusal_ends_it(status: KeyStatus) -> None:
    async with script() as lock:
        assert await lock.unlock(DONE, status) is REASONS[status]
        assert lock.course == ["store 1", "use 1"]


@pytest.mark.parametrize("status", REPLACED)
async def test_a_replaced_key_is_stored_once_more(status: KeyStatus) -> None:
    async with script() as lock:
        assert await lock.unlock(DONE, status, DONE, DONE) is None
        assert lock.course == ["store 1", "use 1", "store 2", "use 2"]


@pytest.mark.parametrize(("first", "second"), product(REPLACED, NOT_DONE))
async def test_the_second_refusal_is_final(first: KeyStatus, second: KeyStatus) -> None:
    async with script() as lock:
        assert await lock.unlock(DONE, first, DONE, second) is REASONS[second]
        assert lock.left == []


@pytest.mark.parametrize("status", NOT_DONE)
async def test_a_second_key_that_is_not_stored_is_not_used(status: KeyStatus) -> None:
    async with script() as lock:
        assert await lock.unlock(DONE, KeyStatus.WRONG_KEY, status) is Reason.KEY_NOT_STORED
        assert lock.course == ["store 1", "use 1", "store 2"]


async def test_no_unlock_goes_on_for_long_whatever_the_lock_answers() -> None:
    async with script() as lock:
        for answers in product((DONE, KeyStatus.FAILED, *REPLACED), repeat=4):
            reason = await lock.unlock(*answers)
            codes = [code for code, _ in lock.commands]
            assert codes.count(SET_KEY) <= 2
            assert codes.count(USE_KEY) <= 2
            assert codes[-1] == USE_KEY or reason
            assert (reason is None) is (answers[len(codes) - 1] is DONE)


async def test_a_refusal_shows_no_key() -> None:
    async with script() as lock:
        lock.left = [KeyStatus.FAILED]
        lock.request()
        with pytest.raises(UnlockRefused) as refused:
            await lock.home.lock.unlock()
        assert str(refused.value) == "the lock refused: key_not_stored"


# Keys


def test_a_key_is_valid_around_now_and_once() -> None:
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
