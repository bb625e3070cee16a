"""The forms for a cloud project, what the project knows of locks, and what is said if it fails."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..const import CONF_ACCESS_ID, CONF_ACCESS_SECRET, CONF_REGION
from ..coordinator import LockConfigEntry
from ..projects import known_projects, project_of
from ..tuyalock import REGIONS, CloudError, Project, is_lock
from .forms import SECRET, configured_ids

if TYPE_CHECKING:
    from ..tuyalock import CloudDevice

CONF_PROJECT = "project"
ANOTHER = "another"
"""A project that no other lock has."""
CONF_NEXT = "next"
GO_ON = "go_on"

_PASSING = {"cloud_busy", "cloud_silent", "cloud_unreachable"}
"""Keys of errors that pass by themselves, and that a flow explains."""

PROJECT = vol.Schema(
    {
        vol.Required(CONF_REGION): SelectSelector(
            SelectSelectorConfig(
                options=list(REGIONS), translation_key="region", mode=SelectSelectorMode.DROPDOWN
            )
        ),
        vol.Required(CONF_ACCESS_ID): TextSelector(),
        vol.Required(CONF_ACCESS_SECRET): SECRET,
    }
)
LIMITED = vol.Schema(
    {
        vol.Required(CONF_NEXT, default="again"): SelectSelector(
            SelectSelectorConfig(options=["again", GO_ON], translation_key="cloud_limited")
        )
    }
)


def project_choice(titles: Iterable[str]) -> vol.Schema:
    """Return a form to choose the project of another lock, or another project."""
    options = [SelectOptionDict(value=title, label=title) for title in (*titles, ANOTHER)]
    config = SelectSelectorConfig(
        options=options, translation_key="project", mode=SelectSelectorMode.LIST
    )
    return vol.Schema({vol.Required(CONF_PROJECT): SelectSelector(config)})


@callback
def projects_of_others(hass: HomeAssistant, entry: LockConfigEntry | None) -> dict[str, Project]:
    """Return the projects in use by their titles, without the one that this lock has already."""
    present = project_of(entry.data) if entry else None
    return {title: project for title, project in known_projects(hass).items() if project != present}


def without_secret(project: Mapping[str, Any]) -> dict[str, Any]:
    """Return a project as it may be shown."""
    return {key: value for key, value in project.items() if key != CONF_ACCESS_SECRET}


@callback
def new_locks(hass: HomeAssistant, found: Iterable[CloudDevice]) -> dict[str, str]:
    """Return the labels of the locks that are not set up, by device id."""
    configured = configured_ids(hass)
    return {
        device.id: f"{device.name} ({device.id})"
        for device in found
        if _is_lock(device) and device.id not in configured
    }


def no_lock_error(found: Collection[CloudDevice]) -> str:
    """Return the key of what to say about a project without a new lock."""
    if not found:
        return "cloud_no_devices"
    return "cloud_all_set_up" if any(map(_is_lock, found)) else "cloud_no_locks"


def _is_lock(device: CloudDevice) -> bool:
    return is_lock(device.category, device.product_id)


def cloud_error(error: CloudError) -> str:
    """Return the key of what a flow says about an error of the cloud."""
    key = error.text.translation_key
    return key if error.is_lasting or key in _PASSING else "cloud_other"
