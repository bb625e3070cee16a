"""Every fault, in every version and family, at set-up, under a report and under a remote unlock.

The outcome is the right event or the right error: never a hang, a lost unlock, a duplicate, a
wrong state, or a door that opens without a record.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import (
    ConnectionLost,
    KeyIgnored,
    LockError,
    MalformedFrame,
    NoAnswer,
    NoHandshake,
    NotProven,
    SlotTaken,
    UnlockRefused,
    Unreachable,
    WrongKey,
)
from tests.simulator import SimulatedLock

from .house import VERSIONS, house

pytestmark = pytest.mark.usefixtures("socket_enabled")

PARTLY = {"product": {"reported": ["residual_electricity"]}}
UNPROVEN = (NotProven, NoHandshake, Unreachable, MalformedFrame)
"""With 3.1 a lock proves itself only by a report."""
DEAF = (NoHandshake, WrongKey, Unreachable)


@dataclass(frozen=True)
class Fault:
    """A fault: how to cause it, and which errors it may lead to. No errors: it must be overcome."""

    cause: Callable[[SimulatedLock], None]
    setup: tuple[type[LockError], ...] = ()
    report_lost: str = ""
    """Families whose report is gone: nothing can bring back what was lost on the wire, unless the
    lock repeats it in its answer to a query, which an access control never does."""
    unlock: tuple[type[LockError], ...] = ()


def faulty(**changes: Any) -> Callable[[SimulatedLock], None]:
    """Return what causes a fault of the simulated lock."""

    def cause(simulated: SimulatedLock) -> None:
        for name, value in changes.items():
            holder = simulated.faults if hasattr(simulated.faults, name) else simulated.knobs
            setattr(holder, name, value)

    return cause


LOST = (ConnectionLost, NoAnswer, KeyIgnored)

FAULTS = {
    "nothing": Fault(faulty()),
    "half a frame, then silence": Fault(
        faulty(half_frame_then_silence=1), report_lost="D", unlock=LOST
    ),
    "garbage": Fault(faulty(garbage=1), report_lost="D", unlock=LOST),
    "wrong check sum": Fault(faulty(bad_mac=1), report_lost="D", unlock=LOST),
    "delayed answers": Fault(faulty(delay_answers=0.05)),
    "lost answer to the query": Fault(
        faulty(lose_answers={"query"}), setup=(NotProven,), unlock=()
    ),
    "lost acknowledgements": Fault(faulty(lose_answers={"control", "heartbeat"})),
    "lost reports": Fault(faulty(lose_answers={"report"}), report_lost="ABD", unlock=LOST),
    "reset at the accept": Fault(faulty(reset_at="accept")),
    "reset at the first nonce": Fault(faulty(reset_at="start")),
    "reset at the second nonce": Fault(faulty(reset_at="resp")),
    "reset at the last proof": Fault(faulty(reset_at="finish")),
    "reset at the query": Fault(faulty(reset_at="query")),
    "reset at the command": Fault(faulty(reset_at="control"), unlock=LOST),
    "reset at a report": Fault(faulty(reset_at="push"), report_lost="D", unlock=LOST),
    "wrong local key, lock closes": Fault(
        faulty(wrong_local_key="fedcba9876543210"), setup=DEAF, report_lost="ABD"
    ),
    "wrong local key, lock is silent": Fault(
        faulty(wrong_local_key="fedcba9876543210", wrong_key="silent"),
        setup=(*DEAF, NotProven),
        report_lost="ABD",
    ),
    "two frames in one segment": Fault(faulty(merge_frames=1)),
    "one frame in many segments": Fault(faulty(fragment=4)),
    "place taken": Fault(
        faulty(slot_taken=True), setup=(SlotTaken, NoHandshake), report_lost="ABD"
    ),
    "mute": Fault(
        faulty(mute=True), setup=(NoHandshake, NotProven), report_lost="ABD", unlock=LOST
    ),
    "sequence numbers echoed": Fault(faulty(seq_policy="echo")),
    "sequence numbers counted": Fault(faulty(seq_policy="counter")),
    "acknowledged in host order": Fault(faulty(ack_retcode=0x01000000)),
    "rejected in words": Fault(faulty(ack_text="data format error"), unlock=(UnlockRefused,)),
}

QUERY_LOST = FAULTS["lost answer to the query"]
"""From 3.4 on the handshake has proved the key, so that an answer is not missed."""

EVERY_FAULT = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


async def everywhere(
    check: Callable[[str, str, Fault], Coroutine[Any, Any, None]], fault: Fault
) -> None:
    """Check a fault in every version and family."""
    for version in VERSIONS:
        for family in "ABD":
            try:
                await check(version, family, fault)
            except BaseException as err:
                err.add_note(f"version {version}, family {family}")
                raise


async def outcome(call: Awaitable[Any]) -> LockError | None:
    """Return the error that a call ends with."""
    try:
        await call
    except LockError as err:
        return err
    return None


@EVERY_FAULT
async def test_setup(fault: Fault) -> None:
    await everywhere(set_up, fault)


@EVERY_FAULT
async def test_report(fault: Fault) -> None:
    await everywhere(report, fault)


@EVERY_FAULT
async def test_remote_unlock(fault: Fault) -> None:
    await everywhere(unlock_remotely, fault)


async def set_up(version: str, family: str, fault: Fault) -> None:
    """The lock is reached, or the error says why not."""
    async with house(version, family, low_power=True) as home:
        fault.cause(home.simulated)
        if version == "3.1":
            # It signs nothing but what it reports by itself.
            await home.simulated.push({"201": 0})
        await home.wake()
        error = await outcome(home.hurry(home.lock.reach(60)))
        if error:
            unsigned = version == "3.1" and fault.report_lost
            assert isinstance(error, (*fault.setup, *(UNPROVEN if unsigned else ()))), repr(error)
        else:
            assert not fault.setup or fault is QUERY_LOST or version == "3.1"


async def report(version: str, family: str, fault: Fault) -> None:
    """The unlock is published once, unless the wire has swallowed it for good."""
    # With 3.1 no answer is signed, so that none brings back what was lost.
    lost = family in fault.report_lost or (version == "3.1" and bool(fault.report_lost))
    async with house(version, family, stored=PARTLY, low_power=True) as home:
        fault.cause(home.simulated)
        await home.simulated.finger(3)
        home.hint()
        if not lost:
            await home.hurry_until(lambda: len(home.unlocks) == 1)
        home.simulated.faults.clear()
        home.hint()
        await home.settle()
        assert home.unlocks in (
            ["live fingerprint 3"],
            ["unknown fingerprint 3"],
            *([[]] if lost else []),
        )


async def unlock_remotely(version: str, family: str, fault: Fault) -> None:
    """The door is open if the call returns; at most one command that opens was sent."""
    async with house(
        version, family, stored={"product": {"chosen": [family]}}, low_power=True
    ) as home:
        await home.awake()
        if family == "D":
            await home.simulated.door(False)
        else:
            await home.simulated.request(60)
            await home.until(lambda: home.lock.snapshot.requested)
        await home.settle()
        fault.cause(home.simulated)
        error = await outcome(home.hurry(home.lock.unlock()))
        if error:
            assert isinstance(error, fault.unlock), repr(error)
            assert home.lock.snapshot.bolt.locked is None
        else:
            assert home.simulated.openings == ["remote"]
            assert home.lock.snapshot.bolt.locked is False
        use = {"A": "10", "B": "50", "D": "9"}[family]
        assert sum(use in command for command in home.simulated.commands) <= 1
