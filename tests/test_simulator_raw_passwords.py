"""The simulated lock that takes temporary passwords over the LAN."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator import SimulatedLock
from tests.simulator.peer import Peer

pytestmark = pytest.mark.usefixtures("socket_enabled")

NOW = 1_800_000_000
HOUR = 3600
CREATE, DELETE, MODIFY = "24", "25", "26"


@pytest.fixture
async def lock() -> AsyncIterator[SimulatedLock]:
    async with SimulatedLock(product_id="simulatedrawpass", now=lambda: NOW) as lock:
        yield lock


@pytest.fixture
async def peer(lock: SimulatedLock) -> AsyncIterator[Peer]:
    await lock.wake()
    peer = await Peer.asking(lock)
    yield peer
    peer.close()


def base64_of(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def password(serials: str = "03e7 0001 0000", digits: str = "739184", **fields: int) -> str:
    """Return the value of a command that stores a password."""
    start, end = fields.get("start", NOW - HOUR), fields.get("end", NOW + HOUR)
    times = start.to_bytes(4).hex() + end.to_bytes(4).hex()
    return base64_of(f"{serials} {times} {fields.get('once', 0):02x} {digits.encode().hex()}")


async def answer(peer: Peer, dp: str, value: Any) -> str:
    """Return the answer to a command, as hex."""
    await peer.control({dp: value})
    (dps,) = await peer.dps(1)
    return base64.b64decode(dps[dp]).hex()


async def test_a_command_byte_for_byte(lock: SimulatedLock, peer: Peer) -> None:
    value = "A+cAAQAAa0nSAGtaM4ABNzM5MTg0"
    expected = "03e7 0001 0000 6b49d200 6b5a3380 01 373339313834"
    assert base64.b64decode(value).hex() == expected.replace(" ", "")
    assert base64.b64decode(value) == base64.b64decode(
        password(start=0x6B49D200, end=0x6B5A3380, once=1)
    )
    assert await answer(peer, CREATE, value) == "03e70001000101"
    (kept,) = lock.uplink.keypad.slots.values()
    assert (kept.password.id, kept.password.edit, kept.password.digits) == (999, 1, "739184")
    assert (kept.password.start, kept.password.end, kept.password.once) == (
        0x6B49D200,
        0x6B5A3380,
        True,
    )


async def test_a_password_opens_and_is_reported_with_900_and_its_slot(
    lock: SimulatedLock, peer: Peer
) -> None:
    await answer(peer, CREATE, password())
    assert await answer(peer, CREATE, password("03e8 0001 0000", "264819")) == "03e80001000201"
    assert not await lock.type_code("111111")
    assert await lock.type_code("264819")
    assert await lock.type_code("739184")
    assert await peer.dps(2) == [{"3": 902}, {"3": 901}]


async def test_a_creation_that_comes_again_is_the_same_password(
    lock: SimulatedLock, peer: Peer
) -> None:
    for _ in range(2):
        assert await answer(peer, CREATE, password()) == "03e70001000101"
    assert len(lock.uplink.keypad.slots) == 1


async def test_a_change_keeps_the_slot(lock: SimulatedLock, peer: Peer) -> None:
    await answer(peer, CREATE, password())
    changed = password("03e7 0002 0001", "264819", once=1)
    assert await answer(peer, MODIFY, changed) == "03e70002000101"
    assert not await lock.type_code("739184")
    assert await lock.type_code("264819")
    assert not await lock.type_code("264819")


async def test_a_deletion_takes_the_password_away(lock: SimulatedLock, peer: Peer) -> None:
    await answer(peer, CREATE, password())
    assert await answer(peer, DELETE, base64_of("03e7 0001 0001")) == "03e70001000101"
    assert not await lock.type_code("739184")
    assert await answer(peer, DELETE, base64_of("03e7 0001 0001")) == "03e70001000101"


async def test_a_deletion_needs_no_number(lock: SimulatedLock, peer: Peer) -> None:
    await answer(peer, CREATE, password())
    assert await answer(peer, DELETE, base64_of("03e7 0001 0000")) == "03e70001000101"
    assert not lock.uplink.keypad.slots


async def test_ten_fit_and_a_deletion_makes_room(lock: SimulatedLock, peer: Peer) -> None:
    for number in range(1, 11):
        value = password(f"{number:04x} 0001 0000", f"73918{number % 10}")
        assert await answer(peer, CREATE, value) == f"{number:04x}0001{number:04x}01"
    eleventh = password("000b 0001 0000", "264819")
    assert await answer(peer, CREATE, eleventh) == "000b0001000000"
    await answer(peer, DELETE, base64_of("0004 0001 0004"))
    assert await answer(peer, CREATE, eleventh) == "000b0001000401"
    assert await lock.type_code("264819")
    assert await peer.dps(1) == [{"3": 904}]


async def test_what_is_over_makes_room(lock: SimulatedLock, peer: Peer) -> None:
    for number in range(1, 11):
        await answer(peer, CREATE, password(f"{number:04x} 0001 0000", f"73918{number % 10}"))
    lock.knobs.clock_offset = HOUR
    value = password("000b 0001 0000", "739181", end=NOW + 2 * HOUR)
    assert await answer(peer, CREATE, value) == "000b0001000101"


@pytest.mark.parametrize(
    ("dp", "value"),
    [
        (CREATE, password("03e8 0001 0000")),  # the same digits
        (CREATE, password("03e8 0001 0000", "abcdef")),
        (CREATE, password("03e8 0001 0005", "264819")),  # a number that the lock did not give
        (CREATE, password("03e8 0001 0000", "264819", end=NOW)),
        (CREATE, password("03e8 0001 0000", "264819", start=NOW + 9, end=NOW + 9)),
        (MODIFY, password("03e8 0002 0000", "264819")),  # nobody has it
        (MODIFY, password("03e7 0002 0005", "264819")),  # another number
        (DELETE, base64_of("03e7 0001 0005")),
    ],
)
async def test_what_cannot_be_is_refused(
    lock: SimulatedLock, peer: Peer, dp: str, value: str
) -> None:
    await answer(peer, CREATE, password())
    assert await answer(peer, dp, value) == base64.b64decode(value)[:6].hex() + "00"
    assert await lock.type_code("739184")


@pytest.mark.parametrize(
    ("dp", "value"),
    [
        (CREATE, "AAAA"),
        (CREATE, "no base64"),
        (MODIFY, 1),
        (DELETE, password()),
        ("27", password()),
    ],
)
async def test_what_has_no_known_length_gets_no_answer(
    lock: SimulatedLock, peer: Peer, dp: str, value: Any
) -> None:
    lock.knobs.ack_lost = True
    await peer.control({dp: value})
    assert await peer.silent()
    assert not lock.uplink.keypad.slots


async def test_another_product_takes_no_passwords() -> None:
    async with SimulatedLock(now=lambda: NOW) as lock:
        lock.knobs.ack_lost = True
        await lock.wake()
        peer = await Peer.asking(lock)
        await peer.control({CREATE: password()})
        assert await peer.silent()
        assert not await lock.type_code("739184")
        peer.close()
