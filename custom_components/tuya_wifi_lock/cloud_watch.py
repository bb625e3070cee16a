"""Asks Tuya's cloud what a lock has told it, as seldom as an owner's calls allow."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .cloud_issues import async_forget_issues, async_show_issue, issue_of
from .cloud_pace import Pace
from .const import LOGGER
from .tuya_account import AccountRoad
from .tuyalock import CLOCK_AHEAD, Report, Snapshot, TuyaLock
from .tuyalock.cloud import Cloud, time_of
from .tuyalock.cloud_checks import Firmware
from .tuyalock.exceptions import GENERAL, CallsUsedUp, Cause, CloudError, CloudRefused, CloudSilent
from .tuyalock.openapi import CAP, Calls

REST = 86400.0
"""Seconds until the cloud is asked again when it answers no more at all."""

CHECK_EVERY = 86400.0
BOOK_EVERY = 3599.0
"""Seconds after which the list of passwords is due, which an owner may change in the app."""

FIRST_LOOK = 86400.0
OVERLAP = 600.0
"""Seconds by which records may come to the cloud in another order than they happened."""
_ABSENT = {Cause.NO_ENDPOINT, Cause.UNSUPPORTED}
_ENDED = {Cause.TRIAL_EXPIRED, Cause.QUOTA}

type _Question = Callable[[], Awaitable[None]]


class CloudWatch:
    """Keeps what is known of one lock in step with Tuya's cloud."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        cloud: Cloud,
        calls: Calls,
        account: AccountRoad,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        """Go on from what `as_dict` returned in an earlier life; nothing is asked yet."""
        self._hass = hass
        self._entry = entry
        self._lock = lock
        self._pace = Pace(hass, lock, account)
        self.cloud = cloud
        self.calls = calls
        stored = stored or {}
        self.watermark: float | None = stored.get("watermark")
        """Unix time of the newest record of an unlock that the cloud has told."""
        self._signal_watermark: float | None = stored.get("signal_watermark")
        """The same of alarms, rings and duress."""
        self.last_success: float | None = None
        self.last_failure: tuple[float, str] | None = None
        self.allowed: bool | None = stored.get("allowed")
        """If the owner allows in the app that the lock is opened remotely."""
        self.firmware: Firmware | None = None
        self._failure: CloudError | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._fetched: list[Report] = []
        self._book_due = 0.0
        self._check_due = 0.0
        self._closed_questions: set[_Question] = set()

    def as_dict(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        marks = {"watermark": self.watermark, "signal_watermark": self._signal_watermark}
        return {**marks, "allowed": self.allowed}

    @callback
    def async_start(self) -> None:
        """Begin once Home Assistant has started, and end when the entry is unloaded."""
        self._entry.async_on_unload(self._async_stop)
        self._entry.async_on_unload(async_at_started(self._hass, self._async_begin))

    @callback
    def look(self, before: Snapshot, now: Snapshot) -> None:
        """Ask soon if what is seen of the lock says that it has woken."""
        if self._pace.is_wake(before, now):
            self.woke()

    @callback
    def woke(self) -> None:
        """Ask soon for what the lock tells its cloud now that it is awake."""
        if not self._rests and self._pace.wake() and self._timer:
            self._plan()

    @property
    def failure(self) -> str | None:
        """Return why Tuya's cloud fails at present."""
        return self.last_failure[1] if self._failure and self.last_failure else None

    async def async_poll(self, *, check: bool = False) -> None:
        """Ask for all that may be new; `check`: also for what is otherwise asked once a day."""
        if check:
            self._check_due = 0.0
        try:
            await self._async_ask()
        except CloudError as err:
            self._async_failed(err)
        else:
            self._async_worked()

    @contextmanager
    def listening(self) -> Generator[None]:
        """Learn from what the owner has the cloud do, if it is asked at all."""
        before = self.calls.used(time.time())
        try:
            yield
        except CloudError as err:
            if issue_of(err):
                self._async_failed(err)
            raise
        # The owner may go on asking when we stop by ourselves.
        asked = self.calls.used(time.time()) != before
        if asked and not isinstance(self._failure, CallsUsedUp):
            self._async_worked()
        if self._lock.snapshot.awake and self._lock.passwords.book.unsettled:
            self.woke()

    # When

    @callback
    def _async_begin(self, hass: HomeAssistant) -> None:
        """Poll for the first time."""
        self._async_due(None)

    @callback
    def _async_due(self, now: datetime | None) -> None:
        """Poll without keeping anybody waiting."""
        self._timer = None
        self._entry.async_create_background_task(
            self._hass, self._async_poll_and_plan(), "poll Tuya's cloud"
        )

    async def _async_poll_and_plan(self) -> None:
        """Poll, and plan the next time."""
        await self.async_poll()
        self._plan()

    @callback
    def _plan(self) -> None:
        """Plan when to poll next."""
        if self._timer:
            self._timer()
        due = HassJob(self._async_due, "poll Tuya's cloud", cancel_on_shutdown=True)
        self._timer = async_call_later(self._hass, self._delay, due)

    @property
    def _delay(self) -> float:
        """Return the seconds until the next poll."""
        if self._rests:
            return REST
        newest = max(self.watermark or 0.0, self._signal_watermark or 0.0)
        delay = self._pace.delay(newest, failed=self._failure is not None)
        # A wake puts off the next poll, but not the list of passwords.
        book_in = self._book_due - self._hass.loop.time()
        return min(delay, book_in) if book_in > 0 else delay

    @property
    def _rests(self) -> bool:
        """Return if to ask again soon would be in vain."""
        error = self._failure
        ended = isinstance(error, CloudRefused) and error.cause in _ENDED
        return ended or isinstance(error, CallsUsedUp)

    @callback
    def _async_stop(self) -> None:
        """Poll no more."""
        if self._timer:
            self._timer()
            self._timer = None
        async_forget_issues(self._hass, self._entry.entry_id)

    # What

    async def _async_ask(self) -> None:
        """Ask for all that may be new; what the cloud does not have is not asked for again."""
        self._pace.ask()
        if self.calls.used(time.time()) >= CAP:
            raise CallsUsedUp
        # An unlock that a signal is about is in the cloud before it.
        questions = [self._async_learn, self._async_fetch_signals, self._async_fetch_unlocks]
        if self._book_is_due:
            questions.append(self._async_refresh_passwords)
        if time.time() >= self._check_due:
            questions.append(self._async_check)
        open_questions = [one for one in questions if one not in self._closed_questions]
        failures = [err for one in open_questions if (err := await self._async_try(one))]
        self._async_take_signals()
        if failures:
            raise max(failures, key=lambda failure: issue_of(failure) is not None)

    async def _async_try(self, question: _Question) -> CloudError | None:
        """Ask something, and return what is wrong with this question alone."""
        try:
            await question()
        except CloudSilent as err:
            return err
        except CloudRefused as err:
            if err.cause in _ABSENT:
                self._closed_questions.add(question)
            elif err.cause in GENERAL:
                raise
            else:
                return err
        return None

    async def _async_learn(self) -> None:
        """Take the product's own DP table."""
        if table := await self.cloud.model():
            self._lock.learn(table)
        self._closed_questions.add(self._async_learn)

    async def _async_fetch_unlocks(self) -> None:
        """Take the records of unlocks."""
        now = time.time()
        newest = now - FIRST_LOOK if self.watermark is None else self.watermark
        for report in await self.cloud.unlocks(newest - OVERLAP, now + CLOCK_AHEAD):
            self._lock.receive(report)
            newest = max(newest, min(time_of(report), now))
        self.watermark = newest

    async def _async_fetch_signals(self) -> None:
        """Fetch the records of alarms, rings and duress."""
        now = time.time()
        since = (self._signal_watermark or now - FIRST_LOOK) - OVERLAP
        self._fetched = await self.cloud.signals(since, now + CLOCK_AHEAD)

    @callback
    def _async_take_signals(self) -> None:
        """Take the signals that were fetched, after the unlocks that they are about."""
        for report in self._fetched:
            self._lock.receive(report)
            newest = min(time_of(report), time.time())
            self._signal_watermark = max(self._signal_watermark or newest, newest)
        self._fetched = []

    async def _async_refresh_passwords(self) -> None:
        """Take the list of temporary passwords."""
        await self._lock.passwords.refresh()
        self._book_due = self._hass.loop.time() + BOOK_EVERY

    async def _async_check(self) -> None:
        """Look if remote unlocking is allowed, and for newer firmware."""
        self._check_due = time.time() + CHECK_EVERY
        self.allowed = await self.cloud.checks.remote_unlock_allowed()
        self.firmware = await self.cloud.checks.firmware() or self.firmware
        self._entry.runtime_data.async_update_listeners()

    @property
    def _book_is_due(self) -> bool:
        """Return if the cloud may know more of the temporary passwords than the book."""
        unsettled = self._lock.passwords.book.unsettled
        return unsettled or self._hass.loop.time() >= self._book_due

    # How it goes

    @callback
    def _async_failed(self, error: CloudError) -> None:
        """Note a failure, and tell the owner if it does not pass by itself."""
        name = error.cause if isinstance(error, CloudRefused) else type(error).__name__
        if self._failure is None:
            LOGGER.info("Tuya's cloud fails for %s: %s", self._entry.title, name)
        self._failure = error
        self.last_failure = time.time(), str(name)
        if issue := issue_of(error):
            async_show_issue(self._hass, self._entry, issue)

    @callback
    def _async_worked(self) -> None:
        """Note that the cloud answers; nothing is left to be repaired."""
        rested = self._rests
        if self._failure:
            LOGGER.info("Tuya's cloud works again for %s", self._entry.title)
        self._failure = None
        self.last_success = time.time()
        async_forget_issues(self._hass, self._entry.entry_id)
        if rested and self._timer:
            self._plan()
