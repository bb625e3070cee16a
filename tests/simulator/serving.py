"""The HTTP side of a simulated cloud: a port of its own, and calls that are never answered."""

from abc import abstractmethod
import asyncio
from typing import override

from aiohttp import web

from .service import Service


class HttpServer(Service):
    """Answers calls on 127.0.0.1."""

    def __init__(self) -> None:
        """Build it; entering the context takes a port."""
        self._closed = asyncio.Event()
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None), shutdown_timeout=0.2
        )

    @override
    async def start(self) -> None:
        """Start."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    @override
    async def stop(self) -> None:
        """Stop; calls that hang lose their connection."""
        self._closed.set()
        await self._runner.cleanup()

    @abstractmethod
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a call."""
