"""The peer: tinytuya's own blocking Device, in a thread, as it is meant to be used."""

import asyncio
from collections.abc import Callable
import threading
from typing import Any

import tinytuya

from .street import LockAddress


class ThreadedReceiver:
    """Receives pushes with tinytuya in a thread and hands them to the event loop."""

    def __init__(self, lock: LockAddress, received: Callable[[int], None]) -> None:
        """Prepare to hear the numbers of unlocks."""
        self.ready = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._received = received
        self._stopping = False
        self._device: Any = tinytuya.Device(
            lock.device_id,
            "127.0.0.1",
            lock.local_key,
            version=float(lock.version),
            port=lock.port,
            persist=True,
            connection_timeout=1,
        )
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Let the thread end: it looks up at the next push or after a second."""
        self._stopping = True

    def _run(self) -> None:
        self._device.status()
        self.ready.set()
        while not self._stopping:
            report = self._device.receive()
            if report and "1" in (report.get("dps") or {}):
                self._loop.call_soon_threadsafe(self._received, report["dps"]["1"])
        self._device.close()


async def receive_threaded(lock: LockAddress, received: Callable[[int], None]) -> ThreadedReceiver:
    """Connect to an awake lock with tinytuya."""
    receiver = ThreadedReceiver(lock, received)
    await asyncio.to_thread(receiver.ready.wait)
    return receiver
