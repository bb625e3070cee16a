"""Guest codes for the bookings of a calendar: made once, and kept as the bookings are."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time as time_of_day, timedelta
from hashlib import sha256
from itertools import count
import re
import time
from typing import Any

from homeassistant.components.calendar import DATA_COMPONENT, CalendarEvent
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .guests import DELETING, Guests
from .new_codes import async_send, check_reachable
from .texts import error_text, text
from .tuyalock import (
    CloudRefused,
    TemporaryPassword,
    TemporaryPasswords,
    is_trivial,
    safe_name,
)

LOOK_AHEAD = timedelta(days=400)
"""How far a booking can be moved and is still followed."""
LOOK_BACK = timedelta(days=1)
"""A stay that ends today has ended at midnight for the calendar, and not for its guest."""
MOST_TEXT = 4000
"""Characters of a booking that are searched: what a guest writes must not hold up anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an owner wants of the codes for bookings."""

    calendar: str
    lead_time: timedelta
    check_in: time_of_day
    check_out: time_of_day
    only: re.Pattern[str]
    """What the text of a booking has; other events are none."""
    digits: re.Pattern[str]
    """Finds digits in the text of a booking; the last ones become the code."""
    phones: list[str]
    """Devices that get the digits."""

    def times(self, event: CalendarEvent) -> tuple[int, int]:
        """Return when a stay begins and ends, in Unix seconds; whole days have usual times."""
        return _moment(event.start, self.check_in), _moment(event.end, self.check_out)

    def codes(self, words: str, lengths: Iterable[int]) -> list[str | None]:
        """Return the codes to try for a booking; None is a random one."""
        found = self.digits.search(words)
        typed = filter(str.isdecimal, found[found.lastindex or 0]) if found else ()
        # There are other digits than those of ASCII, which no keypad has.
        digits = "".join(str(int(one)) for one in typed)
        codes = [digits[-one:] for one in lengths if len(digits) >= one]
        return [one for one in codes if not is_trivial(one)] or [None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking that has a code, or is about to get one; times are Unix seconds."""

    calendar: str
    key: str
    """Which event of the calendar it is."""
    guest: str
    start: int
    end: int
    name: str = ""
    """The name of the code, once there is one: that of the second Anna is Anna 2."""
    code: str | None = None
    """The id of the code; None: it is not known if there is one."""
    sent: bool = False
    """Somebody has got the digits."""

    def fits(self, code: TemporaryPassword) -> bool:
        """Return if a code has the times of this booking."""
        return (code.start, code.end) == (self.start, self.end)

    def describes(self, code: TemporaryPassword) -> bool:
        """Return if a code has the name and the times of this booking."""
        return code.name.casefold() == (self.name or self.guest).casefold() and self.fits(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What was done for the guests of a calendar, by their names."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    """Each by `name`, with the `error` for which there is no code that is as the booking."""


class Bookings:
    """The bookings that have a code for one lock."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        guests: Guests,
        known: list[Booking],
        save: Callable[[], Awaitable[None]],
    ) -> None:
        """Go on with the bookings that were stored; `save` stores them at once."""
        self.hass, self.entry, self.guests = hass, entry, guests
        self._save = save
        self.known = [one for one in known if one.end > time.time()]
        self.reported: dict[str, str] = {}
        """Why bookings have failed, as the phones were sent it, by their keys."""
        self._turn = asyncio.Lock()

    async def async_sync(self, wishes: Wishes) -> Synced:
        """Make, change and delete codes until they are as the bookings of a calendar.

        If they are, the cloud is not asked. What fails is tried again the next time.
        """
        async with self._turn:
            sync = _Sync(self, wishes)
            await sync.async_run(await _async_events(self.hass, wishes.calendar))
            return sync.result

    async def async_keep(self, old: Booking | None, new: Booking | None) -> None:
        """Keep a booking in place of what was known of it, before anything else is done."""
        self.known = [one for one in self.known if one is not old] + ([new] if new else [])
        await self._save()


class _Sync:
    """One comparison of the codes with a calendar."""

    def __init__(self, bookings: Bookings, wishes: Wishes) -> None:
        self._bookings, self._wishes = bookings, wishes
        self._guests = bookings.guests
        self._phones = wishes.phones or bookings.guests.phones
        entity = er.async_get(bookings.hass).async_get(wishes.calendar)
        # An entity ID can be changed.
        self._calendar = entity.id if entity else wishes.calendar
        self._refreshed = False
        self._tries: int | None = None
        """How many more codes may be requested, as far as that is known."""
        self.result = Synced()

    async def async_run(self, events: Iterable[CalendarEvent]) -> None:
        """Follow each booking, first those that are gone, until it is the cloud that fails."""
        found = self._found(events)
        before, gone = _matched(found, filter(self._is_ours, self._bookings.known))
        # Of a calendar that was removed, nobody knows if a stay is canceled.
        gone = [one for one in gone if one.calendar == self._calendar or one.end <= time.time()]
        is_empty = not found and sum(one.start > time.time() for one in gone) > 1
        for one in gone:
            if not await self._async_try(one, self._async_cancel(one, is_empty=is_empty)):
                return
        for one, words in found.items():
            if not await self._async_try(one, self._async_follow(before.get(one), one, words)):
                return

    def _is_ours(self, booking: Booking) -> bool:
        """Return if a booking can be of this calendar: a removed one may have been added again."""
        return booking.calendar == self._calendar or self._is_of_removed(booking)

    def _is_of_removed(self, booking: Booking) -> bool:
        """Return if the calendar of a booking was removed, and not only renamed or unavailable."""
        registry, calendar = er.async_get(self._bookings.hass), booking.calendar
        return not valid_entity_id(calendar) and registry.async_get(calendar) is None

    def _found(self, events: Iterable[CalendarEvent]) -> dict[Booking, str]:
        """Return the bookings among the events of the calendar with their texts, in order."""
        found = {}
        nobody = text(self._bookings.hass, "methods", "temporary_password")
        for event in events:
            parts = (event.summary, event.description, event.location)
            words = "\n".join(filter(None, parts))[:MOST_TEXT]
            start, end = self._wishes.times(event)
            if start >= end or not self._wishes.only.search(words):
                continue
            which = (event.uid, event.recurrence_id) if event.uid else (event.summary, start, end)
            booking = Booking(
                calendar=self._calendar,
                key=sha256(repr(which).encode()).hexdigest(),
                guest=_cut(safe_name(event.summary) or nobody),
                start=start,
                end=end,
            )
            found[booking] = words
        return dict(sorted(found.items(), key=lambda one: one[0].start))

    async def _async_try(self, booking: Booking, step: Coroutine[Any, Any, None]) -> bool:
        """Do something for a booking; return if it is of use to go on with others."""
        reported = self._bookings.reported
        try:
            await step
        except HomeAssistantError as err:
            error = error_text(self._bookings.hass, err)
            self.result.failed.append({"name": booking.guest, "error": error})
            if reported.get(booking.key) != error:
                reported[booking.key] = error
                await self._async_send("failed", name=booking.guest, error=error)
            cause = err.__cause__
            return isinstance(err, ServiceValidationError) or (
                isinstance(cause, CloudRefused) and cause.is_of_request
            )
        reported.pop(booking.key, None)
        return True

    async def _async_follow(self, old: Booking | None, booking: Booking, words: str) -> None:
        """Make the code of a booking as the booking is."""
        now = time.time()
        too_early = booking.start - self._wishes.lead_time.total_seconds() > now
        if booking.end <= now:
            if old:
                await self._async_delete(old)
            return
        if old is None and too_early:
            return
        if old and old.sent and (old.start, old.end) == (booking.start, booking.end):
            if (old.key, old.calendar) != (booking.key, booking.calendar):
                moved = replace(old, key=booking.key, calendar=booking.calendar)
                await self._bookings.async_keep(old, moved)
            return
        code = await self._async_code(old or booking)
        if code and booking.fits(code) and (old is None or old.sent):
            # The calendar of another portal has the same stay, or the store was lost.
            booking = replace(booking, name=code.name, code=code.id, sent=True)
            await self._bookings.async_keep(old, booking)
        elif code is None and too_early:
            # The owner has deleted it.
            await self._bookings.async_keep(old, None)
        else:
            await self._async_write(old, booking, code, words)

    async def _async_write(
        self, old: Booking | None, booking: Booking, code: TemporaryPassword | None, words: str
    ) -> None:
        """Make or change the code of a booking, and send its digits."""
        keep, guests = self._bookings.async_keep, self._guests
        codes = self._wishes.codes(words, guests.code_lengths)
        if self._phones or None in codes:
            check_reachable(self._bookings.hass, self._phones)
        start, end = booking.start, booking.end
        # Written down before the cloud is asked, so that nothing is made twice or stays unsent.
        if code and old:
            which = code.id
            await keep(old, old := replace(old, sent=False))
            password, digits = await _async_first(
                guests, codes, lambda book, one: book.modify(which, start=start, end=end, code=one)
            )
        elif self._tries == 0:
            # Whoever comes later waits for a place too.
            return
        else:
            self._tries = guests.room if self._tries is None else self._tries - 1
            name = self._free_name(booking.guest)
            # A list can lack a code that is there again the next time.
            before = old.code if old else None
            await keep(old, old := replace(booking, name=name, code=before))
            password, digits = await _async_first(
                guests, codes, lambda book, one: book.add(name, start, end, code=one)
            )
        booking = replace(booking, name=password.name, code=password.id)
        await keep(old, booking)
        (self.result.changed if code else self.result.made).append(password.name)
        if self._phones and not await self._async_notify(guests.message(password, digits)):
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="booking_not_sent")
        await keep(booking, replace(booking, sent=True))

    async def _async_cancel(self, booking: Booking, *, is_empty: bool) -> None:
        """Delete the code of a booking that is gone, unless the stay has begun.

        Portals take stays out of their calendars when they have begun. A calendar that has lost
        several bookings and has no other is more likely their mistake.
        """
        now = time.time()
        if booking.start <= now < booking.end:
            return
        if is_empty and booking.end > now:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="calendar_emptied"
            )
        await self._async_delete(booking)

    async def _async_delete(self, booking: Booking) -> None:
        """Delete the code of a booking, as far as it is still valid."""
        is_over = booking.end <= time.time()
        code = None if is_over else await self._async_code(booking)
        if code is None and booking.code and not is_over:
            # It can be missing in this list only, so that it is looked for once more.
            await self._bookings.async_keep(booking, replace(booking, code=None))
            return
        others = (one for one in self._bookings.known if one is not booking)
        if code is None or any(
            one.code == code.id and not self._is_of_removed(one) for one in others
        ):
            await self._bookings.async_keep(booking, None)
            return
        with self._guests.action() as passwords:
            await passwords.delete(code.id)
        await self._bookings.async_keep(booking, None)
        self.result.deleted.append(code.name)
        await self._async_send("deleted", name=code.name)

    async def _async_code(self, booking: Booking) -> TemporaryPassword | None:
        """Return the code of a booking, as Tuya's cloud has it now."""
        if not self._refreshed:
            with self._guests.action() as passwords:
                await passwords.refresh()
            self._refreshed = True
        codes = [one for one in self._guests.codes if one.phase != DELETING]
        its_own = (one for one in codes if one.id == booking.code)
        # The cloud may have another id for it.
        return next(its_own, None) or next(filter(booking.describes, codes), None)

    def _free_name(self, guest: str) -> str:
        """Return the name of a guest, with a number if another code has it: Anna 2."""
        taken = {one.name.casefold() for one in self._guests.codes if one.phase != DELETING}
        name, numbers = guest, count(2)
        while name.casefold() in taken:
            number = f" {next(numbers)}"
            name = _cut(guest, len(number)) + number
        return name

    async def _async_send(self, key: str, **values: str) -> None:
        """Send a message about a booking to the phones."""
        await self._async_notify(text(self._bookings.hass, "guest_message", key).format(**values))

    async def _async_notify(self, message: str) -> bool:
        """Send a message to the phones; return if one of them has got it."""
        bookings = self._bookings
        return await async_send(bookings.hass, self._phones, bookings.entry.title, message)


def _cut(name: str, less: int = 0) -> str:
    """Return as much of a name as fits into the name of a code, and leave some room."""
    return name[: TemporaryPasswords.NAME_LENGTH - less].strip()


def _matched(
    found: Iterable[Booking], known: Iterable[Booking]
) -> tuple[dict[Booking, Booking], list[Booking]]:
    """Return what was known of bookings before, and which are gone.

    Some portals call the same event something else each time, or several events the same.
    """
    before: dict[Booking, Booking] = {}
    gone = list(known)
    same: tuple[Callable[[Booking], object], ...] = (
        lambda one: (one.key, one.guest, one.start, one.end),
        lambda one: one.key,
        lambda one: (one.guest, one.start, one.end),
    )
    for what in same:
        for one in found:
            old = next((old for old in gone if what(old) == what(one)), None)
            if old and one not in before:
                before[one] = old
                gone = [other for other in gone if other is not old]
    return before, gone


async def _async_first(
    guests: Guests,
    codes: list[str | None],
    send: Callable[[TemporaryPasswords, str | None], Awaitable[tuple[TemporaryPassword, str]]],
) -> tuple[TemporaryPassword, str]:
    """Return what is sent with the first code whose length the lock accepts."""
    for code in codes[:-1]:
        try:
            with guests.action() as passwords:
                return await send(passwords, code)
        except ServiceValidationError as err:
            if err.translation_key not in {"cloud_bad_value", "password_bad_code"}:
                raise
    with guests.action() as passwords:
        return await send(passwords, codes[-1])


async def _async_events(hass: HomeAssistant, calendar: str) -> list[CalendarEvent]:
    """Return the events of a calendar that are not over yet."""
    entity = hass.data[DATA_COMPONENT].get_entity(calendar)
    if entity is None or not entity.available:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="calendar_not_available",
            translation_placeholders={"calendar": calendar},
        )
    if entity.platform.platform_name == DOMAIN:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="calendar_of_guests",
            translation_placeholders={"calendar": calendar},
        )
    now = dt_util.now()
    return await entity.async_get_events(hass, now - LOOK_BACK, now + LOOK_AHEAD)


def _moment(moment: datetime | date, usual: time_of_day) -> int:
    """Return a time of a calendar in Unix seconds."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, usual, dt_util.get_default_time_zone())
    return int(dt_util.as_utc(moment).timestamp())
