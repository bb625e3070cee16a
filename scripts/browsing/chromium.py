"""A browser that someone sees and clicks, over Chrome's DevTools protocol."""

import asyncio
from base64 import b64decode
from contextlib import suppress
import json
import os
from pathlib import Path
import shutil
import signal
import tempfile
from typing import Any, Self

import aiohttp

from scripts.tour.conditions import PAUSE, Unmet, until

type Json = dict[str, Any]

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-default-browser-check",
    "--no-first-run",
    "--remote-debugging-port=0",
)
ELSEWHERE = "https://demo.home-assistant.io/"
"""Where Home Assistant's own cards have the pictures of their previews."""
STARTED_WITHIN = 30.0
ANSWER_WITHIN = 60.0
TABLET = 600
"""Pixels; what is narrower is a phone."""
WEBP_QUALITY = 75
HELPERS = """
const below = (selector, root) => {
  const found = [...root.querySelectorAll(selector)];
  for (const one of [root, ...root.querySelectorAll("*")])
    if (one.shadowRoot) found.push(...below(selector, one.shadowRoot));
  return found;
};
window.all = (selector) => selector.split(" ").reduce(
  (roots, part) => [...new Set(roots.flatMap((root) => below(part, root)))], [document]);
window.the = (selector, words) => all(selector).find(
  (one) => (!words || one.innerText?.includes(words)) && one.getClientRects().length);
window.words = (selector) => the(selector)?.innerText ?? "";
window.card = () => the("tuya-wifi-lock-card");
"""
"""all() and the() look into shadow roots as well; words() is what someone reads in an element."""


class Page:
    """One tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session
        self.complaints: list[str] = []
        """Errors and warnings of the console."""

    async def send(self, method: str, **params: Any) -> Json:
        """Send a command of the protocol, and return the answer."""
        return await self._browser.send(method, params, self._session)

    def take(self, method: str, params: Json) -> None:
        """Note what the console says."""
        match method:
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning", "assert"}:
                said = [str(one.get("value", one.get("description"))) for one in params["args"]]
                self.complaints.append(f"{params['type']}: {' '.join(said)}")
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                described = details.get("exception", {}).get("description", details["text"])
                self.complaints.append(f"exception: {described}")
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                entry = params["entry"]
                if entry.get("url", "").startswith(ELSEWHERE):
                    return
                self.complaints.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")

    async def do(self, script: str) -> Any:
        """Return the value of an expression; a promise is awaited, and an element is True."""
        answer = await self.send(
            "Runtime.evaluate",
            expression=f"Promise.resolve({script}).then((one) => one instanceof Node || one)",
            awaitPromise=True,
            returnByValue=True,
        )
        if problem := answer.get("exceptionDetails"):
            described = problem.get("exception", {}).get("description", problem["text"])
            raise Unmet(f"{script}: {described}")
        return answer["result"].get("value")

    async def sees(self, script: str, what: str, within: float = 10) -> Any:
        """Return the first true value of an expression; raise if it takes too long."""
        async with asyncio.timeout(within + 5):
            end = asyncio.get_running_loop().time() + within
            while True:
                with suppress(Unmet):
                    if value := await self.do(script):
                        return value
                if asyncio.get_running_loop().time() > end:
                    raise Unmet(f"waited {within:g} s for {what}")
                await asyncio.sleep(PAUSE)

    async def go(self, url: str) -> None:
        """Load a page."""
        await self.send("Page.navigate", url=url)
        await self.sees(f"location.href.startsWith({url!r}) && window.the && 1", f"the page {url}")

    async def _middle(self, selector: str, words: str) -> tuple[float, float]:
        """Return where something is, once it stands still."""
        at = f"""(() => {{
          const one = the({selector!r}, {words!r});
          if (!one) return;
          one.scrollIntoView({{ block: "center", behavior: "instant" }});
          return new Promise((done) => {{
            const first = one.getBoundingClientRect();
            setTimeout(() => {{
              const now = one.getBoundingClientRect();
              const still = first.x === now.x && first.y === now.y && now.width;
              done(still && [now.x + now.width / 2, now.y + now.height / 2]);
            }}, 80);
          }});
        }})()"""
        x, y = await self.sees(at, f"{selector} {words}")
        return x, y

    async def press(self, selector: str, words: str = "") -> None:
        """Press the mouse on something, and keep it pressed."""
        x, y = await self._middle(selector, words)
        await self._mouse("mouseMoved", x, y)
        await self._mouse("mousePressed", x, y, button="left", clickCount=1)
        self._at = x, y

    async def release(self) -> None:
        """Release the mouse where it was pressed."""
        await self._mouse("mouseReleased", *self._at, button="left", clickCount=1)

    async def click(self, selector: str, words: str = "") -> None:
        """Click on something."""
        await self.press(selector, words)
        await self.release()

    async def hold(self, selector: str, seconds: float) -> None:
        """Hold the mouse on something."""
        await self.press(selector)
        await asyncio.sleep(seconds)
        await self.release()

    async def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    async def type(self, text: str) -> None:
        """Type a text where the cursor is."""
        await self.send("Input.insertText", text=text)

    async def key(self, key: str, kind: str = "") -> None:
        """Press a key, and release it."""
        code = {"Enter": 13, " ": 32, "Tab": 9, "Escape": 27}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        kinds = [kind] if kind else ["keyDown", "keyUp"]
        for one in kinds:
            more = {"text": text} if text and one == "keyDown" else {}
            await self.send(
                "Input.dispatchKeyEvent", type=one, key=key, windowsVirtualKeyCode=code, **more
            )

    async def look(
        self, width: int = 1200, height: int = 800, *, dark: bool = False, still: bool = True
    ) -> None:
        """Be a screen of a size, or a phone; still wants as little motion as possible."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=width < TABLET,
        )
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        await self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    async def picture(self, path: Path, selector: str = "", margin: float = 16) -> None:
        """Write a picture of what is seen, or of one thing in it."""
        clip: Json = {}
        if selector:
            x, y, width, height = await self.do(
                f"(({{x, y, width, height}}) => [x, y, width, height])"
                f"(the({selector!r}).getBoundingClientRect())"
            )
            box = {"x": x - margin, "y": y - margin, "scale": 1}
            box |= {"width": width + 2 * margin, "height": height + 2 * margin}
            clip = {"clip": box}
        if path.suffix == ".webp":
            clip["quality"] = WEBP_QUALITY
        answer = await self.send("Page.captureScreenshot", format=path.suffix[1:], **clip)
        await asyncio.to_thread(path.write_bytes, b64decode(answer["data"]))

    async def close(self) -> None:
        """Close the tab."""
        await self._browser.send("Target.closeTarget", {"targetId": self._target}, None)


class Browser:
    """A Chromium without a window and with a profile that is thrown away."""

    def __init__(self, chrome: str) -> None:
        self._chrome = chrome
        self._profile = Path(tempfile.mkdtemp(prefix="tuya-wifi-lock-browser-"))
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._pages: dict[str, Page] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            self._chrome,
            *FLAGS,
            f"--user-data-dir={self._profile}",
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        port, path = await until(self._address, "the browser to start", STARTED_WITHIN)
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0)
        self._reading = asyncio.create_task(self._read())
        return self

    def _address(self) -> list[str] | None:
        """Return the port and the path at which the browser listens, once it does."""
        ready = self._profile / "DevToolsActivePort"
        words = ready.read_text().split() if ready.exists() else []
        return words if len(words) == 2 else None

    async def __aexit__(self, *args: object) -> None:
        self._reading.cancel()
        await self._http.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def send(self, method: str, params: Json, session: str | None) -> Json:
        """Send a command, and return the answer."""
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        message = {"id": number, "method": method, "params": params}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(ANSWER_WITHIN):
            return await answer

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if page := self._pages.get(said.get("sessionId", "")):
                page.take(said.get("method", ""), said.get("params", {}))
            answer = self._answers.pop(said.get("id", 0), None)
            if answer is None or answer.done():
                continue
            if "error" in said:
                answer.set_exception(Unmet(f"the browser says: {said['error']['message']}"))
            else:
                answer.set_result(said["result"])

    async def page(self, storage: Json, origin: str) -> Page:
        """Open a tab whose pages of an origin find something in their local storage."""
        opened = await self.send("Target.createTarget", {"url": "about:blank"}, None)
        target = opened["targetId"]
        session = await self.send(
            "Target.attachToTarget", {"targetId": target, "flatten": True}, None
        )
        page = self._pages[session["sessionId"]] = Page(self, target, session["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            await page.send(f"{domain}.enable")
        stored = "".join(
            f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(value))});"
            for key, value in storage.items()
        )
        script = f"{HELPERS} if (location.origin === {json.dumps(origin)}) {{ {stored} }}"
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        await page.look()
        return page
