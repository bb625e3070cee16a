"""Times as people enter and read them; everything else counts Unix seconds."""

from datetime import datetime

import voluptuous as vol

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util


def _timestamp(moment: datetime) -> float:
    """Return the Unix seconds of a time, which is a local one if it has no zone."""
    try:
        return dt_util.as_utc(moment).timestamp()
    except OverflowError as err:
        raise vol.Invalid("this time is out of range") from err


TIME = vol.All(cv.datetime, _timestamp)
"""A time that somebody enters, as Unix seconds."""


def iso(moment: float) -> str:
    """Return Unix seconds for people and templates."""
    return dt_util.utc_from_timestamp(moment).isoformat()


def optional_iso(moment: float | None) -> str | None:
    """Return Unix seconds for people and templates, or None if they are not known."""
    return None if moment is None else iso(moment)
