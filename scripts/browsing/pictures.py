"""Pictures of the card, as people have it."""

import asyncio
from pathlib import Path
import time

from scripts.tour.conditions import until
from scripts.tour.stage import HOLD_OFF

from .chromium import Page
from .house import House, in_hours
from .scenes import HELD, IN_CARD, quiet, told

DESKTOP = (1200, 1600)
PHONE = (390, 844)
SMALL = (320, 640)
LATE_WITHIN = 20.0
REPAINTED = 0.4
"""Seconds after which a page has taken another form."""


async def shoot(page: Page, folder: Path, name: str) -> None:
    """Write pictures of the card: on a desktop in light and dark, and on two phones."""
    for look, size, dark, selector in (
        ("desktop", DESKTOP, False, IN_CARD),
        ("dark", DESKTOP, True, IN_CARD),
        ("phone", PHONE, False, ""),
        ("small", SMALL, True, ""),
    ):
        await page.look(*size, dark=dark)
        await asyncio.sleep(REPAINTED)
        await page.picture(folder / f"card-{name}-{look}.png", selector)
    await page.look()


async def wake_up(house: House) -> None:
    """Let Alice open the door, and wait until Home Assistant talks to the lock."""
    await house.stage.sleep()
    await house.lock.finger(3)
    await until(lambda: house.lock.clients, "a connection to the lock", HOLD_OFF)
    await house.stage.locked()


async def take_pictures(house: House, page: Page, folder: Path) -> None:
    """Live some hours at the door, and take pictures of them."""
    await shoot(page, folder, "empty")
    await wake_up(house)
    lock = house.lock
    await lock.finger(7)
    await told(page, "Ben")
    await lock.battery(78)
    await house.stage.locked()
    await house.stage.sleep()
    await lock.store("password", 2, time.time() - 3 * 3600)
    await lock.wake()
    await told(page, "Reported late", LATE_WITHIN)
    await house.stage.ask(
        "add_temporary_password", name="Cleaner", start=in_hours(-1), end=in_hours(3)
    )
    await house.stage.ask(
        "add_temporary_password", name="Grandma", start=in_hours(44), end=in_hours(92)
    )
    await wake_up(house)
    await house.stage.synced()
    await house.home.ask("get_temporary_passwords")
    await told(page, "Grandma")
    await house.stage.locked()
    await house.stage.sleep()
    await shoot(page, folder, "day")
    await wake_up(house)
    await lock.request(60)
    await told(page, "Someone asks")
    await shoot(page, folder, "request")
    await lock.end_request()
    await quiet(page, "Someone asks")
    await house.stage.sleep()
    await page.hold("tuya-lock-hold button", HELD)
    await told(page, "Waiting for a press")
    await shoot(page, folder, "waiting")
    await page.click(f"{IN_CARD} .actions button", "Call off")
    await quiet(page, "Waiting for a press")
    await wake_up(house)
    await lock.double_lock(on=True)
    await told(page, "double-locked")
    await page.hold("tuya-lock-hold button", HELD)
    await page.sees(f"words('{IN_CARD} .note.problem')", "the error")
    await shoot(page, folder, "error")
    await page.click(f"{IN_CARD} .note .bare")
    await page.sees(f"!the('{IN_CARD} .note .bare')", "the error to go")
    await lock.double_lock(on=False)
    await page.click(f"{IN_CARD} .small", "Add")
    await page.sees("the('dialog')", "the dialog")
    await page.picture(folder / "card-guest-dialog.png", "dialog", 40)
    await page.look(*SMALL, dark=True)
    await page.picture(folder / "card-guest-dialog-small.png")
    await page.look()
    await page.click("dialog input[name=name]")
    await page.type("Uncle Tom")
    await page.click("dialog .filled")
    await page.sees("words('dialog .code')", "the code")
    await page.picture(folder / "card-guest-code.png", "dialog", 40)
    await page.look(*SMALL)
    await page.picture(folder / "card-guest-code-small.png")
    await page.look()
    await page.click("dialog .filled", "Done")
    await wake_up(house)
    await lock.alarm("wrong_finger")
    await lock.battery(4)
    await told(page, "4%")
    await page.sees(f"the('{IN_CARD} .note')", "the finding", 15)
    await shoot(page, folder, "findings")
    await house.home.client.command(
        "lovelace/dashboards/create", url_path="all-doors", title="Doors", mode="storage"
    )
    strategy = {"strategy": {"type": "custom:tuya-wifi-lock-doors"}}
    await house.home.client.command("lovelace/config/save", url_path="all-doors", config=strategy)
    await page.go(f"{house.url}/all-doors")
    await told(page, "Front door", 20)
    await asyncio.sleep(REPAINTED)
    await page.picture(folder / "card-doors.png")
    await house.speak("de", "24")
    await house.open(page)
    await shoot(page, folder, "german")
    await house.speak("en")
