"""Guest codes for the bookings of a calendar: made once, and kept as the bookings are."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time as Time, timedelta
from hashlib import sha256
from itertools import count
import re
import time
from typing import Any

from homeassistant.components.calendar import DATA_COMPONENT, CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .const import DOMAIN
from .guests import GuestCode, Guests
from .new_codes import async_message, notifiers
from .texts import texts
from .tuyalock import safe_name

LOOK_AHEAD = timedelta(days=366)
"""How far a booking may be moved and still be followed."""
LOOK_BACK = timedelta(days=1)
"""A stay that ends today is over at midnight for the calendar, and later for its guest."""
NAME_LENGTH = 20
LENGTHS = (7, 6)
"""Digits of codes, if those of the lock are not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an owner wants of the codes for bookings."""

    calendar: str
    lead_time: timedelta
    check_in: Time
    check_out: Time
    only: re.Pattern[str]
    """What is in the text of a booking; other events are none."""
    digits: re.Pattern[str]
    """Finds digits in the text of a booking, of which the last ones become the code."""
    phones: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking that has a code, or is about to get one; times of the code in Unix seconds."""

    calendar: str
    key: str
    """Which event it is."""
    guest: str
    name: str = ""
    """The name of the code; the second Anna's is Anna 2."""
    start: int
    end: int
    code: str | None = None
    """The id of the code; None: it is not known if there is one."""
    told: bool = False
    """The digits have reached somebody."""

    def is_like(self, other: Booking) -> bool:
        """Return if it is the same stay of the same guest, whatever its event is called."""
        mine, others = (self.guest, self.start, self.end), (other.guest, other.start, other.end)
        return mine == others


@dataclass(slots=True, kw_only=True)
class _Run:
    """What one comparison with a calendar has done, by the names of guests."""

    wishes: Wishes
    phones: list[str]
    refreshed: bool = False
    done: dict[str, list[str]] = field(
        default_factory=lambda: {"made": [], "changed": [], "deleted": []}
    )
    failed: list[dict[str, str]] = field(default_factory=list)


class Bookings:
    """The bookings of calendars that have a code for one lock."""

    def __init__(
        self,
        hass: HomeAssistant,
        guests: Guests,
        known: list[Booking],
        save: Callable[[], Awaitable[None]],
    ) -> None:
        self._hass, self._guests, self._save = hass, guests, save
        self.known = known
        """All that have a code or are about to get one, as they are stored."""
        self._turn = asyncio.Lock()
        self._failed: dict[str, str] = {}
        """What the phones were told of bookings that have no code, by their keys."""

    async def async_sync(self, wishes: Wishes) -> JsonObjectType:
        """Make, change and delete codes until they are as the bookings of a calendar.

        Nothing is asked of the cloud if they are. What fails is tried again by the next call.
        """
        async with self._turn:
            run = _Run(wishes=wishes, phones=wishes.phones or self._guests.phones)
            await self._async_follow_all(run)
        return {**run.done, "failed": run.failed}

    async def _async_follow_all(self, run: _Run) -> None:
        """Follow each booking, those first that are gone; stop if the cloud is the reason."""
        wishes = run.wishes
        events = await _async_events(self._hass, wishes.calendar)
        calendar = _calendar_id(self._hass, wishes.calendar)
        found = sorted(_found(calendar, events, wishes), key=lambda one: one[0].start)
        known = {one.key: one for one in self.known if one.calendar == calendar}
        before = {one.key: known.pop(one.key) for one, _ in found if one.key in known}
        for one, _ in found:
            # Some portals call the same event something else each time.
            if one.key not in before and (like := next(filter(one.is_like, known.values()), None)):
                before[one.key] = known.pop(like.key)
        for gone in known.values():
            if not await self._async_try(run, gone, self._async_cancel(run, gone)):
                return
        for one, text in found:
            step = self._async_follow(run, before.get(one.key), one, text)
            if not await self._async_try(run, one, step):
                return

    async def _async_try(
        self, run: _Run, booking: Booking, step: Coroutine[Any, Any, str | None]
    ) -> bool:
        """Take a step for a booking; return if others may still succeed."""
        try:
            done = await step
        except HomeAssistantError as err:
            error = str(err)
            run.failed.append({"name": booking.guest, "error": error})
            if self._failed.get(booking.key) != error:
                self._failed[booking.key] = error
                await self._async_tell(run, "failed", name=booking.guest, error=error)
            return isinstance(err, ServiceValidationError)
        self._failed.pop(booking.key, None)
        if done:
            run.done[done].append(booking.guest)
        return True

    async def _async_follow(
        self, run: _Run, old: Booking | None, booking: Booking, text: str
    ) -> str | None:
        """Make the code of a booking as the booking is."""
        now = time.time()
        too_early = booking.start - run.wishes.lead_time.total_seconds() > now
        if booking.end <= now or (old is None and too_early):
            return None
        if old and old.told and (old.start, old.end) == (booking.start, booking.end):
            if old.key != booking.key:
                await self._async_keep(old, replace(old, key=booking.key))
            return None
        code = await self._async_code(run, old or booking)
        if old is None and code:
            # It was made for the same stay before, or for the calendar of another portal.
            await self._async_keep(None, replace(booking, name=code.name, code=code.id, told=True))
            return None
        if code is None and too_early:
            await self._async_keep(old, None)
            return None
        return await self._async_write(run, old, booking, code, text)

    async def _async_write(
        self, run: _Run, old: Booking | None, booking: Booking, code: GuestCode | None, text: str
    ) -> str:
        """Make or change the code of a booking, and tell its digits."""
        digits = run.wishes.digits_in(text, self._guests.code_length)
        if not list(notifiers(self._hass, run.phones)) and (run.phones or not digits):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="guest_code_no_phone"
            )
        start, end = booking.start, booking.end
        if code:
            changed = await self._guests.async_change(code.id, start=start, end=end, code=digits)
            password, new = changed
        else:
            booking = replace(booking, name=self._free_name(booking.guest))
            # Written down before it is made, so that it is not made twice.
            await self._async_keep(old, booking)
            old = booking
            password, new = await self._guests.async_add(booking.name, start, end, code=digits)
        booking = replace(booking, name=password.name, code=password.id)
        await self._async_keep(old, booking)
        seen = self._guests.seen(password)
        if run.phones and not await self._async_tell(
            run,
            "code",
            name=seen.name,
            code=new,
            start=self._guests.moment(seen.start),
            end=self._guests.moment(seen.end),
            status=seen.status,
        ):
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="guest_code_not_sent"
            )
        await self._async_keep(booking, replace(booking, told=True))
        return "changed" if code else "made"

    async def _async_cancel(self, run: _Run, booking: Booking) -> str | None:
        """Delete the code of a booking that is gone, unless the stay has begun.

        Portals take stays out of their calendars when they have begun.
        """
        now = time.time()
        if booking.start <= now:
            if booking.end <= now:
                await self._async_keep(booking, None)
            return None
        code = await self._async_code(run, booking)
        if code and not any(one.code == code.id for one in self.known if one is not booking):
            await self._guests.async_delete(code.id)
            await self._async_keep(booking, None)
            await self._async_tell(run, "deleted", name=code.name)
            return "deleted"
        await self._async_keep(booking, None)
        return None

    async def _async_code(self, run: _Run, booking: Booking) -> GuestCode | None:
        """Return the code of a booking, as Tuya's cloud has it."""
        if not run.refreshed:
            await self._guests.async_refresh()
            run.refreshed = True
        return next(filter(booking.owns, self._guests.codes), None)

    def _free_name(self, guest: str) -> str:
        """Return the name of a guest, or with a number if another one has it: Anna 2."""
        taken = {one.name.casefold() for one in self._guests.codes if one.phase != "deleting"}
        for number in count(2):
            if guest.casefold() not in taken:
                return guest
    ...
