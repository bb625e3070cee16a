"""The steps of the flow that take a lock from the Tuya account of Home Assistant."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_DEVICE_ID

from .const import CONF_ACCOUNT, CONF_LOCAL_KEY
from .forms import one_of
from .touch_flow import TouchSteps
from .tuya_account import AccountLock, account_locks, local_key


class AccountSteps(TouchSteps):
    """Take what Home Assistant's own Tuya integration knows of a lock."""

    def __init__(self) -> None:
        """Start with no lock chosen."""
        super().__init__()
        self._chosen: AccountLock | None = None

    @abstractmethod
    async def _async_test(self, device_id: str, local_key: str) -> ConfigFlowResult:
        """Test a lock that is not set up, of which the address is not known."""

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose among the locks of the account that are not set up, and test the key of one."""
        locks = self._account_locks()
        if user_input is not None:
            chosen = locks.get(user_input[CONF_DEVICE_ID])
            if chosen and chosen.refusal is None:
                self._chosen = chosen
                return await self._async_test(chosen.device_id, chosen.local_key)
            self._errors = {"base": f"account_{chosen.refusal if chosen else 'gone'}"}
            self._placeholders = {"name": chosen.name if chosen else ""}
        labels = {id_: f"{lock.name} ({id_})" for id_, lock in locks.items()}
        wanted = (user_input or self._typed).get(CONF_DEVICE_ID)
        values = {CONF_DEVICE_ID: wanted} if wanted in labels else {}
        return self._show_form("account", one_of(labels), values)

    async def async_step_account_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what a lock is like that is reached through the account alone."""
        if user_input is None:
            return self.async_show_form(step_id="account_only", data_schema=vol.Schema({}))
        return await self.async_step_untested()

    def _account_locks(self) -> dict[str, AccountLock]:
        """Return the locks of the account that are not set up, by device id."""
        configured = self._async_current_ids(include_ignore=False)
        found = account_locks(self.hass)
        return {lock.device_id: lock for lock in found if lock.device_id not in configured}

    def _in_account(self, device_id: str) -> bool:
        """Return if the account tells all that it takes to set up a lock."""
        lock = self._account_locks().get(device_id)
        return lock is not None and lock.refusal is None

    def _other_key(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the local key that the account has for a lock, if it is another one."""
        key = local_key(self.hass, data[CONF_DEVICE_ID])
        return {CONF_LOCAL_KEY: key} if key and key != data[CONF_LOCAL_KEY] else {}

    @property
    def _account_lock(self) -> AccountLock | None:
        """Return the lock as the account knows it, if it was taken from there."""
        chosen = self._chosen
        return chosen if chosen and chosen.device_id == self._typed[CONF_DEVICE_ID] else None

    @property
    @override
    def _last_resort(self) -> str:
        """Return the step that goes on with a lock that is not reached."""
        return "account_only" if self._account_lock else super()._last_resort

    @property
    @override
    def _name(self) -> str:
        """Return the name of the lock."""
        return self._account_lock.name if self._account_lock else super()._name

    @property
    @override
    def _tested(self) -> dict[str, Any]:
        """Return what is kept of what was typed and found."""
        return super()._tested | ({CONF_ACCOUNT: True} if self._account_lock else {})
