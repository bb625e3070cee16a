"""Calendars as people use them in the browser."""

from .client import Client, Json
from .flows import FLOWS, Flow
from .home import no_touch


class Calendar:
    """A calendar in the browser."""

    def __init__(self, client: Client, entity_id: str) -> None:
        """Take a calendar that is there."""
        self._client, self.entity_id = client, entity_id

    async def _do(self, what: str, **fields: object) -> None:
        await self._client.command(f"calendar/event/{what}", entity_id=self.entity_id, **fields)

    async def events(self) -> list[Json]:
        """Return what is in the calendar."""
        path = (
            f"/api/calendars/{self.entity_id}?start=2026-01-01T00:00:00Z&end=2050-01-01T00:00:00Z"
        )
        events: list[Json] = await self._client.get(path)
        return events

    async def add(self, summary: str, start: str, end: str, **more: str) -> None:
        """Add an event."""
        event = {"summary": summary, "dtstart": start, "dtend": end, **more}
        await self._do("create", event=event)

    async def move(self, event: Json, end: str) -> None:
        """Give an event another end."""
        # The browser enters times without their zone, which is that of Home Assistant.
        start = event["start"]["dateTime"].partition("+")[0]
        kept = {name: event[name] for name in ("summary", "description") if event[name]}
        changed = {**kept, "dtstart": start, "dtend": end}
        await self._do("update", uid=event["uid"], event=changed)

    async def delete(self, event: Json, **which: str) -> None:
        """Delete an event."""
        await self._do("delete", uid=event["uid"], **which)


async def add_local_calendar(client: Client, name: str) -> Calendar:
    """Add a calendar of Home Assistant's own."""
    answers = {"user": {"calendar_name": name, "import": "create_empty"}}
    await Flow(client, FLOWS, answers, no_touch).start("local_calendar")
    entity_id = f"calendar.{name.lower()}"
    return Calendar(client, entity_id)
