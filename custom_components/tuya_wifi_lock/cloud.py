"""Tuya's cloud: the projects in use, and what is polled for each lock."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
import time
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .store import SalvagedStore
from .tuyalock import (
    CLOCK_AHEAD,
    MAX_CALLS,
    CallCounter,
    CallsUsedUp,
    Clock,
    CloudClient,
    CloudError,
    Firmware,
    OpenApi,
    Project,
    Reader,
    Report,
    Snapshot,
    TuyaLock,
    is_clock_set,
)

SAVE_DELAY = 60.0
"""Seconds after which the number of calls is saved."""

USUAL = 600.0
"""Seconds between two polls of a lock that is heard of in no other way."""
SELDOM = 3600.0
"""Seconds between two polls of a lock whose wakes are heard."""
AFTER_WAKE = 10.0
"""Seconds that an awake lock needs to report to its cloud."""
BETWEEN_WAKES = 60.0
"""Seconds between two polls of a lock that wakes all the time."""
CHECK_EVERY = 86400.0
PASSWORDS_EVERY = 3599.0
"""Seconds after which the list of passwords is due, which may be changed in the app."""

CLOCK_RETRY = 30.0
"""Seconds until the next poll while Home Assistant's clock is not set."""

ONE_WAKE = 600.0
"""Seconds after a lock was last heard in which it may still do what the cloud reports."""
FIRST_PERIOD = 86400.0
OVERLAP = 600.0
"""Seconds by which records may reach the cloud in another order than they happened."""

type _Request = Callable[[], Awaitable[None]]

_DATA: HassKey[_Projects] = HassKey(f"{DOMAIN}_projects")


class _Projects:
    """The API clients of all projects, and how many calls each has made this month."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self.store = SalvagedStore(hass, "projects")
        self._calls: dict[str, CallCounter] = {}
        self._apis: dict[Project, OpenApi] = {}

    async def async_load(self) -> None:
        reader = Reader()
        stored = reader.parts("file", await self.store.async_read())
        self._calls = {id_: CallCounter(calls, self.save, reader) for id_, calls in stored.items()}
        if reader.unread:
            await self.store.async_keep_copy(reader.unread)

    def api(self, project: Project) -> OpenApi:
        if project not in self._apis:
            calls = self._calls.setdefault(project.access_id, CallCounter(None, self.save))
            session = async_get_clientsession(self._hass)
            self._apis[project] = OpenApi(session, project, Clock(), calls)
        return self._apis[project]

    def save(self) -> None:
        self.store.async_delay_save(self._stored, SAVE_DELAY)

    def _stored(self) -> dict[str, Any]:
        now = time.time()
        return {id_: calls.as_dict() for id_, calls in self._calls.items() if calls.used(now)}


@singleton(_DATA, async_=True)
async def async_get_projects(hass: HomeAssistant) -> _Projects:
    """Return the API clients of all projects."""
    projects = _Projects(hass)
    await projects.async_load()
    return projects


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What is stored of what is known from Tuya's cloud. Times are Unix seconds."""

    allowed: bool | None = None
    """If remote unlocking is enabled in the app."""
    watermark: float | None = None
    """Time of the newest unlock in the cloud's log."""
    alarm_watermark: float | None = None
    """Time of the newest alarm, ring or duress in the cloud's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudData(_Stored):
    """What is known from Tuya's cloud, and how the last polls went."""

    firmware: Firmware | None = None
    last_success: float | None = None
    last_failure: tuple[float, CloudError] | None = None
    """When and why a request failed last."""
    lasting_failure: str | None = None
    """Key of the text of the last failure that does not pass by itself, until the cloud answers."""


class CloudCoordinator(DataUpdateCoordinator[CloudData]):
    """Keeps what is known of one lock up to date with Tuya's cloud.

    A sleeping lock has nothing new to say. While it is heard in another way, on the local network
    or through a Tuya account, it is enough to poll after its wakes.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        client: CloudClient,
        calls: CallCounter,
        heard_by_account: Callable[[], bool],
        stored: Any,
        reader: Reader,
    ) -> None:
        """Restore what was `stored`; nothing is requested before `async_start`."""
        super().__init__(hass, LOGGER, config_entry=entry, name="Tuya cloud")
        self.async_rename()
        self.data = CloudData(**reader.known("cloud", _Stored, stored))
        self.client = client
        self._lock, self._calls = lock, calls
        self._heard_by_account = heard_by_account
        self._unsupported: set[_Request] = set()
        """Requests that the product has no endpoint for, or that are done."""
        self._passwords_due = 0.0
        self._check_due = 0.0
        self._woken = False
        self._after_wake = False
        self._no_wake_before = 0.0
        self._alarms: list[Report] = []

    @property
    def stored(self) -> _Stored:
        """Return what has to survive a restart."""
        return _Stored(
            allowed=self.data.allowed,
            watermark=self.data.watermark,
            alarm_watermark=self.data.alarm_watermark,
        )

    @callback
    def async_rename(self) -> None:
        """Take over the name of the lock for the log."""
        self.name = f"Tuya cloud of {self.config_entry.title}"

    def pop_copy(self) -> str | None:
        """Return where the number of calls was kept if it could not be read, once."""
        return self.hass.data[_DATA].store.pop_copy()

    @property
    def calls(self) -> int:
        """Return how many calls the project has made this month."""
        return self._calls.used(time.time())

    @property
    def failure(self) -> CloudError | None:
        """Return why the cloud fails at present."""
        failed = self.data.last_failure
        return failed[1] if failed and not self.last_update_success else None

    @callback
    def async_start(self, listener: CALLBACK_TYPE) -> None:
        """Poll from Home Assistant's start until the entry is unloaded."""

        @callback
        def async_begin(hass: HomeAssistant) -> None:
            self.config_entry.async_on_unload(self.async_add_listener(listener))
            self.config_entry.async_create_background_task(
                hass, self.async_refresh(), f"{self.name} - first refresh"
            )

        self.config_entry.async_on_unload(async_at_started(self.hass, async_begin))

    async def async_check(self) -> None:
        """Poll now, including what is otherwise requested once a day."""
        self._check_due = 0.0
        await self.async_refresh()

    @callback
    def async_lock_changed(self, before: Snapshot, now: Snapshot) -> None:
        """Poll soon if a lock that was asleep to us has woken, to us or to the account alone."""
        # A lock that stays on the network is heard of without a wake.
        listens = self._heard_by_account() and not now.stays
        if now.awake or (listens and _last_heard(now) > _last_heard(before)):
            self.async_woken()

    @callback
    def async_woken(self) -> None:
        """Poll soon for what the lock reports to its cloud now that it is awake."""
        if self._woken or (self.failure and self.failure.retry_after):
            return
        self._woken = True
        if self._listeners:
            self._set_interval()
            self._schedule_refresh()

    @contextmanager
    def observe(self) -> Generator[None]:
        """Learn from the requests of an action how the cloud is doing."""
        before = self.calls
        try:
            yield
        except CloudError as err:
            if err.is_lasting:
                self.async_set_update_error(self._failed(err))
            raise
        # The owner may go on with requests after polling has stopped.
        if self.calls != before and not isinstance(self.failure, CallsUsedUp):
            self._async_works()
        if self._lock.snapshot.awake and self._lock.passwords.unsettled:
            self.async_woken()

    # When

    def _set_interval(self, *, failed: bool = False) -> None:
        delay, reason = self._next_poll(failed=failed)
        self.update_interval = timedelta(seconds=delay)
        LOGGER.debug("%s: next poll in %.0f s (%s)", self.name, delay, reason)

    def _next_poll(self, *, failed: bool) -> tuple[float, str]:
        """Return the seconds until the next poll, and the reason for the log."""
        now = self.hass.loop.time()
        if self._woken:
            pace = max(AFTER_WAKE, self._no_wake_before - now), "the lock is awake"
        elif failed:
            pace = USUAL, "the last poll failed"
        elif self._after_wake and self._lock.passwords.unsettled:
            # What a lock had not fetched yet when it was awake, it has fetched by the next time.
            pace = USUAL, "the lock is fetching passwords"
        elif self._is_heard():
            pace = SELDOM, "the wakes of the lock are heard"
        else:
            pace = USUAL, "the wakes of the lock are not heard"
        # A wake may put off the next poll, but not the list of passwords.
        if 0 < (passwords_in := self._passwords_due - now) < pace[0]:
            return passwords_in, "the list of passwords is due"
        return pace

    def _is_heard(self) -> bool:
        """Return if the lock is heard without the cloud, up to the newest record of the cloud."""
        heard = self._lock.snapshot.state.last_heard
        newest = max(self.data.watermark or 0.0, self.data.alarm_watermark or 0.0)
        if heard is None or newest > heard + ONE_WAKE:
            return False
        if self._heard_by_account():
            return True
        # A lock that only announces itself reports nothing to us.
        health = self._lock.health
        connected = bool(health.wakes) and heard - health.wakes[-1] <= ONE_WAKE
        return (connected or self._lock.snapshot.awake) and not health.is_stuck

    # What

    @override
    async def _async_update_data(self) -> CloudData:
        if not is_clock_set(time.time()):
            # What is requested would be of another year.
            self.update_interval = timedelta(seconds=CLOCK_RETRY)
            return self.data
        if self._woken:
            self._no_wake_before = self.hass.loop.time() + BETWEEN_WAKES
        self._after_wake, self._woken = self._woken, False
        try:
            await self._async_poll()
        except CloudError as err:
            self._set_interval(failed=True)
            raise self._failed(err) from err
        self._set_interval()
        return replace(self.data, last_success=time.time(), lasting_failure=None)

    async def _async_poll(self) -> None:
        """Request all that may be new; what the cloud does not have is not requested again."""
        if self.calls >= MAX_CALLS:
            raise CallsUsedUp
        # Alarms are fetched first: an unlock that a duress is about is in the cloud before it.
        requests = [self._async_fetch_model, self._async_fetch_alarms, self._async_fetch_unlocks]
        unsettled = self._lock.passwords.unsettled
        if unsettled or self.hass.loop.time() >= self._passwords_due:
            requests.append(self._async_fetch_passwords)
        if self.hass.loop.time() >= self._check_due:
            requests.append(self._async_fetch_checks)
        failures = [
            err
            for request in requests
            if request not in self._unsupported and (err := await self._async_try(request))
        ]
        self._async_receive_alarms()
        if failures:
            raise max(failures, key=lambda failure: failure.is_lasting)

    async def _async_try(self, request: _Request) -> CloudError | None:
        """Make a request, and return the error if it concerns this request alone."""
        try:
            await request()
        except CloudError as err:
            if err.is_general:
                raise
            if not err.is_unsupported:
                return err
            self._unsupported.add(request)
        return None

    async def _async_fetch_model(self) -> None:
        """Fetch the product's own DP table, once."""
        if table := await self.client.model():
            self._lock.learn(table)
        self._unsupported.add(self._async_fetch_model)

    async def _async_fetch_unlocks(self) -> None:
        now, data = time.time(), self.data
        # Our own clock may have been ahead when the newest one was noted.
        newest = now - FIRST_PERIOD if data.watermark is None else min(data.watermark, now)
        for report in await self.client.unlock_records(newest - OVERLAP, now + CLOCK_AHEAD):
            self._lock.receive(report)
            newest = max(newest, min(report.time, now))
        self.data = replace(self.data, watermark=newest)

    async def _async_fetch_alarms(self) -> None:
        now = time.time()
        since = min(self.data.alarm_watermark or now - FIRST_PERIOD, now) - OVERLAP
        self._alarms = await self.client.alarm_records(since, now + CLOCK_AHEAD)

    @callback
    def _async_receive_alarms(self) -> None:
        """Receive the alarms that were fetched, after the unlocks that a duress is about."""
        for report in self._alarms:
            self._lock.receive(report)
            newest = min(report.time, time.time())
            newest = max(min(self.data.alarm_watermark or newest, time.time()), newest)
            self.data = replace(self.data, alarm_watermark=newest)
        self._alarms = []

    async def _async_fetch_passwords(self) -> None:
        await self._lock.passwords.refresh()
        self._passwords_due = self.hass.loop.time() + PASSWORDS_EVERY

    async def _async_fetch_checks(self) -> None:
        """Fetch if remote unlocking is enabled, and the versions of the firmware."""
        self._check_due = self.hass.loop.time() + CHECK_EVERY
        allowed = await self.client.remote_unlock_allowed()
        firmware = await self.client.firmware() or self.data.firmware
        self.data = replace(self.data, allowed=allowed, firmware=firmware)
        self.async_update_listeners()

    # How it goes

    @callback
    def _failed(self, error: CloudError) -> UpdateFailed:
        """Note a failure; the base class reports only the first of several in a row."""
        before, words = self.data.lasting_failure, error.text
        lasting = words.translation_key if error.is_lasting else before
        self.data = replace(self.data, last_failure=(time.time(), error), lasting_failure=lasting)
        if lasting != before:
            self.async_update_listeners()
        return UpdateFailed(
            error.name,
            retry_after=error.retry_after,
            translation_domain=words.translation_domain,
            translation_key=words.translation_key,
            translation_placeholders=dict(error.translation_placeholders),
        )

    @callback
    def _async_works(self) -> None:
        data = replace(self.data, last_success=time.time(), lasting_failure=None)
        if self.last_update_success:
            # The next poll stays when it is.
            self.data = data
            return
        self._set_interval()
        self.async_set_updated_data(data)


def _last_heard(snapshot: Snapshot) -> float:
    return snapshot.state.last_heard or 0.0
