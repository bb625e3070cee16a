"""How the calls to the gateway of the app accounts are signed and encrypted.

The keys of a call come from its id and the refresh token of the account.
"""

import base64
from collections.abc import Mapping
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIGNED = ("X-appKey", "X-requestId", "X-sid", "X-time", "X-token")


class Seal:
    """What signs and encrypts one call and its answer."""

    def __init__(self, request_id: str, refresh_token: str) -> None:
        """Make the keys."""
        self._key = hashlib.md5(f"{request_id}{refresh_token}".encode()).hexdigest().encode()
        self._cipher = AESGCM(_digest(request_id.encode(), self._key)[:16].encode())

    def sign(self, headers: Mapping[str, str], sealed: str) -> str:
        """Sign the headers that are there, and what is encrypted."""
        named = "||".join(f"{name}={headers[name]}" for name in SIGNED if headers.get(name))
        return _digest(self._key, f"{named}{sealed}".encode())

    def read(self, sealed: str) -> Any:
        """Decrypt: Base64 of a nonce of 12 bytes, then Base64 of the rest."""
        nonce, rest = base64.b64decode(sealed[:16]), base64.b64decode(sealed[16:])
        return json.loads(self._cipher.decrypt(nonce, rest, None))

    def write(self, value: object) -> str:
        """Encrypt: Base64 of everything."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, json.dumps(value).encode(), None)
        return base64.b64encode(nonce + sealed).decode()


def _digest(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()
