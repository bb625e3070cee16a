"""Opening and locking from afar."""

from collections.abc import Callable

from .asked import Asked, Refusal
from .state import CloudState, Device

DOOR_LOCK = r"/v1\.0/devices/(?P<id>[^/]+)/door-lock"
WITHOUT_PASSWORD = "remoteUnlockWithoutPwd"


def _operate(cloud: CloudState, asked: Asked) -> object:
    cloud.tickets.spend(asked.body("ticket_id", str), asked.groups["id"])
    return _move(cloud, cloud.device(asked.groups["id"]), opens=asked.body("open", bool))


def _open(cloud: CloudState, asked: Asked) -> object:
    cloud.tickets.spend(asked.body("ticket_id", str), asked.groups["id"])
    return _move(cloud, cloud.device(asked.groups["id"]), opens=True)


def _move(cloud: CloudState, device: Device, *, opens: bool) -> bool:
    lock = device.lock
    if not device.remote_unlock:
        return True  # published, as Tuya says, and nothing happens
    if device.behind_gateway:
        # A gateway passes it on at once, and what the lock has done is a record.
        cloud.operated.append((device.device_id, opens))
        if opens:
            cloud.log(device.device_id, "unlock_phone_remote", 1, cloud.time())
        return True
    if not lock or not device.reachable or not (lock.always_on or lock.requested or not opens):
        if cloud.asleep_mode == "offline":
            raise Refusal(2001)
        return True
    if not opens and not lock.table.set_key:
        raise Refusal(2003)
    before = (len(lock.openings), len(lock.lockings))
    lock.operate_from_cloud(opens=opens)
    if before != (len(lock.openings), len(lock.lockings)):
        cloud.operated.append((device.device_id, opens))
    return True


def _cancel(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    kind = asked.body("type", int)
    if kind not in (1, 2):
        raise Refusal(1109)
    if device.lock and device.reachable:
        device.lock.finish_request()
    return True


def _remote_unlocks(cloud: CloudState, asked: Asked) -> object:
    is_open = cloud.device(asked.groups["id"]).remote_unlock
    ways = [
        {"remote_unlock_type": WITHOUT_PASSWORD, "open": is_open},
        {"remote_unlock_type": "remoteUnlockWithPwd", "open": False},
    ]
    if cloud.remote_unlocks == "object":
        return ways[0]
    return ways if cloud.remote_unlocks == "list" else []


def _configure(cloud: CloudState, asked: Asked) -> object:
    is_open = asked.body("open", bool)
    if asked.body("remote_unlock_type", str) == WITHOUT_PASSWORD:
        cloud.device(asked.groups["id"]).remote_unlock = is_open
    return True


ROUTES: tuple[tuple[str, str, Callable[[CloudState, Asked], object]], ...] = (
    (
        "POST",
        r"/v1\.0/smart-lock/devices/(?P<id>[^/]+)/password-free/door-operate",
        _operate,
    ),
    ("POST", r"/v1\.[01]/devices/(?P<id>[^/]+)/door-lock/password-free/open-door", _open),
    ("PUT", rf"{DOOR_LOCK}/password-free/open-door/cancel", _cancel),
    ("GET", rf"{DOOR_LOCK}/remote-unlocks", _remote_unlocks),
    ("POST", rf"{DOOR_LOCK}/remote-unlock/config", _configure),
)
