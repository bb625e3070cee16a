"""What importing our modules costs beside what Home Assistant has imported anyway."""

from dataclasses import dataclass
import json
import os
from statistics import median
import subprocess
import sys
import tempfile

from custom_components.tuya_wifi_lock import PLATFORMS

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
TINYTUYA = ("tinytuya.core.crypto_helper", "tinytuya.core.message_helper")
INTEGRATION = "custom_components.tuya_wifi_lock"

_TIMED = """
import importlib, json, sys
from pathlib import Path
from time import process_time
usual, tinytuya, package, platforms = json.loads(sys.argv[1])
for name in usual:
    importlib.import_module(name)
at = process_time()
for name in tinytuya:
    importlib.import_module(name)
theirs = process_time() - at
at = process_time()
root = importlib.import_module(package)
for name in platforms:
    importlib.import_module(package + "." + name)
ours = process_time() - at
folder = Path(root.__file__).parent
names = {
    ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
    for path in folder.rglob("*.py")
}
later = sorted(name.removeprefix(package + ".") for name in names - set(sys.modules))
print(json.dumps([theirs, ours, len(names) - len(later), later]))
"""


@dataclass(frozen=True, slots=True)
class Found:
    """CPU seconds of importing tinytuya, and ours; how many modules, and which are left."""

    tinytuya: float
    ours: float
    modules: int
    later: list[str]


def measure(repeats: int) -> Found:
    """Import what a set-up needs in fresh processes; return the medians.

    The first run writes the bytecode, as the first start after an update does, whatever the
    environment says of that; it does not count.
    """
    arguments = json.dumps([USUAL, TINYTUYA, INTEGRATION, PLATFORMS])
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        runs = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", _TIMED, arguments],
                    check=True,
                    capture_output=True,
                    env=environment,
                ).stdout
            )
            for _ in range(repeats + 1)
        ][1:]
    return Found(median(run[0] for run in runs), median(run[1] for run in runs), *runs[0][2:])
