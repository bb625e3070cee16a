"""What the Activity page says of an unlock."""

from types import MappingProxyType

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.tuya_wifi_lock.dispatcher import Delivery
from custom_components.tuya_wifi_lock.lock import async_log_unlock
from custom_components.tuya_wifi_lock.tuyalock import Age, Record, Source, Unlock
from custom_components.tuya_wifi_lock.tuyalock.models import When
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_LOGBOOK_ENTRY
from homeassistant.core import Context, HomeAssistant
from tests.common import LOCK, UNLOCK, reported, set_up_awake, state
from tests.guests import CODE, add, fetch
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

NOW = 1_790_000_000.0


async def test_it_says_who_unlocked_which_door_and_how(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    alice = ConfigSubentry(
        data=MappingProxyType({"numbers": ["fingerprint:3"]}),
        subentry_type="member",
        title="Alice",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, alice)
    await set_up_awake(hass, entry, simulated_lock)
    entries = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    (told,) = entries
    assert told.data == {
        "name": "Wi-Fi lock 0001",
        "message": "was unlocked by Alice with fingerprint 3",
        "entity_id": LOCK,
    }
    assert told.context.id == state(hass, UNLOCK).context.id
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    assert entries[1].data["message"] == "was unlocked by someone with fingerprint 4"


async def test_it_follows_when_another_language_is_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await hass.config.async_update(language="pl")
    await hass.async_block_till_done()
    entries = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    (told,) = entries
    assert told.data["message"] == "odblokowano: ktoś, odciskiem palca 3"


async def test_it_names_the_guest(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await add(hass, "Cleaner", code=CODE)
    await fetch(cloud, simulated_lock)
    entries = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    assert await simulated_lock.type_code(CODE)
    await reported(hass, simulated_lock)
    (told,) = entries
    assert told.data["message"] == "was unlocked by Cleaner with a guest code"


@pytest.mark.parametrize(
    ("method", "number", "guest", "age", "time", "says"),
    [
        ("card", 2, None, Age.LIVE, NOW, "Door was unlocked by someone with card 2"),
        ("key", None, None, Age.LIVE, None, "Door was unlocked by someone with key"),
        ("temporary_password", 901, None, Age.LIVE, NOW, "by someone with guest code 901"),
        ("inside", None, None, Age.LIVE, NOW, "Door was unlocked by someone from inside"),
        ("remote", None, None, Age.LIVE, NOW, "Door was unlocked by Home Assistant remotely"),
        ("remote", 5, None, Age.LIVE, NOW, "Door was unlocked by someone remotely"),
        ("face", 1, None, Age.UNKNOWN, None, "by someone with face 1, some time ago"),
        ("face", 1, None, Age.LATE, NOW, "by someone with face 1 on 2026-09-21 at 07:13"),
        (
            "temporary_password",
            901,
            "Cleaner",
            Age.LIVE,
            NOW,
            "Door was unlocked by Cleaner with a guest code",
        ),
        (
            "temporary_password",
            901,
            "Cleaner",
            Age.LATE,
            NOW,
            "by Cleaner with a guest code on 2026-09-21 at 07:13",
        ),
    ],
)
async def test_it_says_how_and_when(
    hass: HomeAssistant,
    method: str,
    number: int | None,
    guest: str | None,
    age: Age,
    time: float | None,
    says: str,
) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")
    entries = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    record = Record(
        id=1,
        event=Unlock(method, number),
        when=When(NOW, time, time),
        source=Source.LAN,
        age=age,
    )
    delivery = Delivery(record, password_name=guest, context=Context())
    async_log_unlock(hass, LOCK, "Door", delivery)
    await hass.async_block_till_done()
    (told,) = entries
    assert f"{told.data['name']} {told.data['message']}".endswith(says)
