"""Home Assistant as a process, in a config folder that is thrown away."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import shutil
import signal
import socket
import sys
import tempfile
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "tuya_wifi_lock"
STOP_WITHIN = 15.0
"""Seconds in which Home Assistant ends when it is asked to; it takes three."""

CONFIGURATION = """\
homeassistant:
  name: Demo
  latitude: 52.0
  longitude: 4.0
  elevation: 0
  unit_system: metric
  currency: EUR
  country: NL
  language: en
  time_zone: UTC
frontend:
config:
history:
logbook:
mobile_app:
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
logger:
  default: warning
  logs:
    custom_components.tuya_wifi_lock: info
"""
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
PROBLEM = re.compile(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ")
EXPECTED = re.compile(
    r"We found a custom integration tuya_wifi_lock which has not been tested"
    # `cloud-off` ends the trial of the project; Home Assistant's coordinator logs that once.
    r"|Error requesting Tuya cloud of .* data: trial_expired"
)


class HomeAssistantProcess:
    """One Home Assistant that can be started, stopped and started again."""

    def __init__(self, cloud_url: str, environment: Mapping[str, str]) -> None:
        """Make the config folder, with everything answered that a new one would ask."""
        self._cloud_url, self._environment = cloud_url, environment
        self.folder = Path(tempfile.mkdtemp(prefix="tuya-wifi-lock-demo-"))
        self.log = self.folder / "hass.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: asyncio.subprocess.Process | None = None
        (self.folder / "configuration.yaml").write_text(CONFIGURATION)
        for name in ("automations", "scripts", "scenes"):
            (self.folder / f"{name}.yaml").write_text("[]\n")
        (self.folder / "custom_components").symlink_to(ROOT / "custom_components")
        storage = self.folder / ".storage"
        storage.mkdir()
        for document in (_http(self.port), _onboarding()):
            (storage / document["key"]).write_text(json.dumps(document))

    @property
    def ended(self) -> int | None:
        """Return the exit status if it has ended by itself."""
        return self._process.returncode if self._process else None

    async def end(self) -> int:
        """Wait for its end, and return the exit status."""
        return await self._process.wait() if self._process else 0

    async def start(self) -> None:
        """Start; it is ready when it answers."""
        with self.log.open("ab") as log:
            self._process = await _hass(self._cloud_url, self._environment, self.folder, log)

    async def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await process.wait()
        except TimeoutError, asyncio.CancelledError:
            _kill(process)
            await process.wait()
            raise

    async def discard(self, *, keep: bool) -> None:
        """End it at once if it still runs, and remove its folder."""
        with suppress(TimeoutError):
            await self.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def files_with(self, digits: str) -> list[str]:
        """Return the files in the config folder in which digits are."""
        pattern = re.compile(rb"(?<![\d.])%s(?!\d)" % digits.encode())
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return [path.name for path in files if pattern.search(path.read_bytes())]

    def problems(self) -> list[str]:
        """Return the warnings and errors in its log that name this integration."""
        return [
            record
            for record in _records(self.log)
            if PROBLEM.match(record) and DOMAIN in record and not EXPECTED.search(record)
        ]

    def last_words(self, count: int = 12) -> list[str]:
        """Return the last warnings and errors of whatever part of it, or why it did not start."""
        found = [record for record in _records(self.log) if PROBLEM.match(record)]
        return found[-count:] or self.log.read_text(errors="replace").splitlines()[-count:]


async def _hass(
    cloud_url: str, environment: Mapping[str, str], folder: Path, log: IO[bytes]
) -> asyncio.subprocess.Process:
    # A session of its own: Ctrl-C in the terminal is for the tour, which then stops it in order.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scripts.tour.hass", cloud_url, "--config", str(folder), "--log-no-color"),
        # The very version that the Tuya integration asks for may be in no index.
        "--skip-pip",
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _records(log: Path) -> Iterator[str]:
    """Return the records of a log, each with the lines that belong to it."""
    record = ""
    for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
        if LOG_LINE.match(line):
            if record:
                yield record
            record = line
        else:
            record += f"\n{line}"
    if record:
        yield record


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _http(port: int) -> dict[str, Any]:
    """Return the stored form of `http:`; written in YAML it would be undone after five minutes."""
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-11-21T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    return {"version": 3, "minor_version": 1, "key": "http", "data": data}


def _onboarding() -> dict[str, Any]:
    """Return the stored form of an onboarding of which only the user is left to do."""
    data = {"done": ["core_config", "analytics", "integration"]}
    return {"version": 4, "minor_version": 1, "key": "onboarding", "data": data}
