"""What somebody at the door reads when an action fails."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
import json
from pathlib import Path
from typing import override

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tuya_wifi_lock.texts import lock_errors
from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    AccountRefused,
    AccountSilent,
    AsleepAndAlone,
    CallsUsedUp,
    Cancelled,
    Cause,
    ClockNotSet,
    CloudError,
    CloudRefused,
    CloudSilent,
    CloudUnreachable,
    ConnectionLost,
    GatewayNotReached,
    KeyIgnored,
    LockAsleep,
    LockError,
    LockMissing,
    LocksByItself,
    MalformedFrame,
    Mistake,
    NoAnswer,
    NoCloud,
    NoHandshake,
    NoRequest,
    NotConfirmed,
    NotLockedAsleep,
    NotProven,
    NotSupported,
    OtherDevice,
    PasswordRefused,
    Reason,
    RequestOver,
    SettingAsleep,
    SettingNotConfirmed,
    SlotTaken,
    UnlockRefused,
    Unreachable,
    WrongKey,
    WrongVersion,
)
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_LOCK, SERVICE_UNLOCK
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.common import LOCK, NAME, fall_asleep, known, pass_time, set_up_awake, until
from tests.conftest import setup, wait_for
from tests.simulator import SimulatedLock, Status

INTEGRATION = Path(__file__).parent.parent / "custom_components/tuya_wifi_lock"
TEXTS = {
    key: texts["message"]
    for key, texts in json.loads((INTEGRATION / "translations/en.json").read_text())[
        "exceptions"
    ].items()
}
SET_KEY, USE_KEY = "49", "50"

TUYAS_NUMBERS = {
    Cause.WRONG_SECRET: 1004,
    Cause.WRONG_REGION: 2406,
    Cause.NO_PERMISSION: 1106,
    Cause.NO_LOCK_SERVICE: 28841106,
    Cause.IP_DENIED: 1114,
    Cause.TRIAL_EXPIRED: 28841002,
    Cause.QUOTA: 28841004,
    Cause.CLOCK: 1013,
    Cause.TOKEN: 1010,
    Cause.BUSY: 1110,
    Cause.BAD_VALUE: 1109,
    Cause.NO_ENDPOINT: 1108,
    Cause.ASLEEP: 2001,
    Cause.UNSUPPORTED: 2003,
    Cause.NOT_THERE: 2302,
    Cause.PASSWORD_ENDED: 2304,
    Cause.ENROLLING: 2328,
    Cause.OTHER: 1234567,
}
ON_THE_WAY = {
    MalformedFrame,
    NoHandshake,
    NotProven,
    OtherDevice,
    SlotTaken,
    Unreachable,
    WrongKey,
    WrongVersion,
}
"""What ends a dial, not an action: the lock is dialled again until the action gives up."""
KINDS = {LockError, AccountRefused, CloudError, CloudRefused, PasswordRefused, UnlockRefused}
"""What has a text for each reason."""

type Awake = Callable[..., Awaitable[None]]


async def fails(hass: HomeAssistant, service: str = SERVICE_UNLOCK) -> str:
    """Return the key of the error with which an action fails, whose text is the translated one."""
    with pytest.raises(HomeAssistantError) as err:
        await hass.services.async_call("lock", service, {ATTR_ENTITY_ID: LOCK}, blocking=True)
    assert err.value.translation_key
    assert str(err.value) == TEXTS[err.value.translation_key].rstrip(".")
    return err.value.translation_key


async def fails_after(hass: HomeAssistant, lock: SimulatedLock, seconds: float) -> str:
    """Return the error of an unlock that nobody answers, without the wait."""
    failing = asyncio.create_task(fails(hass))
    await until(lambda: lock.commands)
    await asyncio.sleep(0.05)
    await pass_time(hass, seconds)
    return await failing


@pytest.fixture
def awake(hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock) -> Awake:
    """Set up the entry of a lock that is awake."""

    async def awake(**options: object) -> None:
        await set_up_awake(hass, entry, simulated_lock, **options)

    return awake


async def become_family_a(hass: HomeAssistant, entry: MockConfigEntry, lock: SimulatedLock) -> None:
    """Let the lock show its family."""
    await lock.push({"10": False})
    await wait_for(hass, lambda: known(entry).family)


async def test_nobody_requests_the_unlock(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={"unlock_wait": 0.2})
    await setup(hass, entry)
    assert await fails(hass) == "lock_asleep"


async def test_double_locked(
    hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    await simulated_lock.double_lock(on=True)
    assert await fails(hass) == "double_locked"
    assert simulated_lock.openings == []


async def test_refused(hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake) -> None:
    simulated_lock.knobs.fail_unlock = True
    await awake()
    assert await fails(hass) == "refused"


async def test_clock_of_the_lock_is_wrong(
    hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    simulated_lock.knobs.clock_offset = 3600
    await awake()
    assert await fails(hass) == "outside_time"
    assert len([one for one in simulated_lock.commands if USE_KEY in one]) == 1


async def test_command_rejected(
    hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    simulated_lock.knobs.ack_retcode = 1
    simulated_lock.knobs.ack_text = "parse data error"
    assert await fails(hass) == "command_rejected"


async def test_connection_lost_before_the_key_is_used(
    hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    simulated_lock.faults.reset_at = "control"
    assert await fails(hass) == "connection_lost"


async def test_key_ignored(
    hass: HomeAssistant, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    simulated_lock.faults.lose_answers = {"report"}
    assert await fails_after(hass, simulated_lock, 5.1) == "key_ignored"


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_no_answer(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    await become_family_a(hass, entry, simulated_lock)
    await simulated_lock.request(60)
    await wait_for(hass, lambda: known(entry).requested)
    simulated_lock.faults.lose_answers = {"report"}
    assert await fails_after(hass, simulated_lock, 10.1) == "no_answer"
    assert len(simulated_lock.commands) == 1


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_no_request(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    await become_family_a(hass, entry, simulated_lock)
    assert await fails(hass) == "no_request"


async def test_a_sleeping_lock_that_could_lock_if_it_were_awake(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    await simulated_lock.push({"55": False})
    await wait_for(hass, lambda: entry.runtime_data.lock.snapshot.bolt.locked)
    await fall_asleep(hass, entry, simulated_lock)
    assert await fails(hass, SERVICE_LOCK) == "not_locked_asleep"
    assert "unlock" not in TEXTS["not_locked_asleep"]


async def test_a_lock_that_locks_by_itself(hass: HomeAssistant, awake: Awake) -> None:
    await awake()
    assert await fails(hass, SERVICE_LOCK) == "locks_by_itself"


@pytest.mark.parametrize("simulated_lock", [{"family": "A"}], indirect=True)
async def test_request_over(
    hass: HomeAssistant, entry: MockConfigEntry, simulated_lock: SimulatedLock, awake: Awake
) -> None:
    await awake()
    await become_family_a(hass, entry, simulated_lock)
    with pytest.raises(HomeAssistantError, match=TEXTS["request_over"][:40]) as err:
        await hass.services.async_call(
            "button",
            "press",
            {ATTR_ENTITY_ID: f"button.{NAME}_refuse_request"},
            blocking=True,
        )
    assert err.value.translation_key == "request_over"
    assert simulated_lock.commands == []


@pytest.mark.parametrize("simulated_lock", [{"version": "3.1"}], indirect=True)
async def test_somebody_who_has_not_proved_to_be_the_lock_gets_no_key(
    hass: HomeAssistant, simulated_lock: SimulatedLock, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={"unlock_wait": 0.2})
    await setup(hass, entry)
    await simulated_lock.wake()
    await wait_for(hass, lambda: simulated_lock.clients)
    assert await fails(hass) == "lock_asleep"
    assert simulated_lock.commands == []


class StubbornLock(SimulatedLock):
    """A lock that answers one key command always in the same way."""

    stubborn_dp = ""
    answer = Status.OK

    @override
    def apply(self, dps):
        if self.stubborn_dp in dps:
            self.report({self.stubborn_dp: base64.b64encode(bytes([self.answer, 0, 200])).decode()})
        else:
            super().apply(dps)


@pytest.fixture
async def stubborn_lock(ports, entry, hass):
    async with StubbornLock(version="3.4", announce_ports=ports) as lock:
        data = {**entry.data, "port": lock.port}
        hass.config_entries.async_update_entry(entry, data=data)
        yield lock


@pytest.mark.parametrize(
    ("stubborn_dp", "answer", "key", "tries"),
    [
        (SET_KEY, Status.FAILED, "key_not_stored", 1),
        (USE_KEY, Status.INVALID, "key_invalid", 2),
        (USE_KEY, Status.WRONG_KEY, "wrong_remote_key", 2),
        (USE_KEY, Status.EXHAUSTED, "uses_exhausted", 1),
    ],
)
async def test_the_lock_does_not_like_the_key(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    stubborn_lock: StubbornLock,
    stubborn_dp: str,
    answer: Status,
    key: str,
    tries: int,
) -> None:
    stubborn_lock.stubborn_dp, stubborn_lock.answer = stubborn_dp, answer
    await set_up_awake(hass, entry, stubborn_lock)
    assert await fails(hass) == key
    assert len([one for one in stubborn_lock.commands if stubborn_dp in one]) == tries


# Each error has its words


def translated(error: LockError) -> HomeAssistantError:
    """Return what an action raises for an error, whose text is there and complete."""
    with pytest.raises(HomeAssistantError) as err, lock_errors():
        raise error
    raised = err.value
    assert raised.translation_domain == "tuya_wifi_lock"
    assert raised.translation_key
    text = TEXTS[raised.translation_key]
    assert "{" not in text.format(**(raised.translation_placeholders or {}))
    return raised


@pytest.mark.parametrize("cause", Cause)
def test_each_refusal_of_the_cloud_has_its_text(cause: Cause) -> None:
    raised = translated(CloudRefused(TUYAS_NUMBERS[cause]))
    assert raised.translation_key == f"cloud_{cause}"
    assert isinstance(raised, ServiceValidationError) is (cause is Cause.BAD_VALUE)


def test_a_refusal_that_nobody_knows_is_told_with_its_number() -> None:
    raised = translated(CloudRefused(1234567))
    assert raised.translation_key == "cloud_other"
    assert "1234567" in TEXTS["cloud_other"].format(**(raised.translation_placeholders or {}))


@pytest.mark.parametrize("mistake", Mistake)
def test_each_mistake_in_a_password_has_its_text(mistake: Mistake) -> None:
    raised = translated(PasswordRefused(mistake))
    prefix = "" if mistake.startswith("offline_") else "password_"
    assert raised.translation_key == f"{prefix}{mistake}"
    assert TEXTS[raised.translation_key]
    assert isinstance(raised, ServiceValidationError)


@pytest.mark.parametrize("reason", Reason)
def test_each_refusal_of_the_lock_has_its_text(reason: Reason) -> None:
    assert not isinstance(translated(UnlockRefused(reason)), ServiceValidationError)


WITH_ONE_TEXT = {
    CallsUsedUp: "cloud_calls_used_up",
    Cancelled: "unlock_cancelled",
    ClockNotSet: "clock_not_set",
    AccountSilent: "account_silent",
    CloudSilent: "cloud_silent",
    CloudUnreachable: "cloud_unreachable",
    ConnectionLost: "connection_lost",
    GatewayNotReached: "gateway_not_reached",
    KeyIgnored: "key_ignored",
    AsleepAndAlone: "asleep_and_alone",
    LockAsleep: "lock_asleep",
    LocksByItself: "locks_by_itself",
    LockMissing: "lock_missing",
    NoAnswer: "no_answer",
    NoCloud: "no_cloud",
    NoRequest: "no_request",
    NotConfirmed: "not_confirmed",
    NotLockedAsleep: "not_locked_asleep",
    NotSupported: "not_supported",
    RequestOver: "request_over",
    SettingAsleep: "setting_asleep",
    SettingNotConfirmed: "setting_no_answer",
}


@pytest.mark.parametrize(("error", "key"), WITH_ONE_TEXT.items())
def test_each_other_error_has_its_text(error: type[LockError], key: str) -> None:
    assert translated(error()).translation_key == key


def test_an_error_without_a_text_is_raised_as_it_is() -> None:
    """None of these ends an action; if one ever does, its cause is not hidden."""
    for error in ON_THE_WAY - {WrongVersion}:
        with pytest.raises(error), lock_errors():
            raise error


def test_no_error_is_forgotten() -> None:
    """An error that is new needs a text, or a reason why no action raises it."""
    assert everything_under(LockError) == WITH_ONE_TEXT.keys() | ON_THE_WAY | KINDS


def everything_under(error: type[LockError]) -> set[type[LockError]]:
    """Return an error and all that derive from it."""
    return {error}.union(*(everything_under(one) for one in error.__subclasses__()))
