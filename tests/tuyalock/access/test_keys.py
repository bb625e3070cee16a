"""Bytes of the remote keys: captured payloads, and the layouts read a second time by hand."""

from base64 import b64decode, b64encode

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock.access.keys import KeyReply, KeyStatus, RemoteKey

ACCESS_CONTROL_KEY = RemoteKey(2, 0, 0x7FFFFFFF, 0xFFFF, b"TestKey1")
DOOR_LOCK_KEY = RemoteKey(1, 1_700_000_000, 2_000_000_000, 0xFFFF, b"12345678")


def text(data: bytes) -> str:
    return b64encode(data).decode()


@st.composite
def remote_keys(draw: st.DrawFn) -> RemoteKey:
    return RemoteKey(
        member=draw(st.integers(0, 0xFFFF)),
        start=draw(st.integers(0, 0xFFFFFFFF)),
        end=draw(st.integers(0, 0xFFFFFFFF)),
        uses=draw(st.integers(0, 0xFFFF)),
        key=draw(st.binary(min_size=8, max_size=8)),
    )


# Payloads of real locks


@pytest.mark.parametrize(
    ("key", "command"),
    [
        pytest.param(ACCESS_CONTROL_KEY, "AQACAAAAAH///////1Rlc3RLZXkx", id="captured-DP-8"),
        pytest.param(DOOR_LOCK_KEY, "AQABZVPxAHc1lAAAADEyMzQ1Njc4", id="unlimited-as-0000"),
    ],
)
def test_a_key_is_stored_as_the_cloud_stores_it(key: RemoteKey, command: str) -> None:
    uses = int.from_bytes(b64decode(command)[11:13])
    stored = RemoteKey(key.member, key.start, key.end, uses, key.key)
    assert stored.encode() == command


@pytest.mark.parametrize(
    ("key", "unlock", "command"),
    [
        pytest.param(ACCESS_CONTROL_KEY, True, "AQACVGVzdEtleTEAAQ==", id="captured-DP-9"),
        pytest.param(DOOR_LOCK_KEY, True, "AQABMTIzNDU2NzgAAQ==", id="unlock"),
        pytest.param(DOOR_LOCK_KEY, False, "AAABMTIzNDU2NzgAAQ==", id="lock"),
    ],
)
def test_a_key_is_used_as_the_app_uses_it(key: RemoteKey, unlock: bool, command: str) -> None:
    assert key.use(unlock=unlock) == command


@pytest.mark.parametrize(
    ("answer", "status", "member"),
    [
        pytest.param("AAAC", KeyStatus.DONE, 2, id="captured-DP-8-stored"),
        pytest.param("AAACLWU=", KeyStatus.DONE, 2, id="captured-DP-9-five-bytes"),
        pytest.param("AAAB", KeyStatus.DONE, 1, id="shadow-of-a-K7-DP-49"),
        pytest.param("AQAB", KeyStatus.FAILED, 1, id="status-1"),
        pytest.param("AgAB", KeyStatus.KEY_INVALID, 1, id="status-2"),
        pytest.param("AwAB", KeyStatus.USES_EXHAUSTED, 1, id="status-3"),
        pytest.param("BAAB", KeyStatus.OUTSIDE_TIME, 1, id="status-4"),
        pytest.param("BQAB", KeyStatus.WRONG_KEY, 1, id="status-5"),
        pytest.param("BgAB", KeyStatus.DOUBLE_LOCKED, 1, id="status-6"),
    ],
)
def test_an_answer_says_status_and_member(answer: str, status: KeyStatus, member: int) -> None:
    assert KeyReply.decode(answer) == KeyReply(status, member)


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param("AQABMTIzNDU2NzgAAQ==", id="13-bytes"),
        pytest.param(text(b64decode("AQABMTIzNDU2NzgAAQ==") + b"\1"), id="14-bytes-with-admin"),
        pytest.param("AQACAAAAAH///////1Rlc3RLZXkx", id="21-bytes"),
        pytest.param("AAABMTIzNDU2NzgAAQ==", id="13-bytes-that-start-like-a-success"),
    ],
)
def test_an_echo_of_our_command_says_nothing(echo: str) -> None:
    assert KeyReply.decode(echo) == KeyReply(None)


# The layouts, read by hand


@given(remote_keys())
@settings(deadline=None, max_examples=100)
def test_every_field_of_a_stored_key_is_at_its_place(key: RemoteKey) -> None:
    data = b64decode(key.encode(), validate=True)
    assert len(data) == 21
    assert data[0] == 1
    assert int.from_bytes(data[1:3], "big") == key.member
    assert int.from_bytes(data[3:7], "big") == key.start
    assert int.from_bytes(data[7:11], "big") == key.end
    assert int.from_bytes(data[11:13], "big") == key.uses
    assert data[13:] == key.key


@given(remote_keys(), st.booleans())
@settings(deadline=None, max_examples=100)
def test_every_field_of_a_used_key_is_at_its_place(key: RemoteKey, unlock: bool) -> None:
    data = b64decode(key.use(unlock=unlock), validate=True)
    assert len(data) == 13
    assert data[0] == (1 if unlock else 0)
    assert int.from_bytes(data[1:3], "big") == key.member
    assert data[3:11] == key.key
    assert data[11:] == b"\0\1"


@given(st.integers(0, 255), st.integers(0, 0xFFFF), st.sampled_from([b"", b"\x2d\x65"]))
@settings(deadline=None, max_examples=150)
def test_a_status_that_nobody_knows_is_a_failure(status: int, member: int, more: bytes) -> None:
    reply = KeyReply.decode(text(bytes([status]) + member.to_bytes(2, "big") + more))
    assert reply is not None
    assert reply.member == member
    assert reply.status == (status if status <= 6 else 1)


@pytest.mark.parametrize("size", sorted(set(range(40)) - {3, 5, 13, 14, 21}))
def test_a_key_answer_of_another_size_is_none(size: int) -> None:
    assert KeyReply.decode(text(bytes(size))) is None


# Base64


@pytest.mark.parametrize("garbled", ["AAA", "AA!B", "AAAB\n", "äöü", "AAA=B", "\ud800"])
def test_what_is_no_base64_is_refused(garbled: str) -> None:
    assert KeyReply.decode(garbled) is None


# Secrets


def test_a_key_has_no_string_form() -> None:
    for shown in (
        repr(DOOR_LOCK_KEY),
        str(DOOR_LOCK_KEY),
        f"{DOOR_LOCK_KEY}",
        f"{[DOOR_LOCK_KEY]}",
    ):
        assert "12345678" not in shown
        assert "member=1" in shown
