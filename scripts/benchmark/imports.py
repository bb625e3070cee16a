"""What importing our modules costs beside what Home Assistant has imported anyway."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import os
import subprocess
import sys
import tempfile

from custom_components.tuya_wifi_lock import PLATFORMS
from homeassistant.loader import BASE_PRELOAD_PLATFORMS

USUAL = (
    "homeassistant.bootstrap",
    "homeassistant.components.diagnostics",
    "homeassistant.components.frontend",
    "homeassistant.components.http",
    "homeassistant.components.logbook",
    "homeassistant.components.network",
    "homeassistant.components.repairs",
    "homeassistant.components.websocket_api",
    "homeassistant.helpers.update_coordinator",
    *(f"homeassistant.components.{platform}" for platform in PLATFORMS),
)
INTEGRATION = "custom_components.tuya_wifi_lock"

_TIMED = """
import importlib, json, sys
from pathlib import Path
from time import process_time
usual, package, preloaded, platforms = json.loads(sys.argv[1])
at = process_time()
for name in usual:
    importlib.import_module(name)
before = process_time() - at
known = set(sys.modules)
at = process_time()
folder = Path(importlib.import_module(package).__file__).parent
# Home Assistant imports these of every integration that has them.
there = [name for name in preloaded if (folder / name).with_suffix(".py").exists()]
for name in there + platforms:
    importlib.import_module(package + "." + name)
ours = process_time() - at
names = {
    ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
    for path in folder.rglob("*.py")
}
later = sorted(name.removeprefix(package + ".") for name in names - set(sys.modules))
foreign = [name for name in set(sys.modules) - known if not name.startswith(package)]
print(json.dumps([before, ours, len(names) - len(later), later, foreign]))
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a set-up imports; CPU seconds of Home Assistant's modules, and of ours."""

    usual: float
    ours: float
    modules: int
    later: list[str]
    """The modules of ours that are left until they are used."""
    foreign: list[str]
    """The modules of others that we have caused to be imported."""


def measure(repeats: int) -> list[Found]:
    """Import what a set-up needs in fresh processes, with bytecode as after the first start."""
    with tempfile.TemporaryDirectory() as folder:
        # Written by the first run, whatever the environment says of that; it does not count.
        more = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        return [import_once(more) for _ in range(repeats + 1)][1:]


def import_once(more: Mapping[str, str]) -> Found:
    """Import what a set-up needs in a fresh process with these variables."""
    arguments = json.dumps([USUAL, INTEGRATION, BASE_PRELOAD_PLATFORMS, PLATFORMS])
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, arguments],
        check=True,
        capture_output=True,
        env={**os.environ, **more},
    )
    return Found(*json.loads(done.stdout))
