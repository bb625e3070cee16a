"""What the protocol cannot prevent: the rows of SECURITY.md that are not "nothing"."""

import asyncio
import json
import zlib

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import LockError
from tests.simulator import wire
from tests.simulator.wire import Command
from tests.tuyalock.house import LOCAL_KEY, VERSIONS, House, house

from .stranger import ADDRESS, DEVICE_ID, Visit, is_new, playing_back, recording, stranger
from .test_lan import DAY, prove

OLD = ("3.1", "3.3")
CONTROLS = {Command.CONTROL, Command.CONTROL_NEW}


def command(raw: bytes) -> int:
    """Return the command of a frame."""
    return int.from_bytes(raw[10:14] if is_new(raw) else raw[8:12])


class Keeper:
    """A man in the middle who passes on everything but the second command, and keeps that."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._controls = 0
        self._kept: bytes | None = None
        self._lock: asyncio.StreamWriter | None = None

    async def __call__(self, visit: Visit) -> None:
        """Stand between Home Assistant and the lock; stay connected with the lock."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._lock = writer

        async def back() -> None:
            while chunk := await reader.read(65536):
                visit.send(chunk)

        self.returning = asyncio.create_task(back())
        async for raw in visit.frames():
            self._controls += command(raw) in CONTROLS
            if self._controls == 2 and self._kept is None:
                self._kept = raw
            else:
                writer.write(raw)

    def deliver(self) -> None:
        """Send to the lock what was kept."""
        assert self._kept
        assert self._lock
        self._lock.write(self._kept)

    def leave(self) -> None:
        """Go."""
        self.returning.cancel()
        if self._lock:
            self._lock.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_man_in_the_middle_can_deliver_a_command_late(version: str) -> None:
    async with house(version, address={"host": "127.0.0.9"}, max_clients=3) as home:
        keeper = Keeper(home.simulated.port)
        async with stranger(home.simulated.port, keeper):
            await home.simulated.wake()
            home.hint(ADDRESS, version, sender="")
            if version == "3.1":
                await home.until(lambda: home.simulated.clients > 0)
                await home.simulated.push({"201": 0})
            await home.until(lambda: home.lock.snapshot.awake)
            unlocking = asyncio.create_task(home.lock.unlock())
            await home.simulated.request(600)
            await home.pass_time(30)
            with pytest.raises(LockError):
                await unlocking
            assert home.simulated.openings == []
            keeper.deliver()
            await home.until(lambda: home.simulated.openings == ["remote"])
            keeper.deliver()
            await home.settle()
            assert len(home.simulated.openings) == 1
            keeper.leave()


async def record_a_finger(home: House) -> list[bytes]:
    """Listen to a finger that Home Assistant hears as well, until the lock sleeps."""
    await prove(home)
    await home.awake()
    await home.simulated.request(60)
    async with recording(home.simulated) as recorder:
        await home.simulated.finger(3)
        await home.until(lambda: home.unlocks == ["live fingerprint 3"])
        frames = recorder.of(Command.QUERY) + recorder.of(Command.STATUS)
    await home.simulated.sleep()
    await home.until(lambda: not home.lock.snapshot.awake)
    return frames


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(("later", "told"), [(20, 2), (60, 1)])
async def test_a_report_of_this_half_minute_can_come_twice(
    version: str, later: float, told: int
) -> None:
    async with house(version, max_clients=3) as home:
        frames = await record_a_finger(home)
        home.clock.move(later)
        async with stranger(home.simulated.port, playing_back(*frames), "127.0.0.1") as one:
            home.hint()
            await home.until(lambda: one.connections > 0)
            await home.pass_time(5)
        assert home.unlocks == ["live fingerprint 3"] * told


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("ahead", [0, 5, 20, 40])
async def test_what_came_before_the_last_report_comes_once_though_the_clock_is_ahead(
    version: str, ahead: float
) -> None:
    """A clock that was put right would show such a time, but the lock has said it before."""
    async with house(version, max_clients=3, clock_offset=ahead) as home:
        await prove(home)
        await home.awake()
        async with recording(home.simulated) as recorder:
            await home.simulated.finger(3)
            await home.until(lambda: len(home.unlocks) == 1)
            frames = [renumbered(raw) for raw in recorder.of(Command.STATUS)]
        home.clock.move(4)
        await home.simulated.battery(50)
        await home.until(lambda: home.lock.snapshot.state.battery == 50)
        await home.simulated.sleep()
        await home.until(lambda: not home.lock.snapshot.awake)
        home.clock.move(max(0.0, ahead - 10))
        async with stranger(home.simulated.port, playing_back(*frames), "127.0.0.1") as one:
            home.hint()
            await home.until(lambda: one.connections > 0)
            await home.pass_time(5)
        assert home.unlocks == ["live fingerprint 3"]


@pytest.mark.parametrize(("version", "keys"), [("3.1", False), ("3.3", True)])
async def test_who_plays_back_at_the_locks_address_gets_a_key_with_3_3(
    version: str, keys: bool
) -> None:
    async with house(version, max_clients=3) as home:
        frames = await record_a_finger(home)
        await home.pass_time(120, 1)
        async with stranger(home.simulated.port, playing_back(*frames), "127.0.0.1") as one:
            unlocking = asyncio.create_task(home.lock.unlock())
            home.hint()
            await home.pass_time(40)
            with pytest.raises(LockError):
                await unlocking
            assert bool(one.controls) is keys
        assert home.unlocks == ["live fingerprint 3"]
        assert home.lock.snapshot.bolt.locked is None
        assert home.simulated.openings == ["fingerprint 3"]


def pushed(version: str, number: int, sent: float | None) -> bytes:
    """Return a push of a finger as it was recorded; `sent`: the lock's time in it, if any."""
    body = {"devId": DEVICE_ID, "dps": {"1": number}}
    if sent is not None:
        body["t"] = int(sent)
    raw = json.dumps(body, separators=(",", ":")).encode()
    return wire.encode(version, LOCAL_KEY.encode(), Command.STATUS, number, raw)


async def play(home: House, frame: bytes, host: str) -> None:
    """Play one frame back in a connection of its own, and let what it causes be decided."""

    async def serve(visit: Visit) -> None:
        visit.send(frame)
        async for _ in visit.frames():
            pass

    async with stranger(home.simulated.port, serve, host) as one:
        home.hint(host)
        await home.until(lambda: one.connections > 0)
        await home.pass_time(5)
    await home.pass_time(20, 1)


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("dated", [False, True], ids=["never dated", "dated before"])
async def test_a_recording_of_a_lock_that_never_dates_its_pushes_looks_new(
    version: str, dated: bool
) -> None:
    async with house(version, max_clients=3) as home:
        if dated:
            await prove(home)
        for expected in (1, 2):
            await play(home, pushed(version, 3, None), "127.0.0.1")
            assert len(home.unlocks) == (0 if dated else expected)
            home.clock.move(DAY)


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(
    ("host", "pace", "expected"),
    [("127.0.0.1", 320, 1), ("127.0.0.1", 200, 0), ("127.0.0.1", 1000, 0), (ADDRESS, 320, 0)],
    ids=["its own pace", "too short", "another pace", "his address"],
)
async def test_a_recording_of_more_than_ten_minutes_looks_like_a_clock_that_was_set_back(
    version: str, host: str, pace: float, expected: int
) -> None:
    recorded_every = 200 if pace == 200 else 320
    async with house(version, max_clients=3) as home:
        await prove(home)
        begun = home.clock.time()
        for number in range(3):
            home.clock.move(begun + number * pace - home.clock.time())
            sent = begun - DAY + number * recorded_every
            await play(home, pushed(version, 3 + number, sent), host)
        assert len(home.unlocks) == expected


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(("is_set", "expected"), [(False, 1), (True, 0)])
async def test_a_recording_that_was_never_heard_looks_new_while_our_clock_is_not_set(
    version: str, is_set: bool, expected: int
) -> None:
    async with house(version, max_clients=3) as home:
        await prove(home)
        missed = home.clock.time() + 3600
        home.clock.move(DAY)
        # Home Assistant starts again.
        home.lock.move(home.lock.address)
        if not is_set:
            home.clock.set_by = 60 - home.clock.time()
        await play(home, pushed(version, 3, missed), "127.0.0.1")
        assert len(home.unlocks) == expected


def renumbered(raw: bytes) -> bytes:
    """Return a frame of 3.1 or 3.3 with another number, which nothing protects; others as is."""
    if is_new(raw) or len(raw) < 28:
        return raw
    body = raw[:4] + bytes(3) + b"\x63" + raw[8:-8]
    return body + zlib.crc32(body).to_bytes(4) + wire.OLD_SUFFIX


@pytest.mark.parametrize(("version", "told"), [("3.1", 2), ("3.3", 2), ("3.4", 1), ("3.5", 1)])
async def test_a_man_in_the_middle_can_double_what_a_lock_of_3_1_or_3_3_reports(
    version: str, told: int
) -> None:
    async with house(version, address={"host": ADDRESS}, max_clients=3) as home:
        await home.simulated.wake()

        async def serve(visit: Visit) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", home.simulated.port)

            async def back() -> None:
                while chunk := await reader.read(65536):
                    visit.send(chunk)
                    if home.unlocks:
                        visit.send(renumbered(chunk) if version in OLD else chunk)

            returning = asyncio.create_task(back())
            try:
                async for raw in visit.frames():
                    writer.write(raw)
            finally:
                returning.cancel()
                writer.close()

        async with stranger(home.simulated.port, serve):
            home.hint(ADDRESS, version, sender="")
            await home.pass_time(1)
            await home.simulated.push({"201": 0})
            await home.hurry_until(lambda: home.lock.snapshot.awake)
            home.clock.move(4)
            for number in (3, 4):
                await home.simulated.finger(number)
                await home.hurry_until(lambda number=number: len(home.unlocks) >= number - 2)
            await home.pass_time(3)
        assert home.unlocks == ["live fingerprint 3"] + ["live fingerprint 4"] * told
