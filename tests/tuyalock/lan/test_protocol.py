"""Frames and ciphers, against the codec that the simulator has of its own."""

from collections.abc import Iterable
import hmac
from itertools import pairwise
import json
import struct
import zlib

from hypothesis import given, settings, strategies as st
import pytest
from tinytuya.core.crypto_helper import AESCipher
from tinytuya.core.message_helper import TuyaMessage, pack_message, unpack_message

from custom_components.tuya_wifi_lock.tuyalock.exceptions import MalformedFrame, WrongKey
from custom_components.tuya_wifi_lock.tuyalock.lan import protocol
from custom_components.tuya_wifi_lock.tuyalock.lan.protocol import (
    MAX_FRAME,
    Command,
    Frame,
    codec_of,
)
from tests.simulator import wire

KEY, OTHER_KEY = b"0123456789abcdef", b"fedcba9876543210"
BODY = b'{"dps":{"1":3}}'
HOST_ORDER = 0x01000000

versions = pytest.mark.parametrize("version", protocol.VERSIONS)

OLD_COMMANDS = (Command.CONTROL, Command.QUERY, Command.HEARTBEAT)
NEW_COMMANDS = (
    Command.HANDSHAKE_START,
    Command.HANDSHAKE_RESPONSE,
    Command.HANDSHAKE_FINISH,
    Command.CONTROL_NEW,
    Command.QUERY_NEW,
    Command.HEARTBEAT,
)
WITHOUT_HANDSHAKE = {"3.1", "3.2", "3.3"}
COMMANDS = {
    version: OLD_COMMANDS if version in WITHOUT_HANDSHAKE else NEW_COMMANDS
    for version in protocol.VERSIONS
}

keys = st.binary(min_size=16, max_size=16)
sequences = st.integers(0, 0xFFFFFFFF)
json_bodies = st.text(max_size=150).map(lambda rest: b"{" + rest.encode())
some_bodies = st.sampled_from([BODY, b"", b"json obj data unvalid", b"{}"]) | json_bodies


def checked(payload: bytes, command: int = Command.STATUS) -> bytes:
    """Wrap a payload as anybody can: the check sum of 3.1 and 3.3 needs no key."""
    head = wire.OLD_PREFIX + struct.pack(">III", 0, command, len(payload) + 8)
    return head + payload + zlib.crc32(head + payload).to_bytes(4) + wire.OLD_SUFFIX


def feed(pieces: Iterable[bytes]) -> tuple[list[bytes], bytearray]:
    """Return the frames of a stream that comes in pieces, and what is left."""
    buffer, out = bytearray(), []
    for piece in pieces:
        buffer += piece
        out += protocol.split(buffer)
    return out, buffer


def read(version: str, data: bytes, key: bytes = KEY) -> list[Frame]:
    """Read a stream as a connection does."""
    return [codec_of(version, key).decode(raw) for raw in protocol.split(bytearray(data))]


def test_commands_have_the_vendor_s_numbers() -> None:
    theirs = {
        "HANDSHAKE_START": wire.Command.START,
        "HANDSHAKE_RESPONSE": wire.Command.RESPONSE,
        "HANDSHAKE_FINISH": wire.Command.FINISH,
        "ANNOUNCEMENT": wire.Command.ANNOUNCE,
    }
    for name, command in Command.__members__.items():
        assert command == theirs.get(name, wire.Command.__members__.get(name)), name


# From us to the lock


@versions
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_the_lock_reads_what_we_send(version: str, data: st.DataObject) -> None:
    key, sequence = data.draw(keys), data.draw(sequences)
    command = data.draw(st.sampled_from(COMMANDS[version]))
    body = data.draw(st.binary(max_size=200))
    raw = codec_of(version, key).encode(sequence, command, body)
    assert wire.decode(version, key, raw) == wire.Frame(command, sequence, body)
    assert list(protocol.split(bytearray(raw))) == [raw]


@versions
def test_the_lock_does_not_read_what_we_send_with_another_key(version: str) -> None:
    command = COMMANDS[version][0]
    with pytest.raises(wire.WireError):
        wire.decode(version, OTHER_KEY, codec_of(version, KEY).encode(1, command, bytes(48)))


@versions
def test_only_commands_that_change_something_carry_the_version(version: str) -> None:
    control = Command.CONTROL if version in WITHOUT_HANDSHAKE else Command.CONTROL_NEW
    lengths = {
        command: len(codec_of(version, KEY).encode(1, command, bytes(40)))
        for command in (control, Command.HEARTBEAT)
    }
    assert lengths[control] > lengths[Command.HEARTBEAT]


def test_version_31_sends_questions_in_the_clear_and_commands_signed() -> None:
    assert BODY in codec_of("3.1", KEY).encode(1, Command.QUERY, BODY)
    signed = codec_of("3.1", KEY).encode(1, Command.CONTROL, BODY)
    assert BODY not in signed
    assert signed[16:19] == b"3.1"


def test_no_nonce_is_used_twice() -> None:
    nonces = {codec_of("3.5", KEY).encode(1, Command.HEARTBEAT, b"{}")[18:30] for _ in range(20)}
    nonces |= {protocol.ask("192.0.2.1")[18:30] for _ in range(20)}
    assert len(nonces) == 40


# From the lock to us


@versions
@pytest.mark.parametrize("command", [Command.STATUS, Command.QUERY, Command.QUERY_NEW])
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_we_read_what_the_lock_sends(version: str, command: Command, data: st.DataObject) -> None:
    key, sequence = data.draw(keys), data.draw(sequences)
    body = data.draw(some_bodies)
    retcode = data.draw(st.sampled_from([None, 0, 1, 0xFF, HOST_ORDER]))
    serial = data.draw(sequences)
    raw = wire.encode(version, key, command, sequence, body, retcode=retcode, serial=serial)
    ciphered = {
        "3.1": bool(body) and command is Command.STATUS,
        "3.2": bool(body),
        "3.3": bool(body),
        "3.4": True,
        "3.5": True,
    }
    headed = body and command is Command.STATUS and version in {"3.2", "3.3"}
    said = version if headed else None
    assert read(version, raw, key) == [Frame(command, body, ciphered[version], said)]


@pytest.mark.parametrize(("spoken", "theirs"), [("3.2", "3.3"), ("3.3", "3.2")])
def test_a_report_of_32_says_so_and_is_read_as_one_of_33(spoken: str, theirs: str) -> None:
    raw = wire.encode(theirs, KEY, Command.STATUS, 1, BODY, retcode=0)
    assert read(spoken, raw) == [Frame(Command.STATUS, BODY, ciphered=True, version=theirs)]


@pytest.mark.parametrize("version", ["3.2", "3.3"])
def test_a_complaint_in_clear_text_is_read_and_counts_for_nothing(version: str) -> None:
    raw = checked(b"\0\0\0\1data format error", Command.QUERY)
    assert read(version, raw) == [Frame(Command.QUERY, b"data format error", ciphered=False)]


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@given(nonce=st.binary(min_size=48, max_size=48).filter(lambda nonce: nonce[0]))
@settings(deadline=None, max_examples=50)
def test_we_read_the_lock_s_part_of_the_handshake(version: str, nonce: bytes) -> None:
    raw = wire.encode(version, KEY, Command.HANDSHAKE_RESPONSE, 7, nonce, retcode=0)
    assert read(version, raw) == [Frame(Command.HANDSHAKE_RESPONSE, nonce, ciphered=True)]


@versions
def test_a_long_report_is_read(version: str) -> None:
    body = b'{"dps":{"57":"' + b"A" * 4000 + b'"}}'
    raw = wire.encode(version, KEY, Command.STATUS, 1, body, retcode=0)
    assert read(version, raw)[0].payload == body


@versions
def test_a_frame_with_nothing_in_it_is_read(version: str) -> None:
    raw = wire.encode(version, KEY, Command.HEARTBEAT, 1, retcode=0)
    ciphered = version in {"3.4", "3.5"}
    assert read(version, raw) == [Frame(Command.HEARTBEAT, b"", ciphered)]


def test_a_retcode_of_another_kind_is_taken_for_payload() -> None:
    for start in (b"\0\0\1\0", b"\2\0\0\0"):
        assert read("3.1", checked(start + BODY))[0].payload == start + BODY


def test_version_33_finds_its_header_in_the_cipher_as_well() -> None:
    inner = b"3.3" + b"\xff" * 12 + BODY
    raw = wire.encode("3.3", KEY, Command.QUERY, 1, inner, retcode=0)
    assert read("3.3", raw)[0].payload == BODY


# Damage, noise and strangers


@versions
def test_no_flipped_bit_is_believed(version: str) -> None:
    raw = wire.encode(version, KEY, Command.STATUS, 1, BODY, retcode=0)
    assert len(read(version, raw)) == 1
    for bit in range(len(raw) * 8):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            accepted = read(version, damaged)
        except MalformedFrame:
            accepted = []
        assert accepted == []


@versions
def test_a_frame_that_was_cut_is_not_believed(version: str) -> None:
    raw = wire.encode(version, KEY, Command.STATUS, 1, BODY, retcode=0)
    header = 18 if version == "3.5" else 16
    for size in range(header, len(raw)):
        assert feed([raw[:size]]) == ([], raw[:size])
        with pytest.raises(MalformedFrame):
            codec_of(version, KEY).decode(raw[:size])


@versions
@pytest.mark.parametrize("sender", protocol.VERSIONS)
def test_another_version_is_never_understood(version: str, sender: str) -> None:
    if version == sender or {version, sender} <= WITHOUT_HANDSHAKE:
        return
    raw = wire.encode(sender, KEY, Command.STATUS, 1, BODY, retcode=0)
    with pytest.raises(MalformedFrame):
        read(version, raw)


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("3.1", WrongKey),
        ("3.2", WrongKey),
        ("3.3", WrongKey),
        ("3.4", MalformedFrame),
        ("3.5", MalformedFrame),
    ],
)
def test_another_key_is_noticed(version: str, error: type[Exception]) -> None:
    raw = wire.encode(version, OTHER_KEY, Command.STATUS, 1, BODY, retcode=0)
    with pytest.raises(error):
        read(version, raw)


def test_a_frame_of_34_with_a_right_sum_and_no_cipher_is_no_report() -> None:
    head = wire.OLD_PREFIX + struct.pack(">III", 0, Command.STATUS, 15 + 36)
    data = head + b"in clear text, "
    raw = data + hmac.digest(KEY, data, "sha256") + wire.OLD_SUFFIX
    with pytest.raises(WrongKey):
        read("3.4", raw)


def test_another_key_is_noticed_even_if_it_leaves_a_good_padding() -> None:
    """One key in 256 does: in version 3.3, nothing else tells noise from a report."""
    raw = wire.encode("3.3", OTHER_KEY, Command.QUERY, 1, BODY, retcode=0)
    lucky = []
    for number in range(3000):
        key = b"%016d" % number
        try:
            wire.decode("3.3", key, raw, retcode=True)
        except wire.WireError:
            continue
        lucky.append(key)
    assert len(lucky) > 3
    for key in lucky:
        with pytest.raises(WrongKey):
            read("3.3", raw, key)


def test_a_31_report_needs_signature_and_cipher() -> None:
    raw = wire.encode("3.1", KEY, Command.STATUS, 1, BODY, retcode=0)
    payload = raw[20:-8]
    assert read("3.1", checked(payload))[0].payload == BODY
    with pytest.raises(WrongKey, match="not signed"):
        read("3.1", checked(payload[:3] + bytes(16) + payload[19:]))
    for text in (b"", b"AAAA", b"!", bytes(24)):
        signature = wire._signature_31(KEY, text)
        with pytest.raises(WrongKey, match="not decipher"):
            read("3.1", checked(b"3.1" + signature + text))


@pytest.mark.parametrize("payload", [b"3.3" + bytes(12), b"3.3", b"3.3" + bytes(13), b"\0\0\0\0x"])
def test_a_33_report_without_whole_blocks_does_not_decipher(payload: bytes) -> None:
    with pytest.raises(WrongKey):
        read("3.3", checked(payload))


# The stream


def random_frame(version: str, body: bytes) -> bytes:
    return wire.encode(version, KEY, Command.STATUS, 1, body, retcode=0)


streams = st.lists(st.builds(random_frame, st.sampled_from(protocol.VERSIONS), json_bodies))


@given(streams, st.lists(st.integers(0, 3000)))
@settings(deadline=None, max_examples=100)
def test_frames_survive_every_cut_of_the_stream(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(sent)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert feed(pieces) == (sent, b"")


def test_frames_survive_the_way_byte_by_byte() -> None:
    sent = [random_frame(version, BODY) for version in protocol.VERSIONS] * 2
    assert feed(bytes([byte]) for byte in b"".join(sent)) == (sent, b"")


@given(streams, st.data())
@settings(deadline=None, max_examples=40)
def test_what_is_left_of_a_stream_is_the_start_of_a_frame(
    sent: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(sent)
    cut = data.draw(st.integers(0, len(stream)))
    out, rest = feed([stream[:cut]])
    assert out == sent[: len(out)]
    assert b"".join(out) + rest == stream[:cut]
    assert not out[len(sent) :]
    assert len(out) == len(sent) or len(rest) < len(sent[len(out)])


@pytest.mark.parametrize(
    ("header", "more"),
    [(wire.OLD_PREFIX + bytes(8), 16), (wire.NEW_PREFIX + bytes(10), 18 + 4)],
)
def test_a_frame_may_be_as_long_as_the_buffer_is_allowed_to_grow(header: bytes, more: int) -> None:
    longest = header + (MAX_FRAME - more).to_bytes(4)
    assert feed([longest]) == ([], longest)
    whole = longest.ljust(MAX_FRAME, b"\0")
    assert feed([whole[:-1], whole[-1:]]) == ([whole], b"")
    too_long = header + (MAX_FRAME - more + 1).to_bytes(4)
    with pytest.raises(MalformedFrame, match=str(MAX_FRAME + 1)):
        feed([too_long])


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n", bytes(4), b"\0\0\x55\xab", b"\0\0\x66\x9a"]
)
def test_bytes_that_are_no_frame_end_it_at_once(noise: bytes) -> None:
    with pytest.raises(MalformedFrame):
        feed([noise])
    raw = random_frame("3.4", BODY)
    with pytest.raises(MalformedFrame):
        feed([raw + noise])


def test_what_came_before_the_noise_is_not_lost() -> None:
    raw = random_frame("3.4", BODY)
    stream = protocol.split(bytearray(raw + b"noise"))
    assert next(stream) == raw
    with pytest.raises(MalformedFrame):
        next(stream)


def sealed(payload: bytes, new: bool) -> bytes:
    """Wrap noise so that its check sum is right: with the key, or where none is needed."""
    if new:
        return wire.encode("3.5", KEY, Command.STATUS, 1, payload)
    return checked(payload)


noise = st.one_of(
    st.binary(max_size=100),
    st.builds(bytes.__add__, st.sampled_from([wire.OLD_PREFIX, wire.NEW_PREFIX]), st.binary()),
    st.builds(
        lambda head, length, rest: head + length.to_bytes(4) + rest,
        st.sampled_from([wire.OLD_PREFIX + bytes(8), wire.NEW_PREFIX + bytes(10)]),
        st.integers(0, 80),
        st.binary(min_size=80, max_size=100),
    ),
    st.builds(
        sealed,
        st.builds(
            bytes.__add__,
            st.sampled_from([b"", bytes(4), b"3.1", b"3.3", b"3.3" + bytes(12), b"3.5" + bytes(9)]),
            st.binary(max_size=60),
        ),
        st.booleans(),
    ),
)


@versions
@given(st.lists(noise, max_size=4))
@settings(deadline=None, max_examples=100)
def test_noise_never_raises_anything_unexpected(version: str, pieces: list[bytes]) -> None:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        try:
            for raw in protocol.split(buffer):
                assert isinstance(codec_of(version, KEY).decode(raw), Frame)
        except MalformedFrame, WrongKey:
            return
        assert len(buffer) < MAX_FRAME


# The handshake


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@given(keys, st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.binary())
@settings(deadline=None, max_examples=50)
def test_both_ends_agree_on_the_session_key(
    version: str, key: bytes, ours: bytes, theirs: bytes, padding: bytes
) -> None:
    response = theirs + wire.proof(key, ours) + padding
    finish, session = protocol.handshake(version, key, ours, response)
    assert finish == wire.proof(key, theirs)
    assert session == wire.session_key(version, key, ours, theirs)


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_lock_with_another_key_does_not_prove_ours(version: str) -> None:
    ours, theirs = bytes(range(16)), bytes(range(16, 32))
    with pytest.raises(WrongKey):
        protocol.handshake(version, KEY, ours, theirs + wire.proof(OTHER_KEY, ours))
    with pytest.raises(WrongKey):
        protocol.handshake(version, KEY, ours, theirs + wire.proof(KEY, theirs))


@pytest.mark.parametrize("size", [0, 16, 47])
def test_a_short_handshake_is_malformed(size: int) -> None:
    with pytest.raises(MalformedFrame, match=f"{size} bytes"):
        protocol.handshake("3.4", KEY, bytes(16), bytes(size))


@versions
@pytest.mark.parametrize("command", [Command.CONTROL, Command.QUERY])
def test_another_library_reads_our_frames_and_we_read_its(version: str, command: Command) -> None:
    key = KEY if version in {"3.4", "3.5"} else None
    ours = codec_of(version, KEY).encode(7, command, BODY)
    read = unpack_message(ours, hmac_key=key, no_retcode=True)
    assert (read.seqno, read.cmd, read.crc_good) == (7, command, True)
    prefix, nonce = (0x6699, bytes(range(12))) if version == "3.5" else (0x55AA, None)
    body = BODY if version in {"3.1", "3.5"} else AESCipher(KEY).encrypt(BODY, use_base64=False)
    theirs = pack_message(TuyaMessage(8, command, 0, body, 0, True, prefix, nonce), hmac_key=key)
    assert codec_of(version, KEY).decode(theirs).payload == BODY
    if version != "3.1":
        assert BODY in _deciphered(version, read.payload)


def _deciphered(version: str, payload: bytes) -> bytes:
    """Return what the other library deciphers; the header of 3.3 stands in the clear."""
    if version == "3.5":
        return payload
    ciphertext = payload[15:] if payload[:3] == version.encode() else payload
    return bytes(AESCipher(KEY).decrypt(ciphertext, use_base64=False, decode_text=False))


@pytest.mark.parametrize("rest", [0, 10, 27])
def test_a_frame_without_room_for_its_nonce_and_tag_is_malformed(rest: int) -> None:
    header = struct.pack(">IHIII", 0x6699, 0, 1, Command.STATUS, rest)
    with pytest.raises(MalformedFrame, match="too short"):
        codec_of("3.5", KEY).decode(header + bytes(rest) + bytes.fromhex("00009966"))


# UDP


ANNOUNCED = {"ip": "192.0.2.7", "gwId": "bf0001", "version": "3.3"}


@versions
def test_announcements_of_every_version_are_read(version: str) -> None:
    _, datagram = wire.announcement(version, json.dumps(ANNOUNCED).encode())
    assert protocol.announcement(datagram) == ANNOUNCED


def test_an_announcement_without_a_frame_is_read() -> None:
    clear = json.dumps(ANNOUNCED).encode()
    assert protocol.announcement(clear) == ANNOUNCED
    assert protocol.announcement(wire._ecb_padded(wire.UDP_KEY, clear)) == ANNOUNCED


def test_an_announcement_ends_at_its_first_nul() -> None:
    clear = json.dumps(ANNOUNCED).encode() + b"\0stale"
    assert protocol.announcement(wire.announcement("3.1", clear)[1]) == ANNOUNCED
    assert protocol.announcement(wire.announcement("3.3", clear)[1]) == ANNOUNCED


@versions
@pytest.mark.parametrize("body", [b"[1]", b"7", b'"text"', b"null", b"{", b"{}{}"])
def test_an_announcement_that_is_no_object_is_none(version: str, body: bytes) -> None:
    assert protocol.announcement(wire.announcement(version, body)[1]) is None


@versions
def test_a_damaged_announcement_is_none(version: str) -> None:
    _, datagram = wire.announcement(version, json.dumps(ANNOUNCED).encode())
    assert protocol.announcement(wire.spoil(datagram)) is None
    assert protocol.announcement(datagram[:-9]) is None


@given(noise | st.binary(max_size=16))
@settings(deadline=None, max_examples=300)
def test_no_datagram_raises_anything(datagram: bytes) -> None:
    assert isinstance(protocol.announcement(datagram), dict | None)


@pytest.mark.parametrize(
    "datagram",
    [b"", checked(b""), bytes(16), wire.NEW_PREFIX, wire.OLD_PREFIX, b'{"a":' * 12_000],
    ids=["nothing", "empty frame", "zeros", "new prefix", "old prefix", "deep"],
)
def test_datagrams_that_are_hardly_anything_are_none(datagram: bytes) -> None:
    assert protocol.announcement(datagram) is None


def test_the_lock_understands_our_question() -> None:
    asked = wire.asked(protocol.ask("192.0.2.1"))
    assert asked is not None
    assert json.loads(asked) == {"from": "app", "ip": "192.0.2.1"}
