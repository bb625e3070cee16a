"""The cloud projects in use; what asks Tuya's cloud is imported when a lock has a project."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

from .const import CONF_ACCESS_ID, CONF_ACCESS_SECRET, CONF_CLOUD, CONF_REGION, DOMAIN
from .tuyalock import Project

if TYPE_CHECKING:
    from .tuyalock import CloudClient, CloudDevice, OpenApi


def project_of(data: Mapping[str, Any]) -> Project | None:
    """Return the cloud project, from the data of an entry."""
    if (project := data.get(CONF_CLOUD)) is None:
        return None
    return Project(project[CONF_REGION], project[CONF_ACCESS_ID], project[CONF_ACCESS_SECRET])


def project_data(project: Project) -> dict[str, dict[str, str]]:
    """Return a cloud project in the form of the data of an entry."""
    return {CONF_CLOUD: asdict(project)}


def known_projects(hass: HomeAssistant) -> dict[str, Project]:
    """Return the projects that are in use, by the names of their locks."""
    locks: dict[Project, list[str]] = {}
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if project := project_of(entry.data):
            locks.setdefault(project, []).append(entry.title)
    return {
        f"{', '.join(titles)} (…{project.access_id[-4:]})": project
        for project, titles in locks.items()
    }


async def async_get_api(hass: HomeAssistant, project: Project) -> OpenApi:
    """Return the API client of a project, which all its locks share."""
    await async_import_module(hass, f"{__package__}.cloud")
    from .cloud import async_get_projects

    return (await async_get_projects(hass)).api(project)


async def async_get_client(hass: HomeAssistant, project: Project, device_id: str) -> CloudClient:
    """Return the client of a lock in the cloud."""
    api = await async_get_api(hass, project)
    from .tuyalock import CloudClient

    return CloudClient(api, device_id)


async def async_list_devices(
    hass: HomeAssistant, project: Project, *, poll: bool = False
) -> list[CloudDevice]:
    """Return the devices that a project has; `poll`: it must not cost the last calls."""
    api = await async_get_api(hass, project)
    from .tuyalock import list_devices

    return await list_devices(api, poll=poll)
