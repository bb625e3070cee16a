"""What a flow gathers about a lock until its entry is added or changed."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_DEVICE_ID

from ..const import CONF_ACCOUNT
from ..projects import project_data
from ..tuyalock import Project

if TYPE_CHECKING:
    from ..tuya_account import AccountLock
    from ..tuyalock import CloudDevice


@dataclass(slots=True, repr=False)
class Gathered:
    """What a flow has gathered so far."""

    typed: dict[str, Any] = field(default_factory=dict)
    """How the lock is reached, by its owner, its announcement, the account or the cloud."""
    found: dict[str, Any] = field(default_factory=dict)
    """What the test of the connection has found."""
    heard: dict[str, Any] = field(default_factory=dict)
    """What the test has heard of the lock, as it is stored."""
    project: Project | None = None
    cloud_locks: dict[str, str] = field(default_factory=dict)
    """The labels of the locks of the project that are not set up, by device id."""
    device: CloudDevice | None = None
    """The lock, as a project that has been tested knows it."""
    cloud_opens: bool = False
    """The project may open the lock, and give it passwords."""
    account_lock: AccountLock | None = None
    """The lock, as the account knows it that it was chosen from."""

    def take(self, typed: dict[str, Any]) -> None:
        """Take what was typed; it has not been tested yet."""
        self.typed, self.found, self.heard = typed, {}, {}

    def forget_other_locks(self) -> None:
        """Forget what cloud and account know of another lock than the one that was typed."""
        device_id = self.typed[CONF_DEVICE_ID]
        if self.device and self.device.id != device_id:
            self.device, self.cloud_opens = None, False
        if self.account_lock and self.account_lock.id != device_id:
            self.account_lock = None

    @property
    def title(self) -> str:
        """Return the name of the lock."""
        known = self.account_lock or self.device
        return (known and known.name) or default_title(self.typed[CONF_DEVICE_ID])

    @property
    def data(self) -> dict[str, Any]:
        """Return what is kept in the data of the entry."""
        account = {CONF_ACCOUNT: True} if self.account_lock else {}
        return self.typed | self.found | self.cloud_data | account

    @property
    def cloud_data(self) -> dict[str, dict[str, str]]:
        """Return what is kept of a project that was tested."""
        return project_data(self.project) if self.project and self.device else {}


def default_title(device_id: str) -> str:
    """Return the name of a lock that has none."""
    return f"Wi-Fi lock {device_id[-4:]}"
