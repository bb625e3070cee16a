"""The pictures in docs/pictures."""

import asyncio
import json
from pathlib import Path

from scripts.tour.process import ROOT

from .chromium import Page
from .house import House, in_hours

SCREEN, PHONE = (1000, 820), (390, 600)
NO_SIDEBAR = "localStorage.setItem('dockedSidebar', '\"always_hidden\"')"
HASS = "document.querySelector('home-assistant').hass"
AUTOMATION = {
    "alias": "Alice came home",
    "triggers": [
        {
            "trigger": "tuya_wifi_lock.member_came_home",
            "options": {"persons": ["person.alice"], "only_if_away": True},
        }
    ],
    "actions": [{"action": "light.turn_on", "target": {"area_id": []}}],
}


async def document(house: House, page: Page) -> None:
    """Live some minutes at the door, and take the pictures."""
    await a_day(house)
    await page.do(NO_SIDEBAR)
    for take in (device, phone, trigger, member, guest_code):
        await take(
            house, page, ROOT / "docs" / "pictures" / f"{take.__name__.replace('_', '-')}.webp"
        )


async def a_day(house: House) -> None:
    """Let people come, and the lock sleep again."""
    lock, stage = house.lock, house.stage
    await stage.ask("add_temporary_password", name="Cleaner", end=in_hours(3))
    await stage.connected()
    await stage.synced()
    await lock.battery(78)
    for number in (7, 3):
        # What comes together with a wake may have been saved up.
        await asyncio.sleep(2)
        await stage.finger(number)
        await stage.locked()
    await stage.sleep()


async def device(house: House, page: Page, path: Path) -> None:
    """The page of the lock."""
    await page.look(1000, 1180)
    entities = await house.home.client.command("config/entity_registry/list")
    id_ = next(one["device_id"] for one in entities if one["entity_id"] == house.entity)
    await house.open(page, f"config/devices/device/{id_}")
    await page.sees("!!the('ha-card')", "its cards", 20)
    await _drawn(page, path)


async def phone(house: House, page: Page, path: Path) -> None:
    """The card, after Alice has come home."""
    await page.look(*PHONE)
    await house.open(page)
    await _drawn(page, path)


async def trigger(house: House, page: Page, path: Path) -> None:
    """*Member came home* in the automation editor."""
    await page.look(*SCREEN)
    config = json.loads(json.dumps(AUTOMATION))
    config["triggers"][0]["target"] = {"entity_id": house.entity}
    await page.do(f"{HASS}.callApi('POST', 'config/automation/config/alice', {json.dumps(config)})")
    await house.open(page, "config/automation/edit/alice")
    await page.sees("!!the('ha-automation-trigger-row')", "the trigger")
    await asyncio.sleep(2)
    await page.click("ha-automation-trigger-row")
    await _drawn(page, path)


async def member(house: House, page: Page, path: Path) -> None:
    """Somebody new, with the numbers that nobody owns."""
    await page.look(1000, 940)
    await house.open(page, "config/integrations/integration/tuya_wifi_lock")
    await page.click("ha-button", "Add member")
    await page.click("ha-selector-text")
    await page.type("Grandma")
    await page.click("ha-selector-select ha-button", "Add")
    await _drawn(page, path)


async def guest_code(house: House, page: Page, path: Path) -> None:
    """A new code, in the card."""
    await page.look(*PHONE)
    await house.open(page)
    await page.click("tuya-wifi-lock-card .small", "Add")
    await page.click("dialog input[name=name]")
    await page.type("Uncle Tom")
    await page.click("dialog .filled")
    await page.sees("words('dialog .code')", "the code")
    await _drawn(page, path)


async def _drawn(page: Page, path: Path) -> None:
    """Take a picture once the browser has drawn everything."""
    await asyncio.sleep(4)
    await page.picture(path)
