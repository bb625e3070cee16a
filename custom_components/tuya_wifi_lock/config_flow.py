"""Sets up a lock, and changes how it is reached and used."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_HOST, CONF_PORT
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import (
    AUTO,
    CONF_ANNOUNCES,
    CONF_CLOUD,
    CONF_CODE,
    CONF_LOCAL_KEY,
    CONF_PROTOCOL_VERSION,
    CONF_UNLOCK_WITH,
    DEFAULT_PORT,
    DOMAIN,
    SUBENTRY_GUEST_CODE,
    SUBENTRY_MEMBER,
)
from .coordinator import HEARD_BEFORE, LockConfigEntry, address_of, async_end_reauth
from .diagnosis import async_as_list, async_diagnose
from .discovery import async_get_listener, known_macs
from .flows.cloud import (
    CONF_NEXT,
    CONF_PROJECT,
    GO_ON,
    LIMITED,
    PROJECT,
    cloud_error,
    new_locks,
    no_lock_error,
    project_choice,
    projects_of_others,
    without_secret,
)
from .flows.connection import (
    MANUAL,
    OTHER_DEVICES,
    REAUTH,
    RECONFIGURE,
    async_account_absence,
    async_heard_labels,
    async_is_in_account,
    async_is_known_to_account,
    async_name_of,
    async_new_account_locks,
    async_other_key,
    async_reach,
    heard_devices,
)
from .flows.forms import (
    CONF_KIND,
    KINDS,
    async_guests_schema,
    device_choice,
    field_errors,
    kind_choice,
    options_schema,
    stripped,
    unlock_choice,
    with_code,
    without_code,
)
from .flows.gathered import Gathered, default_title
from .flows.guest_code import GuestCodeSubentryFlow
from .flows.member import MemberSubentryFlow
from .projects import async_get_client, async_list_devices, project_of
from .texts import async_texts, in_markdown
from .tuyalock import (
    Address,
    CloudError,
    LockError,
    Project,
    UnlockWith,
)

if TYPE_CHECKING:
    from .tuyalock import CloudClient

LISTEN_TIME = 1.0
"""Seconds in which devices answer when they are asked who is there."""

TOUCH_TIME = 60.0
"""Seconds in which the owner can touch the keypad."""

_FORM_STEPS = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "connection"}
"""Where values are typed in the flows that change an entry."""


class _CloudSteps(ConfigFlow, ABC):
    """The steps about a cloud project."""

    def __init__(self) -> None:
        super().__init__()
        self._gathered = Gathered()
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._wants_another_project = False

    @property
    def _changed_entry(self) -> LockConfigEntry | None:
        """Return the entry that this flow changes, or None if it adds one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @abstractmethod
    async def _async_cloud_ready(self) -> ConfigFlowResult:
        """Go on with a tested project and a lock of it."""

    async def async_step_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a project; the projects of other locks are offered first."""
        entry = self._changed_entry
        others = {} if self._wants_another_project else projects_of_others(self.hass, entry)
        if user_input is None and others:
            return await self.async_step_project()
        typed = stripped(user_input or {})
        self._errors = field_errors(typed)
        if typed and not self._errors and (step := await self._async_try(Project(**typed))):
            return step
        present = entry.data.get(CONF_CLOUD, {}) if entry else {}
        return self._show_form("cloud", PROJECT, without_secret({**present, **typed}))

    async def async_step_project(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the projects that other locks use."""
        projects = projects_of_others(self.hass, self._changed_entry)
        if user_input is not None:
            project = projects.get(user_input[CONF_PROJECT])
            if project is None:
                self._wants_another_project = True
                return await self.async_step_cloud()
            if step := await self._async_try(project):
                return step
        values = {CONF_PROJECT: next(iter(projects)), **(user_input or {})}
        return self._show_form("project", project_choice(projects), values)

    async def _async_try(self, project: Project) -> ConfigFlowResult | None:
        """Test a project; return the next step, or None if there is an error to show."""
        self._gathered.project = project
        try:
            if entry := self._changed_entry:
                return await self._async_look_up(entry.data[CONF_DEVICE_ID])
            found = await async_list_devices(self.hass, project)
            self._gathered.cloud_locks = new_locks(self.hass, found)
            heard = self._gathered.typed.get(CONF_DEVICE_ID)
            if heard in self._gathered.cloud_locks:
                return await self._async_look_up(heard)
        except CloudError as err:
            self._show_cloud_error(err)
            return None
        if self._gathered.cloud_locks:
            return await self.async_step_cloud_lock()
        self._errors = {"base": no_lock_error(found)}
        return None

    async def async_step_cloud_lock(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose among the locks of the project that are not set up."""
        if user_input is not None:
            try:
                return await self._async_look_up(user_input[CONF_DEVICE_ID])
            except CloudError as err:
                self._show_cloud_error(err)
        return self._show_choice("cloud_lock", self._gathered.cloud_locks, user_input)

    async def _async_look_up(self, device_id: str) -> ConfigFlowResult:
        """Read what the cloud knows of a lock, and find out what the project may not do."""
        cloud = await self._async_cloud(device_id)
        self._gathered.device = await cloud.device()
        return await self.async_step_cloud_limited()

    async def async_step_cloud_limited(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what the project may not do with the lock, and let the owner go on all the same."""
        assert self._gathered.device
        if user_input != {CONF_NEXT: GO_ON}:
            try:
                cloud = await self._async_cloud(self._gathered.device.id)
                await cloud.test()
            except CloudError as err:
                self._show_cloud_error(err)
                return self._show_form("cloud_limited", LIMITED, {})
            self._gathered.cloud_opens = True
        return await self._async_cloud_ready()

    async def _async_cloud(self, device_id: str) -> CloudClient:
        assert self._gathered.project
        return await async_get_client(self.hass, self._gathered.project, device_id)

    def _show_cloud_error(self, error: CloudError) -> None:
        """Keep what the next form is to say about an error of the cloud."""
        self._placeholders = dict(error.translation_placeholders)
        self._errors = {"base": cloud_error(error)}

    def _show_choice(
        self, step_id: str, labels: Mapping[str, str], user_input: Mapping[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form to choose a lock, from labels by device id."""
        device_id = (user_input or self._gathered.typed).get(CONF_DEVICE_ID)
        values = {CONF_DEVICE_ID: device_id} if device_id in labels else {}
        return self._show_form(step_id, device_choice(labels), values)

    def _show_form(
        self, step_id: str, schema: vol.Schema, values: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Show a form, and what was wrong with the last answer."""
        errors, self._errors = self._errors, {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=self._placeholders,
        )


class LockConfigFlow(_CloudSteps, domain=DOMAIN):
    """Set up a lock, or change how it is reached."""

    def __init__(self) -> None:
        super().__init__()
        self._stop_listening: CALLBACK_TYPE | None = None
        self._reaching: asyncio.Task[tuple[Address, dict[str, Any]]] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: LockConfigEntry) -> LockOptionsFlow:
        """Return the flow of the options."""
        return LockOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: LockConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a lock."""
        return {
            SUBENTRY_MEMBER: MemberSubentryFlow,
            SUBENTRY_GUEST_CODE: GuestCodeSubentryFlow,
        }

    @callback
    @override
    def async_remove(self) -> None:
        """Stop listening when the flow ends; what was heard is stored by then, if it is needed."""
        self.hass.data.get(HEARD_BEFORE, {}).pop(self.unique_id or "", None)
        if self._stop_listening:
            self._stop_listening()

    # How a flow begins

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the account, devices on the network, a cloud project, or to type everything."""
        listener = async_get_listener(self.hass)
        if self._stop_listening:
            await listener.async_ask()
        else:
            self._stop_listening = await listener.async_subscribe(lambda announcement: None)
        if not heard_devices(self.hass):
            await asyncio.sleep(LISTEN_TIME)
        found = ["found"] if heard_devices(self.hass) else []
        options = ["account", *found, "cloud", "manual", "user"]
        return self.async_show_menu(step_id="user", menu_options=options)

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose among the locks that announced themselves; other devices are one choice away."""
        device_id = (user_input or {}).get(CONF_DEVICE_ID)
        if device_id in {None, OTHER_DEVICES}:
            labels = await async_heard_labels(self.hass, everything=device_id is not None)
            return self.async_show_form(step_id="found", data_schema=device_choice(labels))
        device = async_get_listener(self.hass).heard.get(device_id)
        host = {CONF_HOST: device.host} if device else {}
        self._gathered.take({**host, CONF_DEVICE_ID: device_id})
        if await async_is_in_account(self.hass, device_id):
            return await self.async_step_account()
        return await self.async_step_discovered()

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Offer a lock that announced itself."""
        device_id = discovery_info[CONF_DEVICE_ID]
        await self.async_set_unique_id(device_id)
        self._abort_if_unique_id_configured()
        self._gathered.take(dict(discovery_info))
        self.context["title_placeholders"] = {"name": await async_name_of(self.hass, device_id)}
        return await self.async_step_discovered()

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the ways to get the local key of a lock that announced itself."""
        typed = self._gathered.typed
        name = in_markdown(await async_name_of(self.hass, typed[CONF_DEVICE_ID]))
        return self.async_show_menu(
            step_id="discovered",
            menu_options=["account", "cloud", "manual"],
            description_placeholders={"host": typed.get(CONF_HOST, "?"), "name": name},
        )

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Take a DHCP request of one of our locks as a hint that it is awake."""
        mac = dr.format_mac(discovery_info.macaddress)
        for entry in self._async_current_entries():
            if mac not in known_macs(self.hass, entry):
                continue
            if entry.state is ConfigEntryState.LOADED:
                entry.runtime_data.lock.hint(discovery_info.ip, trusted=True)
            else:
                data = {**entry.data, CONF_HOST: discovery_info.ip}
                self.hass.config_entries.async_update_entry(entry, data=data)
        return self.async_abort(reason="already_configured")

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Look in the account and the cloud for another local key than the one that is refused."""
        self._gathered.take(await async_other_key(self.hass, entry_data))
        if project := project_of(entry_data):
            cloud = await async_get_client(self.hass, project, entry_data[CONF_DEVICE_ID])
            with suppress(CloudError):
                # Some projects keep the key to themselves.
                if key := (await cloud.device()).local_key:
                    self._gathered.take({CONF_LOCAL_KEY: key})
        return await self.async_step_reauth_confirm()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer what can be changed about how the lock is reached."""
        data = self._get_reconfigure_entry().data
        connection = ["connection"] if CONF_LOCAL_KEY in data else []
        in_account = await async_is_known_to_account(self.hass, data[CONF_DEVICE_ID])
        others = bool(connection) or in_account
        remove = ["remove_cloud"] if CONF_CLOUD in data and others else []
        if not connection and not remove:
            return await self.async_step_cloud()
        options = [*connection, "cloud", *remove]
        return self.async_show_menu(step_id="reconfigure", menu_options=options)

    async def async_step_remove_cloud(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the lock without a project."""
        entry = self._get_reconfigure_entry()
        if user_input is None:
            texts = await async_texts(self.hass, "remove_cloud")
            then = texts["on_network" if CONF_LOCAL_KEY in entry.data else "behind_gateway"]
            self._placeholders = {"then": then}
            return self._show_form("remove_cloud", vol.Schema({}), {})
        options = dict(entry.options)
        if options.get(CONF_UNLOCK_WITH) == UnlockWith.CLOUD:
            del options[CONF_UNLOCK_WITH]
        data = {key: value for key, value in entry.data.items() if key != CONF_CLOUD}
        return self.async_update_and_abort(entry, data=data, options=options)

    # Where the local key comes from

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose among the locks of the account that are not set up, and test the key of one."""
        locks = await async_new_account_locks(self.hass)
        if not locks:
            return await self.async_step_no_account_lock()
        # Where a lock was found before, nothing is left to choose.
        device_id = (user_input or self._gathered.typed).get(CONF_DEVICE_ID)
        if lock := locks.get(device_id or ""):
            if lock.refusal is None:
                self._gathered.account_lock = lock
                if not lock.on_network:
                    return await self._async_use_through_tuya(lock.id)
                return await self._async_test(lock.id, lock.local_key)
            self._errors = {"base": f"account_{lock.refusal}"}
            self._placeholders = {"name": in_markdown(lock.name)}
        elif user_input is not None:
            self._errors = {"base": "account_gone"}
        labels = {device_id: f"{lock.name} ({device_id})" for device_id, lock in locks.items()}
        return self._show_choice("account", labels, user_input)

    async def async_step_no_account_lock(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what to do so that the account has a lock to set up."""
        texts = await async_texts(self.hass, "no_account_lock")
        back = "discovered" if self._gathered.typed else "user"
        return self.async_show_menu(
            step_id="no_account_lock",
            menu_options=["account", back],
            description_placeholders={"why": texts[await async_account_absence(self.hass)]},
        )

    @override
    async def _async_cloud_ready(self) -> ConfigFlowResult:
        """Test the key that the cloud has for the lock, unless it is the one that is set up."""
        device = self._gathered.device
        assert device
        key = {CONF_LOCAL_KEY: device.local_key}
        if not (entry := self._changed_entry):
            if not device.on_network:
                return await self._async_use_through_tuya(device.id)
            return await self._async_test(device.id, device.local_key)
        if (
            CONF_LOCAL_KEY in entry.data
            and not field_errors(key)
            and not key.items() <= entry.data.items()
        ):
            self._gathered.take(key)
            return await self.async_step_touch()
        return await self.async_step_store()

    async def _async_use_through_tuya(self, device_id: str) -> ConfigFlowResult:
        """Set up a lock that is not on the network itself, so there is nothing to test."""
        self._gathered.take({CONF_DEVICE_ID: device_id})
        self._gathered.forget_other_locks()
        await self.async_set_unique_id(device_id, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        return await self.async_step_through_tuya()

    async def async_step_through_tuya(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain what works through Tuya."""
        if user_input is None:
            self._placeholders = {"name": in_markdown(self._gathered.title)}
            return self._show_form("through_tuya", vol.Schema({}), {})
        return await self.async_step_behaviour()

    async def _async_test(self, device_id: str, local_key: str) -> ConfigFlowResult:
        """Test a new lock whose address is not known."""
        defaults = {CONF_PORT: DEFAULT_PORT, CONF_PROTOCOL_VERSION: AUTO}
        key = {CONF_DEVICE_ID: device_id, CONF_LOCAL_KEY: local_key}
        return await self.async_step_manual({**key, **defaults})

    async def async_step_manual(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for all that it takes to reach a new lock."""
        if self._take(user_input):
            self._gathered.forget_other_locks()
            device_id = self._gathered.typed[CONF_DEVICE_ID]
            await self.async_set_unique_id(device_id, raise_on_progress=False)
            self._abort_if_unique_id_configured()
            return await self.async_step_touch()
        typed = self._gathered.typed
        heard = async_get_listener(self.hass).heard.get(typed.get(CONF_DEVICE_ID, ""))
        values = {CONF_HOST: heard.host} if heard else {}
        return self._show_form("manual", MANUAL, values | typed)

    async def async_step_connection(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another way to reach a lock; the local key stays if no other is typed."""
        if user_input and not user_input.get(CONF_LOCAL_KEY):
            user_input = {k: v for k, v in user_input.items() if k != CONF_LOCAL_KEY}
        if self._take(user_input):
            return await self.async_step_touch()
        data = dict(self._get_reconfigure_entry().data)
        del data[CONF_LOCAL_KEY]
        return self._show_form("connection", RECONFIGURE, data | self._gathered.typed)

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new local key."""
        if self._take(user_input):
            return await self.async_step_touch()
        name = self._get_reauth_entry().title
        self._placeholders = {**self._placeholders, "name": in_markdown(name)}
        return self._show_form("reauth_confirm", REAUTH, self._gathered.typed)

    def _take(self, user_input: dict[str, Any] | None) -> bool:
        """Take what was typed; return if it can be tested."""
        if user_input is None:
            return False
        self._gathered.take(stripped(user_input))
        self._errors = field_errors(self._gathered.typed)
        return not self._errors

    # The test

    async def async_step_touch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the owner wake the lock, and test what was typed."""
        if self._reaching is None:
            self._reaching = self.hass.async_create_background_task(
                self._async_reach(), "test of a lock"
            )
        if not self._reaching.done():
            return self.async_show_progress(
                step_id="touch", progress_action="touch", progress_task=self._reaching
            )
        reaching, self._reaching = self._reaching, None
        try:
            address, self._gathered.heard = reaching.result()
        except LockError as err:
            return self.async_show_progress_done(next_step_id=self._failed(err))
        self._gathered.found = {CONF_HOST: address.host, CONF_ANNOUNCES: address.announces}
        last_step = "store" if self._changed_entry else "behaviour"
        return self.async_show_progress_done(next_step_id=last_step)

    async def _async_reach(self) -> tuple[Address, dict[str, Any]]:
        """Return how the lock is reached with what was typed; raise why it is not."""
        begun = self.hass.loop.time()

        @callback
        def show_time(now: datetime) -> None:
            self.async_update_progress(min(1.0, (self.hass.loop.time() - begun) / TOUCH_TIME))

        step = timedelta(seconds=TOUCH_TIME / 60)
        stop = async_track_time_interval(self.hass, show_time, step, cancel_on_shutdown=True)
        try:
            return await self._async_reach_typed()
        finally:
            stop()

    async def _async_reach_typed(self) -> tuple[Address, dict[str, Any]]:
        typed = self._gathered.typed
        if not (entry := self._changed_entry):
            return await async_reach(self.hass, address_of(typed), TOUCH_TIME)
        loaded = entry.runtime_data.lock if entry.state is ConfigEntryState.LOADED else None
        address = address_of({**entry.data, **typed})
        return await async_reach(self.hass, address, TOUCH_TIME, loaded)

    def _failed(self, error: LockError) -> str:
        """Keep what the next form is to say about a failed test; return its step."""
        self._placeholders = dict(error.translation_placeholders)
        match error.connection_problem:
            case None:
                return "not_reached" if self._last_resort == "untested" else "not_heard"
            case "not_proven":
                return "not_proven"
        self._errors = {"base": error.connection_problem}
        return self._form_step

    async def async_step_not_reached(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the lock did not answer, and what can be done."""
        options = ["touch", self._form_step, self._last_resort]
        return self.async_show_menu(step_id="not_reached", menu_options=options)

    async def async_step_not_proven(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that what answered did not show that the key is right, and what can be done."""
        options = ["touch", self._form_step, self._last_resort]
        return self.async_show_menu(step_id="not_proven", menu_options=options)

    async def async_step_not_heard(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say the same to an owner who has typed no address, and has Tuya instead."""
        options = ["touch", self._last_resort, "manual"]
        return self.async_show_menu(step_id="not_heard", menu_options=options)

    @property
    def _last_resort(self) -> str:
        """Return the step that goes on though the lock was not reached."""
        if self._gathered.account_lock:
            return "account_only"
        if self._gathered.device and not self._changed_entry:
            return "cloud_only"
        return "untested"

    async def async_step_account_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain what works through the account alone."""
        if user_input is None:
            return self.async_show_form(step_id="account_only", data_schema=vol.Schema({}))
        return await self.async_step_untested()

    async def async_step_cloud_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain what works through the cloud alone."""
        if user_input is None:
            return self.async_show_form(step_id="cloud_only", data_schema=vol.Schema({}))
        return await self.async_step_untested()

    async def async_step_untested(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Accept what was typed without a test."""
        if self._changed_entry:
            return await self.async_step_store()
        # What was heard of it is nothing but a claim.
        self._gathered.found = {CONF_ANNOUNCES: False}
        return await self.async_step_behaviour()

    # How a flow ends

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Add the lock; what opens it is asked where more than one thing can."""
        gathered = self._gathered
        if user_input is None and gathered.cloud_opens and CONF_LOCAL_KEY in gathered.typed:
            ways = (UnlockWith.CLOUD, UnlockWith.OWN_KEY)
            return self._show_form("behaviour", unlock_choice(ways), {})
        options = user_input or {}
        if gathered.heard:
            heard = self.hass.data.setdefault(HEARD_BEFORE, {})
            heard[gathered.typed[CONF_DEVICE_ID]] = gathered.heard
        return self.async_create_entry(title=gathered.title, data=gathered.data, options=options)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first member of the household, if the lock has a name.

        The flow that follows takes the place of the last dialog, in which the owner names the lock.
        """
        if self.source == SOURCE_IGNORE or result["title"] == default_title(self.unique_id or ""):
            return result
        members = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_MEMBER),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, members["flow_id"])
        return result

    async def async_step_store(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the entry."""
        entry = self._changed_entry
        assert entry
        if self.source == SOURCE_RECONFIGURE:
            async_end_reauth(self.hass, entry)
        return self.async_update_and_abort(entry, data_updates=self._gathered.data)

    @property
    def _form_step(self) -> str:
        return _FORM_STEPS.get(self.source or "", "manual")


class LockOptionsFlow(OptionsFlow):
    """Change how a lock is used, and check it."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be changed."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return await self.async_step_behaviour()
        guests = ["guests"] if self.config_entry.runtime_data.guests.available else []
        kind = [] if self.config_entry.runtime_data.lock.kind_is_known else ["kind"]
        options = ["behaviour", *guests, *kind, "check"]
        return self.async_show_menu(step_id="init", menu_options=options)

    async def async_step_kind(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which kind of lock it is, where nothing but its owner and its reports shows that."""
        coordinator = self.config_entry.runtime_data
        if user_input is not None:
            coordinator.async_answer_kind(KINDS[user_input[CONF_KIND]])
            return self.async_create_entry(data=dict(self.config_entry.options))
        given = [kind for kind, one in KINDS.items() if one == coordinator.lock.chosen_kind]
        answer = given[0] if coordinator.kind_answered else None
        return self.async_show_form(step_id="kind", data_schema=kind_choice(answer))

    async def async_step_guests(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who may manage guest codes, and which phones get those made in the calendar."""
        present = self.config_entry.options
        if user_input is not None:
            return self.async_create_entry(data={**present, **user_input})
        return self.async_show_form(
            step_id="guests", data_schema=await async_guests_schema(self.hass, present)
        )

    async def async_step_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what a check of the lock finds."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self.config_entry.options))
        findings = await async_diagnose(self.config_entry.runtime_data)
        return self.async_show_form(
            step_id="check",
            data_schema=vol.Schema({}),
            description_placeholders={"findings": await async_as_list(self.hass, findings)},
        )

    async def async_step_behaviour(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the lock is to be used."""
        present = self.config_entry.options
        typed = {key: value for key, value in stripped(user_input or {}).items() if value != ""}
        errors = field_errors(typed)
        if typed and not errors:
            return self.async_create_entry(data=with_code(typed, present))
        has_cloud = CONF_CLOUD in self.config_entry.data
        schema = options_schema(
            cloud=has_cloud,
            has_code=CONF_CODE in present,
            on_network=CONF_LOCAL_KEY in self.config_entry.data,
        )
        values = without_code({**present, **typed})
        return self.async_show_form(
            step_id="behaviour",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
        )
