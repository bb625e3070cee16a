"""The steps of the flows that deal with Tuya's cloud."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.const import CONF_DEVICE_ID

from .const import CONF_ACCESS_SECRET, CONF_CLOUD, DOMAIN
from .coordinator import LockConfigEntry
from .forms import (
    CONF_NEXT,
    CONF_PROJECT,
    GO_ON,
    LIMITED,
    PROJECT,
    mistakes,
    one_of,
    one_project,
    tidied,
)
from .project import async_get_api, known_projects, project_data, project_of
from .tuyalock import PRODUCTS
from .tuyalock.cloud import Cloud
from .tuyalock.cloud_answers import CloudDevice
from .tuyalock.cloud_devices import devices
from .tuyalock.exceptions import LASTING, Cause, CloudError, CloudRefused, CloudUnreachable
from .tuyalock.openapi import Project
from .tuyalock.profiles import LOCK_CATEGORIES


class CloudSteps(ConfigEntryBaseFlow, ABC):
    """Ask for a cloud project, and test it with a lock."""

    def __init__(self) -> None:
        """Start with nothing typed."""
        super().__init__()
        self._typed: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._project: Project | None = None
        self._wants_another = False
        self._locks: dict[str, str] = {}
        self._device: CloudDevice | None = None
        """The lock, as a project that has been tested knows it."""
        self._opens = False
        """The project may open the lock, and give it passwords."""

    @property
    @abstractmethod
    def _changed_entry(self) -> LockConfigEntry | None:
        """Return the entry that this flow changes, or None if it adds one."""

    @abstractmethod
    async def _async_cloud_ready(self) -> ConfigFlowResult:
        """Go on with a tested project and a lock of it."""

    # The project

    async def async_step_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a project, unless another lock has one that is wanted here."""
        if user_input is None and not self._wants_another and self._projects_of_others():
            return await self.async_step_project()
        typed = tidied(user_input or {})
        self._errors = mistakes(typed)
        if typed and not self._errors and (step := await self._async_try(Project(**typed))):
            return step
        values = {**self._present_project(), **typed}
        values.pop(CONF_ACCESS_SECRET, None)
        return self._show_form("cloud", PROJECT, values)

    async def async_step_project(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the projects that other locks use."""
        projects = self._projects_of_others()
        if user_input is not None:
            project = projects.get(user_input[CONF_PROJECT])
            if project is None:
                self._wants_another = True
                return await self.async_step_cloud()
            if step := await self._async_try(project):
                return step
        values = {CONF_PROJECT: next(iter(projects)), **(user_input or {})}
        return self._show_form("project", one_project(projects), values)

    def _projects_of_others(self) -> dict[str, Project]:
        """Return the projects of other locks, without the one that this lock has already."""
        present = project_of(self._changed_entry.data) if self._changed_entry else None
        projects = known_projects(self.hass)
        return {title: project for title, project in projects.items() if project != present}

    def _present_project(self) -> Mapping[str, str]:
        """Return the project that this lock has."""
        if not self._changed_entry:
            return {}
        present: Mapping[str, str] = self._changed_entry.data.get(CONF_CLOUD, {})
        return present

    async def _async_try(self, project: Project) -> ConfigFlowResult | None:
        """Test a project; return the next step, or None if something is to be said first."""
        self._project = project
        try:
            if self._changed_entry:
                return await self._async_look_up(self._changed_entry.data[CONF_DEVICE_ID])
            return await self._async_list_locks(project)
        except CloudError as err:
            self._say(err)
            return None

    # The lock in the cloud

    async def _async_list_locks(self, project: Project) -> ConfigFlowResult | None:
        """Show the locks of the account that are not set up, if there are any."""
        found = await devices(await async_get_api(self.hass, project))
        entries = self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        configured = {entry.unique_id for entry in entries}
        locks = [one for one in found if _is_lock(one)]
        self._locks = {
            one.id: f"{one.name} ({one.id})" for one in locks if one.id not in configured
        }
        if self._locks:
            return await self.async_step_cloud_lock()
        missing = "cloud_all_set_up" if locks else "cloud_no_locks" if found else "cloud_no_devices"
        self._errors = {"base": missing}
        return None

    async def async_step_cloud_lock(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose among the locks of the account."""
        if user_input is not None:
            try:
                return await self._async_look_up(user_input[CONF_DEVICE_ID])
            except CloudError as err:
                self._say(err)
        wanted = (user_input or self._typed).get(CONF_DEVICE_ID)
        values = {CONF_DEVICE_ID: wanted} if wanted in self._locks else {}
        return self._show_form("cloud_lock", one_of(self._locks), values)

    async def _async_look_up(self, device_id: str) -> ConfigFlowResult:
        """Read what the cloud knows of a lock, and find out now what the project may not do."""
        self._device = await (await self._async_cloud(device_id)).device()
        return await self.async_step_cloud_limited()

    async def async_step_cloud_limited(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what the project may not do with the lock, and let the owner go on all the same."""
        assert self._device
        if user_input != {CONF_NEXT: GO_ON}:
            try:
                await (await self._async_cloud(self._device.id)).test()
            except CloudError as err:
                self._say(err)
                return self._show_form("cloud_limited", LIMITED, {})
            self._opens = True
        return await self._async_cloud_ready()

    async def _async_cloud(self, device_id: str) -> Cloud:
        """Return a lock in the cloud."""
        assert self._project
        return Cloud(await async_get_api(self.hass, self._project), device_id)

    # What all steps need

    @property
    def _cloud_data(self) -> dict[str, dict[str, str]]:
        """Return what is kept of a project that was tested."""
        return project_data(self._project) if self._project and self._device else {}

    def _say(self, error: CloudError) -> None:
        """Keep what is to be said about an error of the cloud."""
        match error:
            case CloudRefused():
                self._placeholders = {"code": str(error.code)}
                told = error.cause in LASTING | {Cause.BUSY}
                self._errors = {"base": f"cloud_{error.cause if told else Cause.OTHER}"}
            case CloudUnreachable():
                self._errors = {"base": "cloud_unreachable"}
            case _:
                self._errors = {"base": "cloud_silent"}

    def _show_form(
        self, step_id: str, schema: vol.Schema, values: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask, and say what was wrong with the last answer."""
        errors, self._errors = self._errors, {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=self._placeholders,
        )


def _is_lock(device: CloudDevice) -> bool:
    """Return if Tuya counts a device among the locks, or we know it to be one."""
    return device.category in LOCK_CATEGORIES or device.product_id in PRODUCTS
