"""A record is on the disk when it is received; the next start delivers what was not delivered.

"Doubled" means: an event with the same record id a second time. Between the moment in which
automations hear of a record and the moment in which the disk says so, nobody can know after a crash
if they have heard; it is delivered again then, as late, so that none is ever lost. The journal
never has a record twice.
"""

from collections.abc import Generator
from contextlib import contextmanager
import json
from pathlib import Path
from random import Random
import resource
from threading import Event
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.store import LOG, LockStore
from custom_components.tuya_wifi_lock.tuyalock import Kind, Reader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.common import (
    LATE_UNLOCK,
    UNLOCK,
    Automation,
    Told,
    fall_asleep,
    pass_time,
    reported,
    set_up_awake,
    until,
    wake,
)
from tests.conftest import OURS, setup
from tests.simulator import SimulatedLock

LOG_FULL = f"{OURS}.store.LOG_FULL"
SEED = 20261129
ROUNDS = 25
CUT_OFF = b'{"journal":{"records":{"2":{"kin'

type Rows = list[dict[str, Any]]


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let its stores be files."""
    return {}


class Disk:
    """The files of a lock."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.file = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))
        self.log = Path(f"{self.file}{LOG}")

    @property
    def lines(self) -> Rows:
        """What was written since the file was."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]

    @property
    def records(self) -> Rows:
        """The records that the next start would find."""
        stored = json.loads(self.file.read_bytes())["data"] if self.file.exists() else {}
        for line in self.lines if self.log.exists() else []:
            if line["written"] > stored.get("written", 0):
                stored = Reader().changed(stored, line)
        return list(stored.get("journal", {}).get("records", {}).values())

    def save(self) -> dict[Path, bytes]:
        """Return the files, as they are when the power fails now."""
        return {path: path.read_bytes() for path in (self.file, self.log) if path.exists()}

    def restore(self, files: dict[Path, bytes]) -> None:
        """Let the files be as they were when the power failed."""
        for path in (self.file, self.log):
            path.unlink(missing_ok=True)
        for path, data in files.items():
            path.write_bytes(data)

    @contextmanager
    def full(self, *paths: Path) -> Generator[None]:
        """Let nothing be written at these paths; what was there is gone."""
        for path in paths:
            path.unlink()
            (path / "in the way").mkdir(parents=True)
        yield
        for path in paths:
            (path / "in the way").rmdir()
            path.rmdir()

    async def wait_for_record(self, count: int = 1) -> dict[str, Any]:
        """Wait until so many records are written, and return the last; no timer is hurried."""
        await until(lambda: len(self.records) == count)
        return self.records[-1]

    async def wait_for_delivery(self) -> None:
        """Wait until the last record is written as delivered; no timer is hurried."""
        await until(lambda: self.records[-1]["delivered"])


@pytest.fixture
def disk(hass: HomeAssistant, entry: MockConfigEntry) -> Disk:
    """The disk on which the lock is stored."""
    return Disk(hass, entry)


@pytest.fixture
async def house(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, disk: Disk
) -> SimulatedLock:
    """Return a lock that is awake, whose file was written since the start."""
    await set_up_awake(hass, entry, simulated_lock)
    await pass_time(hass, 11)
    await until(disk.file.exists)
    return simulated_lock


async def opened(hass: HomeAssistant, lock: SimulatedLock, disk: Disk, number: int) -> None:
    """Open with a finger, and wait until that is written as delivered."""
    await lock.finger(number)
    await reported(hass, lock)
    await disk.wait_for_delivery()


async def power_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    lock: SimulatedLock,
    disk: Disk,
    files: dict[Path, bytes] | None = None,
) -> None:
    """Let the power fail now, or have failed, and Home Assistant start again; the lock sleeps."""
    files = files or disk.save()
    await lock.sleep()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    disk.restore(files)
    await setup(hass, entry)


def numbers(entry: MockConfigEntry) -> list[int | None]:
    """Return the numbers of all unlocks that are known."""
    return [one.unlock.number for one in entry.runtime_data.lock.records(Kind.UNLOCK)]


def told_of_damage(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return if the owner is told that not all could be read."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"store_damaged_{entry.entry_id}")
    return issue is not None


async def test_what_is_received_is_written_before_its_age_is_known(
    house: SimulatedLock, disk: Disk
) -> None:
    await house.finger(3)
    record = await disk.wait_for_record()
    assert (record["age"], record["delivered"]) == (None, False)


async def test_what_is_received_right_after_the_start_is_written_as_well(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, disk: Disk
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await disk.wait_for_record()


async def test_when_the_power_fails_then_it_is_delivered_late_and_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await house.finger(3)
    id_ = (await disk.wait_for_record())["id"]
    # What is delivered in the life that ends here is undone with it.
    entry.runtime_data.records.close()
    await power_fails(hass, entry, house, disk)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    await disk.wait_for_delivery()
    assert [record["id"] for record in disk.records] == [id_]
    await power_fails(hass, entry, house, disk)
    assert len(automation.told) == 1


async def test_what_was_delivered_is_written_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await house.finger(3)
    await reported(hass, house)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    await disk.wait_for_delivery()
    await power_fails(hass, entry, house, disk)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


async def test_between_the_two_it_is_delivered_again_as_late_with_the_same_id(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await house.finger(3)
    await disk.wait_for_record()
    files = disk.save()
    await reported(hass, house)
    await power_fails(hass, entry, house, disk, files)
    assert automation.told == [
        Told(UNLOCK, "fingerprint", 3),
        Told(LATE_UNLOCK, "fingerprint", 3),
    ]
    assert len({one.attributes["record"] for one in automation.states}) == 1


async def test_an_opening_costs_two_short_lines(
    hass: HomeAssistant, entry: MockConfigEntry, house: SimulatedLock, disk: Disk
) -> None:
    await opened(hass, house, disk, 1)
    await fall_asleep(hass, entry, house)
    await pass_time(hass, 20)
    file, before = disk.file.stat().st_ino, len(disk.lines)
    await wake(hass, entry, house)
    await house.finger(3)
    await disk.wait_for_record(2)
    assert len(disk.lines) == before + 1
    await reported(hass, house)
    await disk.wait_for_delivery()
    assert len(disk.lines) == before + 2
    await house.battery(55)
    await house.battery(54)
    await fall_asleep(hass, entry, house)
    await pass_time(hass, 20)
    assert len(disk.lines) == before + 3
    assert disk.lines[-1]["state"]["battery"] == 54
    assert disk.file.stat().st_ino == file
    assert max(map(len, disk.log.read_bytes().splitlines())) < 1000
    assert disk.log.stat().st_mode & 0o077 == 0


async def test_that_the_lock_was_heard_is_one_short_line_after_a_while(
    hass: HomeAssistant, entry: MockConfigEntry, house: SimulatedLock, disk: Disk
) -> None:
    await opened(hass, house, disk, 1)
    file, before = disk.file.stat().st_ino, len(disk.lines)
    real = time.time
    for later in (60, 120, 180):
        await fall_asleep(hass, entry, house)
        await pass_time(hass, 20)
        with patch("time.time", lambda: real() + later):  # noqa: B023
            await wake(hass, entry, house)
    assert len(disk.lines) == before
    await pass_time(hass, 1900)
    assert (len(disk.lines), disk.file.stat().st_ino) == (before + 1, file)


@pytest.mark.parametrize(
    ("step", "late"), [("old", []), ("written", [2]), ("cut", [2]), ("begun", [2]), ("done", [])]
)
async def test_a_kill_while_the_log_begins_again_loses_and_doubles_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
    step: str,
    late: list[int],
) -> None:
    with patch(LOG_FULL, 1):
        await set_up_awake(hass, entry, simulated_lock)
        await opened(hass, simulated_lock, disk, 1)
        old = disk.save()
        await simulated_lock.finger(2)
        await disk.wait_for_record(2)
        written = {**disk.save(), disk.log: old[disk.log]}
        await reported(hass, simulated_lock)
        await disk.wait_for_delivery()
        done = disk.save()
    assert len({files[disk.file] for files in (old, written, done)}) == 2
    assert old[disk.log] != done[disk.log]
    cut, begun = {**written, disk.log: b""}, {**written, disk.log: done[disk.log][:20]}
    killed = {"old": old, "written": written, "cut": cut, "begun": begun, "done": done}
    before = len(automation.told)
    await power_fails(hass, entry, simulated_lock, disk, killed[step])
    assert automation.told[before:] == [Told(LATE_UNLOCK, "fingerprint", one) for one in late]
    assert numbers(entry) == ([1] if step == "old" else [1, 2])
    assert not told_of_damage(hass, entry)


async def test_a_line_that_is_cut_off_is_passed_over_and_written_over(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await opened(hass, house, disk, 1)
    files = disk.save()
    await power_fails(hass, entry, house, disk, {**files, disk.log: files[disk.log] + CUT_OFF})
    with patch.object(LockStore, "async_save"):
        # It cannot begin again, so that the log goes on.
        await wake(hass, entry, house)
        await opened(hass, house, disk, 2)
        assert CUT_OFF not in disk.log.read_bytes()
    await power_fails(hass, entry, house, disk)
    assert automation.told == [Told(UNLOCK, "fingerprint", one) for one in (1, 2)]
    assert numbers(entry) == [1, 2]
    assert not told_of_damage(hass, entry)


async def test_a_damaged_line_is_told_of_and_the_others_count(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    for number in (1, 2, 3):
        await opened(hass, house, disk, number)
    assert len(disk.lines) == 6
    files = disk.save()
    lines = files[disk.log].splitlines(keepends=True)
    # By the first two, one has opened.
    files[disk.log] = b"".join([b"\0" * 20 + lines[0][20:], b"[1]\n", *lines[2:]])
    await power_fails(hass, entry, house, disk, files)
    assert numbers(entry) == [2, 3]
    assert len(automation.told) == 3
    assert told_of_damage(hass, entry)
    (copy,) = disk.log.parent.glob(f"{disk.log.name}.corrupt.*")
    assert copy.read_bytes() == files[disk.log]
    # The next write of the file ends it.
    await pass_time(hass, 11)
    await power_fails(hass, entry, house, disk)
    assert numbers(entry) == [2, 3]
    assert list(disk.log.parent.glob(f"{disk.log.name}.corrupt.*")) == [copy]
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert list(disk.file.parent.glob(f"{disk.file.name}*")) == []


async def test_a_lock_is_set_up_whatever_has_happened_to_its_log(
    hass: HomeAssistant, entry: MockConfigEntry, house: SimulatedLock, disk: Disk
) -> None:
    for number in (1, 2, 3):
        await opened(hass, house, disk, number)
    files, rng = disk.save(), Random(SEED)
    for _ in range(ROUNDS):
        log = bytearray(files[disk.log])
        begin = rng.randrange(len(log))
        log[begin : begin + rng.randrange(60)] = rng.randbytes(rng.randrange(60))
        await power_fails(hass, entry, house, disk, {**files, disk.log: bytes(log)})
        assert entry.state is ConfigEntryState.LOADED
        assert set(numbers(entry)) <= {1, 2, 3}


async def test_of_a_damaged_file_the_log_is_left(
    hass: HomeAssistant, entry: MockConfigEntry, house: SimulatedLock, disk: Disk
) -> None:
    await house.finger(1)
    await disk.wait_for_record()
    files = disk.save()
    document = json.loads(files[disk.file])
    document["data"] = {"journal": [], "state": "fine"}
    files[disk.file] = json.dumps(document).encode()
    await power_fails(hass, entry, house, disk, files)
    assert numbers(entry) == [1]
    assert told_of_damage(hass, entry)


async def test_what_cannot_be_written_is_told_once_and_written_later(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await opened(hass, house, disk, 1)
    files = disk.save()
    disk.log.unlink()
    disk.log.mkdir()
    for number in (2, 3):
        await house.finger(number)
        await reported(hass, house)
    assert len(automation.told) == 3
    assert caplog.text.count("Unable to write") == 1
    disk.log.rmdir()
    disk.log.write_bytes(files[disk.log])
    await pass_time(hass, 61)
    await disk.wait_for_record(3)
    await disk.wait_for_delivery()
    await power_fails(hass, entry, house, disk)
    assert len(automation.told) == 3
    assert numbers(entry) == [1, 2, 3]


async def test_a_line_that_a_full_disk_took_only_a_part_of_is_written_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await opened(hass, house, disk, 1)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (disk.log.stat().st_size + 20, most))
    try:
        await house.finger(2)
        await reported(hass, house)
        await until(lambda: "Unable to write" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    await pass_time(hass, 61)
    await disk.wait_for_record(2)
    await disk.wait_for_delivery()
    await power_fails(hass, entry, house, disk)
    assert len(automation.told) == 2
    assert numbers(entry) == [1, 2]


async def test_of_a_log_that_is_removed_meanwhile_nothing_is_lost(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await opened(hass, house, disk, 1)
    disk.log.unlink()
    for number in (2, 3):
        await house.finger(number)
        await reported(hass, house)
    await disk.wait_for_record(3)
    await disk.wait_for_delivery()
    await power_fails(hass, entry, house, disk)
    assert len(automation.told) == 3
    assert numbers(entry) == [1, 2, 3]
    assert not told_of_damage(hass, entry)


@contextmanager
def slow_disk() -> Generator[tuple[Event, Event]]:
    """Have a disk that is asked to keep what is written, and does when it may go on."""
    began, goes_on = Event(), Event()

    def slowly(file: int) -> None:
        began.set()
        assert goes_on.wait(5)

    with patch("os.fdatasync", slowly):
        yield began, goes_on


async def test_a_write_whose_caller_is_cancelled_hinders_no_other(hass: HomeAssistant) -> None:
    store = LockStore(hass, "door")
    await store.async_write(lambda: {"records": {}})
    with slow_disk() as (began, goes_on):
        form = {"records": {"1": {"name": "of a caller who does not wait for it"}}}
        caller = hass.async_create_task(store.async_write(lambda: form, sync=True))
        await until(began.is_set)
        caller.cancel()
        other = hass.async_create_task(store.async_write(lambda: {"records": {"2": {}}}))
        # So that it could be in another thread by now.
        await hass.async_add_executor_job(goes_on.wait, 0.05)
        goes_on.set()
        await other
    await store.async_write(lambda: {"records": {"2": {}, "3": {}}})
    again = LockStore(hass, "door")
    assert (await again.async_read())["records"] == {"2": {}, "3": {}}
    assert again.copy is None


async def test_after_the_last_write_there_is_none(hass: HomeAssistant) -> None:
    store = LockStore(hass, "door")
    await store.async_write(lambda: {"records": {}})
    with slow_disk() as (began, goes_on):
        writes = [store.async_write(lambda: {"records": {"1": {}}}, sync=True)]
        writes.append(store.async_close(lambda: {"records": {"2": {}}}))
        writes.append(store.async_write(lambda: {"records": {"3": {}}}))
        tasks = [hass.async_create_task(one) for one in writes]
        await until(began.is_set)
        goes_on.set()
        for task in tasks:
            await task
    assert (await LockStore(hass, "door").async_read())["records"] == {"2": {}}


async def test_a_log_that_cannot_be_read_is_told_of_and_the_file_counts(
    hass: HomeAssistant, entry: MockConfigEntry, house: SimulatedLock, disk: Disk
) -> None:
    await opened(hass, house, disk, 1)
    await house.sleep()
    assert await hass.config_entries.async_unload(entry.entry_id)
    disk.log.unlink()
    disk.log.mkdir()
    await setup(hass, entry)
    assert numbers(entry) == [1]
    assert told_of_damage(hass, entry)
    disk.log.rmdir()


async def test_what_is_gone_stays_gone_while_the_file_cannot_be_written_after_a_start(
    hass: HomeAssistant,
) -> None:
    await LockStore(hass, "door").async_write(lambda: {"records": {"1": {}, "2": {}}})
    store = LockStore(hass, "door")
    await store.async_read()
    with patch.object(LockStore, "async_save"):
        await store.async_write(lambda: {"records": {"2": {}}})
    stored = await LockStore(hass, "door").async_read()
    assert stored["records"] == {"2": {}}


async def test_while_the_file_cannot_be_written_the_log_goes_on(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    with patch(LOG_FULL, 1):
        await set_up_awake(hass, entry, simulated_lock)
        await opened(hass, simulated_lock, disk, 1)
        file = disk.save()[disk.file]
        with disk.full(disk.file):
            await simulated_lock.finger(2)
            await reported(hass, simulated_lock)
            await until(lambda: len(disk.lines) == 3)
    files = {disk.file: file, disk.log: disk.log.read_bytes()}
    await power_fails(hass, entry, simulated_lock, disk, files)
    assert len(automation.told) == 2
    assert numbers(entry) == [1, 2]


async def test_a_kill_before_the_last_write_of_a_stop_loses_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await house.finger(1)
    await disk.wait_for_record()
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    files = disk.save()
    hass.set_state(CoreState.running)
    await power_fails(hass, entry, house, disk, files)
    assert automation.told == [Told(UNLOCK, "fingerprint", 1)]


async def test_what_a_full_disk_did_not_take_is_known_still_after_a_reload(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await house.finger(1)
    await disk.wait_for_record()
    files = disk.save()
    with disk.full(*files):
        await reported(hass, house)
        await house.finger(2)
        await reported(hass, house)
        await house.sleep()
        assert await hass.config_entries.async_unload(entry.entry_id)
    disk.restore(files)
    await setup(hass, entry)
    assert automation.told == [Told(UNLOCK, "fingerprint", number) for number in (1, 2)]
    assert numbers(entry) == [1, 2]
    await pass_time(hass, 11)
    await disk.wait_for_record(2)
    await power_fails(hass, entry, house, disk)
    assert len(automation.told) == 2
    assert numbers(entry) == [1, 2]


async def test_a_start_that_fails_does_not_forget_what_a_full_disk_did_not_take(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    house: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    files = disk.save()
    with disk.full(*files):
        await house.finger(1)
        await reported(hass, house)
        await house.sleep()
        assert await hass.config_entries.async_unload(entry.entry_id)
    disk.restore(files)
    with patch(f"{OURS}.project_of", side_effect=OSError):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert automation.told == [Told(UNLOCK, "fingerprint", 1)]
    assert numbers(entry) == [1]
