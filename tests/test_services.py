"""The actions of a lock."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from tests.automations import add_member
from tests.common import LOCK, reported, set_up_awake
from tests.conftest import setup
from tests.simulator import SimulatedLock

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC).timestamp()


def record(
    id_: int,
    method: str,
    number: int | None,
    *,
    at: float | None = None,
    trusted: bool = True,
    code_name: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return a record as it is stored, one minute after the one before."""
    now = NOW + 60.0 * id_
    claimed = now if at is None else at
    return {
        "id": id_,
        "event": {"kind": "unlock", "method": method, "number": number, "code_name": code_name},
        "when": {"received": now + 1, "claimed": claimed, "time": claimed if trusted else None},
        "source": "lan",
        "age": "live",
        "delivered": True,
    } | changes


RECORDS = [
    record(1, "fingerprint", 3),
    record(2, "card", 2, source="cloud"),
    record(3, "fingerprint", 4, trusted=False),
    record(4, "fingerprint", 3, trusted=False, age="unknown"),
    record(5, "password", 1, at=NOW - 600, age="late"),
    record(6, "other", None, code_name="unlock_iris"),
]


@pytest.fixture
async def alice(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
) -> ConfigSubentry:
    """Alice, to whom finger 3 belongs; her lock has told six unlocks."""
    subentry = ConfigSubentry(
        data=MappingProxyType({"numbers": ["fingerprint:3"], "person": "person.alice"}),
        subentry_type="member",
        title="Alice",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{entry.entry_id}",
        "data": {
            "journal": {
                "next_id": 7,
                "watermarks": {},
                "records": {str(one["id"]): one for one in RECORDS},
            },
            "clean": True,
        },
    }
    await setup(hass, entry)
    return subentry


async def get_records(hass: HomeAssistant, **filters: Any) -> list[dict[str, Any]]:
    """Return what the action returns."""
    response: Any = await hass.services.async_call(
        DOMAIN,
        "get_records",
        {"entity_id": LOCK, **filters},
        blocking=True,
        return_response=True,
    )
    assert list(response) == [LOCK]
    assert list(response[LOCK]) == ["records"]
    records: list[dict[str, Any]] = response[LOCK]["records"]
    return records


def device_of(hass: HomeAssistant, entry: MockConfigEntry, identifier: str) -> str:
    """Return the id of a device."""
    return dr.async_get_device_id_by_identifier(
        hass, (DOMAIN, identifier), config_entry_id=entry.entry_id
    )


@pytest.mark.usefixtures("alice")
async def test_a_record_tells_all_that_is_known(hass: HomeAssistant) -> None:
    records = {one["record"]: one for one in await get_records(hass)}
    assert records[1] == {
        "record": 1,
        "time": "2026-11-21T00:01:00-08:00",
        "received": "2026-11-21T00:01:01-08:00",
        "age": "live",
        "method": "fingerprint",
        "number": 3,
        "code_name": None,
        "member": "Alice",
        "person": "person.alice",
        "password_name": None,
        "route": "lan",
    }
    assert records[2]["route"] == "cloud"
    assert records[2]["member"] is records[2]["person"] is None
    assert records[3]["time"] == records[3]["received"]
    assert records[4]["time"] is None
    assert records[4]["age"] == "unknown"
    assert records[5]["time"] == "2026-11-20T23:50:00-08:00"
    assert records[5]["age"] == "late"
    assert records[6]["code_name"] == "unlock_iris"


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [6, 4, 3, 2, 1, 5]),
        ({"limit": 2}, [6, 4]),
        ({"limit": 10**30}, [6, 4, 3, 2, 1, 5]),
        ({"method": "fingerprint"}, [4, 3, 1]),
        ({"method": ["card", "password"]}, [2, 5]),
        ({"method": "face"}, []),
        ({"method": []}, [6, 4, 3, 2, 1, 5]),
        ({"member": []}, [6, 4, 3, 2, 1, 5]),
        ({"since": "2026-11-21T08:03:01+00:00"}, [6, 4, 3]),
        ({"since": "2026-11-21T00:03:01"}, [6, 4, 3]),
        ({"until": "2026-11-21T09:01:00+01:00"}, [1, 5]),
        ({"since": "2026-11-21T08:01:00Z", "until": "2026-11-21T08:02:00Z"}, [2, 1]),
        ({"method": "fingerprint", "limit": 1}, [4]),
    ],
)
async def test_records_come_newest_first_and_can_be_chosen(
    hass: HomeAssistant, filters: dict[str, Any], found: list[int]
) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")
    assert [one["record"] for one in await get_records(hass, **filters)] == found


async def test_the_unlocks_of_a_member(
    hass: HomeAssistant, entry: MockConfigEntry, alice: ConfigSubentry
) -> None:
    device_id = device_of(hass, entry, alice.subentry_id)
    assert [one["record"] for one in await get_records(hass, member=device_id)] == [4, 1]
    assert [one["record"] for one in await get_records(hass, member=[device_id], limit=1)] == [4]
    assert await get_records(hass, member=[device_id], method="card") == []


@pytest.mark.usefixtures("alice")
async def test_who_is_no_member_has_no_unlocks(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    for device_id in ("nobody", device_of(hass, entry, simulated_lock.device_id)):
        with pytest.raises(ServiceValidationError) as error:
            await get_records(hass, member=device_id)
        assert error.value.translation_key == "not_a_member"


@pytest.mark.usefixtures("alice")
async def test_a_time_that_no_other_zone_has_is_refused(hass: HomeAssistant) -> None:
    for zone, filters in (
        ("America/Los_Angeles", {"until": "9999-12-31 23:59:59"}),
        ("Europe/Berlin", {"since": "0001-01-01 00:00:00"}),
    ):
        await hass.config.async_set_time_zone(zone)
        with pytest.raises(vol.Invalid):
            await get_records(hass, **filters)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("filters", [{"method": "magic"}, {"limit": 0}, {"since": "soon"}])
async def test_a_wrong_filter_is_refused(hass: HomeAssistant, filters: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await get_records(hass, **filters)


async def test_a_member_of_another_lock_has_opened_only_that_one(
    hass: HomeAssistant, entry: MockConfigEntry, alice: ConfigSubentry
) -> None:
    other_id = "bfsimulated0lock0009"
    data = {**entry.data, "host": None, "device_id": other_id}
    other = MockConfigEntry(domain=DOMAIN, title="Back door", unique_id=other_id, data=data)
    other.add_to_hass(hass)
    bob = add_member(hass, other, "Bob", "fingerprint:3")
    await setup(hass, other)
    members = [device_of(hass, entry, alice.subentry_id), device_of(hass, other, bob)]
    response: Any = await hass.services.async_call(
        DOMAIN,
        "get_records",
        {"entity_id": [LOCK, "lock.back_door"], "member": members},
        blocking=True,
        return_response=True,
    )
    assert [one["record"] for one in response[LOCK]["records"]] == [4, 1]
    assert response["lock.back_door"]["records"] == []
    assert await get_records(hass, member=members[1:]) == []
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_what_a_lock_has_just_told_is_there(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    assert await get_records(hass) == []
    for number in (3, 3, 4):
        await simulated_lock.finger(number)
    await reported(hass, simulated_lock)
    assert [one["number"] for one in await get_records(hass)] == [4, 3, 3]
    assert len({one["record"] for one in await get_records(hass)}) == 3
