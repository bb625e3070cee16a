"""Home Assistant as the tour uses it: the process, its user, and what it shows of the lock."""

import asyncio
from collections.abc import Callable, Mapping
import secrets
import time
from typing import Any

from .automations import Automations
from .calendars import Calendar, Phone
from .client import Client, Json
from .conditions import PAUSE, Unmet, expect, until
from .flows import FLOWS, OPTIONS, SUBENTRIES, Answers, Flow, Touch
from .process import DOMAIN, HomeAssistantProcess
from .seen import Seen

READY_WITHIN = 120.0
"""Seconds until a Home Assistant on a slow machine has started; a fast one takes six."""
RESTART_WANTED = 100
"""Exit status with which Home Assistant asks to be started again."""
USERNAME = "demo"
TUYA, USER_CODE = "tuya", "demo"
"""The domain of Home Assistant's Tuya integration, and what the app shows for it."""


class Home:
    """One Home Assistant with one user, and one lock once it is added."""

    def __init__(
        self, say: Callable[[str], None], cloud_url: str, environment: Mapping[str, str]
    ) -> None:
        """Prepare a config folder; start() begins. Tuya's cloud is at this address."""
        self.process = HomeAssistantProcess(cloud_url, environment)
        self.client = Client(self.process.url)
        self.password = secrets.token_urlsafe(9)
        self.automations = Automations(self.client)
        self.phone = Phone(self.client)
        self.seen = Seen(say)
        self.version = ""
        self.entry_id = ""
        self._device_id = ""
        self._account_id = ""

    async def start(self) -> None:
        """Start for the first time, and log in."""
        await self._launch()
        await self.client.onboard(USERNAME, self.password)
        await self._enter()
        await self.client.keep_login()

    async def attend(self) -> None:
        """Start Home Assistant again when somebody restarts it; return when it ends."""
        while await self.process.end() == RESTART_WANTED:
            await self.client.hang_up()
            await self.start_again()

    async def stop(self) -> None:
        """End Home Assistant in good order; start_again() brings it back."""
        await self.client.hang_up()
        await self.process.stop()

    async def start_again(self) -> None:
        """Start once more with the same config folder and user."""
        await self._launch()
        await self._enter()
        self.seen.forget()
        self.automations.watched = False
        if self.phone.device:
            await self.phone.connect()
        await self.seen.watch(self.client, self._device_id)

    async def discard(self, *, keep: bool) -> None:
        """End everything, and remove the config folder."""
        try:
            await self.client.close()
        finally:
            await self.process.discard(keep=keep)

    async def _launch(self) -> None:
        await self.process.start()
        await self._ready(self.client.answers, "answer")

    async def _enter(self) -> None:
        await self.client.open()
        await self._ready(self._running, "finish its start")
        self.version = (await self.client.command("get_config"))["version"]

    async def _running(self) -> bool:
        state: str = (await self.client.command("get_config"))["state"]
        return state == "RUNNING"

    async def _ready(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + READY_WITHIN
        while not await condition():
            expect(self.process.ended is None, f"Home Assistant ended: {self.process.ended}")
            if time.monotonic() > end:
                raise Unmet(f"Home Assistant did not {what} in {READY_WITHIN:g} s")
            await asyncio.sleep(PAUSE)

    # What a person does in the browser

    async def add_lock(self, device_id: str, answers: Answers, touch: Touch) -> list[str]:
        """Add a lock through the config flow; return the steps that it showed."""
        entry, steps = await self._add(answers, touch)
        self.entry_id, self._device_id = entry["entry_id"], device_id
        await self.seen.watch(self.client, device_id)
        return steps

    async def add_another(self, answers: Answers, touch: Touch) -> tuple[str, list[str]]:
        """Add one more lock; return its name, and the steps that the config flow showed."""
        entry, steps = await self._add(answers, touch)
        return entry["title"], steps

    async def _add(self, answers: Answers, touch: Touch) -> tuple[Json, list[str]]:
        flow = Flow(self.client, FLOWS, answers, touch)
        result = await flow.start(DOMAIN)
        expect(result["type"] == "create_entry", f"the flow ended: {result.get('reason')}")
        entry: Json = result["result"]
        expect(entry["state"] == "loaded", f"the entry is {entry['state']}: {entry['reason']}")
        return entry, flow.steps

    async def sign_in(self) -> list[str]:
        """Sign in to the Tuya account with Home Assistant's own integration; return the steps."""
        flow = Flow(self.client, FLOWS, {"user": {"user_code": USER_CODE}, "scan": {}}, no_touch)
        result = await flow.start(TUYA)
        expect(result["type"] == "create_entry", f"the flow ended: {result.get('reason')}")
        self._account_id = result["result"]["entry_id"]
        return flow.steps

    async def sign_in_again(self) -> str:
        """Do what Home Assistant asks for when Tuya ended the session; return how that ended."""
        form = await self.offered("reauth", of=TUYA)
        flow = Flow(self.client, FLOWS, {"reauth_confirm": {}, "scan": {}}, no_touch)
        reason: str = (await flow.resume(form["flow_id"])).get("reason", "")
        return reason

    async def switch_account(self, *, on: bool) -> None:
        """Switch the Tuya integration off, or on again."""
        disabled_by = None if on else "user"
        await self.client.command(
            "config_entries/disable", entry_id=self._account_id, disabled_by=disabled_by
        )

    async def reload_account(self) -> None:
        """Reload the Tuya integration."""
        await self.client.post(f"/api/config/config_entries/entry/{self._account_id}/reload", {})

    async def account_state(self) -> str:
        """Return how the entry of the Tuya integration is."""
        answer = await self.client.command("config_entries/get_single", entry_id=self._account_id)
        state: str = answer["config_entry"]["state"]
        return state

    async def set_options(self, **options: Any) -> None:
        """Change options of the lock through its options flow; it is loaded anew then."""
        shown = len(self.seen.shown["lock"])
        answers: Answers = {"init": "behaviour", "behaviour": options}
        flow = Flow(self.client, OPTIONS, answers, no_touch)
        result = await flow.start(self.entry_id)
        expect(result["type"] == "create_entry", f"the options ended: {result.get('reason')}")
        await self._reloaded(shown)

    async def add_calendar(self, name: str) -> Calendar:
        """Add a calendar of Home Assistant's own."""
        fields: Json = {"calendar_name": name, "import": "create_empty"}
        await Flow(self.client, FLOWS, {"user": fields}, no_touch).start("local_calendar")
        return Calendar(self.client, f"calendar.{name.lower()}")

    async def choose_guest_phone(self) -> None:
        """Let the phone get the digits of guest codes."""
        fields: Json = {"guest_phones": [self.phone.device]}
        answers: Answers = {"init": "guests", "guests": fields}
        await Flow(self.client, OPTIONS, answers, no_touch).start(self.entry_id)

    async def set_project(self, **project: str) -> None:
        """Give the lock a cloud project with Reconfigure; it is loaded anew then."""
        shown = len(self.seen.shown["lock"])
        flow = Flow(self.client, FLOWS, {"reconfigure": "cloud", "cloud": project}, no_touch)
        result = await flow.start(DOMAIN, entry_id=self.entry_id)
        reason = result.get("reason")
        expect(reason == "reconfigure_successful", f"the flow ended: {reason}")
        await self._reloaded(shown)

    async def add_member(self, fields: Json) -> list[str]:
        """Add a member of the household; return the numbers that the form has offered."""
        flow = Flow(self.client, SUBENTRIES, {"user": fields}, no_touch)
        result = await flow.start([self.entry_id, "member"])
        expect(result["type"] == "create_entry", f"the flow ended: {result.get('reason')}")
        form = flow.forms["user"]["data_schema"]
        (numbers,) = [field["selector"]["select"] for field in form if field["name"] == "numbers"]
        return [option["label"] for option in numbers["options"]]

    async def add_guest_code(self, guest: str) -> Json:
        """Make a code for a night; return what the last page says."""
        return await self._guest_code("made", {"user": ("night", {"name": guest})})

    async def prolong(self, guest: str, until: str) -> Json:
        """Let a guest stay longer; return what the last page says."""
        (subentry_id,) = [id_ for id_, title in (await self._guests()).items() if guest in title]
        return await self._guest_code(
            "changed", {"reconfigure": {"end": until}}, subentry_id=subentry_id
        )

    async def _guest_code(self, reason: str, answers: Answers, **more: str) -> Json:
        flow = Flow(self.client, SUBENTRIES, answers, no_touch)
        result = await flow.start([self.entry_id, "guest_code"], **more)
        expect(result.get("reason") == reason, f"the flow ended: {result}")
        said: Json = result["description_placeholders"]
        return said

    async def delete_guest_codes(self) -> None:
        """Delete all guest codes on the page of the lock."""
        for subentry_id in await self._guests():
            await self.client.command(
                "config_entries/subentries/delete",
                entry_id=self.entry_id,
                subentry_id=subentry_id,
            )

    async def guest_codes(self) -> list[str]:
        """Return what the page of the lock says of each guest code."""
        return list((await self._guests()).values())

    async def _guests(self) -> dict[str, str]:
        """Return the titles of the guest codes by the ids of their subentries."""
        subentries = await self.client.command(
            "config_entries/subentries/list", entry_id=self.entry_id
        )
        return {
            one["subentry_id"]: one["title"]
            for one in subentries
            if one["subentry_type"] == "guest_code"
        }

    async def rename_lock(self, name: str) -> None:
        """Give the device of the lock a name, as the last dialog of the set-up does it."""
        device = await self.device((await self.entry())["title"])
        await self.client.command(
            "config/device_registry/update", device_id=device["id"], name_by_user=name
        )

    async def entry(self) -> Json:
        """Return the entry of the lock."""
        answer = await self.client.command("config_entries/get_single", entry_id=self.entry_id)
        entry: Json = answer["config_entry"]
        return entry

    async def member_form(self) -> Json:
        """Return what the form for a new member says of the lock."""
        form = await self.client.post(SUBENTRIES, {"handler": [self.entry_id, "member"]})
        said: Json = form["description_placeholders"]
        return said

    async def device(self, name: str) -> Json:
        """Return the device that has a name."""
        devices: list[Json] = await self.client.command("config/device_registry/list")
        found = [device for device in devices if device["name"] == name]
        expect(len(found) == 1, f"there are {len(found)} devices {name}")
        return found[0]

    async def notifications(self) -> list[str]:
        """Return the messages that a person finds in the sidebar."""
        shown: list[Json] = await self.client.command("persistent_notification/get")
        return [notification["message"] for notification in shown]

    async def _reloaded(self, shown: int) -> None:
        """Wait until the entities have gone, after so many states, and have come back."""
        states = self.seen.shown["lock"]
        await until(lambda: "unavailable" in states[shown:], "the lock to be loaded anew")
        await until(self.seen.available, "entities that are available")

    async def call(self, domain: str, service: str, key: str) -> None:
        """Call a service on one of the lock's entities; raise Refused."""
        await self.client.command(
            "call_service",
            domain=domain,
            service=service,
            target={"entity_id": self.seen.entity_id(key)},
        )

    async def ask(self, action: str, *, key: str = "lock", **fields: Any) -> Json:
        """Call an action of our own on a lock, and return its answer; raise Refused."""
        lock = self.seen.entity_id(key)
        answer = await self.client.command(
            "call_service",
            domain=DOMAIN,
            service=action,
            service_data=fields,
            target={"entity_id": lock},
            return_response=True,
        )
        told: Json = answer["response"][lock]
        return told

    async def repairs(self) -> dict[str, str]:
        """Return the titles of our repairs, by their ids."""
        answer = await self.client.command("repairs/list_issues")
        texts = await self._texts("issues")
        return {
            issue["issue_id"]: _filled_in(
                texts[f"component.{DOMAIN}.issues.{issue['translation_key']}.title"],
                issue["translation_placeholders"],
            )
            for issue in answer["issues"]
            if issue["domain"] == DOMAIN
        }

    async def offered(self, source: str, within: float = 30, of: str = DOMAIN) -> Json:
        """Return the form that Home Assistant offers by itself, once it does."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            for flow in await self.client.command("config_entries/flow/progress"):
                if flow["handler"] == of and flow["context"]["source"] == source:
                    form: Json = await self.client.get(f"{FLOWS}/{flow['flow_id']}")
                    return form
            await asyncio.sleep(PAUSE * 5)
        raise Unmet(f"waited {within:g} s for Home Assistant to offer {source}")

    async def fill_in(self, form: Json, fields: Json, touch: Touch) -> str:
        """Fill in a form that was offered, and return the reason with which the flow ends."""
        flow = Flow(self.client, FLOWS, {form["step_id"]: fields}, touch)
        reason: str = (await flow.resume(form["flow_id"])).get("reason", "")
        return reason

    async def words(self, form: Json) -> str:
        """Return the text of a form as the browser shows it."""
        texts = await self._texts("config")
        step = f"component.{DOMAIN}.config.step.{form['step_id']}"
        text = ": ".join(filter(None, (texts.get(f"{step}.{p}") for p in ("title", "description"))))
        expect(text, f"there is no text for the step {form['step_id']}")
        return _filled_in(text, form.get("description_placeholders"))

    async def _texts(self, category: str) -> dict[str, str]:
        """Return our texts of a category, by their keys."""
        answer = await self.client.command(
            "frontend/get_translations", language="en", category=category, integration=[DOMAIN]
        )
        texts: dict[str, str] = answer["resources"]
        return texts


def _filled_in(text: str, placeholders: Json | None) -> str:
    for name, value in (placeholders or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


async def no_touch(step: str) -> None:
    """Nothing has to be done for a step that waits."""
