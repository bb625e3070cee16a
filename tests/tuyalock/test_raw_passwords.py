"""Temporary passwords as raw DPs: what travels, what waits, and what a lock makes of it."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.address import Peer
from custom_components.tuya_wifi_lock.tuyalock.codec import CodecError, PasswordReply, Serials
from custom_components.tuya_wifi_lock.tuyalock.dial import dial
from custom_components.tuya_wifi_lock.tuyalock.errors import (
    ConnectionLost,
    Mistake,
    NotSupported,
    PasswordRefused,
)
from custom_components.tuya_wifi_lock.tuyalock.lan import Connection, Listener
from custom_components.tuya_wifi_lock.tuyalock.passwords import Phase, TemporaryPassword
from custom_components.tuya_wifi_lock.tuyalock.profiles import (
    PRODUCTS,
    PROFILES,
    RAW_PASSWORDS,
    Family,
    complete,
    dp_id,
)
from custom_components.tuya_wifi_lock.tuyalock.raw_passwords import (
    CREATE,
    DELETE,
    MODIFY,
    RawPasswords,
)
from custom_components.tuya_wifi_lock.tuyalock.report import Report
from custom_components.tuya_wifi_lock.tuyalock.state import Value, decode
from custom_components.tuya_wifi_lock.tuyalock.temporary import TemporaryPasswords
from tests.simulator import Knobs, SimulatedLock

from .house import LOCAL_KEY, VERSIONS, MovableClock


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


PRODUCT = "simulatedrawpass"
HOUR = 3600
CODE, OTHER_CODE = "739184", "264819"


# Bytes


def test_a_password_byte_for_byte() -> None:
    serials = Serials(999, 1)
    value = serials.store(1_800_000_000, 1_801_073_536, CODE, once=True)
    assert value == "A+cAAQAAa0nSAGtaM4ABNzM5MTg0"
    assert Serials(999, 2, 3).store(1, 2, CODE, once=False) == "A+cAAgADAAAAAQAAAAIANzM5MTg0"
    assert Serials(999, 2, 3).delete() == "A+cAAgAD"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A+cAAQADAQ==", PasswordReply(Serials(999, 1, 3), done=True)),
        ("A+cAAQAAAA==", PasswordReply(Serials(999, 1, 0), done=False)),
        ("A+cAAQAAAg==", PasswordReply(Serials(999, 1, 0), done=False)),
    ],
)
def test_an_answer_byte_for_byte(text: str, expected: PasswordReply) -> None:
    assert PasswordReply.decode(text) == expected


@pytest.mark.parametrize("text", ["", "A+cAAQAD", "A+cAAQAAa0nSAGtaM4ABNzM5MTg0", "no base64"])
def test_an_echo_is_no_answer(text: str) -> None:
    with pytest.raises(CodecError):
        PasswordReply.decode(text)


# Products


def test_only_verified_products_have_these_dps() -> None:
    assert set(RAW_PASSWORDS) <= set(PRODUCTS)
    for family in (None, *Family):
        for product in (None, *PRODUCTS):
            table = complete(PROFILES[family or Family.B], product)
            if product in RAW_PASSWORDS:
                ids = [
                    dp_id(complete(PROFILES[family or Family.B], product), code)
                    for code in (CREATE, DELETE, MODIFY)
                ]
                assert ids == [24, 25, 26]
            else:
                assert table == PROFILES[family or Family.B]


# A lock


class Doorway:
    """The way to one simulated lock, as a connection makes it."""

    def __init__(self, simulated: SimulatedLock, clock: MovableClock) -> None:
        self.simulated = simulated
        self.clock = clock
        self.trusts = True
        self.connection: Connection | None = None
        self.connected = False
        self.carrier: RawPasswords | None = None
        self.answers: list[dict[str, Value]] = []

    @property
    def proven(self) -> bool:
        return self.connection is not None and self.connection.proven and self.trusts

    def send(self, code: str, value: Value) -> None:
        assert self.connection
        id_ = dp_id(complete(PROFILES[Family.B], PRODUCT), code)
        assert id_
        self.connection.control({id_: value})

    async def connect(self) -> None:
        await self.simulated.wake()
        peer = Peer(
            "127.0.0.1",
            self.simulated.port,
            self.simulated.device_id,
            LOCAL_KEY.encode(),
            self.simulated.version,
        )
        listener = Listener(self.reported, lambda text: None)
        self.connection = await dial(
            peer, self.clock, listener, careful=False, connecting=lambda scope: None
        )
        await self.connection.query()
        self.accepted()

    def accepted(self) -> None:
        """The lock talks to us; it can push before it has answered our query."""
        assert self.carrier
        if not self.connected:
            self.connected = True
            self.carrier.connected()

    async def hang_up(self) -> None:
        if self.connection:
            self.connection.close()
            await self.connection.closed()
            self.connection, self.connected = None, False
        await self.simulated.sleep()

    def reported(self, report: Report | None) -> None:
        self.accepted()
        if report and self.carrier and not report.is_answer:
            codes = decode(complete(PROFILES[Family.B], PRODUCT), report.dps)
            self.answers.append(codes)
            self.carrier.take(codes)


class Household:
    """A lock that takes passwords, and the book of them."""

    def __init__(self, simulated: SimulatedLock, clock: MovableClock) -> None:
        self.simulated, self.clock = simulated, clock
        self.door = Doorway(simulated, clock)
        self.begin(None)

    def begin(self, stored: Any) -> None:
        self.passwords = TemporaryPasswords(self.clock, stored)
        book = self.passwords.book
        self.carrier = RawPasswords(self.door, self.clock, self.passwords.take, book)
        self.door.carrier = self.passwords.carrier = self.carrier

    async def restart(self) -> None:
        """Restart Home Assistant."""
        await self.door.hang_up()
        self.begin(json.loads(json.dumps(self.passwords.as_dict())))

    async def wake(self) -> None:
        """The lock wakes, and hears and answers all that waits."""
        await self.door.connect()
        await self.settle()

    async def settle(self) -> None:
        """Let everything that is on its way arrive."""
        for _ in range(10):
            await asyncio.sleep(0.002)

    async def sleep(self) -> None:
        await self.door.hang_up()

    async def add(self, name: str = "Guest", code: str = CODE, **changes: Any) -> None:
        now = self.clock.time()
        values: dict[str, Any] = {"start": now - HOUR, "end": now + HOUR, "once": False}
        await self.passwords.add(name, code=code, **values | changes)

    def found(self, name: str = "Guest") -> TemporaryPassword:
        return next(one for one in self.passwords.book if one.name == name)

    def phase(self, name: str = "Guest") -> Phase | None:
        return next((one.phase for one in self.passwords.book if one.name == name), None)

    async def until(self, phase: Phase, name: str = "Guest") -> None:
        await self.simulated.wait_for(lambda: self.phase(name) is phase)

    @property
    def commands(self) -> list[str]:
        """The DPs that the lock was sent, in order."""
        return [dp for dps in self.simulated.commands for dp in dps]


@asynccontextmanager
async def household(version: str = "3.4", **knobs: Any) -> AsyncGenerator[Household]:
    clock = MovableClock()
    async with SimulatedLock(
        version=version,
        product_id=PRODUCT,
        knobs=Knobs(**{"announce": False} | knobs),
        now=clock.time,
    ) as simulated:
        home = Household(simulated, clock)
        try:
            yield home
        finally:
            await home.sleep()


pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_password_waits_for_the_lock_opens_it_and_is_deleted(version: str) -> None:
    async with household(version) as home:
        await home.add()
        assert home.phase() is Phase.WAITING
        await home.simulated.finger(3)  # With 3.1, no lock proves itself before it reports.
        await home.wake()
        await home.until(Phase.ACTIVE)
        assert home.found().number == 901
        assert await home.simulated.type_code(CODE)
        await home.sleep()

        deleted = await home.passwords.delete("Guest")
        assert deleted.phase is Phase.DELETING
        assert await home.simulated.type_code(CODE)
        await home.wake()
        await home.until(Phase.DELETED)
        assert not await home.simulated.type_code(CODE)
        assert home.commands == ["24", "25"]


async def test_what_is_wished_while_the_lock_is_awake_is_sent_at_once() -> None:
    async with household() as home:
        await home.wake()
        await home.add()
        await home.until(Phase.ACTIVE)
        await home.passwords.modify("Guest", name="Aunt", code=OTHER_CODE)
        await home.until(Phase.ACTIVE, "Aunt")
        assert (home.found("Aunt").edit, home.found("Aunt").number) == (2, 901)
        assert not await home.simulated.type_code(CODE)
        assert await home.simulated.type_code(OTHER_CODE)
        await home.simulated.wait_for(lambda: {"unlock_temporary": 901} in home.door.answers)
        assert home.passwords.book.name_of(901, home.clock.time()) == "Aunt"
        assert home.commands == ["24", "26"]


async def test_a_password_for_one_use_opens_once() -> None:
    async with household() as home:
        await home.wake()
        await home.add(once=True)
        await home.until(Phase.ACTIVE)
        assert [await home.simulated.type_code(CODE) for _ in range(2)] == [True, False]


async def test_eight_less_two_and_five_as_the_vendor_tells_it() -> None:
    async with household() as home:
        for number in range(8):
            await home.add(f"P{number}", f"73918{number}")
        await home.wake()
        await home.until(Phase.ACTIVE, "P7")
        await home.sleep()
        for number in range(2):
            await home.passwords.delete(f"P{number}")
        await home.add("N0", "264810")
        await home.add("N1", "264811")
        with pytest.raises(PasswordRefused) as refused:
            await home.add("N2", "264812")
        assert refused.value.mistake is Mistake.BOOK_FULL
        await home.wake()
        await home.until(Phase.ACTIVE, "N1")
        await home.add("N2", "264812")
        await home.add("N3", "264813")
        with pytest.raises(PasswordRefused) as refused:
            await home.add("N4", "264814")
        assert refused.value.mistake is Mistake.BOOK_FULL
        await home.until(Phase.ACTIVE, "N3")
        numbers = [one.number for one in home.passwords.book.valid(home.clock.time())]
        assert sorted(number or 0 for number in numbers) == list(range(901, 911))
        assert not await home.simulated.type_code("739181")
        assert await home.simulated.type_code("264813")


# What the lock refuses


async def test_the_last_time_that_a_lock_can_write_down_can_be_the_end() -> None:
    async with household() as home:
        with pytest.raises(PasswordRefused) as refused:
            await home.add(end=1 << 32)
        assert refused.value.mistake is Mistake.BEYOND_CLOCK
        await home.add(end=(1 << 32) - 1)
        await home.wake()
        await home.until(Phase.ACTIVE)
        assert await home.simulated.type_code(CODE)


async def test_a_password_that_the_lock_refuses_has_failed() -> None:
    async with household() as home:
        await home.wake()
        await home.add("Guest")
        await home.until(Phase.ACTIVE)
        await home.add("Aunt", CODE)  # It does not take the same digits twice.
        await home.until(Phase.FAILED, "Aunt")
        assert home.passwords.book.search("Aunt") is None
        await home.add("Aunt", OTHER_CODE)
        assert home.passwords.book.find("Aunt").phase is Phase.WAITING


async def test_a_refused_change_leaves_what_the_lock_has() -> None:
    async with household() as home:
        await home.wake()
        await home.add("Guest")
        await home.add("Aunt", OTHER_CODE)
        await home.until(Phase.ACTIVE, "Aunt")
        before = home.found("Aunt")
        await home.passwords.modify(
            "Aunt", name="Uncle", code=CODE, end=home.clock.time() + 5 * HOUR
        )
        await home.until(Phase.FAILED, "Aunt")
        assert home.found("Aunt") == replace(before, phase=Phase.FAILED, edit=2)
        assert await home.simulated.type_code(OTHER_CODE)

        await home.passwords.delete("Aunt")
        await home.until(Phase.DELETED, "Aunt")
        assert not await home.simulated.type_code(OTHER_CODE)


async def test_a_refused_deletion_leaves_a_password_that_can_be_deleted() -> None:
    async with household() as home:
        await home.wake()
        await home.add()
        await home.until(Phase.ACTIVE)
        slots = home.simulated.uplink.keypad.slots
        slots[7] = slots.pop(1)
        await home.passwords.delete("Guest")
        await home.until(Phase.FAILED)
        assert len(home.passwords.book.valid(home.clock.time())) == 1
        slots[1] = slots.pop(7)
        await home.passwords.delete("Guest")
        await home.until(Phase.DELETED)


# What changes while it waits


async def test_what_the_lock_never_had_is_deleted_without_it() -> None:
    async with household() as home:
        await home.add()
        assert (await home.passwords.delete("Guest")).phase is Phase.DELETED
        await home.wake()
        assert home.commands == []


async def test_of_changes_that_wait_only_the_last_is_sent() -> None:
    async with household() as home:
        await home.add()
        await home.passwords.modify("Guest", name="Aunt", code="111222")
        await home.passwords.modify("Aunt", name="Uncle", code=OTHER_CODE)
        await home.wake()
        await home.until(Phase.ACTIVE, "Uncle")
        assert home.commands == ["24"]
        assert home.found("Uncle").edit == 3
        await home.sleep()
        await home.passwords.modify("Uncle", name="Guest", code="111222")
        await home.passwords.modify("Guest", name="Aunt", code=CODE)
        await home.wake()
        await home.until(Phase.ACTIVE, "Aunt")
        assert home.commands == ["24", "26"]
        assert await home.simulated.type_code(CODE)


async def test_a_deletion_takes_the_place_of_a_change_that_waits() -> None:
    async with household() as home:
        await home.add()
        await home.wake()
        await home.until(Phase.ACTIVE)
        await home.sleep()
        await home.passwords.modify("Guest", code=OTHER_CODE)
        await home.passwords.delete("Guest")
        await home.wake()
        await home.until(Phase.DELETED)
        assert home.commands == ["24", "25"]


async def test_what_would_come_after_its_end_has_failed() -> None:
    async with household() as home:
        await home.add("Guest")
        await home.add("Aunt", OTHER_CODE, end=home.clock.time() + 3 * HOUR)
        home.clock.move(2 * HOUR)
        await home.wake()
        await home.until(Phase.ACTIVE, "Aunt")
        assert home.phase("Guest") is Phase.FAILED
        assert home.commands == ["24"]


# Bad connections


async def test_what_was_not_answered_is_sent_again_and_is_the_same_password() -> None:
    async with household() as home:
        home.simulated.faults.lose_answers = {"report"}
        await home.add()
        await home.wake()
        assert home.phase() is Phase.WAITING
        await home.sleep()
        home.simulated.faults.clear()
        await home.wake()
        await home.until(Phase.ACTIVE)
        assert home.commands == ["24", "24"]
        assert len(home.simulated.uplink.keypad.slots) == 1


async def test_what_the_lock_may_have_is_deleted_by_it() -> None:
    async with household() as home:
        home.simulated.faults.lose_answers = {"report"}
        await home.add()
        await home.wake()
        await home.passwords.modify("Guest", code=OTHER_CODE)
        await home.sleep()
        assert home.simulated.uplink.keypad.slots
        await home.passwords.modify("Guest", code=CODE)
        assert (await home.passwords.delete("Guest")).phase is Phase.DELETING
        home.simulated.faults.clear()
        await home.wake()
        await home.until(Phase.DELETED)
        assert not home.simulated.uplink.keypad.slots


async def test_nothing_is_sent_twice_over_one_connection() -> None:
    async with household() as home:
        home.simulated.faults.lose_answers = {"report"}
        await home.add()
        await home.wake()
        home.carrier.take({})
        home.carrier.take({"unlock_fingerprint": 3})
        await home.settle()
        assert home.commands == ["24"]


async def test_nothing_is_sent_to_whom_has_not_proved_himself() -> None:
    async with household() as home:
        home.door.trusts = False
        await home.add()
        await home.wake()
        assert home.commands == []
        home.door.trusts = True
        await home.simulated.finger(3)
        await home.until(Phase.ACTIVE)


async def test_a_connection_that_is_just_lost_loses_nothing() -> None:
    async with household() as home:
        await home.wake()
        assert home.door.connection
        home.door.connection.close()
        with pytest.raises(ConnectionLost):
            home.door.send(DELETE, "")
        await home.add()
        assert home.phase() is Phase.WAITING
        await home.sleep()
        await home.wake()
        await home.until(Phase.ACTIVE)


@pytest.mark.parametrize(
    "answer",
    [
        {CREATE: "garbled"},
        {CREATE: "AAAA"},
        {CREATE: "another"},
        {CREATE: "another edit"},
        {MODIFY: "its own"},
    ],
)
async def test_an_answer_to_something_else_says_nothing(answer: dict[str, str]) -> None:
    async with household() as home:
        home.simulated.faults.lose_answers = {"report"}
        await home.add()
        await home.wake()
        serial = int(home.found().id)
        texts = {
            "another": (serial ^ 1).to_bytes(2) + bytes.fromhex("0001 0001 01"),
            "another edit": serial.to_bytes(2) + bytes.fromhex("0002 0001 01"),
            "its own": serial.to_bytes(2) + bytes.fromhex("0001 0001 01"),
        }
        ((code, kind),) = answer.items()
        home.carrier.take({code: base64_of(texts[kind]) if kind in texts else kind})
        assert home.phase() is Phase.WAITING
        home.carrier.take({CREATE: base64_of(texts["its own"])})
        assert home.phase() is Phase.ACTIVE


async def test_an_old_answer_is_none_to_a_new_question() -> None:
    async with household(query_answer="all") as home:
        await home.wake()
        await home.add("Guest")
        await home.add("Aunt", OTHER_CODE)
        await home.until(Phase.ACTIVE, "Aunt")
        slots = home.simulated.uplink.keypad.slots
        slots[7] = slots.pop(2)
        await home.passwords.delete("Aunt")
        await home.until(Phase.FAILED, "Aunt")
        await home.sleep()
        slots[2] = slots.pop(7)
        await home.passwords.delete("Aunt")
        await home.wake()
        await home.until(Phase.DELETED, "Aunt")


# Restarts


async def test_after_a_restart_what_waited_has_failed_as_its_digits_are_gone() -> None:
    async with household() as home:
        await home.add("Guest")
        await home.add("Aunt", OTHER_CODE)
        await home.restart()
        assert home.phase("Guest") is home.phase("Aunt") is Phase.FAILED
        await home.wake()
        assert home.commands == []
        await home.add("Guest")
        assert home.passwords.book.find("Guest").phase is Phase.WAITING


async def test_after_a_restart_a_change_that_waited_has_failed_and_the_lock_has_the_old() -> None:
    async with household() as home:
        await home.add()
        await home.wake()
        await home.until(Phase.ACTIVE)
        await home.sleep()
        await home.passwords.modify("Guest", code=OTHER_CODE)
        await home.restart()
        assert home.passwords.book.find(901).phase is Phase.FAILED
        await home.passwords.modify("Guest", code=OTHER_CODE)
        await home.wake()
        await home.until(Phase.ACTIVE)
        assert home.found().edit == 3
        assert await home.simulated.type_code(OTHER_CODE)


async def test_after_a_restart_a_deletion_is_sent_on() -> None:
    async with household() as home:
        await home.add()
        await home.wake()
        await home.until(Phase.ACTIVE)
        await home.sleep()
        await home.passwords.delete("Guest")
        await home.restart()
        assert home.phase() is Phase.DELETING
        await home.wake()
        await home.until(Phase.DELETED)
        assert not await home.simulated.type_code(CODE)


async def test_digits_are_kept_nowhere_but_in_memory() -> None:
    async with household() as home:
        await home.add()
        (command,) = home.carrier._commands.values()
        value = Serials(int(home.found().id), 1).store(
            home.found().start, home.found().end, CODE, once=False
        )
        assert command.value == value
        for text in (repr(command), str(home.carrier), json.dumps(home.passwords.as_dict())):
            assert CODE not in text
            assert value not in text


# Passwords of the cloud


async def test_what_the_cloud_made_is_not_ours_to_change() -> None:
    async with household() as home:
        now = int(home.clock.time())
        password = TemporaryPassword(
            id="1693548217",
            number=903,
            name="Guest",
            start=now,
            end=now + HOUR,
            once=False,
            phase=Phase.WAITING,
        )
        home.passwords.take(password)
        await home.restart()
        assert list(home.passwords.book) == [password]
        for action in (
            home.passwords.modify("Guest", code=CODE),
            home.passwords.delete("Guest"),
        ):
            with pytest.raises(NotSupported):
                await action


async def test_each_password_has_a_serial_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async with household() as home:
        await home.add("Guest")
        await home.add("Aunt", OTHER_CODE)
        await home.restart()
        taken = sorted(int(one.id) - 1 for one in home.passwords.book)
        drawn = iter([*taken, 4711, 4711, 4712])
        module = "custom_components.tuya_wifi_lock.tuyalock.raw_passwords"
        monkeypatch.setattr(f"{module}.secrets.randbelow", lambda below: next(drawn))
        await home.add("Uncle")
        await home.add("Cousin", OTHER_CODE)
        assert [home.found(name).id for name in ("Uncle", "Cousin")] == ["4712", "4713"]
