"""The walls of the house: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "tuya_wifi_lock"
CORE = INTEGRATION / "tuyalock"
SIMULATOR = ROOT / "tests" / "simulator"

OURS = "custom_components"


def imports(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Return every module that a source imports, wherever in it, by its absolute name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield module
            # `from .. import entity` imports a module, too.
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in {"__import__", "import_module"}:
            argument = node.args[0] if node.args else None
            yield str(argument.value) if isinstance(argument, ast.Constant) else "?"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def imported_by(file: Path) -> set[str]:
    package = file.relative_to(ROOT).parts[:-1]
    return set(imports(file.read_text(), package))


def reaches(modules: set[str], package: str) -> set[str]:
    return {module for module in modules if f"{module}.".startswith(f"{package}.")}


def files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert len(found) > 10
    return found


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", files(CORE), ids=named)
def test_the_core_knows_nothing_of_home_assistant(file: Path) -> None:
    modules = imported_by(file)
    assert not reaches(modules, "homeassistant")
    assert not reaches(modules, "voluptuous")
    assert "?" not in modules


@pytest.mark.parametrize("file", files(CORE), ids=named)
def test_the_core_imports_nothing_that_is_above_or_beside_it(file: Path) -> None:
    modules = imported_by(file)
    core = f"{OURS}.tuya_wifi_lock.tuyalock"
    assert reaches(modules, OURS) == reaches(modules, core)
    assert not reaches(modules, "tests")
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level <= len(file.relative_to(CORE).parts)
            assert node.level or not (node.module or "").startswith(OURS), "not relative"


def test_only_the_protocol_knows_tinytuya() -> None:
    sources = [*INTEGRATION.rglob("*.py"), *SIMULATOR.rglob("*.py")]
    knowing = [file for file in sources if reaches(imported_by(file), "tinytuya")]
    assert knowing == [CORE / "lan" / "protocol.py"]


@pytest.mark.parametrize("file", files(SIMULATOR), ids=named)
def test_the_simulator_shares_nothing_with_what_it_tests(file: Path) -> None:
    modules = imported_by(file)
    assert not reaches(modules, OURS)
    assert not reaches(modules, "tuyalock")
    assert not reaches(modules, "homeassistant")
    assert "?" not in modules


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import homeassistant", "homeassistant"),
        ("import homeassistant.core as core", "homeassistant.core"),
        ("from homeassistant.core import HomeAssistant", "homeassistant.core"),
        ("def later():\n    from homeassistant import core", "homeassistant.core"),
        ("from . import frames", "a.b.frames"),
        ("from .frames import encode", "a.b.frames"),
        ("from .. import entity", "a.entity"),
        ("from ..entity import Entity", "a.entity"),
        ("if True:\n    import json, tinytuya.core", "tinytuya.core"),
        ("import importlib\nimportlib.import_module('tinytuya')", "tinytuya"),
        ("__import__('homeassistant')", "homeassistant"),
        ("from importlib import import_module as i\nimport_module(name)", "?"),
    ],
)
def test_no_import_escapes_this_reader(source: str, found: str) -> None:
    assert found in set(imports(source, ("a", "b")))


def test_a_name_that_only_starts_alike_is_another_package() -> None:
    assert reaches({"homeassistant_helpers", "homeassistant.core"}, "homeassistant") == {
        "homeassistant.core"
    }
