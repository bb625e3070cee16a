"""Times, errors and translated texts, as people enter and read them."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
import re

import voluptuous as vol

from homeassistant.components.frontend.storage import async_user_store
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .tuyalock import LockError, is_clock_set


def _timestamp(moment: datetime) -> float:
    """Return a time in Unix seconds; without a zone it is a local one."""
    try:
        return dt_util.as_utc(moment).timestamp()
    except OverflowError as err:
        raise vol.Invalid("this time is out of range") from err


TIME = vol.All(cv.datetime, _timestamp)
"""Validates a time that somebody enters, and returns Unix seconds."""


def iso(moment: float | None, zone: tzinfo = UTC) -> str | None:
    """Return Unix seconds as people and templates read them; None is not known.

    Nor is a time by a clock that is not set.
    """
    if moment is None or not is_clock_set(moment):
        return None
    return datetime.fromtimestamp(moment, zone).isoformat()


def local_iso(moment: float | None) -> str | None:
    """Return Unix seconds as the time of the home, with its offset; None is not known."""
    return iso(moment, dt_util.get_default_time_zone())


def local_time(moment: float) -> datetime:
    """Return Unix seconds as the time of the home."""
    return dt_util.as_local(dt_util.utc_from_timestamp(moment))


_MARKUP = re.compile(r"[<>\[\]*`~\\]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|^#")
_LOOKALIKES = str.maketrans(
    "<>[]*`~\\&_#", "\u2039\u203a\uff3b\uff3d\u2217'\u223c\uff3c\uff06\uff3f\uff03"
)
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"
"""Shows nothing, and keeps an address from becoming a link."""


def in_markdown(text: str) -> str:
    """Return a name for a text that is shown as markdown, as those of repairs are.

    The same placeholder can stand in a title, which is no markdown. So nothing is escaped: what
    would be markup becomes a character that looks alike.
    """
    plain = _MARKUP.sub(lambda found: found[0].translate(_LOOKALIKES), text)
    return _LINK.sub(_JOINER, plain)


_TWELVE_HOURS = {"ar", "bn", "el", "en", "es-419", "hi", "ko", "ta", "te", "ur"}
"""Languages in which the clock begins again at noon, as browsers have it."""


async def async_time_format(hass: HomeAssistant) -> str:
    """Return how the owner of the house reads a time: by their profile, else by the language."""
    owner = await hass.auth.async_get_owner()
    profile = (await async_user_store(hass, owner.id)).data if owner else {}
    chosen = profile.get("language") or {}
    hours = chosen.get("time_format")
    if hours not in {"12", "24"}:
        language = chosen.get("language") or hass.config.language
        hours = "12" if language in _TWELVE_HOURS else "24"
    return "%-I:%M %p" if hours == "12" else "%H:%M"


async def async_texts(hass: HomeAssistant, kind: str) -> Mapping[str, str]:
    """Return the texts of a kind by their keys, in Home Assistant's language."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    start = f"component.{DOMAIN}.selector.{kind}.options."
    return {key.removeprefix(start): text for key, text in texts.items() if key.startswith(start)}


async def async_load_texts(hass: HomeAssistant, _: object = None) -> None:
    """Have the texts at hand; they are while a lock is set up."""
    await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})


@callback
def async_follow_language(hass: HomeAssistant) -> None:
    """Have the texts at hand when another language is chosen; Home Assistant loads them late."""
    hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, partial(async_load_texts, hass))


@callback
def text(hass: HomeAssistant, kind: str, key: str) -> str:
    """Return a text of a kind in Home Assistant's language, once the texts are at hand.

    While a language that was just chosen is loaded, it is the key.
    """
    cached = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    return cached.get(f"component.{DOMAIN}.selector.{kind}.options.{key}", key)


@callback
def error_text(hass: HomeAssistant, error: HomeAssistantError) -> str:
    """Return what an error of ours says in Home Assistant's language, once the texts are at hand.

    The error itself speaks English.
    """
    cached = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    words = cached.get(f"component.{DOMAIN}.exceptions.{error.translation_key}.message")
    return words.format(**error.translation_placeholders or {}) if words else str(error)


@callback
def day_and_time(hass: HomeAssistant, moment: float, time_format: str) -> str:
    """Return the local time of a Unix time in words: today at 8:12 AM."""
    at = local_time(moment)
    days = (dt_util.now().date() - at.date()).days
    key = {0: "today", 1: "yesterday"}.get(days, "day")
    return text(hass, "last_used", key).format(
        day=at.date().isoformat(), time=at.strftime(time_format)
    )


@callback
def way_name(hass: HomeAssistant, method: str, number: int | str | None) -> str:
    """Return how somebody opens: Fingerprint 3."""
    way = text(hass, "methods", method)
    return way if number is None else f"{way} {number}"


@callback
def number_name(hass: HomeAssistant, key: str) -> str:
    """Return `fingerprint:3` as people say it: Fingerprint 3."""
    return way_name(hass, *key.split(":"))


@contextmanager
def lock_errors() -> Generator[None]:
    """Raise an error of the lock as the translated error of an action."""
    try:
        yield
    except LockError as err:
        if err.text is None:
            raise
        error = ServiceValidationError if err.is_callers_mistake else HomeAssistantError
        raise error(
            translation_domain=err.text.translation_domain,
            translation_key=err.text.translation_key,
            translation_placeholders=dict(err.translation_placeholders),
        ) from err
