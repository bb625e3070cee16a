"""Remote unlock: a call that returns has opened the door, one that has not says why."""

import asyncio
from collections.abc import Awaitable
import logging
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Family, Settings, UnlockWith
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    Cancelled,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    LocksByItself,
    NoAnswer,
    NoCloud,
    NoRequest,
    NotLockedAsleep,
    NotSupported,
    Reason,
    RequestOver,
    UnlockRefused,
)
from tests.simulator.remote import no_key

from ..house import VERSIONS, House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def refusal(unlock: Awaitable[None]) -> Reason:
    """Return the reason for which an unlock is refused."""
    with pytest.raises(UnlockRefused) as refused:
        await unlock
    return refused.value.reason


async def fails(home: House, error: type[LockError], seconds: float) -> None:
    """Unlock, let time pass, and see the error; the bolt must not have moved."""
    before = list(home.simulated.openings)
    unlocking = asyncio.create_task(home.lock.unlock())
    await home.until(lambda: home.lock.snapshot.unlocking)
    await home.settle()
    home.clock.move(seconds)
    with pytest.raises(error) as raised:
        await unlocking
    assert type(raised.value) is error
    assert not home.lock.snapshot.unlocking
    assert home.lock.snapshot.bolt.locked is None
    assert home.simulated.openings == before


def sent(home: House, dp_id: str) -> int:
    """Return how often a DP was sent to the lock."""
    return sum(dp_id in command for command in home.simulated.commands)


@pytest.mark.parametrize("version", VERSIONS)
async def test_own_key_opens(version: str) -> None:
    async with house(version) as home:
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert (sent(home, "49"), sent(home, "50")) == (1, 1)
        assert home.lock.snapshot.bolt.locked is False
        assert not home.lock.snapshot.unlocking
        await home.until(lambda: not home.lock.snapshot.requested)
        await home.until(lambda: home.unlocks == ["live remote None"])
        assert home.simulated.stored_key is not None
        assert home.simulated.stored_key.uses_left == 0


@pytest.mark.parametrize("version", ["3.3", "3.4", "3.5"])
@pytest.mark.parametrize("reply", ["3", "5"])
async def test_access_control_opens(version: str, reply: str) -> None:
    async with house(version, "D", reply=reply, stored={"product": {"chosen": ["D"]}}) as home:
        await home.awake()
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        await home.until(lambda: home.unlocks == ["live remote None"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_older_lock_opens_by_reply(version: str) -> None:
    stored = {"product": {"chosen": ["A"]}}
    async with house(version, "A", stored=stored) as home:
        await home.awake()
        with pytest.raises(NoRequest):
            await home.lock.unlock()
        assert home.simulated.commands == []
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert home.simulated.commands == [{"10": True}]


async def test_lock_that_hides_its_family_opens_by_reply_in_the_end() -> None:
    async with house(family="A", stored={}) as home:
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "49") == 1)
        home.clock.move(5)
        await unlocking
        assert home.simulated.openings == ["remote"]
        assert home.lock.snapshot.family is Family.A


async def test_older_lock_takes_a_refusal() -> None:
    async with house(family="A", stored={"product": {"chosen": ["A"]}}) as home:
        await home.awake()
        with pytest.raises(RequestOver):
            await home.lock.refuse()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        await home.lock.refuse()
        assert home.simulated.commands == [{"10": False}]
        assert not home.lock.snapshot.requested
        assert home.simulated.openings == []


async def test_newer_lock_takes_no_refusal_from_us() -> None:
    async with house(stored={"product": {"chosen": ["B"]}}) as home:
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        with pytest.raises(NoCloud):
            await home.lock.refuse()


async def test_request_only_never_sends_a_key() -> None:
    settings = Settings(unlock_with=UnlockWith.REQUEST_ONLY)
    async with house(settings=settings, stored={"product": {"chosen": ["B"]}}) as home:
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        with pytest.raises(NotSupported):
            await home.lock.unlock()
        assert home.simulated.commands == []


@pytest.mark.parametrize(
    ("knobs", "reason", "keys"),
    [
        ({"fail_unlock": True}, Reason.FAILED, 1),
        ({"requires_request": True}, Reason.FAILED, 1),
        ({"clock_offset": 3600.0}, Reason.OUTSIDE_TIME, 1),
        ({"clock_offset": -3600.0}, Reason.OUTSIDE_TIME, 1),
    ],
)
async def test_refusal_is_not_retried(knobs: dict[str, Any], reason: Reason, keys: int) -> None:
    async with house(**knobs) as home:
        await home.awake()
        assert await refusal(home.lock.unlock()) is reason
        assert (sent(home, "49"), sent(home, "50")) == (keys, keys)
        assert home.simulated.openings == []
        assert home.lock.snapshot.bolt.locked is None


async def test_double_locked_is_told() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.double_lock(True)
        assert await refusal(home.lock.unlock()) is Reason.DOUBLE_LOCKED


async def test_key_replaced_behind_our_back_is_registered_once_more() -> None:
    async with house() as home:
        await home.awake()
        replaced = asyncio.create_task(_replace_keys(home, 1))
        await home.lock.unlock()
        await replaced
        assert (sent(home, "49"), sent(home, "50")) == (2, 2)
        assert home.simulated.openings == ["remote"]


async def test_key_replaced_again_and_again_is_given_up() -> None:
    async with house() as home:
        await home.awake()
        replaced = asyncio.create_task(_replace_keys(home, 2))
        assert await refusal(home.lock.unlock()) is Reason.WRONG_KEY
        await replaced
        assert (sent(home, "49"), sent(home, "50")) == (2, 2)
        assert home.simulated.openings == []


async def _replace_keys(home: House, times: int) -> None:
    """Let the cloud replace the key each time that one was stored, before it is used."""
    for count in range(1, times + 1):
        while sent(home, "49") < count:  # noqa: ASYNC110
            await asyncio.sleep(0)
        home.simulated.cloud_gives_key()


@pytest.mark.parametrize("version", VERSIONS)
async def test_silence_is_not_success(version: str) -> None:
    async with house(version, stored={"product": {"chosen": ["B"]}}) as home:
        await home.awake()
        await home.simulated.battery(80)
        await home.until(lambda: home.lock.snapshot.state.battery == 80)
        home.simulated.faults.lose_answers = {"report", "control"}
        await fails(home, KeyIgnored, 5)
        assert (sent(home, "49"), sent(home, "50")) == (1, 0)


@pytest.mark.parametrize("family", ["A", "B", "D"])
async def test_lock_that_stopped_hearing_is_not_success(family: str) -> None:
    async with house(family=family, stored={"product": {"chosen": [family]}}) as home:
        await home.awake()
        if family == "A":
            await home.simulated.request(60)
            await home.until(lambda: home.lock.snapshot.requested)
        home.simulated.faults.mute = True
        await fails(home, NoAnswer if family == "A" else KeyIgnored, 10)
        assert home.simulated.commands == []


async def test_lost_answer_is_not_success() -> None:
    async with house(apply_delay=0.02) as home:
        await home.awake()
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "50") == 1)
        home.simulated.faults.lose_answers = {"report"}
        await home.until(lambda: home.simulated.openings == ["remote"])
        home.clock.move(10)
        with pytest.raises(NoAnswer):
            await unlocking
        assert sent(home, "50") == 1
        assert home.lock.snapshot.bolt.locked is None


async def test_echo_is_not_success() -> None:
    async with house(reply="echo", app_record=False, fail_unlock=True) as home:
        await home.awake()
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "50") == 1)
        await home.settle()
        home.clock.move(10)
        with pytest.raises(NoAnswer):
            await unlocking
        assert sent(home, "50") == 1


async def test_echo_with_a_record_of_the_opening_is_success() -> None:
    async with house(reply="echo") as home:
        await home.awake()
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]


async def test_connection_lost_before_the_key_is_used_opened_nothing() -> None:
    async with house() as home:
        await home.awake()
        home.simulated.faults.reset_at = "control"
        with pytest.raises(ConnectionLost):
            await home.lock.unlock()
        assert home.simulated.openings == []


async def test_connection_lost_after_the_key_is_used_is_unknown() -> None:
    async with house(apply_delay=0.02) as home:
        await home.awake()
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "50") == 1)
        await home.simulated.pull_battery()
        with pytest.raises(NoAnswer):
            await unlocking
        assert sent(home, "50") == 1


async def test_command_rejected_in_words() -> None:
    async with house(ack_text="parse data error") as home:
        await home.awake()
        assert await refusal(home.lock.unlock()) is Reason.REJECTED


async def test_no_key_goes_to_a_peer_that_has_not_proved_itself() -> None:
    async with house("3.1") as home:
        await home.wake()
        await home.until(lambda: home.simulated.clients > 0)
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.settle()
        home.clock.move(31)
        with pytest.raises(LockAsleep):
            await unlocking
        assert home.simulated.commands == []


async def test_two_calls_share_one_attempt() -> None:
    async with house() as home:
        await home.awake()
        await asyncio.gather(home.lock.unlock(), home.lock.unlock())
        assert (sent(home, "49"), sent(home, "50")) == (1, 1)
        assert home.simulated.openings == ["remote"]


@pytest.mark.parametrize("family", ["A", "B"])
async def test_waiting_unlock_is_released_by_a_request(family: str) -> None:
    async with house(family=family, stored={"product": {"chosen": [family]}}) as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        await home.simulated.request(60)
        home.hint()
        await unlocking
        assert home.simulated.openings == ["remote"]


async def test_touch_by_somebody_else_does_not_release_a_waiting_unlock() -> None:
    async with house() as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        await home.simulated.finger(7)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        home.clock.move(31)
        with pytest.raises(LockAsleep):
            await unlocking
        assert home.simulated.openings == ["fingerprint 7"]
        assert home.simulated.commands == []


async def test_request_of_an_earlier_wake_does_not_release_a_waiting_unlock() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.request(90)
        await home.until(lambda: home.lock.snapshot.requested)
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        home.clock.move(20)
        await home.simulated.finger(7)
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        await home.settle()
        assert home.lock.snapshot.requested
        home.clock.move(31)
        with pytest.raises(LockAsleep):
            await unlocking
        assert home.simulated.commands == []


async def test_waiting_unlock_ends_with_an_error() -> None:
    async with house(settings=Settings(unlock_wait=12)) as home:
        await fails(home, LockAsleep, 12)
        assert home.simulated.commands == []


@pytest.mark.parametrize("verb", ["lock", "refuse"])
async def test_waiting_unlock_can_be_called_off(verb: str) -> None:
    async with house() as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        if verb == "refuse":
            with pytest.raises(RequestOver):
                await home.lock.refuse()
        else:
            await home.lock.lock()
        with pytest.raises(Cancelled):
            await unlocking
        await home.simulated.request(60)
        home.hint()
        await home.until(lambda: home.lock.snapshot.requested)
        await home.settle()
        assert home.simulated.openings == []


async def test_an_unlock_right_after_another_was_called_off_is_one_of_its_own() -> None:
    async with house() as home:
        first = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        await home.lock.lock()
        second = asyncio.create_task(home.lock.unlock())
        with pytest.raises(Cancelled):
            await first
        await home.wake()
        await home.simulated.request(60)
        await second
        assert home.simulated.openings == ["remote"]


async def test_waiting_unlock_that_nobody_wants_any_more_is_called_off() -> None:
    async with house() as home:
        first = asyncio.create_task(home.lock.unlock())
        second = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        first.cancel()
        await home.settle()
        assert home.lock.snapshot.unlocking
        second.cancel()
        await home.until(lambda: not home.lock.snapshot.unlocking)
        await asyncio.wait([first, second])
        await home.simulated.request(60)
        home.hint()
        await home.until(lambda: home.lock.snapshot.requested)
        await home.settle()
        assert home.simulated.openings == []


async def test_stop_does_not_say_that_a_command_which_was_sent_was_called_off() -> None:
    async with house(apply_delay=3) as home:
        await home.awake()
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "49") == 1)
        await home.lock.stop()
        with pytest.raises(NoAnswer):
            await unlocking


async def test_stop_calls_a_waiting_unlock_off() -> None:
    async with house() as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        await home.lock.stop()
        with pytest.raises(Cancelled):
            await unlocking


async def test_lock_locks_where_the_product_can() -> None:
    async with house(motor_state=True) as home:
        await home.awake()
        with pytest.raises(LocksByItself):
            await home.lock.lock()
        await home.simulated.push({"55": True})
        await home.until(lambda: home.lock.snapshot.bolt.locked is False)
        await home.lock.lock()
        assert home.simulated.lockings == ["remote 200"]
        await home.until(lambda: home.lock.snapshot.bolt.locked is True)
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        with pytest.raises(NotLockedAsleep):
            await home.lock.lock()


async def test_an_unlock_is_shown_while_it_waits_for_its_turn() -> None:
    async with house(motor_state=True) as home:
        await home.awake()
        await home.simulated.push({"55": True})
        await home.until(lambda: home.lock.snapshot.bolt.locked is False)
        locking = asyncio.create_task(home.lock.lock())
        unlocking = asyncio.create_task(home.lock.unlock())
        await asyncio.sleep(0)
        assert home.lock.snapshot.unlocking
        await locking
        await unlocking
        assert home.simulated.lockings == ["remote 200"]
        assert home.simulated.openings == ["remote"]


async def test_an_access_control_opens_as_soon_as_it_is_connected_again() -> None:
    stored = {"product": {"chosen": ["D"]}}
    async with house(family="D", address={"keep_alive": True}, stored=stored) as home:
        await home.awake()
        await home.simulated.reboot()
        await home.until(lambda: not home.lock.snapshot.awake)
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]


async def test_a_lock_that_says_it_has_no_key_does_not_speak_of_ours() -> None:
    async with house(apply_delay=0.05) as home:
        await home.awake()
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: sent(home, "49") == 1)
        await home.simulated.push({"49": no_key()})
        await unlocking
        assert home.simulated.openings == ["remote"]
        assert home.lock.health.takes_keys is True


async def test_lock_without_a_key_is_left_to_its_cloud() -> None:
    async with house(cloud=False) as home:
        await home.wake()
        await home.until(lambda: "remote_no_pd_setkey" in home.lock.snapshot.state.seen)
        await home.until(lambda: home.simulated.clients == 0)
        home.hint()
        await home.settle()
        assert home.simulated.connections == 1
        assert home.simulated.commands == []
        home.clock.move(31)
        home.simulated.cloud_gives_key()
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)


async def test_keys_have_no_string_form() -> None:
    async with house() as home:
        await home.awake()
        await home.lock.unlock()
        key = home.simulated.stored_key
        assert key is not None
        texts = f"{home.lock.as_dict()} {home.lock.address!r} {home.lock.snapshot!r}"
        assert key.key.decode() not in texts
        assert home.simulated.local_key not in texts


async def test_echo_with_a_motor_that_moves_is_success() -> None:
    async with house(reply="echo", app_record=False, motor_state=True) as home:
        await home.awake()
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]


async def test_garbled_key_report_says_nothing() -> None:
    async with house() as home:
        await home.awake()
        await home.simulated.push({"49": "AA=="})
        await home.simulated.push({"49": "?"})
        await home.simulated.finger(3)
        await home.until(lambda: len(home.unlocks) == 1)
        assert home.lock.snapshot.awake


async def test_an_unlock_can_be_followed_in_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.tuya_wifi_lock")
    async with house(stored={"product": {"chosen": ["B"]}}) as home:
        unlocking = asyncio.create_task(home.lock.unlock())
        await home.until(lambda: home.lock.snapshot.unlocking)
        await home.simulated.request(60)
        home.hint()
        await unlocking
        key = home.simulated.stored_key
    id_ = home.simulated.device_id
    lines = [record.getMessage() for record in caplog.records if ".access." in record.name]
    assert lines == [
        f"{id_}: waiting 30.0 s for a request at the door",
        f"{id_}: unlocking by OwnKey: the owner chose own_key, the family is B",
        f"{id_}: sending remote_no_pd_setkey over lan",
        f"{id_}: sending remote_no_dp_key over lan",
        f"{id_}: the lock says DONE",
        f"{id_}: the door is open",
    ]
    assert key is not None
    assert key.key.decode() not in caplog.text
