"""The guest codes of a lock: who may manage them, and how they stand, in words."""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, time as time_of_day, timedelta
import time

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import CONF_GUEST_MANAGERS, CONF_GUEST_PHONES, DOMAIN
from .texts import async_time_format, local_time, text
from .tuyalock import TemporaryPassword, TemporaryPasswords, Weekly

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DELETING = "deleting"
"""The phase of a code that was deleted and may still open."""
LAST_MINUTE = 24 * 60 - 1
"""Of a day: a schedule may be entered to end at midnight."""
_THIS_WEEK = timedelta(days=6)
"""How far a day can be away that is known by its name alone."""


class Guests:
    """The guest codes of one lock."""

    __slots__ = ("_action", "_entry", "_hass", "_passwords", "_time_format")

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        passwords: TemporaryPasswords,
        action: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Manage the codes of the lock of an entry; `action` translates its errors."""
        self._hass, self._entry = hass, entry
        self._passwords, self._action = passwords, action
        self._time_format = "%H:%M"

    async def async_start(self) -> None:
        """Find out how the owner of the house reads a time."""
        self._time_format = await async_time_format(self._hass)

    @property
    def available(self) -> bool:
        """Return if there is a cloud project, which carries codes to the lock."""
        return self._passwords.available

    @property
    def codes(self) -> list[TemporaryPassword]:
        """Return the codes that take a place in the lock, the oldest first.

        The listeners of the coordinator are called when they change; time alone calls nobody.
        """
        return self._passwords.valid(time.time())

    @property
    def listed(self) -> list[TemporaryPassword]:
        """Return all codes that people see: also those that the lock has not taken."""
        failed = self._passwords.failed(time.time())
        return [*self.codes, *(one for one in failed if one.gone is not None)]

    @property
    def code_lengths(self) -> tuple[int, ...]:
        """Return how many digits a code can have, the likeliest first."""
        return self._passwords.code_lengths

    @property
    def room(self) -> int:
        """Return how many more codes fit."""
        return self._passwords.room(time.time())

    @property
    def phones(self) -> list[str]:
        """Return the devices of the phones that get the digits of codes made in the calendar."""
        phones: list[str] = self._entry.options.get(CONF_GUEST_PHONES, [])
        return phones

    @callback
    def may(self, user: User) -> bool:
        """Return if a user may manage the codes: administrators, and whom the owner has named."""
        managers = self._entry.options.get(CONF_GUEST_MANAGERS, ())
        return user.is_active and (user.is_admin or user.id in managers)

    async def async_check(self, context: Context) -> None:
        """Raise Unauthorized if the user behind a call may not manage the codes."""
        if context.user_id is None:
            return
        user = await self._hass.auth.async_get_user(context.user_id)
        if user is None or not self.may(user):
            raise Unauthorized(context=context)

    @contextmanager
    def action(self) -> Generator[TemporaryPasswords]:
        """Do something with the codes; raise errors as translated errors."""
        if not self.available:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_cloud")
        with self._action():
            yield self._passwords

    @callback
    def status(self, password: TemporaryPassword) -> str:
        """Return how far a code is now: Active until Sunday 11:00."""
        phase = password.status(time.time())
        is_weekly = phase in {"early", "active"} and password.weekly
        words = text(self._hass, "password_status", f"{phase}_weekly" if is_weekly else phase)
        return words.format(**self._times(password.start, password.end, password.weekly))

    @callback
    def message(self, password: TemporaryPassword, code: str) -> str:
        """Return a message that brings the digits of a code to somebody."""
        key = "code_weekly" if password.weekly else "code"
        return text(self._hass, "guest_message", key).format(
            name=password.name,
            code=code,
            status=self.status(password),
            **self._times(password.start, password.end, password.weekly),
        )

    @callback
    def weekly_in_words(self, weekly: Weekly) -> str:
        """Return a schedule in words: Tuesday, Friday 9:00 to 12:00."""
        start, end = clock_time(weekly.start), clock_time(weekly.end)
        return text(self._hass, "weekly", "days").format(
            days=", ".join(self._day(day) for day in sorted(weekly.days)),
            start=start.strftime(self._time_format),
            end=end.strftime(self._time_format),
        )

    @callback
    def times_in_words(self, start: float, end: float, weekly: Weekly | None = None) -> str:
        """Return when a code opens: from Friday 16:00 until Sunday 11:00."""
        words = text(self._hass, "guest_code", "times_weekly" if weekly else "times")
        return words.format(**self._times(start, end, weekly))

    def _times(self, start: float, end: float, weekly: Weekly | None) -> dict[str, str]:
        """Return the times of a code in words, as texts name them."""
        return {
            "start": self._moment(start),
            "end": self._moment(end),
            "weekly": self.weekly_in_words(weekly) if weekly else "",
        }

    def _moment(self, moment: float) -> str:
        """Return a time in words: Sunday 11:00, or further away Sunday 2027-08-01 11:00."""
        at = local_time(moment)
        days = at.date() - dt_util.now().date()
        date = "" if abs(days) <= _THIS_WEEK else f" {at.date().isoformat()}"
        return f"{self._day(at.weekday())}{date} {at.strftime(self._time_format)}"

    def _day(self, day: int) -> str:
        return text(self._hass, "weekdays", DAYS[day])


def day_names(weekly: Weekly) -> list[str]:
    """Return the days of a schedule as keys, in their order."""
    return [DAYS[day] for day in sorted(weekly.days)]


def minute_of(at: time_of_day | datetime) -> int:
    """Return a time of the clock as a minute of the day."""
    return at.hour * 60 + at.minute


def schedule(days: Iterable[int], start: int, end: int) -> Weekly:
    """Return a schedule in the time zone of the home, from days and minutes of the day."""
    zone = str(dt_util.get_default_time_zone())
    return Weekly(days=frozenset(days), start=start, end=end, time_zone=zone)


MINUTE = vol.All(cv.time, minute_of)
"""Validates a time of the clock that somebody enters, and returns the minute of the day."""


def clock_time(minute: int) -> time_of_day:
    """Return a minute of the day as a time of the clock."""
    return time_of_day(*divmod(minute, 60))
