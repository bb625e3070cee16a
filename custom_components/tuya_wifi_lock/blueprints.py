"""Puts the blueprints where their owner looks for them, and keeps them up to date there."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from homeassistant.const import SERVICE_RELOAD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER

SOURCE = Path(__file__).parent / "blueprints"
STORAGE_VERSION = 1
AUTOMATION_DOMAIN = "automation"


async def async_install_blueprints(hass: HomeAssistant) -> None:
    """Copy the blueprints that are new, and those that have changed here and not at the owner's."""
    store: Store[dict[str, str]] = Store(hass, STORAGE_VERSION, f"{DOMAIN}.blueprints")
    known = await store.async_load() or {}
    target = Path(hass.config.path("blueprints"))
    try:
        installed = await hass.async_add_executor_job(_install, SOURCE, target, known)
    except OSError as err:
        LOGGER.warning("Unable to copy the blueprints to %s: %s", target, err.strerror)
        return
    if not installed:
        return
    await store.async_save({**known, **installed})
    if installed.keys() & known.keys() and hass.services.has_service(
        AUTOMATION_DOMAIN, SERVICE_RELOAD
    ):
        await hass.services.async_call(AUTOMATION_DOMAIN, SERVICE_RELOAD)


def _install(source: Path, target: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Copy files; return those that were copied, and what is in them.

    `known`: what was copied before. A file that is gone since then was removed by its owner.
    """
    installed: dict[str, str] = {}
    for file in sorted(source.rglob("*.yaml")):
        name, content = file.relative_to(source).as_posix(), file.read_bytes()
        place, version = target / name, _version(content)
        present = _version(place.read_bytes()) if place.exists() else None
        if present == known.get(name) != version:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            installed[name] = version
    return installed


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()
