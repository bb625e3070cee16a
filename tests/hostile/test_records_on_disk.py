"""A record is on the disk when it is received; the next start delivers what was not delivered.

"Doubled" means: an event with the same record id a second time. Between the moment in which
automations hear of a record and the moment in which the disk says so, nobody can know after a crash
if they have heard; it is delivered again then, as late, so that none is ever lost. The journal
never has a record twice.
"""

from collections.abc import Generator
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.store import SalvagedStore
from custom_components.tuya_wifi_lock.tuyalock import Kind
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
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
from tests.conftest import setup
from tests.simulator import SimulatedLock


class Disk:
    """What is written of a lock, and how often."""

    def __init__(self, storage: dict[str, Any], entry: MockConfigEntry) -> None:
        self._storage, self._key = storage, f"{DOMAIN}.{entry.entry_id}"
        self.writes = 0
        self.is_full = False
        """Nothing can be written but the file of the lock itself."""

    @property
    def document(self) -> Any:
        """The file as it is now."""
        return self._storage.get(self._key)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records in it."""
        rows: list[dict[str, Any]] = self.document["data"]["journal"]["records"]
        return rows

    def save(self) -> Any:
        """Return a copy, as it is when the power fails now."""
        return deepcopy(self.document)

    def restore(self, copy: Any) -> None:
        """Let the file be as it was when the power failed."""
        self._storage[self._key] = copy

    async def wait_for_record(self, count: int = 1) -> dict[str, Any]:
        """Wait until so many records are written, and return the last; no timer is hurried."""
        await until(lambda: self.document and len(self.records) == count, timeout=0.5)
        return self.records[-1]

    async def wait_for_delivery(self) -> None:
        """Wait until the last record is written as delivered; no timer is hurried."""
        await until(lambda: self.records[-1]["delivered"], timeout=0.5)


@pytest.fixture
def disk(hass_storage: dict[str, Any], entry: MockConfigEntry) -> Generator[Disk]:
    """The disk on which the lock is stored."""
    disk = Disk(hass_storage, entry)

    async def write(store: SalvagedStore, data: dict[str, Any]) -> None:
        disk.writes += 1
        if disk.is_full and store.key.endswith(".records"):
            raise WriteError("the disk is full")
        await Store._async_write_data(store, data)

    with patch.object(SalvagedStore, "_async_write_data", write):
        yield disk


async def power_fails(
    hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock, disk: Disk
) -> None:
    """Let the power fail now, and Home Assistant start again; the lock sleeps."""
    copy = disk.save()
    await lock.sleep()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    disk.restore(copy)
    await setup(hass, entry)


async def test_what_is_received_is_written_before_its_age_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, disk: Disk
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    record = await disk.wait_for_record()
    assert (record["age"], record["delivered"]) == (None, False)


async def test_when_the_power_fails_then_it_is_delivered_late_and_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    id_ = (await disk.wait_for_record())["id"]
    # What is delivered in the life that ends here is undone with it.
    entry.runtime_data.records.close()
    await power_fails(hass, entry, simulated_lock, disk)
    assert automation.told == [Told(LATE_UNLOCK, "fingerprint", 3)]
    assert [record["id"] for record in disk.records] == [id_]
    await disk.wait_for_delivery()
    await power_fails(hass, entry, simulated_lock, disk)
    assert len(automation.told) == 1


async def test_what_was_delivered_is_written_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]
    await disk.wait_for_delivery()
    await power_fails(hass, entry, simulated_lock, disk)
    assert automation.told == [Told(UNLOCK, "fingerprint", 3)]


async def test_between_the_two_it_is_delivered_again_as_late_with_the_same_id(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await disk.wait_for_record()
    copy = disk.save()
    await reported(hass, simulated_lock)
    await simulated_lock.sleep()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    disk.restore(copy)
    await setup(hass, entry)
    assert automation.told == [
        Told(UNLOCK, "fingerprint", 3),
        Told(LATE_UNLOCK, "fingerprint", 3),
    ]
    assert len({one.attributes["record"] for one in automation.states}) == 1


async def test_an_opening_costs_few_writes(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, disk: Disk
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(1)
    await reported(hass, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    await pass_time(hass, 20)
    disk.writes = 0
    await wake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await disk.wait_for_record(2)
    assert disk.writes == 1
    await reported(hass, simulated_lock)
    await disk.wait_for_delivery()
    assert disk.writes == 2
    await simulated_lock.battery(55)
    await simulated_lock.battery(54)
    await fall_asleep(hass, entry, simulated_lock)
    await pass_time(hass, 20)
    assert disk.writes == 3


async def test_records_that_were_delivered_are_not_written_with_each_opening(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    hass_storage: dict[str, Any],
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    for number in range(25):
        await simulated_lock.finger(number)
    await reported(hass, simulated_lock)
    await hass.async_block_till_done()
    await simulated_lock.finger(25)
    await reported(hass, simulated_lock)
    await disk.wait_for_delivery()
    older = hass_storage[f"{DOMAIN}.{entry.entry_id}.records"]["data"]["records"]
    numbers = [one["event"]["number"] for one in (*older, *disk.records)]
    assert numbers == list(range(26))
    assert len(disk.records) < 5
    await power_fails(hass, entry, simulated_lock, disk)
    assert len(automation.told) == 26
    assert len(entry.runtime_data.lock.records(Kind.UNLOCK)) == 26


async def test_records_stay_in_the_first_file_while_the_second_cannot_be_written(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    automation: Automation,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    disk.is_full = True
    for number in range(25):
        await simulated_lock.finger(number)
    await reported(hass, simulated_lock)
    await hass.async_block_till_done()
    await simulated_lock.finger(25)
    await disk.wait_for_record(26)
    await reported(hass, simulated_lock)
    await disk.wait_for_delivery()
    await power_fails(hass, entry, simulated_lock, disk)
    assert len(automation.told) == len(entry.runtime_data.lock.records(Kind.UNLOCK)) == 26


@pytest.mark.parametrize("damage", [[], {"records": 1}, {"records": [{}]}])
async def test_older_records_that_cannot_be_read_are_kept_beside_and_the_last_are_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    disk: Disk,
    hass_storage: dict[str, Any],
    damage: Any,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await disk.wait_for_delivery()
    key = f"{DOMAIN}.{entry.entry_id}.records"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": damage}
    await power_fails(hass, entry, simulated_lock, disk)
    assert len(entry.runtime_data.lock.records(Kind.UNLOCK)) == 1
    registry = ir.async_get(hass)
    assert registry.async_get_issue(DOMAIN, f"store_damaged_{entry.entry_id}")
