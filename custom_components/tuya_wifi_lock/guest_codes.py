"""Guest codes on the page of a lock: a subentry for each, whose title says where it stands."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import time
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import CONF_DELETING, CONF_END, CONF_START, LOGGER, SUBENTRY_GUEST_CODE
from .coordinator import LockCoordinator
from .guests import DELETING
from .texts import local_time, text
from .tuyalock import TemporaryPassword


@callback
def async_show_guest_codes(coordinator: LockCoordinator) -> None:
    """Keep a subentry for each guest code until the lock is unloaded."""
    page = _GuestCodePage(coordinator)
    coordinator.async_follow(page.async_updated)
    coordinator.config_entry.async_on_unload(page.async_close)
    page.async_update()


class _GuestCodePage:
    """Adds, changes and removes the subentries, and deletes the codes of those that were deleted.

    A deleted code may open until the lock has woken, so it gets a subentry that says so.
    """

    def __init__(self, coordinator: LockCoordinator) -> None:
        self._coordinator = coordinator
        self._hass, self._entry = coordinator.hass, coordinator.config_entry
        subentries = self._entry.get_subentries_of_type(SUBENTRY_GUEST_CODE)
        self._shown = {one.subentry_id: one.unique_id for one in subentries}
        """The ids of the codes that have a subentry, by its id."""
        self._unwanted = {one.unique_id for one in subentries if one.data.get(CONF_DELETING)}
        """The ids of codes that somebody has deleted here."""
        self._updating = self._deleting = False
        self._tried: set[str | None] = set()
        """Those whose deletion was tried, last at `_tried_at`."""
        self._tried_at = 0.0
        self._cancel: CALLBACK_TYPE | None = None
        self._inputs: object = None

    @callback
    def async_updated(self) -> None:
        """Update the page if anything has changed that it shows or waits for."""
        cloud = self._coordinator.cloud
        works = cloud and (cloud.data.last_success, cloud.last_update_success)
        inputs = (self._coordinator.data.passwords, self._entry.subentries, works)
        if inputs != self._inputs:
            self._inputs = inputs
            self.async_update()

    @callback
    def async_update(self, _now: datetime | None = None) -> None:
        """Show the codes as they are, and delete those whose subentries were deleted."""
        if self._updating:
            # The listeners hear of each change of ours while it is made.
            return
        self._updating = True
        try:
            guests = self._coordinator.guests
            codes = {code.id: code for code in guests.listed}
            self._note_deletions()
            self._show(codes)
        finally:
            self._updating = False
        self._delete_unwanted(codes)
        self._arm(codes)

    def _note_deletions(self) -> None:
        """Note which codes somebody has deleted by deleting their subentries."""
        for subentry_id in self._shown.keys() - self._entry.subentries.keys():
            code_id = self._shown.pop(subentry_id)
            self._unwanted.add(code_id)
            # What somebody asks for is tried at once, even if the cloud failed before.
            self._tried.discard(code_id)

    def _show(self, codes: Mapping[str, TemporaryPassword]) -> None:
        entry, entries = self._entry, self._hass.config_entries
        subentries = entry.get_subentries_of_type(SUBENTRY_GUEST_CODE)
        there = {subentry.unique_id: subentry for subentry in subentries}
        for id_, code in codes.items():
            title, data = f"{code.name} \u00b7 {self._status(code)}", self._data(code)
            if subentry := there.pop(id_, None):
                entries.async_update_subentry(entry, subentry, title=title, data=data)
                continue
            subentry = ConfigSubentry(
                data=MappingProxyType(data),
                subentry_type=SUBENTRY_GUEST_CODE,
                title=title,
                unique_id=id_,
            )
            self._shown[subentry.subentry_id] = id_
            entries.async_add_subentry(entry, subentry)
        for subentry in filter(self._is_over, there.values()):
            self._shown.pop(subentry.subentry_id, None)
            entries.async_remove_subentry(entry, subentry.subentry_id)

    def _is_over(self, subentry: ConfigSubentry) -> bool:
        """Return if a code that is not known has ended, or is not in the cloud any more.

        What is stored of a lock can be lost, and what somebody has deleted is to stay deleted.
        """
        cloud = self._coordinator.cloud
        if cloud is None or cloud.data.last_success is not None:
            return True
        end = dt_util.parse_datetime(subentry.data[CONF_END], raise_on_error=True)
        return end <= dt_util.utcnow()

    def _status(self, code: TemporaryPassword) -> str:
        """Return where a code stands, in words."""
        if code.id not in self._unwanted or code.phase == DELETING:
            return self._coordinator.guests.status(code)
        failed = code.id in self._tried and not self._deleting
        if failed or self._coordinator.cloud is None:
            return text(self._hass, "guest_code", "undeleted")
        return text(self._hass, "password_status", DELETING)

    def _data(self, code: TemporaryPassword) -> dict[str, Any]:
        data = {
            CONF_NAME: code.name,
            CONF_START: local_time(code.start).isoformat(),
            CONF_END: local_time(code.end).isoformat(),
        }
        return data | {CONF_DELETING: True} if code.id in self._unwanted else data

    def _delete_unwanted(self, codes: Mapping[str, TemporaryPassword]) -> None:
        """Have the cloud delete what it has not deleted yet, if it may work now."""
        cloud = self._coordinator.cloud
        if self._deleting or cloud is None:
            return
        works = cloud.failure is None and (cloud.data.last_success or 0.0) > self._tried_at
        ids = [
            id_
            for id_, code in codes.items()
            if id_ in self._unwanted
            and code.phase != DELETING
            and (works or id_ not in self._tried)
        ]
        if ids:
            self._deleting = True
            self._entry.async_create_background_task(
                self._hass, self._async_delete(ids), "delete guest codes"
            )

    async def _async_delete(self, ids: list[str]) -> None:
        for id_ in ids:
            try:
                with self._coordinator.guests.action() as passwords:
                    await passwords.delete(id_)
            except HomeAssistantError as err:
                # The listeners are called again when the cloud works.
                LOGGER.debug("A guest code is not deleted yet: %s", err.translation_key)
        self._tried.update(ids)
        self._tried_at = time.time()
        self._deleting = False
        self.async_update()

    def _arm(self, codes: Mapping[str, TemporaryPassword]) -> None:
        """Look again when a code begins or ends, and at midnight, when days get other names."""
        self._async_disarm()
        if codes:
            now = time.time()
            moments = [moment for code in codes.values() for moment in (code.start, code.end)]
            midnight = dt_util.start_of_local_day(dt_util.now() + timedelta(days=1)).timestamp()
            turn = min(midnight, *(at for at in moments if at > now))
            self._cancel = async_track_point_in_utc_time(
                self._hass, self.async_update, dt_util.utc_from_timestamp(turn)
            )

    @callback
    def async_close(self) -> None:
        """Show nothing more."""
        self._coordinator.async_unfollow(self.async_updated)
        self._async_disarm()

    @callback
    def _async_disarm(self) -> None:
        """Stop waiting for a time."""
        if self._cancel:
            self._cancel()
            self._cancel = None
