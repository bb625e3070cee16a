"""Setting up a lock, and changing how it is reached and used."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.diagnosis import check_lock
from custom_components.tuya_wifi_lock.discovery import async_get_listener
from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    FlowResultType,
    InvalidData,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from tests.common import fall_asleep, is_awake, set_up_awake, wake
from tests.conftest import TUYALOCK, setup, wait_for
from tests.flows import BEHAVIOUR, Flow, no_patience, quick, short_touch, typed  # noqa: F401
from tests.simulator import Knobs, SimulatedLock

pytestmark = pytest.mark.usefixtures("quick")

TEXTS = Path("custom_components/tuya_wifi_lock/translations/en.json")
OTHER_KEY = "fedcba9876543210"


def entry_of(hass: HomeAssistant) -> Any:
    """The only entry."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


# Adding a lock


async def test_a_sleeping_lock_is_added(hass: HomeAssistant, simulated_lock: SimulatedLock) -> None:
    flow = await Flow.begin(hass)
    assert flow.result["type"] is FlowResultType.MENU
    assert flow.result["menu_options"] == ["account", "cloud", "manual", "user"]
    await flow.choose("manual")
    assert flow.suggested == {}
    await flow.send(typed(simulated_lock, host=" 127.0.0.1 ", local_key="0123456789abcdef "))
    await simulated_lock.wake()
    await flow.touched()
    await wait_for(hass, lambda: simulated_lock.clients == 0)

    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.result["title"] == "Wi-Fi lock 0001"
    entry = entry_of(hass)
    assert entry.unique_id == simulated_lock.device_id
    assert entry.data == typed(simulated_lock, announces=True)
    assert entry.options == {}

    # It has no name, so the dialog that asks for one is not replaced by another flow.
    assert "next_flow" not in flow.result


async def test_a_device_that_was_heard_is_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, ports: dict[int, int]
) -> None:
    bulb = SimulatedLock(
        device_id="bfsimulated0bulb0002", product_id="some_bulb", announce_ports=ports
    )
    lock = SimulatedLock(device_id="bfsimulated0lock0003", version="3.3", announce_ports=ports)
    flow = await Flow.begin(hass)
    async with bulb, lock:
        for device in (bulb, lock):
            await device.wake()
        listener = async_get_listener(hass)
        await wait_for(hass, lambda: len(listener.heard) == 2)
        await flow.choose("user")
        assert flow.result["menu_options"] == ["account", "found", "cloud", "manual", "user"]
        await flow.choose("found")
        assert flow.offered == [
            {"value": lock.device_id, "label": "Door lock, heard just now, 127.0.0.1"},
            {"value": "other_devices", "label": "None of these: show other devices"},
        ]
        await flow.send({"device_id": "other_devices"})
        assert flow.offered == [
            {"value": lock.device_id, "label": "Door lock, heard just now, 127.0.0.1"},
            {"value": bulb.device_id, "label": "Tuya device, heard just now, 127.0.0.1"},
        ]
        await flow.send({"device_id": lock.device_id})
        assert flow.step == "discovered"
        await flow.choose("manual")
        assert flow.step == "manual"
        assert flow.suggested == {"host": "127.0.0.1", "device_id": lock.device_id}
        await flow.send(typed(lock))
        await flow.touched()
        added = flow.result["result"]
        assert added.data == typed(lock, announces=True)
        await wait_for(hass, lambda: added.state is ConfigEntryState.LOADED)


async def test_a_device_that_was_heard_before_says_when(
    hass: HomeAssistant, ports: dict[int, int]
) -> None:
    bulb = SimulatedLock(
        device_id="bfsimulated0bulb0002", product_id="some_bulb", announce_ports=ports
    )
    flow = await Flow.begin(hass)
    async with bulb:
        await bulb.wake()
        await wait_for(hass, lambda: async_get_listener(hass).heard)
    await flow.choose("user")
    now = hass.loop.time()
    with patch.object(hass.loop, "time", lambda: now + 300):
        await flow.choose("found")
    # No lock was heard, so what was is not folded away.
    label = "Tuya device, heard 5 min ago, 127.0.0.1"
    assert flow.offered == [{"value": bulb.device_id, "label": label}]


def test_the_menus_explain_every_way_and_the_touch_has_a_title() -> None:
    steps = json.loads(TEXTS.read_text(encoding="utf-8"))["config"]["step"]
    assert steps["touch"]["title"]
    for name in ("user", "discovered"):
        assert steps[name]["menu_option_descriptions"].keys() == steps[name]["menu_options"].keys()
    for name in ("user", "discovered"):
        assert "developer platform" in steps[name]["menu_option_descriptions"]["cloud"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "192.168.1"),
        ("device_id", "my lock"),
        ("local_key", "too short"),
        ("local_key", ""),
        ("local_key", "0123456789abcdeü"),
    ],
)
async def test_a_field_says_what_is_wrong(
    hass: HomeAssistant, simulated_lock: SimulatedLock, field: str, value: str
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock, **{field: value}))
    assert flow.step == "manual"
    assert flow.errors == {field: f"invalid_{field}"}
    assert flow.suggested == typed(simulated_lock, **{field: value})


async def test_a_lock_is_added_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock))
    assert flow.result["type"] is FlowResultType.ABORT
    assert flow.result["reason"] == "already_configured"


async def test_a_lock_that_another_flow_adds_is_not_replaced(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    await simulated_lock.wake()
    first, second = await Flow.manual(hass), await Flow.manual(hass)
    await second.send(typed(simulated_lock))
    shown = hass.config_entries.flow.async_progress
    tested = {"flow_id": second.result["flow_id"], "step_id": "behaviour"}
    await wait_for(hass, lambda: any(tested.items() <= flow.items() for flow in shown()))
    await first.send(typed(simulated_lock))
    await first.touched()
    assert first.result["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.flow.async_progress()


# What can go wrong


async def failed(
    hass: HomeAssistant, lock: SimulatedLock, caplog: pytest.LogCaptureFixture, **changes: Any
) -> Flow:
    """A flow whose test has failed; it shows what was typed."""
    flow = await Flow.manual(hass)
    values = typed(lock, **changes)
    await flow.send(values)
    await flow.touched()
    assert flow.step == "manual"
    assert flow.suggested == values
    assert values["local_key"] not in caplog.text
    return flow


AWAKE = Knobs(low_power=False)


@pytest.mark.parametrize("simulated_lock", [{"knobs": AWAKE}], indirect=True)
async def test_a_wrong_key_could_also_be_something_else(
    hass: HomeAssistant, simulated_lock: SimulatedLock, caplog: pytest.LogCaptureFixture
) -> None:
    flow = await failed(hass, simulated_lock, caplog, local_key=OTHER_KEY)
    assert flow.errors == {"base": "key_or_version"}
    await flow.send(typed(simulated_lock))
    await flow.touched()
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "simulated_lock",
    [{"version": "3.3", "knobs": Knobs(low_power=False, wrong_key="silent")}],
    indirect=True,
)
async def test_a_report_in_another_cipher_proves_that_the_key_is_wrong(
    hass: HomeAssistant, simulated_lock: SimulatedLock, caplog: pytest.LogCaptureFixture
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock, local_key=OTHER_KEY, protocol_version="3.3"))
    await simulated_lock.wait_for(lambda: simulated_lock.clients == 1)
    await simulated_lock.finger(3)
    await flow.touched()
    assert flow.step == "manual"
    assert flow.errors == {"base": "wrong_key"}


async def test_an_announcement_names_the_version(
    hass: HomeAssistant, simulated_lock: SimulatedLock, caplog: pytest.LogCaptureFixture
) -> None:
    flow = await Flow.begin(hass)
    await simulated_lock.wake()
    await wait_for(hass, lambda: async_get_listener(hass).heard)
    await flow.choose("manual")
    await flow.send(typed(simulated_lock, protocol_version="3.3"))
    await flow.touched()
    assert flow.errors == {"base": "wrong_version"}
    assert flow.result["description_placeholders"] == {"announced": "3.4"}


@pytest.mark.parametrize("simulated_lock", [{"knobs": AWAKE}], indirect=True)
async def test_a_lock_has_room_for_one(
    hass: HomeAssistant, simulated_lock: SimulatedLock, caplog: pytest.LogCaptureFixture
) -> None:
    simulated_lock.faults.slot_taken = True
    flow = await failed(hass, simulated_lock, caplog)
    assert flow.errors == {"base": "slot_taken"}


@pytest.mark.usefixtures("short_touch")
@pytest.mark.parametrize(
    "simulated_lock", [{"knobs": Knobs(low_power=False), "version": "3.3"}], indirect=True
)
async def test_something_else_answers(
    hass: HomeAssistant, simulated_lock: SimulatedLock, caplog: pytest.LogCaptureFixture
) -> None:
    simulated_lock.faults.garbage = 99
    flow = await failed(hass, simulated_lock, caplog, protocol_version="3.3")
    assert flow.errors == {"base": "garbage"}


async def test_a_lock_that_does_not_wake_up_can_be_tried_again(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    shown = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    flow = await Flow.manual(hass)
    with no_patience():
        await flow.send(typed(simulated_lock))
        await flow.touched()
    progress = [event.data["progress"] for event in shown]
    assert 0.0 < progress[0] < progress[-1] <= 1.0
    assert progress == sorted(progress)
    assert flow.step == "not_reached"
    assert flow.result["menu_options"] == ["touch", "manual", "untested"]
    await flow.choose("manual")
    assert flow.suggested == typed(simulated_lock)
    with no_patience():
        await flow.send(typed(simulated_lock))
        await flow.touched()
    await flow.choose("touch")
    await simulated_lock.wake()
    await flow.touched()
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("short_touch")
@pytest.mark.parametrize("announces", [False, True])
async def test_a_lock_can_be_added_without_a_test(
    hass: HomeAssistant, simulated_lock: SimulatedLock, announces: bool
) -> None:
    flow = await Flow.manual(hass)
    if announces:
        await simulated_lock.wake()
        await wait_for(hass, lambda: async_get_listener(hass).heard)
        await simulated_lock.sleep()
    await flow.send(typed(simulated_lock))
    await flow.touched()
    await flow.choose("untested")
    # What was heard of it is nothing but a claim.
    assert flow.result["result"].data == typed(simulated_lock, announces=False)


async def test_a_flow_that_ends_leaves_nothing_behind(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock))
    hass.config_entries.flow.async_abort(flow.result["flow_id"])
    await asyncio.sleep(0.05)
    await simulated_lock.wake()
    await asyncio.sleep(0.1)
    assert simulated_lock.connections == 0
    assert async_get_listener(hass).heard == {}


# Locks that make themselves known


async def test_a_discovered_lock_is_added(
    hass: HomeAssistant, simulated_lock: SimulatedLock
) -> None:
    found = {"device_id": simulated_lock.device_id, "host": "127.0.0.1"}
    flow = await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, found)
    assert flow.step == "discovered"
    assert flow.result["menu_options"] == ["account", "cloud", "manual"]
    texts = {"host": "127.0.0.1", "name": "Wi-Fi lock 0001"}
    assert flow.result["description_placeholders"] == texts
    await flow.choose("manual")
    assert flow.suggested == found
    (shown,) = hass.config_entries.flow.async_progress()
    assert shown["context"]["title_placeholders"] == {"name": "Wi-Fi lock 0001"}
    await flow.send(typed(simulated_lock))
    await simulated_lock.wake()
    await flow.touched()
    assert entry_of(hass).data == typed(simulated_lock, announces=True)


async def test_a_known_lock_is_not_discovered(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    found = {"device_id": simulated_lock.device_id, "host": "127.0.0.9"}
    flow = await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, found)
    assert flow.result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


async def test_a_lock_that_is_ignored_has_no_members(hass: HomeAssistant) -> None:
    data = {"unique_id": "bfsimulated0lock0001", "title": "Wi-Fi lock 0001"}
    flow = await Flow.begin(hass, SOURCE_IGNORE, data)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.subentries.async_progress()


async def request_address(hass: HomeAssistant, ip: str) -> None:
    """Let a lock ask the router for an address."""
    info = DhcpServiceInfo(ip=ip, hostname="wlan0", macaddress="d81f12aabbcc")
    flow = await Flow.begin(hass, SOURCE_DHCP, info)
    assert flow.result["reason"] == "already_configured"


async def test_a_dhcp_request_wakes_us(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    device_registry: dr.DeviceRegistry,
) -> None:
    simulated_lock.knobs.announce = False
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "127.0.0.7"})
    await setup(hass, entry)
    device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, connections={("mac", "d8:1f:12:aa:bb:cc")}
    )
    await simulated_lock.wake()
    await request_address(hass, "127.0.0.1")
    await wait_for(hass, lambda: is_awake(entry))
    assert entry.data["host"] == "127.0.0.1"


async def test_a_dhcp_request_tells_where_a_lock_is_that_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await request_address(hass, "127.0.0.8")
    assert entry.data["host"] == "127.0.0.1"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "mac": "d8:1f:12:aa:bb:cc"})
    await request_address(hass, "127.0.0.8")
    assert entry.data["host"] == "127.0.0.8"


# Another key


async def reauth(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """The flow that asks for a new key."""
    flow = Flow(hass, await entry.start_reauth_flow(hass))
    assert flow.step == "reauth_confirm"
    assert flow.suggested == {}
    return flow


async def stored(hass: HomeAssistant, entry: MockConfigEntry, **changes: Any) -> None:
    """See that an entry was changed, and nothing else of it; it is loaded again."""
    assert not hass.config_entries.flow.async_progress()
    for key, value in changes.items():
        assert entry.data[key] == value
    await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)


async def test_a_new_key_is_tested_through_the_loaded_lock(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    simulated_lock.faults.wrong_local_key = OTHER_KEY
    await simulated_lock.wake()
    await wait_for(hass, hass.config_entries.flow.async_progress)
    (shown,) = hass.config_entries.flow.async_progress()
    assert shown["context"]["source"] == "reauth"

    flow = Flow(hass, shown)
    await flow.send({"local_key": "1111111111111111"})
    await flow.touched()
    assert flow.step == "reauth_confirm"
    assert flow.errors == {"base": "key_or_version"}
    assert entry.data["local_key"] == simulated_lock.local_key

    await flow.send({"local_key": "short"})
    assert flow.errors == {"local_key": "invalid_local_key"}
    await flow.send({"local_key": OTHER_KEY})
    await flow.touched()
    await stored(hass, entry, local_key=OTHER_KEY, announces=True, host="127.0.0.1")


async def test_a_new_key_is_taken_though_the_entry_changes_during_its_test(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    data = {key: value for key, value in entry.data.items() if key != "host"}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    coordinator = entry.runtime_data
    simulated_lock.faults.wrong_local_key = OTHER_KEY
    flow = await reauth(hass, entry)
    await flow.send({"local_key": OTHER_KEY})
    assert flow.result["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.async_update_entry(entry, title="Front door")
    await hass.async_block_till_done()
    # Where the lock is found is kept at once.
    await simulated_lock.wake()
    await flow.touched()
    await stored(hass, entry, local_key=OTHER_KEY, host="127.0.0.1")
    assert entry.runtime_data is coordinator
    assert simulated_lock.connections == 1


async def test_a_key_is_not_believed_because_the_one_before_works(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await set_up_awake(hass, entry, simulated_lock)
    flow = await reauth(hass, entry)
    await flow.send({"local_key": OTHER_KEY})
    await flow.touched()
    assert flow.errors == {"base": "key_or_version"}
    await wait_for(hass, lambda: is_awake(entry))
    assert entry.data["local_key"] == simulated_lock.local_key


@pytest.mark.usefixtures("short_touch")
async def test_a_key_can_be_stored_without_a_test(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    flow = await reauth(hass, entry)
    await flow.send({"local_key": OTHER_KEY})
    await flow.touched()
    assert flow.result["menu_options"] == ["touch", "reauth_confirm", "untested"]
    await flow.choose("untested")
    assert flow.result["reason"] == "reauth_successful"
    await stored(hass, entry, local_key=OTHER_KEY, announces=True)
    simulated_lock.faults.wrong_local_key = OTHER_KEY
    await wake(hass, entry, simulated_lock)


async def test_a_key_is_tested_for_a_lock_that_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.faults.wrong_local_key = OTHER_KEY
    flow = await reauth(hass, entry)
    await flow.send({"local_key": OTHER_KEY})
    await simulated_lock.wake()
    await flow.touched()
    assert entry.data["local_key"] == OTHER_KEY


# Another way to reach it


async def test_a_lock_with_another_port_is_followed(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    port = simulated_lock.port
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "port": 9, "host": "127.0.0.9"}
    )
    await setup(hass, entry)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    assert flow.result["menu_options"] == ["connection", "cloud"]
    await flow.choose("connection")
    shown = {"host": "127.0.0.9", "port": 9, "protocol_version": "auto"}
    assert flow.suggested == shown
    simulated_lock.knobs.announce = False
    await flow.send({"host": "127.0.0.1", "port": port, "protocol_version": "3.4"})
    await simulated_lock.wake()
    await flow.touched()
    await stored(hass, entry, host="127.0.0.1", port=port, protocol_version="3.4")
    assert entry.data["local_key"] == simulated_lock.local_key


async def test_a_key_is_asked_for_no_more_when_the_connection_is_put_right(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    await setup(hass, entry)
    simulated_lock.faults.wrong_local_key = OTHER_KEY
    await simulated_lock.wake()
    await wait_for(hass, hass.config_entries.flow.async_progress)
    simulated_lock.faults.wrong_local_key = None
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    await flow.choose("connection")
    await flow.send({"host": "127.0.0.1", "port": simulated_lock.port, "protocol_version": "3.4"})
    await simulated_lock.announce()
    await flow.touched()
    assert flow.result["reason"] == "reconfigure_successful"
    assert not hass.config_entries.flow.async_progress()
    assert is_awake(entry)


@pytest.mark.usefixtures("short_touch")
async def test_a_lock_that_is_not_where_it_is_said_to_be_stays_where_it_was(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    ports: dict[int, int],
) -> None:
    await setup(hass, entry)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    assert flow.result["menu_options"] == ["connection", "cloud"]
    await flow.choose("connection")
    values = {"host": "127.0.0.1", "port": ports[6666], "protocol_version": "3.4"}
    await flow.send(values)
    await flow.touched()
    assert flow.result["menu_options"] == ["touch", "connection", "untested"]
    await wake(hass, entry, simulated_lock)
    await fall_asleep(hass, entry, simulated_lock)
    await flow.choose("connection")
    assert flow.suggested == values
    await flow.send(values)
    hass.config_entries.flow.async_abort(flow.result["flow_id"])
    await hass.async_block_till_done()
    await wake(hass, entry, simulated_lock)
    assert entry.data["port"] == simulated_lock.port


async def abort(hass: HomeAssistant, entry: MockConfigEntry, flow: Flow) -> None:
    """Unload an entry, and end its flow."""
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.flow.async_abort(flow.result["flow_id"])


async def reload(hass: HomeAssistant, entry: MockConfigEntry, flow: Flow) -> None:
    """Load an entry afresh, and let its flow give up."""
    await hass.config_entries.async_reload(entry.entry_id)
    await flow.touched()
    assert flow.step == "not_reached"


async def remove(hass: HomeAssistant, entry: MockConfigEntry, flow: Flow) -> None:
    """Remove an entry, which ends its flows."""
    await hass.config_entries.async_remove(entry.entry_id)


class SilentPeer:
    """Somebody who takes connections and never answers."""

    def __init__(self) -> None:
        self.connections = 0
        self.clients: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold a connection until its other end closes it."""
        self.connections += 1
        self.clients.add(writer)
        while await reader.read(1024):
            pass
        self.clients.remove(writer)
        writer.close()


@pytest.mark.usefixtures("short_touch")
@pytest.mark.parametrize("simulated_lock", [{"knobs": AWAKE}], indirect=True)
@pytest.mark.parametrize("end", [abort, reload, remove])
async def test_a_lock_that_is_let_go_of_during_a_test_is_not_dialled_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
    end: Callable[[HomeAssistant, MockConfigEntry, Flow], Awaitable[None]],
) -> None:
    await setup(hass, entry)
    await wake(hass, entry, simulated_lock)
    peer = SilentPeer()
    async with await asyncio.start_server(peer.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        flow = Flow(hass, await entry.start_reconfigure_flow(hass))
        await flow.choose("connection")
        await flow.send({"host": "127.0.0.1", "port": port, "protocol_version": "auto"})
        await wait_for(hass, lambda: peer.clients)
        dialled = peer.connections
        await end(hass, entry, flow)
        await wait_for(hass, lambda: not peer.clients)
        # Long enough for several more attempts.
        await asyncio.sleep(0.1)
        assert peer.connections == dialled
    assert simulated_lock.clients == 0
    if end is reload:
        await wake(hass, entry, simulated_lock)


# Options


async def test_the_options_take_effect(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await setup(hass, entry)
    flows = hass.config_entries.options
    result = await flows.async_init(entry.entry_id)
    assert result["menu_options"] == ["behaviour", "kind", "check"]
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "behaviour"})
    defaults = {"unlock_with": "own_key", "relocks_itself": False}
    assert result["data_schema"]({}) == defaults | {"unlock_wait": 30, "relock_delay": 5}
    values = BEHAVIOUR | {"unlock_wait": 60, "relock_delay": 300}
    await flows.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    assert entry.options == values
    assert entry.state is ConfigEntryState.LOADED
    result = await flows.async_init(entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "behaviour"})
    schema = result["data_schema"].schema
    suggested = {str(key): key.description["suggested_value"] for key in schema if key.description}
    assert suggested == values
    for field, value in (("unlock_wait", 61), ("unlock_wait", 0), ("relock_delay", 301)):
        with pytest.raises(InvalidData):
            await flows.async_configure(result["flow_id"], values | {field: value})


async def change_options(
    hass: HomeAssistant, entry: MockConfigEntry, **typed: Any
) -> ConfigFlowResult:
    """Fill in the form for how a lock is used."""
    flows = hass.config_entries.options
    result = await flows.async_init(entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "behaviour"})
    result = await flows.async_configure(result["flow_id"], BEHAVIOUR | typed)
    await hass.async_block_till_done()
    return result


def fields(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the fields of a form, and what is suggested for each."""
    assert result["data_schema"]
    return {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }


async def test_a_code_is_set_kept_changed_and_removed_and_never_shown(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await setup(hass, entry)
    for entered, kept in (
        ({}, None),
        ({"code": " 2468 "}, "2468"),
        ({}, "2468"),
        ({"code": "", "remove_code": False}, "2468"),
        ({"code": "1357924680"}, "1357924680"),
        ({"remove_code": True}, None),
    ):
        result = await change_options(hass, entry, **entered)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert entry.options.get("code") == kept
        assert "remove_code" not in entry.options
        assert entry.options["relocks_itself"] is True
        flows = hass.config_entries.options
        form = await flows.async_init(entry.entry_id)
        form = await flows.async_configure(form["flow_id"], {"next_step_id": "behaviour"})
        shown = fields(form)
        assert shown["code"] is None
        assert ("remove_code" in shown) is (kept is not None)
        flows.async_abort(form["flow_id"])


@pytest.mark.parametrize("code", ["123", "12345678901", "12a4", "১২৩৪"])
async def test_a_code_that_is_none_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, code: str
) -> None:
    await setup(hass, entry)
    result = await change_options(hass, entry, code=code, unlock_wait=45)
    assert result["errors"] == {"code": "invalid_code"}
    shown = fields(result)
    assert shown["code"] is None
    assert shown["unlock_wait"] == 45
    assert entry.options == {}
    hass.config_entries.options.async_abort(result["flow_id"])


# A test that decides nothing, and one that finds another device


@pytest.fixture
def hurried() -> Generator[None]:
    """Wait for no handshake and no proof long."""
    with (
        patch(f"{TUYALOCK}.lan.connection.HANDSHAKE_TIMEOUT", 0.1),
        patch(f"{TUYALOCK}.lan.session.IDLE", 0.2),
    ):
        yield


def unannounced(**knobs: Any) -> Any:
    """A lock of 3.3 that stays awake and is not heard announcing itself."""
    chosen = {"version": "3.3", "knobs": Knobs(low_power=False, announce=False, **knobs)}
    return pytest.mark.parametrize("simulated_lock", [chosen], indirect=True)


@unannounced(wrong_key="complain")
@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("version", ["auto", "3.1", "3.2", "3.3"])
async def test_a_wrong_key_is_refused_where_no_announcement_is_heard(
    hass: HomeAssistant,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
    version: str,
) -> None:
    flow = await failed(hass, simulated_lock, caplog, local_key=OTHER_KEY, protocol_version=version)
    assert flow.errors == {"base": "key_or_version"}
    await flow.send(typed(simulated_lock))
    await flow.touched()
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY


@unannounced(wrong_key="silent")
@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("key", ["0123456789abcdef", OTHER_KEY])
async def test_a_lock_that_says_nothing_has_proved_nothing(
    hass: HomeAssistant, simulated_lock: SimulatedLock, key: str
) -> None:
    simulated_lock.faults.lose_answers = {"query"}
    flow = await Flow.manual(hass)
    with no_patience():
        await flow.send(typed(simulated_lock, local_key=key, protocol_version="3.3"))
        await flow.touched()
    assert flow.step == "not_proven"
    assert flow.result["menu_options"] == ["touch", "manual", "untested"]
    await flow.choose("touch")
    await simulated_lock.wait_for(lambda: simulated_lock.clients == 1)
    await simulated_lock.finger(3)
    await flow.touched()
    if key == OTHER_KEY:
        assert flow.errors == {"base": "wrong_key"}
    else:
        assert flow.result["type"] is FlowResultType.CREATE_ENTRY


@unannounced(query_answer="not_found")
@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("version", ["auto", "3.3"])
async def test_a_gateway_is_not_set_up_as_the_lock_behind_it(
    hass: HomeAssistant,
    simulated_lock: SimulatedLock,
    caplog: pytest.LogCaptureFixture,
    version: str,
) -> None:
    flow = await failed(hass, simulated_lock, caplog, protocol_version=version)
    assert flow.errors == {"base": "other_device"}


@pytest.mark.parametrize("simulated_lock", [{"version": "3.2"}], indirect=True)
async def test_version_32_can_be_chosen(hass: HomeAssistant, simulated_lock: SimulatedLock) -> None:
    flow = await Flow.manual(hass)
    await flow.send(typed(simulated_lock, protocol_version="3.2"))
    await simulated_lock.wake()
    await flow.touched()
    added = flow.result["result"]
    assert added.data["protocol_version"] == "3.2"
    await wait_for(hass, lambda: added.state is ConfigEntryState.LOADED)


@unannounced(wrong_key="complain")
@pytest.mark.usefixtures("hurried")
async def test_the_check_of_a_lock_does_not_take_a_complaint_for_an_accepted_key(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock
) -> None:
    data = {**entry.data, "local_key": OTHER_KEY, "announces": False}
    hass.config_entries.async_update_entry(entry, data=data)
    await setup(hass, entry)
    await wait_for(hass, lambda: entry.runtime_data.data.key_refused, 10)
    found = {one.check: one for one in check_lock(entry.runtime_data)}
    assert found["local_key"].text == "key_refused"
    assert found["heard"].text != "connected"
