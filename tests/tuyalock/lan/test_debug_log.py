"""What "Enable debug logging" shows of the local network: enough to help, and no secrets."""

import logging

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import UnlockRefused
from tests.tuyalock.house import LOCAL_KEY, house

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_wake_is_told_from_the_dial_to_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.tuya_wifi_lock")
    async with house() as home:
        await home.awake()
        await home.simulated.push({"1": 3, "8": "c2VjcmV0", "18": "wrong_finger", "61": None})
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
    text = caplog.text
    id_ = home.simulated.device_id
    for line in (
        f"{id_}: dialling 127.0.0.1, version 3.4",
        f"{id_} at 127.0.0.1: handshake done",
        f"{id_} is connected",
        f"{id_} sent a report: 1=3, 8=str(8), 18='wrong_finger', 61=NoneType()",
        f"{id_} at 127.0.0.1: connection closed: the lock closed the connection",
    ):
        assert line in text
    assert "c2VjcmV0" not in text
    assert LOCAL_KEY not in text


async def test_a_rejection_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.tuya_wifi_lock")
    async with house(ack_text="data format error") as home:
        await home.awake()
        await home.simulated.request(60)
        with pytest.raises(UnlockRefused):
            await home.lock.unlock()
        assert "sent Rejected(text='data format error')" in caplog.text
    assert f"{home.simulated.device_id}: command for DP" in caplog.text
