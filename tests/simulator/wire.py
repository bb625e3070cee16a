"""The LAN wire format of Tuya devices, protocol 3.1 to 3.5, seen from the device."""

import base64
import binascii
from dataclasses import dataclass
from enum import IntEnum
import hashlib
import hmac
import os
import struct
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

VERSIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")
OLD_VERSIONS = ("3.1", "3.2", "3.3")
"""Versions without a handshake. 3.2 is 3.3 with another number in its headers."""
OLD_PREFIX, OLD_SUFFIX = b"\x00\x00\x55\xaa", b"\x00\x00\xaa\x55"
NEW_PREFIX, NEW_SUFFIX = b"\x00\x00\x66\x99", b"\x00\x00\x99\x66"
OLD_HEAD, NEW_HEAD = 16, 18
HEADER_SIZE = 15
MAX_LENGTH = 4096
UDP_KEY = hashlib.md5(b"yGAdlopoPVldABfn").digest()


class Command(IntEnum):
    """Frame types."""

    START = 0x03
    RESPONSE = 0x04
    FINISH = 0x05
    CONTROL = 0x07
    STATUS = 0x08
    HEARTBEAT = 0x09
    QUERY = 0x0A
    CONTROL_NEW = 0x0D
    QUERY_NEW = 0x10
    UPDATE = 0x12
    ANNOUNCE = 0x13
    ANNOUNCE_34 = 0x23
    ASK = 0x25


WITH_HEADER = {Command.CONTROL, Command.CONTROL_NEW, Command.STATUS}
HANDSHAKE = {Command.START, Command.RESPONSE, Command.FINISH}


class WireError(Exception):
    """A frame that is damaged, or was made with another key or version."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, decoded."""

    command: int
    sequence: int
    body: bytes
    retcode: int | None = None


def encode(
    version: str,
    key: bytes,
    command: int,
    sequence: int,
    body: bytes = b"",
    *,
    retcode: int | None = None,
    serial: int = 0,
) -> bytes:
    """Return the frame; a device gives a retcode, a client gives none."""
    code = b"" if retcode is None else retcode.to_bytes(4)
    if version == "3.5":
        return _encode_new(key, command, sequence, code + _headed(version, command, body, serial))
    data = code + _seal(version, key, command, body, serial)
    mac_size = 32 if version == "3.4" else 4
    head = OLD_PREFIX + struct.pack(">III", sequence, command, len(data) + mac_size + 4)
    return head + data + _mac(version, key, head + data) + OLD_SUFFIX


def decode(version: str, key: bytes, raw: bytes, *, retcode: bool = False) -> Frame:
    """Return what a whole frame says, or raise WireError."""
    if raw[:4] != (NEW_PREFIX if version == "3.5" else OLD_PREFIX):
        raise WireError("prefix of another version")
    if version == "3.5":
        sequence, command, _ = struct.unpack(">III", raw[6:NEW_HEAD])
        data = _open_gcm(key, raw[NEW_HEAD:-4], raw[4:NEW_HEAD])
    else:
        sequence, command, _ = struct.unpack(">III", raw[4:OLD_HEAD])
        end = len(raw) - 4 - (32 if version == "3.4" else 4)
        if end < OLD_HEAD or not hmac.compare_digest(_mac(version, key, raw[:end]), raw[end:-4]):
            raise WireError("checksum")
        data = raw[OLD_HEAD:end]
    code: int | None = None
    if retcode:
        if len(data) < 4:
            raise WireError("no retcode")
        code, data = int.from_bytes(data[:4]), data[4:]
    body = (
        _unheaded(version, command, data)
        if version == "3.5"
        else _unseal(version, key, command, data)
    )
    return Frame(command, sequence, body, code)


def is_intact(raw: bytes) -> bool:
    """Tell whether the check sum of a frame without a handshake is right, whatever its key."""
    return raw[:4] == OLD_PREFIX and zlib.crc32(raw[:-8]).to_bytes(4) == raw[-8:-4]


def complaint(raw: bytes, text: bytes) -> bytes:
    """Return an answer to a frame that does not decipher: in clear text, with return code 1."""
    data = (1).to_bytes(4) + text
    head = OLD_PREFIX + raw[4:12] + (len(data) + 8).to_bytes(4) + data
    return head + zlib.crc32(head).to_bytes(4) + OLD_SUFFIX


def split(buffer: bytes) -> tuple[bytes | None, bytes]:
    """Return the first whole frame, if there is one, and what is left; skip noise."""
    while True:
        starts = [at for at in (buffer.find(OLD_PREFIX), buffer.find(NEW_PREFIX)) if at >= 0]
        if not starts:
            return None, buffer[-3:]
        buffer = buffer[min(starts) :]
        new = buffer[:4] == NEW_PREFIX
        head, extra = (NEW_HEAD, 4) if new else (OLD_HEAD, 0)
        if len(buffer) < head:
            return None, buffer
        length = int.from_bytes(buffer[head - 4 : head])
        total = head + length + extra
        if length > MAX_LENGTH or length < 8:
            buffer = buffer[4:]
        elif len(buffer) < total:
            return None, buffer
        elif buffer[total - 4 : total] != (NEW_SUFFIX if new else OLD_SUFFIX):
            buffer = buffer[4:]
        else:
            return buffer[:total], buffer[total:]


def spoil(frame: bytes) -> bytes:
    """Return the frame with a wrong checksum."""
    return frame[:-5] + bytes([frame[-5] ^ 0xFF]) + frame[-4:]


def text_of(body: bytes) -> bytes:
    """Cut at the first NUL: clients in C send stale bytes behind it."""
    return body.split(b"\0", 1)[0]


# Handshake of 3.4 and 3.5


def proof(local_key: bytes, nonce: bytes) -> bytes:
    """Return the proof that its sender holds the local key."""
    return hmac.digest(local_key, nonce, "sha256")


def session_key(version: str, local_key: bytes, client_nonce: bytes, device_nonce: bytes) -> bytes:
    """Return the key of a session."""
    mixed = bytes(a ^ b for a, b in zip(client_nonce, device_nonce, strict=True))
    if version == "3.4":
        return _ecb(local_key, mixed)
    return AESGCM(local_key).encrypt(client_nonce[:12], mixed, None)[:16]


def device_nonce(version: str, local_key: bytes, client_nonce: bytes, *, unlucky: bool) -> bytes:
    """Return a nonce as devices make it, 16 hex characters.

    Of a real one, one session key in 256 starts with a zero byte; here it is an unlucky one's.
    """
    while True:
        nonce = os.urandom(8).hex().encode()
        first = session_key(version, local_key, client_nonce, nonce)[0]
        if unlucky and version == "3.5":
            # GCM is a stream: one byte of the nonce decides one byte of the key.
            return bytes([nonce[0] ^ first]) + nonce[1:]
        if unlucky == (first == 0):
            return nonce


# UDP


def announcement(version: str, body: bytes) -> tuple[int, bytes]:
    """Return the port and the datagram that announce a device."""
    if version == "3.1":
        return 6666, encode("3.1", b"", 0, 0, body, retcode=0)
    if version == "3.5":
        return 6667, encode("3.5", UDP_KEY, Command.ANNOUNCE, 0, body, retcode=0)
    command = Command.ANNOUNCE if version in OLD_VERSIONS else Command.ANNOUNCE_34
    return 6667, encode("3.3", UDP_KEY, command, 0, body, retcode=0)


def asked(datagram: bytes) -> bytes | None:
    """Return the body of a request for announcements, or None for anything else."""
    try:
        frame = decode("3.5", UDP_KEY, datagram)
    except WireError, struct.error:
        return None
    return text_of(frame.body) if frame.command == Command.ASK else None


def ask(body: bytes) -> bytes:
    """Return the request for announcements, as an app broadcasts it."""
    return encode("3.5", UDP_KEY, Command.ASK, 0, body)


# Ciphers


def _mac(version: str, key: bytes, data: bytes) -> bytes:
    if version == "3.4":
        return hmac.digest(key, data, "sha256")
    return zlib.crc32(data).to_bytes(4)


def _ecb(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(AES(key), ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _ecb_padded(key: bytes, data: bytes) -> bytes:
    padder = PKCS7(128).padder()
    return _ecb(key, padder.update(data) + padder.finalize())


def _ecb_open(key: bytes, data: bytes) -> bytes:
    if len(data) % 16:
        raise WireError("not whole blocks")
    decryptor = Cipher(AES(key), ECB()).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError as err:
        raise WireError("padding") from err


def _encode_new(key: bytes, command: int, sequence: int, clear: bytes) -> bytes:
    nonce = os.urandom(12)
    head = struct.pack(">HIII", 0, sequence, command, len(clear) + 28)
    return NEW_PREFIX + head + nonce + AESGCM(key).encrypt(nonce, clear, head) + NEW_SUFFIX


def _open_gcm(key: bytes, data: bytes, head: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(data[:12], data[12:], head)
    except (InvalidTag, ValueError) as err:
        raise WireError("tag") from err


def _headed(version: str, command: int, body: bytes, serial: int) -> bytes:
    if not body or command not in WITH_HEADER:
        return body
    return version.encode() + struct.pack(">III", 0, serial, 1) + body


def _unheaded(version: str, command: int, data: bytes) -> bytes:
    headed = command in WITH_HEADER and data.startswith(version.encode())
    return data[HEADER_SIZE:] if headed else data


def _seal(version: str, key: bytes, command: int, body: bytes, serial: int) -> bytes:
    # An empty body has no padding block, not even on 3.4.
    if not body:
        return b""
    if version == "3.1":
        return _sign_31(key, body) if command in WITH_HEADER else body
    if version == "3.4":
        return _ecb_padded(key, _headed(version, command, body, serial))
    return _headed(version, command, _ecb_padded(key, body), serial)


def _unseal(version: str, key: bytes, command: int, data: bytes) -> bytes:
    if not data:
        return b""
    if version == "3.1":
        return _verify_31(key, data) if command in WITH_HEADER else data
    if version == "3.4":
        return _unheaded(version, command, _ecb_open(key, data))
    return _ecb_open(key, _unheaded(version, command, data))


def _signature_31(key: bytes, text: bytes) -> bytes:
    signed = b"data=" + text + b"||lpv=3.1||" + key
    return hashlib.md5(signed).hexdigest()[8:24].encode()


def _sign_31(key: bytes, body: bytes) -> bytes:
    text = base64.b64encode(_ecb_padded(key, body))
    return b"3.1" + _signature_31(key, text) + text


def _verify_31(key: bytes, data: bytes) -> bytes:
    text = data[19:]
    if data[:3] != b"3.1" or not hmac.compare_digest(data[3:19], _signature_31(key, text)):
        raise WireError("signature")
    try:
        return _ecb_open(key, base64.b64decode(text, validate=True))
    except binascii.Error as err:
        raise WireError("base64") from err
