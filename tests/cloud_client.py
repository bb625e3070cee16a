"""A client of Tuya's OpenAPI that is not ours: tuya-connector-python, run in a thread."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
import time
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from tuya_connector import TuyaOpenAPI

from tests.simulator.cloud import SimulatedCloud

HOUR = 3600


class Client:
    """Tuya's own client library, with what a lock needs beside it."""

    def __init__(self, cloud: SimulatedCloud, pool: ThreadPoolExecutor, device_id: str) -> None:
        self.api = TuyaOpenAPI(cloud.url, cloud.access_id, cloud.access_secret)
        self.secret = cloud.access_secret
        self.door_lock = f"/v1.0/devices/{device_id}/door-lock"
        self.smart_lock = f"/v1.0/smart-lock/devices/{device_id}"
        self._pool = pool

    async def ask(self, method: str, path: str, given: dict[str, Any] | None = None) -> Any:
        """Return the whole answer; `given` is the query or the body."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, getattr(self.api, method), path, given)

    async def result(self, method: str, path: str, given: dict[str, Any] | None = None) -> Any:
        """Return the result of a call that has to succeed."""
        answer = await self.ask(method, path, given)
        assert answer["success"], answer
        return answer["result"]

    async def code(self, method: str, path: str, given: dict[str, Any] | None = None) -> int:
        """Return the error code of a call that has to fail."""
        answer = await self.ask(method, path, given)
        assert not answer["success"], answer
        return int(answer["code"])

    async def connect(self) -> Any:
        """Fetch a token."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.api.connect)

    async def ticket(self) -> tuple[str, bytes]:
        """Return a ticket and its key."""
        given = await self.result("post", f"{self.door_lock}/password-ticket")
        cipher = Cipher(algorithms.AES(self.secret.encode()), modes.ECB()).decryptor()
        padded = cipher.update(bytes.fromhex(given["ticket_key"])) + cipher.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return given["ticket_id"], unpadder.update(padded) + unpadder.finalize()

    async def password(self, digits: str, *, upper: bool = False, **fields: Any) -> dict[str, Any]:
        """Return the body that adds a password of one hour, with a ticket of its own."""
        ticket_id, key = await self.ticket()
        padder = padding.PKCS7(128).padder()
        cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        plain = padder.update(digits.encode()) + padder.finalize()
        sealed = (cipher.update(plain) + cipher.finalize()).hex()
        now = int(time.time())
        body = {
            "name": "Guest",
            "password": sealed.upper() if upper else sealed,
            "password_type": "ticket",
            "ticket_id": ticket_id,
            "effective_time": now - 60,
            "invalid_time": now + HOUR,
            "type": 0,
        }
        return body | fields

    async def add(self, digits: str, **fields: Any) -> int:
        """Add a password and return its id."""
        body = await self.password(digits, **fields)
        return int((await self.result("post", f"{self.door_lock}/temp-password", body))["id"])

    async def listed(self, **query: str) -> list[dict[str, Any]]:
        """Return the passwords as the cloud lists them."""
        return list(await self.result("get", f"{self.door_lock}/temp-passwords", query or None))

    async def operate(self, *, opens: bool = True) -> Any:
        """Open or lock from afar; the whole answer."""
        ticket_id, _ = await self.ticket()
        body = {"ticket_id": ticket_id, "open": opens}
        return await self.ask("post", f"{self.smart_lock}/password-free/door-operate", body)


@asynccontextmanager
async def client_of(cloud: SimulatedCloud, device_id: str) -> AsyncIterator[Client]:
    """Lend a client with a token, whose thread is gone afterwards."""
    with ThreadPoolExecutor(1) as pool:
        client = Client(cloud, pool, device_id)
        assert (await client.connect())["success"]
        yield client
        client.api.session.close()
