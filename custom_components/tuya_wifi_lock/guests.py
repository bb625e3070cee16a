"""The guest codes of a lock: who may manage them, and how they stand, in words."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time as time_of_day, timedelta
import time
from typing import Literal

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestCode:
    """A guest code as people see it, without its digits; times are local."""

    id: str
    name: str
    number: int | None
    """The number that its unlocks show, once the lock has it."""
    start: datetime
    end: datetime
    once: bool
    weekly: Weekly | None
    phase: str
    """How far it is, as a key: `waiting`, `early`, `active`, `ended`, ..."""
    status: str
    """The same in words, with its times."""


class Guests:
    """The guest codes of one lock. Times that go in are Unix seconds."""

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
    def codes(self) -> list[GuestCode]:
        """Return the codes that take a place in the lock, the oldest first.

        The listeners of the coordinator are called when they change; time alone calls nobody.
        """
        return [self.seen(one) for one in self._passwords.valid(time.time())]

    @property
    def failed(self) -> list[GuestCode]:
        """Return the codes that the lock does not have, as it has not taken them."""
        failed = self._passwords.failed(time.time())
        return [self.seen(one) for one in failed if one.gone is not None]

    @property
    def listed(self) -> list[GuestCode]:
        """Return all codes that have something to be seen: also those that have failed."""
        return [*self.codes, *self.failed]

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
        if user is None:
            raise UnknownUser(context=context)
        if not self.may(user):
            raise Unauthorized(context=context)

    async def async_refresh(self) -> None:
        """Ask the cloud for all codes."""
        with self.action():
            await self._passwords.refresh()

    async def async_add(
        self,
        name: str,
        start: float,
        end: float,
        *,
        once: bool = False,
        weekly: Weekly | None = None,
        code: str | None = None,
    ) -> tuple[TemporaryPassword, str]:
        """Make a code; return it and its digits, which are stored nowhere."""
        with self.action():
            return await self._passwords.add(
                name, start, end, once=once, weekly=self._local(weekly), code=code
            )

    async def async_change(
        self,
        which: str,
        *,
        name: str | None = None,
        start: float | None = None,
        end: float | None = None,
        weekly: Weekly | Literal[False] | None = None,
        code: str | None = None,
    ) -> tuple[TemporaryPassword, str]:
        """Change a code, chosen by its name, number or id; return it and its digits.

        Tuya wants the digits with each change, and nobody keeps them: without `code`, the guest
        gets new ones. What is None stays; a `weekly` of False ends the schedule.
        """
        with self.action():
            return await self._passwords.modify(
                which, name=name, start=start, end=end, weekly=self._local(weekly), code=code
            )

    async def async_delete(self, which: str) -> TemporaryPassword:
        """Delete a code, chosen by its name, number or id; it may open until the lock wakes."""
        with self.action():
            return await self._passwords.delete(which)

    @contextmanager
    def action(self) -> Generator[None]:
        """Do something with the codes; raise errors as translated errors."""
        if not self.available:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_cloud")
        with self._action():
            yield

    def _local[T: (Weekly | None, Weekly | Literal[False] | None)](self, weekly: T) -> T:
        """Return a schedule in the time zone of the home."""
        if isinstance(weekly, Weekly):
            return replace(weekly, time_zone=self._hass.config.time_zone)
        return weekly

    @callback
    def seen(self, password: TemporaryPassword) -> GuestCode:
        """Return a code as people see it now."""
        phase = password.status(time.time())
        return GuestCode(
            id=password.id,
            name=password.name,
            number=password.number,
            start=local_time(password.start),
            end=local_time(password.end),
            once=password.once,
            weekly=password.weekly,
            phase=phase,
            status=self._in_words(password, phase),
        )

    def _in_words(self, password: TemporaryPassword, phase: str) -> str:
        """Return how far a code is: Active until Sunday 11:00."""
        is_weekly = phase in {"early", "active"} and password.weekly
        words = text(self._hass, "password_status", f"{phase}_weekly" if is_weekly else phase)
        start, end = local_time(password.start), local_time(password.end)
        return words.format(**self._times(start, end, password.weekly))

    @callback
    def message(self, password: TemporaryPassword, code: str) -> str:
        """Return a message that brings the digits of a code to somebody."""
        seen = self.seen(password)
        key = "code_weekly" if seen.weekly else "code"
        return text(self._hass, "guest_message", key).format(
            name=seen.name,
            code=code,
            status=seen.status,
            **self._times(seen.start, seen.end, seen.weekly),
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
    def times_in_words(self, start: datetime, end: datetime, weekly: Weekly | None = None) -> str:
        """Return when a code opens: from Friday 16:00 until Sunday 11:00."""
        words = text(self._hass, "guest_code", "times_weekly" if weekly else "times")
        return words.format(**self._times(start, end, weekly))

    def _times(self, start: datetime, end: datetime, weekly: Weekly | None) -> dict[str, str]:
        """Return the times of a code in words, as texts name them."""
        return {
            "start": self._moment(start),
            "end": self._moment(end),
            "weekly": self.weekly_in_words(weekly) if weekly else "",
        }

    def _moment(self, at: datetime) -> str:
        """Return a time in words: Sunday 11:00, or further away Sunday 2027-08-01 11:00."""
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


def clock_time(minute: int) -> time_of_day:
    """Return a minute of the day as a time of the clock."""
    return time_of_day(*divmod(minute, 60))
