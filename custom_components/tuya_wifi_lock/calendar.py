"""The calendar of a lock: its guest codes, which people make, change and delete there."""

from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from operator import attrgetter
import time
from typing import Any, override

from homeassistant.components.calendar import (
    EVENT_END,
    EVENT_RRULE,
    EVENT_START,
    EVENT_SUMMARY,
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEntityFeature,
    CalendarEvent,
)
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LockCoordinator
from .entity import LockValue, LockValueDescription, async_setup_parts
from .guests import LAST_MINUTE, clock_time, minute_of, schedule
from .new_codes import NewCodes, async_send, check_reachable
from .tuyalock import TemporaryPassword, Weekly

PARALLEL_UPDATES = 0

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY_DAY = frozenset(range(7))
DAY = timedelta(days=1)
NEXT_VISIT = timedelta(days=8)
"""In which there is one of each weekly code."""
WITHOUT_END = timedelta(days=365)
"""How long a weekly code is valid of which nobody says how long."""
SAME = 60.0
"""Seconds by which a time differs that nobody has changed: the browser shows no seconds."""
RULE = {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}
"""Parts of a rule of repetition that a weekly code can follow."""
THIS_AND_FUTURE = "THISANDFUTURE"

type Passwords = tuple[TemporaryPassword, ...]
type Times = tuple[float, float, Weekly | None]
"""From when until when a code is valid, in Unix seconds, and perhaps its weekly schedule."""

_calling: ContextVar[Context | None] = ContextVar("calling", default=None)
"""The context of the action that is under way."""


@dataclass(frozen=True, kw_only=True)
class GuestsDescription(LockValueDescription[Passwords], CalendarEntityDescription):
    """Description of the calendar of guests."""


GUESTS = GuestsDescription(
    key="guests",
    exists_fn=lambda lock: lock.guests.available,
    by_project=True,
    value_fn=attrgetter("data.passwords"),
)


def _is_shown(password: TemporaryPassword) -> bool:
    """Return if a code is in the calendar: also one that has ended, but none that was deleted."""
    is_there = password.gone is None or password.gone >= password.end
    return is_there or password.phase == "failed"


class GuestCalendar(LockValue[Passwords], CalendarEntity):
    """The guest codes of a lock as events. Their digits are not in it."""

    entity_description: GuestsDescription
    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT
        | CalendarEntityFeature.DELETE_EVENT
        | CalendarEntityFeature.UPDATE_EVENT
    )

    def __init__(self, coordinator: LockCoordinator, description: GuestsDescription) -> None:
        super().__init__(coordinator, description)
        coordinator.new_codes = self._new_codes = NewCodes(coordinator.hass)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Forget the digits that nobody has fetched."""
        await super().async_will_remove_from_hass()
        self._new_codes.async_forget_all()

    @property
    def _codes(self) -> Iterator[TemporaryPassword]:
        return filter(_is_shown, self._value)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the visit that goes on, or else the next one."""
        now = dt_util.utcnow()
        visits = [
            self._event(one, *visit)
            for one in self._codes
            if (visit := _next_visit(one, now)) is not None
        ]
        return min(visits, key=lambda one: one.start_datetime_local, default=None)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the visits between two times."""
        return [
            self._event(one, *visit)
            for one in self._codes
            for visit in _visits(one, dt_util.as_utc(start_date), dt_util.as_utc(end_date))
        ]

    def _event(self, password: TemporaryPassword, start: datetime, end: datetime) -> CalendarEvent:
        start, end = dt_util.as_local(start), dt_util.as_local(end)
        return CalendarEvent(
            summary=password.name,
            start=start,
            end=end,
            description=self.coordinator.guests.status(password),
            uid=password.id,
            rrule=_rule(password),
            recurrence_id=_recurrence_id(start) if password.weekly else None,
        )

    # What people do in it

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Note whose action is under way, until it ends."""
        super().async_set_context(context)
        _calling.set(context)

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Make a code for a guest."""
        user_id, name = await self._async_user(), kwargs[EVENT_SUMMARY]
        start, end, weekly = _times(kwargs)
        self._check_receiver(user_id)
        with self.coordinator.guests.action() as passwords:
            password, code = await passwords.add(name, start, end, weekly=weekly)
        await self._async_bring(password, code, user_id)

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Change a code. Tuya wants digits with each change, so that the guest gets new ones.

        While the digits of a new code still wait for their maker, they stay.
        """
        user_id = await self._async_user()
        old, name = self._find(uid, recurrence_id, recurrence_range), event[EVENT_SUMMARY]
        start, end, weekly = _times(event)
        if (old.weekly and weekly and old.start <= time.time()) or abs(start - old.start) < SAME:
            start = old.start
        if abs(end - old.end) < SAME:
            end = old.end
        if (name, start, end, _clock(weekly)) == (old.name, old.start, old.end, _clock(old.weekly)):
            return
        self._check_receiver(user_id)
        digits = self._new_codes.of(uid, user_id)
        with self.coordinator.guests.action() as passwords:
            password, code = await passwords.modify(
                uid, name=name, start=start, end=end, weekly=weekly or False, code=digits
            )
        await self._async_bring(password, code, user_id)

    @override
    async def async_delete_event(
        self,
        uid: str,
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Delete a code; it may open until the lock wakes."""
        await self._async_user()
        if recurrence_id:
            self._find(uid, recurrence_id, recurrence_range)
        with self.coordinator.guests.action() as passwords:
            await passwords.delete(uid)
        self._new_codes.async_forget(uid)

    async def _async_user(self) -> str | None:
        """Return who wants something of the calendar: None is an automation, which may.

        The frontend sends no context, so that it is the connection that says whose it is. Whoever
        comes another way is refused.
        """
        if context := _calling.get():
            if context.user_id is None:
                return None
            user = await self.hass.auth.async_get_user(context.user_id)
        else:
            user = connection.user if (connection := current_connection.get()) else None
        if user is None or not self.coordinator.guests.may(user):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="no_guest_manager"
            )
        return user.id

    def _find(
        self, uid: str, recurrence_id: str | None, recurrence_range: str | None
    ) -> TemporaryPassword:
        """Return a code; raise if only some of its visits are meant, as all have one schedule."""
        found = next((one for one in self._codes if one.id == uid), None)
        if found is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="event_gone")
        if found.weekly and recurrence_id:
            if recurrence_range != THIS_AND_FUTURE:
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="weekly_single"
                )
            coming = _next_visit(found, dt_util.utcnow())
            if coming and recurrence_id > _recurrence_id(dt_util.as_local(coming[0])):
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="weekly_later"
                )
        return found

    def _check_receiver(self, user_id: str | None) -> None:
        """Raise if nobody would get the digits."""
        if user_id is None:
            check_reachable(self.hass, self.coordinator.guests.phones)

    async def _async_bring(
        self, password: TemporaryPassword, code: str, user_id: str | None
    ) -> None:
        """Bring the digits to the phones, and keep them for a while for who has made the code."""
        lock, phones = self.coordinator, self.coordinator.guests.phones
        if user_id:
            self._new_codes.async_put(password.id, code, user_id)
        message = lock.guests.message(password, code)
        if phones and not await async_send(self.hass, phones, lock.name, message):
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="guest_code_not_sent"
            )


async_setup_entry = partial(async_setup_parts, descriptions=(GUESTS,), make=GuestCalendar)


# Times of codes, as visits


def _next_visit(password: TemporaryPassword, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the visit that goes on, or else the next one."""
    until = max(now, dt_util.utc_from_timestamp(password.start)) + NEXT_VISIT
    return next(_visits(password, now, until), None)


def _visits(
    password: TemporaryPassword, after: datetime, before: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Return when a code opens between two times, in UTC."""
    start, end = (dt_util.utc_from_timestamp(one) for one in (password.start, password.end))
    if (weekly := password.weekly) is None:
        if start < min(end, before) and end > after:
            yield start, end
        return
    zone = _zone(weekly)
    day = max(start, after).astimezone(zone).date()
    while day <= min(end, before).astimezone(zone).date():
        if day.weekday() in weekly.days:
            begins, ends = (
                datetime.combine(day, clock_time(minute), zone).astimezone(UTC)
                for minute in (weekly.start, weekly.end)
            )
            visit = max(start, begins), min(end, ends)
            if visit[0] < min(visit[1], before) and visit[1] > after:
                yield visit
        day += DAY


def _zone(weekly: Weekly) -> tzinfo:
    """Return the time zone of a schedule, as far as it is known."""
    named = None
    # Not every name of a time zone is one.
    with suppress(OSError, ValueError):
        named = dt_util.get_time_zone(weekly.time_zone)
    return named or dt_util.get_default_time_zone()


def _recurrence_id(start: datetime) -> str:
    return f"{start:%Y%m%dT%H%M%S}"


def _rule(password: TemporaryPassword) -> str | None:
    """Return the rule of repetition of a weekly code."""
    if password.weekly is None:
        return None
    until = dt_util.utc_from_timestamp(password.end)
    days = ",".join(DAYS[day] for day in sorted(password.weekly.days))
    return f"FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%SZ};BYDAY={days}"


def _clock(weekly: Weekly | None) -> tuple[frozenset[int], int, int] | None:
    return (weekly.days, weekly.start, weekly.end) if weekly else None


# Events that people enter, as times of codes


def _times(event: dict[str, Any]) -> Times:
    """Return the times of an event; whole days are from midnight to midnight."""
    try:
        start, end = _local(event[EVENT_START]), _local(event[EVENT_END])
        if rule := event.get(EVENT_RRULE):
            return _weekly_times(dict(part.split("=", 1) for part in rule.split(";")), start, end)
    except (OverflowError, ValueError) as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="password_beyond_clock"
        ) from err
    return start.timestamp(), end.timestamp(), None


def _local(moment: datetime | date) -> datetime:
    return (
        dt_util.as_local(moment)
        if isinstance(moment, datetime)
        else dt_util.start_of_local_day(moment)
    )


def _weekly_times(rule: dict[str, str], start: datetime, end: datetime) -> Times:
    """Return the times of an event that repeats by a rule."""
    days = _days(rule, start)
    minutes = [minute_of(one) for one in (start, end)]
    if end.date() == start.date() + DAY and not minutes[1]:
        # Midnight is a minute that no schedule has.
        minutes[1], end = LAST_MINUTE, end - timedelta(minutes=1)
    if end.date() != start.date():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="password_bad_weekly"
        )
    if (last := _last_day(rule, start, days)) is None:
        until = start + WITHOUT_END
    else:
        until = datetime.combine(last, end.time(), dt_util.get_default_time_zone())
    return start.timestamp(), until.timestamp(), schedule(days, *minutes)


def _days(rule: dict[str, str], start: datetime) -> frozenset[int]:
    """Return the days of the week that a rule names; raise if it is no weekly one."""
    every = {"DAILY": EVERY_DAY, "WEEKLY": frozenset({start.weekday()})}.get(rule["FREQ"])
    named = rule["BYDAY"].split(",") if "BYDAY" in rule else []
    if (
        every is None
        or rule.keys() - RULE
        or rule.get("INTERVAL", "1") != "1"
        or not {*DAYS}.issuperset(named)
    ):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_weekly")
    return frozenset(map(DAYS.index, named)) or every


def _last_day(rule: dict[str, str], start: datetime, days: frozenset[int]) -> date | None:
    """Return the last day of an event that repeats by a rule; None is not said."""
    if until := rule.get("UNTIL"):
        is_utc, has_time = until.endswith("Z"), "T" in until
        moment = datetime.strptime(until[:15], "%Y%m%dT%H%M%S" if has_time else "%Y%m%d")
        day = dt_util.as_local(moment.replace(tzinfo=UTC)).date() if is_utc else moment.date()
        return day - DAY * min((day.weekday() - one) % 7 for one in days)
    if times := int(rule.get("COUNT", 0)):
        offsets = sorted((one - start.weekday()) % 7 for one in days)
        weeks, which = divmod(times - 1, len(offsets))
        return start.date() + timedelta(weeks=weeks, days=offsets[which])
    return None
