"""The blueprints: each can be imported, takes its inputs, and does what it says."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
import time
from types import MappingProxyType, SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockUser,
    async_capture_events,
    mock_integration,
    mock_platform,
)
import voluptuous as vol

from custom_components.tuya_wifi_lock.const import CONF_NUMBERS, CONF_PERSON, DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import ALARMS
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    template,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
from tests.automations import add_member
from tests.common import LOCK, NAME, pass_time, reported, set_up_awake, state, until
from tests.guests import CODE, OTHER_CODE, add, fetch
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

ROOT = Path(__file__).parent.parent
BLUEPRINTS = ROOT / "custom_components" / DOMAIN / "blueprints"
FOLDER = BLUEPRINTS / "automation" / DOMAIN
FILES = sorted(FOLDER.glob("*.yaml"))
ADDRESS = "https://github.com/tuya-wifi-lock/tuya-wifi-lock/blob/main"
IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="

REQUESTED = f"binary_sensor.{NAME}_unlock_requested"
ALICE = "person.alice"
OVER = "The request is over. Nothing was done."
DONE = "done"
"""An event that stands for whatever else an owner wants to happen."""


class Phone:
    """A phone with the Home Assistant app: shows notifications, and its buttons are pressed."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Register it as the app does."""
        self._hass = hass
        self.user = MockUser(name=f"Owner of {name}").add_to_hass(hass)
        entry = MockConfigEntry(domain="mobile_app", title=name)
        entry.add_to_hass(hass)
        device = dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={("mobile_app", name)}, name=name
        )
        self.id = device.id
        self.told: list[dict[str, Any]] = []
        self.shown: dict[str, dict[str, Any]] = {}
        """Notifications with a tag, which later ones replace or take away."""

    @property
    def messages(self) -> list[str]:
        """What was told."""
        return [one["message"] for one in self.told if one["message"] != "clear_notification"]

    def show(self, notification: dict[str, Any]) -> None:
        """Show a notification."""
        self.told.append(notification)
        if tag := notification.get("data", {}).get("tag"):
            if notification["message"] == "clear_notification":
                self.shown.pop(tag, None)
            else:
                self.shown[tag] = notification

    def buttons(self) -> dict[str, str]:
        """Return the buttons of the last notification that has some: title and action."""
        (last,) = [one for one in self.told if "actions" in one.get("data", {})][-1:]
        return {button["title"]: button["action"] for button in last["data"]["actions"]}

    async def press(self, action: str) -> None:
        """Press a button, and give Home Assistant time for what that causes."""
        context = Context(user_id=self.user.id)
        self._hass.bus.async_fire(
            "mobile_app_notification_action", {"action": action}, context=context
        )
        # As long as a request is shown, Home Assistant is not done.
        await asyncio.sleep(0.1)


@pytest.fixture
def phones(hass: HomeAssistant) -> dict[str, Phone]:
    """Two phones, and the part of mobile_app that tells them something."""
    mock_integration(hass, MockModule("mobile_app"))
    phones = {name: Phone(hass, name) for name in ("mine", "yours")}

    async def call(
        hass: HomeAssistant,
        config: dict[str, Any],
        variables: dict[str, Any],
        context: Context | None,
    ) -> None:
        fields = {key: config[key] for key in ("message", "title", "data") if key in config}
        (phone,) = [phone for phone in phones.values() if phone.id == config["device_id"]]
        phone.show(template.render_complex(fields, variables))

    # As homeassistant/components/mobile_app/device_action.py has it.
    schema = cv.DEVICE_ACTION_BASE_SCHEMA.extend(
        {
            vol.Required("type"): "notify",
            vol.Required("message"): cv.template,
            vol.Optional("title"): cv.template,
            vol.Optional("data"): cv.template_complex,
        }
    )
    module = SimpleNamespace(ACTION_SCHEMA=schema, async_call_action_from_config=call)
    mock_platform(hass, "mobile_app.device_action", module)  # type: ignore[arg-type]

    def register(name: str, phone: Phone) -> None:
        async def notify(call: ServiceCall) -> None:
            phone.show(dict(call.data))

        hass.services.async_register("notify", f"mobile_app_{name}", notify)

    for name, one in phones.items():
        register(name, one)
    return phones


@pytest.fixture
def phone(phones: dict[str, Phone]) -> Phone:
    """The phone that is told."""
    return phones["mine"]


@pytest.fixture
def done(hass: HomeAssistant) -> list[Event[Any]]:
    """What was done beside telling the phone."""
    return async_capture_events(hass, DONE)


@pytest.fixture
def members(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Alice and Bob, of whom only Alice is tracked."""
    for name, numbers, person in (
        ("Alice", ["fingerprint:3"], {CONF_PERSON: ALICE}),
        ("Bob", ["card:2"], {}),
    ):
        data = MappingProxyType({CONF_NUMBERS: numbers, **person})
        subentry = ConfigSubentry(data=data, subentry_type="member", title=name, unique_id=None)
        hass.config_entries.async_add_subentry(entry, subentry)


type Use = Callable[..., Coroutine[Any, Any, None]]


@pytest.fixture
async def use(hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock) -> Use:
    """Make an automation from a blueprint, for a lock that is awake; members come before it."""
    await set_up_awake(hass, entry, simulated_lock)

    async def make(name: str, **inputs: Any) -> None:
        use_blueprint = {"path": f"{DOMAIN}/{name}.yaml", "input": inputs}
        config = {"id": name, "alias": name, "use_blueprint": use_blueprint}
        assert await async_setup_component(hass, "automation", {"automation": [config]})
        await hass.async_block_till_done()
        assert state(hass, f"automation.{name}").state == "on"

    return make


def fire(**data: str) -> list[dict[str, Any]]:
    """Return actions that tell a test that they ran."""
    return [{"event": DONE, "event_data": data}]


async def opens(hass: HomeAssistant, lock: SimulatedLock, *unlocks: tuple[str, int]) -> None:
    """Let people open the door, one after the other."""
    for method, number in unlocks:
        await lock.unlock(method, number)
        await reported(hass, lock)


def member_device(hass: HomeAssistant, name: str) -> str:
    """Return the id of the device of a member."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(device.id for device in devices if device.name == name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_can_be_imported(hass: HomeAssistant, file: Path) -> None:
    blueprint = Blueprint(
        yaml_util.load_yaml_dict(file),
        path=file.name,
        expected_domain="automation",
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    address = f"{ADDRESS}/{file.relative_to(ROOT)}"
    assert blueprint.metadata["source_url"] == address
    assert blueprint.metadata["homeassistant"] == {"min_version": "2026.10.0"}
    assert blueprint.metadata["description"]
    assert "author" not in blueprint.metadata
    for field in blueprint.inputs.values():
        assert field["name"]
        assert field["selector"]
    reference = (ROOT / "docs" / "reference.md").read_text()
    assert f"({IMPORT}{address.replace(':', '%3A').replace('/', '%2F')})" in reference


def test_there_are_eight() -> None:
    assert [file.stem for file in FILES] == [
        "alarms",
        "booking",
        "duress",
        "guest_arrived",
        "opened_while_away",
        "unknown_opened",
        "unlock_request",
        "welcome_home",
    ]


@pytest.fixture
async def welcome_home(hass: HomeAssistant, members: None, use: Use) -> None:
    """An automation that welcomes Alice."""
    welcome = fire(who="{{ member }}", person="{{ person }}", method="{{ method }}")
    await use("welcome_home", members=[member_device(hass, "Alice")], welcome=welcome)


async def test_each_arrival_of_the_member_is_greeted(
    hass: HomeAssistant, welcome_home: None, simulated_lock: SimulatedLock, done: list[Event[Any]]
) -> None:
    hass.states.async_set(ALICE, "not_home")
    await opens(hass, simulated_lock, ("fingerprint", 3), ("fingerprint", 3))
    alice = {"who": "Alice", "person": ALICE, "method": "fingerprint"}
    assert [event.data for event in done] == [alice, alice]


async def test_nobody_else_is_greeted(
    hass: HomeAssistant, welcome_home: None, simulated_lock: SimulatedLock, done: list[Event[Any]]
) -> None:
    await opens(hass, simulated_lock, ("card", 2), ("fingerprint", 4))
    assert done == []


async def test_who_is_at_home_is_not_greeted(
    hass: HomeAssistant, welcome_home: None, simulated_lock: SimulatedLock, done: list[Event[Any]]
) -> None:
    hass.states.async_set(ALICE, "home")
    await opens(hass, simulated_lock, ("fingerprint", 3))
    assert done == []


async def test_an_unknown_number_is_told_and_a_known_one_is_not(
    hass: HomeAssistant,
    members: None,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    done: list[Event[Any]],
) -> None:
    await use("unknown_opened", lock=LOCK, phone=phone.id, more=fire(what="{{ message }}"))
    strange = ("fingerprint", 7)
    known, guest = ("fingerprint", 3), ("temporary_password", 901)
    await opens(hass, simulated_lock, known, strange, strange, guest)
    message = "Wi-Fi lock 0001 was opened with fingerprint 7, which belongs to nobody."
    assert phone.messages == [message, message]
    assert [event.data for event in done] == [{"what": message}] * 2


@pytest.mark.parametrize(
    ("inputs", "guests"),
    [
        pytest.param({}, [901, 902], id="any"),
        pytest.param({"number": 902}, [902], id="by-number"),
        pytest.param({"password_name": "Cleaner"}, [], id="by-name"),
        pytest.param({"password_name": "Cleaner", "number": 901}, [901], id="by-either"),
    ],
)
async def test_a_guest_is_told(
    hass: HomeAssistant,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    inputs: dict[str, Any],
    guests: list[int],
) -> None:
    await use("guest_arrived", lock=LOCK, phone=phone.id, **inputs)
    first, second = (("temporary_password", number) for number in (901, 902))
    await opens(hass, simulated_lock, first, ("password", 2), second)
    assert phone.messages == [
        f"Wi-Fi lock 0001 was opened with guest code {number}." for number in guests
    ]


@pytest.mark.parametrize(
    ("inputs", "guests"),
    [
        pytest.param({}, ["Plumber", "Cleaner"], id="any"),
        pytest.param({"password_name": "Cleaner"}, ["Cleaner"], id="by-name"),
        pytest.param({"number": 902}, ["Plumber"], id="by-number"),
    ],
)
async def test_a_guest_is_known_by_the_name_of_the_password(
    hass: HomeAssistant,
    simulated_lock: SimulatedLock,
    cloud: SimulatedCloud,
    use: Use,
    phone: Phone,
    done: list[Event[Any]],
    inputs: dict[str, Any],
    guests: list[str],
) -> None:
    more = fire(who="{{ guest }}")
    await use("guest_arrived", lock=LOCK, phone=phone.id, more=more, **inputs)
    await add(hass, "Cleaner", code=CODE)
    await add(hass, "Plumber", code=OTHER_CODE)
    await fetch(cloud, simulated_lock)
    for digits in (OTHER_CODE, CODE):
        assert await simulated_lock.type_code(digits)
        await reported(hass, simulated_lock)
    await until(lambda: len(done) == len(guests))
    assert phone.messages == [f"Wi-Fi lock 0001 was opened with {guest}." for guest in guests]
    assert [event.data for event in done] == [{"who": guest} for guest in guests]


@pytest.mark.parametrize(
    ("persons", "inputs", "told"),
    [
        pytest.param(["not_home", "work"], {}, ["card 5"], id="all-away"),
        pytest.param(["not_home", "home"], {}, [], id="one-at-home"),
        pytest.param(["not_home", "unknown"], {}, [], id="one-not-known"),
        pytest.param([], {}, [], id="nobody-to-be-away"),
        pytest.param(
            ["not_home", "home"], {"persons": ["person.0"]}, ["card 5"], id="chosen-one-away"
        ),
        pytest.param(
            ["not_home"],
            {"members_too": True},
            ["fingerprint 3 (Alice)", "card 5"],
            id="members-too",
        ),
    ],
)
async def test_an_opening_while_everyone_is_away_is_told(
    hass: HomeAssistant,
    members: None,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    persons: list[str],
    inputs: dict[str, Any],
    told: list[str],
) -> None:
    for number, whereabouts in enumerate(persons):
        hass.states.async_set(f"person.{number}", whereabouts)
    await use("opened_while_away", lock=LOCK, phone=phone.id, **inputs)
    await opens(hass, simulated_lock, ("fingerprint", 3), ("card", 5))
    assert phone.messages == [
        f"Wi-Fi lock 0001 was opened while everyone is away: {means}." for means in told
    ]


@pytest.fixture
async def requested(
    hass: HomeAssistant, simulated_lock: SimulatedLock, use: Use, phone: Phone
) -> None:
    """Somebody asks to be let in, and the phone shows it."""
    await use("unlock_request", lock=LOCK, phones=[phone.id])
    await ask(hass, simulated_lock)
    await until(lambda: phone.told)


async def ask(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Ask at the door, and wait until that is shown."""
    await lock.request(60)
    await until(lambda: hass.states.is_state(REQUESTED, "on"))


async def stop_asking(hass: HomeAssistant, lock: SimulatedLock) -> None:
    """Let the countdown end."""
    await lock.end_request()
    await until(lambda: hass.states.is_state(REQUESTED, "off"))


async def test_a_request_is_shown_until_it_ends(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    assert phone.messages == ["Someone is at the door and asks to be let in."]
    assert list(phone.buttons()) == ["Approve", "Refuse"]
    assert len(phone.shown) == 1
    await stop_asking(hass, simulated_lock)
    await until(lambda: phone.shown == {})
    assert len(phone.messages) == 1


async def test_approve_opens_the_door(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    await phone.press(phone.buttons()["Approve"])
    await until(lambda: simulated_lock.openings == ["remote"])
    await until(lambda: phone.shown == {})
    assert len(phone.messages) == 1
    await until(lambda: state(hass, LOCK).attributes["changed_by"] == phone.user.name)


@pytest.mark.parametrize(("code", "opens"), [("2468", True), ("", False)])
async def test_approve_gives_the_code_that_is_asked_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    code: str,
    opens: bool,
) -> None:
    hass.config_entries.async_update_entry(entry, options={"code": "2468"})
    await use("unlock_request", lock=LOCK, phones=[phone.id], code=code)
    await ask(hass, simulated_lock)
    await until(lambda: phone.told)
    await phone.press(phone.buttons()["Approve"])
    if opens:
        await until(lambda: simulated_lock.openings == ["remote"])
    else:
        await until(lambda: len(phone.messages) == 2)
        assert simulated_lock.openings == []


async def test_a_failure_is_told(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    await simulated_lock.double_lock(on=True)
    await phone.press(phone.buttons()["Approve"])
    await until(lambda: len(phone.messages) == 2)
    assert phone.messages[1].startswith("The lock is double-locked from inside")
    assert simulated_lock.openings == []


@pytest.mark.parametrize("button", ["Approve", "Refuse"])
async def test_a_press_after_the_end_is_told_that_the_request_is_over(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone, button: str
) -> None:
    await stop_asking(hass, simulated_lock)
    await phone.press(phone.buttons()[button])
    await until(lambda: phone.messages[1:] == [OVER])
    assert simulated_lock.openings == []


async def test_several_phones_are_asked_until_one_has_answered(
    hass: HomeAssistant, simulated_lock: SimulatedLock, use: Use, phones: dict[str, Phone]
) -> None:
    mine, yours = phones["mine"], phones["yours"]
    await use("unlock_request", lock=LOCK, phones=[mine.id, yours.id])
    await ask(hass, simulated_lock)
    await until(lambda: mine.shown and yours.shown)
    await mine.press(mine.buttons()["Refuse"])
    await until(lambda: yours.shown == {})
    assert mine.shown, "the app itself takes away what was answered"
    assert state(hass, REQUESTED).state == "on"
    await yours.press(yours.buttons()["Approve"])
    await until(lambda: simulated_lock.openings == ["remote"])
    await until(lambda: mine.shown == {})
    assert mine.messages == yours.messages == ["Someone is at the door and asks to be let in."]


async def test_the_time_that_is_left_is_shown(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    until_ = dt_util.parse_datetime(state(hass, REQUESTED).attributes["until"])
    assert until_
    data = phone.told[0]["data"]
    assert data["chronometer"] is True
    assert abs(data["when"] - until_.timestamp()) <= 1
    assert 55 <= data["timeout"] <= 60
    assert data["subtitle"] == f"{data['timeout']} seconds left"
    assert "live_update" not in data, "a Live Activity has no buttons"


async def test_a_phone_that_is_gone_does_not_keep_the_others_from_being_asked(
    hass: HomeAssistant, simulated_lock: SimulatedLock, use: Use, phones: dict[str, Phone]
) -> None:
    await use("unlock_request", lock=LOCK, phones=[phones["mine"].id, phones["yours"].id])
    hass.services.async_remove("notify", "mobile_app_mine")
    dr.async_get(hass).async_remove_device(phones["mine"].id)
    await ask(hass, simulated_lock)
    await until(lambda: phones["yours"].shown)


async def test_an_old_button_does_not_answer_a_new_request(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    old = phone.buttons()["Approve"]
    await stop_asking(hass, simulated_lock)
    await ask(hass, simulated_lock)
    await until(lambda: len(phone.messages) == 2)
    assert phone.buttons()["Approve"] != old
    await phone.press(old)
    await until(lambda: phone.messages[2:] == [OVER])
    assert simulated_lock.openings == []
    await phone.press(phone.buttons()["Approve"])
    await until(lambda: simulated_lock.openings == ["remote"])


async def test_refuse_opens_nothing(
    hass: HomeAssistant, requested: None, simulated_lock: SimulatedLock, phone: Phone
) -> None:
    await phone.press(phone.buttons()["Refuse"])
    assert len(phone.messages) == 1
    assert simulated_lock.commands == []
    assert state(hass, REQUESTED).state == "on"


@pytest.mark.parametrize("word", ["", "REPLY", "a-b-c-d", "another phone", "another lock"])
async def test_other_buttons_are_left_alone(
    hass: HomeAssistant,
    requested: None,
    simulated_lock: SimulatedLock,
    phones: dict[str, Phone],
    phone: Phone,
    word: str,
) -> None:
    approve = phone.buttons()["Approve"]
    strange = {
        "another phone": approve.replace(phone.id, phones["yours"].id),
        "another lock": approve.replace(REQUESTED, "binary_sensor.another_request"),
    }
    await phone.press(strange.get(word, word))
    assert len(phone.messages) == 1
    assert simulated_lock.commands == []


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_refuse_presses_the_button_that_refuses(
    hass: HomeAssistant, simulated_lock: SimulatedLock, use: Use, phone: Phone
) -> None:
    button = f"button.{NAME}_refuse_request"
    await use("unlock_request", lock=LOCK, phones=[phone.id], refuse_button=button)
    await simulated_lock.push({"10": False})
    await simulated_lock.request(60)
    await until(lambda: phone.told and er.async_get(hass).async_get(button))
    await phone.press(phone.buttons()["Refuse"])
    await until(lambda: hass.states.is_state(REQUESTED, "off"))
    assert simulated_lock.commands == [{"10": False}]
    await until(lambda: phone.shown == {})
    assert len(phone.messages) == 1


@pytest.mark.parametrize(
    ("types", "told"),
    [
        pytest.param([], ["someone tampers with the lock", "the bolt is stuck"], id="any"),
        pytest.param(["tongue_bad", "shock"], ["the bolt is stuck"], id="chosen"),
    ],
)
async def test_an_alarm_is_told(
    hass: HomeAssistant,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    done: list[Event[Any]],
    types: list[str],
    told: list[str],
) -> None:
    await use("alarms", lock=LOCK, phone=phone.id, types=types, more=fire(what="{{ alarm }}"))
    for alarm in ("pry", "tongue_bad"):
        await simulated_lock.alarm(alarm)
        await reported(hass, simulated_lock)
    assert phone.messages == [f"Wi-Fi lock 0001: {words}." for words in told]
    assert [event.data["what"] for event in done] == ["pry", "tongue_bad"][-len(told) :]


def test_every_alarm_has_a_label_and_words() -> None:
    blueprint: Any = yaml_util.load_yaml_dict(FOLDER / "alarms.yaml")
    select = blueprint["blueprint"]["input"]["types"]["selector"]["select"]
    assert {option["value"] for option in select["options"]} == set(ALARMS)
    assert blueprint["variables"]["words"].keys() == set(ALARMS)


async def test_duress_is_told_to_the_phone_and_to_nobody_else(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
    phones: dict[str, Phone],
    done: list[Event[Any]],
) -> None:
    add_member(hass, entry, "Alice", "fingerprint:3", "fingerprint:4", duress=["fingerprint:4"])
    more = fire(what="{{ message }}")
    await use("duress", lock=LOCK, phone=phone.id, title="Call me", more=more)
    await opens(hass, simulated_lock, ("fingerprint", 3), ("fingerprint", 4))
    message = "Wi-Fi lock 0001 was opened under duress by Alice with fingerprint 4."
    assert phone.messages == [message]
    assert phone.told[0]["title"] == "Call me"
    assert [event.data for event in done] == [{"what": message}]
    assert phones["yours"].told == []
    await simulated_lock.push({"5": 2, "16": True})
    await reported(hass, simulated_lock)
    assert phone.messages[1:] == ["Wi-Fi lock 0001 was opened under duress with card 2."]


async def test_duress_that_is_told_later_says_when_it_was(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    use: Use,
    phone: Phone,
) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")
    add_member(hass, entry, "Alice", "card:2", duress=["card:2"])
    await use("duress", lock=LOCK, phone=phone.id)
    await simulated_lock.push({"16": True})
    await reported(hass, simulated_lock)
    await pass_time(hass, 2.1)
    assert phone.messages == ["Wi-Fi lock 0001 was opened under duress."]
    simulated_lock.knobs.record_times = True
    at = int(time.time()) - 1800
    await simulated_lock.sleep()
    await simulated_lock.store("card", 2, at=at)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    simulated_lock.knobs.record_times = False
    await simulated_lock.sleep()
    await simulated_lock.store("card", 2)
    await simulated_lock.store("card", 3)
    await simulated_lock.wake()
    await reported(hass, simulated_lock)
    when = dt_util.utc_from_timestamp(at).astimezone(ZoneInfo("America/Los_Angeles"))
    assert phone.messages[1:] == [
        f"Wi-Fi lock 0001 was opened under duress by Alice with card 2, {when:%Y-%m-%d %H:%M}.",
        "Wi-Fi lock 0001 was opened under duress by Alice with card 2, some time ago.",
    ]
