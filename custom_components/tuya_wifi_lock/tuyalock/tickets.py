"""Tuya's tickets: how the digits of a password travel to the cloud.

A ticket has a key of 16 characters, which only the access secret opens. It lives a few minutes and
is good for one use.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .exceptions import CloudRefused

_BLOCK_BITS = 128
_KEY_SIZE = 16
_BAD_TICKET = 1109


def open_ticket(access_secret: str, ticket_key: str) -> bytes:
    """Return the key in a ticket: AES-256-ECB under the whole access secret, in hex."""
    try:
        decryptor = _cipher(access_secret.encode()).decryptor()
        padded = decryptor.update(bytes.fromhex(ticket_key)) + decryptor.finalize()
        padding = PKCS7(_BLOCK_BITS).unpadder()
        key = padding.update(padded) + padding.finalize()
    except (TypeError, ValueError) as error:
        raise CloudRefused(_BAD_TICKET) from error
    if len(key) != _KEY_SIZE:
        raise CloudRefused(_BAD_TICKET)
    return key


def seal(code: str, key: bytes) -> str:
    """Return the digits of a password under the key of a ticket.

    The hex is in lower case: the cloud takes upper case too, but the lock then stores another
    password.
    """
    padding = PKCS7(_BLOCK_BITS).padder()
    padded = padding.update(code.encode()) + padding.finalize()
    encryptor = _cipher(key).encryptor()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    """Return AES as Tuya uses it here: each block by itself."""
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
