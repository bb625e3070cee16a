"""No secret gets out in a day with every logger at debug level, and the search can find one."""

import asyncio
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
import json
import logging
import secrets
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.tuya_wifi_lock.const import CONF_GUEST_PHONES, DOMAIN, LOGGER
from custom_components.tuya_wifi_lock.guests import DAYS
from custom_components.tuya_wifi_lock.tuyalock import REGIONS, Project
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_dumps
from homeassistant.helpers.storage import Store
from tests.common import (
    CALENDAR,
    LOCK,
    UNLOCK,
    pass_time,
    polled,
    reported,
    restart,
    state,
    until,
    wake,
)
from tests.conftest import wait_for
from tests.flows import INTEGRATION, Flow, project
from tests.guest_page import begin, delete, send
from tests.guests import act, add, fetch, hours, listed
from tests.phones import add_phone
from tests.portal import Portal
from tests.secrets_search import CALLED, KEPT, OURS, Evidence, Search
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

LOCAL_KEY = "k3Y!of#the~Lock9"
OTHER_KEY = "n0t?the#right~K7"
CODE, OTHER_CODE, WRONG_CODE, REFUSED_CODE = "4082695", "9371604", "5820473", "91827364590"
PAGE_CODE = "6150483"
DEBUG_LOG = ("dialling", "handshake", "report", "command", "refused", "/door-lock/")
"""What the debug log of such a day speaks of; without it, there would be little to search."""
OPENINGS = 9
"""Two from afar, four by guests, one by a dynamic password, two by offline ones."""


@pytest.fixture
def evidence(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> Evidence:
    """All that can be read from outside."""
    return Evidence(hass, hass_storage, caplog)


@pytest.fixture
async def account(simulated_lock: SimulatedLock) -> AsyncGenerator[SimulatedCloud]:
    """An account with the simulated lock."""
    secret = secrets.token_hex(16)
    async with SimulatedCloud(access_secret=secret) as cloud:
        cloud.join(simulated_lock, name="Wi-Fi lock 0001")
        with ExitStack() as stack:
            stack.enter_context(patch.dict(REGIONS, {"eu": cloud.url}))
            for name, value in {
                "config_flow.DEFAULT_PORT": simulated_lock.port,
                "tuyalock.lan.session.IDLE": 60.0,
            }.items():
                stack.enter_context(patch(f"{INTEGRATION}.{name}", value))
            yield cloud


@contextmanager
def no_patience() -> Generator[None]:
    """Wait only a moment for what does not come, in this block."""
    with (
        patch(f"{INTEGRATION}.tuyalock.cloud.openapi.ANSWER_TIME", 0.4),
        patch(f"{INTEGRATION}.tuyalock.access.remote_unlock.OPEN_WITHIN", 0.5),
    ):
        yield


class Story:
    """What an owner does, and every secret that is used by it."""

    def __init__(self, hass: HomeAssistant, lock: SimulatedLock, evidence: Evidence) -> None:
        self.hass, self.lock, self.evidence = hass, lock, evidence
        self.secrets: defaultdict[str, set[str | bytes]] = defaultdict(set)
        self.secrets["local key"] |= {LOCAL_KEY, OTHER_KEY}
        self.project: Project | None = None

    def collect(self) -> None:
        """Note what the lock keeps secret at this moment, and what it was sent."""
        if self.lock.stored_key:
            self.secrets["remote key"].add(self.lock.stored_key.key)
        for client in self.lock._server.established:
            self.secrets["session key"].add(client.channel.key)
        for code in ("49", "50", "24", "26"):
            for command in (one[code] for one in self.lock.commands if code in one):
                self.secrets["command"] |= {command, b64decode(command)}

    def collect_from(self, cloud: SimulatedCloud) -> None:
        """Note what the cloud has given out, and what it was sent."""
        self.secrets["access secret"].add(cloud.access_secret)
        self.secrets["token"] |= set(cloud.tokens.secrets)
        self.secrets["ticket"] |= set(cloud.tickets.secrets)
        bodies = [call.body for call in cloud.calls if call.body]
        self.secrets["sealed digits"] |= {body["password"] for body in bodies if "password" in body}
        self.secrets["ticket"] |= {body["ticket_id"] for body in bodies if "ticket_id" in body}
        self.secrets["code"] |= {row.digits for row in cloud.rows(self.lock.device_id)}
        self.secrets["code"] |= {code.digits for code in self.lock.uplink.secret_codes.offline}

    async def makes(self, action: str, **data: Any) -> str:
        """Have a code made, and note it."""
        answer = await act(self.hass, action, **data)
        code = str(answer.pop("code"))
        self.secrets["code"].add(code)
        self.evidence.see(f"answer of {action}", json_dumps(answer))
        return code

    async def fails(self, doing: Awaitable[Any]) -> None:
        """Do something that cannot be done."""
        with pytest.raises(HomeAssistantError) as error:
            await doing
        self.evidence.caught(error.value)

    async def act_on_lock(self, action: str) -> None:
        """Call an action of Home Assistant's lock integration."""
        await self.hass.services.async_call("lock", action, {ATTR_ENTITY_ID: LOCK}, blocking=True)

    async def unlocks(self, entry: ConfigEntry) -> None:
        """Answer a request at the door."""
        await self.lock.request(60)
        await wait_for(self.hass, lambda: entry.runtime_data.data.requested)
        unlocking = asyncio.create_task(self.act_on_lock("unlock"))
        await until(lambda: entry.runtime_data.data.unlocking)
        self.evidence.look()
        await unlocking
        self.collect()
        await reported(self.hass, self.lock)

    async def types(self, code: str, event_type: str | None) -> None:
        """Somebody types a code at the door, and may be heard of."""
        self.secrets["code"].add(code)
        before = state(self.hass, UNLOCK).state
        assert await self.lock.type_code(code) is (event_type is not None)
        await reported(self.hass, self.lock)
        if event_type:
            await wait_for(self.hass, lambda: state(self.hass, UNLOCK).state != before)
            assert state(self.hass, UNLOCK).attributes["event_type"] == event_type

    async def writes(self) -> None:
        """Have Home Assistant write everything, as when it stops."""
        self.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await self.hass.async_block_till_done()

    def leaks(self, typed: set[str]) -> list[str]:
        """Return where a secret is that has no business there.

        Home Assistant notes what it is told to do, and keeps what its owner has set up.
        """
        everything = Search(self.secrets)
        kept = Search(
            {k: v for k, v in self.secrets.items() if k not in {"local key", "access secret"}}
        )
        called = Search({k: v - typed for k, v in self.secrets.items()})
        searches = {CALLED: called, f"storage {KEPT}": kept}
        return [
            f"{what} in {where}: {form}"
            for where, text in self.evidence.texts()
            for form, what in searches.get(where, everything).found(text).items()
        ]


async def set_up(story: Story, cloud: SimulatedCloud) -> ConfigEntry:
    """Add the lock by the account and a touch, after a mistake."""
    hass, wrong = story.hass, secrets.token_hex(16)
    story.secrets["access secret"].add(wrong)
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    await flow.send(project(cloud, access_secret=wrong))
    assert flow.errors == {"base": "cloud_wrong_secret"}
    story.evidence.see("form", repr(flow.result))
    await flow.send(project(cloud))
    story.evidence.see("form", repr(flow.result))
    await flow.send({"device_id": story.lock.device_id})
    story.evidence.look()
    await story.lock.wake()
    await flow.touched()
    story.evidence.see("form", repr(flow.result["data_schema"].schema))
    await flow.send({"unlock_with": "own_key"})
    await hass.async_block_till_done()
    entry: ConfigEntry = flow.result["result"]
    await wake(hass, entry, story.lock)
    return entry


async def use_cloud(story: Story, entry: ConfigEntry) -> None:
    """Have the cloud unlock from now on."""
    flow = await Flow.options(story.hass, entry)
    await flow.choose("behaviour")
    await flow.send({"unlock_with": "cloud", "unlock_wait": 1})
    await story.hass.async_block_till_done()
    await wake(story.hass, entry, story.lock)


async def have_guests(story: Story, cloud: SimulatedCloud) -> None:
    """Give codes to guests, who use them; change and delete them."""
    hass, lock, evidence = story.hass, story.lock, story.evidence
    cloud.latency = 0.05
    adding = asyncio.create_task(story.makes("add_temporary_password", name="Al", end=hours(1)))
    await until(lambda: any(call.path.endswith("temp-password") for call in cloud.calls))
    evidence.look()
    made = await adding
    cloud.latency = 0.0
    await add(hass, code=CODE)
    story.collect_from(cloud)
    await fetch(cloud, lock)
    await story.types(CODE, "temporary_password")
    assert state(hass, UNLOCK).attributes["password_name"] == "Cleaner"
    await story.types(WRONG_CODE, None)
    await story.types(made, "temporary_password")
    changed = await act(
        hass, "modify_temporary_password", which="Cleaner", code=OTHER_CODE, name="Bo"
    )
    evidence.see("answer", json_dumps(changed))
    story.collect_from(cloud)
    await fetch(cloud, lock)
    await story.types(OTHER_CODE, "temporary_password")
    await story.types(CODE, None)
    every_day = {"weekdays": list(DAYS), "from": "00:00", "to": "00:00"}
    random = await story.makes("modify_temporary_password", which="Bo", **every_day)
    story.collect_from(cloud)
    await fetch(cloud, lock)
    await story.types(random, "temporary_password")
    assert await listed(hass) == {"Al": "active", "Bo": "active"}
    evidence.see("answer", json_dumps(await act(hass, "get_temporary_passwords")))
    await act(hass, "delete_temporary_password", which="Bo")


async def use_page(story: Story, cloud: SimulatedCloud, entry: ConfigEntry) -> None:
    """Make, change and delete a code on the page of the lock, while the cloud fails at first."""
    hass, evidence = story.hass, story.evidence
    story.secrets["code"].add(PAGE_CODE)
    form = await begin(hass, entry)
    for fail in (lambda: cloud.fail(1004), lambda: cloud.drop("temp-password$")):
        fail()
        form = await send(hass, form, name="Eve", code=PAGE_CODE)
        evidence.see("form", repr([form, form["data_schema"].schema]))
        evidence.see("flow", repr(hass.config_entries.subentries.async_progress()))
        cloud.recover()
    for typed in ({"code": PAGE_CODE}, {}):
        result = await send(hass, form, name="Eve", **typed)
        story.secrets["code"].add(result["description_placeholders"].pop("code"))
        evidence.see("last page", repr(result))
        evidence.look()
        form = await begin(hass, entry, "Eve")
        evidence.see("form", repr([form, form["data_schema"].schema]))
    hass.config_entries.subentries.async_abort(form["flow_id"])
    story.collect_from(cloud)
    await delete(hass, entry, "Eve")
    await fetch(cloud, story.lock)


async def use_calendars(story: Story, cloud: SimulatedCloud, entry: ConfigEntry) -> None:
    """Make codes for events and for bookings; their digits go to a phone and to their maker."""
    hass, lock, phone = story.hass, story.lock, await add_phone(story.hass)
    options = {**entry.options, CONF_GUEST_PHONES: [phone.device]}
    hass.config_entries.async_update_entry(entry, options=options)
    event = {"summary": "Ida", "start_date_time": hours(1), "end_date_time": hours(2)}
    await hass.services.async_call(
        "calendar",
        "create_event",
        {ATTR_ENTITY_ID: CALENDAR, **event},
        blocking=True,
        context=Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id),
    )
    portal = Portal(hass, "bookings")
    portal.book("Jon")
    assert (await portal.sync())["made"] == ["Jon"]
    story.collect_from(cloud)
    digits = {row.name: row.digits for row in cloud.rows(lock.device_id)}
    assert digits["Ida"] in phone.messages[0]
    assert digits["Jon"] in phone.messages[1]
    story.evidence.look()
    portal.stays.clear()
    assert (await portal.sync())["deleted"] == ["Jon"]
    await act(hass, "delete_temporary_password", which="Ida")
    await fetch(cloud, lock)


async def use_codes_of_the_lock(story: Story) -> None:
    """Type codes that no lock was told of."""
    dynamic = await story.makes("get_dynamic_password")
    await story.types(dynamic, "dynamic_password")
    once = await story.makes("add_offline_password", kind="once", name="Courier")
    await story.types(once, "offline_password")
    end = hours(5)
    many = await story.makes("add_offline_password", kind="multiple", end=end)
    await story.types(many, "offline_password")
    clear = await story.makes("add_offline_password", kind="clear_all")
    await story.types(clear, None)
    await story.types(many, None)


async def be_refused(story: Story, cloud: SimulatedCloud) -> None:
    """Wish for what cannot be, of a lock and a cloud that work."""
    hass, calls = story.hass, len(cloud.calls)
    story.secrets["code"].add(REFUSED_CODE)
    await story.fails(add(hass, "Cy", code=REFUSED_CODE))
    await story.fails(add(hass, "Cy", code=CODE, end=hours(-1)))
    assert len(cloud.calls) == calls
    await story.fails(act(hass, "modify_temporary_password", which="Zoe", code=CODE))
    await story.fails(act(hass, "delete_temporary_password", which=CODE))
    with no_patience():
        # The cloud says yes, and nothing happens.
        await story.fails(story.act_on_lock("unlock"))
    cloud.dynamic_supported = False
    await story.fails(act(hass, "get_dynamic_password"))
    cloud.dynamic_supported = True


async def suffer(story: Story, cloud: SimulatedCloud) -> None:
    """Ask a cloud that fails in every way, and says more than it should."""
    story.collect_from(cloud)
    said = " ".join(str(one) for ones in story.secrets.values() for one in ones if one)
    one = cloud.tokens.secrets[-2]
    for fail in failures(cloud, said, one):
        for ask in (
            lambda: add(story.hass, "Di", code=CODE),
            lambda: act(story.hass, "get_dynamic_password"),
            lambda: act(story.hass, "add_offline_password", kind="once"),
            lambda: act(story.hass, "get_temporary_passwords"),
            lambda: story.act_on_lock("unlock"),
        ):
            fail()
            with no_patience():
                await story.fails(ask())
            cloud.recover()
        story.evidence.look()


def failures(cloud: SimulatedCloud, said: str, one: str) -> list[Callable[[], None]]:
    """Return what goes wrong with a cloud that tells all that it knows."""
    anything = "(?<!token)$"

    def answers(answer: object) -> Callable[[], None]:
        return lambda: cloud.garble(anything, times=None, text=json.dumps(answer))

    return [
        lambda: cloud.fail(1004, times=None, message=f"sign invalid {said}"),
        lambda: cloud.fail(1109, times=None, message=f"param is illegal {said}"),
        lambda: cloud.fail(77, anything, times=None, message=said),
        lambda: cloud.hang(anything, times=None),
        lambda: cloud.drop(anything, times=None),
        lambda: cloud.garble(anything, times=None, text=f"<html>{said}</html>"),
        lambda: cloud.babble(anything, f"HTTP/{one} 200\r\n{one}\r\n\r\n", times=None),
        lambda: cloud.babble(anything, f"HTTP/1.1 200 OK\r\n{one}\r\n\r\n", times=None),
        lambda: cloud.babble(anything, f"HTTP/1.1 200 OK\r\nContent-Length: {one}\r\n\r\n", None),
        answers({"success": False, "code": one, "msg": said}),
        answers({"success": True, "result": one}),
        answers({"success": True, "result": {one: one}}),
        answers([one]),
    ]


async def lose_the_key(story: Story, entry: ConfigEntry) -> None:
    """Find that the lock has another key, and find the old one right again."""
    story.lock.faults.wrong_local_key = OTHER_KEY
    await story.lock.reboot()
    await wait_for(story.hass, lambda: entry.runtime_data.data.key_refused)
    (flow,) = story.hass.config_entries.flow.async_progress()
    story.evidence.see("flow", repr(flow))
    story.hass.config_entries.flow.async_abort(flow["flow_id"])
    story.evidence.look()
    story.lock.faults.clear()
    await story.lock.reboot()
    await wake(story.hass, entry, story.lock)


@pytest.mark.parametrize(
    "simulated_lock",
    [
        pytest.param({"local_key": LOCAL_KEY, "version": "3.4"}, id="3.4", marks=pytest.mark.long),
        pytest.param({"local_key": LOCAL_KEY, "version": "3.5"}, id="3.5"),
    ],
    indirect=True,
)
async def test_a_day_with_the_cloud_tells_nobody_a_secret(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulated_lock: SimulatedLock,
    account: SimulatedCloud,
    evidence: Evidence,
) -> None:
    story = Story(hass, simulated_lock, evidence)
    simulated_lock.knobs.apply_delay = 0.05
    entry = await set_up(story, account)
    await story.unlocks(entry)
    await use_cloud(story, entry)
    account.latency = 0.05
    await story.unlocks(entry)
    account.latency = 0.0
    await have_guests(story, account)
    await use_page(story, account, entry)
    await use_calendars(story, account, entry)
    await use_codes_of_the_lock(story)
    await be_refused(story, account)
    story.collect()
    await suffer(story, account)
    await pass_time(hass, 601)
    await polled(hass)
    account.fail(1004, times=None)
    await pass_time(hass, 3601)
    await wait_for(hass, lambda: ir.async_get(hass).issues)
    evidence.look()
    await wake(hass, entry, simulated_lock)
    await simulated_lock.push({"119": CODE, "120": b64encode(CODE.encode()).decode()})
    await reported(hass, simulated_lock)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    heard = {row["dp"]: row["size"] for row in told["product"]["heard"]}
    assert heard[119] == len(CODE)
    assert {32, 49, 50, 119, 120} <= heard.keys()
    evidence.see("diagnostics", json_dumps(told))
    account.recover()
    await restart(hass, entry)
    await wake(hass, entry, simulated_lock)
    await lose_the_key(story, entry)
    story.collect()
    story.collect_from(account)
    evidence.look()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await story.writes()
    assert len(simulated_lock.openings) == OPENINGS
    assert {what: len(ones) >= 2 for what, ones in story.secrets.items()} == {
        "access secret": True,
        "code": True,
        "command": True,
        "local key": True,
        "remote key": True,
        "sealed digits": True,
        "session key": True,
        "ticket": True,
        "token": True,
    }
    lines = evidence.debug_lines()
    assert [word for word in DEBUG_LOG if not any(word in line for line in lines)] == []
    assert story.leaks(typed={CODE, OTHER_CODE, REFUSED_CODE}) == []


# The search itself


async def plant_line(story: Story) -> None:
    LOGGER.debug("The code is %s", CODE)


async def plant_debug_line(story: Story) -> None:
    logging.getLogger(f"{OURS}.tuyalock.any.module").debug("Sending %s", {"49": CODE})


async def plant_bytes(story: Story) -> None:
    sent = b64encode(b"\x01" + CODE.encode() + b"\x02")
    logging.getLogger("any.other.logger").debug("payload %r", sent)


async def plant_line_of_aiohttp(story: Story) -> None:
    logging.getLogger("aiohttp.client").debug("body: %s", CODE.encode().hex().upper())


async def plant_line_of_anybody(story: Story) -> None:
    logging.getLogger("any.new.logger").info(LOCAL_KEY)


async def plant_trace(story: Story) -> None:
    try:
        int(f"x{LOCAL_KEY}")
    except ValueError:
        LOGGER.exception("Something went wrong")


async def plant_state(story: Story) -> None:
    story.hass.states.async_set("sensor.any", "1", {"hint": f"use {CODE}!"})
    story.hass.states.async_set("sensor.any", "2")
    await story.hass.async_block_till_done()


async def plant_state_that_stays(story: Story) -> None:
    story.hass.states.async_set("sensor.any", CODE)


async def plant_event(story: Story) -> None:
    story.hass.bus.async_fire("any_event", {"key": LOCAL_KEY})


async def plant_storage(story: Story) -> None:
    await Store(story.hass, 1, f"{DOMAIN}.any").async_save({"kept": [{"code": CODE}]})


async def plant_issue(story: Story) -> None:
    ir.async_create_issue(
        story.hass,
        DOMAIN,
        "any",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="any",
        translation_placeholders={"code": CODE},
    )


async def plant_object(story: Story) -> None:
    story.secrets["kept"].add("any project of ours")
    story.project = Project("eu", "any project of ours", "")


async def plant_error(story: Story) -> None:
    error = HomeAssistantError("It went wrong")
    error.__cause__ = KeyError(CODE)
    story.evidence.caught(error)


async def plant_placeholder(story: Story) -> None:
    error = HomeAssistantError(
        translation_domain=DOMAIN, translation_key="any", translation_placeholders={"code": CODE}
    )
    story.evidence.caught(error)


async def plant_call(story: Story) -> None:
    story.hass.services.async_register(DOMAIN, "any", lambda call: None)
    await story.hass.services.async_call(DOMAIN, "any", {"code": CODE}, blocking=True)


@pytest.fixture
def story(hass: HomeAssistant, evidence: Evidence) -> Story:
    """A story in which nothing has happened, with a code and a key to look for."""
    story = Story(hass, SimulatedLock(), evidence)
    story.secrets["code"].add(CODE)
    return story


@pytest.mark.parametrize(
    ("plant", "where"),
    [
        (plant_line, f"log {OURS}"),
        (plant_debug_line, f"log {OURS}.tuyalock.any.module"),
        (plant_bytes, "log any.other.logger"),
        (plant_line_of_aiohttp, "log aiohttp.client"),
        (plant_line_of_anybody, "log any.new.logger"),
        (plant_trace, f"log {OURS}"),
        (plant_state, "event state_changed"),
        (plant_state_that_stays, "state"),
        (plant_event, "event any_event"),
        (plant_storage, f"storage {DOMAIN}.any"),
        (plant_issue, "issue"),
        (plant_object, "object Project"),
        (plant_error, "error"),
        (plant_placeholder, "error"),
        (plant_call, CALLED),
    ],
)
async def test_what_is_planted_is_found(
    story: Story, plant: Callable[[Story], Awaitable[None]], where: str
) -> None:
    story.evidence.look()
    assert story.leaks(typed=set()) == []
    await plant(story)
    story.evidence.look()
    assert any(f" in {where}:" in leak for leak in story.leaks(typed=set()))


async def test_only_what_was_typed_may_be_in_the_call_of_an_action(story: Story) -> None:
    await plant_call(story)
    assert story.leaks(typed={CODE}) == []
    assert story.leaks(typed={OTHER_CODE}) != []
    await plant_event(story)
    await plant_line(story)
    assert len(story.leaks(typed={CODE})) >= 2


def test_only_the_entry_may_keep_the_key_and_the_access_secret(
    hass: HomeAssistant, hass_storage: dict[str, Any], story: Story
) -> None:
    story.secrets["access secret"].add("any access secret")
    story.secrets["token"].add("any token")
    kept = {"local_key": LOCAL_KEY, "access_secret": "any access secret"}
    hass_storage[KEPT] = {"data": kept}
    assert story.leaks(typed=set()) == []
    hass_storage[KEPT] = {"data": kept | {"code": CODE, "token": "any token"}}
    assert len(story.leaks(typed=set())) == 2
    hass_storage[f"{DOMAIN}.any"] = {"data": kept}
    assert len(story.leaks(typed=set())) == 4


SECRETS = (CODE, LOCAL_KEY, bytes(range(0x80, 0x95)), b"k3y\0\xff", "AbCdEfGhIjKlMnOp")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(3))
def test_a_secret_is_found_in_every_form(secret: str | bytes, before: int, after: int) -> None:
    data = secret.encode() if isinstance(secret, str) else secret
    around = b"\xab" * before + data + b"\xcd" * after
    written = [
        repr(data),
        data.hex(),
        data.hex().upper(),
        b64encode(around).decode(),
        urlsafe_b64encode(around).decode(),
        json.dumps(secret if isinstance(secret, str) else secret.hex()),
    ]
    if isinstance(secret, str):
        written += [secret, secret.upper(), secret.lower(), f"({secret})", f"{secret}."]
    search = Search({"any": {secret}})
    assert [text for text in written if not search.found(f"x {text} y")] == []


@pytest.mark.parametrize(
    "text", ["140826957", "40826950", "1790000000.4082695", "408269 5", "4082-695", ""]
)
def test_a_part_of_another_number_is_no_code(text: str) -> None:
    assert Search({"code": {CODE}}).found(text) == {}


@pytest.mark.parametrize("text", [CODE, f"+{CODE}", f"code={CODE},", f"x{CODE}x", f"{CODE}\n"])
def test_a_code_is_found_whatever_is_around_it(text: str) -> None:
    assert Search({"code": {CODE}}).found(text) == {CODE: "code"}
