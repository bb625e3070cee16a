"""What the tests of the entities share."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnostics import async_get_config_entry_diagnostics
from custom_components.tuya_wifi_lock.tuyalock import Dp, Snapshot
from homeassistant.const import EVENT_STATE_CHANGED, Platform
from homeassistant.core import Event, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.conftest import setup, until, wait_for  # noqa: F401
from tests.simulator import SimulatedLock

NAME = "wi_fi_lock_0001"
LOCK = f"lock.{NAME}"
UNLOCK = f"event.{NAME}_last_opening"
LATE_UNLOCK = f"event.{NAME}_late_opening"
CALENDAR = f"calendar.{NAME}_guests"

FAMILIES = [pytest.param({"family": name}, id=name) for name in "ABD"]
HEARD = 1_790_000_000.0
"""A moment to have last heard of a lock and its opening, for snapshots."""


def state(hass: HomeAssistant, entity_id: str) -> State:
    """Return a state that is there."""
    found = hass.states.get(entity_id)
    assert found, f"no {entity_id} among {hass.states.async_entity_ids()}"
    return found


async def set_up_awake(
    hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock, **options: Any
) -> None:
    """Set up an entry, wake its lock and wait until both have talked."""
    hass.config_entries.async_update_entry(entry, options=options)
    await setup(hass, entry)
    await wake(hass, entry, lock)
    if lock.family == "D":
        # What it is, an access control shows by what it reports.
        await lock.door(False)
        await wait_for(hass, lambda: known(entry).family)


async def wake(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Wake a lock and wait until Home Assistant has talked with it."""
    if lock.awake:
        await lock.announce()
    else:
        await lock.wake()
    await wait_for(hass, lambda: is_awake(entry))


def known(entry: MockConfigEntry) -> Snapshot:
    """Return what is known of a lock, where no state shows it."""
    snapshot: Snapshot = entry.runtime_data.data
    return snapshot


def is_awake(entry: MockConfigEntry) -> bool:
    """Return if Home Assistant is connected to a lock."""
    return known(entry).awake


def set_health(entry: MockConfigEntry, **values: Any) -> None:
    """Let a lock be in another condition than its reports have shown."""
    for name, value in values.items():
        assert hasattr(entry.runtime_data.lock.health, name)
        setattr(entry.runtime_data.lock.health, name, value)


async def fall_asleep(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let a lock sleep, and wait until Home Assistant knows."""
    await lock.sleep()
    await wait_for(hass, lambda: not is_awake(entry))


async def learn(hass: HomeAssistant, entry: MockConfigEntry, table: dict[int, Dp]) -> None:
    """Let Home Assistant learn the DP table of a product, as a cloud project tells it."""
    entry.runtime_data.lock.learn(table)
    await hass.async_block_till_done()


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an entry afresh from what it has stored."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    await setup(hass, entry)


def listened_for(entry: MockConfigEntry, seconds: float) -> None:
    """Let a lock have been listened to for so much longer."""
    entry.runtime_data.listening_since -= seconds


async def pass_time(hass: HomeAssistant, seconds: float = 1.1) -> None:
    """Let every timer fire that is due by then; as it is, a burst of unlocks ends."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done()


async def kept(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dict[str, int]]:
    """Return what diagnostics count of the unlocks that are kept: by age, method, source, ..."""
    found: dict[str, dict[str, int]] = (await async_get_config_entry_diagnostics(hass, entry))[
        "records"
    ]
    return found


async def polled(hass: HomeAssistant) -> None:
    """Wait until a poll of Tuya's cloud is over."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def reported(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Wait until a lock has got rid of all that it has to tell, and a burst of unlocks is over."""
    await lock.wait_for(lambda: lock.clients and not lock.waiting)
    # What was sent last is still on its way through the loopback interface.
    await asyncio.sleep(0.01)
    await pass_time(hass)


@dataclass(frozen=True)
class Told:
    """One event as an automation hears it."""

    entity_id: str
    type: str
    number: int | None


class Automation:
    """Hears every unlock event of a lock, in order."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin to listen."""
        self._changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    @property
    def states(self) -> list[State]:
        """The new states of the event entities, without their birth and death."""
        return [
            new
            for change in self._changes
            if (new := change.data["new_state"])
            and new.domain == Platform.EVENT
            and self._is_news(change)
        ]

    @property
    def told(self) -> list[Told]:
        """What was told, in order."""
        return [
            Told(new.entity_id, new.attributes["event_type"], new.attributes["number"])
            for new in self.states
        ]

    @staticmethod
    def _is_news(change: Event[Any]) -> bool:
        """Return if a trigger would hear this change."""
        old, new = change.data["old_state"], change.data["new_state"]
        return bool(old) and "unavailable" not in {old.state, new.state} and old.state != new.state


async def check_snapshot(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    snapshot: SnapshotAssertion,
    entry: MockConfigEntry,
    lock: SimulatedLock,
    platform: Platform,
) -> None:
    """Compare the entities of a platform after a day at the door and a night of sleep."""
    await set_up_awake(hass, entry, lock)
    await live_a_day(hass, entry, lock)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    await lock.pull_battery()
    stored_state = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["state"]
    stored_state.update(last_heard=HEARD, opened_at=HEARD)
    await setup(hass, entry)
    snapshot = snapshot.use_extension(HomeAssistantSnapshotExtension)
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if entity.domain == platform:
            assert entity == snapshot(name=f"{entity.entity_id}-entry")
            shown = _without_times(state(hass, entity.entity_id))
            assert shown == snapshot(name=f"{entity.entity_id}-state")


def _without_times(shown: State) -> State:
    """Return the state of an event without the times that are different in every test."""
    if "time" not in shown.attributes:
        return shown
    return State(shown.entity_id, "a time", {**shown.attributes, "time": "a time"})


async def live_a_day(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let a lock report all it can."""
    coordinator = entry.runtime_data
    await lock.alarm("wrong_finger")
    await lock.doorbell()
    await reported(hass, lock)
    if lock.family != "D":
        await lock.push({"16": True})
    if lock.family == "A":
        await lock.push({"10": False})
    if lock.family != "D":
        await lock.request(60)
        await wait_for(hass, lambda: coordinator.data.requested)
        await lock.end_request()
        await lock.battery(15)
        await lock.double_lock(on=True)
        await lock.push({"11": "low"})
    await lock.door(open=True)
    await lock.finger(3)
    await wait_for(hass, lambda: coordinator.data.state.door_open)
    await pass_time(hass)
    await wait_for(hass, lambda: list(coordinator.lock.journal))
    await pass_time(hass, 2.1)  # Duress waits so long for an unlock of its own.
