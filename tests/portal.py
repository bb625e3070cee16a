"""The calendar of a booking portal, as Home Assistant's own local calendar has it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.guests import act

BOOKINGS = "calendar.bookings"


@dataclass
class Stay:
    """A booking as a portal writes it."""

    guest: str
    start: datetime | date
    end: datetime | date
    uid: str
    text: str = ""

    def lines(self) -> list[str]:
        """Return it as part of an iCalendar file."""
        return [
            "BEGIN:VEVENT",
            "DTSTAMP:20260101T000000Z",
            f"UID:{self.uid}",
            f"DTSTART{_written(self.start)}",
            f"DTEND{_written(self.end)}",
            f"SUMMARY:{self.guest}",
            f"DESCRIPTION:{self.text}",
            "END:VEVENT",
        ]


def _written(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return f":{dt_util.as_utc(moment):%Y%m%dT%H%M%SZ}"
    return f";VALUE=DATE:{moment:%Y%m%d}"


class Portal:
    """The calendar of a booking portal."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Begin without bookings."""
        self._hass = hass
        self.stays: list[Stay] = []
        self.is_open = True
        self._file = Path(hass.config.path(f".storage/local_calendar.{name}.ics"))
        data = {"calendar_name": name.capitalize(), "storage_key": name}
        self.entry = MockConfigEntry(domain="local_calendar", title=name, data=data)
        self.entry.add_to_hass(hass)

    def book(self, guest: str, start: float = 24.0, end: float = 72.0, **more: Any) -> Stay:
        """Add a booking that begins and ends in some hours."""
        now = dt_util.utcnow().replace(microsecond=0)
        uid = more.pop("uid", f"{guest}-{len(self.stays)}@example.com")
        times = (now + timedelta(hours=start), now + timedelta(hours=end))
        stay = Stay(guest, *times, uid=uid, **more)
        self.stays.append(stay)
        return stay

    def file(self) -> str:
        """Return the bookings as they are now as an iCalendar file."""
        head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Portal//EN"]
        lines = [*head, *(line for stay in self.stays for line in stay.lines()), "END:VCALENDAR"]
        return "\r\n".join([*lines, ""])

    async def publish(self) -> None:
        """Let Home Assistant see the bookings."""
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text(self.file())
        assert await self._hass.config_entries.async_reload(self.entry.entry_id)
        await self._hass.async_block_till_done()

    async def remove(self) -> None:
        """Remove the calendar from Home Assistant."""
        await self._hass.config_entries.async_remove(self.entry.entry_id)
        await self._hass.async_block_till_done()

    async def sync(self, **fields: Any) -> dict[str, Any]:
        """Publish the bookings and let the codes follow; return what was done."""
        await self.publish()
        name = self.entry.data["storage_key"]
        return await sync(self._hass, calendar=f"calendar.{name}", **fields)


async def sync(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Let the codes follow the bookings."""
    return await act(hass, "sync_guest_codes", **{"calendar": BOOKINGS, **fields})
