"""Members: added, changed and removed by their flow, while the lock stays connected."""

from collections.abc import Iterable
import re
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.tuya_wifi_lock.const import (
    CONF_DURESS,
    CONF_NUMBERS,
    CONF_PERSON,
    DOMAIN,
    SUBENTRY_MEMBER,
)
from custom_components.tuya_wifi_lock.flows.member import CONF_MEMBER, last_used
from custom_components.tuya_wifi_lock.members import read_number
from custom_components.tuya_wifi_lock.texts import async_load_texts
from custom_components.tuya_wifi_lock.tuyalock import Age, Kind
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
)
from homeassistant.const import CONF_HOST, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import LOCK, reported, set_up_awake, state, until
from tests.conftest import setup
from tests.simulator import SimulatedLock

ALICE = {CONF_NAME: "Alice", CONF_PERSON: "person.alice", CONF_NUMBERS: ["fingerprint:3"]}
pytestmark = pytest.mark.usefixtures("all_enabled")

ALICE_UNLOCK = "event.alice_opening"
ALICE_LAST = "sensor.alice_last_opening"


def add(hass: HomeAssistant, entry: MockConfigEntry, name: str, *numbers: str, **more: Any) -> str:
    """Give a lock a member without its flow."""
    data = {CONF_NUMBERS: list(numbers), CONF_DURESS: [], **more}
    subentry = ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_MEMBER, title=name, unique_id=None
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry.subentry_id


async def begin(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str | None = None
) -> dict[str, Any]:
    """Open the form of a new member, or of one to change."""
    context = {"source": SOURCE_USER}
    if subentry_id:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_MEMBER), context=context
    )


async def answer(hass: HomeAssistant, form: dict[str, Any], typed: dict[str, Any]) -> Any:
    """Send a form."""
    assert form["type"] is FlowResultType.FORM
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], typed)
    await hass.async_block_till_done()
    return result


def stored(entry: MockConfigEntry) -> dict[str, dict[str, Any]]:
    """Return the members of a lock as they are stored."""
    return {one.title: dict(one.data) for one in entry.subentries.values()}


def offered(form: dict[str, Any], field: str = CONF_NUMBERS) -> list[dict[str, str]]:
    """Return the options of a select field."""
    return form["data_schema"].schema[field].config["options"]


def values(options: Iterable[dict[str, str]]) -> list[str]:
    """Return the values of options."""
    return [option["value"] for option in options]


def suggested(form: dict[str, Any]) -> dict[str, Any]:
    """Return the values that a form begins with."""
    return {
        str(field): field.description["suggested_value"]
        for field in form["data_schema"].schema
        if field.description
    }


def device_of(hass: HomeAssistant, entry: MockConfigEntry, id_: str) -> dr.DeviceEntry | None:
    """Return the device of a member."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next((one for one in devices if (DOMAIN, id_) in one.identifiers), None)


# Add, change, remove: the lock stays connected


async def test_a_new_member_is_there_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    coordinator = entry.runtime_data
    form = await begin(hass, entry)
    assert (form["step_id"], form["errors"]) == ("user", None)
    result = await answer(hass, form, {**ALICE, CONF_DURESS: ["fingerprint:4"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    ((id_, subentry),) = entry.subentries.items()
    assert (subentry.title, subentry.unique_id) == ("Alice", None)
    assert dict(subentry.data) == {
        CONF_PERSON: "person.alice",
        CONF_NUMBERS: ["fingerprint:3", "fingerprint:4"],
        CONF_DURESS: ["fingerprint:4"],
    }
    device = device_of(hass, entry, id_)
    assert device
    assert (device.name, device.model) == ("Alice", f"Member at {entry.title}")
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {one.entity_id for one in entities} == {ALICE_UNLOCK, ALICE_LAST}
    assert {one.unique_id for one in entities} == {f"{id_}_opening", f"{id_}_last_opening"}
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert state(hass, ALICE_UNLOCK).attributes["member"] == "Alice"
    assert state(hass, ALICE_UNLOCK).attributes["person"] == "person.alice"
    assert dt_util.parse_datetime(state(hass, ALICE_LAST).state)
    assert entry.runtime_data is coordinator
    assert (simulated_lock.connections, simulated_lock.clients) == (1, 1)


async def test_a_new_member_has_the_time_of_what_opened_the_door_before(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    await simulated_lock.finger(4)
    await reported(hass, simulated_lock)
    first = entry.runtime_data.lock.records(Kind.UNLOCK)[0]
    await answer(hass, await begin(hass, entry), ALICE)
    shown = dt_util.parse_datetime(state(hass, ALICE_LAST).state, raise_on_error=True)
    assert shown.timestamp() == int(first.happened)
    assert state(hass, ALICE_UNLOCK).state == "unknown"


async def test_a_changed_member_keeps_its_entities_and_hears_of_its_new_numbers(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    id_ = add(hass, entry, "Alice", "fingerprint:3", person="person.alice")
    await set_up_awake(hass, entry, simulated_lock)
    form = await begin(hass, entry, id_)
    assert form["step_id"] == "reconfigure"
    assert suggested(form) == {**ALICE, CONF_DURESS: []}
    result = await answer(hass, form, {CONF_NAME: " Alice B. ", CONF_NUMBERS: ["card:2"]})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert stored(entry) == {"Alice B.": {CONF_NUMBERS: ["card:2"], CONF_DURESS: []}}
    device = device_of(hass, entry, id_)
    assert device
    assert device.name == "Alice B."
    assert state(hass, ALICE_UNLOCK).name == "Alice B. Opening"
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    assert state(hass, ALICE_UNLOCK).state == "unknown"
    await simulated_lock.card(2)
    await reported(hass, simulated_lock)
    assert state(hass, ALICE_UNLOCK).attributes["member"] == "Alice B."
    assert simulated_lock.connections == 1


async def test_a_renamed_member_keeps_the_new_name_when_an_entity_gets_another_id(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    id_ = add(hass, entry, "Alice", "fingerprint:3")
    await setup(hass, entry)
    hass.config_entries.async_update_subentry(entry, entry.subentries[id_], title="Alice B.")
    await hass.async_block_till_done()
    er.async_get(hass).async_update_entity(ALICE_UNLOCK, new_entity_id="event.alice_b_opening")
    await hass.async_block_till_done()
    assert state(hass, "event.alice_b_opening").name == "Alice B. Opening"
    device = device_of(hass, entry, id_)
    assert device
    assert device.name == "Alice B."


async def test_a_removed_member_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    alice = add(hass, entry, "Alice", "fingerprint:3")
    bob = add(hass, entry, "Bob", "fingerprint:4")
    await set_up_awake(hass, entry, simulated_lock)
    assert state(hass, ALICE_UNLOCK)
    hass.config_entries.async_remove_subentry(entry, alice)
    await hass.async_block_till_done()
    assert hass.states.get(ALICE_UNLOCK) is None
    assert hass.states.get(ALICE_LAST) is None
    assert device_of(hass, entry, alice) is None
    assert device_of(hass, entry, bob)
    await simulated_lock.burst(("fingerprint", 3), ("fingerprint", 4))
    await reported(hass, simulated_lock)
    assert state(hass, "event.bob_opening").attributes["number"] == 4
    assert simulated_lock.connections == 1
    add(hass, entry, "Alice", "fingerprint:3")
    await hass.async_block_till_done()
    assert state(hass, ALICE_UNLOCK).state == "unknown"


async def test_a_member_is_added_while_the_lock_has_not_yet_proved_its_new_address(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: "127.0.0.7"})
    await setup(hass, entry)
    coordinator = entry.runtime_data
    call = hass.services.async_call("lock", "unlock", {"entity_id": LOCK}, blocking=True)
    unlocking = hass.async_create_task(call)
    await until(lambda: state(hass, LOCK).state == "unlocking")
    simulated_lock.faults.slot_taken = True
    await simulated_lock.wake()
    await until(lambda: simulated_lock.connections)
    add(hass, entry, "Alice", "fingerprint:3")
    await until(lambda: hass.states.get(ALICE_UNLOCK))
    assert entry.runtime_data is coordinator
    assert entry.data[CONF_HOST] == "127.0.0.7"
    simulated_lock.faults.slot_taken = False
    await simulated_lock.request(60)
    await unlocking
    assert simulated_lock.openings == ["remote"]
    assert entry.data[CONF_HOST] == "127.0.0.1"
    assert entry.runtime_data is coordinator


# What is typed


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("fingerprint:3", "fingerprint:3"),
        (" Fingerprint:3 ", "fingerprint:3"),
        ("fingerprint 3", "fingerprint:3"),
        ("FINGERPRINT #03", "fingerprint:3"),
        ("card14", "card:14"),
        ("Finger vein: 2", "finger_vein:2"),
        ("finger_vein:2", "finger_vein:2"),
        ("face:0", "face:0"),
        ("fingerprint", None),
        ("3", None),
        ("", None),
        ("fingerprint:-3", None),
        ("finger 9", "fingerprint:9"),
        ("Finger 9", "fingerprint:9"),
        ("code 2", "password:2"),
        ("PIN 2", "password:2"),
        ("Passcode #2", "password:2"),
        ("vein 4", "finger_vein:4"),
        ("fingerprint:3a", None),
        ("fingerprint:\u0663", None),
        ("temporary_password:901", None),
        ("key:1", None),
        ("inside:1", None),
    ],
)
async def test_a_number_is_read_as_people_write_it(
    hass: HomeAssistant, typed: str, number: str | None
) -> None:
    await async_load_texts(hass)
    assert read_number(hass, typed) == number


async def test_typed_numbers_are_stored_in_one_form_and_once(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await begin(hass, entry)
    typed = ["Fingerprint 3", "fingerprint:3", "card:2"]
    result = await answer(hass, form, {CONF_NAME: "Alice", CONF_NUMBERS: typed})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.NOT_LOADED
    numbers = ["card:2", "fingerprint:3"]
    assert stored(entry) == {"Alice": {CONF_NUMBERS: numbers, CONF_DURESS: []}}


@pytest.mark.parametrize(
    ("typed", "errors", "placeholders"),
    [
        ({CONF_NAME: " "}, {CONF_NAME: "empty_name"}, {}),
        ({CONF_NAME: "bOB "}, {CONF_NAME: "name_taken"}, {}),
        (
            {CONF_NUMBERS: ["card:2", "thumb"]},
            {CONF_NUMBERS: "invalid_number"},
            {"number": "thumb"},
        ),
        ({CONF_DURESS: ["3"]}, {CONF_DURESS: "invalid_number"}, {"number": "3"}),
        (
            {CONF_NUMBERS: ["Fingerprint 4"]},
            {CONF_NUMBERS: "number_taken"},
            {"number": "Fingerprint 4", "member": "Bob"},
        ),
        (
            {CONF_DURESS: ["fingerprint:4"]},
            {CONF_DURESS: "number_taken"},
            {"number": "Fingerprint 4", "member": "Bob"},
        ),
    ],
)
@pytest.mark.parametrize("changed", [False, True])
async def test_mistakes_are_told_and_can_be_corrected(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    changed: bool,
    typed: dict[str, Any],
    errors: dict[str, str],
    placeholders: dict[str, str],
) -> None:
    add(hass, entry, "Bob", "fingerprint:4")
    form = await begin(hass, entry, add(hass, entry, "Alice", "card:2") if changed else None)
    wrong = await answer(hass, form, {CONF_NAME: "Alice", **typed})
    assert wrong["errors"] == errors
    assert wrong["description_placeholders"] == {"lock": entry.title, **placeholders}
    assert suggested(wrong) == {CONF_NAME: "Alice", **typed}
    await answer(hass, wrong, ALICE)
    assert stored(entry)["Alice"][CONF_NUMBERS] == ["fingerprint:3"]


# What is offered


async def test_numbers_that_opened_and_belong_to_nobody_come_first(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    add(hass, entry, "Bob", "fingerprint:4")
    alice = add(hass, entry, "Alice", "card:2", "face:1")
    await set_up_awake(hass, entry, simulated_lock)
    for method, number in (
        ("fingerprint", 3),
        ("fingerprint", 4),
        ("card", 2),
        ("temporary_password", 901),
        ("app", 1),
        ("password", 1),
        ("inside", 1),
    ):
        await simulated_lock.unlock(method, number)
        await reported(hass, simulated_lock)
    # Fingerprints 3, 4, 9, 11 and card 2 exist.
    await simulated_lock.push({"25": "ARgCCg==", "27": "AQQ="})
    await reported(hass, simulated_lock)
    strange = ["password:1", "fingerprint:3"]
    unused = ["fingerprint:9", "fingerprint:11"]
    form = await begin(hass, entry)
    assert values(offered(form)) == strange + unused
    assert offered(form) == offered(form, CONF_DURESS)
    last = offered(form)[1]["label"]
    assert last.startswith("Fingerprint 3, last used")
    assert offered(form)[2]["label"] == "Fingerprint 9"
    form = await begin(hass, entry, alice)
    assert values(offered(form)) == [*strange, *unused, "card:2", "face:1"]
    assert offered(form)[4]["label"].startswith("Card 2, last used")
    assert offered(form)[5]["label"] == "Face 1"


@pytest.mark.parametrize(
    ("at", "age", "hours", "label"),
    [
        ("2026-11-20 08:12", Age.LIVE, "%H:%M", "today at 08:12"),
        ("2026-11-19 23:59", Age.LATE, "%-I:%M %p", "yesterday at 11:59 PM"),
        ("2026-11-18 08:12", Age.LATE, "%-I:%M %p", "2026-11-18 at 8:12 AM"),
        ("2026-11-20 08:12", Age.UNKNOWN, "%H:%M", "before today at 08:12"),
    ],
)
async def test_the_last_use_is_told_in_local_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, at: str, age: Age, hours: str, label: str
) -> None:
    zone = dt_util.get_default_time_zone()
    local = dt_util.parse_datetime(at)
    assert local
    happened = local.replace(tzinfo=zone).timestamp()
    now = dt_util.parse_datetime("2026-11-20 23:00")
    assert now
    freezer.move_to(now.replace(tzinfo=zone))
    await async_load_texts(hass)
    assert last_used(hass, happened, age, hours) == label


@pytest.mark.parametrize(
    ("language", "profile", "time"),
    [
        ("en", None, r"\d{1,2}:\d\d [AP]M"),
        ("de", None, r"\d\d:\d\d"),
        ("en-GB", {}, r"\d\d:\d\d"),
        ("en", {"time_format": "24"}, r"\d\d:\d\d"),
        ("de", {"time_format": "12"}, r"\d{1,2}:\d\d [AP]M"),
        ("de", {"time_format": "language", "language": "en"}, r"\d{1,2}:\d\d [AP]M"),
    ],
)
async def test_the_last_use_is_told_as_the_owner_reads_times(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_owner_user: MockUser,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    language: str,
    profile: dict[str, Any] | None,
    time: str,
) -> None:
    hass.config.language = language
    if profile is not None:
        key = f"frontend.user_data_{hass_owner_user.id}"
        hass_storage[key] = {"version": 1, "key": key, "data": {"language": profile}}
    await set_up_awake(hass, entry, simulated_lock)
    await simulated_lock.finger(3)
    await reported(hass, simulated_lock)
    form = await begin(hass, entry)
    (shown,) = [one["label"] for one in offered(form)]
    used = {"de": "Fingerabdruck 3, zuletzt benutzt (heute|gestern) um"}.get(
        language, "Fingerprint 3, last used (today|yesterday) at"
    )
    assert re.fullmatch(f"{used} {time}", shown)


# Members of other locks


@pytest.fixture
def back_door(hass: HomeAssistant) -> MockConfigEntry:
    """Another lock with members of its own."""
    entry = MockConfigEntry(domain=DOMAIN, title="Back door")
    entry.add_to_hass(hass)
    add(hass, entry, "Alice", "fingerprint:7", person="person.alice")
    add(hass, entry, "Carol", "fingerprint:8")
    return entry


async def test_a_member_of_another_lock_is_taken_over_without_its_numbers(
    hass: HomeAssistant, entry: MockConfigEntry, back_door: MockConfigEntry
) -> None:
    form = await begin(hass, entry)
    assert form["step_id"] == "found"
    options = {one["label"]: one["value"] for one in offered(form, CONF_MEMBER)}
    assert set(options) == {"Alice", "Carol"}
    form = await answer(hass, form, {CONF_MEMBER: options["Alice"]})
    assert form["step_id"] == "user"
    assert suggested(form) == {CONF_NAME: "Alice", CONF_PERSON: "person.alice"}
    await answer(hass, form, ALICE)
    assert stored(entry) == {
        "Alice": {
            CONF_PERSON: "person.alice",
            CONF_NUMBERS: ["fingerprint:3"],
            CONF_DURESS: [],
        }
    }
    form = await begin(hass, entry)
    assert [one["label"] for one in offered(form, CONF_MEMBER)] == ["Carol"]


async def test_somebody_new_is_added_beside_those_of_other_locks(
    hass: HomeAssistant, entry: MockConfigEntry, back_door: MockConfigEntry
) -> None:
    form = await answer(hass, await begin(hass, entry), {})
    assert (form["step_id"], suggested(form)) == ("user", {})
    await answer(hass, form, {CONF_NAME: "Dave"})
    assert stored(entry) == {"Dave": {CONF_NUMBERS: [], CONF_DURESS: []}}


async def test_who_is_a_member_here_is_not_offered_again(
    hass: HomeAssistant, entry: MockConfigEntry, back_door: MockConfigEntry
) -> None:
    add(hass, entry, "Mum", person="person.alice")
    add(hass, entry, "carol")
    assert (await begin(hass, entry))["step_id"] == "user"
