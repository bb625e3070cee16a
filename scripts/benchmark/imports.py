"""What importing our modules costs beside what Home Assistant has imported anyway."""

import json
import os
from statistics import median
import subprocess
import sys
import tempfile

USUAL = (
    "homeassistant.bootstrap",
    "homeassistant.components.binary_sensor",
    "homeassistant.components.button",
    "homeassistant.components.diagnostics",
    "homeassistant.components.event",
    "homeassistant.components.http",
    "homeassistant.components.lock",
    "homeassistant.components.network",
    "homeassistant.components.number",
    "homeassistant.components.select",
    "homeassistant.components.sensor",
    "homeassistant.components.switch",
    "homeassistant.components.update",
    "homeassistant.helpers.update_coordinator",
)
TINYTUYA = (
    "tinytuya.core.crypto_helper",
    "tinytuya.core.message_helper",
)
INTEGRATION = "custom_components.tuya_wifi_lock"

_TIMED = """
import importlib, json, sys
from pathlib import Path
from time import perf_counter
usual, tinytuya, package = json.loads(sys.argv[1])
for name in usual:
    importlib.import_module(name)
at = perf_counter()
for name in tinytuya:
    importlib.import_module(name)
theirs = perf_counter() - at
loaded = set(sys.modules)
at = perf_counter()
root = importlib.import_module(package)
for path in sorted(Path(root.__file__).parent.glob("*.py")):
    if path.stem != "__init__":
        importlib.import_module(package + "." + path.stem)
ours = perf_counter() - at
print(json.dumps([theirs, ours]))
"""


def measure(repeats: int) -> tuple[float, float]:
    """Return the seconds that tinytuya takes, and those that our modules take after it.

    The first run writes the bytecode, as the first start after an update does, whatever the
    environment says of that; it does not count.
    """
    arguments = json.dumps([USUAL, TINYTUYA, INTEGRATION])
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
    return median(run[0] for run in runs), median(run[1] for run in runs)
