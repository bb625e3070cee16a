"""Calendars as people use them in the browser, and a phone with the Home Assistant app."""

from .client import Client, Json
from .conditions import until

PHONE = "Phone of the tour"


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


class Phone:
    """A phone with the Home Assistant app, which is in the same network."""

    def __init__(self, client: Client) -> None:
        """Prepare a phone; Home Assistant does not know it yet."""
        self._client, self._webhook = client, ""
        self.device = ""
        self._messages: list[str] = []

    async def sign_in(self) -> None:
        """Let Home Assistant know the phone, as the app does."""
        about = ("app_id", "app_name", "app_version", "device_id", "manufacturer", "model")
        answer = await self._client.post(
            "/api/mobile_app/registrations",
            {
                **dict.fromkeys((*about, "os_name", "os_version"), "tour"),
                "app_data": {"push_websocket_channel": True},
                "device_name": PHONE,
                "supports_encryption": False,
            },
        )
        self._webhook = answer["webhook_id"]
        await self.connect()
        devices: list[Json] = await self._client.command("config/device_registry/list")
        (self.device,) = [one["id"] for one in devices if one["name"] == PHONE]

    async def connect(self) -> None:
        """Receive messages until Home Assistant ends."""
        await self._client.subscribe(
            self._receive, "mobile_app/push_notification_channel", webhook_id=self._webhook
        )

    def _receive(self, message: Json) -> None:
        self._messages.append(message["message"])

    async def message(self) -> str:
        """Return the next message, once it is there."""
        await until(lambda: self._messages, "a message on the phone")
        return self._messages.pop(0)
