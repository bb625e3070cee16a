"""A set-up imports what a lock needs, and not yet what its owner may never use."""

from pathlib import Path
import subprocess
import sys

import pytest

from scripts.benchmark.imports import import_once

ACCOUNT = {"tuya_account", "tuyalock.cloud.responses"}
PROJECT = {
    "cloud",
    "guest_codes",
    "tuyalock.cloud.client",
    "tuyalock.cloud.openapi",
}
BOOKINGS = {"bookings"}


def test_a_set_up_imports_only_what_a_lock_needs() -> None:
    found = import_once({})
    assert set(found.later) == ACCOUNT | PROJECT | BOOKINGS
    # Those who use neither the account nor bulbs and covers have nothing of them.
    assert not set(found.foreign) & {"homeassistant.components.tuya", "requests", "tuya_sharing"}
    assert found.ours < found.usual


@pytest.mark.parametrize(
    "name",
    [
        "each_part_is_imported_when_it_is_used_and_blocks_nothing",
        "bookings_that_were_stored_are_read_and_nothing_is_blocked",
    ],
)
def test_the_rest_is_imported_when_it_is_used(name: str) -> None:
    file = Path(__file__).with_name("fresh_process.py")
    test = f"{file}::test_{name}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=file.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.returncode, ran.stdout
