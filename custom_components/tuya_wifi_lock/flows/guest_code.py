"""The flow that makes codes for guests, and changes them."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateTimeSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TimeSelector,
)
from homeassistant.util import dt as dt_util

from ..const import CONF_CODE, CONF_DELETING, CONF_END, CONF_START, DOMAIN
from ..coordinator import LockCoordinator
from ..guests import (
    DAYS,
    DELETING,
    LAST_MINUTE,
    GuestCode,
    Guests,
    clock_time,
    day_names,
    minute_of,
)
from ..texts import TIME, async_error_text, in_markdown, text
from ..tuyalock import TemporaryPassword, Weekly, visible

CONF_ONCE = "once"
CONF_WEEKLY = "weekly"
CONF_DAYS = "days"

FRIDAY = 4
CHECK_IN, CHECK_OUT = 16, 11
"""The hours at which guests come and leave, unless somebody enters other times."""

_WEEKLY = vol.Schema(
    {
        vol.Optional(CONF_DAYS, default=[]): SelectSelector(
            SelectSelectorConfig(
                options=list(DAYS),
                multiple=True,
                mode=SelectSelectorMode.LIST,
                translation_key="weekdays",
            )
        ),
        vol.Required(CONF_START, default="09:00:00"): TimeSelector(),
        vol.Required(CONF_END, default="12:00:00"): TimeSelector(),
    }
)


def _schema(*, collapsed: bool, has_once: bool) -> vol.Schema:
    """Return the form of a code; whether it opens once cannot be changed later."""
    schema = vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_START): DateTimeSelector(),
            vol.Required(CONF_END): DateTimeSelector(),
        }
    )
    if has_once:
        schema = schema.extend({vol.Required(CONF_ONCE, default=False): BooleanSelector()})
    weekly = section(_WEEKLY, {"collapsed": collapsed})
    return schema.extend(
        {vol.Optional(CONF_CODE): TextSelector(), vol.Required(CONF_WEEKLY): weekly}
    )


_FIELDS = {
    "password_bad_name": CONF_NAME,
    "password_name_taken": CONF_NAME,
    "password_bad_code": CONF_CODE,
    "password_end_before_start": CONF_END,
    "password_end_in_past": CONF_END,
    "password_beyond_clock": CONF_END,
}
"""The fields that errors are about; other errors concern the form as a whole."""


class GuestCodeSubentryFlow(ConfigSubentryFlow):
    """Make a code for a guest, or change one.

    The subentry is kept by what is known of the code, whoever made it. So the flow is over once
    the code is made, and its digits are in nothing but its last answer.
    """

    _weekly = False
    """If the code that is made has to have a schedule."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Make a code; the usual times are offered first."""
        coordinator = self._coordinator()
        if user_input is None:
            return await self._async_offer(coordinator.guests)
        try:
            password, digits = await coordinator.guests.async_add(
                **_read(user_input, weekly=self._weekly), once=user_input[CONF_ONCE]
            )
        except HomeAssistantError as err:
            return await self._async_say("user", user_input, err)
        return self._show_code("made", coordinator, password, digits)

    async def _async_offer(self, guests: Guests) -> SubentryFlowResult:
        """Offer the usual times, if there is a place for one more code."""
        if guests.room <= 0:
            with suppress(HomeAssistantError):
                await guests.async_refresh()
        if guests.room <= 0:
            return self._full(guests)
        times = {
            name: guests.times_in_words(*usual)
            for name, usual in _usual_times(dt_util.now()).items()
        }
        return self.async_show_menu(
            step_id="user", menu_options=list(times), description_placeholders=self._lock | times
        )

    async def async_step_night(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with a single night."""
        return self._begin("night")

    async def async_step_weekend(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with the next weekend."""
        return self._begin("weekend")

    async def async_step_weekly(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with a weekly schedule."""
        self._weekly = True
        return self._begin("weekly")

    def _begin(self, usual: str) -> SubentryFlowResult:
        start, end = _usual_times(dt_util.now())[usual]
        values = {CONF_START: f"{start:%F %H:%M:00}", CONF_END: f"{end:%F %H:%M:00}"}
        return self._show_form("user", values, collapsed=not self._weekly)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a code; it gets new digits unless the present ones are entered."""
        coordinator = self._coordinator()
        guests, code = coordinator.guests, self._code(coordinator.guests)
        if user_input is None:
            return self._show_form(
                "reconfigure",
                _values(code),
                collapsed=code.weekly is None,
                status=code.status,
            )
        try:
            typed = _read(user_input)
            password, digits = await guests.async_change(
                code.id, **typed | {CONF_WEEKLY: typed[CONF_WEEKLY] or False}
            )
        except HomeAssistantError as err:
            return await self._async_say("reconfigure", user_input, err, status=code.status)
        return self._show_code("changed", coordinator, password, digits)

    def _coordinator(self) -> LockCoordinator:
        """Return the lock, if it is there and takes codes."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded", self._lock)
        coordinator: LockCoordinator = entry.runtime_data
        if not coordinator.guests.available:
            raise AbortFlow("no_cloud", self._lock)
        return coordinator

    def _code(self, guests: Guests) -> GuestCode:
        """Return the code that is to be changed, if that is still possible."""
        subentry = self._get_entry().subentries.get(self._reconfigure_subentry_id)
        for code in guests.listed:
            if subentry and code.id == subentry.unique_id:
                if CONF_DELETING in subentry.data or code.phase == DELETING:
                    raise AbortFlow("deleting", {"name": in_markdown(code.name)})
                return code
        raise AbortFlow("ended")

    def _show_form(
        self,
        step_id: str,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        *,
        collapsed: bool,
        **placeholders: str,
    ) -> SubentryFlowResult:
        schema = _schema(collapsed=collapsed, has_once=step_id == "user")
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={**self._lock, **placeholders},
        )

    async def _async_say(
        self,
        step_id: str,
        typed: Mapping[str, Any],
        error: HomeAssistantError,
        **placeholders: str,
    ) -> SubentryFlowResult:
        """Say why a code was not made or changed, and let the owner go on.

        The digits that they have entered have to be entered again: a form that waits keeps them.
        """
        if error.translation_key == "password_book_full":
            return self._full(self._coordinator().guests)
        errors = {CONF_CODE: "enter_again"} if typed.get(CONF_CODE) else {}
        errors[_FIELDS.get(error.translation_key or "", "base")] = "refused"
        values = {key: value for key, value in typed.items() if key != CONF_CODE}
        reason = await async_error_text(self.hass, error)
        return self._show_form(
            step_id,
            values,
            errors,
            collapsed=not (self._weekly or typed[CONF_WEEKLY][CONF_DAYS]),
            reason=reason,
            **placeholders,
        )

    def _full(self, guests: Guests) -> SubentryFlowResult:
        """End, as there is no place for one more code."""
        codes = [f"* {in_markdown(code.name)}: {code.status}" for code in guests.codes]
        return self.async_abort(
            reason="full", description_placeholders={**self._lock, "codes": "\n".join(codes)}
        )

    def _show_code(
        self, reason: str, coordinator: LockCoordinator, password: TemporaryPassword, digits: str
    ) -> SubentryFlowResult:
        """End with the digits, which are shown this once."""
        code = coordinator.guests.seen(password)
        delivery = "stays" if coordinator.data.stays else "sleeps"
        return self.async_abort(
            reason=reason,
            description_placeholders={
                **self._lock,
                "code": digits,
                "name": in_markdown(code.name),
                "times": coordinator.guests.times_in_words(code.start, code.end, code.weekly),
                "delivery": text(self.hass, "guest_code", delivery),
            },
        )

    @property
    def _lock(self) -> dict[str, str]:
        """Return the placeholder that says whose codes they are."""
        return {"lock": in_markdown(self._get_entry().title)}


def _usual_times(now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """Return when codes usually begin and end: now and tomorrow, the next weekend, a year."""
    friday = now + timedelta(days=(FRIDAY - now.weekday()) % 7)
    weekend = friday.replace(hour=CHECK_IN, minute=0)
    if weekend < now:
        weekend += timedelta(weeks=1)
    return {
        "night": (now, (now + timedelta(days=1)).replace(hour=CHECK_OUT, minute=0)),
        "weekend": (weekend, (weekend + timedelta(days=2)).replace(hour=CHECK_OUT)),
        "weekly": (now, now + timedelta(days=365)),
    }


def _read(typed: Mapping[str, Any], *, weekly: bool = False) -> dict[str, Any]:
    """Return what was typed as the guest codes take it, with a schedule if there has to be one."""
    plan = typed[CONF_WEEKLY]
    return {
        CONF_NAME: typed[CONF_NAME],
        CONF_START: _seconds(typed[CONF_START]),
        CONF_END: _seconds(typed[CONF_END]),
        CONF_WEEKLY: Weekly(
            days=frozenset(map(DAYS.index, plan[CONF_DAYS])),
            start=_minute(plan[CONF_START]),
            end=_minute(plan[CONF_END]) or LAST_MINUTE,
        )
        if weekly or plan[CONF_DAYS]
        else None,
        CONF_CODE: visible(typed.get(CONF_CODE, "")) or None,
    }


def _values(code: GuestCode) -> dict[str, Any]:
    """Return a code as the form shows it."""
    values: dict[str, Any] = {
        CONF_NAME: code.name,
        CONF_START: f"{code.start:%F %T}",
        CONF_END: f"{code.end:%F %T}",
    }
    if weekly := code.weekly:
        values[CONF_WEEKLY] = {
            CONF_DAYS: day_names(weekly),
            CONF_START: _clock(weekly.start),
            CONF_END: _clock(weekly.end),
        }
    return values


def _seconds(moment: str) -> float:
    """Return a local time as Unix seconds."""
    try:
        seconds: float = TIME(moment)
    except vol.Invalid as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="password_beyond_clock"
        ) from err
    return seconds


def _minute(clock: str) -> int:
    """Return a time of the day as minutes."""
    return minute_of(cv.time(clock))


def _clock(minute: int) -> str:
    """Return minutes of the day as a time."""
    return clock_time(minute).isoformat()
