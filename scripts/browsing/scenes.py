"""What someone does with the card, and sees; each scene leaves the house as it found it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from statistics import quantiles
import time

from scripts.tour.conditions import expect, until
from scripts.tour.flows import OPTIONS, Flow
from scripts.tour.home import no_touch
from scripts.tour.process import DOMAIN

from .chromium import Page
from .house import DASHBOARD, House, axe

SETTLED = 0.9
"""Seconds after which a tap on a request counts."""
HELD = 1.2
DRAWN = 1.0
"""Seconds after which a dialog of Home Assistant has drawn itself and listens."""
MEASURED = 20
"""Openings of which the time from the lock to the card is measured."""
LATE_WITHIN = 45.0
"""Seconds in which a lock that has been let go is reached again."""
WITHIN_MS = 1000.0
FEW = 5
"""Complaints that are shown."""
IN_CARD = "tuya-wifi-lock-card"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WATCH = """(() => {
  const root = card().shadowRoot;
  const shown = () => [...root.querySelectorAll("li[data-record]")];
  window.seen = Object.fromEntries(shown().map((one) => [one.dataset.record, 0]));
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => shown().forEach((one) => (seen[one.dataset.record] ||= now())))
    .observe(root, { subtree: true, childList: true, attributes: true });
})()"""
"""Notes when each opening has come into the card."""
AXE = f"""axe.run(document, {{ resultTypes: ["violations"] }}).then(({{ violations }}) => violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .flatMap((one) => one.nodes
    .filter((node) => node.target.flat().some((part) => part.includes("{IN_CARD}")))
    .map((node) => `${{one.id}}: ${{node.html}} ${{node.failureSummary}}`)))"""

type Action = Callable[[House, Page], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; its action may return something to say."""

    name: str
    action: Action


SCENES: list[Scene] = []


def scene(name: str) -> Callable[[Action], Action]:
    """Append a function as a scene."""

    def add(action: Action) -> Action:
        SCENES.append(Scene(name, action))
        return action

    return add


async def told(page: Page, words: str, within: float = 10) -> None:
    """Wait until the card says something."""
    what = f"the card to say {words!r}"
    await page.sees(f"words('{IN_CARD} ha-card').includes({words!r})", what, within)


async def says(page: Page, selector: str, words: str) -> None:
    """Wait until something on the card has some words."""
    await page.sees(f"words({selector!r}).includes({words!r})", f"{selector} to say {words!r}")


async def quiet(page: Page, words: str) -> None:
    """Wait until the card says something no longer."""
    what = f"the card to say no longer {words!r}"
    await page.sees(f"!words('{IN_CARD} ha-card').includes({words!r})", what)


async def awake(house: House) -> None:
    """Let Home Assistant have only just reached the lock: it lets one go that says nothing."""
    await house.stage.wake_up()
    await house.stage.locked()


async def opened(house: House, count: int) -> None:
    """Wait until the door has been opened from afar so many times."""
    openings = house.lock.openings
    await until(lambda: openings.count("remote") == count, "the door to open")


@scene("card-appears")
async def card_appears(house: House, page: Page) -> None:
    """The card is on a dashboard, and nobody has added a resource."""
    resources = await house.home.client.command("lovelace/resources")
    expect(resources == [], f"there are resources: {resources}")
    await house.open(page)
    await told(page, "Front door")
    await told(page, "Last openings")


@scene("late-marked")
async def late_marked(house: House, page: Page) -> None:
    """What the lock reports long afterwards is marked as late."""
    await house.stage.sleep()
    for number in (3, 7):
        await house.lock.store("fingerprint", number, time.time() - 7200)
    await house.lock.wake()
    await told(page, "Reported late", LATE_WITHIN)


@scene("opening-shown")
async def opening_shown(house: House, page: Page) -> str:
    """An opening is on the card within a second, with the person who came home."""
    await awake(house)
    await page.do(WATCH)
    took = []
    for number in (3, 7) * (MEASURED // 2):
        before = await page.do("Object.keys(seen).length")
        began = time.time() * 1000
        await house.lock.finger(number)
        shown = await page.sees(
            f"Object.keys(seen).length > {before} && Math.max(...Object.values(seen))",
            "the opening",
        )
        took.append(shown - began)
    await told(page, "Alice")
    await told(page, "Ben")
    await page.sees(f"all('{IN_CARD} .face img').every((one) => one.naturalWidth)", "the pictures")
    p50, p95 = quantiles(took, n=20)[9], quantiles(took, n=20)[18]
    expect(max(took) < WITHIN_MS, f"it took {max(took):.0f} ms")
    return f"from the lock's push to the changed card: p50 {p50:.0f} ms, p95 {p95:.0f} ms"


@scene("request-opened")
async def request_opened(house: House, page: Page) -> None:
    """A request counts down; a tap in the moment in which it appears does nothing; Open opens."""
    await awake(house)
    before = house.lock.openings.count("remote")
    await house.lock.request(60)
    await told(page, "Someone asks to be let in")
    await page.do(f"the('{IN_CARD} .actions button', 'Open').click()")
    first = await page.do("words('.countdown')")
    await page.sees(f"words('.countdown') !== {first!r}", "the countdown to go on")
    await asyncio.sleep(SETTLED)
    expect(house.lock.openings.count("remote") == before, "an accidental tap has opened the door")
    await page.click(f"{IN_CARD} .actions button", "Open")
    await opened(house, before + 1)
    await quiet(page, "Someone asks to be let in")
    await told(page, "Demo")


@scene("request-refused")
async def request_refused(house: House, page: Page) -> None:
    """Refuse ends the request, and the door stays closed."""
    await awake(house)
    before = house.lock.openings.count("remote")
    await house.lock.request(60)
    await told(page, "Someone asks to be let in")
    await asyncio.sleep(SETTLED)
    await page.click(f"{IN_CARD} .actions button", "Refuse")
    await quiet(page, "Someone asks to be let in")
    expect(house.lock.openings.count("remote") == before, "the door was opened")


@scene("held-to-open")
async def held_to_open(house: House, page: Page) -> None:
    """A tap does not open; holding does, with the mouse and with a key; so do two bare clicks."""
    await awake(house)
    before = house.lock.openings.count("remote")
    hold = "tuya-lock-hold button"
    await page.click(hold)
    await says(page, hold, "Keep holding")
    expect(house.lock.openings.count("remote") == before, "a tap has opened the door")
    await page.hold(hold, HELD)
    await opened(house, before + 1)
    await says(page, "tuya-lock-hold button", "Hold to open")
    await page.do(f"the({hold!r}).focus()")
    await page.key(" ", "keyDown")
    await asyncio.sleep(HELD)
    await page.key(" ", "keyUp")
    await opened(house, before + 2)
    await says(page, "tuya-lock-hold button", "Hold to open")
    await page.do(f"the({hold!r}).click()")
    await says(page, hold, "Press again to open")
    await page.do(f"the({hold!r}).click()")
    await opened(house, before + 3)
    await house.stage.locked()


@scene("called-off")
async def called_off(house: House, page: Page) -> None:
    """An unlock of a sleeping lock waits with a countdown, and is called off on the card."""
    await house.stage.sleep()
    await told(page, "asleep, heard just now")
    before = house.lock.openings.count("remote")
    await page.hold("tuya-lock-hold button", HELD)
    await told(page, "Waiting for a press at the door")
    await asyncio.sleep(SETTLED)
    await page.click(f"{IN_CARD} .actions button", "Call off")
    await quiet(page, "Waiting for a press at the door")
    await says(page, "tuya-lock-hold button", "Hold to open")
    expect(not await page.do(f"the('{IN_CARD} .note.problem')"), "it complains of what was wanted")
    expect(house.lock.openings.count("remote") == before, "the door was opened")


@scene("code-asked")
async def code_asked(house: House, page: Page) -> None:
    """Where the owner has set a code, a wrong one opens nothing and the right one opens."""
    await awake(house)
    before = house.lock.openings.count("remote")
    await set_code(house, "2468")
    try:
        for code, count in (("1357", before), ("2468", before + 1)):
            await page.hold("tuya-lock-hold button", HELD)
            await page.sees("the('dialog input[name=code]')", "the dialog")
            await page.type(code)
            await page.key("Enter")
            await page.sees("!the('dialog')", "the dialog to close")
            if count == before:
                await page.sees(f"words('{IN_CARD} .note.problem')", "that the code is wrong")
                await page.click(f"{IN_CARD} .note .bare")
                await page.sees(f"!the('{IN_CARD} .note.problem')", "the message to go")
            await opened(house, count)
    finally:
        await set_code(house, None)
    await says(page, "tuya-lock-hold button", "Hold to open")
    await house.stage.locked()


async def set_code(house: House, code: str | None) -> None:
    """Let unlocking need a code, or none."""
    fields = {"code": code} if code else {"remove_code": True}
    answers = {"init": "behaviour", "behaviour": fields}
    result = await Flow(house.home.client, OPTIONS, answers, no_touch).start(house.home.entry_id)
    expect(result["type"] == "create_entry", f"the options ended: {result}")
    wanted = bool(code)
    await until(
        lambda: bool(house.home.seen.attributes["lock"].get("code_format")) == wanted, "the code"
    )


@scene("guest-added")
async def guest_added(house: House, page: Page) -> None:
    """A code for a guest is made on the card, shown once, and nowhere afterwards."""
    await house.stage.sleep()
    await page.click(f"{IN_CARD} .small", "Add")
    await page.click("dialog input[name=name]")
    await page.type("Grandma")
    await page.click("dialog .filled")
    code = await page.sees("words('dialog .code')", "the code")
    expect(code.isdecimal(), f"the code is {code}")
    await page.click("dialog button", "Copy")
    await page.sees("the('dialog button', 'Copied')", "that it was copied")
    await page.click("dialog .filled", "Done")
    await told(page, "Grandma")
    await told(page, "Waits for the lock")
    shown = await page.do(f"all('{IN_CARD}')[0].shadowRoot.innerHTML")
    expect(code not in shown, "the code is still on the page")
    await house.lock.wake()
    await house.stage.synced()
    await house.home.ask("get_temporary_passwords")
    await quiet(page, "Waits for the lock")
    expect(await house.stage.type_code(code), "the code does not open")
    await page.sees(f"the('{IN_CARD} li[data-record]', 'Grandma')", "that Grandma has come")


@scene("guest-dated")
async def guest_dated(house: House, page: Page) -> None:
    """A code that ends next year says so, and a weekly one does not say that it works today."""
    now = datetime.now(UTC)
    end = (now + timedelta(days=364)).isoformat(timespec="seconds")
    today = now.strftime("%A").lower()
    days = {"weekdays": [day for day in WEEKDAYS if day != today], "from": "09:00", "to": "12:00"}
    await house.stage.ask("add_temporary_password", name="Lodger", end=end)
    await house.stage.ask("add_temporary_password", name="Gardener", end=end, **days)
    row = "the('tuya-wifi-lock-card li', {!r})?.innerText"
    for name, chip in (("Lodger", True), ("Gardener", False)):
        await told(page, name)
        said = await page.do(row.format(name))
        expect(end[:4] in said, f"the year is missing: {said}")
        expect(("Now" in said) is chip, f"the row says {said}")
        await house.stage.ask("delete_temporary_password", which=name)


@scene("guests-private")
async def guests_private(house: House, page: Page) -> None:
    """A user who is no administrator sees the door, can open it, and sees no guest's name."""
    other = await house.log_in_as(page, "Neighbour")
    try:
        await house.open(other)
        await told(other, "Last openings")
        await says(other, "tuya-lock-hold button", "Hold to open")
        shown = await other.do(f"words('{IN_CARD} ha-card')")
        expect("Grandma" not in shown, "the neighbour sees the guest's name")
        expect("Guests" not in shown, "the neighbour sees the guests")
        expect(other.complaints == [], f"the console: {'; '.join(other.complaints)}")
    finally:
        await other.close()


@scene("alarm-shown")
async def alarm_shown(house: House, page: Page) -> None:
    """An alarm and a low battery are on the card at once, with what to do."""
    await awake(house)
    await house.lock.alarm("wrong_finger")
    await told(page, "Alarms of the last day")
    await told(page, "Wrong fingerprint")
    await house.lock.battery(12)
    await told(page, "12%")
    await page.sees(f"the('{IN_CARD} .note')", "that the battery is low", 15)


@scene("german")
async def german(house: House, page: Page) -> None:
    """The state and the times are in the viewer's language."""
    await house.speak("de")
    try:
        await page.go(f"{house.url}/{DASHBOARD}?de")
        state = await page.sees(f"words('{IN_CARD} header strong')", "the state", 20)
        expect(state in {"Verriegelt", "Entriegelt", "Unbekannt"}, f"the state is {state}")
        time_shown = await page.do(f"words('{IN_CARD} li[data-record] .when')")
        expect("M" not in time_shown, f"the time is {time_shown}")
    finally:
        await house.speak("en")
    await house.open(page)


@scene("phone")
async def phone(house: House, page: Page) -> None:
    """On the smallest phone nothing sticks out, and all can be pressed; from the right as well."""
    await page.look(320, 640)
    await awake(house)
    await house.lock.request(60)
    await told(page, "Someone asks to be let in")
    for direction in ("rtl", "ltr"):
        await page.do(f"document.documentElement.dir = {direction!r}")
        await check_fits(page, direction)
        await page.click(f"{IN_CARD} .small", "Add")
        await page.sees("the('dialog')", "the dialog")
        await check_fits(page, f"the dialog, {direction}")
        await page.key("Escape")
        await page.sees("!the('dialog')", "the dialog to close")
    await house.lock.end_request()
    await page.look()


async def check_fits(page: Page, what: str) -> None:
    """Raise if something sticks out of the screen, or is too small for a thumb."""
    out = await page.do(
        f"all('{IN_CARD} *').filter((one) => {{"
        "  const box = one.getBoundingClientRect();"
        "  return box.width > 1 && (box.left < -0.5 || box.right > innerWidth + 0.5);"
        "}).map((one) => one.outerHTML.slice(0, 80))"
    )
    expect(out == [], f"this sticks out of {what}: {out}")
    small = await page.do(
        f"all('{IN_CARD} button').map((one) => [one.innerText, one.clientHeight])"
        "  .filter(([words, height]) => words && height && height < 36)"
    )
    expect(small == [], f"too small for a thumb in {what}: {small}")


@scene("accessible")
async def accessible(house: House, page: Page) -> None:
    """axe-core has nothing serious to say of the card and its dialog, light and dark."""
    await page.send("Runtime.evaluate", expression=axe())
    await awake(house)
    for dark in (False, True):
        await page.look(dark=dark)
        await house.lock.request(60)
        await told(page, "Someone asks to be let in")
        await check_with_axe(page)
        await house.lock.end_request()
        await quiet(page, "Someone asks to be let in")
        await check_with_axe(page)
        await page.click(f"{IN_CARD} .small", "Add")
        await page.sees("the('dialog')", "the dialog")
        await check_with_axe(page)
        await page.key("Escape")
        await page.sees("!the('dialog')", "the dialog to close")
    said = await page.do(f"all('{IN_CARD} [role=status]')[0].textContent")
    expect("Someone asks to be let in" in said, f"a screen reader hears {said!r}")
    await page.look()


async def check_with_axe(page: Page) -> None:
    """Raise if axe-core finds something serious."""
    found = await page.do(AXE)
    expect(found == [], f"axe-core: {'; '.join(found)}")


@scene("card-offered")
async def card_offered(house: House, page: Page) -> None:
    """The dialog for a new card suggests it for the lock, and lists it with a preview."""
    await page.go(f"{house.url}/{DASHBOARD}/0?edit=1")
    await page.click("button[title$=card]")
    await page.sees("the('ha-tab-group-tab', 'By entity')", "the dialog", 20)
    await page.sees("the('ha-input-search')", "the search")
    await asyncio.sleep(DRAWN)
    await page.type("front door")
    await page.click("ha-list-item-button", "Front door\nLock")
    preview = "all('ha-dialog tuya-wifi-lock-card').some((one) => one.getClientRects().length)"
    await page.sees(preview, "the card among the suggestions", 20)
    await page.click("ha-tab-group-tab", "By card")
    await page.sees("the('hui-card-picker ha-input-search')", "the search for cards")
    await page.click("hui-card-picker ha-input-search")
    await page.type("tuya wi")
    await page.sees(preview, "the preview of the card", 20)
    await page.sees("the('hui-card-picker .card', 'Tuya Wi-Fi Lock')", "the card's name")
    await house.open(page)


@scene("doors")
async def doors(house: House, page: Page) -> None:
    """The dashboard Doors is in the dialog for a new one, and shows all locks."""
    await page.go(f"{house.url}/config/lovelace/dashboards")
    await page.click("ha-button", "Add dashboard")
    await page.sees("the('dashboard-card h2', 'Doors')", "Doors in the dialog", 20)
    command = house.home.client.command
    await command("lovelace/dashboards/create", url_path="all-doors", title="Doors", mode="storage")
    config = {"strategy": {"type": "custom:tuya-wifi-lock-doors"}}
    await command("lovelace/config/save", url_path="all-doors", config=config)
    await page.go(f"{house.url}/all-doors")
    await told(page, "Front door", 20)
    await house.open(page)


@scene("restarted")
async def restarted(house: House, page: Page) -> None:
    """Home Assistant restarts below an open page: the card comes back, and is pushed to again."""
    complaints = page.complaints[:]
    await house.stage.sleep()
    await house.home.stop()
    await house.home.start_again()
    await page.sees(
        "document.querySelector('home-assistant').hass?.connected", "the connection", 60
    )
    await awake(house)
    await page.do(WATCH)
    before = await page.do("Object.keys(seen).length")
    await house.lock.finger(3)
    await page.sees(f"Object.keys(seen).length > {before}", "an opening after the restart", 30)
    # A browser complains of a server that is away, whatever the page does.
    page.complaints[:] = complaints + [
        one for one in page.complaints[len(complaints) :] if "ERR_CONNECTION_REFUSED" not in one
    ]


@scene("removed")
async def removed(house: House, page: Page) -> None:
    """The lock is removed while its card is open: the card says so."""
    path = f"config/config_entries/entry/{house.home.entry_id}"
    hass = "document.querySelector('home-assistant').hass"
    await page.do(f"{hass}.callApi('DELETE', {json.dumps(path)})")
    await told(page, "no longer in Home Assistant")


@scene("console-clean")
async def console_clean(house: House, page: Page) -> None:
    """Neither the console nor Home Assistant's log has anything to complain of."""
    first = page.complaints[:FEW]
    expect(not first, f"{len(page.complaints)} in the console: {'; '.join(first)}")
    problems = [one for one in house.home.process.problems() if DOMAIN in one]
    expect(problems == [], f"the log: {'; '.join(problems)}")
