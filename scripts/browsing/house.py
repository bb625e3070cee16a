"""A house with a lock, the people in it, and a dashboard with the card."""

import json
from pathlib import Path
import secrets
import time
from typing import Any

from scripts.tour import main_job, passwords
from scripts.tour.client import Json
from scripts.tour.conditions import until
from scripts.tour.home import Home
from scripts.tour.process import ROOT
from scripts.tour.stage import Stage
from tests.simulator.cloud import SimulatedCloud
from tests.simulator.gateway import Gateway

from .chromium import Browser, Page

DASHBOARD = "front-door"
CARD = "custom:tuya-wifi-lock-card"
FACES = {"alice": ("#f6c177", "#b4637a"), "ben": ("#9ccfd8", "#286983")}
"""Colours of the people's pictures."""
FACE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" \
fill="{0}"/><circle cx="40" cy="31" r="15" fill="{1}"/><path d="M10 80c0-19 13-30 30-30s30 11 30 \
30z" fill="{1}"/></svg>
"""
PEOPLE = "person:\n"
DAY = 86400
LOG_IN = """(async ([username, password, client_id]) => {
  const post = (path, body) => fetch(path, { method: "POST", body }).then((one) => one.json());
  const handler = ["homeassistant", null];
  const begin = { client_id, handler, redirect_uri: client_id };
  const { flow_id } = await post("/auth/login_flow", JSON.stringify(begin));
  const typed = JSON.stringify({ client_id, username, password });
  const { result } = await post(`/auth/login_flow/${flow_id}`, typed);
  const form = { client_id, grant_type: "authorization_code", code: result };
  return post("/auth/token", new URLSearchParams(form));
})(%s)"""
"""Logs a user in as the page for that does it, and returns the tokens."""


class House:
    """Home Assistant with a lock, and a browser in which someone is logged in."""

    def __init__(self, browser: Browser, cloud: SimulatedCloud, gateway: Gateway) -> None:
        self.browser, self.cloud = browser, cloud
        self.home = Home(lambda text: None, cloud.url, {})
        self.stage = Stage(
            self.home,
            cloud,
            gateway,
            f"bfweb{secrets.token_hex(8)}",
            lambda who, text: None,
        )

    @property
    def lock(self) -> Any:
        """The simulated lock."""
        return self.stage.lock

    @property
    def url(self) -> str:
        """Where Home Assistant is."""
        return self.home.process.url

    @property
    def entity(self) -> str:
        """The entity of the lock."""
        return self.home.seen.entity_id("lock")

    async def build(self) -> None:
        """Start Home Assistant, add the lock and its cloud project, and two people."""
        folder = self.home.process.folder
        configuration = folder / "configuration.yaml"
        configuration.write_text(configuration.read_text() + PEOPLE)
        (folder / "www").mkdir()
        for name, colours in FACES.items():
            (folder / "www" / f"{name}.svg").write_text(FACE.format(*colours))
        await self.home.start()
        await main_job.setup(self.stage)
        await self.home.rename_lock("Front door")
        await passwords.cloud_project(self.stage)
        await self.add_person("Alice", "fingerprint:3")
        await self.add_person("Ben", "fingerprint:7", "password:2")
        await self.save_dashboard({"type": CARD, "entity": self.entity})

    async def add_person(self, name: str, *numbers: str) -> None:
        """Add a person with a picture, who is a member at the lock."""
        command, key = self.home.client.command, name.lower()
        await command("person/create", name=name, picture=f"/local/{key}.svg")
        member = {"name": name, "person": f"person.{key}", "numbers": list(numbers)}
        await self.home.add_member(member)
        await until(lambda: self.stage.state(f"{key}_last_opening"), f"the member {name}")

    async def save_dashboard(self, *cards: Json) -> None:
        """Have a dashboard with some cards."""
        command = self.home.client.command
        shown = [one["url_path"] for one in await command("lovelace/dashboards/list")]
        if DASHBOARD not in shown:
            await command(
                "lovelace/dashboards/create", url_path=DASHBOARD, title="Home", mode="storage"
            )
        section = {"type": "grid", "cards": list(cards)}
        view = {"type": "sections", "title": "Home", "max_columns": 2, "sections": [section]}
        await command("lovelace/config/save", url_path=DASHBOARD, config={"views": [view]})

    async def log_in(self) -> Page:
        """Open a tab in which the owner is logged in."""
        token = await self.home.client.command(
            "auth/long_lived_access_token", client_name=secrets.token_hex(4), lifespan=1
        )
        return await self._page({"access_token": token, "refresh_token": ""})

    async def log_in_as(self, page: Page, name: str) -> Page:
        """Add a user who is no administrator, and open a tab in which they are logged in."""
        command, password = self.home.client.command, secrets.token_urlsafe(9)
        added = await command("config/auth/create", name=name, group_ids=["system-users"])
        login = {"user_id": added["user"]["id"], "username": name.lower(), "password": password}
        await command("config/auth_provider/homeassistant/create", **login)
        tokens = await page.do(LOG_IN % json.dumps([name.lower(), password, f"{self.url}/"]))
        return await self._page(tokens)

    async def _page(self, tokens: Json) -> Page:
        """Open a tab with a login, as the frontend keeps it."""
        login = {
            "token_type": "Bearer",
            "expires_in": DAY,
            "expires": (time.time() + DAY) * 1000,
            "hassUrl": self.url,
            "clientId": f"{self.url}/",
            **tokens,
        }
        return await self.browser.page({"hassTokens": login}, self.url)

    async def open(self, page: Page, path: str = DASHBOARD) -> None:
        """Open a page of Home Assistant, and wait for the card if it is the dashboard."""
        await page.go(f"{self.url}/{path}")
        if path == DASHBOARD:
            await page.sees("words('tuya-wifi-lock-card h2')", "the card", 30)

    async def speak(self, language: str, time_format: str = "language") -> None:
        """Let the owner have a language and a time format."""
        value = {
            "language": language,
            "number_format": "language",
            "time_format": time_format,
            "date_format": "language",
            "first_weekday": "language",
            "time_zone": "local",
        }
        await self.home.client.command("frontend/set_user_data", key="language", value=value)


def axe() -> str:
    """Return the script that checks a page for people with disabilities."""
    path: Path = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    return path.read_text()


def in_hours(count: float) -> str:
    """Return the time in so many hours."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + count * 3600))
