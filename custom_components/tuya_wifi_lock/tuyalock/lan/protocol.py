"""Frames, ciphers and JSON bodies of the LAN protocol.

Connections use codec_of, split, handshake, parse_body and report_in, datagrams use announcement and
ask.

55AA frame (3.1, 3.3, 3.4): prefix, sequence number, command, length, then in frames from the lock
a return code, the payload, a CRC32 (3.4: HMAC-SHA256) and a suffix. 6699 frame (3.5): the same
header with two more bytes, a nonce, the AES-GCM ciphertext of return code and payload, and a tag.
"""

from abc import ABC, abstractmethod
import base64
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from functools import partial
import hashlib
import hmac
import json
import os
import struct
from typing import Any, NamedTuple, override
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
_LIKE_33 = {b"3.2": "3.2", b"3.3": "3.3"}
"""3.2 is 3.3 with another number in the headers."""

MAX_FRAME = 16384
"""Bytes; the largest frame that Tuya's own device code sends is 4096."""

_PREFIX_55AA, _SUFFIX_55AA = b"\0\0\x55\xaa", b"\0\0\xaa\x55"
_PREFIX_6699, _SUFFIX_6699 = b"\0\0\x66\x99", b"\0\0\x99\x66"
_HEADER_55AA = struct.Struct(">4sIII")
_HEADER_6699 = struct.Struct(">4sHIII")
_HEADERS = {_PREFIX_55AA: (_HEADER_55AA, 0), _PREFIX_6699: (_HEADER_6699, 4)}
"""By the bytes that start a frame: its header, and what its length leaves out at the end."""
_SUFFIX, _CRC, _HMAC, _NONCE, _TAG = 4, 4, 32, 12, 16
"""Bytes of the parts of a frame."""
_BLOCK = 16
_PADDINGS = {missing: bytes([missing]) * missing for missing in range(1, _BLOCK + 1)}
"""What fills up a block: bytes that say how many they are."""
_RETCODES = {code.to_bytes(4) for code in (*range(256), 0x01000000)}
"""Return codes, which some locks leave out; Tuya's own code sends a 1 in host order."""
_NUMBERS = (b"3.2", b"3.3", b"3.4", b"3.5")
_VERSION = 15
"""Bytes of the header that can start a payload: one of these numbers, and twelve more."""
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
    Command.ASK,
}
"""Commands whose payload does not start with the protocol version."""


class Frame(NamedTuple):
    """A frame from the lock, deciphered. `ciphered`: its sender knew the key."""

    command: int
    payload: bytes
    ciphered: bool
    version: str | None = None
    """The version in its header, where that can be another one than was spoken."""


def is_same(one: str, other: str) -> bool:
    """Return if two versions differ in the number in the headers at most."""
    return one == other or {one, other} == set(_LIKE_33.values())


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take the complete frames out of a receive buffer; raise MalformedFrame on anything else."""
    while len(buffer) >= 4:
        if not (found := _HEADERS.get(bytes(buffer[:4]))):
            raise MalformedFrame("bytes that are no frame")
        header, rest = found
        if len(buffer) < header.size:
            return
        length = header.size + int(header.unpack_from(buffer)[-1]) + rest
        if length > MAX_FRAME:
            raise MalformedFrame(f"a frame of {length} bytes")
        if len(buffer) < length:
            return
        frame = bytes(buffer[:length])
        del buffer[:length]
        yield frame


class _Blocks:
    """AES in ECB mode with one key; each block stands for itself, so it goes on from any."""

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(AES(key), ECB())  # noqa: S305 - the protocol has no other
        self._encrypt, self._decrypt = cipher.encryptor().update, cipher.decryptor().update

    def encipher(self, clear: bytes) -> bytes:
        """Fill up the last block, or one more, and encipher."""
        return self._encrypt(clear + _PADDINGS[_BLOCK - len(clear) % _BLOCK])

    def decipher(self, ciphertext: bytes) -> bytes:
        """Decipher whole blocks, and take the padding away; raise ValueError."""
        if not ciphertext or len(ciphertext) % _BLOCK:
            raise ValueError("no whole blocks")
        clear = self._decrypt(ciphertext)
        padding = _PADDINGS.get(clear[-1])
        if padding is None or not clear.endswith(padding):
            raise ValueError("no padding")
        return clear[: -len(padding)]


class Codec(ABC):
    """Makes and reads the frames of one protocol version with one key; made by `codec_of`."""

    @abstractmethod
    def encode(self, seqno: int, command: Command, payload: bytes) -> bytes:
        """Return the bytes of a frame to the lock."""

    @abstractmethod
    def decode(self, data: bytes) -> Frame:
        """Read one frame from the lock.

        Raises MalformedFrame for a frame that was damaged on the way, or is of another version, and
        WrongKey for an intact one that does not decipher.
        """


class _Codec55AA(Codec):
    """Frames of the versions before 3.5; only that of 3.4 has a check sum with a key."""

    def __init__(self, key: bytes) -> None:
        self.blocks = _Blocks(key)
        self._sum_size = _CRC
        self._check_sum: Callable[[bytes], bytes] = _crc

    def _pack(self, seqno: int, command: int, payload: bytes) -> bytes:
        length = len(payload) + self._sum_size + _SUFFIX
        data = _HEADER_55AA.pack(_PREFIX_55AA, seqno, command, length) + payload
        return data + self._check_sum(data) + _SUFFIX_55AA

    def unpack(self, data: bytes) -> tuple[int, bytes]:
        """Return the command and the payload of a frame that nothing has changed on the way."""
        if not data.startswith(_PREFIX_55AA):
            raise MalformedFrame("a frame of another protocol version")
        *_, command, length = _HEADER_55AA.unpack_from(data)
        end = len(data) - _SUFFIX - self._sum_size
        if len(data) != _HEADER_55AA.size + length or end < _HEADER_55AA.size:
            raise MalformedFrame("a frame too short for its kind")
        if not data.endswith(_SUFFIX_55AA):
            raise MalformedFrame("a frame without its end")
        if not hmac.compare_digest(self._check_sum(data[:end]), data[end:-_SUFFIX]):
            raise MalformedFrame("a frame with a wrong check sum")
        payload = data[_HEADER_55AA.size : end]
        return command, payload[4:] if payload[:4] in _RETCODES else payload


class _Codec31(_Codec55AA):
    """Version 3.1: clear, or `3.1`, a signature and Base64."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._key = key

    @override
    def encode(self, seqno: int, command: Command, payload: bytes) -> bytes:
        if command == Command.CONTROL:
            text = base64.b64encode(self.blocks.encipher(payload))
            payload = b"3.1" + self._sign(text) + text
        return self._pack(seqno, command, payload)

    @override
    def decode(self, data: bytes) -> Frame:
        command, payload = self.unpack(data)
        if not payload.startswith(b"3.1"):
            return Frame(command, payload, ciphered=False)
        signature, text = payload[3:19], payload[19:]
        if not hmac.compare_digest(signature, self._sign(text)):
            raise WrongKey("a report that is not signed with the local key")
        try:
            clear = self.blocks.decipher(base64.b64decode(text))
        except ValueError as err:
            raise WrongKey("a report that does not decipher with the local key") from err
        return Frame(command, clear, ciphered=True)

    def _sign(self, text: bytes) -> bytes:
        data = b"data=" + text + b"||lpv=3.1||" + self._key
        return hashlib.md5(data, usedforsecurity=False).hexdigest()[8:24].encode()


class _Codec33(_Codec55AA):
    """Version 3.3 or 3.2: a header in clear, then ciphertext; or a complaint."""

    def __init__(self, key: bytes, version: str) -> None:
        super().__init__(key)
        self._header = version.encode() + bytes(12)

    @override
    def encode(self, seqno: int, command: Command, payload: bytes) -> bytes:
        header = b"" if command in _PLAIN_HEADER else self._header
        return self._pack(seqno, command, header + self.blocks.encipher(payload))

    @override
    def decode(self, data: bytes) -> Frame:
        command, payload = self.unpack(data)
        if not payload:
            return Frame(command, b"", ciphered=False)
        try:
            clear = _headless(self.blocks.decipher(_headless(payload)))
            # No check sum knows the key here, and one wrong key in 256 leaves a good padding.
            clear.partition(b"\0")[0].decode()
        except ValueError as err:
            if is_text(payload):
                return Frame(command, payload, ciphered=False)
            raise WrongKey("a frame that does not decipher with the local key") from err
        return Frame(command, clear, ciphered=True, version=_LIKE_33.get(payload[:3]))


class _Codec34(_Codec55AA):
    """Version 3.4: all is enciphered, with a check sum that takes the key."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._sum_size, self._check_sum = _HMAC, partial(hmac.digest, key, digest="sha256")

    @override
    def encode(self, seqno: int, command: Command, payload: bytes) -> bytes:
        header = b"" if command in _PLAIN_HEADER else b"3.4" + bytes(12)
        return self._pack(seqno, command, self.blocks.encipher(header + payload))

    @override
    def decode(self, data: bytes) -> Frame:
        command, payload = self.unpack(data)
        if not payload:
            return Frame(command, b"", ciphered=True)
        try:
            clear = self.blocks.decipher(payload)
        except ValueError as err:
            raise WrongKey("a frame that does not decipher with the local key") from err
        return Frame(command, _headless(clear), ciphered=True)


class _Codec35(Codec):
    """Version 3.5: frames of their own kind, in AES-GCM."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @override
    def encode(self, seqno: int, command: Command, payload: bytes) -> bytes:
        if command not in _PLAIN_HEADER:
            payload = b"3.5" + bytes(12) + payload
        length = _NONCE + len(payload) + _TAG
        header = _HEADER_6699.pack(_PREFIX_6699, 0, seqno, command, length)
        nonce = os.urandom(_NONCE)
        return header + nonce + self._cipher.encrypt(nonce, payload, header[4:]) + _SUFFIX_6699

    @override
    def decode(self, data: bytes) -> Frame:
        if not data.startswith(_PREFIX_6699):
            raise MalformedFrame("a frame of another protocol version")
        *_, command, length = _HEADER_6699.unpack_from(data)
        start = _HEADER_6699.size
        if len(data) != start + length + _SUFFIX or length < _NONCE + _TAG:
            raise MalformedFrame("a frame too short for its kind")
        if not data.endswith(_SUFFIX_6699):
            raise MalformedFrame("a frame without its end")
        nonce, sealed = data[start : start + _NONCE], data[start + _NONCE : -_SUFFIX]
        try:
            payload = self._cipher.decrypt(nonce, sealed, data[4:start])
        except InvalidTag as err:
            raise MalformedFrame("a frame with a wrong check sum") from err
        payload = payload[4:] if payload[:4] in _RETCODES else payload
        return Frame(command, _headless(payload), ciphered=True)


def codec_of(version: str, key: bytes) -> Codec:
    """Return what makes and reads the frames of a version with a key."""
    match version:
        case "3.1":
            return _Codec31(key)
        case "3.4":
            return _Codec34(key)
        case "3.5":
            return _Codec35(key)
    return _Codec33(key, version)


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CRC)


def _headless(payload: bytes) -> bytes:
    """Return a payload without the header that may start it."""
    return payload[_VERSION:] if payload.startswith(_NUMBERS) else payload


def is_text(payload: bytes) -> bool:
    """Return if a payload is a text: what another key deciphers by chance is none."""
    text = payload.partition(b"\0")[0]
    return len(text) >= 8 and text.isascii() and text.decode().isprintable()


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
        session = _Blocks(local_key).encipher(mixed)[:_BLOCK]
    else:
        session = AESGCM(local_key).encrypt(nonce[:_NONCE], mixed, None)[:_BLOCK]
    return hmac.digest(local_key, theirs, "sha256"), session


_UDP_33, _UDP_35 = _Codec33(_UDP_KEY, "3.3"), _Codec35(_UDP_KEY)


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
    if datagram.startswith(_PREFIX_6699):
        return _UDP_35.decode(datagram).payload
    payload = datagram
    if datagram.startswith(_PREFIX_55AA):
        _, payload = _UDP_33.unpack(datagram)
    if payload.startswith(b"{"):
        return payload
    return _UDP_33.blocks.decipher(payload)


def ask(own_address: str) -> bytes:
    """Return the broadcast that makes locks of version 3.5 announce themselves."""
    payload = json.dumps({"from": "app", "ip": own_address}).encode()
    return _UDP_35.encode(0, Command.ASK, payload)


def parse_body(payload: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a payload, or None if it is none."""
    try:
        body = json.loads(payload.partition(b"\0")[0].decode(errors="surrogatepass"))
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
    times = data["t"] if isinstance(data.get("t"), dict) else None
    return Report(
        source=Source.LAN,
        received=received,
        items=tuple(
            [
                Item(int(id_), value, lock_time(times.get(id_)) if times else None)
                for id_, value in data["dps"].items()
                # What is no id says nothing.
                if id_.isdecimal() and len(id_) < 6
            ]
        ),
        is_answer=is_answer or body.get("type") == "query" or data.get("type") == "query",
    )


def names_another(body: Mapping[str, Any], device_id: str) -> bool:
    """Return if a body is of another device: a gateway passes on what the devices behind it say."""
    for part in (body, body.get("data")):
        if isinstance(part, dict):
            for name in ("devId", "cid"):
                named = part.get(name)
                if isinstance(named, str) and named not in {"", device_id}:
                    return True
    return False


def lock_time(value: Any) -> float | None:
    """Return a lock's own time, if a value is one; some locks send their uptime."""
    is_time = type(value) is int and 1_500_000_000 < value < 4_102_444_800
    return float(value) if is_time else None


def encode_json(body: Mapping[str, Any]) -> bytes:
    """Return a body as compact JSON."""
    return json.dumps(body, separators=(",", ":")).encode()
