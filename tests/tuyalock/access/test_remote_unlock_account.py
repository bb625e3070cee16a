"""Opening through the owner's account, where nothing else reaches the lock."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Settings, Source, UnlockWith, Value
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CloudRefused,
    CloudSilent,
    ConnectionLost,
    KeyIgnored,
    LockAsleep,
    LockError,
    NoAnswer,
    NotLockedAsleep,
    RequestOver,
    UnlockRefused,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.connection import Rejected
from custom_components.tuya_wifi_lock.tuyalock.lan.session import Closed
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Family

from ..house import House, house
from ..test_lock_cloud import BY_CLOUD, OPERATE, cloud_house

pytestmark = pytest.mark.usefixtures("socket_enabled")

REPLY, SET_KEY, USE_KEY = "reply_unlock_request", "remote_no_pd_setkey", "remote_no_dp_key"
STORED = {SET_KEY: b64encode(bytes([0, 0, 200])).decode()}
REPLACED = {USE_KEY: b64encode(bytes([2, 0, 200])).decode()}
OPENED = {"unlock_app": 0}

type Answer = Mapping[str, Any] | LockError


@dataclass
class Line:
    """An account that takes some codes; what the lock then reports is heard at once."""

    home: House
    answers: dict[str, Answer]
    codes: set[str] = field(default_factory=lambda: {REPLY, SET_KEY, USE_KEY})
    sent: list[str] = field(default_factory=list)
    source: Source = Source.ACCOUNT
    error: LockError | None = None
    """It is raised after the lock was told."""

    def accepts(self, code: str) -> bool:
        return code in self.codes

    async def send(self, code: str, value: Value) -> None:
        assert isinstance(value, str) is (code != REPLY)
        self.sent.append(code)
        await asyncio.sleep(0)
        answer = self.answers.get(code, {})
        if isinstance(answer, LockError):
            raise answer
        self.hear(answer)
        if self.error:
            raise self.error

    def hear(self, values: Mapping[str, Any], ago: float = 0) -> None:
        """Let the account hear values."""
        at = int((self.home.clock.time() - ago) * 1000) / 1000
        items = (Item(code, value, at) for code, value in values.items())
        self.home.report(Source.ACCOUNT, *items)

    def request(self, seconds: int = 60, ago: float = 0) -> None:
        """Let it hear that somebody asks at the door."""
        self.hear({"unlock_request": seconds}, ago)


@asynccontextmanager
async def account_house(
    family: str = "A",
    answers: Mapping[str, Answer] | None = None,
    *,
    connected: bool = True,
    **options: Any,
) -> AsyncGenerator[tuple[House, Line]]:
    """A house whose lock sleeps to the network and is heard by an account."""
    async with house(family=family, stored={"product": {"chosen": [family]}}, **options) as home:
        line = Line(home, dict(answers or {}))
        if connected:
            home.lock.use_account(line)
        yield home, line


async def begun(home: House) -> asyncio.Task[None]:
    """Begin to unlock."""
    unlocking = asyncio.create_task(home.lock.unlock())
    await home.until(lambda: home.lock.snapshot.unlocking)
    await home.settle()
    return unlocking


async def test_a_yes_opens_when_the_lock_says_so() -> None:
    async with account_house("A", {REPLY: OPENED}) as (home, line):
        line.request()
        await home.lock.unlock()
        assert line.sent == [REPLY]
        assert home.lock.snapshot.bolt.locked is False
        assert home.simulated.connections == 0


async def test_a_key_of_ours_opens_when_the_lock_says_so() -> None:
    answers = {SET_KEY: STORED, USE_KEY: {"lock_motor_state": True}}
    async with account_house("B", answers) as (home, line):
        line.request()
        await home.lock.unlock()
        assert line.sent == [SET_KEY, USE_KEY]


async def test_an_access_control_has_nobody_to_ask() -> None:
    answers = {SET_KEY: STORED, USE_KEY: {"unlock_phone_remote_kit": "AAAAyAAA"}}
    async with account_house("D", answers, address={"host": None}) as (home, line):
        await home.lock.unlock()
        assert line.sent == [SET_KEY, USE_KEY]


async def test_a_bolt_comes_out_through_the_account() -> None:
    answers = {SET_KEY: STORED, USE_KEY: {"lock_motor_state": False}}
    async with account_house("B", answers) as (home, line):
        line.hear({"lock_motor_state": True})
        with pytest.raises(NotLockedAsleep):
            await home.lock.lock()
        line.request()
        await home.lock.lock()
        assert line.sent == [SET_KEY, USE_KEY]
        assert home.lock.snapshot.bolt.locked is True


async def test_a_request_that_ends_ends_a_refusal() -> None:
    async with account_house("A", {REPLY: {"unlock_request": 0}}) as (home, line):
        line.request()
        await home.lock.refuse()
        assert line.sent == [REPLY]


@pytest.mark.parametrize(
    "late",
    [
        Item("unlock_app", 0),
        Item("unlock_app", 0, 1_700_000_000),
        Item(USE_KEY, "?", 32_503_680_000),
    ],
    ids=["without a time", "long ago", "illegible"],
)
async def test_what_the_lock_does_not_say_now_is_no_success(late: Item) -> None:
    async with account_house("B", {SET_KEY: STORED}) as (home, line):
        line.request()
        unlocking = await begun(home)
        home.report(Source.ACCOUNT, late)
        await home.settle()
        home.clock.move(10)
        with pytest.raises(NoAnswer):
            await unlocking
        assert line.sent == [SET_KEY, USE_KEY]


async def test_a_key_that_is_not_stored_is_not_used() -> None:
    async with account_house("B") as (home, line):
        line.request()
        unlocking = await begun(home)
        home.clock.move(5)
        with pytest.raises(KeyIgnored):
            await unlocking
        assert line.sent == [SET_KEY]


async def test_what_the_account_refuses_is_told_at_once() -> None:
    async with account_house("A", {REPLY: CloudRefused(2008)}) as (home, line):
        line.request()
        with pytest.raises(CloudRefused):
            await home.lock.unlock()
        assert line.sent == [REPLY]


async def test_a_record_of_the_cloud_that_comes_meanwhile_is_no_success() -> None:
    async with account_house("A") as (home, line):
        line.request()
        unlocking = await begun(home)
        home.from_cloud("unlock_app", 1)
        await home.settle()
        assert not unlocking.done()
        home.clock.move(10)
        with pytest.raises(NoAnswer):
            await unlocking
        assert line.sent == [REPLY]


async def test_an_order_whose_answer_is_lost_is_given_once_and_the_lock_decides() -> None:
    async with account_house("A", {REPLY: OPENED}) as (home, line):
        line.error = CloudSilent()
        line.request()
        await home.lock.unlock()
        assert line.sent == [REPLY]


@pytest.mark.parametrize("why", ["no account", "no code"])
async def test_without_the_account_an_unlock_waits_for_the_network(why: str) -> None:
    connected = why != "no account"
    async with account_house("A", {REPLY: OPENED}, connected=connected) as (home, line):
        if why == "no code":
            line.codes.clear()
        line.request()
        unlocking = await begun(home)
        line.request()
        await home.settle()
        home.clock.move(30)
        with pytest.raises(LockAsleep):
            await unlocking
        assert line.sent == []


async def test_a_waiting_unlock_is_released_by_a_request_that_the_account_hears() -> None:
    async with account_house("A", {REPLY: {"closed_opened": "open"}}) as (home, line):
        unlocking = await begun(home)
        line.request(30, ago=40)
        await home.settle()
        assert line.sent == []
        line.request(30, ago=3)
        await unlocking
        assert line.sent == [REPLY]


async def test_a_request_that_is_over_is_not_brought_back_by_an_older_report() -> None:
    async with account_house("A") as (home, line):
        line.request(ago=1)
        assert home.lock.snapshot.requested
        line.request(0)
        line.request(ago=2)
        assert not home.lock.snapshot.requested
        with pytest.raises(RequestOver):
            await home.lock.refuse()


async def test_the_network_is_used_where_it_is_there() -> None:
    async with account_house("A") as (home, line):
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        line.request()
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert line.sent == []


async def test_the_end_of_a_connection_is_no_answer_to_what_the_account_was_told() -> None:
    async with account_house("A") as (home, line):
        line.request()
        unlocking = await begun(home)
        home.lock.on_event(Closed(ConnectionLost("gone")))
        home.lock.on_event(Rejected("no"))
        await home.settle()
        assert not unlocking.done()
        await home.awake()
        await home.simulated.push({"15": 0})
        await unlocking
        assert line.sent == [REPLY]


async def test_a_late_copy_is_no_answer_to_what_the_lock_was_told_since() -> None:
    async with account_house("B") as (home, line):
        await home.awake()
        await home.simulated.battery(80)
        await home.until(lambda: home.lock.snapshot.state.battery == 80)
        home.simulated.faults.lose_answers = {"report", "control"}
        unlocking = await begun(home)
        await home.until(lambda: len(home.simulated.commands) == 1)
        line.hear(STORED)
        await home.settle()
        assert len(home.simulated.commands) == 1
        home.clock.move(5)
        with pytest.raises(KeyIgnored):
            await unlocking


async def test_a_late_copy_of_an_opening_is_none_of_what_was_sent_to_the_lock_since() -> None:
    async with account_house("B") as (home, line):
        await home.awake()
        await home.simulated.request(60)
        await home.until(lambda: home.lock.snapshot.requested)
        opened_at = home.clock.time()
        await home.lock.unlock()
        home.simulated.knobs.fail_unlock, home.simulated.knobs.apply_delay = True, 0.3
        unlocking = await begun(home)
        await home.until(lambda: len(home.simulated.commands) >= 3)
        line.hear(OPENED | {"closed_opened": "open"}, ago=home.clock.time() - opened_at)
        with pytest.raises(UnlockRefused):
            await unlocking
        assert home.simulated.openings == ["remote"]


async def test_an_opening_before_the_request_is_none_of_what_was_reported_during_it() -> None:
    async with account_house("A") as (home, line):
        line.request(ago=5)
        unlocking = await begun(home)
        line.hear(OPENED, ago=8)
        await home.settle()
        assert not unlocking.done()
        line.hear(OPENED, ago=4)
        await unlocking


async def test_a_request_is_heard_after_our_clock_was_set_back() -> None:
    async with account_house("A") as (home, line):
        line.request(20)
        line.request(0)
        home.clock.move(-3600)
        line.request()
        assert home.lock.snapshot.requested


async def test_a_key_replaced_behind_our_back_is_registered_once_more() -> None:
    async with account_house("B", {SET_KEY: STORED, USE_KEY: REPLACED}) as (home, line):
        line.request()
        with pytest.raises(UnlockRefused):
            await home.lock.unlock()
        assert line.sent == [SET_KEY, USE_KEY] * 2


async def test_the_account_tells_what_tuyas_cloud_has_opened() -> None:
    async with cloud_house(settings=BY_CLOUD) as home:
        home.tuya.hang(OPERATE)
        line = Line(home, {})
        home.lock.use_account(line)
        unlocking = await home.begin()
        line.request()
        await home.until(lambda: bool(home.asked(OPERATE)))
        line.hear(OPENED)
        home.clock.move(11)
        await unlocking
        assert line.sent == []


async def test_a_request_that_the_account_hears_is_enough_for_tuyas_cloud() -> None:
    async with cloud_house(settings=BY_CLOUD) as home:
        line = Line(home, {})
        home.lock.use_account(line)
        line.request()
        unlocking = await home.begin()
        await home.until(lambda: bool(home.asked(OPERATE)))
        line.hear(OPENED)
        await unlocking


async def test_an_older_product_is_answered_even_if_its_family_is_not_known_by_its_ids() -> None:
    async with house(family="A") as home:
        line = Line(home, {REPLY: OPENED}, codes={REPLY})
        home.lock.learn_from_account("product", {}, Family.A)
        home.lock.use_account(line)
        line.request()
        await home.lock.unlock()
        assert line.sent == [REPLY]


async def test_request_only_sends_no_key_through_the_account() -> None:
    only = Settings(unlock_with=UnlockWith.REQUEST_ONLY)
    async with account_house("B", settings=only) as (home, line):
        line.codes.remove(REPLY)
        line.request()
        unlocking = await begun(home)
        home.clock.move(30)
        with pytest.raises(LockAsleep):
            await unlocking
        assert line.sent == []
