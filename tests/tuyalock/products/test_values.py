"""Bytes of the raw DPs that a lock reports: captured payloads, and the layouts read by hand."""

from base64 import b64encode

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.tuya_wifi_lock.tuyalock.products.values import (
    decode_door_kit,
    decode_kit,
    decode_numbers,
    decode_raw,
)


def text(data: bytes) -> str:
    return b64encode(data).decode()


def test_captured_reports_of_an_access_control() -> None:
    assert decode_door_kit("AQAB") is True
    assert decode_kit("AAAAAgAA") == 2
    assert decode_door_kit("AQAC") is False


def test_the_captured_set_of_cards_names_the_card_that_opened() -> None:
    assert decode_numbers("AkA=") == {14}


@given(st.frozensets(st.integers(0, 2039)))
@settings(deadline=None, max_examples=100)
def test_numbers_are_bits_of_groups_that_count_from_one(numbers: frozenset[int]) -> None:
    groups = {number // 8 for number in numbers}
    bitmaps = {group: sum(1 << n % 8 for n in numbers if n // 8 == group) for group in groups}
    pairs = b"".join(bytes([group + 1, bitmap]) for group, bitmap in bitmaps.items())
    assert decode_numbers(text(pairs)) == numbers


def test_a_group_zero_names_nobody() -> None:
    assert decode_numbers(text(b"\x00\xff\x01\x01")) == {0}


def test_half_a_pair_of_numbers_is_none() -> None:
    assert decode_numbers(text(b"\1\1\2")) is None


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\0\0\0\7", 7), (b"\0\1\2\3\xff", 0x010203), (b"\1\0\0\0\0\0", 0x01000000)],
)
def test_the_number_of_a_kit_is_its_first_four_bytes(data: bytes, number: int) -> None:
    assert decode_kit(text(data)) == number


def test_a_short_kit_is_none() -> None:
    assert decode_kit(text(b"\0\0\2")) is None


@pytest.mark.parametrize(
    ("data", "is_open"),
    [
        (b"\1\1", True),
        (b"\1\2", False),
        (b"\1\0\1", True),
        (b"\1\0\2", False),
        (b"\1\0", None),
        (b"\2\1\3", None),
    ],
)
def test_the_last_byte_of_a_door_kit_says_it(data: bytes, is_open: bool | None) -> None:
    assert decode_door_kit(text(data)) is is_open


@pytest.mark.parametrize("size", [0, 1, 4])
def test_a_door_kit_of_another_size_is_none(size: int) -> None:
    assert decode_door_kit(text(bytes(size))) is None


# Base64


@given(st.binary(max_size=40))
@settings(deadline=None, max_examples=50)
def test_raw_gives_the_bytes(data: bytes) -> None:
    assert decode_raw(text(data)) == data


@pytest.mark.parametrize("garbled", ["AAA", "AA!B", "AAAB\n", "äöü", "AAA=B", "\ud800"])
def test_what_is_no_base64_says_nothing(garbled: str) -> None:
    assert decode_raw(garbled) == b""
    assert decode_kit(garbled) is None
    assert decode_door_kit(garbled) is None
