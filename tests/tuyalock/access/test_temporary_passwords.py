"""Temporary passwords, with a cloud that carries them to the lock."""

import asyncio
from dataclasses import replace
from functools import partial
import json
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.access.passwords import (
    TemporaryPasswords,
    is_trivial,
)
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    LockError,
    Mistake,
    NoCloud,
    PasswordRefused,
)
from custom_components.tuya_wifi_lock.tuyalock.models import (
    PasswordPhase,
    PasswordRequest,
    TemporaryPassword,
)
from custom_components.tuya_wifi_lock.tuyalock.storage import dump

from ..toy_clock import START, ToyClock

HOUR = 3600
CODE = "7391846"


class FakeCloud:
    """Carries passwords in memory; the lock takes them when it wakes."""

    code_length = 7

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.rows: dict[str, TemporaryPassword] = {}
        self.codes: dict[str, str] = {}
        self.fault: dict[str, LockError] = {}
        """What is answered to a call instead; a silence about an addition follows the deed."""
        self.loses = False
        """An addition is lost on its way."""
        self.fault_then: dict[str, LockError] = {}
        """What goes wrong after an addition."""
        self.busy = 0
        self.most_busy = 0

    async def list_passwords(self, known: object = ()) -> list[TemporaryPassword]:
        await self._called("list")
        return list(self.rows.values())

    async def add_password(self, request: PasswordRequest) -> TemporaryPassword:
        await self._called("add", silently=False)
        if not self.loses:
            self._row(f"{len(self.codes) + 1}", 1, request)
        self._answer("add")
        return next(reversed(self.rows.values()))

    async def change_password(
        self, old: TemporaryPassword, request: PasswordRequest
    ) -> TemporaryPassword:
        await self._called("change")
        return self._row(old.id, old.edit + 1, request)

    async def delete_password(self, password: TemporaryPassword) -> TemporaryPassword:
        await self._called("delete")
        row = replace(self.rows[password.id], phase=PasswordPhase.DELETING)
        self.rows[row.id] = row
        return row

    async def _called(self, call: str, *, silently: bool = True) -> None:
        self.calls.append(call)
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        await asyncio.sleep(0)
        self.busy -= 1
        if silently or not isinstance(self.fault.get(call), CloudSilent):
            self._answer(call)

    def _answer(self, call: str) -> None:
        if call in self.fault:
            fault = self.fault.pop(call)
            self.fault |= self.fault_then
            raise fault

    def _row(self, id_: str, edit: int, request: PasswordRequest) -> TemporaryPassword:
        row = TemporaryPassword(
            id=id_,
            edit=edit,
            name=request.name,
            start=request.start,
            end=request.end,
            once=request.once,
            phase=PasswordPhase.WAITING,
        )
        self.rows[id_], self.codes[id_] = row, request.code
        return row

    def wake(self) -> None:
        """The lock wakes and takes all that waits."""
        there = [row for row in self.rows.values() if row.phase is not PasswordPhase.DELETING]
        self.rows = {
            row.id: replace(row, phase=PasswordPhase.ACTIVE, number=901 + place)
            for place, row in enumerate(there)
        }


class Household:
    """Temporary passwords, who carries them, and how often they changed."""

    def __init__(self, *, stored: Any = None, cloud: FakeCloud | None = None) -> None:
        self.clock = ToyClock()
        self.changes = 0
        self.cloud = cloud or FakeCloud()
        self.passwords = TemporaryPasswords(self.cloud, self.clock, stored, self.changed)

    def changed(self) -> None:
        self.changes += 1

    async def add(self, name: str = "Guest", **changes: Any) -> tuple[TemporaryPassword, str]:
        values: dict[str, Any] = {
            "start": START + 0.7,
            "end": START + HOUR + 0.7,
            "once": False,
            "code": CODE,
        }
        return await self.passwords.add(name, **values | changes)

    @property
    def valid(self) -> list[str]:
        return [one.name for one in self.passwords.valid(self.clock.time())]


async def test_a_password_is_added_in_whole_seconds_and_waits_for_the_lock() -> None:
    home = Household()
    password, code = await home.add(" Guest ", once=True)
    assert code == CODE
    assert password == TemporaryPassword(
        id="1",
        name="Guest",
        start=int(START),
        end=int(START) + HOUR,
        once=True,
        phase=PasswordPhase.WAITING,
    )
    assert list(home.passwords) == [password]
    assert home.cloud.codes == {"1": CODE}
    assert home.changes == 2


async def test_a_code_is_made_if_none_is_given() -> None:
    home = Household()
    _, code = await home.add(code=None)
    assert home.cloud.codes == {"1": code}
    assert len(code) == 7
    assert not is_trivial(code)


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"name": "  "}, Mistake.BAD_NAME),
        ({"code": ""}, Mistake.BAD_CODE),
        ({"code": "123"}, Mistake.BAD_CODE),
        ({"end": START}, Mistake.END_BEFORE_START),
        ({"start": START - 2 * HOUR, "end": START - HOUR}, Mistake.END_IN_PAST),
    ],
)
async def test_a_wish_with_a_mistake_bothers_nobody(
    changes: dict[str, Any], mistake: Mistake
) -> None:
    home = Household()
    with pytest.raises(PasswordRefused) as refused:
        await home.add(**changes)
    assert refused.value.mistake is mistake
    await home.add("Plumber")
    home.cloud.calls.clear()
    changes = {"code": CODE} | changes
    with pytest.raises(PasswordRefused) as refused:
        await home.passwords.modify("Plumber", **changes)
    assert refused.value.mistake is mistake
    assert home.cloud.calls == []


async def test_eight_less_two_and_five_as_the_vendor_tells_it() -> None:
    home = Household()
    for number in range(8):
        await home.add(f"P{number}")
    home.cloud.wake()
    for name in ("P0", "P1"):
        await home.passwords.delete(name)
    await home.add("N0")
    await home.add("N1")
    with pytest.raises(PasswordRefused) as refused:
        await home.add("N2")
    assert refused.value.mistake is Mistake.BOOK_FULL
    home.cloud.wake()
    await home.add("N2")
    await home.add("N3")
    with pytest.raises(PasswordRefused) as refused:
        await home.add("N4")
    assert refused.value.mistake is Mistake.BOOK_FULL
    assert home.valid == [*(f"P{number}" for number in range(2, 8)), "N0", "N1", "N2", "N3"]
    assert home.cloud.calls.count("add") == 12


async def test_what_the_app_added_takes_a_place_and_a_name() -> None:
    home = Household()
    other = Household(cloud=home.cloud)
    for number in range(9):
        await other.add(f"P{number}")
    with pytest.raises(PasswordRefused) as refused:
        await home.add("P3")
    assert refused.value.mistake is Mistake.NAME_TAKEN
    await home.add("Guest")
    with pytest.raises(PasswordRefused) as refused:
        await home.add("One too many")
    assert refused.value.mistake is Mistake.BOOK_FULL


async def test_a_password_is_changed_in_what_is_said_and_in_nothing_else() -> None:
    home = Household()
    password, _ = await home.add(once=True)
    changed, _ = await home.passwords.modify("guest", code="2648193")
    assert changed == replace(password, edit=2)
    changed, _ = await home.passwords.modify(
        "Guest", name=" Aunt ", code="2648193", start=START + 60, end=START + 2 * HOUR
    )
    expected = replace(
        password, edit=3, name="Aunt", start=int(START) + 60, end=int(START) + 2 * HOUR
    )
    assert changed == expected
    assert list(home.passwords) == [expected]
    assert home.cloud.codes == {"1": "2648193"}


async def test_a_password_that_the_app_added_can_be_changed_and_deleted() -> None:
    home = Household()
    other = Household(cloud=home.cloud)
    await other.add("Guest")
    await other.add("Plumber")
    home.cloud.wake()
    await home.passwords.modify(901, name="Aunt", code=CODE)
    assert (await home.passwords.delete("Plumber")).phase is PasswordPhase.DELETING
    assert home.valid == ["Aunt", "Plumber"]


async def test_what_is_not_there_can_be_neither_changed_nor_deleted() -> None:
    home = Household()
    for action in (
        home.passwords.modify("Nobody", code=CODE),
        home.passwords.delete("Nobody"),
    ):
        with pytest.raises(PasswordRefused) as refused:
            await action
        assert refused.value.mistake is Mistake.NO_SUCH_PASSWORD


async def test_a_name_of_another_is_no_name_for_a_change() -> None:
    home = Household()
    await home.add("Guest")
    await home.add("Plumber")
    with pytest.raises(PasswordRefused) as refused:
        await home.passwords.modify("Guest", name="plumber", code=CODE)
    assert refused.value.mistake is Mistake.NAME_TAKEN
    assert "change" not in home.cloud.calls


async def test_a_password_is_deleted_once() -> None:
    home = Household()
    await home.add()
    for _ in range(2):
        assert (await home.passwords.delete("Guest")).phase is PasswordPhase.DELETING
    assert home.cloud.calls.count("delete") == 1
    home.cloud.wake()
    await home.passwords.refresh()
    assert home.valid == []


async def test_without_a_cloud_nothing_can_be_done_and_nothing_is_asked() -> None:
    home = Household()
    home.passwords = TemporaryPasswords(None, home.clock)
    await home.passwords.refresh()
    for action in (
        home.add,
        partial(home.passwords.modify, "Guest", code=CODE),
        partial(home.passwords.delete, "Guest"),
    ):
        with pytest.raises(NoCloud):
            await action()
    assert home.changes == 0


async def test_one_thing_is_done_at_a_time() -> None:
    home = Household()
    added = await asyncio.gather(
        *(home.add(f"P{number}") for number in range(12)),
        home.passwords.refresh(),
        return_exceptions=True,
    )
    assert home.cloud.most_busy == 1
    refused = [one.mistake for one in added if isinstance(one, PasswordRefused)]
    assert refused == [Mistake.BOOK_FULL] * 2
    assert len(home.valid) == 10


async def test_a_refusal_changes_nothing() -> None:
    home = Household()
    home.cloud.fault["add"] = CloudRefused(1109)
    with pytest.raises(CloudRefused):
        await home.add()
    assert home.valid == []
    await home.add()
    before = list(home.passwords)
    for call, action in {
        "change": home.passwords.modify("Guest", code=CODE, name="Aunt"),
        "delete": home.passwords.delete("Guest"),
    }.items():
        home.cloud.fault[call] = CloudRefused(2328)
        with pytest.raises(CloudRefused):
            await action
    assert list(home.passwords) == before


@pytest.mark.parametrize("call", ["list", "add"])
async def test_a_cloud_that_cannot_be_reached_is_an_error(call: str) -> None:
    home = Household()
    home.cloud.fault[call] = CloudUnreachable()
    with pytest.raises(CloudUnreachable):
        await home.add()
    assert home.valid == []


async def test_a_password_that_was_added_though_nobody_said_so_is_found() -> None:
    home = Household()
    await home.add("Guest")
    home.cloud.fault["add"] = CloudSilent()
    password, code = await home.add("Aunt")
    assert (password.name, code) == ("Aunt", CODE)
    assert home.valid == ["Guest", "Aunt"]
    assert home.cloud.calls.count("add") == 2


async def test_a_silence_about_what_was_not_added_stays_a_silence() -> None:
    home = Household()
    await home.add("Guest")
    silence = CloudSilent()
    home.cloud.fault["add"] = silence
    home.cloud.loses = True
    with pytest.raises(CloudSilent) as raised:
        await home.add("Aunt")
    assert raised.value is silence
    assert home.valid == ["Guest"]


@pytest.mark.parametrize("fault", [CloudUnreachable(), CloudRefused(28841004), CloudSilent()])
async def test_a_silence_that_nobody_can_explain_stays_a_silence(fault: LockError) -> None:
    home = Household()
    silence = CloudSilent()
    home.cloud.fault["add"] = silence
    home.cloud.fault_then["list"] = fault
    with pytest.raises(CloudSilent) as raised:
        await home.add()
    assert raised.value is silence


async def test_the_book_survives_a_restart() -> None:
    home = Household()
    await home.add()
    stored = json.dumps(dump(home.passwords.stored))
    assert CODE not in stored
    again = Household(stored=json.loads(stored))
    assert list(again.passwords) == list(home.passwords)


async def test_a_book_needs_nobody_who_listens() -> None:
    passwords = TemporaryPasswords(FakeCloud(), ToyClock())
    await passwords.add("Guest", START, START + HOUR, once=False)
