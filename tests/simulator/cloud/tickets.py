"""Tickets: a key for one use, under which the digits of a password travel."""

from collections.abc import Callable
from dataclasses import dataclass, field
import secrets
import string
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .asked import Refusal

LASTS = 360
BLOCK = 16


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that has not been used."""

    device_id: str
    key: bytes = field(repr=False)
    end: float


class Tickets:
    """The tickets of one project."""

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        """Start with none."""
        self.secrets: list[str] = []
        self._secret, self._now = secret, now
        self._open: dict[str, Ticket] = {}

    def issue(self, device_id: str) -> dict[str, Any]:
        """Give one out for a device."""
        characters = string.ascii_letters + string.digits
        key = "".join(secrets.choice(characters) for _ in range(16)).encode()
        ticket_id = secrets.token_urlsafe(12)
        self._open[ticket_id] = Ticket(device_id, key, self._now() + LASTS)
        sealed = encrypt(self._secret.encode(), key).hex().upper()
        self.secrets += (ticket_id, key.decode(), sealed)
        return {"ticket_id": ticket_id, "ticket_key": sealed, "expire_time": LASTS}

    def spend(self, ticket_id: str, device_id: str) -> bytes:
        """Take a ticket, whatever comes of it, and return its key."""
        ticket = self._open.pop(ticket_id, None)
        if ticket is None or ticket.device_id != device_id or ticket.end <= self._now():
            raise Refusal(1109)
        return ticket.key


def encrypt(key: bytes, plain: bytes) -> bytes:
    """Encrypt with AES in ECB mode and PKCS 7 padding."""
    short = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(plain + bytes([short]) * short) + encryptor.finalize()


def digits(sealed: str, key: bytes, length: int) -> str:
    """Open an encrypted password of this length.

    Hex in upper case is taken, but the lock then stores other digits: one owner measured that.
    """
    try:
        cipher_text = bytes.fromhex(sealed)
        decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
        padded = decryptor.update(cipher_text) + decryptor.finalize()
    except ValueError as err:
        raise Refusal(1109) from err
    short = padded[-1] if padded else 0
    if not 1 <= short <= BLOCK or padded[-short:] != bytes([short]) * short:
        raise Refusal(1109)
    plain = padded[:-short]
    if len(plain) != length or not plain.isdigit():
        raise Refusal(1109)
    if sealed != sealed.lower():
        plain = bytes(ord("0") + ord("9") - digit for digit in plain)
    return plain.decode()
