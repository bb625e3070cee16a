"""Frames, ciphers and JSON bodies of the LAN protocol.

Connections use encode, split, decode, handshake and
parse_body and report_in, datagrams use announcement and ask.

55AA frame (3.1, 3.3, 3.4): prefix, sequence number, command, length, then in frames from the lock
a return code, the payload, a CRC32 (3.4: HMAC-SHA256) and a suffix. 6699 frame (3.5): the same
header with two more bytes, a nonce, the AES-GCM ciphertext of return code and payload, and a tag.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
import hashlib
import hmac
import json
import os
import struct
from typing import Any
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from ..exceptions import MalformedFrame, WrongKey
from ..models import Item, Report, Source

VERSIONS = ("3.5", "3.4", "3.3", "3.2", "3.1")
"""The protocol versions that we speak, newest first."""
_LIKE_33 = {"3.2", "3.3"}
"""3.2 is 3.3 with another number in the headers."""

MAX_FRAME = 16384
"""Bytes; the largest frame that Tuya's own device code sends is 4096."""

_PREFIX_55AA = 0x000055AA
_PREFIX_6699 = 0x00006699
_SUFFIX_55AA = 0x0000AA55
_SUFFIX_6699 = 0x00009966
_HEADER_55AA = struct.Struct(">IIII")
_HEADER_6699 = struct.Struct(">IHIII")
_SUFFIX, _CRC, _HMAC, _NONCE, _TAG = 4, 4, 32, 12, 16
"""Bytes of the parts of a frame."""
_BLOCK = 16
_RETCODE_IN_HOST_ORDER = 0x01000000
_UDP_KEY = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()


class Command(IntEnum):
    """Commands of the LAN protocol."""

    HANDSHAKE_START = 0x03
    HANDSHAKE_RESPONSE = 0x04
    HANDSHAKE_FINISH = 0x05
    CONTROL = 0x07
    STATUS = 0x08
    HEARTBEAT = 0x09
    QUERY = 0x0A
    CONTROL_NEW = 0x0D
    QUERY_NEW = 0x10
    ASK = 0x25


_PLAIN_HEADER = {
    Command.HANDSHAKE_START,
    Command.HANDSHAKE_RESPONSE,
    Command.HANDSHAKE_FINISH,
    Command.HEARTBEAT,
    Command.QUERY,
    Command.QUERY_NEW,
}
"""Commands whose payload does not start with the protocol version."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame from the lock, deciphered. `ciphered`: its sender knew the key."""

    command: int
    payload: bytes
    ciphered: bool
    version: str | None = None
    """The version in its header, where that can be another one than was spoken."""


def is_same(one: str, other: str) -> bool:
    """Return if two versions differ in the number in the headers at most."""
    return one == other or {one, other} == _LIKE_33


def encode(version: str, key: bytes, seqno: int, command: Command, payload: bytes) -> bytes:
    """Return the bytes of a frame to the lock."""
    if version == "3.5":
        if command not in _PLAIN_HEADER:
            payload = b"3.5" + bytes(12) + payload
        return _pack_6699(key, seqno, command, payload)
    if version == "3.4":
        if command not in _PLAIN_HEADER:
            payload = b"3.4" + bytes(12) + payload
        payload = _encipher(_padded(payload), key)
    elif version in _LIKE_33:
        payload = _encipher(_padded(payload), key)
        if command not in _PLAIN_HEADER:
            payload = version.encode() + bytes(12) + payload
    elif command == Command.CONTROL:
        text = base64.b64encode(_encipher(_padded(payload), key))
        payload = b"3.1" + _sign_31(text, key) + text
    return _pack_55aa(key if version == "3.4" else None, seqno, command, payload)


def _pack_55aa(key: bytes | None, seqno: int, command: int, payload: bytes) -> bytes:
    length = len(payload) + (_HMAC if key else _CRC) + _SUFFIX
    data = _HEADER_55AA.pack(_PREFIX_55AA, seqno, command, length) + payload
    return data + _check_sum(data, key) + _SUFFIX_55AA.to_bytes(_SUFFIX)


def _pack_6699(key: bytes, seqno: int, command: int, payload: bytes) -> bytes:
    length = _NONCE + len(payload) + _TAG
    header = _HEADER_6699.pack(_PREFIX_6699, 0, seqno, command, length)
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, payload, header[4:])
    return header + nonce + sealed + _SUFFIX_6699.to_bytes(_SUFFIX)


def _check_sum(data: bytes, key: bytes | None) -> bytes:
    return hmac.digest(key, data, "sha256") if key else zlib.crc32(data).to_bytes(_CRC)


def _padded(clear: bytes) -> bytes:
    """Fill up the last block, or one more, with bytes that say how many they are."""
    missing = _BLOCK - len(clear) % _BLOCK
    return clear + bytes([missing]) * missing


def _encipher(clear: bytes, key: bytes) -> bytes:
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - the protocol has no other
    return encryptor.update(clear) + encryptor.finalize()


def _decipher(ciphertext: bytes, key: bytes) -> bytes:
    """Decipher whole blocks, and take the padding away; raise ValueError."""
    decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - the protocol has no other
    clear = decryptor.update(ciphertext) + decryptor.finalize()
    if not clear or clear != _padded(clear[: -clear[-1]]):
        raise ValueError("no padding")
    return clear[: -clear[-1]]


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take the complete frames out of a receive buffer; raise MalformedFrame on anything else."""
    while len(buffer) >= 4:
        length = _frame_length(buffer)
        if length is None or len(buffer) < length:
            return
        frame = bytes(buffer[:length])
        del buffer[:length]
        yield frame


def _frame_length(buffer: bytearray) -> int | None:
    """Return the length of the frame at the start of a buffer, or None if its header is short."""
    prefix = int.from_bytes(buffer[:4])
    if prefix == _PREFIX_55AA:
        header, rest = _HEADER_55AA, 0
    elif prefix == _PREFIX_6699:
        header, rest = _HEADER_6699, 4
    else:
        raise MalformedFrame("bytes that are no frame")
    if len(buffer) < header.size:
        return None
    length = header.size + int(header.unpack_from(buffer)[-1]) + rest
    if length > MAX_FRAME:
        raise MalformedFrame(f"a frame of {length} bytes")
    return length


def decode(version: str, key: bytes, data: bytes) -> Frame:
    """Read one frame from the lock.

    Raises MalformedFrame for a frame that was damaged on the way, or is of another version, and
    WrongKey for an intact one that does not decipher.
    """
    command, payload = _unpack(data, key if version in {"3.4", "3.5"} else None, version)
    if version == "3.5":
        return Frame(command, payload.removeprefix(_version_header(payload)), ciphered=True)
    if version == "3.1":
        return _decode_31(command, payload, key)
    if not payload:
        return Frame(command, b"", ciphered=version == "3.4")
    if version in _LIKE_33:
        return _decode_33(command, payload, key)
    try:
        payload = _decipher(payload, key)
    except ValueError as err:
        raise WrongKey("a frame that does not decipher with the local key") from err
    return Frame(command, payload.removeprefix(_version_header(payload)), ciphered=True)


def _decode_33(command: int, payload: bytes, key: bytes) -> Frame:
    """Read a payload of version 3.3 or 3.2: a header in clear, then ciphertext; or a complaint."""
    header = _version_header(payload)
    try:
        clear = _decipher(payload.removeprefix(header), key)
        clear = clear.removeprefix(_version_header(clear))
        # No check sum knows the key here, and one wrong key in 256 leaves a good padding.
        clear.partition(b"\0")[0].decode()
    except ValueError as err:
        if is_text(payload):
            return Frame(command, payload, ciphered=False)
        raise WrongKey("a frame that does not decipher with the local key") from err
    version = header[:3].decode()
    return Frame(command, clear, True, version if version in _LIKE_33 else None)


def is_text(payload: bytes) -> bool:
    """Return if a payload is a text: what another key deciphers by chance is none."""
    text = payload.partition(b"\0")[0]
    return len(text) >= 8 and text.isascii() and text.decode().isprintable()


def _unpack(data: bytes, key: bytes | None, version: str) -> tuple[int, bytes]:
    """Return the command and the payload of a frame that nothing has changed on the way."""
    prefix = int.from_bytes(data[:4])
    if (prefix == _PREFIX_6699) != (version == "3.5"):
        raise MalformedFrame("a frame of another protocol version")
    if int.from_bytes(data[-4:]) != (_SUFFIX_6699 if prefix == _PREFIX_6699 else _SUFFIX_55AA):
        raise MalformedFrame("a frame without its end")
    if prefix == _PREFIX_6699:
        assert key is not None
        return _unpack_6699(data, key)
    return _unpack_55aa(data, key)


def _unpack_55aa(data: bytes, key: bytes | None) -> tuple[int, bytes]:
    _, _, command, length = _HEADER_55AA.unpack_from(data)
    end = len(data) - _SUFFIX - (_HMAC if key else _CRC)
    if len(data) != _HEADER_55AA.size + length or end < _HEADER_55AA.size:
        raise MalformedFrame("a frame too short for its kind")
    if not hmac.compare_digest(_check_sum(data[:end], key), data[end:-_SUFFIX]):
        raise MalformedFrame("a frame with a wrong check sum")
    return command, _without_retcode(data[_HEADER_55AA.size : end])


def _unpack_6699(data: bytes, key: bytes) -> tuple[int, bytes]:
    _, _, _, command, length = _HEADER_6699.unpack_from(data)
    if len(data) != _HEADER_6699.size + length + _SUFFIX or length < _NONCE + _TAG:
        raise MalformedFrame("a frame too short for its kind")
    header, sealed = data[4 : _HEADER_6699.size], data[_HEADER_6699.size : -_SUFFIX]
    try:
        payload = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], header)
    except InvalidTag as err:
        raise MalformedFrame("a frame with a wrong check sum") from err
    return command, _without_retcode(payload)


def _without_retcode(payload: bytes) -> bytes:
    """Strip the return code, which some locks leave out; Tuya's own code sends it in host order."""
    if len(payload) < 4:
        return payload
    retcode = int.from_bytes(payload[:4])
    return payload[4:] if retcode <= 0xFF or retcode == _RETCODE_IN_HOST_ORDER else payload


def _version_header(payload: bytes) -> bytes:
    """Return the header that starts a payload: the version and twelve bytes; or nothing."""
    return payload[:15] if payload[:3] in {b"3.2", b"3.3", b"3.4", b"3.5"} else b""


def _decode_31(command: int, payload: bytes, key: bytes) -> Frame:
    """Read a payload of version 3.1: clear, or `3.1`, a signature and Base64."""
    if not payload.startswith(b"3.1"):
        return Frame(command, payload, ciphered=False)
    signature, text = payload[3:19], payload[19:]
    if not hmac.compare_digest(signature, _sign_31(text, key)):
        raise WrongKey("a report that is not signed with the local key")
    try:
        clear = _decipher(base64.b64decode(text), key)
    except ValueError as err:
        raise WrongKey("a report that does not decipher with the local key") from err
    return Frame(command, clear, ciphered=True)


def _sign_31(text: bytes, key: bytes) -> bytes:
    digest = hashlib.md5(b"data=" + text + b"||lpv=3.1||" + key, usedforsecurity=False)
    return digest.hexdigest()[8:24].encode()


def handshake(version: str, local_key: bytes, nonce: bytes, response: bytes) -> tuple[bytes, bytes]:
    """Return the payload of HANDSHAKE_FINISH and the session key; raise WrongKey.

    The lock answers our nonce of 16 bytes with its own one and HMAC(local key, our nonce). The
    session key is the XOR of both nonces, enciphered with the local key.
    """
    if len(response) < 48:
        raise MalformedFrame(f"a handshake answer of {len(response)} bytes")
    theirs, proof = response[:16], response[16:48]
    if not hmac.compare_digest(proof, hmac.digest(local_key, nonce, "sha256")):
        raise WrongKey("the lock proved another local key")
    mixed = bytes(a ^ b for a, b in zip(nonce, theirs, strict=True))
    if version == "3.4":
        session = _encipher(mixed, local_key)
    else:
        session = AESGCM(local_key).encrypt(nonce[:_NONCE], mixed, None)[:_BLOCK]
    return hmac.digest(local_key, theirs, "sha256"), session


def announcement(datagram: bytes) -> dict[str, Any] | None:
    """Return what a lock announces over UDP, or None if the datagram is no announcement."""
    try:
        text = _announced_text(datagram)
        data = json.loads(text.partition(b"\0")[0])
    except TypeError, ValueError, RecursionError, struct.error, MalformedFrame:
        return None
    return data if isinstance(data, dict) else None


def _announced_text(datagram: bytes) -> bytes:
    """Decipher an announcement: clear in 3.1, with a key that everybody knows in the others."""
    prefix = int.from_bytes(datagram[:4])
    if prefix == _PREFIX_6699:
        return _unpack(datagram, _UDP_KEY, "3.5")[1]
    payload = datagram
    if prefix == _PREFIX_55AA:
        _, payload = _unpack(datagram, None, "3.3")
    if payload.startswith(b"{"):
        return payload
    return _decipher(payload, _UDP_KEY)


def ask(own_address: str) -> bytes:
    """Return the broadcast that makes locks of version 3.5 announce themselves."""
    payload = json.dumps({"from": "app", "ip": own_address}).encode()
    return _pack_6699(_UDP_KEY, 0, Command.ASK, payload)


def parse_body(payload: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a payload, or None if it is none."""
    try:
        body = json.loads(payload.partition(b"\0")[0])
    except ValueError, RecursionError:
        return None
    return body if isinstance(body, dict) else None


def report_in(
    body: Mapping[str, Any], received: float, *, is_answer: bool = False
) -> Report | None:
    """Return the report in a body, or None if it is none; `received` in Unix seconds.

    Versions 3.4 and 3.5 wrap the values in `data`. A time that belongs to a DP is a map by DP id;
    a single time is when the frame was sent, which may be hours after what it reports.
    """
    data = body.get("data", body)
    if not isinstance(data, dict) or not isinstance(data.get("dps"), dict):
        return None
    times = _times(data["t"]) if isinstance(data.get("t"), dict) else {}
    return Report(
        source=Source.LAN,
        received=received,
        items=tuple(
            [Item(id_, value, times.get(id_)) for id_, value in _by_id(data["dps"]).items()]
        ),
        is_answer=is_answer or body.get("type") == "query" or data.get("type") == "query",
    )


def sent_at(body: Mapping[str, Any]) -> float | None:
    """Return the lock's own time at which it sent a report, if it says so."""
    return float(body["t"]) if _is_time(body.get("t")) else None


def names_another(body: Mapping[str, Any], device_id: str) -> bool:
    """Return if a body is of another device: a gateway passes on what the devices behind it say."""
    parts = [part for part in (body, body.get("data")) if isinstance(part, dict)]
    named = [part.get(name) for part in parts for name in ("devId", "cid")]
    return bool([one for one in named if isinstance(one, str) and one not in {"", device_id}])


def _times(values: Mapping[str, Any]) -> dict[int, float]:
    """Return the lock's own times by DP id."""
    return {id_: float(time) for id_, time in _by_id(values).items() if _is_time(time)}


def _by_id(values: Mapping[str, Any]) -> dict[int, Any]:
    """Return values by DP id, leaving out what is no id."""
    return {int(key): value for key, value in values.items() if key.isdecimal() and len(key) < 6}


def _is_time(value: Any) -> bool:
    """Return if a value can be Unix seconds; some locks send their uptime."""
    return type(value) is int and 1_500_000_000 < value < 4_102_444_800


def encode_json(body: Mapping[str, Any]) -> bytes:
    """Return a body as compact JSON."""
    return json.dumps(body, separators=(",", ":")).encode()
