"""The TCP side of a lock: one port, a few slots."""

import asyncio
import socket

from .channel import Device
from .connection import Connection


class LanServer:
    """Listens while the lock is awake, and keeps its port while it is not."""

    def __init__(self, device: Device, host: str, port: int) -> None:
        """Prepare; bind() takes the port."""
        self.device = device
        self.host, self.port = host, port
        self.accepted = 0
        self._guard: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._silence: list[socket.socket] = []
        self._connections: list[Connection] = []
        self._cut_off: list[Connection] = []
        self._changing = asyncio.Lock()

    @property
    def listening(self) -> bool:
        """Whether dials are accepted."""
        return self._server is not None

    @property
    def established(self) -> list[Connection]:
        """Clients that frames can be exchanged with."""
        return [one for one in self._connections if one.established]

    def bind(self) -> None:
        """Take the port without listening."""
        self._guard = self._bound()
        self.port = self._guard.getsockname()[1]
        self.accepted = 0

    async def open(self) -> None:
        """Listen."""
        async with self._changing:
            self._end_silence()
            if self._server is None and self._guard is not None:
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(self._connection, sock=self._bound())

    async def close(self, *, abrupt: bool = False) -> None:
        """Stop listening and drop every client."""
        async with self._changing:
            self._close_server(abrupt=abrupt)
            if self.device.knobs.asleep_dials == "silent":
                await self._begin_silence()

    async def release(self) -> None:
        """Give the port back."""
        async with self._changing:
            self._close_server(abrupt=False)
            for one in self._cut_off:
                one.close()
            self._end_silence()
            if self._guard:
                self._guard.close()
                self._guard = None
        await asyncio.sleep(0)

    def ready(self, *, queried_only: bool) -> list[Connection]:
        """Clients that reports go to."""
        return [one for one in self.established if one.queried or not queried_only]

    def _bound(self) -> socket.socket:
        # With the protocol named, asyncio sets TCP_NODELAY: a push does not wait for an ACK.
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # Linux lets several sockets share a port like this as long as none of the others listens.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.host, self.port))
        sock.setblocking(False)
        return sock

    def _close_server(self, *, abrupt: bool) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for one in list(self._connections):
            if abrupt:
                one.reset()
            elif self.device.faults.cut_off:
                one.channel.muted = True
                self._cut_off.append(one)
            else:
                one.close()
        self._connections.clear()

    async def _begin_silence(self) -> None:
        # A full accept queue: the kernel drops every further SYN, as a radio that is off does.
        if self._silence:
            return
        await asyncio.sleep(0)
        deaf, filler = self._bound(), socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        deaf.listen(0)
        filler.setblocking(False)
        await asyncio.get_running_loop().sock_connect(filler, (self.host, self.port))
        self._silence = [filler, deaf]

    def _end_silence(self) -> None:
        for sock in self._silence:
            sock.close()
        self._silence = []

    def _connection(self) -> Connection:
        return Connection(self.device, self._arrived, self._left)

    def _arrived(self, new: Connection) -> None:
        self.accepted += 1
        if self.device.faults.resets("accept") or not self.listening:
            new.reset()
            return
        knobs = self.device.knobs
        full = self.device.faults.slot_taken or len(self._connections) >= knobs.max_clients
        if full and knobs.slot_policy == "refuse":
            new.close()
            return
        if full and knobs.slot_policy == "mute":
            new.channel.muted = True
        elif full and self._connections:
            self._connections.pop(0).close()
        self._connections.append(new)
        if new.established:
            self.device.client_ready()

    def _left(self, old: Connection) -> None:
        if old in self._connections:
            self._connections.remove(old)
