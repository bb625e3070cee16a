"""A stand-in for Home Assistant's own Tuya integration, around the real SDK that it uses.

Its MQTT client records what is subscribed, and `deliver` hands over a message as that client would,
on another thread, and only on a topic that is subscribed. Its calls go to a simulated gateway, and
what that one hears of its locks is delivered; without a gateway there is no network.
"""

import asyncio
from collections.abc import Mapping, Sequence
import json
import time
from typing import Any

from paho.mqtt.client import MQTTMessage
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
)
from tuya_sharing import CustomerDevice, Manager
from tuya_sharing.device import DeviceFunction, DeviceStatusRange
from tuya_sharing.home import SmartLifeHome
from tuya_sharing.mq import SharingMQ, SharingMQConfig

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from tests.devices import Model
from tests.simulator.cloud.model import MODELS, WRITABLE, properties_of_model
from tests.simulator.gateway import Gateway
from tests.simulator.knobs import Family

NO_TOKEN = {"uid": "u", "access_token": "a", "refresh_token": "r", "t": 0, "expire_time": 0}
TOPICS = {
    "ownerId": {"sub": "cloud/token/in/{ownerId}"},
    "devId": {"sub": "cloud/device/out/{devId}"},
}
MODEL = {
    1: ("unlock_fingerprint", "Integer", {"min": 0, "max": 999, "step": 1}),
    2: ("unlock_password", "Integer", {"min": 0, "max": 999, "step": 1}),
    8: ("alarm_lock", "Enum", {"range": ["wrong_finger", "low_battery"]}),
    9: ("unlock_request", "Integer", {"min": 0, "max": 90, "step": 1}),
    12: ("residual_electricity", "Integer", {"min": 0, "max": 100, "step": 1, "unit": "%"}),
    16: ("hijack", "Boolean", {}),
    19: ("doorbell", "Boolean", {}),
    55: ("lock_motor_state", "Boolean", {}),
}
"""DP id -> code, type and values, of a lock as the account knows it: less than it reports."""


def whole_model(family: str) -> dict[int, tuple[str, str, dict[str, Any]]]:
    """Return all that a simulated lock reports and takes, for `add_lock`."""
    rows = {one.dp: one.of_specification() for one in MODELS[Family(family)]}
    return {dp: (row["code"], row["type"], json.loads(row["values"])) for dp, row in rows.items()}


def model_of(model: Model) -> dict[int, tuple[str, str, dict[str, Any]]]:
    """Return what the account knows of a model that exists, for `add_lock`."""
    rows = {one.dp: one.of_specification() for one in properties_of_model(model)}
    return {dp: (row["code"], row["type"], json.loads(row["values"])) for dp, row in rows.items()}


class RecordingClient:
    """Stands in for the MQTT client of the SDK."""

    def __init__(self) -> None:
        """Start without a subscription."""
        self.topics: list[str] = []
        self.connected = True

    def is_connected(self) -> bool:
        """Return if there is a connection."""
        return self.connected

    def subscribe(self, topics: str | Sequence[tuple[str, int]]) -> None:
        """Take a topic, or several."""
        self.topics += [topics] if isinstance(topics, str) else [topic for topic, _ in topics]

    def unsubscribe(self, topic: str) -> None:
        """Take a topic no more."""
        self.topics.remove(topic)

    def disconnect(self) -> None:
        """Let go of all topics."""
        self.topics.clear()

    def loop_stop(self) -> None:
        """Do nothing: there is no loop."""


class TuyaFlow(ConfigFlow, domain="tuya"):
    """Home Assistant sets up no entry that has no flow."""


class Listener:
    """What the `tuya` entry has as run-time data."""

    def __init__(self, manager: Manager) -> None:
        """Hold the manager."""
        self.manager = manager


class TuyaLogin:
    """The account that is signed in, and its entry; `set_up` makes it there."""

    def __init__(self, hass: HomeAssistant, gateway: Gateway | None = None) -> None:
        """Prepare an entry that is not set up yet."""
        self.hass, self.gateway = hass, gateway
        self._delivering: asyncio.Task[None] | None = None
        if gateway:
            gateway.subscribe(self._heard)
        self.entry = MockConfigEntry(domain="tuya", title="owner@example.com")
        self.devices: dict[str, CustomerDevice] = {}
        self.signed_in = True
        self.reachable = True
        self.connects = True
        """The MQTT client connects at once; else with `connect`."""
        self.manager: Manager | None = None
        mock_integration(
            hass,
            MockModule(
                "tuya", async_setup_entry=self._async_setup, async_unload_entry=self._async_unload
            ),
        )
        mock_platform(hass, "tuya.config_flow", None)

    def add_lock(
        self,
        device_id: str,
        name: str = "Front door",
        *,
        local_key: str | None = "0123456789abcdef",
        category: str = "ms",
        product_id: str = "simulatedproduct",
        model: Mapping[int, tuple[str, str, Mapping[str, Any]]] = MODEL,
        writable: Sequence[str] = (),
        sub: bool = False,
        support_local: bool = True,
    ) -> CustomerDevice:
        """Add a device to the account; without local support, messages carry codes, not ids."""
        strategy = {
            dp_id: {
                "value_convert": "default",
                "status_code": code,
                "config_item": {
                    "statusFormat": json.dumps({code: "$"}),
                    "valueDesc": json.dumps(values),
                    "valueType": type_,
                    "enumMappingMap": {},
                    "pid": product_id,
                },
            }
            for dp_id, (code, type_, values) in model.items()
        }
        rows = {code: (type_, json.dumps(values)) for code, type_, values in model.values()}
        device = CustomerDevice(
            id=device_id,
            name=name,
            local_key=local_key,
            category=category,
            product_id=product_id,
            product_name="Smart Lock",
            sub=sub,
            uuid=f"uuid-{device_id}",
            asset_id="1",
            online=True,
            icon="",
            ip="203.0.113.7",
            time_zone="+01:00",
            active_time=1,
            create_time=1,
            update_time=1,
            status={},
            support_local=support_local,
            local_strategy=strategy if support_local else {},
            status_range={
                code: DeviceStatusRange(code=code, type=type_, values=values)
                for code, (type_, values) in rows.items()
            },
            function={
                code: DeviceFunction(code=code, type=type_, values=values, desc="", name=code)
                for code, (type_, values) in rows.items()
                if code in writable
            },
        )
        self.devices[device_id] = device
        if self.manager:
            self.manager.device_map[device_id] = device
        return device

    def add_model(self, model: Model, device_id: str, name: str, **more: Any) -> CustomerDevice:
        """Add a lock that exists; one behind a gateway has no local key."""
        return self.add_lock(
            device_id,
            name,
            category=model.category,
            model=model_of(model),
            **{
                "product_id": model.product_id or "unpublished",
                "sub": model.gateway,
                "local_key": None if model.gateway else "0123456789abcdef",
                "writable": [code for code in model.codes if code in WRITABLE],
                **more,
            },
        )

    # The entry

    async def set_up(self) -> None:
        """Add the entry and set it up, or enable it, or set it up again."""
        if not self.hass.config_entries.async_get_entry(self.entry.entry_id):
            self.entry.add_to_hass(self.hass)
        if self.entry.disabled_by:
            await self.hass.config_entries.async_set_disabled_by(self.entry.entry_id, None)
        else:
            await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def reload(self) -> None:
        """Reload the entry: another manager, another MQTT session, other device objects."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def unload(self) -> None:
        """Disable the entry."""
        user = ConfigEntryDisabler.USER
        await self.hass.config_entries.async_set_disabled_by(self.entry.entry_id, user)
        await self.hass.async_block_till_done()

    async def remove(self) -> None:
        """Remove the entry."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def sign_out(self) -> None:
        """Let Tuya end the session; the entry fails when it is set up again."""
        self.signed_in = False
        await self.reload()

    async def _async_setup(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
        """Set up the entry as the real one does, without its network."""
        if not self.reachable:
            raise ConfigEntryNotReady("Tuya is not reached")
        if not self.signed_in:
            # The real one asks the owner to sign in again; the state of the entry is the same.
            raise ConfigEntryError("sign invalid")
        url = self.gateway.url if self.gateway else "https://example.invalid"
        token = self.gateway.token if self.gateway else NO_TOKEN
        manager = Manager("client", "code", "terminal", url, token)
        manager.user_homes = [SmartLifeHome(1, "Home")]
        manager.device_map = {
            device_id: CustomerDevice(**vars(device)) for device_id, device in self.devices.items()
        }
        self.manager = manager
        entry.runtime_data = Listener(manager)
        self.renew()
        return True

    async def _async_unload(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
        """Unload the entry."""
        assert self.manager
        if self.manager.mq:
            self.manager.mq.stop()
        self.manager = None
        return True

    # Its MQTT session

    @property
    def mq(self) -> SharingMQ:
        """Return the MQTT session."""
        assert self.manager
        return self.manager.mq

    @property
    def topics(self) -> list[str]:
        """Return what is subscribed, each as often as it was."""
        client: RecordingClient | None = self.mq.client
        return list(client.topics) if client else []

    def renew(self) -> None:
        """Make another MQTT session, as `Manager.refresh_mq` does when devices change."""
        manager = self.manager
        assert manager
        if manager.mq is not None:
            manager.mq.stop()
        set_up = [device for device in manager.device_map.values() if device.set_up]
        manager.mq = SharingMQ(manager.customer_api, [1], set_up)
        manager.mq.add_message_listener(manager.on_message)
        if self.connects:
            self.connect()

    def connect(self) -> None:
        """Let the session connect, or connect anew, as it does every two hours."""
        mq = self.mq
        mq.mq_config = SharingMQConfig({"result": {"topic": TOPICS, "expireTime": 7200}})
        client = RecordingClient()
        mq._on_connect(client, None, {}, 0)
        mq.client = client

    def disconnect(self) -> None:
        """Let the connection break off; the SDK makes another client when it gets credentials."""
        self.mq.client.connected = False
        self.mq.client.topics.clear()

    def _heard(self, device_id: str, items: list[dict[str, Any]]) -> None:
        """Deliver what the gateway has heard, each report after the one before."""
        self._delivering = self.hass.async_create_task(
            self._deliver_after(self._delivering, device_id, items)
        )

    async def _deliver_after(
        self, before: asyncio.Task[None] | None, device_id: str, items: list[dict[str, Any]]
    ) -> None:
        if before:
            await before
        if self.manager and device_id in self.manager.device_map:
            await self._send(device_id, _report(items))

    async def deliver(self, device_id: str, items: Sequence[Mapping[str, Any]]) -> bool:
        """Let the lock report through the cloud; return if the device is subscribed."""
        return await self.say(device_id, _report(items))

    async def say(self, device_id: str, message: Mapping[str, Any]) -> bool:
        """Send a message about a device, and wait; return if the device is subscribed."""
        subscribed = await self._send(device_id, message)
        if subscribed:
            await self.hass.async_block_till_done()
        return subscribed

    async def raw(self, message: Any) -> None:
        """Send any JSON, and wait until it is taken."""
        await self._hand_over(message)
        await self.hass.async_block_till_done()

    async def _send(self, device_id: str, message: Mapping[str, Any]) -> bool:
        assert self.manager
        mq, device = self.mq, self.manager.device_map[device_id]
        topic = mq.subscribe_topic(device_id, device.support_local) if mq.client else ""
        if topic not in self.topics:
            return False
        data = {"devId": device_id, "productKey": device.product_id, **message.get("data", {})}
        now = int(time.time() * 1000)
        await self._hand_over({"pv": "2.0", "t": now, **message, "data": data})
        return True

    async def _hand_over(self, message: Any) -> None:
        """Hand over any JSON on the thread of the MQTT client."""
        received = MQTTMessage()
        received.payload = json.dumps(message).encode()
        mq = self.mq
        await self.hass.async_add_executor_job(mq._on_message, mq.client, None, received)


def _report(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"protocol": 4, "data": {"status": list(items)}}


def item(dp: int | str, value: Any, at: float | None = None) -> dict[str, Any]:
    """Return an item of a report: of a DP id or a code, at a Unix time (now)."""
    key = "dpId" if isinstance(dp, int) else "code"
    return {key: dp, "t": int((time.time() if at is None else at) * 1000), "value": value}
