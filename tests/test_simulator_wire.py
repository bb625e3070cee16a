"""The simulator's own codec."""

from hypothesis import example, given, strategies as st
import pytest

from tests.simulator import wire
from tests.simulator.wire import Command

VERSIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")


bodies = st.binary(max_size=200)
keys = st.binary(min_size=16, max_size=16)
commands = st.sampled_from([int(one) for one in Command])
numbers = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize("version", VERSIONS)
@given(key=keys, command=commands, sequence=numbers, body=bodies, code=st.none() | numbers)
@example(key=b"k" * 16, command=8, sequence=1, body=b"3.43.53.33.1" + bytes(40), code=0)
def test_a_frame_survives_any_split(
    version: str, key: bytes, command: int, sequence: int, body: bytes, code: int | None
) -> None:
    raw = wire.encode(version, key, command, sequence, body, retcode=code)
    for at in range(len(raw)):
        first, rest = wire.split(raw[:at])
        assert first is None
        whole, left = wire.split(rest + raw[at:])
        assert (whole, left) == (raw, b"")
    frame = wire.decode(version, key, raw, retcode=code is not None)
    assert frame == wire.Frame(command, sequence, body, code)


@pytest.mark.parametrize("version", VERSIONS)
@given(noise=st.binary(max_size=40), bodies=st.lists(bodies, min_size=1, max_size=3))
def test_frames_are_found_behind_noise(version: str, noise: bytes, bodies: list[bytes]) -> None:
    if wire.OLD_PREFIX in noise or wire.NEW_PREFIX in noise:
        return
    frames = [wire.encode(version, b"k" * 16, 9, 1, body) for body in bodies]
    rest = noise + b"".join(frames)
    for frame in frames:
        found, rest = wire.split(rest)
        assert found == frame
    assert rest == b""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_frame_is_no_frame(version: str) -> None:
    raw = wire.encode(version, b"k" * 16, Command.CONTROL, 1, b"{}")
    with pytest.raises(wire.WireError):
        wire.decode(version, b"k" * 16, wire.spoil(raw))
    with pytest.raises(wire.WireError):
        wire.decode(version, b"x" * 16, raw)


@pytest.mark.parametrize(
    ("version", "size"), [("3.1", 12), ("3.3", 12), ("3.4", 0x28), ("3.5", 32)]
)
@pytest.mark.parametrize("command", [Command.HEARTBEAT, Command.CONTROL_NEW])
def test_an_empty_answer_is_truly_empty(version: str, size: int, command: Command) -> None:
    raw = wire.encode(version, b"k" * 16, command, 1, retcode=0)
    assert len(raw) == (18 + size + 4 if version == "3.5" else 16 + size)
    assert size.to_bytes(4) in raw[:18]
