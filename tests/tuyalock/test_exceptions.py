"""What can go wrong, and what an error shows."""

import inspect

import pytest

from custom_components.tuya_wifi_lock.tuyalock import exceptions
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    CloudError,
    CloudSilent,
    LockError,
    Reason,
    UnlockRefused,
    WrongVersion,
)
from custom_components.tuya_wifi_lock.tuyalock.lan.address import Address
from custom_components.tuya_wifi_lock.tuyalock.lan.connection import Peer


def test_every_error_is_a_lock_error_of_its_own() -> None:
    """Nothing is caught by a handler for something else."""
    classes = [
        one for _, one in inspect.getmembers(exceptions, inspect.isclass) if one is not Reason
    ]
    classes = [one for one in classes if issubclass(one, Exception) and one is not LockError]
    assert len(classes) > 10
    bases = {one.__name__: one.__bases__ for one in classes}
    of_the_cloud = {
        "AccountRefused",
        "CallsUsedUp",
        "CloudRefused",
        "CloudSilent",
        "CloudUnreachable",
    }
    assert bases.pop("AccountSilent") == (CloudSilent,)
    for name, base in bases.items():
        assert base == ((CloudError,) if name in of_the_cloud else (LockError,)), name


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_says_why(reason: Reason) -> None:
    refused = UnlockRefused(reason)
    assert refused.reason is reason
    assert str(refused) == f"the lock refused: {reason.value}"


def test_a_wrong_version_says_which_is_announced() -> None:
    wrong = WrongVersion("3.5")
    assert wrong.translation_placeholders == {"announced": "3.5"}
    assert str(wrong) == "the lock announces protocol version 3.5"


@pytest.mark.parametrize(
    "secretive",
    [
        Peer("192.0.2.7", 6668, "bf0001", b"secretsecret1234", "3.4"),
        Address(host="192.0.2.7", port=6668, device_id="bf0001", local_key=b"secretsecret1234"),
    ],
)
def test_a_local_key_has_no_string_form(secretive: Peer | Address) -> None:
    shown = f"{secretive} {secretive!r} {[secretive]}"
    assert "bf0001" in shown
    assert "secret" not in shown
