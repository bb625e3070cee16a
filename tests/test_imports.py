"""A set-up imports what a lock needs, and not yet what its owner may never use."""

from scripts.benchmark.imports import import_once

SOME_OWNERS = {
    "condition",
    "config_flow",
    "diagnostics",
    "flows.cloud",
    "flows.connection",
    "flows.guest_code",
    "trigger",
}


def test_a_set_up_imports_only_what_a_lock_needs() -> None:
    found = import_once({})
    assert set(found.later) >= SOME_OWNERS
    # Those who use neither the account nor bulbs and covers have nothing of them.
    assert not set(found.foreign) & {"homeassistant.components.tuya", "requests", "tuya_sharing"}
    assert found.ours < found.usual
