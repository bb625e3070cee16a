"""The vectors of Tuya's tickets, and tickets that are none."""

import pytest

from custom_components.tuya_wifi_lock.tuyalock.exceptions import Cause, CloudRefused
from custom_components.tuya_wifi_lock.tuyalock.tickets import open_ticket, seal

SECRET = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
TICKET_KEY = "E8EACE19C6075C139FE8452771A6CF7F9173247C8D56147E406EBA159F6E577A"
SHORT_KEY = "EB43C8D56774797EBCBC7F528BB566E8"
"""The key `short` under the same secret."""


@pytest.mark.parametrize(
    ("secret", "ticket_key", "key", "sealed"),
    [
        (SECRET, TICKET_KEY, b"0123456789abcdef", "8f8ad3f0cfd6eca192126e4ad28a73f2"),
        (
            "0123456789abcdef0123456789abcdef",
            "676A3814D4512307E7A5EBBB3983D27C8AA36241FDE8DF054DC325C6C695B89E",
            b"ABCDEFGHIJKLMNOP",
            "12A879A76363F4BEB8458B9529C9CEE7".lower(),
        ),
    ],
)
def test_a_password_is_sealed_as_the_vectors_say(
    secret: str, ticket_key: str, key: bytes, sealed: str
) -> None:
    assert open_ticket(secret, ticket_key) == key
    assert open_ticket(secret, ticket_key.lower()) == key
    assert seal("1234567", key) == sealed


@pytest.mark.parametrize(
    ("secret", "ticket_key"),
    [
        pytest.param(SECRET, "not hex", id="no hex"),
        pytest.param(SECRET, None, id="no text"),
        pytest.param(SECRET, TICKET_KEY[:-2], id="no whole block"),
        pytest.param(SECRET, TICKET_KEY[:32], id="no padding"),
        pytest.param("short", TICKET_KEY, id="secret of a wrong length"),
        pytest.param(SECRET[::-1], TICKET_KEY, id="another secret"),
        pytest.param(SECRET, "", id="nothing"),
        pytest.param(SECRET, SHORT_KEY, id="key of a wrong length"),
    ],
)
def test_a_ticket_that_cannot_be_opened_is_a_bad_value(secret: str, ticket_key: str) -> None:
    with pytest.raises(CloudRefused) as refused:
        open_ticket(secret, ticket_key)
    assert refused.value.code == 1109
    assert refused.value.cause is Cause.BAD_VALUE
    assert SECRET not in repr(refused.value)
