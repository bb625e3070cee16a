"""Setting up a lock with what Tuya's cloud knows of it."""

from collections.abc import AsyncGenerator, Generator
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.const import DOMAIN
from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.conftest import wait_for
from tests.flows import (  # noqa: F401
    BEHAVIOUR,
    INTEGRATION,
    Flow,
    no_patience,
    project,
    quick,
    short_touch,
)
from tests.simulator import Knobs, SimulatedLock
from tests.simulator.cloud import SimulatedCloud
from tests.tuya_login import TuyaLogin

pytestmark = pytest.mark.usefixtures("quick")

DEVICES = r"/v1\.0/iot-01/associated-users/devices"
DETAILS = r"/v1\.0/devices/[^/]+"
TICKET = r".*/password-ticket"
TEXTS = Path("custom_components/tuya_wifi_lock/translations/en.json")
CAUSES = {
    1004: "cloud_wrong_secret",
    2406: "cloud_wrong_region",
    1106: "cloud_no_permission",
    28841105: "cloud_no_lock_service",
    1114: "cloud_ip_denied",
    28841002: "cloud_trial_expired",
    28841004: "cloud_quota",
    1013: "cloud_clock",
    1110: "cloud_busy",
    1108: "cloud_other",
}


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SimulatedCloud]:
    """The cloud of Central Europe."""
    async with SimulatedCloud() as cloud:
        with patch.dict(REGIONS, {"eu": cloud.url}):
            yield cloud


@pytest.fixture
def account(cloud: SimulatedCloud, simulated_lock: SimulatedLock) -> Generator[SimulatedCloud]:
    """An account with the simulated lock, whose port is taken for the usual one."""
    cloud.join(simulated_lock, name="Front door")
    with patch(f"{INTEGRATION}.config_flow.DEFAULT_PORT", simulated_lock.port):
        yield cloud


async def asked(hass: HomeAssistant) -> Flow:
    """A flow that asks for a project."""
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    assert flow.step == "cloud"
    return flow


async def connected(hass: HomeAssistant, cloud: SimulatedCloud) -> Flow:
    """A flow with a project that works."""
    flow = await asked(hass)
    await flow.send(project(cloud))
    return flow


def other_lock(
    hass: HomeAssistant, cloud: SimulatedCloud, device_id: str = "bfsimulated0lock0009"
) -> MockConfigEntry:
    """A lock that is set up and has a project."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Back door",
        unique_id=device_id,
        data={
            "host": "127.0.0.1",
            "port": 9,
            "device_id": device_id,
            "local_key": "0123456789abcdef",
            "protocol_version": "3.4",
            "announces": True,
            "cloud": project(cloud),
        },
    )
    entry.add_to_hass(hass)
    return entry


# All that it takes is a project and a touch


async def test_a_lock_of_the_account_is_added_by_a_touch_alone(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    flow = await connected(hass, account)
    assert flow.step == "cloud_lock"
    device_id = simulated_lock.device_id
    assert flow.offered == [{"value": device_id, "label": f"Front door ({device_id})"}]
    await flow.send({"device_id": device_id})
    await simulated_lock.wake()
    await flow.touched()
    assert flow.step == "behaviour"
    defaults = {"unlock_with": "cloud"}
    assert flow.result["data_schema"]({}) == defaults
    assert [one["value"] if isinstance(one, dict) else one for one in flow.offered] == [
        "cloud",
        "own_key",
    ]
    await flow.send({})
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.result["title"] == "Front door"
    entry = flow.result["result"]
    assert entry.unique_id == device_id
    assert entry.options == defaults
    assert entry.data == {
        "host": "127.0.0.1",
        "port": simulated_lock.port,
        "device_id": device_id,
        "local_key": simulated_lock.local_key,
        "protocol_version": "auto",
        "announces": True,
        "cloud": project(account),
    }


async def test_locks_are_offered_and_nothing_else(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    account.add_device(device_id="bulb01", category="dj", product_id="some_bulb")
    account.add_device(device_id="known1", category="?", product_id="umca8uiv2203ua3k")
    account.add_device(device_id="photo1", category="photolock", product_id="any")
    account.add_device(device_id="bfsimulated0lock0009")
    MockConfigEntry(domain=DOMAIN, unique_id="bfsimulated0lock0009").add_to_hass(hass)
    flow = await connected(hass, account)
    offered = [one["value"] for one in flow.offered]
    assert offered == [simulated_lock.device_id, "known1", "photo1"]


async def test_without_a_lock_to_add_the_flow_says_what_to_do(
    hass: HomeAssistant, cloud: SimulatedCloud
) -> None:
    flow = await connected(hass, cloud)
    assert (flow.step, flow.errors) == ("cloud", {"base": "cloud_no_devices"})
    cloud.add_device(device_id="bulb01", category="dj", product_id="some_bulb")
    await flow.send(project(cloud))
    assert flow.errors == {"base": "cloud_no_locks"}
    cloud.add_device(device_id="bfsimulated0lock0009")
    MockConfigEntry(domain=DOMAIN, unique_id="bfsimulated0lock0009").add_to_hass(hass)
    await flow.send(project(cloud))
    assert flow.errors == {"base": "cloud_all_set_up"}


# What can be wrong with a project


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_id", "my project"),
        ("access_id", ""),
        ("access_secret", "0123456789abcdef"),
        ("access_secret", ""),
    ],
)
async def test_a_field_of_the_project_says_what_is_wrong(
    hass: HomeAssistant, cloud: SimulatedCloud, field: str, value: str
) -> None:
    flow = await asked(hass)
    typed = project(cloud, **{field: value})
    await flow.send(typed)
    assert flow.errors == {field: f"invalid_{field}"}
    del typed["access_secret"]
    assert flow.suggested == typed
    assert cloud.calls == []


@pytest.mark.parametrize(("code", "error"), CAUSES.items())
async def test_a_refusal_has_a_text_of_its_own(
    hass: HomeAssistant, account: SimulatedCloud, code: int, error: str
) -> None:
    account.fail(code, times=None)
    flow = await connected(hass, account)
    assert (flow.step, flow.errors) == ("cloud", {"base": error})
    assert flow.result["description_placeholders"] == {"code": str(code)}
    assert flow.suggested == {"region": "eu", "access_id": account.access_id}
    account.recover()
    await flow.send(project(account))
    assert flow.step == "cloud_lock"


async def test_a_wrong_secret_is_told(hass: HomeAssistant, account: SimulatedCloud) -> None:
    flow = await asked(hass)
    await flow.send(project(account, access_secret="x" * 32))
    assert flow.errors == {"base": "cloud_wrong_secret"}


async def test_a_cloud_that_is_not_reached_or_not_understood_is_told(
    hass: HomeAssistant, account: SimulatedCloud
) -> None:
    account.garble(DEVICES)
    flow = await connected(hass, account)
    assert flow.errors == {"base": "cloud_silent"}
    account.drop(r"/v1\.0/token")
    await flow.send(project(account, access_id="x" * 20))
    assert flow.errors == {"base": "cloud_unreachable"}


def test_all_that_can_be_said_of_the_cloud_has_a_text() -> None:
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    told = {*CAUSES.values(), "cloud_silent", "cloud_unreachable"}
    no_lock = {"cloud_no_devices", "cloud_no_locks", "cloud_all_set_up"}
    assert told | no_lock <= texts["config"]["error"].keys()
    assert texts["selector"]["region"]["options"].keys() == REGIONS.keys()


# What the project may not do with a lock


async def test_a_lock_without_details_is_told(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    flow = await connected(hass, account)
    account.fail(1106, DETAILS)
    chosen = {"device_id": simulated_lock.device_id}
    await flow.send(chosen)
    assert (flow.step, flow.errors) == ("cloud_lock", {"base": "cloud_no_permission"})
    assert flow.suggested == chosen
    await flow.send(chosen)
    assert flow.result["type"] is FlowResultType.SHOW_PROGRESS


@pytest.mark.parametrize(
    ("code", "error"), [(28841106, "cloud_no_lock_service"), (1106, "cloud_no_permission")]
)
async def test_a_project_that_may_not_open_is_told_and_the_lock_added_all_the_same(
    hass: HomeAssistant,
    account: SimulatedCloud,
    simulated_lock: SimulatedLock,
    code: int,
    error: str,
) -> None:
    flow = await connected(hass, account)
    account.fail(code, TICKET, times=None)
    await flow.send({"device_id": simulated_lock.device_id})
    for _ in range(2):
        assert (flow.step, flow.errors) == ("cloud_limited", {"base": error})
        await flow.send({"next": "again"})
    await flow.send({"next": "go_on"})
    await simulated_lock.wake()
    await flow.touched()
    # The project cannot open the lock, so there is nothing to choose.
    assert flow.result["result"].options == {}
    assert flow.result["result"].data["cloud"] == project(account)


async def test_a_project_is_tested_again_when_it_was_put_right(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    flow = await connected(hass, account)
    account.fail(28841106, TICKET, times=None)
    await flow.send({"device_id": simulated_lock.device_id})
    account.recover()
    await flow.send({"next": "again"})
    await simulated_lock.wake()
    await flow.touched()
    assert flow.result["data_schema"]({})["unlock_with"] == "cloud"


# A lock that the network does not show


@pytest.mark.usefixtures("short_touch")
async def test_a_lock_that_is_not_heard_can_be_used_through_the_cloud_until_it_is(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    flow = await connected(hass, account)
    await flow.send({"device_id": simulated_lock.device_id})
    await flow.touched()
    assert flow.step == "not_heard"
    assert flow.result["menu_options"] == ["touch", "cloud_only", "manual"]
    await flow.choose("cloud_only")
    assert flow.step == "cloud_only"
    await flow.send({})
    await flow.send({})
    entry = flow.result["result"]
    assert "host" not in entry.data
    assert entry.data["cloud"] == project(account)
    assert entry.options["unlock_with"] == "cloud"
    await wait_for(hass, lambda: entry.state is ConfigEntryState.LOADED)
    await simulated_lock.wake()
    await wait_for(hass, lambda: entry.data.get("host") == "127.0.0.1")


async def test_the_address_of_a_lock_can_be_typed(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    simulated_lock.knobs.announce = False
    flow = await connected(hass, account)
    with no_patience():
        await flow.send({"device_id": simulated_lock.device_id})
        await flow.touched()
    await flow.choose("manual")
    known = {
        "port": simulated_lock.port,
        "device_id": simulated_lock.device_id,
        "local_key": simulated_lock.local_key,
        "protocol_version": "auto",
    }
    assert flow.suggested == known
    await simulated_lock.wake()
    await flow.send({**known, "host": "127.0.0.1"})
    await flow.touched()
    await flow.send({"unlock_with": "own_key"})
    assert flow.result["title"] == "Front door"
    data = flow.result["result"].data
    assert data["cloud"] == project(account)
    assert (data["host"], data["port"]) == ("127.0.0.1", simulated_lock.port)


@pytest.mark.usefixtures("short_touch")
async def test_another_lock_that_is_typed_gets_neither_the_name_nor_the_project_of_the_first(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    flow = await connected(hass, account)
    await flow.send({"device_id": simulated_lock.device_id})
    await flow.touched()
    await flow.choose("manual")
    await flow.send({**flow.suggested, "host": "127.0.0.1", "device_id": "bf" + "1" * 18})
    await flow.touched()
    assert flow.step == "not_reached"
    assert flow.result["menu_options"] == ["touch", "manual", "untested"]
    await flow.choose("untested")
    assert flow.result["title"] == "Wi-Fi lock 1111"
    assert "cloud" not in flow.result["result"].data


@pytest.mark.parametrize("simulated_lock", [{"knobs": Knobs(low_power=False)}], indirect=True)
async def test_an_old_key_in_the_cloud_is_told_beside_the_address_that_was_heard(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    account.devices[simulated_lock.device_id].local_key = "fedcba9876543210"
    flow = await connected(hass, account)
    await flow.send({"device_id": simulated_lock.device_id})
    await simulated_lock.announce()
    await flow.touched()
    assert (flow.step, flow.errors) == ("manual", {"base": "key_or_version"})
    assert flow.suggested["host"] == "127.0.0.1"
    assert flow.suggested["local_key"] == "fedcba9876543210"


async def test_a_key_that_the_cloud_keeps_to_itself_is_asked_for(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    account.devices[simulated_lock.device_id].local_key = ""
    flow = await connected(hass, account)
    await flow.send({"device_id": simulated_lock.device_id})
    assert (flow.step, flow.errors) == ("manual", {"local_key": "invalid_local_key"})
    assert flow.suggested["device_id"] == simulated_lock.device_id


# The project of another lock


async def test_a_second_lock_is_offered_the_project_of_the_first(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    other_lock(hass, account)
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    assert flow.step == "project"
    title = f"Back door (…{account.access_id[-4:]})"
    assert [one["value"] for one in flow.offered] == [title, "another"]
    assert flow.suggested == {"project": title}
    account.fail(28841002, DEVICES)
    await flow.send({"project": title})
    assert (flow.step, flow.errors) == ("project", {"base": "cloud_trial_expired"})
    await flow.send({"project": title})
    assert flow.step == "cloud_lock"
    await flow.send({"device_id": simulated_lock.device_id})
    await simulated_lock.wake()
    await flow.touched()
    await flow.send({"unlock_with": "own_key"})
    assert flow.result["result"].data["cloud"] == project(account)


async def test_a_chosen_project_stays_chosen_when_it_fails(
    hass: HomeAssistant, account: SimulatedCloud
) -> None:
    other_lock(hass, account)
    third = other_lock(hass, account, "bfsimulated0lock0008")
    wrong = {**project(account), "access_id": "x" * 20}
    hass.config_entries.async_update_entry(third, data={**third.data, "cloud": wrong})
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    _, chosen, _ = [one["value"] for one in flow.offered]
    await flow.send({"project": chosen})
    assert (flow.step, flow.errors) == ("project", {"base": "cloud_wrong_secret"})
    assert flow.suggested == {"project": chosen}


async def test_a_second_lock_can_have_another_project(
    hass: HomeAssistant, account: SimulatedCloud
) -> None:
    other_lock(hass, account)
    flow = await Flow.begin(hass)
    await flow.choose("cloud")
    await flow.send({"project": "another"})
    assert (flow.step, flow.suggested) == ("cloud", {})
    await flow.send(project(account))
    assert flow.step == "cloud_lock"


async def test_a_discovered_lock_gets_its_key_from_a_project_that_is_known(
    hass: HomeAssistant, account: SimulatedCloud, simulated_lock: SimulatedLock
) -> None:
    other_lock(hass, account)
    account.add_device(device_id="bfsimulated0lock0002")
    found = {"device_id": simulated_lock.device_id, "host": "127.0.0.1"}
    flow = await Flow.begin(hass, SOURCE_INTEGRATION_DISCOVERY, found)
    assert flow.step == "discovered"
    await flow.choose("cloud")
    await flow.send(flow.suggested)
    await simulated_lock.wake()
    await flow.touched()
    assert flow.step == "behaviour"


# Reconfigure and reauthenticate


async def reconfigured(hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud) -> Flow:
    """A flow that gives a lock a project."""
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    await flow.choose("cloud")
    await flow.send(project(cloud))
    return flow


async def test_a_project_is_added_without_a_touch(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    before = dict(entry.data)
    flow = await reconfigured(hass, entry, account)
    assert flow.result["reason"] == "reconfigure_successful"
    assert entry.data == before | {"cloud": project(account)}


async def test_a_new_key_in_the_cloud_is_tested_before_it_is_kept(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    account: SimulatedCloud,
    simulated_lock: SimulatedLock,
) -> None:
    data = {**entry.data, "local_key": "fedcba9876543210"}
    hass.config_entries.async_update_entry(entry, data=data)
    flow = await reconfigured(hass, entry, account)
    await simulated_lock.wake()
    await flow.touched()
    assert entry.data["local_key"] == simulated_lock.local_key
    assert entry.data["cloud"] == project(account)


async def test_a_key_that_the_cloud_keeps_to_itself_changes_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    account: SimulatedCloud,
    simulated_lock: SimulatedLock,
) -> None:
    account.devices[simulated_lock.device_id].local_key = ""
    flow = await reconfigured(hass, entry, account)
    assert flow.result["reason"] == "reconfigure_successful"
    assert entry.data["local_key"] == simulated_lock.local_key


async def test_a_project_without_this_lock_is_not_kept(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    cloud.add_device(device_id="bfsimulated0lock0009")
    flow = await reconfigured(hass, entry, cloud)
    assert (flow.step, flow.errors) == ("cloud", {"base": "cloud_no_permission"})
    assert "cloud" not in entry.data


@pytest.mark.parametrize("answers", [True, False])
async def test_the_present_key_of_the_cloud_is_filled_in(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    account: SimulatedCloud,
    simulated_lock: SimulatedLock,
    answers: bool,
) -> None:
    account.devices[simulated_lock.device_id].local_key = "fedcba9876543210"
    if not answers:
        account.fail(28841002, times=None)
    data = {**entry.data, "cloud": project(account)}
    hass.config_entries.async_update_entry(entry, data=data)
    flow = Flow(hass, await entry.start_reauth_flow(hass))
    assert flow.step == "reauth_confirm"
    assert flow.suggested == ({"local_key": "fedcba9876543210"} if answers else {})


async def test_a_key_that_the_project_keeps_to_itself_leaves_the_one_of_the_account(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    account: SimulatedCloud,
    simulated_lock: SimulatedLock,
) -> None:
    login = TuyaLogin(hass)
    login.add_lock(simulated_lock.device_id, local_key="fedcba9876543210")
    await login.set_up()
    account.devices[simulated_lock.device_id].local_key = None
    data = {**entry.data, "cloud": project(account)}
    hass.config_entries.async_update_entry(entry, data=data)
    flow = Flow(hass, await entry.start_reauth_flow(hass))
    assert flow.suggested == {"local_key": "fedcba9876543210"}


# The project of a lock that is set up


@pytest.fixture
def with_project(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> MockConfigEntry:
    """A lock that has a project, and is unlocked by it."""
    options = {**BEHAVIOUR, "unlock_with": "cloud"}
    data = {**entry.data, "cloud": project(account)}
    hass.config_entries.async_update_entry(entry, data=data, options=options)
    return entry


async def test_a_project_is_added_and_changes_nothing_else(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    before = dict(entry.data)
    hass.config_entries.async_update_entry(entry, options=BEHAVIOUR)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    assert flow.result["menu_options"] == ["connection", "cloud"]
    await flow.choose("cloud")
    assert flow.suggested == {}
    await flow.send(project(account))
    assert flow.result["reason"] == "reconfigure_successful"
    assert entry.data == before | {"cloud": project(account)}
    assert entry.options == BEHAVIOUR


async def test_a_project_is_changed_after_a_test_with_the_lock(
    hass: HomeAssistant, with_project: MockConfigEntry, account: SimulatedCloud
) -> None:
    before = dict(with_project.data)
    async with SimulatedCloud(access_id="anotherprojectid0001") as other:
        other.add_device(device_id="bfsimulated0lock0009")
        with patch.dict(REGIONS, {"us": other.url}):
            flow = Flow(hass, await with_project.start_reconfigure_flow(hass))
            await flow.choose("cloud")
            assert flow.suggested == {"region": "eu", "access_id": account.access_id}
            await flow.send(project(other, region="us"))
            assert flow.errors == {"base": "cloud_no_permission"}
            assert with_project.data == before
            other.add_device(device_id=before["device_id"])
            await flow.send(project(other, region="us"))
    assert with_project.data == before | {"cloud": project(other, region="us")}
    assert with_project.options["unlock_with"] == "cloud"


async def test_reconfigure_tells_what_a_project_may_not_do(
    hass: HomeAssistant, entry: MockConfigEntry, account: SimulatedCloud
) -> None:
    account.fail(28841106, TICKET, times=None)
    flow = Flow(hass, await entry.start_reconfigure_flow(hass))
    await flow.choose("cloud")
    await flow.send(project(account))
    assert (flow.step, flow.errors) == ("cloud_limited", {"base": "cloud_no_lock_service"})
    assert "cloud" not in entry.data
    await flow.send({"next": "go_on"})
    assert entry.data["cloud"] == project(account)


async def test_the_own_project_is_not_offered_as_that_of_another_lock(
    hass: HomeAssistant, with_project: MockConfigEntry, account: SimulatedCloud
) -> None:
    other_lock(hass, account)
    flow = Flow(hass, await with_project.start_reconfigure_flow(hass))
    await flow.choose("cloud")
    assert flow.step == "cloud"


async def test_a_removed_project_leaves_nothing_that_needs_it(
    hass: HomeAssistant, with_project: MockConfigEntry
) -> None:
    before = dict(with_project.data)
    flow = Flow(hass, await with_project.start_reconfigure_flow(hass))
    assert flow.result["menu_options"] == ["connection", "cloud", "remove_cloud"]
    await flow.choose("remove_cloud")
    assert flow.step == "remove_cloud"
    then = flow.result["description_placeholders"]["then"]
    assert then.startswith("If you unlock through the cloud now, Home Assistant gives")
    await flow.send({})
    del before["cloud"]
    assert with_project.data == before
    assert with_project.options == {"relocks_itself": True}


async def test_what_does_not_need_a_project_stays_when_it_is_removed(
    hass: HomeAssistant, with_project: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(with_project, options=BEHAVIOUR)
    flow = Flow(hass, await with_project.start_reconfigure_flow(hass))
    await flow.choose("remove_cloud")
    await flow.send({})
    assert with_project.options == BEHAVIOUR


async def test_configure_and_reconfigure_have_nothing_in_common(
    hass: HomeAssistant, with_project: MockConfigEntry
) -> None:
    await hass.config_entries.async_setup(with_project.entry_id)
    configure = await Flow.options(hass, with_project)
    reconfigure = Flow(hass, await with_project.start_reconfigure_flow(hass))
    assert configure.result["menu_options"] == ["behaviour", "guests", "kind", "check"]
    assert reconfigure.result["menu_options"] == ["connection", "cloud", "remove_cloud"]


@pytest.mark.parametrize("has_project", [True, False])
async def test_the_cloud_is_a_choice_only_with_a_project(
    hass: HomeAssistant, with_project: MockConfigEntry, has_project: bool
) -> None:
    if not has_project:
        data: dict[str, Any] = {**with_project.data}
        del data["cloud"]
        hass.config_entries.async_update_entry(with_project, data=data, options={})
    flow = await Flow.options(hass, with_project)
    assert flow.step == "behaviour"
    fields = flow.result["data_schema"].schema
    ways = ["own_key", "request_only", "cloud"]
    assert fields["unlock_with"].config["options"] == (ways if has_project else ways[:2])
