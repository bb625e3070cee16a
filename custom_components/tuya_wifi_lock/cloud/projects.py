"""Tuya's cloud projects: all locks of a project share one API client and its call counter."""

from collections.abc import Mapping
from dataclasses import asdict
import time
from typing import Any

from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_ACCESS_ID, CONF_ACCESS_SECRET, CONF_CLOUD, CONF_REGION, DOMAIN
from ..store import SalvagedStore
from ..tuyalock import CallCounter, Clock, CloudClient, OpenApi, Project, Reader

SAVE_DELAY = 60.0
"""Seconds after which the number of calls is saved."""

_DATA: HassKey[_Projects] = HassKey(f"{DOMAIN}_projects")


class _Projects:
    """The API clients of all projects, and how many calls each has made this month."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self.store = SalvagedStore(hass, "projects")
        self._calls: dict[str, CallCounter] = {}
        self._apis: dict[Project, OpenApi] = {}

    async def async_load(self) -> None:
        reader = Reader()
        stored = reader.parts("file", await self.store.async_read())
        self._calls = {id_: CallCounter(calls, self.save, reader) for id_, calls in stored.items()}
        if reader.unread:
            await self.store.async_keep_copy(reader.unread)

    def api(self, project: Project) -> OpenApi:
        if project not in self._apis:
            calls = self._calls.setdefault(project.access_id, CallCounter(None, self.save))
            session = async_get_clientsession(self._hass)
            self._apis[project] = OpenApi(session, project, Clock(), calls)
        return self._apis[project]

    def save(self) -> None:
        self.store.async_delay_save(self._stored, SAVE_DELAY)

    def _stored(self) -> dict[str, Any]:
        now = time.time()
        return {id_: calls.as_dict() for id_, calls in self._calls.items() if calls.used(now)}


@singleton(_DATA, async_=True)
async def _async_get_projects(hass: HomeAssistant) -> _Projects:
    projects = _Projects(hass)
    await projects.async_load()
    return projects


@callback
def async_pop_copy(hass: HomeAssistant) -> str | None:
    """Return where the number of calls was kept if it could not be read, once."""
    return hass.data[_DATA].store.pop_copy() if _DATA in hass.data else None


async def async_get_api(hass: HomeAssistant, project: Project) -> OpenApi:
    """Return the API client of a project, which all its locks share."""
    return (await _async_get_projects(hass)).api(project)


async def async_get_client(hass: HomeAssistant, data: Mapping[str, Any]) -> CloudClient | None:
    """Return the cloud client of a lock, if its entry has a project."""
    if (project := project_of(data)) is None:
        return None
    return CloudClient(await async_get_api(hass, project), data[CONF_DEVICE_ID])


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
