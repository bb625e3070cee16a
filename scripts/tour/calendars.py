"""Calendars and phones, as people and the Home Assistant app use them."""

from .client import Client, Json
from .conditions import until
from .flows import FLOWS, Flow
from .home import no_touch

REGISTRATIONS = "/api/mobile_app/registrations"


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
        changed = {"summary": event["summary"], "dtstart": start, "dtend": end}
        await self._do("update", uid=event["uid"], event=changed)

    async def delete(self, event: Json, **which: str) -> None:
        """Delete an event."""
        await self._do("delete", uid=event["uid"], **which)


class Phone:
    """A phone with the Home Assistant app, in the same network."""

    def __init__(self, client: Client, name: str) -> None:
        """Prepare a phone; it is not known to Home Assistant yet."""
        self._client, self._name = client, name
        self._webhook = ""
        self.device = ""
        self.messages: list[str] = []

    async def register(self) -> None:
        """Let Home Assistant know the phone, as the app does when somebody signs in."""
        answer = await self._client.post(
            REGISTRATIONS,
            {
                "app_data": {"push_websocket_channel": True},
                "app_id": "tour",
                "app_name": "Tour",
                "app_version": "1",
                "device_id": "tour-phone",
                "device_name": self._name,
                "manufacturer": "Tour",
                "model": "Phone",
                "os_name": "Tour",
                "os_version": "1",
                "supports_encryption": False,
            },
        )
        self._webhook = answer["webhook_id"]
        await self.connect()
        devices: list[Json] = await self._client.command("config/device_registry/list")
        (self.device,) = [one["id"] for one in devices if one["name"] == self._name]

    async def connect(self) -> None:
        """Receive messages from now on, until Home Assistant ends."""
        await self._client.subscribe(
            self._received, "mobile_app/push_notification_channel", webhook_id=self._webhook
        )

    def _received(self, message: Json) -> None:
        self.messages.append(message["message"])

    async def message(self, number: int) -> str:
        """Return a message, once it is there."""
        await until(lambda: len(self.messages) >= number, f"message {number} on the phone")
        return self.messages[number - 1]


async def add_local_calendar(client: Client, name: str) -> Calendar:
    """Add a calendar of Home Assistant's own."""
    answers = {"user": {"calendar_name": name, "import": "create_empty"}}
    await Flow(client, FLOWS, answers, no_touch).start("local_calendar")
    entity_id = f"calendar.{name.lower()}"
    return Calendar(client, entity_id)
