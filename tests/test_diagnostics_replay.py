"""A lock is played from its owner's diagnostics, and Home Assistant sees the same lock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.tuya_wifi_lock.const import CONF_RELOCK_DELAY, DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_dumps
from homeassistant.setup import async_setup_component
from tests.common import reported, restart, wake
from tests.conftest import setup
from tests.devices import find, read_diagnostics
from tests.simulator import SimulatedLock
from tests.simulator.models import knobs_of

NAMES = ("Tediton", "secukey", "YRHAND H4", "TF1 Card")
MODELS = [
    pytest.param({"model": find(name), "product_id": find(name).product_id}, id=name)
    for name in NAMES
]
MOMENTS = ("record", "time")
"""What no two events have in common."""


async def hear(
    hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock
) -> dict[str, tuple[str, Any]]:
    """Let a lock report all that it is known to report; return what its events say then.

    However long that takes, what it has opened is not locked again by then.
    """
    hass.config_entries.async_update_entry(entry, options={CONF_RELOCK_DELAY: 600.0})
    await setup(hass, entry)
    await wake(hass, entry, lock)
    await lock.report_again()
    await reported(hass, lock)
    # What was read depends on what had been heard before; the second time, all has been heard.
    await lock.report_again()
    await reported(hass, lock)
    return shown(hass, entry)


def shown(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, tuple[str, Any]]:
    """Return what the entities of a lock show, by their keys, without times."""
    found: dict[str, tuple[str, Any]] = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = entity.unique_id.removeprefix(str(entry.unique_id)).removeprefix("_")
        if (state := hass.states.get(entity.entity_id)) is None or key == "last_heard":
            continue
        if entity.domain == "event":
            found[key] = state.attributes["event_type"], state.attributes.get("number")
        else:
            found[key] = state.state, None
    return found


async def download(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> Any:
    """Download the diagnostics of a lock, as its owner does."""
    assert await async_setup_component(hass, "diagnostics", {})
    return await get_diagnostics_for_config_entry(hass, hass_client, entry)


def saved(path: Path, diagnostics: Any) -> Path:
    """Save diagnostics as Home Assistant names and wraps them."""
    file = path / f"config_entry-{DOMAIN}.json"
    file.write_text(json.dumps({"home_assistant": {}, "data": diagnostics}))
    return file


@asynccontextmanager
async def played(
    hass: HomeAssistant, file: Path, ports: dict[int, int]
) -> AsyncGenerator[tuple[SimulatedLock, MockConfigEntry]]:
    """Play the lock of a diagnostics file, with an entry of its own."""
    model = read_diagnostics(file)
    async with SimulatedLock(
        device_id="bfplayed0000lock0001",
        local_key="fedcba9876543210",
        version=model.version or "3.4",
        announce_ports=ports,
        product_id=model.product_id or "",
        model=model,
    ) as lock:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Played lock",
            unique_id=lock.device_id,
            data={
                "host": "127.0.0.1",
                "port": lock.port,
                "device_id": lock.device_id,
                "local_key": lock.local_key,
                "protocol_version": "auto",
                "announces": True,
            },
        )
        entry.add_to_hass(hass)
        yield lock, entry
        await hass.config_entries.async_unload(entry.entry_id)


def told_of(diagnostics: Any) -> dict[int, tuple[Any, ...]]:
    """Return what diagnostics tell of each DP."""
    names = ("code", "type", "size", "values", "understood")
    return {
        row["dp"]: tuple(row[name] for name in names) for row in diagnostics["product"]["heard"]
    }


@pytest.mark.parametrize("simulated_lock", MODELS, indirect=True)
async def test_a_lock_is_played_from_its_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    ports: dict[int, int],
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    seen = await hear(hass, entry, simulated_lock)
    assert seen["late_opening"][0]
    first = await download(hass, hass_client, entry)
    async with played(hass, saved(tmp_path, first), ports) as (lock, another):
        again = await hear(hass, another, lock)
        second = await download(hass, hass_client, another)
    assert again == seen
    assert told_of(second) == told_of(first)
    model = simulated_lock.model
    assert model
    assert first["product"]["category"] == (model.category if model.product_id else None)
    for part in ("product_id", "category", "family", "query_answer", "stays_connected"):
        assert second["product"][part] == first["product"][part]


@pytest.mark.parametrize("simulated_lock", MODELS[:1], indirect=True)
async def test_diagnostics_tell_what_was_heard_before_a_restart(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    simulated_lock: SimulatedLock,
) -> None:
    await hear(hass, entry, simulated_lock)
    await simulated_lock.push({"77": 1, "78": "4082695", "79": 4082695, "80": "word", "81": 2.5})
    await reported(hass, simulated_lock)
    before = (await download(hass, hass_client, entry))["product"]
    rows = {row["dp"]: row for row in before["heard"]}
    assert rows[1] == {
        "dp": 1,
        "code": "unlock_fingerprint",
        "type": "integer",
        "count": 2,
        "unread": 0,
        "understood": True,
        "size": None,
        "has_last": True,
        "values": [{"value": 3, "means": ["unlock fingerprint 3"]}],
    }
    assert {
        dp: (rows[dp]["type"], rows[dp]["size"], rows[dp]["values"]) for dp in range(77, 82)
    } == {
        77: ("integer", None, [{"value": 1, "means": []}]),
        78: ("string", 7, []),
        79: ("integer", None, []),
        80: ("string", 4, [{"value": "word", "means": []}]),
        81: ("number", None, []),
    }
    assert [rows[dp]["understood"] for dp in range(77, 82)] == [False] * 5
    assert rows[49]["values"] == [{"value": None, "means": []}]
    assert "4082695" not in json_dumps(before)
    await simulated_lock.sleep()
    await restart(hass, entry)
    assert (await download(hass, hass_client, entry))["product"] == before


async def test_no_lock_is_played_from_another_file(tmp_path: Path) -> None:
    file = tmp_path / "another.json"
    file.write_text(json.dumps({"data": {"connection": {}}}))
    with pytest.raises(ValueError, match="no diagnostics file"):
        read_diagnostics(file)


HEARD = {
    "dp": 1,
    "code": "unlock_fingerprint",
    "type": "integer",
    "size": None,
    "understood": True,
    "values": [{"value": 3, "means": ["unlock fingerprint 3"]}],
}
DESCRIBED: dict[str, Any] = {
    "product": {
        "product_id": "umca8uiv2203ua3k",
        "category": "ms",
        "stays_connected": False,
        "query_answer": "changed",
        "table": [{"dp": 5, "code": "unlock_card", "type": "integer"}],
        "heard": [HEARD, {**HEARD, "dp": "unlock_card", "code": None}],
    },
    "connection": {"on_network": True, "protocol_found": "3.4"},
}
ODD = ("../x", "a" * 10**6, "x y", "[x](http://x)", "\ud800", 10**400, -1, float("nan"), [], {})


def write(path: Path, described: Any) -> Path:
    """Write a file as Home Assistant writes diagnostics, without any check."""
    file = path / "odd.json"
    file.write_text(json.dumps({"data": described}))
    return file


def test_a_lock_that_an_account_hears_by_codes_is_played(tmp_path: Path) -> None:
    heard = [HEARD, {**HEARD, "dp": "unlock_by_mind", "code": None}]
    product = {**DESCRIBED["product"], "heard": heard}
    model = read_diagnostics(write(tmp_path, {**DESCRIBED, "product": product}))
    assert [dp.id for dp in model.dps] == [1, 5]


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("part", ["product", "connection", "heard", "means", "value"])
async def test_no_file_of_somebody_else_does_harm(tmp_path: Path, part: str) -> None:
    """It is refused in words, or played; whatever is in it."""
    for odd in (*ODD, None, True, "1", "unlock"):
        for described in _with_odd(part, odd):
            model = None
            with suppress(ValueError):
                model = read_diagnostics(write(tmp_path, described))
            if model is None:
                continue
            assert len(repr(model)) < 10_000
            lock = SimulatedLock(
                product_id=model.product_id or "",
                version=model.version or "3.4",
                model=model,
                knobs=knobs_of(model, announce=False),
            )
            async with lock:
                await lock.report_again()


def _with_odd(part: str, odd: Any) -> list[Any]:
    """Return what is described, with something odd in each field of a part."""
    product, connection = DESCRIBED["product"], DESCRIBED["connection"]
    if part == "product":
        return [{**DESCRIBED, "product": {**product, name: odd}} for name in product]
    if part == "connection":
        return [{**DESCRIBED, "connection": {**connection, name: odd}} for name in connection]
    rows = [{**HEARD, name: odd} for name in HEARD]
    if part == "means":
        rows = [{**HEARD, "values": [{"value": 3, "means": one}]} for one in (odd, [odd])]
    if part == "value":
        rows = [{**HEARD, "values": [{"value": odd, "means": []}]}]
        rows.append({**HEARD, "values": [], "type": "raw", "size": 10**12})
    return [{**DESCRIBED, "product": {**product, "heard": [row]}} for row in rows]
