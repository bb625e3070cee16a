"""What serves as long as its context lasts."""

from abc import ABC, abstractmethod
from typing import Self


class Service(ABC):
    """Serves from the beginning of its context to the end."""

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop."""
        await self.stop()

    @abstractmethod
    async def start(self) -> None:
        """Start."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop."""
