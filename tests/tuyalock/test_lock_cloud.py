"""The lock object with a project in Tuya's cloud: opening by it, what it teaches, passwords."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
import json
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.tuya_wifi_lock.tuyalock import (
    MAX_CALLS,
    REGIONS,
    Age,
    Alarm,
    CallCounter,
    CloudClient,
    OpenApi,
    Project,
    Settings,
    Source,
    TuyaLock,
    Unlock,
    UnlockWith,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    Cancelled,
    Cause,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    LockAsleep,
    LockError,
    LocksByItself,
    NoCloud,
    NotConfirmed,
    NotLockedAsleep,
    RequestOver,
)
from custom_components.tuya_wifi_lock.tuyalock.models import Item, PasswordPhase
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import Dp, DpType, Family
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.families import ALARMS as ALARMS_ON_THE_WIRE

from .house import House, MovableClock, address_of, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

BY_CLOUD = Settings(unlock_with=UnlockWith.CLOUD)
OPERATE = "door-operate$"
RECORDS = "open-logs$"
NO_ADDRESS = {"host": None}


@dataclass
class CloudHouse(House):
    """A house whose lock is in an account."""

    tuya: SimulatedCloud = field(kw_only=True)
    cloud: CloudClient = field(kw_only=True)

    def asked(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies of the calls whose path ends so."""
        end = path.removesuffix("$")
        return [call.body or {} for call in self.tuya.calls if call.path.endswith(end)]

    async def hear_signals(self) -> None:
        """Take what the cloud has of alarms, rings and duress."""
        now = self.clock.time()
        for report in await self.cloud.alarm_records(now - 600, now + 60):
            self.lock.receive(report)

    async def requested(self) -> None:
        """Somebody asks at the door, and we have heard it."""
        await self.simulated.request(60)
        await self.until(lambda: self.lock.snapshot.requested)

    async def begin(self) -> asyncio.Task[None]:
        """Begin to unlock."""
        seen = len(self.snapshots)
        unlocking = asyncio.create_task(self.lock.unlock())
        await self.until(lambda: any(one.unlocking for one in self.snapshots[seen:]))
        return unlocking

    async def cloud_was_asked(self, path: str = OPERATE) -> None:
        """Wait until the cloud has said yes."""
        end = path.removesuffix("$")
        await self.until(lambda: any(p.endswith(end) for p in self.cloud.as_dict()["answered"]))

    def hear(self, **values: Any) -> None:
        """Let an account hear values."""
        at = int(self.clock.time() * 1000) / 1000
        self.report(Source.ACCOUNT, *(Item(code, value, at) for code, value in values.items()))

    async def fails(self, doing: asyncio.Task[None], error: type[LockError]) -> None:
        """Let time pass until something ends, with this error."""
        for _ in range(20):
            await self.settle()
            if doing.done():
                break
            self.clock.move(5)
        with pytest.raises(LockError) as raised:
            await doing
        assert type(raised.value) is error


@asynccontextmanager
async def cloud_house(
    family: str = "B",
    *,
    settings: Settings = BY_CLOUD,
    stored: dict[str, Any] | None = None,
    address: dict[str, Any] | None = None,
    calls: CallCounter | None = None,
    product_id: str = "simulatedproduct",
    since: float = 0.0,
    **knobs: Any,
) -> AsyncGenerator[CloudHouse]:
    """Open a house whose lock was heard of long enough to know that it is asleep."""
    clock = MovableClock()
    simulated = SimulatedLock(
        family=family,
        product_id=product_id,
        knobs=Knobs(**{"announce": False} | knobs),
        now=clock.time,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(simulated)
        tuya = await stack.enter_async_context(SimulatedCloud(now=clock.time))
        session = await stack.enter_async_context(ClientSession())
        tuya.join(simulated)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(REGIONS, "eu", tuya.url)
        project = Project("eu", tuya.access_id, tuya.access_secret)
        cloud = CloudClient(OpenApi(session, project, clock, calls), simulated.device_id)
        lock = TuyaLock(
            address_of(simulated, **address or {}),
            settings,
            clock,
            stored,
            cloud,
            on_update=lambda update: home.take(update),  # noqa: PLW0108
            since=since,
        )
        home = CloudHouse(simulated, lock, clock, tuya=tuya, cloud=cloud)
        lock.start()
        stack.push_async_callback(lock.stop)
        clock.move(20)
        yield home


# A lock in the local network


@pytest.mark.parametrize("family", ["A", "B"])
async def test_a_request_at_the_door_is_answered_through_the_cloud(family: str) -> None:
    async with cloud_house(family) as home:
        await home.awake()
        await home.requested()
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]
        assert home.tuya.operated == [(home.simulated.device_id, True)]
        assert home.simulated.commands == []
        assert home.lock.snapshot.bolt.locked is False
        await home.until(lambda: home.unlocks == ["live app 1"])
        await home.until(lambda: not home.lock.snapshot.requested)
        assert home.asked(RECORDS) == []


async def test_the_yes_of_the_cloud_is_no_success() -> None:
    async with cloud_house() as home:
        await home.awake()
        unlocking = await home.begin()
        await home.cloud_was_asked()
        home.clock.move(9.0)
        await home.settle()
        assert not unlocking.done()
        home.clock.move(1.1)
        with pytest.raises(NotConfirmed):
            await unlocking
        assert home.simulated.openings == []
        assert home.lock.snapshot.bolt.locked is None
        assert not home.lock.snapshot.unlocking


async def test_somebody_else_at_the_door_is_no_success() -> None:
    async with cloud_house() as home:
        await home.awake()
        unlocking = await home.begin()
        await home.cloud_was_asked()
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        await home.fails(unlocking, NotConfirmed)


async def test_a_lock_that_sleeps_is_waited_for_before_the_cloud_is_asked() -> None:
    async with cloud_house() as home:
        unlocking = await home.begin()
        await home.wake()
        await home.until(lambda: home.lock.snapshot.awake)
        home.clock.move(5)
        await home.settle()
        assert (home.tuya.calls, unlocking.done()) == ([], False)
        await home.simulated.request(60)
        await unlocking
        assert home.simulated.openings == ["remote"]
        assert len(home.asked(OPERATE)) == 1


async def test_the_cloud_is_not_asked_if_nobody_requests_it() -> None:
    async with cloud_house() as home:
        unlocking = await home.begin()
        home.clock.move(30)
        with pytest.raises(LockAsleep):
            await unlocking
        assert home.tuya.calls == []


async def test_a_connection_that_ends_says_nothing_of_what_the_cloud_does() -> None:
    async with cloud_house(stored={"product": {"chosen": ["B"]}}) as home:
        home.simulated.knobs.cloud = False
        await home.awake()
        unlocking = await home.begin()
        await home.cloud_was_asked()
        await home.simulated.reboot()
        await home.until(lambda: not home.lock.snapshot.awake)
        await home.until(lambda: home.lock.snapshot.awake)
        assert not unlocking.done()
        home.simulated.open_remotely(1)
        await unlocking


async def test_every_unlock_has_a_ticket_of_its_own() -> None:
    async with cloud_house() as home:
        await home.awake()
        for _ in range(2):
            await home.requested()
            await home.lock.unlock()
            await home.until(lambda: not home.lock.snapshot.requested)
        tickets = [body["ticket_id"] for body in home.asked(OPERATE)]
        assert len(set(tickets)) == 2
        assert home.simulated.openings == ["remote"] * 2


@pytest.mark.parametrize("lose", ["drop", "hang", "garble"])
async def test_an_order_whose_answer_is_lost_is_given_once_and_the_lock_decides(lose: str) -> None:
    async with cloud_house() as home:
        await home.awake()
        await home.requested()
        done = {} if lose == "hang" else {"done": True}
        getattr(home.tuya, lose)(OPERATE, times=None, **done)
        unlocking = await home.begin()
        await home.until(lambda: home.simulated.openings == ["remote"])
        await home.settle()
        home.clock.move(10)
        await unlocking
        assert home.tuya.operated == [(home.simulated.device_id, True)]
        assert len(home.asked(OPERATE)) == 1
        assert len(home.asked("password-ticket")) == 1


@pytest.mark.parametrize("lose", ["drop", "hang", "garble"])
async def test_an_order_that_is_lost_is_unknown_and_not_repeated(lose: str) -> None:
    async with cloud_house() as home:
        await home.awake()
        getattr(home.tuya, lose)(OPERATE, times=None)
        await home.fails(await home.begin(), CloudSilent)
        orders = [call for call in home.tuya.calls if "password-free" in call.path]
        assert len(orders) == 1


async def test_a_cloud_that_is_not_reached_has_opened_nothing() -> None:
    async with cloud_house() as home:
        await home.awake()
        await home.requested()
        home.tuya.drop("password-ticket$")
        with pytest.raises(CloudUnreachable):
            await home.lock.unlock()
        assert home.asked(OPERATE) == []
        await home.lock.unlock()
        assert home.simulated.openings == ["remote"]


async def test_a_refusal_of_the_cloud_is_raised_at_once() -> None:
    async with cloud_house() as home:
        await home.awake()
        home.tuya.asleep_mode = "offline"
        with pytest.raises(CloudRefused) as refused:
            await home.lock.unlock()
        assert refused.value.cause is Cause.ASLEEP


async def test_without_a_project_nothing_waits() -> None:
    async with house(settings=BY_CLOUD) as home:
        with pytest.raises(NoCloud):
            await home.lock.unlock()
        await home.awake()
        with pytest.raises(NoCloud):
            await home.lock.unlock()
        assert home.simulated.commands == []


# A lock that is known through the cloud alone


async def test_a_lock_without_an_address_opens_at_once_and_shows_it_in_its_records() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        home.tuya.log(home.simulated.device_id, "unlock_card", 2, home.clock.time() - 300)
        await home.simulated.request(60)
        unlocking = await home.begin()
        await home.cloud_was_asked()
        assert home.simulated.openings == ["remote"]
        home.clock.move(3)
        await unlocking
        assert home.unlocks == ["live app 1"]
        assert home.records[0].source is Source.CLOUD
        assert home.lock.snapshot.bolt.locked is False
        home.clock.move(3)
        await home.settle()
        assert len(home.asked(RECORDS)) == 2


async def test_records_of_before_or_of_others_confirm_no_opening() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        device_id, now = home.simulated.device_id, home.clock.time()
        home.tuya.log(device_id, "unlock_app", 1, now - 30)
        unlocking = await home.begin()
        await home.cloud_was_asked()
        home.tuya.log(device_id, "unlock_fingerprint", 3, home.clock.time())
        home.clock.move(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        home.clock.move(3)
        await home.until(lambda: len(home.asked(RECORDS)) == 3)
        await home.fails(unlocking, NotConfirmed)
        assert home.unlocks == ["live fingerprint 3"]


async def test_a_record_of_earlier_that_comes_late_confirms_no_opening() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        unlocking = await home.begin()
        await home.cloud_was_asked()
        home.tuya.log(home.simulated.device_id, "unlock_app", 1, home.clock.time() - 300)
        await home.fails(unlocking, NotConfirmed)
        assert home.unlocks == ["late app 1"]


async def test_a_record_that_the_cloud_was_asked_for_meanwhile_confirms_as_well() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        earlier = int(home.clock.time()) - 30
        home.tuya.log(home.simulated.device_id, "unlock_app", 1, earlier)
        home.tuya.hang(OPERATE)
        unlocking = await home.begin()
        await home.until(lambda: bool(home.asked(OPERATE)))
        home.report(Source.CLOUD, Item("unlock_app", 1, earlier))
        await home.settle()
        home.from_cloud("unlock_card", 2)
        await home.settle()
        assert home.unlocks == ["live app 1", "live card 2"]
        assert not unlocking.done()
        home.from_cloud("unlock_app", 1)
        home.clock.move(9)
        await home.settle()
        home.clock.move(1)
        await unlocking


async def test_a_bolt_comes_out_through_the_cloud_where_nothing_else_reaches_the_lock() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        home.tuya.hang(OPERATE)
        home.hear(lock_motor_state=True)
        locking = asyncio.create_task(home.lock.lock())
        await home.until(lambda: bool(home.asked(OPERATE)))
        home.hear(lock_motor_state=False)
        home.clock.move(11)
        await locking


async def test_records_that_are_not_published_for_once_are_looked_for_again() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        await home.simulated.request(60)
        unlocking = await home.begin()
        await home.cloud_was_asked()
        home.tuya.fail(1110, RECORDS)
        home.clock.move(3)
        await home.until(lambda: len(home.asked(RECORDS)) == 2)
        await home.settle()
        home.clock.move(3)
        await unlocking


async def test_a_product_without_records_is_asked_to_open_all_the_same() -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        home.tuya.absent.add(RECORDS)
        await home.simulated.request(60)
        unlocking = await home.begin()
        await home.cloud_was_asked()
        assert home.simulated.openings == ["remote"]
        await home.fails(unlocking, NotConfirmed)
        assert len(home.asked(OPERATE)) == 1


async def test_a_lock_that_turns_up_meanwhile_confirms_by_itself() -> None:
    async with cloud_house(address=NO_ADDRESS, stored={"product": {"chosen": ["B"]}}) as home:
        home.tuya.absent.add(RECORDS)
        home.simulated.knobs.cloud = False
        await home.simulated.wake()
        unlocking = await home.begin()
        await home.cloud_was_asked()
        home.hint()
        await home.until(lambda: home.lock.snapshot.awake)
        home.simulated.open_remotely(1)
        await unlocking


async def test_an_owner_may_open_when_the_calls_of_the_month_are_used_up() -> None:
    async with cloud_house(address=NO_ADDRESS, calls=_used_up()) as home:
        await home.simulated.request(60)
        unlocking = await home.begin()
        await home.cloud_was_asked()
        assert home.simulated.openings == ["remote"]
        await home.fails(unlocking, NotConfirmed)
        assert home.asked(RECORDS) == []


@pytest.mark.parametrize("lose", ["drop", "garble"])
async def test_nothing_was_done_if_the_first_look_at_the_records_is_lost(lose: str) -> None:
    async with cloud_house(address=NO_ADDRESS) as home:
        getattr(home.tuya, lose)(RECORDS)
        with pytest.raises(CloudUnreachable):
            await home.lock.unlock()
        assert home.asked(OPERATE) == []


def _used_up() -> CallCounter:
    """Return the calls of a month that allows no more."""
    calls = CallCounter()
    for _ in range(MAX_CALLS):
        calls.count(MovableClock().time())
    return calls


# Locking and refusing


async def test_the_cloud_locks_where_the_lock_reports_where_its_bolt_is() -> None:
    async with cloud_house(motor_state=True) as home:
        await home.awake()
        with pytest.raises(LocksByItself):
            await home.lock.lock()
        await home.requested()
        await home.lock.unlock()
        await home.until(lambda: home.lock.snapshot.state.motor_unlocked is True)
        await home.lock.lock()
        device_id = home.simulated.device_id
        assert home.tuya.operated == [(device_id, True), (device_id, False)]
        home.clock.move(5)
        assert home.lock.snapshot.bolt.locked is True
        assert home.simulated.commands == []
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        with pytest.raises(NotLockedAsleep):
            await home.lock.lock()


async def test_a_bolt_that_does_not_move_is_not_locked() -> None:
    async with cloud_house(motor_state=True, supports_lock=False) as home:
        await home.awake()
        await home.simulated.push({"55": True})
        await home.until(lambda: "lock_motor_state" in home.lock.snapshot.state.seen)
        await home.fails(asyncio.create_task(home.lock.lock()), NotConfirmed)
        assert home.lock.snapshot.bolt.locked is False


async def test_a_request_is_refused_through_the_cloud() -> None:
    async with cloud_house() as home:
        await home.awake()
        with pytest.raises(RequestOver):
            await home.lock.refuse()
        await home.requested()
        await home.lock.refuse()
        assert home.asked("open-door/cancel") == [{"type": 1}]
        assert not home.lock.snapshot.requested
        assert home.simulated.openings == home.simulated.commands == []


async def test_a_refusal_that_the_lock_does_not_hear_is_not_confirmed() -> None:
    async with cloud_house() as home:
        home.simulated.knobs.cloud = False
        await home.awake()
        await home.requested()
        refusing = asyncio.create_task(home.lock.refuse())
        await home.until(lambda: home.asked("open-door/cancel") != [])
        await home.fails(refusing, NotConfirmed)
        assert len(home.asked("open-door/cancel")) == 1


async def test_a_refusal_calls_off_an_unlock_that_waits() -> None:
    async with cloud_house() as home:
        unlocking = await home.begin()
        with pytest.raises(RequestOver):
            await home.lock.refuse()
        with pytest.raises(Cancelled):
            await unlocking
        assert home.tuya.calls == []


# What the cloud teaches


async def test_the_product_s_own_table_counts_and_survives_a_restart() -> None:
    table = {
        77: Dp("unlock_face", DpType.INTEGER),
        9: Dp("unlock_request", DpType.INTEGER),
        10: Dp("reply_unlock_request", DpType.BOOLEAN),
    }
    async with cloud_house() as home:
        home.lock.learn(table)
        await home.awake()
        assert home.lock.snapshot.family is Family.A
        assert home.lock.opens_remotely
        await home.simulated.push({"77": 4, "1": 3})
        await home.until(lambda: home.unlocks == ["live face 4"])
        stored = json.loads(json.dumps(home.lock.as_dict()))
    async with cloud_house(stored=stored) as again:
        assert again.lock.snapshot.family is Family.A
        await again.awake()
        await again.simulated.push({"77": 5, "1": 3})
        await again.until(lambda: again.unlocks == ["live face 5"])


@pytest.mark.parametrize("form", ["name", "index", "bits"])
async def test_an_alarm_of_the_lock_and_its_record_in_the_cloud_are_one(form: str) -> None:
    names = [name for name in ALARMS_ON_THE_WIRE if name != "doorbell"]
    async with cloud_house(alarm_form=form, stored={"product": {"chosen": ["B"]}}) as home:
        await home.awake()
        for name in names:
            await home.simulated.alarm(name)
        await home.until(lambda: len(home.signals) == len(names))
        await home.hear_signals()
        assert [one.event for one in home.signals] == [Alarm(name) for name in names]
        stored = json.loads(json.dumps(home.lock.as_dict()))["product"]
    async with cloud_house(stored={"product": stored}) as again:
        again.tuya.log(again.simulated.device_id, "alarm_lock", 16, again.clock.time() - 550)
        await again.hear_signals()
        expected = "tongue_bad" if form == "bits" else "wrong_unlock"
        assert [one.event for one in again.signals] == [Alarm(expected)]


@pytest.mark.parametrize(
    ("kind", "name"), [(DpType.INTEGER, "tongue_bad"), (DpType.STRING, "wrong_unlock")]
)
async def test_the_table_shows_what_an_alarm_is_that_the_lock_has_not_sent_yet(
    kind: DpType, name: str
) -> None:
    async with cloud_house() as home:
        home.lock.learn({8: Dp("alarm_lock", kind)})
        home.tuya.log(home.simulated.device_id, "alarm_lock", 16, home.clock.time())
        await home.hear_signals()
        assert [one.event for one in home.signals] == [Alarm(name)]


async def test_what_the_cloud_s_variants_answered_survives_a_restart() -> None:
    async with cloud_house() as home:
        await home.awake()
        await home.requested()
        await home.lock.unlock()
        kept = json.loads(json.dumps(home.lock.as_dict()))["cloud"]
    assert kept == home.cloud.as_dict()
    assert any(path.endswith("door-operate") for path in kept["answered"])
    async with house() as home_without:
        assert home_without.lock.as_dict()["cloud"] is None


async def test_a_record_that_is_no_news_is_kept_and_not_published() -> None:
    async with cloud_house(since=time.time() - 3600) as home:
        long_ago = home.clock.time() - 7200
        for _ in range(2):
            home.report(Source.CLOUD, Item("unlock_card", 2, long_ago))
            (record,) = home.lock.journal
            assert (record.event, record.when.time) == (Unlock("card", 2), long_ago)
            assert (record.age, record.delivered) == (Age.LATE, True)
            assert home.unlocks == []


async def add(home: House, name: str, code: str) -> None:
    """Add a password of an hour."""
    now = home.clock.time()
    await home.lock.passwords.add(name, now - 60, now + 3600, once=False, code=code)


async def test_the_cloud_carries_passwords() -> None:
    async with cloud_house() as home:
        await add(home, "Guest", "7391846")
        assert [row.name for row in home.tuya.rows(home.simulated.device_id)] == ["Guest"]
        home.tuya.drop("temp-password$", times=None)
        with pytest.raises(CloudSilent):
            await add(home, "Aunt", "8402957")
        phases = {one.name: one.phase for one in home.lock.passwords}
        assert phases == {"Guest": PasswordPhase.WAITING}


async def test_without_a_project_nothing_carries_passwords() -> None:
    async with house() as home:
        with pytest.raises(NoCloud):
            await add(home, "Guest", "7391846")
