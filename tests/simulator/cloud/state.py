"""What the cloud knows: the project, its devices, and what they have told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.devices import Model
from tests.simulator.keypad import Delivery
from tests.simulator.knobs import Family
from tests.simulator.lock import SimulatedLock
from tests.simulator.secret_codes import SecretCodes

from .asked import Refusal
from .model import MODELS, Property, properties_of, properties_of_model
from .passwords import PasswordRow, Passwords
from .records import LogRow, forced_by, is_logged, number_of, text_of
from .tickets import Tickets
from .tokens import Tokens


@dataclass
class User:
    """Somebody of the home, and the numbers that are theirs, by DP code."""

    user_id: str
    nick_name: str
    keys: Mapping[str, list[int]]
    duress: Mapping[str, list[int]]


@dataclass
class Device:
    """A device of the account."""

    device_id: str
    name: str
    category: str
    product_id: str
    local_key: str | None = field(repr=False)
    model: tuple[Property, ...] = ()
    lock: SimulatedLock | None = None
    secret_codes: SecretCodes = field(default_factory=SecretCodes, repr=False)
    remote_unlock: bool = True
    firmware: tuple[str, str] = ("1.0.3", "1.0.3")  # what it has, and what it could have
    status: dict[str, Any] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)
    passwords: Passwords = field(default_factory=Passwords)
    behind_gateway: bool = False

    @property
    def reachable(self) -> bool:
        """Whether the device hears the cloud now."""
        return self.lock is not None and self.lock.awake and self.lock.knobs.cloud


class CloudState:
    """The cloud without its server; it is what a lock talks to (uplink.CloudLink)."""

    def __init__(self, access_id: str, access_secret: str, now: Callable[[], float]) -> None:
        """Start with an empty account."""
        self.access_id, self.access_secret = access_id, access_secret
        self.devices: dict[str, Device] = {}
        self.operated: list[tuple[str, bool]] = []
        self.absent: set[str] = set()
        self.skew = 0.0
        self.asleep_mode: Literal["silent", "offline"] = "silent"
        self.dynamic_supported = True
        self.offline_supported = True
        self.code_length = 7
        self.log_status: Literal["object", "list"] = "object"
        self.firmware: Literal["list", "object"] = "list"
        self.remote_unlocks: Literal["list", "empty", "object"] = "list"
        self.tokens = Tokens(now)
        self.tickets = Tickets(access_secret, now)
        self._now = now

    def time(self) -> float:
        """Return the time by the cloud's clock."""
        return self._now() + self.skew

    # The account

    def join(self, lock: SimulatedLock, name: str = "Front door", category: str = "ms") -> None:
        """Make a simulated lock a device of this account."""
        self.devices[lock.device_id] = Device(
            lock.device_id,
            name,
            category,
            lock.product_id,
            lock.local_key,
            properties_of(lock),
            lock,
            lock.uplink.secret_codes,
        )
        lock.cloud = self

    def add_device(
        self,
        *,
        device_id: str,
        name: str = "Something",
        category: str = "ms",
        product_id: str = "simulatedproduct",
        local_key: str = "0123456789abcdef",
        family: Family | None = None,
    ) -> None:
        """Add anything else; without a family it has no model."""
        self.devices[device_id] = Device(
            device_id, name, category, product_id, local_key, MODELS[family]
        )

    def add_model(self, model: Model, device_id: str, name: str) -> Device:
        """Add a lock that exists; one behind a gateway has no local key, and hears the cloud."""
        device = self.devices[device_id] = Device(
            device_id,
            name,
            model.category,
            model.product_id or "unpublished",
            None if model.gateway else "0123456789abcdef",
            properties_of_model(model),
            behind_gateway=model.gateway,
        )
        return device

    def add_user(
        self,
        device_id: str,
        nick_name: str,
        keys: Mapping[str, list[int]] | None = None,
        duress: Mapping[str, list[int]] | None = None,
    ) -> None:
        """Add somebody who may open this lock."""
        users = self.devices[device_id].users
        users.append(User(f"user{len(users) + 1}", nick_name, keys or {}, duress or {}))

    def log(
        self,
        device_id: str,
        code: str,
        value: object,
        at: float,
        nick_name: str = "",
        unlock_name: str = "",
    ) -> None:
        """Add a row to the records."""
        row = LogRow(code, text_of(value), int(at * 1000), nick_name, unlock_name)
        self.devices[device_id].logs.append(row)

    def rows(self, device_id: str) -> list[PasswordRow]:
        """Return all temporary passwords, with their digits."""
        return list(self.devices[device_id].passwords.rows)

    def device(self, device_id: str) -> Device:
        """Return a device of this account."""
        if (device := self.devices.get(device_id)) is None:
            raise Refusal(1106)
        return device

    # What a lock asks (uplink.CloudLink)

    def fetch(self, device_id: str) -> list[Delivery]:
        """Return the passwords that a lock has to know."""
        return self.devices[device_id].passwords.fetch(self.time())

    def delivered(self, device_id: str, slots: Mapping[int, int]) -> None:
        """A lock has these passwords, by id, in these slots."""
        self.devices[device_id].passwords.delivered(slots)

    def reported(self, device_id: str, dps: Mapping[str, Any], at: float) -> None:
        """A lock reports values; what opens a door is a record, and so is an alarm."""
        device = self.devices[device_id]
        codes = {str(one.dp): one.code for one in device.model}
        for dp, value in dps.items():
            if (code := codes.get(dp)) is None:
                continue
            device.status[code] = value
            if is_logged(code):
                named = forced_by(dps, codes) if code == "hijack" and value else None
                self._record(device, code, named or value, at)

    def _record(self, device: Device, code: str, value: object, at: float) -> None:
        number = number_of(value)
        owner = next((one for one in device.users if number in one.keys.get(code, [])), None)
        forced = next((one for one in device.users if number in one.duress.get(code, [])), None)
        who = forced or owner
        self.log(device.device_id, code, value, at, who.nick_name if who else "")
        if forced:
            text = f"{code}-{number:02d}"
            self.log(device.device_id, "hijack", text, at, forced.nick_name)
