"""Locks that exist: their facts, and the simulator in the part of each of them."""

from collections.abc import AsyncGenerator
import json

import pytest

from tests.devices import Fact, Model, find, load
from tests.simulator import SimulatedLock, run_command
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.peer import Peer
from tests.simulator.script import HELP

MODELS = load()
TYPES = {"integer": int, "boolean": bool, "enum": str, "string": str, "raw": str}
FACTS = {
    "unlock": 2,
    "alarm": 1,
    "doorbell": 0,
    "duress": 0,
    "request": 1,
    "battery": 1,
    "battery_level": 1,
    "door_open": 1,
    "bolt_unlocked": 1,
    "double_locked": 1,
    "passage_mode": 1,
    "numbers": 1,
}
"""How many words stand behind each."""


def by_name(model: Model) -> str:
    return model.name


each_model = pytest.mark.parametrize("model", MODELS, ids=by_name)


@pytest.fixture
async def lock(model: Model, socket_enabled: None) -> AsyncGenerator[SimulatedLock]:
    """A lock of this model."""
    async with SimulatedLock(model=model) as lock:
        yield lock


def test_there_are_fifty_models_and_each_has_a_name() -> None:
    assert len({model.name for model in MODELS}) == 50


@each_model
def test_facts_are_whole(model: Model) -> None:
    assert len(model.codes) == len({dp.id for dp in model.dps}) == len(model.dps)
    for dp in model.dps:
        for said in dp.reports:
            assert type(said.value) is TYPES[dp.type]
            assert {len(words): kind for kind, *words in said.means} == {
                FACTS[kind]: kind for kind, *_ in said.means
            }


def test_a_model_is_found_by_a_part_of_its_name() -> None:
    assert find("secukey").product_id == "5k8h97qska6pf5cm"
    assert find("BLE lock matydudd").category == "ms"
    with pytest.raises(ValueError, match="3 models"):
        find("orion")
    with pytest.raises(ValueError, match="0 models"):
        find("no such lock")


@each_model
async def test_what_a_model_can_report_happens_at_its_door(
    model: Model, lock: SimulatedLock
) -> None:
    said = {fact for dp in model.dps for one in dp.reports for fact in one.means}
    for fact in sorted(one for one in said if one[0] in ACTS):
        lock.dps.clear()
        await happens(lock, fact)
        ids = {str(dp.id) for dp in model.dps for one in dp.reports if fact in one.means}
        assert ids & set(lock.dps), fact


ACTS = {"unlock", "alarm", "doorbell", "duress", "request", "door_open", "double_locked", "battery"}


async def happens(lock: SimulatedLock, fact: Fact) -> None:
    kind, *words = fact
    match kind:
        case "unlock":
            await lock.unlock(words[0].split("|")[-1], 3)
        case "alarm":
            await lock.alarm(words[0].split("|")[0])
        case "doorbell":
            await lock.doorbell()
        case "duress":
            await lock.forced(next(iter(lock.table.unlocks)), 3)
        case "request":
            await lock.request(60)
            if words[0] == "false":
                await lock.end_request()
        case "door_open":
            await lock.door(open=words[0] == "true")
        case "double_locked":
            await lock.double_lock(on=words[0] == "true")
        case "battery":
            await lock.battery(int(words[0]))


@pytest.mark.parametrize(
    ("name", "answer"),
    [("YRHAND H4", {}), ("TF1 Card", {}), ("Wafu WF-012", {"101": False})],
)
async def test_a_query_is_answered_as_the_model_does(
    name: str, answer: dict[str, object], socket_enabled: None
) -> None:
    async with SimulatedLock(model=find(name)) as lock:
        await lock.wake()
        peer = await Peer.to(lock)
        assert await peer.query() == answer
        peer.close()


async def test_an_access_control_does_not_know_the_query(socket_enabled: None) -> None:
    async with SimulatedLock(model=find("secukey")) as lock:
        peer = await Peer.to(lock)
        await peer.send(0x10, b"{}")
        assert (await peer.frame()).body == b"json obj data unvalid"
        await lock.finger(4)
        assert {"10": "AAAABAAA"} in await peer.dps(2)
        peer.close()


async def test_a_lock_behind_a_gateway_is_not_in_the_network(socket_enabled: None) -> None:
    async with SimulatedLock(model=find("Häfele")) as lock:
        await lock.finger(3)
        assert (lock.awake, lock.listening) == (True, False)


async def test_the_cloud_has_the_data_points_of_the_model(socket_enabled: None) -> None:
    async with SimulatedLock(model=find("MF15")) as lock, SimulatedCloud() as cloud:
        cloud.join(lock)
        await lock.finger(7)
        device = cloud.device(lock.device_id)
        assert {one.code for one in device.model} == set(find("MF15").codes)
        assert [row.value for row in device.logs if row.code == "unlock_fingerprint"] == ["7"]


async def test_anything_can_be_reported_by_hand(socket_enabled: None) -> None:
    async with SimulatedLock(model=find("secukey")) as lock:
        assert await run_command(lock, "dp 105 true") == "reported: 105"
        assert lock.dps["105"] is True
        assert "pry" in await run_command(lock, "alarm")
        assert "cannot dp x 1" in await run_command(lock, "dp x 1")
        assert "dp ID VALUE" in HELP
        assert json.dumps(lock.dps)
