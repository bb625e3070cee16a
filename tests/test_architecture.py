"""The core and the simulator stand alone: proved by importing them where nothing else is.

Who may import whom is written in pyproject.toml and read by import-linter (scripts/lint). That
cannot see an import by name; these tests run what is imported.
"""

import ast
import json
from pathlib import Path
import subprocess
import sys

from custom_components.tuya_wifi_lock import tuyalock

ROOT = Path(__file__).parent.parent
CORE = ROOT / "custom_components" / "tuya_wifi_lock" / "tuyalock"

IMPORT_ALL = """
import importlib, importlib.util, json, pathlib, pkgutil, sys

name, folder = sys.argv[1:]
if folder:
    # Under a name of its own: an import from above it has nowhere to go.
    path = pathlib.Path(folder)
    spec = importlib.util.spec_from_file_location(
        name, path / "__init__.py", submodule_search_locations=[folder]
    )
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
package = importlib.import_module(name)
for module in pkgutil.walk_packages(package.__path__, f"{name}."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def imported_with(package: str, folder: str = "") -> set[str]:
    """Return the top-level packages that are loaded with every module of a package."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, package, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.returncode, ran.stderr
    modules = json.loads(ran.stdout)
    assert sum(module.startswith(package) for module in modules) > 10
    return {module.partition(".")[0] for module in modules}


def test_the_core_knows_nothing_of_home_assistant_or_of_what_is_above_it() -> None:
    loaded = imported_with("tuyalock", str(CORE))
    assert "cryptography" in loaded
    assert not loaded & {
        "homeassistant",
        "tinytuya",
        "voluptuous",
        "probatio",
        "custom_components",
        "tests",
    }


def test_the_simulator_shares_nothing_with_what_it_tests() -> None:
    loaded = imported_with("tests.simulator")
    assert not loaded & {"homeassistant", "custom_components", "tinytuya", "tuyalock"}


def test_the_core_exports_what_is_used_outside_and_nothing_else() -> None:
    used = {
        name.name
        for file in CORE.parent.rglob("*.py")
        if CORE not in file.parents
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "tuyalock"
        for name in node.names
    }
    exported = {
        name.asname
        for node in ast.walk(ast.parse((CORE / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname
    }
    assert used == exported | {"is_clock_set"}
    assert not hasattr(tuyalock, "CloudFirmware")
    assert len(used) <= 60
