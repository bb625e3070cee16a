"""The flows as the frontend drives them."""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.conftest import wait_for
from tests.simulator import SimulatedLock
from tests.simulator.cloud import SimulatedCloud

INTEGRATION = "custom_components.tuya_wifi_lock"
BEHAVIOUR = {"unlock_with": "request_only", "relocks_itself": True}


@pytest.fixture
async def quick(hass: HomeAssistant, ports: dict[int, int]) -> AsyncGenerator[None]:
    """Load no entities; end what a test leaves open."""
    with patch(f"{INTEGRATION}.PLATFORMS", []):
        yield
        for flow in hass.config_entries.flow.async_progress():
            hass.config_entries.flow.async_abort(flow["flow_id"])
        await hass.async_block_till_done()
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)


def project(cloud: SimulatedCloud, **changes: str) -> dict[str, str]:
    """What an owner types to use the project of a cloud."""
    values = {
        "region": "eu",
        "access_id": cloud.access_id,
        "access_secret": cloud.access_secret,
    }
    return values | changes


@contextmanager
def no_patience() -> Generator[None]:
    """Give up on a lock soon, if the test of it begins in this block."""
    with patch(f"{INTEGRATION}.config_flow.TOUCH_TIME", 0.3):
        yield


@pytest.fixture
def short_touch() -> Generator[None]:
    """Give up on each lock soon: none is to be reached."""
    with no_patience():
        yield


def typed(lock: SimulatedLock, **changes: Any) -> dict[str, Any]:
    """What an owner types."""
    values = {
        "host": "127.0.0.1",
        "port": lock.port,
        "device_id": lock.device_id,
        "local_key": lock.local_key,
        "protocol_version": "auto",
    }
    return values | changes


class Flow:
    """A flow, as the frontend drives it."""

    def __init__(self, hass: HomeAssistant, result: Any, flows: Any = None) -> None:
        self.hass = hass
        self.result = result
        self._flows = flows or hass.config_entries.flow
        self.clicks = 0
        """How many menus and forms were answered."""

    @classmethod
    async def begin(cls, hass: HomeAssistant, source: str = SOURCE_USER, data: Any = None) -> Flow:
        """Start a flow."""
        flows = hass.config_entries.flow
        return cls(hass, await flows.async_init(DOMAIN, context={"source": source}, data=data))

    @classmethod
    async def manual(cls, hass: HomeAssistant) -> Flow:
        """Start a flow in which everything is typed."""
        flow = await cls.begin(hass)
        await flow.choose("manual")
        return flow

    @classmethod
    async def options(cls, hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
        """Start a flow that changes options."""
        flows = hass.config_entries.options
        return cls(hass, await flows.async_init(entry.entry_id), flows)

    async def send(self, values: dict[str, Any] | None) -> None:
        """Send a form."""
        self.clicks += 1
        self.result = await self._flows.async_configure(self.result["flow_id"], values)

    async def choose(self, option: str) -> None:
        """Choose from a menu."""
        assert option in self.result["menu_options"]
        await self.send({"next_step_id": option})

    async def touched(self, timeout: float = 10) -> None:
        """Wait until the test of the lock is over."""
        assert self.result["type"] is FlowResultType.SHOW_PROGRESS
        assert self.result["progress_action"] == "touch"
        flows = self._flows

        def over() -> bool:
            mine = [f for f in flows.async_progress() if f["flow_id"] == self.result["flow_id"]]
            return not mine or mine[0]["step_id"] != "touch"

        await wait_for(self.hass, over, timeout)
        if self.result["flow_id"] in {f["flow_id"] for f in flows.async_progress()}:
            self.result = await flows.async_configure(self.result["flow_id"])

    @property
    def offered(self) -> list[dict[str, str]]:
        """What the only field of the form offers."""
        (field,) = self.result["data_schema"].schema.values()
        return field.config["options"]

    @property
    def step(self) -> str:
        """The step that is shown."""
        return self.result["step_id"]

    @property
    def errors(self) -> dict[str, str]:
        """What the form complains about."""
        return self.result["errors"]

    @property
    def suggested(self) -> dict[str, Any]:
        """What the fields of the form show."""
        return {
            str(key): key.description["suggested_value"]
            for key in self.result["data_schema"].schema
            if key.description
        }
