"""Devices, their data points, and the people of a lock."""

from collections.abc import Callable
from typing import Any

from .asked import Asked
from .model import thing_model
from .records import page
from .state import CloudState, Device, User
from .tokens import PROJECT_USER

A_PAGE = 20


def _brief(device: Device) -> dict[str, Any]:
    return {
        "id": device.device_id,
        "name": device.name,
        "category": device.category,
        "product_id": device.product_id,
        "product_name": "Simulated lock",
        "uuid": f"uuid{device.device_id}",
        "online": True,  # what Tuya says of every lock that sleeps
        "sub": device.behind_gateway,
    }


def _whole(device: Device) -> dict[str, Any]:
    status = [{"code": code, "value": value} for code, value in device.status.items()]
    return _brief(device) | {
        "local_key": device.local_key,
        "uid": PROJECT_USER,
        # an outside address, of no use in the home
        "ip": "" if device.behind_gateway else "203.0.113.7",
        "model": "",
        "status": status,
    }


def _device(cloud: CloudState, asked: Asked) -> object:
    return _whole(cloud.device(asked.groups["id"]))


def _devices(cloud: CloudState, asked: Asked) -> object:
    devices = list(cloud.devices.values())
    after = asked.call.query.get("last_row_key", "")
    start = next((i for i, one in enumerate(devices, 1) if one.device_id == after), 0)
    rows = devices[start : start + A_PAGE]
    more = start + A_PAGE < len(devices)
    return {
        "devices": [_brief(device) for device in rows],
        "has_more": more,
        "last_row_key": rows[-1].device_id if rows else "",
        "total": len(devices),
    }


def _all_devices(cloud: CloudState, asked: Asked) -> object:
    return {"list": [_whole(device) for device in cloud.devices.values()], "has_more": False}


def _devices_of_user(cloud: CloudState, asked: Asked) -> object:
    return [_whole(device) for device in cloud.devices.values()]


def _status(cloud: CloudState, asked: Asked) -> object:
    return _whole(cloud.device(asked.groups["id"]))["status"]


def _model(cloud: CloudState, asked: Asked) -> object:
    return {"model": thing_model(cloud.device(asked.groups["id"]).model)}


def _specifications(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    writable = [one.of_specification() for one in device.model if one.writable]
    return {
        "category": device.category,
        "functions": writable,
        "status": [one.of_specification() for one in device.model],
    }


def _shadow(cloud: CloudState, asked: Asked) -> object:
    device = cloud.device(asked.groups["id"])
    properties = [
        {"code": one.code, "dp_id": one.dp, "value": device.status[one.code]}
        for one in device.model
        if one.code in device.status
    ]
    return {"properties": properties}


def _firmware(cloud: CloudState, asked: Asked) -> object:
    has, could_have = cloud.device(asked.groups["id"]).firmware
    module = {
        "type": 0,
        "type_desc": "Main module",
        "current_version": has,
        "version": could_have,
        "upgrade_status": int(has != could_have),
        "can_upgrade": True,
    }
    return [module] if cloud.firmware == "list" else module


def _lock_users(cloud: CloudState, asked: Asked) -> object:
    users = cloud.device(asked.groups["id"]).users
    records = [_with_keys(user) | _person(user) for user in page(users, asked)]
    number, size = int(asked.query("page_no")), int(asked.query("page_size"))
    return {
        "has_more": number * size < len(users),
        "records": records,
        "total": len(users),
        "total_pages": -(-len(users) // size),
    }


def _old_users(cloud: CloudState, asked: Asked) -> object:
    users = cloud.device(asked.groups["id"]).users
    return {"records": [_person(user) for user in page(users, asked)], "total": len(users)}


def _oldest_users(cloud: CloudState, asked: Asked) -> object:
    return [_person(user) for user in cloud.device(asked.groups["id"]).users]


def _person(user: User) -> dict[str, Any]:
    return {"user_id": user.user_id, "nick_name": user.nick_name, "user_type": 20}


def _with_keys(user: User) -> dict[str, Any]:
    details = []
    for code in sorted({*user.keys, *user.duress}):
        normal, forced = user.keys.get(code, []), user.duress.get(code, [])
        keys = [_key(number, number in forced) for number in sorted({*normal, *forced})]
        details.append({"dp_code": code, "count": len(keys), "unlock_list": keys})
    return {"lock_user_id": 0, "effective_flag": 1, "unlock_detail": details}


def _key(number: int, forced: bool) -> dict[str, Any]:
    return {
        "unlock_id": f"1-{number}",
        "unlock_sn": number,
        "unlock_name": f"No. {number}",
        "unlock_attr": int(forced),
        "op_mode_id": 1000 + number,
    }


ROUTES: tuple[tuple[str, str, Callable[[CloudState, Asked], object]], ...] = (
    ("GET", r"/v1\.[01]/devices/(?P<id>[^/]+)", _device),
    ("GET", r"/v1\.0/iot-01/associated-users/devices", _devices),
    ("GET", r"/v1\.3/iot-03/devices", _all_devices),
    ("GET", r"/v1\.0/users/[^/]+/devices", _devices_of_user),
    ("GET", r"/v1\.0/(?:iot-03/)?devices/(?P<id>[^/]+)/status", _status),
    ("GET", r"/v2\.0/cloud/thing/(?P<id>[^/]+)/model", _model),
    ("GET", r"/v1\.[01]/devices/(?P<id>[^/]+)/specifications", _specifications),
    ("GET", r"/v1\.0/iot-03/devices/(?P<id>[^/]+)/specification", _specifications),
    ("GET", r"/v2\.0/cloud/thing/(?P<id>[^/]+)/shadow/properties", _shadow),
    ("GET", r"/v2\.0/cloud/thing/(?P<id>[^/]+)/firmware", _firmware),
    ("GET", r"/v1\.0/smart-lock/devices/(?P<id>[^/]+)/users", _lock_users),
    ("GET", r"/v1\.1/devices/(?P<id>[^/]+)/users", _old_users),
    ("GET", r"/v1\.0/devices/(?P<id>[^/]+)/users", _oldest_users),
)
