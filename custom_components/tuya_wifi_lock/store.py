"""A store that is read as far as it can be read."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
import shutil
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER

STORAGE_VERSION = 1
ANY_VERSION = 2**31


class SalvagedStore(Store[dict[str, Any]]):
    """A store of a form that may be damaged, or of a newer version.

    Its file is kept beside it before anything in it that cannot be read is written over.
    """

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        super().__init__(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{name}",
            private=True,
            atomic_writes=True,
            max_readable_version=ANY_VERSION,
        )
        self.copy: str | None = None
        """Where the file was kept that could not be read as a whole."""

    async def async_read(self) -> Any:
        """Return what is stored, in whatever shape; None if that is nothing."""
        try:
            return await self.async_load()
        except KeyError, TypeError, UnsupportedStorageVersionError:
            # Not even the frame that Home Assistant puts around it is there.
            await self.async_keep_copy({"file": 1})
            return None

    async def async_keep_copy(self, unread: Mapping[str, int]) -> None:
        """Keep the file beside it, as not all in it could be read."""
        if self.copy:
            return
        self.copy = f"{self.path}.corrupt.{dt_util.utcnow().isoformat()}"
        LOGGER.error(
            "The file %s is damaged, or of a newer version: these parts could not be read whole "
            "and start again: %s. It is kept as %s",
            self.path,
            ", ".join(sorted(unread)),
            self.copy,
        )
        try:
            await self.hass.async_add_executor_job(shutil.copy2, self.path, self.copy)
        except OSError as err:
            LOGGER.error("Unable to write the copy: %s", err.strerror)

    def pop_copy(self) -> str | None:
        """Return where the file was kept, once."""
        copy, self.copy = self.copy, None
        return copy

    @override
    async def async_remove(self) -> None:
        """Remove the file and all that were kept."""
        await super().async_remove()
        await self.hass.async_add_executor_job(self._remove_copies)

    def _remove_copies(self) -> None:
        path = Path(self.path)
        for copy in path.parent.glob(f"{path.name}.corrupt.*"):
            with suppress(OSError):
                copy.unlink()

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> Any:
        """Take what another version has stored; only a newer one has stored anything yet."""
        if old_major_version != STORAGE_VERSION:
            await self.async_keep_copy({"version": 1})
        return old_data
