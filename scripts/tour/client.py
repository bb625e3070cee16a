"""A user of Home Assistant: REST for forms, one WebSocket for everything else."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp

from .conditions import Unmet

type Json = dict[str, Any]
type Listener = Callable[[Json], None]

ANSWER_WITHIN = 90.0


class Refused(Exception):
    """Home Assistant answered a command with an error, in words for a person."""

    def __init__(self, error: Json) -> None:
        """Keep the words and the key of their translation."""
        self.words: str = error["message"]
        self.key: str | None = error.get("translation_key")
        super().__init__(self.words)


class Client:
    """The connection of one user."""

    def __init__(self, url: str) -> None:
        """Prepare; nothing is asked yet."""
        self.url = url
        self._session = aiohttp.ClientSession()
        self._token = ""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Listener] = {}

    async def answers(self) -> bool:
        """Return if Home Assistant listens."""
        try:
            async with self._session.get(f"{self.url}/manifest.json") as response:
                return response.status == HTTPStatus.OK
        except aiohttp.ClientConnectionError:
            return False

    async def onboard(self, username: str, password: str) -> None:
        """Create the first user and log in."""
        client_id = f"{self.url}/"
        user = {"name": username.title(), "username": username, "password": password}
        created = await self.post(
            "/api/onboarding/users", {**user, "client_id": client_id, "language": "en"}
        )
        form = {
            "client_id": client_id,
            "grant_type": "authorization_code",
            "code": created["auth_code"],
        }
        async with self._session.post(f"{self.url}/auth/token", data=form) as response:
            self._token = (await response.json())["access_token"]

    async def keep_login(self) -> None:
        """Stay logged in for longer than half an hour."""
        self._token = await self.command(
            "auth/long_lived_access_token", client_name="Tour", lifespan=1
        )

    # REST

    async def get(self, path: str) -> Any:
        """Return what a path has to say."""
        return await self._rest("GET", path, None)

    async def post(self, path: str, body: Json) -> Any:
        """Send a form or a command to a path."""
        return await self._rest("POST", path, body)

    async def _rest(self, method: str, path: str, body: Json | None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            if response.status >= HTTPStatus.BAD_REQUEST:
                text = (await response.text())[:300]
                raise Unmet(f"{method} {path} was answered {response.status}: {text}")
            return await response.json()

    # WebSocket

    async def open(self) -> None:
        """Connect the WebSocket."""
        self._socket = await self._session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0, heartbeat=30
        )
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        if (said := await self._socket.receive_json())["type"] != "auth_ok":
            raise Unmet(f"Home Assistant refuses the login: {said}")
        self._last_id = 0
        self._reading = asyncio.create_task(self._read(self._socket))

    async def command(self, kind: str, **fields: Any) -> Any:
        """Return the answer to a command; raise Refused."""
        return await self._send(kind, fields, None)

    async def subscribe(self, listener: Listener, kind: str, **fields: Any) -> None:
        """Call back with every event of a subscription."""
        await self._send(kind, fields, listener)

    async def _send(self, kind: str, fields: Json, listener: Listener | None) -> Any:
        if self._socket is None or self._socket.closed:
            raise Unmet("there is no connection to Home Assistant")
        self._last_id += 1
        number = self._last_id
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        if listener:
            self._listeners[number] = listener
        try:
            await self._socket.send_json({"id": number, "type": kind, **fields})
            async with asyncio.timeout(ANSWER_WITHIN):
                return await answer
        except TimeoutError as err:
            raise Unmet(f"Home Assistant did not answer {kind}") from err
        finally:
            self._answers.pop(number, None)

    async def _read(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        """Hand out what comes until the connection ends."""
        async for message in connection:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.json())
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unmet("Home Assistant has ended the connection"))

    def _take(self, message: Json) -> None:
        number = message["id"]
        if message["type"] == "event" and (listener := self._listeners.get(number)):
            listener(message["event"])
        elif message["type"] == "result" and (answer := self._answers.get(number)):
            if answer.done():
                return
            if message["success"]:
                answer.set_result(message["result"])
            else:
                answer.set_exception(Refused(message["error"]))

    async def hang_up(self) -> None:
        """End the WebSocket."""
        if self._socket:
            with suppress(aiohttp.ClientError):
                await self._socket.close()
        if self._reading:
            await self._reading
        self._socket = self._reading = None
        self._listeners.clear()

    async def close(self) -> None:
        """End everything."""
        await self.hang_up()
        await self._session.close()
