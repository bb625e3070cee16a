"""What an account hears of a lock, taken into what is known of it."""

import asyncio
from collections.abc import AsyncGenerator
import json
import time
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock import Alarm, Family, Report, Source, Unlock
from custom_components.tuya_wifi_lock.tuyalock.models import Item
from custom_components.tuya_wifi_lock.tuyalock.products.catalogue import PROFILES, Dp, DpType
from custom_components.tuya_wifi_lock.tuyalock.products.decoder import Observation
from custom_components.tuya_wifi_lock.tuyalock.products.product import Product
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

from .house import House, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_790_000_000.0
CARD, PASSWORD = Dp("unlock_card", DpType.INTEGER), Dp("unlock_password", DpType.INTEGER)


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    """A house whose lock sleeps."""
    async with house() as home:
        yield home


def item(dp: int | str, value: Any, ago: float = 0) -> tuple[int | str, Any, float]:
    """Return what was reported so many seconds ago."""
    return dp, value, ago


def take(home: House, *items: tuple[int | str, Any, float]) -> None:
    """Let the account report items; it writes milliseconds."""
    now = home.clock.time()
    found = [Item(dp, value, int((now - ago) * 1000) / 1000) for dp, value, ago in items]
    home.report(Source.ACCOUNT, *found)


# Reports


async def test_each_item_is_a_record_with_its_own_time(home: House) -> None:
    take(
        home,
        item(1, 3, 7200),
        item(1, 3, 3600),
        item("unlock_password", 1),
    )
    assert home.unlocks == ["late fingerprint 3", "late fingerprint 3", "live password 1"]
    assert {record.source for record in home.records} == {Source.ACCOUNT}


async def test_what_was_before_is_kept_and_not_published() -> None:
    async with house(since=time.time()) as home:
        take(home, item(1, 3, 60), item(8, "pry", 60))
        assert not home.records
        assert not home.signals
        assert [record.event for record in home.lock.journal] == [
            Unlock("fingerprint", 3),
            Alarm("pry"),
        ]


async def test_an_item_without_a_time_is_of_unknown_age(home: House) -> None:
    home.report(Source.ACCOUNT, Item(1, 3), Item(12, 50))
    home.report(Source.ACCOUNT, Item(16, True))
    home.clock.move(2.1)
    await home.until(lambda: bool(home.signals))
    assert home.unlocks == ["unknown fingerprint 3"]
    assert home.lock.snapshot.state.battery == 50
    assert len(home.signals) == 1


@pytest.mark.parametrize(
    ("dp", "value"),
    [
        (1, None),
        (1, "3"),
        (1, True),
        (177, 3),
        ("residual_electricity", "50"),
        ("unlock_unheard_of", {"number": 3}),
    ],
)
async def test_what_is_no_value_is_left_out(home: House, dp: int | str, value: Any) -> None:
    take(home, item(dp, value))
    assert not home.records
    assert not home.lock.snapshot.state.seen


async def test_a_code_that_is_no_method_of_an_unlock_opens_nothing(home: House) -> None:
    take(home, item("unlock_eye", 3), item("unlock_iris", 3), item("mood", "good"))
    take(home, item("unlock_method_create", "Af8BAAEAZAAAAAE="), item("unlock_switch", "finger"))
    assert home.unlocks == ["live other 3"]
    assert home.records[0].unlock.code_name == "unlock_eye"
    assert home.lock.snapshot.state.seen == {"unlock_eye"}
    unread = {row["dp"] for row in home.lock.describe()["heard"] if row["unread"]}
    assert unread == {"unlock_iris", "mood", "unlock_method_create", "unlock_switch"}


async def test_an_alarm_that_no_model_lists_is_published(home: House) -> None:
    take(home, item("alarm_lock", "earthquake"))
    assert [(one.event, one.source) for one in home.signals] == [(Alarm("other"), Source.ACCOUNT)]


async def test_duress_belongs_to_the_unlock_behind_it(home: House) -> None:
    take(home, item(16, True), item(1, 4))
    assert [one.unlock_id for one in home.signals] == [home.records[0].id]


async def test_duress_belongs_to_an_unlock_that_is_published_after_it(home: House) -> None:
    take(home, item(1, 3, 20))
    take(home, item(16, True))
    assert home.signals == []
    take(home, item(1, 9))
    home.clock.move(2.1)
    await home.until(lambda: bool(home.signals))
    assert [one.unlock_id for one in home.signals] == [home.records[1].id]
    assert home.records[1].unlock.number == 9


async def test_a_request_counts_from_its_own_time_and_not_when_it_is_old(home: House) -> None:
    take(home, item(9, 90, 61))
    assert not home.lock.snapshot.requested
    take(home, item(9, 30, 20))
    until = home.lock.snapshot.state.request_until
    assert until == pytest.approx(home.clock.time() + 10, abs=1)
    assert home.lock.snapshot.requested
    home.clock.move(11)
    await home.until(lambda: not home.lock.snapshot.requested)


async def test_a_time_ahead_of_ours_is_now(home: House) -> None:
    take(home, item(9, 30, -3600))
    until = home.lock.snapshot.state.request_until
    assert until == pytest.approx(home.clock.time() + 30, abs=1)


async def test_the_states_of_a_lock_that_sleeps_are_seen(home: House) -> None:
    take(
        home,
        item(55, True),
        item(12, 80),
        item(13, True),
    )
    state = home.lock.snapshot.state
    assert (state.motor_unlocked, state.battery, state.double_locked) == (True, 80, True)
    assert home.lock.snapshot.bolt.locked is False
    assert home.simulated.connections == 0


# One unlock of several sources


async def test_lock_account_and_cloud_report_one_unlock(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.until(lambda: len(home.records) == 1)
    at = int((home.records[0].when.received - 0.5) * 1000) / 1000
    home.report(Source.ACCOUNT, Item(1, 3, at))
    home.report(Source.CLOUD, Item("unlock_fingerprint", 3, at))
    assert [record.source for record in home.lock.journal] == [Source.LAN]
    assert home.unlocks == ["live fingerprint 3"]


async def test_the_account_is_first_while_the_lock_is_still_heard_out(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.until(lambda: home.lock.snapshot.last_unlock is not None)
    take(home, item(1, 3))
    assert home.unlocks == ["live fingerprint 3"]
    home.clock.move(10)
    await asyncio.sleep(0.05)
    assert home.unlocks == ["live fingerprint 3"]
    assert len(list(home.lock.journal)) == 1


@pytest.mark.parametrize("first", ["lan", "account"])
async def test_a_clock_that_is_two_minutes_ahead_makes_no_second_unlock(
    home: House, first: str
) -> None:
    await home.awake()
    for count in (1, 2):
        if first == "account":
            take(home, item(1, 3, -120))
        await home.simulated.finger(3)
        await home.until(lambda count=count: len(home.records) == count)
        await home.settle()
        if first == "lan":
            take(home, item(1, 3, -120))
        home.clock.move(30)
    for _ in range(2):
        home.clock.move(120)
        for record in home.lock.journal:
            assert record.when.claimed is not None
            home.report(Source.CLOUD, Item("unlock_fingerprint", 3, int(record.when.claimed)))
    assert home.unlocks == ["live fingerprint 3"] * 2
    assert [record.clock_wrong for record in home.lock.journal] == [True, True]


async def test_a_copy_of_an_older_unlock_does_not_show_as_the_last_one(home: House) -> None:
    await home.simulated.store("fingerprint", 3)
    take(home, item(1, 3, 1), item(2, 1))
    home.snapshots.clear()
    await home.wake()
    await home.until(lambda: home.lock.snapshot.awake and not home.simulated.waiting)
    await home.settle()
    home.clock.move(5)
    assert {one.last_unlock.unlock for one in home.snapshots if one.last_unlock} == {
        Unlock("password", 1)
    }
    assert len(home.records) == 2


async def test_two_unlocks_by_one_finger_stay_two(home: House) -> None:
    await home.wake()
    await home.simulated.finger(3)
    await home.simulated.finger(3)
    await home.until(lambda: len(home.records) == 2)
    take(home, item(1, 3, 3), item(1, 3))
    assert len(list(home.lock.journal)) == 2
    take(home, item(1, 3, -2))
    assert len(list(home.lock.journal)) == 3


# What is newer


def receive(home: House, source: Source, at: float, *items: Item) -> None:
    """Let a source report at a Unix time."""
    home.lock.receive(Report(source=source, received=at, items=items))


async def test_an_older_value_changes_nothing(home: House) -> None:
    home.lock.choose_kind(frozenset({Family.B}))
    receive(home, Source.LAN, NOW, Item(12, 80))
    receive(home, Source.ACCOUNT, NOW + 1, Item("residual_electricity", 90, NOW - 10))
    assert home.lock.snapshot.state.battery == 80
    receive(home, Source.ACCOUNT, NOW + 10, Item("residual_electricity", 70, NOW + 10))
    assert home.lock.snapshot.state.battery == 70
    receive(home, Source.LAN, NOW + 20, Item(12, 60))
    assert home.lock.snapshot.state.battery == 60
    assert home.lock.snapshot.state.last_heard == NOW + 20


async def test_an_older_value_of_something_else_does_not_set_back_when_the_lock_was_heard(
    home: House,
) -> None:
    receive(home, Source.LAN, NOW, Item(12, 80))
    receive(home, Source.ACCOUNT, NOW + 1, Item("reverse_lock", True, NOW - 100))
    assert home.lock.snapshot.state.double_locked
    assert home.lock.snapshot.state.last_heard == NOW


async def test_a_bolt_that_has_moved_is_not_stuck_any_more(home: House) -> None:
    receive(home, Source.LAN, NOW, Item(8, "tongue_bad"))
    receive(home, Source.ACCOUNT, NOW + 1, Item("lock_motor_state", False, NOW - 5))
    assert home.lock.snapshot.state.jammed
    receive(home, Source.ACCOUNT, NOW + 6, Item("lock_motor_state", False, NOW + 5))
    assert not home.lock.snapshot.state.jammed


# What is known of the product


def report(*items: Item, source: Source = Source.LAN, is_answer: bool = False) -> Report:
    """Return a report."""
    return Report(source=source, received=NOW, items=items, is_answer=is_answer)


def restarted(product: Product) -> Product:
    """Return what is known after a restart."""
    return Product(json.loads(json.dumps(dump(product.stored))))


def test_what_the_account_reports_says_nothing_of_how_a_lock_answers() -> None:
    product = Product()
    product.observe(report(Item("residual_electricity", 80), source=Source.ACCOUNT))
    assert not product.reported
    answer = report(Item(1, 3), Item(13, True), is_answer=True)
    product.observe(report(Item(13, False)))
    product.observe(answer)
    assert product.answers_partly is False
    product = restarted(product)
    assert product.reported
    product.observe(report(Item("beep_volume", "high"), source=Source.ACCOUNT))
    product.observe(answer)
    assert product.answers_partly is False


def test_a_table_of_an_account_is_completed_by_the_family_that_it_is_like() -> None:
    product = Product()
    beep = Dp("beep_volume", DpType.STRING)
    product.learn_from_account("product", {2: PASSWORD, 71: beep}, None)
    assert product.product_id == "product"
    # A reply to its request is no more than a guess.
    assert product.table.keys() == PROFILES[Family.B].keys() - {10} | {71}
    assert product.opens_remotely is None
    assert restarted(product).table == product.table


def test_a_product_of_no_known_family_is_read_by_the_table_of_the_account() -> None:
    product = Product()
    product.learn_from_account("product", {1: CARD, 2: PASSWORD}, None)
    assert product.table == {1: CARD, 2: PASSWORD}
    assert product.observe(report(Item(1, 5))) == [Observation("unlock_card", 5)]
    product.learn_from_account("other", {}, None)
    assert product.table == {1: CARD, 2: PASSWORD}
    assert product.product_id == "other"
    product.identify("announced by anybody")
    product.learn_from_account("no id", {}, None)
    assert product.product_id == "other"


def test_an_account_gives_a_family_away_that_the_lock_has_not_shown() -> None:
    product = Product()
    product.learn_from_account("product", {}, Family.A)
    assert product.family is Family.A
    product.learn_from_account("product", {}, Family.B)
    assert product.family is Family.B


def test_what_a_cloud_project_knows_counts_more() -> None:
    product = Product()
    product.learn({1: PASSWORD})
    product.learn_from_account("product", {1: CARD}, None)
    assert product.table == {1: PASSWORD}


async def test_a_lock_learns_from_an_account(home: House) -> None:
    home.lock.learn_from_account("product", {}, Family.A)
    assert home.lock.snapshot.family is Family.A
