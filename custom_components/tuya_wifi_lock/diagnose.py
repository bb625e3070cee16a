"""Finds out how it stands with a lock, without waking it or keeping it awake."""

from collections.abc import Mapping
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_DEVICE_ID, CONF_MAC
from homeassistant.core import HomeAssistant, callback

from .cloud.coordinator import CloudCoordinator
from .cloud_checks import CLOUD_CHECKS
from .const import CONF_ACCOUNT
from .door_checks import DOOR_CHECKS
from .findings import CloudEvidence, Evidence, Finding
from .reach_checks import REACH_CHECKS
from .tuya_account import AccountRoad
from .tuyalock import MAX_CALLS, Family, Kind, TuyaLock
from .tuyalock.passwords import Phase

SHORT_STOP = 3600.0
"""Seconds without us that do not count: a lock that has been silent all day stays so."""

CHECKS = {**REACH_CHECKS, **DOOR_CHECKS, **CLOUD_CHECKS}
"""All checks, in the order in which their findings are told."""

RIVALS = {"localtuya": "LocalTuya", "tuya_local": "Tuya Local"}
"""Integrations that hold connections to devices in the local network, and their names."""


def examine(evidence: Evidence) -> list[Finding]:
    """Return what all checks find that concern this lock."""
    verdicts = ((name, check(evidence)) for name, check in CHECKS.items())
    return [Finding(name, *verdict) for name, verdict in verdicts if verdict]


class Diagnosis:
    """Knows all that can be known of one lock at this moment."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        lock: TuyaLock,
        cloud: CloudCoordinator | None,
        account: AccountRoad,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin to look at a lock, or go on with what `as_dict` returned before a short stop."""
        self._hass = hass
        self._entry = entry
        self._lock = lock
        self._cloud = cloud
        self._account = account
        self._since = now = time.time()
        if stored and now - SHORT_STOP < stored["until"] <= now:
            self._since = stored["since"]
        self.asked_at: float | None = None
        """When the owner asked last how it stands with the lock."""

    def as_dict(self) -> dict[str, float]:
        """Return what has to survive a restart: from when to when the lock was listened for."""
        return {"since": self._since, "until": time.time()}

    async def async_ask(self) -> None:
        """Ask Tuya's cloud anew, if there is a project; the lock is not asked anything."""
        self.asked_at = time.time()
        if self._cloud:
            await self._cloud.async_check()

    @callback
    def findings(self) -> list[Finding]:
        """Return what is found by what is known now."""
        return examine(self.evidence())

    @callback
    def evidence(self) -> Evidence:
        """Return all that is known now."""
        lock, health = self._lock, self._lock.health
        known = self._cloud.data if self._cloud else None
        snapshot, address, data = lock.snapshot, lock.address, self._entry.data
        state = snapshot.state
        waiting, failed = self._passwords()
        return Evidence(
            now=time.time(),
            listening_since=self._since,
            heard=self._heard(),
            awake=snapshot.awake,
            wakes=len(health.wakes),
            longest_silence=health.longest_silence,
            stays=address.keep_alive or snapshot.family is Family.D,
            announces=address.announces,
            located=address.host is not None,
            dhcp=CONF_MAC in data,
            key_refused=snapshot.key_refused,
            reported=lock.reported,
            problem=snapshot.problem,
            crowded=health.crowded,
            rivals=self._rivals(),
            version_configured=address.version,
            version_found=address.found_version,
            family=snapshot.family,
            opens_remotely=lock.opens_remotely,
            allowed=known.allowed if known else None,
            takes_keys=health.takes_keys,
            requested=snapshot.requested,
            key_owner=health.key_owner,
            clock_ahead=health.clock_ahead,
            clock_right=health.clock_right,
            battery=state.battery,
            battery_level=state.battery_level,
            passwords_waiting=waiting,
            passwords_failed=failed,
            records=len(list(lock.journal.of(Kind.UNLOCK))),
            cloud=self._cloud_evidence(),
            firmware=known.firmware if known else None,
            account_wanted=data.get(CONF_ACCOUNT, False),
            account_trouble=self._account.trouble,
            account_opens=lock.opens_by_account,
        )

    def _heard(self) -> float | None:
        """Return when the lock was last heard, by whatever route, in Unix seconds."""
        last, heard = self._lock.journal.last_unlock, self._lock.snapshot.state.last_heard
        return max(heard or 0, last.happened) if last else heard

    def _rivals(self) -> tuple[str, ...]:
        """Return the names of the local integrations that have the same lock."""
        device_id = self._entry.data[CONF_DEVICE_ID]
        return tuple(
            name
            for domain, name in RIVALS.items()
            for entry in self._hass.config_entries.async_loaded_entries(domain)
            if device_id in str(dict(entry.data))
        )

    def _passwords(self) -> tuple[int | None, tuple[str, ...]]:
        """Return how many temporary passwords wait for the lock, and which it has not taken."""
        passwords = self._lock.passwords
        phases = [password.phase for password in passwords.book]
        waiting = sum(phase in {Phase.WAITING, Phase.DELETING} for phase in phases)
        failed = dict.fromkeys(one.name for one in passwords.book.failed(time.time()))
        return waiting if passwords.carrier else None, tuple(failed)

    def _cloud_evidence(self) -> CloudEvidence | None:
        """Return how it goes with Tuya's cloud."""
        if (cloud := self._cloud) is None:
            return None
        return CloudEvidence(
            failure=cloud.failure,
            answered=cloud.data.last_success is not None,
            calls=cloud.calls,
            cap=MAX_CALLS,
        )
