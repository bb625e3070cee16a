"""A stand-in for Home Assistant's Tuya integration: an account with some locks.

It is built around the real SDK, which talks to a simulated gateway. Only the MQTT client below it
is another one, which takes from the action `tuya.deliver` what a real one gets from Tuya's broker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from paho.mqtt.client import MQTTMessage
from tuya_sharing import CustomerDevice, Manager
from tuya_sharing.device import DeviceFunction, DeviceStatusRange
from tuya_sharing.mq import SharingMQ, SharingMQConfig

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

DOMAIN = "tuya"
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
TOPICS = {"ownerId": {"sub": "in/{ownerId}"}, "devId": {"sub": "out/{devId}"}}


class Client:
    """Stands in for the MQTT client."""

    def __init__(self) -> None:
        """Start without a subscription."""
        self.topics: set[str] = set()

    def is_connected(self) -> bool:
        """Return that there is a connection."""
        return True

    def subscribe(self, topic: str) -> None:
        """Take a topic."""
        self.topics.add(topic)

    def disconnect(self) -> None:
        """Let go of all topics."""
        self.topics.clear()

    def loop_stop(self) -> None:
        """Do nothing: there is no loop."""


@dataclass(frozen=True, slots=True)
class DeviceListener:
    """What the real integration has as run-time data."""

    manager: Manager


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the action."""

    async def deliver(call: ServiceCall) -> None:
        (entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
        device_id, mq = call.data["device_id"], entry.runtime_data.manager.mq
        if mq.subscribe_topic(device_id, True) not in mq.client.topics:
            raise HomeAssistantError("The lock is not subscribed.")
        received = MQTTMessage()
        status = call.data["status"]
        data = {"protocol": 4, "data": {"devId": device_id, "status": status}}
        received.payload = json.dumps(data).encode()
        await hass.async_add_executor_job(mq._on_message, mq.client, None, received)  # noqa: SLF001

    hass.services.async_register(DOMAIN, "deliver", deliver)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[DeviceListener]) -> bool:
    """Sign in."""
    manager = Manager("", "", "", entry.data["endpoint"], json.loads(entry.data["token"]))
    for row in json.loads(entry.data["devices"]):
        manager.device_map[row["device_id"]] = _device(row)
    manager.mq = SharingMQ(manager.customer_api, [], [])
    manager.mq.add_message_listener(manager.on_message)
    manager.mq.mq_config = SharingMQConfig({"result": {"topic": TOPICS}})
    manager.mq.client = Client()
    entry.runtime_data = DeviceListener(manager)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry[DeviceListener]) -> bool:
    """Sign out."""
    entry.runtime_data.manager.mq.stop()
    return True


def _device(data: Mapping[str, Any]) -> CustomerDevice:
    """Return a lock as the account knows it."""
    rows = {
        code: {"code": code, "type": type_, "values": values}
        for _, code, type_, values in data["model"]
    }
    return CustomerDevice(
        id=data["device_id"],
        name=data["name"],
        local_key=data["local_key"],
        category=data["category"],
        product_id=data["product_id"],
        product_name="Smart Lock",
        sub=data["local_key"] is None,
        online=True,
        support_local=True,
        status={},
        function={
            code: DeviceFunction(desc="", name=code, **row)
            for code, row in rows.items()
            if row["type"] == "Raw"
        },
        status_range={code: DeviceStatusRange(**row) for code, row in rows.items()},
        local_strategy={
            dp_id: {
                "value_convert": "default",
                "status_code": code,
                "config_item": {
                    "statusFormat": json.dumps({code: "$"}),
                    "valueDesc": rows[code]["values"],
                    "valueType": type_,
                },
            }
            for dp_id, code, type_, _ in data["model"]
        },
    )
