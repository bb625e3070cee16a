"""Pictures of the card, as people have it."""

import asyncio
from pathlib import Path
import time

from .chromium import Page
from .house import House
from .scenes import HELD, IN_CARD, quiet, told

PHONE = (390, 844)
SMALL = (320, 640)


async def shoot(page: Page, folder: Path, name: str) -> None:
    """Write pictures of the card: on a desktop in light and dark, and on a phone."""
    for look, size, dark in (
        ("desktop", (1200, 900), False),
        ("dark", (1200, 900), True),
        ("phone", PHONE, False),
        ("small", SMALL, True),
    ):
        await page.look(*size, dark=dark)
        await asyncio.sleep(0.4)
        await page.picture(folder / f"card-{name}-{look}.png", IN_CARD)
    await page.look()


async def take_pictures(house: House, page: Page, folder: Path) -> None:
    """Live some hours at the door, and take pictures of them."""
    await shoot(page, folder, "empty")
    await house.stage.connected()
    lock = house.lock
    for number in (3, 7):
        await lock.finger(number)
        await asyncio.sleep(0.3)
    await lock.battery(78)
    await house.stage.locked()
    await house.stage.sleep()
    await lock.store("password", 2, time.time() - 3 * 3600)
    await lock.store("fingerprint", 9, time.time() - 26 * 3600)
    await lock.wake()
    await told(page, "Reported late")
    await house.stage.ask(
        "add_temporary_password",
        name="Cleaner",
        start=_in_hours(-1),
        end=_in_hours(3),
    )
    await house.stage.ask(
        "add_temporary_password", name="Grandma", start=_in_hours(44), end=_in_hours(92)
    )
    await house.stage.synced()
    await told(page, "Grandma")
    await house.stage.locked()
    await house.stage.sleep()
    await shoot(page, folder, "day")
    await house.stage.connected()
    await lock.request(60)
    await told(page, "Somebody asks")
    await shoot(page, folder, "request")
    await lock.end_request()
    await quiet(page, "Somebody asks")
    await house.stage.sleep()
    await page.hold("tuya-wifi-lock-hold button", HELD)
    await told(page, "Waiting for a press")
    await shoot(page, folder, "waiting")
    await page.click(f"{IN_CARD} .actions button", "Call off")
    await page.sees(f"words('{IN_CARD} .note.problem')", "the error")
    await shoot(page, folder, "error")
    await page.click(f"{IN_CARD} .note .bare")
    await page.sees(f"!the('{IN_CARD} .note .bare')", "the error to go")
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
    await house.stage.connected()
    await lock.alarm("wrong_finger")
    await lock.battery(4)
    await told(page, "4%")
    await page.sees(f"the('{IN_CARD} .note')", "the finding", 15)
    await shoot(page, folder, "findings")
    await house.speak("de", "24")
    await house.open(page)
    await shoot(page, folder, "german")
    await house.speak("en")


def _in_hours(count: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + count * 3600))
