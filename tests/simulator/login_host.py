"""The host at which the app accounts sign in, whose name is fixed in Tuya's SDK.

A proxy for HTTPS that knows this one host, and has a certificate for it. Who uses it by the
environment reaches a simulated gateway, and nothing else.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl
import tempfile
from typing import override
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .service import Service

HOST = "apigw.iotbing.com"
CHUNK = 65_536


class LoginHost(Service):
    """Stands between a client of the SDK and a gateway."""

    def __init__(self, gateway_url: str) -> None:
        """Build it; entering the context takes a port."""
        self._gateway = urlsplit(gateway_url)
        self._folder = tempfile.TemporaryDirectory(prefix="tuya-login-")
        self._certificate = Path(self._folder.name) / "certificate.pem"
        self._tls = _tls(self._certificate)

    @override
    async def start(self) -> None:
        """Start."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @override
    async def stop(self) -> None:
        """Stop."""
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()
        self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a process that is to sign in here."""
        port = self._server.sockets[0].getsockname()[1]
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "REQUESTS_CA_BUNDLE": str(self._certificate),
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            wanted = await reader.readuntil(b"\r\n\r\n")
            if wanted.startswith(f"CONNECT {HOST}:443 ".encode()):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self._tls)
                await self._pass_on(reader, writer)
            else:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on everything between the client and the gateway until both have ended."""
        from_gateway, to_gateway = await asyncio.open_connection(
            self._gateway.hostname, self._gateway.port
        )
        await asyncio.gather(_copy(reader, to_gateway), _copy(from_gateway, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


def _tls(path: Path) -> ssl.SSLContext:
    """Write a certificate for the host, and return what serves with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = path.with_name("key.pem")
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return context
